// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_verify.c - owns `vigie verify`: is a log as it was written? One line a fault.
 *
 * The files are anybody's: lines are bounded, bytes are not printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "base/err.h"
#include "log/chain_check.h"

enum { LINE_BYTES = 1 << 20, PATHS_MAX = 256, FAULTS_SHOWN = 100, EXIT_FAULT = 1 };

struct verify {
	struct chain_check check;
	char *line; /* LINE_BYTES */
	uint64_t shown;
	bool failed; /* a file could not be read */
};

struct verify_options {
	const char *paths[PATHS_MAX];
	unsigned int n;
};

static void verify_say(struct verify *v, const char *path, uint64_t number, enum chain_fault fault)
{
	const struct chain_check *c = &v->check;

	if (v->shown++ >= FAULTS_SHOWN)
		return;
	printf("%s:%ju: ", path, (uintmax_t)number);
	switch (fault) {
	case CHAIN_FOREIGN: printf("is not a line of this log\n"); break;
	case CHAIN_CUT: printf("is cut: its end is missing\n"); break;
	case CHAIN_EDITED: printf("event %ju was edited\n", (uintmax_t)c->found); break;
	case CHAIN_REMOVED:
		if (c->expected == c->found - 1)
			printf("event %ju was removed before this line\n", (uintmax_t)c->expected);
		else
			printf("events %ju to %ju were removed before this line\n",
			       (uintmax_t)c->expected, (uintmax_t)c->found - 1);
		break;
	case CHAIN_REORDERED:
		printf("event %ju stands in the wrong place: %ju was expected\n",
		       (uintmax_t)c->found, (uintmax_t)c->expected);
		break;
	case CHAIN_DOUBLED: printf("event %ju stands here again\n", (uintmax_t)c->found); break;
	case CHAIN_TRUNCATED:
		printf("the end is missing: the last event is %ju, %ju was written\n",
		       (uintmax_t)c->found, (uintmax_t)c->expected);
		break;
	default: break;
	}
}

/* A line of at most LINE_BYTES; longer ones are read to their end and count as foreign. */
static ssize_t next_line(FILE *file, char *line, bool *ret_whole)
{
	size_t len = 0;
	int c;

	*ret_whole = false;
	while ((c = getc(file)) != EOF) {
		if (c == '\n') {
			*ret_whole = true;
			return len < LINE_BYTES ? (ssize_t)len : 0;
		}
		if (len < LINE_BYTES)
			line[len++] = c;
	}
	return len ? (ssize_t)(len < LINE_BYTES ? len : 0) : -1;
}

static void verify_file(struct verify *v, const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t number = 0;
	enum chain_fault fault;
	bool whole;
	ssize_t len;

	if (!file) {
		fprintf(stderr, "vigie verify: cannot open '%s': %s\n", path, err_name(-errno));
		v->failed = true;
		return;
	}
	while ((len = next_line(file, v->line, &whole)) >= 0) {
		number++;
		if (whole) {
			fault = chain_check_line(&v->check, v->line, len);
		} else {
			fault = CHAIN_CUT;
			v->check.faults++;
		}
		if (fault != CHAIN_FITS)
			verify_say(v, path, number, fault);
	}
	if (ferror(file)) {
		fprintf(stderr, "vigie verify: cannot read '%s': %s\n", path, err_name(-errno));
		v->failed = true;
	}
	fclose(file);
}

/* FILE.head of the newest file; without one its end cannot be judged, and that is said. */
static void verify_head(struct verify *v, const char *path)
{
	char text[CHAIN_HEAD + 1], name[4096];
	struct chain head;
	enum chain_fault fault;
	FILE *file;
	size_t n;

	if ((size_t)snprintf(name, sizeof(name), "%s.head", path) >= sizeof(name))
		return;
	file = fopen(name, "re");
	n = file ? fread(text, 1, sizeof(text), file) : 0;
	if (file)
		fclose(file);
	if (!chain_head_get(text, n, &head)) {
		printf("%s: %s: whether the end is there cannot be told\n", name,
		       file ? "is not a head" : "is not there");
		return;
	}
	fault = chain_check_head(&v->check, &head);
	if (fault != CHAIN_FITS)
		verify_say(v, path, v->check.lines, fault);
}

static int verify_run(const struct verify_options *options)
{
	struct verify v = { .line = malloc(LINE_BYTES) };
	unsigned int i;

	if (!v.line) {
		fprintf(stderr, "vigie verify: out of memory\n");
		return EXIT_FAILURE;
	}
	chain_check_init(&v.check);
	for (i = 0; i < options->n; i++)
		verify_file(&v, options->paths[i]);
	if (!v.failed)
		verify_head(&v, options->paths[options->n - 1]);
	free(v.line);
	if (v.failed)
		return EXIT_FAILURE;
	if (v.check.faults) {
		printf("%ju events, %ju faults\n", (uintmax_t)v.check.lines,
		       (uintmax_t)v.check.faults);
		return EXIT_FAULT;
	}
	printf("%ju events, %ju to %ju, the chain is whole\n", (uintmax_t)v.check.lines,
	       (uintmax_t)v.check.first, (uintmax_t)v.check.highest);
	return EXIT_SUCCESS;
}

static error_t parse_verify(int key, char *arg, struct argp_state *state)
{
	struct verify_options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (options->n == PATHS_MAX)
			refuse_value(state, "FILE", arg, "possible: 256 files are the most");
		options->paths[options->n++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "FILE is missing");
	/* fall through */
	default: return ARGP_ERR_UNKNOWN;
	}
}

int cmd_verify(int argc, char **argv)
{
	const struct argp argp = {
		.parser = parse_verify,
		.args_doc = "FILE...",
		.doc = "Tells whether a log is as vigie wrote it, and which line is not. Rotated "
		       "files come first, the oldest before the others."
		       "\vExamples:\n"
		       "  vigie verify /var/lib/vigie/events.ndjson\n"
		       "  vigie verify events.ndjson.2 events.ndjson.1 events.ndjson",
	};
	struct verify_options options = { .n = 0 };

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	return verify_run(&options);
}
