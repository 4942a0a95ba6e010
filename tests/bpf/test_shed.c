// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shed.c - parts of the switch probe go and come back, and the books hold.
 *
 * The whole of collect on this kernel, over children whose workload is known, against /proc and the
 * wall clock; and departure_again() on a state that is made up. Not here: when something goes
 * (tests/unit/test_budget.c).
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "live_source.h"
#include "logic_load.h"

#define ALL (VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS | VIGIE_SHED_REASONS | VIGIE_SHED_MOVED)

/* Children wait for each other, a slice at a time, and we look in time, whoever else is on the CPUs. */
static int open_both(void **state)
{
	int err = live_open(state);

	setpriority(PRIO_PROCESS, 0, -20);
	return err || bpf_refused() ? err : load_logic(state);
}

static int close_both(void **state)
{
	live_close(state);
	return unload_logic(state);
}

/* --- Children. */

struct child {
	struct stepper step;
	struct vigie_usage inc; /* of the last snapshot */
	struct proc proc; /* as it was last read */
};

static void mixed(int step)
{
	int i;

	for (i = 0; i < 20; i++) {
		burn_ns(NS_PER_MS);
		sleep_ns(500000);
	}
}

static void burn(int step)
{
	pin(0);
	burn_ns(100 * NS_PER_MS);
}

static void look(struct child *c)
{
	size_t i;

	snap_read();
	memset(&c->inc, 0, sizeof(c->inc));
	for (i = 0; i < snap.nprocesses; i++)
		if (snap.processes[i].pid == (__u32)c->step.pid)
			c->inc = snap.processes[i].inc;
	assert_int_equal(source__settle(source), 0);
}

/* CPU time, run-queue wait and switches are the kernel's, whatever is off. Returns the switches. */
static __u64 check_kernel(struct child *c)
{
	struct proc now = proc_read(c->step.pid), before = c->proc;
	__u64 switches = now.voluntary + now.involuntary - before.voluntary - before.involuntary;

	assert_int_equal(c->inc.user_ns + c->inc.system_ns, now.cpu_ns - before.cpu_ns);
	assert_int_equal(c->inc.wait_ns, now.wait_ns - before.wait_ns);
	assert_int_equal(c->inc.voluntary_switches + c->inc.involuntary_switches, switches);
	c->proc = now;
	return switches;
}

/* On the CPU, waiting for it, or off it. A hypervisor may steal from the first. */
static void check_wall(const struct child *c, __u64 from, __u64 to)
{
	__u64 sum = c->inc.user_ns + c->inc.system_ns + c->inc.wait_ns + usage_off(&c->inc);
	__u64 slack = CLOCK_SLACK + (snap_from - to) / 100;

	if (sum + slack < snap_from - to || sum > snap_to - from + slack)
		fail_msg("%llu ns of %llu to %llu: cpu %llu wait %llu off %llu", sum,
			 snap_from - to, snap_to - from, c->inc.user_ns + c->inc.system_ns,
			 c->inc.wait_ns, usage_off(&c->inc));
}

/* --- Tests. */

static void all_goes_and_comes_back(void **state)
{
	__u64 from, to, lost, switches;
	struct child c = { .inc = { 0 } };

	NEED_BPF();
	stepper_starts(&c.step, "vt-shed", mixed);
	stepper_rests(&c.step);
	look(&c);
	c.proc = proc_read(c.step.pid);
	lost = snap.stat.loss[VIGIE_LOSS_SHED];

	assert_int_equal(source__shed(source, ALL), 0);
	stepper_goes_on(&c.step);
	stepper_rests(&c.step);
	look(&c);
	assert_int_equal(snap.shed, ALL);
	switches = check_kernel(&c);
	assert_true(switches >= 15); /* as in test_collect.c: not each sleep is a switch */
	assert_int_equal(usage_counted(&c.inc), 0);
	assert_int_equal(usage_off(&c.inc), 0);
	assert_true(snap.stat.loss[VIGIE_LOSS_SHED] >= lost + switches);
	sleep_ns(50 * NS_PER_MS); /* a short record */
	look(&c);
	assert_int_equal(usage_off(&c.inc), 0);
	check_kernel(&c);

	/* Asleep since before: counts from the return on, at once, and only that. */
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	assert_int_equal(snap.shed, ALL);
	assert_int_equal(usage_off(&c.inc), 0);
	from = snap_from;
	to = snap_to;
	lost = snap.stat.loss[VIGIE_LOSS_SHED];
	sleep_ns(50 * NS_PER_MS);
	look(&c);
	assert_int_equal(snap.shed, 0);
	assert_int_equal(snap.stat.loss[VIGIE_LOSS_SHED], lost);
	check_wall(&c, from, to);
	assert_int_equal(usage_off(&c.inc), c.inc.off_ns[VIGIE_OFF_SLEEP]);
	check_kernel(&c);

	from = snap_from;
	to = snap_to;
	stepper_goes_on(&c.step);
	stepper_rests(&c.step);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(usage_counted(&c.inc), switches);
	check_wall(&c, from, to);
	stepper_ends(&c.step);
}

/* With reasons on, only the buckets stand still. */
static void histograms_alone(void **state)
{
	__u64 from, to, switches, slices;
	struct child c = { .inc = { 0 } };

	NEED_BPF();
	stepper_starts(&c.step, "vt-shed", mixed);
	stepper_rests(&c.step);
	look(&c);
	c.proc = proc_read(c.step.pid);
	assert_int_equal(source__shed(source, VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS), 0);
	look(&c);
	check_kernel(&c);
	from = snap_from;
	to = snap_to;
	slices = snap.slices.sum_ns;
	stepper_goes_on(&c.step);
	stepper_rests(&c.step);
	look(&c);
	check_kernel(&c);
	assert_int_equal(usage_counted(&c.inc), 0);
	assert_int_equal(snap.slices.sum_ns, slices);
	check_wall(&c, from, to);

	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	from = snap_from;
	to = snap_to;
	stepper_goes_on(&c.step);
	stepper_rests(&c.step);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(usage_counted(&c.inc), switches);
	assert_true(snap.slices.sum_ns > slices);
	check_wall(&c, from, to);
	stepper_ends(&c.step);
}

/* Born while nobody looked. */
static void a_child_of_that_time(void **state)
{
	__u64 from, to, switches;
	struct child c = { .inc = { 0 } };

	NEED_BPF();
	assert_int_equal(source__shed(source, ALL), 0);
	stepper_starts(&c.step, "vt-shed", mixed);
	stepper_rests(&c.step);
	look(&c);
	check_kernel(&c);
	assert_int_equal(usage_counted(&c.inc), 0);
	assert_int_equal(c.inc.starts, 1);
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	check_kernel(&c);
	from = snap_from;
	to = snap_to;
	stepper_goes_on(&c.step);
	stepper_rests(&c.step);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(usage_counted(&c.inc), switches);
	check_wall(&c, from, to);
	stepper_ends(&c.step);
}

/*
 * Two that share a CPU wait and run for long in pieces of some milliseconds. What they had while nobody
 * looked is neither one wait nor one slice of that length.
 */
static void no_huge_first_one(void **state)
{
	__u64 from, slices, most;
	struct child a = { .inc = { 0 } }, b = a;
	int i;

	NEED_BPF();
	stepper_starts(&a.step, "vt-shed-a", burn);
	stepper_starts(&b.step, "vt-shed-b", burn);
	stepper_rests(&a.step);
	stepper_rests(&b.step);
	look(&a);
	assert_int_equal(source__shed(source, ALL), 0);
	for (i = 0; i < 4; i++) {
		stepper_goes_on(&a.step);
		stepper_goes_on(&b.step);
		if (i == 3)
			break; /* they run as it comes back */
		stepper_rests(&a.step);
		stepper_rests(&b.step);
	}
	sleep_ns(50 * NS_PER_MS);
	look(&a);
	slices = snap.slices.sum_ns;
	from = snap_from;
	assert_int_equal(source__shed(source, 0), 0);
	stepper_rests(&a.step);
	stepper_rests(&b.step);
	look(&a);
	/* A slice begins before we look: at most the 400 ms of both, and they are far more of it. */
	most = (snap_to - from) * ncpus + 100 * NS_PER_MS;
	assert_true(snap.slices.sum_ns > slices);
	assert_in_range(snap.slices.sum_ns - slices, 1, most);
	assert_true(usage_counted(&a.inc) > 0);
	/* Over 65 ms. */
	for (i = 9; i < VIGIE_BUCKETS; i++)
		assert_int_equal(a.inc.wait_count[i], 0);
	stepper_ends(&a.step);
	stepper_ends(&b.step);
}

/* Who dies unseen hands in what the kernel has of it. */
static void the_dead_of_that_time(void **state)
{
	__u64 deadline, cpu = 0;
	struct child c = { .inc = { 0 } };
	size_t i;

	NEED_BPF();
	assert_int_equal(source__shed(source, ALL), 0);
	stepper_starts(&c.step, "vt-shed-dead", burn);
	stepper_rests(&c.step);
	stepper_ends(&c.step);
	deadline = clock_now(CLOCK_MONOTONIC) + 10 * NS_PER_S;
	while (cpu < 100 * NS_PER_MS) {
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		sleep_ns(20 * NS_PER_MS);
		look(&c);
		for (i = 0; i < snap.nretired; i++)
			if (!strcmp(snap.retired[i].key.comm, "vt-shed-dead")) {
				cpu += snap.retired[i].value.inc.user_ns +
				       snap.retired[i].value.inc.system_ns;
				assert_int_equal(usage_off(&snap.retired[i].value.inc), 0);
				assert_int_equal(usage_counted(&snap.retired[i].value.inc), 0);
			}
	}
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
}

/* --- Sleepers that are moved: tests/workload/moved.c. */

struct said {
	long long slept, waited, kernel; /* ns; the last is their run_delay */
};

static FILE *moved_begins(const char *name, int sleep_ms, const char *announce)
{
	const char *out = getenv("O");
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command), "exec %s/tests/workload/moved %s 6 2 %d %s",
		 out ? out : "build", name, sleep_ms, announce);
	f = popen(command, "re");
	assert_non_null(f);
	return f;
}

/*
 * In the second sleep of all: who has worked beside a hog is one whose dequeue is delayed. And moved
 * in it: who is moved while nobody looks has slept all of that sleep waiting.
 */
static FILE *moved_asleep(const char *name)
{
	FILE *f = moved_begins(name, 2000, "announce");
	char line[16] = "";

	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "asleep\n");
	return f;
}

static struct said moved_ends(FILE *f)
{
	struct said said;

	assert_int_equal(fscanf(f, "slept %lld waited %lld kernel %lld", &said.slept, &said.waited,
				&said.kernel),
			 3);
	pclose(f);
	return said;
}

static __u64 wait_of(const char *name)
{
	__u64 wait = 0;
	size_t i;

	for (i = 0; i < snap.nprocesses; i++)
		if (!strcmp(snap.processes[i].comm, name))
			wait += snap.processes[i].inc.wait_ns;
	for (i = 0; i < snap.nretired; i++)
		if (!strcmp(snap.retired[i].key.comm, name))
			wait += snap.retired[i].value.inc.wait_ns;
	return wait;
}

/* All that they waited, from snapshots until the last of them is freed. */
static __u64 wait_in_all(const char *name, __u64 so_far)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + NS_PER_S;

	while (clock_now(CLOCK_MONOTONIC) < deadline) {
		sleep_ns(50 * NS_PER_MS);
		snap_read();
		so_far += wait_of(name);
		assert_int_equal(source__settle(source), 0);
	}
	return so_far;
}

/* While nobody looks the wait is the kernel's, with the sleep in it; before and after it is true. */
static void moved_sleepers_are_the_kernels(void **state)
{
	struct said said;
	__u64 wait;

	NEED_BPF();
	snap_read();
	assert_int_equal(source__shed(source, ALL), 0);
	said = moved_ends(moved_begins("vt-moved-off", 250, ""));
	wait = wait_in_all("vt-moved-off", 0);
	/* As they said it they still had to end. */
	assert_in_range(wait, said.kernel, said.kernel + said.waited / 10 + 50 * NS_PER_MS);
	assert_int_equal(source__shed(source, 0), 0);
	snap_read();
	said = moved_ends(moved_begins("vt-moved-on", 250, ""));
	wait = wait_in_all("vt-moved-on", 0);
	assert_in_range(wait, said.waited / 2, said.waited + said.slept / 100);
}

/* It goes, and comes back, while they sleep: what was false by then, and what would be of the rest. */
static void moved_sleepers_outlive_a_shed(void **state)
{
	struct said said;
	__u64 wait = 0;
	__u64 missed;
	FILE *f;

	NEED_BPF();
	f = moved_asleep("vt-moved-by");
	snap_read();
	wait += wait_of("vt-moved-by");
	missed = snap.stat.loss[VIGIE_LOSS_WAKEUP_MISSED];
	assert_int_equal(source__shed(source, ALL), 0);
	sleep_ns(200 * NS_PER_MS);
	snap_read();
	wait += wait_of("vt-moved-by");
	assert_int_equal(source__shed(source, 0), 0);
	snap_read();
	wait += wait_of("vt-moved-by");
	said = moved_ends(f);
	wait = wait_in_all("vt-moved-by", wait);
	assert_in_range(wait, said.waited / 2, said.waited + said.slept / 100);
	assert_int_equal(snap.stat.loss[VIGIE_LOSS_WAKEUP_MISSED], missed);
}

/* It goes as they sleep, and they wake while it is off: no wakeup of theirs is waited for, or missed. */
static void wake_during_a_shed(const char *name, bool looked_at)
{
	__u64 missed;
	FILE *f;

	f = moved_asleep(name);
	snap_read();
	missed = snap.stat.loss[VIGIE_LOSS_WAKEUP_MISSED];
	assert_int_equal(source__shed(source, VIGIE_SHED_MOVED), 0);
	if (looked_at)
		snap_read();
	moved_ends(f);
	assert_int_equal(source__shed(source, 0), 0);
	snap_read();
	assert_int_equal(snap.stat.loss[VIGIE_LOSS_WAKEUP_MISSED], missed);
}

static void moved_sleepers_wake_during_a_shed(void **state)
{
	NEED_BPF();
	wake_during_a_shed("vt-moved-up", true);
}

static void moved_sleepers_wake_before_the_next_look(void **state)
{
	NEED_BPF();
	wake_during_a_shed("vt-moved-soon", false);
}

/* --- departure_again(). */

/* Of a sleep under way 200 ns were handed out before they were booked: the next ones are not kept back. */
static void what_was_handed_out_is_booked(void **state)
{
	struct logic_again g = {
		.off_ns = { 500, 40, 0, 7 },
		.delivered_ns = { 700, 30, 0, 7 },
		.away_ns = 100,
	};
	int i;

	NEED_BPF();
	skel->bss->generation = 5;
	skel->bss->shed = 0;
	call(skel->progs.logic_again, &g, sizeof(g));
	assert_int_equal(g.stale_before, 1);
	assert_int_equal(g.stale, 0);
	/* 100 of the next absence, and the 10 that were booked and never handed out. */
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		assert_int_equal(g.handed_out[i], i == VIGIE_OFF_SLEEP ? 100 : i == 1 ? 10 : 0);
	skel->bss->generation = 0;
}

/* It went again on another CPU, between our look at the switch and the store. */
static void off_again_it_stays_stale(void **state)
{
	struct logic_again g = { .off_ns = { 500 }, .delivered_ns = { 700 }, .away_ns = 100 };

	NEED_BPF();
	skel->bss->generation = 6;
	skel->bss->shed = ALL;
	call(skel->progs.logic_again, &g, sizeof(g));
	assert_int_equal(g.stale_before, 1);
	assert_int_equal(g.stale, 1);
	assert_int_equal(g.handed_out[VIGIE_OFF_SLEEP], 0);
	skel->bss->generation = skel->bss->shed = 0;
}

/* How often the kernel ran our program of that name: others on this host may have one, too. */
static __u64 runs_of(const char *name)
{
	struct bpf_prog_info info;
	char path[64], link[64];
	__u32 len;
	ssize_t n;
	int fd;

	for (fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!strcmp(link, "anon_inode:bpf-prog") &&
		    !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, name))
			return info.run_cnt;
	}
	return 0;
}

/* Not only that they do nothing: the way into them is most of what they cost. */
static void the_probes_leave_their_tracepoints(void **state)
{
	__u64 runs, wakes;
	int stats;

	NEED_BPF();
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	assert_true(stats >= 0);
	sleep_ns(NS_PER_MS);
	assert_true(runs_of("on_switch") > 0);
	assert_int_equal(source__shed(source, ALL & ~VIGIE_SHED_MOVED), 0);
	runs = runs_of("on_switch");
	wakes = runs_of("on_wakeup"); /* 0: this kernel needs no such program */
	sleep_ns(20 * NS_PER_MS);
	assert_int_equal(runs_of("on_switch"), runs);
	assert_true(!wakes || runs_of("on_wakeup") > wakes);
	assert_int_equal(source__shed(source, ALL), 0);
	wakes = runs_of("on_wakeup");
	sleep_ns(20 * NS_PER_MS);
	assert_int_equal(runs_of("on_wakeup"), wakes);
	assert_int_equal(source__shed(source, 0), 0);
	sleep_ns(NS_PER_MS);
	assert_true(runs_of("on_switch") > runs);
	assert_true(!wakes || runs_of("on_wakeup") > wakes);
	close(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_probes_leave_their_tracepoints),
		cmocka_unit_test(all_goes_and_comes_back),
		cmocka_unit_test(histograms_alone),
		cmocka_unit_test(a_child_of_that_time),
		cmocka_unit_test(no_huge_first_one),
		cmocka_unit_test(the_dead_of_that_time),
		cmocka_unit_test(moved_sleepers_are_the_kernels),
		cmocka_unit_test(moved_sleepers_outlive_a_shed),
		cmocka_unit_test(moved_sleepers_wake_during_a_shed),
		cmocka_unit_test(moved_sleepers_wake_before_the_next_look),
		LOGIC_TEST(what_was_handed_out_is_booked),
		LOGIC_TEST(off_again_it_stays_stale),
	};

	return cmocka_run_group_tests_name("bpf_shed", tests, open_both, close_both);
}
