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
#include "export/json_units.h"
#include "export/json_view.h"
#include "export/row.h"

/* --- Rows. */

struct row_of {
	const struct view *view;
	const struct group_view *group;
	const struct row_layout *layout;
};

static void json_labels(struct json *j, const struct view *view, const struct group_view *group)
{
	unsigned int i;

	json_open(j, "labels", '{');
	for (i = 0; i < view->nkeys; i++)
		json_text(j, group_key_name(view->keys[i]), group->label[i]);
	json_close(j, '}');
}

/* --- What is no sample of the group but made of them. */

static void histogram(struct json *j, const char *name, const struct row *row,
		      const struct row_of *of)
{
	int i;

	if (of->view->shed & VIGIE_SHED_HISTOGRAMS) {
		json_literal(j, name, "null");
		return;
	}
	json_open(j, name, '[');
	for (i = 0; i < VIGIE_BUCKETS; i++) {
		json_open(j, NULL, '{');
		json_literal(j, "le", i < VIGIE_BUCKETS - 1 ? family_le[i] : "null");
		json_u64(j, "count", row->wait_counts[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void cpu_percent(struct json *j, const char *name, const struct row *row,
			const struct row_of *of)
{
	(void)row;
	json_tenths(j, name, list_permille(list_cpu_ns(of->group), of->view->interval_ns));
}

static void rss(struct json *j, const char *name, const struct row *row, const struct row_of *of)
{
	(void)row;
	json_u64(j, name, list_rss_bytes(of->group));
}

/* Members in the order of the document; neighbours of one object are in that object. */
static const struct json_member {
	const char *object, *name; /* object NULL: the row itself */
	struct row_cell cell;
	void (*put)(struct json *j, const char *name, const struct row *row,
		    const struct row_of *of);
} members[] = {
	{ NULL, "processes", { "processes", NULL }, NULL },
	{ NULL, "threads", { "threads", NULL }, NULL },
	{ "cpu_seconds", "user", { "cpu_seconds", "user" }, NULL },
	{ "cpu_seconds", "system", { "cpu_seconds", "system" }, NULL },
	{ NULL, "cpu_percent", { NULL, NULL }, cpu_percent },
	{ NULL, "run_queue_wait_seconds", { "run_queue_wait_seconds", NULL }, NULL },
	{ NULL, "run_queue_wait_histogram", { NULL, NULL }, histogram },
	{ "off_cpu_seconds", "sleep", { "off_cpu_seconds", "sleep" }, NULL },
	{ "off_cpu_seconds", "disk", { "off_cpu_seconds", "disk" }, NULL },
	{ "off_cpu_seconds", "memory", { "off_cpu_seconds", "memory" }, NULL },
	{ "off_cpu_seconds", "uninterruptible", { "off_cpu_seconds", "uninterruptible" }, NULL },
	{ "memory_stall_seconds", "reclaim", { "memory_stall_seconds", "reclaim" }, NULL },
	{ "memory_stall_seconds",
	  "cgroup_reclaim",
	  { "memory_stall_seconds", "cgroup_reclaim" },
	  NULL },
	{ "memory_stall_seconds", "compaction", { "memory_stall_seconds", "compaction" }, NULL },
	{ "memory", "rss", { NULL, NULL }, rss },
	{ "memory", "anon", { "resident_memory_bytes", "anon" }, NULL },
	{ "memory", "file", { "resident_memory_bytes", "file" }, NULL },
	{ "memory", "shmem", { "resident_memory_bytes", "shmem" }, NULL },
	{ "memory", "hugetlb", { "resident_memory_bytes", "hugetlb" }, NULL },
	{ "memory", "swap", { "swap_bytes", NULL }, NULL },
	{ "memory", "peak_rss", { "resident_memory_peak_bytes", NULL }, NULL },
	{ "ctx_switches", "voluntary", { "context_switches", "voluntary" }, NULL },
	{ "ctx_switches", "involuntary", { "context_switches", "involuntary" }, NULL },
	{ NULL, "migrations", { "migrations", NULL }, NULL },
	{ "page_faults", "minor", { "page_faults", "minor" }, NULL },
	{ "page_faults", "major", { "page_faults", "major" }, NULL },
	{ "io", "read_bytes", { "read_bytes", NULL }, NULL },
	{ "io", "write_bytes", { "written_bytes", NULL }, NULL },
	{ "io", "read_chars", { "read_chars", NULL }, NULL },
	{ "io", "write_chars", { "written_chars", NULL }, NULL },
	{ NULL, "starts", { "starts", NULL }, NULL },
	{ NULL, "thread_starts", { "thread_starts", NULL }, NULL },
	{ "exits", "normal", { "exits", "normal" }, NULL },
	{ "exits", "error", { "exits", "error" }, NULL },
	{ "exits", "signal", { "exits", "signal" }, NULL },
	{ NULL, "oom_kills", { "oom_kills", NULL }, NULL },
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };
_Static_assert((int)MEMBERS <= (int)ROW_CELLS_MAX, "a row has no room for all members");

static void json_value(struct json *j, const struct row *row, const struct row_of *of,
		       unsigned int i)
{
	const struct json_member *m = &members[i];

	if (m->put)
		m->put(j, m->name, row, of);
	else if (row_is_shed(row->layout, i, of->view))
		json_literal(j, m->name, "null");
	else if (row_kind(row->layout, i) == FAMILY_SECONDS)
		json_seconds(j, m->name, row->values[i]);
	else
		json_u64(j, m->name, row->values[i]);
}

static bool same_object(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void json_values(struct json *j, const struct row_of *of)
{
	const char *object = NULL;
	struct row row;
	unsigned int i;

	row_fill(&row, of->layout, of->group);
	for (i = 0; i < MEMBERS; i++) {
		if (!same_object(members[i].object, object)) {
			if (object)
				json_close(j, '}');
			if (members[i].object)
				json_open(j, members[i].object, '{');
		}
		object = members[i].object;
		json_value(j, &row, of, i);
	}
	if (object)
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

static void json_row(struct json *j, const char *name, const struct row_of *of)
{
	json_open(j, name, '{');
	json_labels(j, of->view, of->group);
	row_identity(j, of->view, of->group);
	json_bool(j, "kernel", of->group->kernel);
	json_values(j, of);
	json_close(j, '}');
}

static int processes(struct json *j, const struct view *view, const struct list *list)
{
	struct row_layout layout = { 0 };
	struct row_of of = { .view = view, .layout = &layout };
	size_t i;
	int err = 0;

	for (i = 0; i < MEMBERS && !err; i++)
		err = row_layout_add(&layout, &members[i].cell);
	if (err)
		return err;
	json_open(j, "processes", '[');
	for (i = 0; i < list->n; i++) {
		json_line(j);
		of.group = list->rows[i];
		json_row(j, NULL, &of);
	}
	json_close(j, ']');
	json_line(j);
	of.group = &list->other;
	json_row(j, "other", &of);
	json_u64(j, "groups_in_other", list->cut);
	return 0;
}

/* --- Slow waits and kills. */

static void delays(struct json *j, const struct view *view, const struct list *list)
{
	size_t i;

	if (view->shed & VIGIE_SHED_CULPRITS) {
		json_literal(j, "delays", "null");
		json_literal(j, "delays_other_seconds", "null");
		return;
	}
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

/* What is null above because nobody looked. */
static void shed(struct json *j, const struct view *view)
{
	static const char *const names[] = { SELF_SHED_TABLE(SELF_LABEL) };
	unsigned int i;

	json_open(j, "shed", '[');
	for (i = 0; i < SELF_SHED_INTERVAL; i++)
		if (view->shed >> i & 1)
			json_text(j, NULL, names[i]);
	json_close(j, ']');
}

void json_view(struct json *j, const struct view *view, const struct list_options *options)
{
	struct buf *out = j->out;
	struct list list;
	int err = list_init(&list, view, options);

	if (err) {
		out->err = out->err ? out->err : err;
		return;
	}
	json_seconds(j, "time", view->wall_ns);
	json_seconds(j, "interval_seconds", view->interval_ns);
	json_text(j, "sort", sort_key_name(options->sort));
	json_host(j, view);
	json_line(j);
	err = processes(j, view, &list);
	json_line(j);
	json_units(j, view);
	json_line(j);
	delays(j, view, &list);
	json_line(j);
	oom_kills(j, view);
	json_line(j);
	books(j, view);
	json_line(j);
	losses(j, view);
	shed(j, view);
	if (err && !out->err)
		out->err = err;
	list_done(&list);
}

void json_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "vigie.once/1");
	json_view(&j, view, options);
	json_close(&j, '}');
	buf_char(out, '\n');
}
