/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * budget.h - when vigie does less because it costs too much, and when it does all again. PURE.
 *
 * Owns: the decision, a step at a time, and why it cannot flap. Time and costs are given to it. Two
 * ways to fail are known from others. Who acts on a reading of before the last step takes a second
 * step for the same excess, and so on down to the floor: here a step forgets all readings. Who returns
 * as soon as there is room costs too much again at once: here it has to be below three
 * quarters for a while first, and by what it saved; each return that did not hold doubles that while.
 * Not here: what a step is (overhead.c), what things cost.
 */
#ifndef VIGIE_DAEMON_BUDGET_H
#define VIGIE_DAEMON_BUDGET_H

#include <stdbool.h>
#include <vigie/abi.h>

enum budget_change { BUDGET_STAYS, BUDGET_SHEDS, BUDGET_RETURNS };

struct budget {
	double limit; /* of one core */
	unsigned int steps; /* how many there are */
	unsigned int taken; /* of them, from the first */
	double smoothed; /* mean of the past; of the time since the last change only */
	bool has_reading; /* since the last change */
	bool returned; /* that is what the last change was */
	__u64 changed_ns, read_ns;
	__u64 calm_ns; /* since then it is below what lets it return; 0: it is not */
	__u64 cooldown_ns; /* how long it has to be */
	__u64 base_ns; /* that, to begin with */
};

/* base_ns: the first cool-down, some readings long; half of it is what the mean of the past reaches back. */
void budget_init(struct budget *budget, double limit, unsigned int steps, __u64 base_ns,
		 __u64 now_ns);
/*
 * A reading: what was spent of a core since the one before, and nothing of before the last change. more: what
 * the step that would be the next to return would add to it, as far as that is known; else 0. helps:
 * the next step to take would save something; if not, none is taken. Says what to do now; taken has
 * it already.
 */
enum budget_change budget_see(struct budget *budget, __u64 now_ns, double spent, double more,
			      bool helps);

#endif
