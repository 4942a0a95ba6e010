// SPDX-License-Identifier: GPL-2.0-only
/* choice.c - owns how a name or a pattern finds its families, and which name is nearest. */
#include "export/choice.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

enum { NAME_MAX_LEN = 96 };

static bool fits(const struct family *family, const char *pattern)
{
	char sample[NAME_MAX_LEN];

	if (family->list_only)
		return false;
	snprintf(sample, sizeof(sample), "%s%s", family->name, family_suffix(family));
	return !fnmatch(pattern, family->name, 0) || !fnmatch(pattern, sample, 0);
}

/* How many families it names. */
static unsigned int choose(struct family_choice *choice, const char *pattern, bool shown)
{
	unsigned int i, n = 0;

	for (i = 0; i < nfamilies; i++) {
		if (!fits(&families[i], pattern))
			continue;
		choice->hidden[i] = !shown;
		n++;
	}
	return n;
}

static void choice_begin(struct family_choice *choice, bool shown)
{
	unsigned int i;

	if (!shown || choice->only)
		return;
	choice->only = true;
	for (i = 0; i < nfamilies; i++)
		choice->hidden[i] = true;
}

int family_choice_add(struct family_choice *choice, const char *list, bool shown,
		      const char **ret_bad, size_t *ret_len)
{
	char pattern[NAME_MAX_LEN];
	size_t len;

	choice_begin(choice, shown);
	for (;; list += len + 1) {
		len = strcspn(list, ",");
		snprintf(pattern, sizeof(pattern), "%.*s", (int)len, list);
		if (len >= sizeof(pattern) || !choose(choice, pattern, shown)) {
			*ret_bad = list;
			*ret_len = len;
			return -EINVAL;
		}
		if (!list[len])
			return 0;
	}
}

bool family_choice_any(const struct family_choice *choice)
{
	unsigned int i;

	for (i = 0; i < nfamilies; i++)
		if (!choice->hidden[i] && !families[i].list_only)
			return true;
	return false;
}

const char *family_choice_nearest(const char *name, size_t len)
{
	size_t least = (size_t)-1;
	const char *nearest = "";
	unsigned int i;

	for (i = 0; i < nfamilies; i++) {
		size_t far = nearest_distance(name, len, families[i].name,
					      strlen(families[i].name));

		if (families[i].list_only || far >= least)
			continue;
		least = far;
		nearest = families[i].name;
	}
	return nearest;
}
