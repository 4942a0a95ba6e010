// SPDX-License-Identifier: GPL-2.0-only
/* choice.c - owns how a name or a pattern finds its families, and which name is nearest. */
#include "export/choice.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

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

/* Letters to insert, remove or replace until one is the other; both at most NAME_MAX_LEN. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[NAME_MAX_LEN + 1], i, j;

	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *family_choice_nearest(const char *name, size_t len)
{
	size_t least = (size_t)-1;
	const char *nearest = "";
	unsigned int i;

	if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	for (i = 0; i < nfamilies; i++) {
		size_t far = distance(name, len, families[i].name, strlen(families[i].name));

		if (families[i].list_only || far >= least)
			continue;
		least = far;
		nearest = families[i].name;
	}
	return nearest;
}
