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
#include "base/proc.h"
#include "base/text.h"
#include "daemon/containers.h"
#include "model/unit.h"
#include "model/workload.h"

/* /proc/PID/cgroup: some fourteen hierarchies in v1, in each a path that may be a kind cluster's. */
enum { CGROUP_FILE = 64 << 10 };

static int targets_add(struct targets *t, pid_t pid)
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
			err = targets_add(t, pid);
		}
	}
	free(copy);
	return err;
}

/* Of a longer name the kernel keeps 15 bytes: then its file has to be called so. */
static bool has_long_name(pid_t pid, const char *name)
{
	char link[32], exe[4096];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	base = strrchr(exe, '/');
	return !strcmp(base ? base + 1 : exe, name);
}

/* What is looked for, and who knows what containers are called (NULL: nobody). */
struct search {
	const char *name;
	struct containers *containers;
};

/* As it is, or as `vigie once` shows it. */
static bool has_comm(pid_t pid, const struct search *search)
{
	const char *name = search->name;
	char have[64], shown[4 * sizeof(have)];

	if (proc_comm(pid, have, sizeof(have)))
		return false;
	text_sanitise(shown, sizeof(shown), have, strlen(have));
	if (!strcmp(have, name) || !strcmp(shown, name))
		return true;
	return strlen(name) > TARGETS_COMM_MAX && !strncmp(have, name, TARGETS_COMM_MAX) &&
	       has_long_name(pid, name);
}

static bool part_is(const char *part, size_t len, const char *unit)
{
	size_t n = strlen(unit);

	if (len < n || strncmp(part, unit, n))
		return false;
	return len == n || (len == n + 8 && !strncmp(part + n, ".service", 8)) ||
	       (len == n + 6 && !strncmp(part + n, ".scope", 6));
}

static bool is_shown_so(const struct unit *unit, const char *name)
{
	char shown[4 * UNIT_NAME_LEN];

	text_sanitise(shown, sizeof(shown), unit->name, strlen(unit->name));
	return !strcmp(shown, name);
}

static bool is_cgroups_unit(const char *path, const struct search *search)
{
	const struct container *container;
	struct unit unit;

	unit_from_path(path, &unit);
	if (is_shown_so(&unit, search->name))
		return true;
	container = search->containers ? containers__find(search->containers, path) : NULL;
	if (!container)
		return false;
	unit_name_workload(&unit, container);
	return is_shown_so(&unit, search->name);
}

/* What `vigie once` calls it, by any of its cgroups. Changes text. */
static bool is_named_unit(char *text, const struct search *search)
{
	char *line, *path;

	while ((line = strsep(&text, "\n"))) {
		path = strchr(line, '/'); /* "4:memory:/path" */
		if (!path || !path[1]) /* in the root of one hierarchy is who is in none */
			continue;
		if (is_cgroups_unit(path, search))
			return true;
	}
	return false;
}

/* A part of any of its cgroups' paths, too. */
static bool has_unit(pid_t pid, const struct search *search)
{
	char text[CGROUP_FILE], lines[CGROUP_FILE], *part;
	size_t len;

	if (proc_read(pid, "cgroup", text, sizeof(text)) < 0)
		return false;
	snprintf(lines, sizeof(lines), "%s", text);
	if (is_named_unit(lines, search))
		return true;
	for (part = strchr(text, '/'); part && *part; part += len) {
		part += strspn(part, "/\n");
		len = strcspn(part, "/\n");
		if (len && part_is(part, len, search->name))
			return true;
	}
	return false;
}

static int targets_search(struct targets *t, const struct search *search,
			  bool (*matches)(pid_t pid, const struct search *search))
{
	DIR *proc = opendir("/proc");
	pid_t pid;
	int err = 0;

	while (proc && !err && proc_next(proc, &pid))
		if (pid != getpid() && matches(pid, search))
			err = targets_add(t, pid);
	if (proc)
		closedir(proc);
	return err;
}

int targets_by_comm(struct targets *t, const char *comm)
{
	const struct search search = { .name = comm };

	return targets_search(t, &search, has_comm);
}

int targets_by_unit(struct targets *t, const char *unit, const char *runtime_root)
{
	struct search search = { .name = unit };
	struct namer *namer = NULL;
	const char *what;
	int err;

	/* Without it there are ids. */
	if (!geteuid() && !namer__start(runtime_root, &namer, &what))
		search.containers = containers__new(namer);
	err = targets_search(t, &search, has_unit);
	containers__free(search.containers);
	namer__free(namer);
	return err;
}
