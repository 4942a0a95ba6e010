/* SPDX-License-Identifier: GPL-2.0-only */
/* packet.h - one packet over a SOCK_SEQPACKET pair: a symbolizer_head, a payload, perhaps a descriptor. */
#ifndef VIGIE_PROFILE_PACKET_H
#define VIGIE_PROFILE_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/symbolizer_wire.h"

struct packet {
	struct symbolizer_head head;
	__u8 *data; /* head.len bytes; room for SYMBOLIZER_PACKET_MAX; aligned for any record */
	int fd; /* -1: none came. Close it, or set it to -1 */
};

int packet_pair(int ret[2]); /* 0 or -errno: a pair, with room for what is on its way */
int packet_init(struct packet *p); /* 0 or -ENOMEM */
void packet_done(struct packet *p);
/* fd -1: none. Waits until there is room. 0 or -errno. */
int packet_send(int socket, const struct symbolizer_head *head, const void *data, int fd);
/* 1; 0: the other end is gone, or nothing is there and we shall not wait (-EAGAIN). Else -errno. */
int packet_receive(int socket, struct packet *p, bool wait);

#endif
