// SPDX-License-Identifier: GPL-2.0-only
/*
 * gzip.c - one page compressed, by zlib.
 *
 * Owns: level and window. Level 1 makes metrics 5 to 9 times smaller; more levels cost
 * more than the bytes they save. Does not belong here: caching (http).
 */
#include "base/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum { LEVEL = 1, WINDOW_GZIP = 15 + 16, MEM_LEVEL = 8, CHUNK = 32 * 1024 };

int gzip_encode(struct buf *out, const void *data, size_t len)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)len };
	int rc = Z_OK;

	if (len > UINT_MAX)
		return -E2BIG;
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (rc == Z_OK) {
		char *dst = buf_reserve(out, CHUNK);

		if (!dst)
			break;
		z.next_out = (Bytef *)dst;
		z.avail_out = CHUNK;
		rc = deflate(&z, Z_FINISH);
		out->len += CHUNK - z.avail_out;
	}
	deflateEnd(&z);
	if (out->err)
		return out->err;
	return rc == Z_STREAM_END ? 0 : -EIO;
}
