// SPDX-License-Identifier: GPL-2.0-only
/*
 * units.c - what hangs on a unit's name: its cgroup, container, pod, runtime.
 *
 * Owns: one entry per unit that a remembered group carries. Kept from the first cgroup
 * on, so that vigie_unit_info does not change its labels as siblings come and go; but a container
 * that was started anew under the same name has another id, and is what people look for.
 * Not here: how a path becomes a name (unit.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/names.h"

static const char *unit_label(const struct names *names, const struct labels *labels)
{
	unsigned int i;

	for (i = 0; i < names->config.nkeys; i++)
		if (names->config.keys[i] == KEY_UNIT)
			return labels->text + labels->at[i];
	return NULL;
}

static __u32 unit_sum(const struct names *names, const char *unit)
{
	return (__u32)hash_bytes(unit, strlen(unit), names->seed);
}

static struct unit_entry *find_unit(const struct names *names, const char *unit, __u32 sum)
{
	__u32 at, i;

	for (i = hash_first(&names->unit_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&names->unit_index, sum, &at))
		if (!strcmp(names->units[i]->unit, unit))
			return names->units[i];
	return NULL;
}

struct unit_entry *units_find(const struct names *names, const char *unit)
{
	return find_unit(names, unit, unit_sum(names, unit));
}

/* What the unit is about, from one of its cgroups (NULL: it has none). 0 or -1, unchanged. */
static int unit_describe(struct unit_entry *unit, const struct cgroup_entry *cgroup,
			 const char *path)
{
	size_t size = strlen(path) + 1, len;
	char *about, *at;
	int i;

	for (i = 0; cgroup && i < CONTAINER_TEXTS; i++)
		size += strlen(cgroup->container[i]) + 1;
	about = malloc(size);
	if (!about)
		return -1;
	free(unit->about);
	unit->about = about;
	len = strlen(path) + 1;
	unit->cgroup = memcpy(about, path, len);
	for (i = 0, at = about + len; i < CONTAINER_TEXTS; i++, at += len) {
		len = cgroup ? strlen(cgroup->container[i]) + 1 : 0;
		unit->container[i] = cgroup ? memcpy(at, cgroup->container[i], len) : "";
	}
	unit->cgroup_id = cgroup ? cgroup->id : 0;
	unit->runtime = cgroup ? cgroup->runtime : "";
	if (cgroup) {
		memcpy(unit->container_id, cgroup->container_id, sizeof(unit->container_id));
		memcpy(unit->pod_uid, cgroup->pod_uid, sizeof(unit->pod_uid));
	}
	return 0;
}

/* Beside the cgroup of its container a quadlet has that of the monitor, which comes first. */
void units_note(struct names *names, struct unit_entry *unit, const struct cgroup_entry *cgroup)
{
	if (!unit || unit->container_id[0] || !cgroup || !cgroup->container_id[0])
		return;
	if (!unit_describe(unit, cgroup, cgroup->path))
		names->units_changed++;
}

static struct unit_entry *new_unit(const char *unit, const struct labels *labels)
{
	const struct cgroup_entry *cgroup = labels->cgroup;
	const char *path = cgroup ? cgroup->path : labels->kernel ? "/" : "";
	size_t unit_size = strlen(unit) + 1;
	struct unit_entry *entry = calloc(1, sizeof(*entry) + unit_size);

	if (!entry)
		return NULL;
	if (unit_describe(entry, cgroup, path)) {
		free(entry);
		return NULL;
	}
	entry->guessed = cgroup && cgroup->guessed;
	entry->unit = memcpy(entry->text, unit, unit_size);
	return entry;
}

void unit_entry_free(struct unit_entry *unit)
{
	free(unit->about);
	free(unit);
}

static int units_reserve(struct names *names)
{
	if (hash_reserve(&names->unit_index, names->nunits + 1))
		return -1;
	return array_grow(&names->units, &names->units_cap, names->nunits + 1,
			  sizeof(*names->units), HASH_NONE);
}

struct unit_entry *units_get(struct names *names, const struct labels *labels)
{
	const char *unit = unit_label(names, labels);
	struct unit_entry *entry;
	__u32 sum;

	if (!unit)
		return NULL;
	sum = unit_sum(names, unit);
	entry = find_unit(names, unit, sum);
	if (!entry) {
		if (units_reserve(names))
			return NULL;
		entry = new_unit(unit, labels);
		if (!entry)
			return NULL;
		entry->sum = sum;
		entry->place = names->nunits;
		names->units[names->nunits++] = entry;
		names->nguessed += entry->guessed;
		hash_add(&names->unit_index, sum, entry->place);
	}
	entry->refs++;
	units_note(names, entry, labels->cgroup);
	return entry;
}

void units_put(struct names *names, struct unit_entry *unit)
{
	struct unit_entry *last;

	if (!unit || --unit->refs)
		return;
	hash_del(&names->unit_index, unit->sum, unit->place);
	names->nguessed -= unit->guessed;
	last = names->units[--names->nunits];
	if (last != unit) {
		hash_move(&names->unit_index, last->sum, last->place, unit->place);
		last->place = unit->place;
		names->units[unit->place] = last;
	}
	unit_entry_free(unit);
}

/* Another container of that unit which this snapshot has. */
static const struct cgroup_entry *find_successor(const struct names *names,
						 const struct unit_entry *unit, __u64 now_ns)
{
	__u32 i;

	for (i = 0; i < names->ncgroups; i++)
		if (names->cgroups[i]->seen_ns == now_ns && names->cgroups[i]->container_id[0] &&
		    !strcmp(names->cgroups[i]->unit, unit->unit))
			return names->cgroups[i];
	return NULL;
}

void units_hand_over(struct names *names, __u64 now_ns)
{
	const struct cgroup_entry *cgroup;
	__u32 i;

	for (i = 0; i < names->nunits; i++) {
		struct unit_entry *unit = names->units[i];

		if (!unit->container_id[0] || unit->sought == names->generation)
			continue;
		cgroup = names_cgroup(names, unit->cgroup_id);
		if (cgroup && cgroup->seen_ns == now_ns)
			continue;
		unit->sought = names->generation;
		cgroup = find_successor(names, unit, now_ns);
		if (cgroup && !unit_describe(unit, cgroup, cgroup->path))
			names->units_changed++;
	}
}
