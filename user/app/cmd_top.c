// SPDX-License-Identifier: GPL-2.0-only
/* cmd_top.c - owns the command line of `vigie top`. */
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/top.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/units.h"
#include "base/when.h"
#include "daemon/state_dir.h"
#include "tui/screen.h"

enum {
	OPT_AT = 1600,
	OPT_STATE_DIR,
	OPT_RECORDING,
	OPT_SORT,
	OPT_FILTER,
	OPT_ASCII,
	OPT_ALONE,
	OPT_NO_MOUSE,
	OPT_SLOW_WAIT,
	OPT_UNIT_NAMES,
	OPT_SCRIPT,
	OPT_SAVE,
	OPT_SIZE,
	OPT_COLOURS,
};

static void parse_group(const struct argp_state *state, struct top_options *options,
			const char *arg)
{
	enum tui_group group;

	for (group = 0; group < TUI_GROUPS; group++) {
		if (strcmp(arg, tui_groupings[group].name))
			continue;
		options->group = group;
		return;
	}
	refuse_value(state, "--group-by", arg, "one of process, name, unit, container, user");
}

/* "80x24" */
static void parse_screen_size(const struct argp_state *state, struct top_options *options,
			      const char *arg)
{
	const char *x = strchr(arg, 'x');
	char width[16] = "";
	uint64_t w, h;

	if (x && (size_t)(x - arg) < sizeof(width))
		memcpy(width, arg, x - arg);
	if (!x || parse_u64(width, 1, GRID_WIDTH_MAX, &w) ||
	    parse_u64(x + 1, 1, GRID_HEIGHT_MAX, &h))
		refuse_value(state, "--size", arg, "COLUMNSxLINES, such as 80x24");
	options->width = w;
	options->height = h;
}

static void set_common(const struct argp_state *state, struct top_options *options,
		       const char *option, const char *arg, option_set_fn *set)
{
	struct option_value value = { .text = arg, .as = option };

	if (set(&options->common, &value))
		refuse_value(state, option, arg, value.allowed);
}

static enum grid_depth parse_colours(const struct argp_state *state, const char *arg)
{
	static const char *const names[GRID_DEPTHS] = { "none", "mono", "16", "256" };
	enum grid_depth depth;

	for (depth = 0; depth < GRID_DEPTHS; depth++)
		if (!strcmp(names[depth], arg))
			return depth;
	refuse_value(state, "--colours", arg, "one of none, mono, 16, 256");
}

/* Those of tests and pictures: nobody at a terminal needs them. */
static error_t parse_hidden(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;

	switch (key) {
	case OPT_SCRIPT: options->script = arg; return 0;
	case OPT_SAVE: options->save_screen = arg; return 0;
	case OPT_SIZE: parse_screen_size(state, options, arg); return 0;
	case OPT_COLOURS: options->colours = parse_colours(state, arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void parse_past(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;

	if (key == OPT_AT) {
		if (when_parse(arg, options->now_ns, &options->at_ns))
			refuse_value(state, "--at", arg, WHEN_ALLOWED);
		options->past = true;
		return;
	}
	options->state_dir = arg;
	options->dir_given = true;
	if (key == OPT_RECORDING)
		options->past = true;
}

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;

	switch (key) {
	case 'i':
		options->interval_ns =
			option_duration(state, "--interval", arg, 100 * NS_PER_MS, 3600 * NS_PER_S,
					"a duration from 100ms to 1h, such as 500ms or 2s");
		return 0;
	case 'g': parse_group(state, options, arg); return 0;
	case OPT_SORT: options->sort = option_sort(state, arg); return 0;
	case OPT_FILTER: options->filter = arg; return 0;
	case OPT_ASCII: options->ascii = true; return 0;
	case OPT_NO_MOUSE: options->no_mouse = true; return 0;
	case OPT_ALONE: options->alone = true; return 0;
	case OPT_AT:
	case OPT_STATE_DIR:
	case OPT_RECORDING: parse_past(key, arg, state); return 0;
	case OPT_SLOW_WAIT:
		set_common(state, options, "--slow-wait", arg, option_set_slow_wait);
		return 0;
	case OPT_UNIT_NAMES:
		set_common(state, options, "--unit-names", arg, option_set_unit_names);
		return 0;
	case 'v': options->common.verbose = true; return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie top takes options only");
	default: return parse_hidden(key, arg, state);
	}
}

static const struct argp_option top_option_table[] = {
	{ "interval", 'i', "DURATION", 0, "A sample that often (default 1s)", 1 },
	{ "group-by", 'g', "WHAT", 0,
	  "Rows: process, name, unit, container, user (default process; Tab goes on)", 1 },
	{ "sort", OPT_SORT, "COLUMN", 0, "As 'vigie once' has it (default cpu)", 1 },
	{ "filter", OPT_FILTER, "TEXT", 0, "Only rows with this text in a name", 1 },
	{ "at", OPT_AT, "TIME", 0,
	  "Show the history, nothing live, and first that moment: '10 min ago', '14:03'", 2 },
	{ "recording", OPT_RECORDING, "DIR", 0,
	  "Show this history, nothing live: a state directory, an incident, or a copy", 2 },
	{ "state-dir", OPT_STATE_DIR, "DIR", 0,
	  "The history that one can go back to (default " STATE_DIR_DEFAULT ")", 2 },
	{ "alone", OPT_ALONE, NULL, 0,
	  "By programs of its own, as root, also where 'vigie serve' runs: then ended processes have "
	  "numbers and users",
	  2 },
	{ "ascii", OPT_ASCII, NULL, 0, "No other characters, also on a terminal that has them", 3 },
	{ "no-mouse", OPT_NO_MOUSE, NULL, 0,
	  "Leave the mouse to the terminal, which then selects text without Shift", 3 },
	{ "slow-wait", OPT_SLOW_WAIT, "DURATION", 0,
	  "From when on a wait for a CPU names who ran (default 1ms)", 3 },
	{ "unit-names", OPT_UNIT_NAMES, "id|name", 0,
	  "What a container's unit carries (default name, where its runtime's files tell it)", 3 },
	{ "verbose", 'v', NULL, 0, "Say what libbpf says", 3 },
	{ "script", OPT_SCRIPT, "KEYS", OPTION_HIDDEN, NULL, 4 },
	{ "save-screen", OPT_SAVE, "FILE", OPTION_HIDDEN, NULL, 4 },
	{ "size", OPT_SIZE, "COLUMNSxLINES", OPTION_HIDDEN, NULL, 4 },
	{ "colours", OPT_COLOURS, "DEPTH", OPTION_HIDDEN, NULL, 4 },
	{ 0 },
};

static void options_init(struct top_options *options)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };

	memset(options, 0, sizeof(*options));
	options->now_ns = clock_wall_ns();
	options->state_dir = STATE_DIR_DEFAULT;
	options->interval_ns = NS_PER_S;
	options->width = 80;
	options->height = 24;
	options->colours = GRID_TEXT;
	pipeline_options_init(&options->common, keys, 2);
	/* One set of programs for all groupings that one can choose. */
	options->common.carried = VIGIE_BY_PID | VIGIE_BY_USER;
}

static int top_run(const struct top_options *options)
{
	struct top top;
	int err = top_open(&top, options);

	if (!err)
		err = options->script ? top_play(&top) : top_interact(&top);
	top_done(&top);
	return err;
}

int cmd_top(int argc, char **argv)
{
	const struct argp argp = {
		.options = top_option_table,
		.parser = parse_top,
		.doc = "A live screen of every process: what it costs, what it waits for, and because "
		       "of whom; and the same screen of any moment of the history. It changes "
		       "nothing on the host. '?' lists the keys."
		       "\vExamples:\n"
		       "  vigie top --group-by unit --sort wait\n"
		       "  vigie top --at '10 min ago'\n"
		       "  vigie top --recording /var/lib/vigie/incidents/ccc305f212bb\n\n"
		       "The columns are those of 'vigie once'. NO_COLOR is obeyed.",
	};
	struct top_options options;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	return top_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
