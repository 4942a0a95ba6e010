// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - one interval as one JSON object, schema "vigie.once/1" (docs/json.md).
 *
 * Owns: the document's order and names; those of the host are psutil's. Members may be added
 * within a schema version, never renamed, removed or given another meaning. Not here: JSON's
 * syntax (json_writer.c), sorting (view_list.c).
 */
#include "export/encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "data/view_list.h"
#include "export/families.h"
#include "export/json_host.h"

/* --- Rows. */

static void json_labels(struct json *j, const struct view *view, const struct group_view *group)
{
	unsigned int i;

	json_open(j, "labels", '{');
	for (i = 0; i < view->nkeys; i++)
		json_text(j, group_key_name(view->keys[i]), group->label[i]);
	json_close(j, '}');
}

static void histogram(struct json *j, const struct vigie_usage *inc)
{
	int i;

	json_open(j, "run_queue_wait_histogram", '[');
	for (i = 0; i < VIGIE_BUCKETS; i++) {
		json_open(j, NULL, '{');
		if (i < VIGIE_BUCKETS - 1)
			json_literal(j, "le", family_le[i]);
		else
			json_literal(j, "le", "null");
		json_u64(j, "count", inc->wait_count[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void row_time(struct json *j, const struct view *view, const struct group_view *group)
{
	const struct vigie_usage *inc = &group->inc;

	json_open(j, "cpu_seconds", '{');
	json_seconds(j, "user", inc->user_ns);
	json_seconds(j, "system", inc->system_ns);
	json_close(j, '}');
	json_tenths(j, "cpu_percent", list_permille(list_cpu_ns(group), view->interval_ns));
	json_seconds(j, "run_queue_wait_seconds", inc->wait_ns);
	histogram(j, inc);
	json_open(j, "off_cpu_seconds", '{');
	json_seconds(j, "sleep", inc->off_ns[VIGIE_OFF_SLEEP]);
	json_seconds(j, "disk", inc->off_ns[VIGIE_OFF_DISK]);
	json_seconds(j, "memory", inc->off_ns[VIGIE_OFF_MEMORY]);
	json_seconds(j, "uninterruptible", inc->off_ns[VIGIE_OFF_UNINTERRUPTIBLE]);
	json_close(j, '}');
	json_open(j, "memory_stall_seconds", '{');
	json_seconds(j, "reclaim", inc->stall_ns[VIGIE_STALL_RECLAIM]);
	json_seconds(j, "cgroup_reclaim", inc->stall_ns[VIGIE_STALL_CGROUP_RECLAIM]);
	json_seconds(j, "compaction", inc->stall_ns[VIGIE_STALL_COMPACTION]);
	json_close(j, '}');
}

static void row_counts(struct json *j, const struct vigie_usage *inc)
{
	json_open(j, "ctx_switches", '{');
	json_u64(j, "voluntary", inc->voluntary_switches);
	json_u64(j, "involuntary", inc->involuntary_switches);
	json_close(j, '}');
	json_u64(j, "migrations", inc->migrations);
	json_open(j, "page_faults", '{');
	json_u64(j, "minor", inc->minor_faults);
	json_u64(j, "major", inc->major_faults);
	json_close(j, '}');
	json_open(j, "io", '{');
	json_u64(j, "read_bytes", inc->read_bytes);
	json_u64(j, "write_bytes", inc->written_bytes);
	json_u64(j, "read_chars", inc->read_chars);
	json_u64(j, "write_chars", inc->written_chars);
	json_close(j, '}');
	json_u64(j, "starts", inc->starts);
	json_open(j, "exits", '{');
	json_u64(j, "normal", inc->exits[VIGIE_EXIT_NORMAL]);
	json_u64(j, "error", inc->exits[VIGIE_EXIT_ERROR]);
	json_u64(j, "signal", inc->exits[VIGIE_EXIT_SIGNAL]);
	json_close(j, '}');
	json_u64(j, "oom_kills", inc->oom_kills);
}

static void row_memory(struct json *j, const struct group_view *group)
{
	json_open(j, "memory", '{');
	json_u64(j, "rss", list_rss_bytes(group));
	json_u64(j, "anon", group->rss_bytes[VIGIE_RSS_ANON]);
	json_u64(j, "file", group->rss_bytes[VIGIE_RSS_FILE]);
	json_u64(j, "shmem", group->rss_bytes[VIGIE_RSS_SHMEM]);
	json_u64(j, "swap", group->rss_bytes[VIGIE_RSS_SWAP]);
	json_u64(j, "peak_rss", group->peak_bytes);
	json_close(j, '}');
}

/* Known only where a group is one process: null elsewhere, so that every row has them. */
static void row_identity(struct json *j, const struct view *view, const struct group_view *group)
{
	static const char *const names[] = { "pid", "ppid", "uid", "create_time",
					     "life_cpu_seconds" };
	unsigned int i;

	if (!group->pid) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			json_literal(j, names[i], "null");
		return;
	}
	json_u64(j, "pid", group->pid);
	json_u64(j, "ppid", group->ppid);
	json_u64(j, "uid", group->uid);
	json_seconds(j, "create_time", list_start_unix_ns(view, group));
	json_seconds(j, "life_cpu_seconds", group->life_cpu_ns);
}

static void json_row(struct json *j, const char *name, const struct view *view,
		     const struct group_view *group)
{
	json_open(j, name, '{');
	json_labels(j, view, group);
	row_identity(j, view, group);
	json_bool(j, "kernel", group->kernel);
	json_u64(j, "processes", group->processes);
	json_u64(j, "threads", group->threads);
	row_time(j, view, group);
	row_memory(j, group);
	row_counts(j, &group->inc);
	json_close(j, '}');
}

static void processes(struct json *j, const struct view *view, const struct list *list)
{
	size_t i;

	json_open(j, "processes", '[');
	for (i = 0; i < list->n; i++) {
		json_line(j);
		json_row(j, NULL, view, list->rows[i]);
	}
	json_close(j, ']');
	json_line(j);
	json_row(j, "other", view, &list->other);
	json_u64(j, "groups_in_other", list->cut);
}

/* --- Slow waits and kills. */

static void delays(struct json *j, const struct view *view, const struct list *list)
{
	size_t i;

	json_open(j, "delays", '[');
	for (i = 0; i < list->ndelays; i++) {
		json_line(j);
		json_open(j, NULL, '{');
		json_text(j, "victim", list->delays[i]->victim);
		json_text(j, "culprit", list->delays[i]->culprit);
		json_seconds(j, "wait_seconds", list->delays[i]->wait_inc_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_seconds(j, "delays_other_seconds", view->delay_other_inc_ns);
}

static void oom_kills(struct json *j, const struct view *view)
{
	size_t i;

	json_open(j, "oom_kills", '[');
	for (i = 0; i < view->nooms; i++) {
		const struct oom_view *oom = &view->ooms[i];

		json_line(j);
		json_open(j, NULL, '{');
		json_text(j, "victim", oom->victim);
		json_text(j, "victim_comm", oom->victim_comm);
		json_u64(j, "victim_pid", oom->victim_pid);
		json_u64(j, "victim_rss", oom->victim_bytes);
		json_text(j, "trigger", oom->trigger);
		json_text(j, "trigger_comm", oom->trigger_comm);
		json_u64(j, "trigger_pid", oom->trigger_pid);
		json_seconds(j, "monotonic_seconds", oom->time_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* --- The books, and what is missing from them. */

static void book(struct json *j, const char *mode, const struct cpu_split *split[3],
		 __u64 groups_ns, __u64 other_ns, bool system)
{
	static const char *const names[] = { "host_seconds", "retired_seconds",
					     "unattributed_seconds" };
	int i;

	json_open(j, mode, '{');
	for (i = 0; i < 3; i++)
		json_seconds(j, names[i], system ? split[i]->system_ns : split[i]->user_ns);
	json_seconds(j, "processes_seconds", groups_ns);
	json_seconds(j, "other_seconds", other_ns);
	json_close(j, '}');
}

/* As the model keeps them: the other here is without what --top cut away. */
static void books(struct json *j, const struct view *view)
{
	const struct cpu_split *split[3] = { &view->host_cpu, &view->retired_cpu,
					     &view->unattributed_cpu };
	__u64 user_ns = 0, system_ns = 0;
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		user_ns += view->groups[i].total.user_ns;
		system_ns += view->groups[i].total.system_ns;
	}
	json_open(j, "books", '{');
	book(j, "user", split, user_ns, view->other.total.user_ns, false);
	book(j, "system", split, system_ns, view->other.total.system_ns, true);
	json_close(j, '}');
}

static void losses(struct json *j, const struct view *view)
{
	unsigned int i;

	json_open(j, "losses", '{');
	for (i = 0; i < family_losses.ncells; i++)
		json_u64(j, family_losses.cells[i].label,
			 *(const __u64 *)((const char *)view + family_losses.cells[i].offset));
	json_close(j, '}');
	json_u64(j, "untracked_tasks", view->stat.untracked);
}

void json_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct json j = { .out = out };
	struct list list;
	int err = list_init(&list, view, options);

	if (err) {
		out->err = out->err ? out->err : err;
		return;
	}
	json_open(&j, NULL, '{');
	json_text(&j, "schema", "vigie.once/1");
	json_seconds(&j, "time", view->wall_ns);
	json_seconds(&j, "interval_seconds", view->interval_ns);
	json_text(&j, "sort", sort_key_name(options->sort));
	json_host(&j, view);
	json_line(&j);
	processes(&j, view, &list);
	json_line(&j);
	delays(&j, view, &list);
	json_line(&j);
	oom_kills(&j, view);
	json_line(&j);
	books(&j, view);
	json_line(&j);
	losses(&j, view);
	json_close(&j, '}');
	buf_char(out, '\n');
	list_done(&list);
}
