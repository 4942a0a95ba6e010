// SPDX-License-Identifier: GPL-2.0-only
/*
 * family.c - a process whose first thread is not its last.
 *
 *	family leader        ready; the first thread ends and another goes on; alone;
 *	                     it works and ends the process with status 3
 *	family exec PATH...  ready; a thread that is not the first executes PATH
 */
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

#include "point.h"

static void *go_on(void *arg)
{
	point("alone");
	burn_until(clock_now(CLOCK_MONOTONIC) + 50 * NS_PER_MS);
	point("worked");
	exit(3);
	return arg;
}

static void *execute(void *arg)
{
	char **argv = arg;

	point("thread %ld", (long)syscall(SYS_gettid));
	execv(argv[0], argv);
	die(argv[0]);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int leader;

	if (argc < 2)
		return 2;
	leader = !strcmp(argv[1], "leader");
	if (!leader && argc < 3)
		return 2;
	point("ready");
	if (pthread_create(&thread, NULL, leader ? go_on : execute, leader ? NULL : argv + 2))
		die("pthread_create");
	if (leader)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
	return 1;
}
