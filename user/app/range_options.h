/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * range_options.h - which part of a history, and in which stretches: --from, --to, --every.
 *
 * Owns: how people type it. Not here: reading it (daemon/pipeline_recorded.h).
 */
#ifndef VIGIE_APP_RANGE_OPTIONS_H
#define VIGIE_APP_RANGE_OPTIONS_H

#include "app/options.h"
#include "record/replay.h"

struct range_options {
	struct replay_range range;
	__u64 every_ns; /* 0: each snapshot */
	__u64 now_ns; /* what "10 min ago" is before */
};

/* A child parser whose input is a range_options. */
extern const struct argp range_argp;

void range_options_init(struct range_options *options);
/* Ends the program where it is no moment. */
__u64 option_moment(const struct argp_state *state, const struct range_options *options,
		    const char *option, const char *arg);

#endif
