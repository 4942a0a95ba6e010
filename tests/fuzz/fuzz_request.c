// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_request.c - a request and its headers: always a choice or a status that exists. */
#include "fuzz.h"

#include "http/request.h"

#include "../lib/http_contents.h"

/* Lines of the input: method, version, target, Host, then headers "name: value" in turn. */
static char *next_line(char **rest)
{
	char *line = *rest ? strsep(rest, "\n") : NULL;

	return line ? line : "";
}

static void headers(struct request *r, char *rest)
{
	while (rest) {
		char *value = strsep(&rest, "\n");
		char *name = strsep(&value, ":");

		request_add_header(r, name, value ? value : "");
	}
}

static void check_choice(const struct request *r)
{
	struct choice choice = negotiation_choose(&r->negotiation, test_pages);
	char type[CONTENT_TYPE_MAX];

	FUZZ_CHECK(choice.content < CONTENTS);
	choice_content_type(&choice, test_contents, type);
	FUZZ_CHECK(memchr(type, 0, sizeof(type)) && strchr(type, 47));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int known[] = { 0, 400, 403, 405, 414, 431, 505 };
	char *text = fuzz_string(data, size), *rest = text;
	const char *path = NULL;
	struct request r = { .check_host = size & 1, .own_name = "host.example" };
	unsigned int status, i = 0;

	negotiation_init(&r.negotiation, test_contents, CONTENTS);
	r.method = next_line(&rest);
	r.version = next_line(&rest);
	r.target = next_line(&rest);
	r.uri_len = strlen(r.target);
	r.header_bytes = size;
	headers(&r, rest);
	status = request_check(&r, &path);
	while (i < sizeof(known) / sizeof(known[0]) && known[i] != status)
		i++;
	FUZZ_CHECK(i < sizeof(known) / sizeof(known[0]));
	if (status == 0)
		FUZZ_CHECK(path && (strcmp(path, "/") == 0 ||
				    (path >= r.target && path <= r.target + r.uri_len)));
	check_choice(&r);
	free(text);
	return 0;
}
