// SPDX-License-Identifier: GPL-2.0-only
/* conn_socket.c - see conn_socket.h. */
#include "http/conn_socket.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

__u64 conn_bytes_received(const struct conn *c)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (!c->tcp || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return info.tcpi_bytes_received;
}

bool conn_has_begun(const struct conn *c)
{
	return c->phase == PHASE_IDLE && conn_bytes_received(c) > c->bytes_parsed;
}

bool conn_say_late(struct conn *c)
{
	static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
				     "Connection: close\r\n\r\n";

	if (!c->encrypted)
		(void)!send(c->fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (tls_is_established(&c->tls))
		tls_send(&c->tls, answer, sizeof(answer) - 1);
	else
		return false;
	return true;
}

void conn_shut(const struct conn *c)
{
	const struct linger reset = { .l_onoff = 1 };

	/* With megabytes queued for a reader that is gone: do not keep them in the kernel. */
	if (c->phase == PHASE_ANSWER)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	shutdown(c->fd, SHUT_RDWR);
}
