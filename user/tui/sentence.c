// SPDX-License-Identifier: GPL-2.0-only
/* sentence.c - owns the choice of the sentence, and its words. */
#include "tui/sentence.h"

#include <string.h>

#include "data/host_lines.h"
#include "data/text_cells.h"

enum {
	WORTH_PERMILLE = 20, /* of the interval: what is less is in the table for who looks */
	BAD_PERMILLE = 500,
};

/* What somebody waited for, and for how long. */
struct longest {
	const struct group_view *who;
	const char *what;
	__u64 ns;
};

static void consider(struct longest *l, const struct group_view *group, __u64 ns, const char *what)
{
	if (ns > l->ns)
		*l = (struct longest){ group, what, ns };
}

static struct longest longest_wait(const struct view *view)
{
	struct longest l = { 0 };
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		const struct group_view *g = &view->groups[i];

		if (g->kernel)
			continue;
		consider(&l, g, g->inc.wait_ns, "for a CPU");
		if (view->shed & VIGIE_SHED_REASONS)
			continue;
		consider(&l, g, g->inc.off_ns[VIGIE_OFF_DISK], "for storage");
		consider(&l, g, list_stall_ns(g), "for memory");
	}
	return l;
}

/* Who ran while most of it passed. */
static const struct delay_view *worst_culprit(const struct list *list, const char *victim)
{
	size_t i;

	for (i = 0; i < list->ndelays; i++)
		if (!strcmp(list->delays[i]->victim, victim))
			return list->delays[i];
	return NULL;
}

static void add_share(struct buf *out, __u64 ns, const struct view *view)
{
	char text[32];

	text_tenths(text, sizeof(text), list_permille(ns, view->interval_ns));
	buf_printf(out, "%s %%", text);
}

/* "cc1 (4711)" where a row is a process; else its names. */
static void add_group(struct buf *out, const struct view *view, const struct group_view *group)
{
	char name[TUI_ROW_NAME];

	if (view->keys[0] == KEY_PID && view->nkeys > 1) {
		buf_str(out, group->label[1]);
		buf_str(out, group->label[0][0] == '(' ? " " : " ("); /* "(ended)" has its own */
		buf_str(out, group->label[0]);
		buf_str(out, group->label[0][0] == '(' ? "" : ")");
		return;
	}
	tui_row_name(view, group, name);
	buf_str(out, name);
}

static void add_named(struct buf *out, const struct view *view, const char *name)
{
	const struct group_view *group = tui_row_by_name(view, name);

	if (group)
		add_group(out, view, group);
	else
		buf_str(out, name);
}

static enum ink say_wait(struct buf *out, const struct view *view, const struct list *list)
{
	struct longest l = view->interval_ns ? longest_wait(view) : (struct longest){ 0 };
	const struct delay_view *delay;
	char name[TUI_ROW_NAME];

	if (list_permille(l.ns, view->interval_ns) < WORTH_PERMILLE) {
		buf_str(out, view->interval_ns ? "nobody waits"
					       : "watching: figures come with the next sample");
		return INK_GOOD;
	}
	tui_row_name(view, l.who, name);
	add_group(out, view, l.who);
	buf_printf(out, " waited %s ", l.what);
	add_share(out, l.ns, view);
	buf_str(out, " of the time");
	if (l.who->threads > 1)
		buf_printf(out, " (sum of its %u threads)", l.who->threads);
	delay = l.ns == l.who->inc.wait_ns ? worst_culprit(list, name) : NULL;
	if (delay) {
		buf_str(out, ", because of ");
		add_named(out, view, delay->culprit);
		buf_str(out, ", which ran during ");
		host_seconds(out, delay->wait_inc_ns);
		buf_str(out, " of it");
	}
	return list_permille(l.ns, view->interval_ns) >= BAD_PERMILLE ? INK_HOT : INK_WARM;
}

enum ink tui_sentence(struct buf *out, const struct tui_frame *frame, const struct list *list)
{
	const struct tui_finding *worst = frame->nfindings ? &frame->findings[0] : NULL;

	if (!worst)
		return say_wait(out, frame->view, list);
	buf_printf(out, "%s: ", severity_name(worst->severity));
	buf_str(out, worst->message);
	if (frame->nfindings > 1)
		buf_printf(out, " (and %zu more)", frame->nfindings - 1);
	return worst->severity >= SEVERITY_WARNING ? INK_ALARM : INK_STRONG;
}
