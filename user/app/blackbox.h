/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blackbox.h - the main process' side of recording: encode, hand over, keep evidence.
 *
 * Owns: when an entry must be decodable by itself, what an incident folder is given, and
 * what is said when the disk fails and when it works again. Not here: the format (record/),
 * the disk (scribe.h).
 */
#ifndef VIGIE_APP_BLACKBOX_H
#define VIGIE_APP_BLACKBOX_H

#include "app/logbook.h"
#include "app/scribe.h"
#include "data/snapshot.h"
#include "data/view.h"
#include "record/codec.h"

struct blackbox {
	struct scribe *scribe; /* NULL: nothing is recorded */
	struct logbook *book;
	struct encoder *encoder;
	struct buf entry, finding, host;
	__u64 next_key_ns;
	bool failing; /* said once, not for every entry */
	__u64 lost_before, encode_ns, encoded_bytes;
};

int blackbox_init(struct blackbox *box, struct scribe *scribe, struct logbook *book);
void blackbox_done(struct blackbox *box);
void blackbox_record(struct blackbox *box, const struct snapshot *snapshot);
/* Opens, updates or ends the finding's incident folder. True: it is to be opened. */
bool blackbox_incident(struct blackbox *box, const struct finding *finding,
		       const struct view *view);
/* Says aloud what changed about the disk. To be called now and then. */
void blackbox_watch(struct blackbox *box);

#endif
