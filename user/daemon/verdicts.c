// SPDX-License-Identifier: GPL-2.0-only
/* verdicts.c - owns reading and appending lines, all or nothing. */
#include "daemon/verdicts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/text.h"
#include "daemon/state_dir.h"

enum { READ_MAX = 1 << 20, FILE_MODE = 0640 };

void verdicts_init(struct verdicts *verdicts, int dirfd)
{
	*verdicts = (struct verdicts){ .dirfd = dirfd, .watch = -1, .due = true };
}

void verdicts_watch(struct verdicts *v)
{
	char path[32];

	if (v->dirfd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", v->dirfd);
	v->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (v->watch >= 0 &&
	    inotify_add_watch(v->watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		verdicts_done(v);
}

void verdicts_done(struct verdicts *v)
{
	if (v->watch >= 0)
		close(v->watch);
	v->watch = -1;
}

/* Of all that goes on in that directory. */
static bool is_about_verdicts(const char *events, size_t len)
{
	struct inotify_event event;
	const char *at;

	for (at = events; at < events + len; at += sizeof(event) + event.len) {
		memcpy(&event, at, sizeof(event));
		if (event.mask & IN_Q_OVERFLOW ||
		    (event.len && !strcmp(at + sizeof(event), STATE_DIR_VERDICTS)))
			return true;
	}
	return false;
}

static bool verdicts_due(struct verdicts *v)
{
	bool due = v->due || v->watch < 0;
	char events[4096];
	ssize_t n;

	v->due = false;
	while (v->watch >= 0 && (n = read(v->watch, events, sizeof(events))) > 0)
		due |= is_about_verdicts(events, n);
	return due;
}

/* The next word of at most size - 1 bytes; moves *at on. False: none, or too long. */
static bool verdicts_word(const char **at, const char *end, char *dst, size_t size)
{
	const char *space = memchr(*at, ' ', end - *at);
	size_t len = (space ? space : end) - *at;

	if (!len || len >= size)
		return false;
	memcpy(dst, *at, len);
	dst[len] = '\0';
	*at = space ? space + 1 : end;
	return true;
}

static bool is_id(const char *text)
{
	return strlen(text) == FINDING_ID_LEN - 1 &&
	       strspn(text, "0123456789abcdef") == FINDING_ID_LEN - 1;
}

static bool kind_by_name(const char *name, enum verdict_kind *ret)
{
	enum verdict_kind kind;

	for (kind = 0; kind < VERDICTS; kind++) {
		if (strcmp(name, verdict_name(kind)))
			continue;
		*ret = kind;
		return true;
	}
	return false;
}

int verdict_parse(const char *line, size_t len, struct verdict *ret)
{
	const char *at = line, *end = line + len;
	struct verdict v = { 0 };
	char when[24], kind[16];
	uint64_t wall_ns;

	if (!verdicts_word(&at, end, when, sizeof(when)) ||
	    parse_u64(when, 0, UINT64_MAX, &wall_ns) ||
	    !verdicts_word(&at, end, v.finding, sizeof(v.finding)) || !is_id(v.finding) ||
	    !verdicts_word(&at, end, v.pattern, sizeof(v.pattern)) || !is_id(v.pattern) ||
	    !verdicts_word(&at, end, kind, sizeof(kind)) || !kind_by_name(kind, &v.kind) ||
	    !verdicts_word(&at, end, v.by, sizeof(v.by)))
		return -EINVAL;
	v.wall_ns = wall_ns;
	if (at < end)
		text_sanitise(v.note, sizeof(v.note), at, end - at);
	*ret = v;
	return 0;
}

void verdict_message(const struct verdict *v, char *dst, size_t size)
{
	snprintf(dst, size, "finding %s (pattern %s) is called %s by %s%s%s", v->finding,
		 v->pattern, verdict_name(v->kind), v->by, v->note[0] ? ": " : "", v->note);
}

static int open_verdicts(const struct verdicts *v, off_t *ret_size)
{
	int fd = openat(v->dirfd, STATE_DIR_VERDICTS,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*ret_size = st.st_size;
	return fd;
}

/* Whole lines only: what is being appended comes next time. */
static size_t take_lines(struct verdicts *v, const char *text, size_t len,
			 void (*take)(void *ctx, const struct verdict *verdict), void *ctx)
{
	const char *at = text, *end = text + len, *nl;
	struct verdict verdict;

	while (at < end && (nl = memchr(at, '\n', end - at))) {
		if (verdict_parse(at, nl - at, &verdict))
			v->bad++;
		else
			take(ctx, &verdict);
		at = nl + 1;
	}
	if (at == text && len == READ_MAX) { /* no line of ours is that long */
		v->bad++;
		return len;
	}
	return at - text;
}

int verdicts_read(struct verdicts *v, void (*take)(void *ctx, const struct verdict *verdict),
		  void *ctx)
{
	off_t size = 0;
	char *text;
	ssize_t n;
	int fd;

	if (v->dirfd < 0 || !verdicts_due(v))
		return 0;
	fd = open_verdicts(v, &size);
	v->due = fd < 0 && fd != -ENOENT;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (size < v->at) /* somebody began anew */
		v->at = 0;
	if (size == v->at) {
		close(fd);
		return 0;
	}
	text = malloc(READ_MAX);
	n = text ? pread(fd, text, READ_MAX, v->at) : -1;
	v->due = n < 0 || n == READ_MAX; /* there is more, or was */
	if (n > 0)
		v->at += take_lines(v, text, n, take, ctx);
	free(text);
	close(fd);
	return n < 0 ? -EIO : 0;
}

/* All or nothing: half a line would spoil the next one. */
static int write_line(int fd, const char *line, size_t len)
{
	ssize_t written;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -EINVAL;
	written = write(fd, line, len);
	if (written != (ssize_t)len) {
		int err = written < 0 ? -errno : -ENOSPC;

		if (written > 0 && ftruncate(fd, st.st_size))
			return -EIO;
		return err;
	}
	return fdatasync(fd) ? -errno : 0;
}

int verdict_append(int dirfd, const struct verdict *v)
{
	char line[VERDICT_LINE_MAX];
	int fd, err = 0, n;
	struct stat dir;

	n = snprintf(line, sizeof(line), "%llu %s %s %s %s %s\n", (unsigned long long)v->wall_ns,
		     v->finding, v->pattern, verdict_name(v->kind), v->by, v->note);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -E2BIG;
	fd = openat(dirfd, STATE_DIR_VERDICTS,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
	if (fd < 0)
		return -errno;
	/* The daemon reads it as another user. */
	if (geteuid() == 0 && (fstat(dirfd, &dir) || fchown(fd, dir.st_uid, dir.st_gid)))
		err = -errno;
	if (!err)
		err = write_line(fd, line, n);
	close(fd);
	return err;
}
