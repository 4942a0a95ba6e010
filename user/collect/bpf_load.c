// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_load.c - owns applying the plan: knobs, optional programs, map sizes, attachment.
 *
 * No decision is taken here: a plan says what, plan.c says why.
 */
#include "collect/bpf_load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gen/vigie.skel.h"
#include "base/clock.h"

static void load_knobs(struct vigie_bpf *skel, const struct plan *plan)
{
	skel->rodata->cfg_task_storage = plan->task_storage;
	skel->rodata->cfg_lookup_fails = plan->lookup_fails;
	skel->rodata->cfg_moved = plan->moved_sleepers;
	skel->rodata->cfg_off_cpu = plan->off_cpu;
	skel->rodata->cfg_exact_rss = plan->exact_rss;
	skel->rodata->cfg_cpus = plan->possible_cpus;
	skel->rodata->cfg_max_tasks = plan->config.max_tasks;
	skel->rodata->cfg_slow_ns = plan->config.slow_wait_ns;
	skel->rodata->cfg_group_by = plan->config.group_by;
	skel->rodata->cfg_cgroup_trees = plan->ntrees ? plan->ntrees : 1;
	for (unsigned int i = 0; i < plan->ntrees; i++) {
		skel->rodata->cfg_cgroup_subsys[i] = plan->trees[i].subsys;
		skel->rodata->cfg_cgroup_hierarchy[i] = plan->trees[i].id;
	}
}

static void load_programs(struct vigie_bpf *skel, const struct plan *plan)
{
	bpf_program__set_autoload(skel->progs.on_migrate, plan->moved_sleepers);
	bpf_program__set_autoload(skel->progs.on_wakeup, plan->moved_sleepers);
	bpf_program__set_autoload(skel->progs.on_tick, plan->peaks);
	bpf_program__set_autoload(skel->progs.on_reclaim_begin, plan->reclaim);
	bpf_program__set_autoload(skel->progs.on_reclaim_end, plan->reclaim);
	bpf_program__set_autoload(skel->progs.on_cgroup_reclaim_begin, plan->cgroup_reclaim);
	bpf_program__set_autoload(skel->progs.on_cgroup_reclaim_end, plan->cgroup_reclaim);
	bpf_program__set_autoload(skel->progs.on_compaction_begin, plan->compaction);
	bpf_program__set_autoload(skel->progs.on_compaction_end, plan->compaction);
	bpf_program__set_autoload(skel->progs.on_oom, plan->oom);
	bpf_program__set_autoload(skel->progs.on_cgroup_mkdir, plan->cgroup_events);
	bpf_program__set_autoload(skel->progs.on_cgroup_rename, plan->cgroup_events);
	bpf_program__set_autoload(skel->progs.on_ruler, plan->exact_rss);
	bpf_program__set_autoload(skel->progs.on_nothing, plan->config.priced);
}

static void bound_maps(struct vigie_bpf *skel, const struct plan *plan)
{
	const struct collect_config *config = &plan->config;

	if (!plan->task_storage)
		bpf_map__set_max_entries(skel->maps.tasks_hash, config->max_tasks);
	skel->bss->task_room = config->max_tasks;
	if (config->max_retired && config->max_retired < VIGIE_RETIRED_MAX) {
		bpf_map__set_max_entries(skel->maps.retired_0, config->max_retired);
		bpf_map__set_max_entries(skel->maps.retired_1, config->max_retired);
	}
}

static void load_maps(struct vigie_bpf *skel, const struct plan *plan)
{
	bound_maps(skel, plan);
	bpf_map__set_max_entries(skel->maps.cpus, plan->possible_cpus);
	/* libbpf creates the maps of unloaded programs too. */
	bpf_map__set_autocreate(plan->task_storage ? skel->maps.tasks_hash : skel->maps.tasks,
				false);
	bpf_map__set_autocreate(skel->maps.ruler, plan->exact_rss);
	/*
	 * Memory for the dead that there are, not for the most there may be. From tracing
	 * programs that is sound only since 6.1, of which task storage is our sign.
	 */
	if (plan->task_storage) {
		bpf_map__set_map_flags(skel->maps.retired_0, BPF_F_NO_PREALLOC);
		bpf_map__set_map_flags(skel->maps.retired_1, BPF_F_NO_PREALLOC);
	}
}

/* Reads an iterator that fills a map as it runs. */
static int run_iterator(struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	int err = libbpf_get_error(link), fd;
	char byte;

	if (err)
		return err;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		err = -errno;
	} else {
		while (read(fd, &byte, sizeof(byte)) > 0)
			;
		close(fd);
	}
	bpf_link__destroy(link);
	return err;
}

/* Where each CPU keeps its part of a per-CPU counter: see bpf/rss.bpf.c. */
static int measure_cpu_offsets(struct bpf_loaded *l)
{
	static __u64 offsets[VIGIE_MAX_CPUS];
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info), zero = 0, cpu;
	int err = bpf_obj_get_info_by_fd(bpf_map__fd(l->skel->maps.ruler), &info, &len);
	int fd = bpf_map__fd(l->skel->maps.cpu_offsets);

	if (err)
		return err;
	l->skel->bss->ruler_map_id = info.id;
	err = run_iterator(l->skel->progs.on_ruler);
	if (!err)
		err = bpf_map_lookup_elem(fd, &zero, offsets);
	if (err)
		return err;
	if (!l->skel->bss->ruler_pointer)
		return -ENODATA;
	for (cpu = 0; cpu < l->ncpus; cpu++)
		offsets[cpu] -= l->skel->bss->ruler_pointer;
	err = bpf_map_update_elem(fd, &zero, offsets, BPF_ANY);
	/* Whoever could write here later could read all of the kernel through the iterator. */
	return err ? err : bpf_map_freeze(fd);
}

/* What the programs must know and only the loaded kernel can tell. */
static int tell_programs(struct bpf_loaded *l, const struct plan *plan)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int err = 0;

	if (plan->task_storage)
		err = bpf_obj_get_info_by_fd(bpf_map__fd(l->skel->maps.tasks), &info, &len);
	l->skel->bss->tasks_map_id = info.id;
	return err;
}

/* From here on every birth is seen: what is younger owes us all that it used. */
static void births_seen(struct bpf_loaded *l)
{
	l->skel->bss->attached_ns = clock_boottime_ns();
}

static int map_cpus(struct bpf_loaded *l)
{
	long page = sysconf(_SC_PAGESIZE);
	void *p;

	l->cpus_size = (l->ncpus * sizeof(struct vigie_cpu) + page - 1) / page * page;
	p = mmap(NULL, l->cpus_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		 bpf_map__fd(l->skel->maps.cpus), 0);
	if (p == MAP_FAILED)
		return -errno;
	l->cpus = p;
	return 0;
}

static void note_spot(struct bpf_loaded *l, const struct bpf_program *prog)
{
	const struct bpf_program *const progs[BPF_SPOTS] = {
		[SPOT_SWITCH] = l->skel->progs.on_switch,
		[SPOT_MIGRATE] = l->skel->progs.on_migrate,
		[SPOT_WAKEUP] = l->skel->progs.on_wakeup,
	};
	unsigned int i;

	for (i = 0; i < BPF_SPOTS; i++)
		if (progs[i] == prog)
			l->spots[i] = (struct bpf_spot){ .prog = prog, .at = l->nlinks, .fd = -1 };
}

static int load_attach(struct bpf_loaded *l, struct bpf_program *prog, const char **ret_what)
{
	static char what[64];
	struct bpf_link *link;
	int err;

	if (!bpf_program__autoload(prog))
		return 0;
	if (l->nlinks == LINKS_MAX)
		return -E2BIG;
	link = bpf_program__attach(prog);
	err = libbpf_get_error(link);
	if (err) {
		snprintf(what, sizeof(what), "attach %s", bpf_program__name(prog));
		*ret_what = what;
		return err;
	}
	note_spot(l, prog);
	l->links[l->nlinks++] = link;
	return 0;
}

static int attach_all(struct bpf_loaded *l, struct bpf_program *const progs[], size_t n,
		      const char **ret_what)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = load_attach(l, progs[i], ret_what);
	return err;
}

/*
 * The end first: a task that gets state must not die unseen. Nor be woken unseen once its move
 * was seen.
 */
static int attach_life(struct bpf_loaded *l, const char **ret_what)
{
	struct bpf_program *const progs[] = {
		l->skel->progs.on_wakeup, l->skel->progs.on_migrate, l->skel->progs.on_free,
		l->skel->progs.on_exit,	  l->skel->progs.on_exec,    l->skel->progs.on_newtask,
	};

	return attach_all(l, progs, sizeof(progs) / sizeof(progs[0]), ret_what);
}

static int attach_rest(struct bpf_loaded *l, const char **ret_what)
{
	struct bpf_program *const progs[] = {
		l->skel->progs.on_switch,
		l->skel->progs.on_tick,
		l->skel->progs.on_reclaim_begin,
		l->skel->progs.on_reclaim_end,
		l->skel->progs.on_cgroup_reclaim_begin,
		l->skel->progs.on_cgroup_reclaim_end,
		l->skel->progs.on_compaction_begin,
		l->skel->progs.on_compaction_end,
		l->skel->progs.on_oom,
		l->skel->progs.on_cgroup_mkdir,
		l->skel->progs.on_cgroup_rename,
	};

	return attach_all(l, progs, sizeof(progs) / sizeof(progs[0]), ret_what);
}

static int load_and_attach(struct bpf_loaded *l, const struct plan *plan,
			   int (*settle_tasks)(void *ctx), void *ctx, const char **ret_what)
{
	int err;

	*ret_what = "open";
	l->skel = vigie_bpf__open();
	if (!l->skel)
		return -errno;
	load_knobs(l->skel, plan);
	load_programs(l->skel, plan);
	load_maps(l->skel, plan);
	*ret_what = "load";
	err = vigie_bpf__load(l->skel);
	if (err)
		return err;
	/* Loaded all the same, libbpf says so where the variables could not be mapped. */
	*ret_what = "map the programs' variables";
	if (!l->skel->bss || !l->skel->rodata)
		return -ENOMEM;
	*ret_what = "map the CPU slots";
	l->ncpus = plan->possible_cpus;
	err = map_cpus(l);
	if (err)
		return err;
	*ret_what = "measure the per-CPU offsets";
	if (plan->exact_rss)
		err = measure_cpu_offsets(l);
	if (err)
		return err;
	*ret_what = "attach on_task";
	l->iter = bpf_program__attach_iter(l->skel->progs.on_task, NULL);
	err = libbpf_get_error(l->iter);
	if (err) {
		l->iter = NULL;
		return err;
	}
	*ret_what = "ask for the id of the tasks map";
	err = tell_programs(l, plan);
	if (!err)
		err = attach_life(l, ret_what);
	if (err)
		return err;
	births_seen(l);
	*ret_what = "read the task iterator";
	err = settle_tasks(ctx);
	return err ? err : attach_rest(l, ret_what);
}

int bpf_load(struct bpf_loaded *l, const struct plan *plan, int (*settle_tasks)(void *ctx),
	     void *ctx, const char **ret_what)
{
	int err;

	memset(l, 0, sizeof(*l));
	err = load_and_attach(l, plan, settle_tasks, ctx, ret_what);
	if (err)
		bpf_unload(l);
	return err;
}

/* Not by bpf_link_create(), which the server's filter knows nothing of. */
static int spot_open(const struct bpf_spot *spot)
{
	int fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(spot->prog));

	return fd < 0 ? -errno : fd;
}

int bpf_spot_detach(struct bpf_loaded *l, enum bpf_spot_name name)
{
	struct bpf_spot *spot = &l->spots[name];
	int again;

	if (!spot->prog || (!l->links[spot->at] && spot->fd < 0))
		return 0;
	/*
	 * What could not come back must not go. Until 6.9 a tracepoint knows a program, not its link, and
	 * says of a second one that there is one: whoever is told that was allowed to attach.
	 */
	again = spot_open(spot);
	if (again < 0 && again != -EEXIST)
		return again;
	if (again >= 0)
		close(again);
	bpf_link__destroy(l->links[spot->at]);
	l->links[spot->at] = NULL;
	if (spot->fd >= 0)
		close(spot->fd);
	spot->fd = -1;
	return 0;
}

int bpf_spot_attach(struct bpf_loaded *l, enum bpf_spot_name name)
{
	struct bpf_spot *spot = &l->spots[name];
	int fd;

	if (!spot->prog || l->links[spot->at] || spot->fd >= 0)
		return 0;
	fd = spot_open(spot);
	if (fd < 0)
		return fd;
	spot->fd = fd;
	return 0;
}

static void spots_close(struct bpf_loaded *l)
{
	unsigned int i;

	for (i = 0; i < BPF_SPOTS; i++)
		if (l->spots[i].prog && l->spots[i].fd >= 0)
			close(l->spots[i].fd);
}

void bpf_unload(struct bpf_loaded *l)
{
	spots_close(l);
	while (l->nlinks)
		bpf_link__destroy(l->links[--l->nlinks]);
	bpf_link__destroy(l->iter);
	if (l->cpus)
		munmap(l->cpus, l->cpus_size);
	vigie_bpf__destroy(l->skel);
	memset(l, 0, sizeof(*l));
}
