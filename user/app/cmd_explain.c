// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_explain.c - owns `vigie explain`: what the log, the rules and the history say of one
 * finding, as a story.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/curve.h"
#include "app/output.h"
#include "base/err.h"
#include "base/units.h"
#include "base/when.h"
#include "daemon/pipeline_recorded.h"
#include "daemon/profiler_wire.h"
#include "daemon/state_dir.h"
#include "detect/detect.h"
#include "log/findings_log.h"

enum { STORY_MAX = 1 << 20, HISTORY_MAX = 200, OPT_LOG_FILE = 1500, OPT_RECORDING };

#define BEFORE_NS (300 * NS_PER_S)
#define AFTER_NS (30 * NS_PER_S)

static const char who[] = "vigie explain";

struct explain_options {
	const char *id, *directory, *log_file;
};

struct story {
	struct finding_event last; /* the last word on the finding itself */
	struct finding_life life;
	unsigned int events;
	struct buf history;
};

static void explain_take(void *ctx, const struct finding_event *e)
{
	struct story *s = ctx;
	char when[20];

	if (s->events++ < HISTORY_MAX) {
		when_format(e->wall_ns, when);
		buf_printf(&s->history, "  %s  %-8s %s\n", when, e->level, e->message);
	}
	if (finding_event_is_of_life(e) && finding_life_take(&s->life, e))
		s->last = *e;
}

static void put_value(struct buf *out, double value, const char *unit)
{
	if (!strcmp(unit, "ratio"))
		buf_printf(out, "%.0f %%", 100 * value);
	else if (!strcmp(unit, "bytes"))
		buf_printf(out, "%.1f MiB", value / (1 << 20));
	else
		buf_printf(out, "%.3g%s%s", value, strcmp(unit, "1") ? " " : "",
			   strcmp(unit, "1") ? unit : "");
}

static void put_actor(struct buf *out, const struct actor *a)
{
	buf_printf(out, "%s%s%s", a->unit, a->unit[0] && a->comm[0] ? "/" : "", a->comm);
	if (a->pid)
		buf_printf(out, " pid %u", a->pid);
}

static void put_head(const struct story *s, const struct rule *rule, struct buf *out)
{
	const struct finding_event *e = &s->last;
	char since[20], end[20];

	when_format(s->life.since_ns, since);
	when_format(s->life.last_ns, end);
	buf_printf(out, "finding %s, pattern %s: %s\n  %s\n", e->id, e->pattern, e->rule,
		   e->message);
	buf_printf(out, "  since %s, %s %s\n", since, s->life.end_ns ? "over at" : "last seen",
		   end);
	buf_str(out, "  observed ");
	put_value(out, e->observed, e->unit);
	buf_str(out, ", at worst ");
	put_value(out, e->worst, e->unit);
	buf_str(out, ", expected ");
	put_value(out, e->expected, e->unit);
	buf_printf(out, "; confidence %.2f; %s\n", e->confidence, e->level);
	if (rule)
		buf_printf(out, "  the rule: %s\n", rule->decides);
}

static void put_people(const struct finding_event *e, struct buf *out)
{
	unsigned int i;

	if (e->nculprits)
		buf_str(out, "\nculprits\n");
	for (i = 0; i < e->nculprits; i++) {
		buf_printf(out, "  %3.0f %%  ", 100 * e->culprits[i].share);
		put_actor(out, &e->culprits[i].who);
		buf_printf(out, ": %s\n", e->did[i]);
	}
	if (!e->nparents)
		return;
	buf_str(out, "\nparents\n  ");
	put_actor(out, &e->who);
	for (i = 0; i < e->nparents; i++) {
		buf_str(out, " <- ");
		put_actor(out, &e->parents[i]);
	}
	buf_char(out, '\n');
}

/* The incident's own history, where there is one; else that of the state directory. */
static void put_curve(const struct story *s, const struct rule *rule, const char *directory,
		      struct buf *out)
{
	struct replay_range range = {
		.from_wall_ns = s->life.since_ns > BEFORE_NS ? s->life.since_ns - BEFORE_NS : 1,
		.to_wall_ns = s->life.last_ns + AFTER_NS,
	};
	struct pipeline_options options;
	struct model_config config;
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };
	char path[4096];
	struct curve curve;
	struct pipeline_recorded recorded;
	int err;

	snprintf(path, sizeof(path), "%s/" STATE_DIR_INCIDENTS "/%s", directory, s->last.id);
	if (access(path, F_OK))
		snprintf(path, sizeof(path), "%s", directory);
	pipeline_options_init(&options, keys, 2);
	model_config_default(&config);
	if (pipeline_recorded_open(&recorded, path, &range, &options, &config, who))
		return; /* it has said why; the rest of the story stands */
	err = curve_init(&curve, range.from_wall_ns, range.to_wall_ns, rule, &s->last.who);
	if (err)
		fprintf(stderr, "%s: cannot draw the curve: %s\n", who, err_name(err));
	while (!err && pipeline_recorded_step(&recorded, who) > 0) {
		if (recorded.began)
			curve_restart(&curve);
		curve_add(&curve, recorded.view);
	}
	if (curve.samples)
		buf_printf(out, "\n%s, %u samples of %s\n", rule->quantity, curve.samples, path);
	curve_draw(&curve, rule->unit, out);
	curve_done(&curve);
	pipeline_recorded_tell_skipped(&recorded, who);
	pipeline_recorded_done(&recorded);
}

/* What the profiler saw as it began. */
static void put_session(const struct story *s, const char *directory, struct buf *out)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/" STATE_DIR_INCIDENTS "/%s/" PROFILER_FILE, directory,
		 s->last.id);
	if (!access(path, F_OK))
		buf_printf(out, "\nwhere it was in its code\n  vigie report %s\n", path);
}

static int explain_tell(const struct story *s, const char *directory)
{
	const struct rule *rule = detect_rule_by_id(s->last.rule);
	struct buf out;
	int err;

	buf_init(&out, STORY_MAX);
	put_head(s, rule, &out);
	if (rule) /* else a later vigie found it: what its quantity is we do not know */
		put_curve(s, rule, directory, &out);
	put_people(&s->last, &out);
	put_session(s, directory, &out);
	if (rule)
		buf_printf(&out, "\nwhat to do\n  %s\n", rule->remedy);
	buf_str(&out, "\nhistory\n");
	buf_add(&out, s->history.data, s->history.len);
	if (s->events > HISTORY_MAX)
		buf_printf(&out, "  and %u events more\n", s->events - HISTORY_MAX);
	err = output_bytes(&out, who);
	buf_done(&out);
	return err;
}

static void take_any(void *ctx, const struct finding_event *e)
{
	struct buf *out = ctx;
	char when[20];

	if (strcmp(e->action, "finding-start"))
		return;
	when_format(e->wall_ns, when);
	buf_printf(out, "%s  %s  %-8s %s\n", e->id, when, e->level, e->message);
}

/* Without an id: which there are. */
static int list(const struct log_place *place)
{
	struct buf out;
	int err;

	buf_init(&out, 64 << 20);
	err = findings_log_read(place, NULL, who, take_any, &out);
	if (!err && !out.len)
		fprintf(stderr, "%s: no findings in '%s'\n", who, place->path);
	else if (!err)
		err = output_bytes(&out, who);
	buf_done(&out);
	return err;
}

static int explain_run(const struct explain_options *options)
{
	struct story story = { .events = 0 };
	struct log_place place;
	int err = log_place_open(&place, options->directory, options->log_file, who);

	if (err)
		return err;
	buf_init(&story.history, STORY_MAX);
	err = options->id ? findings_log_read(&place, options->id, who, explain_take, &story)
			  : list(&place);
	if (!err && options->id && !story.life.known)
		fprintf(stderr,
			"%s: no finding '%s' in '%s'; 'vigie explain' lists those there are\n", who,
			options->id, place.path);
	else if (!err && options->id)
		err = explain_tell(&story, options->directory);
	buf_done(&story.history);
	log_place_close(&place);
	return err || (options->id && !story.life.known) ? -ENOENT : 0;
}

static error_t parse_explain(int key, char *arg, struct argp_state *state)
{
	struct explain_options *options = state->input;

	switch (key) {
	case 'r': options->directory = arg; return 0;
	case OPT_RECORDING:
		options->directory = arg;
		option_renamed(state, "--recording", "--state-dir");
		return 0;
	case OPT_LOG_FILE: options->log_file = arg; return 0;
	case ARGP_KEY_ARG:
		if (options->id || strlen(arg) != FINDING_ID_LEN - 1 ||
		    strspn(arg, "0123456789abcdef") != FINDING_ID_LEN - 1)
			refuse_value(state, "ID", arg, "the 12 hex digits of one finding");
		options->id = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int cmd_explain(int argc, char **argv)
{
	static const struct argp_option table[] = {
		{ "state-dir", 'r', "DIR", 0, "Of 'vigie serve' (default " STATE_DIR_DEFAULT ")",
		  0 },
		{ "recording", OPT_RECORDING, "DIR", OPTION_HIDDEN, NULL, 0 },
		{ "log-file", OPT_LOG_FILE, "FILE", 0, "As it was given to 'vigie serve'", 0 },
		{ 0 },
	};
	const struct argp argp = {
		.options = table,
		.parser = parse_explain,
		.args_doc = "[ID]",
		.doc = "Explains a finding: what, since when, because of whom, its curve "
		       "and what to do. Without ID: lists the findings there are."
		       "\vExamples:\n"
		       "  vigie explain\n"
		       "  vigie explain ccc305f212bb",
	};
	struct explain_options options = { .directory = STATE_DIR_DEFAULT };

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	return explain_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
