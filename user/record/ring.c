// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - owns the files of a history.
 *
 * An entry is one pwritev() at a known offset. If that fails or falls short the file is cut
 * back to where it was, so what stands in it is always whole entries; if even that fails the
 * segment is left as it is, and the next entry begins another.
 */
#include "record/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/array.h"
#include "base/io.h"
#include "base/units.h"
#include "record/codec.h"

enum {
	SEGMENTS_MAX = 4096, /* that are known; older ones than these are removed */
	SEGMENT_PARTS = 32, /* of max_bytes is one segment: what is given up at a time */
	SEGMENT_LEAST = 256 << 10,
	SEGMENT_MOST = 8 << 20,
	NAME_TRIES = 16,
	DEFLATE_LEVEL = 1,
	FILE_MODE = 0640,
};

/* A host's clock may be wrong as it boots: until then other boots' entries are not aged. */
#define TRUST_CLOCK_NS (3600 * NS_PER_S)

struct known_segment {
	__u64 sequence, boot;
	__u64 bytes;
	__u64 last_time_ns, last_wall_ns;
};

struct ring {
	int dirfd, fd; /* fd: of the segment that is being written, or -1 */
	struct ring_config config;
	__u64 segment_bytes; /* where one ends */
	struct known_segment segments[SEGMENTS_MAX]; /* the oldest first; the last is fd's */
	size_t nsegments;
	__u64 next_sequence;
	__u64 began_ns; /* CLOCK_BOOTTIME of the first entry of ours */
	struct ring_entry last; /* of ours; all 0: none yet, and nothing is too old */
	bool needs_key; /* what goes before a delta is not there */
	z_stream deflate;
	bool deflate_ready;
	unsigned char *packed;
	size_t packed_cap;
	struct ring_stat stat;
};

/* --- What is there. */

static int by_sequence(const void *a, const void *b)
{
	const struct known_segment *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* The header says which boot; the time of the last change is near enough for the last entry. */
static int look_at_segment(struct ring *r, const char *name, struct known_segment *ret)
{
	int fd = openat(r->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	unsigned char bytes[SEGMENT_HEAD];
	struct segment_head head = { 0 };
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	if (pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes))
		segment_head_get(bytes, &head);
	close(fd);
	ret->boot = head.boot;
	ret->bytes = st.st_size;
	ret->last_wall_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	ret->last_time_ns = 0; /* of ours we know it; else it is a boot's that ended */
	return 0;
}

static void remove_oldest(struct ring *r)
{
	char name[SEGMENT_NAME];

	segment_name(name, r->segments[0].sequence);
	if (unlinkat(r->dirfd, name, 0) && errno != ENOENT)
		return; /* its bytes stay counted; it is tried again */
	r->stat.disk_bytes -= r->segments[0].bytes;
	r->stat.segments_removed++;
	r->nsegments--;
	memmove(r->segments, r->segments + 1, r->nsegments * sizeof(*r->segments));
}

static int ring_scan(struct ring *r)
{
	struct known_segment *k;
	struct dirent *e;
	__u64 sequence;
	DIR *dir;
	int err = io_list_dir(io_reopen_dir(r->dirfd), &dir);

	if (err)
		return err;
	while ((e = readdir(dir)) && r->nsegments < SEGMENTS_MAX) {
		k = &r->segments[r->nsegments];
		if (!segment_name_get(e->d_name, &sequence) || look_at_segment(r, e->d_name, k))
			continue;
		k->sequence = sequence;
		r->nsegments++;
		r->stat.disk_bytes += k->bytes;
		if (sequence >= r->next_sequence)
			r->next_sequence = sequence + 1;
	}
	closedir(dir);
	qsort(r->segments, r->nsegments, sizeof(*r->segments), by_sequence);
	return 0;
}

static void choose_sizes(struct ring *r)
{
	r->segment_bytes = r->config.max_bytes / SEGMENT_PARTS;
	if (r->segment_bytes < SEGMENT_LEAST)
		r->segment_bytes = SEGMENT_LEAST;
	if (r->segment_bytes > SEGMENT_MOST)
		r->segment_bytes = SEGMENT_MOST;
}

int ring__open(int dirfd, const struct ring_config *config, struct ring **ret)
{
	struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		close(dirfd);
		return -ENOMEM;
	}
	r->dirfd = dirfd;
	r->fd = -1;
	r->config = *config;
	r->needs_key = true;
	r->next_sequence = 1;
	choose_sizes(r);
	r->deflate_ready = deflateInit(&r->deflate, DEFLATE_LEVEL) == Z_OK;
	err = r->deflate_ready ? ring_scan(r) : -ENOMEM;
	if (err) {
		ring__free(r);
		return err;
	}
	r->stat.segments = r->nsegments;
	*ret = r;
	return 0;
}

void ring__free(struct ring *r)
{
	if (!r)
		return;
	if (r->deflate_ready)
		deflateEnd(&r->deflate);
	if (r->fd >= 0)
		close(r->fd);
	close(r->dirfd);
	free(r->packed);
	free(r);
}

/* --- Bounds. */

/*
 * Within a boot the time that passed counts, whatever the clock on the wall did. Of other
 * boots only the wall clock tells, and it is believed once we have been here for an hour.
 */
static bool is_too_old(const struct ring *r, const struct known_segment *k,
		       const struct ring_entry *now)
{
	if (k->boot == r->config.boot && k->last_time_ns)
		return now->time_ns > k->last_time_ns &&
		       now->time_ns - k->last_time_ns > r->config.retention_ns;
	return now->time_ns - r->began_ns > TRUST_CLOCK_NS && now->wall_ns > k->last_wall_ns &&
	       now->wall_ns - k->last_wall_ns > r->config.retention_ns;
}

static void keep_bounds(struct ring *r, const struct ring_entry *now, __u64 more)
{
	size_t before;

	/* The last one is being written, or was until now. */
	while (r->nsegments > 1 && (r->stat.disk_bytes + more > r->config.max_bytes ||
				    is_too_old(r, &r->segments[0], now))) {
		before = r->nsegments;
		remove_oldest(r);
		if (r->nsegments == before)
			return;
	}
	r->stat.segments = r->nsegments;
}

/* --- Writing. */

static int write_all(int fd, struct iovec parts[2], __u64 at)
{
	size_t want = parts[0].iov_len + parts[1].iov_len;
	ssize_t n;

	do
		n = pwritev(fd, parts, parts[1].iov_len ? 2 : 1, at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* A short write is a full disk, or a limit: the rest would fail with the reason. */
	return (size_t)n == want ? 0 : -ENOSPC;
}

static void close_segment(struct ring *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->needs_key = true;
}

/* A name that something else has, whatever it is, is left to it. */
static int make_segment(struct ring *r, char name[SEGMENT_NAME], __u64 *ret_sequence)
{
	int tries;

	for (tries = 0; tries < NAME_TRIES; tries++) {
		*ret_sequence = r->next_sequence++;
		segment_name(name, *ret_sequence);
		r->fd = openat(r->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			       FILE_MODE);
		if (r->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

static int begin_segment(struct ring *r, const struct ring_entry *entry)
{
	struct known_segment *k;
	unsigned char bytes[SEGMENT_HEAD];
	struct iovec parts[2] = { { bytes, sizeof(bytes) }, { NULL, 0 } };
	struct segment_head head = {
		.boot = r->config.boot,
		.wall_ns = entry->wall_ns,
	};
	char name[SEGMENT_NAME];
	int err;

	close_segment(r);
	if (r->nsegments == SEGMENTS_MAX)
		remove_oldest(r);
	if (r->nsegments == SEGMENTS_MAX)
		return -EMFILE;
	err = make_segment(r, name, &head.sequence);
	if (err)
		return err;
	segment_head_put(bytes, &head);
	err = write_all(r->fd, parts, 0);
	if (err) {
		unlinkat(r->dirfd, name, 0);
		close_segment(r);
		return err;
	}
	k = &r->segments[r->nsegments++];
	*k = (struct known_segment){ head.sequence, head.boot, SEGMENT_HEAD, 0, 0 };
	r->stat.disk_bytes += SEGMENT_HEAD;
	return 0;
}

static int write_entry(struct ring *r, const struct entry_head *head, const void *data)
{
	struct known_segment *k = &r->segments[r->nsegments - 1];
	unsigned char bytes[ENTRY_HEAD];
	struct iovec parts[2] = { { bytes, sizeof(bytes) }, { (void *)data, head->stored } };
	int err;

	entry_head_put(bytes, head);
	err = write_all(r->fd, parts, k->bytes);
	if (err) {
		if (ftruncate(r->fd, k->bytes))
			close_segment(r);
		return err;
	}
	k->bytes += sizeof(bytes) + head->stored;
	k->last_time_ns = head->time_ns;
	k->last_wall_ns = head->wall_ns;
	r->stat.disk_bytes += sizeof(bytes) + head->stored;
	r->stat.bytes += sizeof(bytes) + head->stored;
	r->stat.raw_bytes += head->raw;
	r->stat.entries++;
	return 0;
}

static enum ring_loss loss_of(int err)
{
	switch (-err) {
	case ENOSPC:
	case EDQUOT: return RING_LOST_NO_SPACE;
	case EROFS:
	case EACCES:
	case EPERM: return RING_LOST_READ_ONLY;
	case EMSGSIZE: return RING_LOST_TOO_BIG;
	case EPROTO: return RING_LOST_NOT_KEY;
	default: return RING_LOST_IO;
	}
}

/* A full segment ends with the next key; who writes hears of it late, so until then deltas go on in it. */
static bool is_full(const struct ring *r)
{
	return r->nsegments && r->segments[r->nsegments - 1].bytes >= r->segment_bytes;
}

static int append(struct ring *r, const struct ring_entry *entry, const void *data, size_t len)
{
	struct entry_head head;
	const void *stored;
	int err = 0;

	if (len > ENTRY_MAX)
		return -EMSGSIZE;
	if (r->needs_key && !entry->key)
		return -EPROTO;
	if (!r->began_ns)
		r->began_ns = entry->time_ns;
	r->last = *entry;
	ring__pack(r, entry, data, len, &head, &stored);
	keep_bounds(r, entry, head.stored + ENTRY_HEAD + SEGMENT_HEAD);
	if (r->fd < 0 || (entry->key && is_full(r)))
		err = begin_segment(r, entry);
	return err ? err : write_entry(r, &head, stored);
}

int ring__append(struct ring *r, const struct ring_entry *entry, const void *data, size_t len)
{
	int err = append(r, entry, data, len);

	if (err) {
		r->stat.lost[loss_of(err)]++;
		r->needs_key = true;
		return err;
	}
	r->needs_key = false;
	r->stat.segments = r->nsegments;
	return 0;
}

void ring__pack(struct ring *r, const struct ring_entry *entry, const void *data, size_t len,
		struct entry_head *ret_head, const void **ret_data)
{
	size_t room = len > 64 ? len - 1 : 0; /* only what is smaller is of use */

	*ret_head = (struct entry_head){
		.key = entry->key,
		.version = CODEC_VERSION,
		.stored = len,
		.raw = len,
		.time_ns = entry->time_ns,
		.wall_ns = entry->wall_ns,
	};
	*ret_data = data;
	if (room && !array_grow(&r->packed, &r->packed_cap, room, 1, SIZE_MAX)) {
		deflateReset(&r->deflate);
		r->deflate.next_in = (unsigned char *)data;
		r->deflate.avail_in = len;
		r->deflate.next_out = r->packed;
		r->deflate.avail_out = room;
		if (deflate(&r->deflate, Z_FINISH) == Z_STREAM_END) {
			ret_head->deflated = true;
			ret_head->stored = room - r->deflate.avail_out;
			*ret_data = r->packed;
		}
	}
	ret_head->crc = entry_crc(*ret_data, ret_head->stored);
}

void ring__set_bounds(struct ring *r, __u64 retention_ns, __u64 max_bytes)
{
	if (r->config.retention_ns == retention_ns && r->config.max_bytes == max_bytes)
		return;
	r->config.retention_ns = retention_ns;
	r->config.max_bytes = max_bytes;
	choose_sizes(r);
	close_segment(r);
	keep_bounds(r, &r->last, 0);
}

bool ring__wants_key(const struct ring *r)
{
	return r->needs_key || is_full(r);
}

int ring__sync(struct ring *r)
{
	return r->fd >= 0 && fdatasync(r->fd) ? -errno : 0;
}

const struct ring_stat *ring__stat(const struct ring *r)
{
	return &r->stat;
}

int ring__dirfd(const struct ring *r)
{
	return r->dirfd;
}
