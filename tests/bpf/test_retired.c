// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_retired.c - the real object and real deaths: what is kept of a process that is gone.
 *
 * Owns: loading the object with maps of its own size, without the switch probe. Other
 * processes of the host die, too: what is checked is ours by name, or a sum over all.
 * Not here: reading epochs (test_epoch.c), living processes (test_collect.c).
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "bpf_test.h"
#include "collect/plan.h"
#include "gen/vigie.skel.h"

/* FREES_S: while tens of thousands of others die, RCU frees ours more than 10 s late. */
enum { FEW = 4, SPARE = 1, KEYS_MAX = 20000, CHILDREN = 16, FREES_S = 60 };

static struct vigie_bpf *skel;
static struct vigie_cpu *slots;
static struct plan plan;
static bool no_task_storage; /* do without, though this kernel has it */

static struct plan make_plan(__u32 group_by)
{
	struct collect_config config;
	struct kfacts facts;
	struct plan made;

	kfacts_gather(&facts);
	collect_config_default(&config);
	config.group_by = group_by;
	plan_make(&facts, &config, &made);
	return made;
}

static struct free_count frees;
static __u64 freed_before; /* as we were attached */

static int attach(void)
{
	struct bpf_program *const progs[] = { skel->progs.on_free, skel->progs.on_exit,
					      skel->progs.on_newtask };
	struct bpf_link **const links[] = { &skel->links.on_free, &skel->links.on_exit,
					    &skel->links.on_newtask };
	size_t i;

	for (i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
		*links[i] = bpf_program__attach(progs[i]);
		if (libbpf_get_error(*links[i]))
			return -1;
	}
	return 0;
}

/* As bpf_load.c does. */
static int tell_programs(void)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	if (!plan.task_storage)
		return 0;
	if (bpf_obj_get_info_by_fd(bpf_map__fd(skel->maps.tasks), &info, &len))
		return -1;
	skel->bss->tasks_map_id = info.id;
	return 0;
}

static int load(__u32 group_by, __u32 room)
{
	if (bpf_refused())
		return 0;
	plan = make_plan(group_by);
	plan.task_storage &= !no_task_storage;
	skel = vigie_bpf__open();
	if (!skel)
		return -1;
	skel->rodata->cfg_task_storage = plan.task_storage;
	skel->rodata->cfg_lookup_fails = plan.lookup_fails;
	skel->rodata->cfg_off_cpu = plan.off_cpu;
	skel->rodata->cfg_cpus = plan.possible_cpus;
	skel->rodata->cfg_group_by = group_by;
	skel->rodata->cfg_cgroup_subsys[0] = plan.cgroup.subsys;
	bpf_map__set_max_entries(skel->maps.cpus, plan.possible_cpus);
	bpf_map__set_autocreate(plan.task_storage ? skel->maps.tasks_hash : skel->maps.tasks,
				false);
	bpf_map__set_max_entries(skel->maps.retired_0, room);
	bpf_map__set_max_entries(skel->maps.retired_1, room);
	bpf_map__set_max_entries(skel->maps.spare_0, SPARE);
	bpf_map__set_max_entries(skel->maps.spare_1, SPARE);
	if (plan.task_storage) {
		bpf_map__set_map_flags(skel->maps.retired_0, BPF_F_NO_PREALLOC);
		bpf_map__set_map_flags(skel->maps.retired_1, BPF_F_NO_PREALLOC);
	}
	if (vigie_bpf__load(skel))
		return -1;
	slots = mmap(NULL, plan.possible_cpus * sizeof(*slots), PROT_READ, MAP_SHARED,
		     bpf_map__fd(skel->maps.cpus), 0);
	free_count_open(&frees);
	if (slots == MAP_FAILED || tell_programs() || attach())
		return -1;
	freed_before = free_count_read(&frees);
	skel->bss->attached_ns = clock_now(CLOCK_BOOTTIME);
	return 0;
}

static int load_few(void **state)
{
	return load(VIGIE_BY_COMM, FEW);
}

static int load_comm(void **state)
{
	return load(VIGIE_BY_COMM, 4096);
}

/* As where the kernel skipped our program at each fork: nobody knows a task until it is freed. */
static int load_unborn(void **state)
{
	int err = load(VIGIE_BY_COMM, 4096);

	if (err || !skel)
		return err;
	bpf_link__destroy(skel->links.on_newtask);
	skel->links.on_newtask = NULL;
	return 0;
}

/* With the hash that older kernels need. */
static int load_unborn_in_hash(void **state)
{
	int err;

	no_task_storage = true;
	err = load_unborn(state);
	no_task_storage = false;
	return err;
}

static int load_pid(void **state)
{
	return load(VIGIE_BY_PID | VIGIE_BY_USER | VIGIE_BY_CGROUP, KEYS_MAX);
}

static int unload(void **state)
{
	free_count_close(&frees);
	if (slots)
		munmap(slots, plan.possible_cpus * sizeof(*slots));
	slots = NULL;
	vigie_bpf__destroy(skel);
	skel = NULL;
	return 0;
}

/* --- What the maps hold. */

struct sums {
	struct vigie_retired all; /* hashes and other, of both epochs */
	struct vigie_retired other;
	__u64 keys[VIGIE_EPOCHS];
	__u64 frees, full, stateless;
};

static void add_up(struct vigie_retired *sum, const struct vigie_retired *part)
{
	int i;

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		((__u64 *)&sum->inc)[i] += ((const __u64 *)&part->inc)[i];
	sum->tasks += part->tasks;
}

typedef bool (*key_wanted)(const struct vigie_key *key, const void *what);

static __u64 sum_map(int fd, key_wanted wanted, const void *what, struct vigie_retired *sum)
{
	struct vigie_key key, *prev = NULL;
	struct vigie_retired value;
	__u64 keys = 0;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if ((wanted && !wanted(&key, what)) || bpf_map_lookup_elem(fd, &key, &value))
			continue;
		add_up(sum, &value);
		keys++;
	}
	return keys;
}

static struct sums read_sums(void)
{
	struct sums s = { 0 };
	struct vigie_retired value;
	__u32 e, cpu;

	s.keys[0] = sum_map(bpf_map__fd(skel->maps.retired_0), NULL, NULL, &s.all);
	s.keys[1] = sum_map(bpf_map__fd(skel->maps.retired_1), NULL, NULL, &s.all);
	sum_map(bpf_map__fd(skel->maps.spare_0), NULL, NULL, &s.all);
	sum_map(bpf_map__fd(skel->maps.spare_1), NULL, NULL, &s.all);
	for (e = 0; e < VIGIE_EPOCHS; e++) {
		assert_int_equal(
			bpf_map_lookup_elem(bpf_map__fd(skel->maps.retired_other), &e, &value), 0);
		add_up(&s.other, &value);
		add_up(&s.all, &value);
	}
	for (cpu = 0; cpu < plan.possible_cpus; cpu++) {
		s.frees += slots[cpu].frees;
		s.full += slots[cpu].loss[VIGIE_LOSS_RETIRED_FULL];
		s.stateless += slots[cpu].loss[VIGIE_LOSS_RETIRED_STATELESS];
	}
	return s;
}

static bool named(const struct vigie_key *key, const void *comm)
{
	return !strncmp(key->comm, comm, VIGIE_COMM_LEN);
}

static struct vigie_retired of_name(const char *comm)
{
	struct vigie_retired sum = { 0 };

	sum_map(bpf_map__fd(skel->maps.retired_0), named, comm, &sum);
	sum_map(bpf_map__fd(skel->maps.retired_1), named, comm, &sum);
	sum_map(bpf_map__fd(skel->maps.spare_0), named, comm, &sum);
	sum_map(bpf_map__fd(skel->maps.spare_1), named, comm, &sum);
	return sum;
}

static __u64 cpu_of(const struct vigie_retired *r)
{
	return r->inc.user_ns + r->inc.system_ns;
}

/* Called where a death is waited for: gives up aloud where it was hidden from us. */
static void skip_if_hidden(void)
{
	__u64 seen = 0;
	__u32 cpu;

	for (cpu = 0; cpu < plan.possible_cpus; cpu++)
		seen += slots[cpu].frees;
	if (free_count_hidden(&frees, free_count_read(&frees) - freed_before, seen))
		SKIP_HIDDEN();
}

/*
 * Frees come late, after RCU. Ends with sums during which nothing was freed, once the dead
 * have used so much CPU, so many found no room and the maps hold so many keys.
 */
static struct sums wait_for(__u64 cpu_ns, __u64 other, __u64 keys_0, __u64 keys_1)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + FREES_S * NS_PER_S;
	struct sums now, again;

	for (;;) {
		now = read_sums();
		again = read_sums();
		if (now.frees == again.frees && now.frees == now.all.tasks + now.stateless &&
		    cpu_of(&now.all) >= cpu_ns && now.other.tasks >= other &&
		    now.keys[0] >= keys_0 && now.keys[1] >= keys_1)
			return now;
		if (clock_now(CLOCK_MONOTONIC) > deadline)
			fail_msg("%llu frees, %llu retired, %llu without state; %llu ns of %llu; "
				 "%llu in other, keys %llu and %llu",
				 now.frees, now.all.tasks, now.stateless, cpu_of(&now.all), cpu_ns,
				 now.other.tasks, now.keys[0], now.keys[1]);
		skip_if_hidden();
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	}
}

static __u64 loss(enum vigie_loss cause)
{
	__u64 sum = 0;
	__u32 cpu;

	for (cpu = 0; cpu < plan.possible_cpus; cpu++)
		sum += slots[cpu].loss[cause];
	return sum;
}

static void fail_missing(const char *comm, __u64 have, __u64 want)
{
	struct sums s = read_sums();

	fail_msg("'%s': %llu tasks of %llu; all: %llu frees, %llu retired, %llu in other, "
		 "without state %llu, at fork %llu",
		 comm, have, want, s.frees, s.all.tasks, s.other.tasks, s.stateless,
		 loss(VIGIE_LOSS_STATE_ALLOC));
}

static struct vigie_retired wait_for_name(const char *comm, __u64 tasks)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + FREES_S * NS_PER_S;
	struct vigie_retired r = of_name(comm);

	while (r.tasks < tasks) {
		skip_if_hidden();
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
		sleep_ns(5 * NS_PER_MS);
		if (clock_now(CLOCK_MONOTONIC) > deadline)
			fail_missing(comm, r.tasks, tasks);
		r = of_name(comm);
	}
	return r;
}

/* --- Tests. */

static void full(void **state)
{
	struct sums before, after;
	char comm[16];
	pid_t pid;
	int i;

	NEED_BPF();
	before = read_sums();
	for (i = 0; i < CHILDREN; i++) {
		snprintf(comm, sizeof(comm), "vt-retire-%02d", i);
		if (child_begins(comm, &pid)) {
			burn_ns(3 * NS_PER_MS);
			_exit(0);
		}
		assert_true(pid > 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	after = wait_for(cpu_of(&before.all) + CHILDREN * 3 * NS_PER_MS, CHILDREN - FEW - SPARE,
			 FEW, 0);
	assert_int_equal(after.keys[0], FEW);
	assert_int_equal(after.keys[1], 0);
	assert_int_equal(after.full, after.other.tasks); /* each of them is counted as a loss */
}

/* A full map of one epoch is no matter to the other. */
static void full_and_flipped(void **state)
{
	struct sums sums;
	char comm[16];
	pid_t pid;
	int i;

	NEED_BPF();
	for (i = 0; i < 3 * FEW; i++) {
		snprintf(comm, sizeof(comm), "vt-flip-%02d", i);
		if (child_begins(comm, &pid))
			_exit(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (i == 2 * FEW - 1) {
			sums = wait_for(0, 0, FEW, 0);
			assert_int_equal(sums.keys[0], FEW);
			assert_int_equal(sums.keys[1], 0);
			skel->bss->epoch = 1;
		}
	}
	sums = wait_for(0, 0, FEW, 1);
	assert_int_equal(sums.keys[0], FEW);
}

static void child_exits(const char *comm, int status, int sig)
{
	pid_t pid;

	if (child_begins(comm, &pid)) {
		if (sig)
			kill(getpid(), sig);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void check_exits(const char *comm, __u64 tasks, __u64 normal, __u64 error, __u64 sig)
{
	struct vigie_retired r = wait_for_name(comm, tasks);

	if (r.tasks != tasks || r.inc.starts != normal + error + sig ||
	    r.inc.exits[VIGIE_EXIT_NORMAL] != normal || r.inc.exits[VIGIE_EXIT_ERROR] != error ||
	    r.inc.exits[VIGIE_EXIT_SIGNAL] != sig)
		fail_msg("%s: %llu tasks, %llu starts, exits %llu %llu %llu", comm, r.tasks,
			 r.inc.starts, r.inc.exits[0], r.inc.exits[1], r.inc.exits[2]);
}

static void how_they_exit(void **state)
{
	NEED_BPF();
	child_exits("vt-exit-0", 0, 0);
	child_exits("vt-exit-0", 0, 0);
	child_exits("vt-exit-3", 3, 0);
	child_exits("vt-exit-255", 255, 0);
	child_exits("vt-exit-kill", 0, SIGKILL);
	child_exits("vt-exit-term", 0, SIGTERM);
	check_exits("vt-exit-0", 2, 2, 0, 0);
	check_exits("vt-exit-3", 1, 0, 1, 0);
	check_exits("vt-exit-255", 1, 0, 1, 0);
	check_exits("vt-exit-kill", 1, 0, 0, 1);
	check_exits("vt-exit-term", 1, 0, 0, 1);
}

static __u64 births(void)
{
	__u64 sum = 0;
	__u32 cpu;

	for (cpu = 0; cpu < plan.possible_cpus; cpu++)
		sum += slots[cpu].process_starts;
	return sum;
}

/* Of a task that had no state when it was freed nothing was handed out: all of it is due. */
static void births_not_seen(void **state)
{
	struct vigie_retired r;
	pid_t pid;
	int i;

	NEED_BPF();
	for (i = 0; i < CHILDREN; i++) {
		if (child_begins("vt-unborn", &pid)) {
			burn_ns(2 * NS_PER_MS);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	check_exits("vt-unborn", CHILDREN, CHILDREN, 0, 0);
	r = of_name("vt-unborn");
	assert_true(cpu_of(&r) >= CHILDREN * 2 * NS_PER_MS);
	assert_true(births() >= CHILDREN);
}

static void *thread_ends(void *arg)
{
	prctl(PR_SET_NAME, "vt-not-me");
	burn_ns(2 * NS_PER_MS);
	return NULL;
}

static void *thread_ends_all(void *arg)
{
	sleep_ns(30 * NS_PER_MS); /* so that the leader is gone before us */
	_exit(*(int *)arg);
}

/* Threads count as tasks, not as processes, and go by their leader's name. */
static void threads_are_no_processes(void **state)
{
	struct vigie_retired r;
	pthread_t t[4];
	pid_t pid;
	int i;

	NEED_BPF();
	if (child_begins("vt-threads", &pid)) {
		for (i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, thread_ends, NULL);
		for (i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	check_exits("vt-threads", 5, 1, 0, 0);
	assert_int_equal(of_name("vt-not-me").tasks, 0);
	r = of_name("vt-threads");
	assert_true(cpu_of(&r) >= 8 * NS_PER_MS);
}

/* The leader ends first; the process ends with its last thread, and by its status. */
static void leader_ends_first(void **state)
{
	static int status = 5;
	pthread_t t;
	pid_t pid;

	NEED_BPF();
	if (child_begins("vt-leader", &pid)) {
		pthread_create(&t, NULL, thread_ends_all, &status);
		pthread_exit(NULL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	check_exits("vt-leader", 2, 0, 1, 0);
}

/* It is retired under the name that it died with. */
static void named_after_exec(void **state)
{
	int status;
	pid_t pid;

	NEED_BPF();
	if (child_begins("vt-before", &pid)) {
		prctl(PR_SET_NAME, "vt-between");
		execl("/bin/sleep", "sleep", "0", NULL);
		prctl(PR_SET_NAME, "vt-no-sleep");
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	wait_for_name("sleep", 1);
	assert_true(of_name("sleep").inc.starts >= 1);
	assert_int_equal(of_name("vt-before").tasks, 0);
	assert_int_equal(of_name("vt-between").tasks, 0);
}

static __u64 rusage_ns(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * NS_PER_S +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000ULL;
}

/* All of a life, against what the kernel tells the parent (taken a moment before the end). */
static void a_life_of_work(void **state)
{
	struct vigie_retired r;
	struct rusage usage;
	__u64 cpu;
	pid_t pid;

	NEED_BPF();
	if (child_begins("vt-life", &pid)) {
		burn_ns(50 * NS_PER_MS);
		sleep_ns(NS_PER_MS);
		_exit(0);
	}
	assert_int_equal(wait4(pid, NULL, 0, &usage), pid);
	r = wait_for_name("vt-life", 1);
	cpu = cpu_of(&r);
	assert_true(cpu >= 50 * NS_PER_MS);
	if (cpu + 4000 < rusage_ns(&usage) || cpu > rusage_ns(&usage) + 2 * NS_PER_MS)
		fail_msg("%llu ns, the kernel says %llu", cpu, rusage_ns(&usage));
	assert_true(r.inc.voluntary_switches >= (__u64)usage.ru_nvcsw &&
		    r.inc.voluntary_switches <= (__u64)usage.ru_nvcsw + 2);
	assert_in_range(r.inc.minor_faults, usage.ru_minflt, usage.ru_minflt + 5);
}

static bool of_pid(const struct vigie_key *key, const void *pid)
{
	return key->tgid == *(const __u32 *)pid;
}

static void kept_by_pid(void **state)
{
	struct vigie_retired sum = { 0 };
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + FREES_S * NS_PER_S;
	__u32 tgid;
	pid_t pid;

	NEED_BPF();
	if (child_begins("vt-pid", &pid))
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	tgid = pid;
	while (!sum_map(bpf_map__fd(skel->maps.retired_0), of_pid, &tgid, &sum)) {
		skip_if_hidden();
		if (clock_now(CLOCK_MONOTONIC) > deadline)
			fail_msg("pid %u was not retired", tgid);
		sleep_ns(5 * NS_PER_MS);
	}
	assert_int_equal(sum.tasks, 1);
	assert_int_equal(sum.inc.starts, 1);
	assert_int_equal(of_name("vt-pid").tasks, 0); /* the name is not part of this key */
}

#define RETIRED_TEST(f, setup) cmocka_unit_test_setup_teardown(f, setup, unload)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RETIRED_TEST(full, load_few),
		RETIRED_TEST(full_and_flipped, load_few),
		RETIRED_TEST(how_they_exit, load_comm),
		RETIRED_TEST(births_not_seen, load_unborn),
		RETIRED_TEST(births_not_seen, load_unborn_in_hash),
		RETIRED_TEST(threads_are_no_processes, load_comm),
		RETIRED_TEST(leader_ends_first, load_comm),
		RETIRED_TEST(named_after_exec, load_comm),
		RETIRED_TEST(a_life_of_work, load_comm),
		RETIRED_TEST(kept_by_pid, load_pid),
	};

	return cmocka_run_group_tests_name("bpf_retired", tests, NULL, NULL);
}
