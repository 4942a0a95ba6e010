/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chain.h - the hash chain of a log. PURE.
 *
 *	hash(n) = SHA-256( hash(n-1) || line n up to and without ,"hash" )
 *
 * The first line's predecessor is 32 zero bytes. So a line that was edited, removed, put
 * elsewhere or doubled does not fit. Beside the log stands a head, what was written last: it
 * tells when the end is missing. Who may write to both can make up another chain: to notice
 * that, ship the log, or keep a hash elsewhere.
 *
 * Owns: sealing a line, checking a sealed one, the head's text. Not here: files.
 */
#ifndef VIGIE_LOG_CHAIN_H
#define VIGIE_LOG_CHAIN_H

#include <stdbool.h>

#include "base/buf.h"

enum { CHAIN_HASH = 32, CHAIN_HEX = 64, CHAIN_HEAD = 20 + 1 + CHAIN_HEX + 1 };

struct chain {
	uint64_t sequence; /* of the last line; 0: none */
	unsigned char hash[CHAIN_HASH]; /* of the last line */
};

/* Ends an open ECS line (encode.h) as the next of the chain, which moves on. */
void chain_seal(struct chain *chain, struct buf *line);

/* What a line says of itself. */
struct chain_link {
	uint64_t sequence;
	unsigned char hash[CHAIN_HASH];
};
/* line without its newline. False: it is not the line of a chain. Any bytes are accepted. */
bool chain_read(const char *line, size_t len, struct chain_link *ret);
/* Is it, with what it says of itself, the successor of this hash? */
bool chain_fits(const unsigned char before[CHAIN_HASH], const char *line, size_t len,
		const struct chain_link *link);

/* "00000000000000000042 <hex>\n", always CHAIN_HEAD bytes. */
void chain_head_put(const struct chain *chain, char to[CHAIN_HEAD + 1]);
bool chain_head_get(const char *text, size_t len, struct chain *ret);

#endif
