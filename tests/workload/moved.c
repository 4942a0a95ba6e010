// SPDX-License-Identifier: GPL-2.0-only
/*
 * moved.c - sleepers that are moved between CPUs as they sleep, and how long they really waited.
 *
 *	moved NAME SLEEPERS CYCLES SLEEP_MS [announce]
 *
 * Each sleeper, a process called NAME, works for 4 ms of CPU time and sleeps, CYCLES times, beside a
 * hog on each of two CPUs, while its affinity is changed every millisecond. What of its life was
 * neither CPU time nor the sleep that it asked for, it waited for a CPU, or a timer was late. Says
 * "slept NS waited NS kernel NS" at the end: that sleep, that wait, and the kernel's run_delay. From
 * Linux 6.12 on the kernel counts a part of the sleep, too. With announce it says "asleep" before, once
 * all are in their last sleep and have been moved in it.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLEEPERS_MAX = 16, CPUS = 2, WORK_NS = 4000000 };

struct result {
	int64_t waited, kernel;
	int last, done; /* the last sleep is about to begin; it is over, and the work after it */
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t run_delay(void)
{
	unsigned long long cpu = 0, delay = 0;
	FILE *f = fopen("/proc/self/schedstat", "r");

	if (!f || fscanf(f, "%llu %llu", &cpu, &delay) != 2)
		exit(3);
	fclose(f);
	return delay;
}

static void sleeper(struct result *ret, int64_t born, int cycles, int64_t sleep_ns)
{
	const struct timespec pause = { sleep_ns / 1000000000, sleep_ns % 1000000000 };
	int64_t work;
	int i;

	prctl(PR_SET_TIMERSLACK, 1);
	for (i = 0; i < cycles; i++) {
		ret->last = i == cycles - 1;
		nanosleep(&pause, NULL);
		work = clock_ns(CLOCK_THREAD_CPUTIME_ID) + WORK_NS;
		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < work)
			;
	}
	ret->kernel = run_delay();
	ret->waited = clock_ns(CLOCK_MONOTONIC) - born - cycles * sleep_ns -
		      clock_ns(CLOCK_THREAD_CPUTIME_ID);
	ret->done = 1;
}

static pid_t start(int cpu)
{
	pid_t pid = fork();
	cpu_set_t one;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	prctl(PR_SET_NAME, "moved-hog");
	for (;;)
		;
}

static int all_done(const struct result *results, int n)
{
	while (n && results[n - 1].done)
		n--;
	return !n;
}

static int is_asleep(pid_t pid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		exit(3);
	fclose(f);
	return state == 'S';
}

/* Of those who sleep for the last time; who was moved twice since was moved, wherever he was. */
static int all_moved_asleep(const struct result *results, const pid_t *pids, int *passes, int n)
{
	int i, all = 1;

	for (i = 0; i < n; i++) {
		if (passes[i] < 2 && results[i].last && is_asleep(pids[i]))
			passes[i]++;
		all &= passes[i] == 2;
	}
	return all;
}

int main(int argc, char **argv)
{
	int n = argc == 5 || argc == 6 ? strtol(argv[2], NULL, 10) : 0, cycles, i, turn;
	int passes[SLEEPERS_MAX] = { 0 }, announce = argc == 6;
	pid_t hogs[CPUS], pids[SLEEPERS_MAX];
	int64_t sleep_ns, born, waited = 0, kernel = 0;
	struct result *results;
	cpu_set_t one;

	if (n < 1 || n > SLEEPERS_MAX || sysconf(_SC_NPROCESSORS_ONLN) < CPUS)
		return 2;
	cycles = strtol(argv[3], NULL, 10);
	sleep_ns = strtol(argv[4], NULL, 10) * INT64_C(1000000);
	results = mmap(NULL, n * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return 3;
	for (i = 0; i < CPUS; i++)
		hogs[i] = start(i);
	for (i = 0; i < n; i++) {
		born = clock_ns(CLOCK_MONOTONIC);
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, argv[1]);
			sleeper(&results[i], born, cycles, sleep_ns);
			_exit(0);
		}
	}
	for (turn = 0; !all_done(results, n); turn = !turn) {
		CPU_ZERO(&one);
		CPU_SET(turn, &one);
		for (i = 0; i < n; i++)
			sched_setaffinity(pids[i], sizeof(one), &one);
		if (announce && all_moved_asleep(results, pids, passes, n)) {
			puts("asleep");
			fflush(stdout);
			announce = 0;
		}
		usleep(1000);
	}
	for (i = 0; i < CPUS; i++)
		kill(hogs[i], SIGKILL);
	for (i = 0; i < n; i++) {
		waited += results[i].waited;
		kernel += results[i].kernel;
	}
	printf("slept %lld waited %lld kernel %lld\n", (long long)(n * cycles * sleep_ns),
	       (long long)waited, (long long)kernel);
	return 0;
}
