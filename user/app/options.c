// SPDX-License-Identifier: GPL-2.0-only
/* options.c - owns the shared options and the wording of a refusal. */
#include "app/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"

enum { OPT_SLOW_WAIT = 1000, OPT_UNIT_NAMES, OPT_RUNTIME_ROOT };

void refuse_value(const struct argp_state *state, const char *option, const char *value,
		  const char *allowed)
{
	char shown[512] = "";

	if (value[0]) /* it may have come from a file or a web page */
		text_sanitise(shown, sizeof(shown), value, strlen(value));
	fprintf(stderr, "%s: %s: '%s' is not %s\n", state->name, option, shown, allowed);
	fprintf(stderr, "Try '%s --help'.\n", state->name);
	exit(EXIT_USAGE);
}

void option_renamed(const struct argp_state *state, const char *typed, const char *now)
{
	fprintf(stderr, "%s: %s is called %s now\n", state->name, typed, now);
}

__u64 option_duration(const struct argp_state *state, const char *option, const char *value,
		      __u64 min_ns, __u64 max_ns, const char *allowed)
{
	uint64_t ns;

	if (parse_duration(value, min_ns, max_ns, &ns))
		refuse_value(state, option, value, allowed);
	return ns;
}

__u64 option_number(const struct argp_state *state, const char *option, const char *value,
		    __u64 min, __u64 max, const char *allowed)
{
	uint64_t v;

	if (parse_u64(value, min, max, &v))
		refuse_value(state, option, value, allowed);
	return v;
}

static bool key_by_name(const char *name, enum group_key *ret)
{
	enum group_key key;

	for (key = 0; key < GROUP_KEYS; key++) {
		if (strcmp(name, group_key_name(key)))
			continue;
		*ret = key;
		return true;
	}
	return false;
}

static bool key_in(const struct pipeline_options *options, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < options->nkeys; i++)
		if (options->keys[i] == key)
			return true;
	return false;
}

static void parse_group_by(const struct argp_state *state, struct pipeline_options *options,
			   const char *value)
{
	static const char allowed[] =
		"a list of different keys out of unit, comm, exe, user, cgroup, pid";
	char *copy = strdup(value), *rest = copy, *name;
	enum group_key key;

	if (!copy)
		argp_failure(state, EXIT_FAILURE, 0, "out of memory");
	options->nkeys = 0;
	while ((name = strsep(&rest, ","))) {
		if (!key_by_name(name, &key) || key_in(options, key))
			refuse_value(state, "--group-by", value, allowed);
		options->keys[options->nkeys++] = key;
	}
	free(copy);
}

static error_t parse_group(int key, char *arg, struct argp_state *state)
{
	struct pipeline_options *options = state->input;

	switch (key) {
	case 'g': parse_group_by(state, options, arg); return 0;
	case OPT_UNIT_NAMES:
		options->unit_ids = !strcmp(arg, "id");
		if (!options->unit_ids && strcmp(arg, "name"))
			refuse_value(state, "--unit-names", arg, "one of id, name");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option group_option_table[] = {
	{ "group-by", 'g', "KEY[,KEY...]", 0, "Rows: unit, comm, exe, user, cgroup, pid", 2 },
	{ "unit-names", OPT_UNIT_NAMES, "id|name", 0,
	  "What a container's unit carries (default name, where its runtime's files tell it)", 2 },
	{ 0 },
};

const struct argp group_argp = { .options = group_option_table, .parser = parse_group };

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct pipeline_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = options; return 0;
	case OPT_SLOW_WAIT:
		options->slow_wait_ns = option_duration(state, "--slow-wait", arg, 10000,
							60000000000,
							"a duration from 10us to 60s, such as 1ms");
		return 0;
	case OPT_RUNTIME_ROOT: options->runtime_root = arg; return 0;
	case 'v': options->verbose = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_option_table[] = {
	{ "slow-wait", OPT_SLOW_WAIT, "DURATION", 0,
	  "From here on a wait for a CPU is blamed on who ran (default 1ms)", 2 },
	/* For tests, and for a vigie in a container that has the host's files elsewhere. */
	{ "runtime-root", OPT_RUNTIME_ROOT, "DIR", OPTION_HIDDEN, NULL, 2 },
	{ "verbose", 'v', NULL, 0, "Show libbpf's own messages", 2 },
	{ 0 },
};

static const struct argp_child common_children[] = { { &group_argp, 0, NULL, 0 }, { 0 } };

const struct argp common_argp = {
	.options = common_option_table,
	.parser = parse_common,
	.children = common_children,
};
