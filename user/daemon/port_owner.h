/* SPDX-License-Identifier: GPL-2.0-only */
/* port_owner.h - who holds the address that we wanted. For an error message only. */
#ifndef VIGIE_DAEMON_PORT_OWNER_H
#define VIGIE_DAEMON_PORT_OWNER_H

#include <stddef.h>

#include "http/http.h"

/* Writes "vigie (pid 123)" to dst, or "" where it cannot be found out. */
void port_owner_find(const struct http_address *address, char *dst, size_t dst_size);

#endif
