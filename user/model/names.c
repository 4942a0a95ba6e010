// SPDX-License-Identifier: GPL-2.0-only
/*
 * names.c - cgroup names and label values.
 *
 * Owns: cgroup id -> name, raw key -> labels. Not here: units (units.c), path conventions
 * (unit.c), which characters may be shown (base/text.c).
 */
#include "model/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "model/workload.h"

#define UNIT_KERNEL "(kernel)"
#define NO_CGROUP "(unknown cgroup)"
#define UNKNOWN "(unknown)"
#define SEVERAL "(several)" /* processes of one name, not told apart */
#define ENDED "(ended)" /* a process of which no number is known */

enum { CGROUPS_MAX_FACTOR = 4 };

void names_init(struct names *names, const struct model_config *config, __u64 seed)
{
	*names = (struct names){ .config = *config, .seed = seed };
	names->cgroups_max = config->max_known * CGROUPS_MAX_FACTOR;
	hash_init(&names->cgroup_index);
	hash_init(&names->unit_index);
}

void names_done(struct names *names)
{
	__u32 i;

	for (i = 0; i < names->ncgroups; i++)
		free(names->cgroups[i]);
	for (i = 0; i < names->nunits; i++)
		unit_entry_free(names->units[i]);
	free(names->cgroups);
	free(names->units);
	hash_done(&names->cgroup_index);
	hash_done(&names->unit_index);
}

bool names_have_key(const struct names *names, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < names->config.nkeys; i++)
		if (names->config.keys[i] == key)
			return true;
	return false;
}

static __u32 id_sum(const struct names *names, __u64 id)
{
	return (__u32)hash_bytes(&id, sizeof(id), names->seed);
}

static struct cgroup_entry **find_cgroup(const struct names *names, __u64 id)
{
	__u32 sum = id_sum(names, id), at, i;

	for (i = hash_first(&names->cgroup_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&names->cgroup_index, sum, &at))
		if (names->cgroups[i]->id == id)
			return &names->cgroups[i];
	return NULL;
}

const struct cgroup_entry *names_cgroup(const struct names *names, __u64 id)
{
	struct cgroup_entry **entry = find_cgroup(names, id);

	return entry ? *entry : NULL;
}

/*
 * Our own values begin with "(": whoever else begins so is shown escaped, so that nobody
 * passes for the kernel or for "other". A comm is too short for the latter.
 */
static size_t names_spell(char *dst, size_t dst_size, const char *raw, size_t len)
{
	static const char tame[] = "\\x28";
	size_t n = sizeof(tame) - 1;

	if (!len || raw[0] != '(')
		return text_sanitise(dst, dst_size, raw, len);
	memcpy(dst, tame, sizeof(tame));
	len = strnlen(raw, len);
	return len > 1 ? n + text_sanitise(dst + n, dst_size - n, raw + 1, len - 1) : n;
}

/* Of label values, one after the other: a block of bytes that ends up behind its struct. */
struct spelled {
	char text[CONTAINER_TEXTS + 2][LABEL_CGROUP_SIZE];
	size_t len[CONTAINER_TEXTS + 2];
	size_t sum;
};

static void spell_container(struct spelled *s, const struct container *container)
{
	int i;

	for (i = 0; i < CONTAINER_TEXTS; i++) {
		const char *raw = container ? container->text[i] : "";

		s->text[2 + i][0] = '\0';
		s->len[2 + i] = raw[0] ? names_spell(s->text[2 + i], LABEL_CGROUP_SIZE, raw,
						     strlen(raw))
				       : 0;
	}
}

static struct cgroup_entry *cgroup_entry_new(const struct unit *unit, struct spelled *s)
{
	struct cgroup_entry *entry;
	char *at;
	int i;

	for (i = 0, s->sum = 0; i < CONTAINER_TEXTS + 2; i++)
		s->sum += s->len[i] + 1;
	entry = malloc(sizeof(*entry) + s->sum);
	if (!entry)
		return NULL;
	*entry = (struct cgroup_entry){ .runtime = unit->runtime, .guessed = unit->guessed };
	memcpy(entry->container_id, unit->container_id, sizeof(entry->container_id));
	memcpy(entry->pod_uid, unit->pod_uid, sizeof(entry->pod_uid));
	for (i = 0, at = entry->text; i < CONTAINER_TEXTS + 2; at += s->len[i++] + 1) {
		memcpy(at, s->text[i], s->len[i] + 1);
		*(i == 0 ? &entry->unit : i == 1 ? &entry->path : &entry->container[i - 2]) = at;
	}
	return entry;
}

static struct cgroup_entry *new_cgroup(const struct names *names, const struct cgroup_name *raw)
{
	struct spelled spelled;
	struct unit unit;

	unit_from_path(raw->path, &unit);
	if (raw->container && !names->config.unit_ids)
		unit_name_workload(&unit, raw->container);
	spelled.len[0] = names_spell(spelled.text[0], LABEL_SIZE, unit.name, strlen(unit.name));
	spelled.len[1] = names_spell(spelled.text[1], LABEL_CGROUP_SIZE, raw->path,
				     strlen(raw->path));
	spell_container(&spelled, raw->container);
	return cgroup_entry_new(&unit, &spelled);
}

static int cgroups_reserve(struct names *names)
{
	if (names->ncgroups >= names->cgroups_max)
		return -1;
	if (hash_reserve(&names->cgroup_index, names->ncgroups + 1))
		return -1;
	return array_grow(&names->cgroups, &names->cgroups_cap, names->ncgroups + 1,
			  sizeof(*names->cgroups), names->cgroups_max);
}

static void update_one(struct names *names, const struct cgroup_name *name, __u64 now_ns)
{
	__u64 sum = container_hash(name->container,
				   hash_bytes(name->path, strlen(name->path), names->seed));
	struct cgroup_entry **old = find_cgroup(names, name->id), *entry;

	if (old)
		(*old)->seen_ns = now_ns;
	if (old && (*old)->path_sum == sum)
		return;
	if (!old && cgroups_reserve(names))
		return;
	entry = new_cgroup(names, name);
	if (!entry)
		return;
	entry->id = name->id;
	entry->path_sum = sum;
	entry->seen_ns = now_ns;
	entry->version = ++names->generation;
	if (old) {
		free(*old);
		*old = entry;
		return;
	}
	names->cgroups[names->ncgroups] = entry;
	hash_add(&names->cgroup_index, id_sum(names, entry->id), names->ncgroups++);
}

void names_update(struct names *names, const struct snapshot *snapshot, __u64 now_ns)
{
	size_t i;

	for (i = 0; i < snapshot->ncgroups; i++)
		update_one(names, &snapshot->cgroups[i], now_ns);
}

static void drop_cgroup(struct names *names, __u32 place)
{
	__u32 last = names->ncgroups - 1;

	hash_del(&names->cgroup_index, id_sum(names, names->cgroups[place]->id), place);
	free(names->cgroups[place]);
	if (place != last) {
		names->cgroups[place] = names->cgroups[last];
		hash_move(&names->cgroup_index, id_sum(names, names->cgroups[place]->id), last,
			  place);
	}
	names->ncgroups--;
}

void names_sweep(struct names *names, __u64 now_ns, __u64 forget_ns)
{
	bool pressed = names->ncgroups > names->cgroups_max / 4 * 3;
	__u32 i;

	for (i = names->ncgroups; i-- > 0;) {
		__u64 unseen_ns = now_ns - names->cgroups[i]->seen_ns;

		if (unseen_ns >= forget_ns || (pressed && unseen_ns))
			drop_cgroup(names, i);
	}
}

/* Fields that no key asks for are cleared: processes that differ only there share a key. */
void names_normalise(const struct names *names, const struct vigie_key *key, struct vigie_key *ret)
{
	bool kernel = key->flags & VIGIE_TASK_KTHREAD;
	unsigned int i;

	memset(ret, 0, sizeof(*ret));
	ret->flags = key->flags & VIGIE_TASK_KTHREAD;
	for (i = 0; i < names->config.nkeys; i++) {
		switch (names->config.keys[i]) {
		case KEY_UNIT:
			if (!kernel)
				ret->cgroup_id = key->cgroup_id;
			break;
		case KEY_CGROUP: ret->cgroup_id = key->cgroup_id; break;
		case KEY_COMM:
			/* kworker/0:1 and its thousand sisters are one thing */
			memcpy(ret->comm, key->comm,
			       kernel ? strcspn(key->comm, "/")
				      : strnlen(key->comm, VIGIE_COMM_LEN));
			break;
		case KEY_EXE: memcpy(ret->exe, key->exe, strnlen(key->exe, VIGIE_EXE_LEN)); break;
		case KEY_USER: ret->uid = key->uid; break;
		case KEY_PID:
			ret->tgid = key->tgid;
			ret->start_ns = key->start_ns;
			break;
		default: break;
		}
	}
}

void names_key(const struct names *names, const struct process *process, struct vigie_key *ret)
{
	struct vigie_key raw = {
		.cgroup_id = process->cgroup_id,
		.start_ns = process->start_ns,
		.tgid = process->pid,
		.uid = process->uid,
		.flags = process->flags & VIGIE_TASK_KTHREAD,
	};

	memcpy(raw.comm, process->comm, sizeof(raw.comm));
	memcpy(raw.exe, process->exe, sizeof(raw.exe));
	names_normalise(names, &raw, ret);
}

static size_t spell_user(const struct names *names, __u32 uid, unsigned int unknown, char *dst)
{
	const char *name;

	if (unknown & LABELS_NO_USER)
		return (size_t)snprintf(dst, LABEL_SIZE, UNKNOWN);
	name = names->config.user_name ? names->config.user_name(names->config.user_ctx, uid)
				       : NULL;
	if (name && *name)
		return names_spell(dst, LABEL_SIZE, name, strlen(name));
	return (size_t)snprintf(dst, LABEL_SIZE, "%u", uid);
}

static size_t spell_key(const struct names *names, enum group_key which,
			const struct vigie_key *key, unsigned int unknown,
			const struct cgroup_entry *cgroup, char *dst)
{
	bool kernel = key->flags & VIGIE_TASK_KTHREAD;

	switch (which) {
	case KEY_UNIT:
		return (size_t)snprintf(dst, LABEL_SIZE, "%s",
					kernel	 ? UNIT_KERNEL
					: cgroup ? cgroup->unit
						 : NO_CGROUP);
	case KEY_COMM: return text_sanitise(dst, LABEL_SIZE, key->comm, VIGIE_COMM_LEN);
	case KEY_EXE:
		if (!key->exe[0] || (unknown & LABELS_NO_EXE))
			return (size_t)snprintf(dst, LABEL_SIZE, UNKNOWN);
		return names_spell(dst, LABEL_SIZE, key->exe, VIGIE_EXE_LEN);
	case KEY_USER: return spell_user(names, key->uid, unknown, dst);
	case KEY_CGROUP:
		return (size_t)snprintf(dst, LABEL_CGROUP_SIZE, "%s",
					cgroup ? cgroup->path : NO_CGROUP);
	case KEY_PID:
		/* A history keeps of the dead what `serve` groups by, which is no pid. */
		if (!key->tgid)
			return (size_t)snprintf(dst, LABEL_SIZE, "%s",
						unknown & LABELS_SOME ? SEVERAL : ENDED);
		return (size_t)snprintf(dst, LABEL_SIZE, "%u", key->tgid);
	default: return (size_t)snprintf(dst, LABEL_SIZE, UNKNOWN);
	}
}

void labels_build(const struct names *names, const struct vigie_key *key, unsigned int unknown,
		  struct labels *ret)
{
	unsigned int i;

	ret->len = 0;
	ret->cgroup = names_cgroup(names, key->cgroup_id);
	ret->kernel = key->flags & VIGIE_TASK_KTHREAD;
	for (i = 0; i < names->config.nkeys; i++) {
		ret->at[i] = (unsigned int)ret->len;
		ret->len += spell_key(names, names->config.keys[i], key, unknown, ret->cgroup,
				      ret->text + ret->len) +
			    1;
	}
	if (ret->kernel)
		ret->cgroup = NULL;
}

void labels_join(const char *text, size_t len, char *dst)
{
	size_t i;

	memcpy(dst, text, len);
	for (i = 0; i + 1 < len; i++)
		if (!dst[i])
			dst[i] = '/';
}
