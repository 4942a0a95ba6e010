// SPDX-License-Identifier: GPL-2.0-only
/*
 * acts.c - what goes wrong on a host, and what only looks like it: one program, many acts.
 *
 *	burn			uses a CPU			spin N		N threads wait busily
 *	leak MIB_PER_S		touches and keeps memory	hold MIB	takes it at once, keeps it
 *	fill MIB MIB_PER_S	a cache that fills, then stays	warm MIB S	one that saturates
 *	storm			forks as fast as it can		victim		little work, often
 *	threads			starts threads as fast as it can
 *	over MIB		touches more than its limit	reread FILE	reads FILE again and again
 *	map FILE		touches FILE's pages at random	crash S		aborts after S, restarted
 *	serve S			ends with SIGTERM after S, is restarted once and stays
 *	crunch FILE S		computes, and reads a little now and then
 *
 * Owns: the acts. They run until they are killed. Not here: what vigie should say of them
 * (scenarios.py). Its own name is that of the file it is started by.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static volatile unsigned long sink;
static char act_yields[1];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void pause_s(double s)
{
	const struct timespec t = { .tv_sec = s, .tv_nsec = (s - (long)s) * 1e9 };

	nanosleep(&t, NULL);
}

static void compute(double s)
{
	double end = now() + s;
	unsigned long i;

	while (now() < end)
		for (i = 0; i < 100000; i++)
			sink += i * i;
}

static char *take(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < size; i += 4096)
		p[i] = 1;
	return p;
}

/* A tenth of a second's worth at a time. */
static void grow(double mib_per_s, double until_mib)
{
	double mib, began = now();

	for (mib = 0; mib < until_mib;) {
		while (mib < (now() - began) * mib_per_s && mib < until_mib) {
			take(MIB / 4);
			mib += 0.25;
		}
		pause_s(0.1);
	}
}

/* Quick at first and ever slower: a cache that meets what it has not seen ever more rarely. */
static void warm(double mib, double s)
{
	double have = 0, began = now(), want;

	for (;;) {
		double t = (now() - began) / s;

		want = mib * (t < 8 ? 1 - 1 / (1 + t + t * t / 2 + t * t * t / 6) : 1);
		for (; have < want; have += 0.25)
			take(MIB / 4);
		pause_s(0.1);
	}
}

static void *spinner(void *arg)
{
	for (;;) {
		unsigned int i;

		for (i = 0; i < 1000; i++)
			sink += i;
		if (arg)
			sched_yield();
	}
	return NULL;
}

static void spin(int n)
{
	pthread_t thread;

	while (n-- > 1)
		if (pthread_create(&thread, NULL, spinner, n % 2 ? act_yields : NULL))
			die("pthread_create");
	spinner(NULL);
}

static void storm(void)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void *nothing(void *arg)
{
	return arg;
}

static void storm_of_threads(void)
{
	pthread_t thread;

	for (;;)
		if (!pthread_create(&thread, NULL, nothing, NULL))
			pthread_join(thread, NULL);
}

/* A millisecond of work after each of sleep. */
static void victim(void)
{
	for (;;) {
		compute(0.002);
		pause_s(0.001);
	}
}

static int open_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	*ret_size = st.st_size;
	return fd;
}

static void reread(const char *path)
{
	static char block[1 << 17];
	size_t size;
	int fd = open_file(path, &size);

	for (;;) {
		lseek(fd, 0, SEEK_SET);
		while (read(fd, block, sizeof(block)) > 0)
			sink += block[0];
	}
}

static void map(const char *path)
{
	size_t size, pages;
	int fd = open_file(path, &size);
	char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	madvise(p, size, MADV_RANDOM);
	for (pages = size / 4096;;)
		sink += p[4096 * ((size_t)random() % pages)];
}

/* A supervisor and its child, both of our name. */
static void restart(double s, int (*end)(void), int times)
{
	pid_t pid;

	for (; times; times--) {
		pid = fork();
		if (!pid) {
			pause_s(s);
			exit(end());
		}
		waitpid(pid, NULL, 0);
		pause_s(0.2);
	}
	for (;;)
		pause_s(10);
}

static int abort_now(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int term_now(void)
{
	raise(SIGTERM);
	return 0;
}

static void crunch(const char *path, double s)
{
	static char block[1 << 20];
	size_t size;
	int fd = open_file(path, &size);

	for (;;) {
		if (read(fd, block, sizeof(block)) <= 0)
			lseek(fd, 0, SEEK_SET);
		compute(s);
		free(memset(malloc(8 * MIB), 1, 8 * MIB));
	}
}

int main(int argc, char **argv)
{
	const char *act = argc > 1 ? argv[1] : "", *first = argc > 2 ? argv[2] : "0";
	double x = strtod(first, NULL), y = argc > 3 ? strtod(argv[3], NULL) : 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the driver may be killed, too */
	if (!strcmp(act, "burn"))
		compute(1e9);
	else if (!strcmp(act, "spin"))
		spin(x);
	else if (!strcmp(act, "leak"))
		grow(x, 1e9);
	else if (!strcmp(act, "hold"))
		take(x * MIB);
	else if (!strcmp(act, "fill"))
		grow(y, x);
	else if (!strcmp(act, "warm"))
		warm(x, y);
	else if (!strcmp(act, "storm"))
		storm();
	else if (!strcmp(act, "threads"))
		storm_of_threads();
	else if (!strcmp(act, "victim"))
		victim();
	else if (!strcmp(act, "over"))
		grow(200, x);
	else if (!strcmp(act, "reread"))
		reread(first);
	else if (!strcmp(act, "map"))
		map(first);
	else if (!strcmp(act, "crash"))
		restart(x, abort_now, -1);
	else if (!strcmp(act, "serve"))
		restart(x, term_now, 1);
	else if (!strcmp(act, "crunch"))
		crunch(first, y);
	else
		die("acts: which act?");
	for (;;)
		pause_s(10);
}
