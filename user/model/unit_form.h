/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit_form.h - the small language in which a cgroup path's form is written down. PURE.
 *
 * Owns: matching and spelling. A form is text with
 *	<id>	64 hex digits, a container's id
 *	<task>	32 hex digits, "-", digits: a container's id of Fargate
 *	<uid>	a pod's uid: 8-4-4-4-12 hex digits ("_" for "-" in slices), or 32 of a static pod
 *	<n>	digits
 *	<name>	any bytes of one component, at least one; the fewest that fit
 *	<any>	the same, not kept
 *	[...]	may be missing
 * Not here: which forms there are (conventions.c).
 */
#ifndef VIGIE_MODEL_UNIT_FORM_H
#define VIGIE_MODEL_UNIT_FORM_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a path, not terminated. */
struct part {
	const char *s;
	size_t len;
};

enum form_token { FORM_ID, FORM_UID, FORM_N, FORM_NAME, FORM_LEAF, FORM_TOKENS };

/* What stood for each token; length 0 where the form has none. */
struct form_parts {
	struct part of[FORM_TOKENS];
};

/* The whole text has the form. ret is filled in on success only. */
bool form_matches(const char *form, struct part text, struct form_parts *ret);
/* The first bytes of the text are digits 0-9a-f, n of them. */
bool part_is_hex(struct part part, size_t n);
/*
 * Spells a name: <id> is its first 12 digits (a task's id whole: they are alike in one task),
 * <leaf> the last component. What does not fit keeps its beginning and a hash of the whole.
 */
void form_spell(char *dst, size_t dst_size, const char *format, const struct form_parts *parts);

#endif
