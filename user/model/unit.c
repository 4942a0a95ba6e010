// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit.c - the path conventions.
 *
 * Owns: which component of a cgroup path names its owner. Rules, first match wins:
 *   1. the deepest component that is a container or a machine, whatever runs below it;
 *   2. systemd: slices, then the first unit (so user@1000.service for all below it);
 *   3. slices alone: the last one;
 *   4. the leaf.
 * Not here: escaping (base/text.c), grouping (groups.c).
 */
#include "model/unit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum { ID_LEN = CONTAINER_ID_LEN - 1, ID_SHORT = 12, UID_LEN = POD_UID_LEN - 1, UID_HASH_LEN = 32 };

/* A component of the path, not terminated. */
struct part {
	const char *s;
	size_t len;
};

static bool next_part(const char **path, struct part *ret)
{
	const char *s = *path + strspn(*path, "/");

	*ret = (struct part){ .s = s, .len = strcspn(s, "/") };
	*path = s + ret->len;
	return ret->len > 0;
}

static bool part_is(struct part part, const char *text)
{
	return part.len == strlen(text) && !memcmp(part.s, text, part.len);
}

static bool skip_prefix(struct part *part, const char *prefix)
{
	size_t len = strlen(prefix);

	if (part->len < len || memcmp(part->s, prefix, len))
		return false;
	part->s += len;
	part->len -= len;
	return true;
}

/* Takes the suffix away only where a name remains before it. */
static bool cut_suffix(struct part *part, const char *suffix)
{
	size_t len = strlen(suffix);

	if (part->len <= len || memcmp(part->s + part->len - len, suffix, len))
		return false;
	part->len -= len;
	return true;
}

static bool is_hex(struct part part, size_t len)
{
	size_t i;

	if (part.len != len)
		return false;
	for (i = 0; i < len; i++)
		if (!(part.s[i] >= '0' && part.s[i] <= '9') &&
		    !(part.s[i] >= 'a' && part.s[i] <= 'f'))
			return false;
	return true;
}

/* A name that is too long keeps its beginning and a hash, so that it stays distinct. */
static void set_name(struct unit *unit, const char *prefix, struct part part)
{
	int n = snprintf(unit->name, sizeof(unit->name), "%s%.*s", prefix, (int)part.len, part.s);

	if (n >= (int)sizeof(unit->name)) {
		size_t cut = sizeof(unit->name) - sizeof("~01234567");
		unsigned int sum = (unsigned int)hash_bytes(part.s, part.len, 0);

		snprintf(unit->name + cut, sizeof(unit->name) - cut, "~%08x", sum);
	}
}

static void set_container(struct unit *unit, const char *runtime, const char *prefix,
			  struct part id)
{
	unit->runtime = runtime;
	memcpy(unit->container_id, id.s, ID_LEN);
	unit->container_id[ID_LEN] = '\0';
	id.len = ID_SHORT;
	set_name(unit, prefix, id);
}

/* Components that carry the runtime's name before the id, longest prefixes first. */
static const struct {
	const char *prefix, *runtime, *name;
} conventions[] = {
	{ "docker-", "docker", "docker-" },
	{ "cri-containerd-", "containerd", "cri-" },
	{ "nerdctl-", "containerd", "nerdctl-" },
	{ "crio-conmon-", "crio", "crio-" },
	{ "crio-", "crio", "crio-" },
	{ "libpod-conmon-", "podman", "podman-" },
	{ "libpod-payload-", "podman", "podman-" },
	{ "libpod-", "podman", "podman-" },
};

static bool match_prefixed_id(struct part part, struct unit *unit)
{
	size_t i;

	cut_suffix(&part, ".scope");
	for (i = 0; i < sizeof(conventions) / sizeof(conventions[0]); i++) {
		struct part id = part;

		if (skip_prefix(&id, conventions[i].prefix) && is_hex(id, ID_LEN)) {
			set_container(unit, conventions[i].runtime, conventions[i].name, id);
			return true;
		}
	}
	return false;
}

/* What the components above say about a bare id. */
struct above {
	struct part parent;
	bool docker; /* "docker", or Amazon's "ecs" */
	bool kube; /* kubepods of either cgroup driver */
};

static void note_above(struct above *above, struct part part)
{
	struct part rest = part;

	above->docker = above->docker || part_is(part, "docker") || part_is(part, "ecs");
	above->kube = above->kube || skip_prefix(&rest, "kubepods");
	above->parent = part;
}

/*
 * cgroupfs drivers: the id stands alone below "docker" or "kubepods", or behind
 * "….slice:cri-containerd:" where containerd and the kubelet disagree about the driver.
 */
static bool match_bare_id(struct part part, const struct above *above, struct unit *unit)
{
	struct part id = part;
	const char *colon = memrchr(part.s, ':', part.len);

	if (colon) {
		struct part before = { .s = part.s, .len = (size_t)(colon - part.s) };

		id = (struct part){ .s = colon + 1, .len = part.len - before.len - 1 };
		if (!cut_suffix(&before, ":cri-containerd") || !is_hex(id, ID_LEN))
			return false;
		set_container(unit, "containerd", "cri-", id);
		return true;
	}
	if (!is_hex(id, ID_LEN) || !(above->kube || above->docker))
		return false;
	if (above->kube)
		set_container(unit, "containerd", "cri-", id);
	else
		set_container(unit, "docker", "docker-", id);
	return true;
}

static void clear_container(struct unit *unit, const char *runtime)
{
	unit->runtime = runtime;
	unit->container_id[0] = '\0';
}

/* LXC, Incus and machines that systemd-machined registered: named, without an id. */
static bool match_machine(struct part part, const struct above *above, struct unit *unit)
{
	struct part name = part;
	bool dotted = skip_prefix(&name, "lxc.payload.") || skip_prefix(&name, "lxc.monitor.");

	if ((dotted && name.len) || part_is(above->parent, "lxc") ||
	    part_is(above->parent, "lxc.payload") || part_is(above->parent, "lxc.monitor")) {
		clear_container(unit, "lxc");
		set_name(unit, "lxc-", name);
		return true;
	}
	if (skip_prefix(&name, "machine-") && cut_suffix(&name, ".scope")) {
		clear_container(unit, "systemd");
		set_name(unit, "", part);
		return true;
	}
	return false;
}

static bool is_dashed_uid(const char *uid)
{
	struct part group = { .s = uid, .len = 8 };

	return is_hex(group, 8) && uid[8] == '-' && is_hex((struct part){ uid + 9, 4 }, 4) &&
	       uid[13] == '-' && is_hex((struct part){ uid + 14, 4 }, 4) && uid[18] == '-' &&
	       is_hex((struct part){ uid + 19, 4 }, 4) && uid[23] == '-' &&
	       is_hex((struct part){ uid + 24, 12 }, 12);
}

/*
 * "pod<uid>" (cgroupfs), "kubepods[-class]-pod<uid>.slice" (systemd, with "_" for "-"). The
 * uid of a static pod is a bare hash of 32 digits.
 */
static void note_pod(struct part part, struct unit *unit)
{
	struct part rest = part;
	char uid[POD_UID_LEN] = "";
	size_t i;

	if (skip_prefix(&rest, "kubepods")) {
		const char *colon = memchr(rest.s, ':', rest.len);

		if (colon)
			rest.len = (size_t)(colon - rest.s);
		if (!skip_prefix(&rest, "-burstable"))
			skip_prefix(&rest, "-besteffort");
		if (!skip_prefix(&rest, "-") || !cut_suffix(&rest, ".slice"))
			return;
	}
	if (!skip_prefix(&rest, "pod") || (rest.len != UID_LEN && rest.len != UID_HASH_LEN))
		return;
	for (i = 0; i < rest.len; i++)
		uid[i] = rest.s[i] == '_' ? '-' : rest.s[i];
	if (rest.len == UID_LEN ? is_dashed_uid(uid) : is_hex(rest, UID_HASH_LEN))
		memcpy(unit->pod_uid, uid, sizeof(uid));
}

static bool is_slice(struct part part)
{
	return cut_suffix(&part, ".slice");
}

static bool is_unit(struct part part)
{
	return cut_suffix(&part, ".service") || cut_suffix(&part, ".scope") ||
	       cut_suffix(&part, ".mount") || cut_suffix(&part, ".socket") ||
	       cut_suffix(&part, ".swap");
}

static bool match_systemd(const char *path, struct unit *unit)
{
	struct part part, slice = { 0 };

	while (next_part(&path, &part)) {
		if (is_slice(part)) {
			slice = part;
			continue;
		}
		if (!is_unit(part))
			return false;
		slice = part;
		break;
	}
	if (!slice.len)
		return false;
	unit->runtime = "systemd";
	set_name(unit, "", slice);
	return true;
}

void unit_from_path(const char *path, struct unit *ret)
{
	struct part part, leaf = { .s = "/", .len = 1 };
	struct above above = { .parent = { .s = "", .len = 0 } };
	const char *rest = path;
	bool contained = false;

	*ret = (struct unit){ .runtime = "" };
	while (next_part(&rest, &part)) {
		leaf = part;
		note_pod(part, ret);
		if (match_prefixed_id(part, ret) || match_bare_id(part, &above, ret) ||
		    match_machine(part, &above, ret))
			contained = true;
		note_above(&above, part);
	}
	if (contained || match_systemd(path, ret))
		return;
	set_name(ret, "", leaf);
}
