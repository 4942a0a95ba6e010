// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_proc.c - files of /proc and of cgroups: a process chooses its name in stat, a container's
 * runtime may mount anything over the rest. The first byte chooses the file.
 */
#include "fuzz.h"

#include <errno.h>

#include "base/proc.h"
#include "collect/host.h"
#include "collect/words.h"

/* The text in a buffer of just its length: nothing behind it may be read. */
static void check_host(int which, const char *text, size_t len)
{
	char *exact = malloc(len ? len : 1);
	struct host host = { 0 };

	FUZZ_CHECK(exact);
	memcpy(exact, text, len);
	switch (which) {
	case 0: host_parse_stat(exact, len, 100, &host); break;
	case 1: host_parse_meminfo(exact, len, &host.memory); break;
	default: host_parse_vmstat(exact, len, &host);
	}
	/* A CPU has a line of at least four bytes. */
	FUZZ_CHECK(host.online_cpus <= len / 4 + 1);
	free(exact);
}

static void check_words(const char *text)
{
	struct word words[] = { WORD("anon"), WORD("file"), WORD("nr_periods") };
	__u64 ns[PSI_STALLS] = { 0 };
	unsigned int there = words_pressure(text, ns);

	FUZZ_CHECK(!(there >> PSI_STALLS));
	for (int i = 0; i < PSI_STALLS; i++)
		FUZZ_CHECK(there >> i & 1 || !ns[i]);
	words_find(text, words, 3);
	for (int i = 0; i < 3; i++)
		FUZZ_CHECK(words[i].there ? strstr(text, words[i].name) != NULL : !words[i].value);
	(void)words_number(text);
}

/* Whatever stands in the brackets, the number behind it is the one that the kernel wrote. */
static void check_start(const char *name, size_t len)
{
	static const char rest[] = ") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 19 20\n";
	char *stat = malloc(len + sizeof(rest) + 8);
	__u64 ticks = 42;

	FUZZ_CHECK(stat);
	memcpy(stat, "9 (", 3);
	len = strlen(name);
	memcpy(stat + 3, name, len);
	memcpy(stat + 3 + len, rest, sizeof(rest));
	FUZZ_CHECK(!proc_parse_start(stat, &ticks) && ticks == 4711);
	/* And alone it is a file that no kernel writes. */
	memcpy(stat, name, len + 1);
	ticks = 42;
	FUZZ_CHECK(!proc_parse_start(stat, &ticks) || ticks == 42);
	free(stat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = fuzz_string(data + 1, size - 1);
	switch ((uint8_t)(data[0] - '0') % 5) {
	case 3: check_words(text); break;
	case 4: check_start(text, size - 1); break;
	default: check_host((uint8_t)(data[0] - '0') % 5, text, size - 1);
	}
	free(text);
	return 0;
}
