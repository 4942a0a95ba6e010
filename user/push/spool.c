// SPDX-License-Identifier: GPL-2.0-only
/* spool.c - owns the header of a file, the checks, and what is on the disk. */
#include "push/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/array.h"
#include "base/io.h"
#include "base/parse.h"

/* What a file takes at least, whatever is in it: so its bound bounds the number of files, too. */
enum { BLOCK = 4096, BATCH_MAX = 64 << 20, FILES_MAX = 1 << 20 };

#define NAME_FORM "%016llx.batch"
#define PARTIAL "partial"

/* Of this host's byte order: a spool does not travel. */
struct file_header {
	char magic[8];
	__u32 format, kind;
	__u32 points, sum; /* of the header with sum 0, and of the bytes */
	__u64 len, wall_ns;
};

static const char magic[8] = "VGPUSH1\n";

static __u64 on_disk(__u64 len)
{
	return (len + sizeof(struct file_header) + BLOCK - 1) / BLOCK * BLOCK;
}

static void name_of(__u64 seq, char name[32])
{
	snprintf(name, 32, NAME_FORM, (unsigned long long)seq);
}

static __u32 sum_of(struct file_header header, const void *data)
{
	uLong sum;

	header.sum = 0;
	sum = crc32(0, (const Bytef *)&header, sizeof(header));
	return crc32_z(sum, data, header.len);
}

int spool_open(struct spool *spool, int root, const char *name, __u32 format, __u64 max)
{
	int dir;

	*spool = (struct spool){ .dir = -1, .format = format, .max = max };
	if (root < 0)
		return -ENOENT;
	if (mkdirat(root, name, 0700) && errno != EEXIST)
		return -errno;
	dir = io_open_subdir(root, name);
	if (dir < 0)
		return dir;
	spool->dir = dir;
	return 0;
}

void spool_done(struct spool *spool)
{
	if (spool->dir >= 0)
		close(spool->dir);
	spool->dir = -1;
}

/* Opened without waiting: a pipe of that name must not keep us. */
static int open_batch(const struct spool *spool, __u64 seq, struct file_header *header)
{
	char name[32];
	struct stat st;
	int fd, err = -EBADMSG;

	name_of(seq, name);
	fd = openat(spool->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    read(fd, header, sizeof(*header)) == sizeof(*header) &&
	    !memcmp(header->magic, magic, sizeof(magic)) && header->format == spool->format &&
	    header->kind < PUSH_KINDS && header->len <= BATCH_MAX &&
	    header->len + sizeof(*header) == (__u64)st.st_size)
		return fd;
	close(fd);
	return err;
}

int spool_read(struct spool *spool, const struct push_batch *batch, struct buf *out)
{
	struct file_header header;
	size_t got = 0;
	ssize_t n = 0;
	char *to;
	int fd;

	if (spool->dir < 0)
		return -ENOENT;
	fd = open_batch(spool, batch->seq, &header);
	if (fd < 0)
		return fd;
	to = buf_reserve(out, header.len);
	while (to && got < header.len) {
		n = read(fd, to + got, header.len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += n;
	}
	close(fd);
	if (!to)
		return out->err;
	if (got < header.len || header.sum != sum_of(header, to))
		return n < 0 ? -EIO : -EBADMSG;
	out->len += got;
	return 0;
}

static int write_file(const struct spool *spool, const struct push_batch *batch)
{
	struct file_header header = { .format = spool->format,
				      .kind = batch->kind,
				      .points = batch->points,
				      .len = batch->len,
				      .wall_ns = batch->wall_ns };
	char name[32];
	int fd, err;

	memcpy(header.magic, magic, sizeof(magic));
	header.sum = sum_of(header, batch->data);
	/* What a killed one left is taken over; who plants a link there would have us follow it. */
	if (unlinkat(spool->dir, PARTIAL, 0) && errno != ENOENT)
		return -errno;
	fd = openat(spool->dir, PARTIAL, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	err = io_write(fd, &header, sizeof(header));
	if (!err)
		err = io_write(fd, batch->data, batch->len);
	if (close(fd) && !err)
		err = -errno;
	name_of(batch->seq, name);
	if (!err && renameat(spool->dir, PARTIAL, spool->dir, name))
		err = -errno;
	if (err)
		unlinkat(spool->dir, PARTIAL, 0);
	return err;
}

int spool_write(struct spool *spool, const struct push_batch *batch)
{
	__u64 size = on_disk(batch->len);
	int err;

	if (spool->dir < 0)
		return -ENOENT;
	if (batch->len > BATCH_MAX || size > spool->max || spool->used > spool->max - size)
		return -EFBIG;
	err = write_file(spool, batch);
	if (!err)
		spool->used += size;
	return err;
}

void spool_remove(struct spool *spool, const struct push_batch *batch)
{
	__u64 size = on_disk(batch->len);
	char name[32];

	if (spool->dir < 0)
		return;
	name_of(batch->seq, name);
	unlinkat(spool->dir, name, 0);
	spool->used -= size < spool->used ? size : spool->used;
}

/* --- What is there. ------------------------------------------------------------------ */

static int compare_seqs(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/* "0000000000000001.batch"; the names that name_of() makes, no other. */
static bool parse_name(const char *name, __u64 *ret)
{
	const char *at = name;
	char again[32];
	uint64_t seq;

	if (strlen(name) != 22 || parse_hex(&at, &seq))
		return false;
	name_of(seq, again);
	*ret = seq;
	return !strcmp(name, again);
}

static int list_seqs(const struct spool *spool, __u64 **ret, size_t *ret_n)
{
	__u64 *seqs = NULL, seq;
	size_t n = 0, room = 0;
	struct dirent *entry;
	DIR *dir;
	int err = io_list_dir(io_reopen_dir(spool->dir), &dir);

	if (err)
		return err;
	while (!err && (entry = readdir(dir))) {
		if (!parse_name(entry->d_name, &seq))
			continue;
		err = array_grow(&seqs, &room, n + 1, sizeof(*seqs), FILES_MAX);
		if (!err)
			seqs[n++] = seq;
	}
	closedir(dir);
	if (err ==
	    -ENOSPC) /* nobody could have written so many: the rest waits for the next start */
		err = 0;
	if (err) {
		free(seqs);
		return err;
	}
	if (n)
		qsort(seqs, n, sizeof(*seqs), compare_seqs);
	*ret = seqs;
	*ret_n = n;
	return 0;
}

/* Whole, sums included: what is announced must be there when its turn comes. */
static int look_at(struct spool *spool, struct push_batch *batch, struct buf *scratch)
{
	struct file_header header;
	int fd = open_batch(spool, batch->seq, &header), err;

	if (fd < 0)
		return fd;
	close(fd);
	batch->kind = header.kind;
	batch->points = header.points;
	batch->wall_ns = header.wall_ns;
	batch->len = header.len;
	buf_clear(scratch);
	err = spool_read(spool, batch, scratch);
	return err;
}

int spool_scan(struct spool *spool, spool_found_fn fn, void *ctx)
{
	struct push_batch batch = { .spooled = true };
	struct buf scratch;
	__u64 *seqs;
	size_t n, i;
	int err;

	if (spool->dir < 0)
		return -ENOENT;
	err = list_seqs(spool, &seqs, &n);
	if (err)
		return err;
	buf_init(&scratch, BATCH_MAX);
	for (i = 0; i < n && !err; i++) {
		batch.seq = seqs[i];
		batch.len = 0;
		err = look_at(spool, &batch, &scratch);
		if (err == -ENOMEM)
			break;
		if (err) {
			spool->refused++;
			batch.len = 0;
			spool_remove(spool, &batch);
			err = 0;
			continue;
		}
		spool->used += on_disk(batch.len);
		err = fn(ctx, &batch);
	}
	buf_done(&scratch);
	free(seqs);
	return err;
}

/* --- The place in the log. ----------------------------------------------------------- */

#define POSITION "events.position"

int spool_read_position(int root, __u64 *ret)
{
	char text[24];
	uint64_t value;
	ssize_t n;
	int fd, err;

	if (root < 0)
		return -ENOENT;
	fd = openat(root, POSITION, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EBADMSG;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	err = parse_u64(text, 0, UINT64_MAX - 1, &value);
	if (!err)
		*ret = value;
	return err;
}

int spool_write_position(int root, __u64 position)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)position), fd, err;

	if (root < 0)
		return -ENOENT;
	unlinkat(root, POSITION ".partial", 0);
	fd = openat(root, POSITION ".partial", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	err = io_write(fd, text, n);
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(root, POSITION ".partial", root, POSITION))
		err = -errno;
	return err;
}
