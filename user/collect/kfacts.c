// SPDX-License-Identifier: GPL-2.0-only
/*
 * kfacts.c - owns looking at the kernel: its BTF, its files, our capabilities.
 *
 * No rule lives here; a fact that no rule uses does not either. Hierarchies of cgroups are
 * in kfacts_cgroup.c.
 */
#include "collect/kfacts.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cpus.h"
#include "collect/kfacts_cgroup.h"

static bool has_capability(const struct __user_cap_data_struct *data, int cap)
{
	return data[cap / 32].effective >> (cap % 32) & 1;
}

static void facts_capabilities(struct kfacts *facts)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return;
	facts->cap_sys_admin = has_capability(data, CAP_SYS_ADMIN);
	facts->cap_bpf = facts->cap_sys_admin || has_capability(data, CAP_BPF);
	facts->cap_perfmon = facts->cap_sys_admin || has_capability(data, CAP_PERFMON);
	facts->cap_setid = has_capability(data, CAP_SETUID) && has_capability(data, CAP_SETGID) &&
			   has_capability(data, CAP_SETPCAP);
}

/* Members of unnamed structs inside count as the struct's own, as in C. */
static bool type_has_member(const struct btf *btf, __u32 id, const char *member, __u32 *ret_type)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m;
	int i;

	if (!t || !btf_is_composite(t))
		return false;
	m = btf_members(t);
	for (i = 0; i < btf_vlen(t); i++, m++) {
		const char *name = btf__name_by_offset(btf, m->name_off);

		if (!name[0] && type_has_member(btf, m->type, member, ret_type))
			return true;
		if (strcmp(name, member))
			continue;
		if (ret_type)
			*ret_type = m->type;
		return true;
	}
	return false;
}

static bool has_member(const struct btf *btf, const char *type, const char *member, __u32 *ret_type)
{
	__s32 id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id > 0 && type_has_member(btf, id, member, ret_type);
}

static bool has_enumerator(const struct btf *btf, const char *type, const char *name,
			   int *ret_value)
{
	__s32 id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *t;
	const struct btf_enum *e;
	int i;

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, id);
	e = btf_enum(t);
	for (i = 0; i < btf_vlen(t); i++, e++) {
		if (strcmp(btf__name_by_offset(btf, e->name_off), name))
			continue;
		if (ret_value)
			*ret_value = e->val;
		return true;
	}
	return false;
}

/* The prototype behind typedef btf_trace_NAME, or NULL: the tracepoint does not exist. */
static const struct btf_type *tracepoint(const struct btf *btf, const char *name)
{
	char text[80];
	const struct btf_type *t;
	__s32 id;

	snprintf(text, sizeof(text), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, text, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type); /* the pointer */
	return t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
}

static bool tracepoint_pair(const struct btf *btf, const char *begin, const char *end)
{
	return tracepoint(btf, begin) && tracepoint(btf, end);
}

/* Parameter 0 of a btf_trace prototype is the tracepoint's private pointer. */
static bool parameter_is_pointer(const struct btf *btf, const struct btf_type *proto, int index)
{
	const struct btf_type *t;

	if (!proto || btf_vlen(proto) <= index)
		return false;
	t = btf__type_by_id(btf, btf_params(proto)[index].type);
	return t && btf_is_ptr(t);
}

static bool rss_is_percpu(const struct btf *btf)
{
	const struct btf_type *t;
	__u32 type;

	if (!has_member(btf, "mm_struct", "rss_stat", &type))
		return false;
	t = btf__type_by_id(btf, type);
	return t && btf_is_array(t);
}

static void facts_tracepoints(struct kfacts *facts, const struct btf *btf)
{
	const struct btf_type *exit = tracepoint(btf, "sched_process_exit");
	const struct btf_type *victim = tracepoint(btf, "mark_victim");

	facts->tp_sched = exit && tracepoint(btf, "sched_switch") &&
			  tracepoint(btf, "task_newtask") && tracepoint(btf, "sched_process_free");
	facts->exit_group_dead = exit && btf_vlen(exit) >= 3;
	facts->tp_tick = tracepoint(btf, "hrtimer_expire_entry") != NULL;
	facts->tp_reclaim = tracepoint_pair(btf, "mm_vmscan_direct_reclaim_begin",
					    "mm_vmscan_direct_reclaim_end");
	facts->tp_cgroup_reclaim = tracepoint_pair(btf, "mm_vmscan_memcg_reclaim_begin",
						   "mm_vmscan_memcg_reclaim_end");
	facts->tp_compaction = tracepoint_pair(btf, "mm_compaction_begin", "mm_compaction_end");
	facts->tp_mark_victim = victim != NULL;
	facts->mark_victim_task = parameter_is_pointer(btf, victim, 1);
	facts->tp_cgroup_mkdir = tracepoint_pair(btf, "cgroup_mkdir", "cgroup_rename");
	facts->tp_contention = tracepoint_pair(btf, "contention_begin", "contention_end");
	facts->tp_user_fault = tracepoint(btf, "page_fault_user") != NULL;
}

/*
 * A lookup in task storage fails while its CPU is inside another where a per-CPU counter keeps them
 * apart: unless there is the variant that does without (6.2), or the counter is gone (seen on 7.3).
 * That the kernel's BTF has per-CPU variables at all is told by one that every kernel has.
 */
static bool lookups_do_not_fail(const struct btf *btf)
{
	if (btf__find_by_name_kind(btf, "bpf_task_storage_get_recur", BTF_KIND_FUNC) > 0)
		return true;
	return btf__find_by_name_kind(btf, "runqueues", BTF_KIND_VAR) > 0 &&
	       btf__find_by_name_kind(btf, "bpf_task_storage_busy", BTF_KIND_VAR) < 0;
}

/*
 * On PREEMPT_RT kmalloc() may sleep, and a probe must not: seen on 6.1.176-rt, which then corrupts its
 * tasks. Later kernels take storage from what BPF keeps at hand (bpf_ma), or from an allocator that
 * never sleeps: by choice (use_kmalloc_nolock), and always in 7.3, which has neither word and is told
 * from 6.1 by that allocator. Where a spinlock sleeps it has no raw one inside.
 */
static bool storage_sleeps(const struct btf *btf)
{
	return !has_member(btf, "spinlock", "rlock", NULL) &&
	       !has_member(btf, "bpf_local_storage_map", "bpf_ma", NULL) &&
	       !has_member(btf, "bpf_local_storage_map", "use_kmalloc_nolock", NULL) &&
	       btf__find_by_name_kind(btf, "kfree_nolock", BTF_KIND_FUNC) < 0;
}

static void facts_btf(struct kfacts *facts)
{
	/* What fails here is a fact and told as one: libbpf need not say it too. */
	libbpf_print_fn_t loud = libbpf_set_print(NULL);
	struct btf *btf = btf__load_vmlinux_btf();
	unsigned int i;

	libbpf_set_print(loud);
	facts->btf_err = libbpf_get_error(btf);
	if (facts->btf_err)
		return;
	facts_tracepoints(facts, btf);
	facts->storage_sleeps = storage_sleeps(btf);
	facts->task_storage =
		!facts->storage_sleeps && has_member(btf, "task_struct", "bpf_storage", NULL) &&
		has_enumerator(btf, "bpf_func_id", "BPF_FUNC_get_current_task_btf", NULL);
	facts->lookup_recursion_safe = lookups_do_not_fail(btf);
	facts->io_accounting = has_member(btf, "task_io_accounting", "read_bytes", NULL);
	facts->copy_from_task = has_enumerator(btf, "bpf_func_id", "BPF_FUNC_copy_from_user_task",
					       NULL);
	facts->iter_task = btf__find_by_name_kind(btf, "bpf_iter__task", BTF_KIND_STRUCT) >= 0;
	facts->ringbuf = has_enumerator(btf, "bpf_func_id", "BPF_FUNC_ringbuf_output", NULL);
	facts->sched_info = has_member(btf, "sched_info", "run_delay", NULL);
	facts->delayed_dequeue = has_member(btf, "sched_entity", "sched_delayed", NULL);
	facts->rq_clock = has_member(btf, "cfs_rq", "rq", NULL) &&
			  has_member(btf, "rq", "clock", NULL);
	facts->in_memstall = has_member(btf, "task_struct", "in_memstall", NULL);
	facts->rss_percpu = rss_is_percpu(btf);
	facts->percpu_lookup = has_enumerator(btf, "bpf_func_id", "BPF_FUNC_map_lookup_percpu_elem",
					      NULL);
	/* 5.19 opened map commands to holders of the descriptor (c8644cd0efe7) with this helper. */
	facts->unpriv_map_ops = facts->percpu_lookup;
	for (i = 0; i < facts->nhierarchies; i++) {
		struct cgroup_hierarchy *h = &facts->hierarchies[i];
		char name[40];

		snprintf(name, sizeof(name), "%s_cgrp_id",
			 strcmp(h->controller, "blkio") ? h->controller : "io");
		h->subsys = -1;
		if (h->controller[0])
			has_enumerator(btf, "cgroup_subsys_id", name, &h->subsys);
	}
	btf__free(btf);
}

static bool file_is_one(const char *path)
{
	FILE *f = fopen(path, "re");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	return c == '1';
}

/* The initial namespaces have fixed numbers: PROC_PID_INIT_INO, PROC_USER_INIT_INO. */
static bool in_namespace(const char *path, const char *initial)
{
	char text[64];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return true; /* not known: do not alarm */
	text[n] = '\0';
	return !strcmp(text, initial);
}

/* "none integrity [confidentiality]". Not there: no lockdown, or no securityfs. */
static bool is_locked_down(void)
{
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	char text[128];
	bool is = f && fgets(text, sizeof(text), f) && strstr(text, "[confidentiality]");

	if (f)
		fclose(f);
	return is;
}

/* Ids, not a count, which is what libbpf_num_possible_cpus() says: a slot is found by its id. */
static unsigned int highest_cpu(void)
{
	struct cpus possible;
	int n = libbpf_num_possible_cpus();

	if (cpus_read(CPUS_POSSIBLE, &possible) || !possible.end)
		return n > 0 ? n - 1 : 0;
	return possible.end - 1;
}

void kfacts_gather(struct kfacts *ret)
{
	struct utsname name;

	memset(ret, 0, sizeof(*ret));
	if (!uname(&name))
		snprintf(ret->release, sizeof(ret->release), "%s", name.release);
	ret->page_size = sysconf(_SC_PAGESIZE);
	ret->possible_cpus = highest_cpu() + 1;
	ret->root = !geteuid();
	ret->init_pid_ns = in_namespace("/proc/self/ns/pid", "pid:[4026531836]");
	ret->user_ns = !in_namespace("/proc/self/ns/user", "user:[4026531837]");
	ret->locked_down = is_locked_down();
	facts_capabilities(ret);
	kfacts_cgroups(ret);
	facts_btf(ret);
	/* The file exists with PSI off too, but then it cannot be opened (-EOPNOTSUPP). */
	ret->psi_on = access("/proc/pressure/cpu", R_OK) == 0;
	if (ret->psi_on) {
		FILE *f = fopen("/proc/pressure/memory", "re");

		ret->psi_on = f && fgetc(f) != EOF;
		if (f)
			fclose(f);
	}
	ret->perf_events = access("/proc/sys/kernel/perf_event_paranoid", F_OK) == 0;
	ret->run_time_stats = file_is_one("/proc/sys/kernel/bpf_stats_enabled");
}
