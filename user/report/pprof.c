// SPDX-License-Identifier: GPL-2.0-only
/*
 * pprof.c - pprof's profile.proto: numbers refer to tables, all of it compressed.
 *
 * Owns: the fields' numbers, which value types a file has, which module is the main one.
 *
 * A frame's index is its location's id, a module's its mapping's: both are 0 for none, as the
 * format wants. Addresses are those of the module's file, so a mapping begins at 0 unless the
 * file was mapped where it was linked to be.
 */
#include "report/formats.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/gzip.h"
#include "base/intern.h"
#include "base/proto_writer.h"
#include "base/units.h"
#include "report/walk.h"

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};
enum value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum sample_field { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };
enum label_field { LABEL_KEY = 1, LABEL_STR = 2, LABEL_NUM = 3 };
enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_OFFSET = 4,
	MAPPING_FILENAME = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILENAMES = 8,
	MAPPING_HAS_LINE_NUMBERS = 9,
	MAPPING_HAS_INLINE_FRAMES = 10,
};
enum location_field {
	LOCATION_ID = 1,
	LOCATION_MAPPING_ID = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4,
};
enum line_field { LINE_FUNCTION_ID = 1, LINE_LINE = 2 };
enum function_field {
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILENAME = 4,
	FUNCTION_START_LINE = 5,
};

/* In this order. A file of one view calls its count what others call it. */
static const struct type {
	enum profile_view view;
	const char *name, *alone;
	const char *unit;
	bool count;
} types[] = {
	{ PROFILE_CPU, "cpu_samples", "samples", "count", true },
	{ PROFILE_CPU, "cpu", "cpu", "nanoseconds", false },
	{ PROFILE_OFF_CPU, "offcpu", "offcpu", "nanoseconds", false },
	{ PROFILE_RUN_QUEUE, "runq", "runq", "nanoseconds", false },
	{ PROFILE_WAKERS, "wakers", "wakers", "nanoseconds", false },
	{ PROFILE_FAULTS, "faults", "faults", "count", true },
	{ PROFILE_FAULTS, "faults_space", "space", "bytes", false },
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

static const char no_stack[] = "[no stack]"; /* what a sample without one is shown under */

struct module_use {
	__u64 limit; /* above all addresses */
	__u64 outermost; /* samples of main threads that begin in it */
	bool used, outside; /* an address is not where the module was mapped */
	bool functions, files, lines, inlined;
};

struct pprof {
	const struct profile *p;
	unsigned int views;
	struct profile_walk walk;
	struct intern strings, functions; /* a function: its name and file, two strings */
	struct buf body, message, part;
	bool *frames; /* used; one more than there are: no_stack */
	struct module_use *modules;
	uint64_t *ids; /* locations of a sample, leaf first */
	size_t ids_room;
};

static __u32 string(struct pprof *pp, const char *text)
{
	return intern_text(&pp->strings, text);
}

/* String 0 of the profile is "", and has to stay so. */
static __u32 profile_string_of(struct pprof *pp, __u32 i)
{
	return i ? string(pp, profile_walk_text(&pp->walk, i)) : 0;
}

static bool asked(const struct pprof *pp, enum profile_view view)
{
	return pp->views >> view & 1;
}

/* --- Value types. */

static void put_type(struct pprof *pp, enum profile_field field, const char *name, const char *unit)
{
	proto_u64(&pp->message, VALUE_TYPE_TYPE, string(pp, name));
	proto_u64(&pp->message, VALUE_TYPE_UNIT, string(pp, unit));
	proto_message(&pp->body, field, &pp->message);
}

static void put_types(struct pprof *pp)
{
	bool alone = !(pp->views & (pp->views - 1));
	const char *name, *shown = NULL;
	bool shown_ns = false;
	unsigned int i;

	for (i = 0; i < TYPES; i++) {
		if (!asked(pp, types[i].view))
			continue;
		name = alone ? types[i].alone : types[i].name;
		put_type(pp, PROFILE_SAMPLE_TYPE, name, types[i].unit);
		if (shown_ns)
			continue;
		shown = name;
		shown_ns = !strcmp(types[i].unit, "nanoseconds");
	}
	if (shown)
		proto_u64(&pp->body, PROFILE_DEFAULT_SAMPLE_TYPE, string(pp, shown));
}

/* --- Samples. */

static void put_label(struct pprof *pp, const char *key, const char *text, __u64 number)
{
	proto_u64(&pp->part, LABEL_KEY, string(pp, key));
	if (text)
		proto_u64(&pp->part, LABEL_STR, string(pp, text));
	proto_u64(&pp->part, LABEL_NUM, number);
	proto_message(&pp->message, SAMPLE_LABEL, &pp->part);
}

/* Where the culprit belongs. */
static void put_relation(struct pprof *pp, const struct profile_sample *s)
{
	__u32 party = s->tag < pp->p->nparties ? pp->p->parties[s->tag].cgroup : 0;
	__u32 unit = profile_unit(pp->p, party);

	put_label(pp, "culprit_relation", profile_relation_name(profile_relation(pp->p, s)), 0);
	if (*profile_text(pp->p, unit))
		put_label(pp, "culprit_unit", profile_walk_text(&pp->walk, unit), 0);
}

static void put_labels(struct pprof *pp, const struct profile_sample *s)
{
	static const char *const keys[PROFILE_VIEWS] = {
		[PROFILE_OFF_CPU] = "reason",
		[PROFILE_RUN_QUEUE] = "culprit",
		[PROFILE_WAKERS] = "waker",
	};
	const struct profile_thread *t = &pp->p->threads[s->thread];
	const char *tag = profile_walk_tag(&pp->walk, s);

	put_label(pp, "thread", profile_walk_text(&pp->walk, t->comm), 0);
	put_label(pp, "tid", NULL, t->tid);
	put_label(pp, "pid", NULL, pp->p->processes[t->process].pid);
	if (tag)
		put_label(pp, keys[s->view], tag, 0);
	if (s->view == PROFILE_RUN_QUEUE)
		put_relation(pp, s);
}

static void put_values(struct pprof *pp, const struct profile_sample *s)
{
	uint64_t values[TYPES];
	unsigned int i, n = 0;

	for (i = 0; i < TYPES; i++) {
		if (!asked(pp, types[i].view))
			continue;
		values[n] = 0;
		if (types[i].view == s->view)
			values[n] = types[i].count ? s->count : s->value;
		n++;
	}
	proto_packed_always(&pp->message, SAMPLE_VALUE, values, n);
}

static int add_id(struct pprof *pp, __u32 at, __u32 id)
{
	int err = array_grow(&pp->ids, &pp->ids_room, (size_t)at + 1, sizeof(*pp->ids), UINT32_MAX);

	if (err)
		return err;
	pp->ids[at] = id;
	pp->frames[id] = true;
	return 0;
}

/* Which module the stacks of main threads begin in tells which one is the program itself. */
static void note_outermost(struct pprof *pp, const struct profile_sample *s, __u32 frame)
{
	const struct profile_thread *t = &pp->p->threads[s->thread];

	if (t->tid == pp->p->processes[t->process].pid &&
	    !(pp->p->frames[frame].flags & PROFILE_FRAME_KERNEL))
		pp->modules[pp->p->frames[frame].module].outermost += s->count;
}

static int put_sample(struct pprof *pp, const struct profile_sample *s)
{
	__u32 node, n = 0;
	int err = 0;

	for (node = s->node; node && !err; node = pp->p->nodes[node].parent)
		err = add_id(pp, n++, pp->p->nodes[node].frame);
	if (!n)
		err = add_id(pp, n++, pp->p->nframes);
	else if (!err)
		note_outermost(pp, s, pp->ids[n - 1]);
	if (err)
		return err;
	proto_packed_always(&pp->message, SAMPLE_LOCATION_ID, pp->ids, n);
	put_values(pp, s);
	put_labels(pp, s);
	proto_message(&pp->body, PROFILE_SAMPLE, &pp->message);
	return 0;
}

static int put_samples(struct pprof *pp)
{
	const struct profile_sample *s = pp->p->samples, *end = s + pp->p->nsamples;
	int err = 0;

	for (; !err && s < end; s++)
		if (asked(pp, s->view) && (s->value || s->count))
			err = put_sample(pp, s);
	return err;
}

/* --- Locations and what they refer to. */

static void put_line(struct pprof *pp, const char *name, __u32 file, __u32 line, __u32 begin)
{
	const __u32 key[2] = { string(pp, name), file };
	__u32 known = pp->functions.n;
	__u32 function = intern_bytes(&pp->functions, key, sizeof(key));

	proto_u64(&pp->part, LINE_FUNCTION_ID, (__u64)function + 1);
	proto_u64(&pp->part, LINE_LINE, line);
	proto_message(&pp->message, LOCATION_LINE, &pp->part);
	if (function < known)
		return;
	proto_u64(&pp->part, FUNCTION_ID, (__u64)function + 1);
	proto_u64(&pp->part, FUNCTION_NAME, key[0]);
	proto_u64(&pp->part, FUNCTION_SYSTEM_NAME, key[0]);
	proto_u64(&pp->part, FUNCTION_FILENAME, file);
	proto_u64(&pp->part, FUNCTION_START_LINE, begin);
	proto_message(&pp->body, PROFILE_FUNCTION, &pp->part);
}

static void use_module(struct pprof *pp, const struct profile_frame *f)
{
	const struct profile_module *m = &pp->p->modules[f->module];
	struct module_use *use = &pp->modules[f->module];
	__u32 i;

	use->used = true;
	use->outside |= f->address < m->begin || f->address >= m->end;
	if (f->address >= use->limit)
		use->limit = f->address == UINT64_MAX ? UINT64_MAX : f->address + 1;
	use->inlined |= f->nlines > 1;
	for (i = 0; i < f->nlines; i++) {
		use->functions = true;
		use->files |= pp->p->lines[f->line + i].file != 0;
		use->lines |= pp->p->lines[f->line + i].line != 0;
	}
}

static void put_location(struct pprof *pp, __u32 frame)
{
	const struct profile_frame *f = &pp->p->frames[frame];
	bool note = f->flags & PROFILE_FRAME_NOTE;
	const struct profile_line *line;
	__u32 i;

	proto_u64(&pp->message, LOCATION_ID, frame);
	proto_u64(&pp->message, LOCATION_MAPPING_ID, f->module);
	/* A note's address is none. */
	proto_u64(&pp->message, LOCATION_ADDRESS, note ? 0 : f->address);
	for (i = 0; i < f->nlines; i++) {
		line = &pp->p->lines[f->line + i];
		put_line(pp, profile_walk_name(&pp->walk, frame, i),
			 profile_string_of(pp, line->file), line->line, line->begin);
	}
	if (!f->nlines)
		put_line(pp, profile_walk_name(&pp->walk, frame, 0), 0, 0, 0);
	proto_message(&pp->body, PROFILE_LOCATION, &pp->message);
	if (f->module)
		use_module(pp, f);
}

static void put_locations(struct pprof *pp)
{
	__u32 i;

	for (i = 1; i < pp->p->nframes; i++)
		if (pp->frames[i])
			put_location(pp, i);
	if (!pp->frames[pp->p->nframes])
		return;
	proto_u64(&pp->message, LOCATION_ID, pp->p->nframes);
	put_line(pp, no_stack, 0, 0, 0);
	proto_message(&pp->body, PROFILE_LOCATION, &pp->message);
}

static void put_mapping(struct pprof *pp, __u32 module)
{
	const struct profile_module *m = &pp->p->modules[module];
	const struct module_use *use = &pp->modules[module];

	proto_u64(&pp->message, MAPPING_ID, module);
	proto_u64(&pp->message, MAPPING_START, use->outside ? 0 : m->begin);
	proto_u64(&pp->message, MAPPING_LIMIT, use->outside ? use->limit : m->end);
	proto_u64(&pp->message, MAPPING_OFFSET, use->outside ? 0 : m->offset);
	proto_u64(&pp->message, MAPPING_FILENAME, profile_string_of(pp, m->path));
	proto_u64(&pp->message, MAPPING_BUILD_ID, profile_string_of(pp, m->build_id));
	proto_u64(&pp->message, MAPPING_HAS_FUNCTIONS, use->functions);
	proto_u64(&pp->message, MAPPING_HAS_FILENAMES, use->files);
	proto_u64(&pp->message, MAPPING_HAS_LINE_NUMBERS, use->lines);
	proto_u64(&pp->message, MAPPING_HAS_INLINE_FRAMES, use->inlined);
	proto_message(&pp->body, PROFILE_MAPPING, &pp->message);
}

/* Readers take the first mapping for the program. */
static void put_mappings(struct pprof *pp)
{
	__u32 i, main = 0;

	for (i = 1; i < pp->p->nmodules; i++)
		if (pp->modules[i].used &&
		    (!main || pp->modules[i].outermost > pp->modules[main].outermost))
			main = i;
	if (main)
		put_mapping(pp, main);
	for (i = 1; i < pp->p->nmodules; i++)
		if (pp->modules[i].used && i != main)
			put_mapping(pp, i);
}

/* --- The whole. */

static void put_about(struct pprof *pp)
{
	const struct profile_about *about = &pp->p->about;

	proto_u64(&pp->body, PROFILE_TIME_NANOS, about->begin_wall_ns);
	proto_u64(&pp->body, PROFILE_DURATION_NANOS, about->duration_ns);
	if (asked(pp, PROFILE_CPU) && about->hz) {
		put_type(pp, PROFILE_PERIOD_TYPE, "cpu", "nanoseconds");
		proto_u64(&pp->body, PROFILE_PERIOD, NS_PER_S / about->hz);
	}
	proto_u64(&pp->body, PROFILE_COMMENT, profile_string_of(pp, about->command));
}

/* Last: now no string will be added. */
static void put_strings(struct pprof *pp)
{
	__u32 i;

	for (i = 0; i < pp->strings.n; i++)
		proto_bytes_always(&pp->body, PROFILE_STRING_TABLE, intern_at(&pp->strings, i),
				   intern_len(&pp->strings, i));
}

static int pprof_init(struct pprof *pp, const struct profile *p, size_t max)
{
	int err = profile_walk_init(&pp->walk, p);

	/* Compression makes it several times smaller. */
	max = max < SIZE_MAX / 8 ? max * 8 : max;
	pp->p = p;
	intern_init(&pp->strings, max);
	intern_init(&pp->functions, max);
	buf_init(&pp->body, max);
	buf_init(&pp->message, max);
	buf_init(&pp->part, max);
	pp->frames = calloc((size_t)p->nframes + 1, sizeof(*pp->frames));
	pp->modules = calloc((size_t)p->nmodules + 1, sizeof(*pp->modules));
	if (!err && (!pp->frames || !pp->modules))
		err = -ENOMEM;
	string(pp, "");
	return err;
}

static void pprof_done(struct pprof *pp)
{
	profile_walk_done(&pp->walk);
	intern_done(&pp->strings);
	intern_done(&pp->functions);
	buf_done(&pp->body);
	buf_done(&pp->message);
	buf_done(&pp->part);
	free(pp->frames);
	free(pp->modules);
	free(pp->ids);
}

static int pprof_make(struct pprof *pp)
{
	int err;

	put_types(pp);
	err = put_samples(pp);
	if (err)
		return err;
	put_locations(pp);
	put_mappings(pp);
	put_about(pp);
	put_strings(pp);
	if (pp->strings.bytes.err)
		return pp->strings.bytes.err;
	return pp->functions.bytes.err ? pp->functions.bytes.err : pp->body.err;
}

void profile_pprof_encode(struct buf *out, const struct profile *p, unsigned int views)
{
	struct pprof pp = { .views = views & ((1 << PROFILE_VIEWS) - 1) };
	int err = pprof_init(&pp, p, out->max);

	if (!err)
		err = pprof_make(&pp);
	if (!err)
		err = gzip_encode(out, pp.body.data, pp.body.len);
	if (err && !out->err)
		out->err = err;
	pprof_done(&pp);
}
