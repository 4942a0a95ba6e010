// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk.c - owns the sanitised names of a profile and the way from a sample to them.
 *
 * Names are sanitised once, before the first sample: a stack of 100 frames in 10,000 samples
 * would pass the sanitiser a million times.
 */
#include "report/walk.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

/* C++ has longer names; these end in "~" and a hash, and stay distinct. */
enum { NAME_LEN = 1024, PATH_LEN = 4096 + 64 };

static size_t walk_keep(struct profile_walk *w, const char *raw)
{
	size_t at = w->text.len;
	char *dst = buf_reserve(&w->text, NAME_LEN);

	if (!dst)
		return 0;
	w->text.len += text_sanitise(dst, NAME_LEN, raw, strlen(raw)) + 1;
	return at;
}

__u32 profile_walk_lines(const struct profile *p, __u32 frame)
{
	return p->frames[frame].nlines ? p->frames[frame].nlines : 1;
}

bool profile_walk_inlined(const struct profile *p, __u32 frame, __u32 nth)
{
	return nth + 1 < p->frames[frame].nlines;
}

static void keep_frames(struct profile_walk *w)
{
	const struct profile *p = w->p;
	char raw[PATH_LEN];
	__u32 i;

	for (i = 0; i < p->nframes; i++) {
		w->first[i] = w->nentries;
		w->nentries += profile_walk_lines(p, i);
		if (!p->frames[i].nlines)
			w->frames[i] = walk_keep(w, profile_frame_name(p, i, 0, raw, sizeof(raw)));
	}
}

int profile_walk_init(struct profile_walk *w, const struct profile *p)
{
	char raw[PATH_LEN];
	__u32 i;

	memset(w, 0, sizeof(*w));
	w->p = p;
	buf_init(&w->text, SIZE_MAX / 2);
	w->strings = calloc((size_t)p->nstrings + 1, sizeof(*w->strings));
	w->parties = calloc((size_t)p->nparties + 1, sizeof(*w->parties));
	w->frames = calloc((size_t)p->nframes + 1, sizeof(*w->frames));
	w->first = calloc((size_t)p->nframes + 1, sizeof(*w->first));
	if (!w->strings || !w->parties || !w->frames || !w->first)
		return -ENOMEM;
	for (i = 0; i < p->nstrings; i++)
		w->strings[i] = walk_keep(w, profile_text(p, i));
	for (i = 0; i < p->nparties; i++)
		w->parties[i] = walk_keep(w, profile_party_name(p, i, raw, sizeof(raw)));
	keep_frames(w);
	return w->text.err;
}

void profile_walk_done(struct profile_walk *w)
{
	buf_done(&w->text);
	free(w->strings);
	free(w->parties);
	free(w->frames);
	free(w->first);
	free(w->steps);
	memset(w, 0, sizeof(*w));
}

const char *profile_walk_text(const struct profile_walk *w, __u32 string)
{
	return w->text.data + w->strings[string];
}

const char *profile_walk_party(const struct profile_walk *w, __u32 party)
{
	return party < w->p->nparties ? w->text.data + w->parties[party] : "(not seen)";
}

const char *profile_walk_name(const struct profile_walk *w, __u32 frame, __u32 nth)
{
	const struct profile_frame *f = &w->p->frames[frame];

	if (nth < f->nlines)
		return profile_walk_text(w, w->p->lines[f->line + nth].function);
	return w->text.data + w->frames[frame];
}

const char *profile_walk_tag(const struct profile_walk *w, const struct profile_sample *s)
{
	switch (s->view) {
	case PROFILE_OFF_CPU: return profile_wait_name(s->tag);
	case PROFILE_RUN_QUEUE:
	case PROFILE_WAKERS: return profile_walk_party(w, s->tag);
	default: return NULL;
	}
}

/* A node's parent has the lower index: the way up ends. */
static __u32 depth(const struct profile *p, __u32 node)
{
	__u32 n = 0;

	for (; node; node = p->nodes[node].parent)
		n += profile_walk_lines(p, p->nodes[node].frame);
	return n;
}

static void fill_frames(struct profile_walk *w, __u32 node)
{
	const struct profile *p = w->p;
	__u32 at = w->nsteps, frame, nth;

	for (; node; node = p->nodes[node].parent) {
		frame = p->nodes[node].frame;
		for (nth = 0; nth < profile_walk_lines(p, frame); nth++)
			w->steps[--at] = (struct profile_step){
				.name = profile_walk_name(w, frame, nth),
				.kind = PROFILE_STEP_FRAME,
				.frame = frame,
				.nth = nth,
				.entry = w->first[frame] + nth,
			};
	}
}

int profile_walk_sample(struct profile_walk *w, const struct profile_sample *s)
{
	const struct profile *p = w->p;
	const char *tag = profile_walk_tag(w, s);
	__u32 n = depth(p, s->node) + 1 + !!tag;
	int err = array_grow(&w->steps, &w->room, n, sizeof(*w->steps), UINT32_MAX);

	if (err)
		return err;
	w->nsteps = n;
	w->steps[0] = (struct profile_step){
		.name = profile_walk_text(w, p->processes[p->threads[s->thread].process].comm),
		.kind = PROFILE_STEP_PROCESS,
	};
	if (tag)
		w->steps[1] = (struct profile_step){ .name = tag, .kind = PROFILE_STEP_TAG };
	fill_frames(w, s->node);
	return 0;
}
