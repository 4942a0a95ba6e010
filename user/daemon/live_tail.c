// SPDX-License-Identifier: GPL-2.0-only
/* live_tail.c - owns the entries of the last seconds. */
#include "daemon/live_tail.h"

#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "record/codec.h"
#include "record/segment.h"

#define KEY_EVERY_NS (10 * NS_PER_S)
#define NOBODY_ASKS_NS (60 * NS_PER_S)

void live_tail_init(struct live_tail *tail, size_t most)
{
	memset(tail, 0, sizeof(*tail));
	tail->most = most && most < LIVE_TAIL_MAX ? most : LIVE_TAIL_MAX;
	buf_init(&tail->bytes, LIVE_TAIL_MAX + ENTRY_MAX);
}

void live_tail_done(struct live_tail *tail)
{
	encoder__free(tail->encoder);
	tail->encoder = NULL;
	buf_done(&tail->bytes);
	tail->second_key = 0;
}

/* What lies before the last key goes as the next one comes. */
static void forget_oldest(struct live_tail *tail)
{
	struct buf *b = &tail->bytes;

	if (tail->second_key) {
		memmove(b->data, b->data + tail->second_key, b->len - tail->second_key);
		b->len -= tail->second_key;
	}
	tail->second_key = b->len;
}

/* The entry's header stands before its bytes, whose sum is in it: there is room for it first. */
static int append_entry(struct live_tail *tail, const struct snapshot *snapshot, bool key)
{
	struct buf *b = &tail->bytes;
	size_t at = b->len;
	struct entry_head head = { .version = CODEC_VERSION,
				   .time_ns = snapshot->time_ns,
				   .wall_ns = snapshot->wall_ns };
	int err;

	if (!buf_reserve(b, ENTRY_HEAD))
		return b->err;
	b->len += ENTRY_HEAD;
	err = encoder__encode(tail->encoder, snapshot, key, b, &head.key);
	if (!err)
		err = b->err;
	if (err)
		return err;
	head.stored = head.raw = b->len - at - ENTRY_HEAD;
	head.crc = entry_crc(b->data + at + ENTRY_HEAD, head.stored);
	entry_head_put((unsigned char *)b->data + at, &head);
	return 0;
}

static int tail_append(struct live_tail *tail, const struct snapshot *snapshot)
{
	bool key = !tail->bytes.len || snapshot->time_ns >= tail->key_ns + KEY_EVERY_NS;
	int err;

	if (tail->bytes.len > tail->most) {
		buf_clear(&tail->bytes);
		tail->second_key = 0;
		key = true;
	}
	if (key && tail->bytes.len)
		forget_oldest(tail);
	err = append_entry(tail, snapshot, key);
	if (key)
		tail->key_ns = snapshot->time_ns;
	if (err)
		live_tail_done(tail); /* who asks next begins anew */
	return err;
}

void live_tail_add(struct live_tail *tail, const struct snapshot *snapshot)
{
	if (!tail->encoder)
		return;
	if (snapshot->time_ns > tail->asked_ns + NOBODY_ASKS_NS)
		live_tail_done(tail);
	else
		tail_append(tail, snapshot); /* else there is none: see there */
}

int live_tail_read(struct live_tail *tail, const struct snapshot *snapshot, struct buf *out)
{
	int err = 0;

	tail->asked_ns = snapshot->time_ns;
	if (!tail->encoder) {
		tail->encoder = encoder__new();
		err = tail->encoder ? tail_append(tail, snapshot) : -errno;
	}
	if (!err)
		buf_add(out, tail->bytes.data, tail->bytes.len);
	return err ? err : out->err;
}
