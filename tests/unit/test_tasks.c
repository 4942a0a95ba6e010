// SPDX-License-Identifier: GPL-2.0-only
/* test_tasks.c - collect/tasks: threads to processes, in any order, sums against a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collect/tasks.h"

static struct vigie_task record(__u32 tgid, __u32 tid, __u32 flags)
{
	struct vigie_task rec = { .tid = tid,
				  .tgid = tgid,
				  .ppid = 1,
				  .uid = 1000,
				  .flags = flags,
				  .start_ns = tgid * 1000ULL,
				  .cgroup_id = 42 };

	snprintf(rec.comm, sizeof(rec.comm), "p%u", tgid);
	return rec;
}

static void add(struct tasks *t, __u32 tgid, __u32 tid, __u32 flags)
{
	struct vigie_task rec = record(tgid, tid, flags);

	rec.inc.user_ns = tid;
	tasks_add(t, &rec);
}

static void check_sorted(const struct tasks *t)
{
	for (size_t i = 1; i < t->n; i++)
		if (t->processes[i - 1].pid >= t->processes[i].pid)
			fail_msg("pid %u before %u", t->processes[i - 1].pid, t->processes[i].pid);
}

static void sums(void **state)
{
	struct vigie_task rec = record(10, 10, 0);
	__u64 *inc = (__u64 *)&rec.inc;
	const struct process *p;
	struct tasks t;

	tasks_init(&t);
	tasks_begin(&t);
	for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
		inc[i] = i + 1;
	rec.life_cpu_ns = 7;
	tasks_add(&t, &rec);
	rec.tid = 11;
	for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
		inc[i] = 1000 * i;
	rec.life_cpu_ns = 5;
	tasks_add(&t, &rec);
	tasks_end(&t, true);
	assert_int_equal(t.n, 1);
	p = &t.processes[0];
	for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
		assert_int_equal(((const __u64 *)&p->inc)[i], 1001 * i + 1);
	assert_int_equal(p->life_cpu_ns, 12);
	assert_int_equal(p->threads, 2);
	assert_int_equal(p->pid, 10);
	assert_int_equal(p->ppid, 1);
	assert_int_equal(p->uid, 1000);
	assert_int_equal(p->start_ns, 10000);
	assert_int_equal(p->cgroup_id, 42);
	assert_string_equal(p->comm, "p10");
	assert_int_equal(t.records, 2);
	tasks_done(&t);
}

static void memory_and_peaks(void **state)
{
	struct vigie_task leader = record(10, 10, 0), thread = record(10, 11, 0);
	const struct process *p;
	struct tasks t;

	tasks_init(&t);
	tasks_begin(&t);
	leader.rss_pages[VIGIE_RSS_FILE] = 100;
	leader.rss_pages[VIGIE_RSS_ANON] = 200;
	leader.rss_pages[VIGIE_RSS_SWAP] = 5000;
	leader.rss_pages[VIGIE_RSS_SHMEM] = 30;
	leader.rss_pages[VIGIE_RSS_HUGETLB] = 512;
	leader.peak_pages = 290;
	thread.peak_pages = 310;
	tasks_add(&t, &thread);
	tasks_add(&t, &leader);
	tasks_end(&t, true);
	p = &t.processes[0];
	assert_int_equal(p->rss_pages[VIGIE_RSS_FILE], 100); /* one mm: not added up */
	assert_int_equal(p->rss_pages[VIGIE_RSS_SWAP], 5000);
	assert_int_equal(p->rss_pages[VIGIE_RSS_HUGETLB], 512);
	/* Never below the current; swap is not resident, and no RSS has huge pages. */
	assert_int_equal(p->peak_pages, 330);
	tasks_begin(&t);
	thread.peak_pages = 900;
	tasks_add(&t, &leader);
	tasks_add(&t, &thread);
	tasks_end(&t, true);
	assert_int_equal(t.processes[0].peak_pages, 900);
	tasks_done(&t);
}

/* After a wrap of pids a thread can have a lower id than its leader and comes first. */
static void thread_before_leader(void **state)
{
	struct vigie_task thread = record(500, 7, 0), leader = record(500, 500, 0);
	struct tasks t;

	tasks_init(&t);
	tasks_begin(&t);
	thread.uid = 5;
	thread.cgroup_id = 6;
	tasks_add(&t, &thread);
	add(&t, 20, 20, 0);
	add(&t, 20, 21, 0);
	add(&t, 9, 300, 0);
	tasks_add(&t, &leader);
	add(&t, 20, 600, 0);
	tasks_end(&t, true);
	assert_int_equal(t.n, 3);
	check_sorted(&t);
	assert_int_equal(t.processes[0].pid, 9);
	assert_int_equal(t.processes[1].threads, 3);
	assert_int_equal(t.processes[1].inc.user_ns, 20 + 21 + 600);
	assert_int_equal(t.processes[2].pid, 500);
	assert_int_equal(t.processes[2].threads, 2);
	assert_int_equal(t.processes[2].uid, 1000); /* the leader's word counts */
	assert_int_equal(t.processes[2].cgroup_id, 42);
	tasks_done(&t);
}

static void zombies(void **state)
{
	struct tasks t;

	tasks_init(&t);
	for (int leader_last = 0; leader_last < 2; leader_last++) {
		tasks_begin(&t);
		if (!leader_last)
			add(&t, 10, 10, VIGIE_TASK_ZOMBIE);
		add(&t, 10, 11, 0);
		add(&t, 10, 12, VIGIE_TASK_ZOMBIE);
		add(&t, 10, 13, 0);
		if (leader_last)
			add(&t, 10, 10, VIGIE_TASK_ZOMBIE);
		add(&t, 20, 20, VIGIE_TASK_ZOMBIE);
		tasks_end(&t, true);
		assert_int_equal(t.n, 2);
		assert_int_equal(t.processes[0].flags & VIGIE_TASK_ZOMBIE, 0);
		assert_int_equal(t.processes[0].threads, 2);
		assert_int_equal(t.processes[0].inc.user_ns, 10 + 11 + 12 + 13);
		assert_int_equal(t.processes[1].flags, VIGIE_TASK_ZOMBIE);
		assert_int_equal(t.processes[1].threads, 0);
	}
	tasks_done(&t);
}

static void untracked(void **state)
{
	struct tasks t;

	tasks_init(&t);
	tasks_begin(&t);
	add(&t, 10, 10, VIGIE_TASK_UNTRACKED);
	add(&t, 10, 11, 0);
	add(&t, 2, 2, VIGIE_TASK_KTHREAD);
	tasks_end(&t, true);
	assert_int_equal(t.untracked, 1);
	assert_int_equal(t.records, 3);
	assert_int_equal(t.processes[0].flags, VIGIE_TASK_KTHREAD);
	assert_int_equal(t.processes[1].threads, 2);
	tasks_begin(&t);
	tasks_end(&t, true);
	assert_int_equal(t.untracked + t.records + t.lost + t.n, 0);
	tasks_done(&t);
}

static void find(void **state)
{
	struct tasks t;

	tasks_init(&t);
	assert_null(tasks_find(&t, 10));
	tasks_begin(&t);
	assert_null(tasks_find(&t, 10));
	for (__u32 pid = 1; pid < 400; pid += 3)
		add(&t, pid, pid, 0);
	for (__u32 pid = 0; pid < 500; pid++) {
		const struct process *p = tasks_find(&t, pid);

		assert_int_equal(p != NULL, pid < 400 && pid % 3 == 1);
		assert_true(!p || p->pid == pid);
	}
	tasks_end(&t, true);
	tasks_begin(&t); /* what was there is there no more */
	assert_null(tasks_find(&t, 1));
	assert_null(tasks_find(&t, 397));
	tasks_done(&t);
}

enum { MANY = 10000, MANY_THREADS = 30000 };

static void many(void **state)
{
	static __u64 want[MANY + 1];
	static __u32 threads[MANY + 1];
	struct tasks t;

	srandom(3);
	tasks_init(&t);
	for (int pass = 0; pass < 3; pass++) {
		memset(want, 0, sizeof(want));
		memset(threads, 0, sizeof(threads));
		tasks_begin(&t);
		for (__u32 pid = MANY; pid; pid--) { /* the worst order */
			add(&t, pid, pid, 0);
			want[pid] += pid;
			threads[pid]++;
		}
		for (int i = 0; i < MANY_THREADS; i++) {
			__u32 pid = 1 + random() % MANY;

			add(&t, pid, 100000 + i, 0);
			want[pid] += 100000 + i;
			threads[pid]++;
		}
		tasks_end(&t, true);
		assert_int_equal(t.n, MANY);
		assert_int_equal(t.records, MANY + MANY_THREADS);
		assert_int_equal(t.lost, 0);
		check_sorted(&t);
		for (__u32 pid = 1; pid <= MANY; pid++) {
			assert_int_equal(t.processes[pid - 1].inc.user_ns, want[pid]);
			assert_int_equal(t.processes[pid - 1].threads, threads[pid]);
		}
	}
	tasks_done(&t);
}

/* Whoever comes and goes, and in whatever order: ascending, complete, and each thread found. */
static void churn(void **state)
{
	enum { PIDS = 300 };
	bool lives[PIDS] = { false };
	unsigned int seed = 1;
	struct tasks t;

	tasks_init(&t);
	for (int pass = 0; pass < 200; pass++) {
		size_t n = 0, i = 0;

		for (int changes = 0; changes < pass % 40; changes++) {
			seed = seed * 1103515245 + 12345;
			lives[seed / 65536 % PIDS] ^= true;
		}
		tasks_begin(&t);
		/* Ids wrap: a thread's may be below its leader's. */
		for (int pid = PIDS - 1; pid > 0; pid -= 1 + pass % 2)
			if (lives[pid] && pid % 7 == 0)
				add(&t, pid, 1000 + pid, 0);
		for (__u32 pid = 0; pid < PIDS; pid++)
			if (lives[pid])
				add(&t, pid, pid, 0);
		tasks_end(&t, true);
		for (__u32 pid = 0; pid < PIDS; pid++) {
			n += lives[pid];
			if (lives[pid])
				assert_int_equal(t.processes[i++].pid, pid);
		}
		assert_int_equal(t.n, n);
		for (i = 0; i < n; i++)
			assert_int_equal(t.processes[i].inc.user_ns % 1000,
					 t.processes[i].pid * t.processes[i].threads % 1000);
	}
	tasks_done(&t);
}

/* A storm's memory goes back, and what an ordinary pass needs is not allocated anew. */
static void memory_given_back(void **state)
{
	const struct process *before;
	struct tasks t;
	size_t most;

	tasks_init(&t);
	tasks_begin(&t);
	for (__u32 pid = 1; pid <= MANY; pid++)
		add(&t, pid, pid, 0);
	tasks_end(&t, true);
	most = t.cap;
	assert_true(most < MANY * 3 / 2);
	for (int pass = 0; pass < 2; pass++) {
		tasks_begin(&t);
		for (__u32 pid = 1; pid <= 100; pid++)
			add(&t, pid, pid, 0);
		tasks_end(&t, true);
	}
	tasks_begin(&t);
	assert_true(t.cap < 500);
	assert_true(t.by_pid.mask < 1024);
	before = t.processes;
	for (__u32 pid = 1; pid <= 100; pid++)
		add(&t, pid, pid, 0);
	tasks_end(&t, true);
	assert_ptr_equal(before, t.processes);
	tasks_done(&t);
	assert_null(t.processes);
	tasks_done(&t); /* twice is harmless */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(memory_and_peaks),
		cmocka_unit_test(thread_before_leader),
		cmocka_unit_test(zombies),
		cmocka_unit_test(untracked),
		cmocka_unit_test(find),
		cmocka_unit_test(many),
		cmocka_unit_test(churn),
		cmocka_unit_test(memory_given_back),
	};

	return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
