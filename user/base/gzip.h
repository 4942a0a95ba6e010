/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gzip.h - one page, compressed as fast as zlib can.
 *
 * Owns: the gzip format's parameters. PURE. Not here: who wants it (negotiate.h).
 */
#ifndef VIGIE_BASE_GZIP_H
#define VIGIE_BASE_GZIP_H

#include "base/buf.h"

/* Appends to out. 0 or -errno; out then holds a part and is of no use. */
int gzip_encode(struct buf *out, const void *data, size_t len);

#endif
