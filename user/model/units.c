// SPDX-License-Identifier: GPL-2.0-only
/*
 * units.c - what hangs on a unit's name: its cgroup, container, pod, runtime.
 *
 * Owns: one entry per unit that a remembered group carries. Kept from the first cgroup
 * on, so that vigie_unit_info does not change its labels as siblings come and go; only a
 * newer container takes the place of an older one.
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

/*
 * The newest container: a quadlet's unit outlives its containers, and beside each of them it
 * has the cgroup of its monitor, which has no id.
 */
static void note_container(struct unit_entry *entry, const struct cgroup_entry *cgroup)
{
	if (!cgroup || !*cgroup->container_id || cgroup->version <= entry->container_version)
		return;
	entry->container_version = cgroup->version;
	entry->runtime = cgroup->runtime;
	memcpy(entry->container_id, cgroup->container_id, sizeof(entry->container_id));
}

void units_note(struct unit_entry *unit, const struct labels *labels)
{
	if (unit)
		note_container(unit, labels->cgroup);
}

struct unit_entry *units_find(const struct names *names, const char *unit)
{
	return find_unit(names, unit, unit_sum(names, unit));
}

static struct unit_entry *new_unit(const char *unit, const struct labels *labels)
{
	const struct cgroup_entry *cgroup = labels->cgroup;
	const char *path = cgroup ? cgroup->path : labels->kernel ? "/" : "";
	size_t unit_size = strlen(unit) + 1, path_size = strlen(path) + 1;
	struct unit_entry *entry = malloc(sizeof(*entry) + unit_size + path_size);

	if (!entry)
		return NULL;
	*entry = (struct unit_entry){ .runtime = "" };
	if (cgroup) {
		entry->runtime = cgroup->runtime;
		entry->guessed = cgroup->guessed;
		memcpy(entry->pod_uid, cgroup->pod_uid, sizeof(entry->pod_uid));
	}
	note_container(entry, cgroup);
	entry->unit = memcpy(entry->text, unit, unit_size);
	entry->cgroup = memcpy(entry->text + unit_size, path, path_size);
	return entry;
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
	units_note(entry, labels);
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
	free(unit);
}
