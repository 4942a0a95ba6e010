// SPDX-License-Identifier: GPL-2.0-only
/*
 * unit.c - whose a cgroup is.
 *
 * Owns: which component of a cgroup path names its owner. First that applies:
 *   1. the innermost component that has a form of conventions.c, whatever runs below it;
 *   2. systemd: slices, then the first unit; below the manager of a user or a capsule
 *      likewise once more, as cg_path_get_user_unit() of systemd does;
 *   3. slices alone: the last one;
 *   4. the last component: a guess.
 * Not here: escaping (base/text.c), grouping (groups.c).
 */
#include "model/unit.h"

#include <stddef.h>
#include <string.h>

#include "model/conventions.h"
#include "model/unit_form.h"

enum { TAILS = 4 }; /* components of the longest form that does not begin with a slash */

/* The next component; false at the end. */
static bool next_part(const char **path, struct part *ret)
{
	const char *s = *path + strspn(*path, "/");

	*ret = (struct part){ .s = s, .len = strcspn(s, "/") };
	*path = s + ret->len;
	return ret->len > 0;
}

static void set_name(struct unit *unit, struct part part)
{
	struct form_parts parts = { .of[FORM_LEAF] = part };

	form_spell(unit->name, sizeof(unit->name), "<leaf>", &parts);
}

/* The end of a path that is being walked. */
struct tails {
	struct part whole; /* up to here, with the slash before */
	struct part last[TAILS]; /* the last component of it, the last two, …; empty: fewer */
};

static void tails_next(struct tails *tails, const char *path, struct part component)
{
	const char *end = component.s + component.len;
	unsigned int i;

	for (i = TAILS - 1; i > 0; i--)
		if (tails->last[i - 1].len)
			tails->last[i] = (struct part){ .s = tails->last[i - 1].s };
	tails->last[0] = component;
	for (i = 1; i < TAILS; i++)
		if (tails->last[i].s)
			tails->last[i].len = (size_t)(end - tails->last[i].s);
	tails->whole = (struct part){ .s = path, .len = (size_t)(end - path) };
}

/* What a form is about: as many components as it has itself. */
static struct part tail_of_form(const struct tails *tails, const char *form)
{
	unsigned int slashes = 0;

	if (form[0] == '/')
		return tails->whole;
	while ((form = strchr(form, '/')) && slashes < TAILS - 1) {
		slashes++;
		form++;
	}
	return tails->last[slashes];
}

static void set_ids(struct unit *unit, const struct form_parts *parts)
{
	const struct part *id = &parts->of[FORM_ID], *uid = &parts->of[FORM_UID];
	size_t i;

	memset(unit->container_id, 0, sizeof(unit->container_id));
	memcpy(unit->container_id, id->s ? id->s : "", id->len);
	if (!uid->len) /* that of a pod above stays */
		return;
	memset(unit->pod_uid, 0, sizeof(unit->pod_uid));
	for (i = 0; i < uid->len; i++)
		unit->pod_uid[i] = uid->s[i] == '_' ? '-' : uid->s[i];
}

/* Does the last component name an owner? */
static bool match_convention(const struct tails *tails, struct unit *unit)
{
	struct form_parts parts;
	size_t i;

	for (i = 0; i < nconventions; i++) {
		const struct convention *c = &conventions[i];

		if (!form_matches(c->form, tail_of_form(tails, c->form), &parts))
			continue;
		set_ids(unit, &parts);
		form_spell(unit->name, sizeof(unit->name), c->unit, &parts);
		unit->runtime = c->runtime;
		return true;
	}
	return false;
}

static bool has_suffix(struct part part, const char *suffix)
{
	size_t len = strlen(suffix);

	return part.len > len && !memcmp(part.s + part.len - len, suffix, len);
}

static bool is_unit(struct part part)
{
	return has_suffix(part, ".service") || has_suffix(part, ".scope") ||
	       has_suffix(part, ".mount") || has_suffix(part, ".socket") ||
	       has_suffix(part, ".swap");
}

/* Runs units of its own: its path goes on like that of the host. */
static bool is_manager(struct part part)
{
	struct form_parts parts;

	return form_matches("user@<n>.service", part, &parts) ||
	       form_matches("capsule@<name>.service", part, &parts);
}

static bool is_init(struct part part)
{
	return part.len == strlen("init.scope") && !memcmp(part.s, "init.scope", part.len);
}

/* Passes slices. False: what follows them is no unit; ret is the last slice, or empty. */
static bool next_unit(const char **path, struct part *ret)
{
	struct part part;

	*ret = (struct part){ 0 };
	while (next_part(path, &part)) {
		if (has_suffix(part, ".slice")) {
			*ret = part;
			continue;
		}
		*ret = is_unit(part) ? part : (struct part){ 0 };
		return ret->len > 0;
	}
	return false;
}

static bool match_systemd(const char *path, struct unit *unit)
{
	struct part owner, inner;

	if (next_unit(&path, &owner) && is_manager(owner) && next_unit(&path, &inner) &&
	    !is_init(inner))
		owner = inner;
	if (!owner.len)
		return false;
	/* "_cpu.service": what would look like a file of a controller (systemd's cg_escape) */
	if (owner.s[0] == '_')
		owner = (struct part){ .s = owner.s + 1, .len = owner.len - 1 };
	unit->runtime = "systemd";
	set_name(unit, owner);
	return true;
}

void unit_from_path(const char *path, struct unit *ret)
{
	struct part part, leaf = { .s = "/", .len = 1 };
	struct tails tails = { 0 };
	const char *rest = path;
	bool owned = false;

	*ret = (struct unit){ .runtime = "" };
	while (next_part(&rest, &part)) {
		leaf = part;
		tails_next(&tails, path, part);
		if (match_convention(&tails, ret))
			owned = true;
	}
	if (owned || match_systemd(path, ret))
		return;
	ret->guessed = leaf.s[0] != '/';
	set_name(ret, leaf);
}
