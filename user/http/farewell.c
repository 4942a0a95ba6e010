// SPDX-License-Identifier: GPL-2.0-only
/* farewell.c - owns reading and forgetting. */
#include "http/farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 2 * 1000, LINGER_BYTES = 1024 * 1024 };

/* Reads and forgets. True while more may come. */
static bool farewell_drain(int fd, size_t *bytes)
{
	char sink[4096];

	while (*bytes < LINGER_BYTES) {
		ssize_t n = recv(fd, sink, sizeof(sink), MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		*bytes += (size_t)n;
	}
	return false;
}

void farewells_init(struct farewells *f)
{
	*f = (struct farewells){ .epoll_fd = -1 };
	for (unsigned int i = 0; i < FAREWELLS_MAX; i++)
		f->all[i].fd = -1;
}

void farewells_done(struct farewells *f)
{
	for (unsigned int i = 0; i < FAREWELLS_MAX; i++) {
		if (f->all[i].fd >= 0)
			close(f->all[i].fd);
	}
}

void farewell_start(struct farewells *f, int fd, __u64 now_ms)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	struct farewell *l = f->all;
	size_t bytes = 0;

	if (!farewell_drain(fd, &bytes) || f->n == FAREWELLS_MAX)
		return;
	while (l->fd >= 0)
		l++;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return;
	ev.data.fd = fd;
	if (epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		close(fd);
		return;
	}
	*l = (struct farewell){ fd, now_ms + LINGER_MS, bytes };
	f->n++;
}

void farewells_run(struct farewells *f, __u64 now_ms)
{
	for (struct farewell *l = f->all; f->n && l < f->all + FAREWELLS_MAX; l++) {
		if (l->fd < 0)
			continue;
		if (farewell_drain(l->fd, &l->bytes) && now_ms < l->deadline_ms)
			continue;
		close(l->fd);
		l->fd = -1;
		f->n--;
	}
}

__u64 farewells_deadline(const struct farewells *f, __u64 next)
{
	for (unsigned int i = 0; f->n && i < FAREWELLS_MAX; i++) {
		const struct farewell *l = &f->all[i];

		if (l->fd >= 0 && (!next || l->deadline_ms < next))
			next = l->deadline_ms;
	}
	return next;
}

void farewell_refuse(struct farewells *f, int fd, bool encrypted, __u64 now_ms)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				     "Retry-After: 1\r\nConnection: close\r\n\r\n";

	if (!encrypted)
		(void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	farewell_start(f, fd, now_ms);
	close(fd);
}
