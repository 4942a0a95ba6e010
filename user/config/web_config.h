/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * web_config.h - exporter-toolkit's web-config.yml as a struct access (data/access.h).
 *
 *	parse the text -> the files that it names -> their bytes -> finish -> access
 *
 * Owns: the keys of exporter-toolkit 0.17, one of our own (bearer_token_files), what their values may be and
 * which of them go together; every fault with its place. PURE: the files' bytes are handed in.
 * Not here: reading files (daemon/web_files.h), whether a certificate is one (http/tls.h).
 */
#ifndef VIGIE_CONFIG_WEB_CONFIG_H
#define VIGIE_CONFIG_WEB_CONFIG_H

#include "config/faults.h"
#include "data/access.h"

enum {
	WEB_FILES_MAX = 3 + ACCESS_TOKEN_FILES_MAX,
	WEB_FILE_BYTES_MAX = 1 << 20,
	WEB_PATH_LEN_MAX = 1024
};

struct web_file {
	char *path; /* relative ones are taken from the configuration file's directory */
	const char *key; /* that names it: "tls_server_config.key_file" */
	unsigned int line, column;
	bool token; /* of bearer tokens */
	char *data; /* once it is put; NUL-terminated */
	size_t len;
};

struct web_config;

/*
 * directory: of the file, without a final slash; "." will do. 0; -EINVAL with what is wrong in faults; -ENOMEM.
 * The text need not outlive the call.
 */
int web_config__parse(const char *text, size_t len, const char *directory, struct web_config **ret,
		      struct faults *faults);
void web_config__free(struct web_config *config); /* accepts NULL; secrets are wiped */

unsigned int web_config__nfiles(const struct web_config *config);
const struct web_file *web_config__file(const struct web_config *config, unsigned int i);
/* The bytes of a file; they are copied. 0 or -ENOMEM. */
int web_config__put_file(struct web_config *config, unsigned int i, const char *data, size_t len);
/* That a file cannot be used: why completes "FILE …". */
void web_config__refuse_file(const struct web_config *config, unsigned int i, const char *why,
			     struct faults *faults);
/* With every file put. What is in them, as far as it can be told by looking. 0 or -EINVAL. */
int web_config__finish(struct web_config *config, struct faults *faults);

/* As long as config lives; whole after web_config__finish(). */
const struct access *web_config__access(const struct web_config *config);
/*
 * What somebody else found wrong with the value of a key of tls_server_config: "cert" is the one or
 * the other of cert and cert_file, and so on. With user: with that user's hash.
 */
void web_config__refuse_tls(const struct web_config *config, const char *key, const char *why,
			    struct faults *faults);
void web_config__refuse_user(const struct web_config *config, const char *user, const char *why,
			     struct faults *faults);
/* http2 is asked for, in so many words: it is accepted and has no effect. */
bool web_config__wants_http2(const struct web_config *config);

#endif
