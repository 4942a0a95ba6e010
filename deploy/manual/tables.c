// SPDX-License-Identifier: GPL-2.0-only
/*
 * tables.c - owns reading a sub-command's options.
 *
 * This program defines argp_parse() itself, so that the one of the C library is not linked: each
 * command is begun as main() does, hands its table over, is told that its command line was wrong,
 * and returns. So the manual has what the program has, and there is no second list.
 */
#include "tables.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct command_page *reading; /* the one that is being read */

static void give_up(const char *command, const char *why)
{
	fprintf(stderr, "manual: vigie %s: %s\n", command, why);
	exit(EXIT_FAILURE);
}

/* --- What can be offered as a value: by the argument's name, and the help's list of words. */

static void words_add(struct option_words *words, const char *from, size_t len)
{
	if (words->n == WORDS_MAX || !len || len >= WORD_LEN)
		return;
	memcpy(words->word[words->n], from, len);
	words->word[words->n++][len] = '\0';
}

static size_t word_length(const char *text)
{
	size_t len = 0;

	while (islower((unsigned char)text[len]) || isdigit((unsigned char)text[len]) ||
	       (len && text[len] == '-'))
		len++;
	return len;
}

/* "on|off" */
static void words_of_arg(struct option_words *words, const char *arg)
{
	size_t len;

	for (; (len = word_length(arg)); arg++) {
		words_add(words, arg, len);
		arg += len;
		if (*arg != '|')
			break;
	}
	if (*arg || words->n < 2)
		words->n = 0;
}

/* Behind a word of a list; NULL: it was the last. */
static const char *next_of_list(const char *text)
{
	static const char marked[] = " (default)";

	if (!strncmp(text, marked, sizeof(marked) - 1))
		text += sizeof(marked) - 1;
	if (!strncmp(text, ", ", 2))
		return text + 2;
	return strncmp(text, " or ", 4) ? NULL : text + 4;
}

/* The first "cpu, wait, off or rss" of at least three words in a help text. */
static void words_of_help(struct option_words *words, const char *help)
{
	const char *at, *next;
	size_t len;

	for (at = help; *at; at++) {
		if (at > help && at[-1] != ' ')
			continue;
		words->n = 0;
		for (next = at; next && (len = word_length(next)); next = next_of_list(next + len))
			words_add(words, next, len);
		if (words->n >= 3)
			return;
	}
	words->n = 0;
}

static void find_values(struct option_row *row)
{
	const char *arg = row->arg;

	if (!arg) {
		row->kind = VALUE_NONE;
		return;
	}
	row->kind = VALUE_ANY;
	row->words.list = strchr(arg, ',') || !strcmp(arg, "LIST");
	if (!strcmp(arg, "FILE"))
		row->kind = VALUE_FILE;
	else if (!strcmp(arg, "DIR"))
		row->kind = VALUE_DIRECTORY;
	else if (!strncmp(arg, "PID", 3))
		row->kind = VALUE_PIDS;
	else if (islower((unsigned char)arg[0]))
		words_of_arg(&row->words, arg);
	else
		words_of_help(&row->words, row->help);
	if (row->words.n)
		row->kind = VALUE_WORDS;
}

/* --- From argp's tables. */

static const char *filtered(const struct argp *argp, const struct argp_option *option)
{
	const char *help = option->doc ? option->doc : "";

	return argp->help_filter ? argp->help_filter(option->key, help, NULL) : help;
}

static void add_option(const struct argp *argp, const struct argp_option *option)
{
	struct option_row *row = &reading->options[reading->noptions];

	if (!option->name || option->flags & OPTION_HIDDEN)
		return;
	if (option->flags & ~OPTION_HIDDEN || reading->noptions + 2 >= OPTIONS_MAX)
		give_up(reading->command->name, "an option that tables.c does not know");
	row->name = option->name;
	row->letter = option->key > 0 && option->key < 128 && isgraph(option->key) ? option->key
										   : '\0';
	row->arg = option->arg;
	row->help = filtered(argp, option);
	find_values(row);
	reading->noptions++;
}

static void add_options(const struct argp *argp)
{
	const struct argp_option *option = argp->options;
	const struct argp_child *child = argp->children;

	for (; option && (option->name || option->key || option->doc); option++)
		add_option(argp, option);
	for (; child && child->argp; child++)
		add_options(child->argp);
}

/* As argp adds them to each command. */
static void add_help(void)
{
	static const struct argp_option own[] = {
		{ "help", '?', NULL, 0, "Give this help list", 0 },
		{ "usage", 0, NULL, 0, "Give a short usage message", 0 },
	};
	static const struct argp none;

	add_option(&none, &own[0]);
	add_option(&none, &own[1]);
}

static void split_doc(const char *doc)
{
	const char *behind = strchr(doc, '\v');
	size_t len = behind ? (size_t)(behind - doc) : strlen(doc);

	reading->description = strndup(doc, len);
	reading->more = behind ? behind + 1 : "";
	if (!reading->description)
		give_up(reading->command->name, "out of memory");
}

error_t argp_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
		   int *arg_index, void *input)
{
	if (reading->description)
		return EINVAL; /* it parses twice: the first time counts */
	split_doc(argp->doc ? argp->doc : "");
	reading->arguments = argp->args_doc ? argp->args_doc : "";
	add_options(argp);
	add_help();
	return EINVAL;
}

void command_page_read(const struct subcommand *command, struct command_page *page)
{
	char name[64];
	char *argv[] = { name, NULL };

	memset(page, 0, sizeof(*page));
	page->command = command;
	reading = page;
	snprintf(name, sizeof(name), "vigie %s", command->name);
	command->run(1, argv);
	if (!page->description)
		give_up(command->name, "it has not asked argp for anything");
}
