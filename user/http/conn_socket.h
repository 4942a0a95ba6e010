/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn_socket.h - what the kernel knows of a connection, and the last word to one that is late.
 *
 * Owns: how much has come, which the library does not say. Not here: deadlines (conns.h).
 */
#ifndef VIGIE_HTTP_CONN_SOCKET_H
#define VIGIE_HTTP_CONN_SOCKET_H

#include "http/conns.h"

/* 0 where it is no TCP connection. */
__u64 conn_bytes_received(const struct conn *c);
/* Idle, and yet more has come than the requests so far were long: another has begun. */
bool conn_has_begun(const struct conn *c);
/* 408, if its encryption stands or it has none. False: its handshake is not over. */
bool conn_say_late(struct conn *c);
/* The library finds it closed, and frees what it holds. */
void conn_shut(const struct conn *c);

#endif
