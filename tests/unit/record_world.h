/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record_world.h - snapshots made up for the tests of record/: every field has something in it.
 *
 * Owns: a host whose processes come, go and work at random, by seed. Same seed, same world.
 */
#ifndef TESTS_UNIT_RECORD_WORLD_H
#define TESTS_UNIT_RECORD_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/snapshot.h"

enum { RW_PROCESSES = 400, RW_CGROUPS = 24, RW_RETIRED = 40, RW_CULPRITS = 30, RW_OOMS = 3 };

struct record_world {
	struct snapshot s;
	struct process processes[RW_PROCESSES];
	struct retired retired[RW_RETIRED];
	struct vigie_delay culprits[RW_CULPRITS];
	struct vigie_oom_event ooms[RW_OOMS];
	struct cgroup_name cgroups[RW_CGROUPS];
	char paths[RW_CGROUPS][64];
	struct cgroup_stat stats[RW_CGROUPS];
	__u64 seed;
	__u64 snapshots; /* of this life of vigie */
	__u32 next_pid;
};

static inline __u64 rw_random(struct record_world *w)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed;
}

static inline __u64 rw_pick(struct record_world *w, __u64 below)
{
	return rw_random(w) % below;
}

/* Any magnitude: numbers of one bit and of 64. */
static inline __u64 rw_number(struct record_world *w)
{
	return rw_random(w) >> rw_pick(w, 64);
}

static inline void rw_fill(struct record_world *w, void *words, size_t size)
{
	size_t i;

	for (i = 0; i < size / sizeof(__u64); i++)
		((__u64 *)words)[i] = rw_number(w);
}

static inline void rw_name(struct record_world *w, char *name, size_t size)
{
	size_t i, len = rw_pick(w, size);

	memset(name, 0, size);
	for (i = 0; i < len; i++)
		name[i] = 1 + rw_pick(w, 255);
}

static inline void rw_born(struct record_world *w, struct process *p)
{
	memset(p, 0, sizeof(*p));
	p->pid = w->next_pid += 1 + rw_pick(w, 3);
	p->ppid = rw_pick(w, 1000);
	p->uid = rw_pick(w, 2) ? 0 : rw_random(w);
	p->threads = rw_pick(w, 9);
	p->flags = rw_pick(w, 4);
	p->start_ns = rw_number(w);
	p->cgroup_id = 100 + rw_pick(w, RW_CGROUPS);
	rw_name(w, p->comm, sizeof(p->comm));
	if (!rw_pick(w, 4))
		rw_name(w, p->exe, sizeof(p->exe));
	rw_fill(w, p->rss_pages, sizeof(p->rss_pages));
}

static inline void rw_lives(struct record_world *w, struct process *p, __u64 interval_ns)
{
	memset(&p->inc, 0, sizeof(p->inc));
	p->inc.off_ns[VIGIE_OFF_SLEEP] = interval_ns * p->threads + rw_pick(w, 2000);
	if (!rw_pick(w, 4))
		rw_fill(w, &p->inc, sizeof(p->inc));
	if (!rw_pick(w, 5))
		rw_fill(w, p->rss_pages, sizeof(p->rss_pages));
	p->peak_pages = p->rss_pages[0] + p->rss_pages[1] + p->rss_pages[3];
	if (!rw_pick(w, 6))
		p->peak_pages = rw_number(w);
	p->life_cpu_ns += p->inc.user_ns + p->inc.system_ns;
	if (!rw_pick(w, 7))
		p->life_cpu_ns = rw_number(w);
	if (!rw_pick(w, 20))
		rw_name(w, p->comm, sizeof(p->comm));
	if (!rw_pick(w, 30))
		p->threads = rw_pick(w, 50);
}

static inline void rw_lists(struct record_world *w)
{
	struct snapshot *s = &w->s;
	size_t i;

	s->retired = w->retired;
	s->nretired = rw_pick(w, RW_RETIRED);
	for (i = 0; i < s->nretired; i++) {
		rw_fill(w, &w->retired[i], sizeof(w->retired[i]));
		w->retired[i].key.zero = 0;
	}
	s->culprits = w->culprits;
	s->nculprits = rw_pick(w, RW_CULPRITS);
	rw_fill(w, w->culprits, sizeof(w->culprits));
	s->culprit_other_ns = rw_number(w);
	s->culprit_other_waits = rw_number(w);
	s->ooms = w->ooms;
	s->nooms = rw_pick(w, RW_OOMS);
	for (i = 0; i < s->nooms; i++) {
		rw_fill(w, &w->ooms[i], sizeof(w->ooms[i]));
		w->ooms[i].zero = 0;
	}
}

/* Most cgroups are of no container; who is of one may be named later, or anew. */
static inline const struct container *rw_container(struct record_world *w)
{
	static const struct container some[] = {
		{ { "web", "", "", "docker.io/library/nginx:1.27", "" } },
		{ { "web", "", "", "", "alice" } },
		{ { "app", "shop-66b6c48dd5-7w7xt", "prod", "a:b", "" } },
	};
	__u64 which = rw_pick(w, 6);

	return which < 3 ? &some[which] : NULL;
}

static inline void rw_groups(struct record_world *w)
{
	struct snapshot *s = &w->s;
	size_t i;

	s->cgroups = w->cgroups;
	if (!rw_pick(w, 3))
		s->ncgroups = rw_pick(w, RW_CGROUPS);
	for (i = 0; i < s->ncgroups; i++) {
		w->cgroups[i].id = 100 + (i * 7 + w->cgroups[0].id) % RW_CGROUPS;
		if (!w->paths[i][0] || !rw_pick(w, 40))
			snprintf(w->paths[i], sizeof(w->paths[i]), "/a/b%llu.service\n\xff",
				 (unsigned long long)rw_number(w));
		w->cgroups[i].path = w->paths[i];
		if (!rw_pick(w, 20))
			w->cgroups[i].container = rw_container(w);
	}
	s->cgroup_stats = w->stats;
	s->ncgroup_stats = rw_pick(w, RW_CGROUPS);
	rw_fill(w, w->stats, sizeof(w->stats));
	/* Most cgroups are no unit's highest. */
	for (i = 0; i < RW_CGROUPS; i++)
		if (i % 4)
			memset(&w->stats[i].unit, 0, sizeof(w->stats[i].unit));
}

static inline void rw_host(struct record_world *w)
{
	struct snapshot *s = &w->s;
	unsigned int i;

	rw_fill(w, &s->host.cpu, sizeof(s->host.cpu));
	rw_fill(w, &s->host.memory, sizeof(s->host.memory));
	s->host.context_switches = rw_number(w);
	s->host.forks = rw_number(w);
	s->host.procs_running = rw_random(w);
	s->host.procs_blocked = rw_random(w);
	s->host.online_cpus = rw_random(w);
	for (i = 0; i < 3; i++)
		s->host.load[i] = rw_number(w) / 7.0;
	s->host.swap_in_pages = rw_number(w);
	s->host.swap_out_pages = rw_number(w);
	s->host.boot_time_s = rw_number(w);
	rw_fill(w, s->host.pressure_ns, sizeof(s->host.pressure_ns));
	s->host.pressure_known = rw_number(w);
	rw_fill(w, &s->slices, sizeof(s->slices));
	rw_fill(w, &s->stat, sizeof(s->stat));
	s->stat.snapshots = ++w->snapshots;
	s->stat.nprobes = rw_pick(w, 6);
	memset(s->stat.probes, 0, sizeof(s->stat.probes));
	for (i = 0; i < s->stat.nprobes; i++) {
		rw_name(w, s->stat.probes[i].name, sizeof(s->stat.probes[i].name));
		s->stat.probes[i].runs = rw_number(w);
		s->stat.probes[i].run_ns = rw_number(w);
	}
	*(unsigned char *)&s->stat.run_time_known = rw_pick(w, 2);
}

/* The next snapshot, interval_ns later. */
static inline void rw_step(struct record_world *w, __u64 interval_ns)
{
	struct snapshot *s = &w->s;
	size_t i, kept = 0;

	s->time_ns += interval_ns;
	s->wall_ns += interval_ns;
	s->page_size = 4096;
	for (i = 0; i < s->nprocesses; i++)
		if (rw_pick(w, 20))
			w->processes[kept++] = w->processes[i];
	while (kept < RW_PROCESSES && rw_pick(w, 8))
		rw_born(w, &w->processes[kept++]);
	for (i = 0; i < kept; i++)
		rw_lives(w, &w->processes[i], interval_ns);
	s->processes = w->processes;
	s->nprocesses = kept;
	rw_lists(w);
	rw_groups(w);
	rw_host(w);
}

static inline void rw_init(struct record_world *w, __u64 seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed * 2654435761u + 1;
	w->s.time_ns = 1000000000000;
	w->s.wall_ns = 1700000000000000000;
}

#endif
