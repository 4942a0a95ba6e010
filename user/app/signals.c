// SPDX-License-Identifier: GPL-2.0-only
/* signals.c - owns what we were started with of signals. Who handles which of them is not here. */
#include "app/signals.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIGNALS = 64 };

/* The kernel's struct sigaction, of which only the handler is of use here: the first word. */
struct action {
	uintptr_t handler;
	uintptr_t rest[3];
};

static __u64 ignored, blocked; /* bit 0: signal 1 */

static __u64 change_mask(int how, __u64 mask)
{
	__u64 before = 0;

	syscall(SYS_rt_sigprocmask, how, &mask, &before, sizeof(mask));
	return before;
}

void signals_init(void)
{
	struct action action;
	int i;

	for (i = 0; i < SIGNALS; i++)
		if (!syscall(SYS_rt_sigaction, i + 1, NULL, &action, sizeof(__u64)) &&
		    action.handler == (uintptr_t)SIG_IGN)
			ignored |= 1ULL << i;
	blocked = change_mask(SIG_BLOCK, 0);
	signal(SIGCHLD, SIG_DFL);
}

__u64 signals_block(void)
{
	return change_mask(SIG_BLOCK, ~0ULL);
}

void signals_unblock(__u64 before)
{
	change_mask(SIG_SETMASK, before);
}

void signals_give_back(void)
{
	struct action action = { 0 };
	int i;

	for (i = 0; i < SIGNALS; i++) {
		action.handler = (uintptr_t)(ignored >> i & 1 ? SIG_IGN : SIG_DFL);
		syscall(SYS_rt_sigaction, i + 1, &action, NULL, sizeof(__u64));
	}
	change_mask(SIG_SETMASK, blocked);
}
