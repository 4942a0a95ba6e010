// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_push_otlp.c - a page as OTLP: names, kinds, times, differences, bodies.
 *
 * Bodies are read by a walker of its own, into one line a value: the numbers of the fields down to
 * it, and the value. That all numbers are those of the standard: tests/e2e/test_push_servers.py.
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

#include "base/varint.h"
#include "push/encode.h"

#define END "# EOF\n"
#define C "# TYPE vigie_process_starts counter\n"

struct bodies {
	struct buf text; /* of what was read */
	unsigned int n, points;
	size_t longest;
	int err;
};

static bool logs; /* are read, not metrics */

/* Which fields are messages: ResourceMetrics down to AnyValue. */
static bool is_message(const char *path)
{
	static const char *const all[] = { "1",		"1.1",	   "1.1.1",	"1.1.1.2",
					   "1.2",	"1.2.1",   "1.2.2",	"1.2.2.5",
					   "1.2.2.5.1", "1.2.2.7", "1.2.2.7.1", "1.2.2.9",
					   "1.2.2.9.1" };
	size_t i, len = strlen("1.2.2.5.1");

	if (logs && strlen(path) >= len)
		return false;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(path, all[i]))
			return true;
	return !strncmp(path, "1.2.2.", 6) && strlen(path) > len &&
	       (!strcmp(path + len, path[6] == '9' ? ".9" : ".7") ||
		!strcmp(path + len, path[6] == '9' ? ".9.2" : ".7.2"));
}

/* Eight bytes each: counts of buckets, and their bounds. */
static void packed(struct buf *out, const unsigned char *data, size_t len, bool bounds)
{
	double number;
	uint64_t n;

	assert_int_equal(len % 8, 0);
	for (; len; data += 8, len -= 8) {
		memcpy(&n, data, sizeof(n));
		memcpy(&number, data, sizeof(number));
		if (bounds)
			buf_printf(out, "bound=%.17g\n", number);
		else
			buf_printf(out, "in=%llu\n", (unsigned long long)n);
	}
}

static void walk(struct buf *out, const char *above, const unsigned char *data, size_t len)
{
	struct varint_reader r;

	varint_reader_init(&r, data, len);
	while (r.at < r.end) {
		uint64_t key = varint_get(&r), n;
		char path[64];
		double number;

		snprintf(path, sizeof(path), "%s%s%u", above, *above ? "." : "",
			 (unsigned int)(key >> 3));
		if ((key & 7) == 0) {
			buf_printf(out, "%s=%llu\n", path, (unsigned long long)varint_get(&r));
			continue;
		}
		if ((key & 7) == 1) {
			varint_get_bytes(&r, &n, sizeof(n));
			memcpy(&number, &n, sizeof(n));
			if (n >> 61) /* no time, no count */
				buf_printf(out, "%s=%.17g\n", path, number);
			else
				buf_printf(out, "%s=%llu\n", path, (unsigned long long)n);
			continue;
		}
		assert_int_equal(key & 7, 2);
		n = varint_get(&r);
		assert_false(r.err);
		assert_true(n <= (size_t)(r.end - r.at));
		if (is_message(path))
			walk(out, path, r.at, n);
		else if (!strcmp(path, "1.2.2.9.1.6") || !strcmp(path, "1.2.2.9.1.7"))
			packed(out, r.at, n, path[10] == '7');
		else
			buf_printf(out, "%s=%.*s\n", path, (int)n, r.at);
		r.at += n;
	}
	assert_false(r.err);
}

static int take(void *ctx, const void *data, size_t len, unsigned int points)
{
	struct bodies *to = ctx;

	walk(&to->text, "", data, len);
	to->n++;
	to->points += points;
	to->longest = len > to->longest ? len : to->longest;
	return to->err;
}

static struct push_encoder *make(bool delta, size_t body_max)
{
	const struct push_encoder_config config = { .format = PUSH_OTLP,
						    .delta = delta,
						    .body_max = body_max,
						    .identity = { "lab", "id", "run", "1.2" } };
	struct push_encoder *encoder = NULL;

	assert_int_equal(push_encoder__new(&config, &encoder), 0);
	return encoder;
}

static int encode(struct push_encoder *encoder, const char *text, uint64_t time_ns,
		  struct bodies *ret)
{
	char *copy = strdup(text);
	struct page page = { 0 };
	size_t line;
	int err;

	assert_non_null(copy);
	assert_int_equal(page_parse(&page, copy, strlen(copy), &line), 0);
	buf_clear(&ret->text);
	ret->n = ret->points = 0;
	ret->longest = 0;
	err = push_encoder__page(encoder, &page, time_ns, 1000, take, ret);
	buf_char(&ret->text, '\0');
	assert_int_equal(ret->text.err, 0);
	page_done(&page);
	free(copy);
	return err;
}

static void has(const struct bodies *got, const char *lines)
{
	if (!strstr(got->text.data, lines))
		fail_msg("no\n%s in\n%s", lines, got->text.data);
}

static void names_and_kinds(void **state)
{
	struct push_encoder *encoder = make(false, 1 << 20);
	struct bodies got = { 0 };

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_int_equal(
		encode(encoder,
		       "# TYPE vigie_process_cpu_seconds counter\n"
		       "vigie_process_cpu_seconds_total{comm=\"a\",mode=\"user\"} 411786.355076387\n"
		       "# TYPE vigie_process_threads gauge\nvigie_process_threads{pid=\"7\"} 3\n"
		       "vigie_process_threads{pid=\"(all others)\"} 4\n"
		       "# TYPE vigie_process_read_bytes counter\nvigie_process_read_bytes_total 2.5\n"
		       "# TYPE vigie_process_written_bytes counter\nvigie_process_written_bytes_total 4.5\n"
		       "# TYPE vigie_self_shed_seconds counter\n# UNIT vigie_self_shed_seconds seconds\n"
		       "# HELP vigie_self_shed_seconds Help.\nvigie_self_shed_seconds_total 0.5\n"
		       "# TYPE process_open_fds gauge\nprocess_open_fds 5\n"
		       "# TYPE vigie_unit info\nvigie_unit_info{pod=\"p\"} 1\n" END,
		       2000, &got),
		0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.points, 8);
	has(&got, "1.1.1.1=service.name\n1.1.1.2.1=vigie\n");
	has(&got, "1.1.1.1=host.name\n1.1.1.2.1=lab\n");
	has(&got, "1.2.1.1=vigie\n1.2.1.2=1.2\n");
	has(&got, "1.2.2.1=process.cpu.time\n1.2.2.3=s\n1.2.2.7.1.2=1000\n1.2.2.7.1.3=2000\n"
		  "1.2.2.7.1.4=411786.355076387\n1.2.2.7.1.7.1=vigie.comm\n1.2.2.7.1.7.2.1=a\n"
		  "1.2.2.7.1.7.1=cpu.mode\n1.2.2.7.1.7.2.1=user\n1.2.2.7.2=2\n1.2.2.7.3=1\n");
	/* What may fall: cumulative, not monotonic, of no beginning. A pid is a number, or none. */
	has(&got,
	    "1.2.2.1=process.thread.count\n1.2.2.3={thread}\n1.2.2.7.1.3=2000\n1.2.2.7.1.4=3\n"
	    "1.2.2.7.1.7.1=process.pid\n1.2.2.7.1.7.2.3=7\n1.2.2.7.1.3=2000\n1.2.2.7.1.4=4\n"
	    "1.2.2.7.1.7.1=vigie.pid\n1.2.2.7.1.7.2.1=(all others)\n1.2.2.7.2=2\n1.2.2.1=");
	/* Two families, one metric. */
	has(&got, "1.2.2.1=process.disk.io\n1.2.2.3=By\n1.2.2.7.1.2=1000\n1.2.2.7.1.3=2000\n"
		  "1.2.2.7.1.4=2.5\n1.2.2.7.1.7.1=disk.io.direction\n1.2.2.7.1.7.2.1=read\n"
		  "1.2.2.7.1.2=1000\n1.2.2.7.1.3=2000\n1.2.2.7.1.4=4.5\n"
		  "1.2.2.7.1.7.1=disk.io.direction\n1.2.2.7.1.7.2.1=write\n1.2.2.7.2=2\n");
	has(&got, "1.2.2.1=vigie.self.shed_seconds\n1.2.2.2=Help.\n1.2.2.3=s\n");
	has(&got, "1.2.2.1=vigie.daemon.open_fds\n1.2.2.3=1\n1.2.2.5.1.3=2000\n1.2.2.5.1.4=5\n");
	has(&got, "1.2.2.1=vigie.unit.info\n");
	has(&got, "1.2.3=https://opentelemetry.io/schemas/1.44.0\n"
		  "1.3=https://opentelemetry.io/schemas/1.44.0\n");
	buf_done(&got.text);
	push_encoder__free(encoder);
}

/* The host's counters are the kernel's; when a unit's began, is not known. */
static void beginnings(void **state)
{
	struct push_encoder *encoder = make(false, 1 << 20);
	struct bodies got = { 0 };

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_int_equal(
		encode(encoder,
		       "# TYPE vigie_host_forks counter\nvigie_host_forks_total 3\n"
		       "# TYPE vigie_host_cpu_seconds counter\nvigie_host_cpu_seconds_total 3\n"
		       "# TYPE vigie_unit_cpu_periods counter\nvigie_unit_cpu_periods_total 3\n"
		       "# TYPE vigie_host_boot_time_seconds gauge\nvigie_host_boot_time_seconds 2.5\n" END,
		       9000000000ULL, &got),
		0);
	has(&got, "vigie.host.forks\n1.2.2.3=1\n1.2.2.7.1.2=2500000000\n1.2.2.7.1.3=9000000000\n");
	has(&got, "vigie.host.cpu_seconds\n1.2.2.3=1\n1.2.2.7.1.2=1000\n1.2.2.7.1.3=9000000000\n");
	has(&got, "vigie.unit.cpu_periods\n1.2.2.3=1\n1.2.2.7.1.3=9000000000\n");
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static const char *delta_of(struct push_encoder *encoder, const char *value, uint64_t time_ns,
			    int err, struct bodies *got)
{
	char text[256];

	snprintf(text, sizeof(text), C "vigie_process_starts_total{comm=\"a\"} %s\n" END, value);
	got->err = err;
	assert_int_equal(encode(encoder, text, time_ns, got), got->n ? err : 0);
	return got->text.data;
}

static void differences(void **state)
{
	struct push_encoder *encoder = make(true, 1 << 20);
	struct bodies got = { 0 };

	(void)state;
	buf_init(&got.text, 1 << 20);
	assert_string_equal(delta_of(encoder, "5.5", 2000, 0, &got),
			    ""); /* new: not known since when */
	delta_of(encoder, "8", 3000, 0, &got);
	has(&got, "1.2.2.7.1.2=2000\n1.2.2.7.1.3=3000\n1.2.2.7.1.4=2.5\n");
	has(&got, "1.2.2.7.2=1\n1.2.2.7.3=1\n");
	/* Not taken by the destination: in the next one. */
	delta_of(encoder, "10.5", 4000, -ENOSPC, &got);
	has(&got, "1.2.2.7.1.4=2.5\n");
	delta_of(encoder, "12", 5000, 0, &got);
	has(&got, "1.2.2.7.1.2=3000\n1.2.2.7.1.3=5000\n1.2.2.7.1.4=4\n");
	assert_string_equal(delta_of(encoder, "1.5", 6000, 0, &got), ""); /* set back */
	assert_string_equal(delta_of(encoder, "4", 6000, 0, &got), ""); /* no time passed */
	delta_of(encoder, "6.5", 7000, 0, &got);
	has(&got, "1.2.2.7.1.2=6000\n1.2.2.7.1.3=7000\n1.2.2.7.1.4=2.5\n");
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static void what_is_long_gone_is_forgotten(void **state)
{
	struct push_encoder *encoder = make(true, 1 << 20);
	struct bodies got = { 0 };
	unsigned int round, i;

	(void)state;
	buf_init(&got.text, 1 << 20);
	for (round = 0; round < 2; round++) {
		unsigned int pages = round ? 361 : 300;

		delta_of(encoder, "5", 1000 * (round + 1) - 1, 0, &got);
		for (i = 0; i < pages; i++)
			assert_int_equal(encode(encoder, C END, 5000 + i, &got), 0);
		delta_of(encoder, "7.5", 100000 * (round + 1), 0, &got);
		assert_int_equal(got.points, !round);
	}
	buf_done(&got.text);
	push_encoder__free(encoder);
}

static const char histogram[] =
	"# TYPE h histogram\nh_bucket{le=\"0.5\"} %u\nh_bucket{le=\"+Inf\"} %u\n"
	"h_count %u\nh_sum %u.5\n" END;

static void histograms(void **state)
{
	struct push_encoder *encoder = make(true, 1 << 20), *total = make(false, 1 << 20);
	struct bodies got = { 0 };
	char text[256];

	(void)state;
	buf_init(&got.text, 1 << 20);
	snprintf(text, sizeof(text), histogram, 2, 5, 5, 7);
	assert_int_equal(encode(total, text, 2000, &got), 0);
	has(&got,
	    "1.2.2.9.1.2=1000\n1.2.2.9.1.3=2000\n1.2.2.9.1.4=5\n1.2.2.9.1.5=7.5\nin=2\nin=3\nbound=0.5\n");
	has(&got, "1.2.2.9.2=2\n");
	assert_int_equal(encode(encoder, text, 2000, &got), 0);
	assert_int_equal(got.points, 0);
	snprintf(text, sizeof(text), histogram, 3, 9, 9, 10);
	assert_int_equal(encode(encoder, text, 3000, &got), 0);
	has(&got,
	    "1.2.2.9.1.2=2000\n1.2.2.9.1.3=3000\n1.2.2.9.1.4=4\n1.2.2.9.1.5=3\nin=1\nin=3\nbound=0.5\n");
	has(&got, "1.2.2.9.2=1\n");
	buf_done(&got.text);
	push_encoder__free(encoder);
	push_encoder__free(total);
}

static void lines_become_records(void **state)
{
	static const char lines[] =
		"{\"@timestamp\":\"2026-01-02T03:04:05.678Z\",\"message\":\"It began\","
		"\"log\":{\"level\":\"warning\"},\"event\":{\"dataset\":\"vigie.finding\"},"
		"\"vigie\":{\"culprits\":[{\"name\":\"a\\\"b\",\"share\":0.5}],\"n\":7,\"yes\":true}}\n"
		"no JSON\n[1]\n{\"a\":1} x\n{\"a\":[[[[[[[[[[1]]]]]]]]]]}\n{\"a\":\"\xff\"}\n\n{\"message\":\"cut";
	struct push_encoder *encoder = make(true, 1 << 20);
	struct bodies got = { 0 };

	(void)state;
	buf_init(&got.text, 1 << 20);
	logs = true;
	assert_int_equal(push_encoder__events(encoder, lines, sizeof(lines) - 1, take, &got), 0);
	logs = false;
	buf_char(&got.text, '\0');
	assert_int_equal(got.n, 1);
	assert_int_equal(got.points, 1);
	assert_int_equal(push_encoder__skipped(encoder), 6);
	has(&got, "1.1.1.1=service.name\n1.1.1.2.1=vigie\n");
	has(&got,
	    "1.2.2.1=1767323045678000000\n1.2.2.11=1767323045678000000\n1.2.2.2=13\n1.2.2.3=warning\n");
	has(&got, "It began\n");
	has(&got, "1.2.2.12=vigie.finding\n");
	has(&got, "log.level\022\t\n\awarning\n");
	has(&got, "vigie.culprits.0.name\022\005\n\003a\"b\n");
	has(&got, "vigie.culprits.0.share\022\t!");
	has(&got, "vigie.n\022\002\030\a\n");
	has(&got, "vigie.yes\022\002\020\001\n");
	buf_done(&got.text);
	push_encoder__free(encoder);
}

/* However small: each point once, none larger than asked for, all that stands around it in each. */
static void bodies_hold_whole_points(void **state)
{
	struct bodies got = { 0 };
	struct buf page;
	size_t max;
	int i;

	(void)state;
	buf_init(&got.text, 1 << 22);
	buf_init(&page, 1 << 20);
	for (i = 0; i < 60; i++)
		buf_printf(&page,
			   "# TYPE vigie_x_y%d gauge\nvigie_x_y%d{c=\"%d\"} 1.5\nvigie_x_y%d 2.5\n",
			   i, i, i, i);
	buf_str(&page, END);
	buf_char(&page, '\0');
	for (max = 450; max < 8000; max += 150) {
		struct push_encoder *encoder = make(false, max);
		unsigned int ones = 0;
		const char *at;

		assert_int_equal(encode(encoder, page.data, 2000, &got), 0);
		assert_int_equal(got.points, 120);
		assert_int_equal(push_encoder__skipped(encoder), 0);
		assert_true(got.longest <= max);
		for (at = got.text.data; (at = strstr(at, "1.2.2.5.1.4=")); at++)
			ones++;
		assert_int_equal(ones, 120);
		for (ones = 0, at = got.text.data; (at = strstr(at, "\n1.3=")); at++)
			ones++;
		assert_int_equal(ones, got.n);
		push_encoder__free(encoder);
	}
	buf_done(&got.text);
	buf_done(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_kinds),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(differences),
		cmocka_unit_test(what_is_long_gone_is_forgotten),
		cmocka_unit_test(histograms),
		cmocka_unit_test(lines_become_records),
		cmocka_unit_test(bodies_hold_whole_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
