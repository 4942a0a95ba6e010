// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw.c - the cache from raw keys to groups: what makes 10 000 processes cheap.
 *
 * Owns: the entries, and when one must be resolved anew (its cgroup got a name, or room
 * appeared). A key that finds no place here is resolved each time: slower, never wrong.
 * Not here: spelling (names.c), groups (groups.c).
 */
#include "model/raw.h"

#include <string.h>

#include "base/array.h"

static __u32 key_sum(const struct groups *groups, const struct vigie_key *key)
{
	return (__u32)hash_bytes(key, sizeof(*key), groups->seed);
}

static struct raw_entry *find_raw(const struct groups *groups, const struct vigie_key *key,
				  __u32 sum)
{
	__u32 at, i;

	for (i = hash_first(&groups->raw_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&groups->raw_index, sum, &at))
		if (!memcmp(&groups->raw[i].key, key, sizeof(*key)))
			return &groups->raw[i];
	return NULL;
}

static int raw_reserve(struct groups *groups)
{
	if (groups->nraw >= groups->raw_max || hash_reserve(&groups->raw_index, groups->nraw + 1))
		return -1;
	return array_grow(&groups->raw, &groups->raw_cap, groups->nraw + 1, sizeof(*groups->raw),
			  groups->raw_max);
}

static struct raw_entry *new_raw(struct groups *groups, const struct vigie_key *key, __u32 sum)
{
	struct raw_entry *entry;

	if (raw_reserve(groups))
		return NULL;
	entry = &groups->raw[groups->nraw];
	*entry = (struct raw_entry){ .key = *key, .sum = sum };
	hash_add(&groups->raw_index, sum, groups->nraw++);
	return entry;
}

/* True if the entry still leads where its labels would. */
static bool is_current(struct groups *groups, struct raw_entry *entry)
{
	const struct cgroup_entry *cgroup;

	if (!entry->group && (groups->n < groups->max || entry->tried != groups->created))
		return false;
	if (entry->generation == groups->names->generation)
		return true;
	cgroup = names_cgroup(groups->names, entry->key.cgroup_id);
	if (entry->version != (cgroup ? cgroup->version : 0))
		return false;
	entry->generation = groups->names->generation;
	return true;
}

struct group *groups_resolve(struct groups *groups, const struct vigie_key *key, __u64 now_ns)
{
	__u32 sum = key_sum(groups, key);
	struct raw_entry *entry = find_raw(groups, key, sum);
	const struct cgroup_entry *cgroup;
	struct labels labels;
	struct group *group;

	if (entry)
		entry->seen_ns = now_ns;
	if (entry && is_current(groups, entry))
		return entry->group;
	labels_build(groups->names, key, 0, &labels);
	group = groups_find_or_make(groups, &labels);
	if (!entry) {
		groups->folded += !group;
		entry = new_raw(groups, key, sum);
	}
	if (!entry)
		return group;
	if (group)
		group->refs++;
	if (entry->group)
		entry->group->refs--;
	cgroup = names_cgroup(groups->names, key->cgroup_id);
	entry->group = group;
	entry->seen_ns = now_ns;
	entry->generation = groups->names->generation;
	entry->version = cgroup ? cgroup->version : 0;
	entry->tried = groups->created;
	return group;
}

struct group *groups_peek(struct groups *groups, const struct vigie_key *key)
{
	struct raw_entry *entry = find_raw(groups, key, key_sum(groups, key));

	return entry && is_current(groups, entry) ? entry->group : NULL;
}

static void drop_raw(struct groups *groups, __u32 place)
{
	__u32 last = groups->nraw - 1;

	if (groups->raw[place].group)
		groups->raw[place].group->refs--;
	hash_del(&groups->raw_index, groups->raw[place].sum, place);
	if (place != last) {
		groups->raw[place] = groups->raw[last];
		hash_move(&groups->raw_index, groups->raw[place].sum, last, place);
	}
	groups->nraw--;
}

void raw_sweep(struct groups *groups, __u64 now_ns, __u64 forget_ns, bool pressed)
{
	__u32 i;

	for (i = groups->nraw; i-- > 0;) {
		__u64 unseen_ns = now_ns - groups->raw[i].seen_ns;

		if (unseen_ns >= forget_ns || (pressed && unseen_ns))
			drop_raw(groups, i);
	}
}
