/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_id.h - a host's identity that may be told to others.
 *
 * Owns: how it follows from the machine id, which machine-id(5) asks not to expose: as systemd derives
 * ids for applications, so that `systemd-id128 machine-id --app-specific=HOST_ID_APPLICATION` says the same.
 * It is the same in the log, in what is pushed and in `vigie inventory`.
 */
#ifndef VIGIE_BASE_HOST_ID_H
#define VIGIE_BASE_HOST_ID_H

#define HOST_ID_APPLICATION "9d3a6f5e1c7b4e0f8a2d4b6c8e0f1a3c"

enum { HOST_ID_LEN = 33 }; /* 32 hex digits and a NUL */

/* machine_id: 32 hex digits. 0 or -EINVAL: it is none. */
int host_id_derive(const char *machine_id, char ret[HOST_ID_LEN]);
/* Of this host, by /etc/machine-id. 0 or -errno, and ret is "": it has none. */
int host_id_read(char ret[HOST_ID_LEN]);

#endif
