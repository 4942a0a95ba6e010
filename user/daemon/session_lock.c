// SPDX-License-Identifier: GPL-2.0-only
/* session_lock.c - owns the lock of sessions and their description. */
#include "daemon/session_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "gen/version.h"

int session_lock_take(void)
{
	int fd = open(SESSION_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), err;

	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	err = -errno;
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
