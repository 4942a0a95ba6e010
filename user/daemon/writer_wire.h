/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer_wire.h - the messages between the main process and the writer.
 *
 * A message is one or more packets of a SOCK_SEQPACKET pair, each a head and a piece of the
 * message. Both ends are of one build, so there is no version; but the main process
 * reads from the network and may have been taken over, so the writer checks every field.
 */
#ifndef VIGIE_DAEMON_WRITER_WIRE_H
#define VIGIE_DAEMON_WRITER_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"
#include "data/finding.h"
#include "data/self.h"

enum {
	WRITER_PIECE_MAX = 60 * 1024, /* bytes of a message in one packet */
	WRITER_MESSAGE_MAX = 32 << 20,
	WRITER_WHAT_LEN = 160,
};

enum writer_kind {
	WRITER_ENTRY, /* an encoded snapshot for the ring and for all open incidents */
	WRITER_LINE, /* an unsealed line for the log */
	WRITER_TEXT, /* bytes for standard error */
	WRITER_JOURNAL, /* a datagram for journald */
	WRITER_INCIDENT_BEGIN, /* the finding's JSON, then from split on the host's */
	WRITER_INCIDENT_UPDATE, /* the finding's JSON */
	WRITER_INCIDENT_END, /* the finding's JSON */
	WRITER_REOPEN, /* the log was renamed */
	WRITER_BOUNDS, /* struct writer_bounds */
	WRITER_KINDS,
};

/* What the history may take, and the least that may be asked for: no message empties it. */
#define HISTORY_RETENTION_LEAST_NS (60 * NS_PER_S)
#define HISTORY_BYTES_LEAST (8ULL << 20)

struct writer_bounds {
	__u64 retention_ns, max_bytes;
};

struct writer_head {
	__u32 kind; /* enum writer_kind */
	__u32 total; /* bytes of the whole message */
	__u32 at; /* where this packet's piece stands in it */
	__u32 split; /* WRITER_INCIDENT_BEGIN */
	__u64 number; /* of the message: pieces of two messages never mix */
	__u64 time_ns,
		wall_ns; /* WRITER_ENTRY: the snapshot's; WRITER_INCIDENT_BEGIN: from when on */
	__u32 key; /* WRITER_ENTRY: 1: decodable by itself */
	char id[FINDING_ID_LEN]; /* of an incident */
	char pad[3];
};

/* Totals since the writer began, where the comment names no other time. */
struct writer_stat {
	int err; /* of the start; then of the last write that failed, 0 when it went well again */
	char what[WRITER_WHAT_LEN]; /* that err is about */
	bool wants_key; /* the next entry is to be one */
	struct self_writer self; /* what becomes metrics, as it is */
	__u64 texts_lost; /* standard error did not take them */
	__u64 messages_bad; /* torn or malformed: ours, so a defect */
};

#endif
