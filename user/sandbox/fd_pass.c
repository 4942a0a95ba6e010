// SPDX-License-Identifier: GPL-2.0-only
/* fd_pass.c - owns the control messages of descriptors. */
#include "sandbox/fd_pass.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* CMSG_SPACE() of one is padded, on 64 bits to as much as two take. */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

int fd_pass_send(int socket, const struct iovec *parts, size_t n, int fd, int flags)
{
	union control control = { .room = "" };
	struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = n };
	struct cmsghdr *c;
	ssize_t sent;

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
		sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* All that came; false: more than one, or something else. */
static bool collect(struct msghdr *message, int *ret_fd)
{
	struct cmsghdr *c;
	bool good = true;
	size_t n, i;
	int fd;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    c->cmsg_len < CMSG_LEN(0)) {
			good = false;
			continue;
		}
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (*ret_fd < 0) {
				*ret_fd = fd;
				continue;
			}
			close(fd);
			good = false;
		}
	}
	return good;
}

ssize_t fd_pass_receive(int socket, const struct iovec *parts, size_t n, int flags, int *ret_fd)
{
	union control control;
	struct msghdr message = { .msg_iov = (struct iovec *)parts,
				  .msg_iovlen = n,
				  .msg_control = control.room };
	bool good, cut;
	ssize_t got;

	*ret_fd = -1;
	do {
		/* Room for one, without the padding: the kernel hands out no second one. */
		message.msg_controllen = CMSG_LEN(sizeof(int));
		got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	good = collect(&message, ret_fd);
	/* Cut without any: not too many, but no room in our own table; the packet is whole. */
	cut = message.msg_flags & MSG_CTRUNC && *ret_fd >= 0;
	/* An empty packet looks like the end, and may bring a descriptor all the same. */
	if (got > 0 && good && !cut && !(message.msg_flags & MSG_TRUNC))
		return got;
	if (*ret_fd >= 0)
		close(*ret_fd);
	*ret_fd = -1;
	return got ? -EBADMSG : 0;
}
