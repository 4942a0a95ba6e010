// SPDX-License-Identifier: GPL-2.0-only
/*
 * guests.c - CPU time in shared libraries that the test made, and in generated code.
 *
 *	guests KIND SECONDS [LIBRARY...]
 *
 * keep: all are loaded at once and their guest() is called in turn; cycle: each is loaded, called
 * for 300 ms of CPU time, and unloaded, and all of that twice; maps: as keep, with 2 000 executable
 * mappings of the first one beside; jit: a loop that was generated, with a frame pointer, below
 * run_jit; its address and size are printed. Says "ready" once it runs.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

enum { MAPPINGS = 2000, LIBRARIES_MAX = 64, CYCLE_MS = 300, ROUNDS = 2, PAGE = 4096 };

static volatile uint64_t sink;

static uint64_t now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static void (*load(const char *path, void **ret_handle))(void)
{
	void (*guest)(void);

	*ret_handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*ret_handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&guest = dlsym(*ret_handle, "guest");
	if (!guest)
		exit(1);
	return guest;
}

static void say_ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static APART void call_for(void (*guest)(void), uint64_t ms)
{
	const clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
	uint64_t end = now_ms(clock) + ms;
	int i;

	while (now_ms(clock) < end)
		for (i = 0; i < 10; i++) /* the clock's own time is no guest's */
			guest();
	sink++;
}

static void run_keep(char **paths, int n, uint64_t end)
{
	void (*guests[LIBRARIES_MAX])(void), *handle;
	int i;

	for (i = 0; i < n && i < LIBRARIES_MAX; i++)
		guests[i] = load(paths[i], &handle);
	n = i;
	say_ready();
	for (i = 0; now_ms(CLOCK_MONOTONIC) < end; i++)
		call_for(guests[i % n], 1);
}

static void run_cycle(char **paths, int n)
{
	void (*guest)(void), *handle;
	int i;

	say_ready();
	for (i = 0; i < ROUNDS * n; i++) {
		guest = load(paths[i % n], &handle);
		call_for(guest, CYCLE_MS);
		dlclose(handle);
	}
}

/* One page each and one page apart: no two of them become one. */
static void map_often(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), i;
	char *room = mmap(NULL, 2L * MAPPINGS * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	for (i = 0; i < MAPPINGS; i++)
		if (mmap(room + 2L * i * PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			 fd, PAGE) == MAP_FAILED)
			exit(1);
}

static APART void run_jit(uint64_t end)
{
	/* push %rbp; mov %rsp,%rbp; mov $1000000,%ecx; 1: dec %ecx; jnz 1b; pop %rbp; ret */
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0x40, 0x42, 0x0f,
					      0x00, 0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3 };
	unsigned char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*generated)(void);

	memcpy(at, code, sizeof(code));
	*(void **)&generated = at;
	say_ready();
	printf("%llx %zx\n", (unsigned long long)(uintptr_t)at, sizeof(code));
	fflush(stdout);
	while (now_ms(CLOCK_MONOTONIC) < end)
		generated();
}

int main(int argc, char **argv)
{
	uint64_t end = now_ms(CLOCK_MONOTONIC) +
		       (argc > 2 ? strtoull(argv[2], NULL, 10) * 1000 : 0);

	if (argc < 3 || (argc < 4 && strcmp(argv[1], "jit") != 0))
		return 2;
	if (!strcmp(argv[1], "maps"))
		map_often(argv[3]);
	if (!strcmp(argv[1], "jit"))
		run_jit(end);
	else if (!strcmp(argv[1], "cycle"))
		run_cycle(argv + 3, argc - 3);
	else
		run_keep(argv + 3, argc - 3, end);
	return 0;
}
