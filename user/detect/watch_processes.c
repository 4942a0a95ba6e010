// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch_processes.c - owns the rules about single processes: who cannot get a CPU, who burns
 * one for nothing, who stalls for memory, who was killed for it.
 */
#include "detect/watchers.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "detect/subject.h"

#define YOUNG_NS (10 * NS_PER_S) /* what is younger comes and goes: a compiler, a script */

#define STARVED_RATIO 0.5 /* of the time in which it wants to run */
#define STARVED_SHARE 0.2 /* of all time */
#define STARVED_BAD 0.9
#define OTHERS_LEAST 0.5 /* of what is blamed */
#define OTHERS_CPU 0.75 /* of what its own kind uses */
#define KNOWN_LEAST 0.2 /* of the wait: else nobody knows */

#define RUNAWAY_CPUS 0.9
#define RUNAWAY_GETS 0.3 /* at least, where it has to share */
#define IDLE_CHARS 4096 /* a second */
#define IDLE_FAULTS 50
#define IDLE_SWITCHES 20

#define STALL_SHARE 0.2
#define STALL_BAD 0.6

static __u64 cpu_of(const struct process *p)
{
	return quantity_cpu_ns(&p->inc);
}

/* --- Who cannot get a CPU. */

static void tell_starvation(const struct view *view, const struct episode *episode,
			    struct finding *f)
{
	const struct process *p = subject_process(view, f->who.pid);
	char victim[SUBJECT_NAME], culprit[SUBJECT_NAME];
	int i, n = 0;

	f->nculprits = 0;
	for (i = 0; i < EPISODE_CULPRITS; i++) {
		const struct culprit_sum *b = &episode->culprits[i];
		struct culprit *c;
		unsigned int at = f->nculprits;

		if (b->ns <= 0 || episode->culprits_ns <= 0)
			continue;
		while (at && f->culprits[at - 1].share < b->ns / episode->culprits_ns)
			at--;
		if (at == FINDING_CULPRITS)
			continue;
		if (f->nculprits < FINDING_CULPRITS)
			f->nculprits++;
		memmove(&f->culprits[at + 1], &f->culprits[at],
			(f->nculprits - at - 1) * sizeof(f->culprits[0]));
		c = &f->culprits[at];
		actor_of_party(view, &b->who, &c->who);
		c->share = b->ns / episode->culprits_ns;
		c->did = "ran while it waited";
	}
	if (p)
		subject_parents(view, p, f);
	subject_name(&f->who, victim);
	n = snprintf(
		f->message, sizeof(f->message),
		"%s cannot get a CPU: waited %.0f %% of the last %llu s in which it wanted one",
		victim, 100 * f->observed, (unsigned long long)(f->duration_ns / NS_PER_S));
	if (!f->nculprits || n < 0 || n >= (int)sizeof(f->message))
		return;
	subject_name(&f->culprits[0].who, culprit);
	snprintf(f->message + n, sizeof(f->message) - n, "; %s ran %.0f %% of that", culprit,
		 100 * f->culprits[0].share);
}

/* Who ran while a process waited, in this interval. */
struct waited {
	__u64 known; /* ns of its wait of which it is known who ran */
	__u64 foreign; /* of these: others than its own kind */
	__u64 others_cpu; /* all that those others used */
};

/* Where it is only known that some of that name waited, it is of none of them. */
static bool is_of(const struct vigie_delay *delay, const struct process *p)
{
	return delay->victim.tgid == p->pid && !(delay->victim.flags & VIGIE_TASK_SOME);
}

static struct waited sum_waited(const struct view *view, const struct process *p)
{
	struct waited sum = { 0 };
	size_t i;

	for (i = 0; i < view->nculprits; i++) {
		const struct vigie_delay *b = &view->culprits[i];
		const struct process *culprit;

		if (!is_of(b, p))
			continue;
		sum.known += b->wait_ns;
		if (b->culprit.tgid == p->pid ||
		    !strncmp(b->culprit.comm, p->comm, sizeof(p->comm)))
			continue;
		sum.foreign += b->wait_ns;
		culprit = subject_process(view, b->culprit.tgid);
		if (culprit)
			sum.others_cpu += cpu_of(culprit);
		else /* it is no more */
			sum.others_cpu += b->wait_ns < view->interval_ns ? b->wait_ns
									 : view->interval_ns;
	}
	return sum;
}

/* CPU time of a process and its like: what its group used, as far as that is known. */
static __u64 kind_cpu(const struct view *view, const struct process *p)
{
	size_t place = view->process_group[p - view->processes];
	const struct vigie_usage *inc = place < view->ngroups ? &view->groups[place].inc : &p->inc;
	__u64 cpu = quantity_cpu_ns(inc);

	return cpu > cpu_of(p) ? cpu : cpu_of(p);
}

/* Three hogs and their victim all wait for each other: who gets most of the CPU has no reason
 * to complain of those who get less. */
static bool is_wronged(const struct view *view, const struct process *p, const struct waited *w)
{
	return w->known >= KNOWN_LEAST * p->inc.wait_ns && w->foreign >= OTHERS_LEAST * w->known &&
	       w->others_cpu >= OTHERS_CPU * kind_cpu(view, p);
}

static void add_blames(const struct view *view, const struct process *p, struct episode *episode)
{
	size_t i;

	for (i = 0; i < view->nculprits; i++)
		if (is_of(&view->culprits[i], p) && view->culprits[i].culprit.tgid)
			episode_add_culprit(episode, &view->culprits[i].culprit,
					    view->culprits[i].wait_ns);
}

static void watch_starvation(struct detect *d, const struct view *view, const struct process *p)
{
	double wait = p->inc.wait_ns, wall = view->interval_ns;
	double ratio = quantity_wait_ratio(&p->inc);
	struct waited waited;
	struct signal s = {
		.rule = RULE_STARVATION,
		.observed = ratio,
		.expected = 0.05,
		.sustain_ns = 10 * NS_PER_S,
		.clear_ns = 15 * NS_PER_S,
		.describe = tell_starvation,
	};
	struct episode *episode;

	/* A sleeper that was moved looks like one that starves. */
	if (view->shed & VIGIE_SHED_MOVED || wait < 0.5 * STARVED_SHARE * wall ||
	    ratio < 0.6 * STARVED_RATIO || view->time_ns - p->start_ns < YOUNG_NS)
		return;
	/* Its own quota is another rule. */
	if (throttled_share(d, p->cgroup_id) * wall > 0.5 * wait)
		return;
	waited = sum_waited(view, p);
	s.hot = wait >= STARVED_SHARE * wall && ratio >= STARVED_RATIO;
	s.severity = ratio >= STARVED_BAD ? SEVERITY_ERROR : SEVERITY_WARNING;
	/* While nobody looks who ran, nothing says that it was its own kind. */
	if (!(view->shed & VIGIE_SHED_CULPRITS) && !is_wronged(view, p, &waited))
		s.severity = SEVERITY_INFO;
	s.confidence = waited.known < wait ? waited.known / wait : 1;
	actor_of_process(view, p, &s.who);
	episode = episodes_signal(&d->episodes, view, &s);
	if (episode)
		add_blames(view, p, episode);
}

/* --- Who burns CPU without visible work. */

static void tell_runaway(const struct view *view, const struct episode *episode, struct finding *f)
{
	const struct process *p = subject_process(view, f->who.pid);
	char name[SUBJECT_NAME];

	f->culprits[0].who = f->who;
	f->culprits[0].share = 1;
	f->culprits[0].did = "burns it";
	f->nculprits = 1;
	if (p)
		subject_parents(view, p, f);
	subject_name(&f->who, name);
	snprintf(f->message, sizeof(f->message),
		 "%s has burnt %.1f CPUs for %llu s without reading, writing, faulting or sleeping",
		 name, f->observed, (unsigned long long)(f->duration_ns / NS_PER_S));
}

static bool makes_progress(const struct process *p, double seconds)
{
	const struct vigie_usage *inc = &p->inc;

	return inc->read_chars + inc->written_chars > IDLE_CHARS * seconds ||
	       inc->read_bytes + inc->written_bytes > IDLE_CHARS * seconds ||
	       inc->minor_faults + inc->major_faults > IDLE_FAULTS * seconds ||
	       inc->voluntary_switches > IDLE_SWITCHES * seconds * (p->threads ? p->threads : 1);
}

static void watch_runaway(struct detect *d, const struct view *view, const struct process *p)
{
	double seconds = view_seconds(view), cpu = cpu_of(p) / 1e9, wait = p->inc.wait_ns / 1e9;
	struct signal s = {
		.rule = RULE_RUNAWAY,
		.hot = true,
		.severity = SEVERITY_WARNING,
		.observed = quantity_cpus(&p->inc, seconds),
		.expected = 0.5,
		.confidence = 0.8,
		.sustain_ns = 20 * NS_PER_S,
		.clear_ns = 15 * NS_PER_S,
		.describe = tell_runaway,
	};

	if (p->flags & VIGIE_TASK_KTHREAD || cpu + wait < RUNAWAY_CPUS * seconds ||
	    cpu < RUNAWAY_GETS * seconds || makes_progress(p, seconds))
		return;
	actor_of_process(view, p, &s.who);
	episodes_signal(&d->episodes, view, &s);
}

/* --- Who stalls for memory. */

static __u64 memory_limit(const struct view *view, const struct cgroup_view *cgroup)
{
	return cgroup ? cgroup->stat->memory_limit : view->host.memory.total;
}

static void tell_stall(const struct view *view, const struct episode *episode, struct finding *f)
{
	const struct process *p = subject_process(view, f->who.pid);
	const struct cgroup_view *cgroup = subject_limited_cgroup(view, episode->signal.cgroup_id);
	char name[SUBJECT_NAME], culprit[SUBJECT_NAME];
	int n;

	subject_eaters(view, cgroup, memory_limit(view, cgroup), f);
	f->limit_bytes = memory_limit(view, cgroup);
	/* Nobody holds it as his own: then the page cache of its own kind does. */
	if (!f->nculprits) {
		f->culprits[0] = (struct culprit){ f->who, 1, "works on more than fits" };
		f->nculprits = 1;
	}
	if (p)
		subject_parents(view, p, f);
	subject_name(&f->who, name);
	subject_name(&f->culprits[0].who, culprit);
	n = snprintf(f->message, sizeof(f->message),
		     "%s stalls for memory %.0f %% of the time for %llu s; limit %llu MiB", name,
		     100 * f->observed, (unsigned long long)(f->duration_ns / NS_PER_S),
		     (unsigned long long)f->limit_bytes >> 20);
	if (n > 0 && n < (int)sizeof(f->message))
		snprintf(f->message + n, sizeof(f->message) - n, "; %s %s", culprit,
			 f->culprits[0].did);
}

static void watch_stall(struct detect *d, const struct view *view, const struct process *p)
{
	double share = quantity_stall(view, p);
	struct signal s = {
		.rule = RULE_MEMORY_STALL,
		.observed = share,
		.expected = 0.01,
		.confidence = 0.9,
		.sustain_ns = 10 * NS_PER_S,
		.clear_ns = 15 * NS_PER_S,
		.cgroup_id = p->cgroup_id,
		.describe = tell_stall,
	};

	if (share < 0.5 * STALL_SHARE)
		return;
	s.hot = share >= STALL_SHARE;
	s.severity = share >= STALL_BAD ? SEVERITY_ERROR : SEVERITY_WARNING;
	actor_of_process(view, p, &s.who);
	episodes_signal(&d->episodes, view, &s);
}

/* --- All of them. */

void watch_processes(struct detect *d, const struct view *view)
{
	double wall = view->interval_ns;
	size_t i;
	int s;

	for (i = 0; i < view->nprocesses; i++) {
		const struct process *p = &view->processes[i];
		__u64 stall = p->inc.off_ns[VIGIE_OFF_MEMORY] + p->inc.off_ns[VIGIE_OFF_DISK];

		for (s = 0; s < VIGIE_STALLS; s++)
			stall += p->inc.stall_ns[s];
		/* Most processes sleep: one look is enough. */
		if (p->inc.wait_ns > 0.5 * STARVED_SHARE * wall)
			watch_starvation(d, view, p);
		if (cpu_of(p) > RUNAWAY_GETS * wall)
			watch_runaway(d, view, p);
		if (stall > 0.5 * STALL_SHARE * wall)
			watch_stall(d, view, p);
	}
}

/* --- Who was killed for lack of memory. */

static void tell_oom(const struct view *view, const struct episode *episode, struct finding *f)
{
	const struct cgroup_view *cgroup = subject_limited_cgroup(view, episode->signal.cgroup_id);
	char name[SUBJECT_NAME], culprit[SUBJECT_NAME];
	int n;

	subject_eaters(view, cgroup, memory_limit(view, cgroup), f);
	/* The victim itself, where nobody living holds more than it did. */
	if (!f->nculprits || f->culprits[0].share * memory_limit(view, cgroup) < f->observed) {
		f->culprits[0] = (struct culprit){ f->who, 1, "held the memory" };
		f->nculprits = 1;
	}
	subject_name(&f->who, name);
	subject_name(&f->culprits[0].who, culprit);
	n = snprintf(f->message, sizeof(f->message),
		     "%s was killed for lack of memory, holding %llu MiB", name,
		     (unsigned long long)f->observed >> 20);
	if (n > 0 && n < (int)sizeof(f->message) && !subject_same(&f->culprits[0].who, &f->who))
		snprintf(f->message + n, sizeof(f->message) - n, "; %s holds most", culprit);
}

void watch_ooms(struct detect *d, const struct view *view)
{
	size_t i;

	for (i = 0; i < view->nooms; i++) {
		const struct oom_view *oom = &view->ooms[i];
		struct signal s = {
			.rule = RULE_OOM_KILL,
			.hot = true,
			.severity = SEVERITY_CRITICAL,
			.observed = oom->victim_bytes,
			.confidence = 1,
			.clear_ns = NS_PER_S,
			.cgroup_id = oom->victim_cgroup_id,
			.describe = tell_oom,
		};
		const struct cgroup_view *cgroup = subject_cgroup(view, oom->victim_cgroup_id);

		if (cgroup)
			actor_of_unit(cgroup, &s.who);
		s.who.pid = oom->victim_pid;
		snprintf(s.who.comm, sizeof(s.who.comm), "%s", oom->victim_comm);
		episodes_signal(&d->episodes, view, &s);
	}
}
