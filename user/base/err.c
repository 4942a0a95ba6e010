// SPDX-License-Identifier: GPL-2.0-only
/* err.c - errno as a name, from glibc's own table. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

const char *err_name(int err)
{
	static char text[32];
	const char *name = strerrorname_np(err < 0 ? -err : err);

	snprintf(text, sizeof(text), "-%s", name ? name : "E?");
	return text;
}
