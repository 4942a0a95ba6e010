// SPDX-License-Identifier: GPL-2.0-only
/*
 * folded.c - collapsed stacks: a line a stack, as flamegraph.pl and its kin read them.
 *
 * Owns: the marks and what must not stand in a name. Not here: the order of frames
 * (walk.c).
 */
#include "report/formats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/intern.h"
#include "report/walk.h"

struct values {
	__u64 now, before;
};

struct folded {
	struct intern lines;
	struct values *values; /* of each line */
	size_t room;
	struct buf line;
};

/*
 * Readers take what follows the last blanks for the values. The blank of a name that ends in a
 * number ("worker 1") would make that number one of them.
 */
static const char *number_blank(const char *name)
{
	const char *blank = strrchr(name, ' ');

	if (!blank || !blank[1] || blank[1 + strspn(blank + 1, "0123456789.")])
		return NULL;
	return blank;
}

static void add_name(struct buf *out, const char *name)
{
	const char *blank = number_blank(name), *at;

	for (at = name; *at; at++)
		buf_char(out, at == blank ? '_' : *at == ';' ? ':' : *at);
}

static const char *folded_mark(const struct profile *p, const struct profile_step *step)
{
	__u32 flags;

	if (step->kind != PROFILE_STEP_FRAME)
		return "";
	flags = p->frames[step->frame].flags;
	if (flags & PROFILE_FRAME_NOTE)
		return "";
	if (flags & PROFILE_FRAME_KERNEL)
		return "_[k]";
	if (profile_walk_inlined(p, step->frame, step->nth))
		return "_[i]";
	return flags & PROFILE_FRAME_JIT ? "_[j]" : "";
}

static void make_line(struct buf *line, const struct profile_walk *w)
{
	__u32 i;

	buf_clear(line);
	for (i = 0; i < w->nsteps; i++) {
		if (i)
			buf_char(line, ';');
		add_name(line, w->steps[i].name);
		buf_str(line, folded_mark(w->p, &w->steps[i]));
	}
}

static struct values *values_of(struct folded *f, __u32 line)
{
	if (array_grow_zeroed(&f->values, &f->room, (size_t)line + 1, sizeof(*f->values),
			      UINT32_MAX))
		return NULL;
	return &f->values[line];
}

static int add_sample(struct folded *f, struct profile_walk *w, const struct profile_sample *s,
		      bool before)
{
	struct values *values;
	int err = profile_walk_sample(w, s);
	__u32 line;

	if (err)
		return err;
	make_line(&f->line, w);
	if (f->line.err)
		return f->line.err;
	line = intern_bytes(&f->lines, f->line.data, f->line.len);
	if (f->lines.bytes.err)
		return f->lines.bytes.err;
	values = values_of(f, line);
	if (!values)
		return -ENOMEM;
	if (before)
		values->before += s->value;
	else
		values->now += s->value;
	return 0;
}

static int add_profile(struct folded *f, const struct profile *p, enum profile_view view,
		       bool before)
{
	struct profile_walk w;
	int err = profile_walk_init(&w, p);
	__u32 i;

	for (i = 0; !err && i < p->nsamples; i++)
		if (p->samples[i].view == view && p->samples[i].value)
			err = add_sample(f, &w, &p->samples[i], before);
	profile_walk_done(&w);
	return err;
}

/* The shorter of two lines that begin alike comes first. */
static int by_bytes(const void *a, const void *b, void *context)
{
	const struct intern *lines = context;
	__u32 i = *(const __u32 *)a, j = *(const __u32 *)b;
	size_t n = intern_len(lines, i), m = intern_len(lines, j);
	int order = memcmp(intern_at(lines, i), intern_at(lines, j), n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

static int write_lines(struct buf *out, struct folded *f, bool both)
{
	__u32 *order = calloc((size_t)f->lines.n + 1, sizeof(*order)), i;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < f->lines.n; i++)
		order[i] = i;
	qsort_r(order, f->lines.n, sizeof(*order), by_bytes, &f->lines);
	for (i = 0; i < f->lines.n; i++) {
		buf_add(out, intern_at(&f->lines, order[i]), intern_len(&f->lines, order[i]));
		if (both) {
			buf_char(out, ' ');
			buf_u64(out, f->values[order[i]].before);
		}
		buf_char(out, ' ');
		buf_u64(out, f->values[order[i]].now);
		buf_char(out, '\n');
	}
	free(order);
	return 0;
}

void profile_folded_encode(struct buf *out, const struct profile *p, enum profile_view view,
			   const struct profile *other)
{
	struct folded f = { 0 };
	int err;

	intern_init(&f.lines, out->max);
	buf_init(&f.line, out->max);
	err = add_profile(&f, p, view, false);
	if (!err && other)
		err = add_profile(&f, other, view, true);
	if (!err)
		err = write_lines(out, &f, other != NULL);
	if (err && !out->err)
		out->err = err;
	intern_done(&f.lines);
	buf_done(&f.line);
	free(f.values);
}
