// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_replay.c - owns `vigie replay`: a history through the live path.
 *
 *	--at TIME           what `vigie once` would have printed for the interval that ended then
 *	--format findings   what detection finds in it, as lines of the log; verdicts hold as they did
 *	else                every view of the range (tables: one for each --every)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/range_options.h"
#include "base/err.h"
#include "base/units.h"
#include "daemon/findings_recorded.h"
#include "daemon/logbook.h"
#include "daemon/pipeline_recorded.h"
#include "data/stretches.h"
#include "log/encode.h"

enum { OPT_AT = 1402, LINE_BYTES = 64 << 10 };

#define LOOK_BACK_NS (120 * NS_PER_S) /* of --at: an interval is never longer */

static const char who[] = "vigie replay";

struct replay_options {
	struct pipeline_options common;
	struct output_options output;
	const char *directory;
	struct range_options range;
	__u64 at_ns;
};

static error_t parse_replay(int key, char *arg, struct argp_state *state)
{
	struct replay_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		state->child_inputs[1] = &options->range;
		state->child_inputs[2] = &options->output;
		return 0;
	case OPT_AT: options->at_ns = option_moment(state, &options->range, "--at", arg); return 0;
	case ARGP_KEY_ARG:
		if (options->directory)
			refuse_value(state, "argument", arg, "expected: one directory is enough");
		options->directory = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "DIR is missing"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option replay_option_table[] = {
	{ "at", OPT_AT, "TIME", 0, "Only the interval that ended then, as 'vigie once' has it", 0 },
	{ 0 },
};

static int replay_at(struct pipeline_recorded *recorded, const struct replay_options *options)
{
	bool found = false;
	int n;

	while ((n = pipeline_recorded_step(recorded, who)) > 0)
		found |= replay__in_range(recorded->source);
	if (n < 0)
		return n;
	return found ? output_view(recorded->view, &options->output, who) : -ENODATA;
}

static int sum_failed(int err)
{
	if (err < 0)
		fprintf(stderr, "%s: cannot add up intervals: %s\n", who, err_name(err));
	return err;
}

/* What came of one step, n, and what is to be shown if that is 1. 0 or -errno. */
static int emit(int n, const struct view *const *view, const struct replay_options *options)
{
	return n > 0 ? output_view(*view, &options->output, who) : sum_failed(n);
}

/* The model sees every snapshot; what is printed is what was made of them by then. */
static int replay_views(struct pipeline_recorded *recorded, const struct replay_options *options)
{
	struct stretches stretches;
	const struct view *view;
	int n = 0, err = sum_failed(stretches_init(&stretches, options->range.every_ns));

	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0)
		if (replay__in_range(recorded->source))
			err = emit(stretches_add(&stretches, recorded->view, &view), &view,
				   options);
	if (!err && n == 0)
		err = emit(stretches_end(&stretches, recorded->view, &view), &view, options);
	stretches_done(&stretches);
	return err ? err : n;
}

static int print_finding(const struct finding *f, const struct origin *origin, struct buf *line)
{
	const struct event event = event_of_finding(f);

	buf_clear(line);
	event_ecs_encode(line, &event, origin);
	event_ecs_close(line);
	return output_bytes(line, who);
}

static int find_in_view(struct pipeline_recorded *recorded, struct findings_recorded *found,
			const struct origin *origin, struct buf *line)
{
	const struct finding *const *findings;
	size_t i, n;
	int err = findings_recorded_step(found, recorded, &findings, &n);

	for (i = 0; !err && i < n && replay__in_range(recorded->source); i++)
		err = print_finding(findings[i], origin, line);
	return err;
}

static int replay_findings(struct pipeline_recorded *recorded, const char *directory)
{
	struct findings_recorded found;
	struct logbook book;
	struct buf line;
	int n = 0, err = findings_recorded_init(&found, directory, who);

	buf_init(&line, LINE_BYTES);
	logbook_init(&book);
	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0)
		err = find_in_view(recorded, &found, &book.origin, &line);
	logbook_done(&book);
	buf_done(&line);
	findings_recorded_done(&found);
	return err ? err : n;
}

static int replay_run(struct replay_options *options)
{
	struct replay_range *range = &options->range.range;
	struct model_config config;
	struct pipeline_recorded recorded;
	int err;

	model_config_default(&config);
	if (options->at_ns) {
		range->from_wall_ns = options->at_ns > LOOK_BACK_NS ? options->at_ns - LOOK_BACK_NS
								    : 1;
		range->to_wall_ns = options->at_ns;
		model_config_unfolded(&config);
	} else {
		config.balance_lag_ns = 10 * NS_PER_S; /* as `vigie serve` has it */
	}
	err = pipeline_recorded_open(&recorded, options->directory, range, &options->common,
				     &config, who);
	if (err)
		return err;
	if (options->output.extra_chosen)
		err = replay_findings(&recorded, options->directory);
	else if (options->at_ns)
		err = replay_at(&recorded, options);
	else
		err = replay_views(&recorded, options);
	pipeline_recorded_tell_skipped(&recorded, who);
	pipeline_recorded_done(&recorded);
	return err;
}

static void options_init(struct replay_options *options)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };

	memset(options, 0, sizeof(*options));
	range_options_init(&options->range);
	pipeline_options_init(&options->common, keys, 2);
	options->output.extra = "findings";
}

int cmd_replay(int argc, char **argv)
{
	const struct argp_child children[] = { { &group_argp, 0, NULL, 0 },
					       { &range_argp, 0, NULL, 0 },
					       { &output_argp, 0, NULL, 0 },
					       { 0 } };
	const struct argp argp = {
		.options = replay_option_table,
		.parser = parse_replay,
		.args_doc = "DIR",
		.doc = "Recomputes what a history shows, by the same code as live. DIR is the state "
		       "directory of 'vigie serve', one of its incidents, or a copy of either. With "
		       "--format findings it prints what detection finds in it, as lines of the "
		       "log."
		       "\vExamples:\n"
		       "  vigie replay /var/lib/vigie --at '10 min ago'\n"
		       "  vigie replay /var/lib/vigie --from 14:00 --to 14:30 --every 5m --top 5\n"
		       "  vigie replay /var/lib/vigie --format findings\n"
		       "  vigie replay /var/lib/vigie/incidents/ccc305f212bb --format csv",
		.children = children,
	};
	struct replay_options options;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	output_fit(&options.output);
	return replay_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
