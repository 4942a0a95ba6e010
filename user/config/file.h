/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - a configuration file's bytes, if nobody but those who may configure vigie wrote them.
 *
 * Owns: who may own such a file and who may write it, judged on the descriptor that is then read,
 * so that no exchange of names in between makes a difference. Not here: what the bytes mean.
 */
#ifndef VIGIE_CONFIG_FILE_H
#define VIGIE_CONFIG_FILE_H

#include <sys/types.h>

#include "base/buf.h"

enum { CONFIG_FILE_WHY_LEN = 300 };

/*
 * Appends the whole file; out's maximum is the most that is read. The file must be a regular one,
 * of root or of owner, and writable by its owner only; a link to such a file will do.
 * 0, or -errno with why completing "FILE …": what is wrong and what to do. -ENOENT: there is
 * none, and -EPERM: it must not be read.
 */
int config_file_read(const char *path, uid_t owner, struct buf *out, char why[CONFIG_FILE_WHY_LEN]);

#endif
