/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serve_config.h - the options of `vigie serve` in effect: flag over file over default.
 *
 * Owns: how these three come together, what a file that is read anew changes, and --check-config and
 * --print-config. Not here: keys (settings.h), command line (serve_options.h), who is told of a
 * change (reload.h).
 */
#ifndef VIGIE_APP_SERVE_CONFIG_H
#define VIGIE_APP_SERVE_CONFIG_H

#include <stdio.h>

#include "app/serve_options.h"
#include "app/settings.h"

#define SERVE_CONFIG_DEFAULT "/etc/vigie/vigie.yml"

/* One reading of the file, and the options that follow from it. */
struct serve_reading;

struct serve_config {
	const char *path;
	bool must_exist; /* it was named, or was there before */
	uid_t owner; /* beside root: who started vigie */
	const struct options_given *given;
	struct serve_reading *started; /* what vigie began with */
	struct serve_reading *now; /* what is in effect of what changes while it serves */
};

/* Names what was typed of args, which must outlive it. */
void serve_config_init(struct serve_config *config, const struct serve_args *args);
void serve_config_done(struct serve_config *config);

/* The first reading. 0, -ENOMEM, or -EINVAL with what is wrong in faults. */
int serve_config_read(struct serve_config *config, struct faults *faults);
/* Of the first reading. */
const struct serve_options *serve_config_options(const struct serve_config *config);
/* Could it be read again, by who we are now? 0 or -errno. */
int serve_config_try(const struct serve_config *config);
/* What to do where it could not. */
#define SERVE_CONFIG_READABLE                                                               \
	"who serves must be able to read it: chmod 0644, or chgrp it to that user's group " \
	"and chmod 0640; or restart vigie"
/* True: there is a file, and it was read. */
bool serve_config_has_file(const struct serve_config *config);

/* What a reading anew does to each setting. */
enum serve_change { UNCHANGED, CHANGED, NEEDS_RESTART };
struct serve_changes {
	enum serve_change of[SETTINGS_MAX];
	unsigned int nchanged, nrestart;
};
/*
 * Once more, without privileges. 0: *ret_options is what is in effect from now on of what is live,
 * valid until the next call, and changes says what is different. Else as above, and nothing changes.
 */
int serve_config_reread(struct serve_config *config, struct faults *faults,
			const struct serve_options **ret_options, struct serve_changes *changes);

/* The options in effect as a file, each with its source. 0, or -EINVAL: one cannot be written so. */
int serve_config_print(const struct serve_config *config, struct buf *out);

/* On standard error, each on a line: "who: FILE:LINE:COLUMN: KEY: …". */
void serve_config_complain(const struct serve_config *config, const struct faults *faults,
			   const char *who);

#endif
