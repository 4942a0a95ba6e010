// SPDX-License-Identifier: GPL-2.0-only
/* services_options.c - owns reading the options about history, log and what vigie may cost. */
#include "app/services_options.h"

#include <limits.h>
#include <string.h>

#include "base/io.h"
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
	OPT_CAPTURE,
	OPT_MAX_OVERHEAD,
	OPT_MAX_MEMORY
};

#define HOUR_NS (3600 * NS_PER_S)
#define OVERHEAD_LEAST_PPB 1000 /* less is no budget */

int option_set_log_level(void *to, struct option_value *value)
{
	struct services_options *options = to;
	enum severity level;

	for (level = 0; level < SEVERITIES; level++) {
		if (strcmp(value->text, severity_name(level)))
			continue;
		options->log_level = level;
		return 0;
	}
	return option_value_refuse(value, "one of debug, info, warning, error, critical");
}

int option_set_log_format(void *to, struct option_value *value)
{
	struct services_options *options = to;
	const char *why;

	if (event_text_check_format(value->text, &why))
		return option_value_refuse(value, why);
	options->log_format = value->text;
	return 0;
}

int option_set_log_file(void *to, struct option_value *value)
{
	struct services_options *options = to;
	char directory[PATH_MAX];
	const char *name;

	if (io_split_path(value->text, directory, sizeof(directory), &name))
		return option_value_refuse(value, "the path of a file");
	options->log_file = value->text;
	return 0;
}

int option_set_max_size(void *to, struct option_value *value)
{
	struct services_options *options = to;
	uint64_t bytes;

	if (parse_size(value->text, HISTORY_BYTES_LEAST, 1ULL << 40, &bytes))
		return option_value_refuse(value, "a size from 8MiB to 1024GiB, such as 256MB");
	options->max_bytes = bytes;
	return 0;
}

int option_set_state_dir(void *to, struct option_value *value)
{
	struct services_options *options = to;

	options->directory = value->text;
	options->directory_option = value->as;
	return 0;
}

int option_set_retention(void *to, struct option_value *value)
{
	struct services_options *options = to;

	return option_value_duration(value, HISTORY_RETENTION_LEAST_NS, 366 * 24 * HOUR_NS,
				     "a duration from 1m to 366d, such as 24h",
				     &options->retention_ns);
}

int option_set_history(void *to, struct option_value *value)
{
	((struct services_options *)to)->history = !strcmp(value->text, "true");
	return 0;
}

int option_set_capture(void *to, struct option_value *value)
{
	struct services_options *options = to;
	bool capture = !strcmp(value->text, "auto");

	if (!capture && strcmp(value->text, "off"))
		return option_value_refuse(value, "one of auto, off");
	options->capture = capture;
	return 0;
}

/* The names that these options had when the history was called a recording. */
static error_t parse_former(int key, const char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_RECORDING:
		option_take(state, "--state-dir", "--recording", arg, option_set_state_dir);
		option_renamed(state, "--recording", "--state-dir");
		return 0;
	case OPT_KEEP:
		option_take(state, "--retention", "--keep", arg, option_set_retention);
		option_renamed(state, "--keep", "--retention");
		return 0;
	case OPT_NO_RECORDING:
		option_take(state, "--no-history", "--no-recording", "false", option_set_history);
		option_renamed(state, "--no-recording", "--no-history");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int option_set_max_overhead(void *to, struct option_value *value)
{
	struct services_options *options = to;
	uint64_t ppb = 0;

	if (strcmp(value->text, "off") &&
	    parse_percent(value->text, OVERHEAD_LEAST_PPB, NS_PER_S, &ppb))
		return option_value_refuse(value,
					   "off, or from 0.0001% to 100% of one core, such as 1%");
	options->max_overhead_ppb = ppb;
	return 0;
}

int option_set_max_memory(void *to, struct option_value *value)
{
	struct services_options *options = to;
	uint64_t bytes = 0;

	if (strcmp(value->text, "off") && parse_size(value->text, 1 << 20, 1ULL << 40, &bytes))
		return option_value_refuse(value,
					   "off, or a size from 1MiB to 1024GiB, such as 192MB");
	options->max_memory = bytes;
	return 0;
}

static error_t parse_services(int key, char *arg, struct argp_state *state)
{
	static const struct {
		int key;
		const char *option;
		option_set_fn *set;
	} taken[] = {
		{ OPT_STATE_DIR, "--state-dir", option_set_state_dir },
		{ OPT_RETENTION, "--retention", option_set_retention },
		{ OPT_MAX_SIZE, "--max-size", option_set_max_size },
		{ OPT_NO_HISTORY, "--no-history", option_set_history },
		{ OPT_FILE, "--log-file", option_set_log_file },
		{ OPT_LEVEL, "--log-level", option_set_log_level },
		{ OPT_FORMAT, "--log-format", option_set_log_format },
		{ OPT_CAPTURE, "--capture", option_set_capture },
		{ OPT_MAX_OVERHEAD, "--max-overhead", option_set_max_overhead },
		{ OPT_MAX_MEMORY, "--max-memory", option_set_max_memory },
	};
	size_t i;

	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (taken[i].key != key)
			continue;
		option_take(state, taken[i].option, taken[i].option, arg ? arg : "false",
			    taken[i].set);
		return 0;
	}
	return parse_former(key, arg, state);
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
	{ "max-overhead", OPT_MAX_OVERHEAD, "PERCENT|off", 0,
	  "What vigie may cost the host, its probes included, of one core; beyond it does less "
	  "(default 1%)",
	  2 },
	{ "max-memory", OPT_MAX_MEMORY, "SIZE|off", 0,
	  "What vigie may take of memory (default 192MB)", 2 },
	{ "log-file", OPT_FILE, "FILE", 0, "The log as JSON lines (default DIR/events.ndjson)", 2 },
	{ "log-level", OPT_LEVEL, "LEVEL", 0,
	  "Log from here on: debug, info, warning, error, critical (default info)", 2 },
	{ "log-format", OPT_FORMAT, "FORMAT", 0, "Of lines on standard error, as Python's logging",
	  2 },
	{ 0 },
};

const struct argp services_argp = { .options = services_option_table, .parser = parse_services };
