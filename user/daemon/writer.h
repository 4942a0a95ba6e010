/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer.h - the process that writes to the disk: history, log, evidence.
 *
 *	main process ──packets, never waits──> writer ──> disk, standard error, journald
 *	             <───────────── totals ─────────────
 *
 * A disk may be slow, full or gone; a scrape must not notice. So the main process sends
 * bytes and goes on: what the socket has no room for is dropped whole and counted. It writes
 * no file itself, and the writer reads nothing that a client sent.
 *
 * Owns: the life of that process and the sending. Not here: what the bytes mean
 * (record/, log/), what is worth writing (logbook.h, recorder.h).
 */
#ifndef VIGIE_DAEMON_WRITER_H
#define VIGIE_DAEMON_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "daemon/writer_wire.h"

struct writer;

struct writer_config {
	int state_dir; /* descriptor, or -1: nothing is recorded */
	int profiler; /* the writer's end of the profiler's socket, or -1 */
	int lock; /* of the state directory: held as long as somebody writes there; or -1 */
	const char *log_directory, *log_name; /* the log is elsewhere; NULL: in state_dir */
	__u64 boot; /* a hash of the host's boot id */
	__u64 retention_ns, max_bytes; /* of the history */
	__u64 max_incident_bytes;
	unsigned int max_incidents;
	bool journal; /* journald's socket will be written to */
	bool change_user; /* the writer is forked as root and changes to uid, gid */
	uid_t uid;
	gid_t gid;
};

/*
 * Forks; to be called while privileged and before anything is open that the writer must not
 * have. Returns when it has given up its privileges and opened its files. 0, or -errno with
 * *ret_what (static, or valid until the next call) what failed.
 */
int writer__start(const struct writer_config *config, struct writer **ret, const char **ret_what);
/* Closes; waits a moment for what is on its way to reach the disk. Accepts NULL. */
void writer__free(struct writer *writer);

/* Readable when there are totals of the writer; then call writer__listen(). */
int writer__fd(const struct writer *writer);
void writer__listen(struct writer *writer);
bool writer__alive(const struct writer *writer);

/*
 * Hands over one message; head->kind and its arguments are the caller's, the rest is filled
 * in. Never waits. 0, or -errno: dropped whole (-EAGAIN: no room, -EPIPE: the writer is gone).
 */
int writer__send(struct writer *writer, struct writer_head *head, const void *data, size_t len);

/* The writer's last totals, and what was dropped before it got there. */
void writer__stat(const struct writer *writer, struct writer_stat *ret);

#endif
