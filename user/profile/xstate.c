// SPDX-License-Identifier: GPL-2.0-only
/* xstate.c - owns what is known of the FPU's state in signal frames: measured, and by CPUID. */
#include "profile/xstate.h"

#include <cpuid.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

enum {
	LEAF = 0xd,
	LEGACY = 512, /* as FXSAVE lays it out: all there is without XSAVE */
	HEADER = 64,
	FIRST = 2, /* the first state with a place of its own */
	ON_REQUEST = 1 << 2, /* the kernel can be told of the first use: so it can be on request */
};

static volatile __u32 seen;

__u32 xstate_of_frame(const void *fpstate)
{
	struct _fpx_sw_bytes says;

	memcpy(&says, (const char *)fpstate + LEGACY - sizeof(says), sizeof(says));
	if (says.magic1 != FP_XSTATE_MAGIC1 || says.xstate_size < LEGACY + HEADER ||
	    says.extended_size != says.xstate_size + FP_XSTATE_MAGIC2_SIZE)
		return LEGACY;
	return says.extended_size;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;

	if (interrupted->uc_mcontext.fpregs)
		seen = xstate_of_frame(interrupted->uc_mcontext.fpregs);
}

__u32 xstate_measure(void)
{
	const struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	struct sigaction before;
	sigset_t mask, urgent;

	seen = 0;
	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	if (sigaction(SIGURG, &act, &before))
		return 0;
	pthread_sigmask(SIG_UNBLOCK, &urgent, &mask);
	raise(SIGURG);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGURG, &before, NULL);
	return seen;
}

static void add_size(__u32 ret[VIGIE_XSTATE_SIZES], __u32 size)
{
	int i;

	for (i = 0; i < VIGIE_XSTATE_SIZES; i++) {
		if (ret[i] == size)
			return;
		if (!ret[i]) {
			ret[i] = size;
			return;
		}
	}
}

void xstate_sizes_of(const struct xstate_cpu *cpu, __u32 measured, __u32 ret[VIGIE_XSTATE_SIZES])
{
	__u32 i, end;

	memset(ret, 0, VIGIE_XSTATE_SIZES * sizeof(*ret));
	if (!measured)
		return;
	ret[0] = measured;
	/* The last state of a thread ends what is saved of it: places are the same for all threads. */
	for (i = FIRST; i < XSTATE_STATES; i++) {
		end = cpu->states[i].place + cpu->states[i].size + FP_XSTATE_MAGIC2_SIZE;
		if (cpu->enabled >> i & 1 && cpu->states[i].on_request && end > measured)
			add_size(ret, end);
	}
}

static __u64 enabled(void)
{
	__u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (__u64)high << 32 | low;
}

static void read_cpu(struct xstate_cpu *cpu)
{
	__u32 a, b, c, d, i;

	memset(cpu, 0, sizeof(*cpu));
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	cpu->enabled = enabled();
	for (i = FIRST; i < XSTATE_STATES; i++) {
		if (!__get_cpuid_count(LEAF, i, &a, &b, &c, &d))
			continue;
		cpu->states[i].size = a;
		cpu->states[i].place = b;
		cpu->states[i].on_request = c & ON_REQUEST;
	}
}

void xstate_sizes(__u32 ret[VIGIE_XSTATE_SIZES])
{
	struct xstate_cpu cpu;

	read_cpu(&cpu);
	xstate_sizes_of(&cpu, xstate_measure(), ret);
}
