// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_runtimes.c - the files of container runtimes: what comes out has the form of names, or nothing
 * comes out. The first byte chooses the file.
 */
#include "fuzz.h"

#include <errno.h>

#include "runtimes/parse.h"

static const char id[] = "44e2ba42cbe3f098542e7fa50123456789abcdef0123456789abcdef01234567";
static const char uid[] = "aaaa2b4a-f398-41c0-928b-049e1cc4ec40";

static int parse_any(int which, char *text, size_t len, struct container_packed *ret)
{
	switch (which % 5) {
	case 0: return parse_docker(text, len, ret);
	case 1: return parse_oci(text, len, ret);
	case 2: return parse_storage(text, len, id, ret);
	case 3: return parse_log_link(text, id, ret);
	default: return parse_log_dir(text, uid, ret);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct container_packed nothing;
	struct container_packed got;
	char *text;
	int err;

	if (!size)
		return 0;
	text = fuzz_string(data + 1, size - 1);
	memset(&got, 0xa5, sizeof(got));
	err = parse_any((uint8_t)(data[0] - '0'), text, size - 1, &got);
	free(text);
	FUZZ_CHECK(!err || err == -ENOENT || err == -EBADMSG);
	FUZZ_CHECK(err ? !memcmp(&got, &nothing, sizeof(got)) : container_packed_is_valid(&got));
	return 0;
}
