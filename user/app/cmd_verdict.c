// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_verdict.c - owns `vigie verdict`: what a person says of a finding, put where the running
 * vigie takes it up, or into the log by ourselves where none runs.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "daemon/logbook.h"
#include "daemon/state_dir.h"
#include "daemon/verdicts.h"
#include "log/encode.h"
#include "log/findings_log.h"
#include "log/log_file.h"

enum { OPT_LOG_FILE = 1500, OPT_RECORDING };

static const char who[] = "vigie verdict";

struct verdict_options {
	const char *id, *directory, *log_file, *note;
	enum verdict_kind kind;
	bool kind_given;
};

static void take_pattern(void *ctx, const struct finding_event *e)
{
	struct verdict *v = ctx;

	if (!strncmp(e->action, "finding-", 8))
		snprintf(v->pattern, sizeof(v->pattern), "%s", e->pattern);
}

/* Who asked, not whom sudo made of him. One word, whatever the environment says. */
static void name_author(char *dst, size_t size)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *pw = name && *name ? getpwnam(name) : getpwuid(getuid());
	char *c;

	snprintf(dst, size, "%s", pw ? pw->pw_name : "?");
	for (c = dst; *c; c++)
		if (*c == ' ')
			*c = '_';
}

/* Nobody else writes there: the linked event is ours to write. */
static int log_verdict(const struct log_place *place, const struct verdict *v)
{
	struct logbook book;
	struct log_file *log;
	char message[FINDING_NOTE_LEN + 200];
	const struct event event = {
		.kind = EVENT_VERDICT,
		.level = SEVERITY_INFO,
		.wall_ns = v->wall_ns,
		.action = "verdict",
		.message = message,
		.verdict = v,
	};
	int err = log_file__open(place->dirfd, place->name, NULL, &log);

	if (err)
		return err;
	logbook_init(&book);
	verdict_message(v, message, sizeof(message));
	event_ecs_encode(&book.scratch, &event, &book.origin);
	err = book.scratch.err ? book.scratch.err : log_file__write(log, &book.scratch);
	if (!err)
		err = log_file__sync(log);
	log_file__free(log);
	logbook_done(&book);
	return err;
}

static int verdict_pass(int dirfd, const struct log_place *place,
			const struct verdict_options *options, struct verdict *v)
{
	int lock = -1, held = state_dir_lock(dirfd, &lock), err;

	err = verdict_append(dirfd, v);
	if (!err && !held)
		err = log_verdict(place, v);
	if (lock >= 0)
		close(lock);
	if (err) {
		fprintf(stderr, "%s: cannot write to '%s': %s%s\n", who, options->directory,
			err_name(err), err_write_remedy(err));
		return err;
	}
	printf("pattern %s of finding %s is %s%s\n", v->pattern, v->finding, verdict_name(v->kind),
	       held ? "; the running vigie takes it up with its next snapshot" : "");
	return 0;
}

static int verdict_run(const struct verdict_options *options)
{
	int dirfd = io_open_dir(options->directory), err;
	struct verdict v = { .kind = options->kind };
	struct log_place place;

	if (dirfd < 0) {
		fprintf(stderr, "%s: cannot open '%s': %s\n", who, options->directory,
			err_name(dirfd));
		return dirfd;
	}
	err = log_place_open(&place, options->directory, options->log_file, who);
	if (err) {
		close(dirfd);
		return err;
	}
	v.wall_ns = clock_wall_ns();
	snprintf(v.finding, sizeof(v.finding), "%s", options->id);
	if (options->note && *options->note)
		text_sanitise(v.note, sizeof(v.note), options->note, strlen(options->note));
	name_author(v.by, sizeof(v.by));
	err = findings_log_read(&place, options->id, who, take_pattern, &v);
	if (!err && !v.pattern[0])
		fprintf(stderr,
			"%s: no finding '%s' in '%s'; 'vigie explain' lists those there are\n", who,
			options->id, place.path);
	else if (!err)
		err = verdict_pass(dirfd, &place, options, &v);
	log_place_close(&place);
	close(dirfd);
	return err || !v.pattern[0] ? -EINVAL : 0;
}

static void parse_kind(const struct argp_state *state, struct verdict_options *options,
		       const char *arg)
{
	enum verdict_kind kind;

	for (kind = 0; kind < VERDICTS; kind++) {
		if (strcmp(arg, verdict_name(kind)))
			continue;
		options->kind = kind;
		options->kind_given = true;
		return;
	}
	refuse_value(state, "VERDICT", arg, "benign, malicious or revoked");
}

static error_t parse_verdict(int key, char *arg, struct argp_state *state)
{
	struct verdict_options *options = state->input;

	switch (key) {
	case 'r': options->directory = arg; return 0;
	case OPT_RECORDING:
		options->directory = arg;
		option_renamed(state, "--recording", "--state-dir");
		return 0;
	case 'n': options->note = arg; return 0;
	case OPT_LOG_FILE: options->log_file = arg; return 0;
	case ARGP_KEY_ARG:
		if (options->id) {
			parse_kind(state, options, arg);
			return 0;
		}
		if (strlen(arg) != FINDING_ID_LEN - 1 ||
		    strspn(arg, "0123456789abcdef") != FINDING_ID_LEN - 1)
			refuse_value(state, "ID", arg, "the 12 hex digits of a finding");
		options->id = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options->kind_given)
			argp_error(state, "expected: ID benign|malicious|revoked");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int cmd_verdict(int argc, char **argv)
{
	static const struct argp_option table[] = {
		{ "state-dir", 'r', "DIR", 0, "Of 'vigie serve' (default " STATE_DIR_DEFAULT ")",
		  0 },
		{ "recording", OPT_RECORDING, "DIR", OPTION_HIDDEN, NULL, 0 },
		{ "log-file", OPT_LOG_FILE, "FILE", 0, "As it was given to 'vigie serve'", 0 },
		{ "note", 'n', "TEXT", 0, "Why: goes into the log", 0 },
		{ 0 },
	};
	const struct argp argp = {
		.options = table,
		.parser = parse_verdict,
		.args_doc = "ID benign|malicious|revoked",
		.doc = "Says of a finding what it is. From then on findings of the same pattern (rule, "
		       "unit and name, whatever the pid) are silent if benign, errors if malicious, "
		       "until that is revoked. An event that says so goes into the log."
		       "\vExamples:\n"
		       "  vigie verdict ccc305f212bb benign --note 'the nightly simulation'\n"
		       "  vigie verdict ccc305f212bb revoked",
	};
	struct verdict_options options = { .directory = STATE_DIR_DEFAULT };

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	return verdict_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
