// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfacts_cgroup.c - owns finding the cgroup mounts, by /proc/self/mountinfo and
 * /proc/self/cgroup, and how many cgroups each has.
 */
#include "collect/kfacts_cgroup.h"

#include <dirent.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { COUNT_MAX = 4096, DEPTH_MAX = 16 };

/* Takes fd. Counts directories below it. */
static unsigned int count_directories(int fd, int depth, unsigned int count)
{
	struct dirent *e;
	DIR *dir;

	if (io_list_dir(fd, &dir))
		return count;
	while (count < COUNT_MAX && (e = readdir(dir))) {
		int child;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		count++;
		child = io_open_subdir(dirfd(dir), e->d_name);
		if (child >= 0 && depth < DEPTH_MAX)
			count = count_directories(child, depth + 1, count);
		else if (child >= 0)
			close(child);
	}
	closedir(dir);
	return count;
}

/*
 * The hierarchy's number in /proc/self/cgroup ("4:memory:/a"), which the kernel takes from
 * cgroup_root.hierarchy_id; -1 where it is not listed.
 */
static int hierarchy_id(const char *controller)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512], list[256], *rest, *name;
	int id, found = -1;

	if (!f)
		return -1;
	while (found < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%d:%255[^:]:", &id, list) != 2)
			continue;
		for (rest = list; (name = strsep(&rest, ","));)
			if (!strcmp(name, controller))
				found = id;
	}
	fclose(f);
	return found;
}

/* Controllers whose cgroups follow services and containers. cpuset and others rarely do. */
static const char *const usable[] = { "memory", "pids", "cpu", "cpuacct", "blkio", "hugetlb" };

static void add_hierarchy(struct kfacts *facts, const struct mntent *m, const char *controller)
{
	struct cgroup_hierarchy *h;
	struct stat st;
	int fd;

	if (facts->nhierarchies == CGROUP_HIERARCHIES || strlen(m->mnt_dir) >= sizeof(h->mount))
		return;
	h = &facts->hierarchies[facts->nhierarchies];
	snprintf(h->controller, sizeof(h->controller), "%s", controller);
	snprintf(h->mount, sizeof(h->mount), "%s", m->mnt_dir);
	h->subsys = -1;
	h->id = controller[0] ? hierarchy_id(controller) : 0;
	if (h->id < 0)
		return;
	/* The root of each hierarchy is the first node that its file system ever had. */
	h->part = !stat(m->mnt_dir, &st) && st.st_ino != 1;
	fd = io_open_dir(m->mnt_dir);
	h->directories = fd >= 0 ? count_directories(fd, 0, 0) : 0;
	facts->nhierarchies++;
}

static void add_mount(struct kfacts *facts, const struct mntent *m, bool *v1, bool *v2)
{
	size_t i;

	if (!strcmp(m->mnt_type, "cgroup2")) {
		if (!*v2)
			add_hierarchy(facts, m, "");
		*v2 = true;
		return;
	}
	if (strcmp(m->mnt_type, "cgroup"))
		return;
	for (i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		if (!hasmntopt(m, usable[i]))
			continue;
		*v1 = true;
		add_hierarchy(facts, m, usable[i]);
		return;
	}
}

void kfacts_cgroups(struct kfacts *facts)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	bool v1 = false, v2 = false;
	struct mntent *m;

	if (!f)
		return;
	while ((m = getmntent(f)))
		add_mount(facts, m, &v1, &v2);
	endmntent(f);
	if (v1)
		facts->cgroup_layout = v2 ? CGROUP_HYBRID : CGROUP_V1;
	else
		facts->cgroup_layout = v2 ? CGROUP_V2 : CGROUP_NONE;
}
