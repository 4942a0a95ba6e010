// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_mapping.c - lines of /proc/PID/maps: any text is taken or refused whole, and a path of any
 * bytes comes back from a line as the kernel writes it.
 */
#include "fuzz.h"

#include "profile/mapping.h"

static void check_any(char *text, size_t size)
{
	struct mapping m;

	if (!mapping_parse(text, &m))
		return;
	FUZZ_CHECK(m.path >= text && m.path <= text + size);
	FUZZ_CHECK(!strchr(m.path, '\n'));
}

/* The kernel writes a newline as \012 (seq_path), so there is none. */
static void check_path(const uint8_t *data, size_t size)
{
	char *path = fuzz_string(data, size), *line = malloc(size + 128);
	struct mapping m;

	FUZZ_CHECK(line);
	for (char *at = path; *at; at++)
		if (*at == '\n')
			*at = 'n';
	snprintf(line, size + 128, "7f00-8f00 r-xp 00001000 fd:01 1234                       /%s\n",
		 path);
	FUZZ_CHECK(mapping_parse(line, &m));
	FUZZ_CHECK(m.start == 0x7f00 && m.end == 0x8f00 && m.offset == 0x1000 && m.inode == 1234);
	FUZZ_CHECK(m.executable && m.path[0] == '/' && !strcmp(m.path + 1, path));
	free(line);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_any(text, size);
	check_path(data, size);
	free(text);
	return 0;
}
