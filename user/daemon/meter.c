// SPDX-License-Identifier: GPL-2.0-only
/* meter.c - owns both ends: starting it, asking; and its own life to the end of its socket. */
#include "daemon/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "daemon/side_process.h"
#include "sandbox/process.h"

enum { STAT_MAX = 512 * 1024 /* of /proc/stat: a line a CPU */ };
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
	} else {
		nanosleep(&on, NULL);
		close(stats);
		said.on_ns = clock_monotonic_ns() - began;
		said.switches = host_switches(stat);
		said.switches = switches && said.switches ? said.switches - switches : 0;
	}
	said.cpu_ns = process_cpu_ns(RUSAGE_SELF);
	send(fd, &said, sizeof(said), MSG_NOSIGNAL);
}

static void meter_run(int fd, const void *ctx)
{
	const int *stat = ctx;
	ssize_t n;
	char now;

	while ((n = recv(fd, &now, sizeof(now), 0)) != 0) {
		if (n == sizeof(now))
			meter_answer(fd, *stat);
		else if (errno != EINTR)
			return;
	}
}

/* --- The main process' end. */

static void meter_gone(struct meter *meter)
{
	if (meter->fd >= 0)
		close(meter->fd);
	meter->fd = -1;
}

int meter__start(struct meter **ret, const char **ret_what)
{
	int stat = open("/proc/stat", O_RDONLY | O_CLOEXEC), err = -ENOMEM;
	const struct side_process_plan plan = { .name = "vigie-meter",
						.role = CONFINE_METER,
						.run = meter_run,
						.ctx = &stat,
						.kept = &stat };
	struct meter *meter = calloc(1, sizeof(*meter));

	*ret_what = "allocate";
	if (meter)
		err = side_process_start(&plan, &meter->pid, &meter->fd, ret_what);
	if (stat >= 0)
		close(stat);
	if (err) {
		free(meter);
		return err;
	}
	*ret = meter;
	return 0;
}

/* Its pause is a tenth of a second. */
void meter__free(struct meter *meter)
{
	if (!meter)
		return;
	side_process_stop(meter->pid, meter->fd);
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
	return true;
}
