// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_detect.c - owns `vigie detect`: the learned detector alone, on timestamp,value.
 *
 * A filter: a line in, a line out, so a score depends on nothing that comes later. A bad line
 * ends it with its number; the lines before it have been answered and stay right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/detect_row.h"
#include "app/options.h"
#include "base/err.h"
#include "detect/learned.h"

enum { LINE_BYTES = 4096, EXIT_BAD_INPUT = 2 };

/* 1; 0: the end; -EMSGSIZE, -EINVAL: a line that is too long, or holds a NUL. Without its end. */
static int read_line(FILE *in, char *line)
{
	size_t len = 0;
	int c;

	while ((c = getc(in)) != EOF && c != '\n') {
		if (!c)
			return -EINVAL;
		if (len == LINE_BYTES - 1)
			return -EMSGSIZE;
		line[len++] = c;
	}
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return len || c == '\n';
}

static int refuse_line(uint64_t number, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "vigie detect: line %ju %s\n", (uintmax_t)number, why);
	return EXIT_BAD_INPUT;
}

static int score_rows(FILE *in)
{
	struct learned learned;
	char line[LINE_BYTES];
	uint64_t number = 1;
	const char *why;
	struct detect_row row;
	int n;

	learned_init(&learned);
	printf("timestamp,value,anomaly_score\n");
	while ((n = read_line(in, line)) > 0) {
		number++;
		if (!line[0])
			continue;
		why = detect_row_parse(line, &row);
		if (why)
			return refuse_line(number, why);
		printf("%s,%s,%.6f\n", row.stamp, row.value,
		       learned_step(&learned, row.time_s, row.number));
	}
	if (n < 0)
		return refuse_line(number + 1,
				   n == -EMSGSIZE ? "is longer than 4095 bytes" : "holds a NUL");
	return ferror(in) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int detect_run(FILE *in)
{
	char line[LINE_BYTES];
	int n = read_line(in, line);

	if (n > 0 && !strcmp(line, "timestamp,value"))
		return score_rows(in);
	if (!n)
		return refuse_line(1, "is missing: expected the header timestamp,value");
	return refuse_line(1, "is not the header timestamp,value");
}

static error_t parse_detect(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	refuse_value(state, "argument", arg, "expected: vigie detect reads standard input");
}

int cmd_detect(int argc, char **argv)
{
	const struct argp argp = {
		.parser = parse_detect,
		.doc = "Reads a series as timestamp,value and writes it with an anomaly score from 0 "
		       "to 1: how far each value departs from the past of the series."
		       "\vExamples:\n"
		       "  vigie detect < series.csv > scored.csv\n"
		       "  vigie detect < series.csv | awk -F, '$3 >= 0.455'",
	};

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, NULL))
		return EXIT_USAGE;
	return detect_run(stdin);
}
