// SPDX-License-Identifier: GPL-2.0-only
/*
 * delays.c - the table of pairs.
 *
 * Owns: its bounds, and who has a series: the largest, by the rules of groups. A pair gets a
 * place while there is room, else that of the least if it is twice as large, and before its
 * interval is credited. Every wait is credited once, as it accrues: to its pair's series, or to
 * other. A series ends when its place is taken or it was idle for the linger time; what it had
 * goes to retired, and for a while what accrues to other, until scrapers have seen that it is gone.
 * Not here: names of parties (party.c).
 */
#include "model/delays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Pairs remembered for each that is shown: who is small now may be large in a minute. */
enum { KNOWN_FACTOR = 20, NAMES_SIZE = 4 * LABELS_SIZE };

#define CLAIM_FACTOR 2 /* so much larger than who gives way */
/* Part of all slow waits of an interval: who has that gets a place though many were taken. */
#define INCIDENT_PART 10
#define SECOND_NS 1000000000.0

int delays_init(struct delays *delays, const struct model_config *config, __u64 seed)
{
	size_t max = config->max_delays, known = max * KNOWN_FACTOR;

	*delays = (struct delays){
		.max = config->max_delays,
		.known = known,
		.linger_ns = config->linger_ns,
		.span_ns = config->promote_ns,
		.seed = seed,
	};
	hash_init(&delays->index);
	if (!max)
		return 0;
	delays->pairs = calloc(known, sizeof(*delays->pairs));
	delays->rank = calloc(known, sizeof(*delays->rank));
	delays->sorted = calloc(max, sizeof(*delays->sorted));
	delays->view = calloc(max, sizeof(*delays->view));
	if (delays->pairs && delays->rank && delays->sorted && delays->view &&
	    !hash_reserve(&delays->index, known))
		return 0;
	delays_done(delays);
	return -ENOMEM;
}

void delays_done(struct delays *delays)
{
	__u32 i;

	for (i = 0; delays->pairs && i < delays->known; i++)
		free(delays->pairs[i].names);
	free(delays->pairs);
	free(delays->rank);
	free(delays->sorted);
	free(delays->view);
	hash_done(&delays->index);
	*delays = (struct delays){ 0 };
}

/* --- Pairs. */

/* Names can meet: "a/b" and "c" read like "a" and "b/c". Labels cannot, and are part of a pair. */
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

static struct delay *new_pair(struct delays *delays, const struct delay *wanted)
{
	__u32 at = delays->free_hint;
	char *copy;

	while (at < delays->known && delays->pairs[at].names)
		at++;
	delays->free_hint = at;
	if (at == delays->known)
		return NULL;
	copy = malloc(wanted->len);
	if (!copy)
		return NULL;
	memcpy(copy, wanted->names, wanted->len);
	delays->pairs[at] = *wanted;
	delays->pairs[at].names = copy;
	hash_add(&delays->index, wanted->sum, at);
	delays->npairs++;
	return &delays->pairs[at];
}

static void free_pair(struct delays *delays, struct delay *pair)
{
	__u32 at = pair - delays->pairs;

	hash_del(&delays->index, pair->sum, at);
	free(pair->names);
	*pair = (struct delay){ 0 };
	delays->npairs--;
	if (delays->free_hint > at)
		delays->free_hint = at;
}

static const char *culprit_of(const struct delay *pair)
{
	return pair->names + strlen(pair->names) + 1;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct delay *x = *(struct delay *const *)a, *y = *(struct delay *const *)b;
	int order = strcmp(x->names, y->names);

	order = order ? order : strcmp(culprit_of(x), culprit_of(y));
	return order ? order : memcmp(x->names, y->names, x->len); /* as long: they read alike */
}

/* The largest first; ties by name, so that a replay decides alike. */
static int compare_sizes(const void *a, const void *b)
{
	const struct delay *x = *(struct delay *const *)a, *y = *(struct delay *const *)b;

	return x->size < y->size ? 1 : x->size > y->size ? -1 : compare_pairs(a, b);
}

/* --- What is remembered. */

/* Those that may be forgotten. */
static __u32 collect_hidden(struct delays *delays, __u64 now_ns)
{
	__u32 i, n = 0;

	for (i = 0; i < delays->known; i++) {
		struct delay *pair = &delays->pairs[i];

		if (pair->names && !pair->shown &&
		    !is_absent(pair->ended_ns, now_ns, delays->linger_ns))
			delays->rank[n++] = pair;
	}
	return n;
}

/* Idle for the linger time; where three quarters are full, the smaller half of the hidden, too. */
static void delays_forget(struct delays *delays, __u64 now_ns)
{
	bool pressed = delays->npairs > delays->known / 4 * 3;
	__u32 i, n = collect_hidden(delays, now_ns);

	if (pressed)
		qsort(delays->rank, n, sizeof(*delays->rank), compare_sizes);
	for (i = 0; i < n; i++)
		if (now_ns - delays->rank[i]->seen_ns >= delays->linger_ns ||
		    (pressed && i >= n / 2))
			free_pair(delays, delays->rank[i]);
}

static void delays_begin(struct delays *delays, __u64 now_ns)
{
	__u32 i;

	delays->other_inc_ns = delays->direct_ns = delays->sum_ns = 0;
	for (i = 0; i < delays->known; i++)
		delays->pairs[i].inc_ns = delays->pairs[i].waits_inc = 0;
	delays_forget(delays, now_ns);
}

/* The whole of a pair's names, as it is remembered, in a room of NAMES_SIZE. */
static struct delay pair_names(struct groups *groups, const struct snapshot *snapshot,
			       const struct vigie_delay *delay, char *names)
{
	char victim[LABELS_SIZE], culprit[LABELS_SIZE];
	size_t victim_len = party_labels(groups, snapshot, &delay->victim, victim);
	size_t culprit_len = party_labels(groups, snapshot, &delay->culprit, culprit);
	struct delay pair = { .names = names };

	pair.len = party_join(&delay->victim, victim, victim_len, names);
	pair.len += party_join(&delay->culprit, culprit, culprit_len, names + pair.len);
	pair.labels = pair.len;
	memcpy(names + pair.len, victim, victim_len);
	pair.len += victim_len;
	pair.culprit_labels = pair.len;
	memcpy(names + pair.len, culprit, culprit_len);
	pair.len += culprit_len;
	return pair;
}

static void tally_pair(struct delays *delays, struct groups *groups,
		       const struct snapshot *snapshot, const struct vigie_delay *delay,
		       __u64 now_ns)
{
	char names[NAMES_SIZE];
	struct delay wanted = pair_names(groups, snapshot, delay, names), *pair;

	wanted.sum = (__u32)hash_bytes(names, wanted.len, delays->seed);
	pair = find_pair(delays, names, wanted.len, wanted.sum);
	if (!pair)
		pair = new_pair(delays, &wanted);
	if (!pair) {
		delays->direct_ns += delay->wait_ns;
		return;
	}
	pair->inc_ns += delay->wait_ns;
	pair->waits_inc += delay->waits;
	pair->seen_ns = now_ns;
}

/* What is above the average first: it finds room before the trifles have taken it. */
static void tally_pairs(struct delays *delays, struct groups *groups,
			const struct snapshot *snapshot, __u64 now_ns)
{
	__u64 average;
	size_t i;
	int trifles;

	for (i = 0; i < snapshot->nculprits; i++)
		delays->sum_ns += snapshot->culprits[i].wait_ns;
	average = delays->sum_ns / (snapshot->nculprits ? snapshot->nculprits : 1);
	for (trifles = 0; trifles < 2; trifles++)
		for (i = 0; i < snapshot->nculprits; i++) {
			const struct vigie_delay *delay = &snapshot->culprits[i];

			if (delay->victim.tgid && (delay->wait_ns < average) == trifles)
				tally_pair(delays, groups, snapshot, delay, now_ns);
		}
}

static void delays_rate(struct delays *delays, __u64 interval_ns)
{
	double keep = score_keep(interval_ns), interval = (double)interval_ns;
	__u32 i;

	for (i = 0; i < delays->known; i++) {
		struct delay *pair = &delays->pairs[i];
		double recent = (double)pair->inc_ns /
				(interval > SECOND_NS ? interval : SECOND_NS);

		if (!pair->names)
			continue;
		pair->smooth = pair->smooth * keep + recent * (1 - keep);
		pair->size = pair->smooth > recent ? pair->smooth : recent;
	}
}

/* --- Who has a series. */

static void end_pair(struct delays *delays, struct delay *pair, __u64 now_ns)
{
	delays->retired_ns += pair->wait_ns;
	pair->shown = false;
	pair->wait_ns = pair->waits = 0;
	pair->ended_ns = now_ns;
	delays->nshown--;
	delays->changed = true;
}

static void delays_expire(struct delays *delays, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < delays->known; i++)
		if (delays->pairs[i].shown && delays->pairs[i].seen_ns != now_ns &&
		    now_ns - delays->pairs[i].seen_ns >= delays->linger_ns)
			end_pair(delays, &delays->pairs[i], now_ns);
}

static __u32 collect_claimants(struct delays *delays, __u64 now_ns)
{
	__u32 i, n = 0;

	for (i = 0; i < delays->known; i++) {
		struct delay *pair = &delays->pairs[i];

		if (pair->inc_ns && !pair->shown &&
		    !is_absent(pair->ended_ns, now_ns, delays->linger_ns))
			delays->rank[n++] = pair;
	}
	if (n) /* without pairs there is no such list */
		qsort(delays->rank, n, sizeof(*delays->rank), compare_sizes);
	return n;
}

static struct delay *find_least(struct delays *delays, __u64 now_ns)
{
	struct delay *least = NULL;
	__u32 i;

	for (i = 0; i < delays->known; i++) {
		struct delay *pair = &delays->pairs[i];

		if (pair->shown && now_ns >= pair->safe_until_ns &&
		    (!least || compare_sizes(&pair, &least) > 0))
			least = pair;
	}
	return least;
}

static bool take_place(struct delays *delays, const struct delay *pair, __u64 now_ns)
{
	struct delay *least = find_least(delays, now_ns);

	bool incident = pair->inc_ns >= delays->sum_ns / INCIDENT_PART;

	if (!least || pair->size < CLAIM_FACTOR * least->size ||
	    !allowance_take(&delays->claims, delays->span_ns, delays->max / 2, incident))
		return false;
	end_pair(delays, least, now_ns);
	return true;
}

static void delays_admit(struct delays *delays, __u64 now_ns)
{
	__u32 n, i;

	allowance_refill(&delays->claims, delays->span_ns, now_ns);
	n = collect_claimants(delays, now_ns);
	for (i = 0; i < n; i++) {
		struct delay *pair = delays->rank[i];
		bool full = delays->nshown == delays->max;

		if (full && !take_place(delays, pair, now_ns))
			return;
		pair->shown = true;
		pair->ended_ns = 0;
		pair->safe_until_ns = full ? now_ns + delays->span_ns : now_ns;
		delays->nshown++;
		delays->changed = true;
	}
}

static void delays_credit(struct delays *delays, __u64 without_names_ns)
{
	__u64 other = delays->direct_ns + without_names_ns;
	__u32 i;

	for (i = 0; i < delays->known; i++) {
		struct delay *pair = &delays->pairs[i];

		if (!pair->shown) {
			other += pair->inc_ns;
			continue;
		}
		pair->wait_ns += pair->inc_ns;
		pair->waits += pair->waits_inc;
	}
	delays->other_ns += other;
	delays->other_inc_ns += other;
}

void delays_apply(struct delays *delays, struct groups *groups, const struct snapshot *snapshot,
		  __u64 interval_ns, __u64 now_ns)
{
	delays_begin(delays, now_ns);
	tally_pairs(delays, groups, snapshot, now_ns);
	delays_rate(delays, interval_ns);
	delays_expire(delays, now_ns);
	delays_admit(delays, now_ns);
	delays_credit(delays, snapshot->culprit_other_ns);
}

static void delays_sort(struct delays *delays)
{
	__u32 i, n = 0;

	if (!delays->changed)
		return;
	delays->changed = false;
	for (i = 0; i < delays->known; i++)
		if (delays->pairs[i].shown)
			delays->sorted[n++] = &delays->pairs[i];
	qsort(delays->sorted, n, sizeof(*delays->sorted), compare_pairs);
}

void delays_show(struct delays *delays, struct view *view)
{
	__u32 i;

	delays_sort(delays);
	for (i = 0; i < delays->nshown; i++) {
		const struct delay *pair = delays->sorted[i];

		delays->view[i] = (struct delay_view){
			.victim = pair->names,
			.culprit = culprit_of(pair),
			.wait_ns = pair->wait_ns,
			.waits = pair->waits,
			.wait_inc_ns = pair->inc_ns,
			.victim_labels = pair->names + pair->labels,
			.culprit_labels = pair->names + pair->culprit_labels,
		};
	}
	view->delays = delays->view;
	view->ndelays = delays->nshown;
	view->delay_other_ns = delays->other_ns;
	view->delay_other_inc_ns = delays->other_inc_ns;
	view->delay_retired_ns = delays->retired_ns;
}
