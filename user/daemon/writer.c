// SPDX-License-Identifier: GPL-2.0-only
/*
 * writer.c - the main process' end: starting the writer, handing over, never waiting.
 *
 * Owns: the socket pair, the count of what never left. Not here: the other end
 * (writer_child.c).
 */
#include "daemon/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/writer_child.h"
#include "sandbox/process.h"

enum {
	SEND_BUFFER = 8 << 20, /* what may be on its way: some minutes of a slow disk */
	START_MS = 10000,
};

struct writer {
	pid_t pid;
	int fd; /* -1: the writer is gone */
	__u64 number;
	__u64 entries_dropped, lines_dropped;
	bool wants_key; /* an entry was dropped here, or the next one begins a segment */
	struct writer_stat said;
};

static void buffer_size(int fd)
{
	int size = SEND_BUFFER;

	/* Beyond the host's limit where we may; the default is some 200 KB. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void writer_gone(struct writer *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->said.self.up = 0;
}

void writer__listen(struct writer *s)
{
	struct writer_stat said;
	ssize_t n;

	while (s->fd >= 0) {
		n = recv(s->fd, &said, sizeof(said), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n != sizeof(said)) {
			writer_gone(s);
			return;
		}
		s->said = said;
		s->said.what[WRITER_WHAT_LEN - 1] = '\0';
	}
}

/* The first thing it says is whether it could open everything. */
static int await_start(struct writer *s, const char **ret_what)
{
	struct pollfd fd = { .fd = s->fd, .events = POLLIN };

	*ret_what = "start the writer";
	if (poll(&fd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	writer__listen(s);
	if (s->said.what[0])
		*ret_what = s->said.what;
	return s->fd < 0 && !s->said.err ? -EPIPE : s->said.err;
}

int writer__start(const struct writer_config *config, struct writer **ret, const char **ret_what)
{
	static struct writer_stat failed; /* keeps the text alive for the caller */
	struct writer *s = calloc(1, sizeof(*s));
	int pair[2], err;

	*ret_what = "make a socket pair";
	if (!s)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		free(s);
		return err;
	}
	buffer_size(pair[0]);
	*ret_what = "fork";
	s->pid = fork();
	if (s->pid == 0) {
		close(pair[0]);
		writer_child(config, pair[1]);
	}
	err = s->pid < 0 ? -errno : 0;
	close(pair[1]);
	s->fd = pair[0];
	if (!err)
		err = await_start(s, ret_what);
	if (err) {
		failed = s->said;
		if (failed.what[0])
			*ret_what = failed.what;
		writer__free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void writer__free(struct writer *s)
{
	if (!s)
		return;
	writer_gone(s);
	if (s->pid > 0)
		process_await_end(s->pid, PROCESS_STOP_MS, NULL); /* it ends when it has read all */
	free(s);
}

int writer__fd(const struct writer *s)
{
	return s->fd;
}

bool writer__alive(const struct writer *s)
{
	return s->fd >= 0;
}

static int send_piece(int fd, const struct writer_head *head, const void *data, size_t len)
{
	struct iovec parts[2] = {
		{ .iov_base = (void *)head, .iov_len = sizeof(*head) },
		{ .iov_base = (void *)data, .iov_len = len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	do
		n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void count_drop(struct writer *s, const struct writer_head *head)
{
	if (head->kind == WRITER_ENTRY) {
		s->entries_dropped++;
		s->wants_key = true;
	} else if (head->kind == WRITER_LINE) {
		s->lines_dropped++;
	}
}

int writer__send(struct writer *s, struct writer_head *head, const void *data, size_t len)
{
	size_t at = 0, piece;
	int err = 0;

	if (s->fd < 0)
		err = -EPIPE;
	else if (len > WRITER_MESSAGE_MAX)
		err = -EMSGSIZE;
	head->total = len;
	head->number = ++s->number;
	/* A message without bytes is one packet, too. */
	do {
		piece = len - at < WRITER_PIECE_MAX ? len - at : WRITER_PIECE_MAX;
		head->at = at;
		if (!err)
			err = send_piece(s->fd, head, (const char *)data + at, piece);
		at += piece;
	} while (!err && at < len);
	if (err == -EPIPE || err == -ECONNRESET)
		writer_gone(s);
	if (err)
		count_drop(s, head);
	else if (head->kind == WRITER_ENTRY && head->key)
		s->wants_key = false;
	else if (head->kind == WRITER_BOUNDS) /* they may end a segment: before it can say so */
		s->wants_key = true;
	return err;
}

void writer__stat(const struct writer *s, struct writer_stat *ret)
{
	*ret = s->said;
	ret->wants_key |= s->wants_key;
	ret->self.entries_lost[WRITER_LOST_QUEUE] += s->entries_dropped;
	ret->self.lines_lost += s->lines_dropped;
}
