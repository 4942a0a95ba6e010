// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_http_address.c - listen addresses: what is accepted formats to what parses as the same. */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>

#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct http_address address, again;
	const char *why = NULL;
	char back[256];
	int err;

	memset(&address, 0xa5, sizeof(address));
	err = http_address_parse(text, &address, &why);
	free(text);
	if (err) {
		FUZZ_CHECK(err == -EINVAL && why && *why);
		return 0;
	}
	FUZZ_CHECK(memchr(address.host, 0, sizeof(address.host)));
	FUZZ_CHECK(memchr(address.path, 0, sizeof(address.path)) || address.family != AF_UNIX);
	http_address_format(&address, back, sizeof(back));
	FUZZ_CHECK(http_address_parse(back, &again, &why) == 0);
	FUZZ_CHECK(again.family == address.family && again.loopback == address.loopback);
	if (address.family == AF_UNIX)
		FUZZ_CHECK(strcmp(again.path, address.path) == 0 && address.loopback);
	else
		FUZZ_CHECK(again.port == address.port && address.port <= 65535);
	return 0;
}
