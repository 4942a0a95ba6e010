/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * commands.h - the sub-commands, each in its own file.
 *
 * argv[0] is the sub-command's full name, "vigie once". They return the exit status.
 */
#ifndef VIGIE_APP_COMMANDS_H
#define VIGIE_APP_COMMANDS_H

int cmd_top(int argc, char **argv);
int cmd_once(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_verdict(int argc, char **argv);
int cmd_detect(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_inventory(int argc, char **argv);

struct subcommand {
	const char *name; /* NULL: the end */
	int (*run)(int argc, char **argv);
	const char *help; /* one line */
};
extern const struct subcommand subcommands[];

#endif
