/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * users.h - names of uids, read once: later the process may neither ask nor connect.
 */
#ifndef VIGIE_SANDBOX_USERS_H
#define VIGIE_SANDBOX_USERS_H

#include <linux/types.h>

struct users;

/* NULL with errno set. */
struct users *users__new(void);
void users__free(struct users *users);
/* A model_config.user_name: NULL where the uid has no name. ctx is a struct users. */
const char *users__name(void *ctx, __u32 uid);

#endif
