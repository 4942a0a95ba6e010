/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log_file.h - the log on a disk: sealed lines, whole or not at all, across rotation.
 *
 * Owns: the one file that log lines go to, FILE.head beside it (chain.h), rotation by
 * ourselves (FILE.1, FILE.2, …) and by others (a rename is noticed before the next line), and
 * what waits while the disk takes nothing. Not here: what a line says.
 */
#ifndef VIGIE_LOG_LOG_FILE_H
#define VIGIE_LOG_LOG_FILE_H

#include "log/chain.h"

#define LOG_FILE_NAME "events.ndjson" /* in a state directory */

struct log_file;

struct log_file_config {
	uint64_t max_bytes; /* then it is rotated; default 16 MiB */
	unsigned int keep; /* rotated files; default 4 */
	size_t backlog_bytes; /* lines that wait for the disk; default 1 MiB */
};

struct log_file_stat {
	uint64_t lines; /* written */
	uint64_t lost; /* that fell out of the backlog, or were too long */
	uint64_t pending; /* waiting now */
	uint64_t rotations; /* ours and others' */
	uint64_t torn; /* unfinished lines that were found at the end and cut off */
};

/*
 * Continues the chain of what is there: a line that was cut by a crash is cut off. dirfd stays
 * the caller's and must stay open. config NULL: the defaults. 0; -EINVAL: not a plain file; or
 * -errno.
 */
int log_file__open(int dirfd, const char *name, const struct log_file_config *config,
		   struct log_file **ret);
void log_file__free(struct log_file *log); /* accepts NULL */
/*
 * Seals and appends an open line (encode.h). 0, or -errno: it waits, with what waits already,
 * for the next call, which tries again; sequence numbers are given as lines are written, so a
 * chain has no gaps.
 */
int log_file__write(struct log_file *log, const struct buf *line);
/* The file was renamed: begin another now. */
void log_file__reopen(struct log_file *log);
int log_file__sync(struct log_file *log);
const struct log_file_stat *log_file__stat(const struct log_file *log);

#endif
