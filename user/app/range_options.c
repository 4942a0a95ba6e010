// SPDX-License-Identifier: GPL-2.0-only
/* range_options.c - owns the table of these options. */
#include "app/range_options.h"

#include "base/clock.h"
#include "base/units.h"
#include "base/when.h"

enum { OPT_FROM = 1400, OPT_TO, OPT_EVERY = 1403 };

__u64 option_moment(const struct argp_state *state, const struct range_options *options,
		    const char *option, const char *arg)
{
	__u64 ns;

	if (when_parse(arg, options->now_ns, &ns))
		refuse_value(state, option, arg, WHEN_ALLOWED);
	return ns;
}

static error_t parse_range(int key, char *arg, struct argp_state *state)
{
	struct range_options *options = state->input;

	switch (key) {
	case OPT_FROM:
		options->range.from_wall_ns = option_moment(state, options, "--from", arg);
		return 0;
	case OPT_TO:
		options->range.to_wall_ns = option_moment(state, options, "--to", arg);
		return 0;
	case OPT_EVERY:
		options->every_ns = option_duration(state, "--every", arg, NS_PER_S,
						    366 * 86400 * NS_PER_S,
						    "a duration from 1s on, such as 5m");
		return 0;
	case ARGP_KEY_END:
		if (options->range.to_wall_ns &&
		    options->range.from_wall_ns > options->range.to_wall_ns)
			argp_error(state, "--from is later than --to: nothing lies between");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option range_option_table[] = {
	{ "from", OPT_FROM, "TIME", 0, "Begin there: '10 min ago', '14:03', '2026-11-25 14:03'",
	  0 },
	{ "to", OPT_TO, "TIME", 0, "End there", 0 },
	{ "every", OPT_EVERY, "DURATION", 0,
	  "A view for each such stretch, with all that happened in it (default: one for each snapshot)",
	  0 },
	{ 0 },
};

const struct argp range_argp = { .options = range_option_table, .parser = parse_range };

void range_options_init(struct range_options *options)
{
	*options = (struct range_options){ .now_ns = clock_wall_ns() };
}
