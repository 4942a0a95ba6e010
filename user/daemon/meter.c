// SPDX-License-Identifier: GPL-2.0-only
/* meter.c - owns both ends: starting it, asking; and its own life to the end of its socket. */
#include "daemon/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "sandbox/confine.h"
#include "sandbox/process.h"

enum { START_MS = 5000, STAT_MAX = 512 * 1024 /* of /proc/stat: a line a CPU */ };
#define ON_NS (100 * NS_PER_MS)

struct meter {
	pid_t pid;
	int fd; /* -1: it is gone */
};

/* --- The meter. */

/* Switches of the host since boot: stat is /proc/stat, opened while we could. 0: not known. */
static __u64 host_switches(int stat)
{
	static char text[STAT_MAX];
	unsigned long long n = 0;
	size_t len = 0;
	const char *at;
	ssize_t got;

	while (len < sizeof(text) - 1 &&
	       (got = pread(stat, text + len, sizeof(text) - 1 - len, len)) > 0)
		len += got;
	text[len] = '\0';
	at = strstr(text, "\nctxt ");
	return at && sscanf(at, "\nctxt %llu", &n) == 1 ? n : 0;
}

static void meter_answer(int fd, int stat)
{
	struct meter_said said = { .err = 0 };
	const struct timespec on = { .tv_nsec = ON_NS };
	__u64 switches = host_switches(stat), began;
	int stats = confine_meter_stats();

	began = clock_monotonic_ns();
	if (stats < 0) {
		said.err = stats;
		snprintf(said.what, sizeof(said.what), "switch the statistics on");
	} else {
		nanosleep(&on, NULL);
		close(stats);
		said.on_ns = clock_monotonic_ns() - began;
		said.switches = host_switches(stat) - switches;
	}
	said.cpu_ns = process_cpu_ns(RUSAGE_SELF);
	send(fd, &said, sizeof(said), MSG_NOSIGNAL);
}

static void meter_child(int fd) __attribute__((noreturn));
static void meter_child(int fd)
{
	struct meter_said said = { .err = 0 };
	int stat = open("/proc/stat", O_RDONLY | O_CLOEXEC), keep[] = { fd, stat };
	const char *what = "";
	ssize_t n;
	char now;

	process_ignore_signals();
	prctl(PR_SET_NAME, "vigie-meter", 0, 0, 0);
	process_close_all_but(keep, 2);
	said.err = confine_meter(&what);
	snprintf(said.what, sizeof(said.what), "%s", what);
	send(fd, &said, sizeof(said), MSG_NOSIGNAL);
	if (said.err)
		_exit(1);
	while ((n = recv(fd, &now, sizeof(now), 0)) != 0) {
		if (n == sizeof(now))
			meter_answer(fd, stat);
		else if (errno != EINTR)
			break;
	}
	_exit(0);
}

/* --- The main process' end. */

static void meter_gone(struct meter *meter)
{
	if (meter->fd >= 0)
		close(meter->fd);
	meter->fd = -1;
}

/* The first thing that it says is whether it could give up what it must not have. */
static int await_start(struct meter *meter, const char **ret_what)
{
	static struct meter_said said;
	struct pollfd fd = { .fd = meter->fd, .events = POLLIN };

	if (poll(&fd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	if (!meter__listen(meter, &said))
		return -EPIPE;
	if (said.err)
		*ret_what = said.what;
	return said.err;
}

int meter__start(struct meter **ret, const char **ret_what)
{
	struct meter *meter = calloc(1, sizeof(*meter));
	int pair[2], err;

	*ret_what = "make a socket pair";
	if (!meter)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(meter);
		return err;
	}
	*ret_what = "fork";
	meter->pid = fork();
	if (meter->pid == 0)
		meter_child(pair[1]);
	err = meter->pid < 0 ? -errno : 0;
	meter->fd = pair[0];
	close(pair[1]);
	*ret_what = "start";
	if (!err)
		err = await_start(meter, ret_what);
	if (err) {
		meter__free(meter);
		return err;
	}
	*ret = meter;
	return 0;
}

void meter__free(struct meter *meter)
{
	if (!meter)
		return;
	meter_gone(meter);
	/* It ends when its socket does, and its pause is a tenth of a second. */
	if (meter->pid > 0)
		process_await_end(meter->pid, PROCESS_STOP_MS, NULL);
	free(meter);
}

int meter__fd(const struct meter *meter)
{
	return meter->fd;
}

int meter__ask(struct meter *meter)
{
	if (meter->fd < 0)
		return -EPIPE;
	return send(meter->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

bool meter__listen(struct meter *meter, struct meter_said *ret)
{
	ssize_t n;

	if (meter->fd < 0)
		return false;
	do
		n = recv(meter->fd, ret, sizeof(*ret), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n != sizeof(*ret)) {
		meter_gone(meter);
		return false;
	}
	ret->what[sizeof(ret->what) - 1] = '\0';
	return true;
}
