// SPDX-License-Identifier: GPL-2.0-only
/* man_page.c - owns the manual pages: their sections, and text as roff takes it. */
#include <ctype.h>
#include <string.h>

#include "tables.h"

const char *manual_date = "", *manual_version = "";

/* A character that roff would take for something else, or print as another. */
static const char *escape(char c)
{
	switch (c) {
	case '\\': return "\\e";
	case '-': return "\\-";
	case '\'': return "\\(aq";
	case '`': return "\\(ga";
	case '^': return "\\(ha";
	case '~': return "\\(ti";
	case '"': return "\\(dq";
	default: return NULL;
	}
}

void man_text(FILE *out, const char *text, size_t len)
{
	const char *escaped;
	size_t i;

	for (i = 0; i < len; i++) {
		if ((!i || text[i - 1] == '\n') && text[i] == '.')
			fputs("\\&", out);
		escaped = escape(text[i]);
		if (escaped)
			fputs(escaped, out);
		else
			fputc(text[i], out);
	}
}

void man_string(FILE *out, const char *text)
{
	man_text(out, text, strlen(text));
}

static void man_upper(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(toupper((unsigned char)*text), out);
}

static void man_head(FILE *out, const char *command, const char *help)
{
	fputs(".\\\" Written by the build from the program's own tables.\n.TH VIGIE", out);
	if (command)
		fputs("\\-", out);
	man_upper(out, command ? command : "");
	fprintf(out, " 8 %s \"vigie %s\" \"System Administration\"\n.SH NAME\nvigie%s%s \\- ",
		manual_date, manual_version, command ? "\\-" : "", command ? command : "");
	man_string(out, help);
	fputc('\n', out);
}

/* A word of the arguments: what is in upper case is to be replaced. */
static void man_arguments(FILE *out, const char *arguments)
{
	size_t len;

	for (; *arguments; arguments += len) {
		len = strspn(arguments, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (len) {
			fputs("\\fI", out);
			man_text(out, arguments, len);
			fputs("\\fR", out);
			continue;
		}
		len = strcspn(arguments, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		man_text(out, arguments, len);
	}
}

static void man_option(FILE *out, const struct option_row *row)
{
	fputs(".TP\n", out);
	if (row->letter) {
		fputs("\\fB\\-", out);
		man_text(out, &row->letter, 1);
		fputs("\\fR, ", out);
	}
	fputs("\\fB\\-\\-", out);
	man_string(out, row->name);
	fputs("\\fR", out);
	if (row->arg) {
		fputs("=\\fI", out);
		man_string(out, row->arg);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	man_string(out, row->help);
	fputs(".\n", out);
}

/* "Examples:", then lines that are shown as they are, up to an empty one; and so on. */
static void man_more(FILE *out, const char *more)
{
	const char *line = more, *end;
	bool shown = false;

	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		if (line == end)
			continue;
		if (line[0] == ' ') {
			man_text(out, line + 2, end - line - 2);
			fputc('\n', out);
			continue;
		}
		if (shown)
			fputs(".EE\n", out);
		fputs(".SH ", out);
		while (line < end && *line != ':' && *line != ',')
			fputc(toupper((unsigned char)*line++), out);
		fputs("\n.EX\n", out);
		shown = true;
	}
	if (shown)
		fputs(".EE\n", out);
}

/* Of whom the configuration is: the program as a whole, and its daemon. */
static bool has_settings(const char *command)
{
	return !command || !strcmp(command, "serve");
}

static void man_see_also(FILE *out, const char *except)
{
	const struct subcommand *command;
	const char *before = "";

	fputs(".SH SEE ALSO\n", out);
	if (except) {
		fputs(".BR vigie (8)", out);
		before = ",\n"; /* it belongs to the macro's last word */
	}
	for (command = subcommands; command->name; command++) {
		if (except && !strcmp(command->name, except))
			continue;
		fprintf(out, "%s.BR vigie\\-%s (8)", before, command->name);
		before = ",\n";
	}
	if (has_settings(except))
		fputs(",\n.BR vigie.yml (5)", out);
	fputs("\n", out);
}

void man_command(FILE *out, const struct command_page *page, const char *extra)
{
	unsigned int i;

	man_head(out, page->command->name, page->command->help);
	fprintf(out, ".SH SYNOPSIS\n.B vigie %s\n[\\fIOPTION\\fR...]", page->command->name);
	if (page->arguments[0])
		fputc(' ', out);
	man_arguments(out, page->arguments);
	fputs("\n.SH DESCRIPTION\n", out);
	man_string(out, page->description);
	fputs("\n.SH OPTIONS\n", out);
	for (i = 0; i < page->noptions; i++)
		man_option(out, &page->options[i]);
	man_more(out, page->more);
	fputs(extra, out); /* written by hand */
	man_see_also(out, page->command->name);
}

void man_program(FILE *out, const char *extra)
{
	const struct subcommand *command;

	man_head(out, NULL, "what every process costs in CPU and memory, and why it waits");
	fputs(".SH SYNOPSIS\n.B vigie\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.br\n.B vigie \\-\\-help\n"
	      ".br\n.B vigie \\-\\-version\n.SH COMMANDS\n",
	      out);
	for (command = subcommands; command->name; command++) {
		fprintf(out, ".TP\n.BR vigie\\-%s (8)\n", command->name);
		man_string(out, command->help);
		fputs(".\n", out);
	}
	fputs(extra, out); /* written by hand */
	man_see_also(out, NULL);
}
