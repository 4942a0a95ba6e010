/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * services.h - everything that keeps: state directory, scribe, log, black box, lookout.
 *
 * Owns: the order in which they are opened, and what is said when one cannot be. A default
 * directory that cannot be used is a warning; one that was asked for is an error.
 */
#ifndef VIGIE_DAEMON_SERVICES_H
#define VIGIE_DAEMON_SERVICES_H

#include "daemon/finding_handler.h"

struct keep_options {
	bool recording; /* default on */
	const char *directory; /* default STATEDIR_DEFAULT */
	bool directory_given; /* then it is an error that it cannot be used */
	__u64 keep_ns, max_bytes;
	const char *log_file; /* NULL: in the directory */
	const char *log_format; /* NULL: the default */
	enum severity log_level;
	bool capture; /* a session as a finding begins, where that is possible; default on */
};

void keep_options_init(struct keep_options *options);

struct keep {
	int statedir, lock; /* -1: none */
	struct scribe *scribe;
	struct witness *witness; /* NULL: findings are not looked into */
	struct logbook book;
	struct blackbox box;
	struct lookout lookout;
};

/*
 * Forks the scribe: before BPF objects exist, after the listeners do. uid and gid: as whom it
 * shall write, if change_user. Complains on standard error as who. 0 or -errno.
 */
int keep_open(struct keep *keep, const struct keep_options *options, uid_t uid, gid_t gid,
	      bool change_user, const char *who);
void keep_done(struct keep *keep);

#endif
