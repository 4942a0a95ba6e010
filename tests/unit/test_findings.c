// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_findings.c - the life of a finding: repeats, verdicts, bounds, names; and the table of
 * rules, of which docs/rules.md is made.
 */
#include "detect_scene.h"

static void run_away(struct scene *s, int i, int seconds)
{
	while (seconds-- > 0) {
		calm(s);
		burn(s, i);
		step(s);
	}
}

static void rest(struct scene *s, int seconds)
{
	while (seconds-- > 0) {
		calm(s);
		step(s);
	}
}

/* Within the cooldown a repeat is the same finding; later it is another. */
static void a_repeat_is_the_same_finding(void **state)
{
	char id[FINDING_ID_LEN], pattern[FINDING_ID_LEN];
	__u64 total, active;
	struct scene s;

	scene_init(&s);
	run_away(&s, 2, 20);
	memcpy(id, s.last.id, sizeof(id));
	memcpy(pattern, s.last.pattern, sizeof(pattern));
	rest(&s, 60);
	run_away(&s, 2, 20);
	assert_int_equal(s.started[RULE_RUNAWAY], 2);
	assert_string_equal(s.last.id, id);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 1);
	assert_int_equal(active, 1);
	rest(&s, 700);
	run_away(&s, 2, 20);
	assert_string_not_equal(s.last.id, id);
	assert_string_equal(s.last.pattern, pattern);
	scene_done(&s);
}

static void verdicts_silence_one_pattern(void **state)
{
	char pattern[FINDING_ID_LEN];
	struct detect_stat stat;
	__u64 total, active;
	struct scene s;

	scene_init(&s);
	run_away(&s, 2, 20);
	memcpy(pattern, s.last.pattern, sizeof(pattern));
	rest(&s, 700);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_BENIGN), 0);
	s.processes[2].pid = 2222; /* another life of the same */
	s.processes[2].start_ns = s.view.time_ns;
	run_away(&s, 2, 20);
	assert_true(s.last.silenced);
	assert_string_equal(s.last.pattern, pattern);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 1);
	run_away(&s, 4, 20); /* not others */
	assert_false(s.last.silenced);
	detect__stat(s.detect, &stat);
	assert_int_equal(stat.silenced, 1);
	rest(&s, 700);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_MALICIOUS), 0);
	run_away(&s, 2, 20);
	assert_int_equal(s.last.severity, SEVERITY_ERROR);
	rest(&s, 700);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_REVOKED), 0);
	run_away(&s, 2, 20);
	assert_int_equal(s.last.severity, SEVERITY_WARNING);
	assert_false(s.last.silenced);
	scene_done(&s);
}

/* What is said of a finding that goes on, step by step, as a verdict comes and goes. */
static void a_verdict_is_heard_at_once(void **state)
{
	char pattern[FINDING_ID_LEN];
	__u64 total, active;
	struct scene s;

	scene_init(&s);
	run_away(&s, 2, 20);
	memcpy(pattern, s.last.pattern, sizeof(pattern));
	assert_int_equal(s.updated[RULE_RUNAWAY], 0);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_BENIGN), 0);
	run_away(&s, 2, 1);
	assert_int_equal(s.updated[RULE_RUNAWAY], 1);
	assert_true(s.last.silenced && s.last.told);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 1);
	assert_int_equal(active, 0);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_REVOKED), 0);
	run_away(&s, 2, 1);
	assert_int_equal(s.updated[RULE_RUNAWAY], 2);
	assert_true(!s.last.silenced && s.last.told);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 1);
	assert_int_equal(active, 1);
	rest(&s, 60);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(active, 0);
	scene_done(&s);
}

/* Silenced as it begins it is in no sum; told later it is counted once. */
static void who_is_told_late_is_counted(void **state)
{
	char pattern[FINDING_ID_LEN];
	__u64 total, active;
	struct scene s;

	scene_init(&s);
	run_away(&s, 2, 20);
	memcpy(pattern, s.last.pattern, sizeof(pattern));
	rest(&s, 700);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_BENIGN), 0);
	run_away(&s, 2, 20);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 1);
	assert_int_equal(active, 0);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_MALICIOUS), 0);
	run_away(&s, 2, 1);
	assert_true(!s.last.silenced && s.last.told);
	assert_int_equal(s.last.severity, SEVERITY_ERROR);
	run_away(&s, 2, 40);
	detect__count(s.detect, RULE_RUNAWAY, &total, &active);
	assert_int_equal(total, 2);
	assert_int_equal(active, 1);
	scene_done(&s);
}

/* Its last update said otherwise, but a verdict came since: the end knows, and who heard of it. */
static void an_end_knows_the_verdict_and_who_was_told(void **state)
{
	char pattern[FINDING_ID_LEN];
	struct scene s;

	scene_init(&s);
	run_away(&s, 2, 20);
	memcpy(pattern, s.last.pattern, sizeof(pattern));
	assert_true(!s.last.silenced && s.last.told);
	rest(&s, 1);
	assert_int_equal(detect__silence(s.detect, pattern, VERDICT_BENIGN), 0);
	rest(&s, 60);
	assert_true(s.last.phase == FINDING_END && s.last.silenced && s.last.told);
	/* Benign from its begin to its end nobody heard of it. */
	run_away(&s, 2, 20);
	assert_true(s.last.phase == FINDING_START && s.last.silenced && !s.last.told);
	rest(&s, 60);
	assert_true(s.last.phase == FINDING_END && s.last.silenced && !s.last.told);
	scene_done(&s);
}

/* A hundred names that never were before, each with a fault of its own. */
static void a_flood_is_bounded_and_counted(void **state)
{
	struct detect_stat stat;
	struct scene s;
	int i, j;

	scene_init(&s);
	for (i = 0; i < 40; i++) {
		for (j = 0; j < 20; j++) {
			calm(&s);
			snprintf(s.processes[2].comm, VIGIE_COMM_LEN, "x%d", i);
			s.processes[2].pid = 5000 + i;
			burn(&s, 2);
			s.processes[4].pid = 15000 + i * 20 + j;
			s.oom = (struct oom_view){ .victim_comm = scene_names[j % 8],
						   .trigger_comm = "",
						   .victim = "",
						   .trigger = "",
						   .victim_pid = 1 + i * 20 + j };
			s.view.nooms = 1;
			step(&s);
		}
	}
	detect__stat(s.detect, &stat);
	assert_true(stat.suppressed > 100);
	assert_true(s.started[RULE_OOM_KILL] <= 20 * 14);
	assert_true(stat.bytes < 2 * MIB);
	scene_done(&s);
}

static void hostile_names_stay_names(void **state)
{
	struct scene s;
	const char *c;

	scene_init(&s);
	memcpy(s.processes[2].comm, "\xff\n\x1b[31m\"%s%n", 12);
	run_away(&s, 2, 20);
	assert_int_equal(s.started[RULE_RUNAWAY], 1);
	for (c = s.last.message; *c; c++)
		assert_true((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
	scene_done(&s);
}

/* The same views, the same ids: a replay finds what was found. */
static void a_replay_gives_the_same_ids(void **state)
{
	struct scene a, b;

	scene_init(&a);
	scene_init(&b);
	run_away(&a, 2, 20);
	run_away(&b, 2, 20);
	assert_string_equal(a.last.id, b.last.id);
	assert_string_equal(a.last.message, b.last.message);
	scene_done(&a);
	scene_done(&b);
}

/* Scrapes in between: short views neither reset what holds nor begin anything. */
static void short_views_do_no_harm(void **state)
{
	struct scene s;
	int i;

	scene_init(&s);
	for (i = 0; i < 20; i++) {
		calm(&s);
		burn(&s, 2);
		step(&s);
		calm(&s);
		step_ns(&s, SECOND / 20);
	}
	assert_int_equal(s.started[RULE_RUNAWAY], 1);
	scene_done(&s);
}

static void every_rule_is_documented(void **state)
{
	const struct rule *table;
	struct buf doc;
	size_t n, i, j;

	table = detect_rules(&n);
	assert_int_equal(n, RULES);
	buf_init(&doc, 1 << 20);
	rules_doc_encode(&doc);
	buf_char(&doc, '\0');
	assert_int_equal(doc.err, 0);
	for (i = 0; i < n; i++) {
		assert_non_null(strstr(doc.data, table[i].id));
		assert_int_equal(strlen(table[i].message_id), 32);
		assert_int_equal(strspn(table[i].message_id, "0123456789abcdef"), 32);
		assert_true(table[i].version > 0);
		for (j = 0; j < i; j++) {
			assert_string_not_equal(table[i].id, table[j].id);
			assert_string_not_equal(table[i].message_id, table[j].message_id);
		}
	}
	buf_done(&doc);
}

static void the_manual_is_up_to_date(void **state)
{
	const char *root = getenv("VIGIE_SRCDIR");
	char path[512], *is;
	struct buf doc;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/docs/rules.md", root ? root : ".");
	buf_init(&doc, 1 << 20);
	rules_doc_encode(&doc);
	file = fopen(path, getenv("DOCS_UPDATE") ? "w" : "r");
	assert_non_null(file);
	if (getenv("DOCS_UPDATE")) {
		assert_int_equal(fwrite(doc.data, 1, doc.len, file), doc.len);
	} else {
		is = malloc(doc.len + 1);
		len = fread(is, 1, doc.len + 1, file);
		if (len != doc.len || memcmp(is, doc.data, len))
			fail_msg("docs/rules.md is out of date: run `make docs`");
		free(is);
	}
	fclose(file);
	buf_done(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repeat_is_the_same_finding),
		cmocka_unit_test(verdicts_silence_one_pattern),
		cmocka_unit_test(a_verdict_is_heard_at_once),
		cmocka_unit_test(who_is_told_late_is_counted),
		cmocka_unit_test(an_end_knows_the_verdict_and_who_was_told),
		cmocka_unit_test(a_flood_is_bounded_and_counted),
		cmocka_unit_test(hostile_names_stay_names),
		cmocka_unit_test(a_replay_gives_the_same_ids),
		cmocka_unit_test(short_views_do_no_harm),
		cmocka_unit_test(every_rule_is_documented),
		cmocka_unit_test(the_manual_is_up_to_date),
	};

	return cmocka_run_group_tests_name("findings", tests, NULL, NULL);
}
