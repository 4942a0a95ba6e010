/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer.h - the process that writes: recording, log, evidence.
 *
 *	main process ──packets, never waits──> scribe ──> disk, standard error, journald
 *	             <──────── what became of it ───────
 *
 * A disk may be slow, full or gone; a scrape must not notice. So the main process hands over
 * bytes and goes on: what the socket has no room for is dropped whole and counted. It writes
 * no file itself, and the scribe reads no stranger's byte.
 *
 * Owns: the life of that process and the handing over. Not here: what the bytes mean
 * (record/, export/), what is worth writing (logbook.h, recorder.h).
 */
#ifndef VIGIE_DAEMON_WRITER_H
#define VIGIE_DAEMON_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "daemon/writer_wire.h"

struct scribe;

struct scribe_config {
	int statedir; /* descriptor, or -1: nothing is recorded */
	int witness; /* the scribe's end of the witness' socket, or -1 */
	int lock; /* of the state directory: held as long as somebody writes there; or -1 */
	const char *log_directory, *log_name; /* the log is elsewhere; NULL: in statedir */
	__u64 boot; /* a hash of the host's boot id */
	__u64 keep_ns, max_bytes; /* of the recording */
	__u64 max_incident_bytes;
	unsigned int max_incidents;
	bool journal; /* journald's socket will be written to */
	bool change_user; /* we are root and shall be uid, gid */
	uid_t uid;
	gid_t gid;
};

/*
 * Forks; to be called while privileged and before anything is open that the scribe must not
 * have. Returns when it has given up its privileges and opened its files. 0, or -errno with
 * *ret_what (static, or valid until the next call) what failed.
 */
int scribe__start(const struct scribe_config *config, struct scribe **ret, const char **ret_what);
/* Closes; waits a moment for what is on its way to reach the disk. Accepts NULL. */
void scribe__free(struct scribe *scribe);

/* Readable when the scribe has something to say; then call scribe__listen(). */
int scribe__fd(const struct scribe *scribe);
void scribe__listen(struct scribe *scribe);
bool scribe__alive(const struct scribe *scribe);

/*
 * Hands over one message; head->kind and its arguments are the caller's, the rest is filled
 * in. Never waits. 0, or -errno: dropped whole (-EAGAIN: no room, -EPIPE: the scribe is gone).
 */
int scribe__send(struct scribe *scribe, struct scribe_head *head, const void *data, size_t len);

/* What the scribe said last, and what never reached it. */
void scribe__stat(const struct scribe *scribe, struct scribe_stat *ret);

#endif
