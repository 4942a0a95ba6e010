// SPDX-License-Identifier: GPL-2.0-only
/* session_lock.c - owns the lock of sessions and their description. */
#include "daemon/session_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "gen/version.h"

/* Always as long: nothing of a former holder is left behind it. */
static void lock_sign(int fd, const char *who)
{
	char line[SESSION_HOLDER_LEN] = { 0 };

	snprintf(line, sizeof(line), "pid %d, %s", getpid(), who);
	if (write(fd, line, sizeof(line)) < 0)
		return; /* /run is full: then it does not say */
}

/* Root wrote it, and yet it goes to a terminal. */
static void lock_read(int fd, char holder[SESSION_HOLDER_LEN])
{
	char line[SESSION_HOLDER_LEN];
	ssize_t n = read(fd, line, sizeof(line));

	holder[0] = '\0';
	if (n > 0 && line[0])
		text_sanitise(holder, SESSION_HOLDER_LEN, line, strnlen(line, n));
}

int session_lock_take(const char *who, bool wait, char holder[SESSION_HOLDER_LEN])
{
	int fd = open(SESSION_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), err;

	if (fd < 0)
		return -errno;
	if (!flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB)) {
		lock_sign(fd, who);
		return fd;
	}
	err = -errno;
	lock_read(fd, holder);
	close(fd);
	return err;
}

int session_lock_describe(struct profile *p, const char *target, const char *command)
{
	struct utsname name;
	int err;

	uname(&name);
	err = profile_string(p, target, strlen(target), &p->about.target);
	if (!err)
		err = profile_string(p, command, strlen(command), &p->about.command);
	if (!err)
		err = profile_string(p, name.nodename, sizeof(name.nodename), &p->about.host);
	if (!err)
		err = profile_string(p, name.release, sizeof(name.release), &p->about.kernel);
	if (!err)
		err = profile_string(p, VIGIE_VERSION, strlen(VIGIE_VERSION), &p->about.version);
	return err;
}
