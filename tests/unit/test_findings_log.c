// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_findings_log.c - findings as a log has them, written here line by line: which lines are about which, and what
 * they say of its life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/units.h"
#include "log/findings_log.h"

#define BEGAN_NS (1790000000ULL * NS_PER_S)

static struct {
	char path[64];
	struct log_place place;
	FILE *file;
	unsigned int events;
	struct finding_event last;
	struct finding_life life;
	char words[512]; /* of the last event that had some for the finding */
} scene;

static int setup(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	snprintf(scene.path, sizeof(scene.path), "/tmp/vigie-log.XXXXXX");
	if (!mkdtemp(scene.path))
		return -1;
	scene.place.dirfd = open(scene.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scene.place.name = "log";
	snprintf(scene.place.path, sizeof(scene.place.path), "%s/log", scene.path);
	scene.file = fopen(scene.place.path, "w");
	return scene.file ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	if (scene.file)
		fclose(scene.file);
	unlink(scene.place.path);
	close(scene.place.dirfd);
	return rmdir(scene.path);
}

/* second: of the minute that has BEGAN_NS at its twentieth. */
static void say(const char *action, const char *id, unsigned int second, const char *message)
{
	fprintf(scene.file,
		"{\"@timestamp\":\"2026-09-21T14:13:%02u.000Z\",\"message\":\"%s\",\"log\":{\"level\":"
		"\"error\"},\"event\":{\"action\":\"%s\"},\"vigie\":{\"finding\":{\"id\":\"%s\","
		"\"pattern\":\"ba9876543210\"}}}\n",
		second, message, action, id);
}

static void take(void *ctx, const struct finding_event *e)
{
	(void)ctx;
	scene.events++;
	scene.last = *e;
	if (finding_event_is_of_life(e) && finding_life_take(&scene.life, e))
		snprintf(scene.words, sizeof(scene.words), "%s", e->message);
}

static unsigned int read_log(const char *id)
{
	fflush(scene.file);
	scene.events = 0;
	memset(&scene.life, 0, sizeof(scene.life));
	assert_int_equal(findings_log_read(&scene.place, id, NULL, take, NULL), 0);
	return scene.events;
}

static void a_life(void **state)
{
	(void)state;
	say("finding-start", "0123456789ab", 20, "it begins");
	assert_int_equal(read_log("0123456789ab"), 1);
	assert_true(scene.life.known);
	assert_int_equal(scene.life.since_ns, BEGAN_NS);
	assert_int_equal(scene.life.end_ns, 0);
	say("finding-update", "0123456789ab", 25, "it grows");
	say("finding-end", "0123456789ab", 30, "it is over");
	assert_int_equal(read_log("0123456789ab"), 3);
	assert_int_equal(scene.life.since_ns, BEGAN_NS);
	assert_int_equal(scene.life.end_ns, BEGAN_NS + 10 * NS_PER_S);
	assert_string_equal(scene.words, "it grows");
	say("finding-update", "0123456789ab", 40, "it is back");
	assert_int_equal(read_log(NULL), 4);
	assert_int_equal(scene.life.end_ns, 0);
	assert_int_equal(scene.life.last_ns, BEGAN_NS + 20 * NS_PER_S);
	assert_string_equal(scene.words, "it is back");
}

/* The lines before it were rotated away: its end is all that there is, and better than nothing. */
static void an_end_alone(void **state)
{
	(void)state;
	say("finding-end", "0123456789ab", 30, "it is over");
	assert_int_equal(read_log(NULL), 1);
	assert_int_equal(scene.life.end_ns, BEGAN_NS + 10 * NS_PER_S);
	assert_string_equal(scene.words, "it is over");
}

/* Among lines about all else, damaged ones too, each event is found, what people said of it included. */
static void among_others(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		fprintf(scene.file, "{\"message\":\"started\",\"event\":{\"action\":\"start\"}}\n");
		fprintf(scene.file, "no finding, and no JSON\n");
		if (i % 100 == 0)
			say("finding-update", i ? "0123456789ab" : "ffffffffffff", 30, "it grows");
	}
	fprintf(scene.file,
		"{\"event\":{\"action\":\"verdict\"},\"vigie\":{\"verdict\":{\"finding\":"
		"\"0123456789ab\",\"pattern\":\"ba9876543210\"}}}\n");
	assert_int_equal(read_log(NULL), 11);
	assert_false(finding_event_is_of_life(&scene.last));
	assert_int_equal(read_log("0123456789ab"), 10);
	assert_int_equal(read_log("ffffffffffff"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_life, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(among_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
