// SPDX-License-Identifier: GPL-2.0-only
/* derived.c - owns the figures that families show and no view has: sums, differences, other units. */
#include "export/families.h"

#include "base/units.h"

static __u64 minus(__u64 a, __u64 b)
{
	return a > b ? a - b : 0;
}

static __u64 hundredths(double value)
{
	return value > 0 ? (__u64)(value * 100 + 0.5) : 0;
}

void derived_values_init(struct derived_values *values, const struct view *view,
			 const struct self_view *self)
{
	const struct host_memory *m = &view->host.memory;
	int i;

	*values = (struct derived_values){
		.memory_total = m->total,
		.memory_used = minus(m->total, m->available),
		.swap_total = m->swap_total,
		.swap_used = minus(m->swap_total, m->swap_free),
		.swap_in_bytes = view->host.swap_in_pages * view->page_size,
		.swap_out_bytes = view->host.swap_out_pages * view->page_size,
		.online_cpus = view->host.online_cpus,
		.running = view->host.procs_running,
		.blocked = view->host.procs_blocked,
		.boot_time_ns = view->host.boot_time_s * NS_PER_S,
		.groups_exposed = view->ngroups,
	};
	/* The kinds must add up even where a container's meminfo does not. */
	values->memory_available = m->total - values->memory_used;
	values->swap_free = m->swap_total - values->swap_used;
	for (i = 0; i < 3; i++)
		values->load_hundredths[i] = hundredths(view->host.load[i]);
	if (self)
		values->daemon_start_ns = hundredths(self->start_time_s) * 10000000;
}
