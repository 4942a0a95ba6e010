// SPDX-License-Identifier: GPL-2.0-only
/* kallsyms.c - owns reading /proc/kallsyms, by its name or as the descriptor that we were given. */
#include "profile/kallsyms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

#define KALLSYMS "/proc/kallsyms"

static int given = -1; /* what we were started with */

int kallsyms_take(void)
{
	char link[sizeof(KALLSYMS)] = "";
	int null;

	if (given >= 0 || readlink("/proc/self/fd/0", link, sizeof(link)) != sizeof(link) - 1 ||
	    memcmp(link, KALLSYMS, sizeof(link) - 1))
		return given;
	given = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		close(null);
	} else {
		close(STDIN_FILENO);
	}
	return given;
}

void kallsyms_drop(void)
{
	if (given >= 0)
		close(given);
	given = -1;
}

static FILE *open_given(void)
{
	int fd = given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
	FILE *file = fd >= 0 && !lseek(fd, 0, SEEK_SET) ? fdopen(fd, "r") : NULL;

	if (!file && fd >= 0)
		close(fd);
	return file;
}

int kallsyms_name(struct kallsym *wanted, size_t n)
{
	FILE *file = open_given();
	char line[512];
	const char *rest;
	uint64_t start;
	bool any = false;

	if (!file)
		file = fopen(KALLSYMS, "re");
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
