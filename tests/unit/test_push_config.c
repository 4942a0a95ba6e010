// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_push_config.c - the section push: what becomes of it, and what is said of each mistake, where;
 * that vigie serve, which has the same file, says it too; files of credentials.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "app/push_secrets.h"
#include "base/units.h"
#include "config/push_config.h"
#include "config/push_url.h"
#include "config_scene.h"

static struct yaml_doc *doc;
static struct push_settings got;
static struct faults faults;

static int free_doc(void **state)
{
	yaml_doc__free(doc);
	doc = NULL;
	return 0;
}

static void read_text(const char *text)
{
	free_doc(NULL);
	faults_init(&faults);
	assert_int_equal(yaml_doc__parse(text, strlen(text), &doc, &faults), 0);
	assert_int_equal(push_config_read(yaml_doc__root(doc), &got, &faults), 0);
}

static void defaults(void **state)
{
	static const char *const nothing[] = { "",
					       "push:\n",
					       "push: {}\n",
					       "log: {level: info}\n",
					       "push: {destinations: []}\n",
					       "- 1\n" };
	size_t i;

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		read_text(nothing[i]);
		assert_int_equal(faults.n, 0);
		assert_int_equal(got.ntargets, 0);
		assert_true(got.interval_ns == 10 * NS_PER_S);
		assert_string_equal(got.source, PUSH_SOURCE_DEFAULT);
		assert_string_equal(got.telemetry_path, "/metrics");
	}
}

static void values(void **state)
{
	const struct push_target *t = got.targets;

	read_text(
		"web: {telemetry-path: /here}\n"
		"push:\n"
		"  source: http://127.0.0.1:9838\n"
		"  interval: 1m\n"
		"  spool: ''\n"
		"  destinations:\n"
		"  - {name: otel, type: otlp, url: 'https://o.example:4318/v1/metrics',\n"
		"     logs-url: 'https://o.example/v1/logs', temporality: delta,\n"
		"     aws-sigv4: {region: us-west-2, service: monitoring, credentials-file: /c},\n"
		"     ca-file: /ca, headers-file: /h, max-body: 512KiB, timeout: 30s}\n"
		"  - {name: influx, type: influxdb, url: 'http://localhost:8086/write?db=v',\n"
		"     username: vigie, password-file: /p, max-queue: 16MiB, max-spool: 1GiB}\n"
		"  - {name: g, type: graphite, url: 'tcp://[2001:db8::1]:2003', insecure: yes,\n"
		"     prefix: a.b, max-series: 7}\n");
	if (faults.n)
		fail_msg("%s", faults.all[0].text);
	assert_string_equal(got.telemetry_path, "/here");
	assert_string_equal(got.source, "http://127.0.0.1:9838");
	assert_true(got.interval_ns == 60 * NS_PER_S);
	assert_string_equal(got.spool, "");
	assert_int_equal(got.ntargets, 3);
	assert_int_equal(t[0].type, PUSH_TO_OTLP);
	assert_true(t[0].delta && !t[0].loopback && !t[0].insecure);
	assert_string_equal(t[0].aws_service, "monitoring");
	assert_int_equal(t[0].body_max, 512 << 10);
	assert_true(t[0].timeout_ns == 30 * NS_PER_S);
	assert_true(t[1].loopback && !t[1].delta);
	assert_string_equal(t[1].password_file, "/p");
	assert_int_equal(t[1].queue_max, 16 << 20);
	assert_int_equal(t[1].spool_max, 1 << 30);
	assert_true(t[2].insecure);
	assert_string_equal(t[2].prefix, "a.b");
	assert_int_equal(t[2].series_max, 7);
	assert_int_equal(t[2].line, 13);
}

#define PUSH(text) "push:\n  destinations:\n  - " text "\n"
#define HTTPS "url: 'https://e.example/x'"

static void mistakes(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, column;
		const char *said;
	} cases[] = {
		{ "push: 7\n", 1, 7, "a text where a mapping is expected" },
		{ "push: {destination: []}\n", 1, 8, "did you mean destinations?" },
		{ "push: {interval: 10}\n", 1, 18, "not a duration" },
		{ "push: {interval: 10ms}\n", 1, 18, "from 1s to 1h" },
		{ "push: {source: 'http://10.0.0.1:9838'}\n", 1, 16, "of this host" },
		{ "push: {source: 'unix:relative'}\n", 1, 16, "of this host" },
		{ "push: {source: 'http://localhost:9/metrics'}\n", 1, 16, "of this host" },
		{ "push: {spool: here}\n", 1, 15, "does not begin with /" },
		{ "push: {destinations: {}}\n", 1, 22, "a list" },
		{ PUSH("7"), 3, 5, "a text where a mapping is expected" },
		{ PUSH("{type: otlp, " HTTPS "}"), 3, 5, "without a name" },
		{ PUSH("{name: a, " HTTPS "}"), 3, 5, "without a type" },
		{ PUSH("{name: a, type: otlp}"), 3, 5, "without a url" },
		{ PUSH("{name: A, type: otlp, " HTTPS "}"), 3, 12, "a to z" },
		{ PUSH("{name: ../a, type: otlp, " HTTPS "}"), 3, 12, "a to z" },
		{ PUSH("{name: a, type: statsd, " HTTPS "}"), 3, 21, "none of otlp" },
		{ PUSH("{name: a, type: otlp, url: 'http://e.example/x'}"), 3, 32, "in the clear" },
		{ PUSH("{name: a, type: otlp, url: 'http://127.0.0.1@e.example/'}"), 3, 32,
		  "behind the host" },
		{ PUSH("{name: a, type: otlp, url: 'ftp://e.example/x'}"), 3, 32, "none of https" },
		{ PUSH("{name: a, type: otlp, url: 'tcp://localhost:1'}"), 3, 32, "of graphite" },
		{ PUSH("{name: a, type: graphite, " HTTPS "}"), 3, 36, "tcp://HOST:PORT" },
		{ PUSH("{name: a, type: graphite, url: 'tcp://e.example:2003'}"), 3, 36,
		  "in the clear" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", temporality: none}"), 3, 68, "delta" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", logs-url: 'http://e.example/'}"), 3, 65,
		  "in the clear" },
		{ PUSH("{name: a, type: influxdb, " HTTPS ", logs-url: 'https://e.example/'}"), 3,
		  69, "means nothing" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", prefix: a}"), 3, 63, "means nothing" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", username: u}"), 3, 5, "go together" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", username: 'u:v', password-file: /p}"), 3,
		  65, "no colon" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", token-file: /t, username: u, "
		       "password-file: /p}"),
		  3, 5, "is enough" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", token-file: t}"), 3, 67, "begin with /" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", aws-sigv4: {region: r}}"), 3, 66,
		  "needs region" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", max-body: 8MiB}"), 3, 65, "to 4MiB" },
		{ PUSH("{name: a, type: otlp, " HTTPS ", max-queue: 1MiB}"), 3, 5,
		  "two of max-body" },
		{ PUSH("{name: a, type: otlp, " HTTPS "}\n  - {name: a, type: otlp, " HTTPS "}"), 4,
		  5, "a second destination" },
		{ PUSH("{name: a, type: graphite, url: 'tcp://[::1]:1', prefix: ..}"), 3, 61,
		  "a path of Graphite" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_text(cases[i].text);
		if (faults.n != 1 || faults.all[0].line != cases[i].line ||
		    faults.all[0].column != cases[i].column ||
		    !strstr(faults.all[0].text, cases[i].said))
			fail_msg("%s: %u faults, %u:%u: %s", cases[i].text, faults.n,
				 faults.all[0].line, faults.all[0].column,
				 faults.n ? faults.all[0].text : "");
	}
}

static void too_many(void **state)
{
	char text[4096];
	size_t at = (size_t)snprintf(text, sizeof(text), "push:\n  destinations:\n");
	int i;

	for (i = 0; i <= PUSH_TARGETS_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "  - {name: n%d, type: otlp, " HTTPS "}\n", i);
	read_text(text);
	assert_int_equal(faults.n, 1);
	assert_int_equal(got.ntargets, PUSH_TARGETS_MAX);
	assert_non_null(strstr(faults.all[0].text, "more than 16"));
}

static void urls(void **state)
{
	static const struct {
		const char *text;
		int err;
		bool loopback;
	} cases[] = {
		{ "http://localhost", 0, true },
		{ "http://LOCALHOST:1/x", 0, true },
		{ "http://127.0.0.1/", 0, true },
		{ "http://127.255.255.255:65535?x", 0, true },
		{ "http://[::1]:80/", 0, true },
		{ "http://127.1/", 0, false },
		{ "http://127.0.0.256/", 0, false },
		{ "http://127.0.0.1.example/", 0, false },
		{ "http://127.0.0.1.1/", 0, false },
		{ "http://localhost.example/", 0, false },
		{ "http://[::ffff:127.0.0.1]/", 0, false },
		{ "http://user@localhost/", -EINVAL, false },
		{ "http://localhost\\@e/", -EINVAL, false },
		{ "http://localhost/#x", -EINVAL, false },
		{ "http://localhost/a b", -EINVAL, false },
		{ "http://localhost/\xc3\xa9", -EINVAL, false },
		{ "http://localhost:0/", -EINVAL, false },
		{ "http://localhost:65536/", -EINVAL, false },
		{ "http://localhost:/", -EINVAL, false },
		{ "http://localhost:8o/", -EINVAL, false },
		{ "http://", -EINVAL, false },
		{ "http:///x", -EINVAL, false },
		{ "http://[::1/", -EINVAL, false },
		{ "http://lo%63alhost/", -EINVAL, false },
		{ "HTTP://localhost/", -EINVAL, false },
		{ "tcp://localhost", -EINVAL, false },
		{ "tcp://localhost:2003/x", -EINVAL, false },
		{ "tcp://localhost:2003", 0, true },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct push_url url = { 0 };
		const char *why;

		if (push_url_parse(cases[i].text, &url, &why) != cases[i].err ||
		    url.loopback != cases[i].loopback)
			fail_msg("%s", cases[i].text);
	}
}

/* The same file is vigie serve's: it takes the section, and refuses the same. */
static void serve_reads_it_too(void **state)
{
	static struct config_scene s;

	scene_begin(&s, "collect: {interval: 7s}\n" PUSH("{name: a, type: otlp, " HTTPS "}"));
	assert_int_equal(serve_config_read(&s.config, &s.faults), 0);
	assert_int_equal(serve_config_options(&s.config)->server.interval_ns, 7 * NS_PER_S);
	scene_end(&s);
	scene_begin(&s, PUSH("{name: a, type: otlp, url: 'http://e.example/x'}"));
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_int_equal(s.faults.n, 1);
	assert_int_equal(s.faults.all[0].line, 3);
	scene_end(&s);
	scene_begin(&s, "pusher: {interval: 7s}\n");
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_non_null(strstr(s.faults.all[0].text, "did you mean push?"));
	scene_end(&s);
}

/* --- Credentials. */

static char secret_path[] = "/tmp/vigie-secret-XXXXXX";

static void write_secret(const char *text, mode_t mode)
{
	int fd;

	snprintf(secret_path, sizeof(secret_path), "/tmp/vigie-secret-XXXXXX");
	fd = mkstemp(secret_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void load(struct push_target *target, struct push_secrets *secrets)
{
	faults_init(&faults);
	assert_int_equal(push_secrets_load(target, geteuid(), secrets, &faults), 0);
	unlink(secret_path);
}

static void tokens(void **state)
{
	struct push_target target = { .type = PUSH_TO_OTLP, .token_file = secret_path };
	struct push_secrets secrets;

	write_secret("s3cret\n", 0600);
	load(&target, &secrets);
	assert_int_equal(faults.n, 0);
	assert_int_equal(secrets.nheaders, 1);
	assert_string_equal(secrets.headers[0], "Authorization: Bearer s3cret");
	push_secrets_done(&secrets);
	target.type = PUSH_TO_INFLUXDB;
	write_secret("s3cret", 0640);
	load(&target, &secrets);
	assert_string_equal(secrets.headers[0], "Authorization: Token s3cret");
	push_secrets_done(&secrets);
}

static void bad_secrets(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *said;
	} cases[] = {
		{ "s3cret\n", 0644, "read by everybody" },
		{ "s3cret\n", 0620, "written by others" },
		{ "", 0600, "printable ASCII" },
		{ "\ns3cret\n", 0600, "printable ASCII" },
		{ "s3\x01"
		  "cret\n",
		  0600, "printable ASCII" },
		{ "s3cr\xc3\xa9t\n", 0600, "printable ASCII" },
	};
	struct push_target target = { .type = PUSH_TO_OTLP, .token_file = secret_path };
	struct push_secrets secrets;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_secret(cases[i].text, cases[i].mode);
		load(&target, &secrets);
		if (faults.n != 1 || !strstr(faults.all[0].text, cases[i].said) ||
		    strstr(faults.all[0].text, "s3cr"))
			fail_msg("case %zu: %u faults: %s", i, faults.n,
				 faults.n ? faults.all[0].text : "");
		push_secrets_done(&secrets);
	}
}

static void header_files(void **state)
{
	static const char *const bad[] = { "Content-Type: x\n", "host: x\n", "no colon\n", ": x\n",
					   "A B: x\n",		"A: \x01\n" };
	struct push_target target = { .headers_file = secret_path };
	struct push_secrets secrets;
	size_t i;

	write_secret("# comment\nX-Scope: a\r\n\n  DD-API-KEY: s3cret  \n", 0600);
	load(&target, &secrets);
	assert_int_equal(faults.n, 0);
	assert_int_equal(secrets.nheaders, 2);
	assert_string_equal(secrets.headers[0], "X-Scope: a");
	assert_string_equal(secrets.headers[1], "DD-API-KEY: s3cret");
	push_secrets_done(&secrets);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_secret(bad[i], 0600);
		load(&target, &secrets);
		assert_int_equal(faults.n, 1);
		assert_int_equal(secrets.nheaders, 0);
		push_secrets_done(&secrets);
	}
}

static void aws_files(void **state)
{
	struct push_target target = { .aws_credentials_file = secret_path };
	struct push_secrets secrets;

	write_secret("[default]\naws_access_key_id = AKID\naws_secret_access_key=s3/cr=et\n"
		     "region = eu-west-1\n",
		     0600);
	load(&target, &secrets);
	assert_int_equal(faults.n, 0);
	assert_string_equal(secrets.aws_key_id, "AKID");
	assert_string_equal(secrets.aws_secret, "s3/cr=et");
	assert_null(secrets.aws_session_token);
	push_secrets_done(&secrets);
	write_secret("aws_access_key_id = AKID\n", 0600);
	load(&target, &secrets);
	assert_int_equal(faults.n, 1);
	push_secrets_done(&secrets);
	write_secret("[a]\naws_access_key_id = A\naws_secret_access_key = B\n[b]\n"
		     "aws_secret_access_key = C\n",
		     0600);
	load(&target, &secrets);
	assert_int_equal(faults.n, 1);
	assert_non_null(strstr(faults.all[0].text, "more than one profile"));
	push_secrets_done(&secrets);
}

static void a_file_that_is_not_there(void **state)
{
	struct push_target target = { .password_file = "/nowhere/at/all", .line = 3, .column = 5 };
	struct push_secrets secrets;

	load(&target, &secrets);
	assert_int_equal(faults.n, 1);
	assert_int_equal(faults.all[0].line, 3);
	assert_non_null(strstr(faults.all[0].text, "-ENOENT"));
	push_secrets_done(&secrets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(defaults, free_doc),
		cmocka_unit_test_teardown(values, free_doc),
		cmocka_unit_test_teardown(mistakes, free_doc),
		cmocka_unit_test_teardown(too_many, free_doc),
		cmocka_unit_test(urls),
		cmocka_unit_test(serve_reads_it_too),
		cmocka_unit_test(tokens),
		cmocka_unit_test(bad_secrets),
		cmocka_unit_test(header_files),
		cmocka_unit_test(aws_files),
		cmocka_unit_test(a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
