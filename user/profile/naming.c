// SPDX-License-Identifier: GPL-2.0-only
/* naming.c - owns the batches: which frames are asked for in what order, and what is kept. */
#include "profile/naming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
	WINDOW = 512, /* hot frames that are sorted by module: a module's tables are made once */
	LINES_BATCH = 64,
};

int naming_init(struct naming *n, struct profile *p, struct symbolizer *symbolizer,
		symbolizer_debug_fn debug, void *ctx)
{
	*n = (struct naming){ .p = p,
			      .symbolizer = symbolizer,
			      .debug = debug,
			      .ctx = ctx,
			      .lines_ms = NAMING_LINES_MS };
	n->symbolizers = calloc(p->nmodules, sizeof(*n->symbolizers));
	return n->symbolizers ? 0 : -ENOMEM;
}

void naming_done(struct naming *n)
{
	free(n->symbolizers);
}

static void naming_keep(struct naming *n, int err)
{
	if (err && !n->err)
		n->err = err;
}

static int add_text(struct naming *n, const char *text, __u32 *ret)
{
	return profile_string(n->p, text, strlen(text), ret);
}

/* What the symbolizer says is of an address that was asked for, or it is not heard. */
static bool frame_of(const struct naming *n, __u64 address, __u32 *ret)
{
	__u32 i;

	for (i = 0; i < n->n; i++) {
		if (n->addresses[i] == address) {
			*ret = n->frames[i];
			return true;
		}
	}
	return false;
}

static void on_named(void *ctx, __u32 module, __u64 address, const struct symbolizer_line *lines,
		     __u32 count)
{
	struct naming *n = ctx;
	struct profile_line line = { 0 };
	__u32 frame;
	int err;

	if (!count || !frame_of(n, address, &frame) || n->p->frames[frame].nlines)
		return;
	err = add_text(n, lines[0].function, &line.function);
	if (!err)
		err = profile_name_frame(n->p, frame, &line, 1);
	if (!err)
		n->p->quality.names_found++;
	naming_keep(n, err);
}

/*
 * The last line is the function itself, whose name the symbol table has said already: it stays,
 * so that a function is called the same whether its lines were looked at or not.
 */
static void on_lines(void *ctx, __u32 module, __u64 address, const struct symbolizer_line *lines,
		     __u32 count)
{
	struct naming *n = ctx;
	struct profile_line named[SYMBOLIZER_LINES_MAX] = { 0 };
	const struct profile_frame *f;
	__u32 frame, i;
	int err = 0;

	if (!count || !frame_of(n, address, &frame) || n->p->frames[frame].nlines > 1)
		return;
	f = &n->p->frames[frame];
	for (i = 0; i < count && !err; i++) {
		named[i].line = lines[i].line;
		named[i].begin = lines[i].begin;
		err = add_text(n, lines[i].function, &named[i].function);
		if (!err)
			err = add_text(n, lines[i].file, &named[i].file);
	}
	if (f->nlines)
		named[count - 1].function = n->p->lines[f->line].function;
	if (!err && !named[count - 1].function) /* a line of no function: it stays unnamed */
		return;
	if (!err && !f->nlines)
		n->p->quality.names_found++;
	if (!err)
		err = profile_name_frame(n->p, frame, named, count);
	if (!err)
		n->p->quality.lines_found++;
	naming_keep(n, err);
}

static struct symbolizer_ask ask_for(struct naming *n, symbolizer_named_fn named)
{
	return (struct symbolizer_ask){ .named = named, .debug = n->debug, .ctx = n };
}

void naming_module(struct naming *n, __u32 module)
{
	const struct symbolizer_ask ask = ask_for(n, on_named);
	__u32 frames[SYMBOLIZER_NAMES_BATCH], all = n->p->nframes, i;
	__u64 addresses[SYMBOLIZER_NAMES_BATCH];
	int err = 0;

	n->addresses = addresses;
	n->frames = frames;
	n->n = 0;
	for (i = 0; i <= all && !err; i++) {
		const struct profile_frame *f = &n->p->frames[i];

		if (i < all && f->module == module && !f->nlines) {
			addresses[n->n] = f->address;
			frames[n->n++] = i;
		}
		if (n->n == SYMBOLIZER_NAMES_BATCH || (i == all && n->n)) {
			err = symbolizer__name(n->symbolizer, n->symbolizers[module], addresses,
					       n->n, &ask);
			n->n = 0;
		}
	}
}

/* --- Lines. ------------------------------------------------------------------------------ */

struct hot {
	__u64 value;
	__u32 frame, module;
	__u64 address;
};

static int by_value(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static int by_place(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;

	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* What was spent in each frame and below it; a frame that calls itself counts twice: it is hot. */
static int weigh(const struct profile *p, __u64 *values)
{
	__u64 *nodes = calloc(p->nnodes, sizeof(*nodes));
	__u32 i;

	if (!nodes)
		return -ENOMEM;
	for (i = 0; i < p->nsamples; i++)
		nodes[p->samples[i].node] += p->samples[i].value;
	for (i = p->nnodes; i-- > 1;) { /* parents come before their children */
		values[p->nodes[i].frame] += nodes[i];
		nodes[p->nodes[i].parent] += nodes[i];
	}
	free(nodes);
	return 0;
}

/* The frames of files that the symbolizer has, hottest first. 0 or -ENOMEM; *ret is malloc'ed. */
static int find_hot(const struct naming *n, struct hot **ret, __u32 *ret_n)
{
	const struct profile *p = n->p;
	__u64 *values = calloc(p->nframes, sizeof(*values));
	struct hot *hot = calloc(p->nframes, sizeof(*hot));
	int err = values && hot ? weigh(p, values) : -ENOMEM;
	__u32 i, count = 0;

	for (i = 1; i < p->nframes && !err; i++) {
		const struct profile_frame *f = &p->frames[i];

		if (f->flags & ~PROFILE_FRAME_UNNAMED || !n->symbolizers[f->module] ||
		    f->nlines > 1)
			continue;
		if (f->nlines && p->lines[f->line].file)
			continue;
		hot[count++] = (struct hot){ values[i], i, f->module, f->address };
	}
	free(values);
	if (err) {
		free(hot);
		return err;
	}
	qsort(hot, count, sizeof(*hot), by_value);
	*ret = hot;
	*ret_n = count;
	return 0;
}

/*
 * One batch of one module: how many were looked at, or -errno. It gets half of what is left: a
 * file that takes all the time that it is given leaves some for the others.
 */
static int ask_lines(struct naming *n, const struct hot *hot, __u32 count, __u64 end)
{
	const struct symbolizer_ask ask = ask_for(n, on_lines);
	__u64 addresses[LINES_BATCH], now = clock_monotonic_ms();
	__u32 frames[LINES_BATCH], looked = 0, i;
	int err;

	if (now >= end)
		return -ETIMEDOUT;
	for (i = 0; i < count; i++) {
		addresses[i] = hot[i].address;
		frames[i] = hot[i].frame;
	}
	n->addresses = addresses;
	n->frames = frames;
	n->n = count;
	err = symbolizer__lines(n->symbolizer, n->symbolizers[hot->module], addresses, count,
				(end - now + 1) / 2, &ask, &looked);
	n->p->quality.lines_looked += looked;
	return err ? err : (int)looked;
}

/* A window of hot frames by module. A module that gave nothing in its time is not asked again. */
static void ask_window(struct naming *n, struct hot *hot, __u32 count, __u64 end)
{
	__u32 i, len;
	int looked;

	qsort(hot, count, sizeof(*hot), by_place);
	for (i = 0; i < count; i += len) {
		for (len = 1; len < LINES_BATCH && i + len < count; len++)
			if (hot[i + len].module != hot[i].module)
				break;
		if (!n->symbolizers[hot[i].module])
			continue;
		looked = ask_lines(n, hot + i, len, end);
		if (looked > 0)
			len = looked;
		else if (clock_monotonic_ms() < end)
			n->symbolizers[hot[i].module] = 0;
	}
}

int naming_lines(struct naming *n)
{
	__u64 end = clock_monotonic_ms() + n->lines_ms;
	struct hot *hot = NULL;
	__u32 count = 0, i;
	int err = find_hot(n, &hot, &count);

	if (err)
		return err;
	n->p->quality.lines_wanted += count;
	for (i = 0; i < count && clock_monotonic_ms() < end; i += WINDOW)
		ask_window(n, hot + i, count - i < WINDOW ? count - i : WINDOW, end);
	free(hot);
	return n->err;
}
