// SPDX-License-Identifier: GPL-2.0-only
/* torture_config.c - a configuration file when memory runs out: all of it, or -ENOMEM and no leak. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../lib/torture.h"
#include "config_scene.h"

static const char text[] = "web: {listen: ['[::1]:1', 'unix:/x']}\n"
			   "groups: {group-by: [pid, comm], linger: 1h}\n"
			   "metrics: {families: ['vigie_host_*'], no-families: vigie_host_load1}\n"
			   "log: {level: error}\n";
static const char other[] = "log: {level: debug}\nmetrics: {families: ['vigie_self_*']}\n";

static void run_yaml(unsigned long k, enum torture_mode mode)
{
	struct yaml_doc *doc = NULL;
	struct faults faults;
	int err;

	faults_init(&faults);
	torture_arm(k, mode);
	err = yaml_doc__parse(text, sizeof(text) - 1, &doc, &faults);
	torture_disarm();
	assert_int_equal(err, torture_struck() ? -ENOMEM : 0);
	assert_int_equal(faults.n, 0);
	assert_true(!doc == (err != 0));
	yaml_doc__free(doc);
}

static void yaml(void **state)
{
	assert_true(torture_each(run_yaml) > 20);
}

static struct config_scene s;

static void run_read(unsigned long k, enum torture_mode mode)
{
	int err;

	scene_begin(&s, text);
	scene_flag(&s, "--interval", "1s");
	torture_arm(k, mode);
	err = serve_config_read(&s.config, &s.faults);
	torture_disarm();
	assert_int_equal(err, torture_struck() ? -ENOMEM : 0);
	if (!err)
		assert_int_equal(serve_config_options(&s.config)->nlisten, 2);
	scene_end(&s);
}

static void reading(void **state)
{
	assert_true(torture_each(run_read) > 30);
}

/* While it serves: without memory what was in effect goes on, and the next try is whole. */
static void run_reread(unsigned long k, enum torture_mode mode)
{
	const struct serve_options *options = NULL;
	struct serve_changes changes;
	int err;

	scene_begin(&s, text);
	assert_int_equal(serve_config_read(&s.config, &s.faults), 0);
	scene_write(&s, other);
	torture_arm(k, mode);
	err = serve_config_reread(&s.config, &s.faults, &options, &changes);
	torture_disarm();
	assert_true(err == 0 || (err == -ENOMEM && torture_struck()));
	assert_true(!options == (err != 0));
	faults_init(&s.faults);
	if (err)
		assert_int_equal(serve_config_reread(&s.config, &s.faults, &options, &changes), 0);
	assert_int_equal(options->services.log_level, SEVERITY_DEBUG);
	scene_end(&s);
}

static void reading_anew(void **state)
{
	assert_true(torture_each(run_reread) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml),
		cmocka_unit_test(reading),
		cmocka_unit_test(reading_anew),
	};

	return cmocka_run_group_tests_name("torture: configuration", tests, NULL, NULL);
}
