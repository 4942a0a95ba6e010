// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleepers.c - owns a crowd of processes that do nothing: `sleepers COUNT [NAMES [AWAKE]]`.
 *
 * Says "ready" once all exist and lives until its standard input ends. NAMES different
 * process names are spread over them, and one in AWAKE wakes each second and works a little.
 * None outlives this process, however it dies.
 * Not here: measuring.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void work_a_little(void)
{
	struct timespec second = { .tv_sec = 1 };
	volatile unsigned int work;

	for (;;) {
		nanosleep(&second, NULL);
		for (work = 0; work < 20000; work++)
			;
	}
}

static void sleep_for_ever(pid_t parent, unsigned int name, int awake)
{
	char comm[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before the line above. */
	if (getppid() != parent)
		_exit(1);
	snprintf(comm, sizeof(comm), "sleep-%u", name);
	prctl(PR_SET_NAME, comm);
	if (awake)
		work_a_little();
	for (;;)
		pause();
}

static int kill_all(const pid_t *pids, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: sleepers COUNT [NAMES [AWAKE]], all at least 1\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long count, names = 1, awake = 0, n;
	pid_t parent = getpid(), *pids;
	char byte;

	if (argc < 2 || sscanf(argv[1], "%lu", &count) != 1 || !count)
		return usage();
	if (argc > 2 && (sscanf(argv[2], "%lu", &names) != 1 || !names))
		return usage();
	if (argc > 3 && (sscanf(argv[3], "%lu", &awake) != 1 || !awake))
		return usage();
	pids = calloc(count, sizeof(*pids));
	if (!pids)
		return 1;
	for (n = 0; n < count; n++) {
		pids[n] = fork();
		if (!pids[n])
			sleep_for_ever(parent, n % names % 1000000, awake && n % awake == 0);
		if (pids[n] > 0)
			continue;
		fprintf(stderr, "sleepers: fork %lu of %lu: %s\n", n, count, strerror(errno));
		kill_all(pids, n);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	return kill_all(pids, count);
}
