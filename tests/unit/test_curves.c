// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_curves.c - the curve that explain draws is the figure by which each rule decided: for
 * every rule of the table a scene is made until its finding begins, and goes on; the curve of the
 * same views, given what the log says of the subject, has that figure at each moment at which the
 * finding was told. A rule without a scene fails.
 */
#include "app/curve.h"
#include "detect_scene.h"

enum { STEPS_MAX = 8000, AFTER = 70, TOLD_MAX = 8 };

/* The i-th view, from a calm one. */
typedef void make_fn(struct scene *s, int i);

static void make_oom(struct scene *s, int i)
{
	s->processes[7].rss_pages[VIGIE_RSS_ANON] = (100ULL + i) * MIB / PAGE;
	if (i != 20)
		return;
	s->oom = (struct oom_view){ .victim_comm = "db",
				    .trigger_comm = "db",
				    .victim = "",
				    .trigger = "",
				    .victim_pid = 70,
				    .victim_bytes = 300ULL * MIB,
				    .victim_cgroup_id = 107 };
	s->view.nooms = 1;
}

static void make_starvation(struct scene *s, int i)
{
	starve(s, 1, 2);
	s->processes[1].inc.wait_ns += i * 100000;
}

/* Part of the reclaim is time off the CPU: what a sum would count twice. Others stall less. */
static void make_stall(struct scene *s, int i)
{
	s->processes[1].threads = 2;
	s->processes[1].inc.off_ns[VIGIE_OFF_MEMORY] = 500000000 + i * 1000000;
	s->processes[1].inc.stall_ns[VIGIE_STALL_RECLAIM] = 200000000;
	s->processes[1].inc.stall_ns[VIGIE_STALL_COMPACTION] = 100000000;
	s->processes[2].inc.off_ns[VIGIE_OFF_MEMORY] = 50000000;
}

/* Two cgroups of one unit; cpu.stat is read in every other view only. */
static void make_throttling(struct scene *s, int i)
{
	int c;

	for (c = 3; c < 5; c++) {
		s->cgroups[c].stat = &s->stats[c];
		s->cgroups[c].unit = "limited.service";
		if (i % 2)
			continue;
		s->stats[c].periods += 20;
		s->stats[c].throttled_periods += 18;
		s->stats[c].throttled_ns += 1000000000ULL + (c + i) * 1000000ULL;
	}
}

static void make_storm(struct scene *s, int i)
{
	s->view.host_forks_inc = i < 60 ? 100 : 8000 + i;
}

/* Its group has another one that burns: the rule is about the process. */
static void make_runaway(struct scene *s, int i)
{
	burn(s, 2);
	s->processes[2].inc.user_ns += i;
	s->groups[2].inc.user_ns = 2 * s->processes[2].inc.user_ns;
}

static void make_swapping(struct scene *s, int i)
{
	s->view.host.swap_in_pages += 1500 + i;
	s->view.host.swap_out_pages += 3000;
}

static void make_crashes(struct scene *s, int i)
{
	s->processes[6].start_ns = s->view.time_ns;
	s->groups[6].inc.exits[VIGIE_EXIT_SIGNAL] = s->groups[6].inc.starts = i % 4 == 3;
}

static void make_losses(struct scene *s, int i)
{
	s->view.stat.loss[VIGIE_LOSS_DELAY_FULL] += 1000; /* folded, not lost */
	if (i > 10)
		s->view.stat.loss[VIGIE_LOSS_RING_FULL] += i;
	s->view.stat.lost_records = 7;
}

/* Two processes of one group: the finding names the larger one, its figure is the group's. */
static void make_growth(struct scene *s, int i)
{
	__u64 grown = i < 300 ? 0 : (i - 300) * 20ULL;

	s->places[7] = 6;
	s->processes[7].rss_pages[VIGIE_RSS_ANON] = (100 + grown / 2) * MIB / PAGE;
	s->processes[6].rss_pages[VIGIE_RSS_ANON] = (50 + grown / 2) * MIB / PAGE;
	s->groups[6].rss_bytes[VIGIE_RSS_ANON] = (150 + grown) * MIB;
}

/* Half a day of small changes, then a step that stays. */
static __u64 stepped(int i, __u64 usual, __u64 then)
{
	return i < 6000 ? usual + usual / 10 * (i / 30 * 7 % 5) : then;
}

static void make_departure_cpu(struct scene *s, int i)
{
	s->groups[1].inc.user_ns = stepped(i, 50000000, 900000000);
	s->groups[1].inc.system_ns = 1000000;
}

static void make_departure_wait(struct scene *s, int i)
{
	s->groups[1].inc.wait_count[9] = 100;
	s->groups[1].inc.wait_count[10] = 50;
	s->groups[1].inc.wait_ns = 150 * stepped(i, 100000, 9000000);
}

static void make_departure_memory(struct scene *s, int i)
{
	s->groups[1].rss_bytes[VIGIE_RSS_ANON] = stepped(i, 20, 300) * MIB;
	s->groups[1].rss_bytes[VIGIE_RSS_FILE] = 10ULL * MIB;
	s->groups[1].rss_bytes[VIGIE_RSS_SHMEM] = 5ULL * MIB;
}

static void make_departure_faults(struct scene *s, int i)
{
	s->groups[1].inc.minor_faults = stepped(i, 100, 9000);
	s->groups[1].inc.major_faults = 3;
}

static void make_departure_switches(struct scene *s, int i)
{
	s->groups[1].inc.voluntary_switches = stepped(i, 300, 20000);
	s->groups[1].inc.involuntary_switches = 30;
}

static make_fn *const scenes[RULES] = {
	[RULE_OOM_KILL] = make_oom,
	[RULE_STARVATION] = make_starvation,
	[RULE_MEMORY_STALL] = make_stall,
	[RULE_THROTTLED] = make_throttling,
	[RULE_FORK_STORM] = make_storm,
	[RULE_RUNAWAY] = make_runaway,
	[RULE_SWAP_STORM] = make_swapping,
	[RULE_CRASH_LOOP] = make_crashes,

	[RULE_SELF_LOSS] = make_losses,
	[RULE_GROWTH] = make_growth,
	[RULE_DEPARTURE_CPU] = make_departure_cpu,
	[RULE_DEPARTURE_WAIT] = make_departure_wait,
	[RULE_DEPARTURE_MEMORY] = make_departure_memory,
	[RULE_DEPARTURE_FAULTS] = make_departure_faults,
	[RULE_DEPARTURE_SWITCHES] = make_departure_switches,
};

static void make(struct scene *s, unsigned int rule, int i)
{
	calm(s);
	s->view.culprits = s->culprits;
	s->view.ooms = &s->oom;
	scenes[rule](s, i);
}

/* What was told of the first finding of a rule, and at which view. */
struct told {
	struct finding finding[TOLD_MAX];
	int at[TOLD_MAX];
	unsigned int n;
};

static void detect_it(unsigned int rule, struct told *told)
{
	unsigned int begun = 0, updated = 0;
	struct scene s;
	int i, end = STEPS_MAX;

	scene_init(&s);
	for (i = 0; i < end; i++) {
		make(&s, rule, i);
		s.last.id[0] = '\0';
		step(&s);
		if (s.started[rule] == begun && s.updated[rule] == updated)
			continue;
		if (!begun)
			end = i + AFTER;
		begun = s.started[rule];
		updated = s.updated[rule];
		if (told->n && strcmp(s.last.id, told->finding[0].id))
			continue; /* another subject's */
		assert_ptr_equal(s.last.rule, &rules[rule]);
		assert_true(told->n < TOLD_MAX);
		told->finding[told->n] = s.last;
		told->at[told->n++] = i;
	}
	scene_done(&s);
}

/* An actor as it comes back from the log. */
static struct actor logged(const struct actor *who)
{
	struct actor ret = { .pid = who->pid, .start_ns = who->start_ns };

	memcpy(ret.comm, who->comm, sizeof(ret.comm));
	memcpy(ret.unit, who->unit, sizeof(ret.unit));
	return ret;
}

static void follow_it(unsigned int rule, const struct told *told)
{
	struct actor who = logged(&told->finding[0].who);
	struct curve curve;
	unsigned int n = 0;
	struct scene s;
	int i;

	scene_init(&s);
	assert_int_equal(curve_init(&curve, 1, ~0ULL, &rules[rule], &who), 0);
	for (i = 0; n < told->n; i++) {
		make(&s, rule, i);
		step(&s);
		curve_add(&curve, &s.view);
		if (i != told->at[n])
			continue;
		if (curve.last != told->finding[n].observed)
			print_error("%s, told %u at %d: observed %.17g, curve %.17g\n",
				    rules[rule].id, n, i, told->finding[n].observed, curve.last);
		assert_true(curve.samples > 0);
		assert_true(curve.last == told->finding[n].observed);
		/* Of nothing that was told later is more known. */
		assert_true(n > 0 || curve.top == told->finding[n].worst);
		n++;
	}
	curve_done(&curve);
	scene_done(&s);
}

static void the_curve_is_the_figure_that_decided(void **state)
{
	unsigned int rule = *(const unsigned int *)*state;
	struct told told = { .n = 0 };

	assert_non_null(scenes[rule]); /* a new rule: make a scene for it above */
	assert_non_null(rules[rule].figure);
	detect_it(rule, &told);
	assert_true(told.n > 0);
	follow_it(rule, &told);
}

int main(void)
{
	static unsigned int numbers[RULES];
	struct CMUnitTest tests[RULES];
	int i;

	for (i = 0; i < RULES; i++) {
		numbers[i] = i;
		tests[i] = (struct CMUnitTest){ rules[i].id, the_curve_is_the_figure_that_decided,
						NULL, NULL, &numbers[i] };
	}
	return cmocka_run_group_tests_name("curves", tests, NULL, NULL);
}
