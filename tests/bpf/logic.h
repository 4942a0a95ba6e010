/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * logic.h - what the wrappers of logic.bpf.c and their runner say to each other.
 *
 * A program's context is copied in and out by bpf_prog_test_run_opts(): arguments first,
 * results after them.
 */
#ifndef VIGIE_TESTS_LOGIC_H
#define VIGIE_TESTS_LOGIC_H

struct logic_bucket {
	__u64 ns;
	__u32 bucket;
	__u32 zero;
};

struct logic_off_reason {
	__u32 state, preempt, memstall, iowait;
	__u32 reason;
	__u32 zero;
};

struct logic_system_part {
	__u64 cpu_ns, utime, stime;
	__u64 part;
};

struct logic_exit {
	__u32 status;
	__u32 how;
};

/* Looks for the pair's cell on CPU 0, fills a free one as the probe does, adds one wait. */
struct logic_cell {
	__u32 epoch, victim, culprit;
	__u32 found;
};

/* culprit_wait() with the caller as victim and as culprit, on the CPU where it runs. */
struct logic_culprit {
	__u64 wait_ns;
	__u32 dead;
	__u32 cpu;
};

/*
 * delta_waits() of the caller, with a state that is made up: departed and delay_ns relative to
 * the caller's own sched_info, which is that of a running task.
 */
struct logic_waits {
	__u64 before_arrival_ns; /* departed = last_arrival - this; 0: departed = 0 */
	__u64 after_arrival_ns; /* departed = last_arrival + this, if not 0 */
	__u64 waited_ns; /* delay_ns = run_delay - this */
	__u64 after_departed_ns; /* now = departed + this; 0: now = 0 */
	__u32 wait_reason;
	__u32 runnable; /* what is read of the task's state: 0: it is asleep */
	__u32 moved; /* 1: the kernel takes its sleep for waiting since run_delay - false_ns */
	__u32 disturbed; /* result: the caller lost its CPU meanwhile */
	__u64 false_ns; /* of run_delay that is sleep; still asleep if moved */
	__u64 off_ns[VIGIE_OFF_REASONS];
	__u64 wait_count[VIGIE_BUCKETS];
	struct vigie_usage delivered;
	__u64 run_delay; /* results from here on */
	struct vigie_usage inc;
};

/*
 * The caller, which slept, leaves the CPU again: between two stores of that the iterator looks.
 * By then it had off_ns of sleep, and it was away for away_ns.
 */
struct logic_departure {
	__u64 off_ns, away_ns;
	__u32 looks; /* bit n: at DEPARTURE_STEP(n), and before all of them: bit 31 */
	__u32 disturbed; /* result: the caller lost its CPU meanwhile */
	__u64 handed_out[8]; /* results: all that was given after each look */
	__u64 in_the_end; /* and after a look when all was done */
};

/* departure_again() of the caller with a state of another generation; then an absence, and a look. */
struct logic_again {
	__u64 off_ns[VIGIE_OFF_REASONS], delivered_ns[VIGIE_OFF_REASONS];
	__u64 away_ns; /* the absence, a sleep */
	__u32 stale_before, stale; /* results */
	__u64 handed_out[VIGIE_OFF_REASONS];
};

/* delta_since() and delta_commit() of the caller. */
struct logic_delta {
	__u32 base; /* 1: begin by delta_base(), 2: begin with an empty state */
	__u32 exited; /* what the state says of it */
	__u64 cpu_before, cpu_after; /* sum_exec_runtime around it */
	__u64 nvcsw, nivcsw, migrations, min_flt, maj_flt;
	struct vigie_usage inc, delivered;
	__u64 delay_ns, run_ns; /* of the state */
};

#endif
