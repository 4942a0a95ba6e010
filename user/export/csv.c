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

#define EOL "\r\n"

enum csv_kind { CSV_SECONDS, CSV_COUNT, CSV_COUNT32, CSV_RSS };

static const struct csv_column {
	const char *name;
	enum csv_kind kind;
	size_t offset;
} columns[] = {
#define G(member) offsetof(struct group_view, member)
	{ "processes", CSV_COUNT32, G(processes) },
	{ "threads", CSV_COUNT32, G(threads) },
	{ "cpu_user_seconds", CSV_SECONDS, G(inc.user_ns) },
	{ "cpu_system_seconds", CSV_SECONDS, G(inc.system_ns) },
	{ "run_queue_wait_seconds", CSV_SECONDS, G(inc.wait_ns) },
	{ "off_cpu_sleep_seconds", CSV_SECONDS, G(inc.off_ns[VIGIE_OFF_SLEEP]) },
	{ "off_cpu_disk_seconds", CSV_SECONDS, G(inc.off_ns[VIGIE_OFF_DISK]) },
	{ "off_cpu_memory_seconds", CSV_SECONDS, G(inc.off_ns[VIGIE_OFF_MEMORY]) },
	{ "off_cpu_uninterruptible_seconds", CSV_SECONDS,
	  G(inc.off_ns[VIGIE_OFF_UNINTERRUPTIBLE]) },
	{ "voluntary_context_switches", CSV_COUNT, G(inc.voluntary_switches) },
	{ "involuntary_context_switches", CSV_COUNT, G(inc.involuntary_switches) },
	{ "migrations", CSV_COUNT, G(inc.migrations) },
	{ "minor_page_faults", CSV_COUNT, G(inc.minor_faults) },
	{ "major_page_faults", CSV_COUNT, G(inc.major_faults) },
	{ "resident_bytes", CSV_RSS, 0 },
	{ "resident_anon_bytes", CSV_COUNT, G(rss_bytes[VIGIE_RSS_ANON]) },
	{ "resident_file_bytes", CSV_COUNT, G(rss_bytes[VIGIE_RSS_FILE]) },
	{ "resident_shmem_bytes", CSV_COUNT, G(rss_bytes[VIGIE_RSS_SHMEM]) },
	{ "resident_peak_bytes", CSV_COUNT, G(peak_bytes) },
	{ "swap_bytes", CSV_COUNT, G(rss_bytes[VIGIE_RSS_SWAP]) },
	{ "stall_reclaim_seconds", CSV_SECONDS, G(inc.stall_ns[VIGIE_STALL_RECLAIM]) },
	{ "stall_cgroup_reclaim_seconds", CSV_SECONDS,
	  G(inc.stall_ns[VIGIE_STALL_CGROUP_RECLAIM]) },
	{ "stall_compaction_seconds", CSV_SECONDS, G(inc.stall_ns[VIGIE_STALL_COMPACTION]) },
	{ "read_bytes", CSV_COUNT, G(inc.read_bytes) },
	{ "written_bytes", CSV_COUNT, G(inc.written_bytes) },
	{ "starts", CSV_COUNT, G(inc.starts) },
	{ "exits_normal", CSV_COUNT, G(inc.exits[VIGIE_EXIT_NORMAL]) },
	{ "exits_error", CSV_COUNT, G(inc.exits[VIGIE_EXIT_ERROR]) },
	{ "exits_signal", CSV_COUNT, G(inc.exits[VIGIE_EXIT_SIGNAL]) },
	{ "oom_kills", CSV_COUNT, G(inc.oom_kills) },
#undef G
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

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

static void number_cell(struct buf *out, const struct group_view *group,
			const struct csv_column *column)
{
	const char *at = (const char *)group + column->offset;

	switch (column->kind) {
	case CSV_SECONDS: buf_seconds(out, *(const __u64 *)at); break;
	case CSV_COUNT: buf_u64(out, *(const __u64 *)at); break;
	case CSV_COUNT32: buf_u64(out, *(const __u32 *)at); break;
	case CSV_RSS: buf_u64(out, list_rss_bytes(group)); break;
	}
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

static void csv_row(struct buf *out, const struct view *view, const struct group_view *group)
{
	unsigned int i;

	buf_seconds(out, view->wall_ns);
	buf_char(out, ',');
	buf_seconds(out, view->interval_ns);
	for (i = 0; i < view->nkeys; i++) {
		buf_char(out, ',');
		text_cell(out, group->label[i]);
	}
	for (i = 0; i < COLUMNS; i++) {
		buf_char(out, ',');
		number_cell(out, group, &columns[i]);
	}
	buf_str(out, EOL);
}

void csv_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct list list;
	size_t i;
	int err = list_init(&list, view, options);

	if (err) {
		out->err = out->err ? out->err : err;
		return;
	}
	csv_header(out, view);
	for (i = 0; i < list.n; i++)
		csv_row(out, view, list.rows[i]);
	csv_row(out, view, &list.other);
	list_done(&list);
}
