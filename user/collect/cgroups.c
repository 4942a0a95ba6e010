// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroups.c - owns the table of cgroup names.
 *
 * On 64-bit kernels a directory's inode number is the cgroup's id, so a scan needs no
 * privilege. Each hierarchy counts from one, so the place of a second one is part of its ids.
 * Bounded: when the table is full, the names that no snapshot has used for longest make room.
 */
#include "collect/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vigie/abi.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/io.h"
#include "collect/plan.h"

enum { NAMES_MAX = 32768, DEPTH_MAX = 32, PATH_LEN = 4096 };

struct name {
	__u64 id;
	char *path; /* NULL: searched for in vain */
	__u64 used; /* number of the snapshot that learnt or used it last */
	__u64 listed; /* number of the snapshot whose list had it last */
};

struct cgroups {
	char mounts[VIGIE_CGROUP_TREES][128];
	unsigned int ntrees;
	struct name *names;
	size_t n, cap, max;
	struct hash by_id;
	__u64 snapshot;
	__u64 full; /* 1 + number of the snapshot that made room last */
	struct cgroup_name *list; /* names used in this snapshot */
	size_t nlist, list_cap;
};

static uint32_t id_sum(__u64 id)
{
	return hash_bytes(&id, sizeof(id), 0);
}

struct cgroups *cgroups__new(const char *mount)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	strncpy(c->mounts[0], mount, sizeof(c->mounts[0]) - 1);
	c->ntrees = mount[0] != '\0';
	c->max = NAMES_MAX;
	hash_init(&c->by_id);
	return c;
}

struct cgroups *cgroups__of_plan(const struct plan *plan)
{
	struct cgroups *c = cgroups__new("");

	if (c && plan->config.max_cgroups && plan->config.max_cgroups < NAMES_MAX)
		c->max = plan->config.max_cgroups;
	for (; c && c->ntrees < plan->ntrees; c->ntrees++)
		memcpy(c->mounts[c->ntrees], plan->trees[c->ntrees].mount, sizeof(c->mounts[0]));
	return c;
}

void cgroups__free(struct cgroups *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->n; i++)
		free(c->names[i].path);
	free(c->names);
	free(c->list);
	hash_done(&c->by_id);
	free(c);
}

static struct name *name_find(const struct cgroups *c, __u64 id)
{
	uint32_t at, sum = id_sum(id), i;

	for (i = hash_first(&c->by_id, sum, &at); i != HASH_NONE;
	     i = hash_next(&c->by_id, sum, &at))
		if (c->names[i].id == id)
			return &c->names[i];
	return NULL;
}

static int by_use(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return (x->used < y->used) - (x->used > y->used);
}

/* Forgets the half that was used longest ago, but nothing of this snapshot: that is listed. */
static void names_shrink(struct cgroups *c)
{
	size_t i, kept = c->n / 2;

	qsort(c->names, c->n, sizeof(*c->names), by_use);
	while (kept < c->n && c->names[kept].used == c->snapshot)
		kept++;
	for (i = kept; i < c->n; i++)
		free(c->names[i].path);
	c->n = kept;
	hash_done(&c->by_id);
	if (hash_reserve(&c->by_id, c->n)) {
		for (i = 0; i < c->n; i++)
			free(c->names[i].path);
		c->n = c->nlist = 0;
	}
	for (i = 0; i < c->n; i++)
		hash_add(&c->by_id, id_sum(c->names[i].id), i);
}

static int names_reserve(struct cgroups *c)
{
	if (c->n < c->cap)
		return 0;
	if (c->n >= c->max) {
		/* Once a snapshot: a scan of more cgroups than fit asks for each of them. */
		if (c->full == c->snapshot + 1)
			return -ENOSPC;
		c->full = c->snapshot + 1;
		names_shrink(c);
		return c->n < c->cap ? 0 : -ENOSPC;
	}
	return array_grow(&c->names, &c->cap, c->n + 1, sizeof(*c->names), c->max);
}

/* Takes path on success. */
static int name_new(struct cgroups *c, __u64 id, char *path)
{
	int err = names_reserve(c);

	if (!err)
		err = hash_reserve(&c->by_id, c->n + 1);
	if (err)
		return err;
	c->names[c->n] = (struct name){ .id = id, .path = path, .used = c->snapshot };
	hash_add(&c->by_id, id_sum(id), c->n++);
	return 0;
}

int cgroups__add(struct cgroups *c, __u64 id, const char *path)
{
	struct name *known = name_find(c, id);
	char *copy;
	int err;

	if (known && known->path && !strcmp(known->path, path))
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	if (known) { /* renamed, which only v1 allows, or named late */
		free(known->path);
		known->path = copy;
		return 0;
	}
	err = name_new(c, id, copy);
	if (err)
		free(copy);
	return err;
}

bool cgroups__wanted(const struct cgroups *c, __u64 id)
{
	return !name_find(c, id);
}

void cgroups__give_up(struct cgroups *c, __u64 id)
{
	/* Without memory it stays wanted: a scan more is the price. */
	if (!name_find(c, id))
		name_new(c, id, NULL);
}

struct scan {
	struct cgroups *cgroups;
	__u64 tree; /* the part of its ids that says which */
	char path[PATH_LEN];
};

/* Adds the directory and all below it, whose path has len bytes. Takes fd. */
static void scan_directory(struct scan *scan, int fd, size_t len, int depth)
{
	char *path = scan->path;
	struct dirent *e;
	DIR *dir;

	if (io_list_dir(fd, &dir))
		return;
	while ((e = readdir(dir))) {
		size_t n = strlen(e->d_name);
		struct stat st;
		int child;

		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    len + 1 + n >= PATH_LEN || depth == DEPTH_MAX)
			continue;
		child = io_open_subdir(dirfd(dir), e->d_name);
		if (child < 0) /* removed meanwhile */
			continue;
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, n + 1);
		if (!fstat(child, &st))
			cgroups__add(scan->cgroups, st.st_ino | scan->tree, path);
		scan_directory(scan, child, len + 1 + n, depth + 1);
		path[len] = '\0';
	}
	closedir(dir);
}

static int scan_tree(struct scan *scan, const char *mount)
{
	int fd = io_open_dir(mount);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st)) {
		int err = -errno;

		close(fd);
		return err;
	}
	scan->path[0] = '\0';
	cgroups__add(scan->cgroups, st.st_ino | scan->tree, "/");
	scan_directory(scan, fd, 0, 0);
	return 0;
}

int cgroups__scan(struct cgroups *c)
{
	struct scan *scan;
	unsigned int i;
	int err = 0, first = 0;

	if (!c->ntrees)
		return 0;
	scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	scan->cgroups = c;
	for (i = 0; i < c->ntrees; i++) {
		scan->tree = (__u64)i << VIGIE_CGROUP_TREE_SHIFT;
		err = scan_tree(scan, c->mounts[i]);
		first = first ? first : err;
	}
	free(scan);
	return first;
}

void cgroups__begin(struct cgroups *c)
{
	c->snapshot++;
	c->nlist = 0;
}

bool cgroups__use(struct cgroups *c, __u64 id)
{
	struct name *name = name_find(c, id);

	if (!name || !name->path)
		return false;
	name->used = c->snapshot;
	if (name->listed == c->snapshot)
		return true;
	if (array_grow(&c->list, &c->list_cap, c->nlist + 1, sizeof(*c->list), SIZE_MAX))
		return false;
	name->listed = c->snapshot;
	c->list[c->nlist++] = (struct cgroup_name){ .id = id, .path = name->path };
	return true;
}

const struct cgroup_name *cgroups__used(struct cgroups *c, size_t *ret_n)
{
	*ret_n = c->nlist;
	return c->list;
}
