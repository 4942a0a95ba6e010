// SPDX-License-Identifier: GPL-2.0-only
/* budget.c - owns the two thresholds, the smoothing and the cool-down. */
#include "daemon/budget.h"

#define RETURN_PART 0.75 /* of the limit */
#define COOLDOWN_MAX 64 /* times the first one */
/* A return that held for so many cool-downs was right: what comes later is another load. */
#define HELD_FIRST 10 /* of the first ones */
#define HELD 4 /* of the present ones */

void budget_init(struct budget *b, double limit, unsigned int steps, __u64 base_ns, __u64 now_ns)
{
	*b = (struct budget){
		.limit = limit,
		.steps = steps,
		.changed_ns = now_ns,
		.read_ns = now_ns,
		.cooldown_ns = base_ns,
		.base_ns = base_ns,
	};
}

/* By how much time it speaks for: readings come as often as snapshots do. */
static void budget_smooth(struct budget *b, __u64 now_ns, double spent)
{
	double dt = now_ns - b->read_ns;

	if (b->has_reading)
		b->smoothed += (spent - b->smoothed) * dt / (dt + b->base_ns / 2);
	else
		b->smoothed = spent;
	b->has_reading = true;
	b->read_ns = now_ns;
	if (b->smoothed >= RETURN_PART * b->limit)
		b->calm_ns = 0;
	else if (!b->calm_ns)
		b->calm_ns = now_ns;
}

static void budget_changed(struct budget *b, __u64 now_ns, bool returned)
{
	b->taken += returned ? -1 : 1;
	b->returned = returned;
	b->has_reading = false;
	b->changed_ns = now_ns;
	b->calm_ns = 0;
}

static void learn_from_return(struct budget *b, __u64 now_ns)
{
	__u64 held_ns = now_ns - b->changed_ns;

	if (!b->returned)
		return;
	if (held_ns >= HELD * b->cooldown_ns && held_ns >= HELD_FIRST * b->base_ns)
		b->cooldown_ns = b->base_ns;
	else if (b->cooldown_ns < COOLDOWN_MAX * b->base_ns)
		b->cooldown_ns *= 2;
}

enum budget_change budget_see(struct budget *b, __u64 now_ns, double spent, double more, bool helps)
{
	budget_smooth(b, now_ns, spent);
	/* Both: one reading may be an accident, and an excess that is over needs no step. */
	if (spent > b->limit && b->smoothed > b->limit) {
		if (b->taken >= b->steps || !helps)
			return BUDGET_STAYS;
		learn_from_return(b, now_ns);
		budget_changed(b, now_ns, false);
		return BUDGET_SHEDS;
	}
	if (!b->taken || !b->calm_ns || now_ns - b->calm_ns < b->cooldown_ns ||
	    spent + more > b->limit)
		return BUDGET_STAYS;
	budget_changed(b, now_ns, true);
	return BUDGET_RETURNS;
}
