// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_data.c - what the page's script draws from, as JSON.
 *
 * Owns: that document, which nobody else reads: page.js is its only other side. Flat
 * arrays, because a page may hold many thousands of boxes. All numbers are integers that a
 * script's numbers hold exactly: a session of 60 s with 16384 threads has sums under 2^50 ns.
 */
#include "report/html.h"

#include <string.h>

#include "base/json_writer.h"
#include "base/text.h"

static void name_of(struct json *j, const char *raw)
{
	char text[FLAME_TEXT];

	text_sanitise(text, sizeof(text), raw, strlen(raw));
	json_text(j, NULL, text);
}

static void names(struct json *j, const struct flame *f)
{
	__u32 i;

	json_open(j, "names", '[');
	for (i = 0; i < f->nnames; i++)
		json_text(j, NULL, f->texts.data + f->names[i].text);
	json_close(j, ']');
	json_open(j, "kinds", '[');
	for (i = 0; i < f->nnames; i++)
		json_u64(j, NULL, f->names[i].kind);
	json_close(j, ']');
}

/* Of each name two numbers: 1 + the file in which it begins, and the line; 0 where unknown. */
static void places(struct json *j, const struct flame *f)
{
	__u32 i;

	json_open(j, "files", '[');
	for (i = 0; i < f->nfiles; i++)
		json_text(j, NULL, f->texts.data + f->files[i]);
	json_close(j, ']');
	json_open(j, "places", '[');
	for (i = 0; i < f->nnames && f->nfiles; i++) {
		json_u64(j, NULL, f->names[i].file);
		json_u64(j, NULL, f->names[i].line);
	}
	json_close(j, ']');
}

/* A box is two numbers: how many boxes before it its parent stands, and its name. */
static void boxes(struct json *j, const struct flame *f)
{
	__u32 i;

	json_open(j, "boxes", '[');
	for (i = 0; i < f->nboxes; i++) {
		json_u64(j, NULL, i - f->boxes[i].parent);
		json_u64(j, NULL, f->boxes[i].name);
	}
	json_close(j, ']');
}

static void words(struct json *j)
{
	int i;

	json_open(j, "views", '[');
	for (i = 0; i < PROFILE_VIEWS; i++)
		json_text(j, NULL, profile_view_name(i));
	json_close(j, ']');
	json_open(j, "kindNames", '[');
	for (i = 0; i < FLAME_KINDS; i++)
		json_text(j, NULL, flame_kind_name(i));
	json_close(j, ']');
}

/* Four elements each; names, not indexes: a thread of another profile is found by them. */
static void threads(struct json *j, const struct profile *p)
{
	const struct profile_process *process;
	__u32 i;

	json_open(j, "threads", '[');
	for (i = 0; i < p->nthreads; i++) {
		process = &p->processes[p->threads[i].process];
		name_of(j, profile_text(p, process->comm));
		json_u64(j, NULL, process->pid);
		name_of(j, profile_text(p, p->threads[i].comm));
		json_u64(j, NULL, p->threads[i].tid);
	}
	json_close(j, ']');
}

/* Four numbers each: the box where it ends, its thread, its value, its count. */
static void samples(struct json *j, const struct profile *p, const __u32 *at)
{
	__u32 i;

	json_open(j, "samples", '[');
	for (i = 0; i < p->nsamples; i++) {
		json_u64(j, NULL, at[i]);
		json_u64(j, NULL, p->samples[i].thread);
		json_u64(j, NULL, p->samples[i].value);
		json_u64(j, NULL, p->samples[i].count);
	}
	json_close(j, ']');
}

void html_data(struct buf *out, const struct flame *f, const struct profile *p,
	       const struct profile *other)
{
	struct buf text;
	struct json j = { .out = &text };

	buf_init(&text, out->max);
	json_open(&j, NULL, '{');
	words(&j);
	names(&j, f);
	places(&j, f);
	boxes(&j, f);
	threads(&j, p);
	samples(&j, p, f->at);
	if (other) {
		json_open(&j, "other", '{');
		threads(&j, other);
		samples(&j, other, f->at_other);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	if (text.err)
		out->err = out->err ? out->err : text.err;
	else
		html_json(out, text.data, text.len);
	buf_done(&text);
}
