// SPDX-License-Identifier: GPL-2.0-only
/*
 * groups.c - groups by label values.
 *
 * Owns: making, finding and forgetting groups. Not here: the cache of raw keys (raw.c),
 * scores (score.c), series (series_page.c).
 */
#include "model/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/raw.h"

enum { RAW_MAX_FACTOR = 4, RAW_MAX_LEAST = 1024 };

void groups_init(struct groups *groups, struct names *names, __u32 max, __u64 seed)
{
	*groups = (struct groups){ .names = names, .seed = seed, .max = max };
	groups->raw_max = max * RAW_MAX_FACTOR;
	if (groups->raw_max < RAW_MAX_LEAST)
		groups->raw_max = RAW_MAX_LEAST;
	hash_init(&groups->index);
	hash_init(&groups->raw_index);
}

void groups_done(struct groups *groups)
{
	__u32 i;

	for (i = 0; i < groups->n; i++)
		free(groups->all[i]);
	free(groups->all);
	free(groups->raw);
	hash_done(&groups->index);
	hash_done(&groups->raw_index);
}

void groups_begin(struct groups *groups)
{
	__u32 i;

	for (i = 0; i < groups->n; i++)
		memset(&groups->all[i]->now, 0, sizeof(groups->all[i]->now));
}

bool group_is_shown(const struct group *group)
{
	return group->series && !group->demoted;
}

/* Labels hold no byte as low as the terminators, so this is strcmp() label by label. */
int group_compare_labels(const struct group *a, const struct group *b)
{
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static struct group *find_group(const struct groups *groups, const struct labels *labels, __u32 sum)
{
	__u32 at, i;

	for (i = hash_first(&groups->index, sum, &at); i != HASH_NONE;
	     i = hash_next(&groups->index, sum, &at)) {
		struct group *group = groups->all[i];

		if (group->len == labels->len && !memcmp(group->text, labels->text, labels->len))
			return group;
	}
	return NULL;
}

static int groups_reserve(struct groups *groups)
{
	if (groups->n >= groups->max || hash_reserve(&groups->index, groups->n + 1))
		return -1;
	return array_grow(&groups->all, &groups->cap, groups->n + 1, sizeof(*groups->all),
			  groups->max);
}

static struct group *new_group(struct groups *groups, const struct labels *labels, __u32 sum)
{
	struct unit_entry *unit = NULL;
	struct group *group;
	unsigned int i;

	if (groups_reserve(groups))
		return NULL;
	/* Both or neither: a group on the page whose unit has no row would break its join. */
	if (names_have_key(groups->names, KEY_UNIT)) {
		unit = units_get(groups->names, labels);
		if (!unit)
			return NULL;
	}
	group = calloc(1, sizeof(*group) + labels->len);
	if (!group) {
		units_put(groups->names, unit);
		return NULL;
	}
	group->sum = sum;
	group->place = groups->n;
	group->idle = true;
	group->kernel = labels->kernel;
	group->len = labels->len;
	memcpy(group->text, labels->text, labels->len);
	for (i = 0; i < groups->names->config.nkeys; i++)
		group->label[i] = group->text + labels->at[i];
	group->unit = unit;
	groups->all[groups->n++] = group;
	groups->created++;
	hash_add(&groups->index, sum, group->place);
	return group;
}

struct group *groups_find_or_make(struct groups *groups, const struct labels *labels)
{
	__u32 sum = (__u32)hash_bytes(labels->text, labels->len, groups->seed);
	struct group *group = find_group(groups, labels, sum);

	if (group)
		units_note(groups->names, group->unit, labels->cgroup);
	else
		group = new_group(groups, labels, sum);
	if (group && !labels->kernel)
		group->kernel = false;
	return group;
}

static void drop_group(struct groups *groups, struct group *group)
{
	struct group *last = groups->all[groups->n - 1];

	hash_del(&groups->index, group->sum, group->place);
	if (last != group) {
		hash_move(&groups->index, last->sum, last->place, group->place);
		last->place = group->place;
		groups->all[group->place] = last;
	}
	groups->n--;
	units_put(groups->names, group->unit);
	free(group);
}

/*
 * Rare, for it walks everything, but at once when three quarters are full: then whatever
 * the last interval did not touch makes room, so that a storm of names passes over.
 */
void groups_sweep(struct groups *groups, __u64 now_ns, __u64 forget_ns)
{
	bool pressed = groups->n > groups->max / 4 * 3 || groups->nraw > groups->raw_max / 4 * 3;
	__u32 i;

	if (!pressed && now_ns - groups->swept_ns < forget_ns / 8)
		return;
	groups->swept_ns = now_ns;
	raw_sweep(groups, now_ns, forget_ns, pressed);
	for (i = groups->n; i-- > 0;) {
		struct group *group = groups->all[i];

		if (group->idle && !group->refs && !group->series &&
		    !is_absent(group->ended_ns, now_ns, forget_ns))
			drop_group(groups, group);
	}
}
