// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_serve.c - owns `vigie serve`: the order of starting and stopping.
 *
 *	address, facts, plan -> bind -> writer -> load, attach -> give up privileges -> serve
 *
 * The port comes before all else, so that a second instance disturbs nothing; the writer is
 * forked while there is no BPF object that it could hold on to; privileges go before the first
 * byte of a stranger is read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/families_option.h"
#include "app/options.h"
#include "app/services_options.h"
#include "base/err.h"
#include "base/units.h"
#include "daemon/notify.h"
#include "daemon/pipeline_live.h"
#include "daemon/port_owner.h"
#include "daemon/server.h"
#include "daemon/services.h"
#include "http/http.h"
#include "sandbox/confine.h"

enum { OPT_INSECURE = 1200, OPT_USER, OPT_MAX_GROUPS, OPT_LINGER, OPT_PEAK_WINDOW };

#define DEFAULT_LISTEN "127.0.0.1:9838"

static const char who[] = "vigie serve";

struct serve_options {
	struct pipeline_options common;
	struct services_options services;
	struct http_address listen[HTTP_LISTENERS_MAX];
	unsigned int nlisten;
	bool insecure;
	const char *user;
	bool change_user; /* we are root */
	uid_t uid; /* as whom to serve and write */
	gid_t gid;
	struct server_config server;
	struct model_config model;
};

static void parse_listen(struct argp_state *state, struct serve_options *options, const char *arg)
{
	const char *why;

	if (options->nlisten == HTTP_LISTENERS_MAX)
		refuse_value(state, "--listen", arg, "possible: four addresses are the most");
	if (http_address_parse(arg, &options->listen[options->nlisten], &why))
		refuse_value(state, "--listen", arg, why);
	options->nlisten++;
}

/* Now, not when everything else is ready: a mistake is told at once. */
static void parse_user(struct argp_state *state, struct serve_options *options, const char *arg)
{
	uid_t uid;
	gid_t gid;

	if (confine_find_user(arg, &uid, &gid))
		refuse_value(state, "--user", arg, "an unprivileged user of this host");
	options->user = arg;
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
	struct serve_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->common;
		state->child_inputs[1] = &options->services;
		state->child_inputs[2] = &options->server.families;
		return 0;
	case 'l': parse_listen(state, options, arg); return 0;
	case 'i':
		options->server.interval_ns =
			option_duration(state, "--interval", arg, NS_PER_S / 10, 60 * NS_PER_S,
					"a duration from 100ms to 60s, such as 5s");
		return 0;
	case OPT_INSECURE: options->insecure = true; return 0;
	case OPT_USER: parse_user(state, options, arg); return 0;
	case OPT_MAX_GROUPS:
		options->model.max_groups = option_number(state, "--max-groups", arg, 2, 10000,
							  "a number from 2 to 10000");
		return 0;
	case OPT_LINGER:
		options->model.linger_ns = option_duration(state, "--linger", arg, NS_PER_S,
							   86400 * NS_PER_S,
							   "a duration from 1s to 1d, such as 5m");
		return 0;
	case OPT_PEAK_WINDOW:
		options->model.peak_window_ns =
			option_duration(state, "--peak-window", arg, NS_PER_S, 3600 * NS_PER_S,
					"a duration from 1s to 1h, such as 60s");
		return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie serve takes options only");
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option serve_option_table[] = {
	{ "listen", 'l', "ADDR:PORT|unix:PATH", 0,
	  "Where to serve (default " DEFAULT_LISTEN "); up to four times", 1 },
	{ "allow-insecure", OPT_INSECURE, NULL, 0,
	  "Serve beyond loopback without encryption and credentials", 1 },
	{ "interval", 'i', "DURATION", 0, "A snapshot at least that often (default 5s)", 1 },
	{ "max-groups", OPT_MAX_GROUPS, "N", 0,
	  "Groups with series of their own, the rest is summed up (default 100)", 1 },
	{ "linger", OPT_LINGER, "DURATION", 0, "How long a gone group's series stay (default 5m)",
	  1 },
	{ "peak-window", OPT_PEAK_WINDOW, "DURATION", 0, "Window of memory peaks (default 60s)",
	  1 },
	{ "user", OPT_USER, "NAME", 0,
	  "Serve as this user (default vigie where it exists, else nobody)", 1 },
	{ 0 },
};

static void options_init(struct serve_options *options)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };

	memset(options, 0, sizeof(*options));
	pipeline_options_init(&options->common, keys, 2);
	services_options_init(&options->services);
	options->server.interval_ns = 5 * NS_PER_S;
	model_config_default(&options->model);
	options->model.balance_lag_ns = 10 * NS_PER_S;
}

/* Plain HTTP tells everyone on the way what runs here. */
static int check_addresses(const struct serve_options *options)
{
	char text[160];
	unsigned int i;

	for (i = 0; i < options->nlisten; i++) {
		if (options->listen[i].loopback || options->insecure)
			continue;
		http_address_format(&options->listen[i], text, sizeof(text));
		fprintf(stderr,
			"%s: --listen: '%s' is not a loopback address, and what is served is neither "
			"encrypted nor protected; use 127.0.0.1 or unix:PATH, or add --allow-insecure\n",
			who, text);
		return -EPERM;
	}
	return 0;
}

static int bind_addresses(const struct serve_options *options, struct http **ret)
{
	char text[160], occupant[200];
	unsigned int failed = 0;
	int err = http__bind(options->listen, options->nlisten, ret, &failed);

	if (!err)
		return 0;
	http_address_format(&options->listen[failed], text, sizeof(text));
	if (err != -EADDRINUSE) {
		fprintf(stderr, "%s: cannot listen on %s: %s\n", who, text, err_name(err));
		return err;
	}
	port_owner_find(&options->listen[failed], occupant, sizeof(occupant));
	fprintf(stderr,
		"%s: cannot listen on %s: %s holds it (%s); stop it or choose another --listen\n",
		who, text, occupant[0] ? occupant : "another process", err_name(err));
	return err;
}

/* Without root there is nobody else to become; the capabilities still go. */
static int choose_user(struct serve_options *options)
{
	int err;

	options->change_user = geteuid() == 0;
	options->uid = getuid();
	options->gid = getgid();
	if (!options->change_user)
		return 0;
	err = confine_find_user(options->user, &options->uid, &options->gid);
	if (err)
		fprintf(stderr, "%s: --user: '%s' is not an unprivileged user of this host: %s\n",
			who, options->user ? options->user : "nobody", err_name(err));
	return err;
}

static int give_up_privileges(const struct serve_options *options, const struct plan *plan)
{
	const struct confine_config config = {
		.role = CONFINE_SERVER,
		.uid = options->uid,
		.gid = options->gid,
		.already_unprivileged = !options->change_user,
		.keep_cap_bpf = plan->keep_cap_bpf,
	};
	const char *what;
	int err = confine(&config, &what);

	if (err)
		fprintf(stderr, "%s: cannot give up privileges: %s: %s\n", who, what,
			err_name(err));
	return err;
}

static void announce(const struct http *http, const struct serve_options *options,
		     struct logbook *book)
{
	char text[160];
	unsigned int i;

	for (i = 0; i < options->nlisten; i++) {
		const struct http_address *address = http__address(http, i);

		http_address_format(address, text, sizeof(text));
		logbook_say(book, SEVERITY_INFO, "serving", 0, "serving %s%s%s",
			    address->path[0] ? "" : "http://", text,
			    address->path[0] ? "" : "/metrics");
	}
}

static int serve_until_stopped(const struct serve_options *options, struct pipeline_live *live,
			       struct http *http, struct services *services, struct notify *notify)
{
	const struct server_parts parts = {
		.live = live,
		.http = http,
		.book = &services->book,
		.recorder = &services->recorder,
		.handler = &services->handler,
		.writer = services->writer,
		.profiler = services->profiler,
		.notify = notify,
	};
	struct server *server = NULL;
	int err = server__new(&options->server, &parts, &server);

	if (!err)
		err = server__start(server);
	if (err) {
		fprintf(stderr, "%s: cannot start: %s\n", who, err_name(err));
	} else {
		err = give_up_privileges(options, &live->plan);
		/* Once more as the one who will serve: what does not work now never will. */
		if (!err)
			err = server__snapshot(server);
		if (!err) {
			announce(http, options, &services->book);
			err = server__run(server);
			logbook_say(&services->book, err ? SEVERITY_CRITICAL : SEVERITY_INFO,
				    "stopping", err, err ? "cannot go on" : "stopping");
		}
	}
	server__free(server);
	return err;
}

/* With the port ours: from here on something of us is left to be closed. */
static int run_bound(struct serve_options *options, struct pipeline_live *live, struct http *http)
{
	char untold[NOTIFY_WHAT_LEN];
	struct notify notify;
	struct services services;
	int err_notify = notify_open(&notify, untold);
	int err = services_open(&services, &options->services, options->uid, options->gid,
				options->change_user, who);

	if (!err && err_notify)
		logbook_say(&services.book, SEVERITY_WARNING, "notify-off", err_notify,
			    "the service manager is not told how it goes: %s", untold);
	if (!err)
		err = pipeline_live_open(live, &options->common, &options->model, who);
	if (!err && live->unnamed)
		logbook_say(&services.book, SEVERITY_INFO, "names-off", live->unnamed,
			    "containers go by their ids: %s", live->unnamed_what);
	if (!err)
		err = serve_until_stopped(options, live, http, &services, &notify);
	services_done(&services);
	notify_done(&notify);
	return err;
}

static int serve_run(struct serve_options *options)
{
	struct http *http = NULL;
	struct pipeline_live live = { 0 };
	int err;

	err = check_addresses(options);
	if (!err)
		err = pipeline_live_prepare(&live, &options->common, who);
	if (!err)
		err = choose_user(options);
	if (!err)
		err = bind_addresses(options, &http);
	if (!err)
		err = run_bound(options, &live, http);
	http__free(http);
	pipeline_live_done(&live);
	return err;
}

int cmd_serve(int argc, char **argv)
{
	const struct argp_child children[] = { { &common_argp, 0, NULL, 0 },
					       { &services_argp, 0, NULL, 0 },
					       { &families_argp, 0, NULL, 0 },
					       { 0 } };
	const struct argp argp = {
		.options = serve_option_table,
		.parser = parse_serve,
		.doc = "Watches every process and serves OpenMetrics at /metrics, until SIGTERM."
		       "\vExamples:\n"
		       "  vigie serve\n"
		       "  vigie serve --listen unix:/run/vigie/metrics.sock\n"
		       "  curl -s http://" DEFAULT_LISTEN "/metrics | head",
		.children = children,
	};
	struct serve_options options;
	const char *why;

	options_init(&options);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	if (!options.nlisten)
		http_address_parse(DEFAULT_LISTEN, &options.listen[options.nlisten++], &why);
	if (!options.common.unit_ids)
		options.services.runtime_root = options.common.runtime_root;
	return serve_run(&options) ? EXIT_FAILURE : EXIT_SUCCESS;
}
