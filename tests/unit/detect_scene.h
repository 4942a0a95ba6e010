/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * detect_scene.h - a small host for the tests of detect/: eight processes, each the only one of
 * its group and its cgroup, and views of them a second apart.
 *
 * Owns: the scene and what was handed out in it. Included by tests only.
 */
#ifndef TESTS_UNIT_DETECT_SCENE_H
#define TESTS_UNIT_DETECT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/detect.h"
#include "detect/rules.h"

enum { PROCESSES = 8, GROUPS = 8, MIB = 1 << 20, PAGE = 4096 };

#define SECOND 1000000000ULL

/* Process i is the only one of group i and of cgroup 100 + i. */
struct scene {
	struct view view;
	struct process processes[PROCESSES];
	__u32 places[PROCESSES];
	struct group_view groups[GROUPS];
	struct cgroup_view cgroups[PROCESSES];
	struct cgroup_stat stats[PROCESSES];
	struct vigie_delay culprits[4];
	struct oom_view oom;
	struct detect *detect;
	struct finding last; /* that was handed out */
	unsigned int started[RULES], ended[RULES], updated[RULES];
	unsigned int loud; /* starts of warnings and above */
	unsigned int raised; /* updates that made the last one more severe */
};

static const char *const scene_names[PROCESSES] = { "init",  "nginx", "hog",   "gcc",
						    "batch", "cache", "crash", "db" };

static inline void scene_init(struct scene *s)
{
	struct detect_config config;
	int i;

	memset(s, 0, sizeof(*s));
	detect_config_default(&config);
	s->detect = detect__new(&config);
	assert_non_null(s->detect);
	s->view.time_ns = 1000 * SECOND;
	s->view.wall_ns = 1700000000 * SECOND;
	s->view.page_size = PAGE;
	s->view.nkeys = 2;
	s->view.keys[0] = KEY_UNIT;
	s->view.keys[1] = KEY_COMM;
	s->view.host.online_cpus = 2;
	s->view.host.memory.total = 8ULL << 30;
	s->view.host.memory.available = 6ULL << 30;
	s->view.other.label[0] = s->view.other.label[1] = GROUP_OTHER;
	for (i = 0; i < PROCESSES; i++) {
		struct process *p = &s->processes[i];

		p->pid = i ? 10 * i : 1;
		p->ppid = i ? 1 : 0;
		p->threads = 1;
		p->start_ns = 5 * SECOND;
		p->cgroup_id = 100 + i;
		snprintf(p->comm, sizeof(p->comm), "%s", scene_names[i]);
		s->places[i] = i;
		s->groups[i].label[0] = "app.service";
		s->groups[i].label[1] = scene_names[i];
		s->groups[i].processes = 1;
		s->groups[i].live = true;
		s->cgroups[i].id = 100 + i;
		s->cgroups[i].unit = i == 2 ? "noise.service" : "app.service";
		s->cgroups[i].path = "/app";
		s->cgroups[i].container_id = "";
		s->stats[i].id = 100 + i;
	}
	s->view.processes = s->processes;
	s->view.process_group = s->places;
	s->view.nprocesses = PROCESSES;
	s->view.groups = s->groups;
	s->view.ngroups = GROUPS;
	s->view.cgroups = s->cgroups;
	s->view.ncgroups = PROCESSES;
}

static inline void scene_done(struct scene *s)
{
	detect__free(s->detect);
}

/* Everybody sleeps; what a test wants it sets before step(). */
static inline void calm(struct scene *s)
{
	int i;

	for (i = 0; i < PROCESSES; i++) {
		memset(&s->processes[i].inc, 0, sizeof(s->processes[i].inc));
		memset(&s->groups[i].inc, 0, sizeof(s->groups[i].inc));
	}
	s->view.nculprits = 0;
	s->view.nooms = 0;
	s->view.host_forks_inc = 0;
}

static inline void step_ns(struct scene *s, __u64 interval_ns)
{
	const struct finding *const *out;
	size_t n, i;

	s->view.interval_ns = interval_ns;
	s->view.time_ns += interval_ns;
	s->view.wall_ns += interval_ns;
	s->view.culprits = s->culprits;
	s->view.ooms = &s->oom;
	assert_int_equal(detect__step(s->detect, &s->view, &out, &n), 0);
	for (i = 0; i < n; i++) {
		unsigned int rule = out[i]->rule - rules;

		s->raised += out[i]->phase == FINDING_UPDATE && !strcmp(out[i]->id, s->last.id) &&
			     out[i]->severity > s->last.severity;
		s->last = *out[i];
		s->started[rule] += out[i]->phase == FINDING_START;
		s->updated[rule] += out[i]->phase == FINDING_UPDATE;
		s->ended[rule] += out[i]->phase == FINDING_END;
		s->loud += out[i]->phase == FINDING_START && out[i]->severity >= SEVERITY_WARNING &&
			   !out[i]->silenced;
		assert_true(strlen(out[i]->id) == 12 && strlen(out[i]->pattern) == 12);
		assert_true(out[i]->message[0] != '\0');
	}
}

static inline void step(struct scene *s)
{
	step_ns(s, SECOND);
}

static inline void blame(struct scene *s, int victim, int culprit, __u64 ns)
{
	struct vigie_delay *b = &s->culprits[s->view.nculprits++];

	memset(b, 0, sizeof(*b));
	b->victim.tgid = s->processes[victim].pid;
	b->culprit.tgid = s->processes[culprit].pid;
	b->culprit.cgroup_id = s->processes[culprit].cgroup_id;
	memcpy(b->victim.comm, s->processes[victim].comm, VIGIE_COMM_LEN);
	memcpy(b->culprit.comm, s->processes[culprit].comm, VIGIE_COMM_LEN);
	b->wait_ns = ns;
	/* Who is to blame for that ran that long. */
	if (s->processes[culprit].inc.user_ns < ns)
		s->processes[culprit].inc.user_ns = ns;
}

static inline void starve(struct scene *s, int victim, int culprit)
{
	s->processes[victim].inc.wait_ns = 700000000;
	s->processes[victim].inc.user_ns = 100000000;
	s->processes[victim].inc.voluntary_switches = 100;
	blame(s, victim, culprit, 600000000);
}

static inline void burn(struct scene *s, int i)
{
	s->processes[i].inc.user_ns = 980000000;
	s->processes[i].inc.involuntary_switches = 40;
}

#endif
