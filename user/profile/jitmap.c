// SPDX-License-Identifier: GPL-2.0-only
/* jitmap.c - owns the parser of perf maps. Runs in the symbolizer only: the file is anybody's. */
#include "profile/jitmap.h"

#include <errno.h>
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

/* An address that is asked for, and where the text of its name begins. */
struct asked {
	uint64_t address;
	size_t index;
	long at; /* -1: no line has it */
};

static int by_address(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static void jitmap_mark(struct asked *asked, size_t n, uint64_t start, uint64_t len, long at)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (asked[mid].address < start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n && asked[low].address - start < len; low++)
		asked[low].at = at;
}

static void jitmap_find(FILE *file, struct asked *asked, size_t n)
{
	char line[1024];
	uint64_t start, len;
	const char *at;
	int lines;
	long begin = 0;

	for (lines = 0; lines < JITMAP_LINES_MAX && fgets(line, sizeof(line), file); lines++) {
		at = line;
		if (!read_hex(&at, &start) && *at++ == ' ' && !read_hex(&at, &len) && *at++ == ' ')
			jitmap_mark(asked, n, start, len, begin + (at - line));
		begin += strlen(line);
	}
}

int jitmap_names(int fd, const uint64_t *addresses, size_t n,
		 void (*name)(void *ctx, size_t index, const char *text), void *ctx)
{
	struct asked *asked = calloc(n ? n : 1, sizeof(*asked));
	int copy = asked ? dup(fd) : -1;
	FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
	char text[1024];
	size_t i;

	if (!file) {
		if (copy >= 0)
			close(copy);
		free(asked);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		asked[i] = (struct asked){ .address = addresses[i], .index = i, .at = -1 };
	qsort(asked, n, sizeof(*asked), by_address);
	rewind(file);
	jitmap_find(file, asked, n);
	for (i = 0; i < n; i++) {
		if (asked[i].at < 0 || fseek(file, asked[i].at, SEEK_SET) ||
		    !fgets(text, sizeof(text), file))
			continue;
		text[strcspn(text, "\n")] = '\0';
		name(ctx, asked[i].index, text);
	}
	fclose(file);
	free(asked);
	return 0;
}
