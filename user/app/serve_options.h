/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serve_options.h - the options of `vigie serve` as values.
 *
 * Owns: their names on the command line, their bounds, their defaults. Not here: their keys in the
 * configuration file (settings.h), how command line and file come together (serve_config.h).
 */
#ifndef VIGIE_APP_SERVE_OPTIONS_H
#define VIGIE_APP_SERVE_OPTIONS_H

#include <sys/types.h>

#include "app/options.h"
#include "daemon/server.h"
#include "daemon/services.h"

#define SERVE_LISTEN_DEFAULT "127.0.0.1:9838"

struct serve_options {
	struct pipeline_options common;
	struct services_options services;
	struct http_address listen[HTTP_LISTENERS_MAX];
	const char *listen_as[HTTP_LISTENERS_MAX]; /* how each was given */
	unsigned int nlisten; /* 0: the default is still to be put there */
	bool insecure;
	bool systemd_socket; /* do not start without sockets of systemd; no default address */
	const char *web_config_file; /* NULL: none */
	const char *user; /* NULL: vigie where it exists, else nobody */
	struct server_config server;
	struct model_config model;
};

/* What concerns where the options come from, not what they are. */
enum serve_mode { SERVE, SERVE_CHECK, SERVE_PRINT };
struct serve_args {
	struct serve_options options;
	struct options_given given;
	enum serve_mode mode;
	const char *config_file; /* NULL: the default, if it is there */
};

void serve_options_init(struct serve_options *options);
/* Ends the program where the command line is wrong; the defaults must be set. 0, or an errno. */
int serve_args_parse(struct serve_args *args, int argc, char **argv);
/* What it calls itself and takes: for whoever lists the options. */
extern const struct argp serve_argp;

/* Of a serve_options. */
option_set_fn option_set_listen, option_set_insecure, option_set_user;
option_set_fn option_set_interval, option_set_max_groups, option_set_linger, option_set_peak_window;

#endif
