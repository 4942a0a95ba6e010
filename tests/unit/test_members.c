// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_members.c - the processes and cgroups of a view: who belongs where, and to what unit.
 */
#include "world.h"

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct world w;

static struct model *make(enum group_key first, enum group_key second, unsigned int max_groups,
			  unsigned int max_known)
{
	struct model_config config;
	struct model *model;

	model_config_default(&config);
	config.keys[0] = first;
	config.keys[1] = second;
	config.nkeys = second == first ? 1 : 2;
	config.max_groups = max_groups;
	config.max_known = max_known;
	model = model__new(&config);
	assert_non_null(model);
	memset(&w, 0, sizeof(w));
	return model;
}

/*
 * Processes added up by process_group are what the groups count. So are increments, but where
 * somebody has moved to other or out of it with this very snapshot.
 */
static void check_sums(const struct view *view, bool moved)
{
	__u64 inc[WORLD_MAX + 1] = { 0 };
	__u32 n[WORLD_MAX + 1] = { 0 };
	size_t i;

	assert_int_equal(view->nprocesses, w.snapshot.nprocesses);
	assert_ptr_equal(view->processes, w.snapshot.processes);
	for (i = 0; i < view->nprocesses; i++) {
		assert_in_range(view->process_group[i], 0, view->ngroups);
		inc[view->process_group[i]] += view->processes[i].inc.user_ns;
		n[view->process_group[i]]++;
	}
	for (i = 0; i <= view->ngroups; i++) {
		const struct group_view *g = i < view->ngroups ? &view->groups[i] : &view->other;

		assert_int_equal(n[i], g->processes);
		if (!moved)
			assert_int_equal(inc[i], g->inc.user_ns);
	}
}

static const char *comm_of(const struct view *view, size_t process)
{
	__u32 group = view->process_group[process];

	return group < view->ngroups ? view->groups[group].label[0] : view->other.label[0];
}

static void each_in_its_group(void **state)
{
	struct model *model = make(KEY_COMM, KEY_COMM, 100, 100);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_process(&w, 1, "zz", 0)->inc.user_ns = 1;
	world_process(&w, 2, "aa", 0)->inc.user_ns = 2;
	world_process(&w, 3, "zz", 0)->inc.user_ns = 4;
	world_process(&w, 4, "mm", 0)->inc.user_ns = 8;
	view = world_apply(&w, model);
	check_sums(view, false);
	assert_string_equal(comm_of(view, 0), "zz");
	assert_string_equal(comm_of(view, 1), "aa");
	assert_string_equal(comm_of(view, 2), "zz");
	assert_string_equal(comm_of(view, 3), "mm");

	world_next(&w, SECOND); /* a newcomer before all others moves their places */
	world_process(&w, 3, "zz", 0)->inc.user_ns = 16;
	world_process(&w, 5, "a", 0)->inc.user_ns = 32;
	view = world_apply(&w, model);
	check_sums(view, false);
	assert_string_equal(comm_of(view, 0), "zz");
	assert_string_equal(comm_of(view, 1), "a");

	world_next(&w, SECOND);
	view = world_apply(&w, model);
	check_sums(view, false);
	model__free(model);
}

static const char *const comms[] = { "p0",  "p1",  "p2",  "p3",	 "p4",	"p5",  "p6",
				     "p7",  "p8",  "p9",  "p10", "p11", "p12", "p13",
				     "p14", "p15", "p16", "p17", "p18", "p19" };

/* No room on the page, no room in memory, demoted, promoted: other takes it, or the series. */
static void all_through_promotions(void **state)
{
	struct model *model = make(KEY_COMM, KEY_COMM, 4, 12);
	const struct view *view;
	unsigned int round, i, in_other = 0, moves = 0;
	bool other, was_other[20] = { false };

	(void)state;
	for (round = 0; round < 400; round++) {
		bool moved = false;

		world_next(&w, 10 * SECOND);
		for (i = 0; i < 20; i++)
			world_process(&w, i + 1, comms[i], 0)->inc.user_ns = i == round / 20
										     ? SECOND
										     : 1000 + i;
		view = world_apply(&w, model);
		for (i = 0; i < 20; i++) {
			other = view->process_group[i] == view->ngroups;
			moved |= round && other != was_other[i];
			was_other[i] = other;
			in_other += other;
			if (!other)
				assert_string_equal(comm_of(view, i), comms[i]);
		}
		check_sums(view, moved);
		moves += moved;
	}
	/* Else this has shown little. */
	assert_in_range(moves, 3, 200);
	assert_true(view->groups_promoted_total > 2);
	assert_true(view->groups_folded_total > 0);
	assert_true(in_other >= 400 * 16);
	model__free(model);
}

static const struct cgroup_view *cgroup_of(const struct view *view, __u64 id)
{
	size_t i;

	for (i = 0; i < view->ncgroups; i++)
		if (view->cgroups[i].id == id)
			return &view->cgroups[i];
	return NULL;
}

/* Whatever the groups are made of. */
static void cgroups_by_unit(void **state)
{
	struct cgroup_stat stats[] = { { .id = 3, .periods = 1 }, { .id = 20, .memory_limit = 2 } };
	struct model *model = make(KEY_COMM, KEY_USER, 10, 10);
	const struct view *view;
	size_t i;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 20, "/system.slice/nginx.service");
	world_cgroup(&w, 4, "/system.slice/docker-" CONTAINER ".scope");
	world_cgroup(&w, 9, "/a\nb");
	world_process(&w, 1, "a", 20);
	world_process(&w, 2, "b", 4);
	world_process(&w, 3, "c", 9);
	world_process(&w, 4, "d", 77); /* has no name */
	w.snapshot.cgroup_stats = stats;
	w.snapshot.ncgroup_stats = 2;
	view = world_apply(&w, model);
	assert_int_equal(view->ncgroups, 3);
	for (i = 1; i < view->ncgroups; i++)
		assert_true(view->cgroups[i - 1].id < view->cgroups[i].id);
	assert_string_equal(cgroup_of(view, 20)->unit, "nginx.service");
	assert_string_equal(cgroup_of(view, 20)->path, "/system.slice/nginx.service");
	assert_string_equal(cgroup_of(view, 20)->container_id, "");
	assert_ptr_equal(cgroup_of(view, 20)->stat, &stats[1]);
	assert_string_equal(cgroup_of(view, 4)->unit, "docker-0123456789ab");
	assert_string_equal(cgroup_of(view, 4)->container_id, CONTAINER);
	assert_null(cgroup_of(view, 4)->stat);
	assert_null(strchr(cgroup_of(view, 9)->unit, '\n'));
	assert_null(strchr(cgroup_of(view, 9)->path, '\n'));
	assert_null(cgroup_of(view, 9)->stat);

	world_next(&w, SECOND); /* the service has gone and with it its stat */
	world_cgroup(&w, 4, "/system.slice/docker-" CONTAINER ".scope");
	world_process(&w, 2, "b", 4);
	stats[0].id = 4;
	w.snapshot.ncgroup_stats = 1;
	view = world_apply(&w, model);
	assert_int_equal(view->ncgroups, 1);
	assert_ptr_equal(view->cgroups[0].stat, &stats[0]);
	model__free(model);
}

/* The label of the unit is the one that groups by unit have. */
static void the_unit_is_the_label(void **state)
{
	struct model *model = make(KEY_UNIT, KEY_UNIT, 10, 10);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	world_cgroup(&w, 5, "/user.slice/user-1000.slice/session-2.scope");
	world_process(&w, 1, "a", 5);
	view = world_apply(&w, model);
	assert_int_equal(view->ncgroups, 1);
	assert_string_equal(view->cgroups[0].unit, view->groups[view->process_group[0]].label[0]);
	model__free(model);
}

static void blames_as_they_came(void **state)
{
	struct model *model = make(KEY_UNIT, KEY_COMM, 10, 10);
	const struct view *view;

	(void)state;
	world_next(&w, SECOND);
	w.culprits[0] = (struct vigie_delay){ .victim = world_party(1, "v", 0), .wait_ns = 5 };
	w.snapshot.nculprits = 1;
	view = world_apply(&w, model);
	assert_int_equal(view->nculprits, 1);
	assert_ptr_equal(view->culprits, w.culprits);
	world_next(&w, SECOND);
	assert_int_equal(world_apply(&w, model)->nculprits, 0);
	model__free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_in_its_group),   cmocka_unit_test(all_through_promotions),
		cmocka_unit_test(cgroups_by_unit),     cmocka_unit_test(the_unit_is_the_label),
		cmocka_unit_test(blames_as_they_came),
	};

	return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
