// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_unit_book.c - units' figures through the model: sums without counting twice, totals that
 * only grow, whatever cgroups come, go and come back.
 */
#include "world.h"

#include "model/unit_top.h"

struct scene {
	struct world w;
	struct cgroup_stat stats[16];
	struct model *model;
	const struct view *view;
};

static int begin(void **state)
{
	struct model_config config;
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	model_config_default(&config);
	s->model = model__new(&config);
	assert_non_null(s->model);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	model__free(s->model);
	free(s);
	return 0;
}

static void next(struct scene *s)
{
	world_next(&s->w, SECOND);
	s->w.snapshot.cgroup_stats = s->stats;
	s->w.snapshot.ncgroup_stats = 0;
}

/* A cgroup with a process; ids ascend. */
static struct cgroup_unit *cgroup(struct scene *s, __u64 id, const char *path, __u64 top)
{
	struct cgroup_stat *stat = &s->stats[s->w.snapshot.ncgroup_stats++];

	world_cgroup(&s->w, id, path);
	world_process(&s->w, id, "x", id);
	*stat = (struct cgroup_stat){ .id = id };
	stat->unit = (struct cgroup_unit){ .top = top, .path_len = unit_top(path) };
	stat->unit.has = CGROUP_UNIT_BIT(top);
	return &stat->unit;
}

#define SET(u, member, value)                        \
	do {                                         \
		(u)->member = (value);               \
		(u)->has |= CGROUP_UNIT_BIT(member); \
	} while (0)

static void set_anon(struct cgroup_unit *u, __u64 bytes)
{
	u->memory[UNIT_ANON] = bytes;
	u->has |= CGROUP_UNIT_BIT(memory) << UNIT_ANON;
}

static void set_io(struct cgroup_unit *u, __u64 ns)
{
	u->pressure_ns[PSI_IO][PSI_SOME] = ns;
	u->has |= CGROUP_UNIT_BIT(pressure_ns) << (PSI_IO * PSI_STALLS + PSI_SOME);
}

static void apply(struct scene *s)
{
	s->view = world_apply(&s->w, s->model);
}

static const struct unit_figures *figures(const struct scene *s, const char *unit)
{
	size_t i;

	for (i = 0; i < s->view->nunits; i++)
		if (!strcmp(s->view->units[i].unit, unit))
			return s->view->units[i].figures;
	fail_msg("no unit %s", unit);
	return NULL;
}

#define KNOWN(f, member) (!!((f)->has & UNIT_FIGURES_BIT(member)))

static __u64 io_ns(const struct scene *s, const char *unit)
{
	return figures(s, unit)->pressure_ns[PSI_IO][PSI_SOME];
}

static void tops(void **state)
{
	(void)state;
	assert_int_equal(unit_top("/"), 1);
	assert_int_equal(unit_top("/system.slice/a.service"), 23);
	assert_int_equal(unit_top("/system.slice/a.service/init/x"), 23);
	assert_int_equal(unit_top("/alone"), 6);
}

static void gauges(void **state)
{
	struct scene *s = *state;
	const struct unit_figures *f;
	struct cgroup_unit *u;

	next(s);
	u = cgroup(s, 1, "/system.slice/a.service", 100);
	set_anon(u, 70);
	SET(u, memory_charged, 500);
	SET(u, memory_inactive, 200);
	SET(u, memory_limit, 1000);
	SET(u, tasks, 4);
	apply(s);
	f = figures(s, "a.service");
	assert_int_equal(f->memory[UNIT_ANON], 70);
	assert_int_equal(f->memory_charged, 500);
	assert_int_equal(f->memory_working, 300);
	assert_int_equal(f->memory_limit, 1000);
	assert_int_equal(f->tasks, 4);
	assert_true(KNOWN(f, memory[UNIT_ANON]) && KNOWN(f, memory_working) && KNOWN(f, tasks));
	assert_false(KNOWN(f, tasks_limit) || KNOWN(f, memory[UNIT_FILE]) || KNOWN(f, periods));
	/* No process, no figure: what it holds then nobody here knows. */
	next(s);
	apply(s);
	f = figures(s, "a.service");
	assert_false(KNOWN(f, memory_charged) || KNOWN(f, memory_limit));
	assert_true(KNOWN(f, oom_kills));
}

/* A unit within another one: what it has is not the outer's as well. */
static void no_byte_twice(void **state)
{
	struct scene *s = *state;
	struct cgroup_unit *u;
	const char *id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char path[160];

	snprintf(path, sizeof(path), "/system.slice/docker.service/docker/%s", id);
	next(s);
	u = cgroup(s, 1, "/system.slice/docker.service", 100);
	set_anon(u, 100);
	SET(u, memory_charged, 1000);
	SET(u, memory_inactive, 300);
	SET(u, tasks, 9);
	set_io(u, 5);
	u = cgroup(s, 2, path, 101);
	set_anon(u, 30);
	SET(u, memory_charged, 400);
	SET(u, memory_inactive, 200);
	SET(u, tasks, 4);
	set_io(u, 3);
	u = cgroup(s, 3, "/system.slice/docker.service-x.service", 102); /* not within */
	SET(u, memory_charged, 7);
	apply(s);
	assert_int_equal(figures(s, "docker.service")->memory[UNIT_ANON], 70);
	assert_int_equal(figures(s, "docker.service")->memory_charged, 600);
	assert_int_equal(figures(s, "docker.service")->memory_working, 500);
	assert_int_equal(figures(s, "docker.service")->tasks, 5);
	assert_int_equal(figures(s, "docker-0123456789ab")->memory_charged, 400);
	assert_int_equal(figures(s, "docker-0123456789ab")->memory_working, 200);
	assert_int_equal(figures(s, "docker.service-x.service")->memory_charged, 7);
}

/* Two trees of one name are summed; without a limit in one of them there is none. */
static void one_name_two_trees(void **state)
{
	struct scene *s = *state;
	struct cgroup_unit *u;
	int i;

	for (i = 0; i < 2; i++) {
		next(s);
		u = cgroup(s, 1, "/a/x.service", 100);
		SET(u, memory_charged, 10);
		SET(u, memory_limit, 50);
		set_io(u, 1000 + i * 5);
		u = cgroup(s, 2, "/b/x.service", 101);
		SET(u, memory_charged, 20);
		if (i)
			SET(u, memory_limit, 60);
		set_io(u, 2000 + i * 7);
		apply(s);
		assert_int_equal(figures(s, "x.service")->memory_charged, 30);
		assert_int_equal(KNOWN(figures(s, "x.service"), memory_limit), i);
	}
	assert_int_equal(figures(s, "x.service")->memory_limit, 110);
	assert_int_equal(io_ns(s, "x.service"), 12);
}

static void pressure_of(struct scene *s, __u64 top, __u64 ns)
{
	next(s);
	set_io(cgroup(s, 1, "/x.service", top), ns);
	apply(s);
}

/* What was before the first reading is the past; a new cgroup's totals are all new. */
static void totals_only_grow(void **state)
{
	struct scene *s = *state;

	pressure_of(s, 100, 5000);
	assert_int_equal(io_ns(s, "x.service"), 0);
	pressure_of(s, 100, 5300);
	assert_int_equal(io_ns(s, "x.service"), 300);
	pressure_of(s, 200, 40); /* restarted */
	assert_int_equal(io_ns(s, "x.service"), 340);
	pressure_of(s, 200, 50);
	assert_int_equal(io_ns(s, "x.service"), 350);
	pressure_of(s, 150, 9000); /* older than what was seen: all this is the past */
	assert_int_equal(io_ns(s, "x.service"), 350);
	pressure_of(s, 150, 9001);
	assert_int_equal(io_ns(s, "x.service"), 351);
	pressure_of(s, 100, 5310); /* and that one is still known */
	assert_int_equal(io_ns(s, "x.service"), 361);
	pressure_of(s, 100, 10); /* what no kernel does */
	assert_int_equal(io_ns(s, "x.service"), 361);
}

/* A file that cannot be read for once leaves a gap that the next reading fills. */
static void a_gap_is_filled(void **state)
{
	struct scene *s = *state;

	pressure_of(s, 100, 5000);
	next(s);
	cgroup(s, 1, "/x.service", 100);
	apply(s);
	assert_int_equal(io_ns(s, "x.service"), 0);
	pressure_of(s, 100, 5200);
	assert_int_equal(io_ns(s, "x.service"), 200);
}

/* Throttling is shown where there ever was a quota, from its first period on. */
static void throttling(void **state)
{
	struct scene *s = *state;
	const struct unit_figures *f;
	struct cgroup_unit *u;
	int i;

	for (i = 0; i < 3; i++) {
		next(s);
		u = cgroup(s, 1, "/x.service", 100);
		SET(u, periods, i < 2 ? 0 : 4);
		SET(u, throttled_periods, i < 2 ? 0 : 3);
		SET(u, throttled_ns, i < 2 ? 0 : 2);
		apply(s);
		f = figures(s, "x.service");
		assert_int_equal(KNOWN(f, throttled_ns) && KNOWN(f, periods), i == 2);
	}
	assert_int_equal(f->periods, 4);
	assert_int_equal(f->throttled_periods, 3);
	assert_int_equal(f->throttled_ns, 2);
}

/* As the processes have it: also of one whose cgroup is gone, and of a unit without figures. */
static void oom_kills(void **state)
{
	struct scene *s = *state;
	struct retired *r;

	next(s);
	cgroup(s, 1, "/x.service", 100);
	apply(s);
	next(s);
	world_cgroup(&s->w, 1, "/x.service");
	r = world_retired(&s->w, "a", 1);
	r->value.inc.oom_kills = 2;
	r = world_retired(&s->w, "b", 1);
	r->value.inc.oom_kills = 1;
	apply(s);
	assert_int_equal(figures(s, "x.service")->oom_kills, 3);
	next(s);
	world_cgroup(&s->w, 1, "/x.service");
	apply(s);
	assert_int_equal(figures(s, "x.service")->oom_kills, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tops),
		cmocka_unit_test_setup_teardown(gauges, begin, end),
		cmocka_unit_test_setup_teardown(no_byte_twice, begin, end),
		cmocka_unit_test_setup_teardown(one_name_two_trees, begin, end),
		cmocka_unit_test_setup_teardown(totals_only_grow, begin, end),
		cmocka_unit_test_setup_teardown(a_gap_is_filled, begin, end),
		cmocka_unit_test_setup_teardown(throttling, begin, end),
		cmocka_unit_test_setup_teardown(oom_kills, begin, end),
	};

	return cmocka_run_group_tests_name("unit_book", tests, NULL, NULL);
}
