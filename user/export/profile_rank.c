// SPDX-License-Identifier: GPL-2.0-only
/* profile_rank.c - owns the sums, and which function speaks for a stack. */
#include "export/profile_rank.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/profile_walk.h"

void rank_init(struct rank *r)
{
	memset(r, 0, sizeof(*r));
	hash_init(&r->by_name);
}

void rank_done(struct rank *r)
{
	__u32 i;

	for (i = 0; i < r->n; i++)
		free(r->rows[i].name);
	free(r->rows);
	hash_done(&r->by_name);
}

static int grow(struct rank *r)
{
	__u32 room = r->room ? 2 * r->room : 64;
	struct rank_row *grown;

	if (r->n < r->room)
		return 0;
	grown = realloc(r->rows, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->rows = grown;
	r->room = room;
	return hash_reserve(&r->by_name, room);
}

static struct rank_row *row_of(struct rank *r, const char *name)
{
	__u32 sum = hash_bytes(name, strlen(name), 0), i, at;
	char *copy;

	for (i = hash_first(&r->by_name, sum, &at); i != HASH_NONE;
	     i = hash_next(&r->by_name, sum, &at))
		if (!strcmp(r->rows[i].name, name))
			return &r->rows[i];
	copy = grow(r) ? NULL : strdup(name);
	if (!copy)
		return NULL;
	r->rows[r->n] = (struct rank_row){ .name = copy };
	hash_add(&r->by_name, sum, r->n);
	return &r->rows[r->n++];
}

int rank_add(struct rank *r, const char *name, __u64 self, __u64 total, __u64 mark)
{
	struct rank_row *row = row_of(r, name);

	if (!row)
		return -ENOMEM;
	row->self += self;
	r->sum += self;
	if (row->mark != mark)
		row->total += total;
	row->mark = mark;
	return 0;
}

static int by_self(const void *a, const void *b)
{
	const struct rank_row *x = a, *y = b;

	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	if (x->total != y->total)
		return x->total > y->total ? -1 : 1;
	return strcmp(x->name, y->name);
}

void rank_sort(struct rank *r)
{
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_self);
}

static int add_functions(struct rank *r, const struct profile *p, const struct profile_sample *s,
			 __u64 mark)
{
	struct profile_step steps[PROFILE_STEPS_MAX];
	size_t n = profile_steps(p, s->node, steps, PROFILE_STEPS_MAX), i;
	char name[PROFILE_STEP_NAME];
	int err = n ? 0 : rank_add(r, "[no stack]", s->value, s->value, mark);

	for (i = 0; i < n && !err; i++)
		err = rank_add(r, profile_step_name(p, &steps[i], name, sizeof(name)),
			       i + 1 == n ? s->value : 0, s->value, mark);
	return err;
}

static int rank_view(struct rank *r, const struct profile *p, enum profile_view view)
{
	__u32 i;
	int err = 0;

	for (i = 0; i < p->nsamples && !err; i++)
		if (p->samples[i].view == view && p->samples[i].value)
			err = add_functions(r, p, &p->samples[i], i + 1);
	rank_sort(r);
	return err;
}

int rank_functions(struct rank *r, const struct profile *p)
{
	return rank_view(r, p, PROFILE_CPU);
}

int rank_faults(struct rank *r, const struct profile *p)
{
	return rank_view(r, p, PROFILE_FAULTS);
}

/* Everybody waits in the C library: what called it tells more. */
static bool is_library(const struct profile *p, const struct profile_step *step)
{
	static const char *const parts[] = { "/libc.so", "/libc-", "/ld-",    "/libpthread",
					     "[vdso]",	 "/ld.so", "/ld-musl" };
	const char *path = profile_text(p, p->modules[p->frames[step->frame].module].path);
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(path, parts[i]))
			return true;
	return false;
}

/* The innermost function of the program's own. */
static const char *speaker(const struct profile *p, __u32 node, char *dst, size_t size)
{
	struct profile_step steps[PROFILE_STEPS_MAX];
	size_t n = profile_steps(p, node, steps, PROFILE_STEPS_MAX), i;
	const struct profile_step *any = NULL;

	for (i = n; i--;) {
		__u32 flags = p->frames[steps[i].frame].flags;

		if (flags & (PROFILE_FRAME_KERNEL | PROFILE_FRAME_NOTE))
			continue;
		if (!any)
			any = &steps[i];
		if (!is_library(p, &steps[i]))
			return profile_step_name(p, &steps[i], dst, size);
	}
	return any ? profile_step_name(p, any, dst, size) : "[no stack]";
}

int rank_waits(struct rank *r, const struct profile *p)
{
	char name[PROFILE_STEP_NAME], row[PROFILE_STEP_NAME + 32];
	__u32 i;
	int err = 0;

	for (i = 0; i < p->nsamples && !err; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->view != PROFILE_OFF_CPU || !s->value)
			continue;
		snprintf(row, sizeof(row), "%-19s%s", profile_wait_name(s->tag),
			 speaker(p, s->node, name, sizeof(name)));
		err = rank_add(r, row, s->value, s->value, i + 1);
	}
	rank_sort(r);
	return err;
}

int rank_parties(struct rank *r, const struct profile *p, enum profile_view view)
{
	char name[PROFILE_STEP_NAME];
	__u32 i;
	int err = 0;

	for (i = 0; i < p->nsamples && !err; i++)
		if (p->samples[i].view == view && p->samples[i].value)
			err = rank_add(r, profile_lead(p, &p->samples[i], name, sizeof(name)),
				       p->samples[i].value, p->samples[i].value, i + 1);
	rank_sort(r);
	return err;
}
