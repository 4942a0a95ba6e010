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

/* The file is not sorted: each line offers its symbol to all addresses behind it. */
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
	/* Those behind a better start have one already, and so has everybody behind them. */
	for (; low < n && wanted[low].start < start; low++) {
		wanted[low].start = start;
		snprintf(wanted[low].name, sizeof(wanted[low].name), "%s", name);
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
	return any ? 0 : -EPERM;
}
