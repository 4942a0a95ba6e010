/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline_options.h - the options of a pipeline, live or recorded.
 *
 * Owns: these options as values and their defaults. Not here: how people type them (app/options.h).
 */
#ifndef VIGIE_DAEMON_PIPELINE_OPTIONS_H
#define VIGIE_DAEMON_PIPELINE_OPTIONS_H

#include <stdbool.h>

#include "collect/plan.h"
#include "data/view.h"
#include "model/model.h"

struct pipeline_options {
	enum group_key keys[GROUP_KEYS];
	unsigned int nkeys;
	__u32 carried; /* enum vigie_group_by: what the kernel side carries beside what keys need */
	__u64 slow_wait_ns;
	bool unit_ids; /* units of containers carry ids, see model_config */
	const char *runtime_root; /* before the paths of the runtimes' files; "" */
	__u32 max_tasks, max_retired, max_cgroups; /* as in collect_config */
	bool priced; /* as in collect_config */
	bool verbose;
};

/* Sets the default grouping; nkeys at most GROUP_KEYS. */
void pipeline_options_init(struct pipeline_options *options, const enum group_key *keys,
			   unsigned int nkeys);
/* What the kernel side must carry for these keys. */
void pipeline_options_collect(const struct pipeline_options *options, struct collect_config *ret);
/* What is grouped by, and how units are called. */
void pipeline_options_model(const struct pipeline_options *options, struct model_config *ret);

#endif
