// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit_top.c - owns the way up from a cgroup to the one that is its unit: as long as the path
 * without its last component names the same (unit.h).
 */
#include "model/unit_top.h"

#include <stdlib.h>
#include <string.h>

#include "model/unit.h"

size_t unit_top(const char *path)
{
	size_t top = strlen(path), len = top;
	struct unit unit, above;
	char *cut = strdup(path);

	if (!cut)
		return top;
	unit_from_path(path, &unit);
	for (;;) {
		while (len && cut[len - 1] != '/')
			len--;
		if (len < 2) /* above is the root */
			break;
		cut[--len] = '\0';
		unit_from_path(cut, &above);
		if (strcmp(unit.name, above.name) != 0)
			break;
		top = len;
	}
	free(cut);
	return top;
}
