// SPDX-License-Identifier: GPL-2.0-only
/* sentence.c - owns which sentence is said, and how a row is named in it. */
#include "tui/sentence.h"

#include "data/longest_wait.h"

enum { BAD_PERMILLE = 500, NAMES_BYTES = 16384 };

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

static void say_wait_of(struct buf *out, const struct view *view, const struct longest_wait *wait)
{
	struct buf names; /* of who waited, then of whom it waited for */
	size_t culprit;

	buf_init(&names, NAMES_BYTES);
	add_group(&names, view, wait->who);
	buf_char(&names, '\0');
	culprit = names.len;
	if (wait->delay)
		add_named(&names, view, wait->delay->culprit);
	buf_char(&names, '\0');
	if (names.err)
		out->err = names.err;
	else
		longest_wait_say(out, view, wait, names.data, names.data + culprit);
	buf_done(&names);
}

static enum ink say_wait(struct buf *out, const struct view *view)
{
	struct longest_wait wait;

	if (!longest_wait_find(view, &wait)) {
		buf_str(out, view->interval_ns ? "nobody waits"
					       : "watching: figures come with the next sample");
		return INK_GOOD;
	}
	say_wait_of(out, view, &wait);
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
