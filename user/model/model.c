// SPDX-License-Identifier: GPL-2.0-only
/*
 * model.c - one snapshot after the other through the parts of the model.
 *
 * Owns: the order of the parts, and time (never backwards). After model__new() no step that
 * counts can fail: what finds no memory loses its name, not its increments.
 * Not here: groups (groups.c), series (series_page.c), the residual (cpu_balance.c), pairs (delays.c).
 */
#include "model/model.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/cpu_balance.h"
#include "model/delays.h"
#include "model/groups.h"
#include "model/kernel_rest.h"
#include "model/members.h"
#include "model/present.h"
#include "model/series_page.h"
#include "model/unit_book.h"

enum { KNOWN_LIMIT = 1 << 20 };

struct model {
	struct names names;
	struct groups groups;
	struct tally direct; /* what found no group in this interval */
	struct series_page page;
	struct cpu_balance balance;
	struct delays delays;
	struct present present;
	struct members members;
	struct unit_book units;
	struct view view;
	bool began;
	bool by_pid;
	__u64 linger_ns;
	__u64 now_ns;
};

void model_config_default(struct model_config *config)
{
	*config = (struct model_config){
		.keys = { KEY_UNIT, KEY_COMM },
		.nkeys = 2,
		.max_groups = 100,
		.fold_kernel = true,
		.max_known = 4096,
		.linger_ns = 300000000000,
		.promote_ns = 60000000000,
		.peak_window_ns = 60000000000,
		.max_delays = 50,
	};
}

void model_config_unfolded(struct model_config *config)
{
	/*
	 * More processes than hosts have. Room for them is asked for at once, some 100 MB that are
	 * touched as needed: a small host refuses a promise of a gigabyte.
	 */
	config->max_groups = config->max_known = 1 << 17;
	config->max_delays = 1000;
	config->fold_kernel = false;
}

static bool config_is_valid(const struct model_config *config)
{
	unsigned int i, seen = 0;

	if (!config->nkeys || config->nkeys > GROUP_KEYS)
		return false;
	for (i = 0; i < config->nkeys; i++) {
		if ((unsigned int)config->keys[i] >= GROUP_KEYS || seen & 1u << config->keys[i])
			return false;
		seen |= 1u << config->keys[i];
	}
	return config->max_groups && config->max_groups <= KNOWN_LIMIT &&
	       config->max_known <= KNOWN_LIMIT && config->max_delays <= KNOWN_LIMIT;
}

static int init_parts(struct model *model, const struct model_config *config)
{
	/* Where the allocator put the model: nobody outside can know it, no output shows it. */
	__u64 seed = hash_bytes(&model, sizeof(model), (uintptr_t)&config ^ (uintptr_t)model);

	names_init(&model->names, config, seed);
	groups_init(&model->groups, &model->names, config->max_known, seed);
	if (series_page_init(&model->page, config, config->max_known))
		return -ENOMEM;
	if (delays_init(&model->delays, config, seed))
		return -ENOMEM;
	return present_init(&model->present, config->max_groups);
}

struct model *model__new(const struct model_config *config)
{
	struct model_config bounded = *config;
	struct model *model;

	if (!config_is_valid(config)) {
		errno = EINVAL;
		return NULL;
	}
	if (bounded.max_known < bounded.max_groups)
		bounded.max_known = bounded.max_groups;
	model = calloc(1, sizeof(*model));
	if (!model)
		return NULL;
	if (init_parts(model, &bounded)) {
		model__free(model);
		errno = ENOMEM;
		return NULL;
	}
	model->linger_ns = config->linger_ns;
	model->balance.lag_ns = config->balance_lag_ns;
	model->by_pid = names_have_key(&model->names, KEY_PID);
	memcpy(model->view.keys, config->keys, sizeof(model->view.keys));
	model->view.nkeys = config->nkeys;
	return model;
}

void model__free(struct model *model)
{
	if (!model)
		return;
	members_done(&model->members);
	unit_book_done(&model->units);
	present_done(&model->present);
	delays_done(&model->delays);
	series_page_done(&model->page);
	groups_done(&model->groups);
	names_done(&model->names);
	free(model);
}

static void remember_process(struct group *group, const struct process *process)
{
	if (process->flags & VIGIE_TASK_ZOMBIE)
		return;
	group->pid = process->pid;
	group->ppid = process->ppid;
	group->uid = process->uid;
	group->start_ns = process->start_ns;
	group->life_cpu_ns = process->life_cpu_ns;
}

static void tally_processes(struct model *model, const struct snapshot *snapshot)
{
	struct vigie_key key;
	size_t i;

	members_begin(&model->members, snapshot->nprocesses);
	for (i = 0; i < snapshot->nprocesses; i++) {
		const struct process *process = &snapshot->processes[i];
		struct group *group;

		names_key(&model->names, process, &key);
		group = groups_resolve(&model->groups, &key, model->now_ns);
		tally_process(group ? &group->now : &model->direct, process);
		members_set(&model->members, i, group);
		if (group && model->by_pid)
			remember_process(group, process);
	}
}

static void tally_all_retired(struct model *model, const struct snapshot *snapshot)
{
	struct vigie_key key;
	size_t i;

	for (i = 0; i < snapshot->nretired; i++) {
		const struct retired *retired = &snapshot->retired[i];
		struct group *group = NULL;

		if (!(retired->key.flags & VIGIE_TASK_OTHER)) {
			names_normalise(&model->names, &retired->key, &key);
			group = groups_resolve(&model->groups, &key, model->now_ns);
		}
		tally_retired(group ? &group->now : &model->direct, &retired->value);
	}
}

static void tell_time(struct model *model, const struct snapshot *snapshot)
{
	struct view *view = &model->view;
	__u64 before_ns = model->now_ns;

	if (!model->began)
		before_ns = model->now_ns = snapshot->time_ns;
	model->began = true;
	if (snapshot->time_ns > model->now_ns)
		model->now_ns = snapshot->time_ns;
	view->time_ns = model->now_ns;
	view->wall_ns = snapshot->wall_ns;
	view->interval_ns = model->now_ns - before_ns;
	view->page_size = snapshot->page_size;
}

static void rate(struct model *model, const struct snapshot *snapshot)
{
	const struct shares shares = {
		.interval_ns = model->view.interval_ns,
		.cpus = snapshot->host.online_cpus,
		.memory_pages =
			snapshot->page_size ? snapshot->host.memory.total / snapshot->page_size : 0,
	};

	groups_rate(&model->groups, &shares, model->now_ns);
}

static void show(struct model *model, const struct snapshot *snapshot)
{
	struct view *view = &model->view;

	present_page(&model->present, &model->page, &model->names, view);
	members_show(&model->members, &model->names, snapshot, view);
	present_ooms(&model->present, &model->groups, snapshot, view);
	delays_show(&model->delays, view);
	view->groups_known = model->groups.n;
	view->units_guessed = model->names.nguessed;
	view->groups_folded_total = model->groups.folded;
	view->stat = snapshot->stat;
	view->shed = snapshot->shed;
}

int model__apply(struct model *model, const struct snapshot *snapshot, const struct view **ret)
{
	tell_time(model, snapshot);
	memset(&model->direct, 0, sizeof(model->direct));
	groups_begin(&model->groups);
	names_update(&model->names, snapshot, model->now_ns);
	units_hand_over(&model->names, model->now_ns);
	tally_processes(model, snapshot);
	tally_all_retired(model, snapshot);
	rate(model, snapshot);
	kernel_rest_begin(&model->groups, model->now_ns);
	series_page_apply(&model->page, &model->groups, &model->direct, model->now_ns);
	cpu_balance_apply(&model->balance, snapshot, &model->page.credited, &model->view);
	delays_apply(&model->delays, &model->groups, snapshot, model->view.interval_ns,
		     model->now_ns);
	unit_book_apply(&model->units, &model->groups, snapshot, model->now_ns, model->linger_ns);
	show(model, snapshot);
	/* Last: until here the groups of this interval are all in use. */
	groups_sweep(&model->groups, model->now_ns, model->linger_ns);
	names_sweep(&model->names, model->now_ns, model->linger_ns);
	*ret = &model->view;
	return 0;
}

void model__set_linger(struct model *model, __u64 linger_ns)
{
	model->linger_ns = linger_ns;
	model->page.linger_ns = linger_ns;
	model->delays.linger_ns = linger_ns;
}

void model__favour(struct model *model, __u32 pid)
{
	struct group *group = members_group(&model->members, &model->view, pid);

	if (group)
		group->favoured = true;
}
