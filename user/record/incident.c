// SPDX-License-Identifier: GPL-2.0-only
/* incident.c - owns the folders of evidence: what goes in, and which go when room is short. */
#include "record/incident.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/units.h"
#include "record/reader.h"

enum {
	KNOWN_MAX = 1024,
	PARTS = 8, /* of max_bytes is what one incident may take: what never ends leaves others room */
	DIR_MODE = 0750,
	FILE_MODE = 0640,
};

#define RING_DIR "ring"
#define FINDING_FILE "finding.json"
#define HOST_FILE "host.json"

struct known {
	char id[INCIDENT_ID_LEN];
	__u64 time_ns; /* of the last change */
	__u64 bytes;
	bool open;
};

/* An incident that still takes entries. */
struct open_incident {
	char id[INCIDENT_ID_LEN];
	int dirfd; /* -1: the place is free */
	int fd; /* of its segment */
	__u64 at; /* bytes in it */
	bool began; /* has a key */
};

struct incidents {
	int dirfd;
	struct incidents_config config;
	struct known known[KNOWN_MAX];
	size_t nknown;
	struct open_incident open[INCIDENTS_OPEN_MAX];
	struct incidents_stat stat;
};

static bool is_id(const char *id)
{
	return strlen(id) == INCIDENT_ID_LEN - 1 &&
	       strspn(id, "0123456789abcdef") == INCIDENT_ID_LEN - 1;
}

/* --- What is there. */

/* Calls each for every plain file of a folder, one level deep into ring/. */
static void each_file(int dirfd, const char *path,
		      void (*each)(void *ctx, int dirfd, const char *name, const struct stat *st),
		      void *ctx)
{
	int fd = io_open_subdir(dirfd, path);
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (io_list_dir(fd, &dir))
		return;
	while ((e = readdir(dir))) {
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode) && !strcmp(e->d_name, RING_DIR))
			each_file(fd, RING_DIR, each, ctx);
		else if (!S_ISDIR(st.st_mode))
			each(ctx, fd, e->d_name, &st);
	}
	closedir(dir);
}

static void add_size(void *ctx, int dirfd, const char *name, const struct stat *st)
{
	struct known *k = ctx;
	__u64 time_ns = st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;

	k->bytes += st->st_size;
	if (time_ns > k->time_ns)
		k->time_ns = time_ns;
}

static void delete_file(void *ctx, int dirfd, const char *name, const struct stat *st)
{
	unlinkat(dirfd, name, 0);
}

static struct known *find_known(struct incidents *in, const char *id)
{
	size_t i;

	for (i = 0; i < in->nknown; i++)
		if (!strcmp(in->known[i].id, id))
			return &in->known[i];
	return NULL;
}

static int incident_scan(struct incidents *in)
{
	struct dirent *e;
	DIR *dir;
	int err = io_list_dir(io_reopen_dir(in->dirfd), &dir);

	if (err)
		return err;
	while (in->nknown < KNOWN_MAX && (e = readdir(dir))) {
		struct known *k = &in->known[in->nknown];

		if (!is_id(e->d_name))
			continue;
		*k = (struct known){ .open = false };
		memcpy(k->id, e->d_name, sizeof(k->id));
		each_file(in->dirfd, k->id, add_size, k);
		in->stat.bytes += k->bytes;
		in->nknown++;
	}
	closedir(dir);
	return 0;
}

int incidents__open(int dirfd, const struct incidents_config *config, struct incidents **ret)
{
	struct incidents *in = calloc(1, sizeof(*in));
	int err, i;

	if (!in) {
		close(dirfd);
		return -ENOMEM;
	}
	in->dirfd = dirfd;
	in->config = *config;
	for (i = 0; i < INCIDENTS_OPEN_MAX; i++)
		in->open[i].dirfd = in->open[i].fd = -1;
	err = incident_scan(in);
	if (err) {
		incidents__free(in);
		return err;
	}
	*ret = in;
	return 0;
}

static void close_incident(struct incidents *in, struct open_incident *o)
{
	struct known *k = find_known(in, o->id);

	if (k)
		k->open = false;
	if (o->fd >= 0)
		close(o->fd);
	if (o->dirfd >= 0)
		close(o->dirfd);
	o->fd = o->dirfd = -1;
}

void incidents__free(struct incidents *in)
{
	int i;

	if (!in)
		return;
	for (i = 0; i < INCIDENTS_OPEN_MAX; i++)
		close_incident(in, &in->open[i]);
	close(in->dirfd);
	free(in);
}

/* --- Bounds. */

static void remove_incident(struct incidents *in, struct known *k)
{
	int fd;

	each_file(in->dirfd, k->id, delete_file, NULL);
	fd = io_open_subdir(in->dirfd, k->id);
	if (fd >= 0) {
		unlinkat(fd, RING_DIR, AT_REMOVEDIR);
		close(fd);
	}
	unlinkat(in->dirfd, k->id, AT_REMOVEDIR);
	in->stat.bytes -= k->bytes;
	in->stat.removed++;
	*k = in->known[--in->nknown];
}

/* The one that changed longest ago, of those that are closed. */
static struct known *oldest(struct incidents *in)
{
	struct known *found = NULL;
	size_t i;

	for (i = 0; i < in->nknown; i++)
		if (!in->known[i].open && (!found || in->known[i].time_ns < found->time_ns))
			found = &in->known[i];
	return found;
}

static bool make_room(struct incidents *in, unsigned int folders, __u64 bytes)
{
	struct known *k;

	while (in->nknown + folders > in->config.max_incidents || in->nknown == KNOWN_MAX ||
	       in->stat.bytes + bytes > in->config.max_bytes) {
		k = oldest(in);
		if (!k)
			return false;
		remove_incident(in, k);
	}
	return true;
}

/* Has this one room for as much? The first entries are worth more than the last ones. */
static bool has_room(struct incidents *in, const char *id, __u64 bytes)
{
	const struct known *k = find_known(in, id);

	return k && k->bytes + bytes <= in->config.max_bytes / PARTS && make_room(in, 0, bytes);
}

static void grew(struct incidents *in, const char *id, __u64 bytes, __u64 time_ns)
{
	struct known *k = find_known(in, id);

	if (!k)
		return;
	k->bytes += bytes;
	k->time_ns = time_ns;
	in->stat.bytes += bytes;
}

/* --- Files. */

/* Whoever reads it sees the old one or the new one. */
static int replace_file(int dirfd, const char *name, const void *data, size_t len)
{
	char temporary[80];
	int fd, err;

	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    FILE_MODE);
	if (fd < 0)
		return -errno;
	err = io_write(fd, data, len);
	if (!err && fdatasync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(dirfd, temporary, dirfd, name))
		err = -errno;
	if (err)
		unlinkat(dirfd, temporary, 0);
	else if (fsync(dirfd)) /* its name, too, is to be there after a loss of power */
		err = -errno;
	return err;
}

static int write_entry(struct open_incident *o, const struct entry_head *head, const void *data)
{
	unsigned char bytes[ENTRY_HEAD];
	int err;

	entry_head_put(bytes, head);
	err = io_write(o->fd, bytes, sizeof(bytes));
	if (!err)
		err = io_write(o->fd, data, head->stored);
	if (err) {
		/* Whole entries only: a reader would stop here, and so do we. */
		if (ftruncate(o->fd, o->at) || lseek(o->fd, o->at, SEEK_SET) < 0) {
			close(o->fd);
			o->fd = -1;
		}
		o->began = false;
		return err;
	}
	o->at += sizeof(bytes) + head->stored;
	o->began = true;
	return 0;
}

/* A file of its own each time it is taken up: segments begin with a key. */
static int begin_segment(struct open_incident *o, __u64 wall_ns)
{
	struct segment_head head = { .wall_ns = wall_ns };
	unsigned char bytes[SEGMENT_HEAD];
	char name[SEGMENT_NAME];
	int dir, err;

	if (mkdirat(o->dirfd, RING_DIR, DIR_MODE) && errno != EEXIST)
		return -errno;
	dir = io_open_subdir(o->dirfd, RING_DIR);
	if (dir < 0)
		return dir;
	do {
		segment_name(name, ++head.sequence);
		o->fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			       FILE_MODE);
	} while (o->fd < 0 && errno == EEXIST && head.sequence < 1000);
	err = o->fd < 0 ? -errno : 0;
	close(dir);
	if (err)
		return err;
	segment_head_put(bytes, &head);
	o->at = SEGMENT_HEAD;
	return io_write(o->fd, bytes, sizeof(bytes));
}

/* --- Beginning. */

/* From the key at or before the moment on, as it stands in the history. */
static int copy_past(struct incidents *in, struct open_incident *o, __u64 from_wall_ns,
		     struct ring *ring)
{
	int dir = io_reopen_dir(ring__dirfd(ring)), n;
	struct reader_place place, key = { 0 };
	struct reader *reader = NULL;
	struct entry_head head;
	const void *stored;
	struct buf data;
	bool have = false, found = false;
	int err;

	err = dir < 0 ? dir : reader__open(dir, &reader);
	if (err)
		return err == -ENOENT ? 0 : err;
	reader__seek_wall(reader, from_wall_ns);
	while (!found && (n = reader__next(reader, &head, NULL, &place)) > 0) {
		if (head.key) {
			key = place;
			have = true;
		}
		found = head.wall_ns >= from_wall_ns;
	}
	buf_init(&data, ENTRY_MAX);
	if (have)
		reader__seek(reader, &key);
	while (have && found && !err && (n = reader__next(reader, &head, &data, NULL)) > 0) {
		const struct ring_entry entry = { head.time_ns, head.wall_ns, head.key };
		const __u8 version = head.version; /* perhaps of the vigie before us */

		if (reader__broke(reader) && !head.key && o->began)
			o->began = false;
		if (!o->began && !head.key)
			continue;
		ring__pack(ring, &entry, data.data, data.len, &head, &stored);
		head.version = version;
		if (!has_room(in, o->id, ENTRY_HEAD + head.stored)) {
			in->stat.entries_dropped++;
			o->began = false;
			break;
		}
		err = write_entry(o, &head, stored);
		if (!err)
			grew(in, o->id, ENTRY_HEAD + head.stored, head.wall_ns);
	}
	buf_done(&data);
	reader__free(reader);
	return err;
}

static struct open_incident *find_open(struct incidents *in, const char *id)
{
	int i;

	for (i = 0; i < INCIDENTS_OPEN_MAX; i++)
		if (in->open[i].dirfd >= 0 && !strcmp(in->open[i].id, id))
			return &in->open[i];
	return NULL;
}

static struct open_incident *free_place(struct incidents *in)
{
	int i;

	for (i = 0; i < INCIDENTS_OPEN_MAX; i++)
		if (in->open[i].dirfd < 0)
			return &in->open[i];
	return NULL;
}

static int open_folder(struct incidents *in, const char *id, struct open_incident *o)
{
	struct known *k;

	if (mkdirat(in->dirfd, id, DIR_MODE) && errno != EEXIST)
		return -errno;
	o->dirfd = io_open_subdir(in->dirfd, id);
	if (o->dirfd < 0)
		return o->dirfd;
	memcpy(o->id, id, sizeof(o->id));
	o->began = false;
	k = find_known(in, id);
	if (!k) {
		k = &in->known[in->nknown++];
		*k = (struct known){ .bytes = 0 };
		memcpy(k->id, id, sizeof(k->id));
	}
	k->open = true;
	return 0;
}

static int incident_make(struct incidents *in, const char *id, const struct incident_begin *b,
			 struct ring *ring)
{
	struct open_incident *o = free_place(in);
	bool known = find_known(in, id);
	int err;

	if (!o || !make_room(in, known ? 0 : 1, b->finding_len + b->host_len + SEGMENT_HEAD))
		return -ENOSPC;
	err = open_folder(in, id, o);
	if (err)
		return err;
	err = replace_file(o->dirfd, FINDING_FILE, b->finding, b->finding_len);
	if (!err && b->host_len)
		err = replace_file(o->dirfd, HOST_FILE, b->host, b->host_len);
	if (!err)
		err = begin_segment(o, b->from_wall_ns);
	grew(in, id, b->finding_len + b->host_len + SEGMENT_HEAD, b->from_wall_ns);
	if (!err && ring)
		err = copy_past(in, o, b->from_wall_ns, ring);
	if (err)
		close_incident(in, o);
	return err;
}

int incidents__begin(struct incidents *in, const char *id, const struct incident_begin *b,
		     struct ring *ring)
{
	int err;

	if (!is_id(id))
		return -EINVAL;
	if (find_open(in, id))
		return incidents__update(in, id, b->finding, b->finding_len);
	err = incident_make(in, id, b, ring);
	if (err)
		in->stat.dropped++;
	else
		in->stat.begun++;
	return err;
}

int incidents__update(struct incidents *in, const char *id, const char *finding, size_t len)
{
	struct open_incident *o = find_open(in, id);

	return o ? replace_file(o->dirfd, FINDING_FILE, finding, len) : -ENOENT;
}

/* It takes no more entries, but the finding went on or was over only later. */
static int tell_closed(struct incidents *in, const char *id, const char *finding, size_t len)
{
	int fd, err;

	if (!is_id(id) || !find_known(in, id))
		return -ENOENT;
	fd = io_open_subdir(in->dirfd, id);
	if (fd < 0)
		return fd;
	err = len ? replace_file(fd, FINDING_FILE, finding, len) : 0;
	close(fd);
	return err;
}

int incidents__end(struct incidents *in, const char *id, const char *finding, size_t len)
{
	struct open_incident *o = find_open(in, id);
	int err;

	if (!o)
		return tell_closed(in, id, finding, len);
	err = len ? replace_file(o->dirfd, FINDING_FILE, finding, len) : 0;
	if (o->fd >= 0 && fdatasync(o->fd) && !err)
		err = -errno;
	close_incident(in, o);
	return err;
}

void incidents__append(struct incidents *in, struct ring *ring, const struct ring_entry *entry,
		       const void *data, size_t len)
{
	struct entry_head head;
	const void *stored;
	bool packed = false;
	int i;

	for (i = 0; i < INCIDENTS_OPEN_MAX; i++) {
		struct open_incident *o = &in->open[i];

		if (o->dirfd < 0)
			continue;
		if (!packed)
			ring__pack(ring, entry, data, len, &head, &stored);
		packed = true;
		if (o->fd < 0 || (!o->began && !entry->key) ||
		    !has_room(in, o->id, ENTRY_HEAD + head.stored) ||
		    write_entry(o, &head, stored)) {
			in->stat.entries_dropped++;
			o->began = false;
			continue;
		}
		grew(in, o->id, ENTRY_HEAD + head.stored, entry->wall_ns);
	}
}

/* --- What others add. */

static bool is_name(const char *name)
{
	const char *c;

	if (!*name || *name == '.' || strlen(name) > 64 || !strcmp(name, FINDING_FILE) ||
	    !strcmp(name, HOST_FILE) || !strcmp(name, RING_DIR))
		return false;
	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".-_", *c))
			return false;
	return true;
}

int incidents__attach(struct incidents *in, const char *id, const char *name, const void *data,
		      size_t len)
{
	struct known *k;
	int fd, err;

	if (!is_id(id) || !is_name(name))
		return -EINVAL;
	if (len > INCIDENT_ATTACHED_MAX)
		return -EFBIG;
	k = find_known(in, id);
	if (!k)
		return -ENOENT;
	k->open = true; /* it must not make room for itself */
	err = make_room(in, 0, len) ? 0 : -ENOSPC;
	k = find_known(in, id); /* others may have moved it */
	k->open = find_open(in, id);
	if (err)
		return err;
	fd = io_open_subdir(in->dirfd, id);
	if (fd < 0)
		return fd;
	err = replace_file(fd, name, data, len);
	close(fd);
	if (!err)
		grew(in, id, len, k->time_ns);
	return err;
}

const struct incidents_stat *incidents__stat(const struct incidents *in)
{
	return &in->stat;
}
