// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_terminal.c - a pseudo-terminal is as it was, whichever signal kills who had it. What a person
 * sees of that is in tests/e2e/test_top.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#include "tui/keys.h"
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
	const struct terminal_options options = { .colour = true, .mouse = true };
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
	assert_non_null(strstr(strstr(said, OPENED), "1000h")); /* the mouse */
	assert_non_null(strstr(strstr(said, "1000h"), "1000l"));
	assert_int_equal(tcgetattr(tty, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	close(master);
	close(tty);
}

/* What xterm sends, and what it is; the terminal is told to send it, and not to in the end. */
static void the_mouse(void **state)
{
	/* A button down and up, at 7, 5; another one; with Ctrl; the wheel; the old language; none at all. */
	static const char sent[] =
		"\033[<0;8;6M\033[<0;8;6m\033[<2;1;1M\033[<2;1;1m\033[<16;1024;1M"
		"\033[<64;1;1M\033[<65;1;1M\033[M (&\033[M#(&"
		"\033[<4294967296;1;1M\033[<0;0;0M\033[<0;1025;1M\033[<;;Mq";
	int master, tty, status;
	char said[1 << 12] = "";
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(openpty(&master, &tty, NULL, NULL, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		const int want[] = { tui_key_click(7, 5), tui_key_click(1023, 0), TUI_KEY_WHEEL_UP,
				     TUI_KEY_WHEEL_DOWN,  tui_key_click(7, 5),	  'q' };
		const struct terminal_options options = { .mouse = true };
		struct terminal *t;
		const char *why;
		size_t i = 0;

		close(master);
		setenv("TERM", "xterm", 1);
		if (login_tty(tty) || terminal_open(&options, &t, &why))
			_exit(NOT_OPENED);
		while (i < sizeof(want) / sizeof(want[0])) {
			struct pollfd fd = { .fd = terminal_fd(t), .events = POLLIN };
			int key = terminal_key(t);

			if (key == -1)
				poll(&fd, 1, -1);
			else if (key) /* 0: one that means nothing */
				if (key != want[i++])
					_exit(SURVIVED);
		}
		terminal_close(t);
		_exit(0);
	}
	while (!strstr(said, "1000h") ||
	       !strstr(said, "\033[?1006h")) { /* before that they would be keys */
		n = read(master, said + len, sizeof(said) - 1 - len);
		assert_true(n > 0);
		len += n;
	}
	assert_int_equal(write(master, sent, sizeof(sent) - 1), sizeof(sent) - 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	while (len < sizeof(said) - 1 && (n = read(master, said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	assert_non_null(strstr(said, "1000l"));
	assert_non_null(strstr(said, "\033[?1006l"));
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
		cmocka_unit_test(the_mouse),
		cmocka_unit_test(every_signal_that_kills),
		cmocka_unit_test(a_full_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
