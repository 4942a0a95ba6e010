// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_now.c - the document of the moment: what stands beside a view, and the sentence. json-c is who
 * reads it: not the writer that made it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "../golden/view_fixture.h"
#include "data/longest_wait.h"
#include "export/encode.h"
#include "export/sentence.h"

static struct fixture f;
static struct buf out;
static struct json_object *doc;

static int setup(void **state)
{
	buf_init(&out, 1 << 20);
	fixture_by_unit(&f);
	return 0;
}

static int teardown(void **state)
{
	json_object_put(doc);
	doc = NULL;
	buf_done(&out);
	return 0;
}

/* Valid, all of it, and one line end behind it. */
static void encode(const struct self_view *self)
{
	static const struct list_options all;
	const struct encode_ctx ctx = { .out = &out, .view = &f.view, .self = self, .list = &all };

	buf_clear(&out);
	now_encode(&ctx);
	assert_int_equal(out.err, 0);
	assert_int_equal(out.data[out.len - 1], '\n');
	buf_char(&out, '\0');
	json_object_put(doc);
	doc = json_tokener_parse(out.data);
	assert_non_null(doc);
}

/* "self.overhead_ratio.probes" */
static struct json_object *at(const char *path)
{
	struct json_object *o = doc;
	char part[64];
	size_t len;

	for (; *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		assert_true(len < sizeof(part));
		memcpy(part, path, len);
		part[len] = '\0';
		assert_true(json_object_object_get_ex(o, part, &o));
	}
	return o;
}

static void it_is_the_document_of_once_and_more(void **state)
{
	static const struct list_options all;
	struct json_object_iterator it, end;
	struct json_object *once, *value;
	unsigned int members = 0;
	struct buf other;

	encode(&f.self);
	assert_string_equal(json_object_get_string(at("schema")), "vigie.now/1");
	buf_init(&other, 1 << 20);
	json_encode(&other, &f.view, &all);
	buf_char(&other, '\0');
	once = json_tokener_parse(other.data);
	end = json_object_iter_end(once);
	for (it = json_object_iter_begin(once); !json_object_iter_equal(&it, &end);
	     json_object_iter_next(&it), members++) {
		const char *name = json_object_iter_peek_name(&it);

		assert_true(json_object_object_get_ex(doc, name, &value));
		if (strcmp(name, "schema"))
			assert_true(json_object_equal(value, json_object_iter_peek_value(&it)));
	}
	assert_true(members > 15);
	json_object_put(once);
	buf_done(&other);
}

static void it_says_how_vigie_is(void **state)
{
	f.self.budget.limit_ppb = 10000000;
	f.self.budget.overhead_ppb[SELF_OVERHEAD_PROBES] = 1234567;
	f.self.budget.shed[SELF_SHED_HISTOGRAMS] = 1;
	f.self.writer.entries_lost[WRITER_LOST_IO] = 3;
	f.self.writer.entries_lost[WRITER_LOST_QUEUE] = 4;
	encode(&f.self);
	assert_string_equal(json_object_get_string(at("self.version")), "1.2.3");
	assert_non_null(strstr(out.data, "\"limit\":0.010000000,"));
	assert_non_null(strstr(out.data, "\"probes\":0.001234567,\"off\":[\"histograms\"]"));
	assert_int_equal(json_object_get_int(at("self.snapshots_not_recorded")), 7);
	assert_int_equal(json_object_array_length(at("self.missing")), 2);
	f.self.budget.limit_ppb = 0;
	encode(&f.self);
	assert_null(at("self.overhead_ratio"));
}

static void the_past_has_no_self(void **state)
{
	struct json_object *value;

	encode(NULL);
	assert_false(json_object_object_get_ex(doc, "self", &value));
	assert_false(json_object_object_get_ex(doc, "findings", &value));
	assert_non_null(at("sentence.text"));
}

static void the_worst_finding_is_the_sentence(void **state)
{
	static const struct self_finding found[] = {
		{ "0123456789ab", "leak", SEVERITY_WARNING, 5, "a \"grows\"" },
		{ "ba9876543210", "run-queue-starvation", SEVERITY_ERROR, 6, "b waits" },
	};

	f.self.findings = found;
	f.self.nfindings = 2;
	encode(&f.self);
	assert_string_equal(json_object_get_string(at("sentence.text")), "b waits (and 1 more)");
	assert_string_equal(json_object_get_string(at("sentence.state")), "error");
	assert_int_equal(json_object_array_length(at("findings")), 2);
	assert_non_null(strstr(out.data, "\"since\":0.000000005,\"message\":\"a \\\"grows\\\"\""));
}

static void only_one_waits(void)
{
	static struct group_view groups[3];
	unsigned int i;

	memset(groups, 0, sizeof(groups));
	for (i = 0; i < 3; i++) {
		groups[i].label[0] = "u/v";
		groups[i].threads = 1;
		groups[i].live = true;
	}
	groups[0].label[1] = "hog";
	groups[1].label[1] = "victim";
	groups[2].label[1] = "kworker";
	groups[2].kernel = true;
	groups[2].inc.wait_ns = 900 * MS;
	groups[1].inc.wait_ns = 712 * MS;
	f.view.groups = groups;
	f.view.ngroups = 3;
	f.view.interval_ns = SECOND;
	f.view.ndelays = 0;
}

static const char *sentence(void)
{
	buf_clear(&out);
	sentence_say(&out, &f.view, NULL);
	buf_char(&out, '\0');
	return out.data;
}

static void who_waits_is_named_with_the_culprit(void **state)
{
	struct delay_view delays[] = {
		{ .victim = "u/v/victim", .culprit = "u/v/lesser", .wait_inc_ns = 100 * MS },
		{ .victim = "u/v/victim", .culprit = "u/v/hog", .wait_inc_ns = 500 * MS },
		{ .victim = "u/v/victim2", .culprit = "u/v/other", .wait_inc_ns = 900 * MS },
	};
	struct group_view *victim;

	only_one_waits();
	assert_string_equal(sentence(), "u/v/victim waited for a CPU 71.2 % of the time");
	f.view.delays = delays;
	f.view.ndelays = 3;
	assert_string_equal(sentence(),
			    "u/v/victim waited for a CPU 71.2 % of the time, because of "
			    "u/v/hog, which ran during 0.500s of it");
	victim = (struct group_view *)&f.view.groups[1];
	victim->threads = 4;
	victim->inc.off_ns[VIGIE_OFF_DISK] = 800 * MS;
	assert_string_equal(sentence(),
			    "u/v/victim waited for storage 80.0 % of the time (sum of its "
			    "4 threads)");
	f.view.shed = VIGIE_SHED_REASONS; /* then nobody knows of that */
	assert_non_null(strstr(sentence(), "for a CPU 71.2 %"));
	memset(&victim->inc, 0, sizeof(victim->inc));
	assert_string_equal(sentence(), "Nobody waits.");
	f.view.interval_ns = 0;
	assert_non_null(strstr(sentence(), "next snapshot"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_the_document_of_once_and_more, setup,
						teardown),
		cmocka_unit_test_setup_teardown(it_says_how_vigie_is, setup, teardown),
		cmocka_unit_test_setup_teardown(the_past_has_no_self, setup, teardown),
		cmocka_unit_test_setup_teardown(the_worst_finding_is_the_sentence, setup, teardown),
		cmocka_unit_test_setup_teardown(who_waits_is_named_with_the_culprit, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
