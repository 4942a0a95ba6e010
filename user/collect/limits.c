// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - owns the table of limits and the files they are read from.
 *
 * In cgroup v1 each controller has a tree of its own; services and containers have the same
 * path in all of them, so a cgroup is looked for by its path. Not here: quotas above a cgroup,
 * whose throttling cpu.stat of that ancestor has.
 */
#include "collect/limits.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/units.h"

enum {
	READS_MAX = 256, /* files a snapshot, by each of: first look, later look, figures */
	TEXT_BYTES = 16384,
};

#define AGAIN_NS (30 * NS_PER_S)
#define NO_LIMIT (1ULL << 60) /* v1 has a number near 2^63 for none */

struct limit {
	__u64 id;
	__u64 looked_ns; /* when its files were last searched for limits */
	__u64 used; /* number of the snapshot that had it last */
	bool looked, quota;
	bool read; /* stat has figures */
	char *memory_path; /* of the cgroup whose limit it is, itself or above; NULL: none */
	struct cgroup_stat stat;
};

struct limits {
	struct limits_config config;
	struct limit *all;
	size_t n, cap;
	struct hash by_id;
	__u64 snapshot;
	/* Where looking and reading go on: nobody waits forever behind others. */
	size_t next_look, next_read;
	unsigned int reads;
	/* Of this snapshot: places in all by place in its cgroups, and what is handed out. */
	__u32 *places;
	struct cgroup_stat *out;
	size_t room;
};

struct limits *limits__new(const struct limits_config *config)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->config = *config;
	hash_init(&l->by_id);
	return l;
}

void limits__free(struct limits *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < l->n; i++)
		free(l->all[i].memory_path);
	free(l->all);
	free(l->places);
	free(l->out);
	hash_done(&l->by_id);
	free(l);
}

/* --- Files. */

/* A small file as text, terminated; its length, 0 where it is not there. */
static size_t read_text(struct limits *l, const char *mount, const char *cgroup, const char *file,
			char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = 0;
	int fd;

	text[0] = '\0';
	if (!mount[0] ||
	    (size_t)snprintf(path, sizeof(path), "%s%s/%s", mount, cgroup, file) >= sizeof(path))
		return 0;
	l->reads++;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? n : 0;
}

/* Digits at the beginning of a text; max and anything else is 0, too many are the highest. */
static __u64 number_at(const char *text)
{
	__u64 v = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (__u64)(*text - '0'), &v))
			return ~0ULL;
	return v;
}

/* The number behind a word at the beginning of a line. */
static __u64 field(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *line;

	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return number_at(line + len + 1);
	}
	return 0;
}

static bool has_quota(struct limits *l, const char *path)
{
	char text[64];

	if (l->config.cpu_v2)
		return read_text(l, l->config.cpu, path, "cpu.max", text, sizeof(text)) &&
		       strncmp(text, "max", 3);
	/* -1: none */
	return read_text(l, l->config.cpu, path, "cpu.cfs_quota_us", text, sizeof(text)) &&
	       text[0] != '-';
}

static __u64 own_memory_limit(struct limits *l, const char *path)
{
	char text[64];
	__u64 limit = 0;

	if (read_text(l, l->config.memory, path,
		      l->config.memory_v2 ? "memory.max" : "memory.limit_in_bytes", text,
		      sizeof(text)))
		limit = number_at(text);
	return limit < NO_LIMIT ? limit : 0;
}

/* The lowest limit from the cgroup up to the root, and whose it is. */
static void find_memory_limit(struct limits *l, struct limit *c, const char *path)
{
	char *at = strdup(path), *slash;
	__u64 own;

	free(c->memory_path);
	c->memory_path = NULL;
	c->stat.memory_limit = 0;
	while (at && at[0] && strcmp(at, "/")) {
		own = own_memory_limit(l, at);
		if (own && (!c->stat.memory_limit || own < c->stat.memory_limit)) {
			c->stat.memory_limit = own;
			free(c->memory_path);
			c->memory_path = strdup(at);
		}
		slash = strrchr(at, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	if (!c->memory_path)
		c->stat.memory_limit = c->stat.memory_used = c->stat.memory_working = 0;
	free(at);
}

static void read_cpu(struct limits *l, struct limit *c, const char *path, char *text)
{
	if (!read_text(l, l->config.cpu, path, "cpu.stat", text, TEXT_BYTES))
		return;
	c->stat.periods = field(text, "nr_periods");
	c->stat.throttled_periods = field(text, "nr_throttled");
	c->stat.throttled_ns = l->config.cpu_v2 ? field(text, "throttled_usec") * 1000
						: field(text, "throttled_time");
}

static void read_memory(struct limits *l, struct limit *c, char *text)
{
	__u64 inactive = 0;

	if (read_text(l, l->config.memory, c->memory_path,
		      l->config.memory_v2 ? "memory.current" : "memory.usage_in_bytes", text,
		      TEXT_BYTES))
		c->stat.memory_used = number_at(text);
	if (read_text(l, l->config.memory, c->memory_path, "memory.stat", text, TEXT_BYTES))
		inactive = field(text,
				 l->config.memory_v2 ? "inactive_file" : "total_inactive_file");
	c->stat.memory_working = c->stat.memory_used > inactive ? c->stat.memory_used - inactive
								: 0;
}

/* --- The table. */

static __u32 id_sum(__u64 id)
{
	return hash_bytes(&id, sizeof(id), 0);
}

/* The place of a cgroup that is known, or HASH_NONE. */
static __u32 limits_find(const struct limits *l, __u64 id)
{
	__u32 sum = id_sum(id), at, i;

	for (i = hash_first(&l->by_id, sum, &at); i != HASH_NONE;
	     i = hash_next(&l->by_id, sum, &at))
		if (l->all[i].id == id)
			return i;
	return HASH_NONE;
}

static __u32 find_or_add(struct limits *l, __u64 id)
{
	__u32 place = limits_find(l, id);

	if (place != HASH_NONE || hash_reserve(&l->by_id, l->n + 1))
		return place;
	if (array_grow(&l->all, &l->cap, l->n + 1, sizeof(*l->all), SIZE_MAX))
		return HASH_NONE;
	l->all[l->n] = (struct limit){ .id = id, .stat.id = id };
	hash_add(&l->by_id, id_sum(id), l->n);
	return l->n++;
}

/* Forgets whoever this snapshot does not have. */
static void limits_sweep(struct limits *l)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		if (l->all[i].used == l->snapshot)
			l->all[kept++] = l->all[i];
		else
			free(l->all[i].memory_path);
	}
	l->n = kept;
	hash_done(&l->by_id);
	if (hash_reserve(&l->by_id, l->n)) {
		/* Without an index there is no table: all are looked up anew. */
		for (i = 0; i < l->n; i++)
			free(l->all[i].memory_path);
		l->n = 0;
	}
	for (i = 0; i < l->n; i++)
		hash_add(&l->by_id, id_sum(l->all[i].id), i);
}

static bool limits_reserve(struct limits *l, size_t n)
{
	struct cgroup_stat *out;
	__u32 *places;

	if (n <= l->room)
		return true;
	n += n / 8;
	out = realloc(l->out, n * sizeof(*out));
	if (out)
		l->out = out;
	places = realloc(l->places, n * sizeof(*places));
	if (places)
		l->places = places;
	if (!out || !places)
		return false;
	l->room = n;
	return true;
}

static void take_up(struct limits *l, const struct cgroup_name *cgroups, size_t n)
{
	size_t i;

	l->snapshot++;
	for (i = 0; i < n; i++) {
		l->places[i] = find_or_add(l, cgroups[i].id);
		if (l->places[i] != HASH_NONE)
			l->all[l->places[i]].used = l->snapshot;
	}
}

/* NULL: found no memory. */
static struct limit *in_use(struct limits *l, size_t i)
{
	return l->places[i] != HASH_NONE ? &l->all[l->places[i]] : NULL;
}

/* --- Looking who has limits, and reading their figures. */

static void limits_look(struct limits *l, struct limit *c, const char *path, __u64 now_ns)
{
	bool had_quota = c->quota, had_memory = c->memory_path;

	c->looked = true;
	c->looked_ns = now_ns;
	c->quota = has_quota(l, path);
	if (!c->quota) /* the kernel keeps the totals of a quota that was */
		c->stat.periods = c->stat.throttled_periods = c->stat.throttled_ns = 0;
	find_memory_limit(l, c, path);
	if ((c->quota && !had_quota) || (c->memory_path && !had_memory))
		c->read = false; /* zeros now and totals later would look like a growth */
}

/* New ones first: they may be all that matters now. */
static void look_at_new(struct limits *l, const struct cgroup_name *cgroups, size_t n, __u64 now_ns)
{
	size_t i;

	l->reads = 0;
	for (i = 0; i < n && l->reads < READS_MAX; i++) {
		struct limit *c = in_use(l, i);

		if (c && !c->looked)
			limits_look(l, c, cgroups[i].path, now_ns);
	}
}

static void look_again(struct limits *l, const struct cgroup_name *cgroups, size_t n, __u64 now_ns)
{
	size_t i, at;

	l->reads = 0;
	for (i = 0; i < n && l->reads < READS_MAX; i++) {
		struct limit *c = in_use(l, at = (l->next_look + i) % n);

		if (c && c->looked && now_ns - c->looked_ns >= AGAIN_NS)
			limits_look(l, c, cgroups[at].path, now_ns);
	}
	l->next_look += i;
}

static void read_figures(struct limits *l, const struct cgroup_name *cgroups, size_t n)
{
	char text[TEXT_BYTES];
	size_t i, at;

	l->reads = 0;
	for (i = 0; i < n && l->reads < READS_MAX; i++) {
		struct limit *c = in_use(l, at = (l->next_read + i) % n);

		if (!c || !c->looked)
			continue;
		if (c->quota)
			read_cpu(l, c, cgroups[at].path, text);
		if (c->memory_path)
			read_memory(l, c, text);
		c->read = true;
	}
	l->next_read += i;
}

static int by_id(const void *a, const void *b)
{
	const struct cgroup_stat *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static size_t hand_out(struct limits *l, size_t n)
{
	size_t i, out = 0;

	for (i = 0; i < n; i++) {
		const struct limit *c = in_use(l, i);

		if (c && c->read && (c->quota || c->memory_path))
			l->out[out++] = c->stat;
	}
	if (out)
		qsort(l->out, out, sizeof(*l->out), by_id);
	return out;
}

const struct cgroup_stat *limits__read(struct limits *l, const struct cgroup_name *cgroups,
				       size_t n, __u64 now_ns, size_t *ret_n)
{
	*ret_n = 0;
	if (!limits_reserve(l, n))
		return NULL;
	take_up(l, cgroups, n);
	look_at_new(l, cgroups, n, now_ns);
	look_again(l, cgroups, n, now_ns);
	read_figures(l, cgroups, n);
	*ret_n = hand_out(l, n);
	/* Last, because places change: no more is remembered than twice what is in use. */
	if (l->n > 2 * n + 64)
		limits_sweep(l);
	return l->out;
}
