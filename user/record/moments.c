// SPDX-License-Identifier: GPL-2.0-only
/* moments.c - owns the list of entries, and the way from a key to the one that is wanted. */
#include "record/moments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/units.h"
#include "record/codec.h"
#include "record/reader.h"

enum {
	MOMENTS_MAX = 4 << 20,
	KEPT_MAX = 64 << 20, /* bytes in memory */
	KEY_EVERY = 30, /* of what is added */
};

#define NOWHERE SIZE_MAX

struct moment {
	__u64 wall_ns, time_ns;
	struct reader_place place; /* on the disk, if bytes is NULL */
	char *bytes;
	size_t len;
	bool key;
	bool orphan; /* what it is a delta to is damaged or gone */
	__u8 version;
};

struct moments {
	struct moment *all;
	size_t n, capacity, ndisk; /* the first ndisk are on the disk */
	struct reader *reader; /* NULL: there is no disk */
	struct decoder *decoder;
	size_t decoded; /* the entry that it decoded last; NOWHERE: it must begin with a key */
	struct snapshot head; /* of that one, without its arrays */
	struct buf data;
	struct encoder *encoder;
	size_t kept, kept_max, since_key;
	__u64 skipped, forgotten;
};

void snapshot_head_only(struct snapshot *s)
{
	s->processes = NULL;
	s->retired = NULL;
	s->culprits = NULL;
	s->ooms = NULL;
	s->cgroups = NULL;
	s->cgroup_stats = NULL;
	s->nprocesses = s->nretired = s->nculprits = s->nooms = s->ncgroups = s->ncgroup_stats = 0;
	s->culprit_other_ns = s->culprit_other_waits = 0;
}

static int add_moment(struct moments *m, const struct moment *moment)
{
	int err = array_grow(&m->all, &m->capacity, m->n + 1, sizeof(*m->all), MOMENTS_MAX);

	if (!err)
		m->all[m->n++] = *moment;
	return err;
}

static void count_skipped(struct moments *m)
{
	const struct reader_stat *stat = reader__stat(m->reader);
	int i;

	for (i = 0; i < READER_SKIPS; i++)
		m->skipped += stat->skipped[i];
}

static int list_disk(struct moments *m)
{
	struct reader_place place;
	struct entry_head head;
	bool orphan = m->n && m->all[m->n - 1].orphan;
	int n, err = 0;

	while (!err && (n = reader__next(m->reader, &head, NULL, &place)) != 0) {
		struct moment moment = { .wall_ns = head.wall_ns,
					 .time_ns = head.time_ns,
					 .place = place,
					 .key = head.key,
					 .version = head.version };

		orphan = !head.key && (reader__broke(m->reader) || orphan);
		if (head.key)
			reader__broke(m->reader); /* it needs nothing before it */
		moment.orphan = orphan;

		err = n < 0 ? n : add_moment(m, &moment);
	}
	m->ndisk = m->n;
	count_skipped(m);
	return err;
}

int moments__look_again(struct moments *m)
{
	const struct reader_place start = { 0 };
	struct reader_place last = m->n ? m->all[m->n - 1].place : start, place;
	struct entry_head head;
	int err;

	if (!m->reader || m->n > m->ndisk)
		return -EINVAL;
	err = reader__look_again(m->reader);
	if (err)
		return err;
	reader__seek(m->reader, &last);
	err = m->n ? reader__next(m->reader, &head, NULL, &place) : 0;
	if (err < 0)
		return err;
	/* Behind the last one; if that is gone, from the next one on, which has lost what it follows. */
	if (err && (place.segment != last.segment || place.at != last.at))
		reader__seek(m->reader, &place);
	else if (m->n)
		reader__broke(m->reader);
	return list_disk(m);
}

__u64 moments__skipped(const struct moments *m)
{
	return m->skipped;
}

int moments__open(int dirfd, struct moments **ret)
{
	struct moments *m = calloc(1, sizeof(*m));
	struct reader *reader = NULL;
	int err = dirfd >= 0 ? reader__open(dirfd, &reader) : 0;

	if (err || !m) {
		reader__free(reader);
		free(m);
		return err ? err : -ENOMEM;
	}
	m->reader = reader;
	m->decoded = NOWHERE;
	m->kept_max = KEPT_MAX;
	buf_init(&m->data, ENTRY_MAX);
	m->decoder = decoder__new();
	m->encoder = encoder__new();
	err = m->decoder && m->encoder ? 0 : -ENOMEM;
	if (!err && reader)
		err = list_disk(m);
	if (err) {
		moments__free(m);
		return err;
	}
	*ret = m;
	return 0;
}

void moments__free(struct moments *m)
{
	size_t i;

	if (!m)
		return;
	for (i = m->ndisk; i < m->n; i++)
		free(m->all[i].bytes);
	free(m->all);
	reader__free(m->reader);
	decoder__free(m->decoder);
	encoder__free(m->encoder);
	buf_done(&m->data);
	free(m);
}

size_t moments__count(const struct moments *m)
{
	return m->n;
}

__u64 moments__wall_ns(const struct moments *m, size_t i)
{
	return m->all[i].wall_ns;
}

__u64 moments__time_ns(const struct moments *m, size_t i)
{
	return m->all[i].time_ns;
}

bool moments__is_key(const struct moments *m, size_t i)
{
	return m->all[i].key;
}

/* From the end: a clock that was set back then shows what it last read so. */
size_t moments__find(const struct moments *m, __u64 wall_ns)
{
	size_t i = m->n;

	while (i && m->all[i - 1].wall_ns > wall_ns)
		i--;
	return i ? i - 1 : 0;
}

/* --- Decoding. */

static int read_moment(struct moments *m, const struct moment *moment)
{
	struct entry_head head;
	struct reader_place place;
	int n;

	buf_clear(&m->data);
	if (moment->bytes) {
		buf_add(&m->data, moment->bytes, moment->len);
		return m->data.err;
	}
	reader__seek(m->reader, &moment->place);
	n = reader__next(m->reader, &head, &m->data, &place);
	if (n < 0)
		return n;
	/* The ring went on meanwhile, and its oldest segment is gone. */
	if (!n || place.segment != moment->place.segment || place.at != moment->place.at)
		return -ENODATA;
	return 0;
}

static int decode_moment(struct moments *m, size_t i, struct snapshot *ret)
{
	const struct moment *moment = &m->all[i];
	int err = read_moment(m, moment);

	if (!err)
		err = decoder__decode(m->decoder, m->data.data, m->data.len, moment->key,
				      moment->version, ret);
	m->decoded = err ? NOWHERE : i;
	if (!err) {
		m->head = *ret;
		snapshot_head_only(&m->head);
	}
	return err == -EBADMSG ? -ENODATA : err;
}

/* Goes on from what was decoded last, if that is on the way; else from the key before. */
static int decode_up_to(struct moments *m, size_t i, struct snapshot *ret)
{
	size_t at = i;
	int err = m->all[i].orphan ? -ENODATA : 0;

	if (err)
		return err;
	while (at && !m->all[at].key && m->decoded != at - 1)
		at--;
	if (!m->all[at].key && (m->decoded == NOWHERE || m->decoded != at - 1))
		return -ENODATA;
	for (; !err && at <= i; at++)
		err = decode_moment(m, at, ret);
	return err;
}

bool snapshot_follows(const struct snapshot *before, const struct snapshot *now)
{
	return before->time_ns && now->time_ns > before->time_ns &&
	       now->stat.snapshots == before->stat.snapshots + 1;
}

int moments__load(struct moments *m, size_t i, struct snapshot *ret, struct snapshot *ret_before)
{
	struct snapshot before = { 0 };
	int err = 0;

	if (i >= m->n)
		return -ENODATA;
	if (i && m->decoded != i - 1)
		err = decode_up_to(m, i - 1, ret);
	if (i && !err)
		before = m->head;
	err = decode_up_to(m, i, ret);
	if (err)
		return err;
	if (!snapshot_follows(&before, ret))
		before.time_ns = 0;
	*ret_before = before;
	return 0;
}

int moments__load_one(struct moments *m, size_t i, struct snapshot *ret)
{
	return i < m->n ? decode_up_to(m, i, ret) : -ENODATA;
}

int moments__load_key(struct moments *m, size_t i, struct snapshot *ret)
{
	return m->all[i].key ? decode_moment(m, i, ret) : -ENODATA;
}

/* --- Adding. */

/* The oldest key that is kept in memory goes, and what follows it, if there is another one. */
static bool drop_oldest(struct moments *m)
{
	size_t end = m->ndisk + 1, i;

	while (end < m->n && !m->all[end].key)
		end++;
	if (end >= m->n)
		return false;
	for (i = m->ndisk; i < end; i++) {
		m->kept -= m->all[i].len;
		free(m->all[i].bytes);
	}
	memmove(&m->all[m->ndisk], &m->all[end], (m->n - end) * sizeof(*m->all));
	m->n -= end - m->ndisk;
	m->forgotten += end - m->ndisk;
	m->decoded = NOWHERE;
	return true;
}

static int keep_bytes(struct moments *m, const struct snapshot *s, bool key)
{
	struct moment moment = {
		.wall_ns = s->wall_ns,
		.time_ns = s->time_ns,
		.len = m->data.len,
		.key = key,
		.version = CODEC_VERSION,
	};
	int err;

	moment.bytes = malloc(m->data.len ? m->data.len : 1);
	if (!moment.bytes)
		return -ENOMEM;
	memcpy(moment.bytes, m->data.data, m->data.len);
	err = add_moment(m, &moment);
	if (err)
		free(moment.bytes);
	else
		m->kept += moment.len;
	return err;
}

void moments__keep_at_most(struct moments *m, size_t bytes)
{
	m->kept_max = bytes;
}

size_t moments__now_at(const struct moments *m, size_t i, __u64 forgotten_then)
{
	__u64 gone = m->forgotten - forgotten_then;

	if (i <= m->ndisk)
		return i;
	return i - m->ndisk > gone ? i - gone : m->ndisk;
}

__u64 moments__forgotten(const struct moments *m)
{
	return m->forgotten;
}

int moments__add(struct moments *m, const struct snapshot *s)
{
	bool key = !m->since_key;
	int err;

	buf_clear(&m->data);
	err = encoder__encode(m->encoder, s, key, &m->data, &key);
	if (!err)
		err = keep_bytes(m, s, key);
	/* After one that is not kept only a key can be read. */
	m->since_key = err ? 0 : key ? 1 : (m->since_key + 1) % KEY_EVERY;
	while (m->kept > m->kept_max && drop_oldest(m))
		;
	/* One key and what follows it are too much: the next key frees them. */
	if (m->kept > m->kept_max)
		m->since_key = 0;
	return err;
}
