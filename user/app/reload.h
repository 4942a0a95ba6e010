/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reload.h - SIGHUP: the configuration file is read anew, by the process that serves.
 *
 * Owns: who is told of what has changed, and what the log says. All or nothing: with one fault in
 * the file everything stays as it is. Not here: what is in the file (serve_config.h).
 */
#ifndef VIGIE_APP_RELOAD_H
#define VIGIE_APP_RELOAD_H

#include "app/serve_config.h"
#include "daemon/logbook.h"
#include "daemon/server.h"

struct reload {
	struct serve_config *config;
	struct logbook *book;
	struct server *server;
};

/* Without privileges, before anybody sends SIGHUP: says if it would be in vain. */
void reload_try(const struct reload *reload);
/* ctx: a reload. False: the file is broken, and what was read before goes on. */
bool reload_config(void *ctx);

#endif
