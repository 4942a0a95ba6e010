// SPDX-License-Identifier: GPL-2.0-only
/* log_since.c - owns the bisection over a file whose lines are numbered, and the check of a line. */
#include "log/log_since.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/chain.h"

/* No line of ours is as long: one is found whole wherever such a piece begins. */
enum { PIECE = 64 << 10, DEPTH_MAX = 16 };

struct search {
	int fd;
	uint64_t size;
	char piece[PIECE];
};

static int open_log(int dirfd, const char *name, const char *suffix)
{
	char path[NAME_MAX + 1];
	int n = snprintf(path, sizeof(path), "%s%s", name, suffix), fd;

	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int log_last_sequence(int dirfd, const char *name, uint64_t *ret)
{
	char text[CHAIN_HEAD + 1];
	struct chain chain;
	ssize_t n;
	int fd = open_log(dirfd, name, ".head");

	if (fd < 0)
		return fd;
	n = pread(fd, text, CHAIN_HEAD, 0);
	close(fd);
	if (n != CHAIN_HEAD || !chain_head_get(text, CHAIN_HEAD, &chain))
		return -EBADMSG;
	*ret = chain.sequence;
	return 0;
}

/* The first line that begins behind from and is one of the chain. False: there is none in that piece. */
static bool line_behind(struct search *s, uint64_t from, uint64_t *ret_at, uint64_t *ret_sequence)
{
	ssize_t n = pread(s->fd, s->piece, PIECE, from);
	const char *at = s->piece, *end = at + (n > 0 ? n : 0), *newline;
	struct chain_link link;
	bool whole = !from;

	while ((newline = memchr(at, '\n', end - at))) {
		if (whole && chain_read(at, newline - at, &link)) {
			*ret_at = from + (at - s->piece);
			*ret_sequence = link.sequence;
			return true;
		}
		whole = true;
		at = newline + 1;
	}
	return false;
}

/* Where a line begins that is not behind `after`, or the file, and from where it is not far. */
static uint64_t find_place(struct search *s, uint64_t after)
{
	uint64_t low = 0, high = s->size, middle, at, sequence;

	while (high - low > PIECE) {
		middle = low + (high - low) / 2;
		if (line_behind(s, middle, &at, &sequence) && sequence <= after && at > low &&
		    at < high)
			low = at;
		else
			high = middle;
	}
	return low;
}

/* What is between the newlines may have been edited: it goes into a document of ours. */
static bool is_object(struct json_tokener *tokener, const char *line, size_t len)
{
	struct json_object *object;
	bool good;

	json_tokener_reset(tokener);
	object = json_tokener_parse_ex(tokener, line, (int)len);
	good = object && json_object_is_type(object, json_type_object) &&
	       json_tokener_get_error(tokener) == json_tokener_success &&
	       json_tokener_get_parse_end(tokener) == len;
	json_object_put(object);
	return good;
}

struct reading {
	struct json_tokener *tokener;
	uint64_t after;
	size_t left; /* bytes that may be looked at */
	bool over;
	int (*take)(void *ctx, const char *line, size_t len, uint64_t sequence);
	void *ctx;
};

/* All whole lines of a piece. How many bytes they are. */
static size_t take_lines(struct reading *r, const char *piece, size_t len)
{
	const char *at = piece, *end = piece + len, *newline;
	struct chain_link link;

	while (!r->over && (newline = memchr(at, '\n', end - at))) {
		if (chain_read(at, newline - at, &link) && link.sequence > r->after &&
		    is_object(r->tokener, at, newline - at)) {
			r->after = link.sequence;
			r->over = !r->take(r->ctx, at, newline - at, link.sequence);
		}
		at = newline + 1;
	}
	return at - piece;
}

static int read_file(struct reading *r, int fd)
{
	struct search *s;
	struct stat st;
	uint64_t at;
	size_t used;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	at = S_ISREG(st.st_mode) ? find_place(s, r->after) : s->size;
	while (!r->over && at < s->size && (n = pread(fd, s->piece, PIECE, at)) > 0) {
		used = take_lines(r, s->piece, n);
		if (!used) { /* a line without an end: the last, or none of ours */
			if (n < PIECE)
				break;
			used = n;
		}
		at += used;
		r->over |= used >= r->left;
		r->left -= used < r->left ? used : r->left;
	}
	free(s);
	return 0;
}

int log_read_since(int dirfd, const char *name, uint64_t after, size_t max_bytes,
		   int (*take)(void *ctx, const char *line, size_t len, uint64_t sequence),
		   void *ctx)
{
	static const char *const suffixes[] = { ".1", "" };
	struct reading r = { .after = after, .left = max_bytes, .take = take, .ctx = ctx };
	size_t i;
	int fd, err = 0;

	r.tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!r.tokener)
		return -ENOMEM;
	for (i = 0; i < 2 && !err && !r.over; i++) {
		fd = open_log(dirfd, name, suffixes[i]);
		if (fd == -ENOENT)
			continue;
		err = fd < 0 ? fd : read_file(&r, fd);
		if (fd >= 0)
			close(fd);
	}
	json_tokener_free(r.tokener);
	return err;
}
