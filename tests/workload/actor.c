// SPDX-License-Identifier: GPL-2.0-only
/*
 * actor.c - a process that does on stdin's word what a test needs, and says what it cost.
 *
 * Owns: names of any bytes, CPU time to the millisecond, short-lived children, held memory.
 * Not here: what vigie makes of it (the tests). Each command is answered by one line,
 * "ok VALUE USER_US SYSTEM_US": getrusage() of itself and of the children waited for.
 *
 *	name HEX	takes the name			cpu MS		burns CPU time
 *	spawn HEX	a child of that name stays	children N MS	one after another, MS of CPU each
 *	hold MIB	touches and keeps memory	free		gives it back
 *	churn MS N	forks as fast as it can, N names	usage
 */
#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

enum { NAME_SIZE = 16, LINE_SIZE = 256 };

static struct {
	void *at;
	size_t size;
} held;

static unsigned long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static unsigned long long micros(struct timeval t)
{
	return t.tv_sec * 1000000ULL + t.tv_usec;
}

static void answer(long value)
{
	struct rusage self, dead;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &dead);
	printf("ok %ld %llu %llu\n", value, micros(self.ru_utime) + micros(dead.ru_utime),
	       micros(self.ru_stime) + micros(dead.ru_stime));
	fflush(stdout);
}

static void burn(unsigned long ms)
{
	unsigned long long end = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + ms * NS_PER_MS;
	volatile unsigned int spin = 0;
	int i;

	/* Mostly outside the kernel: the clock of a process's CPU time is a system call. */
	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (i = 0; i < 20000; i++)
			spin++;
}

static void take_name(const char *hex)
{
	char name[NAME_SIZE] = "";
	unsigned int byte;
	size_t i;

	for (i = 0; i + 1 < NAME_SIZE && isxdigit((unsigned char)hex[2 * i]); i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			break;
		name[i] = (char)byte;
	}
	prctl(PR_SET_NAME, name);
}

/* The child dies with us, however we die, and says by the pipe that it has its name. */
static long spawn(const char *hex)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		take_name(hex);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static long children(unsigned long n, unsigned long ms)
{
	unsigned long i;
	int status;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid == 0) {
			burn(ms);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return -1;
	}
	return (long)n;
}

static long churn(unsigned long ms, unsigned int names)
{
	unsigned long long end = clock_ns(CLOCK_MONOTONIC) + ms * NS_PER_MS;
	char name[32]; /* the kernel cuts it */
	long n;

	for (n = 0; clock_ns(CLOCK_MONOTONIC) < end; n++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid == 0) {
			snprintf(name, sizeof(name), "churn-%u", (unsigned int)n % names);
			prctl(PR_SET_NAME, name);
			_exit(0);
		}
		if (waitpid(pid, NULL, 0) != pid)
			return -1;
	}
	return n;
}

static void let_go(void)
{
	if (held.at)
		munmap(held.at, held.size);
	held.at = NULL;
}

static long hold(unsigned long mib)
{
	let_go();
	held.size = mib << 20;
	held.at = mmap(NULL, held.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (held.at == MAP_FAILED) {
		held.at = NULL;
		return -1;
	}
	memset(held.at, 1, held.size);
	return (long)mib;
}

static bool obey(const char *line)
{
	unsigned long a = 0, b = 0;
	char word[64] = "";

	if (sscanf(line, "name %63s", word) == 1 || !strcmp(line, "name \n"))
		return take_name(word), answer(0), true;
	if (sscanf(line, "spawn %63s", word) == 1 || !strcmp(line, "spawn \n"))
		return answer(spawn(word)), true;
	if (sscanf(line, "cpu %lu", &a) == 1)
		return burn(a), answer(0), true;
	if (sscanf(line, "children %lu %lu", &a, &b) == 2)
		return answer(children(a, b)), true;
	if (sscanf(line, "churn %lu %lu", &a, &b) == 2)
		return answer(churn(a, b ? (unsigned int)b : 1)), true;
	if (sscanf(line, "hold %lu", &a) == 1)
		return answer(hold(a)), true;
	if (!strcmp(line, "free\n"))
		return let_go(), answer(0), true;
	if (!strcmp(line, "usage\n"))
		return answer(0), true;
	return false;
}

int main(void)
{
	char line[LINE_SIZE];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fgets(line, sizeof(line), stdin)) {
		if (!obey(line)) {
			printf("unknown: %s", line);
			fflush(stdout);
		}
	}
	return 0;
}
