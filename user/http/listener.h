/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listener.h - a socket that listens at one of our addresses.
 *
 * Owns: a Unix socket's file and its mode, what a wildcard address means. Not here: accepting
 * (http.c).
 */
#ifndef VIGIE_HTTP_LISTENER_H
#define VIGIE_HTTP_LISTENER_H

#include <sys/types.h>

#include "http/http.h"

struct listener {
	int fd;
	bool own; /* HTTP_LOCAL is served here; set by who opens it */
	struct http_address address;
	dev_t dev; /* of a Unix socket: is the file still ours? */
	ino_t ino;
};

/* address in l becomes what was bound: port 0 a real one. 0; or -errno, and nothing is open. */
int listener_open(struct listener *l, const struct http_address *address);
/* Removes the file of a Unix socket if it is still ours. */
void listener_close(struct listener *l);

#endif
