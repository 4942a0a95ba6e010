// SPDX-License-Identifier: GPL-2.0-only
/*
 * delays.c - the table of pairs.
 *
 * Owns: its bounds. A pair that finds no place or no memory is credited to other; a pair
 * idle for the linger time leaves, and what it had counted ends with its series; it keeps
 * its place, and what accrues goes to other, until scrapers have seen that it is gone.
 * Not here: names of parties (party.c).
 */
#include "model/delays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int delays_init(struct delays *delays, const struct model_config *config, __u64 seed)
{
	size_t max = config->max_delays;

	*delays = (struct delays){
		.max = config->max_delays,
		.linger_ns = config->linger_ns,
		.seed = seed,
	};
	hash_init(&delays->index);
	if (!max)
		return 0;
	delays->pairs = calloc(max, sizeof(*delays->pairs));
	delays->sorted = calloc(max, sizeof(*delays->sorted));
	delays->view = calloc(max, sizeof(*delays->view));
	if (delays->pairs && delays->sorted && delays->view && !hash_reserve(&delays->index, max))
		return 0;
	delays_done(delays);
	return -ENOMEM;
}

void delays_done(struct delays *delays)
{
	__u32 i;

	for (i = 0; delays->pairs && i < delays->max; i++)
		free(delays->pairs[i].names);
	free(delays->pairs);
	free(delays->sorted);
	free(delays->view);
	hash_done(&delays->index);
	*delays = (struct delays){ 0 };
}

static struct delay *find_pair(const struct delays *delays, const char *names, size_t len,
			       __u32 sum)
{
	__u32 at, i;

	for (i = hash_first(&delays->index, sum, &at); i != HASH_NONE;
	     i = hash_next(&delays->index, sum, &at))
		if (delays->pairs[i].len == len && !memcmp(delays->pairs[i].names, names, len))
			return &delays->pairs[i];
	return NULL;
}

static struct delay *new_pair(struct delays *delays, const char *names, size_t len, __u32 sum)
{
	__u32 at = delays->free_hint;
	char *copy;

	while (at < delays->max && delays->pairs[at].names)
		at++;
	delays->free_hint = at;
	if (at == delays->max)
		return NULL;
	copy = malloc(len);
	if (!copy)
		return NULL;
	memcpy(copy, names, len);
	delays->pairs[at] = (struct delay){ .sum = sum, .names = copy, .len = len };
	hash_add(&delays->index, sum, at);
	delays->changed = true;
	return &delays->pairs[at];
}

static void free_pair(struct delays *delays, __u32 at)
{
	struct delay *pair = &delays->pairs[at];

	hash_del(&delays->index, pair->sum, at);
	free(pair->names);
	*pair = (struct delay){ 0 };
	if (delays->free_hint > at)
		delays->free_hint = at;
	delays->changed = true;
}

static void credit_other(struct delays *delays, __u64 wait_ns)
{
	delays->other_ns += wait_ns;
	delays->other_inc_ns += wait_ns;
}

static void delays_credit(struct delays *delays, struct groups *groups,
			  const struct snapshot *snapshot, const struct vigie_delay *delay,
			  __u64 now_ns)
{
	char names[2 * LABELS_SIZE], culprit[LABELS_SIZE];
	struct delay *pair;
	size_t victim_size, len;
	__u32 sum;

	party_name(groups, snapshot, &delay->victim, names);
	party_name(groups, snapshot, &delay->culprit, culprit);
	victim_size = strlen(names) + 1;
	len = victim_size + strlen(culprit) + 1;
	memcpy(names + victim_size, culprit, len - victim_size);
	sum = (__u32)hash_bytes(names, len, delays->seed);
	pair = find_pair(delays, names, len, sum);
	if (!pair)
		pair = new_pair(delays, names, len, sum);
	if (!pair || pair->ended_ns) {
		credit_other(delays, delay->wait_ns);
		return;
	}
	pair->wait_ns += delay->wait_ns;
	pair->wait_inc_ns += delay->wait_ns;
	pair->waits += delay->waits;
	pair->seen_ns = now_ns;
}

static void delays_begin(struct delays *delays, __u64 now_ns)
{
	__u32 i;

	delays->other_inc_ns = 0;
	for (i = 0; i < delays->max; i++) {
		struct delay *pair = &delays->pairs[i];

		pair->wait_inc_ns = 0;
		if (pair->ended_ns && !is_absent(pair->ended_ns, now_ns, delays->linger_ns))
			free_pair(delays, i);
	}
}

/* Last: a pair that is back in this very interval goes on, or its counter would step back. */
static void expire(struct delays *delays, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < delays->max; i++) {
		struct delay *pair = &delays->pairs[i];

		if (!pair->names || pair->ended_ns || pair->seen_ns == now_ns ||
		    now_ns - pair->seen_ns < delays->linger_ns)
			continue;
		pair->ended_ns = now_ns;
		delays->changed = true;
	}
}

void delays_apply(struct delays *delays, struct groups *groups, const struct snapshot *snapshot,
		  __u64 now_ns)
{
	size_t i;

	delays_begin(delays, now_ns);
	for (i = 0; i < snapshot->nculprits; i++)
		if (snapshot->culprits[i].victim.tgid)
			delays_credit(delays, groups, snapshot, &snapshot->culprits[i], now_ns);
	credit_other(delays, snapshot->culprit_other_ns);
	expire(delays, now_ns);
}

static const char *culprit_of(const struct delay *pair)
{
	return pair->names + strlen(pair->names) + 1;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct delay *x = *(struct delay *const *)a, *y = *(struct delay *const *)b;
	int order = strcmp(x->names, y->names);

	return order ? order : strcmp(culprit_of(x), culprit_of(y));
}

static void delays_sort(struct delays *delays)
{
	__u32 i;

	if (!delays->changed)
		return;
	delays->changed = false;
	delays->nsorted = 0;
	for (i = 0; i < delays->max; i++)
		if (delays->pairs[i].names && !delays->pairs[i].ended_ns)
			delays->sorted[delays->nsorted++] = &delays->pairs[i];
	qsort(delays->sorted, delays->nsorted, sizeof(*delays->sorted), compare_pairs);
}

void delays_show(struct delays *delays, struct view *view)
{
	__u32 i;

	delays_sort(delays);
	for (i = 0; i < delays->nsorted; i++) {
		const struct delay *pair = delays->sorted[i];

		delays->view[i] = (struct delay_view){
			.victim = pair->names,
			.culprit = culprit_of(pair),
			.wait_ns = pair->wait_ns,
			.waits = pair->waits,
			.wait_inc_ns = pair->wait_inc_ns,
		};
	}
	view->delays = delays->view;
	view->ndelays = delays->nsorted;
	view->delay_other_ns = delays->other_ns;
	view->delay_other_inc_ns = delays->other_inc_ns;
}
