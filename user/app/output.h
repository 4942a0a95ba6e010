/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - a view on standard output, live or from a history alike.
 *
 * Owns: the choice of the format, its options, fitting a terminal. Not here: the encoders
 * (export/formats.h), where the view comes from.
 */
#ifndef VIGIE_APP_OUTPUT_H
#define VIGIE_APP_OUTPUT_H

#include "app/options.h"
#include "export/formats.h"

struct output_options {
	struct list_options list;
	enum view_format format;
	bool top_given;
	unsigned int height; /* table only: lines that there is room for; 0: no limit */
	const char *extra; /* a format that only this command has, or NULL */
	bool extra_chosen;
	const struct family_choice *families; /* of metrics; NULL: all */
};

/* A child parser for --format, --sort and --top; its input is an output_options. */
extern const struct argp output_argp;
/* The value of --sort, or the end of the program. */
enum sort_key option_sort(const struct argp_state *state, const char *arg);
/* Colour, width and as many rows as a terminal has; nothing elsewhere. */
void output_fit(struct output_options *options);
/* Draws and writes the view; complains on stderr as who. 0 or -errno. */
int output_view(const struct view *view, const struct output_options *options, const char *who);
/* All bytes to standard output; a reader that has seen enough is no error. */
int output_bytes(const struct buf *bytes, const char *who);

#endif
