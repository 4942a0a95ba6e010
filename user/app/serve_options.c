// SPDX-License-Identifier: GPL-2.0-only
/* serve_options.c - owns reading the command line of `vigie serve`. */
#include "app/serve_options.h"

#include <stdlib.h>
#include <string.h>

#include "app/families_option.h"
#include "app/serve_config.h"
#include "app/services_options.h"
#include "app/web_options.h"
#include "base/parse.h"
#include "base/units.h"
#include "sandbox/confine.h"

enum {
	OPT_INSECURE = 1200,
	OPT_USER,
	OPT_MAX_GROUPS,
	OPT_LINGER,
	OPT_PEAK_WINDOW,
	OPT_CONFIG_FILE,
	OPT_CHECK_CONFIG,
	OPT_PRINT_CONFIG,
	OPT_WEB_LISTEN,
	OPT_WEB_CONFIG,
	OPT_TELEMETRY_PATH,
	OPT_SYSTEMD_SOCKET
};

int option_set_listen(void *to, struct option_value *value)
{
	struct serve_options *options = to;
	struct http_address address;
	const char *why;

	if (options->nlisten == HTTP_LISTENERS_MAX)
		return option_value_refuse(value, "possible: four addresses are the most");
	if (http_address_parse(value->text, &address, &why))
		return option_value_refuse(value, why);
	options->listen_as[options->nlisten] = value->as;
	options->listen[options->nlisten++] = address;
	return 0;
}

int option_set_insecure(void *to, struct option_value *value)
{
	((struct serve_options *)to)->insecure = !strcmp(value->text, "true");
	return 0;
}

/* Now, not when everything else is ready: a mistake is told at once. */
int option_set_user(void *to, struct option_value *value)
{
	struct serve_options *options = to;
	uid_t uid;
	gid_t gid;

	if (!value->again && confine_find_user(value->text, &uid, &gid))
		return option_value_refuse(value, "an unprivileged user of this host");
	options->user = value->text;
	return 0;
}

int option_set_interval(void *to, struct option_value *value)
{
	struct serve_options *options = to;

	return option_value_duration(value, NS_PER_S / 10, 60 * NS_PER_S,
				     "a duration from 100ms to 60s, such as 5s",
				     &options->server.interval_ns);
}

int option_set_max_groups(void *to, struct option_value *value)
{
	struct serve_options *options = to;
	uint64_t n;

	if (parse_u64(value->text, 2, 10000, &n))
		return option_value_refuse(value, "a number from 2 to 10000");
	options->model.max_groups = n;
	return 0;
}

int option_set_linger(void *to, struct option_value *value)
{
	struct serve_options *options = to;

	return option_value_duration(value, NS_PER_S, 86400 * NS_PER_S,
				     "a duration from 1s to 1d, such as 5m",
				     &options->model.linger_ns);
}

int option_set_peak_window(void *to, struct option_value *value)
{
	struct serve_options *options = to;

	return option_value_duration(value, NS_PER_S, 3600 * NS_PER_S,
				     "a duration from 1s to 1h, such as 60s",
				     &options->model.peak_window_ns);
}

/* The options that have a key: the first form of the name is what settings.c knows them by. */
static bool take_option(int key, const char *arg, const struct argp_state *state)
{
	static const struct {
		int key;
		const char *option;
		option_set_fn *set;
	} taken[] = {
		{ 'l', "--listen", option_set_listen },
		{ OPT_WEB_LISTEN, "--listen", option_set_listen },
		{ 'i', "--interval", option_set_interval },
		{ OPT_INSECURE, "--allow-insecure", option_set_insecure },
		{ OPT_USER, "--user", option_set_user },
		{ OPT_MAX_GROUPS, "--max-groups", option_set_max_groups },
		{ OPT_LINGER, "--linger", option_set_linger },
		{ OPT_PEAK_WINDOW, "--peak-window", option_set_peak_window },
		{ OPT_WEB_CONFIG, "--web.config.file", option_set_web_config },
		{ OPT_TELEMETRY_PATH, "--web.telemetry-path", option_set_telemetry_path },
		{ OPT_SYSTEMD_SOCKET, "--web.systemd-socket", option_set_systemd_socket },
	};
	struct serve_args *args = state->input;
	struct argp_state to = *state;
	size_t i;

	to.input = &args->options;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (taken[i].key != key)
			continue;
		/* The other name of --listen is the only one that is typed otherwise. */
		option_take(&to, taken[i].option,
			    key == OPT_WEB_LISTEN ? "--web.listen-address" : taken[i].option,
			    arg ? arg : "true", taken[i].set);
		return true;
	}
	return false;
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
	struct serve_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->options.common;
		state->child_inputs[1] = &args->options.services;
		state->child_inputs[2] = &args->options.server.families;
		return 0;
	case OPT_CONFIG_FILE: args->config_file = arg; return 0;
	case OPT_CHECK_CONFIG: args->mode = SERVE_CHECK; return 0;
	case OPT_PRINT_CONFIG: args->mode = SERVE_PRINT; return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie serve takes options only");
	default: return take_option(key, arg, state) ? 0 : ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option serve_option_table[] = {
	{ "listen", 'l', "ADDR:PORT|unix:PATH", 0,
	  "Where to serve (default " SERVE_LISTEN_DEFAULT "); up to four times", 1 },
	{ "web.listen-address", OPT_WEB_LISTEN, "ADDR:PORT", 0,
	  "What other exporters call --listen", 1 },
	{ "web.config.file", OPT_WEB_CONFIG, "FILE", 0,
	  "TLS and credentials, as all exporters of Prometheus have them (web-config.yml)", 1 },
	{ "web.telemetry-path", OPT_TELEMETRY_PATH, "PATH", 0,
	  "Where metrics are (default /metrics)", 1 },
	{ "web.systemd-socket", OPT_SYSTEMD_SOCKET, NULL, 0,
	  "Do not start without sockets of a .socket unit", 1 },
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
	{ "config.file", OPT_CONFIG_FILE, "FILE", 0,
	  "Options by keys (default " SERVE_CONFIG_DEFAULT ")", 4 },
	{ "check-config", OPT_CHECK_CONFIG, NULL, 0, "Say all that is wrong with it, and end", 4 },
	{ "print-config", OPT_PRINT_CONFIG, NULL, 0, "Print the options in effect as such a file",
	  4 },
	{ 0 },
};

static const struct argp_child serve_children[] = { { &common_argp, 0, NULL, 0 },
						    { &services_argp, 0, NULL, 0 },
						    { &families_argp, 0, NULL, 0 },
						    { 0 } };

const struct argp serve_argp = {
	.options = serve_option_table,
	.parser = parse_serve,
	.doc = "Watches every process and serves OpenMetrics at /metrics, until SIGTERM."
	       "\vExamples:\n"
	       "  vigie serve --listen unix:/run/vigie/metrics.sock\n"
	       "  vigie serve --listen :9838 --web.config.file /etc/vigie/web-config.yml\n"
	       "  curl -s http://" SERVE_LISTEN_DEFAULT "/metrics | head",
	.children = serve_children,
};

void serve_options_init(struct serve_options *options)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM };

	memset(options, 0, sizeof(*options));
	pipeline_options_init(&options->common, keys, 2);
	services_options_init(&options->services);
	options->server.interval_ns = 5 * NS_PER_S;
	options->server.telemetry_path = "/metrics";
	model_config_default(&options->model);
	options->model.balance_lag_ns = 10 * NS_PER_S;
}

int serve_args_parse(struct serve_args *args, int argc, char **argv)
{
	argp_err_exit_status = EXIT_USAGE;
	options_write_down(&args->given);
	return argp_parse(&serve_argp, argc, argv, 0, NULL, args);
}
