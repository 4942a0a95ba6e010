// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_pprof.c - owns profile.proto: its messages, its string table, its gzip.
 *
 * Protocol buffers in the few forms that are needed: varints, texts, messages, packed numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/varint.h"
#include "export/gzip.h"
#include "export/profile_formats.h"
#include "export/profile_walk.h"

enum { PROTO_MAX = 256 << 20, MESSAGE_MAX = 1 << 20 };

/* Fields of Profile. */
enum {
	P_SAMPLE_TYPE = 1,
	P_SAMPLE,
	P_MAPPING,
	P_LOCATION,
	P_FUNCTION,
	P_STRING,
	P_TIME = 9,
	P_DURATION,
	P_PERIOD_TYPE,
	P_PERIOD,
	P_COMMENT,
	P_DEFAULT
};

/* What a sample is worth, a column each. */
static const struct column {
	enum profile_view view;
	bool count; /* else the value */
	const char *type, *unit;
} columns[] = {
	{ PROFILE_CPU, true, "samples", "count" },
	{ PROFILE_CPU, false, "cpu", "nanoseconds" },
	{ PROFILE_OFF_CPU, true, "waits", "count" },
	{ PROFILE_OFF_CPU, false, "offcpu", "nanoseconds" },
	{ PROFILE_RUN_QUEUE, false, "runq", "nanoseconds" },
	{ PROFILE_WAKERS, true, "wakes", "count" },
	{ PROFILE_WAKERS, false, "wakers", "nanoseconds" },
	{ PROFILE_FAULTS, true, "faults", "count" },
	{ PROFILE_FAULTS, false, "space", "bytes" },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

struct proto {
	struct buf out, message, inner;
	const struct profile *p;
	unsigned int views;
	/* The string table: texts, and where each is. */
	struct buf text;
	__u32 *at, nstrings, room;
	struct hash by_text;
	int err;
};

static void put_u64(struct buf *out, unsigned int field, __u64 v)
{
	varint_put(out, field << 3);
	varint_put(out, v);
}

static void put_bytes(struct buf *out, unsigned int field, const void *data, size_t len)
{
	varint_put(out, field << 3 | 2);
	varint_put(out, len);
	buf_add(out, data, len);
}

static void put_message(struct buf *out, unsigned int field, struct buf *message)
{
	if (message->err && !out->err)
		out->err = message->err;
	put_bytes(out, field, message->data, message->len);
	buf_clear(message);
}

static bool strings_grow(struct proto *w)
{
	__u32 room = w->room ? 2 * w->room : 256, *grown;

	if (w->nstrings < w->room)
		return true;
	grown = realloc(w->at, room * sizeof(*grown));
	if (!grown)
		return false;
	w->at = grown;
	w->room = room;
	return !hash_reserve(&w->by_text, room);
}

/* The index of a text in the table; 0 is "". */
static __u64 text(struct proto *w, const char *s)
{
	__u32 sum = hash_bytes(s, strlen(s), 0), i, at;

	for (i = hash_first(&w->by_text, sum, &at); i != HASH_NONE;
	     i = hash_next(&w->by_text, sum, &at))
		if (!strcmp(w->text.data + w->at[i], s))
			return i;
	if (!strings_grow(w)) {
		w->err = -ENOMEM;
		return 0;
	}
	w->at[w->nstrings] = w->text.len;
	buf_add(&w->text, s, strlen(s) + 1);
	if (w->text.err) {
		w->err = w->text.err;
		return 0;
	}
	hash_add(&w->by_text, sum, w->nstrings);
	return w->nstrings++;
}

static void put_type(struct proto *w, unsigned int field, const char *type, const char *unit)
{
	put_u64(&w->message, 1, text(w, type));
	put_u64(&w->message, 2, text(w, unit));
	put_message(&w->out, field, &w->message);
}

static bool shown(const struct proto *w, const struct column *c)
{
	return w->views & 1U << c->view;
}

static void put_types(struct proto *w)
{
	const char *first = NULL;
	int i;

	for (i = 0; i < COLUMNS; i++) {
		if (!shown(w, &columns[i]))
			continue;
		put_type(w, P_SAMPLE_TYPE, columns[i].type, columns[i].unit);
		if (!first && !columns[i].count)
			first = columns[i].type;
	}
	if (first)
		put_u64(&w->out, P_DEFAULT, text(w, first));
}

static void put_label(struct proto *w, const char *key, const char *value)
{
	put_u64(&w->inner, 1, text(w, key));
	put_u64(&w->inner, 2, text(w, value));
	put_message(&w->message, 3, &w->inner);
}

static void put_number(struct proto *w, const char *key, __u64 value)
{
	put_u64(&w->inner, 1, text(w, key));
	put_u64(&w->inner, 3, value);
	put_message(&w->message, 3, &w->inner);
}

static void put_labels(struct proto *w, const struct profile_sample *s)
{
	const struct profile_thread *t = &w->p->threads[s->thread];
	char name[PROFILE_STEP_NAME];

	profile_lead(w->p, s, name, sizeof(name));
	if (name[0])
		put_label(w,
			  s->view == PROFILE_OFF_CPU	 ? "reason"
			  : s->view == PROFILE_RUN_QUEUE ? "culprit"
							 : "waker",
			  name);
	put_label(w, "thread", profile_clean(w->p, t->comm, name, sizeof(name)));
	put_number(w, "tid", t->tid);
	put_number(w, "pid", w->p->processes[t->process].pid);
}

/* Leaf first: from the node up. Locations are frames, their ids one more. */
static void put_sample(struct proto *w, const struct profile_sample *s)
{
	__u32 node;
	int i;

	for (node = s->node; node; node = w->p->nodes[node].parent)
		varint_put(&w->inner, w->p->nodes[node].frame + 1);
	put_message(&w->message, 1, &w->inner);
	for (i = 0; i < COLUMNS; i++)
		if (shown(w, &columns[i]))
			varint_put(&w->inner, columns[i].view != s->view ? 0
					      : columns[i].count	 ? s->count
									 : s->value);
	put_message(&w->message, 2, &w->inner);
	put_labels(w, s);
	put_message(&w->out, P_SAMPLE, &w->message);
}

static void put_mappings(struct proto *w)
{
	char name[PROFILE_STEP_NAME];
	__u32 i;

	for (i = 1; i < w->p->nmodules; i++) {
		const struct profile_module *m = &w->p->modules[i];

		put_u64(&w->message, 1, i);
		put_u64(&w->message, 2, m->begin);
		put_u64(&w->message, 3, m->end);
		put_u64(&w->message, 4, m->offset);
		put_u64(&w->message, 5, text(w, profile_clean(w->p, m->path, name, sizeof(name))));
		put_u64(&w->message, 6, text(w, profile_text(w->p, m->build_id)));
		put_u64(&w->message, 7, 1);
		put_message(&w->out, P_MAPPING, &w->message);
	}
}

/* A frame's lines, the callee first; their functions are numbered by the name's index. */
static void put_location(struct proto *w, __u32 frame)
{
	const struct profile_frame *f = &w->p->frames[frame];
	struct profile_step step = { .frame = frame };
	char name[PROFILE_STEP_NAME];
	__u64 function;

	put_u64(&w->message, 1, frame + 1);
	if (f->module)
		put_u64(&w->message, 2, f->module);
	if (!(f->flags & PROFILE_FRAME_NOTE))
		put_u64(&w->message, 3, f->address);
	for (step.nth = 0; step.nth < (f->nlines ? f->nlines : 1); step.nth++) {
		function = text(w, profile_step_name(w->p, &step, name, sizeof(name)));
		put_u64(&w->inner, 1, function);
		put_u64(&w->inner, 2, f->nlines ? w->p->lines[f->line + step.nth].line : 0);
		put_message(&w->message, 4, &w->inner);
	}
	put_message(&w->out, P_LOCATION, &w->message);
}

/* Every text may be a function's name: that costs a few unused ones, and no second table. */
static void put_functions(struct proto *w)
{
	__u32 i;

	for (i = 1; i < w->nstrings; i++) {
		put_u64(&w->message, 1, i);
		put_u64(&w->message, 2, i);
		put_u64(&w->message, 3, i);
		put_message(&w->out, P_FUNCTION, &w->message);
	}
}

static void put_rest(struct proto *w)
{
	const struct profile_about *a = &w->p->about;
	char name[PROFILE_STEP_NAME];
	__u32 i;

	put_u64(&w->out, P_TIME, a->begin_wall_ns);
	put_u64(&w->out, P_DURATION, a->duration_ns);
	put_type(w, P_PERIOD_TYPE, "cpu", "nanoseconds");
	put_u64(&w->out, P_PERIOD, a->hz ? 1000000000ULL / a->hz : 0);
	put_u64(&w->out, P_COMMENT, text(w, profile_clean(w->p, a->target, name, sizeof(name))));
	put_functions(w);
	for (i = 0; i < w->nstrings; i++)
		put_bytes(&w->out, P_STRING, w->text.data + w->at[i],
			  strlen(w->text.data + w->at[i]));
}

void profile_pprof_encode(struct buf *out, const struct profile *p, unsigned int views)
{
	struct proto w = { .p = p, .views = views };
	__u32 i;
	int err;

	buf_init(&w.out, PROTO_MAX);
	buf_init(&w.text, PROTO_MAX);
	buf_init(&w.message, MESSAGE_MAX);
	buf_init(&w.inner, MESSAGE_MAX);
	hash_init(&w.by_text);
	text(&w, "");
	put_types(&w);
	for (i = 0; i < p->nsamples; i++)
		if (views & 1U << p->samples[i].view && p->samples[i].value)
			put_sample(&w, &p->samples[i]);
	put_mappings(&w);
	for (i = 0; i < p->nframes; i++)
		put_location(&w, i);
	put_rest(&w);
	err = w.err ? w.err : w.out.err;
	if (!err)
		err = gzip_encode(out, w.out.data, w.out.len);
	if (err && !out->err)
		out->err = err;
	buf_done(&w.out);
	buf_done(&w.text);
	buf_done(&w.message);
	buf_done(&w.inner);
	hash_done(&w.by_text);
	free(w.at);
}
