// SPDX-License-Identifier: GPL-2.0-only
/* host_lines.c - owns the lines on CPU time, memory and tasks of the machine. */
#include "data/host_lines.h"

#include "data/text_cells.h"
#include "data/view_list.h"

enum { CELL_LEN = 32 };

static void add_percent(struct buf *line, const char *name, __u64 part, __u64 whole)
{
	char text[CELL_LEN];

	text_tenths(text, sizeof(text), list_permille(part, whole));
	buf_printf(line, " %s%% %s", text, name);
}

void host_cpu_line(struct buf *line, const struct view *view)
{
	const struct host_cpu *inc = &view->host_inc;
	const struct host *host = &view->host;
	__u64 total_ns = list_host_total_ns(inc);
	char seconds[CELL_LEN];

	text_tenths(seconds, sizeof(seconds), (view->interval_ns + 50000000) / 100000000);
	buf_printf(line, "%ss  %u cpus ", seconds, host->online_cpus);
	add_percent(line, "user", inc->user_ns + inc->nice_ns, total_ns);
	add_percent(line, "sys", inc->system_ns + inc->irq_ns + inc->softirq_ns, total_ns);
	add_percent(line, "idle", inc->idle_ns, total_ns);
	add_percent(line, "iowait", inc->iowait_ns, total_ns);
	if (inc->steal_ns)
		add_percent(line, "steal", inc->steal_ns, total_ns);
	buf_printf(line, "  load %.2f %.2f %.2f", host->load[0], host->load[1], host->load[2]);
}

void host_memory_line(struct buf *line, const struct view *view)
{
	const struct host_memory *m = &view->host.memory;
	__u64 used = m->total > m->available ? m->total - m->available : 0;
	__u64 swapped = m->swap_total > m->swap_free ? m->swap_total - m->swap_free : 0;
	char part[CELL_LEN], whole[CELL_LEN];

	text_bytes(part, sizeof(part), used);
	text_bytes(whole, sizeof(whole), m->total);
	buf_printf(line, "memory %s used of %s", part, whole);
	if (m->swap_total) {
		text_bytes(part, sizeof(part), swapped);
		text_bytes(whole, sizeof(whole), m->swap_total);
		buf_printf(line, "  swap %s of %s", part, whole);
	}
}

void host_seconds(struct buf *line, __u64 ns)
{
	buf_seconds(line, ns);
	line->len -= line->err ? 0 : 6;
	buf_char(line, 's');
}

void host_task_line(struct buf *line, const struct view *view)
{
	const struct host *host = &view->host;
	char switches[CELL_LEN], forks[CELL_LEN];

	buf_printf(line, "tasks %u running %u blocked  run-queue wait ", host->procs_running,
		   host->procs_blocked);
	host_seconds(line, list_host_wait_ns(view));
	if (!view->interval_ns)
		return;
	text_count(switches, CELL_LEN, list_per_second(view, view->host_switches_inc));
	text_count(forks, CELL_LEN, list_per_second(view, view->host_forks_inc));
	buf_printf(line, "  %s switches/s  %s forks/s", switches, forks);
}
