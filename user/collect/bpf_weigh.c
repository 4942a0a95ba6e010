// SPDX-License-Identifier: GPL-2.0-only
/* bpf_weigh.c - owns asking the kernel for our own programs' and maps' figures. */
#include "collect/bpf_weigh.h"

#include <bpf/bpf.h>
#include <stdio.h>

#include "gen/vigie.skel.h"

/*
 * An element of task storage as the kernel allocates it: the value behind a head of some 64
 * bytes, rounded up to a power of two, and once per task a table of 256 bytes.
 */
enum { STORAGE_HEAD = 64, STORAGE_TABLE = 256 };

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

static void weigh_program(const struct bpf_program *prog, struct collect_stat *stat)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	struct probe_stat *p;

	if (stat->nprobes == PROBES_MAX ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
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
