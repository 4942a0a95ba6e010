// SPDX-License-Identifier: GPL-2.0-only
/*
 * tally.c - owns sums by label, and which function of a stack says most about it.
 */
#include "report/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { LABEL_LEN = 4096, MILLION = 1000000 };

void profile_tally_init(struct profile_tally *t)
{
	memset(t, 0, sizeof(*t));
	intern_init(&t->labels, SIZE_MAX / 2);
}

void profile_tally_done(struct profile_tally *t)
{
	intern_done(&t->labels);
	free(t->rows);
	t->rows = NULL;
}

/* The row of a label; NULL with err. */
static struct profile_tally_row *row_of(struct profile_tally *t, __u32 label)
{
	if (!t->err)
		t->err = t->labels.bytes.err;
	if (t->err)
		return NULL;
	t->err = array_grow_zeroed(&t->rows, &t->room, (size_t)label + 1, sizeof(*t->rows),
				   UINT32_MAX);
	if (t->err)
		return NULL;
	return &t->rows[label];
}

static void add_self(struct profile_tally *t, __u32 label, enum profile_tally_when when,
		     __u64 value)
{
	struct profile_tally_row *row = row_of(t, label);

	if (row)
		row->self[when] += value;
}

static const char *module_name(const struct profile_walk *w, __u32 frame)
{
	__u32 module = w->p->frames[frame].module;
	const char *path, *slash;

	if (!module)
		return w->p->frames[frame].flags & PROFILE_FRAME_KERNEL ? "[kernel]" : NULL;
	path = profile_walk_text(w, w->p->modules[module].path);
	slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* A name that stands for module and address already, or a note, begins with a bracket. */
static void function_label(const struct profile_walk *w, const struct profile_step *step,
			   char dst[LABEL_LEN])
{
	const char *module = module_name(w, step->frame);
	bool bracketed = module && *module == '[';

	if (!module || !w->p->frames[step->frame].nlines)
		snprintf(dst, LABEL_LEN, "%s", step->name);
	else
		snprintf(dst, LABEL_LEN, bracketed ? "%s %s" : "%s [%s]", step->name, module);
}

/* --- By function. */

/* A label for each entry of the walk, made once. */
static __u32 *entry_labels(struct profile_tally *t, const struct profile_walk *w)
{
	__u32 *labels = calloc((size_t)w->nentries + 1, sizeof(*labels)), frame, nth;
	struct profile_step step;
	char label[LABEL_LEN];

	for (frame = 0; labels && frame < w->p->nframes; frame++)
		for (nth = 0; nth < profile_walk_lines(w->p, frame); nth++) {
			step = (struct profile_step){
				.name = profile_walk_name(w, frame, nth),
				.frame = frame,
			};
			function_label(w, &step, label);
			labels[w->first[frame] + nth] = intern_text(&t->labels, label);
		}
	if (!labels)
		t->err = -ENOMEM;
	else if (t->labels.n)
		row_of(t, t->labels.n - 1);
	return labels;
}

/* Where every thread begins: all of its time, and none of its doing. Notes are no functions. */
static bool is_trunk(const struct profile_walk *w, const struct profile_step *step)
{
	static const char *const words[] = { "_start",	     "__libc_start_", "clone",
					     "__clone",	     "start_thread",  "__GI___clone",
					     "ret_from_fork" };
	size_t i;

	if (step->kind != PROFILE_STEP_FRAME)
		return true;
	if (w->p->frames[step->frame].flags & PROFILE_FRAME_NOTE)
		return true;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(step->name, words[i], strlen(words[i])))
			return true;
	return false;
}

static void count_sample(struct profile_tally *t, const struct profile_walk *w, const __u32 *labels,
			 __u64 value, enum profile_tally_when when)
{
	const struct profile_step *leaf = &w->steps[w->nsteps - 1];
	struct profile_tally_row *row;
	bool trunk = true;
	__u32 i;

	t->samples++;
	t->sum[when] += value;
	for (i = 0; i < w->nsteps; i++) {
		trunk = trunk && is_trunk(w, &w->steps[i]);
		if (trunk)
			continue;
		row = row_of(t, labels[w->steps[i].entry]);
		if (!row)
			return;
		if (row->seen != t->samples)
			row->total[when] += value;
		row->seen = t->samples;
	}
	if (leaf->kind == PROFILE_STEP_FRAME)
		add_self(t, labels[leaf->entry], when, value);
}

void profile_tally_functions(struct profile_tally *t, struct profile_walk *w,
			     enum profile_view view, enum profile_tally_when when)
{
	__u32 *labels = entry_labels(t, w), i;
	const struct profile_sample *s;

	for (i = 0; !t->err && i < w->p->nsamples; i++) {
		s = &w->p->samples[i];
		if (s->view != view || !s->value)
			continue;
		t->err = profile_walk_sample(w, s);
		if (!t->err)
			count_sample(t, w, labels, s->value, when);
	}
	free(labels);
}

/* --- By what tells most. */

static bool begins(const char *text, const char *const words[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strncmp(text, words[i], strlen(words[i])))
			return true;
	return false;
}

#define BEGINS(text, words) begins(text, words, sizeof(words) / sizeof((words)[0]))

/* Libraries whose functions everybody waits in. */
static bool is_runtime(const char *module)
{
	static const char *const words[] = { "libc.so",	  "libc-",	"libpthread", "ld-linux",
					     "ld-musl",	  "ld.so",	"libstdc++",  "libgcc_s",
					     "libc.musl", "libm.so",	"librt",      "linux-vdso",
					     "[vdso]",	  "[vsyscall]", "[kernel" };

	return BEGINS(module, words);
}

/* How the kernel puts a thread to sleep or wakes it, and how it was seen: the same in every stack. */
static bool is_scheduler(const char *name)
{
	static const char *const words[] = { "__schedule",
					     "schedule",
					     "io_schedule",
					     "preempt_schedule",
					     "__cond_resched",
					     "try_to_wake_up",
					     "wake_up_",
					     "__wake_up",
					     "default_wake_function",
					     "autoremove_wake_function",
					     "pollwake",
					     "bpf_",
					     "__bpf_",
					     "__traceiter_" };

	return BEGINS(name, words);
}

/* 3 is a program's own function, 2 a run-time library's, 1 the kernel's; 0 tells nothing. */
static int worth(const struct profile_walk *w, const struct profile_step *step)
{
	const struct profile_frame *f;
	const char *module;

	if (step->kind != PROFILE_STEP_FRAME)
		return 0;
	f = &w->p->frames[step->frame];
	if (f->flags & PROFILE_FRAME_NOTE)
		return 0;
	if (f->flags & PROFILE_FRAME_KERNEL)
		return !is_scheduler(step->name);
	module = module_name(w, step->frame);
	return module && is_runtime(module) ? 2 : 3;
}

/*
 * The innermost of the program's own functions; else the outermost of the library's, which is
 * what its user called; else the innermost of the kernel's. nsteps where there is none.
 */
static __u32 telling(const struct profile_walk *w)
{
	__u32 best = w->nsteps, i;
	int most = 0, have;

	for (i = 0; i < w->nsteps; i++) {
		have = worth(w, &w->steps[i]);
		if (have > most || (have && have == most && have != 2)) {
			most = have;
			best = i;
		}
	}
	return best;
}

static void place_label(const struct profile_walk *w, const struct profile_sample *s,
			char dst[LABEL_LEN])
{
	__u32 at = telling(w);
	const char *tag = profile_walk_tag(w, s), *called = "";

	if (at + 1 < w->nsteps && worth(w, &w->steps[at + 1]))
		called = w->steps[at + 1].name;
	snprintf(dst, LABEL_LEN, "%s\t%s%s%s", tag ? tag : "",
		 at < w->nsteps ? w->steps[at].name : "(no stack)", *called ? " > " : "", called);
}

void profile_tally_places(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			  enum profile_tally_when when)
{
	const struct profile_sample *s;
	char label[LABEL_LEN];
	__u32 i;

	for (i = 0; !t->err && i < w->p->nsamples; i++) {
		s = &w->p->samples[i];
		if (s->view != view || !s->value)
			continue;
		t->sum[when] += s->value;
		if (view == PROFILE_WAKERS && s->node == PROFILE_NONE) /* no thread, or no place */
			continue;
		t->err = profile_walk_sample(w, s);
		if (t->err)
			return;
		place_label(w, s, label);
		add_self(t, intern_text(&t->labels, label), when, s->value);
	}
}

void profile_tally_tags(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			enum profile_tally_when when)
{
	const struct profile_sample *s;
	const char *tag;
	__u32 i;

	for (i = 0; !t->err && i < w->p->nsamples; i++) {
		s = &w->p->samples[i];
		tag = profile_walk_tag(w, s);
		if (s->view != view || !s->value || !tag)
			continue;
		t->sum[when] += s->value;
		add_self(t, intern_text(&t->labels, tag), when, s->value);
	}
}

/* Where the party is, for people; "" where that says nothing. */
static const char *unit_of(const struct profile_walk *w, const struct profile_sample *s,
			   enum profile_relation relation)
{
	if (relation != PROFILE_SAME_CGROUP && relation != PROFILE_OTHER_CGROUP)
		return "";
	return profile_walk_text(w, profile_unit(w->p, w->p->parties[s->tag].cgroup));
}

void profile_tally_relations(struct profile_tally *t, struct profile_walk *w,
			     enum profile_view view, enum profile_tally_when when)
{
	const struct profile_sample *s;
	enum profile_relation relation;
	char label[LABEL_LEN];
	__u32 i;

	for (i = 0; !t->err && i < w->p->nsamples; i++) {
		s = &w->p->samples[i];
		if (s->view != view || !s->value || view != PROFILE_RUN_QUEUE)
			continue;
		relation = profile_relation(w->p, s);
		snprintf(label, sizeof(label), "%s\t%s", profile_relation_name(relation),
			 unit_of(w, s, relation));
		t->sum[when] += s->value;
		add_self(t, intern_text(&t->labels, label), when, s->value);
	}
}

static void chain_label(const struct profile_walk *w, const struct profile_chain *c,
			char dst[LABEL_LEN])
{
	size_t at;
	__u32 i;

	snprintf(dst, LABEL_LEN, "%s\t", profile_walk_text(w, w->p->threads[c->thread].comm));
	for (i = 0; i < c->n; i++) {
		at = strlen(dst);
		snprintf(dst + at, LABEL_LEN - at, "%s%s < %s", i ? ": " : "",
			 profile_wait_name(c->wait_reason[i]), profile_walk_party(w, c->party[i]));
	}
}

void profile_tally_chains(struct profile_tally *t, struct profile_walk *w, enum profile_view view,
			  enum profile_tally_when when)
{
	const struct profile_chain *c;
	char label[LABEL_LEN];
	__u32 i;

	for (i = 0; !t->err && i < w->p->nchains && view == PROFILE_WAKERS; i++) {
		c = &w->p->chains[i];
		t->sum[when] += c->ns;
		if (c->n < 2 || !c->ns)
			continue;
		chain_label(w, c, label);
		add_self(t, intern_text(&t->labels, label), when, c->ns);
	}
}

/* --- Order. */

__s64 profile_tally_by_self(const struct profile_tally *t, const struct profile_tally_row *row)
{
	return row->self[PROFILE_NOW];
}

__s64 profile_tally_by_total(const struct profile_tally *t, const struct profile_tally_row *row)
{
	return row->total[PROFILE_NOW];
}

static __s64 share(__u64 part, __u64 whole)
{
	return whole ? (__s64)((double)part / (double)whole * MILLION + 0.5) : 0;
}

__s64 profile_tally_by_growth(const struct profile_tally *t, const struct profile_tally_row *row)
{
	return share(row->self[PROFILE_NOW], t->sum[PROFILE_NOW]) -
	       share(row->self[PROFILE_BEFORE], t->sum[PROFILE_BEFORE]);
}

__s64 profile_tally_by_loss(const struct profile_tally *t, const struct profile_tally_row *row)
{
	return -profile_tally_by_growth(t, row);
}

struct order {
	const struct profile_tally *tally;
	profile_tally_key key;
};

static int by_key(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	const struct profile_tally *t = order->tally;
	__u32 i = *(const __u32 *)a, j = *(const __u32 *)b;
	__s64 x = order->key(t, &t->rows[i]), y = order->key(t, &t->rows[j]);

	if (x != y)
		return x < y ? 1 : -1;
	return strcmp(intern_at(&t->labels, i), intern_at(&t->labels, j));
}

__u32 *profile_tally_order(const struct profile_tally *t, profile_tally_key key)
{
	struct order order = { .tally = t, .key = key };
	__u32 *rows = calloc((size_t)t->labels.n + 1, sizeof(*rows)), i;

	for (i = 0; rows && i < t->labels.n; i++)
		rows[i] = i;
	if (rows)
		qsort_r(rows, t->labels.n, sizeof(*rows), by_key, &order);
	return rows;
}
