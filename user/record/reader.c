// SPDX-License-Identifier: GPL-2.0-only
/* reader.c - owns the way through files that may be torn, damaged or hostile. */
#include "record/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"

enum { SEGMENTS_MAX = 65536, SEARCH_BYTES = 64 << 10 };

struct reader {
	int dirfd, fd; /* of the segment under way, or -1 */
	__u64 *sequences;
	size_t nsegments;
	size_t segment; /* the one under way */
	__u64 at, size; /* in it */
	bool broke;
	unsigned char *search; /* SEARCH_BYTES */
	struct buf stored;
	struct reader_stat stat;
};

const char *const reader_skip_names[READER_SKIPS] = {
	[READER_SKIP_SEGMENT] = "segments that are none",
	[READER_SKIP_VERSION] = "segments of another version",
	[READER_SKIP_DAMAGED] = "damaged places",
	[READER_SKIP_CHECKSUM] = "entries with a wrong checksum",
	[READER_SKIP_TORN] = "torn entries",
};

static int by_number(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

/* Those behind the last that is known. */
static int list_segments(struct reader *r)
{
	size_t known = r->nsegments;
	__u64 last = known ? r->sequences[known - 1] : 0, sequence;
	struct dirent *e;
	DIR *dir;
	int err = io_list_dir(io_reopen_dir(r->dirfd), &dir);

	if (err)
		return err;
	while (r->nsegments < SEGMENTS_MAX && (e = readdir(dir)))
		if (segment_name_get(e->d_name, &sequence) && (!known || sequence > last))
			r->sequences[r->nsegments++] = sequence;
	closedir(dir);
	qsort(r->sequences + known, r->nsegments - known, sizeof(*r->sequences), by_number);
	return r->nsegments ? 0 : -ENOENT;
}

int reader__look_again(struct reader *r)
{
	return list_segments(r);
}

int reader__open(int dirfd, struct reader **ret)
{
	struct reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		close(dirfd);
		return -ENOMEM;
	}
	r->dirfd = dirfd;
	r->fd = -1;
	buf_init(&r->stored, ENTRY_MAX);
	r->sequences = malloc(SEGMENTS_MAX * sizeof(*r->sequences));
	r->search = malloc(SEARCH_BYTES);
	err = r->sequences && r->search ? list_segments(r) : -ENOMEM;
	if (err) {
		reader__free(r);
		return err;
	}
	*ret = r;
	return 0;
}

void reader__free(struct reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	close(r->dirfd);
	buf_done(&r->stored);
	free(r->sequences);
	free(r->search);
	free(r);
}

static void skip(struct reader *r, enum reader_skip why)
{
	r->stat.skipped[why]++;
	r->broke = true;
}

static void leave_segment(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->at = 0;
	r->segment++;
}

/* All of len bytes, or how many there are; or -errno. */
static ssize_t read_at(int fd, void *to, size_t len, __u64 at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)to + done, len - done, at + done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	return done;
}

/* 0: it is open and its header is sound; -EBADMSG: it was passed over; else -errno. */
static int enter_segment(struct reader *r)
{
	unsigned char bytes[SEGMENT_HEAD];
	struct segment_head head;
	char name[SEGMENT_NAME];
	struct stat st;
	int err;

	segment_name(name, r->sequences[r->segment]);
	r->fd = openat(r->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd < 0 && errno != ENOENT && errno != ELOOP)
		return -errno;
	/* Removed by the writer since we looked: that is how a ring works. */
	if (r->fd < 0 || fstat(r->fd, &st) || !S_ISREG(st.st_mode)) {
		r->broke = true;
		return -EBADMSG;
	}
	r->size = st.st_size < SEGMENT_MAX ? st.st_size : SEGMENT_MAX;
	err = read_at(r->fd, bytes, sizeof(bytes), 0) == sizeof(bytes)
		      ? segment_head_get(bytes, &head)
		      : -EBADMSG;
	if (err) {
		skip(r, err == -EPROTONOSUPPORT ? READER_SKIP_VERSION : READER_SKIP_SEGMENT);
		return -EBADMSG;
	}
	r->at = r->at > SEGMENT_HEAD ? r->at : SEGMENT_HEAD;
	return 0;
}

/* Moves on to the next bytes that are an entry's header, if there are any in this segment. */
static bool search_entry(struct reader *r)
{
	struct entry_head head;
	ssize_t n, i;

	while (r->at + ENTRY_HEAD <= r->size) {
		n = read_at(r->fd, r->search, SEARCH_BYTES, r->at);
		if (n < ENTRY_HEAD)
			return false;
		for (i = 0; i + ENTRY_HEAD <= n; i++) {
			if (r->search[i] != 'V' || entry_head_get(r->search + i, &head))
				continue;
			r->at += i;
			return true;
		}
		r->at += i;
	}
	return false;
}

static bool inflate_entry(const struct buf *stored, const struct entry_head *head, struct buf *data)
{
	uLongf len = head->raw;
	char *to = buf_reserve(data, head->raw ? head->raw : 1);

	if (!to)
		return false;
	if (!head->deflated)
		memcpy(to, stored->data, stored->len);
	else if (uncompress((Bytef *)to, &len, (const Bytef *)stored->data, stored->len) != Z_OK ||
		 len != head->raw)
		return false;
	data->len += head->raw;
	return true;
}

/* 1: the entry is sound, and r->at behind it; 0: it was passed over; or -errno. */
static int take_entry(struct reader *r, const struct entry_head *head, struct buf *data)
{
	char *to;
	ssize_t n;

	if (r->at + ENTRY_HEAD + head->stored > r->size) {
		skip(r, READER_SKIP_TORN);
		r->at++; /* what looks like a header may be within another entry's bytes */
		return 0;
	}
	buf_clear(&r->stored);
	to = buf_reserve(&r->stored, head->stored ? head->stored : 1);
	if (!to)
		return -ENOMEM;
	n = read_at(r->fd, to, head->stored, r->at + ENTRY_HEAD);
	if (n < 0)
		return n;
	r->stored.len = n;
	if (data)
		buf_clear(data);
	if (entry_crc(to, n) != head->crc || (data && !inflate_entry(&r->stored, head, data))) {
		skip(r, READER_SKIP_CHECKSUM);
		r->at++;
		return 0;
	}
	r->at += ENTRY_HEAD + head->stored;
	return 1;
}

/* 1, 0: nothing more in this segment, or -errno. */
static int next_here(struct reader *r, struct entry_head *ret, struct buf *data,
		     struct reader_place *ret_place)
{
	unsigned char bytes[ENTRY_HEAD];
	ssize_t n;
	int err;

	for (;;) {
		n = read_at(r->fd, bytes, sizeof(bytes), r->at);
		if (n < 0)
			return n;
		if (!n || r->at >= r->size)
			return 0;
		if (n < ENTRY_HEAD) {
			skip(r, READER_SKIP_TORN);
			return 0;
		}
		if (entry_head_get(bytes, ret)) {
			skip(r, READER_SKIP_DAMAGED);
			if (!search_entry(r))
				return 0;
			continue;
		}
		if (ret_place)
			*ret_place = (struct reader_place){ r->segment, r->at };
		err = take_entry(r, ret, data);
		if (err)
			return err;
	}
}

int reader__next(struct reader *r, struct entry_head *ret, struct buf *data,
		 struct reader_place *ret_place)
{
	int err;

	while (r->segment < r->nsegments) {
		err = r->fd < 0 ? enter_segment(r) : 0;
		if (!err)
			err = next_here(r, ret, data, ret_place);
		if (err > 0)
			r->stat.entries++;
		if (err && err != -EBADMSG)
			return err;
		leave_segment(r);
	}
	return 0;
}

void reader__seek(struct reader *r, const struct reader_place *place)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->segment = place->segment;
	r->at = place->at;
	r->broke = true;
	r->stat = (struct reader_stat){ 0 }; /* of what comes from here on */
}

static bool began_by(const struct reader *r, size_t segment, __u64 wall_ns)
{
	unsigned char bytes[SEGMENT_HEAD];
	struct segment_head head;
	char name[SEGMENT_NAME];
	bool sound;
	int fd;

	segment_name(name, r->sequences[segment]);
	fd = openat(r->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	sound = read_at(fd, bytes, sizeof(bytes), 0) == sizeof(bytes) &&
		!segment_head_get(bytes, &head);
	close(fd);
	return sound && head.wall_ns <= wall_ns;
}

void reader__seek_wall(struct reader *r, __u64 wall_ns)
{
	struct reader_place place = { .segment = r->nsegments - 1 };

	while (place.segment && !began_by(r, place.segment, wall_ns))
		place.segment--;
	reader__seek(r, &place);
}

bool reader__broke(struct reader *r)
{
	bool broke = r->broke;

	r->broke = false;
	return broke;
}

const struct reader_stat *reader__stat(const struct reader *r)
{
	return &r->stat;
}
