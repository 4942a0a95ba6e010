// SPDX-License-Identifier: GPL-2.0-only
/* test_process.c - what a forked process keeps open, and how long its end is awaited. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/units.h"
#include "sandbox/process.h"

enum { FIRST = 5, SECOND = 9, HIGH = 3000, LAST = 3999, MOST = 4000 };

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool forbid(int call, int err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	bool loaded = filter && !seccomp_rule_add(filter, SCMP_ACT_ERRNO(err), call, 0) &&
		      !seccomp_load(filter);

	seccomp_release(filter);
	return loaded;
}

/* In a process of its own; 0: only these are open then. */
static int closes_all_but(const int *keep, size_t n, bool old_kernel)
{
	const struct rlimit most = { MOST, MOST };
	bool kept;
	size_t i;
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &most))
		return 2;
	for (fd = STDERR_FILENO + 1; fd < MOST; fd++)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 3;
	if (old_kernel && !forbid(SCMP_SYS(close_range), ENOSYS))
		return 4;
	process_close_all_but(keep, n);
	for (fd = 0; fd < MOST; fd++) {
		kept = fd <= STDERR_FILENO;
		for (i = 0; i < n; i++)
			kept |= keep[i] == fd;
		if (is_open(fd) != kept)
			return 1;
	}
	return 0;
}

static void assert_closes(const int *keep, size_t n)
{
	int old, status;
	pid_t pid;

	for (old = 0; old < 2; old++) {
		pid = fork();
		if (!pid)
			_exit(closes_all_but(keep, n, old));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void only_those_named_stay_open(void **state)
{
	assert_closes(NULL, 0);
	assert_closes((int[]){ FIRST }, 1);
	assert_closes((int[]){ FIRST, FIRST }, 2);
	assert_closes((int[]){ HIGH, -1, FIRST, STDERR_FILENO + 1 }, 4);
	assert_closes((int[]){ SECOND, SECOND + 1, LAST, STDIN_FILENO }, 4);
}

static pid_t child(void (*body)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		body();
		_exit(0);
	}
	return pid;
}

static void work(void)
{
	while (clock_process_cpu_ns() < 20 * NS_PER_MS)
		;
}

static void hang(void)
{
	for (;;)
		pause();
}

static void assert_awaits(void)
{
	__u64 began, cpu_ns = 7;
	pid_t pid = child(work);

	assert_true(process_await_end(pid, 10000, &cpu_ns));
	assert_in_range(cpu_ns, 10 * NS_PER_MS, 9 * NS_PER_S);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);

	pid = child(hang);
	cpu_ns = 7;
	began = clock_monotonic_ns();
	assert_false(process_await_end(pid, 50, &cpu_ns));
	assert_true(clock_monotonic_ns() - began >= 50 * NS_PER_MS);
	assert_int_equal(cpu_ns, 7);
	assert_false(process_await_end(pid, 0, NULL));
	kill(pid, SIGKILL);
	assert_true(process_await_end(pid, 10000, NULL));
}

static void an_end_is_awaited_for_so_long(void **state)
{
	assert_awaits();
}

/* As in the process that serves. Last: a filter is for good. */
static void and_without_pidfd_open(void **state)
{
	assert_true(forbid(SCMP_SYS(pidfd_open), EPERM));
	assert_awaits();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_those_named_stay_open),
		cmocka_unit_test(an_end_is_awaited_for_so_long),
		cmocka_unit_test(and_without_pidfd_open),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
