// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile.c - owns the memory of a profile: arrays that grow within a bound, and the indexes
 * that find what is there already.
 */
#include "data/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

struct room { /* how much an array has */
	__u32 text, strings, modules, lines, frames, nodes, processes, threads, parties, samples,
		cgroups, chains;
};

struct profile_index {
	struct hash strings, modules, frames, nodes, parties, samples;
	struct room room;
	size_t bytes, max_bytes;
};

/* Room for n more elements after *used. Memory is counted against the bound as it is asked for. */
static int profile_grow(struct profile *p, void *array, __u32 used, __u32 *room, size_t size,
			__u32 n)
{
	__u64 want = *room ? *room : FIRST_ROOM;
	void *grown;

	if (used + (__u64)n <= *room)
		return 0;
	while (want < used + (__u64)n)
		want *= 2;
	if (want > UINT32_MAX || p->index->bytes + (want - *room) * size > p->index->max_bytes)
		return -ENOSPC;
	grown = realloc(*(void **)array, want * size);
	if (!grown)
		return -ENOMEM;
	*(void **)array = grown;
	p->index->bytes += (want - *room) * size;
	*room = want;
	return 0;
}

#define GROW(p, what, more) \
	profile_grow(p, &(p)->what, (p)->n##what, &(p)->index->room.what, sizeof(*(p)->what), more)

static __u32 sum_of(const void *key, size_t len)
{
	return hash_bytes(key, len, 0);
}

/* The indexes take 8 bytes a cell at a load of a half: what profile_grow() counts leaves room for it. */
static int index_room(struct hash *h, __u32 n)
{
	return hash_reserve(h, (size_t)n + 1);
}

const char *profile_text(const struct profile *p, __u32 string)
{
	return p->text + p->strings[string < p->nstrings ? string : 0];
}

int profile_string(struct profile *p, const char *s, size_t len, __u32 *ret)
{
	__u32 sum, i, at;
	const char *have;
	int err;

	len = strnlen(s, len);
	sum = sum_of(s, len);
	for (i = hash_first(&p->index->strings, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->strings, sum, &at)) {
		have = profile_text(p, i);
		if (!strncmp(have, s, len) && !have[len]) {
			*ret = i;
			return 0;
		}
	}
	err = GROW(p, strings, 1);
	if (!err)
		err = GROW(p, text, len + 1);
	if (!err)
		err = index_room(&p->index->strings, p->nstrings);
	if (err)
		return err;
	memcpy(p->text + p->ntext, s, len);
	p->text[p->ntext + len] = '\0';
	p->strings[p->nstrings] = p->ntext;
	p->ntext += len + 1;
	hash_add(&p->index->strings, sum, p->nstrings);
	*ret = p->nstrings++;
	return 0;
}

int profile_module(struct profile *p, const struct profile_module *m, __u32 *ret)
{
	const __u32 key[2] = { m->path, m->build_id };
	__u32 sum = sum_of(key, sizeof(key)), i, at;
	int err;

	for (i = hash_first(&p->index->modules, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->modules, sum, &at)) {
		if (p->modules[i].path == m->path && p->modules[i].build_id == m->build_id) {
			*ret = i;
			return 0;
		}
	}
	err = GROW(p, modules, 1);
	if (!err)
		err = index_room(&p->index->modules, p->nmodules);
	if (err)
		return err;
	p->modules[p->nmodules] = *m;
	hash_add(&p->index->modules, sum, p->nmodules);
	*ret = p->nmodules++;
	return 0;
}

int profile_frame(struct profile *p, __u32 module, __u32 flags, __u64 address, __u32 *ret)
{
	const __u64 key[2] = { (__u64)module << 32 | flags, address };
	__u32 sum = sum_of(key, sizeof(key)), i, at;
	struct profile_frame *f;
	int err;

	for (i = hash_first(&p->index->frames, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->frames, sum, &at)) {
		f = &p->frames[i];
		if (f->module == module && f->address == address && f->flags == flags) {
			*ret = i;
			return 0;
		}
	}
	err = GROW(p, frames, 1);
	if (!err)
		err = index_room(&p->index->frames, p->nframes);
	if (err)
		return err;
	p->frames[p->nframes] =
		(struct profile_frame){ .module = module, .flags = flags, .address = address };
	hash_add(&p->index->frames, sum, p->nframes);
	*ret = p->nframes++;
	return 0;
}

int profile_note(struct profile *p, const char *text, __u32 *ret_frame)
{
	struct profile_line line = { 0 };
	int err = profile_string(p, text, strlen(text), &line.function);

	/* The string is the address: notes of one text are one frame. */
	if (!err)
		err = profile_frame(p, 0, PROFILE_FRAME_NOTE, line.function, ret_frame);
	if (!err && !p->frames[*ret_frame].nlines)
		err = profile_name_frame(p, *ret_frame, &line, 1);
	return err;
}

int profile_name_frame(struct profile *p, __u32 frame, const struct profile_line *lines,
		       unsigned int n)
{
	struct profile_frame *f = &p->frames[frame];
	int err = n > f->nlines ? GROW(p, lines, n) : 0;

	if (err)
		return err;
	if (n > f->nlines) {
		f->line = p->nlines;
		p->nlines += n;
	}
	memcpy(p->lines + f->line, lines, n * sizeof(*lines));
	f->nlines = n;
	return 0;
}

int profile_node(struct profile *p, __u32 parent, __u32 frame, __u32 *ret)
{
	const __u32 key[2] = { parent, frame };
	__u32 sum = sum_of(key, sizeof(key)), i, at;
	int err;

	for (i = hash_first(&p->index->nodes, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->nodes, sum, &at)) {
		if (p->nodes[i].parent == parent && p->nodes[i].frame == frame) {
			*ret = i;
			return 0;
		}
	}
	err = GROW(p, nodes, 1);
	if (!err)
		err = index_room(&p->index->nodes, p->nnodes);
	if (err)
		return err;
	p->nodes[p->nnodes] = (struct profile_node){ .parent = parent, .frame = frame };
	hash_add(&p->index->nodes, sum, p->nnodes);
	*ret = p->nnodes++;
	return 0;
}

static bool party_equal(const struct profile_party *a, const struct profile_party *b)
{
	return a->kind == b->kind && a->pid == b->pid && a->tid == b->tid && a->comm == b->comm &&
	       a->cgroup == b->cgroup;
}

int profile_party(struct profile *p, const struct profile_party *party, __u32 *ret)
{
	const __u32 key[5] = { party->kind, party->pid, party->tid, party->comm, party->cgroup };
	__u32 sum = sum_of(key, sizeof(key)), i, at;
	int err;

	for (i = hash_first(&p->index->parties, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->parties, sum, &at)) {
		if (party_equal(&p->parties[i], party)) {
			*ret = i;
			return 0;
		}
	}
	err = GROW(p, parties, 1);
	if (!err)
		err = index_room(&p->index->parties, p->nparties);
	if (err)
		return err;
	p->parties[p->nparties] = *party;
	hash_add(&p->index->parties, sum, p->nparties);
	*ret = p->nparties++;
	return 0;
}

int profile_add(struct profile *p, const struct profile_sample *sample)
{
	const __u32 key[4] = { sample->view, sample->thread, sample->node, sample->tag };
	__u32 sum = sum_of(key, sizeof(key)), i, at;
	struct profile_sample *s;
	int err;

	for (i = hash_first(&p->index->samples, sum, &at); i != HASH_NONE;
	     i = hash_next(&p->index->samples, sum, &at)) {
		s = &p->samples[i];
		if (s->view == sample->view && s->thread == sample->thread &&
		    s->node == sample->node && s->tag == sample->tag) {
			s->count += sample->count;
			s->value += sample->value;
			return 0;
		}
	}
	err = GROW(p, samples, 1);
	if (!err)
		err = index_room(&p->index->samples, p->nsamples);
	if (err)
		return err;
	p->samples[p->nsamples] = *sample;
	hash_add(&p->index->samples, sum, p->nsamples++);
	return 0;
}

int profile_cgroup(struct profile *p, const char *path, const char *unit, __u32 *ret_path)
{
	struct profile_cgroup cgroup = { 0 };
	int err = profile_string(p, path, strlen(path), &cgroup.path);
	__u32 i;

	for (i = 0; !err && i < p->ncgroups; i++) {
		if (p->cgroups[i].path == cgroup.path) {
			*ret_path = cgroup.path;
			return 0;
		}
	}
	if (!err)
		err = profile_string(p, unit, strlen(unit), &cgroup.unit);
	if (!err)
		err = GROW(p, cgroups, 1);
	if (err)
		return err;
	p->cgroups[p->ncgroups++] = cgroup;
	*ret_path = cgroup.path;
	return 0;
}

int profile_process(struct profile *p, const struct profile_process *process, __u32 *ret)
{
	int err = GROW(p, processes, 1);

	if (err)
		return err;
	p->processes[p->nprocesses] = *process;
	*ret = p->nprocesses++;
	return 0;
}

int profile_thread(struct profile *p, const struct profile_thread *thread, __u32 *ret)
{
	int err = GROW(p, threads, 1);

	if (err)
		return err;
	p->threads[p->nthreads] = *thread;
	*ret = p->nthreads++;
	return 0;
}

int profile_chain(struct profile *p, const struct profile_chain *chain)
{
	int err = GROW(p, chains, 1);

	if (!err)
		p->chains[p->nchains++] = *chain;
	return err;
}

__u64 profile_taken(const struct profile_quality *q)
{
	return q->stacks[VIGIE_STACK_ON_CPU] + q->stacks[VIGIE_STACK_FAULT] +
	       q->stacks[VIGIE_STACK_WAKER];
}

size_t profile__bytes(const struct profile *p)
{
	return p->index->bytes;
}

int profile__adopt(struct profile *p)
{
	struct hash *strings = &p->index->strings;
	size_t len, all = 0;
	const char *text;
	__u32 i;
	int err;

	p->index->room = (struct room){ .text = p->ntext,
					.strings = p->nstrings,
					.modules = p->nmodules,
					.lines = p->nlines,
					.frames = p->nframes,
					.nodes = p->nnodes,
					.processes = p->nprocesses,
					.threads = p->nthreads,
					.parties = p->nparties,
					.samples = p->nsamples };
	p->index->bytes = p->ntext + p->nstrings * sizeof(*p->strings) +
			  (__u64)p->nlines * sizeof(*p->lines);
	hash_done(strings);
	hash_init(strings);
	err = index_room(strings, p->nstrings);
	/* Strings that share text, as only a hostile file has them, could take for ever. */
	for (i = 0; i < p->nstrings && !err && all <= p->ntext; i++) {
		text = profile_text(p, i);
		len = strlen(text);
		all += len + 1;
		hash_add(strings, sum_of(text, len), i);
	}
	return err;
}

void profile_allow(struct profile *p, size_t max_bytes)
{
	p->index->max_bytes = max_bytes;
}

struct profile *profile__new(size_t max_bytes)
{
	struct profile *p = calloc(1, sizeof(*p));
	const struct profile_module nowhere = { 0 };
	__u32 zero;

	if (!p)
		return NULL;
	p->index = calloc(1, sizeof(*p->index));
	if (!p->index) {
		free(p);
		return NULL;
	}
	p->index->max_bytes = max_bytes;
	/* Index 0 of each is the absence of one. */
	if (profile_string(p, "", 0, &zero) || profile_module(p, &nowhere, &zero) ||
	    profile_frame(p, 0, PROFILE_FRAME_NOTE, 0, &zero) || profile_node(p, 0, 0, &zero)) {
		profile__free(p);
		return NULL;
	}
	return p;
}

void profile__free(struct profile *p)
{
	if (!p)
		return;
	hash_done(&p->index->strings);
	hash_done(&p->index->modules);
	hash_done(&p->index->frames);
	hash_done(&p->index->nodes);
	hash_done(&p->index->parties);
	hash_done(&p->index->samples);
	free(p->index);
	free(p->text);
	free(p->strings);
	free(p->modules);
	free(p->lines);
	free(p->frames);
	free(p->nodes);
	free(p->processes);
	free(p->threads);
	free(p->parties);
	free(p->samples);
	free(p->cgroups);
	free(p->chains);
	free(p);
}
