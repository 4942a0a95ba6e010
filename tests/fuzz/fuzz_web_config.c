// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_web_config.c - web-config.yml: whatever the text, a fault with a place or values within bounds.
 *
 * The first line end parts the file of tokens from the configuration.
 */
#include "fuzz.h"

#include <errno.h>

#include "config/web_config.h"

static void check_faults(const struct faults *faults)
{
	FUZZ_CHECK(faults->n && faults->n <= FAULTS_MAX);
	for (unsigned int i = 0; i < faults->n; i++) {
		const struct fault *f = &faults->all[i];

		FUZZ_CHECK(memchr(f->text, 0, sizeof(f->text)) && *f->text);
		FUZZ_CHECK(!strchr(f->text, '\n') && !strchr(f->text, '\033'));
	}
}

static void check_access(const struct access *a)
{
	FUZZ_CHECK(a->nusers <= ACCESS_USERS_MAX && a->ntokens <= ACCESS_TOKENS_MAX);
	FUZZ_CHECK(a->nheaders <= ACCESS_HEADERS_MAX && a->tls.nsans <= ACCESS_SANS_MAX);
	FUZZ_CHECK(a->tls.nciphers <= ACCESS_CIPHERS_MAX && a->tls.ncurves <= ACCESS_CURVES_MAX);
	FUZZ_CHECK(a->tls.min_version <= a->tls.max_version);
	FUZZ_CHECK(!a->rate_interval_ns || a->rate_burst);
	FUZZ_CHECK(!a->encrypted || (a->tls.cert.data && a->tls.key.data));
	for (unsigned int i = 0; i < a->nusers; i++)
		FUZZ_CHECK(strlen(a->users[i].hash) == BCRYPT_HASH_LEN &&
			   !strchr(a->users[i].name, ':'));
	for (unsigned int i = 0; i < a->nheaders; i++)
		FUZZ_CHECK(!strpbrk(a->headers[i].value, "\r\n"));
	for (unsigned int i = 0; i < a->ntokens; i++)
		FUZZ_CHECK(a->tokens[i].len >= 16 && a->tokens[i].len <= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t head = end ? (size_t)(end - data) + 1 : 0;
	struct web_config *config = NULL;
	static struct faults faults;
	int err;

	faults_init(&faults);
	err = web_config__parse((const char *)data + head, size - head, "/d", &config, &faults);
	if (err) {
		FUZZ_CHECK(err == -EINVAL && !config);
		check_faults(&faults);
		return 0;
	}
	FUZZ_CHECK(!faults.n && web_config__nfiles(config) <= WEB_FILES_MAX);
	for (unsigned int i = 0; i < web_config__nfiles(config); i++)
		FUZZ_CHECK(!web_config__put_file(config, i, (const char *)data, head));
	if (web_config__finish(config, &faults))
		check_faults(&faults);
	else
		check_access(web_config__access(config));
	web_config__free(config);
	return 0;
}
