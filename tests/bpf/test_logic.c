// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_logic.c - the probes' logic at its edges, called through logic.bpf.c.
 *
 * Expectations are computed here, in other ways than in bpf/: tables, loops, 128-bit
 * arithmetic. Not here: what needs a workload (test_collect.c, test_retired.c).
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "logic_load.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

__extension__ typedef unsigned __int128 u128;

/* --- bucket_of */

static __u32 bucket(__u64 ns)
{
	struct logic_bucket ctx = { .ns = ns, .bucket = 99 };

	call(skel->progs.logic_bucket, &ctx, sizeof(ctx));
	return ctx.bucket;
}

static void check_bucket(__u64 ns, __u32 want)
{
	__u32 got = bucket(ns);

	if (got != want)
		fail_msg("%llu ns is in bucket %u, not %u", ns, got, want);
}

static void bucket_edges(void **state)
{
	__u64 bound = 1000;
	__u32 i;

	NEED_BPF();
	check_bucket(0, 0);
	check_bucket(1, 0);
	check_bucket(999, 0);
	for (i = 0; i < VIGIE_BUCKETS - 1; i++, bound *= 4) {
		check_bucket(bound - 1, i);
		check_bucket(bound, i); /* le is inclusive */
		check_bucket(bound + 1, i + 1);
	}
	/* What would be bounds of buckets that do not exist. */
	for (; bound < 1ULL << 61; bound *= 4) {
		check_bucket(bound - 1, VIGIE_BUCKETS - 1);
		check_bucket(bound + 1, VIGIE_BUCKETS - 1);
	}
	check_bucket(1ULL << 32, VIGIE_BUCKETS - 1);
	check_bucket(1ULL << 63, VIGIE_BUCKETS - 1);
	check_bucket(UINT64_MAX, VIGIE_BUCKETS - 1);
}

/* --- off_reason_of */

enum { INTERRUPTIBLE = 1, UNINTERRUPTIBLE = 2, STOPPED = 4, TRACED = 8, PARKED = 0x40 };
enum { WAKEKILL = 0x100, NOLOAD = 0x400, NEW = 0x800, RTLOCK = 0x1000, FREEZABLE = 0x2000 };
enum { IDLE = UNINTERRUPTIBLE | NOLOAD, KILLABLE = UNINTERRUPTIBLE | WAKEKILL };

/* Of a task that is neither preempted nor in a memory stall. */
static const struct {
	__u32 state, reason, reason_iowait;
} states[] = {
	{ 0, VIGIE_OFF_RUNNABLE, VIGIE_OFF_RUNNABLE },
	{ INTERRUPTIBLE, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ INTERRUPTIBLE | FREEZABLE, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ STOPPED | WAKEKILL, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ TRACED, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ PARKED, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ IDLE, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ IDLE | FREEZABLE, VIGIE_OFF_SLEEP, VIGIE_OFF_SLEEP },
	{ RTLOCK, VIGIE_OFF_UNINTERRUPTIBLE, VIGIE_OFF_DISK },
	{ UNINTERRUPTIBLE, VIGIE_OFF_UNINTERRUPTIBLE, VIGIE_OFF_DISK },
	{ KILLABLE, VIGIE_OFF_UNINTERRUPTIBLE, VIGIE_OFF_DISK },
	{ KILLABLE | FREEZABLE, VIGIE_OFF_UNINTERRUPTIBLE, VIGIE_OFF_DISK },
};

static void check_reason(size_t i, bool preempt, bool memstall, bool iowait)
{
	struct logic_off_reason ctx = { states[i].state, preempt, memstall, iowait, 99, 0 };
	__u32 want = iowait ? states[i].reason_iowait : states[i].reason;

	if (preempt)
		want = VIGIE_OFF_RUNNABLE;
	else if (memstall && states[i].state)
		want = VIGIE_OFF_MEMORY;
	call(skel->progs.logic_off_reason, &ctx, sizeof(ctx));
	if (ctx.reason != want)
		fail_msg("state %#x preempt %d memstall %d iowait %d: reason %u, not %u",
			 states[i].state, preempt, memstall, iowait, ctx.reason, want);
}

static void off_reasons(void **state)
{
	size_t i;
	int bits;

	NEED_BPF();
	for (i = 0; i < COUNT(states); i++)
		for (bits = 0; bits < 8; bits++)
			check_reason(i, bits & 1, bits & 2, bits & 4);
}

/* --- delta_system_part */

static __u64 system_part(__u64 cpu_ns, __u64 utime, __u64 stime)
{
	struct logic_system_part ctx = { cpu_ns, utime, stime, 99 };

	call(skel->progs.logic_system_part, &ctx, sizeof(ctx));
	return ctx.part;
}

/* The ratio has 20 bits; from 2^44 ns on its terms are cut to at least 24. */
static void check_part(__u64 cpu_ns, __u64 utime, __u64 stime)
{
	__u64 got = system_part(cpu_ns, utime, stime);
	u128 exact = (u128)cpu_ns * stime / ((u128)utime + stime);
	u128 below = ((u128)cpu_ns >> 20) + ((u128)cpu_ns >> 23) + 2;
	u128 above = ((utime + stime) >> 44) ? ((u128)cpu_ns >> 23) + 1 : 0;

	if (got > cpu_ns)
		fail_msg("part of %llu: %llu is more (utime %llu stime %llu)", cpu_ns, got, utime,
			 stime);
	if ((u128)got + below < exact || got > exact + above)
		fail_msg("part of %llu for %llu : %llu is %llu, not %llu", cpu_ns, utime, stime,
			 got, (__u64)exact);
}

static __u64 random_bits(unsigned int bits)
{
	__u64 v = (__u64)random() << 62 ^ (__u64)random() << 31 ^ (__u64)random();

	return bits ? v >> (64 - bits) : 0;
}

static void system_part_extremes(void **state)
{
	NEED_BPF();
	assert_int_equal(system_part(0, 0, 0), 0);
	assert_int_equal(system_part(1000, 0, 0), 0); /* no tick yet: all of it user */
	assert_int_equal(system_part(1000, 5, 0), 0);
	assert_int_equal(system_part(1000, 0, 5), 1000);
	assert_int_equal(system_part(1ULL << 63, 0, 1), 1ULL << 63);
	check_part(1ULL << 63, 1ULL << 62, 1ULL << 62);
	check_part((1ULL << 63) - 1, 1, (1ULL << 63) - 2);
	check_part((1ULL << 63) - 1, (1ULL << 63) - 2, 1);
	check_part(1ULL << 63, (1ULL << 44) - 1, 1);
	check_part(1ULL << 63, 1, (1ULL << 44) - 2);
	check_part(1ULL << 63, 1, (1ULL << 44) - 1);
	check_part(1ULL << 63, 1ULL << 43, 1ULL << 43);
}

static void system_part_random(void **state)
{
	int i;

	NEED_BPF();
	srandom(20261123);
	for (i = 0; i < 20000; i++) {
		__u64 utime = random_bits(random() % 63), stime = random_bits(random() % 63);

		if (utime + stime)
			check_part(random_bits(random() % 64), utime, stime);
	}
}

/* While the ratio stands, the part of more is never less: a counter must not run backwards. */
static void system_part_monotone(void **state)
{
	int i, j;

	NEED_BPF();
	srandom(7);
	for (i = 0; i < 100; i++) {
		__u64 utime = random_bits(random() % 50), stime = random_bits(random() % 50);
		__u64 cpu = random_bits(random() % 60), last = 0;

		for (j = 0; j < 50; j++, cpu += random_bits(random() % 24)) {
			__u64 part = system_part(cpu, utime, stime);

			if (part < last)
				fail_msg("part of %llu fell from %llu to %llu", cpu, last, part);
			last = part;
		}
	}
}

/* --- exit_how */

static void exit_kinds(void **state)
{
	struct logic_exit ctx;
	int code, sig;

	NEED_BPF();
	for (code = 0; code < 256; code++) {
		ctx = (struct logic_exit){ code << 8, 99 };
		call(skel->progs.logic_exit, &ctx, sizeof(ctx));
		assert_int_equal(ctx.how, code ? VIGIE_EXIT_ERROR : VIGIE_EXIT_NORMAL);
	}
	for (sig = 1; sig < 65; sig++) {
		ctx = (struct logic_exit){ sig | (sig & 1 ? 0x80 : 0), 99 }; /* 0x80: core dumped */
		call(skel->progs.logic_exit, &ctx, sizeof(ctx));
		assert_int_equal(ctx.how, VIGIE_EXIT_SIGNAL);
	}
}

/* --- culprit_cell */

static bool put(__u32 e, __u32 victim, __u32 culprit)
{
	struct logic_cell ctx = { e, victim, culprit, 99 };

	call(skel->progs.logic_cell, &ctx, sizeof(ctx));
	return ctx.found;
}

/* Waits of the pair in epoch e on CPU 0; more than one cell of the same pair fails. */
static __u64 waits_of(__u32 e, __u32 victim, __u32 culprit)
{
	__u64 waits = 0;
	int i, cells = 0;

	for (i = 0; i < VIGIE_DELAY_CELLS; i++) {
		const struct vigie_delay *cell = &slots[0].culprits[e][i];

		if (cell->victim.tgid != victim || cell->culprit.tgid != culprit)
			continue;
		waits += cell->waits;
		cells++;
	}
	assert_true(cells <= 1);
	return waits;
}

static void culprit_pairs(void **state)
{
	__u32 i;

	NEED_BPF();
	for (i = 0; i < 3; i++) {
		assert_true(put(0, 100, 200));
		assert_true(put(0, 200, 100)); /* who waits for whom matters */
		assert_true(put(0, 100, 0)); /* the idle task as culprit is a pair, too */
	}
	assert_true(put(1, 100, 200));
	assert_true(put(3, 100, 200)); /* only the low bit is the epoch */
	assert_int_equal(waits_of(0, 100, 200), 3);
	assert_int_equal(waits_of(0, 200, 100), 3);
	assert_int_equal(waits_of(0, 100, 0), 3);
	assert_int_equal(waits_of(1, 100, 200), 2);
}

/* Pairs until the table has no cell for some: none is lost, none gets a stranger's cell. */
static void culprit_until_full(void **state)
{
	enum { PAIRS = 4 * VIGIE_DELAY_CELLS };
	static bool found[PAIRS];
	int i, kept = 0;
	__u64 all = 0;

	NEED_BPF();
	for (i = 0; i < PAIRS; i++) {
		found[i] = put(0, 1000 + i % 4, 5000 + i * 7);
		kept += found[i];
	}
	for (i = 0; i < PAIRS; i++) /* a pair that has its cell finds it again in a full table */
		assert_int_equal(put(0, 1000 + i % 4, 5000 + i * 7), found[i]);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(waits_of(0, 1000 + i % 4, 5000 + i * 7), found[i] ? 2 : 0);
	for (i = 0; i < VIGIE_DELAY_CELLS; i++)
		all += slots[0].culprits[0][i].waits;
	assert_int_equal(all, 2 * kept);
	/* Probing by 4 must fill nearly all, and 512 pairs cannot fit 128 cells. */
	assert_true(kept > VIGIE_DELAY_CELLS * 9 / 10);
	assert_true(kept <= VIGIE_DELAY_CELLS);
	assert_int_equal(waits_of(1, 1000, 5000), 0);
}

static void culprit_collisions(void **state)
{
	int i, taken = 0, at = -1;

	NEED_BPF();
	assert_true(put(0, 1, 2));
	for (i = 0; i < VIGIE_DELAY_CELLS; i++)
		if (slots[0].culprits[0][i].victim.tgid)
			at = i;
	assert_true(at >= 0);
	/* Strangers in all cells of the probe sequence but the last. */
	for (i = 0; i < VIGIE_DELAY_PROBES - 1; i++)
		slots[0].culprits[0][(at + i) % VIGIE_DELAY_CELLS].victim =
			(struct vigie_party){ .tgid = 9000 + i, .cgroup_id = 9000 + i };
	assert_true(put(0, 1, 2));
	taken = (at + VIGIE_DELAY_PROBES - 1) % VIGIE_DELAY_CELLS;
	assert_int_equal(slots[0].culprits[0][taken].victim.tgid, 1);
	assert_int_equal(slots[0].culprits[0][taken].culprit.tgid, 2);
	slots[0].culprits[0][taken].victim.cgroup_id = 9999;
	assert_false(put(0, 1, 2)); /* the cell after the last probe is free, and stays so */
	assert_int_equal(slots[0].culprits[0][(taken + 1) % VIGIE_DELAY_CELLS].victim.tgid, 0);
}

static void culprit_named(void **state)
{
	struct logic_culprit ctx = { .wait_ns = 5000000 };
	const struct vigie_delay *cell = NULL;
	int i;

	NEED_BPF();
	pin(0);
	prctl(PR_SET_NAME, "fifteen-bytes-x");
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	ctx.wait_ns = 7;
	ctx.dead = 1;
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	assert_int_equal(ctx.cpu, 0);
	for (i = 0; i < VIGIE_DELAY_CELLS; i++)
		if (slots[0].culprits[0][i].victim.tgid == (__u32)getpid())
			cell = &slots[0].culprits[0][i];
	assert_non_null(cell);
	assert_int_equal(cell->waits, 2);
	assert_int_equal(cell->wait_ns, 5000007);
	assert_int_equal(cell->culprit.tgid, getpid());
	assert_string_equal(cell->victim.comm, "fifteen-bytes-x");
	assert_string_equal(cell->culprit.comm, "fifteen-bytes-x");
	assert_int_equal(cell->victim.flags, 0);
	assert_int_equal(cell->victim.cgroup_id, cell->culprit.cgroup_id);
	assert_true(cell->victim.cgroup_id != 0);
	assert_int_equal(slots[0].slow_waits, 2);
	assert_int_equal(slots[0].loss[VIGIE_LOSS_DELAY_FULL], 0);
}

static void fill_cells(__u64 wait_ns)
{
	int i;

	for (i = 0; i < VIGIE_DELAY_CELLS; i++) {
		slots[0].culprits[0][i].victim.tgid = 0x40000000 + i;
		slots[0].culprits[0][i].wait_ns = wait_ns;
		slots[0].culprits[0][i].waits = 1;
	}
}

static void culprit_folded(void **state)
{
	struct logic_culprit ctx = { .wait_ns = 3000000 };

	NEED_BPF();
	pin(0);
	fill_cells(3000000);
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	assert_int_equal(slots[0].culprit_other_ns[0], 6000000);
	assert_int_equal(slots[0].culprit_other_waits[0], 2);
	assert_int_equal(slots[0].loss[VIGIE_LOSS_DELAY_FULL], 2);
	assert_int_equal(slots[0].slow_waits, 2);
	/* The other epoch has room: nothing is folded there. */
	skel->bss->epoch = 1;
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	skel->bss->epoch = 0;
	assert_int_equal(slots[0].culprit_other_waits[1], 0);
	assert_int_equal(waits_of(1, getpid(), getpid()), 1);
}

/* A longer wait than a pair ever had takes its cell: the sums go on from there. */
static void culprit_takes(void **state)
{
	struct logic_culprit ctx = { .wait_ns = 3000001 };
	int i, at = -1;

	NEED_BPF();
	pin(0);
	fill_cells(3000000);
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	ctx.wait_ns = 5;
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx)); /* now it has one */
	for (i = 0; i < VIGIE_DELAY_CELLS; i++) {
		if (slots[0].culprits[0][i].victim.tgid != (__u32)getpid()) {
			assert_int_equal(slots[0].culprits[0][i].wait_ns, 3000000);
			assert_int_equal(slots[0].culprit_past[0][i].waits, 0);
			continue;
		}
		assert_int_equal(at, -1);
		at = i;
	}
	assert_in_range(at, 0, VIGIE_DELAY_CELLS - 1);
	assert_int_equal(slots[0].culprits[0][at].culprit.tgid, getpid());
	assert_int_equal(slots[0].culprits[0][at].wait_ns, 6000006);
	assert_int_equal(slots[0].culprits[0][at].waits, 3);
	assert_int_equal(slots[0].culprit_past[0][at].wait_ns, 3000000);
	assert_int_equal(slots[0].culprit_past[0][at].waits, 1);
	assert_int_equal(slots[0].culprit_other_waits[0], 0);
	assert_int_equal(slots[0].loss[VIGIE_LOSS_DELAY_FULL], 1);
}

/* A full table of processes: who waited longest is in it, each as its own; all waits are by name. */
static void culprit_process_takes(void **state)
{
	struct vigie_delay_process *p = slots[0].culprit_processes[0];
	struct logic_culprit ctx = { .wait_ns = 2999999 };
	int i, own = 0;

	NEED_BPF();
	pin(0);
	for (i = 0; i < VIGIE_DELAY_PROCESSES; i++)
		p[i] = (struct vigie_delay_process){ .victim = 0x40000000 + i,
						     .wait_ns = 3000000,
						     .waits = 1 };
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	for (i = 0; i < VIGIE_DELAY_PROCESSES; i++)
		assert_int_equal(p[i].victim, 0x40000000 + i);
	ctx.wait_ns = 3000001;
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx));
	ctx.wait_ns = 5;
	call(skel->progs.logic_culprit, &ctx, sizeof(ctx)); /* now it has one */
	for (i = 0; i < VIGIE_DELAY_PROCESSES; i++) {
		if (p[i].victim != (__u32)getpid()) {
			assert_int_equal(p[i].wait_ns, 3000000);
			continue;
		}
		own++;
		assert_int_equal(p[i].culprit, getpid());
		assert_int_equal(p[i].wait_ns, 3000006);
		assert_int_equal(p[i].waits, 2);
	}
	assert_int_equal(own, 1);
	assert_int_equal(waits_of(0, getpid(), getpid()), 3);
}

/* --- delta_waits */

static void off_cpu(const struct logic_waits *delivered, struct logic_waits *ret)
{
	/* It may be preempted in the middle, and then its figures are of two moments. */
	do {
		*ret = *delivered;
		call(skel->progs.logic_waits, ret, sizeof(*ret));
	} while (ret->disturbed);
}

static __u64 waited_for_a_cpu(void)
{
	FILE *f = fopen("/proc/self/schedstat", "re");
	unsigned long long ran, waited;
	int n = f ? fscanf(f, "%llu %llu", &ran, &waited) : 0;

	if (f)
		fclose(f);
	assert_int_equal(n, 2);
	return waited;
}

/* A fresh process on a quiet host has hardly waited, and no part of nothing can be that long. */
static void wait_for_a_cpu(__u64 ns)
{
	pid_t rival;

	pin(0);
	if (child_begins("vt-rival", &rival))
		for (;;)
			;
	while (waited_for_a_cpu() < ns)
		burn_ns(NS_PER_MS);
	kill(rival, SIGKILL);
	waitpid(rival, NULL, 0);
}

/* Absent 500 us, the last 200 of which it stood in the run queue: 300 were sleep. */
static void absence_that_ended(void **state)
{
	struct logic_waits got, args = { .before_arrival_ns = 500000,
					 .waited_ns = 200000,
					 .after_departed_ns = 9000000,
					 .wait_reason = VIGIE_OFF_DISK };

	NEED_BPF();
	wait_for_a_cpu(args.waited_ns);
	args.off_ns[VIGIE_OFF_DISK] = 40;
	args.off_ns[VIGIE_OFF_SLEEP] = 70;
	args.delivered.off_ns[VIGIE_OFF_DISK] = 10;
	args.delivered.off_ns[VIGIE_OFF_SLEEP] = 70;
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_DISK], 300000 + 30);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 0);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_MEMORY], 0);
	assert_int_equal(got.inc.wait_ns, got.run_delay); /* that wait has ended: it shows */
}

/* Of the 200 us that the kernel calls waiting 150 were sleep: counted before, or under way. */
static void waits_that_were_sleep(void **state)
{
	struct logic_waits got, args = { .before_arrival_ns = 500000,
					 .waited_ns = 200000,
					 .false_ns = 150000,
					 .after_departed_ns = 9000000,
					 .wait_reason = VIGIE_OFF_SLEEP };

	NEED_BPF();
	wait_for_a_cpu(args.waited_ns);
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 450000);
	assert_int_equal(got.inc.wait_ns, got.run_delay - 150000);
	args.moved = 1;
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 450000);
	assert_int_equal(got.inc.wait_ns, got.run_delay - 150000);
}

/* Still away (arrival is older than departure): credited up to now, as it passes. */
static void absence_under_way(void **state)
{
	struct logic_waits got, args = { .after_arrival_ns = 1000000,
					 .after_departed_ns = 400000,
					 .wait_reason = VIGIE_OFF_MEMORY };

	NEED_BPF();
	args.delivered.off_ns[VIGIE_OFF_MEMORY] = 100000;
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_MEMORY], 300000);
	/* More was given than is now seen (clocks of two CPUs): nothing, never a huge number. */
	args.delivered.off_ns[VIGIE_OFF_MEMORY] = 400001;
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_MEMORY], 0);
}

static void absence_of_nobody(void **state)
{
	struct logic_waits got, args = { .before_arrival_ns = 500000,
					 .after_departed_ns = 9000000,
					 .wait_reason = VIGIE_OFF_RUNNABLE };
	int i;

	NEED_BPF();
	off_cpu(&args, &got); /* preempted: that is run-queue wait */
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		assert_int_equal(got.inc.off_ns[i], 0);
	args.wait_reason = VIGIE_OFF_SLEEP;
	args.after_departed_ns = 0; /* dead: no now */
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 0);
	args.before_arrival_ns = 0; /* never seen leaving */
	args.after_departed_ns = 12345;
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 0);
}

/* Between leaving the queue and arriving it is neither asleep nor, by its clock, away. */
static void who_is_being_put_on_a_cpu_is_not_asleep(void **state)
{
	struct logic_waits got, args = { .after_arrival_ns = 1000000,
					 .after_departed_ns = 400000,
					 .runnable = 1,
					 .wait_reason = VIGIE_OFF_SLEEP };

	NEED_BPF();
	off_cpu(&args, &got);
	assert_int_equal(got.inc.off_ns[VIGIE_OFF_SLEEP], 0);
}

/* A virtual CPU may stand still between any two stores, and whoever looks then may look twice. */
static void an_absence_is_handed_out_once(void **state)
{
	struct logic_departure got;
	unsigned int looks, i;

	NEED_BPF();
	for (looks = 0; looks < 256; looks++) {
		do {
			got = (struct logic_departure){
				.off_ns = 70,
				.away_ns = 500000,
				.looks = (looks & 0x7f) | (looks >> 7) << 31,
			};
			call(skel->progs.logic_departure, &got, sizeof(got));
		} while (got.disturbed);
		for (i = 0; i < 8; i++) {
			if (!(looks & 1 << i))
				continue;
			assert_true(got.handed_out[i] <= 500070);
			if (i >= 6) /* before it, and after */
				assert_int_equal(got.handed_out[i], 500070);
		}
		assert_int_equal(got.in_the_end, 500070);
	}
}

static void wait_counts(void **state)
{
	struct logic_waits got, args = { 0 };
	int i;

	NEED_BPF();
	for (i = 0; i < VIGIE_BUCKETS; i++) {
		args.wait_count[i] = 1000 + i * i;
		args.delivered.wait_count[i] = 1000;
	}
	off_cpu(&args, &got);
	for (i = 0; i < VIGIE_BUCKETS; i++)
		assert_int_equal(got.inc.wait_count[i], i * i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGIC_TEST(bucket_edges),
		LOGIC_TEST(off_reasons),
		LOGIC_TEST(system_part_extremes),
		LOGIC_TEST(system_part_random),
		LOGIC_TEST(system_part_monotone),
		LOGIC_TEST(exit_kinds),
		LOGIC_TEST(culprit_pairs),
		LOGIC_TEST(culprit_until_full),
		LOGIC_TEST(culprit_collisions),
		LOGIC_TEST(culprit_named),
		LOGIC_TEST(culprit_folded),
		LOGIC_TEST(culprit_takes),
		LOGIC_TEST(culprit_process_takes),
		LOGIC_TEST(absence_that_ended),
		LOGIC_TEST(waits_that_were_sleep),
		LOGIC_TEST(absence_under_way),
		LOGIC_TEST(absence_of_nobody),
		LOGIC_TEST(who_is_being_put_on_a_cpu_is_not_asleep),
		LOGIC_TEST(an_absence_is_handed_out_once),
		LOGIC_TEST(wait_counts),
	};

	return cmocka_run_group_tests_name("bpf_logic", tests, load_logic, unload_logic);
}
