/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * incident.h - the evidence of findings, a folder each.
 *
 *	ID/finding.json   the finding as last known; replaced whole
 *	ID/host.json      the host as it opened
 *	ID/ring/          raw snapshots from some minutes before to its end: a history
 *	ID/NAME           what others attach
 *
 * Owns: these folders, how many there are and how big they are together. Not here: what is a
 * finding (detect/), the history itself (ring.h).
 */
#ifndef VIGIE_RECORD_INCIDENT_H
#define VIGIE_RECORD_INCIDENT_H

#include "record/ring.h"

enum { INCIDENT_ID_LEN = 13, INCIDENTS_OPEN_MAX = 8, INCIDENT_ATTACHED_MAX = 16 << 20 };

struct incidents;

struct incidents_config {
	unsigned int max_incidents; /* folders; at least 1 */
	__u64 max_bytes; /* all together; snapshots of one take an eighth of it at most */
};

struct incidents_stat {
	__u64 begun, removed;
	__u64 dropped; /* that could not be begun */
	__u64 entries_dropped; /* of open ones: the disk, or their part of max_bytes is full */
	__u64 bytes; /* now */
};

struct incident_begin {
	const char *finding, *host; /* JSON */
	size_t finding_len, host_len;
	__u64 from_wall_ns; /* entries of the history from here on are copied */
};

/* Takes over the directory, dirfd included, also when it fails. 0 or -errno. */
int incidents__open(int dirfd, const struct incidents_config *config, struct incidents **ret);
void incidents__free(struct incidents *incidents); /* accepts NULL */

/*
 * Makes the folder, or opens it again if it is there. The oldest closed ones are removed for it.
 * id: 12 hex digits, else -EINVAL. -ENOSPC: all that is there is open. Or -errno.
 */
int incidents__begin(struct incidents *incidents, const char *id,
		     const struct incident_begin *begin, struct ring *ring);
/* Replaces finding.json. -ENOENT: no such open incident. */
int incidents__update(struct incidents *incidents, const char *id, const char *finding, size_t len);
/* The same, and closes it: it takes no more entries. len 0: finding.json stays as it is. */
int incidents__end(struct incidents *incidents, const char *id, const char *finding, size_t len);
/* One entry, packed by the ring, for every open incident. */
void incidents__append(struct incidents *incidents, struct ring *ring,
		       const struct ring_entry *entry, const void *data, size_t len);
/*
 * Adds a file to an incident, open or not: stacks of a profiling session. name: letters,
 * digits, '.', '-' and '_', not beginning with '.', none of ours. 0, -EINVAL, -ENOENT, -EFBIG
 * or -errno.
 */
int incidents__attach(struct incidents *incidents, const char *id, const char *name,
		      const void *data, size_t len);
const struct incidents_stat *incidents__stat(const struct incidents *incidents);

#endif
