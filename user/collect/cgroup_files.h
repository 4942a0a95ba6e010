/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroup_files.h - the files of one cgroup that say what a unit costs, and their words.
 *
 * Owns: which files, by hierarchy, how each is worded, and descriptors: opening one costs several
 * times what reading it again does. Not here: whose cgroup it is and whose turn (cgroup_units.h).
 */
#ifndef VIGIE_COLLECT_CGROUP_FILES_H
#define VIGIE_COLLECT_CGROUP_FILES_H

#include "collect/cgroup_units.h"

enum { CGROUP_FILES_MAX = 12, CGROUP_TEXT_BYTES = 16384 };

/* One of them: name as its hierarchy has it, and where its words go. */
struct cgroup_file {
	const struct cgroup_mount *mount;
	char name[40];
	void (*take)(const char *text, bool v2, unsigned int which, struct cgroup_unit *ret);
	unsigned int which;
};

struct cgroup_reader {
	struct cgroup_units_config config;
	struct cgroup_file files[CGROUP_FILES_MAX];
	unsigned int nfiles;
	unsigned int kept, kept_max; /* descriptors */
	unsigned int reads; /* of files; the caller sets it back */
	char text[CGROUP_TEXT_BYTES];
};

struct cgroup_open {
	int fd[CGROUP_FILES_MAX]; /* -1: is not kept open */
	__u32 there; /* bit: this cgroup has that file */
	__u64 looked_ns; /* when files and limits were searched last; 0: never */
	enum cgroup_tree tree;
	__u64 top, memory_limit, tasks_limit;
};

void cgroup_reader_init(struct cgroup_reader *reader, const struct cgroup_units_config *config);
void cgroup_open_init(struct cgroup_open *cgroup);
void cgroup_open_done(struct cgroup_reader *reader, struct cgroup_open *cgroup);
/* ret->has is 0 where the cgroup is in no hierarchy. path_len is left alone. */
void cgroup_open_read(struct cgroup_reader *reader, struct cgroup_open *cgroup, const char *path,
		      __u64 now_ns, struct cgroup_unit *ret);

#endif
