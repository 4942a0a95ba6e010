// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_options.c - owns their defaults and what the kernel side must carry for them. */
#include "daemon/pipeline_options.h"

#include <string.h>

#include "model/unit_top.h"

void pipeline_options_init(struct pipeline_options *options, const enum group_key *keys,
			   unsigned int nkeys)
{
	struct collect_config defaults;

	collect_config_default(&defaults);
	memset(options, 0, sizeof(*options));
	memcpy(options->keys, keys, nkeys * sizeof(*keys));
	options->nkeys = nkeys;
	options->slow_wait_ns = defaults.slow_wait_ns;
	options->runtime_root = "";
}

void pipeline_options_collect(const struct pipeline_options *options, struct collect_config *ret)
{
	static const __u32 carried[GROUP_KEYS] = {
		[KEY_UNIT] = VIGIE_BY_CGROUP,	[KEY_COMM] = VIGIE_BY_COMM,
		[KEY_EXE] = VIGIE_BY_EXE,	[KEY_USER] = VIGIE_BY_USER,
		[KEY_CGROUP] = VIGIE_BY_CGROUP, [KEY_PID] = VIGIE_BY_PID,
	};
	unsigned int i;

	collect_config_default(ret);
	ret->slow_wait_ns = options->slow_wait_ns;
	ret->priced = options->priced;
	ret->max_tasks = options->max_tasks;
	ret->max_retired = options->max_retired;
	ret->max_cgroups = options->max_cgroups;
	ret->group_by = options->carried;
	for (i = 0; i < options->nkeys; i++) {
		ret->group_by |= carried[options->keys[i]];
		if (options->keys[i] == KEY_UNIT)
			ret->unit_top = unit_top;
	}
}

void pipeline_options_model(const struct pipeline_options *options, struct model_config *ret)
{
	memcpy(ret->keys, options->keys, sizeof(ret->keys));
	ret->nkeys = options->nkeys;
	ret->unit_ids = options->unit_ids;
}
