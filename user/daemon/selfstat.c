// SPDX-License-Identifier: GPL-2.0-only
/* selfstat.c - owns reading our own cost. Works without privileges. */
#include "daemon/selfstat.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gen/version.h"
#include "base/clock.h"
#include "sandbox/process.h"

void selfstat_init(struct self_view *self, const struct plan *plan, struct self_missing *missing,
		   unsigned int max_missing)
{
	struct rlimit files;
	unsigned int i;

	memset(self, 0, sizeof(*self));
	self->version = VIGIE_VERSION;
	self->revision = VIGIE_REVISION;
	self->start_time_s = clock_wall_ns() / 1e9;
	if (!getrlimit(RLIMIT_NOFILE, &files))
		self->max_fds = files.rlim_cur;
	for (i = 0; i < plan->nitems && self->nmissing < max_missing; i++) {
		if (plan->items[i].state == PLAN_EXACT)
			continue;
		missing[self->nmissing].field = plan->items[i].field;
		missing[self->nmissing++].reason = plan->items[i].reason;
	}
	self->missing = missing;
}

static __u64 count_fds(__u64 last)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	__u64 n = 0;

	if (!dir)
		return last;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n - 1; /* the directory's own */
}

void selfstat_read(struct self_view *self)
{
	unsigned long long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%llu %llu", &size, &resident) == 2) {
		self->virtual_bytes = size * sysconf(_SC_PAGESIZE);
		self->resident_bytes = resident * sysconf(_SC_PAGESIZE);
	}
	if (f)
		fclose(f);
	self->cpu_ns = process_cpu_ns(RUSAGE_SELF);
	self->open_fds = count_fds(self->open_fds);
}
