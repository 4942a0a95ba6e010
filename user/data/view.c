// SPDX-License-Identifier: GPL-2.0-only
/*
 * view.c - what every reader of a view needs to know by name.
 *
 * Owns: the label names of grouping keys, and where in a group a key's label stands. Not here: how a view comes about (model/).
 */
#include "data/view.h"

const char *group_key_name(enum group_key key)
{
	static const char *const names[GROUP_KEYS] = {
		[KEY_UNIT] = "unit", [KEY_COMM] = "comm",     [KEY_EXE] = "exe",
		[KEY_USER] = "user", [KEY_CGROUP] = "cgroup", [KEY_PID] = "pid",
	};

	return (unsigned int)key < GROUP_KEYS ? names[key] : "";
}

const char *group_label(const struct view *view, const struct group_view *group, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == key)
			return group->label[i];
	return "";
}
