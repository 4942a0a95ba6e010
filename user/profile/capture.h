/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - the kernel's part of a profiling session: programs, perf events, raw records.
 *
 * Owns: everything of libbpf. Nothing is loaded, attached or enabled before capture__open() and
 * after capture__free(). Not here: what the records mean (session.h).
 */
#ifndef VIGIE_PROFILE_CAPTURE_H
#define VIGIE_PROFILE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <vigie/abi_profile.h>

#include "data/session_plan.h"

struct capture;

struct capture_config {
	unsigned int hz; /* of stacks on a CPU */
	unsigned int views; /* 1 << enum profile_view */
	bool children;
	size_t ring_bytes; /* a power of two */
	__u32 stack_bytes; /* copied of a user stack: a multiple of 1024, up to VIGIE_STACK_BYTES */
	struct session_plan plan; /* what this kernel has: no other source is asked */
};

/* What this kernel gives; texts live as long as the capture, "" where nothing is missing. */
struct capture_gaps {
	const char *cpu; /* why not all CPUs have a clock */
	const char *sleepers; /* why there are no stacks of sleeping threads */
	const char *faults;
};

/* Loads and attaches; nobody is looked at yet. 0 or -errno with what failed (static). */
int capture__open(const struct capture_config *config, struct capture **ret, const char **ret_what);
void capture__free(struct capture *c); /* detaches; accepts NULL */
const struct capture_gaps *capture__gaps(const struct capture *c);

/* Another process to look at. 0, -E2BIG or -errno. */
int capture__add(struct capture *c, pid_t pid);
/* From now on: begins the threads' times, enables the clock. 0 or -errno. */
int capture__begin(struct capture *c);

typedef void (*capture_fn)(void *ctx, const struct vigie_stack *stack, const __u8 *user);
/*
 * Hands out the stacks that are there, after timeout_ms or as soon as one of a program comes that is
 * not known, or the ring fills. A quarter of a second at most: what fn has no time for stays for the
 * next call. 0: that was all; more: some were, and more may be there; or -errno.
 */
int capture__poll(struct capture *c, int timeout_ms, capture_fn fn, void *ctx);

/* Some process that is looked at has not ended. */
bool capture__alive(const struct capture *c);

/* The mappings of this program were read: its stacks may wait. */
void capture__known(struct capture *c, __u32 tgid, __u32 exec_id);

/* For capture_pass(): valid as long as the capture, which closes it. -EOPNOTSUPP. */
int capture__sleepers(const struct capture *c);
/*
 * A descriptor whose reading is one pass over the sleeping threads: a vigie_stack each, followed
 * by capture__sleeper_bytes() bytes unless it is VIGIE_STACK_SAME. Reading may hang where a target's
 * memory does: not for a process that others wait for. Close it. Or -errno.
 */
int capture_pass(int sleepers);
__u32 capture__sleeper_bytes(const struct capture *c);

/* Detaches the programs and ends the threads' times. 0 or -errno. */
int capture__end(struct capture *c);

/* Copies: the records of all threads, who ran, who woke. Keys and values alternate. *ret is malloc'ed. */
struct capture_thread {
	struct vigie_thread_key key;
	__u32 slot, zero;
	struct vigie_thread times;
};
struct capture_culprit {
	__u32 tgid;
	struct vigie_culprit culprit; /* 8-aligned: tgid takes 8 bytes */
};
struct capture_wake {
	struct vigie_wake_key key;
	struct vigie_wake wake;
};
struct capture_chain {
	struct vigie_chain_key key;
	struct vigie_chain chain;
};
int capture__threads(struct capture *c, struct capture_thread **ret, size_t *ret_n);
/* Part of what a target's threads are charged with is in their own records. */
int capture__culprits(struct capture *c, const struct capture_thread *threads, size_t nthreads,
		      struct capture_culprit **ret, size_t *ret_n);
int capture__wakes(struct capture *c, struct capture_wake **ret, size_t *ret_n);
int capture__chains(struct capture *c, struct capture_chain **ret, size_t *ret_n);
__u64 capture__lost(const struct capture *c, enum vigie_session_loss cause);
__u64 capture__begin_ns(const struct capture *c); /* CLOCK_MONOTONIC */
/* Run time of all programs; 0 where the kernel keeps no statistics. */
void capture__cost(const struct capture *c, __u64 *ret_ns, __u64 *ret_runs);

#endif
