/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fd_pass.h - one packet over a Unix socket, with one descriptor or none.
 *
 * Owns: SCM_RIGHTS, and that no descriptor that nobody asked for stays open, whatever the other end
 * sends. Not here: what the packets mean.
 */
#ifndef VIGIE_SANDBOX_FD_PASS_H
#define VIGIE_SANDBOX_FD_PASS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* fd -1: none. flags: of sendmsg(). 0 or -errno. */
int fd_pass_send(int socket, const struct iovec *parts, size_t n, int fd, int flags);
/*
 * Bytes, 0 (the other end is gone) or -errno. *ret_fd: the descriptor that came, close-on-exec, or
 * -1; also with 0 and with an error it is set, to -1. -EBADMSG: the packet is larger than its parts,
 * or brought more than one descriptor, or another kind of control message. What this process had no
 * room for (EMFILE) did not come. flags: of recvmsg().
 */
ssize_t fd_pass_receive(int socket, const struct iovec *parts, size_t n, int flags, int *ret_fd);

#endif
