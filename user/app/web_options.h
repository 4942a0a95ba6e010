/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * web_options.h - the options that all exporters of Prometheus have: --web.*.
 *
 * Owns: what their values may be, and the sockets that systemd hands over. Not here: their names
 * (serve_options.h), what a web configuration says (daemon/web_access.h).
 */
#ifndef VIGIE_APP_WEB_OPTIONS_H
#define VIGIE_APP_WEB_OPTIONS_H

#include "app/options.h"
#include "http/http.h"

/* Of a serve_options. */
option_set_fn option_set_web_config, option_set_telemetry_path, option_set_systemd_socket;

/*
 * Adds the sockets of LISTEN_FDS, which systemd hands over, to the addresses, of which there is room
 * for HTTP_LISTENERS_MAX; one at an address that is there already takes its place. Complains on
 * standard error as who. 0 or -errno: -ENOENT if none were handed over and that was needed.
 */
int web_take_sockets(struct http_address *listen, unsigned int *nlisten, bool needed,
		     const char *who);

#endif
