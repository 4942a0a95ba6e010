// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_collect.c - the whole of collect on this kernel, over children whose workload is known.
 *
 * Owns: snapshots against what /proc says of the same child in the same moment: where the
 * child stands still, exactly. Not here: groups and rates (model), the host's balance (e2e).
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "live_source.h"
#include "data/usage.h"

static __u64 handed_out; /* dead tasks, in all snapshots */

/* What was handed out of one child, ever. */
struct watched {
	struct stepper step;
	struct vigie_usage sum;
	const struct process *last; /* in the last snapshot; NULL: not there */
};

static const struct process *find(pid_t pid)
{
	size_t i;

	for (i = 0; i < snap.nprocesses; i++)
		if (snap.processes[i].pid == (__u32)pid)
			return &snap.processes[i];
	return NULL;
}

static __u64 freed(void)
{
	return snap.stat.frees - snap.stat.loss[VIGIE_LOSS_RETIRED_STATELESS];
}

/*
 * Every task that was freed is handed out once, through all swaps of the tables: between the
 * figures of two snapshots there is a moment at which the dead were read. What was freed before
 * we were wholly attached is handed out by nobody: an unknown number, but for ever the same, so
 * what each snapshot says of it must agree.
 */
static void read_snapshot(void)
{
	static __u64 unseen_least, unseen_most = UINT64_MAX;
	__u64 before = freed();
	size_t i;

	snap_read();
	for (i = 0; i < snap.nretired; i++)
		handed_out += snap.retired[i].value.tasks;
	if (handed_out > freed())
		fail_msg("%llu dead handed out, %llu freed", handed_out, freed());
	if (freed() - handed_out < unseen_most)
		unseen_most = freed() - handed_out;
	if (before > handed_out + unseen_least)
		unseen_least = before - handed_out;
	if (unseen_least > unseen_most)
		fail_msg("%llu dead handed out, %llu to %llu freed; lacking %llu, then %llu",
			 handed_out, before, freed(), unseen_most, unseen_least);
}

static void look(struct watched *w, int n)
{
	int i;

	read_snapshot();
	for (i = 0; i < n; i++) {
		w[i].last = find(w[i].step.pid);
		if (w[i].last)
			usage_add(&w[i].sum, &w[i].last->inc);
	}
	assert_int_equal(source__settle(source), 0);
}

/* All threads stand still: every counter must be the kernel's own, to the nanosecond. */
static void check_at_rest(const struct watched *w)
{
	struct proc p = proc_read(w->step.pid);

	assert_non_null(w->last);
	assert_int_equal(w->sum.user_ns + w->sum.system_ns, p.cpu_ns);
	assert_int_equal(w->sum.wait_ns, p.wait_ns);
	assert_int_equal(w->sum.voluntary_switches, p.voluntary);
	assert_int_equal(w->sum.involuntary_switches, p.involuntary);
	assert_int_equal(usage_counted(&w->sum), p.voluntary + p.involuntary);
	assert_int_equal(w->last->threads, p.threads);
	assert_int_equal(w->sum.starts, 1);
	assert_int_equal(w->last->life_cpu_ns, p.cpu_ns);
}

/*
 * On the CPU, waiting for it, or off it: nothing else, so together they are the time. What the
 * hypervisor stole is in none of them where the kernel accounts for it (rq_clock_task).
 */
static void check_wall(const struct watched *w, __u64 stolen)
{
	__u64 got = w->sum.user_ns + w->sum.system_ns + w->sum.wait_ns + usage_off(&w->sum) +
		    stolen;
	__u64 least = snap_from - w->last->start_ns, most = snap_to - w->last->start_ns;

	if (got + least / 1000 + CLOCK_SLACK < least || got > most + most / 1000 + CLOCK_SLACK)
		fail_msg("%llu ns of %llu to %llu: cpu %llu wait %llu off %llu stolen %llu", got,
			 least, most, w->sum.user_ns + w->sum.system_ns, w->sum.wait_ns,
			 usage_off(&w->sum), stolen);
}

/* --- Tests. */

static __u64 *stolen_ns; /* shared with the child, which measures it */

static __u64 own_run_delay(void)
{
	unsigned long long cpu, delay = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "re");

	if (f && fscanf(f, "%llu %llu", &cpu, &delay) != 2)
		delay = 0;
	if (f)
		fclose(f);
	return delay;
}

/* While it burns it is on the CPU or in the queue; what time is left was stolen. */
static void burn_and_measure(__u64 ns)
{
	__u64 delay = own_run_delay(), wall = clock_now(CLOCK_MONOTONIC);
	__u64 cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);

	burn_ns(ns);
	cpu = clock_now(CLOCK_THREAD_CPUTIME_ID) - cpu;
	wall = clock_now(CLOCK_MONOTONIC) - wall;
	delay = own_run_delay() - delay;
	if (wall > cpu + delay)
		*stolen_ns += wall - cpu - delay;
}

static void mixed(int step)
{
	int i;

	for (i = 0; i < 20; i++) {
		burn_and_measure(NS_PER_MS);
		sleep_ns(500000);
	}
}

static void everything_at_rest(void **state)
{
	struct watched w = { .last = NULL };
	int i;

	NEED_BPF();
	stolen_ns = mmap(NULL, sizeof(*stolen_ns), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(stolen_ns != MAP_FAILED);
	stepper_starts(&w.step, "vt-mixed", mixed);
	look(&w, 1); /* in the middle of it */
	for (i = 0; i < 3; i++) {
		stepper_rests(&w.step);
		look(&w, 1);
		check_at_rest(&w);
		check_wall(&w, *stolen_ns);
		assert_string_equal(w.last->comm, "vt-mixed");
		assert_int_equal(w.last->ppid, getpid());
		assert_int_equal(w.last->uid, geteuid());
		/* A sleep whose timer is through before it leaves the CPU is none. */
		assert_true(w.sum.voluntary_switches >= 15 * (__u64)(i + 1));
		stepper_goes_on(&w.step);
	}
	stepper_rests(&w.step);
	stepper_ends(&w.step);
	munmap(stolen_ns, sizeof(*stolen_ns));
}

static void *sleepy_thread(void *arg)
{
	int fd = *(int *)arg;
	char byte;

	burn_ns(5 * NS_PER_MS);
	sleep_ns(NS_PER_MS);
	return (void *)read(fd, &byte, 1); /* for ever */
}

static void many_threads(int step)
{
	static int fds[2];
	pthread_t t;
	int i;

	if (step || pipe(fds))
		return;
	for (i = 0; i < 5; i++)
		pthread_create(&t, NULL, sleepy_thread, &fds[0]);
	sleep_ns(200 * NS_PER_MS);
}

static void threads_are_added_up(void **state)
{
	struct watched w = { .last = NULL };

	NEED_BPF();
	stepper_starts(&w.step, "vt-threads", many_threads);
	stepper_rests(&w.step);
	sleep_ns(100 * NS_PER_MS);
	look(&w, 1);
	check_at_rest(&w);
	assert_int_equal(w.last->threads, 6);
	assert_true(w.sum.user_ns + w.sum.system_ns >= 25 * NS_PER_MS);
	stepper_ends(&w.step);
}

static void nothing(int step)
{
}

/* One long sleep is credited as it passes, though the child never wakes. */
static void sleep_under_way(void **state)
{
	struct watched w = { .last = NULL };
	__u64 from, to;
	int i;

	NEED_BPF();
	stepper_starts(&w.step, "vt-sleeper", nothing);
	stepper_rests(&w.step);
	look(&w, 1);
	for (i = 0; i < 3; i++) {
		from = snap_from;
		to = snap_to;
		sleep_ns(50 * NS_PER_MS);
		look(&w, 1);
		assert_in_range(w.last->inc.off_ns[VIGIE_OFF_SLEEP], snap_from - to - CLOCK_SLACK,
				snap_to - from + CLOCK_SLACK);
		assert_int_equal(usage_off(&w.last->inc), w.last->inc.off_ns[VIGIE_OFF_SLEEP]);
		assert_int_equal(w.last->inc.user_ns + w.last->inc.system_ns, 0);
		assert_int_equal(w.last->inc.voluntary_switches, 0);
	}
	stepper_ends(&w.step);
}

/* The parent of a vfork() waits uninterruptibly, and for no disk. */
static void vfork_waits(int step)
{
	pid_t pid = vfork();

	if (!pid) {
		usleep(100000);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void uninterruptible(void **state)
{
	struct watched w = { .last = NULL };

	NEED_BPF();
	stepper_starts(&w.step, "vt-vfork", vfork_waits);
	stepper_rests(&w.step);
	look(&w, 1);
	assert_in_range(w.sum.off_ns[VIGIE_OFF_UNINTERRUPTIBLE], 99 * NS_PER_MS, 400 * NS_PER_MS);
	assert_int_equal(w.sum.off_ns[VIGIE_OFF_DISK] + w.sum.off_ns[VIGIE_OFF_MEMORY], 0);
	check_at_rest(&w);
	stepper_ends(&w.step);
}

static void burn_on_one_cpu(int step)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	burn_ns(150 * NS_PER_MS);
}

static bool both_waited(const struct watched w[2])
{
	return w[0].sum.involuntary_switches && w[1].sum.involuntary_switches &&
	       w[0].sum.wait_ns + w[1].sum.wait_ns > 40 * NS_PER_MS;
}

/* Two on one CPU: who does not run waits in the queue. That is not off-CPU time. */
static void preempted_is_waiting(void **state)
{
	struct watched w[2] = { { .last = NULL } };
	int i, rounds;

	NEED_BPF();
	stepper_starts(&w[0].step, "vt-burn-0", burn_on_one_cpu);
	stepper_starts(&w[1].step, "vt-burn-1", burn_on_one_cpu);
	sleep_ns(20 * NS_PER_MS);
	look(w, 2);
	for (i = 0; i < 2; i++)
		memset(&w[i].sum, 0, sizeof(w[i].sum));
	/* They burn 150 ms each on one CPU: until then neither leaves it of its own will. */
	for (rounds = 0; rounds < 20 && !both_waited(w); rounds++) {
		sleep_ns(10 * NS_PER_MS);
		look(w, 2);
	}
	assert_true(both_waited(w));
	for (i = 0; i < 2; i++) {
		assert_int_equal(usage_off(&w[i].sum), 0);
		assert_int_equal(w[i].sum.voluntary_switches, 0);
		assert_true(usage_counted(&w[i].sum) > 0);
		stepper_rests(&w[i].step);
		stepper_ends(&w[i].step);
	}
}

enum { GROW = 32 << 20 };

/*
 * Step 0: 32 MiB are touched and kept. Step 1: 32 more, for a moment. Step 2: 16 more, for
 * some timer ticks: less than what the process once had.
 */
static void grows(int step)
{
	size_t i, size = step == 2 ? GROW / 2 : GROW;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += 4096)
		p[i] = 1;
	if (step == 2)
		burn_ns(60 * NS_PER_MS);
	if (step)
		munmap(p, size);
}

/* The kernel's own sum of the counter, in pages. */
static __u64 proc_anon_pages(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %llu", &kb) == 1)
			break;
	fclose(f);
	return kb * 1024 / snap.page_size;
}

static void resident_and_peak(void **state)
{
	__u64 pages, slack;
	struct watched w = { .last = NULL };

	NEED_BPF();
	stepper_starts(&w.step, "vt-grows", grows);
	stepper_rests(&w.step);
	look(&w, 1);
	pages = GROW / snap.page_size;
	slack = 64 * sysconf(_SC_NPROCESSORS_CONF) + 64; /* what the shared count may miss */
	assert_true(w.last->rss_pages[VIGIE_RSS_ANON] >= pages);
	assert_in_range(w.last->rss_pages[VIGIE_RSS_ANON], proc_anon_pages(w.step.pid) - slack,
			proc_anon_pages(w.step.pid) + slack);
	assert_true(w.sum.minor_faults >= pages);
	stepper_goes_on(&w.step);
	stepper_rests(&w.step);
	look(&w, 1);
	assert_true(w.last->rss_pages[VIGIE_RSS_ANON] < 2 * pages - slack);
	assert_true(w.last->peak_pages >= 2 * pages - slack);
	look(&w, 1); /* the peak is that of the time since the last snapshot */
	assert_true(w.last->peak_pages < 2 * pages - slack);
	stepper_goes_on(&w.step);
	stepper_rests(&w.step);
	look(&w, 1); /* below the kernel's high-water mark: the ticks saw it */
	assert_true(w.last->peak_pages >= pages + pages / 2 - slack);
	assert_true(w.last->peak_pages < 2 * pages - slack);
	stepper_ends(&w.step);
}

/* The dead of one name, once RCU has freed them. */
static const struct retired *await_retired(const char *comm)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + 10 * NS_PER_S;
	size_t i;

	for (;;) {
		read_snapshot();
		for (i = 0; i < snap.nretired; i++)
			if (!strcmp(snap.retired[i].key.comm, comm))
				return &snap.retired[i];
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		assert_int_equal(source__settle(source), 0);
		sleep_ns(10 * NS_PER_MS);
	}
}

/* A process that lived between two snapshots shows what it had; not what its parent has. */
static void peak_of_the_dead(void **state)
{
	char *ours = mmap(NULL, 3 * GROW, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	char path[] = "/tmp/vt-XXXXXX/vt-tiny";
	char zero[] = "0", *argv[] = { path, zero, NULL }, *env[] = { NULL };
	__u64 pages;
	pid_t pid;

	NEED_BPF();
	pages = GROW / snap.page_size;
	assert_true(ours != MAP_FAILED);
	if (child_begins("vt-shortly", &pid)) {
		grows(0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(await_retired("vt-shortly")->value.peak_pages >= pages);

	path[strlen("/tmp/vt-XXXXXX")] = '\0';
	assert_non_null(mkdtemp(path));
	path[strlen("/tmp/vt-XXXXXX")] = '/';
	assert_int_equal(symlink("/bin/sleep", path), 0);
	assert_int_equal(posix_spawn(&pid, path, NULL, NULL, argv, env), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_in_range(await_retired("vt-tiny")->value.peak_pages, 0, pages);
	unlink(path);
	path[strlen("/tmp/vt-XXXXXX")] = '\0';
	rmdir(path);
	munmap(ours, 3 * GROW);
}

enum { STORM = 1500 };

static void storm(int step)
{
	char comm[16];
	pid_t pid;
	int i;

	for (i = 0; i < STORM; i++) {
		snprintf(comm, sizeof(comm), "vt-storm-%d", i % 300);
		if (child_begins(comm, &pid))
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

/* read_snapshot() checks the balance; here it is kept while many die. */
static void every_death_once(void **state)
{
	__u64 began, freed_before, seen_before;
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + 60 * NS_PER_S;
	struct free_count frees;
	struct watched w = { .last = NULL };
	int i;

	NEED_BPF();
	free_count_open(&frees);
	freed_before = free_count_read(&frees);
	read_snapshot();
	began = handed_out;
	seen_before = snap.stat.frees;
	stepper_starts(&w.step, "vt-storm", storm);
	for (i = 0; handed_out - began < STORM; i++) {
		read_snapshot();
		if (i % 3 != 2)
			assert_int_equal(source__settle(source), 0);
		if (free_count_hidden(&frees, free_count_read(&frees) - freed_before,
				      snap.stat.frees - seen_before))
			SKIP_HIDDEN();
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		sleep_ns(5 * NS_PER_MS);
	}
	free_count_close(&frees);
	assert_true(i > 5);
	assert_int_equal(snap.stat.loss[VIGIE_LOSS_RETIRED_FULL], 0);
	assert_int_equal(snap.stat.lost_records, 0);
	stepper_rests(&w.step);
	stepper_ends(&w.step);
}

static void cgroup_is_named(void **state)
{
	const char *path = NULL;
	struct watched w = { .last = NULL };
	size_t i;

	NEED_BPF();
	stepper_starts(&w.step, "vt-cgroup", nothing);
	stepper_rests(&w.step);
	look(&w, 1);
	assert_non_null(w.last);
	for (i = 0; i < snap.ncgroups; i++)
		if (snap.cgroups[i].id == w.last->cgroup_id)
			path = snap.cgroups[i].path;
	assert_non_null(path);
	assert_int_equal(path[0], '/');
	stepper_ends(&w.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_at_rest),	cmocka_unit_test(threads_are_added_up),
		cmocka_unit_test(sleep_under_way),	cmocka_unit_test(uninterruptible),
		cmocka_unit_test(preempted_is_waiting), cmocka_unit_test(resident_and_peak),
		cmocka_unit_test(peak_of_the_dead),	cmocka_unit_test(every_death_once),
		cmocka_unit_test(cgroup_is_named),
	};

	return cmocka_run_group_tests_name("bpf_collect", tests, live_open, live_close);
}
