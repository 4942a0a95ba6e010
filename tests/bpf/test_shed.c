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
#include <cmocka.h>

#include "collect/bpf_source.h"
#include "logic_load.h"
#include "sandbox/process.h"

/* The clock of a run queue is that of its last tick or switch. */
#define CLOCK_SLACK (5 * NS_PER_MS)
#define ALL (VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS | VIGIE_SHED_REASONS)

static struct source *source;
static struct snapshot snap;
static __u64 snap_from, snap_to; /* CLOCK_BOOTTIME: the snapshot was read in between */

static int open_source(void **state)
{
	struct collect_config config;
	struct kfacts facts;
	struct plan plan;
	const char *what = "";

	if (bpf_refused())
		return 0;
	kfacts_gather(&facts);
	collect_config_default(&config);
	plan_make(&facts, &config, &plan);
	if (plan.refusal || bpf_source__open(&plan, &source, &what)) {
		print_message("cannot open the source: %s\n", plan.refusal ? plan.refusal : what);
		return -1;
	}
	return load_logic(state);
}

static int close_source(void **state)
{
	source__free(source);
	return unload_logic(state);
}

/* --- Children. */

struct child {
	pid_t pid;
	int to, from; /* pipes: a byte to it lets it go on, one from it says that it waits */
	struct vigie_usage inc; /* of the last snapshot */
	__u64 cpu_ns, wait_ns, switches; /* of /proc, as they were last read; then their growth */
};

static void mixed(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		burn_ns(NS_PER_MS);
		sleep_ns(500000);
	}
}

static void burn(void)
{
	pin(0);
	burn_ns(100 * NS_PER_MS);
}

static void child_starts(struct child *c, const char *comm, void (*work)(void))
{
	int to[2], from[2];
	char byte = 0;

	memset(c, 0, sizeof(*c));
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	if (child_begins(comm, &c->pid)) {
		const int keep[] = { to[0], from[1] };

		/* Or what is detached here would live on in the child. */
		process_close_all_but(keep, 2);
		do {
			work();
			if (write(from[1], &byte, 1) != 1)
				break;
		} while (read(to[0], &byte, 1) == 1);
		_exit(0);
	}
	assert_true(c->pid > 0);
	close(to[0]);
	close(from[1]);
	c->to = to[1];
	c->from = from[0];
}

static char state_of(pid_t pid)
{
	char path[64], line[512] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	end = strrchr(line, ')');
	return end ? end[2] : 0;
}

/* It has said that it will wait, and does. */
static void child_rests(struct child *c)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + 10 * NS_PER_S;
	char byte;

	assert_int_equal(read(c->from, &byte, 1), 1);
	while (state_of(c->pid) != 'S') {
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		sched_yield();
	}
	sleep_ns(2 * NS_PER_MS); /* the switch itself */
}

static void child_goes_on(struct child *c)
{
	assert_int_equal(write(c->to, "", 1), 1);
}

static void child_ends(struct child *c)
{
	kill(c->pid, SIGKILL);
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
	close(c->to);
	close(c->from);
}

/* What /proc counted since it was last asked. The child has one thread, and rests. */
static void read_proc(struct child *c)
{
	unsigned long long cpu = 0, wait = 0, slices, v, switches = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", c->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu %llu %llu", &cpu, &wait, &slices), 3);
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", c->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &v) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %llu", &v) == 1)
			switches += v;
	fclose(f);
	c->cpu_ns = cpu - c->cpu_ns;
	c->wait_ns = wait - c->wait_ns;
	c->switches = switches - c->switches;
}

/* Of the growth, the totals for the next time. */
static void keep_proc(struct child *c, const struct child *before)
{
	c->cpu_ns += before->cpu_ns;
	c->wait_ns += before->wait_ns;
	c->switches += before->switches;
}

static void look(struct child *c)
{
	size_t i;

	snap_from = clock_now(CLOCK_BOOTTIME);
	assert_int_equal(source__next(source, &snap), 1);
	snap_to = clock_now(CLOCK_BOOTTIME);
	memset(&c->inc, 0, sizeof(c->inc));
	for (i = 0; i < snap.nprocesses; i++)
		if (snap.processes[i].pid == (__u32)c->pid)
			c->inc = snap.processes[i].inc;
	assert_int_equal(source__settle(source), 0);
}

static __u64 counted(const struct vigie_usage *u)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++)
		sum += u->wait_count[i];
	return sum;
}

static __u64 off(const struct vigie_usage *u)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		sum += u->off_ns[i];
	return sum;
}

/* CPU time, run-queue wait and switches are the kernel's, whatever is off. Returns the switches. */
static __u64 check_kernel(struct child *c)
{
	struct child before = *c;
	__u64 switches;

	read_proc(c);
	assert_int_equal(c->inc.user_ns + c->inc.system_ns, c->cpu_ns);
	assert_int_equal(c->inc.wait_ns, c->wait_ns);
	assert_int_equal(c->inc.voluntary_switches + c->inc.involuntary_switches, c->switches);
	switches = c->switches;
	keep_proc(c, &before);
	return switches;
}

/* On the CPU, waiting for it, or off it. A hypervisor may steal from the first. */
static void check_wall(const struct child *c, __u64 from, __u64 to)
{
	__u64 sum = c->inc.user_ns + c->inc.system_ns + c->inc.wait_ns + off(&c->inc);
	__u64 slack = CLOCK_SLACK + (snap_from - to) / 100;

	if (sum + slack < snap_from - to || sum > snap_to - from + slack)
		fail_msg("%llu ns of %llu to %llu: cpu %llu wait %llu off %llu", sum,
			 snap_from - to, snap_to - from, c->inc.user_ns + c->inc.system_ns,
			 c->inc.wait_ns, off(&c->inc));
}

/* --- Tests. */

static void all_goes_and_comes_back(void **state)
{
	__u64 from, to, lost, switches;
	struct child c;

	NEED_BPF();
	child_starts(&c, "vt-shed", mixed);
	child_rests(&c);
	look(&c);
	read_proc(&c);
	lost = snap.stat.loss[VIGIE_LOSS_SHED];

	assert_int_equal(source__shed(source, ALL), 0);
	child_goes_on(&c);
	child_rests(&c);
	look(&c);
	assert_int_equal(snap.shed, ALL);
	switches = check_kernel(&c);
	assert_true(switches >= 20);
	assert_int_equal(counted(&c.inc), 0);
	assert_int_equal(off(&c.inc), 0);
	assert_true(snap.stat.loss[VIGIE_LOSS_SHED] >= lost + switches);
	sleep_ns(50 * NS_PER_MS); /* a short record */
	look(&c);
	assert_int_equal(off(&c.inc), 0);
	check_kernel(&c);

	/* Asleep since before: counts from the return on, at once, and only that. */
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	assert_int_equal(snap.shed, ALL);
	assert_int_equal(off(&c.inc), 0);
	from = snap_from;
	to = snap_to;
	lost = snap.stat.loss[VIGIE_LOSS_SHED];
	sleep_ns(50 * NS_PER_MS);
	look(&c);
	assert_int_equal(snap.shed, 0);
	assert_int_equal(snap.stat.loss[VIGIE_LOSS_SHED], lost);
	check_wall(&c, from, to);
	assert_int_equal(off(&c.inc), c.inc.off_ns[VIGIE_OFF_SLEEP]);
	check_kernel(&c);

	from = snap_from;
	to = snap_to;
	child_goes_on(&c);
	child_rests(&c);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(counted(&c.inc), switches);
	check_wall(&c, from, to);
	child_ends(&c);
}

/* With reasons on, only the buckets stand still. */
static void histograms_alone(void **state)
{
	__u64 from, to, switches, slices;
	struct child c;

	NEED_BPF();
	child_starts(&c, "vt-shed", mixed);
	child_rests(&c);
	look(&c);
	read_proc(&c);
	assert_int_equal(source__shed(source, VIGIE_SHED_CULPRITS | VIGIE_SHED_HISTOGRAMS), 0);
	look(&c);
	check_kernel(&c);
	from = snap_from;
	to = snap_to;
	slices = snap.slices.sum_ns;
	child_goes_on(&c);
	child_rests(&c);
	look(&c);
	check_kernel(&c);
	assert_int_equal(counted(&c.inc), 0);
	assert_int_equal(snap.slices.sum_ns, slices);
	check_wall(&c, from, to);

	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	from = snap_from;
	to = snap_to;
	child_goes_on(&c);
	child_rests(&c);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(counted(&c.inc), switches);
	assert_true(snap.slices.sum_ns > slices);
	check_wall(&c, from, to);
	child_ends(&c);
}

/* Born while nobody looked. */
static void a_child_of_that_time(void **state)
{
	__u64 from, to, switches;
	struct child c;

	NEED_BPF();
	assert_int_equal(source__shed(source, ALL), 0);
	child_starts(&c, "vt-shed", mixed);
	child_rests(&c);
	look(&c);
	check_kernel(&c);
	assert_int_equal(counted(&c.inc), 0);
	assert_int_equal(c.inc.starts, 1);
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
	check_kernel(&c);
	from = snap_from;
	to = snap_to;
	child_goes_on(&c);
	child_rests(&c);
	look(&c);
	switches = check_kernel(&c);
	assert_int_equal(counted(&c.inc), switches);
	check_wall(&c, from, to);
	child_ends(&c);
}

/*
 * Two that share a CPU wait and run for long in pieces of some milliseconds. What they had while nobody
 * looked is neither one wait nor one slice of that length.
 */
static void no_huge_first_one(void **state)
{
	__u64 from, slices, most;
	struct child a, b;
	int i;

	NEED_BPF();
	child_starts(&a, "vt-shed-a", burn);
	child_starts(&b, "vt-shed-b", burn);
	child_rests(&a);
	child_rests(&b);
	look(&a);
	assert_int_equal(source__shed(source, ALL), 0);
	for (i = 0; i < 4; i++) {
		child_goes_on(&a);
		child_goes_on(&b);
		if (i == 3)
			break; /* they run as it comes back */
		child_rests(&a);
		child_rests(&b);
	}
	sleep_ns(50 * NS_PER_MS);
	look(&a);
	slices = snap.slices.sum_ns;
	from = snap_from;
	assert_int_equal(source__shed(source, 0), 0);
	child_rests(&a);
	child_rests(&b);
	look(&a);
	/* A slice begins before we look: at most the 400 ms of both, and they are far more of it. */
	most = (snap_to - from) * ncpus + 100 * NS_PER_MS;
	assert_true(snap.slices.sum_ns > slices);
	assert_in_range(snap.slices.sum_ns - slices, 1, most);
	assert_true(counted(&a.inc) > 0);
	/* Over 65 ms. */
	for (i = 9; i < VIGIE_BUCKETS; i++)
		assert_int_equal(a.inc.wait_count[i], 0);
	child_ends(&a);
	child_ends(&b);
}

/* Who dies unseen hands in what the kernel has of it. */
static void the_dead_of_that_time(void **state)
{
	__u64 deadline, cpu = 0;
	struct child c;
	size_t i;

	NEED_BPF();
	assert_int_equal(source__shed(source, ALL), 0);
	child_starts(&c, "vt-shed-dead", burn);
	child_rests(&c);
	child_ends(&c);
	deadline = clock_now(CLOCK_MONOTONIC) + 10 * NS_PER_S;
	while (cpu < 100 * NS_PER_MS) {
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		sleep_ns(20 * NS_PER_MS);
		look(&c);
		for (i = 0; i < snap.nretired; i++)
			if (!strcmp(snap.retired[i].key.comm, "vt-shed-dead")) {
				cpu += snap.retired[i].value.inc.user_ns +
				       snap.retired[i].value.inc.system_ns;
				assert_int_equal(off(&snap.retired[i].value.inc), 0);
				assert_int_equal(counted(&snap.retired[i].value.inc), 0);
			}
	}
	assert_int_equal(source__shed(source, 0), 0);
	look(&c);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_goes_and_comes_back),
		cmocka_unit_test(histograms_alone),
		cmocka_unit_test(a_child_of_that_time),
		cmocka_unit_test(no_huge_first_one),
		cmocka_unit_test(the_dead_of_that_time),
		LOGIC_TEST(what_was_handed_out_is_booked),
		LOGIC_TEST(off_again_it_stays_stale),
	};

	return cmocka_run_group_tests_name("bpf_shed", tests, open_source, close_source);
}
