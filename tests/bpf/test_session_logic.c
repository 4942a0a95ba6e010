// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_session_logic.c - who a session says woke a thread, where timing alone would show it.
 *
 * Not here: what a workload shows every time (tests/e2e/test_record.py).
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <vigie/abi_profile.h>

#include "bpf_test.h"
#include "gen/session_logic.skel.h"
#include "session_logic.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { INTERRUPTIBLE = 1, AWAY_NS = 5000, WAIT_NS = 2000, MADE_UP_TID = 4711 };

static struct session_logic_bpf *skel;

static int load_logic(void **state)
{
	struct bpf_program *prog;

	if (bpf_refused())
		return 0;
	skel = session_logic_bpf__open();
	if (!skel)
		return -1;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, prog == skel->progs.session_waker ||
							prog == skel->progs.session_absence ||
							prog == skel->progs.on_session_switch);
	skel->rodata->cfg_task_storage = true;
	skel->rodata->cfg_off_cpu = true;
	skel->rodata->cfg_runq = true;
	skel->rodata->cfg_wakers = true;
	return session_logic_bpf__load(skel);
}

static int unload_logic(void **state)
{
	session_logic_bpf__destroy(skel);
	return 0;
}

/* --- What a CPU is in. */

static void the_innermost_wakes(void **state)
{
	/* Soft interrupts by the number they have in the kernel, each plus one. */
	static const struct {
		struct session_waker in;
		__u32 kind;
	} cases[] = {
		{ { .softirq = 0 }, VIGIE_WAKER_TASK },
		{ { .softirq = 1 }, VIGIE_WAKER_SOFTIRQ }, /* HI: tasklets */
		{ { .softirq = 2 }, VIGIE_WAKER_TIMER },
		{ { .softirq = 3 }, VIGIE_WAKER_NETWORK }, /* sends */
		{ { .softirq = 4 }, VIGIE_WAKER_NETWORK }, /* receives */
		{ { .softirq = 5 }, VIGIE_WAKER_BLOCK },
		{ { .softirq = 6 }, VIGIE_WAKER_BLOCK }, /* polls */
		{ { .softirq = 7 }, VIGIE_WAKER_SOFTIRQ }, /* tasklets */
		{ { .softirq = 8 }, VIGIE_WAKER_SOFTIRQ }, /* the scheduler's balance */
		{ { .softirq = 9 }, VIGIE_WAKER_TIMER }, /* hrtimers */
		{ { .softirq = 10 }, VIGIE_WAKER_SOFTIRQ }, /* RCU */
		{ { .interrupt = 1 }, VIGIE_WAKER_INTERRUPT },
		{ { .interrupt = 1, .softirq = 4 }, VIGIE_WAKER_INTERRUPT },
		{ { .timer = 1, .interrupt = 1, .softirq = 4 }, VIGIE_WAKER_TIMER },
	};
	size_t i;

	NEED_BPF();
	for (i = 0; i < COUNT(cases); i++) {
		struct session_waker ctx = cases[i].in;

		call(skel->progs.session_waker, &ctx, sizeof(ctx));
		assert_int_equal(ctx.kind, cases[i].kind);
		ctx.calm = 1;
		call(skel->progs.session_waker, &ctx, sizeof(ctx));
		assert_int_equal(ctx.kind, VIGIE_WAKER_TASK);
	}
}

/* What is never seen to end would name the wakers of all that follows. */
static void a_switch_ends_a_lost_interrupt(void **state)
{
	int cpu = sched_getcpu(), waits;
	struct vigie_runq_cpu *q;
	struct bpf_link *link;
	cpu_set_t before;

	NEED_BPF();
	q = &skel->bss->runq_cpus[cpu];
	sched_getaffinity(0, sizeof(before), &before);
	pin(cpu);
	q->timer = q->interrupt = q->softirq = 1;
	skel->bss->begin_ns = clock_now(CLOCK_MONOTONIC);
	link = bpf_program__attach(skel->progs.on_session_switch);
	assert_non_null(link);
	for (waits = 0; *(volatile __u8 *)&q->softirq && waits < 1000; waits++)
		sleep_ns(NS_PER_MS);
	assert_int_equal(q->timer | q->interrupt | q->softirq, 0);
	bpf_link__destroy(link);
	skel->bss->begin_ns = 0;
	sched_setaffinity(0, sizeof(before), &before);
}

/* --- Who wakes a thread that is just leaving. */

static struct vigie_wake wake_of(__u32 kind, __u32 waker_tid, __u32 why)
{
	const struct vigie_wake_key key = {
		.tid = MADE_UP_TID, .waker_tid = waker_tid, .kind = kind, .why = why
	};
	struct vigie_wake wake = { 0 };
	int fd = bpf_map__fd(skel->maps.wakes);

	if (bpf_map_lookup_elem(fd, &key, &wake))
		fail_msg("no wake of kind %u by %u", kind, waker_tid);
	bpf_map_delete_elem(fd, &key);
	return wake;
}

static void absence(struct session_absence *ctx)
{
	ctx->tid = MADE_UP_TID;
	ctx->away_ns = AWAY_NS;
	ctx->wait_ns = WAIT_NS;
	ctx->why = VIGIE_WAITS;
	call(skel->progs.session_absence, ctx, sizeof(*ctx));
}

static void an_early_waker_is_a_waker(void **state)
{
	struct session_absence ctx = { .state = INTERRUPTIBLE, .early = 1 };
	struct vigie_wake wake;

	NEED_BPF();
	prctl(PR_SET_NAME, "early-bird");
	absence(&ctx);
	assert_in_range(ctx.why, 0, VIGIE_WAITS - 1);
	assert_int_equal(ctx.wakes, 1);
	wake = wake_of(VIGIE_WAKER_TASK, syscall(SYS_gettid), ctx.why);
	assert_int_equal(wake.wait_ns, AWAY_NS - WAIT_NS);
	assert_int_equal(wake.count, 1);
	assert_int_equal(wake.waker_tgid, getpid());
	assert_string_equal(wake.comm, "early-bird");
}

static void an_early_interrupt_is_no_thread(void **state)
{
	struct session_absence ctx = { .state = INTERRUPTIBLE, .early = 1, .timer = 1 };
	struct vigie_wake wake;

	NEED_BPF();
	absence(&ctx);
	assert_int_equal(ctx.wakes, 1);
	wake = wake_of(VIGIE_WAKER_TIMER, 0, ctx.why);
	assert_int_equal(wake.wait_ns, AWAY_NS - WAIT_NS);
	assert_string_equal(wake.comm, "");
}

static void nobody_early_is_nobody(void **state)
{
	struct session_absence ctx = { .state = INTERRUPTIBLE };

	NEED_BPF();
	absence(&ctx);
	assert_int_equal(ctx.wakes, 0);
	assert_int_equal(wake_of(VIGIE_WAKER_UNKNOWN, 0, ctx.why).count, 1);
}

/* Who goes on to wait for a CPU was not woken by whoever tried: it does not sleep. */
static void who_stays_runnable_has_no_waker(void **state)
{
	struct session_absence ctx = { .state = 0, .early = 1 };
	struct vigie_wake_key key;

	NEED_BPF();
	absence(&ctx);
	assert_int_equal(ctx.why, VIGIE_WAIT_RUN_QUEUE);
	assert_int_equal(ctx.wakes, 0);
	assert_int_not_equal(bpf_map_get_next_key(bpf_map__fd(skel->maps.wakes), NULL, &key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_innermost_wakes),
		cmocka_unit_test(a_switch_ends_a_lost_interrupt),
		cmocka_unit_test(an_early_waker_is_a_waker),
		cmocka_unit_test(an_early_interrupt_is_no_thread),
		cmocka_unit_test(nobody_early_is_nobody),
		cmocka_unit_test(who_stays_runnable_has_no_waker),
	};

	return cmocka_run_group_tests_name("session_logic", tests, load_logic, unload_logic);
}
