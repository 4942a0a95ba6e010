// SPDX-License-Identifier: GPL-2.0-only
/* top_view.c - owns a model for each interval: what was before it is its base. */
#include "app/top_view.h"

#include <errno.h>
#include <string.h>

#include "sandbox/users.h"

void top_view_init(struct top_view *views, struct users *users, bool unit_ids)
{
	*views = (struct top_view){ .users = users, .unit_ids = unit_ids };
}

void top_view_done(struct top_view *views)
{
	model__free(views->model);
	*views = (struct top_view){ 0 };
}

static struct model *model_of(const struct top_view *views, enum tui_group group)
{
	const struct tui_grouping *grouping = &tui_groupings[group];
	struct model_config config;

	model_config_default(&config);
	model_config_unfolded(&config);
	memcpy(config.keys, grouping->keys, sizeof(grouping->keys));
	config.nkeys = grouping->nkeys;
	config.unit_ids = views->unit_ids;
	config.user_name = users__name;
	config.user_ctx = views->users;
	return model__new(&config);
}

int top_view_make(struct top_view *views, enum tui_group group, const struct snapshot *before,
		  const struct snapshot *now, const struct view **ret)
{
	struct model *model = model_of(views, group);
	const struct view *view;
	int err;

	if (!model)
		return -errno;
	err = before->time_ns ? model__apply(model, before, &view) : 0;
	if (!err)
		err = model__apply(model, now, &view);
	if (err) {
		model__free(model);
		return err;
	}
	model__free(views->model);
	views->model = model;
	*ret = view;
	return 0;
}
