// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_index.c - the page at /: what it says, and that no name of a stranger becomes a tag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "export/encode.h"

static struct fixture f;
static struct buf page;

static int setup(void **state)
{
	buf_init(&page, 1 << 20);
	fixture_by_unit(&f);
	return 0;
}

static int teardown(void **state)
{
	buf_done(&page);
	return 0;
}

static const char *render(void)
{
	const struct encode_ctx ctx = { .out = &page, .view = &f.view, .self = &f.self };

	buf_clear(&page);
	index_encode(&ctx);
	buf_char(&page, '\0');
	assert_int_equal(page.err, 0);
	return page.data;
}

static unsigned int count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void it_says_that_all_is_well(void **state)
{
	const char *text;

	memset(f.view.stat.loss, 0, sizeof(f.view.stat.loss));
	f.self.nfindings = 0;
	text = render();
	assert_non_null(strstr(text, "<h2>Active findings</h2>\n<p>None.</p>"));
	assert_non_null(strstr(text, "href=\"/metrics\""));
	assert_int_equal(text - strstr(text, "<!DOCTYPE html>"), 0);
	assert_string_equal(text + strlen(text) - 8, "</html>\n");
}

static void it_shows_what_is_wrong(void **state)
{
	static const struct self_finding wrong[] = {
		{ "0123456789ab", "cpu-starvation", SEVERITY_ERROR, 0, "a cannot get a CPU" },
		{ "ba9876543210", "leak", SEVERITY_WARNING, 0, "b grows" },
	};
	const char *text;

	f.self.findings = wrong;
	f.self.nfindings = 2;
	f.view.wall_ns = 90 * 1000000000ull;
	memset(f.view.stat.loss, 0, sizeof(f.view.stat.loss));
	f.view.stat.loss[VIGIE_LOSS_RING_FULL] = 7;
	f.view.stat.lost_records = 0;
	text = render();
	assert_non_null(strstr(text, "<td align=\"right\">90 s ago</td><td>error</td>"
				     "<td>cpu-starvation</td><td>a cannot get a CPU</td>"
				     "<td>0123456789ab</td>"));
	assert_non_null(strstr(text, "<td>b grows</td>"));
	assert_non_null(strstr(text, "<td>lost by the probes</td><td align=\"right\">7</td>"));
}

/* Five groups, and one row for the rest; the figures are the interval's. */
static void it_shows_the_top(void **state)
{
	struct group_view groups[8];
	const char *text;
	char name[8][8];
	size_t i;

	for (i = 0; i < 8; i++) {
		memset(&groups[i], 0, sizeof(groups[i]));
		snprintf(name[i], sizeof(name[i]), "g%zu", i);
		groups[i].label[0] = "unit";
		groups[i].label[1] = name[i];
		groups[i].live = true;
		groups[i].inc.user_ns = (i + 1) * 10000000;
	}
	f.view.groups = groups;
	f.view.ngroups = 8;
	f.view.interval_ns = 1000000000;
	memset(&f.view.other.inc, 0, sizeof(f.view.other.inc));
	text = render();
	assert_non_null(strstr(text, "<td>g7</td><td align=\"right\">8.0</td>"));
	assert_non_null(strstr(text, "<td>g3</td>"));
	assert_null(strstr(text, "<td>g2</td>"));
	/* 10 + 20 + 30 ms */
	assert_non_null(strstr(text, "<td>" GROUP_OTHER "</td><td align=\"right\">6.0</td>"));
	f.view.interval_ns = 0; /* the first view has no rates */
	assert_null(strstr(render(), "<td>g7</td>"));
}

static void no_name_is_a_tag(void **state)
{
	static const char evil[] = "<script>alert('\"&\"')</script>";
	static const char tame[] =
		"&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;";
	struct self_finding finding = { "0123456789ab", "leak", SEVERITY_ERROR, 0, "" };
	struct self_missing missing = { evil, evil };
	struct group_view group = { .label = { evil, evil }, .live = true };
	const char *text;

	snprintf(finding.message, sizeof(finding.message), "%s", evil);
	group.inc.user_ns = 1000000000;
	f.self.findings = &finding;
	f.self.nfindings = 1;
	f.self.missing = &missing;
	f.self.nmissing = 1;
	f.self.version = evil;
	f.view.groups = &group;
	f.view.ngroups = 1;
	text = render();
	assert_int_equal(count(text, tame), 7);
	assert_int_equal(count(text, "<script"), 1); /* ours, by its address */
	assert_non_null(strstr(text, "<script src=\"live.js\" defer></script>"));
	assert_int_equal(count(text, "alert('"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_says_that_all_is_well, setup, teardown),
		cmocka_unit_test_setup_teardown(it_shows_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(it_shows_the_top, setup, teardown),
		cmocka_unit_test_setup_teardown(no_name_is_a_tag, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
