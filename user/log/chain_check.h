/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chain_check.h - what is wrong with a log, line by line. PURE.
 *
 * Owns: telling apart what was edited, removed, put elsewhere, doubled or cut. Not here:
 * reading files, printing.
 */
#ifndef VIGIE_LOG_CHAIN_CHECK_H
#define VIGIE_LOG_CHAIN_CHECK_H

#include "log/chain.h"

enum chain_fault {
	CHAIN_FITS,
	CHAIN_FOREIGN, /* not a line of the chain */
	CHAIN_CUT, /* the last line has no end */
	CHAIN_EDITED, /* the right number, another text */
	CHAIN_REMOVED, /* lines are missing before this one */
	CHAIN_REORDERED, /* it belongs further up */
	CHAIN_DOUBLED, /* the number of the line before, again */
	CHAIN_TRUNCATED, /* the head knows of later lines */
};

struct chain_check {
	bool began;
	struct chain last; /* what the next line must follow */
	uint64_t first, highest; /* sequence numbers seen */
	uint64_t lines, faults;
	/* Of the fault that chain_check_line() returned. */
	uint64_t expected, found; /* sequence numbers */
};

void chain_check_init(struct chain_check *check);
/* line without its newline. The first line that is one may have any predecessor: older files
 * may be gone. */
enum chain_fault chain_check_line(struct chain_check *check, const char *line, size_t len);
/* After the last line of the newest file. */
enum chain_fault chain_check_head(struct chain_check *check, const struct chain *head);

#endif
