// SPDX-License-Identifier: GPL-2.0-only
/* output.c - owns the options of a view, and writing all of a text or saying why not. */
#include "app/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

enum { OPT_SORT = 1100, OPT_TOP, PAGE_MAX = 256 << 20 };
enum { TOP_LEAST = 3 }; /* rows of a terminal that is too low for all else */

static void parse_format(const struct argp_state *state, struct output_options *options,
			 const char *arg)
{
	enum view_format f = view_format_by_name(arg);
	char allowed[256];
	struct buf list;

	if (f < VIEW_FORMATS) {
		options->format = f;
		return;
	}
	options->extra_chosen = options->extra && !strcmp(arg, options->extra);
	if (options->extra_chosen)
		return;
	buf_init(&list, sizeof(allowed) - 1);
	view_formats_list(&list, options->extra);
	snprintf(allowed, sizeof(allowed), "%.*s", (int)list.len, list.data ? list.data : "");
	buf_done(&list);
	refuse_value(state, "--format", arg, allowed);
}

enum sort_key option_sort(const struct argp_state *state, const char *arg)
{
	char allowed[256] = "one of";
	enum sort_key key;

	for (key = 0; key < SORT_KEYS; key++) {
		size_t len = strlen(allowed);

		if (!strcmp(arg, sort_key_name(key)))
			return key;
		snprintf(allowed + len, sizeof(allowed) - len, "%s %s", key ? "," : "",
			 sort_key_name(key));
	}
	refuse_value(state, "--sort", arg, allowed);
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	struct output_options *options = state->input;

	switch (key) {
	case 'f': parse_format(state, options, arg); return 0;
	case OPT_SORT: options->list.sort = option_sort(state, arg); return 0;
	case OPT_TOP:
		options->list.top = option_number(state, "--top", arg, 0, 1000000,
						  "a number of rows (0: all)");
		options->top_given = true;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option output_option_table[] = {
	{ "format", 'f', "FORMAT", 0, " (default table)", 1 },
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "cpu, wait, off, rss, peak, swap, faults, switches, read, write, stall, starts, name "
	  "(default cpu)",
	  1 },
	{ "top", OPT_TOP, "N", 0, "Rows; the rest is one row (default: as fits, 0: all)", 1 },
	{ 0 },
};

/* The formats are listed where they are defined; argp frees what is not its own text. */
static char *help_text(int key, const char *text, void *input)
{
	struct buf help;

	if (key != 'f')
		return (char *)text;
	buf_init(&help, 256);
	view_formats_list(&help, NULL);
	buf_add(&help, text, strlen(text) + 1);
	if (!help.err)
		return help.data;
	buf_done(&help);
	return (char *)text;
}

const struct argp output_argp = {
	.options = output_option_table,
	.parser = parse_output,
	.help_filter = help_text,
};

void output_fit(struct output_options *options)
{
	struct winsize size = { 0 };
	const char *no_colour = getenv("NO_COLOR");

	if (options->format != VIEW_TABLE || !isatty(STDOUT_FILENO))
		return;
	options->list.colour = !no_colour || !no_colour[0];
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return;
	options->list.width = size.ws_col;
	if (options->top_given || size.ws_row <= TOP_LEAST)
		return;
	options->height = size.ws_row - 1; /* the prompt has the last one */
	options->list.top = options->height;
}

int output_bytes(const struct buf *bytes, const char *who)
{
	int err = bytes->err ? bytes->err : io_write(STDOUT_FILENO, bytes->data, bytes->len);

	if (err == -EPIPE) /* head has seen enough */
		return 0;
	if (err)
		fprintf(stderr, "%s: cannot write the result: %s%s\n", who, err_name(err),
			err_write_remedy(err));
	return err;
}

static size_t count_lines(const struct buf *out)
{
	size_t i, n = 0;

	for (i = 0; i < out->len; i++)
		n += out->data[i] == '\n';
	return n;
}

/* Of what else there is, slow waits and OOM kills, only the encoder knows. False: it fits. */
static bool fewer_rows(struct list_options *list, const struct buf *out, unsigned int height)
{
	size_t lines = count_lines(out), over;

	if (!height || out->err || lines <= height || list->top <= TOP_LEAST)
		return false;
	over = lines - height;
	list->top = over + TOP_LEAST < list->top ? list->top - over : TOP_LEAST;
	return true;
}

int output_view(const struct view *view, const struct output_options *options, const char *who)
{
	struct list_options list = options->list;
	struct buf out;
	const struct encode_ctx ctx = {
		.out = &out, .view = view, .list = &list, .families = options->families
	};
	int err;

	buf_init(&out, PAGE_MAX);
	view_formats[options->format].encode(&ctx);
	while (fewer_rows(&list, &out, options->height)) {
		buf_clear(&out);
		view_formats[options->format].encode(&ctx);
	}
	err = output_bytes(&out, who);
	buf_done(&out);
	return err;
}
