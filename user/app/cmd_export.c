// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_export.c - owns `vigie export`: a history as tables for Power BI and spreadsheets.
 *
 * One pass: each snapshot is judged as it was live, each stretch becomes rows. Not here: the tables
 * (export/star.h), the directory (daemon/export_dir.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/output.h"
#include "app/range_options.h"
#include "base/err.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "base/units.h"
#include "daemon/export_dir.h"
#include "daemon/findings_recorded.h"
#include "daemon/logbook.h"
#include "daemon/pipeline_recorded.h"
#include "daemon/state_dir.h"
#include "data/stretches.h"

enum { OPT_CSV = 1600, OPT_DIALECT, OPT_HOST, MANIFEST_MAX = 4096 };

#define DIALECTS "plain, excel, excel-fr or excel-de"

static const char who[] = "vigie export";

struct export_options {
	struct pipeline_options common;
	struct range_options range;
	const char *history, *to;
	const struct star_dialect *dialect;
	char host[65];
};

static const struct star_dialect *parse_dialect(const struct argp_state *state, const char *arg)
{
	unsigned int i;

	for (i = 0; i < STAR_DIALECTS; i++)
		if (!strcmp(star_dialects[i].name, arg))
			return &star_dialects[i];
	refuse_value(state, "--dialect", arg, DIALECTS);
}

static error_t parse_export(int key, char *arg, struct argp_state *state)
{
	struct export_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		state->child_inputs[1] = &options->range;
		return 0;
	case OPT_CSV: options->to = arg; return 0;
	case OPT_DIALECT: options->dialect = parse_dialect(state, arg); return 0;
	case OPT_HOST:
		if (!*arg)
			refuse_value(state, "--host", arg, "the name of a host");
		text_sanitise(options->host, sizeof(options->host), arg, strlen(arg));
		return 0;
	case ARGP_KEY_ARG:
		if (options->history)
			refuse_value(state, "argument", arg, "expected: one directory is enough");
		options->history = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options->to)
			argp_error(state, "--csv is missing: the directory to write to");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option export_option_table[] = {
	{ "csv", OPT_CSV, "DIR", 0,
	  "Write the tables there: a directory that is empty, not there yet, or an export", 0 },
	{ "dialect", OPT_DIALECT, "NAME", 0,
	  "For whom: plain (default), excel, excel-fr or excel-de (semicolons, decimal commas)",
	  0 },
	{ "host", OPT_HOST, "NAME", 0,
	  "The host that the history is of (default: this one); keys are made with it", 0 },
	{ 0 },
};

struct export
{
	const struct export_options *options;
	struct pipeline_recorded recorded;
	struct findings_recorded found;
	struct stretches stretches;
	struct star *star;
	struct export_dir dir;
};

static int made(int err)
{
	if (err)
		fprintf(stderr, "%s: cannot make the tables: %s%s\n", who, err_name(err),
			err == -E2BIG ? ": too many different groups; export a shorter time, or "
					"group by less (--group-by)"
				      : "");
	return err;
}

/* What came of one step of the stretches, n, and what is to be written if that is 1. */
static int put(struct export *export, int n, const struct view *const *view)
{
	int err = n > 0 ? star__view(export->star, *view) : n;

	return made(err) ? err : export_dir_put(&export->dir, export->star, who);
}

static int put_findings(struct export *export)
{
	const struct finding *const *findings;
	bool in_range = replay__in_range(export->recorded.source);
	size_t i, n;
	int err = findings_recorded_step(&export->found, &export->recorded, &findings, &n);

	for (i = 0; !err && i < n && in_range; i++)
		err = star__finding(export->star, findings[i]);
	return made(err);
}

static int export_all(struct export *export)
{
	struct pipeline_recorded *recorded = &export->recorded;
	const struct view *view;
	int n = 0, err = 0;

	while (!err && (n = pipeline_recorded_step(recorded, who)) > 0) {
		err = put_findings(export);
		if (!err && replay__in_range(recorded->source))
			err = put(export, stretches_add(&export->stretches, recorded->view, &view),
				  &view);
	}
	err = err ? err : n;
	if (!err)
		err = put(export, stretches_end(&export->stretches, recorded->view, &view), &view);
	if (!err)
		err = made(star__finish(export->star));
	return err ? err : export_dir_put(&export->dir, export->star, who);
}

static int commit(struct export *export)
{
	const struct export_options *options = export->options;
	struct json j = { 0 };
	enum star_table t;
	struct buf manifest;
	int err;

	buf_init(&manifest, MANIFEST_MAX);
	j.out = &manifest;
	json_open(&j, NULL, '{');
	json_text(&j, "schema", EXPORT_DIR_SCHEMA);
	json_text(&j, "host", options->host);
	json_text(&j, "dialect", options->dialect->name);
	json_open(&j, "rows", '{');
	for (t = 0; t < STAR_TABLES; t++)
		json_u64(&j, star_table_names[t], star__rows(export->star, t));
	json_close(&j, '}');
	json_close(&j, '}');
	buf_char(&manifest, '\n');
	err = export_dir_commit(&export->dir, &manifest, who);
	buf_done(&manifest);
	return err;
}

static void tell(const struct export *export)
{
	enum star_table t;

	for (t = 0; t < STAR_TABLES; t++)
		printf("%s/%s.csv: %llu rows\n", export->options->to, star_table_names[t],
		       (unsigned long long)star__rows(export->star, t));
}

static int export_opened(struct export *export)
{
	const struct export_options *options = export->options;
	int err = findings_recorded_init(&export->found, options->history, who);

	if (!err) {
		export->star = star__new(options->dialect, options->host);
		err = made(export->star
				   ? stretches_init(&export->stretches, options->range.every_ns)
				   : -ENOMEM);
	}
	err = err ? err : export_dir_open(&export->dir, options->to, who);
	err = err ? err : export_all(export);
	err = err ? err : commit(export);
	if (!err)
		tell(export);
	pipeline_recorded_tell_skipped(&export->recorded, who);
	export_dir_abort(&export->dir);
	stretches_done(&export->stretches);
	star__free(export->star);
	findings_recorded_done(&export->found);
	return err;
}

static int export_run(const struct export_options *options)
{
	struct export export = { .options = options };
	struct model_config config;
	int err;

	model_config_default(&config);
	config.balance_lag_ns = 10 * NS_PER_S; /* as `vigie serve` has it */
	err = pipeline_recorded_open(&export.recorded, options->history, &options->range.range,
				     &options->common, &config, who);
	if (err)
		return err;
	err = export_opened(&export);
	pipeline_recorded_done(&export.recorded);
	return err;
}

static void options_init(struct export_options *options)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };
	struct logbook book;

	memset(options, 0, sizeof(*options));
	range_options_init(&options->range);
	pipeline_options_init(&options->common, keys, 2);
	options->dialect = &star_dialects[0];
	logbook_init(&book);
	memcpy(options->host, book.origin.host_name, sizeof(options->host));
	logbook_done(&book);
}

int cmd_export(int argc, char **argv)
{
	const struct argp_child children[] = { { &group_argp, 0, NULL, 0 },
					       { &range_argp, 0, NULL, 0 },
					       { 0 } };
	const struct argp argp = {
		.options = export_option_table,
		.parser = parse_export,
		.args_doc = "[DIR]",
		.doc = "Writes a history as CSV tables with keys, for Power BI, Excel and whoever "
		       "reads such: hosts, units, groups, calendar, samples, delays, findings. DIR "
		       "is the state directory of 'vigie serve' (default " STATE_DIR_DEFAULT
		       "), an incident, or a copy of either."
		       "\vExamples:\n"
		       "  vigie export --csv report --from 08:00 --to 18:00 --every 1m\n"
		       "  vigie export --csv rapport --dialect excel-fr --group-by unit\n"
		       "  vigie export --csv report --host web-1 copied/from/web-1",
		.children = children,
	};
	struct export_options options;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	if (!options.history)
		options.history = STATE_DIR_DEFAULT;
	return export_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
