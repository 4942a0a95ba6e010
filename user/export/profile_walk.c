// SPDX-License-Identifier: GPL-2.0-only
/* profile_walk.c - owns the way from a node to the root, turned round. */
#include "export/profile_walk.h"

#include <string.h>

#include "base/text.h"

size_t profile_steps(const struct profile *p, __u32 node, struct profile_step *steps, size_t max)
{
	size_t n = 0, i, j;
	__u32 nth, lines;

	for (; node && n < max; node = p->nodes[node].parent) {
		const struct profile_frame *f = &p->frames[p->nodes[node].frame];

		lines = f->nlines ? f->nlines : 1;
		for (nth = 0; nth < lines && n < max; nth++)
			steps[n++] = (struct profile_step){ p->nodes[node].frame, nth };
	}
	for (i = 0, j = n; i + 1 < j; i++) {
		struct profile_step swap = steps[i];

		steps[i] = steps[--j];
		steps[j] = swap;
	}
	return n;
}

char *profile_step_name(const struct profile *p, const struct profile_step *step, char *dst,
			size_t size)
{
	char raw[PROFILE_STEP_NAME];

	profile_frame_name(p, step->frame, step->nth, raw, sizeof(raw));
	text_sanitise(dst, size, raw, strlen(raw));
	return dst;
}

char *profile_clean(const struct profile *p, __u32 string, char *dst, size_t size)
{
	const char *raw = profile_text(p, string);

	text_sanitise(dst, size, raw, strlen(raw));
	return dst;
}

char *profile_lead(const struct profile *p, const struct profile_sample *s, char *dst, size_t size)
{
	char raw[128];

	dst[0] = '\0';
	if (s->view == PROFILE_OFF_CPU) {
		strncat(dst, profile_wait_name(s->tag), size - 1);
	} else if (s->view == PROFILE_RUN_QUEUE || s->view == PROFILE_WAKERS) {
		profile_party_name(p, s->tag, raw, sizeof(raw));
		text_sanitise(dst, size, raw, strlen(raw));
	}
	return dst;
}

bool profile_step_inlined(const struct profile *p, const struct profile_step *step)
{
	return step->nth + 1 < p->frames[step->frame].nlines;
}
