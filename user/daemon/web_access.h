/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * web_access.h - the web configuration of a running vigie: loaded, kept, taken anew when it changes.
 *
 *	start: load (as root, faults to standard error) -> bind -> start (two helpers)
 *	later: vigie-opener sends descriptors -> read -> http__configure(), or the old one stays
 *
 * Owns: that order, the rule for addresses beyond loopback, the log lines about who was not let in, and
 * its own metrics. Not here: the file's meaning (config/), handshakes and credentials (http/).
 */
#ifndef VIGIE_DAEMON_WEB_ACCESS_H
#define VIGIE_DAEMON_WEB_ACCESS_H

#include "daemon/logbook.h"
#include "data/self.h"
#include "http/http.h"

struct web_access;

/*
 * Reads the configuration and all files that it names. Complains on standard error as who, once for
 * each fault: "who: FILE:LINE:COLUMN: KEY: what". 0, -EINVAL or -ENOMEM.
 */
int web_access__load(const char *path, const char *who, struct web_access **ret);
void web_access__free(struct web_access *web); /* accepts NULL; ends its helpers */

/* Both TLS and credentials: it may be served beyond loopback. NULL: no. */
bool web_access__is_safe(const struct web_access *web);
bool web_access__is_encrypted(const struct web_access *web); /* NULL: no */

/*
 * Starts the helpers of http, which is bound and not started: while we may fork, and before there is a
 * BPF object that they could hold on to. must_be_safe: it listens beyond loopback and nobody has
 * allowed that without protection. Complains as who. 0 or -errno.
 */
int web_access__start(struct web_access *web, struct http *http, bool must_be_safe,
		      const char *who);
/*
 * Has http take what was loaded: once nothing is forked any more, for a fork would have the keys, and
 * before http is started. Complains as who. 0 or -errno.
 */
int web_access__configure(struct web_access *web, const char *who);
/* Where what happens from now on is told. */
void web_access__set_book(struct web_access *web, struct logbook *book);

/* Readable when something changed; -1: vigie-opener is gone. */
int web_access__fd(const struct web_access *web);
void web_access__listen(struct web_access *web);
/* An http_callbacks.note, its ctx apart. */
void web_access__note(struct web_access *web, enum http_note note, const char *peer,
		      const char *what);
/* Its own figures and those of http. */
void web_access__stat(const struct web_access *web, const struct http_stat *http,
		      struct self_web *ret);

#endif
