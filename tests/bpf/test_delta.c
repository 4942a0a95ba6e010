// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_delta.c - what a task accrued is handed out once, and what it had before we came never.
 *
 * delta_since(), delta_commit() and delta_base() of the caller, through logic.bpf.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "logic_load.h"

/* What was given, ever, is what the kernel counted: nothing twice, nothing left. */
static void check_given(const struct logic_delta *g)
{
	__u64 cpu = g->delivered.user_ns + g->delivered.system_ns;

	assert_in_range(cpu, g->cpu_before, g->cpu_after);
	assert_int_equal(g->delivered.voluntary_switches, g->nvcsw);
	assert_int_equal(g->delivered.involuntary_switches, g->nivcsw);
	assert_int_equal(g->delivered.migrations, g->migrations);
	assert_int_equal(g->delivered.minor_faults, g->min_flt);
	assert_int_equal(g->delivered.major_faults, g->maj_flt);
}

static void touch_pages(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	assert_true(p != MAP_FAILED);
	for (i = 0; i < 1 << 20; i += 4096)
		p[i] = 1;
	munmap(p, 1 << 20);
}

static void given_is_counted(void **state)
{
	struct logic_delta g = { .base = 2 };
	struct vigie_usage sum = { 0 };
	__u64 *to = (__u64 *)&sum;
	int i, w;

	NEED_BPF();
	for (i = 0; i < 60; i++) {
		call(skel->progs.logic_delta, &g, sizeof(g));
		g.base = 0;
		check_given(&g);
		for (w = 0; w < VIGIE_USAGE_WORDS; w++)
			to[w] += ((__u64 *)&g.inc)[w];
		assert_memory_equal(&sum, &g.delivered, sizeof(sum));
		if (i % 3 == 0)
			burn_ns(2 * NS_PER_MS);
		else if (i % 3 == 1)
			sleep_ns(NS_PER_MS);
		else
			touch_pages();
	}
	assert_true(sum.minor_faults > 0 && sum.voluntary_switches >= 20);
	assert_true(sum.user_ns + sum.system_ns > 40 * NS_PER_MS);
}

/* A task that is older than we are: its past is nobody's, its future is counted. */
static void past_is_nobodys(void **state)
{
	struct logic_delta g = { .base = 1 };
	__u64 first;

	NEED_BPF();
	burn_ns(20 * NS_PER_MS);
	call(skel->progs.logic_delta, &g, sizeof(g));
	check_given(&g);
	assert_true(g.delivered.user_ns + g.delivered.system_ns > 20 * NS_PER_MS);
	assert_true(g.inc.user_ns + g.inc.system_ns <= g.cpu_after - g.cpu_before);
	assert_int_equal(g.inc.voluntary_switches, 0);
	assert_int_equal(g.inc.minor_faults, 0);
	assert_int_equal(g.inc.wait_ns, 0);
	assert_int_equal(g.inc.off_ns[VIGIE_OFF_SLEEP], 0);
	first = g.cpu_after;
	burn_ns(5 * NS_PER_MS);
	g.base = 0;
	call(skel->progs.logic_delta, &g, sizeof(g));
	assert_in_range(g.inc.user_ns + g.inc.system_ns, g.cpu_before - first,
			g.cpu_after - first + NS_PER_MS);
}

/*
 * Whatever is counted, of a task that is older than we are nothing is handed out of what was before.
 * The kernel's totals get a past here that no growth of a moment can be.
 */
static void no_word_hands_out_the_past(void **state)
{
	const __u64 past = 1ULL << 40;
	struct logic_delta g = { .base = 2 };
	const __u64 *inc = (const __u64 *)&g.inc;
	int i, with_past = 0;

	NEED_BPF();
	skel->bss->past = past;
	call(skel->progs.logic_delta, &g, sizeof(g));
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		with_past += inc[i] >= past / 4;
	g = (struct logic_delta){ .base = 1 };
	call(skel->progs.logic_delta, &g, sizeof(g));
	skel->bss->past = 0;
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		if (inc[i] >= past / 4)
			fail_msg(
				"word %d of struct vigie_usage: %llu of a past of %llu is handed out",
				i, inc[i], past);
	/* Two parts of CPU time, and nine counters; the state's own have no past. */
	assert_true(with_past >= 2 + 9);
	assert_true(g.delivered.wait_ns >= past);
	assert_true(g.delay_ns >= past); /* or the next switch puts it into one bucket */
	assert_true(g.run_ns >= past); /* and this into one slice */
}

/* A process exits once, also when the kind of its exit is put right after it was told. */
static void exits_once(void **state)
{
	struct logic_delta g = { .base = 2 };

	NEED_BPF();
	call(skel->progs.logic_delta, &g, sizeof(g));
	assert_int_equal(g.inc.exits[VIGIE_EXIT_NORMAL], 0);
	g.base = 0;
	g.exited = 1 + VIGIE_EXIT_NORMAL;
	call(skel->progs.logic_delta, &g, sizeof(g));
	assert_int_equal(g.inc.exits[VIGIE_EXIT_NORMAL], 1);
	call(skel->progs.logic_delta, &g, sizeof(g));
	assert_int_equal(g.inc.exits[VIGIE_EXIT_NORMAL], 0);
	g.exited = 1 + VIGIE_EXIT_ERROR;
	call(skel->progs.logic_delta, &g, sizeof(g));
	assert_int_equal(g.inc.exits[VIGIE_EXIT_NORMAL], 0);
	assert_int_equal(g.inc.exits[VIGIE_EXIT_ERROR], 0);
	assert_int_equal(g.delivered.exits[VIGIE_EXIT_NORMAL], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGIC_TEST(given_is_counted),
		LOGIC_TEST(past_is_nobodys),
		LOGIC_TEST(no_word_hands_out_the_past),
		LOGIC_TEST(exits_once),
	};

	return cmocka_run_group_tests_name("bpf_give", tests, load_logic, unload_logic);
}
