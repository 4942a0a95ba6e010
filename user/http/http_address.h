/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * http_address.h - an address as the kernel wants it; its text form is in http.h.
 *
 * Owns: one conversion. Not here: sockets (http.c).
 */
#ifndef VIGIE_HTTP_HTTP_ADDRESS_H
#define VIGIE_HTTP_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "http/http.h"

/* The length, or 0 where it is no address. */
socklen_t http_address_sockaddr(const struct http_address *address, struct sockaddr_storage *ss);

#endif
