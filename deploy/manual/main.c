// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - owns the generator's command line: manual DIR EXTRA DATE VERSION
 *
 * Writes DIR/vigie.8, DIR/vigie-COMMAND.8, DIR/vigie.yml.5, DIR/vigie.bash and DIR/_vigie. EXTRA has
 * the sections that were written by hand, COMMAND.man, vigie.man and vigie.yml.man. It runs while vigie is built and is not
 * installed.
 */
#include <stdlib.h>
#include <string.h>

#include "tables.h"

enum { EXTRA_MAX = 64 * 1024, PATH_LEN = 1024, COMMANDS_MAX = 32 };

static void fail(const char *path)
{
	perror(path);
	exit(EXIT_FAILURE);
}

static FILE *begin(const char *directory, const char *name)
{
	char path[PATH_LEN];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "we");
	if (!out)
		fail(path);
	return out;
}

static void end(FILE *out)
{
	if (ferror(out) || fclose(out))
		fail("manual");
}

/* "" where a page has no such sections. */
static const char *read_extra(const char *directory, const char *name)
{
	static char text[EXTRA_MAX];
	char path[PATH_LEN];
	FILE *file;
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/%s.man", directory, name);
	file = fopen(path, "re");
	if (file) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[len] = '\0';
	return text;
}

static void write_page(const char *directory, const char *extra, const struct command_page *page)
{
	char name[64];
	FILE *out;

	snprintf(name, sizeof(name), "vigie-%s.8", page->command->name);
	out = begin(directory, name);
	man_command(out, page, read_extra(extra, page->command->name));
	end(out);
}

int main(int argc, char **argv)
{
	static struct command_page pages[COMMANDS_MAX];
	struct command_page *page = pages;
	const struct subcommand *command;
	FILE *bash, *zsh, *program, *file;

	if (argc != 5) {
		fprintf(stderr, "Usage: manual DIR EXTRA DATE VERSION\n");
		return EXIT_FAILURE;
	}
	manual_date = argv[3];
	manual_version = argv[4];
	bash = begin(argv[1], "vigie.bash");
	zsh = begin(argv[1], "_vigie");
	bash_begin(bash);
	zsh_begin(zsh);
	for (command = subcommands; command->name && page < pages + COMMANDS_MAX;
	     command++, page++) {
		command_page_read(command, page);
		write_page(argv[1], argv[2], page);
		bash_command(bash, page);
		zsh_command(zsh, page);
	}
	bash_end(bash);
	zsh_end(zsh);
	end(bash);
	end(zsh);
	program = begin(argv[1], "vigie.8");
	man_program(program, read_extra(argv[2], "vigie"));
	end(program);
	file = begin(argv[1], "vigie.yml.5");
	man_settings(file, read_extra(argv[2], "vigie.yml"));
	end(file);
	return 0;
}
