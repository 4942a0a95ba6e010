// SPDX-License-Identifier: GPL-2.0-only
/* profile_speedscope.c - owns speedscope's document: shared frames, one profile a view and thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "export/json_writer.h"
#include "export/profile_formats.h"
#include "export/profile_walk.h"

/*
 * Shared frames are by index: first a frame's lines, as many as there are, frame after frame; then
 * what views put before a stack, a name for each sample that has one; then the processes.
 */
struct scope {
	struct json j;
	const struct profile *p;
	__u32 *first; /* of a frame */
	__u32 leads, processes; /* the first of each */
};

static void name_of(struct scope *s, const char *name)
{
	json_line(&s->j);
	json_open(&s->j, NULL, '{');
	json_text(&s->j, "name", name);
	json_close(&s->j, '}');
}

static int shared(struct scope *s)
{
	const struct profile *p = s->p;
	struct profile_step step;
	char name[PROFILE_STEP_NAME];
	__u32 n = 0, i;

	s->first = calloc(p->nframes, sizeof(*s->first));
	if (!s->first)
		return -ENOMEM;
	json_open(&s->j, "shared", '{');
	json_open(&s->j, "frames", '[');
	for (i = 0; i < p->nframes; i++) {
		s->first[i] = n;
		step.frame = i;
		for (step.nth = 0; step.nth < (p->frames[i].nlines ? p->frames[i].nlines : 1);
		     step.nth++, n++)
			name_of(s, profile_step_name(p, &step, name, sizeof(name)));
	}
	s->leads = n;
	for (i = 0; i < p->nsamples; i++, n++)
		name_of(s, profile_lead(p, &p->samples[i], name, sizeof(name)));
	s->processes = n;
	for (i = 0; i < p->nprocesses; i++)
		name_of(s, profile_clean(p, p->processes[i].comm, name, sizeof(name)));
	json_close(&s->j, ']');
	json_close(&s->j, '}');
	return 0;
}

static bool belongs(const struct profile_sample *sample, enum profile_view view, __u32 thread)
{
	return sample->view == view && sample->value &&
	       (thread == UINT32_MAX || sample->thread == thread);
}

/* Equal leads are one frame: the first sample's. */
static __u32 lead_index(const struct scope *s, __u32 sample)
{
	const struct profile_sample *all = s->p->samples;
	__u32 i;

	for (i = 0; i < sample; i++)
		if (all[i].view == all[sample].view && all[i].tag == all[sample].tag)
			return s->leads + i;
	return s->leads + sample;
}

static void stack(struct scope *s, __u32 index)
{
	static __thread struct profile_step steps[PROFILE_STEPS_MAX];
	const struct profile_sample *sample = &s->p->samples[index];
	size_t n = profile_steps(s->p, sample->node, steps, PROFILE_STEPS_MAX), i;

	json_open(&s->j, NULL, '[');
	json_u64(&s->j, NULL, s->processes + s->p->threads[sample->thread].process);
	if (sample->view != PROFILE_CPU && sample->view != PROFILE_FAULTS)
		json_u64(&s->j, NULL, lead_index(s, index));
	for (i = 0; i < n; i++)
		json_u64(&s->j, NULL, s->first[steps[i].frame] + steps[i].nth);
	json_close(&s->j, ']');
}

static void one(struct scope *s, enum profile_view view, __u32 thread, __u64 total)
{
	char text[PROFILE_STEP_NAME], name[PROFILE_STEP_NAME + 64];
	__u32 i;

	if (thread == UINT32_MAX)
		snprintf(name, sizeof(name), "%s: all threads", profile_view_name(view));
	else
		snprintf(name, sizeof(name), "%s: %s (%u)", profile_view_name(view),
			 profile_clean(s->p, s->p->threads[thread].comm, text, sizeof(text)),
			 s->p->threads[thread].tid);
	json_line(&s->j);
	json_open(&s->j, NULL, '{');
	json_text(&s->j, "type", "sampled");
	json_text(&s->j, "name", name);
	json_text(&s->j, "unit", view == PROFILE_FAULTS ? "bytes" : "nanoseconds");
	json_u64(&s->j, "startValue", 0);
	json_u64(&s->j, "endValue", total);
	json_open(&s->j, "samples", '[');
	for (i = 0; i < s->p->nsamples; i++)
		if (belongs(&s->p->samples[i], view, thread))
			stack(s, i);
	json_close(&s->j, ']');
	json_open(&s->j, "weights", '[');
	for (i = 0; i < s->p->nsamples; i++)
		if (belongs(&s->p->samples[i], view, thread))
			json_u64(&s->j, NULL, s->p->samples[i].value);
	json_close(&s->j, ']');
	json_close(&s->j, '}');
}

static void view_of(struct scope *s, enum profile_view view)
{
	__u64 *totals = calloc(s->p->nthreads + 1, sizeof(*totals)), all = 0;
	__u32 i;

	if (!totals) {
		s->j.out->err = -ENOMEM;
		return;
	}
	for (i = 0; i < s->p->nsamples; i++) {
		if (s->p->samples[i].view != view)
			continue;
		all += s->p->samples[i].value;
		totals[s->p->samples[i].thread] += s->p->samples[i].value;
	}
	one(s, view, UINT32_MAX, all);
	for (i = 0; i < s->p->nthreads && s->p->nthreads > 1; i++)
		if (totals[i])
			one(s, view, i, totals[i]);
	free(totals);
}

void profile_speedscope_encode(struct buf *out, const struct profile *p, unsigned int views)
{
	struct scope s = { .j = { .out = out }, .p = p };
	char text[PROFILE_STEP_NAME];
	unsigned int view;
	int err;

	json_open(&s.j, NULL, '{');
	json_text(&s.j, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_text(&s.j, "name", profile_clean(p, p->about.target, text, sizeof(text)));
	json_text(&s.j, "exporter", "vigie");
	json_u64(&s.j, "activeProfileIndex", 0);
	err = shared(&s);
	json_open(&s.j, "profiles", '[');
	for (view = 0; view < PROFILE_VIEWS && !err; view++)
		if (views & 1U << view)
			view_of(&s, view);
	json_close(&s.j, ']');
	json_close(&s.j, '}');
	buf_char(out, '\n');
	free(s.first);
	if (err && !out->err)
		out->err = err;
}
