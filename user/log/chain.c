// SPDX-License-Identifier: GPL-2.0-only
/* chain.c - owns what is hashed, and how it is spelled. SHA-256 is nettle's. */
#include "log/chain.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#define SEQUENCE ",\"sequence\":"
#define HASH ",\"hash\":\""
#define END "\"}}"

enum { TAIL = sizeof(HASH) - 1 + CHAIN_HEX + sizeof(END) - 1 };

static void hash_line(const unsigned char before[CHAIN_HASH], const char *line, size_t len,
		      unsigned char ret[CHAIN_HASH])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, CHAIN_HASH, before);
	sha256_update(&sha, len, (const uint8_t *)line);
	sha256_digest(&sha, CHAIN_HASH, ret);
}

static void put_hex(const unsigned char hash[CHAIN_HASH], char *to)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < CHAIN_HASH; i++) {
		*to++ = digits[hash[i] >> 4];
		*to++ = digits[hash[i] & 15];
	}
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_hex(const char *text, unsigned char ret[CHAIN_HASH])
{
	int i, high, low;

	for (i = 0; i < CHAIN_HASH; i++) {
		high = digit(text[2 * i]);
		low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret[i] = high << 4 | low;
	}
	return true;
}

void chain_seal(struct chain *chain, struct buf *line)
{
	char hex[CHAIN_HEX];

	buf_printf(line, SEQUENCE "%" PRIu64, chain->sequence + 1);
	if (line->err)
		return;
	hash_line(chain->hash, line->data, line->len, chain->hash);
	chain->sequence++;
	put_hex(chain->hash, hex);
	buf_str(line, HASH);
	buf_add(line, hex, sizeof(hex));
	buf_str(line, END "\n");
}

/* Digits between [at, end), a number without leading zeros. */
static bool get_number(const char *at, const char *end, uint64_t *ret)
{
	uint64_t v = 0;

	if (at == end || (*at == '0' && end - at > 1))
		return false;
	for (; at < end; at++)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return false;
	*ret = v;
	return true;
}

bool chain_read(const char *line, size_t len, struct chain_link *ret)
{
	const char *tail = line + len - TAIL, *number;
	struct chain_link link;

	if (len < TAIL + sizeof(SEQUENCE) || memcmp(tail, HASH, sizeof(HASH) - 1) ||
	    memcmp(line + len - (sizeof(END) - 1), END, sizeof(END) - 1) ||
	    !get_hex(tail + sizeof(HASH) - 1, link.hash))
		return false;
	for (number = tail; number > line && number[-1] >= '0' && number[-1] <= '9'; number--)
		;
	if ((size_t)(number - line) < sizeof(SEQUENCE) - 1 ||
	    memcmp(number - (sizeof(SEQUENCE) - 1), SEQUENCE, sizeof(SEQUENCE) - 1) ||
	    !get_number(number, tail, &link.sequence))
		return false;
	*ret = link;
	return true;
}

bool chain_fits(const unsigned char before[CHAIN_HASH], const char *line, size_t len,
		const struct chain_link *link)
{
	unsigned char hash[CHAIN_HASH];

	hash_line(before, line, len - TAIL, hash);
	return !memcmp(hash, link->hash, sizeof(hash));
}

void chain_head_put(const struct chain *chain, char to[CHAIN_HEAD + 1])
{
	snprintf(to, CHAIN_HEAD + 1, "%020" PRIu64 " ", chain->sequence);
	put_hex(chain->hash, to + 21);
	to[CHAIN_HEAD - 1] = '\n';
	to[CHAIN_HEAD] = '\0';
}

bool chain_head_get(const char *text, size_t len, struct chain *ret)
{
	const char *at = text;
	struct chain chain;

	if (len != CHAIN_HEAD || text[20] != ' ' || text[CHAIN_HEAD - 1] != '\n' ||
	    !get_hex(text + 21, chain.hash))
		return false;
	while (at < text + 19 && *at == '0')
		at++;
	if (!get_number(at, text + 20, &chain.sequence))
		return false;
	*ret = chain;
	return true;
}
