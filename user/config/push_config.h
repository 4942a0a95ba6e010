/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push_config.h - the section `push` of vigie.yml as a struct push_settings (data/push.h).
 *
 * Owns: its keys, what their values may be and which go together, what a URL must look like; every
 * fault with its place. PURE. Not here: the other sections (app/settings.c), the files that it
 * names (app/push_secrets.h).
 */
#ifndef VIGIE_CONFIG_PUSH_CONFIG_H
#define VIGIE_CONFIG_PUSH_CONFIG_H

#include "config/yaml.h"
#include "data/push.h"

#define PUSH_SECTION "push"
#define PUSH_SOURCE_DEFAULT "unix:/var/lib/vigie/socket"
#define PUSH_SPOOL_DEFAULT "/var/lib/vigie-push"

/*
 * root NULL: an empty document. Without the section, or without destinations in it, there are none.
 * What is wrong is added to faults. 0 or -ENOMEM. The texts live as long as the document.
 */
int push_config_read(const struct yaml_value *root, struct push_settings *settings,
		     struct faults *faults);

#endif
