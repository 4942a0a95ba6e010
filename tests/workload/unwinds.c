// SPDX-License-Identifier: GPL-2.0-only
/*
 * unwinds.c - CPU time, or sleep, where unwinding is difficult, one kind of difficulty a run.
 *
 *	unwinds KIND SECONDS [drop]
 *
 * mix: some forty different stacks; sort: called back from libc; handler: on an alternate signal
 * stack; nap: as handler, but it sleeps there; deep: 200 calls deep; alloca: below a frame of 100 KB;
 * plt: libc's small functions; vdso: the clock; calls: functions that return as soon as they are called;
 * ticks: a timer's handler on an alternate stack while it does so. Each runs below a function run_KIND.
 * Says "ready", runs for so much of wall-clock time, then says how often it went round. drop: root
 * becomes nobody once it runs, as daemons do. Compiled without frame pointers.
 */
#include <alloca.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

enum { TICK_US = 2000, TICK_LEAVES = 50 };
enum { DEPTH = 200, BIG_FRAME = 100 << 10, VALUES = 400, NOBODY = 65534 };

static volatile uint64_t sink;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline void work(uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		sink += i * i;
}

#define LEAF(name, n)                \
	static APART void name(void) \
	{                            \
		work(n);             \
		sink++;              \
	}

LEAF(leaf_a, 3000)
LEAF(leaf_b, 2000)
LEAF(leaf_c, 1000)
LEAF(leaf_d, 4000)

static APART void middle(void)
{
	leaf_a();
	leaf_b();
	sink++;
}

static APART int compare(const void *a, const void *b)
{
	sink++;
	return *(const int *)a - *(const int *)b;
}

static APART void run_sort(void)
{
	static int v[VALUES];
	int i;

	for (i = 0; i < VALUES; i++)
		v[i] = i * 7919 % (VALUES + 1);
	qsort(v, VALUES, sizeof(v[0]), compare);
	sink++;
}

static APART void run_mix(void)
{
	middle();
	leaf_c();
	leaf_d();
	run_sort();
	sink++;
}

static volatile int napping;

static APART void on_signal(int number)
{
	if (napping)
		usleep(1000);
	else
		leaf_d();
	sink++;
}

/* Raised by an instruction: what is interrupted is a function of ours, not libc's raise(). */
static APART void run_handler(void)
{
	__asm__ volatile("int3" : : : "memory");
	sink++;
}

static APART void run_nap(void)
{
	napping = 1;
	__asm__ volatile("int3" : : : "memory");
	sink++;
}

static APART void deeper(int left)
{
	if (left)
		deeper(left - 1);
	else
		leaf_d();
	sink++;
}

static APART void run_deep(void)
{
	deeper(DEPTH);
	sink++;
}

static APART void run_alloca(void)
{
	volatile char *big = alloca(BIG_FRAME + sink % 2);

	big[0] = 1;
	leaf_d();
	sink += big[0];
}

static APART void run_plt(void)
{
	static char text[64] = "some text";
	char *volatile p = text;
	int i;

	for (i = 0; i < 100; i++)
		sink += strlen(p) + rand() + abs((int)strtoul(p, NULL, 10));
}

static APART void run_vdso(void)
{
	int i;

	for (i = 0; i < 100; i++)
		sink += now_ns();
}

static APART void step(void)
{
	sink++;
}

static APART void stride(void)
{
	step();
	step();
	sink++;
}

static APART void run_calls(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		stride();
}

static APART void on_tick(int number)
{
	int i;

	for (i = 0; i < TICK_LEAVES; i++)
		leaf_d();
}

static APART void run_ticks(void)
{
	static const struct itimerval often = { { 0, TICK_US }, { 0, TICK_US } };
	static int begun;
	int i;

	if (!begun++)
		setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 1000; i++)
		stride();
}

static const struct kind {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "mix", run_mix },	{ "sort", run_sort }, { "handler", run_handler },
	{ "nap", run_nap },	{ "deep", run_deep }, { "alloca", run_alloca },
	{ "plt", run_plt },	{ "vdso", run_vdso }, { "calls", run_calls },
	{ "ticks", run_ticks },
};

static void catch_signals(void)
{
	static char stack[64 << 10];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const struct sigaction trap = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	const struct sigaction tick = { .sa_handler = on_tick,
					.sa_flags = SA_ONSTACK | SA_RESTART };

	sigaltstack(&alternate, NULL);
	sigaction(SIGTRAP, &trap, NULL);
	sigaction(SIGALRM, &tick, NULL);
}

int main(int argc, char **argv)
{
	const struct kind *kind = NULL;
	uint64_t end, rounds = 0;
	size_t i;

	for (i = 0; argc > 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[1]))
			kind = &kinds[i];
	if (!kind)
		return 2;
	catch_signals();
	if (argc > 3 && !strcmp(argv[3], "drop") && (setgid(NOBODY) || setuid(NOBODY)))
		return 1;
	printf("ready\n");
	fflush(stdout);
	end = now_ns() + (uint64_t)(strtod(argv[2], NULL) * 1e9);
	for (; now_ns() < end; rounds++)
		for (i = 0; i < 100; i++) /* the clock's own time is no kind's */
			kind->run();
	printf("rounds %llu\n", (unsigned long long)rounds);
	return 0;
}
