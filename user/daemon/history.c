// SPDX-License-Identifier: GPL-2.0-only
/* history.c - owns the server's end: asking, and putting parts together. */
#include "daemon/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/history_child.h"
#include "daemon/history_wire.h"
#include "daemon/side_process.h"

struct history {
	pid_t pid;
	int fd; /* -1: it is gone */
	struct self_history self;
	struct buf text;
	struct history_part part;
};

int history__start(const struct history_config *config, struct history **ret, const char **ret_what)
{
	struct history *h = calloc(1, sizeof(*h));
	int err;

	*ret_what = "allocate";
	if (!h)
		return -ENOMEM;
	buf_init(&h->text, HISTORY_ANSWER_MAX);
	h->fd = -1;
	err = history_child_start(config, &h->pid, &h->fd, ret_what);
	if (err) {
		free(h);
		return err;
	}
	*ret = h;
	return 0;
}

void history__free(struct history *h)
{
	if (!h)
		return;
	side_process_stop(h->pid, h->fd);
	buf_done(&h->text);
	free(h);
}

pid_t history__pid(const struct history *h)
{
	return h->pid;
}

int history__fd(const struct history *h)
{
	return h->fd;
}

int history__ask(struct history *h, __u64 job, bool gzip, const struct web_question *q)
{
	const struct history_ask ask = { .job = job, .gzip = gzip, .question = *q };

	if (h->fd < 0)
		return -EPIPE;
	if (send(h->fd, &ask, sizeof(ask), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(ask))
		return 0;
	return errno == EAGAIN ? -EAGAIN : -EPIPE;
}

static bool history_gone(struct history *h, struct history_said *ret)
{
	if (h->fd < 0)
		return false;
	close(h->fd);
	h->fd = -1;
	*ret = (struct history_said){ .job = 0 };
	return true;
}

static bool is_sound(const struct history_part *part, ssize_t n)
{
	return n == (ssize_t)(sizeof(*part) - sizeof(part->bytes) + part->len) &&
	       part->len <= HISTORY_PART_BYTES && part->status >= 200 && part->status < 600;
}

/* One part. 1: that was the last one; 0: more will come; -EAGAIN: not yet; else it is gone. */
static int take_part(struct history *h)
{
	ssize_t n;

	do
		n = recv(h->fd, &h->part, sizeof(h->part), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n < (ssize_t)(sizeof(h->part) - sizeof(h->part.bytes)) || !is_sound(&h->part, n))
		return -EPIPE;
	buf_add(&h->text, h->part.bytes, h->part.len);
	h->self = h->part.self;
	return h->part.last != 0;
}

bool history__listen(struct history *h, struct history_said *ret)
{
	int n = h->fd < 0 ? -EPIPE : 0;

	while (!n)
		n = take_part(h);
	if (n == -EAGAIN)
		return false;
	if (n < 0)
		return history_gone(h, ret);
	*ret = (struct history_said){
		.job = h->part.job,
		.status = h->text.err ? 503 : h->part.status,
		.gzip = h->part.gzip,
		.document = h->part.document,
		.text = &h->text,
	};
	return true;
}

void history__stat(const struct history *h, struct self_history *ret)
{
	*ret = h->self;
	ret->up = h->fd >= 0;
}
