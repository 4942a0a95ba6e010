/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log_since.h - the lines of a log after one that is known, by their sequence numbers.
 *
 * Owns: finding the place without reading what is before it, in NAME and NAME.1. What was rotated
 * further is not looked for: who asks every few seconds has it. Not here: what a line says.
 */
#ifndef VIGIE_LOG_LOG_SINCE_H
#define VIGIE_LOG_LOG_SINCE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Of the last line that was written, as NAME.head has it. 0; -ENOENT: there is no log; -errno.
 */
int log_last_sequence(int dirfd, const char *name, uint64_t *ret);
/*
 * Each line behind that number, whole, a JSON object, without its newline, in their order; until take
 * returns false, or so many bytes were looked at. Lines that are none are passed over. 0 or -errno.
 */
int log_read_since(int dirfd, const char *name, uint64_t after, size_t max_bytes,
		   int (*take)(void *ctx, const char *line, size_t len, uint64_t sequence),
		   void *ctx);

#endif
