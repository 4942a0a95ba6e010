// SPDX-License-Identifier: GPL-2.0-only
/*
 * csv.c - groups as comma-separated values (RFC 4180): one header, one row a group, the other.
 *
 * Owns: columns and quoting. The columns stand in a fixed order with their units in their
 * names; new ones come at the end. Not here: rates (a spreadsheet divides by interval_seconds).
 */
#include "export/encode.h"

#include <string.h>

#include "data/view_list.h"
#include "export/row.h"

#define EOL "\r\n"

/* Where the cell has no sample, it is all that is resident. */
static const struct csv_column {
	const char *name;
	struct row_cell cell;
} columns[] = {
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

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
_Static_assert((int)COLUMNS <= (int)ROW_CELLS_MAX, "a row has no room for all columns");

/*
 * A spreadsheet runs what begins with one of these as a formula, and names are hostile. The
 * apostrophe that stops it is doubled where a name has its own, so that names stay distinct.
 */
static bool needs_apostrophe(const char *text)
{
	return *text && strchr("=+-@\t\r'", *text);
}

static void text_cell(struct buf *out, const char *text)
{
	const char *at;

	buf_char(out, '"');
	if (needs_apostrophe(text))
		buf_char(out, '\'');
	for (at = text; *at; at++) {
		if (*at == '"')
			buf_char(out, '"');
		buf_char(out, *at);
	}
	buf_char(out, '"');
}

static void number_cell(struct buf *out, const struct view *view, const struct row *row,
			const struct group_view *group, unsigned int i)
{
	if (row_is_shed(row->layout, i, view))
		return;
	if (!columns[i].cell.family)
		buf_u64(out, list_rss_bytes(group));
	else if (row_kind(row->layout, i) == FAMILY_SECONDS)
		buf_seconds(out, row->values[i]);
	else
		buf_u64(out, row->values[i]);
}

static void csv_header(struct buf *out, const struct view *view)
{
	unsigned int i;

	buf_str(out, "time_unix_seconds,interval_seconds");
	for (i = 0; i < view->nkeys; i++) {
		buf_char(out, ',');
		buf_str(out, group_key_name(view->keys[i]));
	}
	for (i = 0; i < COLUMNS; i++) {
		buf_char(out, ',');
		buf_str(out, columns[i].name);
	}
	buf_str(out, EOL);
}

static void csv_row(struct buf *out, const struct view *view, const struct row_layout *layout,
		    const struct group_view *group)
{
	struct row row;
	unsigned int i;

	row_fill(&row, layout, group);
	buf_seconds(out, view->wall_ns);
	buf_char(out, ',');
	buf_seconds(out, view->interval_ns);
	for (i = 0; i < view->nkeys; i++) {
		buf_char(out, ',');
		text_cell(out, group->label[i]);
	}
	for (i = 0; i < COLUMNS; i++) {
		buf_char(out, ',');
		number_cell(out, view, &row, group, i);
	}
	buf_str(out, EOL);
}

void csv_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct row_layout layout = { 0 };
	struct list list = { 0 };
	size_t i;
	int err = list_init(&list, view, options);

	for (i = 0; i < COLUMNS && !err; i++)
		err = row_layout_add(&layout, &columns[i].cell);
	if (err) {
		out->err = out->err ? out->err : err;
		list_done(&list);
		return;
	}
	csv_header(out, view);
	for (i = 0; i < list.n; i++)
		csv_row(out, view, &layout, list.rows[i]);
	csv_row(out, view, &layout, &list.other);
	list_done(&list);
}
