// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_cgroups.c - owns what people call who ran: from a cgroup's id to its path and unit; and
 * what the hypervisor took meanwhile.
 */
#include "profile/session_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/units.h"

enum { STEAL_FIELD = 8 }; /* of "cpu user nice system idle iowait irq softirq steal" */

/* A cgroup that was made and removed within the session has no name; its id tells it from others. */
int session_cgroup(struct session *s, __u64 id, __u32 *ret_path)
{
	struct session_cgroup cgroup;

	if (!id)
		return 0;
	if (!s->config.name_cgroup || s->config.name_cgroup(s->config.cgroup_ctx, id, &cgroup)) {
		snprintf(cgroup.path, sizeof(cgroup.path), "[id %llu]", (unsigned long long)id);
		snprintf(cgroup.unit, sizeof(cgroup.unit), "[id %llu]", (unsigned long long)id);
	}
	return profile_cgroup(s->profile, cgroup.path, cgroup.unit, ret_path);
}

int session_steal(__u64 *ret_ns)
{
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC), field;
	char text[512], *rest = text, *word = NULL;
	uint64_t ticks;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	if (strncmp(text, "cpu ", 4))
		return -EPROTO;
	for (field = 0; rest && field <= STEAL_FIELD;) {
		word = strsep(&rest, " \n");
		field += *word != '\0'; /* "cpu" is followed by two blanks */
	}
	if (field <= STEAL_FIELD || parse_u64(word, 0, UINT64_MAX, &ticks))
		return -EPROTO;
	*ret_ns = ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
	return 0;
}

/* The kernel's figure may go back by a little: less than nothing is nothing. */
void session_settle_steal(struct session *s)
{
	struct profile_beside *beside = &s->profile->beside;
	__u64 now;

	if (!s->has_steal || session_steal(&now))
		return;
	beside->has_steal = 1;
	beside->steal_ns = now > s->begin_steal_ns ? now - s->begin_steal_ns : 0;
}
