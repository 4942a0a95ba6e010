// SPDX-License-Identifier: GPL-2.0-only
/* bpf_weigh.c - owns asking the kernel for our own programs' and maps' figures. */
#include "collect/bpf_weigh.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gen/vigie.skel.h"
#include "base/clock.h"

/*
 * An element of task storage as the kernel allocates it: the value behind a head of some 64
 * bytes, rounded up to a power of two, and once per task a table of 256 bytes.
 */
enum { STORAGE_HEAD = 64, STORAGE_TABLE = 256 };

enum { FLOOR_ROUNDS = 9, EMPTY_RUNS = 100, ENTRY_RUNS = 2000 };

/* The figure of one descriptor from /proc/self/fdinfo, which needs no privilege. */
static __u64 fd_memory(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(f);
	return bytes;
}

static bool program_info(const struct bpf_program *prog, struct bpf_prog_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return !bpf_obj_get_info_by_fd(bpf_program__fd(prog), ret, &len);
}

static void weigh_program(const struct bpf_program *prog, struct collect_stat *stat)
{
	struct bpf_prog_info info;
	struct probe_stat *p;

	if (stat->nprobes == PROBES_MAX || !program_info(prog, &info))
		return;
	p = &stat->probes[stat->nprobes++];
	snprintf(p->name, sizeof(p->name), "%s", bpf_program__name(prog));
	p->runs = info.run_cnt;
	p->run_ns = info.run_time_ns;
	p->missed = info.recursion_misses; /* 0 before 5.12 */
}

/* The kernel does not count the elements of task storage with the map. */
static __u64 storage_memory(const struct bpf_loaded *bpf, const struct collect_stat *stat)
{
	__u64 element = 64;

	if (!bpf->skel->rodata->cfg_task_storage)
		return 0;
	while (element < bpf_map__value_size(bpf->skel->maps.tasks) + STORAGE_HEAD)
		element *= 2;
	return (stat->tasks - stat->untracked) * (element + STORAGE_TABLE);
}

static bool statistics_on(void)
{
	FILE *f = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	bool on = f && fgetc(f) == '1';

	if (f)
		fclose(f);
	return on;
}

void bpf_weigh(const struct bpf_loaded *bpf, struct collect_stat *stat)
{
	struct bpf_object *obj = bpf->skel->obj;
	struct bpf_program *prog;
	struct bpf_map *map;
	__u64 bytes = 0, missed = 0;
	unsigned int i;

	stat->nprobes = 0;
	stat->run_time_known = statistics_on();
	bpf_object__for_each_program(prog, obj) {
		if (!bpf_program__autoload(prog))
			continue;
		bytes += fd_memory(bpf_program__fd(prog));
		weigh_program(prog, stat);
	}
	bpf_object__for_each_map(map, obj)
		if (bpf_map__fd(map) >= 0)
			bytes += fd_memory(bpf_map__fd(map));
	for (i = 0; i < stat->nprobes; i++)
		missed += stat->probes[i].missed;
	/* A program that could not be asked this time: no counter runs backwards. */
	if (missed > stat->loss[VIGIE_LOSS_RUN_MISSED])
		stat->loss[VIGIE_LOSS_RUN_MISSED] = missed;
	if (bytes)
		stat->bpf_memory_bytes = bytes + storage_memory(bpf, stat);
}

/* --- What our programs cost others. */

static int compare_ns(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Some rounds are disturbed. */
static __u64 median(__u64 rounds[FLOOR_ROUNDS])
{
	qsort(rounds, FLOOR_ROUNDS, sizeof(rounds[0]), compare_ns);
	return rounds[FLOOR_ROUNDS / 2];
}

/* Nanoseconds a run by the statistics; 0: it cannot be run. */
static __u64 empty_round(const struct bpf_program *prog)
{
	__u64 ctx[4] = { 0 };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = ctx, .ctx_size_in = sizeof(ctx));
	struct bpf_prog_info before, after;
	int i;

	if (!program_info(prog, &before))
		return 0;
	for (i = 0; i < EMPTY_RUNS; i++)
		if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
			return 0;
	if (!program_info(prog, &after) || after.run_cnt == before.run_cnt)
		return 0;
	return (after.run_time_ns - before.run_time_ns) / (after.run_cnt - before.run_cnt);
}

/* A tracepoint that nobody meets but who changes its name: we do, to the one that it has. */
static __u64 renames_ns(void)
{
	__u64 began = clock_thread_cpu_ns();
	char name[16] = "";
	int i;

	prctl(PR_GET_NAME, name, 0, 0, 0);
	for (i = 0; i < ENTRY_RUNS; i++)
		prctl(PR_SET_NAME, name, 0, 0, 0);
	return clock_thread_cpu_ns() - began;
}

/* By how much a run of the tracepoint is dearer with the program than without. */
static __u64 entry_round(const struct bpf_program *prog)
{
	__u64 without = renames_ns(), with;
	int fd = bpf_raw_tracepoint_open("task_rename", bpf_program__fd(prog));

	if (fd < 0)
		return 0;
	with = renames_ns();
	close(fd);
	return with > without ? (with - without) / ENTRY_RUNS : 0;
}

void bpf_weigh_floor(const struct bpf_loaded *bpf, struct probe_floor *ret)
{
	const struct bpf_program *prog = bpf->skel->progs.on_nothing;
	__u64 rounds[FLOOR_ROUNDS];
	int stats, i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < FLOOR_ROUNDS; i++)
		rounds[i] = entry_round(prog);
	ret->entry_ns = median(rounds);
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0 && !statistics_on())
		return;
	for (i = 0; i < FLOOR_ROUNDS; i++)
		rounds[i] = empty_round(prog);
	if (stats >= 0)
		close(stats);
	ret->empty_ns = median(rounds);
}

static __u64 costs_ns(const struct bpf_prog_info *info, const struct probe_floor *floor)
{
	__u64 gross = info->run_time_ns + info->run_cnt * floor->entry_ns;
	__u64 empty = info->run_cnt * floor->empty_ns;

	return gross > empty ? gross - empty : 0;
}

/* Iterators run in our own time, and the one that does nothing only at the start. */
static bool runs_in_others_time(const struct vigie_bpf *skel, const struct bpf_program *prog)
{
	return bpf_program__autoload(prog) && prog != skel->progs.on_task &&
	       prog != skel->progs.on_ruler && prog != skel->progs.on_nothing;
}

void bpf_weigh_costs(const struct bpf_loaded *bpf, const struct probe_floor *floor,
		     struct probe_costs *ret)
{
	const struct vigie_bpf *skel = bpf->skel;
	struct bpf_program *prog;
	struct bpf_prog_info info;

	memset(ret, 0, sizeof(*ret));
	ret->always = statistics_on();
	bpf_object__for_each_program(prog, skel->obj) {
		if (!runs_in_others_time(skel, prog) || !program_info(prog, &info))
			continue;
		if (prog == skel->progs.on_newtask)
			ret->births = info.run_cnt;
		if (prog == skel->progs.on_switch || prog == skel->progs.on_wakeup ||
		    prog == skel->progs.on_migrate)
			ret->switch_ns += costs_ns(&info, floor);
		else if (prog == skel->progs.on_newtask || prog == skel->progs.on_exec ||
			 prog == skel->progs.on_exit || prog == skel->progs.on_free)
			ret->life_ns += costs_ns(&info, floor);
		else
			ret->rest_ns += costs_ns(&info, floor);
	}
}
