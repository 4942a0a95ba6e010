/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top_view.h - one snapshot, and the one before it, as a view by any grouping.
 *
 * Owns: the model of that one interval. So a moment looks the same live and out of a history, and
 * another grouping needs no second snapshot.
 */
#ifndef VIGIE_APP_TOP_VIEW_H
#define VIGIE_APP_TOP_VIEW_H

#include "model/model.h"
#include "tui/tui.h"

struct users;

struct top_view {
	struct model *model; /* of the view that was made last */
	struct users *users; /* borrowed */
	bool unit_ids;
};

void top_view_init(struct top_view *views, struct users *users, bool unit_ids);
void top_view_done(struct top_view *views);
/*
 * before as moments__load() has it. *ret is valid until the next call, its texts, too. 0 or -errno.
 */
int top_view_make(struct top_view *views, enum tui_group group, const struct snapshot *before,
		  const struct snapshot *now, const struct view **ret);

#endif
