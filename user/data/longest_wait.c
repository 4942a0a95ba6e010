// SPDX-License-Identifier: GPL-2.0-only
/* longest_wait.c - owns the choice among all waits of a view, and the sentence on one. */
#include "data/longest_wait.h"

#include <string.h>

#include "data/host_lines.h"
#include "data/text_cells.h"
#include "data/view_list.h"

enum { WORTH_PERMILLE = 20 /* of the interval: what is less is in the table for who looks */ };

static void consider(struct longest_wait *w, const struct group_view *group, __u64 ns,
		     const char *what)
{
	if (ns > w->ns)
		*w = (struct longest_wait){ .who = group, .what = what, .ns = ns };
}

static void consider_group(struct longest_wait *w, const struct view *view,
			   const struct group_view *group)
{
	consider(w, group, group->inc.wait_ns, "for a CPU");
	if (view->shed & VIGIE_SHED_REASONS)
		return;
	consider(w, group, group->inc.off_ns[VIGIE_OFF_DISK], "for storage");
	consider(w, group, list_stall_ns(group), "for memory");
}

/* Does this name begin with that label? Then *name moves behind it and its slash. */
static bool takes_label(const char **name, const char *label, bool last)
{
	size_t len = strlen(label);

	if (strncmp(*name, label, len) || (*name)[len] != (last ? '\0' : '/'))
		return false;
	*name += len + !last;
	return true;
}

static bool is_named(const struct view *view, const struct group_view *group, const char *name)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (!takes_label(&name, group->label[i], i + 1 == view->nkeys))
			return false;
	return true;
}

static const struct delay_view *worst_delay(const struct view *view, const struct group_view *group)
{
	const struct delay_view *worst = NULL;
	size_t i;

	for (i = 0; i < view->ndelays; i++) {
		const struct delay_view *d = &view->delays[i];

		if (d->wait_inc_ns && (!worst || d->wait_inc_ns > worst->wait_inc_ns) &&
		    is_named(view, group, d->victim))
			worst = d;
	}
	return worst;
}

bool longest_wait_find(const struct view *view, struct longest_wait *ret)
{
	struct longest_wait w = { 0 };
	size_t i;

	if (!view->interval_ns)
		return false;
	for (i = 0; i < view->ngroups; i++)
		if (!view->groups[i].kernel)
			consider_group(&w, view, &view->groups[i]);
	if (list_permille(w.ns, view->interval_ns) < WORTH_PERMILLE)
		return false;
	if (w.ns == w.who->inc.wait_ns)
		w.delay = worst_delay(view, w.who);
	*ret = w;
	return true;
}

void group_name(struct buf *out, const struct view *view, const struct group_view *group)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++) {
		buf_str(out, i ? "/" : "");
		buf_str(out, group->label[i]);
	}
}

void longest_wait_say(struct buf *out, const struct view *view, const struct longest_wait *wait,
		      const char *who, const char *culprit)
{
	char share[32];

	text_tenths(share, sizeof(share), list_permille(wait->ns, view->interval_ns));
	buf_str(out, who);
	buf_printf(out, " waited %s %s %% of the time", wait->what, share);
	if (wait->who->threads > 1)
		buf_printf(out, " (sum of its %u threads)", wait->who->threads);
	if (!wait->delay)
		return;
	buf_str(out, ", because of ");
	buf_str(out, culprit);
	buf_str(out, ", which ran during ");
	host_seconds(out, wait->delay->wait_inc_ns);
	buf_str(out, " of it");
}
