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

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "serve", cmd_serve, "watch all the time and serve OpenMetrics to Prometheus" },
	{ "once", cmd_once, "watch for a moment and print what every process cost" },
	{ "doctor", cmd_doctor, "show what this kernel gives, from where, and what is missing" },
	{ "replay", cmd_replay, "recompute what a history shows: tables, metrics, findings" },
	{ "explain", cmd_explain, "explain a finding: its curve, culprits and remedy" },
	{ "verdict", cmd_verdict, "call a finding's pattern benign or malicious" },
	{ "verify", cmd_verify, "check whether a log is as it was written" },
	{ "record", cmd_record, "profile one program: where it runs, waits, and why" },
	{ "report", cmd_report, "show a profiling session: text, flame graphs, pprof" },
	{ "detect", cmd_detect, "score a series of your own: timestamp,value" },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	int i;

	fprintf(out, "vigie: what every process costs in CPU and memory, and why it waits\n\n"
		     "Usage: vigie COMMAND [OPTION...]\n\n");
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\nExamples:\n"
		     "  vigie once                          what happened in one second\n"
		     "  vigie once --sort wait --interval 5s    who waits for a CPU\n"
		     "  vigie serve                         http://127.0.0.1:9838/metrics\n"
		     "  vigie doctor                        would it work here?\n"
		     "\n'vigie COMMAND --help' has the options; vigie --version the version.\n");
}

int main(int argc, char **argv)
{
	char name[32];
	int i;

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
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "vigie %s", commands[i].name);
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "vigie: '%s' is not a command:", argv[1]);
	for (i = 0; i < COMMANDS; i++)
		fprintf(stderr, "%s %s", i ? "," : "", commands[i].name);
	fprintf(stderr, " are\n");
	return EXIT_USAGE;
}
