// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - one interval for a person: the host in three lines, a row for each group, then slow
 * waits and OOM kills.
 *
 * Owns: the order of the page, and the colours. Not here: which columns there are and which give way
 * on a narrow terminal (data/columns.c), the lines on the host (data/host_lines.c), which rows
 * (view_list.c), widths of characters (text_cells.c).
 */
#include "export/encode.h"

#include <string.h>

#include "data/columns.h"
#include "data/host_lines.h"
#include "data/text_cells.h"
#include "data/view_list.h"

enum {
	CELL_LEN = 32,
	SLOW_WAITS = 3,
};

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct table {
	struct buf *out;
	const struct view *view;
	const struct list_options *options;
	struct list list;
	bool show_other;
	struct columns_fit fit;
};

static void colour(const struct table *t, const char *sequence)
{
	if (t->options->colour && sequence)
		buf_str(t->out, sequence);
}

static void number_cell(const struct table *t, const struct group_view *group, enum column_id id)
{
	static const char *const sequences[] = { [COLUMN_WARM] = YELLOW, [COLUMN_HOT] = RED };
	const char *sequence = sequences[column_heat(t->view, group, id)];
	char text[COLUMN_TEXT];

	column_text(t->view, group, id, text);
	buf_char(t->out, ' ');
	colour(t, sequence);
	text_cell(t->out, text, columns[id].width, true);
	colour(t, sequence ? PLAIN : NULL);
}

/* --- Lines. */

static void title_line(struct table *t)
{
	unsigned int i;
	int id;

	colour(t, BOLD);
	for (i = 0; i < t->view->nkeys; i++) {
		if (i)
			buf_char(t->out, ' ');
		text_cell(t->out, column_key_title(t->view->keys[i]), t->fit.name_width[i],
			  t->view->keys[i] == KEY_PID);
	}
	for (id = 0; id < COLUMNS; id++) {
		if (!t->fit.shown[id])
			continue;
		buf_char(t->out, ' ');
		text_cell(t->out, columns[id].title, columns[id].width, true);
	}
	colour(t, PLAIN);
	buf_char(t->out, '\n');
}

static void row_line(struct table *t, const struct group_view *group)
{
	unsigned int i;
	int id;

	for (i = 0; i < t->view->nkeys; i++) {
		if (i)
			buf_char(t->out, ' ');
		text_cell(t->out, column_label(t->view, &t->list, group, i), t->fit.name_width[i],
			  t->view->keys[i] == KEY_PID);
	}
	for (id = 0; id < COLUMNS; id++)
		if (t->fit.shown[id])
			number_cell(t, group, id);
	buf_char(t->out, '\n');
}

/* Ends the text in scratch as a line no wider than the terminal, and empties scratch. */
static void flush_line(struct table *t, struct buf *scratch)
{
	buf_char(scratch, '\0');
	if (!scratch->err)
		text_line(t->out, scratch->data, t->options->width);
	else if (!t->out->err)
		t->out->err = scratch->err;
	buf_clear(scratch);
}

static void host_lines(struct table *t, struct buf *line)
{
	host_cpu_line(line, t->view);
	flush_line(t, line);
	host_memory_line(line, t->view);
	flush_line(t, line);
	host_task_line(line, t->view);
	flush_line(t, line);
}

/* Who ran is the answer: where both have no room, each has half of it. */
static void delay_pair(struct buf *line, const struct delay_view *delay, unsigned int width)
{
	static const char arrow[] = " <- ";
	size_t victim = text_columns(delay->victim), culprit = text_columns(delay->culprit);
	size_t room = sizeof(arrow) - 1 + line->len, half;

	room = width > room + 2 ? width - room : 2;
	half = room / 2;
	if (width && victim + culprit > room) {
		if (culprit < half)
			victim = room - culprit;
		else if (victim > half)
			victim = half;
		culprit = room - victim;
	}
	text_cell(line, delay->victim, victim ? victim : 1, false);
	buf_str(line, arrow);
	text_cell(line, delay->culprit, culprit ? culprit : 1, false);
}

static void delay_lines(struct table *t, struct buf *line)
{
	__u64 rest_ns = t->view->delay_other_inc_ns;
	size_t i;

	if (t->view->shed & VIGIE_SHED_CULPRITS) {
		buf_str(t->out, "\nslow waits were not looked for: vigie cost more than it may\n");
		if (t->view->shed & VIGIE_SHED_MOVED)
			buf_str(t->out,
				"waits are the kernel's: sleep of threads that were moved is in them\n");
		return;
	}
	if (!t->list.ndelays)
		return;
	buf_str(t->out, "\nslow waits (who waited <- who ran)\n");
	for (i = 0; i < t->list.ndelays && i < SLOW_WAITS; i++) {
		const struct delay_view *delay = t->list.delays[i];

		buf_str(line, "  ");
		host_seconds(line, delay->wait_inc_ns);
		buf_str(line, "  ");
		delay_pair(line, delay, t->options->width);
		flush_line(t, line);
	}
	for (; i < t->list.ndelays; i++)
		rest_ns += t->list.delays[i]->wait_inc_ns;
	if (!rest_ns)
		return;
	buf_str(line, "  ");
	host_seconds(line, rest_ns);
	buf_str(line, "  all other pairs");
	flush_line(t, line);
}

static void oom_lines(struct table *t, struct buf *line)
{
	char bytes[CELL_LEN];
	size_t i;

	if (!t->view->nooms)
		return;
	buf_char(t->out, '\n');
	for (i = 0; i < t->view->nooms; i++) {
		const struct oom_view *oom = &t->view->ooms[i];

		text_bytes(bytes, sizeof(bytes), oom->victim_bytes);
		buf_printf(line, "OOM kill: %s (pid %u, %s) of ", oom->victim_comm, oom->victim_pid,
			   bytes);
		buf_str(line, oom->victim);
		buf_printf(line, ", memory asked for by %s (pid %u)", oom->trigger_comm,
			   oom->trigger_pid);
		colour(t, RED);
		flush_line(t, line);
		colour(t, PLAIN);
	}
}

static void table_draw(struct table *t)
{
	struct buf line;
	size_t i;

	buf_init(&line, 16384);
	host_lines(t, &line);
	buf_char(t->out, '\n');
	title_line(t);
	for (i = 0; i < t->list.n; i++)
		row_line(t, t->list.rows[i]);
	if (t->show_other)
		row_line(t, &t->list.other);
	delay_lines(t, &line);
	oom_lines(t, &line);
	buf_done(&line);
}

void table_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct table t = { .out = out, .view = view, .options = options };
	int err = list_init(&t.list, view, options);

	if (err) {
		out->err = out->err ? out->err : err;
		return;
	}
	t.show_other = t.list.cut || list_active(&t.list.other);
	columns_fit(&t.fit, view, &t.list, t.show_other, options->width);
	table_draw(&t);
	list_done(&t.list);
}
