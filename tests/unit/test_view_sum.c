// SPDX-License-Identifier: GPL-2.0-only
/* test_view_sum.c - data/view_sum: nothing of an interval is lost between two views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "data/view_sum.h"

enum { GROUPS = 3, PAIRS = 2 };

struct made {
	struct view view;
	struct group_view groups[GROUPS];
	struct delay_view pairs[PAIRS];
	struct oom_view oom;
};

static void group(struct made *m, const char *unit, const char *comm, __u64 user_ns, __u64 rss)
{
	m->groups[m->view.ngroups++] = (struct group_view){
		.label = { unit, comm },
		.inc = { .user_ns = user_ns },
		.total = { .user_ns = 1000 },
		.rss_bytes = { rss },
	};
}

static void pair(struct made *m, const char *victim, const char *culprit, __u64 wait_ns)
{
	m->pairs[m->view.ndelays++] = (struct delay_view){ .victim = victim,
							   .culprit = culprit,
							   .wait_ns = 99,
							   .waits = 9,
							   .wait_inc_ns = wait_ns };
}

static struct made *begin(struct made *m, __u64 interval_ns)
{
	memset(m, 0, sizeof(*m));
	m->view.keys[0] = KEY_UNIT;
	m->view.keys[1] = KEY_COMM;
	m->view.nkeys = 2;
	m->view.groups = m->groups;
	m->view.delays = m->pairs;
	m->view.ooms = &m->oom;
	m->view.interval_ns = interval_ns;
	m->view.other.inc.user_ns = 1;
	m->view.delay_other_inc_ns = 10;
	m->view.host_inc.idle_ns = 100;
	m->view.host_forks_inc = 5;
	return m;
}

/* "a" "bc" is not "ab" "c"; one group and one pair are gone by the last. */
static void intervals_add_up(void **state)
{
	struct view_sum *sum = view_sum__new();
	const struct view *got;
	struct made m;

	assert_true(view_sum__is_empty(sum));
	begin(&m, 1000);
	group(&m, "a", "bc", 5, 70);
	group(&m, "gone", "x", 7, 80);
	pair(&m, "v", "c", 3);
	pair(&m, "gone", "c", 4);
	m.oom = (struct oom_view){ "unit", "by", "comm", "bycomm", 1, 2, 3, 4, 5 };
	m.view.nooms = 1;
	assert_int_equal(view_sum__add(sum, &m.view), 0);
	assert_false(view_sum__is_empty(sum));
	begin(&m, 500);
	memset(&m.oom, 0, sizeof(m.oom));
	group(&m, "a", "bc", 1, 71);
	group(&m, "ab", "c", 2, 81);
	pair(&m, "v", "c", 1);
	assert_int_equal(view_sum__add(sum, &m.view), 0);
	assert_int_equal(view_sum__take(sum, &m.view, &got), 0);
	assert_int_equal(got->interval_ns, 1500);
	assert_int_equal(got->ngroups, 2);
	assert_int_equal(got->groups[0].inc.user_ns, 6);
	assert_int_equal(got->groups[0].total.user_ns, 1000);
	assert_int_equal(got->groups[0].rss_bytes[0], 71);
	assert_int_equal(got->groups[1].inc.user_ns, 2);
	assert_int_equal(got->other.inc.user_ns, 7 + 1 + 1);
	assert_int_equal(got->ndelays, 1);
	assert_int_equal(got->delays[0].wait_inc_ns, 4);
	assert_int_equal(got->delays[0].wait_ns, 99);
	assert_int_equal(got->delay_other_inc_ns, 4 + 10 + 10);
	assert_int_equal(got->host_inc.idle_ns, 200);
	assert_int_equal(got->host_forks_inc, 10);
	assert_int_equal(got->nooms, 1);
	assert_string_equal(got->ooms[0].victim, "unit");
	assert_string_equal(got->ooms[0].trigger_comm, "bycomm");
	assert_true(view_sum__is_empty(sum));
	view_sum__free(sum);
}

/* What was handed out is not in the next sum. */
static void the_next_begins_anew(void **state)
{
	struct view_sum *sum = view_sum__new();
	const struct view *got;
	struct made m;
	int i;

	for (i = 0; i < 3; i++) {
		begin(&m, 1000);
		group(&m, i == 1 ? "b" : "a", "c", 5 + i, 0);
		assert_int_equal(view_sum__add(sum, &m.view), 0);
		assert_int_equal(view_sum__take(sum, &m.view, &got), 0);
		assert_int_equal(got->interval_ns, 1000);
		assert_int_equal(got->groups[0].inc.user_ns, 5 + i);
		assert_int_equal(got->other.inc.user_ns, 1);
		assert_int_equal(got->nooms, 0);
	}
	view_sum__free(sum);
	view_sum__free(NULL);
}

/* The first interval after a start has no length, and what it brought is due all the same. */
static void an_interval_without_length_counts(void **state)
{
	struct view_sum *sum = view_sum__new();
	const struct view *got;
	struct made m;

	begin(&m, 0);
	group(&m, "a", "b", 5, 0);
	assert_int_equal(view_sum__add(sum, &m.view), 0);
	assert_false(view_sum__is_empty(sum));
	assert_int_equal(view_sum__take(sum, &m.view, &got), 0);
	assert_int_equal(got->groups[0].inc.user_ns, 5);
	view_sum__free(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_add_up),
		cmocka_unit_test(the_next_begins_anew),
		cmocka_unit_test(an_interval_without_length_counts),
	};

	return cmocka_run_group_tests_name("view_sum", tests, NULL, NULL);
}
