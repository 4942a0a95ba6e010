/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - a configuration file's bytes, if nobody but those who may configure vigie wrote them.
 *
 * Owns: who may own such a file and who may write it, judged on the descriptor that is then read,
 * so that no exchange of names in between makes a difference. Not here: what the bytes mean.
 */
#ifndef VIGIE_CONFIG_FILE_H
#define VIGIE_CONFIG_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

enum { CONFIG_FILE_WHY_LEN = 300 };

struct config_file_rules {
	size_t max; /* bytes */
	uid_t owner; /* whose it may be beside root's; then only its owner may write it */
	bool anybodys; /* or whose ever, and a group's, but not everybody's: keys that others keep */
	bool secret; /* not to be read by everybody */
};

/*
 * A descriptor for reading, of a regular file that obeys the rules; a link to such a file will do.
 * Else -errno with why completing "FILE …": what is wrong and what to do. -ENOENT: there is none,
 * -EPERM: it must not be used, -EFBIG: it is too large.
 */
int config_file_open(const char *path, const struct config_file_rules *rules,
		     char why[CONFIG_FILE_WHY_LEN]);
/*
 * Appends the whole file, whoever has read from fd before. 0, or -errno with why as above: -E2BIG
 * if it has grown to more than out's maximum.
 */
int config_file_read(int fd, struct buf *out, char why[CONFIG_FILE_WHY_LEN]);

#endif
