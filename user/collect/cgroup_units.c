// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup_units.c - owns which cgroups are units' (by the caller's rule, asked once a path), and
 * whose turn it is.
 *
 * A unit that no process of the snapshot is in keeps no file open. One in which nobody ran or
 * waited since it was read last is as it was, but for what others take from it: it is read now and
 * then. Most units of most hosts are idle most of the time.
 */
#include "collect/cgroup_units.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/units.h"
#include "collect/cgroup_files.h"

enum { READS_MAX = 640 /* files a snapshot */ };

#define IDLE_NS (15 * NS_PER_S) /* so old an idle unit's figures may be */

/* A cgroup that is a unit, or the highest of it. */
struct unit_cgroup {
	char *path;
	size_t len;
	__u64 used; /* number of the snapshot that had processes in it last */
	__u64 member; /* the lowest id of those that this snapshot has of it */
	__u64 read_ns; /* 0: never */
	bool active; /* since then */
	struct cgroup_open open;
	struct cgroup_unit figures;
};

/* Which unit a cgroup is in: place in units. */
struct member {
	__u64 id;
	const char *path; /* as it was looked up; never followed */
	__u32 unit;
};

struct cgroup_units {
	struct cgroup_reader reader;
	__u64 snapshot;
	struct unit_cgroup *units;
	size_t nunits, units_cap;
	struct hash by_path;
	struct member *members;
	size_t nmembers, members_cap;
	struct hash by_id;
	size_t next; /* where reading goes on: nobody waits forever behind others */
	struct cgroup_stat *out;
	size_t out_cap;
};

struct cgroup_units *cgroup_units__new(const struct cgroup_units_config *config)
{
	struct cgroup_units *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	cgroup_reader_init(&u->reader, config);
	hash_init(&u->by_path);
	hash_init(&u->by_id);
	return u;
}

static void units_forget(struct cgroup_units *u)
{
	size_t i;

	for (i = 0; i < u->nunits; i++) {
		cgroup_open_done(&u->reader, &u->units[i].open);
		free(u->units[i].path);
	}
	u->nunits = u->nmembers = 0;
	hash_done(&u->by_path);
	hash_done(&u->by_id);
}

void cgroup_units__free(struct cgroup_units *u)
{
	if (!u)
		return;
	units_forget(u);
	free(u->units);
	free(u->members);
	free(u->out);
	free(u);
}

/* --- Who is in use. */

static __u32 id_sum(__u64 id)
{
	return hash_bytes(&id, sizeof(id), 0);
}

static __u32 unit_find_or_add(struct cgroup_units *u, const char *path, size_t len)
{
	__u32 sum = hash_bytes(path, len, 0), at, i;
	struct unit_cgroup *unit;
	char *copy;

	for (i = hash_first(&u->by_path, sum, &at); i != HASH_NONE;
	     i = hash_next(&u->by_path, sum, &at))
		if (u->units[i].len == len && !memcmp(u->units[i].path, path, len))
			return i;
	if (hash_reserve(&u->by_path, u->nunits + 1) ||
	    array_grow(&u->units, &u->units_cap, u->nunits + 1, sizeof(*u->units), SIZE_MAX))
		return HASH_NONE;
	copy = strndup(path, len);
	if (!copy)
		return HASH_NONE;
	unit = &u->units[u->nunits];
	*unit = (struct unit_cgroup){ .path = copy, .len = len };
	cgroup_open_init(&unit->open);
	hash_add(&u->by_path, sum, u->nunits);
	return u->nunits++;
}

static struct member *member_find(struct cgroup_units *u, __u64 id)
{
	__u32 sum = id_sum(id), at, i;

	for (i = hash_first(&u->by_id, sum, &at); i != HASH_NONE;
	     i = hash_next(&u->by_id, sum, &at))
		if (u->members[i].id == id)
			return &u->members[i];
	return NULL;
}

static struct member *member_find_or_add(struct cgroup_units *u, __u64 id)
{
	struct member *m = member_find(u, id);

	if (m)
		return m;
	if (hash_reserve(&u->by_id, u->nmembers + 1) ||
	    array_grow(&u->members, &u->members_cap, u->nmembers + 1, sizeof(*m), SIZE_MAX))
		return NULL;
	m = &u->members[u->nmembers];
	*m = (struct member){ .id = id, .unit = HASH_NONE };
	hash_add(&u->by_id, id_sum(id), u->nmembers++);
	return m;
}

/* The root is the host, which has figures of its own. */
static void use_member(struct cgroup_units *u, const struct cgroup_name *cgroup)
{
	struct member *m = member_find_or_add(u, cgroup->id);
	struct unit_cgroup *unit;
	size_t len;

	if (!m || !strcmp(cgroup->path, "/"))
		return;
	if (m->unit == HASH_NONE || m->path != cgroup->path) {
		len = u->reader.config.top(cgroup->path);
		m->path = cgroup->path;
		m->unit = len > 1 ? unit_find_or_add(u, cgroup->path, len) : HASH_NONE;
		if (m->unit != HASH_NONE) /* perhaps another one has the path by now */
			u->units[m->unit].active = true;
	}
	if (m->unit == HASH_NONE)
		return;
	unit = &u->units[m->unit];
	if (unit->used != u->snapshot || cgroup->id < unit->member)
		unit->member = cgroup->id;
	unit->used = u->snapshot;
}

static void units_use(struct cgroup_units *u, const struct cgroup_name *cgroups, size_t n)
{
	size_t i;

	u->snapshot++;
	/* No more is remembered than twice what is in use. It is cheap to find anew, but opens. */
	if (u->nmembers > 2 * n + 64)
		units_forget(u);
	for (i = 0; i < n; i++)
		use_member(u, &cgroups[i]);
}

void cgroup_units__active(struct cgroup_units *u, __u64 id, const struct vigie_usage *inc)
{
	const struct member *m;

	if (!(inc->user_ns | inc->system_ns | inc->wait_ns | inc->off_ns[VIGIE_OFF_DISK] |
	      inc->off_ns[VIGIE_OFF_MEMORY] | inc->off_ns[VIGIE_OFF_UNINTERRUPTIBLE]))
		return;
	m = member_find(u, id);
	if (m && m->unit != HASH_NONE)
		u->units[m->unit].active = true;
}

/* --- Reading. */

static void unit_read(struct cgroup_units *u, struct unit_cgroup *unit, __u64 now_ns)
{
	if (unit->read_ns && !unit->active && now_ns - unit->read_ns < IDLE_NS)
		return;
	unit->figures.path_len = unit->len;
	cgroup_open_read(&u->reader, &unit->open, unit->path, now_ns, &unit->figures);
	unit->read_ns = now_ns;
	unit->active = false;
}

static void unit_leave(struct cgroup_units *u, struct unit_cgroup *unit)
{
	if (!unit->read_ns)
		return;
	cgroup_open_done(&u->reader, &unit->open);
	memset(&unit->figures, 0, sizeof(unit->figures));
	unit->read_ns = 0;
}

/* All of them the first time: what is seen later is new, or else its totals are the past. */
static void units_read(struct cgroup_units *u, __u64 now_ns)
{
	unsigned int reads_max = u->snapshot > 1 ? READS_MAX : UINT_MAX;
	struct unit_cgroup *unit;
	size_t i, at = 0;

	u->reader.reads = 0;
	for (i = 0; i < u->nunits && u->reader.reads < reads_max; i++) {
		at = (u->next + i) % u->nunits;
		unit = &u->units[at];
		if (unit->used == u->snapshot)
			unit_read(u, unit, now_ns);
		else
			unit_leave(u, unit);
	}
	u->next = i < u->nunits ? at + 1 : 0;
}

static int by_id(const void *a, const void *b)
{
	const struct cgroup_stat *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Into the element of its member among the first n, or behind them all. */
static size_t put_unit(struct cgroup_units *u, const struct unit_cgroup *unit, size_t n,
		       size_t used)
{
	struct cgroup_stat key = { .id = unit->member }, *stat;

	stat = n ? bsearch(&key, u->out, n, sizeof(key), by_id) : NULL;
	if (!stat) {
		stat = &u->out[used++];
		*stat = key;
	}
	stat->unit = unit->figures;
	return used;
}

const struct cgroup_stat *cgroup_units__read(struct cgroup_units *u,
					     const struct cgroup_name *cgroups, size_t n,
					     const struct cgroup_stat *stats, size_t nstats,
					     __u64 now_ns, size_t *ret_n)
{
	size_t i, used = nstats;

	*ret_n = nstats;
	if (!u->reader.config.top)
		return stats;
	units_use(u, cgroups, n);
	units_read(u, now_ns);
	if (array_grow(&u->out, &u->out_cap, nstats + u->nunits + 1, sizeof(*u->out), SIZE_MAX))
		return stats;
	if (nstats)
		memcpy(u->out, stats, nstats * sizeof(*stats));
	for (i = 0; i < u->nunits; i++)
		if (u->units[i].used == u->snapshot && u->units[i].figures.has)
			used = put_unit(u, &u->units[i], nstats, used);
	if (used > nstats)
		qsort(u->out, used, sizeof(*u->out), by_id);
	*ret_n = used;
	return u->out;
}
