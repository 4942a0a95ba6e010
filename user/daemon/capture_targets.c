// SPDX-License-Identifier: GPL-2.0-only
/* capture_targets.c - owns the way from a finding's actors to processes that live. */
#include "daemon/capture_targets.h"

#include <string.h>

#include "base/text.h"

static bool is_ours(const struct process *p, __u32 self)
{
	return p->pid == self || p->ppid == self;
}

/* An actor without a pid is all that has its names. */
static bool has_names(const struct view *view, size_t i, const struct actor *who)
{
	const struct process *p = &view->processes[i];
	const char *unit = view->process_group[i] < view->ngroups
				   ? group_label(view, &view->groups[view->process_group[i]],
						 KEY_UNIT)
				   : "";
	char comm[FINDING_COMM_LEN];

	if (!who->comm[0] && !who->unit[0])
		return false;
	text_sanitise(comm, sizeof(comm), p->comm, strnlen(p->comm, sizeof(p->comm)));
	if (who->comm[0] && strcmp(who->comm, comm))
		return false;
	return !who->unit[0] || !strcmp(who->unit, unit);
}

static bool is_meant(const struct view *view, size_t i, const struct actor *who)
{
	const struct process *p = &view->processes[i];

	if (who->pid)
		return p->pid == who->pid && (!who->start_ns || p->start_ns == who->start_ns);
	return has_names(view, i, who);
}

static __u64 cpu_of(const struct process *p)
{
	return p->inc.user_ns + p->inc.system_ns;
}

static __u64 memory_of(const struct process *p)
{
	return p->rss_pages[VIGIE_RSS_FILE] + p->rss_pages[VIGIE_RSS_ANON];
}

static const struct process *targets_find(const struct view *view, const struct actor *who,
					  __u32 self)
{
	const struct process *best = NULL, *p;
	size_t i;

	for (i = 0; i < view->nprocesses; i++) {
		p = &view->processes[i];
		if (p->flags & VIGIE_TASK_KTHREAD || !p->threads || is_ours(p, self) ||
		    !is_meant(view, i, who))
			continue;
		if (!best || cpu_of(p) > cpu_of(best) ||
		    (cpu_of(p) == cpu_of(best) && memory_of(p) > memory_of(best)))
			best = p;
	}
	return best;
}

static unsigned int targets_add(struct profiler_target *targets, unsigned int n,
				const struct process *p)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!p || targets[i].pid == p->pid)
			return n;
	if (!p || n == PROFILER_TARGETS)
		return n;
	targets[n] = (struct profiler_target){ .pid = p->pid, .start_ns = p->start_ns };
	return n + 1;
}

unsigned int capture_targets_of(const struct finding *finding, const struct view *view, __u32 self,
				struct profiler_target targets[PROFILER_TARGETS])
{
	unsigned int n = 0, i;

	/* The last place is kept for whom it is about. */
	for (i = 0; i < finding->nculprits && n < PROFILER_TARGETS - 1; i++)
		n = targets_add(targets, n, targets_find(view, &finding->culprits[i].who, self));
	n = targets_add(targets, n, targets_find(view, &finding->who, self));
	for (; i < finding->nculprits; i++)
		n = targets_add(targets, n, targets_find(view, &finding->culprits[i].who, self));
	return n;
}
