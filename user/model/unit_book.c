// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit_book.c - owns the cgroups' totals as they were, and the sums by unit.
 *
 * A cgroup's figures are hierarchical: what a cgroup of another unit within it has is taken off. Of
 * one that is seen first its totals are the past, unless its number is higher than all that were
 * seen before: then it is new, and all that it has accrued since.
 */
#include "model/unit_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { NO_SOURCE = -1 };

struct unit_source {
	const char *path;
	size_t len;
	struct cgroup_unit own; /* of which what is within it was taken off */
	const struct cgroup_unit *raw;
	struct unit_entry *unit; /* NULL: not remembered */
	long outer; /* the source that this one is within, or NO_SOURCE */
};

struct unit_known {
	__u64 tree, top, seen_ns;
	struct cgroup_unit last;
};

void unit_book_done(struct unit_book *book)
{
	free(book->sources);
	free(book->known);
	*book = (struct unit_book){ 0 };
}

/* --- The cgroups of this snapshot. */

static int stat_by_id(const void *a, const void *b)
{
	const struct cgroup_stat *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* As if the slash came before all other bytes: what is within a cgroup follows it at once. */
static int source_by_path(const void *a, const void *b)
{
	const struct unit_source *x = a, *y = b;
	size_t i, n = x->len < y->len ? x->len : y->len;

	for (i = 0; i < n && x->path[i] == y->path[i]; i++)
		;
	if (i == n)
		return (x->len > y->len) - (x->len < y->len);
	if (x->path[i] == '/' || y->path[i] == '/')
		return x->path[i] == '/' ? -1 : 1;
	return (unsigned char)x->path[i] - (unsigned char)y->path[i];
}

static bool source_has(const struct unit_source *outer, const struct unit_source *inner)
{
	return inner->len > outer->len && inner->path[outer->len] == '/' &&
	       !memcmp(inner->path, outer->path, outer->len);
}

static size_t find_sources(struct unit_book *book, const struct names *names,
			   const struct snapshot *snapshot)
{
	size_t i, n = 0;

	if (array_grow(&book->sources, &book->sources_cap, snapshot->ncgroup_stats + 1,
		       sizeof(*book->sources), SIZE_MAX))
		return 0;
	for (i = 0; i < snapshot->ncgroups && n < snapshot->ncgroup_stats; i++) {
		const struct cgroup_name *name = &snapshot->cgroups[i];
		const struct cgroup_stat key = { .id = name->id }, *stat;
		const struct cgroup_entry *cgroup = names_cgroup(names, name->id);

		stat = bsearch(&key, snapshot->cgroup_stats, snapshot->ncgroup_stats, sizeof(key),
			       stat_by_id);
		if (!stat || !stat->unit.has || stat->unit.path_len > strlen(name->path))
			continue;
		book->sources[n++] = (struct unit_source){
			.path = name->path,
			.len = stat->unit.path_len,
			.raw = &stat->unit,
			.own = stat->unit,
			.unit = cgroup ? units_find(names, cgroup->unit) : NULL,
			.outer = NO_SOURCE,
		};
	}
	return n;
}

static void take_off(__u64 *from, __u64 part)
{
	*from -= part < *from ? part : *from;
}

/* Both were read one after the other, not at once: it never goes below 0. */
static void take_inner_off(struct cgroup_unit *own, const struct cgroup_unit *inner)
{
	int i;

	for (i = 0; i < UNIT_MEMORY_KINDS; i++)
		take_off(&own->memory[i], inner->memory[i]);
	take_off(&own->memory_charged, inner->memory_charged);
	take_off(&own->memory_inactive, inner->memory_inactive);
	take_off(&own->tasks, inner->tasks);
}

static void nest_sources(struct unit_book *book, size_t n)
{
	size_t i;
	long outer;

	if (n)
		qsort(book->sources, n, sizeof(*book->sources), source_by_path);
	for (i = 1; i < n; i++) {
		outer = (long)i - 1;
		while (outer != NO_SOURCE && !source_has(&book->sources[outer], &book->sources[i]))
			outer = book->sources[outer].outer;
		book->sources[i].outer = outer;
		if (outer != NO_SOURCE)
			take_inner_off(&book->sources[outer].own, book->sources[i].raw);
	}
}

/* --- What is new of a cgroup's totals. */

static int known_by_number(const void *a, const void *b)
{
	const struct unit_known *x = a, *y = b;

	if (x->tree != y->tree)
		return x->tree > y->tree ? 1 : -1;
	return (x->top > y->top) - (x->top < y->top);
}

static struct unit_known *known_find(struct unit_book *book, size_t n,
				     const struct cgroup_unit *raw)
{
	const struct unit_known key = { .tree = raw->tree, .top = raw->top };

	return n ? bsearch(&key, book->known, n, sizeof(key), known_by_number) : NULL;
}

/* The totals that grow: words of struct cgroup_unit. */
#define FIRST_TOTAL (offsetof(struct cgroup_unit, periods) / sizeof(__u64))
#define ALL_WORDS (sizeof(struct cgroup_unit) / sizeof(__u64))
#define FIRST_COUNTER (offsetof(struct unit_figures, periods) / sizeof(__u64))
_Static_assert(offsetof(struct unit_figures, oom_kills) / sizeof(__u64) - FIRST_COUNTER ==
		       ALL_WORDS - FIRST_TOTAL,
	       "counters stand in the order of the totals");

/* known: as it was before; NULL: it is new. Pressure is in the outermost of a unit already. */
static void credit_totals(struct unit_figures *figures, struct unit_known *known,
			  const struct cgroup_unit *now, bool is_new, bool within)
{
	const __u64 *words = (const __u64 *)now;
	__u64 *last = (__u64 *)&known->last, *counters = (__u64 *)figures + FIRST_COUNTER;
	size_t pressure = offsetof(struct cgroup_unit, pressure_ns) / sizeof(__u64), i;

	for (i = FIRST_TOTAL; i < ALL_WORDS; i++) {
		if (!(now->has >> i & 1))
			continue;
		if (figures && (is_new || known->last.has >> i & 1) && words[i] > last[i] &&
		    !(within && i >= pressure))
			counters[i - FIRST_TOTAL] += words[i] - last[i];
		if (figures)
			figures->has |= 1ULL << (FIRST_COUNTER + i - FIRST_TOTAL);
		known->last.has |= 1ULL << i;
		last[i] = words[i];
	}
}

/* Within one of the same unit, whatever lies between. */
static bool source_within_itself(const struct unit_book *book, const struct unit_source *source)
{
	long at = source->outer;

	while (at != NO_SOURCE && book->sources[at].unit != source->unit)
		at = book->sources[at].outer;
	return at != NO_SOURCE;
}

static void credit_source(struct unit_book *book, const struct unit_source *source, size_t n,
			  __u64 now_ns)
{
	const struct cgroup_unit *raw = source->raw;
	struct unit_known *known = known_find(book, n, raw), fresh;
	bool is_new = book->began && raw->tree < CGROUP_TREES && raw->top > book->newest[raw->tree];

	if (!known) {
		fresh = (struct unit_known){ .tree = raw->tree, .top = raw->top };
		known = &fresh;
	} else {
		is_new = false;
	}
	known->seen_ns = now_ns;
	credit_totals(source->unit ? &source->unit->figures : NULL, known, raw, is_new,
		      source_within_itself(book, source));
	if (known == &fresh &&
	    !array_grow(&book->known, &book->known_cap, book->nknown + 1, sizeof(*known), SIZE_MAX))
		book->known[book->nknown++] = fresh;
}

/* A cgroup without processes is not read: it may come back. */
static void known_sweep(struct unit_book *book, __u64 now_ns, __u64 forget_ns)
{
	size_t i, kept = 0;

	for (i = 0; i < book->nknown; i++)
		if (now_ns - book->known[i].seen_ns < forget_ns)
			book->known[kept++] = book->known[i];
	book->nknown = kept;
}

static void credit_sources(struct unit_book *book, size_t n, __u64 now_ns, __u64 forget_ns)
{
	size_t before = book->nknown, i;

	for (i = 0; i < n; i++)
		credit_source(book, &book->sources[i], before, now_ns);
	for (i = 0; i < n; i++) {
		const struct cgroup_unit *raw = book->sources[i].raw;

		if (raw->tree < CGROUP_TREES && book->newest[raw->tree] < raw->top)
			book->newest[raw->tree] = raw->top;
	}
	if (book->nknown > before)
		qsort(book->known, book->nknown, sizeof(*book->known), known_by_number);
	known_sweep(book, now_ns, forget_ns);
	book->began = true;
}

/* --- Gauges. */

static void empty_gauges(const struct names *names)
{
	__u32 i;
	size_t w;

	for (i = 0; i < names->nunits; i++) {
		__u64 *words = (__u64 *)&names->units[i]->figures;

		for (w = 1; w < FIRST_COUNTER; w++)
			words[w] = 0;
		words[0] &= ~0ULL << FIRST_COUNTER;
		words[0] |= UNIT_FIGURES_BIT(oom_kills);
		names->units[i]->unlimited_memory = names->units[i]->unlimited_tasks = false;
	}
}

#define ADD(figures, member, from)                                  \
	do {                                                        \
		if ((from)->has & CGROUP_UNIT_BIT(member)) {        \
			(figures)->member += (from)->member;        \
			(figures)->has |= UNIT_FIGURES_BIT(member); \
		}                                                   \
	} while (0)

static void add_gauges(struct unit_figures *f, const struct cgroup_unit *own)
{
	__u64 working;
	int i;

	for (i = 0; i < UNIT_MEMORY_KINDS; i++) {
		if (!(own->has & CGROUP_UNIT_BIT(memory) << i))
			continue;
		f->memory[i] += own->memory[i];
		f->has |= UNIT_FIGURES_BIT(memory) << i;
	}
	ADD(f, memory_charged, own);
	ADD(f, tasks, own);
	if (!(own->has & CGROUP_UNIT_BIT(memory_charged)) ||
	    !(own->has & CGROUP_UNIT_BIT(memory_inactive)))
		return;
	working = own->memory_charged;
	take_off(&working, own->memory_inactive);
	f->memory_working += working;
	f->has |= UNIT_FIGURES_BIT(memory_working);
}

static void add_limits(struct unit_entry *unit, const struct cgroup_unit *raw)
{
	unit->unlimited_memory |= !(raw->has & CGROUP_UNIT_BIT(memory_limit));
	unit->unlimited_tasks |= !(raw->has & CGROUP_UNIT_BIT(tasks_limit));
	ADD(&unit->figures, memory_limit, raw);
	ADD(&unit->figures, tasks_limit, raw);
}

static void add_sources(struct unit_book *book, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct unit_source *source = &book->sources[i];

		if (!source->unit)
			continue;
		add_gauges(&source->unit->figures, &source->own);
		if (!source_within_itself(book, source))
			add_limits(source->unit, source->raw);
	}
}

/* What has no limit in one of its cgroups has none; what never had a quota is not throttled. */
static void drop_what_is_none(const struct names *names)
{
	const __u64 throttling = UNIT_FIGURES_BIT(periods) | UNIT_FIGURES_BIT(throttled_periods) |
				 UNIT_FIGURES_BIT(throttled_ns);
	__u32 i;

	for (i = 0; i < names->nunits; i++) {
		struct unit_entry *unit = names->units[i];

		if (unit->unlimited_memory)
			unit->figures.has &= ~UNIT_FIGURES_BIT(memory_limit);
		if (unit->unlimited_tasks)
			unit->figures.has &= ~UNIT_FIGURES_BIT(tasks_limit);
		if (!unit->figures.periods)
			unit->figures.has &= ~throttling;
	}
}

static void add_oom_kills(const struct groups *groups)
{
	__u32 i;

	for (i = 0; i < groups->n; i++)
		if (groups->all[i]->unit)
			groups->all[i]->unit->figures.oom_kills +=
				groups->all[i]->now.inc.oom_kills;
}

void unit_book_apply(struct unit_book *book, const struct groups *groups,
		     const struct snapshot *snapshot, __u64 now_ns, __u64 forget_ns)
{
	const struct names *names = groups->names;
	size_t n;

	if (!names_have_key(names, KEY_UNIT))
		return;
	n = find_sources(book, names, snapshot);
	nest_sources(book, n);
	empty_gauges(names);
	add_sources(book, n);
	credit_sources(book, n, now_ns, forget_ns);
	drop_what_is_none(names);
	add_oom_kills(groups);
}
