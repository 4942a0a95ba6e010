/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * episodes.h - the life of a finding: pending, active, cooling. PURE.
 *
 * A watcher signals in every view in which its condition holds. episodes makes a finding of it: it
 * begins when the condition has held long enough, is updated, and ends when the condition has
 * been gone for a while.
 * Owns: hysteresis, deduplication, cooldown, the limit a minute, ids, verdicts. Not here: any
 * condition.
 */
#ifndef VIGIE_DETECT_EPISODES_H
#define VIGIE_DETECT_EPISODES_H

#include "data/finding.h"
#include "data/view.h"
#include "detect/detect.h"
#include "detect/rules.h"

struct episode;

/* That a condition holds for one subject in one view. */
struct signal {
	enum rule_id rule;
	struct actor who;
	bool hot; /* strong enough to begin a finding; else only to keep one up */
	enum severity severity;
	double observed, expected, confidence;
	__u64 sustain_ns; /* it must hold that long before it begins */
	__u64 clear_ns; /* and be gone that long before it ends */
	__u64 since_ns; /* when the condition began, if the watcher knows; else 0: with the first signal */
	double slope_per_s;
	__u64 exhausted_in_ns, limit_bytes;
	__u64 cgroup_id; /* for describe */
	/* Fills in culprits and parents and may improve the message; view is the present one. */
	void (*describe)(const struct view *view, const struct episode *episode,
			 struct finding *ret);
};

enum { EPISODE_CULPRITS = 6 };

/* Who ran while the subject waited; older shares count less. */
struct culprit_sum {
	struct vigie_party who;
	double ns;
};

enum episode_state { EPISODE_PENDING, EPISODE_ACTIVE, EPISODE_COOLING };

struct episode {
	__u64 key;
	enum episode_state state;
	bool signalled; /* in this view */
	bool changed; /* to be handed out */
	bool judged; /* a verdict changed its level: an update is due */
	bool in_total, in_active; /* it is in these sums */
	__u64 since_ns, warm_ns, told_ns, ended_ns;
	__u64 mild_ns; /* when it was last no worse than its last episode said */
	struct signal signal; /* the last one */
	struct culprit_sum culprits[EPISODE_CULPRITS];
	double culprits_ns;
	struct finding finding;
};

struct episodes {
	struct detect_config config;
	struct episode **all;
	unsigned int n, cap;
	const struct finding **out;
	unsigned int nout;
	__u64 window_ns; /* of the limit a minute */
	unsigned int in_window;
	struct {
		char pattern[FINDING_ID_LEN];
		enum verdict_kind kind;
	} * verdicts;
	unsigned int nverdicts;
	__u64 total[RULES], active[RULES];
	__u64 suppressed, silenced;
};

int episodes_init(struct episodes *episodes, const struct detect_config *config);
void episodes_done(struct episodes *episodes);
void episodes_begin(struct episodes *episodes, const struct view *view);
/* Returns the episode, so that a watcher may add culprits; NULL: no room. */
struct episode *episodes_signal(struct episodes *episodes, const struct view *view,
				const struct signal *signal);
void episodes_end(struct episodes *episodes, const struct view *view);
/* After a view that only the certain watchers judged: learned findings without a signal go on. */
void episodes_end_short(struct episodes *episodes, const struct view *view);
int episodes_silence(struct episodes *episodes, const char *pattern, enum verdict_kind kind);

/* Adds up; what was there before counts less each time. */
void episode_add_culprit(struct episode *episode, const struct vigie_party *who, __u64 ns);

#endif
