// SPDX-License-Identifier: GPL-2.0-only
/* test_openmetrics.c - the table of families, and what golden files cannot show of the page. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "export/families.h"

static struct fixture fixture;
static struct buf page;

static int setup(void **state)
{
	(void)state;
	buf_init(&page, 1 << 20);
	fixture_by_unit(&fixture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&page);
	return 0;
}

static const char *render(const struct self_view *self, enum om_dialect dialect)
{
	buf_clear(&page);
	openmetrics_encode(&page, &fixture.view, self, dialect);
	assert_int_equal(page.err, 0);
	buf_char(&page, '\0');
	return page.data;
}

static void assert_line(const char *text, const char *line)
{
	char with_ends[1024];

	snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
	if (!strstr(text, with_ends))
		fail_msg("no line: %s", line);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && !strcmp(text + len - end_len, end);
}

static void names_are_legal_and_fit(void **state)
{
	unsigned int i, c;

	(void)state;
	for (i = 0; i < nfamilies; i++) {
		const struct family *f = &families[i];

		assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(f->name));
		assert_true(!strncmp(f->name, "vigie_", 6) || !strncmp(f->name, "process_", 8));
		assert_true(strlen(f->name) < 100);
		assert_false(ends_in(f->name, "_total"));
		assert_false(ends_in(f->name, "_info"));
		assert_false(ends_in(f->name, "_count"));
		assert_false(ends_in(f->name, "_sum"));
		assert_false(ends_in(f->name, "_bucket"));
		assert_in_range(f->ncells, 0, FAMILY_CELLS_MAX);
		for (c = 0; c < f->ncells; c++)
			assert_int_equal(!f->label, !f->cells[c].label);
	}
}

/* HELP is printed as it stands. */
static void helps_need_no_escape(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < nfamilies; i++) {
		assert_true(families[i].help && *families[i].help);
		assert_null(strpbrk(families[i].help, "\\\"\n|"));
		assert_true(families[i].source && families[i].cost);
		assert_true(families[i].error && families[i].kernels);
	}
}

static void units_are_suffixes(void **state)
{
	unsigned int i;
	char suffix[32];

	(void)state;
	for (i = 0; i < nfamilies; i++) {
		const struct family *f = &families[i];

		if (f->unit) {
			snprintf(suffix, sizeof(suffix), "_%s", f->unit);
			assert_true(ends_in(f->name, suffix));
			assert_true(f->type != FAMILY_INFO);
		}
		assert_int_equal(ends_in(f->name, "_seconds") || ends_in(f->name, "_bytes") ||
					 ends_in(f->name, "_ratio"),
				 !!f->unit);
	}
}

/* Not even with a sample that a family of that type could have and ours has not. */
static void no_name_can_clash(void **state)
{
	static const char *const suffixes[] = { "",	   "_total", "_created", "_info",
						"_bucket", "_count", "_sum" };
	char name[256];
	unsigned int i, j, s;

	(void)state;
	for (i = 0; i < nfamilies; i++)
		for (j = 0; j < nfamilies; j++)
			for (s = 0; i != j && s < sizeof(suffixes) / sizeof(suffixes[0]); s++) {
				snprintf(name, sizeof(name), "%s%s", families[j].name, suffixes[s]);
				assert_string_not_equal(families[i].name, name);
			}
}

static void bounds_are_powers_of_four(void **state)
{
	double bound = 1e-6;
	int i;

	(void)state;
	for (i = 0; i < VIGIE_BUCKETS - 1; i++, bound *= 4)
		assert_true(strtod(family_le[i], NULL) / bound > 0.999999 &&
			    strtod(family_le[i], NULL) / bound < 1.000001);
	assert_string_equal(family_le[VIGIE_BUCKETS - 1], "+Inf");
}

static void metadata_in_each_dialect(void **state)
{
	const char *text;

	(void)state;
	text = render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_ptr_equal(strstr(text, "# TYPE vigie_process_cpu_seconds counter\n"
				      "# UNIT vigie_process_cpu_seconds seconds\n"
				      "# HELP vigie_process_cpu_seconds "),
			 text);
	assert_line(text, "# TYPE vigie_unit info");
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");

	text = render(&fixture.self, OM_TEXT_0_0_4);
	assert_ptr_equal(strstr(text, "# TYPE vigie_process_cpu_seconds_total counter\n"
				      "# HELP vigie_process_cpu_seconds_total "),
			 text);
	assert_line(text, "# TYPE vigie_unit_info gauge");
	assert_null(strstr(text, "# UNIT"));
	assert_null(strstr(text, "\n# EOF"));
}

static void values_are_exact(void **state)
{
	(void)state;
	/* Beyond what a double can hold. */
	fixture.groups[0].total.user_ns = 9007199254740993;
	fixture.groups[0].total.read_bytes = UINT64_MAX;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_process_cpu_seconds_total{unit=\"cron.service\","
			       "comm=\"=cmd|' /C x'!A0\",mode=\"user\"} 9007199.254740993");
	assert_line(page.data, "vigie_process_read_bytes_total{unit=\"cron.service\","
			       "comm=\"=cmd|' /C x'!A0\"} 18446744073709551615");
}

static void labels_are_escaped(void **state)
{
	(void)state;
	fixture.groups[1].label[1] = "q\"\\\n";
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_process_migrations_total{unit=\"docker-0123456789ab\","
			       "comm=\"q\\\"\\\\\\n\"} 50148");
}

static void the_other_is_always_there(void **state)
{
	(void)state;
	memset(&fixture.view.other.total, 0, sizeof(fixture.view.other.total));
	fixture.view.ngroups = 0;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_process_cpu_seconds_total{unit=\"" GROUP_OTHER
			       "\",comm=\"" GROUP_OTHER "\",mode=\"user\"} 0.000000000");
	assert_line(page.data,
		    "vigie_process_processes{unit=\"" GROUP_OTHER "\",comm=\"" GROUP_OTHER "\"} 1");
}

static void histograms_are_cumulative(void **state)
{
	struct vigie_usage *total = &fixture.groups[0].total;
	const char *labels = "{unit=\"cron.service\",comm=\"=cmd|' /C x'!A0\"";
	char line[256];

	(void)state;
	memset(total->wait_count, 0, sizeof(total->wait_count));
	total->wait_count[0] = 3;
	total->wait_count[2] = 4;
	total->wait_count[VIGIE_BUCKETS - 1] = 5;
	total->wait_ns = 6 * SECOND;
	render(NULL, OM_TEXT_0_0_4);
	snprintf(line, sizeof(line),
		 "vigie_process_run_queue_wait_seconds_bucket%s,le=\"4e-06\"} 3", labels);
	assert_line(page.data, line);
	snprintf(line, sizeof(line),
		 "vigie_process_run_queue_wait_seconds_bucket%s,le=\"1.6e-05\"} 7", labels);
	assert_line(page.data, line);
	snprintf(line, sizeof(line),
		 "vigie_process_run_queue_wait_seconds_bucket%s,le=\"+Inf\"} 12", labels);
	assert_line(page.data, line);
	snprintf(line, sizeof(line), "vigie_process_run_queue_wait_seconds_count%s} 12", labels);
	assert_line(page.data, line);
	snprintf(line, sizeof(line), "vigie_process_run_queue_wait_seconds_sum%s} 6.000000000",
		 labels);
	assert_line(page.data, line);
}

/* Two pairs of the view, one joined name: one series, or the page has a duplicate. */
static void delays_that_read_alike_are_one_series(void **state)
{
	(void)state;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_delay_seconds_total{victim=\"a/b/c\","
			       "culprit=\"cron.service/x\"} 0.042000000");
	assert_line(page.data, "vigie_delay_seconds_total{victim=\"" GROUP_OTHER
			       "\",culprit=\"" GROUP_OTHER "\"} 0.009000007");
	assert_int_equal(count(page.data, "\nvigie_delay_seconds_total{"), 3);
}

static void absent_attributes_have_a_name(void **state)
{
	(void)state;
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_unit_info{unit=\"cron.service\","
			       "cgroup=\"/system.slice/cron.service\",container_id=\"none\","
			       "pod_uid=\"none\",runtime=\"systemd\",container_name=\"none\","
			       "pod=\"none\",namespace=\"none\",image=\"none\"} 1");
	assert_line(page.data, "vigie_build_info{version=\"1.2.3\",revision=\"none\"} 1");
	assert_null(strstr(page.data, "=\"\""));
	assert_int_equal(count(page.data, "\nvigie_unit_info{unit=\"" GROUP_OTHER), 1);
	/* A cgroup may be called like that: no second line for it then. */
	fixture.units[0].unit = GROUP_OTHER;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_int_equal(count(page.data, "\nvigie_unit_info{unit=\"" GROUP_OTHER), 1);
	fixture.view.keys[0] = KEY_USER;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_null(strstr(page.data, "vigie_unit"));
}

static void without_self_no_figures_of_the_daemon(void **state)
{
	(void)state;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_null(strstr(page.data, "vigie_self_"));
	assert_null(strstr(page.data, "vigie_build"));
	assert_null(strstr(page.data, "\nprocess_"));
	assert_non_null(strstr(page.data, "vigie_unattributed_cpu_seconds_total{"));
}

static void probes_that_share_a_name_share_a_series(void **state)
{
	(void)state;
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_self_probe_runs_total{program=\"on_sched_switch\"} 1001");
	assert_int_equal(count(page.data, "\nvigie_self_probe_runs_total{"), 2);
	fixture.view.stat.run_time_known = false;
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_null(strstr(page.data, "vigie_self_probe"));
}

/* Of programs that missed none nothing is said; and the kernel counts without its statistics. */
static void runs_that_were_missed(void **state)
{
	(void)state;
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_null(strstr(page.data, "vigie_self_probe_runs_missed"));
	fixture.view.stat.probes[0].missed = 3;
	fixture.view.stat.probes[2].missed = 4;
	fixture.view.stat.run_time_known = false;
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_self_probe_runs_missed_total{program=\"on_sched_switch\"} 7");
	assert_int_equal(count(page.data, "\nvigie_self_probe_runs_missed_total{"), 1);
}

static void reasons_are_sanitised_and_unique(void **state)
{
	(void)state;
	fixture.missing[0] = (struct self_missing){ "f\xff", "r" };
	fixture.missing[1] = fixture.missing[0];
	render(&fixture.self, OM_OPENMETRICS_1_0);
	assert_int_equal(count(page.data, "\nvigie_self_missing{"), 1);
	assert_null(strchr(page.data, '\xff'));
}

static void start_times_only_of_processes(void **state)
{
	(void)state;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_null(strstr(page.data, "vigie_process_start_time_seconds"));
	fixture_by_pid(&fixture);
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_process_start_time_seconds{pid=\"4242\","
			       "comm=\"a name of fifteen\"} 1789999000.37");
	assert_int_equal(count(page.data, "\nvigie_process_start_time_seconds{"), 2);
}

static void memory_kinds_add_up_even_if_meminfo_does_not(void **state)
{
	struct host_memory *m = &fixture.view.host.memory;

	(void)state;
	m->available = m->total + 1;
	m->swap_free = m->swap_total + 1;
	render(NULL, OM_OPENMETRICS_1_0);
	assert_line(page.data, "vigie_host_memory_bytes{kind=\"used\"} 0");
	assert_line(page.data, "vigie_host_memory_bytes{kind=\"available\"} 8388608000");
	assert_line(page.data, "vigie_host_swap_bytes{kind=\"free\"} 2147483648");
}

/* A page cut short must not pass for a page. */
static void a_page_that_does_not_fit_is_an_error(void **state)
{
	struct buf whole, part;
	size_t max;

	(void)state;
	buf_init(&whole, 1 << 20);
	openmetrics_encode(&whole, &fixture.view, &fixture.self, OM_OPENMETRICS_1_0);
	for (max = 0; max < whole.len; max += 997) {
		buf_init(&part, max);
		openmetrics_encode(&part, &fixture.view, &fixture.self, OM_OPENMETRICS_1_0);
		assert_int_equal(part.err, -E2BIG);
		buf_done(&part);
	}
	buf_done(&whole);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_legal_and_fit),
		cmocka_unit_test(helps_need_no_escape),
		cmocka_unit_test(units_are_suffixes),
		cmocka_unit_test(no_name_can_clash),
		cmocka_unit_test(bounds_are_powers_of_four),
		CASE(metadata_in_each_dialect),
		CASE(values_are_exact),
		CASE(labels_are_escaped),
		CASE(the_other_is_always_there),
		CASE(histograms_are_cumulative),
		CASE(delays_that_read_alike_are_one_series),
		CASE(absent_attributes_have_a_name),
		CASE(without_self_no_figures_of_the_daemon),
		CASE(probes_that_share_a_name_share_a_series),
		CASE(runs_that_were_missed),
		CASE(reasons_are_sanitised_and_unique),
		CASE(start_times_only_of_processes),
		CASE(memory_kinds_add_up_even_if_meminfo_does_not),
		CASE(a_page_that_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests_name("openmetrics", tests, NULL, NULL);
}
