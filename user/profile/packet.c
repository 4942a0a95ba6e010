// SPDX-License-Identifier: GPL-2.0-only
/* packet.c - owns the pair of sockets and the check of a packet's length. */
#include "profile/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/fd_pass.h"

enum { SEND_BUFFER = 4 << 20 };

int packet_pair(int ret[2])
{
	int size = SEND_BUFFER, i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret))
		return -errno;
	for (i = 0; i < 2; i++) /* beyond the host's limit, which we may */
		if (setsockopt(ret[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
			setsockopt(ret[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int packet_init(struct packet *p)
{
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	p->data = malloc(SYMBOLIZER_PACKET_MAX);
	return p->data ? 0 : -ENOMEM;
}

void packet_done(struct packet *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->data);
}

int packet_send(int socket, const struct symbolizer_head *head, const void *data, int fd)
{
	const struct iovec parts[] = { { (void *)head, sizeof(*head) },
				       { (void *)data, head->len } };

	/* -EAGAIN: nobody takes it, see helper_start() */
	return fd_pass_send(socket, parts, 2, fd, 0);
}

int packet_receive(int socket, struct packet *p, bool wait)
{
	const struct iovec parts[] = { { &p->head, sizeof(p->head) },
				       { p->data, SYMBOLIZER_PACKET_MAX } };
	ssize_t n;

	if (p->fd >= 0)
		close(p->fd);
	n = fd_pass_receive(socket, parts, 2, wait ? 0 : MSG_DONTWAIT, &p->fd);
	if (n <= 0)
		return n;
	if ((size_t)n < sizeof(p->head) || p->head.len != n - sizeof(p->head))
		return -EBADMSG;
	return 1;
}
