/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_test.h - what the runners of tests/bpf share: whether BPF may be used at all, and small
 * workloads in child processes. Include it after cmocka's own headers.
 */
#ifndef VIGIE_TESTS_BPF_TEST_H
#define VIGIE_TESTS_BPF_TEST_H

#include <bpf/bpf.h>
#include <errno.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

/* Asked of the kernel, not of our uid: a map is the least that every test needs. */
static inline bool bpf_refused(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "vigie_probe", 4, 4, 1, NULL);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	return errno == EPERM || errno == ENOSYS;
}

/* The third result: neither passed nor failed. */
#define NEED_BPF()                                                                     \
	do {                                                                           \
		if (bpf_refused()) {                                                   \
			print_message("SKIPPED: this kernel refuses BPF to us (%s)\n", \
				      strerror(errno));                                \
			skip();                                                        \
		}                                                                      \
	} while (0)

static inline __u64 clock_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline void sleep_ns(__u64 ns)
{
	struct timespec t = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static inline void burn_ns(__u64 ns)
{
	__u64 end = clock_now(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

/* A program that wraps logic: ctx is copied in, and out with what came of it. */
static inline void call(const struct bpf_program *prog, void *ctx, size_t size)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = size);
	int err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);

	if (err || opts.retval)
		fail_msg("%s: %d, returned %u", bpf_program__name(prog), err, opts.retval);
}

static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/*
 * Some hosts keep BPF programs out of processes that they guard: what RCU happens to free while
 * such a process is current, no program sees. perf counts the same tracepoint on its own.
 */
enum { FREE_COUNT_CPUS = 128 };
struct free_count {
	int fds[FREE_COUNT_CPUS];
	int n;
	__u64 since; /* when something was first found hidden; 0: nothing is */
};

/* Opened before the programs are attached; without perf it has seen nothing. */
static inline void free_count_open(struct free_count *w)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	FILE *f = fopen("/sys/kernel/tracing/events/sched/sched_process_free/id", "re");
	int id = 0, cpu;

	w->n = 0;
	w->since = 0;
	if (f && fscanf(f, "%d", &id) != 1)
		id = 0;
	if (f)
		fclose(f);
	attr.config = id;
	for (cpu = 0; id && cpu < sysconf(_SC_NPROCESSORS_CONF) && cpu < FREE_COUNT_CPUS; cpu++) {
		int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

		if (fd >= 0)
			w->fds[w->n++] = fd;
	}
}

static inline __u64 free_count_read(const struct free_count *w)
{
	__u64 sum = 0, one;
	int i;

	for (i = 0; i < w->n; i++)
		if (read(w->fds[i], &one, sizeof(one)) == sizeof(one))
			sum += one;
	return sum;
}

static inline void free_count_close(struct free_count *w)
{
	while (w->n)
		close(w->fds[--w->n]);
}

/* True: for three seconds the kernel has freed more than our programs saw. */
static inline bool free_count_hidden(struct free_count *w, __u64 freed, __u64 seen)
{
	__u64 now = clock_now(CLOCK_MONOTONIC);

	if (freed <= seen)
		w->since = 0;
	else if (!w->since)
		w->since = now;
	return w->since && now - w->since > 3 * NS_PER_S;
}

#define SKIP_HIDDEN()                                                                    \
	do {                                                                             \
		print_message("SKIPPED: this kernel freed tasks out of sight of BPF\n"); \
		skip();                                                                  \
	} while (0)

/* A child that goes by this name: true in the child. */
static inline bool child_begins(const char *comm, pid_t *ret_pid)
{
	*ret_pid = fork();
	if (*ret_pid)
		return false;
	prctl(PR_SET_PDEATHSIG, 9);
	prctl(PR_SET_NAME, comm);
	return true;
}

#endif
