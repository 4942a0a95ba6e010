// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_push_retry.c - what a server's answer means to vigie-push: statuses, Retry-After, back-off,
 * partial success; and AWS' signature against values that its documentation publishes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "push/partial.h"
#include "push/retry.h"
#include "push/sigv4.h"

static void statuses(void **state)
{
	static const unsigned int again[] = { 0, 429, 502, 503, 504 };
	unsigned int status, i;

	for (status = 100; status < 600; status++) {
		enum push_verdict want = status / 100 == 2 ? PUSH_DONE : PUSH_POISON;

		for (i = 0; i < sizeof(again) / sizeof(again[0]); i++)
			want = status == again[i] ? PUSH_RETRY : want;
		assert_int_equal(push_verdict(status), want);
	}
	assert_int_equal(push_verdict(0), PUSH_RETRY);
}

/* Between a half and the whole of 1, 2, 4, ... 32, 60, 60 seconds, whatever the chance. */
static void back_off(void **state)
{
	static const __u32 chances[] = { 0, 1, 1000, UINT32_MAX / 2, UINT32_MAX - 1, UINT32_MAX };
	__u64 most = NS_PER_S, wait, before;
	unsigned int failed, i;

	for (failed = 1; failed < 200; failed++) {
		before = 0;
		for (i = 0; i < sizeof(chances) / sizeof(chances[0]); i++) {
			wait = push_backoff_ns(failed, chances[i]);
			assert_in_range(wait, most / 2, most);
			assert_true(wait >= before);
			before = wait;
		}
		assert_true(before == most);
		assert_true(push_backoff_ns(failed, 0) == most / 2);
		most = 2 * most < 60 * NS_PER_S ? 2 * most : 60 * NS_PER_S;
	}
	assert_true(push_backoff_ns(UINT32_MAX, UINT32_MAX) == 60 * NS_PER_S);
}

static void retry_after(void **state)
{
	/* 1994-11-06 08:49:37 UTC is 784111777: HTTP's own example. */
	static const struct {
		const char *value;
		__u64 wall_s;
		int err;
		__u64 want_s;
	} cases[] = {
		{ "0", 5, 0, 0 },
		{ "120", 5, 0, 120 },
		{ "900", 5, 0, 900 },
		{ "901", 5, 0, 900 },
		{ "99999999999999999999999", 5, 0, 900 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 37, 0, 37 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 + 1, 0, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 - 86400, 0, 900 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 - 10, 0, 10 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 1796056524, -EINVAL, 0 }, /* ns end in 2554 */
		{ "Sun, 06 Nov 1994 08:49:37", 0, -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 CET", 0, -EINVAL, 0 },
		{ "Sun, 06 Nex 1994 08:49:37 GMT", 0, -EINVAL, 0 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", 0, -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", 0, -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", 0, -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:4x:37 GMT", 0, -EINVAL, 0 },
		{ "Sun, 06 Nov -994 08:49:37 GMT", 0, -EINVAL, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "-1", 0, -EINVAL, 0 },
		{ "1.5", 0, -EINVAL, 0 },
		{ "12 s", 0, -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__u64 ns = 77;
		int err = push_retry_after_ns(cases[i].value, cases[i].wall_s * NS_PER_S, &ns);

		if (err != cases[i].err || ns != (err ? 77 : cases[i].want_s * NS_PER_S))
			fail_msg("'%s': %d, %llu ns", cases[i].value, err, (unsigned long long)ns);
	}
}

/* As protoc --encode writes ExportMetricsServiceResponse. */
static void partial_success(void **state)
{
	static const unsigned char some[] = "\x0a\x0d\x08\x96\x01\x12\x08too late";
	static const unsigned char newer[] = "\x15\x01\x02\x03\x04\x19"
					     "12345678"
					     "\x20\x05"
					     "\x0a\x04\x18\x01\x08\x07";
	static const unsigned char negative[] =
		"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
	struct partial_success p;
	size_t i;

	assert_int_equal(partial_success_parse(some, sizeof(some) - 1, &p), 0);
	assert_int_equal(p.rejected, 150);
	assert_string_equal(p.message, "too late");
	assert_int_equal(partial_success_parse("", 0, &p), 0);
	assert_int_equal(p.rejected, 0);
	assert_string_equal(p.message, "");
	assert_int_equal(partial_success_parse(newer, sizeof(newer) - 1, &p), 0);
	assert_int_equal(p.rejected, 7);
	assert_int_equal(partial_success_parse(negative, sizeof(negative) - 1, &p), 0);
	assert_int_equal(p.rejected, 0);
	/* Cut anywhere it is none, but at its begin; copies, so that a sanitizer sees one byte too far. */
	for (i = 1; i < sizeof(some) - 1; i++) {
		unsigned char *cut = malloc(i);

		memcpy(cut, some, i);
		p.rejected = 5;
		assert_int_equal(partial_success_parse(cut, i, &p), -EBADMSG);
		assert_int_equal(p.rejected, 5);
		free(cut);
	}
	assert_int_equal(partial_success_parse("<html>oh no</html>", 18, &p), -EBADMSG);
	assert_int_equal(partial_success_parse("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11,
					       &p),
			 -EBADMSG);
	assert_int_equal(partial_success_parse("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11,
					       &p),
			 -EBADMSG);
}

/* What a server says is shown to people. */
static void partial_message_is_printable(void **state)
{
	static const unsigned char hostile[] = "\x0a\x07\x12\x05\x1b[2J\n";
	struct partial_success p;

	assert_int_equal(partial_success_parse(hostile, sizeof(hostile) - 1, &p), 0);
	assert_null(strchr(p.message, '\x1b'));
	assert_null(strchr(p.message, '\n'));
}

/* --- AWS Signature Version 4. The published suite: keys, day and signatures are AWS' own. */

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct sigv4_scope suite = {
	.region = "us-east-1",
	.service = "service",
	.key_id = "AKIDEXAMPLE",
	.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

static void check_signature(const char *method, const char *url, const char *want)
{
	static const struct sigv4_header headers[] = { { "host", "example.amazonaws.com" },
						       { "x-amz-date", "20150830T123600Z" } };
	const struct sigv4_request request = { method, url,	     headers,
					       2,      EMPTY_SHA256, "20150830T123600Z" };
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(sigv4_authorize(&suite, &request, &out), 0);
	buf_char(&out, '\0');
	assert_string_equal(strstr(out.data, "Signature=") + 10, want);
	assert_non_null(strstr(out.data, "Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
					 "aws4_request, SignedHeaders=host;x-amz-date, "));
	buf_done(&out);
}

static void published_signatures(void **state)
{
	check_signature("GET", "https://example.amazonaws.com/",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	check_signature("POST", "https://example.amazonaws.com/",
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
	/* Two parameters in the wrong order. */
	check_signature("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

static void query_is_sorted_by_name(void **state)
{
	struct buf a, b;
	static const struct sigv4_header host = { "host", "h" };
	struct sigv4_request request = { "GET",	       "https://h/?a-b=1&a=2&a=1&c",
					 &host,	       1,
					 EMPTY_SHA256, "20150830T123600Z" };

	buf_init(&a, 4096);
	buf_init(&b, 4096);
	assert_int_equal(sigv4_authorize(&suite, &request, &a), 0);
	request.url = "https://h/?a=1&a=2&a-b=1&c=";
	assert_int_equal(sigv4_authorize(&suite, &request, &b), 0);
	assert_memory_equal(a.data, b.data, a.len);
	buf_done(&a);
	buf_done(&b);
}

static void headers_of_a_post(void **state)
{
	struct sigv4_scope scope = suite;
	const char *line, *date = NULL, *hash = NULL, *token = NULL, *host = NULL, *signs = NULL;
	struct buf out;

	scope.session_token = "TOKEN";
	buf_init(&out, 4096);
	assert_int_equal(sigv4_post(&scope, "https://monitoring.us-east-1.amazonaws.com:443/v1/x",
				    "application/x-protobuf", "", 0, 1440938160 * NS_PER_S, &out),
			 0);
	for (line = out.data; line < out.data + out.len; line += strlen(line) + 1) {
		date = strncmp(line, "X-Amz-Date: ", 12) ? date : line + 12;
		hash = strncmp(line, "X-Amz-Content-Sha256: ", 22) ? hash : line + 22;
		token = strncmp(line, "X-Amz-Security-Token: ", 22) ? token : line + 22;
		host = strncmp(line, "Host: ", 6) ? host : line + 6;
		signs = strncmp(line, "Authorization: ", 15) ? signs : line + 15;
	}
	assert_string_equal(date, "20150830T123600Z");
	assert_string_equal(hash, EMPTY_SHA256);
	assert_string_equal(token, "TOKEN");
	assert_string_equal(host, "monitoring.us-east-1.amazonaws.com:443");
	assert_non_null(strstr(signs, "SignedHeaders=content-type;host;x-amz-content-sha256;"
				      "x-amz-date;x-amz-security-token,"));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(back_off),
		cmocka_unit_test(retry_after),
		cmocka_unit_test(partial_success),
		cmocka_unit_test(partial_message_is_printable),
		cmocka_unit_test(published_signatures),
		cmocka_unit_test(query_is_sorted_by_name),
		cmocka_unit_test(headers_of_a_post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
