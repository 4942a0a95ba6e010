/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * web_config_parts.h - what the files of web_config have in common. Only they include it.
 */
#ifndef VIGIE_CONFIG_WEB_CONFIG_PARTS_H
#define VIGIE_CONFIG_WEB_CONFIG_PARTS_H

#include <stdarg.h>
#include <stdint.h>

#include "config/web_config.h"
#include "config/yaml.h"

struct web_config {
	struct yaml_doc *doc; /* has the texts that access borrows */
	char *directory;
	struct access access;
	struct web_file files[WEB_FILES_MAX];
	unsigned int nfiles;
	struct web_file *cert_file, *key_file, *client_ca_file; /* of files; or NULL */
	bool client_auth_given;
	bool wants_http2;
};

/* As Go has it: "1m30s", "1.5h", "0s"; a unit is needed. 0 or -EINVAL. */
int web_duration(const char *text, uint64_t *ret_ns);
/* What is wrong with a bcrypt hash, by its form; NULL: nothing. */
const char *web_bcrypt_fault(const char *hash);
/* Which values go together. */
void web_check_rules(struct web_config *config, struct faults *faults);

#endif
