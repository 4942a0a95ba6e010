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
#include <unistd.h>

#include "app/commands.h"
#include "app/output.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/units.h"
#include "base/when.h"
#include "daemon/finding_handler.h"
#include "daemon/logbook.h"
#include "daemon/pipeline_recorded.h"
#include "daemon/state_dir.h"
#include "daemon/verdicts.h"
#include "data/view_sum.h"
#include "detect/detect.h"
#include "log/encode.h"

enum { OPT_FROM = 1400, OPT_TO, OPT_AT, OPT_EVERY, LINE_BYTES = 64 << 10 };

#define LOOK_BACK_NS (120 * NS_PER_S) /* of --at: an interval is never longer */

static const char who[] = "vigie replay";

struct replay_options {
	struct pipeline_options common;
	struct output_options output;
	const char *directory;
	struct replay_range range;
	__u64 at_ns, every_ns, now_ns;
};

static __u64 parse_moment(const struct argp_state *state, const struct replay_options *options,
			  const char *option, const char *arg)
{
	__u64 ns;

	if (when_parse(arg, options->now_ns, &ns))
		refuse_value(state, option, arg, WHEN_ALLOWED);
	return ns;
}

static error_t parse_replay(int key, char *arg, struct argp_state *state)
{
	struct replay_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		state->child_inputs[1] = &options->output;
		return 0;
	case OPT_FROM:
		options->range.from_wall_ns = parse_moment(state, options, "--from", arg);
		return 0;
	case OPT_TO:
		options->range.to_wall_ns = parse_moment(state, options, "--to", arg);
		return 0;
	case OPT_AT: options->at_ns = parse_moment(state, options, "--at", arg); return 0;
	case OPT_EVERY:
		options->every_ns = option_duration(state, "--every", arg, NS_PER_S,
						    366 * 86400 * NS_PER_S,
						    "a duration from 1s on, such as 5m");
		return 0;
	case ARGP_KEY_ARG:
		if (options->directory)
			refuse_value(state, "argument", arg, "expected: one directory is enough");
		options->directory = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "DIR is missing"); return 0;
	case ARGP_KEY_END:
		if (options->range.to_wall_ns &&
		    options->range.from_wall_ns > options->range.to_wall_ns)
			argp_error(state, "--from is later than --to: nothing lies between");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option replay_option_table[] = {
	{ "from", OPT_FROM, "TIME", 0, "Begin there: '10 min ago', '14:03', '2026-11-25 14:03'",
	  0 },
	{ "to", OPT_TO, "TIME", 0, "End there", 0 },
	{ "at", OPT_AT, "TIME", 0, "Only the interval that ended then, as 'vigie once' has it", 0 },
	{ "every", OPT_EVERY, "DURATION", 0,
	  "A view for each such stretch, with all that happened in it (default: one for each snapshot)",
	  0 },
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
	if (err)
		fprintf(stderr, "%s: cannot add up intervals: %s\n", who, err_name(err));
	return err;
}

static int emit_sum(struct view_sum *sum, const struct view *last,
		    const struct replay_options *options)
{
	const struct view *view;
	int err = sum_failed(view_sum__take(sum, last, &view));

	return err ? err : output_view(view, &options->output, who);
}

/* A view for each stretch, with all that happened in it; the last one may be shorter. */
static int replay_stretches(struct pipeline_recorded *recorded, struct view_sum *sum,
			    const struct replay_options *options)
{
	__u64 next_ns = 0;
	int n, err = 0;

	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0) {
		if (!replay__in_range(recorded->source))
			continue;
		err = sum_failed(view_sum__add(sum, recorded->view));
		if (err || recorded->view->wall_ns < next_ns)
			continue;
		next_ns = recorded->view->wall_ns + options->every_ns;
		err = emit_sum(sum, recorded->view, options);
	}
	if (!err && n == 0 && !view_sum__is_empty(sum))
		err = emit_sum(sum, recorded->view, options);
	return err ? err : n;
}

/* The model sees every snapshot; what is printed is what was made of them by then. */
static int replay_views(struct pipeline_recorded *recorded, const struct replay_options *options)
{
	struct view_sum *sum;
	int n = 0, err = 0;

	if (options->every_ns) {
		sum = view_sum__new();
		err = sum ? replay_stretches(recorded, sum, options) : sum_failed(-ENOMEM);
		view_sum__free(sum);
		return err;
	}
	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0)
		if (replay__in_range(recorded->source))
			err = output_view(recorded->view, &options->output, who);
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

static int find_in_view(struct pipeline_recorded *recorded, struct detect *detect,
			const struct origin *origin, struct buf *line)
{
	const struct finding *const *findings;
	size_t i, n;
	int err = detect__step(detect, recorded->view, &findings, &n);

	if (!err)
		findings_favour(recorded->model, findings, n);
	for (i = 0; i < n && !err && replay__in_range(recorded->source); i++)
		err = print_finding(findings[i], origin, line);
	return err;
}

/* What people said of findings, in the order of the file. */
struct said {
	struct verdict *all;
	size_t n, max, next;
	int err;
};

static void keep_verdict(void *ctx, const struct verdict *verdict)
{
	struct said *said = ctx;

	if (!said->err)
		said->err = array_grow(&said->all, &said->max, said->n + 1, sizeof(*said->all),
				       SIZE_MAX);
	if (said->err)
		return;
	said->all[said->n++] = *verdict;
}

/* Those of the state directory; a copied ring or an incident has none. */
static int read_verdicts(const char *directory, struct said *said)
{
	int dirfd = io_open_dir(directory), err = dirfd < 0 ? dirfd : 0;
	struct verdicts verdicts;
	off_t before = -1;

	verdicts_init(&verdicts, dirfd);
	while (!err && !said->err && verdicts.at != before) {
		before = verdicts.at;
		err = verdicts_read(&verdicts, keep_verdict, said);
	}
	if (dirfd >= 0)
		close(dirfd);
	err = err ? err : said->err;
	if (err)
		fprintf(stderr, "%s: cannot read the verdicts in '%s': %s\n", who, directory,
			err_name(err));
	return err;
}

/* A verdict holds from when it was passed, as it did live. */
static void silence(struct detect *detect, struct said *said, __u64 wall_ns)
{
	while (said->next < said->n && said->all[said->next].wall_ns <= wall_ns) {
		const struct verdict *v = &said->all[said->next++];

		detect__silence(detect, v->pattern, v->kind); /* too many: live it said so */
	}
}

static int find_in_all(struct pipeline_recorded *recorded, struct said *said,
		       const struct origin *origin)
{
	struct detect_config config;
	struct detect *detect = NULL;
	struct buf line;
	int n, err = 0;

	buf_init(&line, LINE_BYTES);
	detect_config_default(&config);
	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0) {
		if (recorded->began) {
			detect__free(detect);
			detect = detect__new(&config);
			said->next = 0;
		}
		if (detect)
			silence(detect, said, recorded->view->wall_ns);
		err = detect ? find_in_view(recorded, detect, origin, &line) : -ENOMEM;
	}
	detect__free(detect);
	buf_done(&line);
	return err ? err : n;
}

static int replay_findings(struct pipeline_recorded *recorded, const char *directory)
{
	struct said said = { .n = 0 };
	struct logbook book;
	int err = read_verdicts(directory, &said);

	logbook_init(&book);
	if (!err)
		err = find_in_all(recorded, &said, &book.origin);
	logbook_done(&book);
	free(said.all);
	return err;
}

static int replay_run(struct replay_options *options)
{
	struct model_config config;
	struct pipeline_recorded recorded;
	int err;

	model_config_default(&config);
	if (options->at_ns) {
		options->range.from_wall_ns = options->at_ns > LOOK_BACK_NS
						      ? options->at_ns - LOOK_BACK_NS
						      : 1;
		options->range.to_wall_ns = options->at_ns;
		model_config_unfolded(&config);
	} else {
		config.balance_lag_ns = 10 * NS_PER_S; /* as `vigie serve` has it */
	}
	err = pipeline_recorded_open(&recorded, options->directory, &options->range,
				     &options->common, &config, who);
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
	options->now_ns = clock_wall_ns();
	pipeline_options_init(&options->common, keys, 2);
	options->output.extra = "findings";
}

int cmd_replay(int argc, char **argv)
{
	const struct argp_child children[] = { { &group_argp, 0, NULL, 0 },
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
