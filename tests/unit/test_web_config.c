// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_web_config.c - web-config.yml: the files of tests/web-config, and what their values become.
 *
 * Owns: that each good file is accepted, that each bad one is refused with the message that stands
 * in tests/web-config/EXPECTED, and the values. Certificates are tests/e2e/test_web.py's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/web_config.h"

enum { TEXT_MAX = 16 * 1024 };

#define DIRECTORY "tests/web-config"
#define HASH "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

static size_t read_file(const char *name, char *dst, size_t size)
{
	char path[300];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: cannot be read", path);
	n = fread(dst, 1, size - 1, file);
	fclose(file);
	dst[n] = '\0';
	return n;
}

static int parse(const char *text, struct web_config **ret, struct faults *faults)
{
	faults_init(faults);
	return web_config__parse(text, strlen(text), "/etc/vigie", ret, faults);
}

/* Files that nobody reads here: tokens as they may be, the others anything. */
static void put_files(struct web_config *config)
{
	static const char token[] = "# two\n0123456789abcdef\n\n  \nABCDEFGHIJKLMNOP.-_~+/==\n";

	for (unsigned int i = 0; i < web_config__nfiles(config); i++)
		assert_int_equal(web_config__put_file(config, i, token, sizeof(token) - 1), 0);
}

static void check_good(const char *name)
{
	static char text[TEXT_MAX];
	struct web_config *config = NULL;
	struct faults faults;

	read_file(name, text, sizeof(text));
	if (parse(text, &config, &faults))
		fail_msg("%s: %u:%u: %s", name, faults.all[0].line, faults.all[0].column,
			 faults.all[0].text);
	put_files(config);
	if (web_config__finish(config, &faults))
		fail_msg("%s: %s", name, faults.all[0].text);
	web_config__free(config);
}

/* "bad-x.yml:3:1: text" for each fault, in the order of their places. */
static void check_bad(const char *name, struct buf *said)
{
	static char text[TEXT_MAX];
	struct web_config *config = NULL;
	struct faults faults;
	char line[600];

	read_file(name, text, sizeof(text));
	if (parse(text, &config, &faults) != -EINVAL)
		fail_msg("%s: accepted", name);
	assert_null(config);
	assert_true(faults.n > 0);
	faults_sort(&faults);
	for (unsigned int i = 0; i < faults.n; i++) {
		fault_format(&faults.all[i], name, line, sizeof(line));
		buf_printf(said, "%s\n", line);
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void test_files(void **state)
{
	static char expected[64 * 1024];
	struct dirent **list;
	int n = scandir(DIRECTORY, &list, NULL, by_name);
	unsigned int good = 0, bad = 0;
	struct buf said;

	assert_true(n > 0);
	buf_init(&said, sizeof(expected));
	for (int i = 0; i < n; i++) {
		if (!strncmp(list[i]->d_name, "good-", 5)) {
			check_good(list[i]->d_name);
			good++;
		} else if (!strncmp(list[i]->d_name, "bad-", 4)) {
			check_bad(list[i]->d_name, &said);
			bad++;
		}
		free(list[i]);
	}
	free(list);
	read_file("EXPECTED", expected, sizeof(expected));
	buf_char(&said, '\0');
	if (strcmp(said.data, expected)) {
		printf("%s", said.data);
		fail_msg("that is other than " DIRECTORY "/EXPECTED");
	}
	buf_done(&said);
	assert_true(good >= 30);
	assert_true(bad >= 40);
}

static const struct access *accepted(const char *text, struct web_config **config)
{
	struct faults faults;

	if (parse(text, config, &faults))
		fail_msg("%s", faults.all[0].text);
	put_files(*config);
	assert_int_equal(web_config__finish(*config, &faults), 0);
	return web_config__access(*config);
}

static void test_values(void **state)
{
	static char text[TEXT_MAX];
	struct web_config *config;
	const struct access *a;

	read_file("good-everything.yml", text, sizeof(text));
	a = accepted(text, &config);
	assert_true(a->encrypted);
	assert_int_equal(a->tls.client_auth, CLIENT_AUTH_REQUIRE_AND_VERIFY);
	assert_int_equal(a->tls.nsans, 1);
	assert_string_equal(a->tls.sans[0], "prometheus.example.org");
	assert_int_equal(a->tls.min_version, ACCESS_TLS12);
	assert_int_equal(a->tls.max_version, ACCESS_TLS13);
	assert_int_equal(a->tls.nciphers, 1);
	assert_string_equal(a->tls.ciphers[0]->exchange, "ECDHE-RSA");
	assert_string_equal(a->tls.curves[0]->group, "GROUP-X25519");
	assert_false(a->tls.client_order);
	assert_int_equal(a->nusers, 1);
	assert_string_equal(a->users[0].name, "alice");
	assert_string_equal(a->users[0].hash, HASH);
	assert_int_equal(a->rate_interval_ns, 100000000);
	assert_int_equal(a->rate_burst, 10);
	assert_int_equal(a->nheaders, 1);
	assert_int_equal(a->ntokens, 2);
	assert_int_equal(a->tokens[0].len, 16);
	assert_memory_equal(a->tokens[1].data, "ABCDEFGHIJKLMNOP.-_~+/==", 24);
	assert_true(web_config__wants_http2(config));
	assert_int_equal(web_config__nfiles(config), 4);
	assert_string_equal(web_config__file(config, 0)->path, "/etc/vigie/server.crt");
	assert_true(access_has_credentials(a));
	web_config__free(config);
}

static void test_defaults(void **state)
{
	struct web_config *config;
	const struct access *a = accepted("{}", &config);

	assert_false(a->encrypted);
	assert_false(access_has_credentials(a));
	assert_int_equal(a->tls.min_version, ACCESS_TLS12);
	assert_int_equal(a->tls.max_version, ACCESS_TLS13);
	assert_int_equal(a->rate_interval_ns, 0);
	assert_false(web_config__wants_http2(config));
	web_config__free(config);
}

/* A certificate that is asked for and need not be there lets strangers in. */
static void test_optional_certificates_are_no_credentials(void **state)
{
	struct web_config *config;
	const struct access *a =
		accepted("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c,"
			 " client_auth_type: VerifyClientCertIfGiven}",
			 &config);

	assert_true(a->encrypted);
	assert_false(access_has_credentials(a));
	web_config__free(config);
}

static void test_bad_tokens(void **state)
{
	static const char *const bad[] = {
		"",
		"\n# none\n",
		"short",
		"0123456789abcde", /* 15 */
		"0123456789abcdef\nshort\n",
		"0123456789 abcdef",
		"0123456789abcde\xc3\xa9",
		"=0123456789abcdef",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct web_config *config;
		struct faults faults;

		assert_int_equal(parse("\nbearer_token_files: [ t ]\n", &config, &faults), 0);
		assert_int_equal(web_config__put_file(config, 0, bad[i], strlen(bad[i])), 0);
		if (web_config__finish(config, &faults) != -EINVAL)
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(faults.all[0].line, 2);
		assert_int_equal(faults.all[0].column, 23);
		/* What a secret is must not get into a log. */
		if (strlen(bad[i]) > 9)
			assert_null(strstr(faults.all[0].text, "0123456789"));
		web_config__free(config);
	}
}

static void test_nul_in_tokens(void **state)
{
	struct web_config *config;
	struct faults faults;

	assert_int_equal(parse("bearer_token_files: [t]", &config, &faults), 0);
	assert_int_equal(web_config__put_file(config, 0, "0123456789abcdef\0x", 18), 0);
	assert_int_equal(web_config__finish(config, &faults), -EINVAL);
	web_config__free(config);
}

static void test_places_for_others(void **state)
{
	struct web_config *config;
	struct faults faults;

	assert_int_equal(parse("tls_server_config:\n  cert_file: a\n  key: b\n"
			       "basic_auth_users:\n  bob: " HASH "\n",
			       &config, &faults),
			 0);
	web_config__refuse_tls(config, "cert", "no", &faults);
	web_config__refuse_tls(config, "key", "no", &faults);
	web_config__refuse_tls(config, "cipher_suites", "no", &faults);
	web_config__refuse_user(config, "bob", "no", &faults);
	web_config__refuse_file(config, 0, "no", &faults);
	assert_string_equal(faults.all[0].text, "tls_server_config.cert_file: no");
	assert_int_equal(faults.all[0].line, 2);
	assert_string_equal(faults.all[1].text, "tls_server_config.key: no");
	assert_int_equal(faults.all[1].line, 3);
	assert_string_equal(faults.all[2].text, "tls_server_config.cipher_suites: no");
	assert_int_equal(faults.all[2].line, 1);
	assert_string_equal(faults.all[3].text, "basic_auth_users.bob: no");
	assert_int_equal(faults.all[3].line, 5);
	assert_string_equal(faults.all[4].text, "tls_server_config.cert_file: /etc/vigie/a no");
	web_config__free(config);
}

/* More of everything than there is room for is a fault, and no more than that. */
static void test_bounds(void **state)
{
	static const char *const heads[] = { "basic_auth_users:\n", "bearer_token_files:\n",
					     "tls_server_config:\n cert_file: a\n key_file: b\n"
					     " client_auth_type: RequireAnyClientCert\n"
					     " client_allowed_sans:\n" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct web_config *config = NULL;
		struct faults faults;
		struct buf b;

		buf_init(&b, 1 << 20);
		buf_str(&b, heads[i]);
		for (int k = 0; k < 300; k++)
			buf_printf(&b, i ? "  - n%d\n" : "  n%d: " HASH "\n", k);
		buf_char(&b, '\0');
		assert_int_equal(parse(b.data, &config, &faults), -EINVAL);
		assert_non_null(strstr(faults.all[0].text, "more"));
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_optional_certificates_are_no_credentials),
		cmocka_unit_test(test_bad_tokens),
		cmocka_unit_test(test_nul_in_tokens),
		cmocka_unit_test(test_places_for_others),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
