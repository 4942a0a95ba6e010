// SPDX-License-Identifier: GPL-2.0-only
/*
 * detect.c - one view after the other through all watchers.
 *
 * Owns: the order. Not here: any condition (watch_*.c), what its figure is (quantity.h), what
 * becomes of a signal (episodes.c).
 */
#include "detect/detect.h"

#include <errno.h>
#include <stdlib.h>

#include "base/units.h"
#include "detect/watchers.h"

void detect_config_default(struct detect_config *config)
{
	*config = (struct detect_config){
		.max_findings = 128,
		.max_groups = 128,
		.findings_per_minute = 20,
		.cooldown_ns = 600 * NS_PER_S,
		.update_ns = 30 * NS_PER_S,
	};
}

struct detect *detect__new(const struct detect_config *config)
{
	struct detect *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->config = *config;
	d->groups = calloc(config->max_groups ? config->max_groups : 1, sizeof(*d->groups));
	if (!d->groups || episodes_init(&d->episodes, config)) {
		detect__free(d);
		errno = ENOMEM;
		return NULL;
	}
	return d;
}

void detect__free(struct detect *d)
{
	if (!d)
		return;
	episodes_done(&d->episodes);
	while (d->ngroups)
		free(d->groups[--d->ngroups]);
	free(d->groups);
	free(d);
}

int detect__step(struct detect *d, const struct view *view, const struct finding *const **ret,
		 size_t *ret_n)
{
	episodes_begin(&d->episodes, view);
	watch_ooms(d, view);
	if (view_is_long(view)) {
		watch_throttling(d, view); /* first: starvation asks what it found */
		watch_processes(d, view);
		watch_groups(d, view);
		watch_host(d, view);
		episodes_end(&d->episodes, view);
	} else {
		episodes_end_short(&d->episodes, view);
	}
	*ret = d->episodes.out;
	*ret_n = d->episodes.nout;
	return 0;
}

int detect__silence(struct detect *d, const char *pattern, enum verdict_kind verdict)
{
	return episodes_silence(&d->episodes, pattern, verdict);
}

void detect__stat(const struct detect *d, struct detect_stat *ret)
{
	*ret = (struct detect_stat){
		.suppressed = d->episodes.suppressed,
		.silenced = d->episodes.silenced,
		.series = d->ngroups * (DEPARTURES + 1ULL),
		.groups_shed = d->groups_shed,
		.bytes = sizeof(*d) + d->ngroups * sizeof(**d->groups) +
			 d->episodes.n * sizeof(**d->episodes.all),
	};
}

void detect__count(const struct detect *d, unsigned int rule, __u64 *ret_total, __u64 *ret_active)
{
	*ret_total = rule < RULES ? d->episodes.total[rule] : 0;
	*ret_active = rule < RULES ? d->episodes.active[rule] : 0;
}
