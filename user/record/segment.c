// SPDX-License-Identifier: GPL-2.0-only
/* segment.c - owns the bytes of the headers. */
#include "record/segment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "record/codec.h"

static const char segment_magic[8] = "VIGIESEG";
static const char entry_magic[4] = "VGE\n";

static void put32(unsigned char *to, __u32 v)
{
	int i;

	for (i = 0; i < 4; i++)
		to[i] = v >> 8 * i;
}

static void put64(unsigned char *to, __u64 v)
{
	put32(to, v);
	put32(to + 4, v >> 32);
}

static __u32 get32(const unsigned char *from)
{
	return from[0] | from[1] << 8 | from[2] << 16 | (__u32)from[3] << 24;
}

static __u64 get64(const unsigned char *from)
{
	return get32(from) | (__u64)get32(from + 4) << 32;
}

__u32 entry_crc(const void *data, size_t len)
{
	return crc32_z(0, data, len);
}

void segment_head_put(unsigned char to[SEGMENT_HEAD], const struct segment_head *head)
{
	memset(to, 0, SEGMENT_HEAD);
	memcpy(to, segment_magic, sizeof(segment_magic));
	put32(to + 8, SEGMENT_VERSION);
	put32(to + 12, CODEC_VERSION);
	put64(to + 16, head->sequence);
	put64(to + 24, head->boot);
	put64(to + 32, head->wall_ns);
	put32(to + 44, entry_crc(to, 44));
}

int segment_head_get(const unsigned char from[SEGMENT_HEAD], struct segment_head *ret)
{
	if (memcmp(from, segment_magic, sizeof(segment_magic)) ||
	    get32(from + 44) != entry_crc(from, 44))
		return -EBADMSG;
	if (get32(from + 8) != SEGMENT_VERSION || !get32(from + 12) ||
	    get32(from + 12) > CODEC_VERSION)
		return -EPROTONOSUPPORT;
	ret->sequence = get64(from + 16);
	ret->boot = get64(from + 24);
	ret->wall_ns = get64(from + 32);
	return 0;
}

void entry_head_put(unsigned char to[ENTRY_HEAD], const struct entry_head *head)
{
	memset(to, 0, ENTRY_HEAD);
	memcpy(to, entry_magic, sizeof(entry_magic));
	to[4] = head->key;
	to[5] = head->deflated;
	to[6] = head->version;
	put32(to + 8, head->stored);
	put32(to + 12, head->raw);
	put64(to + 16, head->time_ns);
	put64(to + 24, head->wall_ns);
	put32(to + 32, head->crc);
	put32(to + 36, entry_crc(to, 36));
}

int entry_head_get(const unsigned char from[ENTRY_HEAD], struct entry_head *ret)
{
	struct entry_head head = {
		.key = from[4] == 1,
		.deflated = from[5] == 1,
		.version = from[6] ? from[6] : 1,
		.stored = get32(from + 8),
		.raw = get32(from + 12),
		.time_ns = get64(from + 16),
		.wall_ns = get64(from + 24),
		.crc = get32(from + 32),
	};

	if (memcmp(from, entry_magic, sizeof(entry_magic)) ||
	    get32(from + 36) != entry_crc(from, 36) || from[4] > 1 || from[5] > 1 ||
	    from[6] > CODEC_VERSION || from[7] || head.stored > ENTRY_MAX || head.raw > ENTRY_MAX ||
	    (!head.deflated && head.stored != head.raw))
		return -EBADMSG;
	*ret = head;
	return 0;
}

void segment_name(char to[SEGMENT_NAME], __u64 sequence)
{
	snprintf(to, SEGMENT_NAME, "%08x.seg", (__u32)sequence);
}

bool segment_name_get(const char *name, __u64 *ret_sequence)
{
	__u64 v = 0;
	int i;

	if (strlen(name) != SEGMENT_NAME - 1 || strcmp(name + 8, ".seg") ||
	    strspn(name, "0123456789abcdef") != 8)
		return false;
	for (i = 0; i < 8; i++)
		v = v << 4 | (name[i] <= '9' ? name[i] - '0' : name[i] - 'a' + 10);
	*ret_sequence = v;
	return true;
}
