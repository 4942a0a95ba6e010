// SPDX-License-Identifier: GPL-2.0-only
/* space.c - owns the table of modules, and reading mappings into it. */
#include "profile/space.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile/mapping.h"

enum { LINE_MAX_BYTES = 4608 };

int spaces_init(struct spaces *s, struct symbolizer *symbolizer, struct opener *opener)
{
	memset(s, 0, sizeof(*s));
	s->symbolizer = symbolizer;
	s->opener = opener;
	s->modules = calloc(SYMBOLIZER_MODULES_MAX, sizeof(*s->modules));
	s->spaces = calloc(VIGIE_TARGETS_MAX, sizeof(*s->spaces));
	s->nmodules = 1;
	return s->modules && s->spaces ? 0 : -ENOMEM;
}

void spaces_done(struct spaces *s)
{
	free(s->modules);
	free(s->spaces);
}

int spaces_get(struct spaces *s, pid_t pid, __u32 *ret)
{
	__u32 i;

	for (i = 0; i < s->nspaces; i++) {
		if (s->spaces[i].pid == pid) {
			*ret = i;
			return 0;
		}
	}
	if (s->nspaces == VIGIE_TARGETS_MAX)
		return -E2BIG;
	s->spaces[s->nspaces] = (struct space){ .pid = pid };
	/* Without, it has neither a perf map nor debug files of its own. */
	opener__root(s->opener, s->nspaces, pid);
	*ret = s->nspaces++;
	return 0;
}

static __u32 module_find(const struct spaces *s, const struct space *space, const struct mapping *m,
			 bool jit)
{
	__u32 i;

	for (i = 1; i < s->nmodules; i++) {
		const struct module *known = &s->modules[i];

		if (known->jit != jit)
			continue;
		if (jit ? known->pid == space->pid
			: known->dev == m->dev && known->inode == m->inode &&
				    !strcmp(known->path, m->path))
			return i;
	}
	return 0;
}

/* An opener that was left behind took the files along: the next one opens them as well. */
static void hold(struct spaces *s, struct module *m, struct opener_file *file)
{
	if (m->holder == opener__hangs(s->opener))
		return;
	file->again = true;
	opener__file(s->opener, file, m->path);
	m->holder = opener__hangs(s->opener);
}

/* 0: the table is full. */
static __u32 module_get(struct spaces *s, __u32 space, const struct mapping *m)
{
	bool jit = m->path[0] != '/' && strcmp(m->path, "[vdso]") != 0;
	pid_t pid = s->spaces[space].pid;
	__u32 i = module_find(s, &s->spaces[space], m, jit);
	struct opener_file file = { .start = m->start,
				    .end = m->end,
				    .dev = m->dev,
				    .inode = m->inode,
				    .space = space,
				    .pid = pid,
				    .jit = jit };
	struct module *fresh;

	if (i && s->modules[i].open) {
		file.module = i;
		hold(s, &s->modules[i], &file);
		return i;
	}
	if (i && s->modules[i].tried == s->nread) /* a mapping before this one did so in vain */
		return i;
	if (!i && s->nmodules == SYMBOLIZER_MODULES_MAX)
		return 0;
	if (!i)
		i = s->nmodules++;
	file.module = i;
	fresh = &s->modules[i];
	*fresh = (struct module){ .dev = m->dev,
				  .inode = m->inode,
				  .pid = pid,
				  .jit = jit,
				  .start = m->start,
				  .end = m->end,
				  .offset = m->offset,
				  .tried = s->nread,
				  .space = space };
	snprintf(fresh->path, sizeof(fresh->path), "%s", jit ? "[generated code]" : m->path);
	fresh->open = !opener__file(s->opener, &file, fresh->path);
	fresh->holder = opener__hangs(s->opener);
	return i;
}

static bool wanted(const struct mapping *m)
{
	return m->executable && strcmp(m->path, "[vsyscall]") != 0;
}

static void space_tell(struct spaces *s, __u32 index, const struct mapping *m,
		       struct symbolizer_map *maps, size_t *n)
{
	__u32 module;

	if (*n == SYMBOLIZER_MAPS_MAX)
		return;
	module = module_get(s, index, m);
	maps[(*n)++] = (struct symbolizer_map){ .start = m->start,
						.end = m->end,
						.offset = m->offset,
						.module = module,
						.file = module && !s->modules[module].jit };
}

static int open_maps(struct spaces *s, __u32 index, FILE **ret)
{
	int fd, err = opener__maps(s->opener, index, &fd);

	if (err)
		return err;
	*ret = fdopen(fd, "r");
	if (*ret)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

static void skip_line(FILE *file)
{
	int c;

	do
		c = fgetc(file);
	while (c != EOF && c != '\n');
}

int spaces_refresh(struct spaces *s, __u32 index)
{
	struct space *space = &s->spaces[index];
	struct symbolizer_map *maps = calloc(SYMBOLIZER_MAPS_MAX, sizeof(*maps));
	char line[LINE_MAX_BYTES];
	struct mapping m;
	FILE *file = NULL;
	__u64 sum = 1;
	size_t n = 0;
	int err = maps ? open_maps(s, index, &file) : -ENOMEM;

	s->nread++;
	while (!err && fgets(line, sizeof(line), file)) {
		/* The rest of a line too long would be one by itself, and it is the file's name. */
		if (!strchr(line, '\n')) {
			skip_line(file);
			continue;
		}
		if (!mapping_parse(line, &m) || !wanted(&m))
			continue;
		sum = hash_bytes(line, strlen(line), sum) ^ m.start ^ m.end << 1 ^ m.inode << 2;
		space_tell(s, index, &m, maps, &n);
	}
	/* A target that is dying has no mappings left: what was known stays. */
	if (!err && !n)
		err = -ESRCH;
	if (file)
		fclose(file);
	if (!err && sum != space->sum) {
		space->sum = sum;
		err = symbolizer__space(s->symbolizer, index, maps, n);
	}
	free(maps);
	return err;
}

int spaces_give_debug(struct spaces *s, __u32 module, const char *build_id, const char *link)
{
	const struct module *m = &s->modules[module];

	return opener__debug(s->opener, module, m->space, m->path, build_id, link);
}
