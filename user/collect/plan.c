// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c - owns the rules: from facts to what is loaded, and the reasons. PURE.
 *
 * Every branch that costs the user something leaves a plan_item that says so.
 */
#include "collect/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"

void collect_config_default(struct collect_config *config)
{
	*config = (struct collect_config){
		.slow_wait_ns = NS_PER_MS,
		.group_by = VIGIE_BY_CGROUP | VIGIE_BY_COMM,
	};
}

const char *plan_state_name(enum plan_state state)
{
	static const char *const names[] = { "exact", "degraded", "missing" };

	return names[state];
}

static void plan_say(struct plan *plan, const char *field, enum plan_state state,
		     const char *source, const char *reason, const char *remedy)
{
	struct plan_item *item = &plan->items[plan->nitems];

	if (plan->nitems == PLAN_ITEMS_MAX)
		return;
	*item = (struct plan_item){ field, state, source, reason, remedy };
	plan->nitems++;
}

static void plan_refuse(struct plan *plan, const char *why, const char *remedy)
{
	if (plan->refusal)
		return;
	plan->refusal = why;
	plan->refusal_remedy = remedy;
}

static void plan_refusals(const struct kfacts *f, struct plan *plan)
{
	if (f->user_ns)
		plan_refuse(
			plan,
			"not permitted to load BPF programs from a user namespace (/proc/self/uid_map)",
			"run as root of the host, not of a namespace: no rootless container, no "
			"userns-remap, no unshare -U");
	if (!f->cap_bpf || !f->cap_perfmon)
		plan_refuse(
			plan,
			"not permitted to load BPF programs (CAP_BPF and CAP_PERFMON are missing)",
			f->root ? "give root these capabilities: --cap-add, or AmbientCapabilities= "
				  "and CapabilityBoundingSet= of the unit"
				: "run as root: sudo vigie …");
	if (f->locked_down)
		plan_refuse(plan,
			    "the kernel is locked down: BPF may not read its memory "
			    "(/sys/kernel/security/lockdown: confidentiality)",
			    "boot with lockdown=integrity, or without lockdown");
	if (f->btf_err)
		plan_refuse(
			plan,
			"the kernel has no readable type information (/sys/kernel/btf/vmlinux)",
			"boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, as Debian's are since 5.10");
	else if (!f->tp_sched || !f->iter_task || !f->ringbuf)
		plan_refuse(
			plan,
			"the kernel lacks scheduler tracepoints, iter/task or the BPF ring buffer",
			"boot Linux 5.10 or later");
	else if (!f->sched_info)
		plan_refuse(
			plan, "the kernel does not keep run-queue delays (CONFIG_SCHED_INFO)",
			"boot a kernel built with CONFIG_SCHEDSTATS=y or CONFIG_TASK_DELAY_ACCT=y");
}

/* A dequeue that can be delayed is what makes run_delay false: bpf/moved.bpf.h. */
static void plan_run_delay(const struct kfacts *f, struct plan *plan)
{
	static const char field[] = "run-queue wait";

	plan->moved_sleepers = f->delayed_dequeue && f->rq_clock;
	if (!f->delayed_dequeue)
		plan_say(plan, field, PLAN_EXACT, "sched_switch: sched_info.run_delay",
			 "the sum is the kernel's own; no wakeup probe, no clock", "");
	else if (f->rq_clock)
		plan_say(plan, field, PLAN_EXACT,
			 "sched_switch: run_delay; sched_migrate_task, sched_wakeup",
			 "this kernel counts sleep of threads that are moved as waiting: corrected",
			 "");
	else
		plan_say(plan, field, PLAN_DEGRADED, "sched_switch: sched_info.run_delay",
			 "this kernel counts sleep of threads that are moved as waiting",
			 "a kernel with CONFIG_FAIR_GROUP_SCHED=y");
}

static void plan_scheduler(const struct kfacts *f, struct plan *plan)
{
	plan->task_storage = f->task_storage;
	/* A hash is made for so many, and has always an end. */
	if (!f->task_storage &&
	    (!plan->config.max_tasks || plan->config.max_tasks > VIGIE_TASKS_MAX))
		plan->config.max_tasks = VIGIE_TASKS_MAX;
	plan->off_cpu = f->rq_clock;
	plan->lookup_fails = f->task_storage && !f->lookup_recursion_safe;
	if (!f->init_pid_ns)
		plan_say(plan, "processes", PLAN_DEGRADED, "iter/task",
			 "we run in a PID namespace: others' processes show only as they end",
			 "run in the host's PID namespace (hostPID: true, --pid=host)");
	plan_say(plan, "cpu time, switches, migrations, faults", PLAN_EXACT,
		 "iter/task: task_struct", "the kernel counts them; read, not counted again", "");
	if (f->io_accounting)
		plan_say(plan, "bytes read and written", PLAN_EXACT, "iter/task: task_struct.ioac",
			 "the kernel counts them; read, not counted again", "");
	else
		plan_say(plan, "bytes read and written", PLAN_MISSING, "",
			 "the kernel does not count them (CONFIG_TASK_IO_ACCOUNTING is off)",
			 "a kernel with CONFIG_TASK_IO_ACCOUNTING=y");
	if (plan->lookup_fails)
		plan_say(plan, "task state", PLAN_DEGRADED, "BPF_MAP_TYPE_TASK_STORAGE",
			 "a lookup can fail while its CPU is inside another: counted as lost, rare",
			 "Linux 6.2 or later");
	else if (f->task_storage)
		plan_say(plan, "task state", PLAN_EXACT, "BPF_MAP_TYPE_TASK_STORAGE",
			 "freed with its task, unbounded, immune to PID reuse", "");
	else
		plan_say(plan, "task state", PLAN_DEGRADED,
			 "hash of 32768 tasks, keyed by task address",
			 f->storage_sleeps ? "on this real-time kernel task storage is not safe: "
					     "dearer per switch, and bounded"
					   : "no task storage for tracing programs: dearer per "
					     "switch, and bounded",
			 f->storage_sleeps ? "Linux 6.4 or later" : "Linux 5.12 or later");
	plan_run_delay(f, plan);
	if (f->rq_clock)
		plan_say(plan, "off-CPU time by reason, slow waits", PLAN_EXACT,
			 "sched_switch: rq.clock", "in the clock of sched_info", "");
	else
		plan_say(plan, "off-CPU time by reason, slow waits", PLAN_MISSING, "",
			 "cfs_rq.rq does not exist (CONFIG_FAIR_GROUP_SCHED is off)",
			 "a kernel with CONFIG_FAIR_GROUP_SCHED=y");
	if (f->in_memstall && f->psi_on)
		plan_say(plan, "off-CPU reason memory", PLAN_EXACT, "task_struct.in_memstall",
			 "PSI is on", "");
	else
		plan_say(
			plan, "off-CPU reason memory", PLAN_MISSING, "",
			f->in_memstall
				? "PSI is off, so in_memstall is never set; such waits count as disk"
				: "the kernel has no PSI; such waits count as disk",
			f->in_memstall ? "boot with psi=1" : "a kernel with CONFIG_PSI=y");
}

static void plan_resident(const struct kfacts *f, struct plan *plan)
{
	plan->exact_rss = f->rss_percpu && f->percpu_lookup && f->possible_cpus <= 128;
	if (!f->rss_percpu)
		plan_say(plan, "resident memory, swap", PLAN_EXACT, "mm_struct.rss_stat",
			 "up to 64 pages a thread are cached in task_struct, as in /proc", "");
	else if (plan->exact_rss)
		plan_say(plan, "resident memory, swap", PLAN_EXACT,
			 "mm_struct.rss_stat, all per-CPU parts",
			 "of a sleeper that others take less than a batch from, within a minute",
			 "");
	else
		plan_say(
			plan, "resident memory, swap", PLAN_DEGRADED,
			"mm_struct.rss_stat, shared part",
			"more than 128 CPUs: off by up to max(32, 2 x CPUs) x CPUs pages a counter",
			"");
	plan->peaks = f->tp_tick && f->task_storage;
	if (plan->peaks)
		plan_say(
			plan, "resident memory peak", PLAN_DEGRADED,
			"mm_struct.hiwater_rss, timer ticks",
			"a new highest is the kernel's own; a lower one within one timer tick is missed",
			"");
	else
		plan_say(
			plan, "resident memory peak", PLAN_DEGRADED,
			"mm_struct.hiwater_rss, iter/task",
			"a new highest is the kernel's own; below it the highest of what snapshots saw",
			f->storage_sleeps ? "Linux 6.4 or later" : "Linux 5.12 or later");
}

static void plan_stall(struct plan *plan, bool have, const char *field, const char *source)
{
	if (have)
		plan_say(plan, field, PLAN_EXACT, source,
			 "time between begin and end, user tasks only", "");
	else
		plan_say(plan, field, PLAN_MISSING, "", "the tracepoint does not exist",
			 "a kernel that has it");
}

static void plan_memory(const struct kfacts *f, struct plan *plan)
{
	plan_resident(f, plan);
	plan->reclaim = f->tp_reclaim;
	plan->cgroup_reclaim = f->tp_cgroup_reclaim;
	plan->compaction = f->tp_compaction;
	plan->oom = f->tp_mark_victim;
	plan_stall(plan, f->tp_reclaim, "stall: direct reclaim", "vmscan tracepoints");
	plan_stall(plan, f->tp_cgroup_reclaim, "stall: cgroup reclaim", "vmscan tracepoints");
	plan_stall(plan, f->tp_compaction, "stall: compaction", "compaction tracepoints");
	if (!f->tp_mark_victim)
		plan_say(plan, "OOM kills", PLAN_MISSING, "", "no mark_victim tracepoint", "");
	else if (f->mark_victim_task)
		plan_say(plan, "OOM kills", PLAN_EXACT, "mark_victim: task",
			 "victim, trigger, size", "");
	else
		plan_say(
			plan, "OOM kills", PLAN_DEGRADED, "mark_victim: pid",
			"the tracepoint gives a pid only: the victim's size is not known, its name perhaps not",
			"Linux 6.8 or a stable kernel of 2024");
}

static void plan_exits(const struct kfacts *f, struct plan *plan)
{
	plan_say(plan, "starts, exits, totals of the dead", PLAN_EXACT,
		 "task_newtask, sched_process_*",
		 f->exit_group_dead ? "the kernel says which thread is the last"
				    : "the last thread is told by signal->live, once per process",
		 "");
}

/* Nobody is told from others by huge pages. */
static bool names_processes(const struct cgroup_hierarchy *h)
{
	return (!h->controller[0] || h->subsys >= 0) && strcmp(h->controller, "hugetlb") != 0;
}

/*
 * Runtimes that know v1 only are in all of its trees, memory among them, and below their
 * daemon's service in the unified one: of equally deep cgroups memory's says more, then v2's.
 */
static int tree_order(const struct cgroup_hierarchy *h)
{
	return !strcmp(h->controller, "memory") ? 0 : !h->controller[0] ? 1 : 2;
}

static void plan_trees(const struct kfacts *f, struct plan *plan)
{
	unsigned int i, j;
	int order;

	for (order = 0; order <= 2; order++)
		for (i = 0; i < f->nhierarchies; i++) {
			const struct cgroup_hierarchy *h = &f->hierarchies[i];

			if (tree_order(h) != order || !names_processes(h))
				continue;
			for (j = 0; j < plan->ntrees && plan->trees[j].id != h->id;)
				j++;
			if (j == plan->ntrees && j < VIGIE_CGROUP_TREES)
				plan->trees[plan->ntrees++] = *h;
		}
}

/* Where the cgroups are: the v2 tree if it is used, else the fullest v1 tree. */
static void plan_cgroup(const struct kfacts *f, struct plan *plan)
{
	static const char field[] = "cgroups, units, containers";
	const struct cgroup_hierarchy *best = NULL;
	const char *source;
	unsigned int i;

	for (i = 0; i < f->nhierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (!names_processes(h))
			continue;
		if (!best || h->directories > best->directories ||
		    (h->directories == best->directories && !h->controller[0]))
			best = h;
	}
	if (!best) {
		plan->cgroup.subsys = -1;
		plan_say(plan, field, PLAN_MISSING, "", "no cgroup hierarchy is mounted",
			 "mount cgroup2 on /sys/fs/cgroup");
		return;
	}
	plan->cgroup = *best;
	plan_trees(f, plan);
	plan->cgroup_events = f->tp_cgroup_mkdir;
	source = plan->ntrees > 1      ? "cgroup v1: the hierarchy where a process is deepest"
		 : best->controller[0] ? "cgroup v1"
				       : "cgroup v2";
	if (best->part) {
		plan_say(
			plan, field, PLAN_DEGRADED, source,
			"only a part of the hierarchy is mounted here (a cgroup namespace): what is "
			"outside it and older than vigie is in \"(unknown cgroup)\"",
			"run in the host's cgroup namespace (--cgroupns=host), with its /sys/fs/cgroup");
		return;
	}
	plan_say(plan, field, f->tp_cgroup_mkdir ? PLAN_EXACT : PLAN_DEGRADED, source,
		 f->tp_cgroup_mkdir ? "named as they are made"
				    : "found by scanning: one that lived shortly may stay unnamed",
		 "");
}

/*
 * A controller is in one hierarchy at a time: in v1's if one is mounted with it, else in the
 * unified one. Where names come from says nothing of it: a hybrid host names by the unified
 * tree and limits by v1's. False: neither is mounted.
 */
static bool find_controller(const struct kfacts *f, const char *controller, char ret_mount[128],
			    bool *ret_v2)
{
	const struct cgroup_hierarchy *found = NULL;
	unsigned int i;

	for (i = 0; i < f->nhierarchies; i++) {
		const struct cgroup_hierarchy *h = &f->hierarchies[i];

		if (!strcmp(h->controller, controller) || (!h->controller[0] && !found))
			found = h;
	}
	if (!found)
		return false;
	memcpy(ret_mount, found->mount, sizeof(found->mount));
	*ret_v2 = !found->controller[0];
	return true;
}

static void plan_limits(const struct kfacts *f, struct plan *plan)
{
	static const char field[] = "CPU quotas, memory limits";
	static const char remedy[] = "mount cgroup2 on /sys/fs/cgroup";
	bool cpu = find_controller(f, "cpu", plan->cpu_mount, &plan->cpu_v2);
	bool memory = find_controller(f, "memory", plan->memory_mount, &plan->memory_v2);

	if (!cpu && !memory)
		plan_say(plan, field, PLAN_MISSING, "", "no cpu or memory controller is mounted",
			 remedy);
	else if (!cpu || !memory)
		plan_say(plan, field, PLAN_DEGRADED, cpu ? "cpu.stat" : "memory limit files",
			 cpu ? "no memory controller is mounted: limits of cgroups are not seen"
			     : "no cpu controller is mounted: throttling is not seen",
			 remedy);
	else
		plan_say(plan, field, PLAN_EXACT,
			 "cpu.stat, memory.max of cgroups that have limits",
			 plan->cpu_v2 && plan->memory_v2
				 ? "cgroup v2"
				 : "cgroup v1: same path in each controller's tree",
			 "");
}

static const char *unified_mount(const struct kfacts *f)
{
	unsigned int i;

	for (i = 0; i < f->nhierarchies; i++)
		if (!f->hierarchies[i].controller[0])
			return f->hierarchies[i].mount;
	return "";
}

/* What a cgroup of each unit says of itself. After the limits: it uses their mounts. */
static void plan_units(const struct kfacts *f, struct plan *plan)
{
	static const char field[] = "memory, pressure, tasks of units";
	const char *unified = unified_mount(f);

	find_controller(f, "pids", plan->pids_mount, &plan->pids_v2);
	find_controller(f, "hugetlb", plan->hugetlb_mount, &plan->hugetlb_v2);
	memcpy(plan->unified_mount, unified, strlen(unified) + 1);
	if (!plan->memory_mount[0])
		plan_say(plan, field, PLAN_MISSING, "", "no memory controller is mounted",
			 "mount cgroup2 on /sys/fs/cgroup");
	else if (!unified[0])
		plan_say(plan, field, PLAN_DEGRADED, "memory.stat, pids.current",
			 "cgroup v1 has no pressure of cgroups: the host's is all there is",
			 "mount cgroup2");
	else if (!f->psi_on)
		plan_say(plan, field, PLAN_DEGRADED, "memory.stat, pids.current",
			 "the kernel does not measure pressure",
			 f->in_memstall ? "boot with psi=1" : "a kernel with CONFIG_PSI=y");
	else
		plan_say(plan, field, PLAN_EXACT, "memory.stat, *.pressure, pids.current",
			 plan->memory_v2 ? "cgroup v2"
					 : "pressure by the unified tree, the rest by v1's",
			 "");
}

static void plan_sessions(const struct kfacts *f, struct plan *plan)
{
	if (f->copy_from_task)
		plan_say(plan, "session: stacks of sleepers", PLAN_EXACT, "iter.s/task",
			 "off-CPU time by reason is exact, and their stacks divide it", "");
	else
		plan_say(plan, "session: stacks of sleepers", PLAN_MISSING, "",
			 "no bpf_copy_from_user_task: off-CPU time by reason, without stacks",
			 "Linux 5.18 or later");
	if (f->tp_contention)
		plan_say(plan, "session: address-space lock", PLAN_EXACT, "contention_begin",
			 "told by the lock's address", "");
	else
		plan_say(plan, "session: address-space lock", PLAN_MISSING, "",
			 "no contention_begin: such waits are \"kernel\" or \"other\"",
			 "Linux 5.19 or later");
	if (f->tp_user_fault)
		plan_say(plan, "session: stacks of page faults", PLAN_EXACT, "page_fault_user",
			 "all are counted, some stacks are taken", "");
	else
		plan_say(plan, "session: stacks of page faults", PLAN_MISSING, "",
			 "no page_fault_user tracepoint", "x86-64");
}

static void say_session(struct plan *plan, bool have, struct plan_item with,
			struct plan_item without)
{
	struct plan_item *item = &plan->session_items[plan->nsession_items];

	if (plan->nsession_items == PLAN_SESSION_ITEMS_MAX)
		return;
	plan->nsession_items++;
	*item = have ? with : without;
	item->field = with.field;
}

/* What a session loads. After the cgroups: it names them by the same hierarchies. */
static void plan_session(const struct kfacts *f, struct plan *plan)
{
	unsigned int i;

	plan->session = (struct session_plan){
		.known = true,
		.refusal = plan->refusal,
		.refusal_remedy = plan->refusal_remedy,
		.task_storage = f->task_storage,
		.off_cpu = f->rq_clock,
		.moved_sleepers = plan->moved_sleepers,
		.clocks = f->perf_events,
		.sleepers = f->copy_from_task,
		.faults = f->tp_user_fault,
		.contention = f->tp_contention,
		.no_clocks = f->perf_events ? "" : "this kernel has no perf events",
		.no_sleepers = f->copy_from_task ? ""
						 : "this kernel cannot read a sleeping thread's "
						   "stack (5.18 can)",
		.no_faults = f->tp_user_fault ? ""
					      : "this kernel has no exceptions:page_fault_user",
		.cgroup_trees = plan->ntrees,
	};
	for (i = 0; i < plan->ntrees; i++)
		plan->session.cgroup_subsys[i] = plan->trees[i].subsys;
}

static void plan_session_items(const struct kfacts *f, struct plan *plan)
{
	say_session(plan, f->perf_events,
		    (struct plan_item){ "stacks on a CPU", PLAN_EXACT, "perf_event_open: cpu-clock",
					"a clock on every CPU, its period fixed", "" },
		    (struct plan_item){ "", PLAN_MISSING, "", plan->session.no_clocks,
					"a kernel with CONFIG_PERF_EVENTS=y" });
	say_session(
		plan, f->rq_clock,
		(struct plan_item){ "time off the CPU by reason", PLAN_EXACT,
				    "sched_switch: rq.clock", "in the clock of sched_info", "" },
		(struct plan_item){ "", PLAN_DEGRADED, "sched_switch: bpf_ktime_get_ns",
				    "no cfs_rq.rq: another clock than sched_info's, and a wait for "
				    "a CPU that began before the session is not seen",
				    "a kernel with CONFIG_FAIR_GROUP_SCHED=y" });
	say_session(plan, f->copy_from_task,
		    (struct plan_item){ "stacks of sleepers", PLAN_EXACT, "iter.s/task",
					"they divide the exact time off the CPU", "" },
		    (struct plan_item){ "", PLAN_MISSING, "", plan->session.no_sleepers,
					"Linux 5.18 or later" });
	say_session(plan, f->tp_contention,
		    (struct plan_item){ "waits for the address-space lock", PLAN_EXACT,
					"contention_begin", "told by the lock's address", "" },
		    (struct plan_item){ "", PLAN_MISSING, "",
					"no contention_begin: they are \"kernel\" or \"other\"",
					"Linux 5.19 or later" });
	say_session(plan, f->tp_user_fault,
		    (struct plan_item){ "stacks of page faults", PLAN_EXACT, "page_fault_user",
					"all are counted, some stacks are taken", "" },
		    (struct plan_item){ "", PLAN_MISSING, "", plan->session.no_faults, "x86-64" });
	say_session(plan, f->task_storage,
		    (struct plan_item){ "state of threads", PLAN_EXACT, "BPF_MAP_TYPE_TASK_STORAGE",
					"freed with its thread", "" },
		    (struct plan_item){ "", PLAN_DEGRADED, "hash of threads",
					"no task storage for tracing programs: dearer per switch",
					f->storage_sleeps ? "Linux 6.4 or later"
							  : "Linux 5.12 or later" });
}

static void plan_privileges(const struct kfacts *f, struct plan *plan)
{
	static const char field[] = "privileges while serving";

	plan->keep_cap_bpf = !f->unpriv_map_ops;
	if (f->root && !f->cap_setid)
		plan_say(plan, field, PLAN_MISSING, "",
			 "root without CAP_SETUID, CAP_SETGID and CAP_SETPCAP: vigie serve refuses",
			 "add these capabilities: they are given up after the start");
	else if (plan->keep_cap_bpf)
		plan_say(plan, field, PLAN_DEGRADED, "CAP_BPF",
			 "this kernel asks for CAP_BPF at every map operation",
			 "Linux 5.19 or later");
	else
		plan_say(plan, field, PLAN_EXACT, "none",
			 "maps and iterators work through kept descriptors", "");
}

static void plan_self(const struct kfacts *f, struct plan *plan)
{
	plan_privileges(f, plan);
	if (f->possible_cpus > VIGIE_MAX_CPUS)
		plan_say(plan, "counters by CPU", PLAN_DEGRADED, "the first 1024 CPUs",
			 "slow waits and losses on the others are not counted", "");
	if (f->run_time_stats)
		plan_say(plan, "probe run time", PLAN_EXACT, "run_time_ns, run_cnt",
			 "statistics are on", "");
	else
		plan_say(plan, "probe run time", PLAN_MISSING, "",
			 "the kernel's BPF statistics are off",
			 "sysctl kernel.bpf_stats_enabled=1 (costs two clock reads a run)");
}

/*
 * "Linux 6.2 or later" to somebody who runs 7.3 is no remedy: that kernel has it under another name, or
 * no more. Only words depend on the version, never what is loaded.
 */
static const char *remedy_for(const struct kfacts *facts, const char *remedy)
{
	unsigned int major, minor, has_major, has_minor;

	if (!remedy || sscanf(remedy, "Linux %u.%u", &major, &minor) != 2 ||
	    sscanf(facts->release, "%u.%u", &has_major, &has_minor) != 2)
		return remedy;
	if (has_major < major || (has_major == major && has_minor < minor))
		return remedy;
	return "none known: a kernel as new as this should have it; please report it";
}

static void plan_remedies(const struct kfacts *facts, struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < plan->nitems; i++)
		plan->items[i].remedy = remedy_for(facts, plan->items[i].remedy);
	for (i = 0; i < plan->nsession_items; i++)
		plan->session_items[i].remedy = remedy_for(facts, plan->session_items[i].remedy);
}

void plan_make(const struct kfacts *facts, const struct collect_config *config, struct plan *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->config = *config;
	ret->possible_cpus = facts->possible_cpus;
	if (ret->possible_cpus > VIGIE_MAX_CPUS)
		ret->possible_cpus = VIGIE_MAX_CPUS;
	plan_refusals(facts, ret);
	plan_scheduler(facts, ret);
	plan_memory(facts, ret);
	plan_exits(facts, ret);
	plan_cgroup(facts, ret);
	plan_limits(facts, ret);
	plan_units(facts, ret);
	plan_sessions(facts, ret);
	plan_session(facts, ret);
	plan_session_items(facts, ret);
	plan_self(facts, ret);
	plan_remedies(facts, ret);
}
