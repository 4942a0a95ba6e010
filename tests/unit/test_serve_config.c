// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_serve_config.c - flag over file over default; every fault with its place; what a file that is
 * read anew changes; that what is printed reads back as the same.
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

#include "base/units.h"
#include "config_scene.h"
#include "daemon/memory.h"

static struct config_scene s;

static const struct serve_options *read_good(void)
{
	if (serve_config_read(&s.config, &s.faults) || s.faults.n)
		fail_msg("%u faults, %u:%u: %s", s.faults.n, s.faults.all[0].line,
			 s.faults.all[0].column, s.faults.all[0].text);
	return serve_config_options(&s.config);
}

static void without_a_file(void **state)
{
	const struct serve_options *options;

	scene_begin(&s, NULL);
	s.config.must_exist = false;
	options = read_good();
	assert_false(serve_config_has_file(&s.config));
	assert_int_equal(options->server.interval_ns, 5 * NS_PER_S);
	assert_int_equal(options->nlisten, 1);
	assert_int_equal(options->listen[0].port, 9838);
	scene_end(&s);
}

static void one_that_was_named_must_be_there(void **state)
{
	scene_begin(&s, NULL);
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_int_equal(s.faults.n, 1);
	assert_non_null(strstr(s.faults.all[0].text, "-ENOENT"));
	scene_end(&s);
}

/* Each key reaches its option: all of them with a value that is not the default. */
static void all_keys(void **state)
{
	const struct serve_options *o;

	scene_begin(
		&s,
		"web: {listen: ['[::1]:1', 'unix:/x'], allow-insecure: true}\n"
		"collect: {interval: 250ms, slow-wait: 7ms, runtime-root: /host, verbose: true}\n"
		"groups: {group-by: [pid, comm], unit-names: id, max-groups: 7, linger: 1h,\n"
		"  peak-window: 2m}\n"
		"metrics: {families: 'vigie_host_*', no-families: [vigie_host_load1]}\n"
		"history: {enabled: false, state-dir: /s, retention: 2d, max-size: 1GiB}\n"
		"findings: {capture: 'off'}\n"
		"log: {file: /l/log, level: error, format: '%(message)s'}\n"
		"process: {user: nobody}\n");
	o = read_good();
	assert_int_equal(o->nlisten, 2);
	assert_int_equal(o->listen[0].port, 1);
	assert_string_equal(o->listen[1].path, "/x");
	assert_non_null(strstr(o->listen_as[1], "vigie.yml:1:27: web.listen"));
	assert_true(o->insecure);
	assert_int_equal(o->server.interval_ns, 250 * NS_PER_MS);
	assert_int_equal(o->common.slow_wait_ns, 7 * NS_PER_MS);
	assert_string_equal(o->common.runtime_root, "/host");
	assert_true(o->common.verbose);
	assert_int_equal(o->common.nkeys, 2);
	assert_int_equal(o->common.keys[0], KEY_PID);
	assert_int_equal(o->common.keys[1], KEY_COMM);
	assert_true(o->common.unit_ids);
	assert_int_equal(o->model.max_groups, 7);
	assert_int_equal(o->model.linger_ns, 3600 * NS_PER_S);
	assert_int_equal(o->model.peak_window_ns, 120 * NS_PER_S);
	assert_true(o->server.families.only);
	assert_false(o->services.history);
	assert_string_equal(o->services.directory, "/s");
	assert_non_null(strstr(o->services.directory_option, "history.state-dir"));
	assert_int_equal(o->services.retention_ns, 2 * 86400 * NS_PER_S);
	assert_int_equal(o->services.max_bytes, 1 << 30);
	assert_false(o->services.capture);
	assert_string_equal(o->services.log_file, "/l/log");
	assert_int_equal(o->services.log_level, SEVERITY_ERROR);
	assert_string_equal(o->services.log_format, "%(message)s");
	assert_string_equal(o->user, "nobody");
	scene_end(&s);
}

static void a_flag_counts_more(void **state)
{
	const struct serve_options *o;

	scene_begin(&s, "web: {listen: ['[::1]:1', '[::1]:2']}\n"
			"collect: {interval: 250ms}\n"
			"history: {enabled: true}\n"
			"log: {level: error}\n");
	scene_flag(&s, "--listen", "127.0.0.1:3");
	scene_flag(&s, "--interval", "1s");
	scene_flag(&s, "--interval", "2s");
	scene_flag(&s, "--no-history", "false");
	o = read_good();
	assert_int_equal(o->nlisten, 1);
	assert_int_equal(o->listen[0].port, 3);
	assert_string_equal(o->listen_as[0], "--listen");
	assert_int_equal(o->server.interval_ns, 2 * NS_PER_S);
	assert_false(o->services.history);
	assert_int_equal(o->services.log_level, SEVERITY_ERROR);
	scene_end(&s);
}

static void what_a_flag_overrides_is_judged_all_the_same(void **state)
{
	scene_begin(&s, "collect: {interval: 1h}\n");
	scene_flag(&s, "--interval", "1s");
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_int_equal(s.faults.n, 1);
	assert_int_equal(s.faults.all[0].column, 21);
	scene_end(&s);
}

static bool shows(const struct serve_options *options, const char *family)
{
	unsigned int i;

	for (i = 0; i < nfamilies; i++)
		if (!strcmp(families[i].name, family))
			return !options->server.families.hidden[i];
	fail_msg("no family %s", family);
	return false;
}

/* families, then no-families, whichever of them was typed. */
static void families_from_both(void **state)
{
	static const char file_only[] =
		"metrics: {families: [vigie_host_cpu_seconds, vigie_host_load1]}";
	static const char file_none[] = "metrics: {no-families: [vigie_host_load1]}";
	const struct serve_options *o;

	scene_begin(&s, file_only);
	scene_flag(&s, "--no-families", "vigie_host_load1");
	o = read_good();
	assert_true(shows(o, "vigie_host_cpu_seconds"));
	assert_false(shows(o, "vigie_host_load1"));
	assert_false(shows(o, "vigie_host_load5"));
	scene_end(&s);

	scene_begin(&s, file_none);
	scene_flag(&s, "--families", "vigie_host_load*");
	o = read_good();
	assert_false(shows(o, "vigie_host_cpu_seconds"));
	assert_false(shows(o, "vigie_host_load1"));
	assert_true(shows(o, "vigie_host_load5"));
	scene_end(&s);

	scene_begin(&s, file_only);
	scene_flag(&s, "--no-families", "vigie_host_*");
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_non_null(strstr(s.faults.all[0].text, "--no-families: 'vigie_host_*' is not a list "
						     "that leaves anything to expose"));
	scene_end(&s);
}

static const struct {
	const char *text;
	unsigned int line, column;
	const char *what;
} bad[] = {
	{ "web:\n  listen: localhost\n", 2, 11, "web.listen: 'localhost' is not " },
	{ "web:\n  listen: [':1', ':2', ':3', ':4', ':5']\n", 2, 36,
	  "four addresses are the most" },
	{ "web:\n  listen:\n    - 127.0.0.1:1\n    - x\n", 4, 7, "web.listen: 'x' is not " },
	{ "web:\n  listen: []\n", 2, 11, "web.listen: an empty list; leave the key out" },
	{ "web:\n  listen: [~]\n", 2, 12, "web.listen: has no value" },
	{ "collect:\n  interval: 99ms\n", 2, 13,
	  "collect.interval: '99ms' is not a duration from 100ms to 60s" },
	{ "collect:\n  interval: 5\n", 2, 13, "'5' is not a duration" },
	{ "collect:\n  interval: ''\n", 2, 13, "'' is not a duration" },
	{ "collect:\n  slow-wait: 1us\n", 2, 14, "10us to 60s" },
	{ "groups:\n  group-by: [pid, pid]\n", 2, 13,
	  "groups.group-by: 'pid,pid' is not a list of" },
	{ "groups:\n  group-by: []\n", 2, 13, "groups.group-by: an empty list" },
	{ "groups:\n  group-by: pids\n", 2, 13,
	  "'pids' is not a list of different keys out of unit" },
	{ "groups:\n  unit-names: both\n", 2, 15, "'both' is not one of id, name" },
	{ "groups:\n  max-groups: 1\n", 2, 15, "'1' is not a number from 2 to 10000" },
	{ "groups:\n  max-groups: 0x10\n", 2, 15, "'0x10' is not a number" },
	{ "groups:\n  linger: 2d\n", 2, 11, "1s to 1d" },
	{ "groups:\n  peak-window: 1d\n", 2, 16, "1s to 1h" },
	{ "metrics:\n  families: [vigie_host_lod1]\n", 2, 14, "the nearest is vigie_host_load1" },
	{ "metrics:\n  no-families: ['*']\n", 2, 17, "leaves anything to expose" },
	{ "history:\n  retention: 59s\n", 2, 14, "1m to 366d" },
	{ "history:\n  max-size: 1MB\n", 2, 13, "8MiB to 1024GiB" },
	{ "findings:\n  capture: on\n", 2, 12, "'on' is not one of auto, off" },
	{ "log:\n  file: ''\n", 2, 9, "'' is not the path of a file" },
	{ "log:\n  level: INFO\n", 2, 10, "one of debug, info, warning, error, critical" },
	{ "log:\n  format: '%(foo)s'\n", 2, 11, "log.format: '%(foo)s' is not " },
	{ "log:\n  format: |\n    two\n    lines\n", 2, 11, "'two\\x0alines\\x0a' is not " },
	{ "process:\n  user: root\n", 2, 9, "an unprivileged user of this host" },
	{ "process:\n  user: nobody here\n", 2, 9, "'nobody here' is not an unprivileged user" },
	/* Both readers of YAML and of keys say theirs of the same file. */
	{ "log:\n  level: &x info\n", 2, 10, "anchors" },
	{ "log: {level: info\n", 2, 1, "expected ',' or '}'" },
};

static void bad_values(void **state)
{
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scene_begin(&s, bad[i].text);
		assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
		if (s.faults.n != 1 || s.faults.all[0].line != bad[i].line ||
		    s.faults.all[0].column != bad[i].column ||
		    !strstr(s.faults.all[0].text, bad[i].what)) {
			print_error("%s: %u faults, %u:%u: %s\n", bad[i].text, s.faults.n,
				    s.faults.all[0].line, s.faults.all[0].column,
				    s.faults.all[0].text);
			wrong++;
		}
		scene_end(&s);
	}
	assert_int_equal(wrong, 0);
}

static void a_long_value_does_not_hide_what_is_allowed(void **state)
{
	char text[2000] = "log:\n  level: ";

	memset(text + strlen(text), 'x', 1500);
	scene_begin(&s, text);
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	assert_non_null(strstr(s.faults.all[0].text, "xxx...' is not one of debug, info"));
	scene_end(&s);
}

static void faults_come_in_the_order_of_the_file(void **state)
{
	static const unsigned int lines[] = { 2, 3, 7, 8, 8, 9 };
	unsigned int i;

	scene_begin(&s, "log:\n  level: loud\n  levl: x\n"
			"web:\n  listen: [x,\n    y]\n  allow-insecure: 1\n"
			"  listen: z\n"
			"x:\n");
	assert_int_equal(serve_config_read(&s.config, &s.faults), -EINVAL);
	/* Of a key that is there twice the last value is judged, too. */
	assert_int_equal(s.faults.n, sizeof(lines) / sizeof(lines[0]));
	for (i = 0; i < s.faults.n; i++)
		assert_int_equal(s.faults.all[i].line, lines[i]);
	scene_end(&s);
}

/* --- Once more. */

static const struct serve_options *options;
static struct serve_changes changes;

static int reread(const char *text)
{
	scene_write(&s, text);
	faults_init(&s.faults);
	return serve_config_reread(&s.config, &s.faults, &options, &changes);
}

static enum serve_change change_of(const char *option)
{
	return changes.of[setting_by_option(option) - settings];
}

static void what_changes(void **state)
{
	scene_begin(&s, "log: {level: info}\ncollect: {interval: 5s}\n");
	read_good();
	assert_int_equal(reread("log: {level: debug}\ncollect: {interval: 5000ms, slow-wait: 2ms}\n"
				"groups: {linger: 300s}\n"),
			 0);
	assert_int_equal(changes.nchanged, 1); /* five seconds are five seconds */
	assert_int_equal(changes.nrestart, 1);
	assert_int_equal(change_of("--log-level"), CHANGED);
	assert_int_equal(change_of("--slow-wait"), NEEDS_RESTART);
	assert_int_equal(options->services.log_level, SEVERITY_DEBUG);
	/* What needs a restart goes on needing it; what has changed has. */
	assert_int_equal(reread("log: {level: debug}\ncollect: {slow-wait: 2ms}\n"), 0);
	assert_int_equal(changes.nchanged, 0);
	assert_int_equal(change_of("--slow-wait"), NEEDS_RESTART);
	assert_int_equal(reread("metrics: {families: ['vigie_host_*']}\n"), 0);
	assert_int_equal(change_of("--log-level"), CHANGED);
	assert_int_equal(change_of("--families"), CHANGED);
	assert_int_equal(changes.nrestart, 0);
	assert_int_equal(options->services.log_level, SEVERITY_INFO);
	assert_true(options->server.families.only);
	scene_end(&s);
}

/* The size of the default, said, is a limit; unsaid it may be more. Both ways it is a change. */
static void a_limit_that_was_said(void **state)
{
	const struct serve_options *o;

	scene_begin(&s, "log: {level: info}\n");
	o = read_good();
	assert_true(o->services.max_memory == MEMORY_UNSAID);
	assert_int_equal(reread("process: {max-memory: 192MB}\n"), 0);
	assert_int_equal(change_of("--max-memory"), NEEDS_RESTART);
	assert_int_equal(reread("log: {level: info}\n"), 0);
	assert_int_equal(changes.nrestart, 0);
	scene_end(&s);
	scene_begin(&s, "process: {max-memory: 192MB}\n");
	o = read_good();
	assert_true(o->services.max_memory == MEMORY_DEFAULT_BYTES);
	assert_int_equal(reread("process: {max-memory: 192000kB}\n"), 0);
	assert_int_equal(changes.nrestart, 0);
	scene_end(&s);
}

static void all_or_nothing(void **state)
{
	scene_begin(&s, "log: {level: info}\n");
	read_good();
	options = NULL;
	assert_int_equal(reread("log: {level: debug}\ncollect: {interval: 1h}\n"), -EINVAL);
	assert_null(options);
	assert_int_equal(s.faults.n, 1);
	/* Nothing of it is remembered. */
	assert_int_equal(reread("log: {level: debug}\n"), 0);
	assert_int_equal(change_of("--log-level"), CHANGED);
	unlink(s.path);
	faults_init(&s.faults);
	assert_int_equal(serve_config_reread(&s.config, &s.faults, &options, &changes), -EINVAL);
	assert_non_null(strstr(s.faults.all[0].text, "-ENOENT"));
	scene_end(&s);
}

static void a_flag_stays(void **state)
{
	scene_begin(&s, "log: {level: info}\n");
	scene_flag(&s, "--log-level", "error");
	read_good();
	assert_int_equal(reread("log: {level: debug}\n"), 0);
	assert_int_equal(changes.nchanged, 0);
	assert_int_equal(options->services.log_level, SEVERITY_ERROR);
	scene_end(&s);
}

/* The default place: a file may come, and from then on it may not go. */
static void a_file_that_comes(void **state)
{
	scene_begin(&s, NULL);
	s.config.must_exist = false;
	read_good();
	faults_init(&s.faults);
	assert_int_equal(serve_config_reread(&s.config, &s.faults, &options, &changes), 0);
	assert_int_equal(changes.nchanged + changes.nrestart, 0);
	assert_int_equal(reread("log: {level: debug}\n"), 0);
	assert_int_equal(changes.nchanged, 1);
	unlink(s.path);
	assert_int_equal(serve_config_reread(&s.config, &s.faults, &options, &changes), -EINVAL);
	scene_end(&s);
}

/* A user cannot be looked up by who has given up everything; a change needs a restart anyhow. */
static void a_user_is_not_looked_up_again(void **state)
{
	scene_begin(&s, "");
	read_good();
	assert_int_equal(reread("process: {user: nobody here}\n"), 0);
	assert_int_equal(change_of("--user"), NEEDS_RESTART);
	scene_end(&s);
}

/* --- Printing. */

static void print(struct buf *out)
{
	buf_clear(out);
	assert_int_equal(serve_config_print(&s.config, out), 0);
	buf_char(out, '\0');
	assert_int_equal(out->err, 0);
}

/* Without what differs by nature: comments, which say the source. */
static void strip_comments(struct buf *text)
{
	char *from = text->data, *to = text->data, *end;
	size_t i;

	for (; *from; from = *end ? end + 1 : end) {
		end = from + strcspn(from, "\n");
		for (i = 0; from + i < end; i++) {
			if (!strncmp(from + i, "  # ", 4) || !strncmp(from, "# ", 2))
				break;
			*to++ = from[i];
		}
		*to++ = '\n';
	}
	*to = '\0';
}

static void what_is_printed_reads_back(void **state)
{
	struct buf first, second;

	buf_init(&first, 1 << 20);
	buf_init(&second, 1 << 20);
	scene_begin(&s, "web: {listen: [':1', 'unix:/a b,c']}\n"
			"metrics: {families: ['vigie_host_*', vigie_process_swap_bytes]}\n"
			"log: {format: 'it''s: %(message)s', file: '/x/#y'}\n"
			"history: {state-dir: 'true'}\n"
			"groups: {max-groups: 12}\n");
	scene_flag(&s, "--allow-insecure", "true");
	scene_flag(&s, "--group-by", "pid,comm");
	scene_flag(&s, "--no-families", "vigie_host_load1,vigie_host_load5");
	scene_flag(&s, "--no-families", "vigie_host_load15");
	read_good();
	print(&first);
	assert_non_null(strstr(first.data, "  group-by: [pid, comm]  # flag --group-by\n"));
	assert_non_null(strstr(first.data, "  max-groups: 12  # file, line 5\n"));
	assert_non_null(strstr(first.data, "  interval: 5s  # default\n"));
	assert_non_null(strstr(first.data, "  # user:  # default: vigie where"));
	assert_non_null(strstr(first.data, "no-families: [vigie_host_load1, vigie_host_load5, "
					   "vigie_host_load15]  # flag --no-families\n"));
	scene_end(&s);

	scene_begin(&s, first.data);
	read_good();
	print(&second);
	strip_comments(&first);
	strip_comments(&second);
	assert_string_equal(first.data, second.data);
	scene_end(&s);
	buf_done(&first);
	buf_done(&second);
}

/* A path that is not UTF-8 can be typed, and no YAML can hold it. */
static void what_cannot_be_printed(void **state)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	scene_begin(&s, "");
	scene_flag(&s, "--state-dir", "/var/\xff");
	read_good();
	assert_int_equal(serve_config_print(&s.config, &out), -EINVAL);
	scene_end(&s);
	buf_done(&out);
}

/* deploy/vigie.yml is the defaults. */
static void the_example(void **state)
{
	const struct serve_options *o;
	struct serve_options defaults;
	struct buf text;

	buf_init(&text, 1 << 20);
	settings_example_encode(&text);
	buf_char(&text, '\0');
	assert_int_equal(text.err, 0);
	scene_begin(&s, text.data);
	o = read_good();
	serve_options_init(&defaults);
	assert_int_equal(o->server.interval_ns, defaults.server.interval_ns);
	assert_memory_equal(&o->server.families, &defaults.server.families,
			    sizeof(defaults.server.families));
	assert_memory_equal(&o->model, &defaults.model, sizeof(defaults.model));
	assert_null(o->services.directory_option);
	assert_null(o->services.log_file);
	assert_null(o->user);
	/* Named or not: a reading without the file finds nothing that differs. */
	assert_int_equal(reread("# nothing\n"), 0);
	assert_int_equal(changes.nchanged + changes.nrestart, 0);
	scene_end(&s);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file),
		cmocka_unit_test(one_that_was_named_must_be_there),
		cmocka_unit_test(all_keys),
		cmocka_unit_test(a_flag_counts_more),
		cmocka_unit_test(what_a_flag_overrides_is_judged_all_the_same),
		cmocka_unit_test(families_from_both),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(a_long_value_does_not_hide_what_is_allowed),
		cmocka_unit_test(faults_come_in_the_order_of_the_file),
		cmocka_unit_test(what_changes),
		cmocka_unit_test(a_limit_that_was_said),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(a_flag_stays),
		cmocka_unit_test(a_file_that_comes),
		cmocka_unit_test(a_user_is_not_looked_up_again),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(what_cannot_be_printed),
		cmocka_unit_test(the_example),
	};

	return cmocka_run_group_tests_name("serve config", tests, NULL, NULL);
}
