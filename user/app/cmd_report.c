// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_report.c - owns `vigie report`: a session file, shown in one of the formats.
 *
 * Needs no privilege and reads nothing but the files it is given. Files of --debug-dir are read by
 * the symbolizer alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/output.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "profile/resymbolize.h"
#include "record/session_file.h"
#include "report/formats.h"
#include "sandbox/confine.h"

enum { OPT_VIEW = 1400, OPT_DIFF, OPT_TOP, OPT_DEBUG_DIR };
enum { OUTPUT_MAX = 256 << 20 };

static const char who[] = "vigie report";

struct report_options {
	const struct report_format *format;
	unsigned int views; /* 0: not said */
	const char *file, *before, *output;
	struct profile_text_options text;
	struct resymbolize_config resymbolize;
};

/* For a message, after which the program ends. */
static const char *formats_listed(bool comparing)
{
	static char text[256];
	struct buf names;

	buf_init(&names, sizeof(text) - 1);
	report_formats_list(&names, comparing);
	snprintf(text, sizeof(text), "%.*s", (int)names.len, names.data ? names.data : "");
	buf_done(&names);
	return text;
}

static void parse_format(struct argp_state *state, struct report_options *options, const char *arg)
{
	options->format = report_format_by_name(arg);
	if (!options->format)
		refuse_value(state, "--format", arg, formats_listed(false));
}

static void parse_view(struct argp_state *state, struct report_options *options, const char *arg)
{
	unsigned int view;

	for (view = 0; view < PROFILE_VIEWS; view++)
		if (!strcmp(arg, profile_view_name(view)))
			break;
	if (view == PROFILE_VIEWS)
		refuse_value(state, "--view", arg, "cpu, offcpu, runq, wakers or faults");
	options->views |= 1U << view;
}

static void add_debug_dir(struct argp_state *state, struct report_options *options, const char *arg)
{
	if (options->resymbolize.ndirs == RESYMBOLIZE_DIRS_MAX)
		refuse_value(state, "--debug-dir", arg, "one of at most 16 directories");
	options->resymbolize.dirs[options->resymbolize.ndirs++] = arg;
}

static error_t parse_report(int key, char *arg, struct argp_state *state)
{
	struct report_options *options = state->input;

	switch (key) {
	case 'f': parse_format(state, options, arg); return 0;
	case OPT_VIEW: parse_view(state, options, arg); return 0;
	case OPT_DIFF: options->before = arg; return 0;
	case OPT_DEBUG_DIR: add_debug_dir(state, options, arg); return 0;
	case 'o': options->output = arg; return 0;
	case OPT_TOP:
		options->text.top = option_number(state, "--top", arg, 1, 1000,
						  "a number from 1 to 1000");
		return 0;
	case ARGP_KEY_ARG:
		if (options->file)
			refuse_value(state, "argument", arg, "expected: one session file is");
		options->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options->file)
			argp_error(state, "which session file? `vigie record` makes one");
		if (options->views && options->format->all_views)
			argp_error(state, "--view does not go with --format %s, which has them all",
				   options->format->name);
		if (options->before && !options->format->compares)
			argp_error(state, "--diff does not go with --format %s: %s",
				   options->format->name, formats_listed(true));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option report_option_table[] = {
	{ "format", 'f', "FORMAT", 0, "text (default), html, folded, pprof, speedscope, json", 1 },
	{ "view", OPT_VIEW, "VIEW", 0,
	  "cpu (default of folded), offcpu, runq, wakers, faults; may be repeated; not with html, json",
	  1 },
	{ "diff", OPT_DIFF, "FILE", 0, "Compare with this earlier session (text, html, folded)",
	  1 },
	{ "top", OPT_TOP, "N", 0, "Rows of each table of text (default 8)", 1 },
	{ "debug-dir", OPT_DEBUG_DIR, "DIR", 0,
	  "Take names and source lines from ELF files below it, by build id; may be repeated", 1 },
	{ "output", 'o', "FILE", 0, "Write there instead of standard output", 1 },
	{ 0 },
};

static int read_whole(const char *path, char **ret, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err = 0;
	struct stat st;
	size_t at = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > SESSION_FILE_MAX)
		err = S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
	*ret = err ? NULL : malloc(st.st_size + 1);
	if (!err && !*ret)
		err = -ENOMEM;
	while (!err && at < (size_t)st.st_size && n > 0) {
		n = read(fd, *ret + at, st.st_size - at);
		if (n < 0)
			err = -errno;
		at += n > 0 ? n : 0;
	}
	close(fd);
	*ret_len = at;
	return err;
}

static int report_load(const char *path, struct profile **ret)
{
	const char *why = "it cannot be read";
	char shown[512], *data = NULL;
	size_t len = 0;
	int err = read_whole(path, &data, &len);

	if (!err)
		err = session_file_decode(data, len, ret, &why);
	free(data);
	if (err) {
		text_sanitise(shown, sizeof(shown), path, strlen(path));
		fprintf(stderr, "%s: %s: %s: %s\n", who, shown, why, err_name(err));
	}
	return err;
}

/* What the session's host could not name. */
static int name_later(const struct report_options *options, struct profile *p)
{
	const char *what, *dir;
	struct resymbolize_stat stat;
	char shown[512];
	int err;

	if (!options->resymbolize.ndirs)
		return 0;
	err = resymbolize_name(p, &options->resymbolize, &stat, &what, &dir);
	text_sanitise(shown, sizeof(shown), dir ? dir : "", dir ? strlen(dir) : 0);
	if (err)
		fprintf(stderr, "%s: cannot %s%s%s: %s\n", who, what, dir ? ": " : "", shown,
			err_name(err));
	else
		fprintf(stderr,
			"%s: debug files of %u of %u modules found: %llu names and %llu source "
			"lines more\n",
			who, stat.found, stat.wanted, (unsigned long long)stat.names,
			(unsigned long long)stat.lines);
	if (!err && stat.cut) {
		text_sanitise(shown, sizeof(shown), stat.cut, strlen(stat.cut));
		fprintf(stderr,
			"%s: %s: it holds too many files, and not all were looked at: name a "
			"directory below it\n",
			who, shown);
	}
	return err;
}

static int report_emit(const struct report_options *options, const struct buf *out)
{
	char shown[512];
	int fd, err;

	if (!options->output)
		return output_bytes(out, who);
	fd = open(options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	err = fd < 0 ? -errno : io_write(fd, out->data, out->len);
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	text_sanitise(shown, sizeof(shown), options->output, strlen(options->output));
	if (err)
		fprintf(stderr, "%s: cannot write %s: %s%s\n", who, shown, err_name(err),
			err_write_remedy(err));
	return err;
}

static int report_run(const struct report_options *options)
{
	struct profile *p = NULL, *before = NULL;
	struct buf out;
	struct report_ctx ctx = { &out, .views = options->views, .text = &options->text };
	int err = report_load(options->file, &p);

	if (!err && options->before)
		err = report_load(options->before, &before);
	if (!err)
		err = name_later(options, p);
	if (!err && before)
		err = name_later(options, before);
	buf_init(&out, OUTPUT_MAX);
	if (!err) {
		ctx.profile = p;
		ctx.before = before;
		options->format->encode(&ctx);
		err = out.err;
		if (err)
			fprintf(stderr, "%s: the result does not fit: %s\n", who, err_name(err));
	}
	if (!err)
		err = report_emit(options, &out);
	buf_done(&out);
	profile__free(p);
	profile__free(before);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_report(int argc, char **argv)
{
	const struct argp argp = {
		.options = report_option_table,
		.parser = parse_report,
		.args_doc = "FILE",
		.doc = "Shows a profiling session that `vigie record` made."
		       "\vExamples:\n"
		       "  vigie report s.vigie\n"
		       "  vigie report s.vigie -f html -o s.html\n"
		       "  vigie report s.vigie -f folded --view offcpu | flamegraph.pl > off.svg\n"
		       "  vigie report s.vigie -f pprof -o s.pb.gz && go tool pprof -top s.pb.gz\n"
		       "  vigie report today.vigie --diff yesterday.vigie\n"
		       "  vigie report s.vigie --debug-dir /srv/debug",
	};
	struct report_options options = { .format = &report_formats[0],
					  .text = { .top = 8, .width = 100 },
					  .resymbolize = { .confine = confine_symbolizer } };
	struct winsize size;

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	options.text.views = options.views;
	options.text.colour = !options.output && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 60)
		options.text.width = size.ws_col;
	if (options.format->binary && !options.output && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "%s: %s is binary: give --output FILE\n", who,
			options.format->name);
		return EXIT_USAGE;
	}
	return report_run(&options);
}
