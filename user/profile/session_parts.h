/* SPDX-License-Identifier: GPL-2.0-only */
/* session_parts.h - what the files of a session share. */
#ifndef VIGIE_PROFILE_SESSION_PARTS_H
#define VIGIE_PROFILE_SESSION_PARTS_H

#include "base/hash.h"
#include "profile/capture.h"
#include "profile/helper.h"
#include "profile/session.h"
#include "profile/sleepers.h"
#include "profile/space.h"
#include "profile/symbolizer.h"

enum { PENDING_MAX = 128 }; /* stacks at the symbolizer; a power of two over its DUE_MAX */

struct known_thread {
	__u32 tid;
	__u64 start_ns;
	__u32 thread; /* index in the profile */
	__u32 last_node, last_wait_reason; /* of its last stack asleep */
};

/* A stack at the symbolizer. Its bytes stay: mappings may have been too old to unwind it. */
struct pending_stack {
	struct vigie_stack_on_cpu stack;
	__u32 space;
	__u64 sum; /* of the mappings that it was unwound with */
	bool again;
};

struct session {
	struct session_config config;
	struct capture *capture;
	struct symbolizer *symbolizer;
	struct opener *opener;
	struct spaces spaces;
	struct sleepers *sleepers;
	struct profile *profile;
	int err; /* of the profile: sticky */

	struct pending_stack *pending; /* by number, PENDING_MAX of them */
	__u32 number;
	__u32 *modules; /* symbolizer's module -> the profile's; 0: not yet */

	struct waker_stack *waker_stacks; /* session_wakers.c's own */
	__u32 nwaker_stacks;
	size_t waker_stacks_room;

	struct known_thread *threads;
	__u32 nthreads;
	size_t threads_room;
	struct hash by_thread;

	int *pidfds;
	__u32 ntargets;
	__u64 dropped; /* stacks that there was no time for at the end */
	__u64 begin_ns, end_ns, begin_cpu_ns, checked_ns, checked_taken, checked_lost;
	__u64 settled_ns, settled_cpu_ns; /* since when its cost is judged; 0: not yet */
	__u64 refresh_ns; /* when the mappings are read next */
	__u64 begin_wall_ns;
	bool has_steal;
	__u64 begin_steal_ns; /* of all CPUs, since the host's start */
};

/* Reading mappings takes no more than this part of the time. */
enum { REFRESH_SHARE = 200 };

/* CPU time that the caller and the opener used so far. */
__u64 session_effort_ns(const struct session *s);
/* The thread's index among s->threads. 0 or -errno. */
int session_thread(struct session *s, __u32 tid, __u64 start_ns, __u32 tgid, __u32 *ret);

/* session_stacks.c */
void session_take_stack(void *ctx, const struct vigie_stack *stack, const __u8 *user);
void session_take_frames(void *ctx, __u32 number, const struct symbolizer_frame *frames, __u32 n,
			 __u32 incomplete);
int session_name_frames(struct session *s);

/* session_cgroups.c: what people call who ran, and what the hypervisor took. */
int session_cgroup(struct session *s, __u64 id, __u32 *ret_path);
int session_steal(__u64 *ret_ns); /* of all CPUs, since the host's start. 0 or -errno */
void session_settle_steal(struct session *s);

/* session_chains.c: who was waited for in the end. The wakes are used up. */
int session_settle_chains(struct session *s, struct capture_wake *wakes, size_t n);

/* session_wakers.c: who woke, and from where. */
/* The order of what begins with a vigie_wake_key; for qsort() and bsearch(). */
int session_by_wake_key(const void *a, const void *b);
int session_waker_stack(struct session *s, const struct vigie_stack *stack, __u32 node);
int session_settle_wakers(struct session *s);
int session_waker_party(struct session *s, const struct capture_wake *wake, __u32 *ret);
/* The thread with this tid; the youngest, where one tid was used twice. */
const struct known_thread *session_thread_by_tid(const struct session *s, __u32 tid);

/* session_times.c: from times and counts to values whose sums are the kernel's. */
int session_settle_times(struct session *s);
/* The next part of total, after done and with more of all: what is due less what was given. */
__u64 session_part(__u64 total, __u64 done, __u64 more, __u64 all);

#endif
