/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live_source.h - what the tests of collect share: the source on this kernel, its last snapshot,
 * children that work step by step, and what /proc says of them. Include it after cmocka's own headers.
 */
#ifndef VIGIE_TESTS_BPF_LIVE_SOURCE_H
#define VIGIE_TESTS_BPF_LIVE_SOURCE_H

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include "bpf_test.h"
#include "collect/bpf_source.h"
#include "sandbox/process.h"

/* The clock of a run queue is that of its last tick or switch. */
#define CLOCK_SLACK (5 * NS_PER_MS)

static struct source *source;
static struct snapshot snap;
static __u64 snap_from, snap_to; /* CLOCK_BOOTTIME: the snapshot was read in between */

static inline int live_open(void **state)
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
	return 0;
}

static inline int live_close(void **state)
{
	source__free(source);
	source = NULL;
	return 0;
}

static inline void snap_read(void)
{
	snap_from = clock_now(CLOCK_BOOTTIME);
	assert_int_equal(source__next(source, &snap), 1);
	snap_to = clock_now(CLOCK_BOOTTIME);
}

/* --- Children. */

struct stepper {
	pid_t pid;
	int to, from; /* pipes: a byte to it lets it go on, one from it says that it waits */
};

/* A child that runs work() and then, each time, waits in a read until it is let go. */
static inline void stepper_starts(struct stepper *s, const char *comm, void (*work)(int step))
{
	int to[2], from[2], step = 0;
	char byte = 0;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	if (child_begins(comm, &s->pid)) {
		const int keep[] = { to[0], from[1] };

		/* Or what is detached here would live on in the child. */
		process_close_all_but(keep, 2);
		do {
			work(step++);
			if (write(from[1], &byte, 1) != 1)
				break;
		} while (read(to[0], &byte, 1) == 1);
		_exit(0);
	}
	assert_true(s->pid > 0);
	close(to[0]);
	close(from[1]);
	s->to = to[1];
	s->from = from[0];
}

static inline char task_state(pid_t pid)
{
	char path[64], line[512], *end = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f))
		end = strrchr(line, ')');
	if (f)
		fclose(f);
	return end ? end[2] : 0;
}

/* It has said that it will wait, and does: in the same state for good. */
static inline void stepper_rests(const struct stepper *s)
{
	__u64 deadline = clock_now(CLOCK_MONOTONIC) + 10 * NS_PER_S;
	char byte;

	assert_int_equal(read(s->from, &byte, 1), 1);
	while (task_state(s->pid) != 'S') {
		assert_true(clock_now(CLOCK_MONOTONIC) < deadline);
		sched_yield();
	}
	sleep_ns(2 * NS_PER_MS); /* the switch itself */
}

static inline void stepper_goes_on(const struct stepper *s)
{
	assert_int_equal(write(s->to, "", 1), 1);
}

static inline void stepper_ends(struct stepper *s)
{
	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	close(s->to);
	close(s->from);
}

/* --- What /proc says, added up over all threads. */

struct proc {
	__u64 cpu_ns, wait_ns, slices; /* schedstat */
	__u64 voluntary, involuntary; /* status */
	__u64 threads;
};

static inline void proc_add(struct proc *p, pid_t pid, const char *tid)
{
	unsigned long long cpu = 0, wait = 0, slices = 0, v;
	char path[128], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/schedstat", pid, tid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%llu %llu %llu", &cpu, &wait, &slices), 3);
	fclose(f);
	p->cpu_ns += cpu;
	p->wait_ns += wait;
	p->slices += slices;
	p->threads++;
	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", pid, tid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &v) == 1)
			p->voluntary += v;
		else if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &v) == 1)
			p->involuntary += v;
	}
	fclose(f);
}

static inline struct proc proc_read(pid_t pid)
{
	struct proc p = { 0 };
	struct dirent *e;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			proc_add(&p, pid, e->d_name);
	closedir(dir);
	return p;
}

/* --- Sums of a usage. */

static inline __u64 usage_counted(const struct vigie_usage *u)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++)
		sum += u->wait_count[i];
	return sum;
}

static inline __u64 usage_off(const struct vigie_usage *u)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		sum += u->off_ns[i];
	return sum;
}

#endif
