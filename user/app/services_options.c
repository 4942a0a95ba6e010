// SPDX-License-Identifier: GPL-2.0-only
/* services_options.c - owns reading the options about history and log. */
#include "app/services_options.h"

#include <string.h>

#include "base/parse.h"
#include "base/units.h"
#include "daemon/state_dir.h"
#include "log/encode.h"

enum {
	OPT_STATE_DIR = 1300,
	OPT_RETENTION,
	OPT_MAX_SIZE,
	OPT_NO_HISTORY,
	OPT_RECORDING, /* former names */
	OPT_KEEP,
	OPT_NO_RECORDING,
	OPT_FILE,
	OPT_LEVEL,
	OPT_FORMAT,
	OPT_CAPTURE
};

#define HOUR_NS (3600 * NS_PER_S)

static void parse_level(const struct argp_state *state, struct services_options *options,
			const char *arg)
{
	enum severity level;

	for (level = 0; level < SEVERITIES; level++) {
		if (strcmp(arg, severity_name(level)))
			continue;
		options->log_level = level;
		return;
	}
	refuse_value(state, "--log-level", arg, "one of debug, info, warning, error, critical");
}

static void parse_format(const struct argp_state *state, struct services_options *options,
			 const char *arg)
{
	const char *why;

	if (event_text_check_format(arg, &why))
		refuse_value(state, "--log-format", arg, why);
	options->log_format = arg;
}

static void parse_max_size(const struct argp_state *state, struct services_options *options,
			   const char *arg)
{
	uint64_t bytes;

	if (parse_size(arg, 8 << 20, 1ULL << 40, &bytes))
		refuse_value(state, "--max-size", arg,
			     "a size from 8MiB to 1024GiB, such as 256MB");
	options->max_bytes = bytes;
}

/* option: as it was typed, here and below */
static void parse_state_dir(struct services_options *options, const char *option, const char *arg)
{
	options->directory = arg;
	options->directory_option = option;
}

static void parse_retention(const struct argp_state *state, struct services_options *options,
			    const char *option, const char *arg)
{
	options->retention_ns = option_duration(state, option, arg, 60 * NS_PER_S,
						366 * 24 * HOUR_NS,
						"a duration from 1m to 366d, such as 24h");
}

/* The names that these options had when the history was called a recording. */
static error_t parse_former(int key, const char *arg, struct argp_state *state)
{
	struct services_options *options = state->input;

	switch (key) {
	case OPT_RECORDING:
		parse_state_dir(options, "--recording", arg);
		option_renamed(state, "--recording", "--state-dir");
		return 0;
	case OPT_KEEP:
		parse_retention(state, options, "--keep", arg);
		option_renamed(state, "--keep", "--retention");
		return 0;
	case OPT_NO_RECORDING:
		options->history = false;
		option_renamed(state, "--no-recording", "--no-history");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void parse_capture(const struct argp_state *state, struct services_options *options,
			  const char *arg)
{
	options->capture = !strcmp(arg, "auto");
	if (!options->capture && strcmp(arg, "off"))
		refuse_value(state, "--capture", arg, "one of auto, off");
}

static error_t parse_services(int key, char *arg, struct argp_state *state)
{
	struct services_options *options = state->input;

	switch (key) {
	case OPT_STATE_DIR: parse_state_dir(options, "--state-dir", arg); return 0;
	case OPT_RETENTION: parse_retention(state, options, "--retention", arg); return 0;
	case OPT_MAX_SIZE: parse_max_size(state, options, arg); return 0;
	case OPT_NO_HISTORY: options->history = false; return 0;
	case OPT_FILE: options->log_file = arg; return 0;
	case OPT_LEVEL: parse_level(state, options, arg); return 0;
	case OPT_FORMAT: parse_format(state, options, arg); return 0;
	case OPT_CAPTURE: parse_capture(state, options, arg); return 0;
	default: return parse_former(key, arg, state);
	}
}

static const struct argp_option services_option_table[] = {
	{ "state-dir", OPT_STATE_DIR, "DIR", 0,
	  "Where history, log and evidence are kept (default " STATE_DIR_DEFAULT ")", 2 },
	{ "recording", OPT_RECORDING, "DIR", OPTION_HIDDEN, NULL, 2 },
	{ "retention", OPT_RETENTION, "DURATION", 0, "How far the history goes back (default 24h)",
	  2 },
	{ "keep", OPT_KEEP, "DURATION", OPTION_HIDDEN, NULL, 2 },
	{ "max-size", OPT_MAX_SIZE, "SIZE", 0, "How big the history may become (default 256MB)",
	  2 },
	{ "no-history", OPT_NO_HISTORY, NULL, 0,
	  "Keep nothing; the log goes to standard error only", 2 },
	{ "no-recording", OPT_NO_RECORDING, NULL, OPTION_HIDDEN, NULL, 2 },
	{ "capture", OPT_CAPTURE, "auto|off", 0,
	  "As a finding begins profile the culprit for ten seconds, into its evidence; auto: "
	  "where we are root (default auto)",
	  2 },
	{ "log-file", OPT_FILE, "FILE", 0, "The log as JSON lines (default DIR/events.ndjson)", 2 },
	{ "log-level", OPT_LEVEL, "LEVEL", 0,
	  "Log from here on: debug, info, warning, error, critical (default info)", 2 },
	{ "log-format", OPT_FORMAT, "FORMAT", 0,
	  "Of lines on standard error, as Python's logging has it (default "
	  "'%(asctime)s - %(levelname)s - %(message)s')",
	  2 },
	{ 0 },
};

const struct argp services_argp = { .options = services_option_table, .parser = parse_services };
