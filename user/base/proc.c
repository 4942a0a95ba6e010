// SPDX-License-Identifier: GPL-2.0-only
/* proc.c - owns the paths of a process in /proc, and which bytes there are its name. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

enum {
	PID_MOST = 1 << 22, /* PID_MAX_LIMIT of the kernel */
	STAT_LEN = 1024,
	COMM_LEN = 80, /* 15 bytes, 63 of a kernel thread, and the line's end */
	NAME_FIELD = 2, /* in brackets; fields count from 1 */
	START_FIELD = 22,
};

bool proc_next(DIR *proc, pid_t *ret_pid)
{
	struct dirent *e;
	uint64_t pid;

	while ((e = readdir(proc))) {
		if (!parse_u64(e->d_name, 1, PID_MOST, &pid)) {
			*ret_pid = pid;
			return true;
		}
	}
	return false;
}

ssize_t proc_read(pid_t pid, const char *name, char *dst, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (len < size - 1) {
		n = read(fd, dst + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	if (n >= 0)
		dst[n] = '\0';
	return n;
}

int proc_comm(pid_t pid, char *dst, size_t size)
{
	char comm[COMM_LEN];
	ssize_t n = proc_read(pid, "comm", comm, sizeof(comm));

	if (n < 0)
		return n;
	/* Only the last one is the kernel's: the name may hold others. */
	if (n && comm[n - 1] == '\n')
		comm[n - 1] = '\0';
	snprintf(dst, size, "%s", comm);
	return 0;
}

int proc_parse_start(char *stat, __u64 *ret)
{
	char *at = strrchr(stat, ')'), *end; /* all that follow the name are numbers and a letter */
	uint64_t ticks;
	int field;

	for (field = NAME_FIELD; at && field < START_FIELD; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	end = at ? strchr(at, ' ') : NULL;
	if (!end)
		return -EPROTO;
	*end = '\0';
	if (parse_u64(at, 0, UINT64_MAX, &ticks))
		return -EPROTO;
	*ret = ticks;
	return 0;
}

int proc_start_ticks(pid_t pid, __u64 *ret)
{
	char stat[STAT_LEN];
	ssize_t n = proc_read(pid, "stat", stat, sizeof(stat));

	return n < 0 ? n : proc_parse_start(stat, ret);
}

char proc_parse_state(const char *stat)
{
	const char *end = strrchr(stat, ')');

	return end && end[1] == ' ' ? end[2] : '\0';
}

bool proc_is_runnable(pid_t pid)
{
	char stat[STAT_LEN];

	return proc_read(pid, "stat", stat, sizeof(stat)) > 0 && proc_parse_state(stat) == 'R';
}
