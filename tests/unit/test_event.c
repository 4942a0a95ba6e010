// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_event.c - data/event: which event a finding makes, whatever its phase, severity and
 * verdict; and that it is the same in every encoding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "detect/detect.h"
#include "log/encode.h"

/* OWN: the finding's severity. What is not silenced is told, so one case cannot be. */
enum { OWN = -1, CANNOT_BE = -2 };

static const struct {
	enum finding_phase phase;
	const char *action, *type;
	int level[2][2]; /* [silenced][told] */
} table[] = {
	{ FINDING_START,
	  "finding-start",
	  "start",
	  { { CANNOT_BE, OWN }, { SEVERITY_DEBUG, CANNOT_BE } } },
	{ FINDING_UPDATE,
	  "finding-update",
	  "info",
	  { { CANNOT_BE, OWN }, { SEVERITY_DEBUG, SEVERITY_DEBUG } } },
	{ FINDING_END,
	  "finding-end",
	  "end",
	  { { SEVERITY_DEBUG, SEVERITY_INFO }, { SEVERITY_DEBUG, SEVERITY_INFO } } },
};
enum { CASES = sizeof(table) / sizeof(table[0]) };

static const struct origin origin = { .host_name = "host", .version = "0.1.0", .pid = 7 };

static struct finding finding_of(enum finding_phase phase, enum severity severity, bool silenced,
				 bool told)
{
	size_t n;

	return (struct finding){
		.id = "0123456789ab",
		.pattern = "ba9876543210",
		.rule = detect_rules(&n),
		.phase = phase,
		.severity = severity,
		.silenced = silenced,
		.told = told,
		.now_wall_ns = 1700000031000000000,
		.message = "nginx cannot get the CPU",
	};
}

static const char *member(struct json_object *in, const char *outer, const char *inner)
{
	struct json_object *found = NULL;

	assert_true(json_object_object_get_ex(in, outer, &found));
	assert_true(json_object_object_get_ex(found, inner, &found));
	return json_object_get_string(found);
}

/* The line of the log, finding.json and replay are this; journald and text stand beside. */
static void encodings_agree(const struct event *event, enum severity level, const char *type)
{
	static const char syslog[SEVERITIES] = { '7', '6', '4', '3', '2' };
	static const char *const python[SEVERITIES] = { "DEBUG", "INFO", "WARNING", "ERROR",
							"CRITICAL" };
	char want[64];
	struct json_object *line;
	struct buf out;

	buf_init(&out, 1 << 16);
	event_ecs_encode(&out, event, &origin);
	event_ecs_close(&out);
	buf_char(&out, '\0');
	line = json_tokener_parse(out.data);
	assert_non_null(line);
	assert_string_equal(member(line, "log", "level"), severity_name(level));
	assert_string_equal(member(line, "event", "action"), event->action);
	snprintf(want, sizeof(want), "[ \"%s\" ]", type);
	assert_string_equal(member(line, "event", "type"), want);
	json_object_put(line);

	buf_clear(&out);
	event_journal_encode(&out, event, &origin);
	buf_char(&out, '\0');
	snprintf(want, sizeof(want), "PRIORITY=%c\n", syslog[level]);
	assert_non_null(strstr(out.data, want));

	buf_clear(&out);
	event_text_encode(&out, event, &origin, "%(levelname)s %(message)s");
	snprintf(want, sizeof(want), "%s nginx cannot get the CPU\n", python[level]);
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(out.data, want, out.len);
	buf_done(&out);
}

static void one_case(int i, enum severity severity, bool silenced, bool told)
{
	const struct finding f = finding_of(table[i].phase, severity, silenced, told);
	const struct event event = event_of_finding(&f);
	int want = table[i].level[silenced][told];
	enum severity level = want == OWN ? severity : (enum severity)want;

	assert_int_equal(event.kind, EVENT_FINDING);
	assert_int_equal(event.level, level);
	assert_string_equal(event.action, table[i].action);
	assert_ptr_equal(event.finding, &f);
	assert_ptr_equal(event.message, f.message);
	assert_int_equal(event.wall_ns, f.now_wall_ns);
	encodings_agree(&event, level, table[i].type);
	/* Evidence is taken of what is said aloud, as long as it goes on. */
	assert_int_equal(finding_wants_evidence(&f),
			 f.phase != FINDING_END && want == OWN && severity >= SEVERITY_WARNING);
}

static void each_phase_severity_and_verdict(void **state)
{
	enum severity severity;
	int i, how;

	for (i = 0; i < CASES; i++)
		for (severity = SEVERITY_INFO; severity < SEVERITIES; severity++)
			for (how = 0; how < 4; how++)
				if (table[i].level[how >> 1][how & 1] != CANNOT_BE)
					one_case(i, severity, how >> 1, how & 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_phase_severity_and_verdict),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
