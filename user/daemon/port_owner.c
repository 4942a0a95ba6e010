// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_owner.c - owns finding the process that listens on a port: the socket's inode from
 * /proc/net/tcp, then the process that has it open. Runs once, before we give up.
 */
#include "daemon/port_owner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/text.h"

/* Of /proc/net/tcp and of /proc/net/unix (the kernel's __SO_ACCEPTCON). */
enum { TCP_LISTEN_STATE = 0x0a, UNIX_LISTENING = 1 << 16 };

static unsigned long listening_inode(const char *path, unsigned int port)
{
	FILE *f = fopen(path, "re");
	unsigned long inode = 0, found = 0;
	unsigned int local, state;
	char line[512];

	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u %lu",
			   &local, &state, &inode) == 3 &&
		    local == port && state == TCP_LISTEN_STATE)
			found = inode;
	fclose(f);
	return found;
}

/* The inode by the path; accepted connections carry the path too, and may be gone at once. */
static unsigned long unix_inode(const char *path)
{
	FILE *f = fopen("/proc/net/unix", "re");
	unsigned long inode, found = 0;
	char line[512], name[256];
	unsigned int flags;

	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %255[^\n]", &flags, &inode, name) ==
			    3 &&
		    flags & UNIX_LISTENING && !strcmp(name, path))
			found = inode;
	fclose(f);
	return found;
}

static bool has_socket(pid_t pid, const char *link)
{
	char path[64], target[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		found = !strcmp(target, link);
	}
	closedir(dir);
	return found;
}

static void describe(pid_t pid, char *dst, size_t dst_size)
{
	char raw[64] = "", name[128];

	proc_comm(pid, raw, sizeof(raw));
	text_sanitise(name, sizeof(name), raw, strlen(raw));
	snprintf(dst, dst_size, "%s (pid %d)", name, pid);
}

void port_owner_find(const struct http_address *address, char *dst, size_t dst_size)
{
	unsigned long inode;
	char link[64];
	pid_t pid;
	DIR *proc;

	dst[0] = '\0';
	if (address->family == AF_UNIX)
		inode = unix_inode(address->path);
	else
		inode = listening_inode("/proc/net/tcp", address->port);
	if (!inode && address->family != AF_UNIX)
		inode = listening_inode("/proc/net/tcp6", address->port);
	proc = inode ? opendir("/proc") : NULL;
	if (!proc)
		return;
	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (!dst[0] && proc_next(proc, &pid))
		if (has_socket(pid, link))
			describe(pid, dst, dst_size);
	closedir(proc);
}
