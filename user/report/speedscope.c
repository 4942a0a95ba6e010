// SPDX-License-Identifier: GPL-2.0-only
/*
 * speedscope.c - speedscope's own JSON: a profile for each view, then one a thread.
 *
 * Owns: its members. A frame there is a function of a file; its line is where the function
 * begins, not where it was: two calls from one function are one box. A view comes first, so that
 * the viewer opens with all threads.
 */
#include "report/formats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/json_writer.h"
#include "report/walk.h"

enum { TITLE_LEN = 1200 };

struct frame_key {
	__u32 name; /* in strings */
	__u32 file; /* string of the profile */
	__u32 line; /* where the function begins; 0: unknown */
};

struct speedscope {
	const struct profile *p;
	struct profile_walk walk;
	struct json json;
	struct intern strings, frames; /* a frame: struct frame_key */
	__u32 *order; /* samples by view, thread, place */
};

/* The file of the source; else the module, so that a library has its colour. */
static __u32 file_of(const struct profile *p, const struct profile_step *step)
{
	const struct profile_frame *f;
	__u32 file = 0;

	if (step->kind != PROFILE_STEP_FRAME)
		return 0;
	f = &p->frames[step->frame];
	if (step->nth < f->nlines)
		file = p->lines[f->line + step->nth].file;
	return file ? file : p->modules[f->module].path;
}

static __u32 line_of(const struct profile *p, const struct profile_step *step)
{
	const struct profile_frame *f = &p->frames[step->frame];

	if (step->kind != PROFILE_STEP_FRAME || step->nth >= f->nlines)
		return 0;
	return p->lines[f->line + step->nth].begin;
}

static __u32 frame_of(struct speedscope *sp, const struct profile_step *step)
{
	const struct frame_key key = {
		.name = intern_text(&sp->strings, step->name),
		.file = file_of(sp->p, step),
		.line = line_of(sp->p, step),
	};

	return intern_bytes(&sp->frames, &key, sizeof(key));
}

static void put_frames(struct speedscope *sp)
{
	struct frame_key key;
	__u32 i;

	json_open(&sp->json, "shared", '{');
	json_open(&sp->json, "frames", '[');
	for (i = 0; i < sp->frames.n; i++) {
		memcpy(&key, intern_at(&sp->frames, i), sizeof(key)); /* they are not aligned */
		json_line(&sp->json);
		json_open(&sp->json, NULL, '{');
		json_text(&sp->json, "name", intern_at(&sp->strings, key.name));
		if (key.file)
			json_text(&sp->json, "file", profile_walk_text(&sp->walk, key.file));
		if (key.line)
			json_u64(&sp->json, "line", key.line);
		json_close(&sp->json, '}');
	}
	json_close(&sp->json, ']');
	json_close(&sp->json, '}');
}

/* --- Profiles. */

static void put_stack(struct speedscope *sp, const struct profile_sample *s)
{
	int err = profile_walk_sample(&sp->walk, s);
	__u32 i;

	if (err) {
		if (!sp->json.out->err)
			sp->json.out->err = err;
		return;
	}
	json_open(&sp->json, NULL, '[');
	for (i = 0; i < sp->walk.nsteps; i++)
		json_u64(&sp->json, NULL, frame_of(sp, &sp->walk.steps[i]));
	json_close(&sp->json, ']');
}

/* The n samples of order from `from` on. */
static void put_profile(struct speedscope *sp, enum profile_view view, const char *name, __u32 from,
			__u32 n)
{
	__u64 sum = 0;
	__u32 i;

	json_line(&sp->json);
	json_open(&sp->json, NULL, '{');
	json_text(&sp->json, "type", "sampled");
	json_text(&sp->json, "name", name);
	json_text(&sp->json, "unit", view == PROFILE_FAULTS ? "bytes" : "nanoseconds");
	json_u64(&sp->json, "startValue", 0);
	json_open(&sp->json, "samples", '[');
	for (i = from; i < from + n; i++)
		put_stack(sp, &sp->p->samples[sp->order[i]]);
	json_close(&sp->json, ']');
	json_open(&sp->json, "weights", '[');
	for (i = from; i < from + n; i++) {
		sum += sp->p->samples[sp->order[i]].value;
		json_u64(&sp->json, NULL, sp->p->samples[sp->order[i]].value);
	}
	json_close(&sp->json, ']');
	json_u64(&sp->json, "endValue", sum);
	json_close(&sp->json, '}');
}

static const struct profile_sample *sample(const struct speedscope *sp, __u32 i)
{
	return &sp->p->samples[sp->order[i]];
}

/* How many from `from` on are of its view; of its thread too, if thread is set. */
static __u32 speedscope_run(const struct speedscope *sp, __u32 from, __u32 n, bool thread)
{
	__u32 i;

	for (i = from; i < n; i++)
		if (sample(sp, i)->view != sample(sp, from)->view ||
		    (thread && sample(sp, i)->thread != sample(sp, from)->thread))
			break;
	return i - from;
}

static void put_threads(struct speedscope *sp, __u32 n)
{
	const struct profile_thread *t;
	char title[TITLE_LEN];
	__u32 i, len;

	for (i = 0; i < n; i += len) {
		len = speedscope_run(sp, i, n, true);
		t = &sp->p->threads[sample(sp, i)->thread];
		snprintf(title, sizeof(title), "%s: %s (%u)",
			 profile_view_name(sample(sp, i)->view),
			 profile_walk_text(&sp->walk, t->comm), t->tid);
		put_profile(sp, sample(sp, i)->view, title, i, len);
	}
}

static void put_profiles(struct speedscope *sp, unsigned int views, __u32 n)
{
	char title[TITLE_LEN];
	__u32 view, from = 0, len;

	json_open(&sp->json, "profiles", '[');
	for (view = 0; view < PROFILE_VIEWS; view++) {
		if (!(views >> view & 1))
			continue;
		len = from < n && sample(sp, from)->view == view
			      ? speedscope_run(sp, from, n, false)
			      : 0;
		snprintf(title, sizeof(title), "%s: all threads", profile_view_name(view));
		put_profile(sp, view, title, from, len);
		from += len;
	}
	put_threads(sp, n);
	json_close(&sp->json, ']');
}

/* --- The whole. */

static int by_view_and_thread(const void *a, const void *b, void *context)
{
	const struct profile *p = context;
	__u32 i = *(const __u32 *)a, j = *(const __u32 *)b;
	const struct profile_sample *x = &p->samples[i], *y = &p->samples[j];

	if (x->view != y->view)
		return x->view < y->view ? -1 : 1;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return (i > j) - (i < j);
}

/* Those of the views, but for what took no time; returns how many. */
static __u32 speedscope_choose(struct speedscope *sp, unsigned int views)
{
	__u32 i, n = 0;

	for (i = 0; i < sp->p->nsamples; i++)
		if (views >> sp->p->samples[i].view & 1 && sp->p->samples[i].value)
			sp->order[n++] = i;
	qsort_r(sp->order, n, sizeof(*sp->order), by_view_and_thread, (void *)sp->p);
	return n;
}

static void put_all(struct speedscope *sp, unsigned int views)
{
	struct json *j = &sp->json;
	char exporter[64];

	snprintf(exporter, sizeof(exporter), "vigie@%s",
		 sp->p->about.version ? profile_walk_text(&sp->walk, sp->p->about.version) : "");
	json_open(j, NULL, '{');
	json_text(j, "$schema", "https://www.speedscope.app/file-format-schema.json");
	json_text(j, "exporter", exporter);
	json_text(j, "name", profile_walk_text(&sp->walk, sp->p->about.target));
	json_u64(j, "activeProfileIndex", 0);
	put_profiles(sp, views, speedscope_choose(sp, views));
	put_frames(sp); /* after the profiles: only now are all of them known */
	json_close(j, '}');
	buf_char(j->out, '\n');
}

void profile_speedscope_encode(struct buf *out, const struct profile *p, unsigned int views)
{
	struct speedscope sp = { .p = p, .json = { .out = out } };
	int err = profile_walk_init(&sp.walk, p);

	intern_init(&sp.strings, out->max);
	intern_init(&sp.frames, out->max);
	sp.order = calloc((size_t)p->nsamples + 1, sizeof(*sp.order));
	if (!err && !sp.order)
		err = -ENOMEM;
	if (!err)
		put_all(&sp, views & ((1 << PROFILE_VIEWS) - 1));
	if (!err)
		err = sp.strings.bytes.err ? sp.strings.bytes.err : sp.frames.bytes.err;
	if (err && !out->err)
		out->err = err;
	profile_walk_done(&sp.walk);
	intern_done(&sp.strings);
	intern_done(&sp.frames);
	free(sp.order);
}
