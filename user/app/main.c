// SPDX-License-Identifier: GPL-2.0-only
/* main.c - owns the choice of the sub-command. What one does is in its cmd_*.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/signals.h"
#include "app/standard.h"
#include "base/clock.h"
#include "gen/version.h"

static void print_help(FILE *out)
{
	const struct subcommand *command;

	fprintf(out, "vigie: what every process costs in CPU and memory, and why it waits\n\n"
		     "Usage: vigie COMMAND [OPTION...]\n\n");
	for (command = subcommands; command->name; command++)
		fprintf(out, "  %-9s %s\n", command->name, command->help);
	fprintf(out,
		"\nExamples:\n"
		"  vigie once                          what happened in one second\n"
		"  vigie once --sort wait --interval 5s    who waits for a CPU\n"
		"  vigie top                           a live screen; Space and T go back in time\n"
		"  vigie serve                         http://127.0.0.1:9838/metrics\n"
		"  vigie doctor                        would it work here?\n"
		"\n'vigie COMMAND --help' has the options; vigie --version the version.\n");
}

int main(int argc, char **argv)
{
	const struct subcommand *command;
	char name[32];

	signals_init();
	clock_init();
	if (standard_descriptors_init())
		return EXIT_FAILURE;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("vigie %s (%s)\n", VIGIE_VERSION, VIGIE_REVISION);
		return 0;
	}
	for (command = subcommands; command->name; command++) {
		if (strcmp(argv[1], command->name))
			continue;
		snprintf(name, sizeof(name), "vigie %s", command->name);
		argv[1] = name;
		return command->run(argc - 1, argv + 1);
	}
	fprintf(stderr, "vigie: '%s' is not a command:", argv[1]);
	for (command = subcommands; command->name; command++)
		fprintf(stderr, "%s %s", command == subcommands ? "" : ",", command->name);
	fprintf(stderr, " are\n");
	return EXIT_USAGE;
}
