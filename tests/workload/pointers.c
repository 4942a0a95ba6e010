// SPDX-License-Identifier: GPL-2.0-only
/*
 * pointers.c - a chain of frame pointers, and code that nobody describes.
 *
 *	pointers SECONDS chain|jit|bare
 *
 * Compiled with frame pointers and without .eh_frame (e2e.mk). chain: outer() calls middle() calls
 * spin(). jit: in between is code made at run time that keeps a frame pointer; bare: it keeps none,
 * and leaves another value in its register.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define REAL static __attribute__((noinline, noclone))

typedef void (*call_fn)(void (*fn)(void));

static volatile uint64_t sink;
static call_fn call;

REAL void spin(void)
{
	volatile uint64_t i; /* in its frame, or the compiler would leave the frame out */

	for (i = 0; i < 100000; i++)
		sink += i * i;
}

REAL void middle(void)
{
	if (call)
		call(spin);
	else
		spin();
	sink++;
}

REAL void outer(void)
{
	middle();
	sink++;
}

static const unsigned char with_pointer[] = {
	0x55, /* push %rbp */
	0x48, 0x89, 0xe5, /* mov %rsp, %rbp */
	0xff, 0xd7, /* call *%rdi */
	0x5d, /* pop %rbp */
	0xc3, /* ret */
};

static const unsigned char without_pointer[] = {
	0x55, /* push %rbp */
	0x48, 0xc7, 0xc5, 0x39, 0x30, 0x00, 0x00, /* mov $12345, %rbp */
	0xff, 0xd7, /* call *%rdi */
	0x5d, /* pop %rbp */
	0xc3, /* ret */
};

static call_fn generate(const unsigned char *code, size_t len)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		exit(1);
	memcpy(page, code, len);
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		exit(1);
	return (call_fn)page;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	const char *how = argc > 2 ? argv[2] : "chain";

	if (!strcmp(how, "jit"))
		call = generate(with_pointer, sizeof(with_pointer));
	if (!strcmp(how, "bare"))
		call = generate(without_pointer, sizeof(without_pointer));
	printf("ready\n");
	fflush(stdout);
	while ((double)clock() / CLOCKS_PER_SEC < seconds)
		outer();
	return 0;
}
