// SPDX-License-Identifier: GPL-2.0-only
/* families_option.c - owns the two options, and what is said of a name that no family has. */
#include "app/families_option.h"

#include <stdio.h>

#include "app/options.h"
#include "base/text.h"

enum { OPT_FAMILIES = 1400, OPT_NO_FAMILIES, ALLOWED_LEN = 200, BAD_LEN = 128 };

static void parse_list(const struct argp_state *state, const char *option, const char *list,
		       bool shown)
{
	struct family_choice *choice = state->input;
	char allowed[ALLOWED_LEN], part[BAD_LEN] = "";
	const char *bad;
	size_t len;

	if (family_choice_add(choice, list, shown, &bad, &len)) {
		text_sanitise(part, sizeof(part), bad, len);
		snprintf(allowed, sizeof(allowed),
			 "a list of metrics, or of patterns such as vigie_process_*: no metric is "
			 "'%.60s', the nearest is %s",
			 len ? part : "", family_choice_nearest(bad, len));
		refuse_value(state, option, list, allowed);
	}
	if (!family_choice_any(choice))
		refuse_value(state, option, list, "a list that leaves anything to expose");
}

static error_t parse_families(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_FAMILIES: parse_list(state, "--families", arg, true); return 0;
	case OPT_NO_FAMILIES: parse_list(state, "--no-families", arg, false); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option families_option_table[] = {
	{ "families", OPT_FAMILIES, "LIST", 0, "Only these metrics, such as 'vigie_host_*'", 3 },
	{ "no-families", OPT_NO_FAMILIES, "LIST", 0, "None of these metrics", 3 },
	{ 0 },
};

const struct argp families_argp = { .options = families_option_table, .parser = parse_families };
