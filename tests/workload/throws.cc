// SPDX-License-Identifier: GPL-2.0-only
/*
 * throws.cc - C++ exceptions, thrown and caught without end.
 *
 *	throws SECONDS
 *
 * Each crosses four frames that have something to destroy. The test compiles it: building vigie
 * needs no C++ compiler.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>

static volatile uint64_t sink;

struct Witness {
	~Witness() { sink = sink + 1; }
};

__attribute__((noinline)) static void fall(int left)
{
	Witness witness;

	if (!left)
		throw std::runtime_error("far below");
	fall(left - 1);
	sink = sink + 1;
}

__attribute__((noinline)) static void run_throw()
{
	try {
		fall(4);
	} catch (const std::exception &) {
		sink = sink + 1;
	}
}

int main(int argc, char **argv)
{
	const time_t end = time(nullptr) + (argc > 1 ? atoi(argv[1]) : 1);

	printf("ready\n");
	fflush(stdout);
	while (time(nullptr) < end)
		for (int i = 0; i < 1000; i++)
			run_throw();
	return 0;
}
