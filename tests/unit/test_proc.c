// SPDX-License-Identifier: GPL-2.0-only
/* test_proc.c - processes in /proc, those with hostile names first. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/units.h"

static const char *const names[] = {
	"plain", "a) S 1 (b", ") R 1 2 3 4 5 6", "a\nb", "a\n",
	"\n",	 "",	      "x 99 99 99 99",	 "\\n",	 "fifteen bytes\n\n",
};

static pid_t start(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		prctl(PR_SET_NAME, name);
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void whatever_a_process_calls_itself(void **state)
{
	__u64 tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK), before, ticks;
	char comm[16], cut[3];
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		before = clock_boottime_ns() / tick_ns;
		pid = start(names[i]);
		assert_int_equal(proc_comm(pid, comm, sizeof(comm)), 0);
		assert_string_equal(comm, names[i]);
		assert_int_equal(proc_comm(pid, cut, sizeof(cut)), 0);
		assert_int_equal(strlen(cut), strlen(names[i]) < 2 ? strlen(names[i]) : 2);
		assert_int_equal(proc_start_ticks(pid, &ticks), 0);
		assert_in_range(ticks, before, clock_boottime_ns() / tick_ns);
		end(pid);
		assert_int_equal(proc_comm(pid, comm, sizeof(comm)), -ESRCH);
		assert_int_equal(proc_start_ticks(pid, &ticks), -ESRCH);
	}
}

static void what_no_kernel_writes_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1 (a",
		"1 (a)",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -22 23",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 x22 23",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21  23",
		"1 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 99999999999999999999 23",
	};
	char stat[] = "1 (a) ) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23", text[128];
	__u64 ticks = 7;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strncpy(text, bad[i], sizeof(text) - 1);
		assert_int_equal(proc_parse_start(text, &ticks), -EPROTO);
		assert_int_equal(ticks, 7);
	}
	assert_int_equal(proc_parse_start(stat, &ticks), 0);
	assert_int_equal(ticks, 22);
}

static void a_file_is_cut_to_its_room(void **state)
{
	char whole[64], part[5];

	assert_int_equal(proc_read(getpid(), "comm", whole, sizeof(whole)), strlen("test_proc\n"));
	assert_string_equal(whole, "test_proc\n");
	assert_int_equal(proc_read(getpid(), "comm", part, sizeof(part)), 4);
	assert_string_equal(part, "test");
	assert_int_equal(proc_read(getpid(), "none", part, sizeof(part)), -ESRCH);
	assert_string_equal(part, "test");
}

static void processes_are_found_by_number_only(void **state)
{
	DIR *proc = opendir("/proc");
	bool found = false;
	pid_t pid;

	assert_non_null(proc);
	while (proc_next(proc, &pid)) {
		assert_true(pid > 0);
		found |= pid == getpid();
	}
	closedir(proc);
	assert_true(found);
}

static void who_runs_and_who_sleeps(void **state)
{
	pid_t sleeper = start("sleeper");
	unsigned int looks = 0;

	assert_true(proc_is_runnable(getpid()));
	/* It has told us that it is there, and is about to sleep. */
	while (proc_is_runnable(sleeper) && ++looks < 1000000)
		sched_yield();
	assert_false(proc_is_runnable(sleeper));
	end(sleeper);
	assert_false(proc_is_runnable(sleeper));
	assert_int_equal(proc_parse_state("1 (R) R) D 4"), 'D');
	assert_int_equal(proc_parse_state("1 (R"), '\0');
	assert_int_equal(proc_parse_state("1 (R)R 4"), '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_a_process_calls_itself),
		cmocka_unit_test(what_no_kernel_writes_is_refused),
		cmocka_unit_test(a_file_is_cut_to_its_room),
		cmocka_unit_test(processes_are_found_by_number_only),
		cmocka_unit_test(who_runs_and_who_sleeps),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
