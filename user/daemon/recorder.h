/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recorder.h - the main process' side of history and evidence: encode, send to the writer.
 *
 * Owns: when an entry must be decodable by itself, what goes into an incident's folder, and
 * what is logged when the disk fails and when it works again. Not here: the format (record/),
 * the disk (writer.h).
 */
#ifndef VIGIE_DAEMON_RECORDER_H
#define VIGIE_DAEMON_RECORDER_H

#include "daemon/logbook.h"
#include "daemon/writer.h"
#include "data/event.h"
#include "data/snapshot.h"
#include "data/view.h"
#include "record/codec.h"

/* A finding's folder as the writer has it after the messages that were sent. */
struct evidence {
	char id[FINDING_ID_LEN]; /* "": the place is free */
	bool open; /* it takes snapshots */
	bool over; /* the finding has ended: this place is freed once the writer knows */
	bool owed; /* the message that closes it did not fit into the socket: to be sent again */
	struct buf unsent; /* the finding in that message; empty: there was no memory for a copy */
};

enum { EVIDENCE_MAX = 128 }; /* as many as there are findings at once */

struct recorder {
	struct writer *writer; /* NULL: nothing is recorded */
	struct logbook *book;
	struct encoder *encoder;
	struct buf entry, finding, host;
	struct evidence evidence[EVIDENCE_MAX];
	__u64 next_key_ns;
	bool failing; /* logged once, not for every entry */
	__u64 lost_before, encode_ns, encoded_bytes;
};

int recorder_init(struct recorder *recorder, struct writer *writer, struct logbook *book);
void recorder_done(struct recorder *recorder);
void recorder_record(struct recorder *recorder, const struct snapshot *snapshot);
/*
 * Opens, updates or closes the folder of an event's finding, by whether it wants evidence now: a
 * verdict may close it before the end and open it again. True: it is to be opened.
 */
bool recorder_incident(struct recorder *recorder, const struct event *event,
		       const struct view *view);
/* Logs whether the disk fails or works again, and sends what waited. After each snapshot. */
void recorder_watch(struct recorder *recorder);

#endif
