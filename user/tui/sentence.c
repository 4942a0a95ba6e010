// SPDX-License-Identifier: GPL-2.0-only
/* sentence.c - owns the words of the sentence: a finding, or the longest wait. */
#include "tui/sentence.h"

#include "data/host_lines.h"
#include "data/longest_wait.h"
#include "data/text_cells.h"

enum { BAD_PERMILLE = 500 };

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

static enum ink say_wait(struct buf *out, const struct view *view)
{
	struct longest_wait wait;

	if (!longest_wait_find(view, &wait)) {
		buf_str(out, view->interval_ns ? "nobody waits"
					       : "watching: figures come with the next sample");
		return INK_GOOD;
	}
	add_group(out, view, wait.who);
	buf_printf(out, " waited %s ", wait.what);
	add_share(out, wait.ns, view);
	buf_str(out, " of the time");
	if (wait.who->threads > 1)
		buf_printf(out, " (sum of its %u threads)", wait.who->threads);
	if (wait.delay) {
		buf_str(out, ", because of ");
		add_named(out, view, wait.delay->culprit);
		buf_str(out, ", which ran during ");
		host_seconds(out, wait.delay->wait_inc_ns);
		buf_str(out, " of it");
	}
	return list_permille(wait.ns, view->interval_ns) >= BAD_PERMILLE ? INK_HOT : INK_WARM;
}

enum ink tui_sentence(struct buf *out, const struct tui_frame *frame)
{
	const struct tui_finding *worst = frame->nfindings ? &frame->findings[0] : NULL;

	if (!worst)
		return say_wait(out, frame->view);
	buf_printf(out, "%s: ", severity_name(worst->severity));
	buf_str(out, worst->message);
	if (frame->nfindings > 1)
		buf_printf(out, " (and %zu more)", frame->nfindings - 1);
	return worst->severity >= SEVERITY_WARNING ? INK_ALARM : INK_STRONG;
}
