// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_delays.c - victim and culprit pairs: names, sums, bounds.
 */
#include "world.h"

static struct world w;

static struct model *make(unsigned int max_delays, unsigned int nkeys, const enum group_key *keys)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.max_delays = max_delays;
	config.nkeys = nkeys;
	memcpy(config.keys, keys, nkeys * sizeof(*keys));
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

static void blame(struct vigie_party victim, struct vigie_party culprit, __u64 wait_ns)
{
	w.culprits[w.snapshot.nculprits++] = (struct vigie_delay){
		.victim = victim,
		.culprit = culprit,
		.wait_ns = wait_ns,
		.waits = 1,
	};
}

static const enum group_key unit_comm[] = { KEY_UNIT, KEY_COMM };
static const enum group_key pid_user_exe[] = { KEY_PID, KEY_USER, KEY_EXE };
static const enum group_key comm_only[] = { KEY_COMM };

static void test_names(void **state)
{
	struct model *model = make(10, 2, unit_comm);
	struct vigie_party kernel = world_party(12, "kworker/1:2", 1);
	const struct view *view;

	(void)state;
	kernel.flags = VIGIE_TASK_KTHREAD;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/system.slice/a.service");
	world_cgroup(&w, 8, "/system.slice/b.service");
	world_process(&w, 10, "alive", 7);
	world_process(&w, 11, "renamed", 7);
	/* Alive: where it is now, whatever the kernel side noted. */
	blame(world_party(10, "alive", 8), world_party(0, "", 0), 1);
	/* Another comm: the number may have been reused; the note counts. */
	blame(world_party(11, "before", 8), kernel, 2);
	/* Dead, in a cgroup without a name. */
	blame(world_party(99, "dead\n", 55), world_party(10, "alive", 7), 4);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 3);
	assert_string_equal(view->delays[0].victim, "(unknown cgroup)/dead\\x0a");
	assert_string_equal(view->delays[0].culprit, "a.service/alive");
	assert_int_equal(view->delays[0].wait_ns, 4);
	assert_string_equal(view->delays[1].victim, "a.service/alive");
	assert_string_equal(view->delays[1].culprit, "(idle)");
	assert_string_equal(view->delays[2].victim, "b.service/before");
	assert_string_equal(view->delays[2].culprit, "(kernel)/kworker");
	assert_int_equal(view->ngroups, 2); /* nobody became a group by being named */
	model__free(model);
}

static void test_keys_that_the_dead_cannot_tell(void **state)
{
	struct model *model = make(10, 3, pid_user_exe);
	const struct view *view;
	struct process *p;

	(void)state;
	world_next(&w, SECOND);
	p = world_process(&w, 10, "x", 7);
	p->uid = 5;
	memcpy(p->exe, "prog", 4);
	blame(world_party(10, "x", 7), world_party(77, "y", 7), 1);
	view = world_apply(&w, model);
	assert_string_equal(view->delays[0].victim, "10/5/prog");
	assert_string_equal(view->delays[0].culprit, "77/(unknown)/(unknown)");
	model__free(model);
}

static void test_pairs_are_summed_by_group(void **state)
{
	struct model *model = make(10, 1, comm_only);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 1);
	blame(world_party(3, "a", 9), world_party(4, "b", 1), 10);
	blame(world_party(0, "", 0), world_party(4, "b", 1), 1000); /* a free cell */
	w.snapshot.culprit_other_ns = 5;
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	assert_int_equal(view->delays[0].wait_ns, 11);
	assert_int_equal(view->delays[0].waits, 2);
	assert_int_equal(view->delay_other_ns, 5);
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 100);
	view = world_apply(&w, model);
	assert_int_equal(view->delays[0].wait_ns, 111);
	assert_int_equal(view->delays[0].wait_inc_ns, 100);
	assert_int_equal(view->delay_other_inc_ns, 0);
	model__free(model);
}

static void test_bounds(void **state)
{
	struct model *model = make(2, 1, comm_only);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 2);
	blame(world_party(1, "c", 1), world_party(2, "a", 1), 1);
	blame(world_party(1, "b", 1), world_party(2, "a", 1), 4);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 2); /* the largest */
	assert_string_equal(view->delays[1].victim, "b");
	assert_int_equal(view->delay_other_ns, 1);
	world_next(&w, 3 * MINUTE);
	blame(world_party(1, "a", 1), world_party(2, "b", 1), 8);
	view = world_apply(&w, model);
	assert_int_equal(view->delays[1].wait_inc_ns, 0);
	assert_int_equal(view->delay_retired_ns, 0);
	world_next(&w, 2 * MINUTE); /* b waits for a no more */
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	assert_int_equal(view->delay_retired_ns, 4);
	/* For a minute it stays away, or a scraper might see its counter run backwards. */
	world_next(&w, MINUTE);
	blame(world_party(1, "b", 1), world_party(2, "a", 1), 32);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 1);
	assert_int_equal(view->delay_other_ns, 1 + 32);
	world_next(&w, SECOND);
	blame(world_party(1, "c", 1), world_party(2, "a", 1), 16);
	view = world_apply(&w, model);
	assert_int_equal(view->ndelays, 2);
	assert_string_equal(view->delays[0].victim, "a");
	assert_int_equal(view->delays[0].wait_ns, 2 + 8);
	assert_string_equal(view->delays[1].victim, "c");
	assert_int_equal(view->delays[1].wait_ns, 16);
	assert_int_equal(view->delay_other_ns, 1 + 32);
	model__free(model);
}

static void assert_labels(const char *labels, const char *first, const char *second)
{
	assert_string_equal(labels, first);
	assert_string_equal(labels + strlen(labels) + 1, second);
}

/* "/a/b" and "c" read like "/a" and "b/c", and are two: whoever asks for labels can tell. */
static void test_names_that_meet(void **state)
{
	static const enum group_key cgroup_comm[] = { KEY_CGROUP, KEY_COMM };
	struct model *model = make(10, 2, cgroup_comm);
	const struct delay_view *pairs;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 7, "/a/b");
	world_cgroup(&w, 8, "/a");
	blame(world_party(10, "c", 7), world_party(0, "", 0), 1);
	blame(world_party(11, "b/c", 8), world_party(0, "", 0), 2);
	pairs = world_apply(&w, model)->delays;
	assert_string_equal(pairs[0].victim, "/a/b/c");
	assert_string_equal(pairs[1].victim, "/a/b/c");
	assert_labels(pairs[0].victim_labels, "/a", "b/c");
	assert_int_equal(pairs[0].wait_ns, 2);
	assert_labels(pairs[1].victim_labels, "/a/b", "c");
	assert_int_equal(pairs[1].wait_ns, 1);
	assert_string_equal(pairs[0].culprit, "(idle)");
	assert_labels(pairs[0].culprit_labels, "(idle)", "(idle)");
	model__free(model);
}

/* One of n victims, all waiting for "hog". */
static void trifle(unsigned int i, __u64 wait_ns)
{
	char name[VIGIE_COMM_LEN];

	snprintf(name, sizeof(name), "trifle%u", i);
	blame(world_party(100 + i, name, 1), world_party(2, "hog", 1), wait_ns);
}

static const struct delay_view *find_delay(const struct view *view, const char *victim)
{
	size_t i;

	for (i = 0; i < view->ndelays; i++)
		if (!strcmp(view->delays[i].victim, victim))
			return &view->delays[i];
	return NULL;
}

/* A minute of trifles that fill the table, then 5 s within ten: none of these is in other. */
static void test_an_incident_among_trifles(void **state)
{
	struct model *model = make(50, 1, comm_only);
	const struct view *view = NULL;
	unsigned int i, k;

	(void)state;
	for (k = 0; k < 70; k++) {
		world_next(&w, SECOND);
		for (i = 0; i < 80; i++)
			if ((i + k) % 4 == 0)
				trifle(i, 2000000);
		if (k >= 60)
			blame(world_party(7, "service", 1), world_party(2, "hog", 1), SECOND / 2);
		view = world_apply(&w, model);
	}
	assert_int_equal(view->ndelays, 50);
	assert_int_equal(find_delay(view, "service")->wait_ns, 5 * SECOND);
	assert_true(view->delay_other_ns < 60 * 20 * 2000000ull);
	model__free(model);
}

/* Of many alike nobody drives out another; of many bursts few do, however large they are. */
static void test_places_are_taken_rarely(void **state)
{
	struct model *model = make(20, 1, comm_only);
	const struct view *view = NULL;
	unsigned int i, k;

	(void)state;
	for (k = 0; k < 50; k++) {
		world_next(&w, SECOND);
		for (i = 0; i < 60; i++)
			trifle(i, 2000000 + (i + k) % 60 * 20000);
		view = world_apply(&w, model);
	}
	assert_int_equal(view->delay_retired_ns, 0);
	/* Who took a place has it for a minute, then one of the others. */
	for (k = 0; k < 62; k++) {
		world_next(&w, SECOND);
		for (i = 0; i < 60; i++)
			trifle(i, 2000000 + (i + k) % 60 * 20000);
		if (!k)
			trifle(900, 10000000);
		view = world_apply(&w, model);
		assert_int_equal(find_delay(view, "trifle900") != NULL, k < 60);
	}
	for (k = 0; k < 10; k++) { /* each a twentieth of all: no incident */
		world_next(&w, SECOND / 2);
		for (i = 0; i < 20; i++)
			trifle(1000 + 20 * k + i, SECOND);
		view = world_apply(&w, model);
	}
	for (i = 0, k = 0; k < view->ndelays; k++)
		i += strtoul(view->delays[k].victim + 6, NULL, 10) >= 1000;
	assert_in_range(i, 10, 11);
	model__free(model);
}

/* More names in one interval than are remembered: those that matter are among them. */
static void test_more_pairs_than_are_remembered(void **state)
{
	struct model *model = make(2, 1, comm_only);
	const struct view *view = NULL;
	unsigned int i, k;
	__u64 fed = 0;

	(void)state;
	for (k = 0; k < 20; k++) {
		world_next(&w, SECOND);
		for (i = 0; i < 200; i++)
			trifle(k * 200 + i, 1000 + i);
		if (k >= 10)
			blame(world_party(7, "service", 1), world_party(2, "hog", 1), SECOND);
		for (i = 0; i < w.snapshot.nculprits; i++)
			fed += w.culprits[i].wait_ns;
		view = world_apply(&w, model);
	}
	assert_int_equal(find_delay(view, "service")->wait_ns, 10 * SECOND);
	assert_int_equal(view->delays[0].wait_ns + view->delays[1].wait_ns + view->delay_other_ns +
				 view->delay_retired_ns,
			 fed);
	model__free(model);
}

enum { PAIRS = 300, STEPS = 4000 };

struct shadow {
	__u64 wait_ns;
	bool seen;
};

/* Goes on where it was, or begins with this interval's part; what is gone is in retired. */
static __u64 check_pairs(const struct view *view, struct shadow *shadows)
{
	__u64 gone = 0;
	unsigned int i;
	size_t d;

	for (d = 0; d < view->ndelays; d++) {
		struct shadow *shadow = &shadows[strtoul(view->delays[d].victim + 6, NULL, 10)];

		assert_int_equal(shadow->wait_ns + view->delays[d].wait_inc_ns,
				 view->delays[d].wait_ns);
		shadow->wait_ns = view->delays[d].wait_ns;
		shadow->seen = true;
	}
	for (i = 0; i < PAIRS; i++) {
		if (!shadows[i].seen) {
			gone += shadows[i].wait_ns;
			shadows[i].wait_ns = 0;
		}
		shadows[i].seen = false;
	}
	return gone;
}

/* Any stream of waits: no series decreases, no wait is lost or counted twice. */
static void test_random_streams(void **state)
{
	struct model *model = make(12, 1, comm_only);
	struct shadow shadows[PAIRS] = { 0 };
	__u64 fed = 0, retired = 0, other = 0, sum;
	const struct view *view;
	unsigned int i, k;
	size_t d;

	(void)state;
	srand(getenv("VIGIE_SEED") ? strtoul(getenv("VIGIE_SEED"), NULL, 10) : 1);
	for (k = 0; k < STEPS; k++) {
		world_next(&w, rand() % 3 ? rand() % (10 * SECOND) : 0);
		for (i = rand() % 2 ? rand() % 40 : 0; i; i--)
			trifle(rand() % PAIRS, 1ull << rand() % 34);
		w.snapshot.culprit_other_ns = rand() % 100;
		for (fed += w.snapshot.culprit_other_ns, i = 0; i < w.snapshot.nculprits; i++)
			fed += w.culprits[i].wait_ns;
		view = world_apply(&w, model);
		retired += check_pairs(view, shadows);
		assert_int_equal(view->delay_retired_ns, retired);
		assert_int_equal(view->delay_other_ns, other + view->delay_other_inc_ns);
		other = view->delay_other_ns;
		for (sum = other + retired, d = 0; d < view->ndelays; d++)
			sum += view->delays[d].wait_ns;
		assert_int_equal(sum, fed);
	}
	assert_true(retired > 0);
	model__free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keys_that_the_dead_cannot_tell),
		cmocka_unit_test(test_pairs_are_summed_by_group),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names_that_meet),
		cmocka_unit_test(test_an_incident_among_trifles),
		cmocka_unit_test(test_places_are_taken_rarely),
		cmocka_unit_test(test_more_pairs_than_are_remembered),
		cmocka_unit_test(test_random_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
