/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_file.h - a profiling session as bytes: docs/profiling.md has the layout.
 *
 *	"VIGIEPRF", version, CRC-32 and length of the body, the body deflated
 *
 * Owns: the layout and the refusal of anything else. What is read is checked whole: every index
 * points to something, every node's parent comes before it.
 */
#ifndef VIGIE_RECORD_SESSION_FILE_H
#define VIGIE_RECORD_SESSION_FILE_H

#include "base/buf.h"
#include "data/profile.h"

enum { SESSION_FILE_MAX = 64 << 20, SESSION_BODY_MAX = 256 << 20 };

/* Appends the file's bytes; errors stick to out. */
void session_file_encode(struct buf *out, const struct profile *p);
/*
 * Makes a profile that is for reading: its frames can be named, nothing else be added. 0, -ENOMEM, -EPROTO (not such a
 * file), -EPROTONOSUPPORT (of a later version) or -EBADMSG (damaged), with *ret_why (static).
 */
int session_file_decode(const void *data, size_t len, struct profile **ret, const char **ret_why);

#endif
