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

/*
 * A value that somebody gave to an option, on the command line or by its key in a configuration
 * file: both go through the same function, so that both have the same bounds.
 */
struct option_value {
	const char *text;
	const char *as; /* how it was given: "--keep", "FILE:3:5: history.retention" */
	bool again; /* we serve already: what asks other files, or needs a restart, is not judged */
	const char *allowed; /* set where it is refused: completes "'x' is not …" */
	char room[200]; /* for that, where it has to be made */
};

/* Puts it into the options that it is for; text and as must outlive these. 0 or -EINVAL. */
typedef int option_set_fn(void *options, struct option_value *value);
option_set_fn option_set_group_by, option_set_unit_names; /* of a pipeline_options, all five */
option_set_fn option_set_slow_wait, option_set_runtime_root, option_set_verbose;

/* For an option_set_fn. 0 or -EINVAL with value->allowed = allowed. */
int option_value_duration(struct option_value *value, __u64 min_ns, __u64 max_ns,
			  const char *allowed, __u64 *ret_ns);
int option_value_refuse(struct option_value *value, const char *allowed); /* -EINVAL */

/* What was typed of a command that also reads a file: in that order, former names as the new. */
struct option_given {
	const char *option, *text, *as;
};
struct options_given {
	struct option_given *all;
	size_t n, capacity;
};

/*
 * From now on option_take() writes down there what it takes. Not through argp_state: its hook is each
 * parser's own, and what a parser is given are the options themselves.
 */
void options_write_down(struct options_given *given);

/*
 * Takes an option that was typed as as: sets it in state->input, or ends the program as refuse_value()
 * does.
 */
void option_take(const struct argp_state *state, const char *option, const char *as,
		 const char *text, option_set_fn *set);

/* Strict parsers that end the program where the value is bad. */
__u64 option_duration(const struct argp_state *state, const char *option, const char *value,
		      __u64 min_ns, __u64 max_ns, const char *allowed);
__u64 option_number(const struct argp_state *state, const char *option, const char *value,
		    __u64 min, __u64 max, const char *allowed);

#endif
