// SPDX-License-Identifier: GPL-2.0-only
/* test_notify.c - what a service manager hears, against a real datagram socket; the status line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/units.h"
#include "daemon/notify.h"
#include "daemon/status_line.h"

struct manager {
	int fd;
	char name[64]; /* as in NOTIFY_SOCKET */
	char heard[256];
};

static void manager_open(struct manager *m)
{
	static unsigned int opened;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(m->name, sizeof(m->name), "@vigie-test-%d-%u", getpid(), opened++);
	memcpy(address.sun_path + 1, m->name + 1, strlen(m->name) - 1);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(m->fd >= 0);
	assert_int_equal(bind(m->fd, (void *)&address,
			      offsetof(struct sockaddr_un, sun_path) + strlen(m->name)),
			 0);
	setenv("NOTIFY_SOCKET", m->name, 1);
}

/* The next message; "" where there is none. */
static const char *manager_hears(struct manager *m)
{
	ssize_t n = recv(m->fd, m->heard, sizeof(m->heard) - 1, MSG_DONTWAIT);

	m->heard[n > 0 ? n : 0] = '\0';
	return m->heard;
}

static void test_order(void **state)
{
	struct manager m;
	struct notify notify;
	char what[NOTIFY_WHAT_LEN];

	manager_open(&m);
	assert_int_equal(notify_open(&notify, what), 0);
	notify_status(&notify, "1 process");
	notify_ready(&notify);
	notify_status(&notify, "1 process"); /* nothing new */
	notify_status(&notify, "2 processes\nSTOPPING=1");
	notify_alive(&notify);
	notify_reloading(&notify);
	notify_ready(&notify);
	notify_stopping(&notify);
	assert_string_equal(manager_hears(&m), "STATUS=1 process");
	assert_string_equal(manager_hears(&m), "READY=1");
	assert_string_equal(manager_hears(&m), "STATUS=2 processes");
	assert_string_equal(manager_hears(&m), "WATCHDOG=1");
	assert_memory_equal(manager_hears(&m), "RELOADING=1\nMONOTONIC_USEC=", 27);
	assert_string_equal(manager_hears(&m), "READY=1");
	assert_string_equal(manager_hears(&m), "STOPPING=1");
	assert_string_equal(manager_hears(&m), "");
	notify_done(&notify);
	close(m.fd);
}

/* The manager's queue is full: what must not be lost is said later, in its order, and once. */
static void test_owed(void **state)
{
	struct manager m;
	struct notify notify;
	char what[NOTIFY_WHAT_LEN];
	unsigned int said = 0, alive = 0;

	manager_open(&m);
	assert_int_equal(notify_open(&notify, what), 0);
	for (; said < 100000 && !notify.owed; said++)
		notify_ready(&notify);
	assert_true(notify.owed);
	notify_status(&notify, "lost, and said again");
	notify_reloading(&notify);
	notify_ready(&notify);
	while (!strcmp(manager_hears(&m), "READY=1"))
		alive++;
	assert_int_equal(alive, said - 1);
	assert_string_equal(m.heard, "");
	notify_alive(&notify);
	assert_memory_equal(manager_hears(&m), "RELOADING=1\n", 12);
	assert_string_equal(manager_hears(&m), "READY=1");
	assert_string_equal(manager_hears(&m), "WATCHDOG=1");
	notify_status(&notify, "lost, and said again");
	assert_string_equal(manager_hears(&m), "STATUS=lost, and said again");
	notify_done(&notify);
	close(m.fd);
}

static void test_nobody(void **state)
{
	struct manager m;
	struct notify notify;
	char what[NOTIFY_WHAT_LEN];

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	assert_int_equal(notify_open(&notify, what), 0);
	assert_int_equal(notify.alive_every_ns, 0);
	notify_ready(&notify);
	notify_alive(&notify);
	notify_status(&notify, "x");
	notify_stopping(&notify);
	notify_done(&notify);

	manager_open(&m);
	assert_int_equal(notify_open(&notify, what), 0);
	close(m.fd); /* it is gone */
	notify_ready(&notify);
	assert_int_equal(notify.owed, 0);
	notify_alive(&notify);
	notify_stopping(&notify);
	notify_done(&notify);
}

static void test_environment(void **state)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID" };
	struct manager m;
	struct notify notify;
	char what[NOTIFY_WHAT_LEN], pid[16];
	size_t i;

	snprintf(pid, sizeof(pid), "%d", getpid());
	manager_open(&m);
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_open(&notify, what), 0);
	assert_int_equal(notify.alive_every_ns, 1500 * NS_PER_MS);
	for (i = 0; i < 3; i++)
		assert_null(getenv(names[i]));
	notify_done(&notify);

	/* Another's, which we inherited. */
	setenv("NOTIFY_SOCKET", m.name, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_open(&notify, what), 0);
	assert_true(notify.fd >= 0);
	assert_int_equal(notify.alive_every_ns, 0);
	notify_done(&notify);
	close(m.fd);
}

static void test_bad_sockets(void **state)
{
	static const struct {
		const char *value;
		int err;
	} bad[] = {
		{ "", -EAFNOSUPPORT },
		{ "/", -EINVAL },
		{ "@", -EINVAL },
		{ "run/systemd/notify", -EAFNOSUPPORT },
		{ "vsock:2:1234", -EAFNOSUPPORT },
		{ "/nonexistent/notify", -ENOENT },
		{ "/dev/null", -ECONNREFUSED },
		{ "@vigie-test-nobody-is-here", -ECONNREFUSED },
	};
	char what[NOTIFY_WHAT_LEN], longest[300];
	struct notify notify;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", bad[i].value, 1);
		assert_int_equal(notify_open(&notify, what), bad[i].err);
		assert_int_equal(notify.fd, -1);
		assert_memory_equal(what, "NOTIFY_SOCKET='", 15);
		notify_ready(&notify);
		notify_done(&notify);
	}
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i < 2; i++) {
		longest[0] = "/@"[i];
		setenv("NOTIFY_SOCKET", longest, 1);
		assert_int_equal(notify_open(&notify, what), -ENAMETOOLONG);
		assert_null(getenv("NOTIFY_SOCKET"));
	}
	/* The message goes to a terminal. */
	setenv("NOTIFY_SOCKET", "@\x1b[2J\n", 1);
	assert_int_equal(notify_open(&notify, what), -ECONNREFUSED);
	assert_null(strchr(what, '\x1b'));
	assert_null(strchr(what, '\n'));
}

static void test_bad_watchdogs(void **state)
{
	static const char *const bad[][2] = {
		{ "0", NULL },
		{ "-1", NULL },
		{ "", NULL },
		{ "1s", NULL },
		{ "9999999999999999999999", NULL },
		{ "9007199254740993", NULL },
		{ "1000000", "0" },
		{ "1000000", "me" },
		{ "1000000", "-1" },
	};
	struct manager m;
	struct notify notify;
	char what[NOTIFY_WHAT_LEN];
	size_t i;

	manager_open(&m);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", m.name, 1);
		setenv("WATCHDOG_USEC", bad[i][0], 1);
		if (bad[i][1])
			setenv("WATCHDOG_PID", bad[i][1], 1);
		assert_int_equal(notify_open(&notify, what), -EINVAL);
		assert_int_equal(notify.alive_every_ns, 0);
		assert_true(notify.fd >= 0); /* all else is still said */
		notify_done(&notify);
	}
	/* We do not spin for anybody. */
	setenv("NOTIFY_SOCKET", m.name, 1);
	setenv("WATCHDOG_USEC", "1", 1);
	assert_int_equal(notify_open(&notify, what), 0);
	assert_int_equal(notify.alive_every_ns, 10 * NS_PER_MS);
	notify_done(&notify);
	close(m.fd);
}

static void test_status_line(void **state)
{
	struct status_line line = { 0 };
	struct status_figures figures = { .now_ns = NS_PER_S, .cpu_ns = 400 * NS_PER_MS };
	char text[NOTIFY_STATUS_LEN];

	status_line_make(&line, &figures, text, sizeof(text));
	assert_string_equal(text, "0 processes, 0 findings");
	figures.now_ns += 9 * NS_PER_S;
	figures.cpu_ns += 18 * NS_PER_MS;
	figures.processes = figures.findings = 1;
	status_line_make(&line, &figures, text, sizeof(text));
	assert_string_equal(text, "1 process, 1 finding");
	figures.now_ns += NS_PER_S;
	figures.cpu_ns += 2 * NS_PER_MS;
	figures.processes = 92;
	figures.findings = 3;
	status_line_make(&line, &figures, text, sizeof(text));
	assert_string_equal(text, "92 processes, 3 findings, 0.2 % of a core");
	/* Kept until the next average; one of us ended: less was used than before. */
	figures.now_ns += 9 * NS_PER_S;
	figures.cpu_ns += NS_PER_S;
	status_line_make(&line, &figures, text, sizeof(text));
	assert_string_equal(text, "92 processes, 3 findings, 0.2 % of a core");
	figures.now_ns += NS_PER_S;
	figures.cpu_ns = 0;
	status_line_make(&line, &figures, text, sizeof(text));
	assert_string_equal(text, "92 processes, 3 findings, 0.0 % of a core");
	figures.processes = figures.findings = figures.cpu_ns = UINT64_MAX;
	figures.now_ns += 10 * NS_PER_S;
	status_line_make(&line, &figures, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	    cmocka_unit_test(test_owed),
		cmocka_unit_test(test_nobody),	    cmocka_unit_test(test_environment),
		cmocka_unit_test(test_bad_sockets), cmocka_unit_test(test_bad_watchdogs),
		cmocka_unit_test(test_status_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
