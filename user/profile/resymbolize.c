// SPDX-License-Identifier: GPL-2.0-only
/* resymbolize.c - owns the way from a profile's build ids to names: directories, symbolizer, frames. */
#include "profile/resymbolize.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "profile/debugdir.h"
#include "profile/naming.h"

enum {
	CANDIDATE = 1, /* the symbolizer's module that is looked at; the profile's come after it */
	FIRST = 2,
	LINES_MS = 10000, /* nobody's production host waits */
	PATIENCE_MS =
		300000, /* a directory of a distribution's debug files has a hundred thousand */
};

struct later {
	struct profile *p;
	const struct resymbolize_config *config;
	struct symbolizer *symbolizer;
	struct naming naming;
	struct debugdir_build *builds;
	__u32 *modules; /* of each build: the profile's */
	__u32 n;
};

static bool is_build_id(const char *text)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return i >= 8 && i < SYMBOLIZER_ID_MAX;
}

/* A function without a name, or whose source nobody knows. */
static bool lacks(const struct profile *p, const struct profile_frame *f)
{
	if (f->flags & (PROFILE_FRAME_KERNEL | PROFILE_FRAME_NOTE | PROFILE_FRAME_JIT))
		return false;
	return !f->nlines || !p->lines[f->line].file;
}

static int resymbolize_choose(struct later *l)
{
	bool *wanted = calloc(l->p->nmodules, sizeof(*wanted));
	__u32 i;

	l->builds = calloc(l->p->nmodules, sizeof(*l->builds));
	l->modules = calloc(l->p->nmodules, sizeof(*l->modules));
	if (!wanted || !l->builds || !l->modules) {
		free(wanted);
		return -ENOMEM;
	}
	for (i = 0; i < l->p->nframes; i++)
		wanted[l->p->frames[i].module] |= lacks(l->p, &l->p->frames[i]);
	for (i = 1; i < l->p->nmodules && FIRST + l->n < SYMBOLIZER_MODULES_MAX; i++) {
		const char *id = profile_text(l->p, l->p->modules[i].build_id);

		if (!wanted[i] || !is_build_id(id))
			continue;
		l->builds[l->n] = (struct debugdir_build){ .id = strdup(id), .fd = -1 };
		if (!l->builds[l->n].id)
			break;
		l->modules[l->n++] = i;
	}
	free(wanted);
	return 0;
}

/* Two modules may be one build: a copy of a file. The first has the descriptor. */
static int descriptor_of(const struct later *l, __u32 build)
{
	__u32 i;

	for (i = 0; i <= build; i++)
		if (!strcmp(l->builds[i].id, l->builds[build].id))
			return l->builds[i].fd;
	return -1;
}

static int no_debug(void *ctx, __u32 module, const char *build_id, const char *link)
{
	return -1;
}

static int name_all(struct later *l, struct resymbolize_stat *stat)
{
	struct profile_quality *q = &l->p->quality;
	const struct profile_quality before = *q;
	__u32 i;
	int err = naming_init(&l->naming, l->p, l->symbolizer, no_debug, l), fd;

	l->naming.lines_ms = LINES_MS;
	for (i = 0; i < l->n && !err; i++) {
		fd = descriptor_of(l, i);
		if (fd < 0)
			continue;
		stat->found++;
		if (symbolizer__module(l->symbolizer, FIRST + i, fd, false))
			continue; /* the symbolizer is gone for good: no more names */
		l->naming.symbolizers[l->modules[i]] = FIRST + i;
		naming_module(&l->naming, l->modules[i]);
	}
	if (!err)
		err = naming_lines(&l->naming);
	if (!err)
		err = l->naming.err;
	naming_done(&l->naming);
	stat->names = q->names_found - before.names_found;
	stat->lines = q->lines_found - before.lines_found;
	/* Most of these addresses were counted by the session already. */
	q->lines_wanted = before.lines_wanted ? before.lines_wanted : q->lines_wanted;
	if (before.lines_wanted)
		q->lines_looked = before.lines_looked;
	return err;
}

static int search_all(struct later *l, struct resymbolize_stat *stat, const char **ret_dir)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < l->config->ndirs && !err; i++) {
		*ret_dir = l->config->dirs[i];
		err = debugdir_search(*ret_dir, l->symbolizer, CANDIDATE, l->builds, l->n);
		if (err == -E2BIG) {
			stat->cut = *ret_dir;
			err = 0;
		}
	}
	if (!err)
		*ret_dir = NULL;
	return err;
}

int resymbolize_name(struct profile *p, const struct resymbolize_config *config,
		     struct resymbolize_stat *ret, const char **ret_what, const char **ret_dir)
{
	const struct symbolizer_config symbolizer = { .confine = config->confine,
						      .patience_ms = PATIENCE_MS };
	struct later l = { .p = p, .config = config };
	struct resymbolize_stat stat = { 0 };
	int err = symbolizer__start(&symbolizer, &l.symbolizer);
	__u32 i;

	*ret_what = "start the symbolizer";
	*ret_dir = NULL;
	if (!err)
		err = resymbolize_choose(&l);
	stat.wanted = l.n;
	*ret_what = "look for debug files";
	if (!err)
		err = search_all(&l, &stat, ret_dir);
	if (!err) {
		*ret_what = "name the frames";
		err = name_all(&l, &stat);
	}
	symbolizer__free(l.symbolizer);
	for (i = 0; i < l.n; i++) {
		if (l.builds[i].fd >= 0)
			close(l.builds[i].fd);
		free((char *)l.builds[i].id);
	}
	free(l.builds);
	free(l.modules);
	if (!err)
		*ret = stat;
	return err;
}
