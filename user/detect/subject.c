// SPDX-License-Identifier: GPL-2.0-only
/* subject.c - owns looking people up. */
#include "detect/subject.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "data/processes.h"

const struct process *subject_process(const struct view *view, __u32 pid)
{
	return processes_find(view->processes, view->nprocesses, pid);
}

const struct cgroup_view *subject_cgroup(const struct view *view, __u64 id)
{
	size_t low = 0, high = view->ncgroups, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (view->cgroups[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->ncgroups && view->cgroups[low].id == id ? &view->cgroups[low] : NULL;
}

const struct cgroup_view *subject_limited_cgroup(const struct view *view, __u64 id)
{
	const struct cgroup_view *cgroup = subject_cgroup(view, id);

	return cgroup && cgroup->stat && cgroup->stat->memory_limit ? cgroup : NULL;
}

const char *subject_label(const struct view *view, const struct group_view *group,
			  enum group_key key)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == key)
			return group->label[i] ? group->label[i] : "";
	return "";
}

static void set_unit(const struct view *view, __u64 cgroup_id, struct actor *ret)
{
	const struct cgroup_view *cgroup = subject_cgroup(view, cgroup_id);

	if (!cgroup)
		return;
	snprintf(ret->unit, sizeof(ret->unit), "%s", cgroup->unit ? cgroup->unit : "");
	snprintf(ret->container_id, sizeof(ret->container_id), "%s",
		 cgroup->container_id ? cgroup->container_id : "");
}

void actor_of_process(const struct view *view, const struct process *p, struct actor *ret)
{
	*ret = (struct actor){ .pid = p->pid, .uid = p->uid, .start_ns = p->start_ns };
	text_sanitise(ret->comm, sizeof(ret->comm), p->comm, strnlen(p->comm, sizeof(p->comm)));
	set_unit(view, p->cgroup_id, ret);
}

void actor_of_party(const struct view *view, const struct vigie_party *party, struct actor *ret)
{
	const struct process *p = subject_process(view, party->tgid);

	if (p) {
		actor_of_process(view, p, ret);
		return;
	}
	*ret = (struct actor){ .pid = party->tgid };
	text_sanitise(ret->comm, sizeof(ret->comm), party->comm,
		      strnlen(party->comm, sizeof(party->comm)));
	set_unit(view, party->cgroup_id, ret);
}

void actor_of_group(const struct view *view, const struct group_view *group, struct actor *ret)
{
	*ret = (struct actor){ .pid = group->pid, .uid = group->uid, .start_ns = group->start_ns };
	snprintf(ret->comm, sizeof(ret->comm), "%s", subject_label(view, group, KEY_COMM));
	snprintf(ret->unit, sizeof(ret->unit), "%s", subject_label(view, group, KEY_UNIT));
	/* Grouped by something else: that is what it is called. */
	if (!ret->comm[0] && !ret->unit[0] && view->nkeys)
		snprintf(ret->comm, sizeof(ret->comm), "%s", group->label[0]);
}

void actor_of_unit(const struct cgroup_view *cgroup, struct actor *ret)
{
	*ret = (struct actor){ .pid = 0 };
	snprintf(ret->unit, sizeof(ret->unit), "%s", cgroup->unit ? cgroup->unit : "");
	snprintf(ret->container_id, sizeof(ret->container_id), "%s",
		 cgroup->container_id ? cgroup->container_id : "");
}

void subject_parents(const struct view *view, const struct process *p, struct finding *ret)
{
	__u32 pid = p->ppid;

	ret->nparents = 0;
	while (pid && ret->nparents < FINDING_PARENTS) {
		p = subject_process(view, pid);
		if (!p)
			return;
		actor_of_process(view, p, &ret->parents[ret->nparents++]);
		pid = p->ppid == pid ? 0 : p->ppid;
	}
}

static __u64 anon_bytes(const struct view *view, const struct process *p)
{
	return p->rss_pages[VIGIE_RSS_ANON] * view->page_size;
}

/* Within the cgroup, or below it. */
static bool is_below(const struct view *view, const struct process *p,
		     const struct cgroup_view *cgroup)
{
	const struct cgroup_view *own;
	size_t len;

	if (!cgroup || p->cgroup_id == cgroup->id)
		return true;
	own = subject_cgroup(view, p->cgroup_id);
	if (!own || !own->path || !cgroup->path)
		return false;
	len = strlen(cgroup->path);
	return !strncmp(own->path, cgroup->path, len) && own->path[len] == '/';
}

/* A short insertion sort: four places. */
static void add_culprit(const struct view *view, const struct process *p, double share,
			const char *did, struct finding *ret)
{
	unsigned int at = ret->nculprits;

	while (at && ret->culprits[at - 1].share < share)
		at--;
	if (at == FINDING_CULPRITS)
		return;
	if (ret->nculprits < FINDING_CULPRITS)
		ret->nculprits++;
	memmove(&ret->culprits[at + 1], &ret->culprits[at],
		(ret->nculprits - at - 1) * sizeof(ret->culprits[0]));
	actor_of_process(view, p, &ret->culprits[at].who);
	ret->culprits[at].share = share < 1 ? share : 1;
	ret->culprits[at].did = did;
}

void subject_eaters(const struct view *view, const struct cgroup_view *cgroup, __u64 of_bytes,
		    struct finding *ret)
{
	__u64 least = of_bytes / 20;
	size_t i;

	ret->nculprits = 0;
	for (i = 0; i < view->nprocesses; i++)
		if (anon_bytes(view, &view->processes[i]) > least &&
		    is_below(view, &view->processes[i], cgroup))
			add_culprit(view, &view->processes[i],
				    of_bytes ? (double)anon_bytes(view, &view->processes[i]) /
						       of_bytes
					     : 0,
				    "holds the memory", ret);
}

static __u64 cpu_ns(const struct process *p)
{
	return p->inc.user_ns + p->inc.system_ns;
}

void subject_users(const struct view *view, const struct cgroup_view *cgroup, struct finding *ret)
{
	__u64 total = 0;
	size_t i;

	ret->nculprits = 0;
	for (i = 0; i < view->nprocesses; i++)
		if (is_below(view, &view->processes[i], cgroup))
			total += cpu_ns(&view->processes[i]);
	for (i = 0; i < view->nprocesses; i++)
		if (cpu_ns(&view->processes[i]) > total / 20 &&
		    is_below(view, &view->processes[i], cgroup))
			add_culprit(view, &view->processes[i],
				    (double)cpu_ns(&view->processes[i]) / total,
				    "used up the quota", ret);
}

const struct process *subject_largest(const struct view *view, const struct group_view *group)
{
	__u32 place = group - view->groups;
	const struct process *largest = NULL;
	size_t i;

	for (i = 0; i < view->nprocesses; i++)
		if (view->process_group[i] == place &&
		    (!largest || view->processes[i].rss_pages[VIGIE_RSS_ANON] >
					 largest->rss_pages[VIGIE_RSS_ANON]))
			largest = &view->processes[i];
	return largest;
}

void subject_name(const struct actor *who, char *dst)
{
	int n = 0;

	if (who->unit[0] || who->comm[0])
		n = snprintf(dst, SUBJECT_NAME, "%s%s%s", who->unit,
			     who->unit[0] && who->comm[0] ? "/" : "", who->comm);
	else
		n = snprintf(dst, SUBJECT_NAME, "the host");
	if (who->pid && n > 0 && n < SUBJECT_NAME)
		snprintf(dst + n, SUBJECT_NAME - n, " pid %u", who->pid);
}

bool subject_same(const struct actor *a, const struct actor *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns && !strcmp(a->comm, b->comm) &&
	       !strcmp(a->unit, b->unit);
}
