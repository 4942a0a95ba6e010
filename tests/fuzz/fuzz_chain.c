// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_chain.c - lines of a log from anybody: judged, never believed beyond their end. */
#include "fuzz.h"

#include "log/chain_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *nl;
	struct chain_check check;
	struct chain chain = { 0 }, head;
	struct chain_link link;
	struct buf line;

	chain_check_init(&check);
	while (at < end && (nl = memchr(at, '\n', end - at))) {
		chain_check_line(&check, at, nl - at);
		at = nl + 1;
	}
	chain_head_get((const char *)data, size, &head);
	/* Whatever text is sealed reads back as what it was sealed with, and fits. */
	buf_init(&line, 1 << 20);
	buf_str(&line, "{\"event\":{");
	buf_add(&line, data, size);
	chain_seal(&chain, &line);
	FUZZ_CHECK(chain_read(line.data, line.len - 1, &link) && link.sequence == 1);
	FUZZ_CHECK(
		chain_fits((const unsigned char[CHAIN_HASH]){ 0 }, line.data, line.len - 1, &link));
	buf_done(&line);
	return 0;
}
