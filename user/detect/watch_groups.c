// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch_groups.c - owns the rules about groups: crash loops, growth, and departures from their
 * own past; and what is remembered of each group, by its names.
 */
#include "detect/watchers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "data/usage.h"
#include "detect/subject.h"

#define MIB (1024.0 * 1024)
#define FORGET_NS (3600 * NS_PER_S)

#define CRASH_SIGNALS 3
#define CRASH_ERRORS 5
#define CRASH_FAILING 0.8 /* of all ends */
#define CRASH_LIFE_S 0.2

#define FAST_SPAN_S 15.0
#define FAST_HORIZON_S 1200.0
#define FAST_BAD_S 120.0
#define FAST_LEAST (32 * MIB)
#define FAST_HISTORY_NS (240 * NS_PER_S) /* of what is older than we are: it may saw */
#define NEW_GROUND 1.02 /* times what it ever was */
#define NEW_SWING 0.5 /* of what it once fell back by, above that */
#define SLOW_SPAN_S 300.0
#define SLOW_LEAST (16 * MIB)
#define SLOW_PART 0.05

#define DEPARTURE_SCORE 0.6 /* above LEARNED_THRESHOLD: there are hundreds of series */
_Static_assert(DEPARTURE_SCORE >= LEARNED_THRESHOLD, "a departure is at least the yardstick's");

/* --- What is remembered. */

static __u64 group_sum(const struct view *view, const struct group_view *group)
{
	__u64 sum = view->nkeys;
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		sum = hash_bytes(group->label[i], strlen(group->label[i]), sum + 1);
	return sum;
}

static struct watched_group *find_group(const struct detect *d, __u64 key)
{
	unsigned int i;

	for (i = 0; i < d->ngroups; i++)
		if (d->groups[i]->key == key)
			return d->groups[i];
	return NULL;
}

/* The one that was not seen for longest makes room, if it was not seen in this view. */
static struct watched_group *add_group(struct detect *d, const struct view *view, __u64 key)
{
	struct watched_group *g = NULL;
	unsigned int i, at = 0;

	if (d->ngroups < d->config.max_groups) {
		g = malloc(sizeof(*g));
		if (!g)
			return NULL;
		d->groups[d->ngroups++] = g;
	} else {
		for (i = 1; i < d->ngroups; i++)
			if (d->groups[i]->seen_ns < d->groups[at]->seen_ns)
				at = i;
		if (!d->ngroups || d->groups[at]->seen_ns >= view->time_ns - view->interval_ns) {
			d->groups_shed++;
			return NULL;
		}
		g = d->groups[at];
	}
	memset(g, 0, sizeof(*g));
	g->key = key;
	usage_window_begin(&g->since, view);
	for (i = 0; i < DEPARTURES; i++)
		learned_init(&g->learned[i]);
	return g;
}

static void forget_groups(struct detect *d, const struct view *view)
{
	unsigned int i = 0;

	while (i < d->ngroups) {
		if (view->time_ns - d->groups[i]->seen_ns < FORGET_NS) {
			i++;
			continue;
		}
		free(d->groups[i]);
		d->groups[i] = d->groups[--d->ngroups];
	}
}

/* --- Crash loops. */

static void tell_crashes(const struct view *view, const struct episode *episode, struct finding *f)
{
	char name[SUBJECT_NAME];

	f->culprits[0] = (struct culprit){ f->who, 1, "crashes" };
	f->nculprits = 1;
	subject_name(&f->who, name);
	snprintf(f->message, sizeof(f->message),
		 "%s keeps crashing: %.0f failed ends within a minute, each restarted", name,
		 f->observed);
}

/* Those of the group that are older than what we look at: a shell whose children fail. */
static unsigned int old_members(const struct view *view, const struct group_view *group)
{
	__u32 place = group - view->groups;
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < view->nprocesses; i++)
		n += view->process_group[i] == place &&
		     view->time_ns - view->processes[i].start_ns > CRASH_PARTS * CRASH_PART_NS;
	return n;
}

static void watch_crashes(struct detect *d, struct watched_group *g, const struct view *view,
			  const struct group_view *group)
{
	struct crashes c = crash_window_sum(&g->crashes, view);
	__u32 failed = c.by_signal + c.by_error;
	struct signal s = {
		.rule = RULE_CRASH_LOOP,
		.severity = SEVERITY_WARNING,
		.observed = quantity_failed_exits(&c),
		.confidence = c.by_signal >= CRASH_SIGNALS ? 0.9 : 0.7,
		.clear_ns = 60 * NS_PER_S,
		.describe = tell_crashes,
	};

	if (c.moments < 2 || failed < CRASH_FAILING * c.ends || c.starts + 1 < failed)
		return;
	s.hot = c.by_signal >= CRASH_SIGNALS || c.by_error >= CRASH_ERRORS;
	/* A tool that says no, or a pipe that broke, ends at once: many of those are no service. */
	c.lived_s -= old_members(view, group) * c.watched_s;
	if (c.lived_s < CRASH_LIFE_S * failed)
		s.severity = SEVERITY_INFO;
	if (s.severity == SEVERITY_INFO && c.by_signal < CRASH_SIGNALS)
		return;
	actor_of_group(view, group, &s.who);
	s.who.pid = 0; /* each time another */
	s.who.start_ns = 0;
	episodes_signal(&d->episodes, view, &s);
}

/* --- Growth. */

static void tell_growth(const struct view *view, const struct episode *episode, struct finding *f)
{
	const struct process *p = subject_process(view, f->who.pid);
	char name[SUBJECT_NAME];
	int n;

	f->culprits[0] = (struct culprit){ f->who, 1, "holds the memory" };
	f->nculprits = 1;
	if (p)
		subject_parents(view, p, f);
	subject_name(&f->who, name);
	n = snprintf(f->message, sizeof(f->message),
		     "%s grows steadily: %.0f MiB anonymous memory, %.2f MiB more a second", name,
		     f->observed / MIB, f->slope_per_s / MIB);
	if (f->exhausted_in_ns && n > 0 && n < (int)sizeof(f->message))
		snprintf(f->message + n, sizeof(f->message) - n,
			 "; the limit of %llu MiB is reached in %llu s",
			 (unsigned long long)f->limit_bytes >> 20,
			 (unsigned long long)(f->exhausted_in_ns / NS_PER_S));
}

/* What is left until the limit that meets it first. */
static double headroom(const struct view *view, const struct process *p, __u64 *ret_limit)
{
	const struct cgroup_view *cgroup = p ? subject_cgroup(view, p->cgroup_id) : NULL;
	double room = view->host.memory.available + view->host.memory.swap_free, own;

	*ret_limit = view->host.memory.total;
	if (!cgroup || !cgroup->stat || !cgroup->stat->memory_limit)
		return room;
	own = (double)cgroup->stat->memory_limit - cgroup->stat->memory_working;
	if (own < 0)
		own = 0;
	if (own >= room)
		return room;
	*ret_limit = cgroup->stat->memory_limit;
	return own;
}

static bool is_slow_leak(const struct watched_group *g, double anon, struct growth_trend *ret)
{
	struct growth_trend ten = growth_long(&g->growth, 2 * SLOW_SPAN_S - 20);

	*ret = growth_long(&g->growth, SLOW_SPAN_S);
	/* By a lot five minutes are enough; by little it takes nearly ten. */
	if (ret->steady && ret->grown > 4 * SLOW_LEAST && ret->grown > 3 * SLOW_PART * anon)
		return true;
	*ret = ten;
	return ten.steady && ten.grown > SLOW_LEAST && ten.grown > SLOW_PART * anon;
}

/* Higher than it ever was; and if we know little of it, at least it is young itself. */
static bool is_new_ground(const struct watched_group *g, const struct view *view,
			  const struct process *p, double anon, double span_s)
{
	double earlier = growth_earlier(&g->growth, span_s + 10);
	double swing = growth_fall(&g->growth, span_s + 10);

	if (earlier > 0 && (anon < NEW_GROUND * earlier || anon < earlier + NEW_SWING * swing))
		return false;
	return view->time_ns - g->growth.began_ns > FAST_HISTORY_NS ||
	       (p && p->start_ns + 60 * NS_PER_S > g->growth.began_ns);
}

static void watch_growth(struct detect *d, struct watched_group *g, const struct view *view,
			 const struct group_view *group)
{
	double anon = quantity_anonymous(group), room, left_s;
	struct growth_trend trend;
	const struct process *p;
	struct signal s = {
		.rule = RULE_GROWTH,
		.hot = true,
		.severity = SEVERITY_WARNING,
		.observed = anon,
		.clear_ns = 30 * NS_PER_S,
		.describe = tell_growth,
	};

	growth_add(&g->growth, view->time_ns, anon);
	trend = growth_recent(&g->growth, FAST_SPAN_S);
	if (!trend.steady || trend.grown < FAST_LEAST)
		trend.steady = false;
	/* Looking for the process and its limit is worth it for who grows only. */
	if (!trend.steady && !is_slow_leak(g, anon, &trend))
		return;
	p = subject_largest(view, group);
	room = headroom(view, p, &s.limit_bytes);
	left_s = trend.slope_per_s > 0 ? room / trend.slope_per_s : 0;
	if (trend.span_s < SLOW_SPAN_S - 20 && left_s > FAST_HORIZON_S &&
	    !is_slow_leak(g, anon, &trend))
		return;
	if (left_s < FAST_BAD_S)
		s.severity = SEVERITY_ERROR;
	else if (!is_new_ground(g, view, p, anon, trend.span_s))
		return;
	s.expected = trend.from;
	s.confidence = trend.confidence;
	s.slope_per_s = trend.slope_per_s;
	s.exhausted_in_ns = left_s < 1e6 ? left_s * NS_PER_S : 0;
	s.since_ns = view->time_ns > trend.span_s * NS_PER_S
			     ? view->time_ns - (__u64)(trend.span_s * NS_PER_S)
			     : view->time_ns;
	if (p)
		actor_of_process(view, p, &s.who);
	else
		actor_of_group(view, group, &s.who);
	episodes_signal(&d->episodes, view, &s);
}

/* --- Departures from its own past. */

static void watch_departures(struct detect *d, struct watched_group *g, const struct view *view,
			     const struct group_view *group)
{
	/* What changes less than this is unusual at most, not worth a word. */
	static const double matters[DEPARTURES] = { 0.2, 0.002, 64 * MIB, 2000, 2000 };
	double now, score, expected;
	int i;

	if (!usage_window_is_long(&g->since, view))
		return;
	for (i = 0; i < DEPARTURES; i++) {
		struct signal s = {
			.rule = RULE_DEPARTURE_CPU + i,
			.hot = true,
			.severity = SEVERITY_INFO,
			.clear_ns = 60 * NS_PER_S,
		};

		if (!usage_window_knows(&g->since, i))
			continue;
		now = quantity_departure(&g->since, view, group, i);
		expected = learned_expected(&g->learned[i]);
		score = learned_step(&g->learned[i], view->wall_ns / NS_PER_S, now);
		if (score < DEPARTURE_SCORE ||
		    (now > expected ? now - expected : expected - now) < matters[i])
			continue;
		s.observed = now;
		s.expected = expected;
		s.confidence = score;
		actor_of_group(view, group, &s.who);
		episodes_signal(&d->episodes, view, &s);
	}
}

/* --- All of them. */

void watch_groups(struct detect *d, const struct view *view)
{
	bool look = view->time_ns - d->learned_ns >= DEPARTURE_NS;
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		const struct group_view *group = &view->groups[i];
		__u64 key = group_sum(view, group);
		struct watched_group *g = find_group(d, key);

		if (!g && (group->live || group->inc.exits[VIGIE_EXIT_SIGNAL] ||
			   group->inc.exits[VIGIE_EXIT_ERROR]))
			g = add_group(d, view, key);
		if (!g)
			continue;
		if (group->live)
			g->seen_ns = view->time_ns;
		usage_window_add(&g->since, view, group);
		crash_window_add(&g->crashes, view, group);
		watch_crashes(d, g, view, group);
		if (group->live && !group->kernel)
			watch_growth(d, g, view, group);
		if (look && !group->kernel)
			watch_departures(d, g, view, group);
		if (look)
			usage_window_begin(&g->since, view);
	}
	if (look)
		d->learned_ns = view->time_ns;
	forget_groups(d, view);
}
