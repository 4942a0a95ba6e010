// SPDX-License-Identifier: GPL-2.0-only
/* zsh.c - owns the completion for zsh: specifications of its _arguments. */
#include <string.h>

#include "tables.h"

/* Within single quotes, and within [] or between : of a specification. */
static void zsh_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

void zsh_begin(FILE *out)
{
	const struct subcommand *command;

	fputs("#compdef vigie\n"
	      "# zsh completion of vigie, written by the build from the program's own tables.\n\n"
	      "_vigie() {\n"
	      "\tlocal -a commands\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\tcommands=(\n",
	      out);
	for (command = subcommands; command->name; command++) {
		fprintf(out, "\t\t'%s:", command->name);
		zsh_text(out, command->help);
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\t_arguments -C '(- *)--help[show the commands]' '(- *)--version[show the version]' \\\n"
	      "\t\t'1:command:->command' '*::argument:->argument'\n"
	      "\tif [[ $state == command ]]; then\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\t[[ $state == argument ]] || return\n"
	      "\tcurcontext=\"${curcontext%:*}-$line[1]:\"\n"
	      "\tcase $line[1] in\n",
	      out);
}

static void zsh_words(FILE *out, const struct option_row *row)
{
	unsigned int i;

	fputs(row->words.list ? "_values -s , value" : "(", out);
	for (i = 0; i < row->words.n; i++)
		fprintf(out, "%s%s", i || row->words.list ? " " : "", row->words.word[i]);
	if (!row->words.list)
		fputc(')', out);
}

static void zsh_value(FILE *out, const struct option_row *row)
{
	if (row->kind == VALUE_NONE)
		return;
	fputc(':', out);
	zsh_text(out, row->arg);
	fputc(':', out);
	switch (row->kind) {
	case VALUE_FILE: fputs("_files", out); break;
	case VALUE_DIRECTORY: fputs("_files -/", out); break;
	case VALUE_PIDS: fputs("_sequence _pids", out); break;
	case VALUE_WORDS: zsh_words(out, row); break;
	default: fputc(' ', out); break;
	}
}

/* '*'{-f+,--format=}'[help]:FORMAT:(table json)'; what has no value is offered once. */
static void zsh_option(FILE *out, const struct option_row *row)
{
	const char *equals = row->arg ? "=" : "";

	fputs(" \\\n\t\t\t", out);
	if (row->arg)
		fputs("'*'", out);
	else if (row->letter)
		fprintf(out, "'(-%c --%s)'", row->letter, row->name);
	if (row->letter)
		fprintf(out, "{-%s%c%s,--%s%s}", row->letter == '?' ? "\\" : "", row->letter,
			row->arg ? "+" : "", row->name, equals);
	else
		fprintf(out, "--%s%s", row->name, equals);
	fputs("'[", out);
	zsh_text(out, row->help);
	fputc(']', out);
	zsh_value(out, row);
	fputc('\'', out);
}

static void zsh_arguments(FILE *out, const char *arguments)
{
	const char *bar = strchr(arguments, '|'), *from = bar;

	if (bar) {
		while (from > arguments && from[-1] != ' ')
			from--;
		fputs(" \\\n\t\t\t'1:ID: ' '2:word:(", out);
		for (; *from; from++)
			fputc(*from == '|' ? ' ' : *from, out);
		fputs(")'", out);
	} else if (strstr(arguments, "COMMAND")) {
		fputs(" \\\n\t\t\t'*::command:_normal'", out);
	} else if (strstr(arguments, "FILE")) {
		fputs(" \\\n\t\t\t'*:file:_files'", out);
	} else if (strstr(arguments, "DIR")) {
		fputs(" \\\n\t\t\t'1:directory:_files -/'", out);
	}
}

void zsh_command(FILE *out, const struct command_page *page)
{
	unsigned int i;

	fprintf(out, "\t%s)\n\t\t_arguments -s", page->command->name);
	for (i = 0; i < page->noptions; i++)
		zsh_option(out, &page->options[i]);
	zsh_arguments(out, page->arguments);
	fputs("\n\t\t;;\n", out);
}

void zsh_end(FILE *out)
{
	fputs("\tesac\n}\n\n_vigie \"$@\"\n", out);
}
