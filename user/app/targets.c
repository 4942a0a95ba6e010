// SPDX-License-Identifier: GPL-2.0-only
/* targets.c - owns the search through /proc. */
#include "app/targets.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

static int add(struct targets *t, pid_t pid)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->pids[i] == pid)
			return 0;
	if (t->n == TARGETS_MAX)
		return -E2BIG;
	t->pids[t->n++] = pid;
	return 0;
}

int targets_by_pid(struct targets *t, const char *list, pid_t *ret_pid)
{
	char *copy = strdup(list), *rest = copy, *one;
	uint64_t pid;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (one = strsep(&rest, ","))) {
		if (parse_u64(one, 1, 1 << 22, &pid)) {
			err = -EINVAL;
		} else if (kill(pid, 0) && errno == ESRCH) {
			*ret_pid = pid;
			err = -ESRCH;
		} else {
			err = add(t, pid);
		}
	}
	free(copy);
	return err;
}

/* The file of a process, at most size - 1 bytes of it. */
static bool read_of(pid_t pid, const char *name, char *dst, size_t size)
{
	char path[64];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(dst, 1, size - 1, file);
	fclose(file);
	dst[n] = '\0';
	return true;
}

static bool has_comm(pid_t pid, const char *comm)
{
	char have[64];

	if (!read_of(pid, "comm", have, sizeof(have)))
		return false;
	have[strcspn(have, "\n")] = '\0';
	return !strcmp(have, comm);
}

static bool part_is(const char *part, size_t len, const char *unit)
{
	size_t n = strlen(unit);

	if (len < n || strncmp(part, unit, n))
		return false;
	return len == n || (len == n + 8 && !strncmp(part + n, ".service", 8)) ||
	       (len == n + 6 && !strncmp(part + n, ".scope", 6));
}

/* A part of any of its cgroups' paths. */
static bool has_unit(pid_t pid, const char *unit)
{
	char text[8192], *part;
	size_t len;

	if (!read_of(pid, "cgroup", text, sizeof(text)))
		return false;
	for (part = strchr(text, '/'); part && *part; part += len) {
		part += strspn(part, "/\n");
		len = strcspn(part, "/\n");
		if (len && part_is(part, len, unit))
			return true;
	}
	return false;
}

static int search(struct targets *t, bool (*matches)(pid_t pid, const char *name), const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;
	int err = 0;

	while (proc && !err && (entry = readdir(proc))) {
		if (!parse_u64(entry->d_name, 1, 1 << 22, &pid) && (pid_t)pid != getpid() &&
		    matches(pid, name))
			err = add(t, pid);
	}
	if (proc)
		closedir(proc);
	return err;
}

int targets_by_comm(struct targets *t, const char *comm)
{
	return search(t, has_comm, comm);
}

int targets_by_unit(struct targets *t, const char *unit)
{
	return search(t, has_unit, unit);
}
