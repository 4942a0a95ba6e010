// SPDX-License-Identifier: GPL-2.0-only
/* profile_stacks.c - owns the joining of names and the merging of what has the same ones. */
#include "export/profile_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/profile_walk.h"

enum { STACKS_TEXT_MAX = 1 << 30 };

/* ';' separates, and a line ends: a name keeps neither. */
static void add_name(struct buf *out, const char *name, const char *suffix)
{
	size_t from = out->len;

	buf_str(out, name);
	for (; from < out->len; from++)
		if (out->data[from] == ';' || out->data[from] == '\n')
			out->data[from] = ':';
	buf_str(out, suffix);
}

static const char *suffix_of(const struct profile *p, const struct profile_step *step)
{
	if (p->frames[step->frame].flags & PROFILE_FRAME_KERNEL)
		return "_[k]";
	if (p->frames[step->frame].flags & PROFILE_FRAME_JIT)
		return "_[j]";
	return profile_step_inlined(p, step) ? "_[i]" : "";
}

static void add_stack(struct buf *out, const struct profile *p, const struct profile_sample *s)
{
	static __thread struct profile_step steps[PROFILE_STEPS_MAX];
	const struct profile_thread *t = &p->threads[s->thread];
	char name[PROFILE_STEP_NAME];
	size_t n, i;

	add_name(out, profile_clean(p, p->processes[t->process].comm, name, sizeof(name)), "");
	profile_lead(p, s, name, sizeof(name));
	if (name[0]) {
		buf_char(out, ';');
		add_name(out, name, "");
	}
	n = profile_steps(p, s->node, steps, PROFILE_STEPS_MAX);
	for (i = 0; i < n; i++) {
		buf_char(out, ';');
		add_name(out, profile_step_name(p, &steps[i], name, sizeof(name)),
			 suffix_of(p, &steps[i]));
	}
	buf_char(out, '\0');
}

static int by_text(const void *a, const void *b)
{
	const struct profile_stack_line *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static void merge(struct profile_stacks *s)
{
	size_t i, kept = 0;

	if (s->n)
		qsort(s->lines, s->n, sizeof(*s->lines), by_text);
	for (i = 0; i < s->n; i++) {
		if (kept && !strcmp(s->lines[kept - 1].text, s->lines[i].text))
			s->lines[kept - 1].value += s->lines[i].value;
		else
			s->lines[kept++] = s->lines[i];
	}
	s->n = kept;
}

int profile_stacks_make(struct profile_stacks *s, const struct profile *p, enum profile_view view)
{
	size_t i, at;

	memset(s, 0, sizeof(*s));
	buf_init(&s->text, STACKS_TEXT_MAX);
	s->lines = calloc(p->nsamples + 1, sizeof(*s->lines));
	if (!s->lines)
		return -ENOMEM;
	for (i = 0; i < p->nsamples; i++) {
		if (p->samples[i].view != view || !p->samples[i].value)
			continue;
		/* Places for now: the text moves as it grows. */
		s->lines[s->n].text = (const char *)s->text.len;
		s->lines[s->n++].value = p->samples[i].value;
		s->total += p->samples[i].value;
		add_stack(&s->text, p, &p->samples[i]);
	}
	if (s->text.err)
		return s->text.err;
	for (i = 0; i < s->n; i++) {
		at = (size_t)s->lines[i].text;
		s->lines[i].text = s->text.data + at;
	}
	merge(s);
	return 0;
}

void profile_stacks_done(struct profile_stacks *s)
{
	buf_done(&s->text);
	free(s->lines);
}
