// SPDX-License-Identifier: GPL-2.0-only
/*
 * families.c - the table of all metric families.
 *
 * Owns: names, types, units, help and provenance. A new metric is a new entry here: its
 * pages and the manual follow; lists (json.c, csv.c) name what they show. Counters of the writer,
 * the profiler and the namer are lines of data/self.h. Not here: any syntax (openmetrics.c), the
 * samples (samples.c), figures that are made of others (derived.c).
 */
#include "export/families.h"

#include <stddef.h>

#include "export/family_words.h"

const char *const family_le[VIGIE_BUCKETS] = {
	"1e-06",    "4e-06",	"1.6e-05",  "6.4e-05",	"0.000256", "0.001024",
	"0.004096", "0.016384", "0.065536", "0.262144", "1.048576", "+Inf",
};

static const struct family_cell group_cpu[] = {
	{ "user", G(total.user_ns) },
	{ "system", G(total.system_ns) },
};
static const struct family_cell group_off[] = {
	{ "sleep", G(total.off_ns[VIGIE_OFF_SLEEP]) },
	{ "disk", G(total.off_ns[VIGIE_OFF_DISK]) },
	{ "memory", G(total.off_ns[VIGIE_OFF_MEMORY]) },
	{ "uninterruptible", G(total.off_ns[VIGIE_OFF_UNINTERRUPTIBLE]) },
};
static const struct family_cell group_switches[] = {
	{ "voluntary", G(total.voluntary_switches) },
	{ "involuntary", G(total.involuntary_switches) },
};
static const struct family_cell group_faults[] = {
	{ "minor", G(total.minor_faults) },
	{ "major", G(total.major_faults) },
};
static const struct family_cell group_rss[] = {
	{ "anon", G(rss_bytes[VIGIE_RSS_ANON]) },
	{ "file", G(rss_bytes[VIGIE_RSS_FILE]) },
	{ "shmem", G(rss_bytes[VIGIE_RSS_SHMEM]) },
	{ "hugetlb", G(rss_bytes[VIGIE_RSS_HUGETLB]) },
};
static const struct family_cell group_stall[] = {
	{ "reclaim", G(total.stall_ns[VIGIE_STALL_RECLAIM]) },
	{ "cgroup_reclaim", G(total.stall_ns[VIGIE_STALL_CGROUP_RECLAIM]) },
	{ "compaction", G(total.stall_ns[VIGIE_STALL_COMPACTION]) },
};
static const struct family_cell group_exits[] = {
	{ "normal", G(total.exits[VIGIE_EXIT_NORMAL]) },
	{ "error", G(total.exits[VIGIE_EXIT_ERROR]) },
	{ "signal", G(total.exits[VIGIE_EXIT_SIGNAL]) },
};
static const struct family_cell unit_memory[] = {
	{ "anon", U(memory[UNIT_ANON]) },     { "file", U(memory[UNIT_FILE]) },
	{ "shmem", U(memory[UNIT_SHMEM]) },   { "kernel", U(memory[UNIT_KERNEL]) },
	{ "socket", U(memory[UNIT_SOCKET]) }, { "hugetlb", U(memory[UNIT_HUGETLB]) },
};
static const struct family_cell unit_pressure[] = {
	{ "cpu", U(pressure_ns[PSI_CPU][PSI_SOME]) },
	{ "cpu", U(pressure_ns[PSI_CPU][PSI_FULL]) },
	{ "memory", U(pressure_ns[PSI_MEMORY][PSI_SOME]) },
	{ "memory", U(pressure_ns[PSI_MEMORY][PSI_FULL]) },
	{ "io", U(pressure_ns[PSI_IO][PSI_SOME]) },
	{ "io", U(pressure_ns[PSI_IO][PSI_FULL]) },
};
/* That nobody gets a CPU is not said of a host: its full is 0 where there is one. */
static const struct family_cell host_pressure[] = {
	{ "cpu", V(host.pressure_ns[PSI_CPU][PSI_SOME]) },
	{ "memory", V(host.pressure_ns[PSI_MEMORY][PSI_SOME]) },
	{ "memory", V(host.pressure_ns[PSI_MEMORY][PSI_FULL]) },
	{ "io", V(host.pressure_ns[PSI_IO][PSI_SOME]) },
	{ "io", V(host.pressure_ns[PSI_IO][PSI_FULL]) },
};
static const char *const unit_stalls[] = { "some", "full", "some", "full", "some", "full" };
static const char *const host_stalls[] = { "some", "some", "full", "some", "full" };
static const struct family_cell host_cpu[] = {
	{ "user", V(host_cpu.user_ns) },
	{ "system", V(host_cpu.system_ns) },
};
static const struct family_cell host_idle[] = {
	{ "idle", V(host.cpu.idle_ns) },
	{ "iowait", V(host.cpu.iowait_ns) },
};
static const struct family_cell retired_cpu[] = {
	{ "user", V(retired_cpu.user_ns) },
	{ "system", V(retired_cpu.system_ns) },
};
static const struct family_cell unattributed_cpu[] = {
	{ "user", V(unattributed_cpu.user_ns) },
	{ "system", V(unattributed_cpu.system_ns) },
};
static const struct family_cell host_memory[] = {
	{ "used", D(memory_used) },
	{ "available", D(memory_available) },
};
static const struct family_cell host_swap[] = {
	{ "used", D(swap_used) },
	{ "free", D(swap_free) },
};
static const struct family_cell host_tasks[] = {
	{ "running", D(running) },
	{ "blocked", D(blocked) },
};
static const struct family_cell losses[] = {
	{ "state_alloc", V(stat.loss[VIGIE_LOSS_STATE_ALLOC]) },
	{ "state_missing", V(stat.loss[VIGIE_LOSS_STATE_MISSING]) },
	{ "retired_full", V(stat.loss[VIGIE_LOSS_RETIRED_FULL]) },
	{ "retired_stateless", V(stat.loss[VIGIE_LOSS_RETIRED_STATELESS]) },
	{ "delay_cells_full", V(stat.loss[VIGIE_LOSS_DELAY_FULL]) },
	{ "ring_full", V(stat.loss[VIGIE_LOSS_RING_FULL]) },
	{ "clock_backwards", V(stat.loss[VIGIE_LOSS_CLOCK_BACKWARDS]) },
	{ "wakeup_missed", V(stat.loss[VIGIE_LOSS_WAKEUP_MISSED]) },
	{ "run_missed", V(stat.loss[VIGIE_LOSS_RUN_MISSED]) },
	{ "shed", V(stat.loss[VIGIE_LOSS_SHED]) },
	{ "tasks_full", V(stat.loss[VIGIE_LOSS_TASKS_FULL]) },
	{ "record_unreadable", V(stat.lost_records) },
	{ "cgroup_unnamed", V(stat.cgroups_unnamed) },
};
_Static_assert(sizeof(losses) / sizeof(losses[0]) == VIGIE_LOSSES + 2, "a loss has no label");
/* Causes and outcomes come with their labels (data/self.h): none can be without. */
#define LOSS_CELL(value, label) { label, S(writer.entries_lost[value]) },
#define OUTCOME_CELL(value, label) { label, S(profiler.captures[value]) },
#define LOOKUP_CELL(value, label) { label, S(namer.lookups[value]) },
#define DENIAL_CELL(value, label) { label, S(web.denied[value]) },
#define OVERHEAD_CELL(value, label) { label, S(budget.overhead_ppb[value]) },
#define SHED_CELL(value, label) { label, S(budget.shed[value]) },
#define SHED_NS_CELL(value, label) { label, S(budget.shed_ns[value]) },
/* clang-format off */
static const struct family_cell writer_entries_lost[] = { WRITER_LOSS_TABLE(LOSS_CELL) };
static const struct family_cell profiler_captures[] = { PROFILER_OUTCOME_TABLE(OUTCOME_CELL) };
static const struct family_cell namer_lookups[] = { NAMER_OUTCOME_TABLE(LOOKUP_CELL) };
static const struct family_cell web_denied[] = { HTTP_DENIAL_TABLE(DENIAL_CELL) };
static const struct family_cell overhead[] = { SELF_OVERHEAD_TABLE(OVERHEAD_CELL) };
static const struct family_cell shed[] = { SELF_SHED_TABLE(SHED_CELL) };
static const struct family_cell shed_ns[] = { SELF_SHED_TABLE(SHED_NS_CELL) };

/* A line of data/self.h as a family. of: whose, by the name of its struct in self_view. */
#define SELF_ONE(of, member, metric, type, unit, text, from) \
	{ .name = metric, type, OF_SELF, unit, .help = text, \
	  ONE(S(of.member)), FROM_SELF(from) },
#define SELF_EACH(of, member, n, metric, by, type, unit, text, from) \
	{ .name = metric, type, OF_SELF, unit, .label = by, .help = text, \
	  ARRAY(of##_##member), FROM_SELF(from) },
/* clang-format on */
static const struct family_cell log_events[] = {
	{ "debug", S(events[SEVERITY_DEBUG]) },	      { "info", S(events[SEVERITY_INFO]) },
	{ "warning", S(events[SEVERITY_WARNING]) },   { "error", S(events[SEVERITY_ERROR]) },
	{ "critical", S(events[SEVERITY_CRITICAL]) },
};
static const struct family_cell seen[] = {
	{ "fork", V(stat.forks) },
	{ "process_start", V(stat.process_starts) },
	{ "process_exit", V(stat.process_exits) },
	{ "task_free", V(stat.frees) },
	{ "slow_wait", V(stat.slow_waits) },
};

/* Laid out by hand: a family should be seen at one glance. */
/* clang-format off */
const struct family families[] = {
	/* --- Processes, by group. */
	{ .name = "vigie_process_cpu_seconds", COUNTER, OF_GROUPS, SECONDS, .label = "mode",
	  .help = "CPU time used since vigie started, the dead included.",
	  ARRAY(group_cpu),
	  FROM_TASK("`sum_exec_runtime`, split as `utime` to `stime`; at exit kept in the kernel",
		    "sum exact; the split as exact as `/proc/PID/stat`") },
	{ .name = "vigie_process_run_queue_wait_seconds", HISTOGRAM, SECONDS,
	  .shape = FAMILY_GROUP_HISTOGRAM,
	  .help = "Time spent runnable but waiting for a CPU, by length of each wait; "
		  "preemption counts as a wait.",
	  .shed = VIGIE_SHED_HISTOGRAMS,
	  FROM_SWITCH("growth of `sched_info.run_delay` between two switches, less the sleep that "
		      "kernels from 6.12 on count in it; the wait under way is in the sum",
		      "exact to the kernel's rq clock") },
	{ .name = "vigie_process_off_cpu_seconds", COUNTER, OF_GROUPS, SECONDS, .label = "reason",
	  .help = "Time spent off the CPU and not runnable, summed over threads, by reason.",
	  .shed = VIGIE_SHED_REASONS,
	  ARRAY(group_off),
	  FROM_SWITCH("`__state`, `in_iowait`, `in_memstall` at `sched_switch`; the wait under way "
		      "is included",
		      "0.1 %; memory needs PSI, else it counts as the others") },
	{ .name = "vigie_process_context_switches", COUNTER, OF_GROUPS, COUNT, .label = "kind",
	  .help = "Context switches away from the group's threads.",
	  ARRAY(group_switches),
	  FROM_TASK("`nvcsw`, `nivcsw`", "exact") },
	{ .name = "vigie_process_migrations", COUNTER, OF_GROUPS, COUNT,
	  .help = "Moves of a thread to another CPU.",
	  ONE(G(total.migrations)),
	  FROM_TASK("`se.nr_migrations`", "exact") },
	{ .name = "vigie_process_page_faults", COUNTER, OF_GROUPS, COUNT, .label = "kind",
	  .help = "Page faults; a major one had to read from storage.",
	  ARRAY(group_faults),
	  FROM_TASK("`min_flt`, `maj_flt`", "exact") },
	{ .name = "vigie_process_resident_memory_bytes", GAUGE, OF_GROUPS, BYTES, .label = "kind",
	  .help = "Resident memory of the living processes; the kinds add up to the RSS, but for "
		  "hugetlb, which is in no RSS; pages that processes share are counted in each.",
	  ARRAY(group_rss),
	  FROM_TASK("`mm->rss_stat`, per-CPU parts included where the kernel has them; "
		    "`mm->hugetlb_usage`",
		    "exact up to 128 CPUs; before 6.2 up to 64 pages a thread are not in it yet, as in /proc") },
	{ .name = "vigie_process_resident_memory_peak_bytes", GAUGE, OF_GROUPS, BYTES,
	  .help = "Highest resident memory within the peak window, 60 s by default; a scrape does "
		  "not reset it.",
	  ONE(G(peak_bytes)),
	  DOC("`mm->hiwater_rss`, timer ticks between scrapes, and each reading", "a look a tick",
	      "a new highest as the kernel has it; a lower one within one tick is missed",
	      "5.10: without ticks") },
	{ .name = "vigie_process_swap_bytes", GAUGE, OF_GROUPS, BYTES,
	  .help = "Swapped-out memory of the living processes.",
	  ONE(G(rss_bytes[VIGIE_RSS_SWAP])),
	  FROM_TASK("`mm->rss_stat`", "as the resident memory's") },
	{ .name = "vigie_process_memory_stall_seconds", COUNTER, OF_GROUPS, SECONDS,
	  .label = "cause",
	  .help = "Time spent making room for an allocation instead of working.",
	  ARRAY(group_stall),
	  DOC("`vmscan:mm_vmscan_direct_reclaim_*`, `mm_vmscan_memcg_reclaim_*`, "
	      "`compaction:mm_compaction_*`",
	      "rare event", "exact; a stall is counted when it ends", "5.10") },
	{ .name = "vigie_process_oom_kills", COUNTER, OF_GROUPS, COUNT,
	  .help = "Processes that the kernel killed for want of memory.",
	  ONE(G(total.oom_kills)),
	  FROM_EVENT("`oom:mark_victim`", "exact") },
	{ .name = "vigie_process_processes", GAUGE, OF_GROUPS, COUNT32,
	  .help = "Living processes, zombies excluded.",
	  ONE(G(processes)),
	  FROM_TASK("task iterator", "exact") },
	{ .name = "vigie_process_threads", GAUGE, OF_GROUPS, COUNT32,
	  .help = "Threads of the living processes.",
	  ONE(G(threads)),
	  FROM_TASK("task iterator", "exact") },
	{ .name = "vigie_process_starts", COUNTER, OF_GROUPS, COUNT,
	  .help = "Processes that began, counted under the name they had when first read.",
	  ONE(G(total.starts)),
	  FROM_EVENT("`task_newtask`", "exact") },
	{ .name = "vigie_process_thread_starts", COUNTER, OF_GROUPS, COUNT,
	  .help = "Threads that began, but for the first of each process, which is a start.",
	  ONE(G(total.thread_starts)),
	  FROM_EVENT("`task_newtask`", "exact") },
	{ .name = "vigie_process_exits", COUNTER, OF_GROUPS, COUNT, .label = "how",
	  .help = "Processes that ended: with status 0, with another status, or by a signal.",
	  ARRAY(group_exits),
	  FROM_EVENT("`sched_process_exit`, `signal->group_exit_code`", "exact") },
	{ .name = "vigie_process_read_bytes", COUNTER, OF_GROUPS, BYTES,
	  .help = "Bytes fetched from storage.",
	  ONE(G(total.read_bytes)),
	  FROM_TASK("`ioac.read_bytes`", "exact; needs CONFIG_TASK_IO_ACCOUNTING") },
	{ .name = "vigie_process_written_bytes", COUNTER, OF_GROUPS, BYTES,
	  .help = "Bytes caused to be written to storage.",
	  ONE(G(total.written_bytes)),
	  FROM_TASK("`ioac.write_bytes`", "exact; needs CONFIG_TASK_IO_ACCOUNTING") },
	{ .name = "vigie_process_read_chars", COUNTER, OF_GROUPS, COUNT, .list_only = true,
	  .help = "Bytes that read() and its like returned, from wherever.",
	  ONE(G(total.read_chars)),
	  FROM_TASK("`ioac.rchar`", "exact; needs CONFIG_TASK_XACCT") },
	{ .name = "vigie_process_written_chars", COUNTER, OF_GROUPS, COUNT, .list_only = true,
	  .help = "Bytes that write() and its like took, to wherever.",
	  ONE(G(total.written_chars)),
	  FROM_TASK("`ioac.wchar`", "exact; needs CONFIG_TASK_XACCT") },
	{ .name = "vigie_process_start_time_seconds", GAUGE, .unit = "seconds",
	  .shape = FAMILY_START_TIME,
	  .help = "Unix time at which the process began; only when grouping by pid.",
	  DOC("`start_boottime` of the leader", "none per event: read at the scrape",
	      "0.01 s, and steps of the wall clock", "5.10") },
	{ .name = "vigie_delay_seconds", COUNTER, SECONDS, .shape = FAMILY_DELAYS,
	  .labels = "`victim`, `culprit`",
	  .help = "Run-queue wait of slow waits, by who waited and who held the CPU before: the "
		  "50 largest pairs; all others are the other pair.",
	  .shed = VIGIE_SHED_CULPRITS,
	  FROM_SWITCH(
		  "`sched_info.last_queued` of the task switched to, over the slow-wait threshold",
		  "exact for the wait; the culprit is the last of possibly several") },
	{ .name = "vigie_time_slice_seconds", HISTOGRAM, SECONDS, .shape = FAMILY_SLICES,
	  .help = "Time on the CPU from being switched in to being switched out, whole host.",
	  .shed = VIGIE_SHED_HISTOGRAMS,
	  FROM_SWITCH("growth of `se.sum_exec_runtime` between two switches",
		      "exact to the kernel's rq clock") },
	{ .name = "vigie_unit", INFO, .shape = FAMILY_UNITS,
	  .labels = "`unit`, `cgroup`, `container_id`, `pod_uid`, `runtime`, `container_name`, `pod`, "
		    "`namespace`, `image`",
	  .help = "What belongs to a unit, for joins; none where there is no such thing.",
	  DOC("cgroup path; the runtime's own files", "a look-up for each new cgroup, one question "
	      "for each new container", "-", "5.10") },

	/* --- Units, by their cgroups. */
	{ .name = "vigie_unit_memory_bytes", GAUGE, OF_UNITS, BYTES, .label = "kind",
	  .help = "Memory that the unit's cgroup is charged with, each page once; file is page "
		  "cache of files on a disk, shmem is tmpfs, memfd and shared memory, mapped or not.",
	  ARRAY(unit_memory),
	  FROM_CGROUP("`memory.stat`, `hugetlb.*.current`; v1: `memory.kmem.usage_in_bytes`",
		      "the kernel's; before 5.18 kernel is its largest parts",
		      "v1, v2; socket: v2; hugetlb: with that controller") },
	{ .name = "vigie_unit_memory_charged_bytes", GAUGE, OF_UNITS, BYTES,
	  .help = "All that counts against the unit's limit.",
	  ONE(U(memory_charged)),
	  FROM_CGROUP("`memory.current`; v1: `memory.usage_in_bytes`", "the kernel's", "v1, v2") },
	{ .name = "vigie_unit_memory_working_set_bytes", GAUGE, OF_UNITS, BYTES,
	  .help = "What is charged, less inactive file pages: what the kubelet evicts by.",
	  ONE(U(memory_working)),
	  FROM_CGROUP("`memory.current` less `inactive_file`", "the kernel's", "v1, v2") },
	{ .name = "vigie_unit_memory_limit_bytes", GAUGE, OF_UNITS, BYTES,
	  .help = "The lowest limit of the unit's cgroup and those above it; absent without one.",
	  ONE(U(memory_limit)),
	  FROM_CGROUP("`memory.max`; v1: `hierarchical_memory_limit`", "up to 30 s late", "v1, v2") },

	{ .name = "vigie_unit_pressure_seconds", COUNTER, OF_UNITS, SECONDS, .label = "resource",
	  .second_label = "stall", .seconds = unit_stalls,
	  .help = "Time in which some of the unit's tasks, or all that were not idle (full), waited "
		  "for a CPU, for memory or for storage.",
	  ARRAY(unit_pressure),
	  FROM_CGROUP("`cpu.pressure`, `memory.pressure`, `io.pressure`, from the first reading on",
		      "the kernel's", "v2; full of cpu: 5.13") },
	{ .name = "vigie_unit_cpu_throttled_seconds", COUNTER, OF_UNITS, SECONDS,
	  .help = "Time in which the unit's own CPU quota kept it from running, summed over CPUs; "
		  "absent without one.",
	  ONE(U(throttled_ns)),
	  FROM_CGROUP("`cpu.stat` throttled_usec; v1: throttled_time", "the kernel's", "v1, v2") },
	{ .name = "vigie_unit_cpu_throttled_periods", COUNTER, OF_UNITS, COUNT,
	  .help = "Periods of the quota in which the unit used it up.",
	  ONE(U(throttled_periods)),
	  FROM_CGROUP("`cpu.stat` nr_throttled", "the kernel's", "v1, v2") },
	{ .name = "vigie_unit_cpu_periods", COUNTER, OF_UNITS, COUNT,
	  .help = "Periods of the quota in which the unit wanted to run.",
	  ONE(U(periods)),
	  FROM_CGROUP("`cpu.stat` nr_periods", "the kernel's", "v1, v2") },
	{ .name = "vigie_unit_tasks", GAUGE, OF_UNITS, COUNT,
	  .help = "Threads, the dead that nobody has waited for included.",
	  ONE(U(tasks)),
	  FROM_CGROUP("`pids.current`", "the kernel's", "v1, v2: with that controller") },
	{ .name = "vigie_unit_tasks_limit", GAUGE, OF_UNITS, COUNT,
	  .help = "The lowest limit of threads of the unit's cgroup and those above it; absent "
		  "without one.",
	  ONE(U(tasks_limit)),
	  FROM_CGROUP("`pids.max`", "up to 30 s late", "v1, v2: with that controller") },
	{ .name = "vigie_unit_oom_kills", COUNTER, OF_UNITS, COUNT,
	  .help = "Processes of the unit that the kernel killed for want of memory.",
	  ONE(U(oom_kills)),
	  FROM_EVENT("`oom:mark_victim`: a cgroup's own count ends with it", "exact") },

	/* --- The host. */
	{ .name = "vigie_host_cpu_seconds", COUNTER, OF_HOST, SECONDS, .label = "mode",
	  .help = "CPU time of the whole host since vigie started: user has nice and guest in it, "
		  "system has irq and softirq; the sum of the processes, the retired and the "
		  "unattributed, per mode.",
	  ARRAY(host_cpu),
	  FROM_PROC("`/proc/stat`") },
	{ .name = "vigie_retired_cpu_seconds", COUNTER, OF_HOST, SECONDS, .label = "mode",
	  .help = "CPU time of the groups whose series have ended.",
	  ARRAY(retired_cpu),
	  FROM_MODEL("the model") },
	{ .name = "vigie_retired_delay_seconds", COUNTER, OF_HOST, SECONDS,
	  .help = "Slow waits of the pairs whose series have ended; with vigie_delay_seconds all "
		  "there were.",
	  ONE(V(delay_retired_ns)), .shed = VIGIE_SHED_CULPRITS,
	  FROM_MODEL("the model") },
	{ .name = "vigie_unattributed_cpu_seconds", COUNTER, OF_HOST, SECONDS, .label = "mode",
	  .help = "CPU time that the host used and no process was charged with: interrupts, and "
		  "what was lost.",
	  ARRAY(unattributed_cpu),
	  FROM_MODEL("host less processes") },
	{ .name = "vigie_host_idle_cpu_seconds", COUNTER, OF_HOST, SECONDS, .label = "kind",
	  .help = "Time since boot that CPUs had nothing to run: idle, or with a thread waiting "
		  "for storage.",
	  ARRAY(host_idle),
	  FROM_PROC("`/proc/stat`") },
	{ .name = "vigie_host_steal_cpu_seconds", COUNTER, OF_HOST, SECONDS,
	  .help = "Time since boot that the hypervisor gave to others.",
	  ONE(V(host.cpu.steal_ns)),
	  FROM_PROC("`/proc/stat`") },
	{ .name = "vigie_host_cpus", GAUGE, OF_DERIVED, COUNT,
	  .help = "CPUs online.",
	  ONE(D(online_cpus)),
	  FROM_PROC("`/proc/stat`") },
	{ .name = "vigie_host_context_switches", COUNTER, OF_HOST, COUNT,
	  .help = "Context switches since boot.",
	  ONE(V(host.context_switches)),
	  FROM_PROC("`/proc/stat` ctxt") },
	{ .name = "vigie_host_forks", COUNTER, OF_HOST, COUNT,
	  .help = "Tasks created since boot, threads included.",
	  ONE(V(host.forks)),
	  FROM_PROC("`/proc/stat` processes") },
	{ .name = "vigie_host_tasks", GAUGE, OF_DERIVED, COUNT, .label = "state",
	  .help = "Tasks that are running or runnable, and that are blocked on storage.",
	  ARRAY(host_tasks),
	  FROM_PROC("`/proc/stat` procs_running, procs_blocked") },
	{ .name = "vigie_host_load1", GAUGE, OF_DERIVED, .value = FAMILY_HUNDREDTHS,
	  .help = "Load average over one minute.",
	  ONE(D(load_hundredths[0])),
	  FROM_PROC("`/proc/loadavg`") },
	{ .name = "vigie_host_load5", GAUGE, OF_DERIVED, .value = FAMILY_HUNDREDTHS,
	  .help = "Load average over five minutes.",
	  ONE(D(load_hundredths[1])),
	  FROM_PROC("`/proc/loadavg`") },
	{ .name = "vigie_host_load15", GAUGE, OF_DERIVED, .value = FAMILY_HUNDREDTHS,
	  .help = "Load average over fifteen minutes.",
	  ONE(D(load_hundredths[2])),
	  FROM_PROC("`/proc/loadavg`") },
	{ .name = "vigie_host_memory_bytes", GAUGE, OF_DERIVED, BYTES, .label = "kind",
	  .help = "Memory of the host: available to new work without swapping, and used, that is "
		  "all the rest.",
	  ARRAY(host_memory),
	  FROM_PROC("`/proc/meminfo`") },
	{ .name = "vigie_host_memory_size_bytes", GAUGE, OF_DERIVED, BYTES,
	  .help = "Memory that the kernel manages: used and available together.",
	  ONE(D(memory_total)),
	  FROM_PROC("`/proc/meminfo` MemTotal") },
	{ .name = "vigie_host_swap_bytes", GAUGE, OF_DERIVED, BYTES, .label = "kind",
	  .help = "Swap space of the host.",
	  ARRAY(host_swap),
	  FROM_PROC("`/proc/meminfo`") },
	{ .name = "vigie_host_swapped_in_bytes", COUNTER, OF_DERIVED, BYTES,
	  .help = "Memory read back from swap since boot.",
	  ONE(D(swap_in_bytes)),
	  FROM_PROC("`/proc/vmstat` pswpin") },
	{ .name = "vigie_host_swapped_out_bytes", COUNTER, OF_DERIVED, BYTES,
	  .help = "Memory written to swap since boot.",
	  ONE(D(swap_out_bytes)),
	  FROM_PROC("`/proc/vmstat` pswpout") },
	{ .name = "vigie_host_pressure_seconds", COUNTER, .shape = FAMILY_HOST_PRESSURE, SECONDS,
	  .label = "resource", .second_label = "stall", .seconds = host_stalls,
	  .help = "Time since boot in which some tasks of the host, or all that were not idle "
		  "(full), waited for a CPU, for memory or for storage.",
	  ARRAY(host_pressure),
	  FROM_PROC("`/proc/pressure`") },
	{ .name = "vigie_host_boot_time_seconds", GAUGE, OF_DERIVED, SECONDS,
	  .help = "Unix time at which the host booted.",
	  ONE(D(boot_time_ns)),
	  FROM_PROC("`/proc/stat` btime") },

	/* --- What vigie noticed. */
	{ .name = "vigie_findings", COUNTER, COUNT, .shape = FAMILY_RULE_FINDINGS, .self = true,
	  .labels = "`rule`",
	  .help = "Findings that began, by rule; those of patterns called benign are not counted.",
	  DOC("detection: see docs/rules.md", "detection", "exact", "5.10") },
	{ .name = "vigie_finding_active", GAUGE, COUNT, .shape = FAMILY_RULE_ACTIVE, .self = true,
	  .labels = "`rule`",
	  .help = "Findings that began and have not ended, by rule; those of patterns called "
		  "benign are not counted.",
	  DOC("detection: see docs/rules.md", "detection", "exact", "5.10") },

	/* --- What vigie costs, bounds and loses. */
	{ .name = "vigie_build", INFO, .shape = FAMILY_BUILD, .self = true,
	  .labels = "`version`, `revision`",
	  .help = "The program that serves this page.",
	  FROM_SELF("the build") },
	{ .name = "vigie_self_cpu_seconds", COUNTER, OF_SELF, SECONDS,
	  .help = "CPU time of the daemon itself.",
	  ONE(S(cpu_ns)),
	  FROM_SELF("getrusage") },
	{ .name = "vigie_self_resident_memory_bytes", GAUGE, OF_SELF, BYTES,
	  .help = "Resident memory of the daemon itself.",
	  ONE(S(resident_bytes)),
	  FROM_SELF("`/proc/self/statm`") },
	{ .name = "vigie_self_bpf_memory_bytes", GAUGE, OF_STAT, BYTES,
	  .help = "Kernel memory of vigie's BPF maps and programs.",
	  ONE(V(stat.bpf_memory_bytes)),
	  DOC("`memlock` of each map's fdinfo", "none", "as the kernel accounts it", "5.10") },
	{ .name = "vigie_self_memory_limit_bytes", GAUGE, OF_MEMORY, BYTES,
	  .help = "What vigie may take of the host's memory; it has room for its tables by that.",
	  ONE(S(memory.limit_bytes)),
	  FROM_SELF("`--max-memory`") },
	{ .name = "vigie_self_memory_bytes", GAUGE, OF_MEMORY, BYTES,
	  .help = "Of that it takes: resident memory of the daemon and of the process that writes, "
		  "and memory of BPF maps and programs.",
	  ONE(S(memory.bytes)),
	  FROM_SELF("statm of both, `memlock` of the maps") },
	{ .name = "vigie_self_tasks_limit", GAUGE, OF_MEMORY, COUNT,
	  .help = "Threads for which there is room; of others vigie_self_untracked_tasks is the number.",
	  ONE(S(memory.max_tasks)),
	  FROM_SELF("`--max-memory`, or the kernel's map if that is smaller") },
	{ .name = "vigie_self_snapshots", COUNTER, OF_STAT, COUNT,
	  .help = "Snapshots taken.",
	  ONE(V(stat.snapshots)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_snapshot_seconds", COUNTER, OF_STAT, SECONDS,
	  .help = "Wall time spent taking snapshots.",
	  ONE(V(stat.snapshot_ns)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_snapshot_cpu_seconds", COUNTER, OF_STAT, SECONDS,
	  .help = "CPU time spent taking snapshots.",
	  ONE(V(stat.snapshot_cpu_ns)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_renders", COUNTER, OF_SELF, COUNT,
	  .help = "Pages made; scrapers that arrive together share one.",
	  ONE(S(renders)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_render_seconds", COUNTER, OF_SELF, SECONDS,
	  .help = "Wall time spent making pages, without the snapshots.",
	  ONE(S(render_ns)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_scrapes", COUNTER, OF_SELF, COUNT,
	  .help = "Scrapes answered.",
	  ONE(S(scrapes)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_scrape_errors", COUNTER, OF_SELF, COUNT,
	  .help = "Scrapes that failed for a fault of vigie.",
	  ONE(S(scrape_errors)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_connections_refused", COUNTER, OF_SELF, COUNT,
	  .help = "Connections turned away at the limit.",
	  ONE(S(connections_refused)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_config_last_reload_successful", GAUGE, OF_SELF, COUNT,
	  .help = "1 if the last reading of the configuration was taken; 0: what was in effect before goes on.",
	  ONE(S(config_good)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_config_last_reload_success_timestamp_seconds", GAUGE, OF_SELF, SECONDS,
	  .help = "When a reading of the configuration was taken last, in Unix time.",
	  ONE(S(config_read_ns)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_groups", GAUGE, OF_STAT, COUNT,
	  .help = "Groups remembered, on the page or not.",
	  ONE(V(groups_known)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_units_guessed", GAUGE, OF_STAT, COUNT,
	  .help = "Units of these groups whose cgroup has no known form: named by the end of its path.",
	  ONE(V(units_guessed)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_groups_exposed", GAUGE, .shape = FAMILY_OF_DERIVED, .self = true, COUNT,
	  .help = "Groups that have series of their own.",
	  ONE(D(groups_exposed)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_groups_folded", COUNTER, OF_STAT, COUNT,
	  .help = "Increments credited to other because no more groups could be remembered.",
	  ONE(V(groups_folded_total)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_groups_ended", COUNTER, OF_STAT, COUNT,
	  .help = "Groups whose series ended.",
	  ONE(V(groups_ended_total)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_groups_promoted", COUNTER, OF_STAT, COUNT,
	  .help = "Groups that got series of their own after a time in other.",
	  ONE(V(groups_promoted_total)),
	  FROM_MODEL("the model") },
	{ .name = "vigie_self_losses", COUNTER, OF_STAT, COUNT, .label = "cause",
	  .help = "What could not be recorded, by cause; the manual says what each one means.",
	  ARRAY(losses),
	  FROM_SELF("the probes and the collector") },
	{ .name = "vigie_self_run_delay_corrected_seconds", COUNTER, OF_STAT, SECONDS,
	  .help = "Of what the kernel counts as waiting for a CPU: what vigie counts as sleep, of "
		  "threads that were moved or throttled under SCHED_DEADLINE.",
	  ONE(V(stat.corrected_ns)), .shed = VIGIE_SHED_MOVED,
	  DOC("`sched_migrate_task`, `sched_wakeup`; `dl.deadline`", "a load at each wakeup", "exact",
	      "of moved threads where a dequeue can be delayed: 6.12") },
	{ .name = "vigie_self_events", COUNTER, OF_STAT, COUNT, .label = "kind",
	  .help = "What the probes have seen.",
	  ARRAY(seen),
	  FROM_EVENT("the probes", "exact") },
	{ .name = "vigie_self_tasks", GAUGE, OF_STAT, COUNT,
	  .help = "Threads read in the last snapshot.",
	  ONE(V(stat.tasks)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_untracked_tasks", GAUGE, OF_STAT, COUNT,
	  .help = "Threads of the last snapshot without a state of their own: there was no memory, or "
		  "--max-memory leaves no room for them.",
	  ONE(V(stat.untracked)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_unfreed_tasks", GAUGE, OF_STAT, COUNT,
	  .help = "Threads that ended and have not handed in their last totals; what lasts is a loss.",
	  ONE(V(stat.unfreed)),
	  FROM_SELF("forks - frees - the living") },
	{ .name = "vigie_self_retired_keys", GAUGE, OF_STAT, COUNT,
	  .help = "Entries in the table of the dead at the last snapshot.",
	  ONE(V(stat.retired_keys)),
	  FROM_SELF("the collector") },
	{ .name = "vigie_self_retired_keys_limit", GAUGE, OF_SELF, COUNT,
	  .help = "Entries that the table of the dead can hold.",
	  ONE(S(memory.max_retired)),
	  FROM_SELF("`--max-memory`") },
	{ .name = "vigie_self_probe_runs", COUNTER, COUNT, .shape = FAMILY_PROBE_RUNS, .self = true,
	  .labels = "`program`",
	  .help = "Runs of each BPF program; only while kernel.bpf_stats_enabled is on.",
	  DOC("`run_cnt`", "that of the statistics", "exact", "5.10") },
	{ .name = "vigie_self_probe_seconds", COUNTER, SECONDS, .shape = FAMILY_PROBE_SECONDS,
	  .self = true,
	  .labels = "`program`",
	  .help = "Time in each BPF program, with the two clock reads of the statistics "
		  "themselves; only while kernel.bpf_stats_enabled is on.",
	  DOC("`run_time_ns`", "that of the statistics", "60 to 85 ns a run too much", "5.10") },
	{ .name = "vigie_self_probe_runs_missed", COUNTER, COUNT, .shape = FAMILY_PROBE_MISSED,
	  .self = true,
	  .labels = "`program`",
	  .help = "Runs of a BPF program that the kernel skipped, as it was running on that CPU; of "
		  "programs that have any. Their sum is the loss run_missed.",
	  DOC("`recursion_misses`", "none", "exact", "5.12") },
	{ .name = "vigie_self_detect_cpu_seconds", COUNTER, OF_SELF, SECONDS,
	  .help = "CPU time of detection.",
	  ONE(S(detect_cpu_ns)),
	  FROM_SELF("the server") },
	{ .name = "vigie_self_detect_series", GAUGE, OF_SELF, COUNT,
	  .help = "Series that detection watches.",
	  ONE(S(detect_series)),
	  FROM_SELF("detection") },
	{ .name = "vigie_self_detect_memory_bytes", GAUGE, OF_SELF, BYTES,
	  .help = "Memory that detection keeps.",
	  ONE(S(detect_bytes)),
	  FROM_SELF("detection") },
	{ .name = "vigie_self_findings_suppressed", COUNTER, OF_SELF, COUNT,
	  .help = "Findings that were not raised: too many a minute, or no room.",
	  ONE(S(findings_suppressed)),
	  FROM_SELF("detection") },
	{ .name = "vigie_self_findings_silenced", COUNTER, OF_SELF, COUNT,
	  .help = "Findings whose pattern a verdict calls benign.",
	  ONE(S(findings_silenced)),
	  FROM_SELF("detection") },
	{ .name = "vigie_self_log_events", COUNTER, OF_SELF, COUNT, .label = "level",
	  .help = "Events handed to the log.",
	  ARRAY(log_events),
	  FROM_SELF("the log") },
	{ .name = "vigie_self_budget_ratio", GAUGE, OF_BUDGET, RATIO,
	  .help = "CPU time that vigie may cost the host, of one core.",
	  ONE(S(budget.limit_ppb)),
	  FROM_SELF("`--max-overhead`") },
	{ .name = "vigie_self_overhead_ratio", GAUGE, OF_BUDGET, RATIO, .label = "part",
	  .help = "CPU time that vigie costs the host, of one core: its processes, and its probes in "
		  "others' time.",
	  ARRAY(overhead),
	  DOC("clocks of the processes; `run_time_ns` of the programs in a tenth of a second now and "
	      "then, by switch and by task", "see docs/overhead.md",
	      "some percent, with the kernel's way into a program", "5.10") },
	{ .name = "vigie_self_shed", GAUGE, OF_BUDGET, COUNT, .label = "step",
	  .help = "1: off, as vigie cost more than it may; what it feeds is absent meanwhile. "
		  "interval: snapshots are further apart.",
	  ARRAY(shed),
	  FROM_SELF("the budget") },
	{ .name = "vigie_self_shed_seconds", COUNTER, OF_BUDGET, SECONDS, .label = "step",
	  .help = "Time for which it was off.",
	  ARRAY(shed_ns),
	  FROM_SELF("the budget") },
	SELF_WRITER_TABLE(SELF_ONE, SELF_EACH)
	SELF_PROFILER_TABLE(SELF_ONE, SELF_EACH)
	SELF_NAMER_TABLE(SELF_ONE, SELF_EACH)
	SELF_HISTORY_TABLE(SELF_ONE, SELF_EACH)
	SELF_WEB_TABLE(SELF_ONE, SELF_EACH)
	{ .name = "vigie_self_missing", GAUGE, COUNT, .shape = FAMILY_MISSING, .self = true,
	  .labels = "`field`, `reason`",
	  .help = "What this kernel or this configuration cannot give, and why; always 1.",
	  FROM_SELF("the plan: see vigie doctor") },
	{ .name = "process_cpu_seconds", COUNTER, OF_SELF, SECONDS,
	  .help = "Total user and system CPU time spent in seconds.",
	  ONE(S(cpu_ns)),
	  FROM_SELF("getrusage") },
	{ .name = "process_resident_memory_bytes", GAUGE, OF_SELF, BYTES,
	  .help = "Resident memory size in bytes.",
	  ONE(S(resident_bytes)),
	  FROM_SELF("`/proc/self/statm`") },
	{ .name = "process_virtual_memory_bytes", GAUGE, OF_SELF, BYTES,
	  .help = "Virtual memory size in bytes.",
	  ONE(S(virtual_bytes)),
	  FROM_SELF("`/proc/self/statm`") },
	{ .name = "process_open_fds", GAUGE, OF_SELF, COUNT,
	  .help = "Number of open file descriptors.",
	  ONE(S(open_fds)),
	  FROM_SELF("`/proc/self/fd`") },
	{ .name = "process_max_fds", GAUGE, OF_SELF, COUNT,
	  .help = "Maximum number of open file descriptors.",
	  ONE(S(max_fds)),
	  FROM_SELF("getrlimit") },
	{ .name = "process_start_time_seconds", GAUGE, .shape = FAMILY_OF_DERIVED, .self = true,
	  SECONDS,
	  .help = "Start time of the process since unix epoch in seconds.",
	  ONE(D(daemon_start_ns)),
	  FROM_SELF("`/proc/self/stat`") },
};
/* clang-format on */
const struct family_cells family_losses = { ARRAY(losses) };
const unsigned int nfamilies = sizeof(families) / sizeof(families[0]);

const char *family_suffix(const struct family *family)
{
	if (family->type == FAMILY_COUNTER)
		return "_total";
	return family->type == FAMILY_INFO ? "_info" : "";
}
