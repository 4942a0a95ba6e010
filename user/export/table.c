// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - one interval for a person: the host in three lines, a row for each group, then slow
 * waits and OOM kills.
 *
 * Owns: which columns there are, which give way on a narrow terminal, and what is coloured.
 * Not here: which rows (view_list.c), widths of characters (text_cells.c).
 */
#include "export/encode.h"

#include <stdio.h>
#include <string.h>

#include "data/text_cells.h"
#include "data/view_list.h"

enum column_id {
	COLUMN_CPU,
	COLUMN_WAIT,
	COLUMN_DISK,
	COLUMN_STALL,
	COLUMN_SWITCHES,
	COLUMN_FAULTS,
	COLUMN_RSS,
	COLUMN_PEAK,
	COLUMN_READ,
	COLUMN_WRITE,
	COLUMN_STARTS,
	COLUMN_EXITS,
	COLUMN_TIME,
	COLUMNS,
};

/* The higher `keep`, the longer a column stays as the terminal narrows. */
static const struct column {
	const char *title;
	unsigned char width;
	unsigned char keep;
} columns[COLUMNS] = {
	[COLUMN_CPU] = { "%CPU", 6, 13 },      [COLUMN_WAIT] = { "WAIT%", 6, 12 },
	[COLUMN_DISK] = { "DISK%", 6, 10 },    [COLUMN_STALL] = { "STALL%", 6, 9 },
	[COLUMN_SWITCHES] = { "CSW/s", 6, 6 }, [COLUMN_FAULTS] = { "FLT/s", 6, 2 },
	[COLUMN_RSS] = { "RSS", 5, 11 },       [COLUMN_PEAK] = { "PEAK", 5, 1 },
	[COLUMN_READ] = { "R/s", 5, 8 },       [COLUMN_WRITE] = { "W/s", 5, 7 },
	[COLUMN_STARTS] = { "START", 5, 4 },   [COLUMN_EXITS] = { "EXIT", 5, 3 },
	[COLUMN_TIME] = { "TIME", 10, 5 },
};

enum {
	NAME_MIN = 12, /* a name column gives way down to this before others are dropped */
	CELL_LEN = 32,
	SLOW_WAITS = 3,
	HOT_PERMILLE = 500, /* red, half of the interval or of a core */
	WARM_PERMILLE = 100, /* yellow */
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
	bool shown[COLUMNS];
	size_t name_width[GROUP_KEYS];
};

/* --- Cells. */

static __u64 per_second(const struct table *t, __u64 n)
{
	return (double)n * 1e9 / (double)t->view->interval_ns + 0.5;
}

/* The share of the interval that a column of percents shows. */
static __u64 share_ns(const struct group_view *group, enum column_id id)
{
	switch (id) {
	case COLUMN_CPU: return list_cpu_ns(group);
	case COLUMN_WAIT: return group->inc.wait_ns;
	case COLUMN_DISK: return group->inc.off_ns[VIGIE_OFF_DISK];
	default: return list_stall_ns(group);
	}
}

static __u64 events(const struct group_view *group, enum column_id id)
{
	const struct vigie_usage *inc = &group->inc;

	switch (id) {
	case COLUMN_SWITCHES: return inc->voluntary_switches + inc->involuntary_switches;
	case COLUMN_FAULTS: return inc->minor_faults + inc->major_faults;
	case COLUMN_READ: return inc->read_bytes;
	default: return inc->written_bytes;
	}
}

/* Before there is an interval there is no rate. */
static bool needs_interval(enum column_id id)
{
	return id <= COLUMN_FAULTS || id == COLUMN_READ || id == COLUMN_WRITE;
}

static bool column_is_shed(const struct table *t, enum column_id id)
{
	return (id == COLUMN_DISK || id == COLUMN_STALL) && t->view->shed & VIGIE_SHED_REASONS;
}

static void cell_text(const struct table *t, const struct group_view *group, enum column_id id,
		      char *dst)
{
	if ((needs_interval(id) && !t->view->interval_ns) || column_is_shed(t, id)) {
		snprintf(dst, CELL_LEN, "-");
		return;
	}
	switch (id) {
	case COLUMN_SWITCHES:
	case COLUMN_FAULTS: text_count(dst, CELL_LEN, per_second(t, events(group, id))); break;
	case COLUMN_READ:
	case COLUMN_WRITE: text_bytes(dst, CELL_LEN, per_second(t, events(group, id))); break;
	case COLUMN_RSS: text_bytes(dst, CELL_LEN, list_rss_bytes(group)); break;
	case COLUMN_PEAK: text_bytes(dst, CELL_LEN, group->peak_bytes); break;
	case COLUMN_STARTS: text_count(dst, CELL_LEN, group->inc.starts); break;
	case COLUMN_EXITS: text_count(dst, CELL_LEN, list_exits(group)); break;
	case COLUMN_TIME:
		if (group->pid)
			text_cpu_time(dst, CELL_LEN, group->life_cpu_ns);
		else
			snprintf(dst, CELL_LEN, "-");
		break;
	default:
		text_tenths(dst, CELL_LEN,
			    list_permille(share_ns(group, id), t->view->interval_ns));
		break;
	}
}

static const char *heat(const struct table *t, const struct group_view *group, enum column_id id)
{
	__u64 permille;

	if (id > COLUMN_STALL || column_is_shed(t, id))
		return NULL;
	permille = list_permille(share_ns(group, id), t->view->interval_ns);
	return permille >= HOT_PERMILLE ? RED : permille >= WARM_PERMILLE ? YELLOW : NULL;
}

static void colour(const struct table *t, const char *sequence)
{
	if (t->options->colour && sequence)
		buf_str(t->out, sequence);
}

static void number_cell(const struct table *t, const struct group_view *group, enum column_id id)
{
	const char *sequence = heat(t, group, id);
	char text[CELL_LEN];

	cell_text(t, group, id, text);
	buf_char(t->out, ' ');
	colour(t, sequence);
	text_cell(t->out, text, columns[id].width, true);
	colour(t, sequence ? PLAIN : NULL);
}

/* --- Name columns. */

static const char *key_title(enum group_key key)
{
	static const char *const titles[GROUP_KEYS] = {
		[KEY_UNIT] = "UNIT", [KEY_COMM] = "COMMAND",  [KEY_EXE] = "EXE",
		[KEY_USER] = "USER", [KEY_CGROUP] = "CGROUP", [KEY_PID] = "PID",
	};

	return titles[key];
}

/* The other is named once, where a command would stand. */
static unsigned int other_column(const struct view *view)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == KEY_COMM)
			return i;
	return 0;
}

static const char *name_text(const struct table *t, const struct group_view *group, unsigned int i)
{
	if (group != &t->list.other)
		return group->label[i];
	return i == other_column(t->view) ? GROUP_OTHER : "-";
}

static size_t name_natural(const struct table *t, unsigned int key)
{
	size_t widest = text_columns(key_title(t->view->keys[key]));
	size_t i, width;

	for (i = 0; i < t->list.n; i++) {
		width = text_columns(t->list.rows[i]->label[key]);
		widest = width > widest ? width : widest;
	}
	if (t->show_other) {
		width = text_columns(name_text(t, &t->list.other, key));
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* --- Layout. */

static size_t numbers_width(const struct table *t)
{
	size_t width = 0;
	int id;

	for (id = 0; id < COLUMNS; id++)
		width += t->shown[id] ? columns[id].width + 1u : 0;
	return width;
}

static size_t names_width(const struct table *t)
{
	size_t width = t->view->nkeys - 1; /* the blanks between them */
	unsigned int i;

	for (i = 0; i < t->view->nkeys; i++)
		width += t->name_width[i];
	return width;
}

static bool drop_column(struct table *t)
{
	int id, least = -1;

	for (id = 0; id < COLUMNS; id++)
		if (t->shown[id] && (least < 0 || columns[id].keep < columns[least].keep))
			least = id;
	if (least <= COLUMN_CPU)
		return false;
	t->shown[least] = false;
	return true;
}

/* Gives the columns that are left over to the names that were cut, one by one. */
static void widen_names(struct table *t, const size_t *natural, size_t spare)
{
	bool any = true;
	unsigned int i;

	while (spare && any) {
		any = false;
		for (i = 0; i < t->view->nkeys && spare; i++) {
			if (t->name_width[i] >= natural[i])
				continue;
			t->name_width[i]++;
			spare--;
			any = true;
		}
	}
}

static void layout(struct table *t)
{
	size_t natural[GROUP_KEYS] = { 0 };
	size_t width = t->options->width;
	unsigned int i;

	memset(t->shown, true, sizeof(t->shown));
	t->shown[COLUMN_TIME] = false;
	for (i = 0; i < t->view->nkeys; i++) {
		t->shown[COLUMN_TIME] |= t->view->keys[i] == KEY_PID;
		natural[i] = name_natural(t, i);
		t->name_width[i] = width && natural[i] > NAME_MIN ? NAME_MIN : natural[i];
	}
	if (!width)
		return;
	while (names_width(t) + numbers_width(t) > width && drop_column(t))
		;
	if (names_width(t) + numbers_width(t) < width)
		widen_names(t, natural, width - names_width(t) - numbers_width(t));
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
		text_cell(t->out, key_title(t->view->keys[i]), t->name_width[i],
			  t->view->keys[i] == KEY_PID);
	}
	for (id = 0; id < COLUMNS; id++) {
		if (!t->shown[id])
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
		text_cell(t->out, name_text(t, group, i), t->name_width[i],
			  t->view->keys[i] == KEY_PID);
	}
	for (id = 0; id < COLUMNS; id++)
		if (t->shown[id])
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

static void add_percent(struct buf *line, const char *name, __u64 part, __u64 whole)
{
	char text[CELL_LEN];

	text_tenths(text, sizeof(text), list_permille(part, whole));
	buf_printf(line, " %s%% %s", text, name);
}

static void cpu_line(struct table *t, struct buf *line)
{
	const struct host_cpu *inc = &t->view->host_inc;
	const struct host *host = &t->view->host;
	__u64 total_ns = list_host_total_ns(inc);
	char seconds[CELL_LEN];

	text_tenths(seconds, sizeof(seconds), (t->view->interval_ns + 50000000) / 100000000);
	buf_printf(line, "%ss  %u cpus ", seconds, host->online_cpus);
	add_percent(line, "user", inc->user_ns + inc->nice_ns, total_ns);
	add_percent(line, "sys", inc->system_ns + inc->irq_ns + inc->softirq_ns, total_ns);
	add_percent(line, "idle", inc->idle_ns, total_ns);
	add_percent(line, "iowait", inc->iowait_ns, total_ns);
	if (inc->steal_ns)
		add_percent(line, "steal", inc->steal_ns, total_ns);
	buf_printf(line, "  load %.2f %.2f %.2f", host->load[0], host->load[1], host->load[2]);
	flush_line(t, line);
}

static void memory_line(struct table *t, struct buf *line)
{
	const struct host_memory *m = &t->view->host.memory;
	__u64 used = m->total > m->available ? m->total - m->available : 0;
	__u64 swapped = m->swap_total > m->swap_free ? m->swap_total - m->swap_free : 0;
	char part[CELL_LEN], whole[CELL_LEN];

	text_bytes(part, sizeof(part), used);
	text_bytes(whole, sizeof(whole), m->total);
	buf_printf(line, "memory %s used of %s", part, whole);
	if (m->swap_total) {
		text_bytes(part, sizeof(part), swapped);
		text_bytes(whole, sizeof(whole), m->swap_total);
		buf_printf(line, "  swap %s of %s", part, whole);
	}
	flush_line(t, line);
}

/* Milliseconds are enough for a person. */
static void add_seconds(struct buf *line, __u64 ns)
{
	buf_seconds(line, ns);
	line->len -= line->err ? 0 : 6;
	buf_char(line, 's');
}

static void task_line(struct table *t, struct buf *line)
{
	const struct host *host = &t->view->host;
	char switches[CELL_LEN], forks[CELL_LEN];

	buf_printf(line, "tasks %u running %u blocked  run-queue wait ", host->procs_running,
		   host->procs_blocked);
	add_seconds(line, list_host_wait_ns(t->view));
	if (t->view->interval_ns) {
		text_count(switches, CELL_LEN, per_second(t, t->view->host_switches_inc));
		text_count(forks, CELL_LEN, per_second(t, t->view->host_forks_inc));
		buf_printf(line, "  %s switches/s  %s forks/s", switches, forks);
	}
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
		return;
	}
	if (!t->list.ndelays)
		return;
	buf_str(t->out, "\nslow waits (who waited <- who ran)\n");
	for (i = 0; i < t->list.ndelays && i < SLOW_WAITS; i++) {
		const struct delay_view *delay = t->list.delays[i];

		buf_str(line, "  ");
		add_seconds(line, delay->wait_inc_ns);
		buf_str(line, "  ");
		delay_pair(line, delay, t->options->width);
		flush_line(t, line);
	}
	for (; i < t->list.ndelays; i++)
		rest_ns += t->list.delays[i]->wait_inc_ns;
	if (!rest_ns)
		return;
	buf_str(line, "  ");
	add_seconds(line, rest_ns);
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
	cpu_line(t, &line);
	memory_line(t, &line);
	task_line(t, &line);
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
	layout(&t);
	table_draw(&t);
	list_done(&t.list);
}
