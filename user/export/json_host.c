// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_host.c - the host's members of the JSON document.
 *
 * Owns: psutil's names and formulas (those of 5.9.4), so that its users find what they know.
 * psutil 7.1 calls total - available "used": both can be computed from what is here.
 * Not here: processes (json.c).
 */
#include "export/json_host.h"

#include <string.h>

#include "base/units.h"
#include "data/view_list.h"
#include "export/families.h"
#include "export/json_units.h"

/* A container may see more available than it has in all: psutil falls back to free. */
static __u64 available_bytes(const struct host_memory *m)
{
	return m->available <= m->total ? m->available : m->free;
}

static __u64 used_bytes(const struct host_memory *m)
{
	__u64 not_used = m->free + m->cached + m->slab_reclaimable + m->buffers;

	return m->total - (not_used <= m->total ? not_used : m->free);
}

static void memory(struct json *j, const struct host_memory *m)
{
	__u64 available = available_bytes(m);

	json_open(j, "virtual_memory", '{');
	json_u64(j, "total", m->total);
	json_u64(j, "available", available);
	json_tenths(j, "percent", list_permille(m->total - available, m->total));
	json_u64(j, "used", used_bytes(m));
	json_u64(j, "free", m->free);
	json_u64(j, "active", m->active);
	json_u64(j, "inactive", m->inactive);
	json_u64(j, "buffers", m->buffers);
	json_u64(j, "cached", m->cached + m->slab_reclaimable);
	json_u64(j, "shared", m->shmem);
	json_u64(j, "slab", m->slab);
	json_close(j, '}');
}

static void swap(struct json *j, const struct derived_values *values)
{
	json_open(j, "swap_memory", '{');
	json_u64(j, "total", values->swap_total);
	json_u64(j, "used", values->swap_used);
	json_u64(j, "free", values->swap_free);
	json_tenths(j, "percent", list_permille(values->swap_used, values->swap_total));
	json_u64(j, "sin", values->swap_in_bytes);
	json_u64(j, "sout", values->swap_out_bytes);
	json_close(j, '}');
}

enum { CPU_TIMES = 8 };
struct cpu_time {
	const char *name;
	__u64 ns;
};

static void cpu_times(struct cpu_time times[CPU_TIMES], const struct host_cpu *cpu)
{
	const struct cpu_time filled[CPU_TIMES] = {
		{ "user", cpu->user_ns },	{ "nice", cpu->nice_ns },
		{ "system", cpu->system_ns },	{ "idle", cpu->idle_ns },
		{ "iowait", cpu->iowait_ns },	{ "irq", cpu->irq_ns },
		{ "softirq", cpu->softirq_ns }, { "steal", cpu->steal_ns },
	};

	memcpy(times, filled, sizeof(filled));
}

/* Percents are of the interval, times since boot: who asks twice has those of his own interval. */
static void cpu(struct json *j, const struct host_cpu *since_boot, const struct host_cpu *inc)
{
	struct cpu_time times[CPU_TIMES];
	__u64 total_ns = list_host_total_ns(inc);
	__u64 busy_ns = total_ns - inc->idle_ns - inc->iowait_ns;
	unsigned int i;

	json_tenths(j, "cpu_percent", list_permille(busy_ns, total_ns));
	cpu_times(times, inc);
	json_open(j, "cpu_times_percent", '{');
	for (i = 0; i < CPU_TIMES; i++)
		json_tenths(j, times[i].name, list_permille(times[i].ns, total_ns));
	json_close(j, '}');
	cpu_times(times, since_boot);
	json_open(j, "cpu_times", '{');
	for (i = 0; i < CPU_TIMES; i++)
		json_seconds(j, times[i].name, times[i].ns);
	json_close(j, '}');
}

static void host_load(struct json *j, const struct derived_values *values)
{
	struct buf *out = j->out;
	int i;

	json_open(j, "load_average", '[');
	for (i = 0; i < 3; i++) {
		__u64 load = values->load_hundredths[i];

		json_u64(j, NULL, load / 100);
		buf_printf(out, ".%02u", (unsigned int)(load % 100));
	}
	json_close(j, ']');
}

/* What psutil has at its top level stands at ours; the rest is under "host". */
void json_host(struct json *j, const struct view *view)
{
	struct derived_values values;

	derived_values_init(&values, view, NULL);
	json_line(j);
	json_u64(j, "cpu_count", view->host.online_cpus);
	cpu(j, &view->host.cpu, &view->host_inc);
	host_load(j, &values);
	memory(j, &view->host.memory);
	swap(j, &values);
	json_line(j);
	json_open(j, "host", '{');
	json_seconds(j, "boot_time", view->host.boot_time_s * NS_PER_S);
	json_seconds(j, "run_queue_wait_seconds", list_host_wait_ns(view));
	json_u64(j, "ctx_switches", view->host_switches_inc);
	json_u64(j, "forks", view->host_forks_inc);
	json_u64(j, "tasks_running", view->host.procs_running);
	json_u64(j, "tasks_blocked", view->host.procs_blocked);
	/* Of a host's CPUs there is no full: it is 0 where a kernel has it. */
	json_pressure(j, view->host.pressure_ns,
		      view->host.pressure_known ? ~0ULL & ~(1ULL << PSI_FULL) : 0);
	json_close(j, '}');
}
