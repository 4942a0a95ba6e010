// SPDX-License-Identifier: GPL-2.0-only
/* confine_symbolizer.c - owns the decision as whom foreign files are read. */
#include "sandbox/confine.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

int confine_symbolizer(void)
{
	struct confine_config config = { .role = CONFINE_SYMBOLIZER,
					 .uid = getuid(),
					 .gid = getgid(),
					 .already_unprivileged = geteuid() != 0 };
	const char *what;
	int err;

	/* Not the user that the server and its state have: what it parses may take it over. */
	if (!config.already_unprivileged && confine_find_user("nobody", &config.uid, &config.gid) &&
	    confine_find_user(NULL, &config.uid, &config.gid))
		return -ENOENT;
	err = confine(&config, &what);
	if (err)
		fprintf(stderr, "vigie: the symbolizer cannot give up privileges: %s: %s\n", what,
			err_name(err));
	return err;
}
