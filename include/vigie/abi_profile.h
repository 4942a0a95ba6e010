/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * abi_profile.h - what the programs of a profiling session and user space exchange.
 *
 * Owns: the record of one stack and of one thread, reasons to wait, loss causes. Beside
 * abi.h the only header that both worlds compile; apart from it, because nothing here exists
 * while no session runs.
 */
#ifndef VIGIE_ABI_PROFILE_H
#define VIGIE_ABI_PROFILE_H

#include <vigie/abi.h>

enum {
	/* Of a user stack that is copied, from the stack pointer up: at most, and unless said. */
	VIGIE_STACK_BYTES = 65536,
	VIGIE_STACK_DEFAULT = 16384,
	/* Likewise of a thread that sleeps: two records fit into what an iterator writes at once. */
	VIGIE_SLEEPER_BYTES = 16384,
	VIGIE_SLEEPER_DEFAULT = 8192,
	VIGIE_KERNEL_FRAMES = 64,
	/* Of what the FPU's state may take in a signal's frame: x86 has two today. */
	VIGIE_XSTATE_SIZES = 3,
	VIGIE_REGISTERS = 17, /* in the order of DWARF's numbers; the last is the instruction */
	VIGIE_THREADS_MAX = 16384, /* whose times a session keeps, dead ones included */
	VIGIE_TARGETS_MAX = 1024, /* processes of a session */
	VIGIE_CULPRITS_MAX = 8192, /* processes that ran while a target waited */
	VIGIE_WAKES_MAX = 16384, /* pairs of thread and waker */
	VIGIE_CHAINS_MAX = 8192, /* chains of two wakers and more */
	VIGIE_HOPS = 5, /* of a chain; longer ones are cut */
};

/*
 * What a thread waited for, from its state as it left the CPU and the system call it was in.
 * Not the switch probe's enum vigie_off, which has no session's time to look closer.
 */
enum vigie_wait {
	VIGIE_WAIT_LOCK, /* futex */
	VIGIE_WAIT_SLEEP, /* nanosleep, clock_nanosleep */
	VIGIE_WAIT_POLL, /* poll, select, epoll */
	VIGIE_WAIT_NETWORK, /* a socket */
	VIGIE_WAIT_PIPE, /* a pipe or FIFO */
	VIGIE_WAIT_EVENT, /* eventfd, timerfd, signalfd, inotify and their kin; io_uring */
	VIGIE_WAIT_TERMINAL, /* a character device */
	VIGIE_WAIT_DISK, /* block I/O that it asked for */
	VIGIE_WAIT_MAJOR_FAULT, /* block I/O that an access to memory asked for */
	VIGIE_WAIT_MEMORY, /* reclaim, swap-in, thrashing: in_memstall */
	VIGIE_WAIT_MMAP_LOCK, /* the lock of its own address space */
	VIGIE_WAIT_CHILD, /* wait4, waitid, vfork */
	VIGIE_WAIT_SIGNAL, /* pause, sigsuspend, sigtimedwait */
	VIGIE_WAIT_STOPPED, /* job control, a debugger, the freezer */
	VIGIE_WAIT_OTHER, /* asleep in another system call */
	VIGIE_WAIT_KERNEL, /* uninterruptible: a lock or an event inside the kernel */
	VIGIE_WAITS,
	VIGIE_WAIT_RUN_QUEUE =
		VIGIE_WAITS, /* runnable, and waiting for a CPU: no reason of its own */
};

/* Which program wrote a stack. */
enum vigie_stack_kind {
	VIGIE_STACK_ON_CPU,
	VIGIE_STACK_ASLEEP,
	VIGIE_STACK_FAULT,
	VIGIE_STACK_WAKER, /* of who wakes a target's thread */
	VIGIE_STACK_KINDS,
};

enum vigie_stack_flags {
	VIGIE_STACK_SAME = 1 << 0, /* asleep as in the thread's last stack: no bytes, no frames */
	VIGIE_STACK_KERNEL = 1 << 1, /* of a process that is no target: only kernel frames */
};

/* One stack, raw: user space unwinds it. Followed by room for as many bytes as a session copies. */
struct vigie_stack {
	__u32 kind; /* enum vigie_stack_kind */
	__u32 flags; /* enum vigie_stack_flags */
	__u32 tid, tgid; /* initial PID namespace */
	__u32 wait_reason; /* enum vigie_wait of a thread that sleeps, or is woken */
	__u32 exec_id; /* task->self_exec_id: another one, another address space */
	__u64 start_ns; /* start_boottime of the thread: with tid its identity */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	/* What it stands for: 1, the faults since the last one, ns blocked since the last waker's. */
	__u64 weight;
	__u32 woken_tid; /* whom a waker wakes */
	__u32 kernel_frames;
	__u32 user_bytes; /* copied; 0: no user stack (paged out, or SAME) */
	/*
	 * In a handler on an alternate signal stack, else 0: so many of them are of that one, and from
	 * main_at on they are of the stack that was interrupted.
	 */
	__u32 alt_bytes, main_at, zero;
	/* Where the copied bytes were: from the red zone below the stack pointer on, if that is known. */
	__u64 user_begin, main_begin;
	__u64 registers[VIGIE_REGISTERS]; /* as user space was left */
	__u64 kernel[VIGIE_KERNEL_FRAMES]; /* return addresses, innermost first */
};

/* With room for the most that may be. */
struct vigie_stack_on_cpu {
	struct vigie_stack head;
	__u8 user[VIGIE_STACK_BYTES];
};

struct vigie_stack_asleep {
	struct vigie_stack head;
	__u8 user[VIGIE_SLEEPER_BYTES];
};

struct vigie_thread_key {
	__u32 tid;
	__u32 zero;
	__u64 start_ns; /* start_boottime: a tid may be used again */
};

/* A thread waited for why, and who ended that. */
struct vigie_hop {
	__u32 tid; /* of the waker; 0 unless VIGIE_WAKER_TASK */
	__u16 kind; /* enum vigie_waker */
	__u16 wait_reason; /* enum vigie_wait */
};

/* What woke a thread. */
enum vigie_waker {
	VIGIE_WAKER_TASK, /* a thread */
	VIGIE_WAKER_TIMER, /* a timer */
	VIGIE_WAKER_INTERRUPT, /* a device's interrupt */
	VIGIE_WAKER_NETWORK, /* the network's soft interrupt */
	VIGIE_WAKER_BLOCK, /* the block layer's */
	VIGIE_WAKER_SOFTIRQ, /* another soft interrupt */
	VIGIE_WAKER_UNKNOWN, /* slept already as the session began */
	VIGIE_WAKERS,
};

struct vigie_wake_key {
	__u32 tid, waker_tid; /* waker_tid 0 unless VIGIE_WAKER_TASK */
	__u32 kind; /* enum vigie_waker */
	__u32 wait_reason; /* enum vigie_wait */
};

struct vigie_wake {
	__u64 wait_ns, count;
	__u32 waker_tgid;
	char comm[VIGIE_COMM_LEN]; /* of the waker */
	__u32 zero;
};

struct vigie_chain_key {
	__u32 tid, n; /* n: hops, 2 or more */
	struct vigie_hop hops[VIGIE_HOPS]; /* those beyond n are 0 */
};

struct vigie_chain {
	__u64 wait_ns, count;
};

/* The record of one thread of the target. Times are of the run queue's clock, or CLOCK_MONOTONIC. */
struct vigie_thread {
	__u32 tid, tgid;
	__u32 wait_reason; /* enum vigie_wait: why it last left the CPU */
	__u32 flags; /* enum vigie_thread_flags */
	__u64 start_ns; /* start_boottime, as its times began: exec gives who calls it the leader's */
	__u64 cgroup_id; /* as its times began; of the hierarchy that names come from */
	__u64 begin_ns; /* when its times began: the session's begin, or its birth */
	__u64 end_ns; /* when they were closed: the session's end, or its death */
	__u64 run_begin_ns, run_ns; /* sum_exec_runtime */
	__u64 delay_begin_ns, delay_ns; /* sched_info.run_delay, less false_ns */
	__u64 departed_ns; /* left the CPU then; 0: is on it, or has not been seen to leave */
	__u64 departed_delay_ns; /* run_delay, less false_ns, as it left */
	/* Of a sleeper that was moved, as in struct task_state: bpf/moved.bpf.h. */
	__u64 false_ns; /* what run_delay counted of its sleep */
	__u64 moved_delay, woken_ns;
	__u64 away_ns; /* length of the absence whose waiting part is not known yet; 0: none */
	__u64 off_ns[VIGIE_WAITS];
	__u64 off_count[VIGIE_WAITS];
	__u64 faults_begin, faults; /* min_flt + maj_flt */
	__u64 samples; /* stacks taken on a CPU, those that were lost included */
	__u64 faults_unsampled; /* since the last stack of a fault */
	__u64 asleep_switches; /* nvcsw + nivcsw at the last stack that was taken asleep */
	__u64 copying; /* 1: its stack is being copied asleep, or the copy hangs */
	__u64 queued_ns; /* since when it is QUEUED, after the session's begin */
	__u64 culprits_ns; /* threads waited while it ran, beyond what is in the map of culprits */
	__u64 wakes; /* times it was woken */
	__u32 mmap_lock; /* 1: waits for the lock of its own mm */
	__u32 waker_kind; /* enum vigie_waker: what woke it, UNKNOWN unless it was seen */
	__u32 waker_tid, waker_tgid; /* the thread that woke it last */
	char waker_comm[VIGIE_COMM_LEN]; /* of that thread */
	char comm[VIGIE_COMM_LEN]; /* its own */
	__u64 gone_ns, back_ns; /* when it left to be blocked last, and came back to a CPU */
	__u32 moved; /* 1: it sleeps, and the kernel takes it for waiting */
	__u32 moved_zero;
	__u32 slot; /* of this record */
	__u32 hops_n;
	struct vigie_hop hops[VIGIE_HOPS]; /* how its last block ended; see wakers.bpf.h */
	/* When who waited for that hop left, and came back; not of the first. */
	__u64 hops_gone_ns[VIGIE_HOPS], hops_back_ns[VIGIE_HOPS];
	/* Who woke it as it was leaving, before it was seen to leave. */
	__u32 early; /* 1: somebody did */
	__u32 early_kind, early_tid, early_tgid; /* as waker_kind and so on */
	char early_comm[VIGIE_COMM_LEN];
	__u64 unwoken; /* 1: is blocked, and no thread has woken it since */
	__s64 owed_ns; /* blocked since a waker's stack was taken, by wakers that are threads */
	/* Its last waits, all of one pair and of one chain: not in the maps yet. count 0: none. */
	struct vigie_wake_key wake_key;
	struct vigie_wake wake;
	struct vigie_chain_key chain_key;
	struct vigie_chain chain;
};

enum vigie_thread_flags {
	VIGIE_THREAD_CLOSED = 1 << 0, /* has exited */
	VIGIE_THREAD_QUEUED = 1 << 1, /* counted among those that wait on a CPU: see runq.bpf.h */
	VIGIE_THREAD_BLAMED = 1 << 2, /* its process is in the map of culprits */
};

/* Who ran on a CPU while threads of the target waited for it. Key: tgid, 0 is the idle task. */
struct vigie_culprit {
	__u64 wait_ns; /* time it ran x threads that waited */
	__u64 cgroup_id; /* kernfs id in the hierarchy that names come from */
	__u32 kthread; /* 1: a kernel thread */
	__u32 zero;
	char comm[VIGIE_COMM_LEN]; /* of the leader */
};

/* A CPU, as the session's programs see it; user space does not read it. */
struct vigie_runq_cpu {
	__u64 waiting; /* threads << RUNQ_SHIFT | sum of times after the session's begin */
	__u64 last_ns; /* of the last switch, after the session's begin */
	__u32 tgid; /* who runs */
	__u8 timer, interrupt, softirq, zero; /* what it is in: 1, 1, vector + 1; 0: not in one */
	__u64 fault_ns, waker_ns; /* of the last stack of a fault, of a waker */
	__u64 task; /* address of the target's thread that runs; 0: none, or not seen to come */
	__u32 slot, slot_zero; /* its record */
};

/* What a pass over the threads is for. */
enum vigie_pass {
	VIGIE_PASS_CLOCK, /* the clock by which times are taken is read */
	VIGIE_PASS_OPEN,
	VIGIE_PASS_CLOSE,
};

/* What a session can lose, by cause. */
enum vigie_session_loss {
	VIGIE_SESSION_LOST_RING, /* stacks: the ring buffer was full */
	VIGIE_SESSION_LOST_THREADS, /* threads whose times are not kept */
	VIGIE_SESSION_LOST_CULPRITS, /* ns of waiting: no room for another culprit */
	VIGIE_SESSION_LOST_WAKES, /* ns of waiting: no room for another pair */
	VIGIE_SESSION_LOST_TARGETS, /* children: no room for another process */
	VIGIE_SESSION_LOSSES,
	VIGIE_SESSION_LOST_CHAINS =
		7, /* ns of waiting: no room for another chain; not one of the file's */
};

VIGIE_ASSERT_SIZE(vigie_stack, 88 + 8 * (17 + 64));
VIGIE_ASSERT_SIZE(vigie_thread, 16 + 8 * (24 + 32) + 16 + 32 + 8 + 16 + 24 * VIGIE_HOPS + 16 + 16 +
					40 + 48 + 16 + 32);
VIGIE_ASSERT_SIZE(vigie_chain_key, 8 + 8 * VIGIE_HOPS);
VIGIE_ASSERT_SIZE(vigie_thread_key, 16);
VIGIE_ASSERT_SIZE(vigie_culprit, 40);
VIGIE_ASSERT_SIZE(vigie_wake, 40);

#endif
