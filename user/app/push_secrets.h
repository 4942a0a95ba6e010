/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push_secrets.h - the files of credentials that a destination names, as a struct push_secrets.
 *
 * Owns: what may stand in them. None of it is ever in a message. Not here: who may own such a file
 * (config/file.h), the section (config/push_config.h).
 */
#ifndef VIGIE_APP_PUSH_SECRETS_H
#define VIGIE_APP_PUSH_SECRETS_H

#include <sys/types.h>

#include "config/faults.h"
#include "data/push.h"

/* owner: whose files they may be beside root's. What is wrong is added to faults. 0 or -ENOMEM. */
int push_secrets_load(const struct push_target *target, uid_t owner, struct push_secrets *secrets,
		      struct faults *faults);
void push_secrets_done(struct push_secrets *secrets); /* wiped */

#endif
