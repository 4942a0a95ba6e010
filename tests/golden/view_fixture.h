/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view_fixture.h - two views made by hand, for golden files and encoder tests.
 *
 * Owns: a page by unit and comm with names as an attacker would choose them (sanitised, as a
 * view's are), and a page by pid. Figures are such that the books balance and histograms are
 * possible. Not here: any expectation.
 */
#ifndef VIGIE_TESTS_VIEW_FIXTURE_H
#define VIGIE_TESTS_VIEW_FIXTURE_H

#include <string.h>

#include "export/encode.h"

#define MS 1000000ull
#define SECOND 1000000000ull
#define MIB (1024ull * 1024)

struct fixture {
	struct view view;
	struct group_view groups[4];
	struct unit_view units[3];
	struct unit_figures figures[3];
	struct delay_view delays[4];
	struct oom_view ooms[1];
	struct self_view self;
	struct self_missing missing[2];
};

/* Every word differs, so that a swapped member shows. */
static inline void fixture_usage(struct vigie_usage *u, __u64 seed)
{
	static const __u64 typical_ns[VIGIE_BUCKETS] = {
		500,	 2000,	  8000,	    32000,     128000,	  512000,
		2000000, 8000000, 32000000, 128000000, 512000000, 2000000000,
	};
	__u64 *words = (__u64 *)u;
	int i;

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		words[i] = seed * 1000 + i * 7 + 1;
	u->user_ns = seed * 123456789 + 1;
	u->system_ns = seed * 23456789 + 2;
	u->wait_ns = 0;
	for (i = 0; i < VIGIE_BUCKETS; i++) {
		u->wait_count[i] = seed + i;
		u->wait_ns += u->wait_count[i] * typical_ns[i];
	}
	for (i = 0; i < VIGIE_OFF_REASONS; i++)
		u->off_ns[i] = seed * 100000000 + i;
	for (i = 0; i < VIGIE_STALLS; i++)
		u->stall_ns[i] = seed * 1000000 + i;
}

static inline void fixture_group(struct group_view *g, const char *first, const char *second,
				 __u64 seed)
{
	int i;

	memset(g, 0, sizeof(*g));
	g->label[0] = first;
	g->label[1] = second;
	fixture_usage(&g->total, seed * 10);
	fixture_usage(&g->inc, seed);
	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		g->rss_bytes[i] = seed * (i + 1) * MIB;
	g->peak_bytes = seed * 20 * MIB;
	g->processes = seed;
	g->threads = seed * 3;
	g->live = true;
}

/* Every word differs; so do the units' */
static inline void fixture_figures(struct unit_figures *f, __u64 seed, __u64 has)
{
	__u64 *words = (__u64 *)f;
	unsigned int i;

	for (i = 1; i < sizeof(*f) / sizeof(__u64); i++)
		words[i] = has >> i & 1 ? seed * MIB + i : 0;
	f->has = has;
}

static inline void fixture_host(struct view *v)
{
	int i;

	v->time_ns = 5000 * SECOND;
	v->wall_ns = 1790000000ull * SECOND + 250 * MS;
	v->interval_ns = SECOND;
	v->page_size = 4096;
	v->host.cpu = (struct host_cpu){ .idle_ns = 7000 * SECOND,
					 .iowait_ns = 12 * SECOND,
					 .steal_ns = 30 * MS };
	v->host.memory = (struct host_memory){
		.total = 8000 * MIB,
		.free = 1000 * MIB,
		.available = 5000 * MIB,
		.buffers = 100 * MIB,
		.cached = 3000 * MIB,
		.slab_reclaimable = 200 * MIB,
		.slab = 300 * MIB,
		.active = 2500 * MIB,
		.inactive = 2600 * MIB,
		.shmem = 50 * MIB,
		.swap_total = 2048 * MIB,
		.swap_free = 1536 * MIB,
	};
	v->host.context_switches = 123456789;
	v->host.forks = 54321;
	v->host.procs_running = 3;
	v->host.procs_blocked = 1;
	v->host.online_cpus = 4;
	v->host.load[0] = 0.5;
	v->host.load[1] = 1.25;
	v->host.load[2] = 12.07;
	v->host.swap_in_pages = 1000;
	v->host.swap_out_pages = 2000;
	v->host.boot_time_s = 1789995000;
	v->host.pressure_known = 1;
	for (i = 0; i < PSI_RESOURCES * PSI_STALLS; i++)
		v->host.pressure_ns[i / PSI_STALLS][i % PSI_STALLS] = (i + 1) * 12345678901;
	v->host_inc = (struct host_cpu){
		.user_ns = 1500 * MS,
		.nice_ns = 10 * MS,
		.system_ns = 400 * MS,
		.idle_ns = 1900 * MS,
		.iowait_ns = 120 * MS,
		.irq_ns = 20 * MS,
		.softirq_ns = 40 * MS,
		.steal_ns = 10 * MS,
	};
	v->host_switches_inc = 45678;
	v->host_forks_inc = 12;
}

static inline void fixture_stat(struct collect_stat *stat)
{
	int i;

	for (i = 0; i < VIGIE_LOSSES; i++)
		stat->loss[i] = i;
	stat->cgroups_unnamed = 1;
	stat->forks = 5000;
	stat->process_starts = 4000;
	stat->process_exits = 3990;
	stat->frees = 4990;
	stat->slow_waits = 77;
	stat->snapshots = 10;
	stat->snapshot_ns = 12345678;
	stat->snapshot_cpu_ns = 2345678;
	stat->tasks = 321;
	stat->retired_keys = 42;
	stat->bpf_memory_bytes = 9 * MIB;
	/* The kernel cuts names, and then two programs share one. */
	stat->probes[0] = (struct probe_stat){ "on_sched_switch", 1000, 55000, 0 };
	stat->probes[1] = (struct probe_stat){ "on_sched_process_exit", 10, 9000, 0 };
	stat->probes[2] = (struct probe_stat){ "on_sched_switch", 1, 1, 0 };
	stat->nprobes = 3;
	stat->run_time_known = true;
}

static inline void fixture_self(struct fixture *f)
{
	f->missing[0] = (struct self_missing){ "vigie_process_off_cpu_seconds",
					       "no \"task storage\"" };
	f->missing[1] = (struct self_missing){ "memory stalls", "back\\slash\nand a line" };
	f->self = (struct self_view){
		.memory = { 192000000, 31000000, 42000, 12875 },
		.version = "1.2.3",
		.revision = "",
		.cpu_ns = 1234567890,
		.resident_bytes = 8 * MIB,
		.virtual_bytes = 20 * MIB,
		.open_fds = 40,
		.max_fds = 1024,
		.start_time_s = 1789999990.12,
		.scrapes = 9,
		.scrape_errors = 1,
		.renders = 8,
		.render_ns = 4567890,
		.connections_refused = 2,
		.config_good = 1,
		.config_read_ns = 1700000000123456789,
		.missing = f->missing,
		.nmissing = 2,
	};
}

/* Host = groups + other + retired + unattributed, per mode. */
static inline void fixture_books(struct view *v)
{
	size_t i;

	v->retired_cpu = (struct cpu_split){ 111 * MS, 22 * MS };
	v->unattributed_cpu = (struct cpu_split){ 3 * MS + 1, 5 * MS + 2 };
	v->host_cpu.user_ns = v->retired_cpu.user_ns + v->unattributed_cpu.user_ns +
			      v->other.total.user_ns;
	v->host_cpu.system_ns = v->retired_cpu.system_ns + v->unattributed_cpu.system_ns +
				v->other.total.system_ns;
	for (i = 0; i < v->ngroups; i++) {
		v->host_cpu.user_ns += v->groups[i].total.user_ns;
		v->host_cpu.system_ns += v->groups[i].total.system_ns;
	}
}

static inline void fixture_common(struct fixture *f)
{
	struct view *v = &f->view;
	int i;

	fixture_host(v);
	fixture_stat(&v->stat);
	fixture_self(f);
	fixture_group(&v->other, GROUP_OTHER, GROUP_OTHER, 1);
	v->groups = f->groups;
	for (i = 0; i < VIGIE_BUCKETS; i++)
		v->slices.count[i] = i;
	v->slices.count[VIGIE_BUCKETS - 1] = 0;
	v->slices.sum_ns = 5 * SECOND;
	v->groups_known = 120;
	v->units_guessed = 2;
	v->groups_folded_total = 3;
	v->groups_ended_total = 4;
	v->groups_promoted_total = 5;
}

#define FIXTURE_CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static inline struct delay_view delay_of(const char *victim, const char *culprit, __u64 wait_ns,
					 __u64 waits, __u64 wait_inc_ns)
{
	return (struct delay_view){ .victim = victim,
				    .culprit = culprit,
				    .wait_ns = wait_ns,
				    .waits = waits,
				    .wait_inc_ns = wait_inc_ns };
}

static inline void fixture_by_unit(struct fixture *f)
{
	struct view *v = &f->view;

	memset(f, 0, sizeof(*f));
	fixture_common(f);
	v->keys[0] = KEY_UNIT;
	v->keys[1] = KEY_COMM;
	v->nkeys = 2;
	fixture_group(&f->groups[0], "cron.service", "=cmd|' /C x'!A0", 2);
	fixture_group(&f->groups[1], "docker-0123456789ab", "q\"\\},x=\"1", 5);
	/* Ended and idle: its series linger, no list shows it. */
	memset(&f->groups[2], 0, sizeof(f->groups[2]));
	fixture_usage(&f->groups[2].total, 3);
	f->groups[2].label[0] = "docker-0123456789ab";
	f->groups[2].label[1] = "x\\x0ab 1\\x0a# EOF";
	fixture_group(&f->groups[3], "\xe5\x90\x8c\xe6\xad\xa5.service",
		      "\xf0\x9f\x90\x99 e\xcc\x81,<b>&\xc3\xa9", 4);
	v->ngroups = 4;
	f->units[0] = (struct unit_view){
		"cron.service", "/system.slice/cron.service", "", "", "systemd", "", "", "", "",
		&f->figures[0]
	};
	f->units[1] = (struct unit_view){ "docker-0123456789ab",
					  "/docker/" FIXTURE_CONTAINER,
					  FIXTURE_CONTAINER,
					  "",
					  "docker",
					  "web",
					  "",
					  "",
					  "nginx:1.27",
					  &f->figures[1] };
	f->units[2] = (struct unit_view){ f->groups[3].label[0],
					  "/a \"b\"\\c",
					  "",
					  "01234567-89ab-cdef-0123-456789abcdef",
					  "",
					  "",
					  "db-0",
					  "shop",
					  "",
					  &f->figures[2] };
	fixture_figures(&f->figures[0], 1, ~0ULL);
	/* No pressure and no quota, as on a host of v1; and nothing but kills. */
	fixture_figures(&f->figures[1], 2,
			UNIT_FIGURES_BIT(periods) - 1 + UNIT_FIGURES_BIT(oom_kills));
	fixture_figures(&f->figures[2], 3, UNIT_FIGURES_BIT(oom_kills));
	v->units = f->units;
	v->nunits = 3;
	/* Two pairs whose joined names meet, and one that reads like the other pair. */
	f->delays[0] = delay_of(GROUP_OTHER, GROUP_OTHER, 7, 1, 7);
	f->delays[1] = delay_of("a/b/c", "cron.service/x", 30 * MS, 3, 20 * MS);
	f->delays[2] = delay_of("a/b/c", "cron.service/x", 12 * MS, 2, 0);
	f->delays[3] = delay_of("q\"\\},x=\"1", "(idle)", 50 * MS, 9, 40 * MS);
	v->delays = f->delays;
	v->ndelays = 4;
	v->delay_other_ns = 9 * MS;
	v->delay_other_inc_ns = 2 * MS;
	f->ooms[0] = (struct oom_view){ "docker-0123456789ab/hog",
					"cron.service/\"sh\"",
					"hog",
					"\"sh\"",
					4242,
					77,
					512 * MIB,
					4999 * SECOND,
					0 };
	v->ooms = f->ooms;
	v->nooms = 1;
	fixture_books(v);
}

static inline void fixture_by_pid(struct fixture *f)
{
	struct view *v = &f->view;
	int i;

	memset(f, 0, sizeof(*f));
	fixture_common(f);
	v->keys[0] = KEY_PID;
	v->keys[1] = KEY_COMM;
	v->nkeys = 2;
	fixture_group(&f->groups[0], "1", "systemd", 2);
	fixture_group(&f->groups[1], "4242", "a name of fifteen", 7);
	for (i = 0; i < 2; i++) {
		struct group_view *g = &f->groups[i];

		g->processes = 1;
		g->pid = i ? 4242 : 1;
		g->ppid = i ? 1 : 0;
		g->uid = i ? 1000 : 0;
		g->start_ns = i ? 4000 * SECOND + 123456789 : 10 * MS;
		g->life_cpu_ns = i ? 3723 * SECOND + 450 * MS : 61 * SECOND + 500 * MS;
	}
	f->groups[0].kernel = true;
	v->ngroups = 2;
	fixture_books(v);
}

#endif
