// SPDX-License-Identifier: GPL-2.0-only
/*
 * flame.c - a profile's samples as trees of boxes, one tree a view, merged by name.
 *
 * Owns: see the header. Stacks of one function called from two places are one box: people read
 * functions, not return addresses; a frame with inlined lines is one box a line.
 */
#include "report/flame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

enum { TEXTS_MAX = 1 << 30 };

/* The names of every frame of one profile: those of frame i are ids[first[i]…first[i + 1]). */
struct frame_names {
	__u32 *first, *ids;
};

/* The names of a box's path, the root's first. */
struct path {
	__u32 n;
	__u32 names[FLAME_DEPTH];
};

const char *flame_kind_name(enum flame_kind kind)
{
	static const char *const words[FLAME_KINDS] = {
		[FLAME_ALL] = "all",	     [FLAME_PROCESS] = "process", [FLAME_THREAD] = "thread",
		[FLAME_REASON] = "reason",   [FLAME_PARTY] = "party",	  [FLAME_USER] = "user",
		[FLAME_INLINED] = "inlined", [FLAME_KERNEL] = "kernel",	  [FLAME_JIT] = "jit",
		[FLAME_NOTE] = "note",	     [FLAME_UNNAMED] = "unnamed",
	};

	return words[kind];
}

const char *flame_text(const struct flame *f, __u32 box)
{
	return f->texts.data + f->names[f->boxes[box].name].text;
}

char *flame_place(const struct flame *f, __u32 name, char *dst, size_t size)
{
	const struct flame_name *n = &f->names[name];

	dst[0] = '\0';
	if (n->file && n->line)
		snprintf(dst, size, "%s:%u", f->texts.data + f->files[n->file - 1], n->line);
	else if (n->file)
		snprintf(dst, size, "%s", f->texts.data + f->files[n->file - 1]);
	return dst;
}

enum flame_kind flame_kind(const struct flame *f, __u32 box)
{
	return f->names[f->boxes[box].name].kind;
}

int flame_growth(const struct flame *f, __u32 box, enum profile_view view)
{
	static const double steps[] = { 0.001, 0.005, 0.02, 0.05 }; /* of the whole */
	const struct flame_box *root = &f->boxes[view], *b = &f->boxes[box];
	double share = root->value ? (double)b->value / (double)root->value : 0;
	double before = root->other ? (double)b->other / (double)root->other : 0;
	double more = share > before ? share - before : before - share;
	int step = 0;

	while (step < 4 && more >= steps[step])
		step++;
	return share > before ? step : -step;
}

/* The name of this kind and (sanitised) text, found or added. */
static int name_id(struct flame *f, enum flame_kind kind, const char *raw, __u32 *ret)
{
	char text[FLAME_TEXT];
	size_t len = text_sanitise(text, sizeof(text), raw, strlen(raw));
	__u32 sum = hash_bytes(text, len, kind + 1), at, i;
	int err;

	for (i = hash_first(&f->name_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&f->name_index, sum, &at)) {
		if (f->names[i].kind == kind && !strcmp(f->texts.data + f->names[i].text, text)) {
			*ret = i;
			return 0;
		}
	}
	err = array_grow(&f->names, &f->names_room, (size_t)f->nnames + 1, sizeof(*f->names),
			 UINT32_MAX);
	if (!err)
		err = hash_reserve(&f->name_index, (size_t)f->nnames + 1);
	if (err)
		return err;
	f->names[f->nnames] = (struct flame_name){ .kind = kind, .text = f->texts.len };
	buf_add(&f->texts, text, len + 1);
	if (f->texts.err)
		return f->texts.err;
	hash_add(&f->name_index, sum, f->nnames);
	*ret = f->nnames++;
	return 0;
}

static int box_id(struct flame *f, __u32 parent, __u32 name, __u32 *ret)
{
	const __u32 key[2] = { parent, name };
	__u32 sum = hash_bytes(key, sizeof(key), 0), at, i;
	int err;

	for (i = hash_first(&f->box_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&f->box_index, sum, &at)) {
		if (f->boxes[i].parent == parent && f->boxes[i].name == name) {
			*ret = i;
			return 0;
		}
	}
	err = array_grow(&f->boxes, &f->boxes_room, (size_t)f->nboxes + 1, sizeof(*f->boxes),
			 UINT32_MAX);
	if (!err)
		err = hash_reserve(&f->box_index, (size_t)f->nboxes + 1);
	if (err)
		return err;
	f->boxes[f->nboxes] = (struct flame_box){ .parent = parent, .name = name };
	hash_add(&f->box_index, sum, f->nboxes);
	*ret = f->nboxes++;
	return 0;
}

/* --- The names of frames. */

static enum flame_kind frame_kind(const struct profile_frame *frame, __u32 nth)
{
	if (frame->flags & PROFILE_FRAME_NOTE)
		return FLAME_NOTE;
	if (frame->flags & PROFILE_FRAME_KERNEL)
		return FLAME_KERNEL;
	if (frame->flags & PROFILE_FRAME_JIT)
		return FLAME_JIT;
	if (frame->flags & PROFILE_FRAME_UNNAMED || !frame->nlines)
		return FLAME_UNNAMED;
	return nth + 1 < frame->nlines ? FLAME_INLINED : FLAME_USER;
}

static int file_id(struct flame *f, const char *raw, __u32 *ret)
{
	char text[FLAME_TEXT];
	size_t len = text_sanitise(text, sizeof(text), raw, strlen(raw));
	__u32 sum = hash_bytes(text, len, 0), at, i;
	int err;

	for (i = hash_first(&f->file_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&f->file_index, sum, &at)) {
		if (!strcmp(f->texts.data + f->files[i], text)) {
			*ret = i;
			return 0;
		}
	}
	err = array_grow(&f->files, &f->files_room, (size_t)f->nfiles + 1, sizeof(*f->files),
			 UINT32_MAX);
	if (!err)
		err = hash_reserve(&f->file_index, (size_t)f->nfiles + 1);
	if (err)
		return err;
	f->files[f->nfiles] = f->texts.len;
	buf_add(&f->texts, text, len + 1);
	if (f->texts.err)
		return f->texts.err;
	hash_add(&f->file_index, sum, f->nfiles);
	*ret = f->nfiles++;
	return 0;
}

/* Functions of one name are one box: the first that is known says where. */
static int place_name(struct flame *f, __u32 name, const struct profile *p,
		      const struct profile_line *line)
{
	__u32 file;
	int err;

	if (!line->file || f->names[name].file)
		return 0;
	err = file_id(f, profile_text(p, line->file), &file);
	if (err)
		return err;
	f->names[name].file = file + 1;
	f->names[name].line = line->begin;
	return 0;
}

/* Outermost line first, as boxes stand. */
static int name_frame(struct flame *f, const struct profile *p, __u32 frame, __u32 *ids)
{
	const struct profile_frame *fr = &p->frames[frame];
	char raw[2 * FLAME_TEXT];
	__u32 i;
	int err;

	if (!fr->nlines)
		return name_id(f, frame_kind(fr, 0),
			       profile_frame_name(p, frame, 0, raw, sizeof(raw)), ids);
	for (i = fr->nlines; i--;) {
		/* Not profile_frame_name(): a long name must reach the sanitiser whole. */
		err = name_id(f, frame_kind(fr, i),
			      profile_text(p, p->lines[fr->line + i].function), ids);
		if (!err)
			err = place_name(f, *ids++, p, &p->lines[fr->line + i]);
		if (err)
			return err;
	}
	return 0;
}

static int frame_names_init(struct frame_names *names, struct flame *f, const struct profile *p)
{
	__u64 n = 0;
	__u32 i;
	int err = 0;

	names->first = calloc((size_t)p->nframes + 1, sizeof(*names->first));
	names->ids = NULL;
	if (!names->first)
		return -ENOMEM;
	for (i = 0; i < p->nframes; i++) {
		names->first[i] = n;
		n += p->frames[i].nlines ? p->frames[i].nlines : 1;
	}
	if (n > UINT32_MAX)
		return -E2BIG;
	names->first[i] = n;
	names->ids = calloc(n + 1, sizeof(*names->ids));
	if (!names->ids)
		return -ENOMEM;
	for (i = 0; i < p->nframes && !err; i++)
		err = name_frame(f, p, i, names->ids + names->first[i]);
	return err;
}

/* --- Paths. */

static int push(struct flame *f, struct path *path, enum flame_kind kind, const char *raw)
{
	return name_id(f, kind, raw, &path->names[path->n++]);
}

static int push_party(struct flame *f, struct path *path, const struct profile *p, __u32 party)
{
	char raw[FLAME_TEXT];

	if (party >= p->nparties)
		return push(f, path, FLAME_PARTY, "(not seen)");
	return push(f, path, FLAME_PARTY, profile_party_name(p, party, raw, sizeof(raw)));
}

/* What stands between the root and the stack. */
static int push_head(struct flame *f, struct path *path, const struct profile *p,
		     const struct profile_sample *s)
{
	const struct profile_thread *thread = &p->threads[s->thread];
	bool parties = s->view == PROFILE_RUN_QUEUE || s->view == PROFILE_WAKERS;
	int err = 0;

	if (s->view == PROFILE_OFF_CPU)
		err = push(f, path, FLAME_REASON, profile_wait_name(s->tag));
	if (s->view == PROFILE_RUN_QUEUE)
		err = push_party(f, path, p, s->tag);
	if (!err)
		err = push(f, path, FLAME_PROCESS,
			   profile_text(p, p->processes[thread->process].comm));
	if (!err && parties)
		err = push(f, path, FLAME_THREAD, profile_text(p, thread->comm));
	if (!err && s->view == PROFILE_WAKERS)
		err = push_party(f, path, p, s->tag);
	/* Who has no stack is said, or it would look like time of the process's own. */
	if (!err && !parties && s->node == PROFILE_NONE)
		err = push(f, path, FLAME_NOTE, "[no stack]");
	return err;
}

/* How many frames lead to a node. A parent that is not older would be a circle: it ends there. */
static __u32 node_depth(const struct profile *p, __u32 node)
{
	__u32 depth = 0;

	for (; node != PROFILE_NONE && node < p->nnodes; depth++)
		node = p->nodes[node].parent < node ? p->nodes[node].parent : PROFILE_NONE;
	return depth;
}

/* The root's side of a stack that is too deep is kept: it says where it belongs. */
static int push_stack(struct flame *f, struct path *path, const struct profile *p,
		      const struct frame_names *names, __u32 node)
{
	__u32 depth = node_depth(p, node), room = FLAME_DEPTH - path->n, i, k;
	__u32 frames[FLAME_DEPTH];

	for (i = depth; i--; node = p->nodes[node].parent)
		if (i < room)
			frames[i] = p->nodes[node].frame < p->nframes ? p->nodes[node].frame : 0;
	for (i = 0; i < depth && i < room; i++) {
		for (k = names->first[frames[i]]; k < names->first[frames[i] + 1]; k++) {
			if (path->n + 1 == FLAME_DEPTH)
				return push(f, path, FLAME_NOTE, "[deeper]");
			path->names[path->n++] = names->ids[k];
		}
	}
	return 0;
}

static int lay_path(struct flame *f, const struct path *path, __u32 root, __u32 *ret)
{
	__u32 box = root, i;
	int err = 0;

	for (i = 0; i < path->n && !err; i++)
		err = box_id(f, box, path->names[i], &box);
	*ret = box;
	return err;
}

static int lay_samples(struct flame *f, const struct profile *p, const struct frame_names *names,
		       bool other, __u32 *at)
{
	const struct profile_sample *s;
	struct path path;
	__u32 i;
	int err;

	for (i = 0; i < p->nsamples; i++) {
		s = &p->samples[i];
		path.n = 0;
		err = push_head(f, &path, p, s);
		if (!err)
			err = push_stack(f, &path, p, names, s->node);
		if (!err)
			err = lay_path(f, &path, s->view, &at[i]);
		if (err)
			return err;
		if (other)
			f->boxes[at[i]].other += s->value;
		else
			f->boxes[at[i]].value += s->value;
	}
	return 0;
}

static int lay_profile(struct flame *f, const struct profile *p, bool other, __u32 **ret_at)
{
	struct frame_names names;
	int err = frame_names_init(&names, f, p);

	if (!err) {
		*ret_at = calloc((size_t)p->nsamples + 1, sizeof(**ret_at));
		err = *ret_at ? lay_samples(f, p, &names, other, *ret_at) : -ENOMEM;
	}
	free(names.first);
	free(names.ids);
	return err;
}

/* --- Sums and order. */

static void sum_up(struct flame *f)
{
	__u32 i;

	for (i = f->nboxes; i-- > PROFILE_VIEWS;) {
		f->boxes[f->boxes[i].parent].value += f->boxes[i].value;
		f->boxes[f->boxes[i].parent].other += f->boxes[i].other;
	}
}

static int by_value(const void *a, const void *b, void *flame)
{
	const struct flame *f = flame;
	__u32 i = *(const __u32 *)a, k = *(const __u32 *)b;

	if (f->boxes[i].value != f->boxes[k].value)
		return f->boxes[i].value < f->boxes[k].value ? 1 : -1;
	return i < k ? -1 : i > k;
}

/* Each box goes to the front of its parent's list: the least first. */
static int link_children(struct flame *f)
{
	__u32 *order = calloc(f->nboxes, sizeof(*order));
	struct flame_box *parent;
	__u32 i;

	if (!order)
		return -ENOMEM;
	for (i = 0; i < f->nboxes; i++)
		order[i] = i;
	qsort_r(order, f->nboxes, sizeof(*order), by_value, f);
	for (i = f->nboxes; i--;) {
		if (order[i] < PROFILE_VIEWS)
			continue;
		parent = &f->boxes[f->boxes[order[i]].parent];
		f->boxes[order[i]].next = parent->child;
		parent->child = order[i];
	}
	free(order);
	return 0;
}

static int add_roots(struct flame *f)
{
	__u32 name, view, box;
	int err = name_id(f, FLAME_ALL, "all", &name);

	for (view = 0; view < PROFILE_VIEWS && !err; view++)
		err = box_id(f, view, name, &box);
	return err;
}

int flame_init(struct flame *f, const struct profile *p, const struct profile *other)
{
	int err;

	memset(f, 0, sizeof(*f));
	buf_init(&f->texts, TEXTS_MAX);
	hash_init(&f->name_index);
	hash_init(&f->box_index);
	hash_init(&f->file_index);
	err = add_roots(f);
	if (!err)
		err = lay_profile(f, p, false, &f->at);
	if (!err && other)
		err = lay_profile(f, other, true, &f->at_other);
	if (err)
		return err;
	sum_up(f);
	return link_children(f);
}

void flame_done(struct flame *f)
{
	buf_done(&f->texts);
	free(f->names);
	free(f->boxes);
	hash_done(&f->name_index);
	hash_done(&f->box_index);
	hash_done(&f->file_index);
	free(f->files);
	free(f->at);
	free(f->at_other);
}
