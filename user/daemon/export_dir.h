/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export_dir.h - the directory that an export is written to.
 *
 * Owns: which directory may be written to, and that each file appears whole or not at all: all of
 * them as the export ends, those that others refer to first, export.json last. Not here: what is
 * in the tables (export/star.h).
 */
#ifndef VIGIE_DAEMON_EXPORT_DIR_H
#define VIGIE_DAEMON_EXPORT_DIR_H

#include "base/replace.h"
#include "export/star.h"

#define EXPORT_DIR_MANIFEST "export.json"
/* What that file begins with: by this an export is told from other people's files. */
#define EXPORT_DIR_SCHEMA "vigie.export/1"

struct export_dir {
	const char *path; /* the caller's */
	bool made; /* by us: it goes if nothing comes of it */
	unsigned int nfiles; /* that are open */
	struct replace files[STAR_TABLES + 1]; /* the tables, the manifest */
};

/*
 * Made (not its parents) if need be. Refused is what holds files but no export of ours; other files
 * beside one are left alone. Complains on stderr as who. 0 or -errno: nothing is open.
 */
int export_dir_open(struct export_dir *dir, const char *path, const char *who);
/* Takes the bytes of all tables out of star. 0 or -errno, said. */
int export_dir_put(struct export_dir *dir, struct star *star, const char *who);
/* The manifest is its bytes. 0 or -errno, said: what did not come is as it was. */
int export_dir_commit(struct export_dir *dir, const struct buf *manifest, const char *who);
void export_dir_abort(struct export_dir *dir); /* also after a commit, when it does nothing */

#endif
