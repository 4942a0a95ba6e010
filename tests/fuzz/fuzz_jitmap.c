// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_jitmap.c - perf maps, which any program may write: a name is a piece of a line of the file,
 * and each address has at most one.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "profile/jitmap.h"

enum { ADDRESSES = 8 };

static const uint64_t addresses[ADDRESSES] = { 0x100, 0, 0x7f0000000000, UINT64_MAX, 0x1000,
					       0x100, 1, 0x10000 };
struct names {
	const char *text;
	size_t size;
	unsigned int seen;
};

static void take(void *ctx, size_t index, const char *name)
{
	struct names *names = ctx;

	FUZZ_CHECK(index < ADDRESSES && !(names->seen >> index & 1));
	names->seen |= 1u << index;
	FUZZ_CHECK(!strchr(name, '\n'));
	FUZZ_CHECK(!*name || memmem(names->text, names->size, name, strlen(name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct names names = { .text = (const char *)data, .size = size };

	if (fd < 0)
		fd = memfd_create("perf-map", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && !ftruncate(fd, 0));
	FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
	FUZZ_CHECK(jitmap_names(fd, addresses, ADDRESSES, take, &names) == 0);
	/* Alike addresses have alike names, or none. */
	FUZZ_CHECK((names.seen & 1) == (names.seen >> 5 & 1));
	return 0;
}
