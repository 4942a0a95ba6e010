// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_terminal.c - a pseudo-terminal is as it was, whichever signal kills who had it. What a person
 * sees of that is in tests/e2e/test_top.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>
#include <cmocka.h>

#include "tui/terminal.h"

#define OPENED "\033[?1049h" /* of xterm: its other screen, and back */
#define CLOSED "\033[?1049l"

enum { NOT_OPENED = 99, SURVIVED };

/* Until there is no stack any more; stop is never set, but the compiler does not know. */
static __attribute__((noinline)) int deeper(const volatile char *above, const volatile char *stop)
{
	volatile char room[4096];

	room[0] = *above;
	return *stop ? 0 : deeper(room, stop) + room[0];
}

/* Has the terminal, and dies: sig 0: of a stack that is full. */
static void child(int tty, int sig)
{
	const struct terminal_options options = { .colour = true };
	const struct rlimit no_core = { 0 }, stack = { 1 << 20, 1 << 20 };
	volatile char never = 0;
	struct terminal *t;
	const char *why;
	int i;

	for (i = 1; i < NSIG; i++) /* cmocka has some of them */
		signal(i, SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_STACK, &stack);
	setenv("TERM", "xterm", 1);
	if (login_tty(tty) || terminal_open(&options, &t, &why))
		_exit(NOT_OPENED);
	if (!sig)
		deeper(&never, &never);
	else
		raise(sig);
	_exit(SURVIVED);
}

static void assert_as_it_was(int sig, int want)
{
	struct termios before, after;
	char said[1 << 16];
	int master, tty, status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(openpty(&master, &tty, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(tty, &before), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(master);
		child(tty, sig);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), want);
	fcntl(master, F_SETFL, O_NONBLOCK);
	while (len < sizeof(said) - 1 && (n = read(master, said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	said[len] = '\0';
	assert_non_null(strstr(said, OPENED));
	assert_non_null(strstr(strstr(said, OPENED), CLOSED));
	assert_int_equal(tcgetattr(tty, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	close(master);
	close(tty);
}

static void every_signal_that_kills(void **state)
{
	/* By default, signal(7); those that one can read from are the caller's. */
	static const int signals[] = { SIGSEGV, SIGBUS,	 SIGILL,  SIGFPE,    SIGABRT, SIGSYS,
				       SIGTRAP, SIGXCPU, SIGXFSZ, SIGSTKFLT, SIGALRM, SIGVTALRM,
				       SIGPROF, SIGUSR1, SIGUSR2, SIGPIPE,   SIGIO,   SIGPWR };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_as_it_was(signals[i], signals[i]);
}

static void a_full_stack(void **state)
{
	(void)state;
	assert_as_it_was(0, SIGSEGV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signal_that_kills),
		cmocka_unit_test(a_full_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
