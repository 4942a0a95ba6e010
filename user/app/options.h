/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the options that several sub-commands share, and how a bad one is refused.
 *
 * Owns: grouping, the threshold of slow waits, verbosity. argp appears in app only.
 */
#ifndef VIGIE_APP_OPTIONS_H
#define VIGIE_APP_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "daemon/pipeline_options.h"

enum { EXIT_USAGE = 2 };

/*
 * Child parsers whose input is a pipeline_options: --group-by and --unit-names alone; with
 * --slow-wait, --verbose.
 */
extern const struct argp group_argp, common_argp;

/*
 * Ends the program with EXIT_USAGE: "vigie once: --top: 'x' is not …". allowed says what is.
 */
void refuse_value(const struct argp_state *state, const char *option, const char *value,
		  const char *allowed) __attribute__((noreturn));

/*
 * Says on standard error that an option which was typed, and works, is called otherwise now. For
 * what follows a value: after that was accepted, so that a refusal stands alone.
 */
void option_renamed(const struct argp_state *state, const char *typed, const char *now);

/* Strict parsers that end the program where the value is bad. */
__u64 option_duration(const struct argp_state *state, const char *option, const char *value,
		      __u64 min_ns, __u64 max_ns, const char *allowed);
__u64 option_number(const struct argp_state *state, const char *option, const char *value,
		    __u64 min, __u64 max, const char *allowed);

#endif
