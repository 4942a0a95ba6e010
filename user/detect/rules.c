// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules.c - the table of all rules, and the manual made of it.
 *
 * Owns: names, words and ids, which never change, and which figure (quantity.h) a rule's
 * quantity is. The bounds in "decides" and "knobs" are
 * those of the constants in the file that decides; test_detect.c drives each of them.
 */
#include "detect/rules.h"

#include <string.h>

#include "detect/detect.h"
#include "detect/quantity.h"

/* clang-format off */
const struct rule rules[RULES] = {
	[RULE_OOM_KILL] = {
		.id = "oom-kill", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50601", .version = 1,
		.severity = SEVERITY_CRITICAL, .title = "was killed for lack of memory",
		.quantity = "resident_memory", .unit = "bytes", .figure = figure_killed,
		.watches = "`oom:mark_victim`: victim, trigger, size",
		.decides = "each kill is a finding; culprit: who holds most anonymous memory in the "
			   "victim's cgroup, or on the host",
		.knobs = "none",
		.remedy = "Raise the limit of the cgroup (memory.max), give the culprit less, or find "
			  "its leak: the incident's recording has the minutes before." },
	[RULE_STARVATION] = {
		.id = "run-queue-starvation", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50602",
		.version = 1, .severity = SEVERITY_ERROR, .title = "cannot get a CPU",
		.quantity = "run_queue_wait_ratio", .unit = "ratio", .figure = figure_wait_ratio,
		.watches = "run-queue wait and CPU time of each process older than 10 s; who ran "
			   "before each slow wait ended",
		.decides = "waits at least half of the time in which it wants to run, and 20 % of all "
			   "time, for 10 s, and others are to blame for most of it: warning, from 90 % on "
			   "error. Where it waits for its own kind (the same name), or for its quota, or its "
			   "kind uses more CPU than those who are to blame (those must use 0.75 times as "
			   "much), it is information only",
		.knobs = "`--slow-wait`: from which length on a wait is blamed on somebody",
		.remedy = "Give it a larger share (cpu.weight), pin the culprit elsewhere (cpuset), or "
			  "limit it (cpu.max)." },
	[RULE_MEMORY_STALL] = {
		.id = "memory-stall", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50603", .version = 1,
		.severity = SEVERITY_ERROR, .title = "stalls for memory",
		.quantity = "memory_stall_ratio", .unit = "ratio", .figure = figure_stall,
		.watches = "time in reclaim and compaction, time off the CPU for memory, major faults "
			   "of a cgroup at its limit",
		.decides = "20 % of the time of a process for 10 s: warning, from 60 % on error; or 100 "
			   "major faults a second and 20 % waiting for them, with its cgroup's memory "
			   "(or the host's) within 5 % of the limit",
		.knobs = "none",
		.remedy = "Raise memory.max (or memory.high) of its cgroup, or move what ate the memory "
			  "away: see the culprits." },
	[RULE_THROTTLED] = {
		.id = "cpu-throttled", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50604", .version = 1,
		.severity = SEVERITY_WARNING, .title = "is throttled by its CPU limit",
		.quantity = "throttled_ratio", .unit = "ratio", .figure = figure_throttled,
		.watches = "`cpu.stat` of cgroups with a CPU limit",
		.decides = "throttled in half of its periods and for a quarter of the time, for 10 s",
		.knobs = "none",
		.remedy = "Raise cpu.max, or use fewer threads than the quota has CPUs: the quota is "
			  "used up early in each period." },
	[RULE_FORK_STORM] = {
		.id = "fork-storm", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50605", .version = 1,
		.severity = SEVERITY_WARNING, .title = "floods the host with new processes or threads",
		.quantity = "forks", .unit = "1/s", .figure = figure_forks,
		.watches = "`/proc/stat` processes, which counts threads, too; starts of both by group",
		.decides = "1 000 forks a second (or 300 a CPU, if that is more) and ten times what is "
			   "usual here, for 5 s; it says whether they are processes or threads; "
			   "culprit: the group with most starts, and of processes their parent",
		.knobs = "none",
		.remedy = "Stop the parent, or the program that makes a thread for each task instead of "
			  "a pool; bound it with pids.max, or TasksMax= of its unit: both count." },
	[RULE_RUNAWAY] = {
		.id = "runaway-cpu", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50606", .version = 1,
		.severity = SEVERITY_WARNING, .title = "burns CPU without visible work",
		.quantity = "cpu", .unit = "1", .figure = figure_runaway,
		.watches = "CPU time, bytes read and written (cached or not), faults and voluntary "
			   "switches of each process",
		.decides = "one core or more wanted for 20 s without a break, and in all that time "
			   "hardly a byte read or written, no faults, no sleep: less than 4 KiB, 50 faults and "
			   "20 switches a second",
		.knobs = "a verdict: number crunchers look like that, too",
		.remedy = "See where it is with perf or a profiling session; if it is meant to compute, "
			  "call the pattern benign." },
	[RULE_SWAP_STORM] = {
		.id = "swap-storm", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50607", .version = 1,
		.severity = SEVERITY_ERROR, .title = "swaps in and out at once",
		.quantity = "swapped", .unit = "bytes", .figure = figure_swapped,
		.watches = "`/proc/vmstat` pswpin, pswpout",
		.decides = "4 MiB a second in and out each, for 10 s; culprit: who holds most "
			   "anonymous memory",
		.knobs = "none",
		.remedy = "The working sets do not fit: move one away, or add memory." },
	[RULE_CRASH_LOOP] = {
		.id = "crash-loop", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50608", .version = 1,
		.severity = SEVERITY_WARNING, .title = "keeps crashing and being restarted",
		.quantity = "failed_exits", .unit = "1", .figure = figure_failed_exits,
		.watches = "starts and exits of each group, by kind",
		.decides = "within a minute, not all within 10 s, 3 ends by signal, or 5 with an "
			   "error, each followed by a start, four fifths of all its ends, by processes that lived 0.2 s on average "
			   "or longer (a tool that says no ends sooner)",
		.knobs = "none",
		.remedy = "Read its own log; a restart delay (RestartSec=) keeps it from harming others." },
	[RULE_SELF_LOSS] = {
		.id = "self-loss", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f50609", .version = 1,
		.severity = SEVERITY_WARNING, .title = "vigie lost what it should have counted",
		.quantity = "losses", .unit = "1", .figure = figure_losses,
		.watches = "vigie's own counts of losses, by cause",
		.decides = "any growth of those that cost data: no state for a task, a full ring, an "
			   "unreadable record",
		.knobs = "none",
		.remedy = "vigie_self_losses_total has the cause; docs/metrics.md what it means." },
	[RULE_GROWTH] = {
		.id = "memory-growth", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060a", .version = 1,
		.severity = SEVERITY_ERROR, .title = "grows without end",
		.quantity = "resident_anonymous_memory", .unit = "bytes", .figure = figure_growth,
		.watches = "resident anonymous memory of each group, the lowest of each moment",
		.decides = "fast: steady growth for 15 s that ends at the limit (its cgroup's, else the "
			   "host's) within 20 minutes: warning, within 2 minutes error. Slow: steady "
			   "growth for 5 to 10 minutes, by 5 % and 16 MiB, without slowing down. Steady: "
			   "every third of the time is higher than the one before, and the second half "
			   "grows about as fast as the first (fast: 0.95, slow: 0.8 times), and it is higher "
			   "than it ever was: by half of what it fell back by, if it did. What levels off, or falls back "
			   "like a collected heap, is none",
		.knobs = "a verdict",
		.remedy = "Restart it before the time given; the recording has the curve; a heap "
			  "profiler finds the place." },
	[RULE_DEPARTURE_CPU] = {
		.id = "departure-cpu", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060b", .version = 1,
		.severity = SEVERITY_INFO, .title = "uses CPU unlike it used to",
		.quantity = "cpu", .unit = "1", .figure = figure_departure_cpu,
		.watches = "CPU time of each group, by 30 s",
		.decides = "the learned detector (docs/detector.md), and a change of a fifth of a core",
		.knobs = "none", .remedy = "A lead, not an alarm: look at what else changed then." },
	[RULE_DEPARTURE_WAIT] = {
		.id = "departure-wait", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060c", .version = 1,
		.severity = SEVERITY_INFO, .title = "waits for a CPU unlike it used to",
		.quantity = "run_queue_wait", .unit = "seconds", .figure = figure_departure_wait,
		.watches = "mean length of a run-queue wait of each group, by 30 s",
		.decides = "the learned detector, and a change of 2 ms",
		.knobs = "none", .remedy = "A lead: who got busy then? See vigie_delay_seconds." },
	[RULE_DEPARTURE_MEMORY] = {
		.id = "departure-memory", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060d",
		.version = 1, .severity = SEVERITY_INFO, .title = "holds memory unlike it used to",
		.quantity = "resident_memory", .unit = "bytes", .figure = figure_departure_memory,
		.watches = "resident memory of each group, by 30 s",
		.decides = "the learned detector, and a change of 64 MiB",
		.knobs = "none", .remedy = "A lead: a new load, a new version, or a leak that begins." },
	[RULE_DEPARTURE_FAULTS] = {
		.id = "departure-faults", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060e",
		.version = 1, .severity = SEVERITY_INFO, .title = "faults unlike it used to",
		.quantity = "page_faults", .unit = "1/s", .figure = figure_departure_faults,
		.watches = "page faults of each group, by 30 s",
		.decides = "the learned detector, and a change of 2 000 a second",
		.knobs = "none", .remedy = "A lead: memory is taken and given back, or read anew." },
	[RULE_DEPARTURE_SWITCHES] = {
		.id = "departure-switches", .message_id = "0f3c1f6b7a0e4a55b6a1d2c3e4f5060f",
		.version = 1, .severity = SEVERITY_INFO, .title = "switches unlike it used to",
		.quantity = "context_switches", .unit = "1/s", .figure = figure_departure_switches,
		.watches = "context switches of each group, by 30 s",
		.decides = "the learned detector, and a change of 2 000 a second",
		.knobs = "none", .remedy = "A lead: other traffic, or threads that quarrel for a lock." },
};
/* clang-format on */

const struct rule *detect_rules(size_t *ret_n)
{
	*ret_n = RULES;
	return rules;
}

const struct rule *detect_rule_by_id(const char *id)
{
	size_t i;

	for (i = 0; i < RULES; i++)
		if (!strcmp(rules[i].id, id))
			return &rules[i];
	return NULL;
}

static const char intro[] =
	"<!-- Generated from user/detect/rules.c: edit that, then run `make docs`. -->\n"
	"\n"
	"# Rules\n"
	"\n"
	"What vigie calls a finding, and why. A *certain* rule has a fixed bound; a *learned* one\n"
	"compares a group with its own past and only ever gives a lead (information): unusual is\n"
	"not harmful. A finding begins when its condition has held for as long as the rule says,\n"
	"is updated every 30 s at most, and ends when the condition has been gone for a while. A\n"
	"repeat within 10 minutes is the same finding. At most 20 begin in a minute; what is\n"
	"suppressed is counted. `vigie verdict` silences a pattern: the rule with that unit and\n"
	"name, whatever its pid.\n";

void rules_doc_encode(struct buf *out)
{
	int i;

	buf_str(out, intro);
	for (i = 0; i < RULES; i++) {
		const struct rule *r = &rules[i];

		buf_printf(out, "\n## %s\n\n… %s. Version %u, severity up to %s.\n\n", r->id,
			   r->title, r->version, severity_name(r->severity));
		buf_printf(out, "* **Watches** %s.\n", r->watches);
		buf_printf(out, "* **Decides** %s.\n", r->decides);
		buf_printf(out, "* **Observed** is `%s`, in %s. **Knobs**: %s.\n", r->quantity,
			   r->unit, r->knobs);
		buf_printf(out, "* **What to do**: %s\n", r->remedy);
		buf_printf(out, "* journald `MESSAGE_ID=%s`\n", r->message_id);
	}
}
