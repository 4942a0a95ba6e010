// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch_host.c - owns the rules about units and the host: throttling, fork storms, swapping,
 * and what vigie itself lost.
 */
#include "detect/watchers.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "detect/subject.h"

#define STORM_FORKS 1000.0 /* a second */
#define STORM_FORKS_PER_CPU 300.0
#define STORM_TIMES 10 /* of what is usual */
#define SWAP_BYTES (4 << 20) /* a second, each way */

/* --- Throttling. */

static struct watched_cgroup *find_cgroup(struct detect *d, __u64 id)
{
	unsigned int i;

	for (i = 0; i < d->ncgroups; i++)
		if (d->cgroups[i].id == id)
			return &d->cgroups[i];
	return NULL;
}

double throttled_share(const struct detect *d, __u64 cgroup_id)
{
	const struct watched_cgroup *c = find_cgroup((struct detect *)d, cgroup_id);

	return c ? c->throttle.share : 0;
}

/* The one that was not seen for longest makes room. */
static struct watched_cgroup *add_cgroup(struct detect *d, __u64 id)
{
	struct watched_cgroup *c = &d->cgroups[0];
	unsigned int i;

	if (d->ncgroups < CGROUPS_MAX)
		c = &d->cgroups[d->ncgroups++];
	else
		for (i = 1; i < d->ncgroups; i++)
			if (d->cgroups[i].throttle.time_ns < c->throttle.time_ns)
				c = &d->cgroups[i];
	*c = (struct watched_cgroup){ .id = id };
	return c;
}

static void tell_throttling(const struct view *view, const struct episode *episode,
			    struct finding *f)
{
	const struct cgroup_view *cgroup = subject_cgroup(view, episode->signal.cgroup_id);
	char name[SUBJECT_NAME];

	f->nculprits = 0;
	if (cgroup)
		subject_users(view, cgroup, f);
	if (!f->nculprits) {
		f->culprits[0] = (struct culprit){ f->who, 1, "used up its own quota" };
		f->nculprits = 1;
	}
	subject_name(&f->who, name);
	snprintf(f->message, sizeof(f->message),
		 "%s is throttled by its CPU limit: stood still for %.0f %% of the last %llu s",
		 name, 100 * f->observed, (unsigned long long)(f->duration_ns / NS_PER_S));
}

static void watch_cgroup(struct detect *d, const struct view *view,
			 const struct cgroup_view *cgroup)
{
	struct watched_cgroup *c = find_cgroup(d, cgroup->id);
	const struct throttle *t;
	struct signal s = {
		.rule = RULE_THROTTLED,
		.severity = SEVERITY_WARNING,
		.confidence = 1,
		.sustain_ns = 10 * NS_PER_S,
		.clear_ns = 30 * NS_PER_S,
		.cgroup_id = cgroup->id,
		.describe = tell_throttling,
	};

	if (!c)
		c = add_cgroup(d, cgroup->id);
	throttle_step(&c->throttle, view, cgroup->stat);
	t = &c->throttle;
	if (!throttle_is_warm(t))
		return;
	s.hot = t->share >= THROTTLED_SHARE && t->periods_share >= THROTTLED_PERIODS;
	s.observed = quantity_throttled(t);
	actor_of_unit(cgroup, &s.who);
	episodes_signal(&d->episodes, view, &s);
}

void watch_throttling(struct detect *d, const struct view *view)
{
	size_t i;

	for (i = 0; i < view->ncgroups; i++)
		if (view->cgroups[i].stat && view->cgroups[i].stat->periods)
			watch_cgroup(d, view, &view->cgroups[i]);
}

/* --- Fork storms. */

/* Processes and threads: /proc/stat counts both as forks. */
static __u64 starts_of(const struct group_view *group)
{
	return group->inc.starts + group->inc.thread_starts;
}

static const struct group_view *most_starts(const struct view *view)
{
	const struct group_view *most = &view->other;
	size_t i;

	for (i = 0; i < view->ngroups; i++)
		if (starts_of(&view->groups[i]) > starts_of(most))
			most = &view->groups[i];
	return most;
}

/* What the host's forks were, by what groups were charged with. A history may know of processes only. */
static const char *forked_what(const struct view *view)
{
	__u64 processes = view->other.inc.starts, threads = view->other.inc.thread_starts;
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		processes += view->groups[i].inc.starts;
		threads += view->groups[i].inc.thread_starts;
	}
	if (threads >= 9 * processes)
		return threads ? "threads" : "processes";
	return processes >= 9 * threads ? "processes" : "processes and threads";
}

/* The parent of a child that is alive now, where one is: it is who forks. */
static const struct process *forker(const struct view *view, const struct group_view *group)
{
	__u32 place = group - view->groups;
	const struct process *p, *parent = NULL;
	size_t i;

	for (i = view->nprocesses; i > 0; i--) {
		p = &view->processes[i - 1];
		if (view->process_group[i - 1] != place)
			continue;
		parent = subject_process(view, p->ppid);
		/* Children of the storm are young; its root is what they have in common. */
		while (parent && parent->ppid > 1 &&
		       !strncmp(parent->comm, p->comm, sizeof(p->comm))) {
			const struct process *above = subject_process(view, parent->ppid);

			if (!above || strncmp(above->comm, p->comm, sizeof(p->comm)))
				break;
			parent = above;
		}
		return parent;
	}
	return NULL;
}

static void tell_storm(const struct view *view, const struct episode *episode, struct finding *f)
{
	const struct group_view *group = most_starts(view);
	const struct process *parent = NULL;
	__u64 forks = view->host_forks_inc ? view->host_forks_inc : 1;
	bool threads = group->inc.thread_starts > group->inc.starts;
	char name[SUBJECT_NAME];

	f->nculprits = 0;
	if (group != &view->other && !threads)
		parent = forker(view, group);
	actor_of_group(view, group, &f->culprits[0].who);
	f->culprits[0].share = starts_of(group) < forks ? (double)starts_of(group) / forks : 1;
	f->culprits[0].did = threads ? "started most threads" : "started most";
	f->nculprits = 1;
	if (parent) {
		f->culprits[1] = (struct culprit){ .share = f->culprits[0].share,
						   .did = "is their parent" };
		actor_of_process(view, parent, &f->culprits[1].who);
		f->nculprits = 2;
		subject_parents(view, parent, f);
	}
	subject_name(&f->culprits[f->nculprits - 1].who, name);
	snprintf(f->message, sizeof(f->message),
		 "%.0f new %s a second for %llu s (usual: %.0f); most are %s's", f->observed,
		 forked_what(view), (unsigned long long)(f->duration_ns / NS_PER_S), f->expected,
		 name);
}

static void watch_forks(struct detect *d, const struct view *view)
{
	double seconds = view_seconds(view), rate = quantity_forks(view), bound;
	double cpus = view->host.online_cpus ? view->host.online_cpus : 1;
	struct signal s = {
		.rule = RULE_FORK_STORM,
		.severity = SEVERITY_WARNING,
		.observed = rate,
		.expected = d->usual_forks,
		.confidence = 0.9,
		.sustain_ns = 5 * NS_PER_S,
		.clear_ns = 15 * NS_PER_S,
		.describe = tell_storm,
	};

	bound = STORM_FORKS_PER_CPU * cpus > STORM_FORKS ? STORM_FORKS_PER_CPU * cpus : STORM_FORKS;
	if (STORM_TIMES * d->usual_forks > bound)
		bound = STORM_TIMES * d->usual_forks;
	if (rate > 0.5 * bound) {
		s.hot = rate >= bound;
		episodes_signal(&d->episodes, view, &s);
		return; /* a storm is not what is usual */
	}
	d->usual_forks += (rate - d->usual_forks) * (seconds < 300 ? seconds / 300 : 1);
}

/* --- Swapping. */

static void tell_swap(const struct view *view, const struct episode *episode, struct finding *f)
{
	subject_eaters(view, NULL, view->host.memory.total, f);
	snprintf(f->message, sizeof(f->message),
		 "the host swaps %.0f MiB a second in and out for %llu s", f->observed / (1 << 20),
		 (unsigned long long)(f->duration_ns / NS_PER_S));
}

static void watch_swap(struct detect *d, const struct view *view)
{
	bool known = swapping_step(&d->swapping, view);
	struct signal s = {
		.rule = RULE_SWAP_STORM,
		.hot = d->swapping.least >= SWAP_BYTES,
		.severity = SEVERITY_ERROR,
		.observed = d->swapping.sum,
		.confidence = 1,
		.sustain_ns = 10 * NS_PER_S,
		.clear_ns = 30 * NS_PER_S,
		.describe = tell_swap,
	};

	if (known && d->swapping.least > SWAP_BYTES / 2)
		episodes_signal(&d->episodes, view, &s);
}

/* --- Ourselves. */

static void watch_losses(struct detect *d, const struct view *view)
{
	bool known = losses_step(&d->losses, view);
	struct signal s = {
		.rule = RULE_SELF_LOSS,
		.observed = d->losses.grown,
		.hot = true,
		.severity = SEVERITY_WARNING,
		.confidence = 1,
		.clear_ns = 60 * NS_PER_S,
	};

	snprintf(s.who.comm, sizeof(s.who.comm), "vigie");
	if (known && d->losses.grown > 0)
		episodes_signal(&d->episodes, view, &s);
}

void watch_host(struct detect *d, const struct view *view)
{
	watch_forks(d, view);
	watch_swap(d, view);
	watch_losses(d, view);
}
