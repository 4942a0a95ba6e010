// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify.c - owns the datagrams to $NOTIFY_SOCKET, as sd_notify(3) describes them.
 *
 * The manager knows who sends by the credentials that the kernel adds, so the main process speaks
 * for itself, whoever it has become. Not libsystemd: it brings compression libraries into a process
 * that starts as root, for what one send() does.
 */
#include "daemon/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/text.h"
#include "base/units.h"

/* In the order in which they are said. */
enum { OWED_RELOADING = 1, OWED_READY = 2 };

/* Half of what the manager waits, at least this: a deadline of microseconds must not make us spin. */
#define ALIVE_MIN_NS (10 * NS_PER_MS)
#define WATCHDOG_MAX_US (1ULL << 53)

/* A path, or with '@' the name of an abstract socket. 0 or -errno. */
static int parse_address(const char *text, struct sockaddr_un *address, socklen_t *ret_len)
{
	size_t len = strlen(text);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (text[0] != '/' && text[0] != '@')
		return -EAFNOSUPPORT;
	if (len < 2)
		return -EINVAL;
	if (len >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, text, len);
	if (text[0] == '@')
		address->sun_path[0] = '\0';
	/* An abstract name ends where the address does, a path with a NUL. */
	*ret_len = offsetof(struct sockaddr_un, sun_path) + len + (text[0] == '/');
	return 0;
}

static int connect_manager(const char *text)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd, err = parse_address(text, &address, &len);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&address, len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* WATCHDOG_PID names whom the manager watches: a variable inherited from another is not for us. */
static int read_watchdog(const char *usec, const char *pid, __u64 *ret_every_ns)
{
	uint64_t us, whom;

	if (!usec)
		return 0;
	if (parse_u64(usec, 1, WATCHDOG_MAX_US, &us) ||
	    (pid && parse_u64(pid, 1, INT32_MAX, &whom)))
		return -EINVAL;
	if (pid && whom != (uint64_t)getpid())
		return 0;
	*ret_every_ns = us * NS_PER_US / 2;
	if (*ret_every_ns < ALIVE_MIN_NS)
		*ret_every_ns = ALIVE_MIN_NS;
	return 0;
}

static void describe(char *what, const char *name, const char *value)
{
	char shown[128] = "";

	if (value[0])
		text_sanitise(shown, sizeof(shown), value, strlen(value));
	snprintf(what, NOTIFY_WHAT_LEN, "%s='%s'", name, shown);
}

int notify_open(struct notify *notify, char *what)
{
	const char *socket = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	int err = 0;

	*notify = (struct notify){ .fd = -1 };
	what[0] = '\0';
	if (socket) {
		notify->fd = connect_manager(socket);
		if (notify->fd < 0) {
			err = notify->fd;
			notify->fd = -1;
			describe(what, "NOTIFY_SOCKET", socket);
		}
	}
	if (notify->fd >= 0) {
		err = read_watchdog(usec, pid, &notify->alive_every_ns);
		if (err)
			describe(what, "WATCHDOG_USEC", usec);
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return err;
}

void notify_done(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

/* False: there was no room, try again. A manager that is gone was told, too: it asks for nothing. */
static bool tell(const struct notify *notify, const char *text)
{
	if (send(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	return errno != EAGAIN && errno != ENOBUFS && errno != EINTR;
}

/* The manager compares it with its own clock, which is ours: not base/clock.h's, which is the host's. */
static __u64 manager_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (NS_PER_S / NS_PER_US) + now.tv_nsec / NS_PER_US;
}

static bool pay_owed(struct notify *notify)
{
	char text[64];

	if (notify->fd < 0)
		return false;
	if (notify->owed & OWED_RELOADING) {
		snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)notify->reloading_us);
		if (!tell(notify, text))
			return false;
		notify->owed &= ~OWED_RELOADING;
	}
	if (notify->owed & OWED_READY) {
		if (!tell(notify, "READY=1"))
			return false;
		notify->owed &= ~OWED_READY;
	}
	return true;
}

void notify_ready(struct notify *notify)
{
	notify->owed |= OWED_READY;
	pay_owed(notify);
}

void notify_reloading(struct notify *notify)
{
	pay_owed(notify);
	/* One that is still owed has not been seen to end: it and this one are the same. */
	notify->owed = OWED_RELOADING;
	notify->reloading_us = manager_us();
	pay_owed(notify);
}

void notify_stopping(struct notify *notify)
{
	if (pay_owed(notify))
		tell(notify, "STOPPING=1");
}

void notify_alive(struct notify *notify)
{
	if (pay_owed(notify))
		tell(notify, "WATCHDOG=1");
}

void notify_status(struct notify *notify, const char *text)
{
	char line[sizeof("STATUS=") + NOTIFY_STATUS_LEN];

	if (!pay_owed(notify) || !strcmp(text, notify->status))
		return;
	snprintf(line, sizeof(line), "STATUS=%s", text);
	line[strcspn(line, "\n")] = '\0'; /* a line of its own would be another message */
	if (tell(notify, line))
		snprintf(notify->status, sizeof(notify->status), "%s", text);
}
