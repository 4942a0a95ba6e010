// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_once.c - owns `vigie once`: two snapshots, an interval apart, printed.
 *
 * Ctrl-C ends the interval early and prints what there is; a second one ends at once.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/watch.h"
#include "base/err.h"
#include "export/encode.h"

enum { OPT_SORT = 1100, OPT_TOP };
enum {
	PAGE_MAX = 256 << 20,
	LATE_MS = 50,
	/* More processes than hosts have. Room for them is asked for at once, some 100 MB that are
	 * touched as needed: a small host refuses a promise of a gigabyte. */
	GROUPS_MAX = 1 << 17,
};

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_OPENMETRICS, FORMAT_CSV, FORMATS };
static const char *const format_names[FORMATS] = { "table", "json", "openmetrics", "csv" };

struct once_options {
	struct common_options common;
	struct list_options list;
	__u64 interval_ns;
	enum format format;
	bool top_given;
};

static void parse_format(struct argp_state *state, struct once_options *options, const char *arg)
{
	enum format f;

	for (f = 0; f < FORMATS; f++) {
		if (!strcmp(arg, format_names[f])) {
			options->format = f;
			return;
		}
	}
	refuse_value(state, "--format", arg, "table, json, openmetrics or csv");
}

static void parse_sort(struct argp_state *state, struct once_options *options, const char *arg)
{
	char allowed[256] = "one of";
	enum sort_key key;

	for (key = 0; key < SORT_KEYS; key++) {
		size_t len = strlen(allowed);

		if (!strcmp(arg, sort_key_name(key))) {
			options->list.sort = key;
			return;
		}
		snprintf(allowed + len, sizeof(allowed) - len, "%s %s", key ? "," : "",
			 sort_key_name(key));
	}
	refuse_value(state, "--sort", arg, allowed);
}

static error_t parse_once(int key, char *arg, struct argp_state *state)
{
	struct once_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &options->common; return 0;
	case 'i':
		options->interval_ns =
			option_duration(state, "--interval", arg, 10 * NS_PER_MS, 3600 * NS_PER_S,
					"a duration from 10ms to 1h, such as 500ms or 2s");
		return 0;
	case 'f': parse_format(state, options, arg); return 0;
	case OPT_SORT: parse_sort(state, options, arg); return 0;
	case OPT_TOP:
		options->list.top = option_number(state, "--top", arg, 0, 1000000,
						  "a number of rows (0: all)");
		options->top_given = true;
		return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie once takes options only");
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option once_option_table[] = {
	{ "interval", 'i', "DURATION", 0, "How long to watch (default 1s)", 1 },
	{ "format", 'f', "FORMAT", 0, "table, json, openmetrics or csv (default table)", 1 },
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "cpu, wait, off, rss, peak, swap, faults, switches, read, write, stall, starts, name "
	  "(default cpu)",
	  1 },
	{ "top", OPT_TOP, "N", 0, "Rows; the rest is one row (default: as fits, 0: all)", 1 },
	{ 0 },
};

static void options_init(struct once_options *options)
{
	static const enum group_key keys[] = { KEY_PID, KEY_COMM, KEY_UNIT };

	memset(options, 0, sizeof(*options));
	common_options_init(&options->common, keys, 3);
	options->interval_ns = NS_PER_S;
}

/* On a terminal: colour, its width, and as many rows as it has. */
static void fit_terminal(struct once_options *options)
{
	struct winsize size = { 0 };
	const char *no_colour = getenv("NO_COLOR");

	if (options->format != FORMAT_TABLE || !isatty(STDOUT_FILENO))
		return;
	options->list.colour = !no_colour || !no_colour[0];
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	options->list.width = size.ws_col;
	if (!options->top_given && size.ws_row > 12)
		options->list.top = size.ws_row - 9;
}

static void encode(struct buf *out, const struct view *view, const struct once_options *options)
{
	switch (options->format) {
	case FORMAT_JSON: json_encode(out, view, &options->list); break;
	case FORMAT_OPENMETRICS: openmetrics_encode(out, view, NULL, OM_OPENMETRICS_1_0); break;
	case FORMAT_CSV: csv_encode(out, view, &options->list); break;
	default: table_encode(out, view, &options->list);
	}
}

static int print(const struct view *view, const struct once_options *options)
{
	struct buf out;
	size_t at = 0;
	ssize_t n;
	int err;

	buf_init(&out, PAGE_MAX);
	encode(&out, view, options);
	err = out.err;
	while (!err && at < out.len) {
		n = write(STDOUT_FILENO, out.data + at, out.len - at);
		if (n < 0 && errno != EINTR)
			err = -errno;
		at += n > 0 ? n : 0;
	}
	buf_done(&out);
	if (err == -EPIPE) /* head has seen enough */
		return 0;
	if (err)
		fprintf(stderr, "vigie once: cannot write the result: %s\n", err_name(err));
	return err;
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

static int watch_interval(struct watch *watch, const struct once_options *options)
{
	int err = watch_step(watch);

	if (!err)
		err = wait_interval(options->interval_ns);
	if (!err) {
		/* Who died in the last moments hands in after a grace period. */
		source__settle(watch->source);
		poll(NULL, 0, LATE_MS);
		err = watch_step(watch);
	}
	if (err) {
		fprintf(stderr, "vigie once: cannot read a snapshot: %s\n", err_name(err));
		return err;
	}
	return print(watch->view, options);
}

static int run(const struct once_options *options)
{
	struct model_config config;
	struct watch watch;
	int err;

	model_config_default(&config);
	/* Nothing is folded: the list cuts, and sums up what it cut. */
	config.max_groups = config.max_known = GROUPS_MAX;
	err = watch_prepare(&watch, &options->common, "vigie once");
	if (err)
		return err;
	err = watch_open(&watch, &options->common, &config, "vigie once");
	if (!err)
		err = watch_interval(&watch, options);
	watch_done(&watch);
	return err;
}

int cmd_once(int argc, char **argv)
{
	const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { 0 } };
	const struct argp argp = {
		.options = once_option_table,
		.parser = parse_once,
		.doc = "Watches every process for a moment and prints what happened."
		       "\vExamples:\n"
		       "  vigie once --sort rss --top 10\n"
		       "  vigie once --group-by unit --interval 10s\n"
		       "  vigie once --format json | jq .virtual_memory",
		.children = children,
	};
	struct once_options options;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	fit_terminal(&options);
	return run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
