/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history_wire.h - what goes between the server and the process that answers for the past.
 *
 * Fixed sizes towards it; back come parts, in order, the last one marked. Owns: their form.
 */
#ifndef VIGIE_DAEMON_HISTORY_WIRE_H
#define VIGIE_DAEMON_HISTORY_WIRE_H

#include <linux/types.h>

#include "data/self.h"
#include "web/question.h"

struct history_ask {
	__u64 job;
	__u32 gzip, zero;
	struct web_question question;
};

enum {
	HISTORY_PART_BYTES = 48 << 10,
	HISTORY_ANSWER_MAX = 16 << 20,
};

struct history_part {
	__u64 job;
	__u32 status; /* of HTTP */
	__u32 len; /* bytes of this part */
	__u32 last;
	__u32 gzip;
	__u32 document; /* it is a session's page; what that may do the server says. 0: JSON */
	__u32 zero;
	struct self_history self; /* what becomes metrics, as it is */
	char bytes[HISTORY_PART_BYTES];
};

#endif
