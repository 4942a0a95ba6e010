// SPDX-License-Identifier: GPL-2.0-only
/*
 * assembly.c - CPU time in hand-written assembly that has no call frame information.
 *
 *	assembly KIND SECONDS
 *
 * leaf: it uses no stack; saves: it saves registers, one of them its caller's, has room for values and
 * keeps no frame pointer; calls: it calls another such function. Each is called from run_KIND, which is
 * compiled without frame pointers.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define APART __attribute__((noinline, noclone))

__asm__(".text\n"
	".type bare_leaf, @function\n"
	"bare_leaf:\n"
	"	movl $3000, %ecx\n"
	"1:	imull $7, %ecx, %eax\n"
	"	decl %ecx\n"
	"	jnz 1b\n"
	"	ret\n"
	".size bare_leaf, . - bare_leaf\n"
	".type bare_saves, @function\n"
	"bare_saves:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	subq $264, %rsp\n"
	"	movl $3000, %ebp\n"
	"1:	imull $7, %ebp, %ebx\n"
	"	movq %rbx, 128(%rsp)\n"
	"	decl %ebp\n"
	"	jnz 1b\n"
	"	addq $264, %rsp\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size bare_saves, . - bare_saves\n"
	".type bare_calls, @function\n"
	"bare_calls:\n"
	"	subq $40, %rsp\n"
	"	call bare_leaf\n"
	"	call bare_leaf\n"
	"	addq $40, %rsp\n"
	"	ret\n"
	".size bare_calls, . - bare_calls\n");

void bare_leaf(void);
void bare_saves(void);
void bare_calls(void);

static volatile uint64_t sink;

static APART void run_leaf(void)
{
	bare_leaf();
	sink++;
}

static APART void run_saves(void)
{
	bare_saves();
	sink++;
}

static APART void run_calls(void)
{
	bare_calls();
	sink++;
}

int main(int argc, char **argv)
{
	const time_t end = time(NULL) + (argc > 2 ? (time_t)strtod(argv[2], NULL) : 1);
	void (*run)(void) = argc > 1 && !strcmp(argv[1], "saves")   ? run_saves
			    : argc > 1 && !strcmp(argv[1], "calls") ? run_calls
								    : run_leaf;
	int i;

	printf("ready\n");
	fflush(stdout);
	while (time(NULL) < end)
		for (i = 0; i < 1000; i++)
			run();
	return 0;
}
