// SPDX-License-Identifier: GPL-2.0-only
/* serve_source.c - owns a question, its answer, and the way through the entries in it. */
#include "daemon/serve_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "daemon/live_tail.h"
#include "daemon/state_dir.h"
#include "record/codec.h"
#include "record/segment.h"

enum { PATIENCE_S = 5, READ_BYTES = 64 << 10, HEAD_MAX = 4096 };

struct serve_source {
	struct source base;
	int dirfd; /* of the state directory, whose path may be longer than an address */
	struct sockaddr_un address;
	struct decoder *decoder;
	struct buf answer; /* head and entries */
	size_t at; /* the next entry in it */
	__u64 seen_ns; /* CLOCK_BOOTTIME of the entry that was decoded last; 0: none yet */
	bool whole; /* the decoder has that entry, and can go on from it */
};

static struct serve_source *serve_source_of(struct source *source)
{
	return (struct serve_source *)source;
}

/* --- Asking. */

static int connect_to(const struct sockaddr_un *address)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : 0;

	if (!err && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
		     setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
		     connect(fd, (const struct sockaddr *)address, sizeof(*address))))
		err = -errno;
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int read_all(int fd, struct buf *to)
{
	ssize_t n;

	do {
		char *room = buf_reserve(to, READ_BYTES);

		if (!room)
			return to->err;
		n = read(fd, room, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		to->len += n;
	} while (n);
	return 0;
}

/* Where the body begins; 0: this is no answer with entries. */
static size_t answer_body(const struct buf *answer)
{
	static const char good[] = "HTTP/1.1 200 ", type[] = "\r\nContent-Type: " LIVE_TAIL_TYPE;
	char head[HEAD_MAX + 1];
	size_t len = answer->len < HEAD_MAX ? answer->len : HEAD_MAX;
	const char *end;

	memcpy(head, answer->data, len);
	head[len] = '\0';
	end = strstr(head, "\r\n\r\n");
	if (!end || strncmp(head, good, sizeof(good) - 1) || !strstr(head, type))
		return 0;
	return end + 4 - head;
}

/* A vigie that has no such page, or something else altogether: -EPROTO. */
static int serve_ask(struct serve_source *s)
{
	static const char question[] = "GET " LIVE_TAIL_PATH " HTTP/1.1\r\n"
				       "Host: localhost\r\nConnection: close\r\n\r\n";
	int fd = connect_to(&s->address), err;

	if (fd < 0)
		return fd;
	buf_clear(&s->answer);
	s->at = 0;
	err = io_write(fd, question, sizeof(question) - 1);
	if (!err)
		err = read_all(fd, &s->answer);
	close(fd);
	if (err)
		return err;
	s->at = s->answer.len ? answer_body(&s->answer) : 0;
	return s->at ? 0 : -EPROTO;
}

/* --- Entries. */

/* 1: head is the next entry's, and s->at behind it; 0: no more; or -EBADMSG. */
static int next_entry(struct serve_source *s, struct entry_head *head, const char **ret_data)
{
	size_t left = s->answer.len - s->at;
	const char *at = s->answer.data + s->at;

	if (!left)
		return 0;
	if (left < ENTRY_HEAD || entry_head_get((const unsigned char *)at, head) ||
	    head->deflated || head->stored > left - ENTRY_HEAD)
		return -EBADMSG;
	*ret_data = at + ENTRY_HEAD;
	s->at += ENTRY_HEAD + head->stored;
	return 1;
}

/* Those that were there the last time are passed over; their decoder goes on behind them. */
static int next_new(struct serve_source *s, struct snapshot *ret)
{
	struct entry_head head;
	const char *data;
	int n, err;

	while ((n = next_entry(s, &head, &data)) > 0) {
		if (s->seen_ns && head.time_ns <= s->seen_ns)
			continue;
		if (!head.key && !s->whole)
			continue;
		if (entry_crc(data, head.stored) != head.crc)
			return -EBADMSG;
		err = decoder__decode(s->decoder, data, head.stored, head.key, head.version, ret);
		s->whole = !err;
		if (err)
			return err;
		s->seen_ns = head.time_ns;
		return 1;
	}
	return n;
}

/*
 * Where we asked so late that what we have seen last is no longer there, the first entry is a key, and
 * newer: it is decoded by itself. Behind the last entry of an answer there is nothing new, and the next
 * call asks again.
 */
static int serve_source_next(struct source *source, struct snapshot *ret)
{
	struct serve_source *s = serve_source_of(source);
	int n = s->at ? 0 : serve_ask(s);

	if (!n)
		n = next_new(s, ret);
	if (n <= 0)
		s->at = 0;
	return n ? n : -EAGAIN;
}

static void serve_source_free(struct source *source)
{
	struct serve_source *s = serve_source_of(source);

	if (s->dirfd >= 0)
		close(s->dirfd);
	decoder__free(s->decoder);
	buf_done(&s->answer);
	free(s);
}

static const struct source_ops serve_source_ops = { .next = serve_source_next,
						    .free = serve_source_free };

static int serve_source_reach(struct serve_source *s, const char *directory)
{
	int fd;

	s->decoder = decoder__new();
	if (!s->decoder)
		return -ENOMEM;
	s->dirfd = io_open_dir(directory);
	if (s->dirfd < 0)
		return s->dirfd;
	snprintf(s->address.sun_path, sizeof(s->address.sun_path),
		 "/proc/self/fd/%d/" STATE_DIR_SOCKET, s->dirfd);
	fd = connect_to(&s->address);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int serve_source__open(const char *directory, struct source **ret)
{
	struct serve_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->base.ops = &serve_source_ops;
	s->address.sun_family = AF_UNIX;
	s->dirfd = -1;
	buf_init(&s->answer, LIVE_TAIL_MAX + 2 * ENTRY_MAX);
	err = serve_source_reach(s, directory);
	if (err)
		serve_source_free(&s->base);
	else
		*ret = &s->base;
	return err;
}
