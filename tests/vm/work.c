// SPDX-License-Identifier: GPL-2.0-only
/*
 * work.c - known work under a known name, and what the kernel itself says of it.
 *
 * Owns: the loads, /proc/PID files.
 */
#include "work.h"

#include <ctype.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The name first: a page must never see the child under the parent's. */
static pid_t start(const char *name)
{
	pid_t pid;

	fflush(stdout);
	prctl(PR_SET_NAME, name);
	pid = fork();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else
		prctl(PR_SET_NAME, "vm-check");
	return pid;
}

static int64_t own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

pid_t work_burn(const char *name, int64_t cpu_ns)
{
	pid_t pid = start(name);
	cpu_set_t first;

	if (pid)
		return pid;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	while (own_cpu_ns() < cpu_ns)
		;
	_exit(0);
}

static void fork_one(int i)
{
	pid_t pid = fork();

	if (pid == 0 && i >= FORK_NORMAL + FORK_ERROR)
		raise(SIGKILL);
	if (pid == 0)
		_exit(i < FORK_NORMAL ? 0 : 3);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		_exit(1);
}

pid_t work_fork(const char *name)
{
	pid_t pid = start(name);

	if (pid)
		return pid;
	for (int i = 0; i < FORK_NORMAL + FORK_ERROR + FORK_SIGNAL; i++)
		fork_one(i);
	_exit(0);
}

static void storm_part(void)
{
	int i;

	for (i = 0; i < STORM_EACH; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

pid_t work_storm(const char *name)
{
	pid_t pid = start(name);

	if (pid)
		return pid;
	for (int i = 0; i < STORM_FORKERS; i++)
		if (fork() == 0)
			storm_part();
	while (wait(NULL) > 0)
		;
	_exit(0);
}

pid_t work_memory(const char *name, int64_t bytes)
{
	pid_t pid = start(name);
	char *memory;

	if (pid)
		return pid;
	memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 1, (size_t)bytes);
	for (;;)
		pause();
}

static char *slurp(pid_t pid, const char *what, char *text, size_t size)
{
	char path[64];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	n = fread(text, 1, size - 1, file);
	fclose(file);
	text[n] = '\0';
	return text;
}

static int64_t number(const char *text, unsigned int base)
{
	int64_t v = 0;

	for (; isxdigit((unsigned char)*text); text++) {
		int digit = isdigit((unsigned char)*text) ? *text - '0' : tolower(*text) - 'a' + 10;

		v = v * base + digit;
	}
	return v;
}

static const char *word(const char *text, int index)
{
	for (; index > 0; index--) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return text;
}

int64_t proc_schedstat(pid_t pid, int field)
{
	char text[256];

	return slurp(pid, "schedstat", text, sizeof(text)) ? number(word(text, field), 10) : -1;
}

int64_t proc_status(pid_t pid, const char *name, unsigned int base)
{
	char text[8192], key[64];
	const char *line;

	snprintf(key, sizeof(key), "\n%s:", name);
	line = slurp(pid, "status", text, sizeof(text)) ? strstr(text, key) : NULL;
	return line ? number(line + strlen(key) + strspn(line + strlen(key), " \t"), base) : -1;
}

int64_t proc_stat(pid_t pid, int field)
{
	char text[2048];
	const char *behind;

	/* Field 2, the name, may hold blanks: count from its end. */
	behind = slurp(pid, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;
	return behind ? number(word(behind, field - 2), 10) : -1;
}

int64_t host_forks(void)
{
	FILE *file = fopen("/proc/stat", "re");
	long long forks = -1;
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "processes %lld", &forks) == 1)
			break;
	if (file)
		fclose(file);
	return forks;
}

static void short_sleep(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

void work_wait_zombie(pid_t pid)
{
	int64_t before, now = -1;
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0)
		;
	/* A zombie is visible a moment before it leaves the CPU for the last time. */
	do {
		before = now;
		short_sleep();
		now = proc_schedstat(pid, 0);
	} while (now != before);
}

void work_wait_asleep(pid_t pid)
{
	char text[2048];
	const char *behind;
	int64_t before, now = -1;

	do {
		before = now;
		short_sleep();
		now = proc_schedstat(pid, 0);
		behind = slurp(pid, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;
	} while (behind && (behind[2] != 'S' || now != before));
}
