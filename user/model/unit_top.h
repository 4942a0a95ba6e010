/* SPDX-License-Identifier: GPL-2.0-only */
/* unit_top.h - which cgroup is the unit that a cgroup is in. PURE. */
#ifndef VIGIE_MODEL_UNIT_TOP_H
#define VIGIE_MODEL_UNIT_TOP_H

#include <stddef.h>

/* How many bytes of the path name the highest cgroup that is the same unit's, without a gap. */
size_t unit_top(const char *path);

#endif
