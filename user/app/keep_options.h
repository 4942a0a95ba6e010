/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keep_options.h - the options of `vigie serve` about what is kept: recording, log.
 *
 * Owns: their names, bounds and defaults.
 */
#ifndef VIGIE_APP_KEEP_OPTIONS_H
#define VIGIE_APP_KEEP_OPTIONS_H

#include "app/options.h"
#include "data/finding.h"

struct keep_options {
	bool recording; /* default on */
	const char *directory; /* default STATEDIR_DEFAULT */
	bool directory_given; /* then it is an error that it cannot be used */
	__u64 keep_ns, max_bytes;
	const char *log_file; /* NULL: in the directory */
	const char *log_format; /* NULL: the default */
	enum severity log_level;
	bool capture; /* a session as a finding begins, where that is possible; default on */
};

extern const struct argp keep_argp; /* its input is a keep_options */
void keep_options_init(struct keep_options *options);

#endif
