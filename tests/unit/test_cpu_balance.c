// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_cpu_balance.c - thousands of random intervals: every increment is somewhere, exactly once.
 *
 * VIGIE_SEED=N repeats one sequence.
 */
#include "world.h"

enum { PROCESSES = 150, STEPS = 3000, NAMES = 40, CGROUPS = 12 };

/* What the test remembers of a series. */
struct shadow {
	char labels[256];
	struct vigie_usage total;
	bool live, seen;
};

struct live {
	bool alive, zombie, kernel;
	__u32 uid;
	__u64 start_ns;
	unsigned int comm, cgroup;
};

struct checker {
	struct world world;
	struct model *model;
	struct model_config config;
	struct live live[PROCESSES];
	bool named[CGROUPS];
	unsigned int renamed[CGROUPS];
	struct shadow shadows[256];
	size_t nshadows;
	struct vigie_usage fed, ended, other;
	struct cpu_split host, unattributed;
	__u64 delay_fed, delay_shown, delay_retired, rss[VIGIE_RSS_KINDS];
	__u32 processes, threads;
};

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static void random_usage(struct checker *c, struct vigie_usage *inc)
{
	__u64 *word = (__u64 *)inc;
	int i;

	if (pick(3))
		return;
	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		word[i] = pick(4) ? 0 : pick(1000000);
	inc->user_ns *= 1 + pick(2000);
	usage_add(&c->fed, inc);
}

static const char *comm_name(unsigned int comm)
{
	static char name[32];

	/* Some raw names differ only where the sanitiser or the kernel-thread rule makes them one. */
	if (comm % 10 == 9)
		snprintf(name, sizeof(name), "kworker/%u:1", comm);
	else if (comm % 10 == 8)
		snprintf(name, sizeof(name), "\xff%u", comm);
	else
		snprintf(name, sizeof(name), "comm%u", comm);
	return name;
}

static void retire(struct checker *c, const struct live *live, unsigned int pid)
{
	struct retired *r = world_retired(&c->world, comm_name(live->comm), live->cgroup);

	r->key.flags = live->kernel ? VIGIE_TASK_KTHREAD : 0;
	if (!pick(20))
		r->key.flags = VIGIE_TASK_OTHER;
	r->key.uid = live->uid;
	r->key.tgid = pid;
	r->key.start_ns = live->start_ns;
	r->value.peak_pages = pick(5000);
	random_usage(c, &r->value.inc);
}

static void live_on(struct checker *c, struct live *live, unsigned int pid)
{
	struct process *p;
	int i;

	if (!pick(30))
		live->comm = pick(NAMES); /* exec */
	if (!pick(100))
		live->cgroup = pick(CGROUPS);
	if (!pick(100))
		live->zombie = true;
	p = world_process(&c->world, pid, comm_name(live->comm), live->cgroup);
	p->start_ns = live->start_ns;
	p->uid = live->uid;
	p->flags = (live->kernel ? VIGIE_TASK_KTHREAD : 0) | (live->zombie ? VIGIE_TASK_ZOMBIE : 0);
	random_usage(c, &p->inc);
	if (live->zombie) {
		p->threads = 0;
		return;
	}
	p->threads = 1 + pick(5);
	for (i = 0; i < VIGIE_RSS_KINDS; i++) {
		p->rss_pages[i] = pick(1000);
		c->rss[i] += p->rss_pages[i];
	}
	p->peak_pages = pick(4000);
	c->processes++;
	c->threads += p->threads;
}

static void feed_host(struct checker *c)
{
	struct host_cpu *cpu = &c->world.snapshot.host.cpu;

	cpu->user_ns += pick(2) ? (__u64)pick(1000000000) * 100 : 0;
	cpu->nice_ns += pick(1000000);
	cpu->system_ns += pick(1000000);
	cpu->irq_ns += pick(1000);
	if (!pick(50))
		cpu->user_ns -= pick(100000); /* kernels do that */
}

static void feed_blames(struct checker *c)
{
	unsigned int i, n = pick(6);

	for (i = 0; i < n; i++) {
		struct vigie_delay *b = &c->world.culprits[c->world.snapshot.nculprits++];

		*b = (struct vigie_delay){
			.victim = world_party(1 + pick(PROCESSES), comm_name(pick(NAMES)),
					      pick(CGROUPS)),
			.culprit = world_party(pick(PROCESSES), comm_name(pick(NAMES)),
					       pick(CGROUPS)),
			.wait_ns = 1 + pick(1000000),
			.waits = 1,
		};
		c->delay_fed += b->wait_ns;
	}
	c->world.snapshot.culprit_other_ns = pick(100);
	c->delay_fed += c->world.snapshot.culprit_other_ns;
}

static void feed_cgroups(struct checker *c)
{
	static char paths[CGROUPS][64];
	unsigned int i;

	for (i = 0; i < CGROUPS; i++) {
		if (!pick(20))
			c->named[i] = true;
		if (!pick(300))
			c->renamed[i]++;
		if (!c->named[i])
			continue;
		/* Two ids share each unit's name. */
		snprintf(paths[i], sizeof(paths[i]), "/system.slice/u%u-%u.service", i / 2,
			 c->renamed[i]);
		world_cgroup(&c->world, i, paths[i]);
	}
}

static __u64 feed(struct checker *c)
{
	static const __u64 steps[] = { 0,      1,	   1000,	SECOND,
				       SECOND, 5 * SECOND, 20 * SECOND, 100 * SECOND };
	__u64 step = steps[pick(8)];
	unsigned int pid;

	world_next(&c->world, step);
	memset(c->rss, 0, sizeof(c->rss));
	c->processes = c->threads = 0;
	feed_cgroups(c);
	for (pid = 1; pid < PROCESSES; pid++) {
		struct live *live = &c->live[pid];

		if (live->alive && !pick(40)) {
			retire(c, live, pid);
			live->alive = false;
		}
		if (!live->alive && !pick(60))
			*live = (struct live){ .alive = true,
					       .comm = pick(NAMES),
					       .cgroup = pick(CGROUPS),
					       .kernel = !pick(4),
					       .uid = pick(3),
					       .start_ns = rand() };
		if (live->alive)
			live_on(c, live, pid);
	}
	feed_host(c);
	feed_blames(c);
	return step;
}

static void join(const struct view *view, const struct group_view *group, char *dst, size_t size)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		len += (size_t)snprintf(dst + len, size - len, "%s|", group->label[i]);
	assert_true(len < size);
}

static struct shadow *find_shadow(struct checker *c, const char *labels)
{
	size_t i;

	for (i = 0; i < c->nshadows; i++)
		if (!strcmp(c->shadows[i].labels, labels))
			return &c->shadows[i];
	return NULL;
}

static void assert_sum(const struct vigie_usage *a, const struct vigie_usage *b,
		       const struct vigie_usage *whole)
{
	struct vigie_usage sum = *a;

	usage_add(&sum, b);
	assert_memory_equal(&sum, whole, sizeof(sum));
}

/* Goes on exactly where it was, or begins with nothing but this interval's part. */
static void check_series(struct checker *c, const struct view *view, const struct group_view *group)
{
	static const struct vigie_usage nothing;
	char labels[256];
	struct shadow *shadow;

	join(view, group, labels, sizeof(labels));
	shadow = find_shadow(c, labels);
	if (!shadow) {
		assert_true(c->nshadows < 256);
		shadow = &c->shadows[c->nshadows++];
		*shadow = (struct shadow){ 0 };
		snprintf(shadow->labels, sizeof(shadow->labels), "%s", labels);
		assert_sum(&nothing, &group->inc, &group->total);
	} else {
		assert_false(shadow->seen); /* labels twice on the page */
		assert_sum(&shadow->total, &group->inc, &group->total);
	}
	shadow->total = group->total;
	shadow->live = group->live;
	shadow->seen = true;
}

static void check_ended(struct checker *c, const struct view *view, __u64 step)
{
	size_t i = 0;

	while (i < c->nshadows) {
		struct shadow *shadow = &c->shadows[i];

		if (shadow->seen) {
			shadow->seen = false;
			i++;
			continue;
		}
		/* What lived a moment ago lingers, or is demoted first, if its room is not needed. */
		assert_false(shadow->live && step < c->config.linger_ns &&
			     step < c->config.promote_ns && view->ngroups < c->config.max_groups);
		usage_add(&c->ended, &shadow->total);
		*shadow = c->shadows[--c->nshadows];
	}
	assert_int_equal(c->ended.user_ns, view->retired_cpu.user_ns);
	assert_int_equal(c->ended.system_ns, view->retired_cpu.system_ns);
}

static void check_conserved(struct checker *c, const struct view *view)
{
	struct vigie_usage sum = c->ended;
	size_t i;

	assert_sum(&c->other, &view->other.inc, &view->other.total);
	c->other = view->other.total;
	usage_add(&sum, &view->other.total);
	for (i = 0; i < view->ngroups; i++)
		usage_add(&sum, &view->groups[i].total);
	assert_memory_equal(&sum, &c->fed, sizeof(sum));
}

static void check_equation(struct checker *c, const struct view *view)
{
	struct cpu_split sum = view->retired_cpu;
	size_t i;

	sum.user_ns += view->other.total.user_ns + view->unattributed_cpu.user_ns;
	sum.system_ns += view->other.total.system_ns + view->unattributed_cpu.system_ns;
	for (i = 0; i < view->ngroups; i++) {
		sum.user_ns += view->groups[i].total.user_ns;
		sum.system_ns += view->groups[i].total.system_ns;
	}
	assert_int_equal(sum.user_ns, view->host_cpu.user_ns);
	assert_int_equal(sum.system_ns, view->host_cpu.system_ns);
	assert_true(view->host_cpu.user_ns >= c->host.user_ns);
	assert_true(view->host_cpu.system_ns >= c->host.system_ns);
	assert_true(view->unattributed_cpu.user_ns >= c->unattributed.user_ns);
	assert_true(view->unattributed_cpu.system_ns >= c->unattributed.system_ns);
	c->host = view->host_cpu;
	c->unattributed = view->unattributed_cpu;
}

static void add_gauges(struct group_view *sum, const struct group_view *group)
{
	__u64 resident = 0;
	int k;

	sum->processes += group->processes;
	sum->threads += group->threads;
	for (k = 0; k < VIGIE_RSS_KINDS; k++) {
		sum->rss_bytes[k] += group->rss_bytes[k];
		if (k != VIGIE_RSS_SWAP && k != VIGIE_RSS_HUGETLB)
			resident += group->rss_bytes[k];
	}
	assert_true(group->peak_bytes >= resident);
	assert_int_equal(group->live, group->processes > 0);
}

static void check_gauges(struct checker *c, const struct view *view)
{
	struct group_view sum = { 0 };
	size_t i;
	int k;

	for (i = 0; i < view->ngroups; i++)
		add_gauges(&sum, &view->groups[i]);
	add_gauges(&sum, &view->other);
	assert_int_equal(sum.processes, c->processes);
	assert_int_equal(sum.threads, c->threads);
	for (k = 0; k < VIGIE_RSS_KINDS; k++)
		assert_int_equal(sum.rss_bytes[k], c->rss[k] * PAGE);
}

static void check_order(const struct view *view)
{
	unsigned int k;
	size_t i;
	int order;

	for (i = 1; i < view->ngroups; i++) {
		for (k = 0, order = 0; k < view->nkeys && !order; k++)
			order = strcmp(view->groups[i - 1].label[k], view->groups[i].label[k]);
		assert_true(order < 0);
	}
	for (i = 1; i < view->nunits; i++)
		assert_true(strcmp(view->units[i - 1].unit, view->units[i].unit) < 0);
}

/* Delays: what is shown and what ended is all there was. */
static void check_delays(struct checker *c, const struct view *view)
{
	__u64 shown = view->delay_other_ns, inc = view->delay_other_inc_ns, before = c->delay_shown;
	size_t i;

	assert_true(view->ndelays <= c->config.max_delays);
	for (i = 0; i < view->ndelays; i++) {
		shown += view->delays[i].wait_ns;
		inc += view->delays[i].wait_inc_ns;
		assert_true(i == 0 ||
			    strcmp(view->delays[i - 1].victim, view->delays[i].victim) < 0 ||
			    strcmp(view->delays[i - 1].culprit, view->delays[i].culprit) < 0);
	}
	assert_int_equal(shown + view->delay_retired_ns, c->delay_fed);
	assert_int_equal(before + inc, shown + view->delay_retired_ns - c->delay_retired);
	assert_true(view->delay_retired_ns >= c->delay_retired);
	c->delay_shown = shown;
	c->delay_retired = view->delay_retired_ns;
}

static void check(struct checker *c, const struct view *view, __u64 step)
{
	size_t i;

	assert_true(view->ngroups <= c->config.max_groups);
	for (i = 0; i < view->ngroups; i++)
		check_series(c, view, &view->groups[i]);
	check_ended(c, view, step);
	check_conserved(c, view);
	check_equation(c, view);
	check_gauges(c, view);
	check_order(view);
	check_delays(c, view);
	assert_int_equal(view->interval_ns, c->world.snapshot.nprocesses || step ? step : 0);
}

static void run(unsigned int seed, const struct model_config *config)
{
	struct checker *c = calloc(1, sizeof(*c));
	const struct view *view = NULL;
	unsigned int i;
	__u64 step;

	assert_non_null(c);
	srand(seed);
	c->config = *config;
	c->model = model__new(config);
	assert_non_null(c->model);
	feed(c);
	view = world_apply(&c->world, c->model);
	check(c, view, 0);
	for (i = 1; i < STEPS; i++) {
		step = feed(c);
		view = world_apply(&c->world, c->model);
		check(c, view, step);
	}
	print_message("seed %u: ended %llu, promoted %llu, folded %llu, known %llu\n", seed,
		      (unsigned long long)view->groups_ended_total,
		      (unsigned long long)view->groups_promoted_total,
		      (unsigned long long)view->groups_folded_total,
		      (unsigned long long)view->groups_known);
	model__free(c->model);
	free(c);
}

static unsigned int base_seed(void)
{
	const char *text = getenv("VIGIE_SEED");

	return text ? (unsigned int)strtoul(text, NULL, 10) : 1;
}

static struct model_config small_config(void)
{
	struct model_config config;

	model_config_default(&config);
	config.max_groups = 12;
	config.max_known = 60;
	config.linger_ns = 30 * SECOND;
	config.promote_ns = 5 * SECOND;
	config.max_delays = 10;
	return config;
}

static void test_unit_comm(void **state)
{
	struct model_config config = small_config();
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		run(base_seed() + i, &config);
}

static void test_tight(void **state)
{
	struct model_config config = small_config();

	(void)state;
	config.max_groups = 1;
	config.max_known = 1;
	config.max_delays = 0;
	run(base_seed() + 10, &config);
	config.max_groups = 2;
	config.max_known = 5;
	config.promote_ns = 0;
	run(base_seed() + 11, &config);
}

static void test_all_keys(void **state)
{
	struct model_config config = small_config();

	(void)state;
	config.nkeys = 6;
	config.keys[0] = KEY_PID;
	config.keys[1] = KEY_COMM;
	config.keys[2] = KEY_UNIT;
	config.keys[3] = KEY_EXE;
	config.keys[4] = KEY_CGROUP;
	config.keys[5] = KEY_USER;
	run(base_seed() + 20, &config);
	config.max_groups = 200;
	run(base_seed() + 21, &config);
}

static void test_few_groups(void **state)
{
	struct model_config config = small_config();

	(void)state;
	config.nkeys = 1;
	config.keys[0] = KEY_USER;
	run(base_seed() + 30, &config);
	config.keys[0] = KEY_COMM;
	config.linger_ns = 0;
	run(base_seed() + 31, &config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit_comm),
		cmocka_unit_test(test_tight),
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_few_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
