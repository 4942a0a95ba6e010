// SPDX-License-Identifier: GPL-2.0-only
/* packet.c - owns sendmsg and recvmsg of the reader's socket pair. */
#include "profile/packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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
	p->data = malloc(FOREIGN_PACKET_MAX);
	return p->data ? 0 : -ENOMEM;
}

void packet_done(struct packet *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->data);
}

int packet_send(int socket, const struct foreign_head *head, const void *data, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec parts[2] = { { (void *)head, sizeof(*head) }, { (void *)data, head->len } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct cmsghdr *c;
	ssize_t n;

	if (fd >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0; /* -EAGAIN: nobody takes it, see helper_start() */
}

int packet_receive(int socket, struct packet *p, bool wait)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec parts[2] = { { &p->head, sizeof(p->head) }, { p->data, FOREIGN_PACKET_MAX } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	struct cmsghdr *c;
	ssize_t n;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	message.msg_control = control.room;
	message.msg_controllen = sizeof(control.room);
	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	for (c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(&p->fd, CMSG_DATA(c), sizeof(p->fd));
	if ((size_t)n < sizeof(p->head) || p->head.len != n - sizeof(p->head) ||
	    message.msg_flags & MSG_TRUNC)
		return -EBADMSG;
	return 1;
}
