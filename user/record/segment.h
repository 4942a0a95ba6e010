/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * segment.h - how entries stand in a file: the two headers, byte by byte. PURE.
 *
 *	segment file   NNNNNNNN.seg, a sequence number in hex; only ever appended to
 *	  header, 48 bytes:
 *	     0  8  magic "VIGIESEG"
 *	     8  4  version of the file's format, 1
 *	    12  4  the highest version of its entries' bytes (codec.h)
 *	    16  8  sequence number, as in the name
 *	    24  8  which boot of the host: a hash of its boot id
 *	    32  8  wall clock as it was begun, ns
 *	    40  4  reserved, 0
 *	    44  4  CRC-32 of the 44 bytes before
 *	  then entries, each:
 *	     0  4  magic "VGE\n"
 *	     4  1  1: a key, decodable by itself; 0: a delta against the entry before it
 *	     5  1  1: deflated (zlib); 0: as it is
 *	     6  1  version of the bytes that follow; 0, as it was until there was a second: 1
 *	     7  1  reserved, 0
 *	     8  4  bytes that follow this header
 *	    12  4  bytes before they were deflated
 *	    16  8  CLOCK_BOOTTIME of the snapshot, ns
 *	    24  8  CLOCK_REALTIME of the snapshot, ns
 *	    32  4  CRC-32 of the bytes that follow
 *	    36  4  CRC-32 of the 36 bytes before
 *
 * Numbers are little-endian. A version that is not known is refused, not guessed at; all that ever
 * were are read. An entry has its own because evidence begins with copies of what stood in the
 * recording as a finding began, which an older vigie may have written.
 * Owns: these layouts. Not here: files (ring.h, reader.h), what is in an entry (codec.h).
 */
#ifndef VIGIE_RECORD_SEGMENT_H
#define VIGIE_RECORD_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

enum {
	SEGMENT_VERSION = 1,
	SEGMENT_HEAD = 48,
	ENTRY_HEAD = 40,
	ENTRY_MAX = 32 << 20, /* bytes of an entry, deflated or not: a reader allocates no more */
	SEGMENT_NAME = 13, /* "00000001.seg" and NUL */
	SEGMENT_MAX = 256 << 20, /* a reader reads no more of a file */
};

struct segment_head {
	__u64 sequence, boot, wall_ns;
};

struct entry_head {
	bool key, deflated;
	__u8 version; /* of its bytes; never 0 */
	__u32 stored, raw; /* bytes */
	__u64 time_ns, wall_ns;
	__u32 crc;
};

void segment_head_put(unsigned char to[SEGMENT_HEAD], const struct segment_head *head);
/* 0; -EBADMSG: none, or damaged; -EPROTONOSUPPORT: of a version that we do not know. */
int segment_head_get(const unsigned char from[SEGMENT_HEAD], struct segment_head *ret);
void entry_head_put(unsigned char to[ENTRY_HEAD], const struct entry_head *head);
/* 0 or -EBADMSG. */
int entry_head_get(const unsigned char from[ENTRY_HEAD], struct entry_head *ret);

__u32 entry_crc(const void *data, size_t len);

void segment_name(char to[SEGMENT_NAME], __u64 sequence);
/* False: it is not the name of a segment. */
bool segment_name_get(const char *name, __u64 *ret_sequence);

#endif
