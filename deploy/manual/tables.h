/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tables.h - a sub-command as its own option tables say it, for manual pages and completion.
 *
 * Owns: taking the tables from where the program hands them to argp. Not here: what is made of
 * them (man_page.c, bash.c, zsh.c).
 */
#ifndef VIGIE_DEPLOY_MANUAL_TABLES_H
#define VIGIE_DEPLOY_MANUAL_TABLES_H

#include <stdbool.h>
#include <stdio.h>

#include "app/commands.h"

enum { OPTIONS_MAX = 96, WORDS_MAX = 24, WORD_LEN = 24 };

/* What can be offered as a value. */
enum value_kind { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_DIRECTORY, VALUE_PIDS, VALUE_WORDS };

struct option_words {
	char word[WORDS_MAX][WORD_LEN];
	unsigned int n;
	bool list; /* several, separated by commas */
};

struct option_row {
	const char *name;
	char letter; /* '\0': none */
	const char *arg; /* NULL: none */
	const char *help; /* argp's filter applied */
	enum value_kind kind;
	struct option_words words; /* of VALUE_WORDS */
};

struct command_page {
	const struct subcommand *command;
	const char *description; /* what stands before the options in --help */
	const char *more; /* what stands behind them; "" */
	const char *arguments; /* "" */
	struct option_row options[OPTIONS_MAX];
	unsigned int noptions;
};

/* Ends the program with a message if the command shows no table, or one that does not fit. */
void command_page_read(const struct subcommand *command, struct command_page *page);

/* What follows them. Each writes all that it has to say to out. */
void man_command(FILE *out, const struct command_page *page, const char *extra);
void man_program(FILE *out, const char *extra);
void man_settings(FILE *out, const char *extra);
void bash_begin(FILE *out);
void bash_command(FILE *out, const struct command_page *page);
void bash_end(FILE *out);
void zsh_begin(FILE *out);
void zsh_command(FILE *out, const struct command_page *page);
void zsh_end(FILE *out);

/* Text as roff takes it. */
void man_text(FILE *out, const char *text, size_t len);
void man_string(FILE *out, const char *text);

/* Of the page's foot, set by main.c. */
extern const char *manual_date, *manual_version;

#endif
