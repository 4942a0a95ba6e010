// SPDX-License-Identifier: GPL-2.0-only
/* families_option.c - owns the two options, and what is said of a name that no family has. */
#include "app/families_option.h"

#include <stdio.h>

#include "base/text.h"

enum { OPT_FAMILIES = 1400, OPT_NO_FAMILIES, BAD_LEN = 128 };

static int set_list(struct family_choice *choice, struct option_value *value, bool shown)
{
	char part[BAD_LEN] = "";
	const char *bad;
	size_t len;

	if (family_choice_add(choice, value->text, shown, &bad, &len)) {
		text_sanitise(part, sizeof(part), bad, len);
		snprintf(value->room, sizeof(value->room),
			 "a list of metrics, or of patterns such as vigie_process_*: no metric is "
			 "'%.60s', the nearest is %s",
			 len ? part : "", family_choice_nearest(bad, len));
		return option_value_refuse(value, value->room);
	}
	if (!family_choice_any(choice))
		return option_value_refuse(value, "a list that leaves anything to expose");
	return 0;
}

int option_set_families(void *to, struct option_value *value)
{
	return set_list(to, value, true);
}

int option_set_no_families(void *to, struct option_value *value)
{
	return set_list(to, value, false);
}

static error_t parse_families(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_FAMILIES:
		option_take(state, "--families", "--families", arg, option_set_families);
		return 0;
	case OPT_NO_FAMILIES:
		option_take(state, "--no-families", "--no-families", arg, option_set_no_families);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option families_option_table[] = {
	{ "families", OPT_FAMILIES, "LIST", 0, "Only these metrics, such as 'vigie_host_*'", 3 },
	{ "no-families", OPT_NO_FAMILIES, "LIST", 0, "None of these metrics", 3 },
	{ 0 },
};

const struct argp families_argp = { .options = families_option_table, .parser = parse_families };
