// SPDX-License-Identifier: GPL-2.0-only
/* options.c - owns the shared options and the wording of a refusal. */
#include "app/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/units.h"

enum { GIVEN_MAX = 1000 };
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

int option_value_refuse(struct option_value *value, const char *allowed)
{
	value->allowed = allowed;
	return -EINVAL;
}

int option_value_duration(struct option_value *value, __u64 min_ns, __u64 max_ns,
			  const char *allowed, __u64 *ret_ns)
{
	uint64_t ns;

	if (parse_duration(value->text, min_ns, max_ns, &ns))
		return option_value_refuse(value, allowed);
	*ret_ns = ns;
	return 0;
}

/* Of the one command line that a process has; NULL: nobody asks later. */
static struct options_given *written;

void options_write_down(struct options_given *given)
{
	written = given;
}

static void write_down(const struct argp_state *state, const struct option_given *given)
{
	if (!written)
		return;
	if (array_grow(&written->all, &written->capacity, written->n + 1, sizeof(*written->all),
		       GIVEN_MAX))
		argp_failure(state, EXIT_USAGE, 0, "too many options, or no memory for them");
	written->all[written->n++] = *given;
}

void option_take(const struct argp_state *state, const char *option, const char *as,
		 const char *text, option_set_fn *set)
{
	struct option_value value = { .text = text, .as = as };

	if (set(state->input, &value))
		refuse_value(state, as, text, value.allowed);
	write_down(state, &(struct option_given){ option, text, as });
}

static bool key_by_name(const char *name, size_t len, enum group_key *ret)
{
	enum group_key key;

	for (key = 0; key < GROUP_KEYS; key++) {
		if (strlen(group_key_name(key)) != len || strncmp(name, group_key_name(key), len))
			continue;
		*ret = key;
		return true;
	}
	return false;
}

static bool key_in(const enum group_key *keys, unsigned int n, enum group_key key)
{
	while (n--)
		if (keys[n] == key)
			return true;
	return false;
}

int option_set_group_by(void *to, struct option_value *value)
{
	static const char allowed[] =
		"a list of different keys out of unit, comm, exe, user, cgroup, pid";
	struct pipeline_options *options = to;
	enum group_key keys[GROUP_KEYS], key;
	const char *name = value->text;
	unsigned int n = 0;
	size_t len;

	for (;; name += len + 1) {
		len = strcspn(name, ",");
		if (!key_by_name(name, len, &key) || key_in(keys, n, key))
			return option_value_refuse(value, allowed);
		keys[n++] = key; /* there is room: none is here twice */
		if (!name[len])
			break;
	}
	memcpy(options->keys, keys, n * sizeof(*keys));
	options->nkeys = n;
	return 0;
}

int option_set_unit_names(void *to, struct option_value *value)
{
	struct pipeline_options *options = to;
	bool ids = !strcmp(value->text, "id");

	if (!ids && strcmp(value->text, "name"))
		return option_value_refuse(value, "one of id, name");
	options->unit_ids = ids;
	return 0;
}

int option_set_slow_wait(void *to, struct option_value *value)
{
	struct pipeline_options *options = to;

	return option_value_duration(value, 10 * NS_PER_US, 60 * NS_PER_S,
				     "a duration from 10us to 60s, such as 1ms",
				     &options->slow_wait_ns);
}

int option_set_runtime_root(void *to, struct option_value *value)
{
	((struct pipeline_options *)to)->runtime_root = value->text;
	return 0;
}

int option_set_verbose(void *to, struct option_value *value)
{
	((struct pipeline_options *)to)->verbose = !strcmp(value->text, "true");
	return 0;
}

static error_t parse_group(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'g':
		option_take(state, "--group-by", "--group-by", arg, option_set_group_by);
		return 0;
	case OPT_UNIT_NAMES:
		option_take(state, "--unit-names", "--unit-names", arg, option_set_unit_names);
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
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = state->input; return 0;
	case OPT_SLOW_WAIT:
		option_take(state, "--slow-wait", "--slow-wait", arg, option_set_slow_wait);
		return 0;
	case OPT_RUNTIME_ROOT:
		option_take(state, "--runtime-root", "--runtime-root", arg,
			    option_set_runtime_root);
		return 0;
	case 'v':
		option_take(state, "--verbose", "--verbose", "true", option_set_verbose);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_option_table[] = {
	{ "slow-wait", OPT_SLOW_WAIT, "DURATION", 0,
	  "From here on a wait for a CPU is blamed on who ran (default 1ms)", 2 },
	{ "runtime-root", OPT_RUNTIME_ROOT, "DIR", 0,
	  "Where the host's files are, seen from a container", 2 },
	{ "verbose", 'v', NULL, 0, "Show libbpf's own messages", 2 },
	{ 0 },
};

static const struct argp_child common_children[] = { { &group_argp, 0, NULL, 0 }, { 0 } };

const struct argp common_argp = {
	.options = common_option_table,
	.parser = parse_common,
	.children = common_children,
};
