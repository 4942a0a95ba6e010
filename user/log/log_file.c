// SPDX-License-Identifier: GPL-2.0-only
/* log_file.c - owns the file, its head and its predecessors. */
#include "log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LEN = 200, LINE_MAX_BYTES = 1 << 20, FILE_MODE = 0640, KEEP_MOST = 99 };

static const struct log_file_config defaults = { 16 << 20, 4, 1 << 20 };

struct log_file {
	int dirfd, fd, head; /* fd -1: could not be opened, tried again */
	char name[NAME_LEN];
	struct log_file_config config;
	uint64_t size;
	struct chain chain;
	struct buf sealed; /* the line under way */
	struct buf waiting; /* open lines, each behind its length (size_t) */
	struct log_file_stat stat;
};

static int open_plain(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* --- Taking up what is there. */

/* The last whole line of a file: its bytes in text, and where the file should end. */
static int last_line(int fd, uint64_t size, struct buf *text, uint64_t *ret_end)
{
	uint64_t from = size > LINE_MAX_BYTES ? size - LINE_MAX_BYTES : 0;
	char *bytes = buf_reserve(text, size - from + 1), *end, *begin;
	ssize_t n;

	if (!bytes)
		return -ENOMEM;
	n = pread(fd, bytes, size - from, from);
	if (n < 0)
		return -errno;
	end = n ? memrchr(bytes, '\n', n) : NULL;
	*ret_end = end ? from + (end - bytes) + 1 : from;
	if (!end)
		return 0;
	begin = end > bytes ? memrchr(bytes, '\n', end - bytes) : NULL;
	begin = begin ? begin + 1 : bytes;
	text->len = end - begin;
	memmove(bytes, begin, text->len);
	return 0;
}

static void read_head(struct log_file *log, struct chain *ret)
{
	char text[CHAIN_HEAD];

	memset(ret, 0, sizeof(*ret));
	if (log->head >= 0 && pread(log->head, text, sizeof(text), 0) == sizeof(text))
		chain_head_get(text, sizeof(text), ret);
}

static void write_head(struct log_file *log)
{
	char text[CHAIN_HEAD + 1];

	chain_head_put(&log->chain, text);
	/* What it misses the last line still tells: verify then says that the head is behind. */
	if (log->head >= 0 && pwrite(log->head, text, CHAIN_HEAD, 0) != CHAIN_HEAD)
		return;
}

/* The chain goes on from the file's last line; from the head where the file is new. */
static int take_up(struct log_file *log)
{
	struct buf text;
	struct chain_link link;
	struct stat st;
	uint64_t end = 0;
	int err;

	if (fstat(log->fd, &st))
		return -errno;
	buf_init(&text, 2 * LINE_MAX_BYTES);
	err = last_line(log->fd, st.st_size, &text, &end);
	if (!err && end < (uint64_t)st.st_size) {
		log->stat.torn++;
		if (ftruncate(log->fd, end))
			err = -errno;
	}
	log->size = end;
	if (!err && text.len && chain_read(text.data, text.len, &link)) {
		log->chain.sequence = link.sequence;
		memcpy(log->chain.hash, link.hash, sizeof(link.hash));
	} else if (!err) {
		read_head(log, &log->chain);
	}
	buf_done(&text);
	return err;
}

static int open_files(struct log_file *log)
{
	char head[NAME_LEN + 8];

	snprintf(head, sizeof(head), "%s.head", log->name);
	if (log->head < 0)
		log->head = open_plain(log->dirfd, head, O_RDWR | O_CREAT);
	if (log->head < 0)
		return log->head;
	log->fd = open_plain(log->dirfd, log->name, O_RDWR | O_CREAT);
	return log->fd < 0 ? log->fd : 0;
}

int log_file__open(int dirfd, const char *name, const struct log_file_config *config,
		   struct log_file **ret)
{
	struct log_file *log;
	int err;

	if (strlen(name) >= NAME_LEN)
		return -ENAMETOOLONG;
	log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	log->dirfd = dirfd;
	log->fd = log->head = -1;
	memcpy(log->name, name, strlen(name));
	log->config = config ? *config : defaults;
	buf_init(&log->sealed, 2 * LINE_MAX_BYTES);
	buf_init(&log->waiting, log->config.backlog_bytes);
	err = open_files(log);
	if (!err)
		err = take_up(log);
	if (err) {
		log_file__free(log);
		return err;
	}
	*ret = log;
	return 0;
}

void log_file__free(struct log_file *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	if (log->head >= 0)
		close(log->head);
	buf_done(&log->sealed);
	buf_done(&log->waiting);
	free(log);
}

/* --- Rotation. */

void log_file__reopen(struct log_file *log)
{
	struct stat st;

	if (log->fd >= 0)
		close(log->fd);
	log->size = 0;
	log->fd = open_plain(log->dirfd, log->name, O_RDWR | O_CREAT);
	if (log->fd < 0)
		return;
	/* Where a line goes is not known: as if it could not be opened. */
	if (fstat(log->fd, &st)) {
		int err = -errno;

		close(log->fd);
		log->fd = err;
		return;
	}
	log->size = st.st_size;
}

/* Somebody has renamed or removed it since the last line. */
static bool was_moved(const struct log_file *log)
{
	struct stat ours, there;

	return log->fd < 0 || fstat(log->fd, &ours) ||
	       fstatat(log->dirfd, log->name, &there, AT_SYMLINK_NOFOLLOW) ||
	       ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

static void rotate(struct log_file *log)
{
	char from[NAME_LEN + 8], to[NAME_LEN + 8];
	unsigned int i = log->config.keep < KEEP_MOST ? log->config.keep : KEEP_MOST;

	for (; i > 0; i--) {
		snprintf(to, sizeof(to), "%s.%u", log->name, i);
		if (i > 1)
			snprintf(from, sizeof(from), "%s.%u", log->name, i - 1);
		else
			snprintf(from, sizeof(from), "%s", log->name);
		if (renameat(log->dirfd, from, log->dirfd, to) && errno != ENOENT)
			return; /* it grows on, and is tried again with the next line */
	}
	log_file__reopen(log);
	log->stat.rotations++;
}

/* --- Writing. */

/* With the chain as it is; it moves on only when the line is in the file. */
static int write_line(struct log_file *log, const char *line, size_t len)
{
	struct chain next = log->chain;
	ssize_t n;
	int err;

	buf_clear(&log->sealed);
	buf_add(&log->sealed, line, len);
	chain_seal(&next, &log->sealed);
	if (log->sealed.err)
		return log->sealed.err;
	do
		n = pwrite(log->fd, log->sealed.data, log->sealed.len, log->size);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)log->sealed.len) {
		err = n < 0 ? -errno : -ENOSPC;
		if (n > 0 && ftruncate(log->fd, log->size)) {
			close(log->fd); /* a torn line: cut off when it is taken up again */
			log->fd = -1;
		}
		return err;
	}
	log->size += n;
	log->chain = next;
	log->stat.lines++;
	write_head(log);
	return 0;
}

static int ready(struct log_file *log, size_t more)
{
	if (was_moved(log)) {
		log_file__reopen(log);
		log->stat.rotations++;
	} else if (log->size && log->size + more > log->config.max_bytes) {
		rotate(log);
	}
	return log->fd < 0 ? log->fd : 0;
}

static void wait_for_disk(struct log_file *log, const struct buf *line)
{
	size_t len = line->len;

	if (log->waiting.len + sizeof(len) + len > log->config.backlog_bytes) {
		log->stat.lost++;
		return;
	}
	buf_add(&log->waiting, &len, sizeof(len));
	buf_add(&log->waiting, line->data, len);
	log->stat.pending++;
}

/* Those that wait, in their order. 0: none waits any more. */
static int write_waiting(struct log_file *log)
{
	size_t at = 0, len;
	int err = 0;

	while (at < log->waiting.len && !err) {
		memcpy(&len, log->waiting.data + at, sizeof(len));
		err = write_line(log, log->waiting.data + at + sizeof(len), len);
		if (err)
			break;
		at += sizeof(len) + len;
		log->stat.pending--;
	}
	memmove(log->waiting.data, log->waiting.data + at, log->waiting.len - at);
	log->waiting.len -= at;
	return err;
}

int log_file__write(struct log_file *log, const struct buf *line)
{
	int err;

	if (line->len > LINE_MAX_BYTES / 2) {
		log->stat.lost++;
		return -EMSGSIZE;
	}
	err = ready(log, line->len);
	if (!err && log->waiting.len)
		err = write_waiting(log);
	if (!err)
		err = write_line(log, line->data, line->len);
	if (err)
		wait_for_disk(log, line);
	return err;
}

int log_file__sync(struct log_file *log)
{
	if (log->fd >= 0 && fdatasync(log->fd))
		return -errno;
	return log->head >= 0 && fdatasync(log->head) ? -errno : 0;
}

const struct log_file_stat *log_file__stat(const struct log_file *log)
{
	return &log->stat;
}
