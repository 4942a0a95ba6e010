// SPDX-License-Identifier: GPL-2.0-only
/*
 * present.c - groups, units and OOM kills as the exporters want them.
 *
 * Owns: copies and order. Not here: any decision about what is on the page (series_page.c).
 */
#include "model/present.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int present_init(struct present *present, __u32 max_groups)
{
	*present = (struct present){ 0 };
	present->groups = calloc(max_groups, sizeof(*present->groups));
	present->units = calloc(max_groups, sizeof(*present->units));
	present->unit_order = calloc(max_groups, sizeof(*present->unit_order));
	if (present->groups && present->units && present->unit_order)
		return 0;
	present_done(present);
	return -ENOMEM;
}

void present_done(struct present *present)
{
	free(present->groups);
	free(present->units);
	free(present->unit_order);
	free(present->ooms);
	free(present->oom_texts);
	*present = (struct present){ 0 };
}

static void show_counters(struct group_view *ret, const struct series *series)
{
	ret->total = series->total;
	ret->inc = series->inc;
}

static void show_gauges(struct group_view *ret, const struct tally *tally,
			const struct series_page *page, const struct series *series,
			const struct view *view)
{
	__u64 peak = window_highest(&series->peak, page->part_ns, view->time_ns);
	int i;

	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		ret->rss_bytes[i] = tally->rss_pages[i] * view->page_size;
	ret->peak_bytes = peak * view->page_size;
	ret->processes = tally->processes;
	ret->threads = tally->threads;
	ret->live = tally->processes > 0;
}

static void show_process(struct group_view *ret, const struct group *group)
{
	if (group->now.processes != 1 || !group->pid)
		return;
	ret->pid = group->pid;
	ret->ppid = group->ppid;
	ret->uid = group->uid;
	ret->start_ns = group->start_ns;
	ret->life_cpu_ns = group->life_cpu_ns;
}

static void show_group(struct group_view *ret, const struct series *series,
		       const struct series_page *page, const struct names *names,
		       const struct view *view)
{
	/* A demoted group's processes belong to other: its series has no gauges any more. */
	static const struct tally nothing;
	const struct group *group = series->group;
	const struct tally *tally = group->demoted ? &nothing : &group->now;

	*ret = (struct group_view){ .kernel = group->kernel };
	memcpy(ret->label, group->label, sizeof(ret->label));
	show_counters(ret, series);
	show_gauges(ret, tally, page, series, view);
	if (ret->live && names_have_key(names, KEY_PID))
		show_process(ret, group);
}

static void show_other(struct group_view *ret, const struct series_page *page,
		       const struct view *view)
{
	unsigned int i;

	*ret = (struct group_view){ 0 };
	for (i = 0; i < view->nkeys; i++)
		ret->label[i] = GROUP_OTHER;
	show_counters(ret, &page->other);
	show_gauges(ret, &page->other_now, page, &page->other, view);
}

static int compare_units(const void *a, const void *b)
{
	return strcmp((*(struct unit_entry *const *)a)->unit,
		      (*(struct unit_entry *const *)b)->unit);
}

static void show_units(struct present *present, const struct series_page *page)
{
	const struct unit_entry **order = present->unit_order;
	size_t n = 0, i;

	for (i = 0; i < page->nshown; i++)
		if (page->shown[i]->group->unit)
			order[n++] = page->shown[i]->group->unit;
	qsort(order, n, sizeof(*order), compare_units);
	present->nunits = 0;
	for (i = 0; i < n; i++) {
		if (i && order[i] == order[i - 1])
			continue;
		present->units[present->nunits++] = (struct unit_view){
			.unit = order[i]->unit,
			.cgroup = order[i]->cgroup,
			.container_id = order[i]->container_id,
			.pod_uid = order[i]->pod_uid,
			.runtime = order[i]->runtime,
			.container_name = order[i]->container[CONTAINER_NAME],
			.pod = order[i]->container[CONTAINER_POD],
			.namespace = order[i]->container[CONTAINER_NAMESPACE],
			.image = order[i]->container[CONTAINER_IMAGE],
			.figures = &order[i]->figures,
		};
	}
}

void present_page(struct present *present, struct series_page *page, const struct names *names,
		  struct view *view)
{
	__u32 i;

	if (series_page_sort(page) || present->units_changed != names->units_changed)
		show_units(present, page);
	present->units_changed = names->units_changed;
	for (i = 0; i < page->nshown; i++) {
		page->shown[i]->place = i;
		show_group(&present->groups[i], page->shown[i], page, names, view);
	}
	show_other(&view->other, page, view);
	view->groups = present->groups;
	view->ngroups = page->nshown;
	view->units = present->units;
	view->nunits = present->nunits;
	view->retired_cpu = page->retired;
	view->groups_ended_total = page->ended;
	view->groups_promoted_total = page->promoted;
}

static size_t ooms_reserve(struct present *present, size_t n)
{
	struct oom_view *ooms;
	struct oom_text *texts;

	if (n <= present->ooms_cap)
		return n;
	ooms = realloc(present->ooms, n * sizeof(*ooms));
	if (!ooms)
		return present->ooms_cap;
	present->ooms = ooms;
	texts = realloc(present->oom_texts, n * sizeof(*texts));
	if (!texts)
		return present->ooms_cap;
	present->oom_texts = texts;
	present->ooms_cap = n;
	return n;
}

static void show_oom(struct oom_view *ret, struct oom_text *text, struct groups *groups,
		     const struct snapshot *snapshot, const struct vigie_oom_event *event)
{
	struct vigie_party victim = {
		.tgid = event->victim_tgid,
		.cgroup_id = event->victim_cgroup_id,
	};
	struct vigie_party trigger = { .tgid = event->trigger_tgid };

	memcpy(victim.comm, event->victim_comm, sizeof(victim.comm));
	memcpy(trigger.comm, event->trigger_comm, sizeof(trigger.comm));
	/* Most OOM kills are triggered by their victim: then its cgroup is known. */
	if (trigger.tgid == victim.tgid)
		trigger.cgroup_id = victim.cgroup_id;
	party_name(groups, snapshot, &victim, text->victim);
	party_name(groups, snapshot, &trigger, text->trigger);
	text_sanitise(text->victim_comm, LABEL_SIZE, event->victim_comm, VIGIE_COMM_LEN);
	text_sanitise(text->trigger_comm, LABEL_SIZE, event->trigger_comm, VIGIE_COMM_LEN);
	*ret = (struct oom_view){
		.victim = text->victim,
		.trigger = text->trigger,
		.victim_comm = text->victim_comm,
		.trigger_comm = text->trigger_comm,
		.victim_pid = event->victim_tgid,
		.trigger_pid = event->trigger_tgid,
		.victim_cgroup_id = event->victim_cgroup_id,
		.victim_bytes = event->victim_pages * snapshot->page_size,
		.time_ns = event->time_ns,
	};
}

void present_ooms(struct present *present, struct groups *groups, const struct snapshot *snapshot,
		  struct view *view)
{
	size_t i;

	present->nooms = ooms_reserve(present, snapshot->nooms);
	if (present->nooms > snapshot->nooms)
		present->nooms = snapshot->nooms;
	for (i = 0; i < present->nooms; i++)
		show_oom(&present->ooms[i], &present->oom_texts[i], groups, snapshot,
			 &snapshot->ooms[i]);
	view->ooms = present->ooms;
	view->nooms = present->nooms;
}
