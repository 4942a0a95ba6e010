// SPDX-License-Identifier: GPL-2.0-only
/* main.c - owns the choice of the sub-command. What one does is in its cmd_*.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/standard.h"
#include "gen/version.h"

enum { EXIT_BAD_USAGE = 2 };

int main(int argc, char **argv)
{
	if (standard_descriptors_init())
		return EXIT_FAILURE;
	if (argc == 2 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		printf("vigie %s (%s)\n", VIGIE_VERSION, VIGIE_REVISION);
		return 0;
	}
	fprintf(stderr, "vigie: there is no command yet, only --version\n");
	return EXIT_BAD_USAGE;
}
