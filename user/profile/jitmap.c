// SPDX-License-Identifier: GPL-2.0-only
/* jitmap.c - owns the parser of perf maps. Runs in the reader only: the file is anybody's. */
#include "profile/jitmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

enum { JITMAP_LINES_MAX = 1 << 20 };

/* perf reads what strtoull() does: Java writes 0x, Node does not. */
static int read_hex(const char **at, uint64_t *ret)
{
	if (!strncmp(*at, "0x", 2))
		*at += 2;
	return parse_hex(at, ret);
}

const char *jitmap_name(int fd, uint64_t address, char *dst, size_t size)
{
	int copy = dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
	char line[1024];
	const char *at;
	const char *found = NULL;
	uint64_t start, len;
	int lines;

	if (!file) {
		if (copy >= 0)
			close(copy);
		return NULL;
	}
	rewind(file);
	for (lines = 0; lines < JITMAP_LINES_MAX && fgets(line, sizeof(line), file); lines++) {
		line[strcspn(line, "\n")] = '\0';
		at = line;
		if (read_hex(&at, &start) || *at++ != ' ' || read_hex(&at, &len) || *at++ != ' ' ||
		    address - start >= len)
			continue;
		snprintf(dst, size, "%s", at);
		found = dst;
	}
	fclose(file);
	return found;
}
