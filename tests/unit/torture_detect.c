// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_detect.c - detect/ when memory runs out: what found no memory is not watched, and is
 * found once there is memory again; nothing else is told.
 */
#include "../lib/torture.h"
#include "detect_scene.h"

static void starve_for(struct scene *s, int seconds)
{
	while (seconds--) {
		calm(s);
		starve(s, 1, 2);
		burn(s, 2);
		step(s);
	}
}

static void run(unsigned long k, enum torture_mode mode)
{
	struct detect_config config;
	struct scene s;
	__u64 total, active;

	scene_init(&s);
	detect__free(s.detect);
	detect_config_default(&config);
	torture_arm(k, mode);
	s.detect = detect__new(&config);
	if (!s.detect) {
		torture_disarm();
		assert_true(torture_struck());
		return;
	}
	starve_for(&s, 12);
	torture_disarm();
	starve_for(&s, 12); /* if not before, then now */
	detect__count(s.detect, RULE_STARVATION, &total, &active);
	assert_int_equal(total, 1);
	assert_int_equal(active, 1);
	assert_int_equal(s.started[RULE_STARVATION], 1);
	assert_string_equal(s.last.culprits[0].who.comm, "hog");
	scene_done(&s);
}

static void memory(void **state)
{
	assert_true(torture_each(run) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests_name("torture: detect", tests, NULL, NULL);
}
