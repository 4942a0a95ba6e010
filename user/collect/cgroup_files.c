// SPDX-License-Identifier: GPL-2.0-only
/*
 * cgroup_files.c - owns the table of files, and what is taken from each of them.
 *
 * A descriptor of a cgroup that was removed reads -ENODEV for good, also if another cgroup has its
 * path by now: so what is kept never speaks of another one.
 */
#include "collect/cgroup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "collect/words.h"

#define AGAIN_NS (30 * NS_PER_S)
#define NO_LIMIT (1ULL << 60) /* v1 has a number near 2^63 for none */
#define HUGE_PAGES "/sys/kernel/mm/hugepages"

enum { KEPT_MAX = 512, LIMIT_TEXT = 64 };

/* --- Their words. */

static __u64 minus(__u64 a, __u64 b)
{
	return a > b ? a - b : 0;
}

static void put_memory(struct cgroup_unit *ret, enum unit_memory kind, __u64 bytes)
{
	ret->memory[kind] = bytes;
	ret->has |= CGROUP_UNIT_BIT(memory) << kind;
}

#define PUT(ret, member, value)                        \
	do {                                           \
		(ret)->member = (value);               \
		(ret)->has |= CGROUP_UNIT_BIT(member); \
	} while (0)

static void take_memory_v2(const char *text, struct cgroup_unit *ret)
{
	enum { ANON, FILES, SHMEM, INACTIVE, SOCK, HUGETLB, KERNEL, PARTS };
	struct word w[] = {
		[ANON] = WORD("anon"),
		[FILES] = WORD("file"),
		[SHMEM] = WORD("shmem"),
		[INACTIVE] = WORD("inactive_file"),
		[SOCK] = WORD("sock"),
		[HUGETLB] = WORD("hugetlb"),
		[KERNEL] = WORD("kernel"),
		/* Before 5.18 (a8c49af3be5f) there is no sum of them. */
		[PARTS] = WORD("kernel_stack"),
		WORD("pagetables"),
		WORD("percpu"),
		WORD("slab"),
	};
	enum { WORDS = sizeof(w) / sizeof(w[0]) };
	__u64 parts = 0;
	int i;

	words_find(text, w, WORDS);
	if (!w[ANON].there)
		return;
	for (i = PARTS; i < WORDS; i++)
		parts += w[i].value;
	put_memory(ret, UNIT_ANON, w[ANON].value);
	put_memory(ret, UNIT_FILE, minus(w[FILES].value, w[SHMEM].value));
	put_memory(ret, UNIT_SHMEM, w[SHMEM].value);
	put_memory(ret, UNIT_KERNEL, w[KERNEL].there ? w[KERNEL].value : parts);
	put_memory(ret, UNIT_SOCKET, w[SOCK].value);
	if (w[HUGETLB].there) /* where the memory controller counts them, too */
		put_memory(ret, UNIT_HUGETLB, w[HUGETLB].value);
	PUT(ret, memory_inactive, w[INACTIVE].value);
}

static void take_memory_v1(const char *text, struct cgroup_unit *ret)
{
	enum { RSS, CACHE, SHMEM, INACTIVE, LIMIT };
	struct word w[] = {
		[RSS] = WORD("total_rss"),
		[CACHE] = WORD("total_cache"),
		[SHMEM] = WORD("total_shmem"),
		[INACTIVE] = WORD("total_inactive_file"),
		[LIMIT] = WORD("hierarchical_memory_limit"),
	};

	words_find(text, w, sizeof(w) / sizeof(w[0]));
	if (!w[RSS].there)
		return;
	put_memory(ret, UNIT_ANON, w[RSS].value);
	put_memory(ret, UNIT_FILE, minus(w[CACHE].value, w[SHMEM].value));
	put_memory(ret, UNIT_SHMEM, w[SHMEM].value);
	PUT(ret, memory_inactive, w[INACTIVE].value);
	if (w[LIMIT].there && w[LIMIT].value < NO_LIMIT)
		PUT(ret, memory_limit, w[LIMIT].value);
}

static void take_memory_stat(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	(void)which;
	if (v2)
		take_memory_v2(text, ret);
	else
		take_memory_v1(text, ret);
}

static void take_charged(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	(void)v2, (void)which;
	PUT(ret, memory_charged, words_number(text));
}

static void take_kernel(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	(void)v2, (void)which;
	put_memory(ret, UNIT_KERNEL, words_number(text));
}

/* One file a size of pages; the first replaces what memory.stat said of all of them. */
static void take_hugetlb(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	(void)v2;
	put_memory(ret, UNIT_HUGETLB, (which ? ret->memory[UNIT_HUGETLB] : 0) + words_number(text));
}

static void take_cpu(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	struct word w[] = { WORD("nr_periods"), WORD("nr_throttled"), WORD("throttled_usec"),
			    WORD("throttled_time") };

	(void)which;
	words_find(text, w, sizeof(w) / sizeof(w[0]));
	if (!w[0].there)
		return;
	PUT(ret, periods, w[0].value);
	PUT(ret, throttled_periods, w[1].value);
	PUT(ret, throttled_ns, v2 ? w[2].value * 1000 : w[3].value);
}

static void take_tasks(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	(void)v2, (void)which;
	PUT(ret, tasks, words_number(text));
}

static void take_pressure(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret)
{
	__u64 ns[PSI_STALLS];
	unsigned int there, i;

	(void)v2;
	there = words_pressure(text, ns);
	for (i = 0; i < PSI_STALLS; i++) {
		if (!(there >> i & 1))
			continue;
		ret->pressure_ns[which][i] = ns[i];
		ret->has |= CGROUP_UNIT_BIT(pressure_ns) << (which * PSI_STALLS + i);
	}
}

/* --- Which files. */

static void add_file(struct cgroup_reader *r, const struct cgroup_mount *mount, const char *name,
		     void (*take)(const char *, bool, unsigned int, struct cgroup_unit *),
		     unsigned int which)
{
	struct cgroup_file *file = &r->files[r->nfiles];

	if (!mount->path[0] || r->nfiles == CGROUP_FILES_MAX)
		return;
	file->mount = mount;
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->take = take;
	file->which = which;
	r->nfiles++;
}

/* As the kernel's hugetlb_cgroup words a size. */
static void hugetlb_name(const struct cgroup_mount *mount, unsigned long kib, char *dst,
			 size_t size)
{
	const char *suffix = mount->v2 ? "current" : "usage_in_bytes";

	if (kib >= 1UL << 20)
		snprintf(dst, size, "hugetlb.%luGB.%s", kib >> 20, suffix);
	else if (kib >= 1UL << 10)
		snprintf(dst, size, "hugetlb.%luMB.%s", kib >> 10, suffix);
	else
		snprintf(dst, size, "hugetlb.%luKB.%s", kib, suffix);
}

static void add_hugetlb(struct cgroup_reader *r)
{
	const struct cgroup_mount *mount = &r->config.hugetlb;
	DIR *dir = opendir(HUGE_PAGES);
	unsigned int n = 0;
	struct dirent *e;
	char name[40];

	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, "hugepages-", 10) != 0)
			continue;
		hugetlb_name(mount, words_number(e->d_name + 10), name, sizeof(name));
		add_file(r, mount, name, take_hugetlb, n++);
	}
	if (dir)
		closedir(dir);
}

void cgroup_reader_init(struct cgroup_reader *r, const struct cgroup_units_config *config)
{
	const struct cgroup_mount *memory = &r->config.memory, *unified = &r->config.unified;
	struct rlimit files = { 0 };

	memset(r, 0, sizeof(*r));
	r->config = *config;
	add_file(r, memory, "memory.stat", take_memory_stat, 0);
	add_file(r, memory, memory->v2 ? "memory.current" : "memory.usage_in_bytes", take_charged,
		 0);
	if (!memory->v2)
		add_file(r, memory, "memory.kmem.usage_in_bytes", take_kernel, 0);
	add_file(r, &r->config.cpu, "cpu.stat", take_cpu, 0);
	add_file(r, &r->config.pids, "pids.current", take_tasks, 0);
	add_file(r, unified, "cpu.pressure", take_pressure, PSI_CPU);
	add_file(r, unified, "memory.pressure", take_pressure, PSI_MEMORY);
	add_file(r, unified, "io.pressure", take_pressure, PSI_IO);
	add_hugetlb(r);
	/* Half of what may be open stays for others: clients, above all. */
	if (!getrlimit(RLIMIT_NOFILE, &files))
		r->kept_max = files.rlim_cur / 2 < KEPT_MAX ? files.rlim_cur / 2 : KEPT_MAX;
}

/* --- Reading them. */

static int file_open(struct cgroup_reader *r, const struct cgroup_mount *mount, const char *path,
		     size_t len, const char *name)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "%s%.*s/%s", mount->path, (int)len, path, name);

	if (n >= (int)sizeof(full))
		return -1;
	r->reads++;
	return open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static ssize_t file_text(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* The lowest on the way up to the root; 0: none. */
static __u64 lowest_limit(struct cgroup_reader *r, const struct cgroup_mount *mount,
			  const char *path, const char *name)
{
	size_t len = strlen(path);
	__u64 lowest = 0, own;
	char text[LIMIT_TEXT];
	int fd;

	while (mount->path[0] && len && path[len - 1] != '/') {
		fd = file_open(r, mount, path, len, name);
		own = fd >= 0 && file_text(fd, text, sizeof(text)) > 0 ? words_number(text) : 0;
		if (fd >= 0)
			close(fd);
		/* "max" is no number. 0 is one, which no process could live under. */
		if (own && (!lowest || own < lowest))
			lowest = own;
		while (len && path[len - 1] != '/')
			len--;
		len -= len > 0;
	}
	return lowest;
}

static __u64 directory_id(const struct cgroup_mount *mount, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	if (!mount->path[0] ||
	    snprintf(full, sizeof(full), "%s%s", mount->path, path) >= (int)sizeof(full))
		return 0;
	return stat(full, &st) ? 0 : st.st_ino;
}

/* In the first hierarchy that has it: always asked in this order, so that they do not mix. */
static __u64 cgroup_id(const struct cgroup_reader *r, const char *path, enum cgroup_tree *ret_tree)
{
	const struct cgroup_mount *const trees[CGROUP_TREES] = {
		[TREE_MEMORY] = &r->config.memory,
		[TREE_UNIFIED] = &r->config.unified,
		[TREE_PIDS] = &r->config.pids,
		[TREE_CPU] = &r->config.cpu,
	};
	enum cgroup_tree tree;
	__u64 id = 0;

	for (tree = 0; tree < CGROUP_TREES && !id; tree++) {
		id = directory_id(trees[tree], path);
		*ret_tree = tree;
	}
	return id;
}

void cgroup_open_init(struct cgroup_open *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < CGROUP_FILES_MAX; i++)
		c->fd[i] = -1;
}

void cgroup_open_done(struct cgroup_reader *r, struct cgroup_open *c)
{
	unsigned int i;

	for (i = 0; i < CGROUP_FILES_MAX; i++) {
		if (c->fd[i] < 0)
			continue;
		close(c->fd[i]);
		r->kept--;
	}
	cgroup_open_init(c);
}

/* Opens what is not open, as a controller may have come, and finds limits, which people change. */
static void open_look(struct cgroup_reader *r, struct cgroup_open *c, const char *path,
		      __u64 now_ns)
{
	unsigned int i;
	int fd;

	c->looked_ns = now_ns;
	c->there = 0;
	c->top = cgroup_id(r, path, &c->tree);
	for (i = 0; i < r->nfiles; i++) {
		fd = c->fd[i];
		if (fd < 0)
			fd = file_open(r, r->files[i].mount, path, strlen(path), r->files[i].name);
		if (fd < 0)
			continue;
		c->there |= 1u << i;
		if (c->fd[i] < 0 && r->kept >= r->kept_max) {
			close(fd);
		} else if (c->fd[i] < 0) {
			c->fd[i] = fd;
			r->kept++;
		}
	}
	/* v1 tells it with the other figures. */
	c->memory_limit = r->config.memory.v2
				  ? lowest_limit(r, &r->config.memory, path, "memory.max")
				  : 0;
	c->tasks_limit = lowest_limit(r, &r->config.pids, path, "pids.max");
}

/* 0 or -errno: -ENODEV, it is another cgroup by now. */
static int open_take(struct cgroup_reader *r, struct cgroup_open *c, const char *path,
		     unsigned int file, struct cgroup_unit *ret)
{
	const struct cgroup_file *f = &r->files[file];
	int fd = c->fd[file], err = 0;
	ssize_t n;

	r->reads += fd >= 0;
	if (fd < 0)
		fd = file_open(r, f->mount, path, strlen(path), f->name);
	if (fd < 0)
		return -errno;
	n = file_text(fd, r->text, sizeof(r->text));
	if (n > 0)
		f->take(r->text, f->mount->v2, f->which, ret);
	else if (n < 0)
		err = -errno;
	if (c->fd[file] < 0)
		close(fd);
	return err;
}

/* Nothing of it is kept open, so its path might lead to another one. */
static bool open_is_gone(const struct cgroup_reader *r, const struct cgroup_open *c,
			 const char *path)
{
	enum cgroup_tree tree;
	unsigned int i;

	for (i = 0; i < r->nfiles; i++)
		if (c->fd[i] >= 0)
			return false;
	return cgroup_id(r, path, &tree) != c->top;
}

static int open_read(struct cgroup_reader *r, struct cgroup_open *c, const char *path,
		     struct cgroup_unit *ret)
{
	unsigned int i;

	ret->top = c->top;
	ret->tree = c->tree;
	for (i = 0; i < r->nfiles; i++)
		if (c->there >> i & 1 && open_take(r, c, path, i, ret) == -ENODEV)
			return -ENODEV;
	if (c->memory_limit)
		PUT(ret, memory_limit, c->memory_limit);
	if (c->tasks_limit)
		PUT(ret, tasks_limit, c->tasks_limit);
	return 0;
}

void cgroup_open_read(struct cgroup_reader *r, struct cgroup_open *c, const char *path,
		      __u64 now_ns, struct cgroup_unit *ret)
{
	struct cgroup_unit now = { .path_len = ret->path_len };

	if (c->looked_ns && open_is_gone(r, c, path))
		cgroup_open_done(r, c);
	if (!c->looked_ns || now_ns - c->looked_ns >= AGAIN_NS)
		open_look(r, c, path, now_ns);
	if (open_read(r, c, path, &now)) {
		now = (struct cgroup_unit){ .path_len = ret->path_len };
		cgroup_open_done(r, c);
		open_look(r, c, path, now_ns);
		open_read(r, c, path, &now);
	}
	*ret = now;
}
