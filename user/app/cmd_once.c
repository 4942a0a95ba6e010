// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_once.c - owns `vigie once`: two snapshots, an interval apart, printed; or, --at a moment
 * of the history, what two snapshots then would have shown.
 *
 * Ctrl-C ends the interval early and prints what there is; a second one ends at once.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/families_option.h"
#include "app/output.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/units.h"
#include "base/when.h"
#include "daemon/pipeline_live.h"
#include "daemon/pipeline_recorded.h"
#include "daemon/serve_source.h"
#include "daemon/state_dir.h"
#include "data/view_sum.h"

enum { OPT_AT = 1150, OPT_STATE_DIR, OPT_RECORDING };
enum { LATE_MS = 50 };

#define LOOK_BACK_NS (120 * NS_PER_S) /* of --at: an interval is never longer */

static const char who[] = "vigie once";

struct once_options {
	struct pipeline_options common;
	struct output_options output;
	struct family_choice families;
	__u64 interval_ns;
	__u64 now_ns, at_ns; /* at_ns 0: now, and live */
	const char *state_dir;
};

static error_t parse_once(int key, char *arg, struct argp_state *state)
{
	struct once_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		state->child_inputs[1] = &options->output;
		state->child_inputs[2] = &options->families;
		return 0;
	case 'i':
		options->interval_ns =
			option_duration(state, "--interval", arg, 10 * NS_PER_MS, 3600 * NS_PER_S,
					"a duration from 10ms to 1h, such as 500ms or 2s");
		return 0;
	case OPT_AT:
		if (when_parse(arg, options->now_ns, &options->at_ns))
			refuse_value(state, "--at", arg, WHEN_ALLOWED);
		return 0;
	case OPT_STATE_DIR: options->state_dir = arg; return 0;
	case OPT_RECORDING:
		options->state_dir = arg;
		option_renamed(state, "--recording", "--state-dir");
		return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie once takes options only");
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option once_option_table[] = {
	{ "interval", 'i', "DURATION", 0, "How long to watch (default 1s)", 1 },
	{ "at", OPT_AT, "TIME", 0, "What the history has of then: '10 min ago', '14:03'", 1 },
	{ "state-dir", OPT_STATE_DIR, "DIR", 0,
	  "Of 'vigie serve': its history, and without root what it sees now (default " STATE_DIR_DEFAULT
	  ")",
	  1 },
	{ "recording", OPT_RECORDING, "DIR", OPTION_HIDDEN, NULL, 1 },
	{ 0 },
};

static void options_init(struct once_options *options)
{
	static const enum group_key keys[] = { KEY_PID, KEY_COMM, KEY_UNIT };

	memset(options, 0, sizeof(*options));
	options->now_ns = clock_wall_ns();
	options->state_dir = STATE_DIR_DEFAULT;
	pipeline_options_init(&options->common, keys, 3);
	options->interval_ns = NS_PER_S;
}

/* SIGINT and SIGTERM end the interval; the descriptor is closed so that a second one kills. */
static int wait_interval(__u64 ns)
{
	struct pollfd fd = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd.fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd.fd < 0)
		return -errno;
	if (poll(&fd, 1, ns / NS_PER_MS) > 0) {
		struct signalfd_siginfo info;

		if (read(fd.fd, &info, sizeof(info)) < 0)
			fprintf(stderr, "vigie once: cannot read the signal: %s\n",
				err_name(-errno));
	}
	close(fd.fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 0;
}

static int watch_interval(struct pipeline_live *live, const struct once_options *options)
{
	int err = pipeline_live_step(live);

	if (!err)
		err = wait_interval(options->interval_ns);
	if (!err) {
		/* Who died in the last moments hands in after a grace period. */
		source__settle(live->source);
		poll(NULL, 0, LATE_MS);
		err = pipeline_live_step(live);
	}
	if (err) {
		fprintf(stderr, "vigie once: cannot read a snapshot: %s\n", err_name(err));
		return err;
	}
	return output_view(live->view, &options->output, who);
}

static int run_live(const struct once_options *options, struct model_config *config)
{
	struct pipeline_live live;
	int err;

	err = pipeline_live_prepare(&live, &options->common, who);
	if (err)
		return err;
	err = pipeline_live_open(&live, &options->common, config, who);
	if (!err)
		err = watch_interval(&live, options);
	pipeline_live_done(&live);
	return err;
}

/* What a vigie that serves has taken since the last call, as one interval. 0 or -errno. */
static int add_served(struct pipeline_live *live, struct view_sum *sum)
{
	int err;

	do {
		err = pipeline_live_step(live);
		if (!err)
			err = view_sum__add(sum, live->view);
	} while (!err);
	return err == -EAGAIN ? 0 : err;
}

static int watch_served(struct pipeline_live *live, struct view_sum *sum,
			const struct once_options *options)
{
	const struct view *view;
	int err = add_served(live, sum);

	if (!err && live->view) /* what was before we came */
		err = view_sum__take(sum, live->view, &view);
	if (!err)
		err = wait_interval(options->interval_ns);
	if (!err)
		err = add_served(live, sum);
	if (!err)
		err = view_sum__is_empty(sum) ? -ENODATA : view_sum__take(sum, live->view, &view);
	if (err) {
		fprintf(stderr, "vigie once: cannot read from the vigie that serves: %s\n",
			err_name(err));
		return err;
	}
	return output_view(view, &options->output, who);
}

/* Without root, by who may read its history: no programs of our own. */
static int run_served(struct source *source, const struct once_options *options,
		      struct model_config *config)
{
	struct view_sum *sum = view_sum__new();
	struct pipeline_live live;
	int err = pipeline_live_open_source(&live, source, &options->common, config);

	if (!err && !sum)
		err = -ENOMEM;
	if (!err)
		err = watch_served(&live, sum, options);
	view_sum__free(sum);
	pipeline_live_done(&live);
	return err;
}

/* The last interval that ended by then. */
static int run_past(const struct once_options *options, struct model_config *config)
{
	const struct replay_range range = {
		.from_wall_ns = options->at_ns > LOOK_BACK_NS ? options->at_ns - LOOK_BACK_NS : 1,
		.to_wall_ns = options->at_ns,
	};
	struct pipeline_recorded recorded;
	int n, err;

	err = pipeline_recorded_open(&recorded, options->state_dir, &range, &options->common,
				     config, who);
	if (err)
		return err;
	while ((n = pipeline_recorded_step(&recorded, who)) > 0)
		;
	err = n;
	if (!err && recorded.view)
		err = output_view(recorded.view, &options->output, who);
	pipeline_recorded_tell_skipped(&recorded, who);
	pipeline_recorded_done(&recorded);
	return err;
}

static int once_run(const struct once_options *options)
{
	struct model_config config;
	struct source *source;

	model_config_default(&config);
	model_config_unfolded(&config);
	if (!options->at_ns && geteuid() && !serve_source__open(options->state_dir, &source))
		return run_served(source, options, &config);
	return options->at_ns ? run_past(options, &config) : run_live(options, &config);
}

/* Lists of rows have columns of their own: there is nothing to choose. */
static bool families_fit(struct once_options *options)
{
	static const struct family_choice all;

	if (!memcmp(&options->families, &all, sizeof(all)))
		return true;
	options->output.families = &options->families;
	if (options->output.format == VIEW_OPENMETRICS)
		return true;
	fprintf(stderr,
		"%s: --families and --no-families choose metrics: add --format openmetrics\n", who);
	return false;
}

int cmd_once(int argc, char **argv)
{
	const struct argp_child children[] = { { &common_argp, 0, NULL, 0 },
					       { &output_argp, 0, NULL, 0 },
					       { &families_argp, 0, NULL, 0 },
					       { 0 } };
	const struct argp argp = {
		.options = once_option_table,
		.parser = parse_once,
		.doc = "Watches every process for a moment and prints what happened."
		       "\vExamples:\n"
		       "  vigie once --sort rss --top 10\n"
		       "  vigie once --group-by unit --interval 10s\n"
		       "  vigie once --format json | jq .virtual_memory\n"
		       "  vigie once --at '10 min ago' --sort wait\n\n"
		       "Columns of the table, of the interval:\n"
		       "  %CPU        CPU time; 100 is one CPU\n"
		       "  WAIT%       ready to run, but waiting for a CPU\n"
		       "  DISK%       blocked on storage\n"
		       "  STALL%      making room for memory instead of working\n"
		       "  LOCK%       blocked on neither: locks, events\n"
		       "              (these four are sums over threads: 8 threads may reach 800)\n"
		       "  CSW/s       switches away from a CPU\n"
		       "  FLT/s       page faults\n"
		       "  RSS, PEAK   resident memory at the end, and its highest\n"
		       "  R/s, W/s    bytes from and to storage\n"
		       "  START, EXIT processes that began and ended\n"
		       "  TIME        CPU time since it began; one process only\n"
		       "  slow waits  from --slow-wait on: who waited, and who ran meanwhile",
		.children = children,
	};
	struct once_options options;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	if (!families_fit(&options))
		return EXIT_USAGE;
	output_fit(&options.output);
	return once_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
