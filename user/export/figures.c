// SPDX-License-Identifier: GPL-2.0-only
/* figures.c - owns the list; new columns come at its end: who reads by number finds the others. */
#include "export/figures.h"

#include "data/view_list.h"

const struct figure figures[FIGURES] = {
	{ "processes", { "processes", NULL } },
	{ "threads", { "threads", NULL } },
	{ "cpu_user_seconds", { "cpu_seconds", "user" } },
	{ "cpu_system_seconds", { "cpu_seconds", "system" } },
	{ "run_queue_wait_seconds", { "run_queue_wait_seconds", NULL } },
	{ "off_cpu_sleep_seconds", { "off_cpu_seconds", "sleep" } },
	{ "off_cpu_disk_seconds", { "off_cpu_seconds", "disk" } },
	{ "off_cpu_memory_seconds", { "off_cpu_seconds", "memory" } },
	{ "off_cpu_uninterruptible_seconds", { "off_cpu_seconds", "uninterruptible" } },
	{ "voluntary_context_switches", { "context_switches", "voluntary" } },
	{ "involuntary_context_switches", { "context_switches", "involuntary" } },
	{ "migrations", { "migrations", NULL } },
	{ "minor_page_faults", { "page_faults", "minor" } },
	{ "major_page_faults", { "page_faults", "major" } },
	{ "resident_bytes", { NULL, NULL } },
	{ "resident_anon_bytes", { "resident_memory_bytes", "anon" } },
	{ "resident_file_bytes", { "resident_memory_bytes", "file" } },
	{ "resident_shmem_bytes", { "resident_memory_bytes", "shmem" } },
	{ "resident_peak_bytes", { "resident_memory_peak_bytes", NULL } },
	{ "swap_bytes", { "swap_bytes", NULL } },
	{ "stall_reclaim_seconds", { "memory_stall_seconds", "reclaim" } },
	{ "stall_cgroup_reclaim_seconds", { "memory_stall_seconds", "cgroup_reclaim" } },
	{ "stall_compaction_seconds", { "memory_stall_seconds", "compaction" } },
	{ "read_bytes", { "read_bytes", NULL } },
	{ "written_bytes", { "written_bytes", NULL } },
	{ "starts", { "starts", NULL } },
	{ "exits_normal", { "exits", "normal" } },
	{ "exits_error", { "exits", "error" } },
	{ "exits_signal", { "exits", "signal" } },
	{ "oom_kills", { "oom_kills", NULL } },
	/* Later ones, at the end: who reads by number finds the others where they were. */
	{ "resident_hugetlb_bytes", { "resident_memory_bytes", "hugetlb" } },
	{ "thread_starts", { "thread_starts", NULL } },
};

_Static_assert((int)FIGURES <= (int)ROW_CELLS_MAX, "a row has no room for all columns");

int figures_layout(struct row_layout *ret)
{
	unsigned int i;
	int err = 0;

	*ret = (struct row_layout){ 0 };
	for (i = 0; i < FIGURES && !err; i++)
		err = row_layout_add(ret, &figures[i].cell);
	return err;
}

bool figure_value(const struct view *view, const struct row *row, const struct group_view *group,
		  unsigned int i, struct figure_value *ret)
{
	if (row_is_shed(row->layout, i, view))
		return false;
	ret->seconds = row_kind(row->layout, i) == FAMILY_SECONDS;
	ret->value = figures[i].cell.family ? row->values[i] : list_rss_bytes(group);
	return true;
}
