/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * present.h - the model's state as a struct view.
 *
 * Owns: the arrays that a view points to. Counts nothing.
 */
#ifndef VIGIE_MODEL_PRESENT_H
#define VIGIE_MODEL_PRESENT_H

#include "data/view.h"
#include "model/delays.h"
#include "model/series_page.h"

struct oom_text {
	char victim[LABELS_SIZE], trigger[LABELS_SIZE];
	char victim_comm[LABEL_SIZE], trigger_comm[LABEL_SIZE];
};

struct present {
	struct group_view *groups;
	struct unit_view *units;
	const struct unit_entry **unit_order; /* scratch */
	__u64 units_changed; /* as names has it, when units was made */
	size_t nunits;
	struct oom_view *ooms;
	struct oom_text *oom_texts;
	size_t ooms_cap, nooms;
};

int present_init(struct present *present, __u32 max_groups);
void present_done(struct present *present);
void present_page(struct present *present, struct series_page *page, const struct names *names,
		  struct view *view);
/* What finds no memory is not shown; it remains counted in its group's oom_kills. */
void present_ooms(struct present *present, struct groups *groups, const struct snapshot *snapshot,
		  struct view *view);

#endif
