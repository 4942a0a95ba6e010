// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm.c - processes that begin and end, as many as told or as fast as the machine can.
 *
 *	storm MODE AMOUNT PARENTS [PATH]
 *
 * AMOUNT is a number of children, or a time such as 2000ms. PARENTS processes share the
 * work. Says "ready"; told to go on it works and says "done N", N being all processes
 * that ended: children and parents. Every one of them is reaped by then.
 *
 *	exit   vfork, _exit(0)               fork   fork, _exit(0)
 *	spin   fork, 1 ms of CPU, _exit(0)   names  vfork, a comm of its own, _exit(0)
 *	kinds  vfork, in turn: status 0, status 3, SIGKILL
 *	exec   vfork, exec PATH              threads  pthread_create, join: no process at all
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "point.h"

struct storm {
	const char *mode, *path;
	long long amount; /* children of one parent; -1: until end_ns */
	long long end_ns;
	int parent;
};

static void child_spin(void)
{
	long long end = clock_now(CLOCK_THREAD_CPUTIME_ID) + NS_PER_MS;

	while (clock_now(CLOCK_THREAD_CPUTIME_ID) < end)
		work();
}

/* Runs in a vforked child: nothing but system calls. */
static void child_run(const struct storm *s, long long i, char *const argv[], const char *name)
{
	switch (s->mode[0]) {
	case 'n': prctl(PR_SET_NAME, name); break;
	case 's': child_spin(); break;
	case 'k':
		if (i % 3 == 2)
			kill(getpid(), SIGKILL);
		_exit(i % 3 ? 3 : 0);
	case 'e':
		if (s->path)
			execv(s->path, argv);
		if (s->path)
			_exit(123);
		break;
	}
	_exit(0);
}

static void make_child(const struct storm *s, long long i)
{
	char *const argv[] = { (char *)s->path, NULL };
	char name[16];
	pid_t pid;

	snprintf(name, sizeof(name), "n%d-%lld", s->parent, i % 1000000000);
	/* Where pids are made scarce others take them, too. */
	while ((pid = s->mode[0] == 's' || s->mode[0] == 'f' ? fork() : vfork()) < 0)
		if (errno != EAGAIN)
			die("fork");
	if (!pid)
		child_run(s, i, argv, name);
	if (waitpid(pid, NULL, 0) != pid)
		die("waitpid");
}

static void *no_work(void *arg)
{
	return arg;
}

static void make_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, no_work, NULL) || pthread_join(thread, NULL))
		die("pthread_create");
}

static long long parent_run(const struct storm *s)
{
	long long i = 0;

	while (s->amount < 0 ? clock_now(CLOCK_MONOTONIC) < s->end_ns : i < s->amount) {
		if (s->mode[0] == 't')
			make_thread();
		else
			make_child(s, i);
		i++;
	}
	return i;
}

static long long storm(struct storm *s, int parents)
{
	long long *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
	long long sum = parents;
	int i;

	if (made == MAP_FAILED)
		die("mmap");
	for (s->parent = 0; s->parent < parents; s->parent++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			made[s->parent] = parent_run(s);
			_exit(0);
		}
	}
	for (i = 0; i < parents; i++)
		if (wait(NULL) < 0)
			die("wait");
	for (i = 0; i < parents; i++)
		sum += made[i];
	return sum;
}

int main(int argc, char **argv)
{
	struct storm s = { .amount = -1 };
	long long amount;
	int parents;

	if (argc < 4)
		return 2;
	s.mode = argv[1];
	s.path = argv[4];
	amount = number(argv[2]);
	parents = number(argv[3]);
	if (parents < 1 || parents > 512)
		return 2;
	if (!strstr(argv[2], "ms"))
		s.amount = amount / parents;
	point("ready");
	s.end_ns = clock_now(CLOCK_MONOTONIC) + amount * NS_PER_MS;
	point("done %lld", storm(&s, parents));
	return 0;
}
