// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_model.c - the model when memory runs out: the CPU balance holds all the same.
 *
 * Whatever allocation fails, every increment that a snapshot carried is in exactly one
 * series afterwards; a name may be lost, nothing else.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "model/model.h"

enum { PROCESSES = 40, RETIRED = 10, ROUNDS = 3, SECOND = 1000000000 };

/* One host's worth of snapshots; what it has handed out is summed up in fed. */
struct world {
	struct process processes[PROCESSES];
	struct retired retired[RETIRED];
	struct vigie_delay culprits[4];
	struct vigie_oom_event oom;
	struct cgroup_name cgroups[4];
	struct cgroup_stat stats[2];
	struct snapshot snapshot;
	__u64 fed[VIGIE_USAGE_WORDS];
};

static void fill(struct world *w, struct vigie_usage *inc, __u64 seed)
{
	__u64 *words = (__u64 *)inc;

	for (int i = 0; i < VIGIE_USAGE_WORDS; i++) {
		words[i] = seed * 7 + (__u64)i;
		w->fed[i] += words[i];
	}
}

static void next_processes(struct world *w, int round)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct process *p = &w->processes[i];

		/* Some new faces in each round, so that tables grow after the start, too. */
		p->pid = (__u32)(100 + round * 10 + i);
		p->threads = 1;
		p->start_ns = (__u64)(round * 10 + i);
		p->cgroup_id = (__u64)(1 + i % 4);
		p->rss_pages[VIGIE_RSS_ANON] = 10;
		p->peak_pages = 10;
		snprintf(p->comm, sizeof(p->comm), "p%d", round * 10 + i);
		fill(w, &p->inc, (__u64)(i + 1));
	}
}

static void next_retired(struct world *w, int round)
{
	for (int i = 0; i < RETIRED; i++) {
		struct retired *r = &w->retired[i];

		r->key.cgroup_id = (__u64)(1 + i % 4);
		r->key.flags = i == 0 ? VIGIE_TASK_OTHER : 0;
		snprintf(r->key.comm, sizeof(r->key.comm), "dead%d", round * 3 + i);
		r->value.tasks = 1;
		fill(w, &r->value.inc, (__u64)(i + 1000));
	}
}

static void next_events(struct world *w)
{
	static const char *const paths[] = { "/", "/system.slice/a.service", "/user.slice",
					     "/system.slice/b.service" };

	for (int i = 0; i < 4; i++) {
		w->cgroups[i] = (struct cgroup_name){ .id = 1 + i, .path = paths[i] };
		w->culprits[i].victim = (struct vigie_party){ .tgid = 100, .cgroup_id = 1 };
		w->culprits[i].culprit = (struct vigie_party){ .tgid = (__u32)i, .cgroup_id = 2 };
		w->culprits[i].wait_ns = 5000000;
		w->culprits[i].waits = 1;
	}
	w->oom = (struct vigie_oom_event){ .kind = VIGIE_EVENT_OOM, .victim_tgid = 100 };
}

static void next_snapshot(struct world *w, int round)
{
	struct snapshot *s = &w->snapshot;

	next_processes(w, round);
	next_retired(w, round);
	next_events(w);
	s->time_ns = (__u64)(round + 1) * SECOND;
	s->page_size = 4096;
	s->processes = w->processes;
	s->nprocesses = PROCESSES;
	s->retired = w->retired;
	s->nretired = RETIRED;
	s->culprits = w->culprits;
	s->nculprits = 4;
	s->ooms = &w->oom;
	s->nooms = 1;
	s->cgroups = w->cgroups;
	s->ncgroups = 4;
	w->stats[0].id = 2;
	w->stats[1].id = 4;
	s->cgroup_stats = w->stats;
	s->ncgroup_stats = 2;
	s->host.online_cpus = 2;
	s->host.memory.total = 1 << 30;
	s->host.cpu.user_ns += 1000000;
}

/* Of series that have ended only the CPU time is kept: the rest can be at most what was fed. */
static void check_sum(const struct view *view, int word, __u64 sum, __u64 fed)
{
	if (word == 0)
		assert_int_equal(sum + view->retired_cpu.user_ns, fed);
	else if (word == 1)
		assert_int_equal(sum + view->retired_cpu.system_ns, fed);
	else if (view->groups_ended_total)
		assert_true(sum <= fed);
	else
		assert_int_equal(sum, fed);
}

static void check_balance(const struct world *w, const struct view *view)
{
	__u64 sum[VIGIE_USAGE_WORDS];

	memcpy(sum, &view->other.total, sizeof(sum));
	for (size_t g = 0; g < view->ngroups; g++) {
		const __u64 *words = (const __u64 *)&view->groups[g].total;

		for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
			sum[i] += words[i];
	}
	for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
		check_sum(view, i, sum[i], w->fed[i]);
}

/* All processes with their groups, or none; cgroups only as they are. */
static void check_members(const struct world *w, const struct view *view, bool all)
{
	__u64 shown = 0, sum = view->other.processes;

	if (all)
		assert_int_equal(view->nprocesses, PROCESSES);
	for (size_t i = 0; i < view->nprocesses; i++) {
		assert_in_range(view->process_group[i], 0, view->ngroups);
		if (view->process_group[i] < view->ngroups)
			shown++;
	}
	for (size_t g = 0; g < view->ngroups; g++)
		sum += view->groups[g].processes;
	assert_int_equal(sum, PROCESSES);
	if (view->nprocesses)
		assert_int_equal(shown, PROCESSES - view->other.processes);
	for (size_t i = 0; i < view->ncgroups; i++) {
		const struct cgroup_view *c = &view->cgroups[i];

		assert_in_range(c->id, 1, 4);
		assert_true(c->unit[0] && c->path[0] && c->container_id);
		assert_ptr_equal(c->stat, c->id % 2 ? NULL : &w->stats[c->id / 2 - 1]);
	}
}

/* Room for few groups: pages fill up, groups are folded and promoted. */
static struct model *new_model(unsigned int max_groups)
{
	struct model_config config;

	model_config_default(&config);
	config.max_groups = max_groups;
	config.max_known = 30;
	config.promote_ns = 1;
	return model__new(&config);
}

static void run_with(unsigned int max_groups, unsigned long k, enum torture_mode mode)
{
	const struct view *view = NULL;
	struct world w;
	struct model *model;

	memset(&w, 0, sizeof(w));
	torture_arm(k, mode);
	model = new_model(max_groups);
	if (!model) {
		torture_disarm();
		assert_int_equal(errno, ENOMEM);
		assert_true(torture_struck());
		return;
	}
	for (int round = 0; round < ROUNDS; round++) {
		next_snapshot(&w, round);
		if (model__apply(model, &w.snapshot, &view)) {
			assert_true(torture_struck());
			continue;
		}
		check_balance(&w, view);
		check_members(&w, view, !torture_struck());
	}
	torture_disarm();
	next_snapshot(&w, ROUNDS);
	assert_int_equal(model__apply(model, &w.snapshot, &view), 0);
	check_balance(&w, view);
	check_members(&w, view, true);
	model__free(model);
}

static void run_narrow(unsigned long k, enum torture_mode mode)
{
	run_with(5, k, mode);
}

static void run_wide(unsigned long k, enum torture_mode mode)
{
	run_with(100, k, mode);
}

static void narrow_page(void **state)
{
	torture_each(run_narrow);
}

static void wide_page(void **state)
{
	torture_each(run_wide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow_page),
		cmocka_unit_test(wide_page),
	};

	return cmocka_run_group_tests_name("torture: model", tests, NULL, NULL);
}
