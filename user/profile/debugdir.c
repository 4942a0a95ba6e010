// SPDX-License-Identifier: GPL-2.0-only
/* debugdir.c - owns the walk through a directory of debug files. */
#include "profile/debugdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum {
	DEPTH_MAX = 16,
	ENTRIES_MAX = 200000, /* of one directory with all below it */
};

struct search {
	struct symbolizer *symbolizer;
	__u32 slot;
	struct debugdir_build *builds;
	size_t n, missing; /* missing: of which nothing better can be found */
	unsigned int entries;
};

static int open_regular(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct debugdir_build *build_of(const struct search *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->builds[i].id, id))
			return &s->builds[i];
	return NULL;
}

/* Keeps the descriptor if it is the best file of a build that is looked for, else closes it. */
static void consider(struct search *s, int fd)
{
	char id[SYMBOLIZER_ID_MAX], magic[4];
	struct debugdir_build *build;
	unsigned int what;

	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, "\177ELF", sizeof(magic)) ||
	    symbolizer__module(s->symbolizer, s->slot, fd, false) ||
	    symbolizer__identify(s->symbolizer, s->slot, id, &what)) {
		close(fd);
		return;
	}
	build = build_of(s, id);
	if (!build || (build->fd >= 0 && build->what >= what)) {
		close(fd);
		return;
	}
	if (build->fd >= 0)
		close(build->fd);
	build->fd = fd;
	build->what = what;
	s->missing -= what == SYMBOLIZER_WHAT_ALL;
}

/* By their names, as distributions, perf and elfutils lay them out. */
static void search_by_id(struct search *s, int dir)
{
	static const char *const layouts[] = { ".build-id/%.2s/%s.debug", "%.2s/%s.debug",
					       ".build-id/%.2s/%s" };
	char name[SYMBOLIZER_ID_MAX + 32];
	size_t i, j;
	int fd;

	for (i = 0; i < s->n; i++) {
		const char *id = s->builds[i].id;

		for (j = 0; j < sizeof(layouts) / sizeof(layouts[0]); j++) {
			if (s->builds[i].what == SYMBOLIZER_WHAT_ALL)
				break;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(name, sizeof(name), layouts[j], id, id + 2);
#pragma GCC diagnostic pop
			fd = open_regular(dir, name, 0);
			if (fd >= 0)
				consider(s, fd);
		}
	}
}

static int debugdir_walk(struct search *s, int dir, int depth);

/* Links are not followed: what they point to has a place of its own, or is none of this tree. */
static int look_at(struct search *s, DIR *stream, const struct dirent *entry, int depth)
{
	int fd = -1;

	if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
		return 0;
	if (s->entries++ == ENTRIES_MAX)
		return -E2BIG;
	if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
		fd = open_regular(dirfd(stream), entry->d_name, O_NOFOLLOW);
	if (fd >= 0) {
		consider(s, fd);
		return 0;
	}
	if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return 0;
	fd = io_open_subdir(dirfd(stream), entry->d_name);
	if (fd < 0)
		return 0;
	return depth == DEPTH_MAX ? close(fd) : debugdir_walk(s, fd, depth + 1);
}

/* Takes the descriptor. */
static int debugdir_walk(struct search *s, int dir, int depth)
{
	struct dirent *entry;
	DIR *stream;
	int err = io_list_dir(dir, &stream);

	if (err)
		return err;
	while (!err && s->missing && (entry = readdir(stream)))
		err = look_at(s, stream, entry, depth);
	closedir(stream);
	return err;
}

int debugdir_search(const char *path, struct symbolizer *symbolizer, __u32 slot,
		    struct debugdir_build *builds, size_t n)
{
	struct search s = { .symbolizer = symbolizer, .slot = slot, .builds = builds, .n = n };
	int dir = io_open_dir(path);
	size_t i;

	if (dir < 0)
		return dir;
	for (i = 0; i < n; i++)
		s.missing += builds[i].fd < 0 || builds[i].what != SYMBOLIZER_WHAT_ALL;
	search_by_id(&s, dir);
	return debugdir_walk(&s, dir, 0);
}
