// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics_doc.c - docs/metrics.md out of the table that the page is drawn from.
 *
 * Owns: the manual's wording around the table. Not here: anything about a single family
 * (families.c).
 */
#include "export/encode.h"

#include <string.h>

#include "export/families.h"

static const char intro[] =
	"<!-- Generated from user/export/families.c: edit that, then run `make docs`. -->\n"
	"\n"
	"# Metrics\n"
	"\n"
	"`vigie serve` exposes these families at `/metrics`, in OpenMetrics 1.0 or in Prometheus\n"
	"text 0.0.4, whichever the scraper prefers. The sample names are the same in both. "
	"Durations\n"
	"are exact decimals of nanoseconds, never rounded through a float.\n"
	"\n"
	"- **Group labels.** Each `vigie_process_*` sample carries the labels of its group: "
	"`unit`\n"
	"  and `comm`, or what `--group-by` names. A process belongs to exactly one group, so "
	"every\n"
	"  sum over a label is exact. What has no series of its own is in the group whose "
	"labels are\n"
	"  all `" GROUP_OTHER "`, which is always there.\n"
	"  Kernel threads that do next to nothing (a thousandth of the host's CPU time, memory and "
	"waiting) share\n"
	"  `unit=\"(kernel)\"`, `comm=\"" GROUP_KERNEL_REST "\"`; one that does more has its own.\n"
	"- **Counters start at 0 when vigie starts** and never run backwards. Counters of the "
	"host\n"
	"  that say \"since boot\" are the kernel's own.\n"
	"- **A series may begin above 0.** Who gets a place on the page, newcomer or large, has it "
	"with what\n"
	"  its last interval brought. The value is right, but `rate()` does not see a series' first "
	"one: a sum\n"
	"  of `rate()` over all series misses that much.\n"
	"- **The books balance** at every scrape, for each `mode`: the sum of\n"
	"  `vigie_process_cpu_seconds_total`, plus `vigie_retired_cpu_seconds_total`, plus\n"
	"  `vigie_unattributed_cpu_seconds_total`, is `vigie_host_cpu_seconds_total`, exactly.\n"
	"- **Histograms** have the bounds";
static const char columns[] =
	"\n"
	"| sample | type | unit | labels | what | kernel source | cost | error | kernels |\n"
	"|---|---|---|---|---|---|---|---|---|\n";
static const char outro[] =
	"\n"
	"## Causes of loss\n"
	"\n"
	"| `cause` of `vigie_self_losses_total` | what it means | what it costs |\n"
	"|---|---|---|\n"
	"| `state_alloc` | no memory for the state of a new task | "
	"it is tried again at the first snapshot |\n"
	"| `state_missing` | a switch of a task without state | that switch is in no histogram |\n"
	"| `retired_full` | the table of the dead was full | "
	"the totals of a task are in the other group |\n"
	"| `retired_stateless` | a task died without state | "
	"its last use of the CPU is unattributed |\n"
	"| `delay_cells_full` | no free cell for a pair | "
	"that wait, or what a smaller pair had not handed out, is in the other pair |\n"
	"| `ring_full` | an OOM or cgroup event found no room | its details; the counters hold |\n"
	"| `clock_backwards` | a time off the CPU came out negative | it was taken as zero |\n"
	"| `wakeup_missed` | the wakeup of a sleeper that was moved was not seen | "
	"all of its wait counts as sleep |\n"
	"| `run_missed` | a probe did not run, as the same one was under way on that CPU: where "
	"tracepoints can be preempted (7.x, PREEMPT_RT); by program: "
	"`vigie_self_probe_runs_missed_total` | "
	"of `on_newtask` the switches until the next snapshot, which finds the task; of `on_exit` "
	"that moment's name and peak; of `on_free` the last use of a task, in "
	"`vigie_self_unfreed_tasks` |\n"
	"| `shed` | a switch while part of the probe was off, as vigie cost more than it may: "
	"`vigie_self_shed` | what was off has not counted it; CPU time, run-queue wait and the totals "
	"of the dead have |\n"
	"| `tasks_full` | a task began when as many had a state as `--max-memory` leaves room for | "
	"until there is room it is in no list; as it ends, or gets a state, all that it used is "
	"counted, without its off-CPU time and its waits one by one |\n"
	"| `record_unreadable` | a record of the iterator was unreadable | its increments |\n"
	"| `cgroup_unnamed` | a cgroup was gone before it was read | its unit shows an id |\n";

static const char *type_name(enum family_type type)
{
	static const char *const names[] = {
		[FAMILY_COUNTER] = "counter",
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_HISTOGRAM] = "histogram",
		[FAMILY_INFO] = "info",
	};

	return names[type];
}

static bool of_groups(const struct family *family)
{
	return family->shape == FAMILY_OF_GROUPS || family->shape == FAMILY_GROUP_HISTOGRAM ||
	       family->shape == FAMILY_START_TIME;
}

static void label_column(struct buf *out, const struct family *family)
{
	unsigned int i;

	if (family->shape == FAMILY_OF_UNITS)
		buf_str(out, family->label ? "`unit`, " : "`unit`");
	if (of_groups(family))
		buf_str(out, family->label ? "group's, " : "group's");
	if (family->label) {
		buf_printf(out, "`%s`=", family->label);
		for (i = 0; i < family->ncells; i++)
			buf_printf(out, "%s%s", i ? ", " : "", family->cells[i].label);
		if (family->second_label)
			buf_printf(out, ", `%s`", family->second_label);
	} else if (family->labels) {
		buf_str(out, family->labels);
	} else if (!of_groups(family) && family->shape != FAMILY_OF_UNITS) {
		buf_char(out, '-');
	}
}

static void family_row(struct buf *out, const struct family *family)
{
	buf_printf(out, "| `%s%s` | %s | %s | ", family->name, family_suffix(family),
		   type_name(family->type), family->unit ? family->unit : "-");
	label_column(out, family);
	buf_printf(out, " | %s | %s | %s | %s | %s |\n", family->help, family->source, family->cost,
		   family->error, family->kernels);
}

static bool is_process(const struct family *family)
{
	return of_groups(family) || family->shape == FAMILY_DELAYS ||
	       family->shape == FAMILY_UNITS || family->shape == FAMILY_OF_UNITS ||
	       family->shape == FAMILY_SLICES;
}

enum chapter { CHAPTER_PROCESSES, CHAPTER_HOST, CHAPTER_SELF };

static void chapter(struct buf *out, const char *title, enum chapter which)
{
	unsigned int i;

	buf_printf(out, "\n## %s\n", title);
	buf_str(out, columns);
	for (i = 0; i < nfamilies; i++) {
		enum chapter of = families[i].self	     ? CHAPTER_SELF
				  : is_process(&families[i]) ? CHAPTER_PROCESSES
							     : CHAPTER_HOST;

		if (of == which && !families[i].list_only)
			family_row(out, &families[i]);
	}
}

void metrics_doc_encode(struct buf *out)
{
	int i;

	buf_str(out, intro);
	for (i = 0; i < VIGIE_BUCKETS; i++)
		buf_printf(out, "%s `%s`", i ? "," : "", family_le[i]);
	buf_str(out,
		"\n  (seconds; powers of four from one microsecond). A group's begins with its first "
		"wait:\n  while it is empty, it is left out. All other families have their zeros, so "
		"that `rate()`\n  sees the first of what is rare.\n"
		"- **What is shed is absent.** Where vigie costs more than `--max-overhead`, the culprits of "
		"slow waits, then\n  the histograms, then off-CPU time go, and their families with them; "
		"back again, counters go on from where\n  they were. A histogram's `_sum` is the kernel's "
		"own and has the waits of that time, its buckets have not.\n"
		"- `kernels` is the oldest kernel that gives the field; `vigie doctor` says what "
		"this one gives,\n  `vigie_self_missing` what it does not.\n");
	chapter(out, "Processes", CHAPTER_PROCESSES);
	chapter(out, "The host, and the books", CHAPTER_HOST);
	chapter(out, "vigie itself", CHAPTER_SELF);
	buf_str(out, outro);
}
