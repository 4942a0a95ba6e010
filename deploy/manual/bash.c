// SPDX-License-Identifier: GPL-2.0-only
/*
 * bash.c - owns the completion for bash. It needs nothing of the package bash-completion, which
 * only finds the file.
 */
#include <string.h>

#include "tables.h"

void bash_begin(FILE *out)
{
	const struct subcommand *command;

	fputs("# bash completion of vigie, written by the build from the program's own tables.\n\n"
	      "# What is before the last comma stays; the rest is completed.\n"
	      "_vigie_list() {\n"
	      "\tlocal before='' word\n"
	      "\t[[ $cur == *,* ]] && before=${cur%,*},\n"
	      "\tfor word in $1; do\n"
	      "\t\tcase \",$before\" in *\",$word,\"*) continue ;; esac\n"
	      "\t\t[[ $word == \"${cur##*,}\"* ]] && COMPREPLY+=(\"$before$word\")\n"
	      "\tdone\n"
	      "}\n\n"
	      "_vigie_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n\n"
	      "_vigie_paths() { # -f: files, -d: directories\n"
	      "\tcompopt -o filenames 2>/dev/null\n"
	      "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
	      "}\n\n"
	      "_vigie_pids() {\n"
	      "\tlocal at=(/proc/[0-9]*)\n"
	      "\t_vigie_list \"${at[*]##*/}\"\n"
	      "}\n\n"
	      "_vigie() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i\n"
	      "\tCOMPREPLY=()\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\t_vigie_words '--help --version",
	      out);
	for (command = subcommands; command->name; command++)
		fprintf(out, " %s", command->name);
	fputs("'\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\t# readline cuts at '=': --option = value\n"
	      "\tif [[ $cur == '=' ]]; then\n"
	      "\t\tcur=\n"
	      "\telif [[ $before == '=' ]]; then\n"
	      "\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tfi\n"
	      "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	      "\t\tif [[ ${COMP_WORDS[i]} == -- ]]; then # the words of another command\n"
	      "\t\t\tif ((i == COMP_CWORD - 1)); then\n"
	      "\t\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	      "\t\t\telse\n"
	      "\t\t\t\t_vigie_paths -f\n"
	      "\t\t\tfi\n"
	      "\t\t\treturn\n"
	      "\t\tfi\n"
	      "\tdone\n"
	      "\tcase ${COMP_WORDS[1]} in\n",
	      out);
}

static void bash_words(FILE *out, const struct option_words *words)
{
	unsigned int i;

	fprintf(out, "_vigie_%s '", words->list ? "list" : "words");
	for (i = 0; i < words->n; i++)
		fprintf(out, "%s%s", i ? " " : "", words->word[i]);
	fputs("'", out);
}

static void bash_value(FILE *out, const struct option_row *row)
{
	if (row->kind == VALUE_NONE)
		return;
	fputs("\t\t", out);
	if (row->letter)
		fprintf(out, "-%c | ", row->letter);
	fprintf(out, "--%s) ", row->name);
	switch (row->kind) {
	case VALUE_FILE: fputs("_vigie_paths -f; ", out); break;
	case VALUE_DIRECTORY: fputs("_vigie_paths -d; ", out); break;
	case VALUE_PIDS: fputs("_vigie_pids; ", out); break;
	case VALUE_WORDS:
		bash_words(out, &row->words);
		fputs("; ", out);
		break;
	default: break;
	}
	fputs("return ;;\n", out);
}

/* What stands without an option, by the command's own words for it. */
static void bash_arguments(FILE *out, const char *arguments)
{
	const char *bar = strchr(arguments, '|'), *from = bar;

	fputs("\t\t*) ", out);
	if (bar) {
		while (from > arguments && from[-1] != ' ')
			from--;
		fputs("_vigie_words '", out);
		for (; *from; from++)
			fputc(*from == '|' ? ' ' : *from, out);
		fputs("' ", out);
	} else if (strstr(arguments, "FILE")) {
		fputs("_vigie_paths -f ", out);
	} else if (strstr(arguments, "DIR")) {
		fputs("_vigie_paths -d ", out);
	}
	fputs(";;\n", out);
}

void bash_command(FILE *out, const struct command_page *page)
{
	unsigned int i;

	fprintf(out, "\t%s)\n\t\tcase $before in\n", page->command->name);
	for (i = 0; i < page->noptions; i++)
		bash_value(out, &page->options[i]);
	fputs("\t\tesac\n\t\tcase $cur in\n\t\t-*) _vigie_words '", out);
	for (i = 0; i < page->noptions; i++)
		fprintf(out, "%s--%s", i ? " " : "", page->options[i].name);
	fputs("' ;;\n", out);
	bash_arguments(out, page->arguments);
	fputs("\t\tesac\n\t\t;;\n", out);
}

void bash_end(FILE *out)
{
	fputs("\tesac\n}\n\ncomplete -F _vigie vigie\n", out);
}
