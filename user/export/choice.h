/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * choice.h - which families are exposed: all, or those that somebody chose by name.
 *
 * Owns: names and patterns of families. Not here: the families (families.h), how people type
 * such a list (app/options.c).
 */
#ifndef VIGIE_EXPORT_CHOICE_H
#define VIGIE_EXPORT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "export/families.h"

enum { FAMILIES_MAX = 160 };

struct family_choice {
	bool hidden[FAMILIES_MAX]; /* by place in the table; all false: all are shown */
	bool only; /* something was chosen: what is not named is hidden */
};

/*
 * A list of names, with or without what samples add to them, and of patterns such as
 * vigie_process_*, separated by commas. shown: these and no others, unless named by an earlier
 * list; else: none of these. -EINVAL with *ret_bad and *ret_len the part that is no family's name
 * and fits none; the choice is then undefined.
 */
int family_choice_add(struct family_choice *choice, const char *list, bool shown,
		      const char **ret_bad, size_t *ret_len);
/* False: nothing is left to expose. */
bool family_choice_any(const struct family_choice *choice);
/* The family whose name differs least from it: what was meant, perhaps. */
const char *family_choice_nearest(const char *name, size_t len);

#endif
