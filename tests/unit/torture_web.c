// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_web.c - a web configuration when memory runs out: all of it, or -ENOMEM and as before.
 *
 * GnuTLS' and libyaml's own allocations are not seen here; what is ours around them is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "config/web_config.h"
#include "http/auth.h"
#include "http/http.h"
#include "http/routes.h"

#define HASH "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"

static const char text[] =
	"tls_server_config: {cert_file: a, key_file: /b, min_version: TLS12}\n"
	"http_server_config:\n  headers: {X-Frame-Options: deny, X-XSS-Protection: x}\n"
	"basic_auth_users: {alice: " HASH ", bob: " HASH "}\n"
	"bearer_token_files: [t]\n";
static const char token[] = "0123456789abcdef\n";

static int load(struct web_config **ret, struct faults *faults)
{
	int err = web_config__parse(text, sizeof(text) - 1, ".", ret, faults);

	for (unsigned int i = 0; !err && i < web_config__nfiles(*ret); i++)
		err = web_config__put_file(*ret, i, token, sizeof(token) - 1);
	return err ? err : web_config__finish(*ret, faults);
}

static void run_load(unsigned long k, enum torture_mode mode)
{
	struct web_config *config = NULL;
	struct faults faults;
	int err;

	faults_init(&faults);
	torture_arm(k, mode);
	err = load(&config, &faults);
	web_config__free(err ? config : NULL);
	torture_disarm();
	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_true(torture_struck());
		assert_int_equal(faults.n, 0);
		return;
	}
	assert_int_equal(web_config__access(config)->nusers, 2);
	web_config__free(config);
}

/* A configuration that cannot be taken leaves the one before in force. */
static void run_configure(unsigned long k, enum torture_mode mode)
{
	static struct access before, after;
	struct extra_headers extra = { .n = 0 };
	struct auth *auth = NULL;
	__u64 job;
	int err;

	before.users[0] = (struct access_user){ "alice", HASH };
	before.nusers = 1;
	after.tokens[0] = (struct access_blob){ "0123456789abcdef", 16 };
	after.ntokens = 1;
	after.users[0] = (struct access_user){ "bob", HASH };
	after.nusers = 1;
	after.headers[0] = (struct access_header){ "X-Frame-Options", "deny" };
	after.nheaders = 1;
	assert_int_equal(auth__new(&auth), 0);
	assert_int_equal(auth__configure(auth, &before), 0);
	torture_arm(k, mode);
	err = extra_headers_copy(&after, &extra);
	if (!err)
		err = auth__configure(auth, &after);
	torture_disarm();
	assert_true(!err || err == -ENOMEM);
	assert_int_equal(auth__takes_tokens(auth), !err);
	assert_int_equal(auth__check(auth, "Bearer 0123456789abcdef",
				     &(struct auth_address){ .family = 2 }, 0, &job),
			 err ? AUTH_MISSING : AUTH_OK);
	extra_headers_done(&extra);
	auth__free(auth);
}

static void test_load(void **state)
{
	assert_true(torture_each(run_load) > 10);
}

static void test_configure(void **state)
{
	assert_true(torture_each(run_configure) >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_configure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
