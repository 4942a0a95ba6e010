// SPDX-License-Identifier: GPL-2.0-only
/* sentence.c - owns the choice of what is said first. */
#include "export/sentence.h"

#include "data/longest_wait.h"

enum { NAME_BYTES = 16384 };

static const struct self_finding *worst_finding(const struct self_view *self)
{
	const struct self_finding *worst = NULL;
	unsigned int i;

	for (i = 0; self && i < self->nfindings; i++)
		if (!worst || self->findings[i].severity > worst->severity)
			worst = &self->findings[i];
	return worst;
}

const char *sentence_say(struct buf *out, const struct view *view, const struct self_view *self)
{
	const struct self_finding *worst = worst_finding(self);
	struct longest_wait wait;
	struct buf who;

	if (worst) {
		buf_str(out, worst->message);
		if (self->nfindings > 1)
			buf_printf(out, " (and %u more)", self->nfindings - 1);
		return severity_name(worst->severity);
	}
	if (longest_wait_find(view, &wait)) {
		buf_init(&who, NAME_BYTES);
		group_name(&who, view, wait.who);
		buf_char(&who, '\0');
		if (who.err)
			out->err = who.err;
		else
			longest_wait_say(out, view, &wait, who.data,
					 wait.delay ? wait.delay->culprit : NULL);
		buf_done(&who);
		return "wait";
	}
	buf_str(out, view->interval_ns ? "Nobody waits."
				       : "Watching: figures come with the next snapshot.");
	return "calm";
}
