// SPDX-License-Identifier: GPL-2.0-only
/* replay.c - owns the order: find the beginning, then decode entry by entry. */
#include "record/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "record/codec.h"

struct replay {
	struct source base;
	struct reader *reader;
	struct decoder *decoder;
	struct replay_range range;
	struct buf data;
	__u64 first_ns, last_ns;
	bool in_range, began, ended;
	__u64 snapshots, time_ns; /* of the last one: its count in its life, its clock */
	__u64 undecodable;
	struct reader_stat stat; /* of the whole history, by the pass that looks for the beginning */
};

static struct replay *replay_of(const struct source *source)
{
	return (struct replay *)source;
}

static bool after_end(const struct replay *p, __u64 wall_ns)
{
	return p->range.to_wall_ns && wall_ns > p->range.to_wall_ns;
}

static int replay_next(struct source *base, struct snapshot *ret)
{
	struct replay *p = replay_of(base);
	struct entry_head head;
	int n;

	while (!p->ended && (n = reader__next(p->reader, &head, &p->data, NULL)) != 0) {
		if (n < 0)
			return n;
		if (p->in_range && after_end(p, head.wall_ns))
			break;
		/* After a gap a delta would speak of something else: -ENODATA until the next key. */
		if (reader__broke(p->reader) && !head.key) {
			decoder__free(p->decoder);
			p->decoder = decoder__new();
			if (!p->decoder)
				return -ENOMEM;
		}
		n = decoder__decode(p->decoder, p->data.data, p->data.len, head.key, head.version,
				    ret);
		if (n == -ENOMEM)
			return n;
		if (n) {
			p->undecodable++;
			continue;
		}
		p->in_range = head.wall_ns >= p->range.from_wall_ns;
		/* vigie counts from 1, the clock of a boot from 0. */
		p->began = ret->stat.snapshots <= p->snapshots || ret->time_ns < p->time_ns ||
			   !p->time_ns;
		p->snapshots = ret->stat.snapshots;
		p->time_ns = ret->time_ns;
		return 1;
	}
	p->ended = true;
	return 0;
}

static void replay_free(struct source *base)
{
	struct replay *p = replay_of(base);

	reader__free(p->reader);
	decoder__free(p->decoder);
	buf_done(&p->data);
	free(p);
}

static const struct source_ops replay_ops = { .next = replay_next, .free = replay_free };

/*
 * One pass over the headers: the last key at or before the first entry of the range. Clocks on
 * walls jump, so the order of the entries counts, not that of their times.
 */
static int find_beginning(struct replay *p)
{
	struct reader_place place, key = { 0 };
	bool found = false, have_key = false;
	struct entry_head head;
	int n;

	while ((n = reader__next(p->reader, &head, NULL, &place)) > 0) {
		if (!p->first_ns)
			p->first_ns = head.wall_ns;
		p->last_ns = head.wall_ns;
		if (found)
			continue;
		if (head.key) {
			key = place;
			have_key = true;
		}
		found = have_key && head.wall_ns >= p->range.from_wall_ns &&
			!after_end(p, head.wall_ns);
	}
	p->stat = *reader__stat(p->reader);
	if (n < 0)
		return n;
	if (!found)
		return -ENODATA;
	reader__seek(p->reader, &key);
	return 0;
}

int replay__open(int dirfd, const struct replay_range *range, struct source **ret)
{
	struct replay *p = calloc(1, sizeof(*p));
	struct reader *reader = NULL;
	int err = reader__open(dirfd, &reader);

	if (err || !p) {
		reader__free(reader);
		free(p);
		return err ? err : -ENOMEM;
	}
	p->base.ops = &replay_ops;
	p->range = *range;
	p->reader = reader;
	buf_init(&p->data, ENTRY_MAX);
	p->decoder = decoder__new();
	err = p->decoder ? find_beginning(p) : -ENOMEM;
	if (err) {
		replay_free(&p->base);
		return err;
	}
	*ret = &p->base;
	return 0;
}

bool replay__in_range(const struct source *source)
{
	return replay_of(source)->in_range;
}

bool replay__began(const struct source *source)
{
	return replay_of(source)->began;
}

void replay__span(const struct source *source, __u64 *ret_first_ns, __u64 *ret_last_ns)
{
	*ret_first_ns = replay_of(source)->first_ns;
	*ret_last_ns = replay_of(source)->last_ns;
}

const struct reader_stat *replay__stat(const struct source *source)
{
	return &replay_of(source)->stat;
}

__u64 replay__undecodable(const struct source *source)
{
	return replay_of(source)->undecodable;
}
