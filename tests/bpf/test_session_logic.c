// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_session_logic.c - who a session says woke a thread, where timing alone would show it.
 *
 * Not here: what a workload shows every time (tests/e2e/test_record.py).
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>
#include <cmocka.h>
#include <vigie/abi_profile.h>

#include "bpf_test.h"
#include "gen/session_logic.skel.h"
#include "profile/xstate.h"
#include "session_logic.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NO_AMX = 2820, AMX = 11012 }; /* Sapphire Rapids: until a thread uses tiles, and then */
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
							prog == skel->progs.session_frame ||
							prog == skel->progs.on_session_switch);
	skel->rodata->cfg_task_storage = true;
	skel->rodata->cfg_off_cpu = true;
	skel->rodata->cfg_runq = true;
	skel->rodata->cfg_wakers = true;
	skel->rodata->cfg_xstate_bytes[0] = xstate_measure();
	skel->rodata->cfg_xstate_bytes[1] = NO_AMX;
	skel->rodata->cfg_xstate_bytes[2] = AMX;
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

static struct vigie_wake wake_of(__u32 kind, __u32 waker_tid, __u32 reason)
{
	const struct vigie_wake_key key = {
		.tid = MADE_UP_TID, .waker_tid = waker_tid, .kind = kind, .wait_reason = reason
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
	ctx->wait_reason = VIGIE_WAITS;
	call(skel->progs.session_absence, ctx, sizeof(*ctx));
}

static void an_early_waker_is_a_waker(void **state)
{
	struct session_absence ctx = { .state = INTERRUPTIBLE, .early = 1 };
	struct vigie_wake wake;

	NEED_BPF();
	prctl(PR_SET_NAME, "early-bird");
	absence(&ctx);
	assert_in_range(ctx.wait_reason, 0, VIGIE_WAITS - 1);
	assert_int_equal(ctx.wakes, 1);
	wake = wake_of(VIGIE_WAKER_TASK, syscall(SYS_gettid), ctx.wait_reason);
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
	wake = wake_of(VIGIE_WAKER_TIMER, 0, ctx.wait_reason);
	assert_int_equal(wake.wait_ns, AWAY_NS - WAIT_NS);
	assert_string_equal(wake.comm, "");
}

static void nobody_early_is_nobody(void **state)
{
	struct session_absence ctx = { .state = INTERRUPTIBLE };

	NEED_BPF();
	absence(&ctx);
	assert_int_equal(ctx.wakes, 0);
	assert_int_equal(wake_of(VIGIE_WAKER_UNKNOWN, 0, ctx.wait_reason).count, 1);
}

/* Who goes on to wait for a CPU was not woken by whoever tried: it does not sleep. */
static void who_stays_runnable_has_no_waker(void **state)
{
	struct session_absence ctx = { .state = 0, .early = 1 };
	struct vigie_wake_key key;

	NEED_BPF();
	absence(&ctx);
	assert_int_equal(ctx.wait_reason, VIGIE_WAIT_RUN_QUEUE);
	assert_int_equal(ctx.wakes, 0);
	assert_int_not_equal(bpf_map_get_next_key(bpf_map__fd(skel->maps.wakes), NULL, &key), 0);
}

/* --- The frame of a signal on an alternate stack. */

/* struct rt_sigframe of arch/x86/include/asm/sigframe.h, in libc's words. */
struct made_frame {
	__u64 pretcode;
	ucontext_t context; /* libc's is longer: what follows it is not written here */
};
enum { RT_SIGFRAME = 440 };

/* As get_sigframe() of arch/x86/kernel/signal.c has it. */
static struct made_frame *make_frame(__u64 top, __u32 xstate_bytes, __u64 sp)
{
	__u64 fp = (top - xstate_bytes) / 64 * 64;
	struct made_frame *frame = (void *)((fp - RT_SIGFRAME) / 16 * 16 - 8);

	frame->context.uc_mcontext.fpregs = (void *)fp;
	frame->context.uc_mcontext.gregs[REG_RSP] = sp;
	return frame;
}

static void a_frame_is_found_whatever_it_saves(void **state)
{
	static __u8 stack[32768] __attribute__((aligned(64)));
	static const __u32 sizes[] = { NO_AMX, AMX };
	size_t i, at;

	NEED_BPF();
	for (i = 0; i < COUNT(sizes); i++)
		for (at = 0; at < 64; at += 8) { /* a stack may end anywhere */
			struct session_frame ctx = { .top = (__u64)stack + sizeof(stack) - at };
			struct made_frame *made;

			memset(stack, 0, sizeof(stack));
			call(skel->progs.session_frame, &ctx, sizeof(ctx));
			assert_int_equal(ctx.frame | ctx.sp, 0);
			made = make_frame(ctx.top, sizes[i], 0x7ffd00001230);
			call(skel->progs.session_frame, &ctx, sizeof(ctx));
			assert_int_equal(ctx.frame, (__u64)made);
			assert_int_equal(ctx.sp, 0x7ffd00001230);
			/* Not one that begins elsewhere. */
			made->context.uc_mcontext.fpregs =
				(void *)((__u64)made->context.uc_mcontext.fpregs + 64);
			call(skel->progs.session_frame, &ctx, sizeof(ctx));
			assert_int_equal(ctx.frame, 0);
		}
}

static struct session_frame seen, expected;

static void on_alternate_stack(int number, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;

	expected.frame = (__u64)context - sizeof(__u64);
	expected.sp = interrupted->uc_mcontext.gregs[REG_RSP];
	call(skel->progs.session_frame, &seen, sizeof(seen));
}

/* No frame is made up here: it is this kernel's. */
static void the_kernels_own_frame_is_found(void **state)
{
	const struct sigaction act = { .sa_sigaction = on_alternate_stack,
				       .sa_flags = SA_SIGINFO | SA_ONSTACK };
	static __u8 place[131072];
	size_t at;

	NEED_BPF();
	sigaction(SIGUSR1, &act, NULL);
	for (at = 0; at < 64; at += 8) {
		const stack_t stack = { .ss_sp = place, .ss_size = sizeof(place) - at };
		const stack_t none = { .ss_flags = SS_DISABLE };

		seen = (struct session_frame){ .top = (__u64)place + stack.ss_size };
		assert_int_equal(sigaltstack(&stack, NULL), 0);
		raise(SIGUSR1);
		assert_int_equal(sigaltstack(&none, NULL), 0);
		assert_int_not_equal(expected.sp, 0);
		assert_int_equal(seen.frame, expected.frame);
		assert_int_equal(seen.sp, expected.sp);
	}
	signal(SIGUSR1, SIG_DFL);
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
		cmocka_unit_test(a_frame_is_found_whatever_it_saves),
		cmocka_unit_test(the_kernels_own_frame_is_found),
	};

	return cmocka_run_group_tests_name("session_logic", tests, load_logic, unload_logic);
}
