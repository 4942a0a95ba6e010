/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdicts.h - verdicts that people passed on findings, in a file of the state directory.
 *
 * One line a verdict, appended with one write:
 *	UNIX_NS FINDING PATTERN benign|malicious|revoked USER NOTE
 * The last line of a pattern counts. The file is data, not evidence: the log has the same
 * as linked events, in its chain.
 *
 * Owns: that file's format. Not here: what a verdict changes (detect/, finding_handler.c).
 */
#ifndef VIGIE_DAEMON_VERDICTS_H
#define VIGIE_DAEMON_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "data/finding.h"

enum { VERDICT_LINE_MAX = 1024 };

/* A reader that goes on where it stopped. */
struct verdicts {
	int dirfd; /* the caller's; -1: there are none */
	int watch; /* inotify: says when there may be something new; -1: it is looked each time */
	bool due; /* look, whatever that says */
	off_t at;
	__u64 bad; /* lines that are no verdict */
};

void verdicts_init(struct verdicts *verdicts, int dirfd);
/*
 * For who reads with every snapshot: from now on the file is opened only when it was changed. A disk
 * that hangs would hold up who looks, and nobody changes a file there. Where that cannot be had it is looked
 * each time.
 */
void verdicts_watch(struct verdicts *verdicts);
void verdicts_done(struct verdicts *verdicts);
/* Calls take for every line that is new. Reads at most 1 MiB at a time. 0 or -errno. */
int verdicts_read(struct verdicts *verdicts, void (*take)(void *ctx, const struct verdict *verdict),
		  void *ctx);
/* One line, without its end. 0 or -EINVAL with *ret untouched. Any bytes are accepted. */
int verdict_parse(const char *line, size_t len, struct verdict *ret);
/* The same for people. */
void verdict_message(const struct verdict *verdict, char *dst, size_t size);
/* Appends to the file, made if need be with the directory's owner. 0 or -errno. */
int verdict_append(int dirfd, const struct verdict *verdict);

#endif
