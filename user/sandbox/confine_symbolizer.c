// SPDX-License-Identifier: GPL-2.0-only
/* confine_symbolizer.c - owns saying that who reads foreign files could not be confined. */
#include "sandbox/confine.h"

#include <stdio.h>

#include "base/err.h"

int confine_symbolizer(void)
{
	const char *what;
	int err = confine_as_nobody(CONFINE_SYMBOLIZER, &what);

	if (err)
		fprintf(stderr, "vigie: the symbolizer cannot give up privileges: %s: %s\n", what,
			err_name(err));
	return err;
}
