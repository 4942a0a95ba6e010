// SPDX-License-Identifier: GPL-2.0-only
/* kallsyms.c - owns reading /proc/kallsyms. */
#include "profile/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static int by_address(const void *a, const void *b)
{
	const struct kallsym *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/*
 * The file is not sorted, and has some 200 000 lines: each offers its symbol to the first address
 * behind it only.
 */
static void offer(struct kallsym *wanted, size_t n, __u64 start, const char *name)
{
	size_t low = 0, high = n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (wanted[mid].address < start)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < n && wanted[low].start < start) {
		wanted[low].start = start;
		snprintf(wanted[low].name, sizeof(wanted[low].name), "%s", name);
	}
}

/* An address that was offered nothing better has the symbol of the one before it. */
static void pass_on(struct kallsym *wanted, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (wanted[i - 1].start > wanted[i].start) {
			wanted[i].start = wanted[i - 1].start;
			memcpy(wanted[i].name, wanted[i - 1].name, sizeof(wanted[i].name));
		}
	}
}

int kallsyms_name(struct kallsym *wanted, size_t n)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512];
	const char *rest;
	uint64_t start;
	bool any = false;

	if (!file)
		return -errno;
	qsort(wanted, n, sizeof(*wanted), by_address);
	while (fgets(line, sizeof(line), file)) {
		rest = line;
		if (parse_hex(&rest, &start) || !start || rest[0] != ' ' ||
		    !strchr("tTwW", rest[1]) || rest[2] != ' ')
			continue;
		any = true;
		line[strcspn(line, "\t\n")] = '\0'; /* a module's name follows a tab */
		offer(wanted, n, start, rest + 3);
	}
	fclose(file);
	pass_on(wanted, n);
	return any ? 0 : -EPERM;
}
