/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * web_files.h - the files of a web configuration: read at the start, and opened again when they change.
 *
 * A key is often root's alone, and whoever serves has no privileges. So a process that reads what it is
 * told by that file and by nobody else (vigie-opener) keeps the one capability that opens any file for
 * reading. Each second it looks whether the file or one that it names is another one; when they are,
 * and have been still for a second, it opens them all and passes the descriptors.
 *
 * Owns: which files may be used (owner, mode, size), the way from descriptors to a web_config, that
 * process. Not here: what the values mean (config/), what is done with them (web_access.h).
 */
#ifndef VIGIE_DAEMON_WEB_FILES_H
#define VIGIE_DAEMON_WEB_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/file.h"
#include "config/web_config.h"

enum { WEB_PATH_MAX = WEB_PATH_LEN_MAX };

/* One that was opened, or not. */
struct web_opened {
	char path[WEB_PATH_MAX];
	char why[CONFIG_FILE_WHY_LEN]; /* completes "FILE …" where fd is -1 */
	int fd;
};

/* The file itself and all that it names, as somebody opened them. */
struct web_bundle {
	struct web_opened config;
	struct web_opened files[WEB_FILES_MAX];
	unsigned int nfiles;
};

void web_bundle_init(struct web_bundle *bundle);
void web_bundle_done(struct web_bundle *bundle); /* closes; may be used again */
/* By this process. What cannot be opened says so in its place. owner: whose the file may be beside root's. */
void web_bundle_open(struct web_bundle *bundle, const char *path, uid_t owner);
/* 0 with *ret, finished; -EINVAL: see faults; -ENOMEM. */
int web_bundle_read(const struct web_bundle *bundle, struct web_config **ret,
		    struct faults *faults);

/*
 * Starts vigie-opener, which watches what differs from this bundle. 0 with its pid and the descriptor that is
 * readable when there is something new; else as side_process_start().
 */
int web_opener_start(const struct web_bundle *bundle, uid_t owner, pid_t *ret_pid, int *ret_fd,
		     const char **ret_what);
/*
 * Reads what vigie-opener has sent so far. 1: the bundle is whole, and is new; 0: not yet; -EPIPE: it is gone.
 */
int web_opener_listen(int fd, struct web_bundle *bundle);

#endif
