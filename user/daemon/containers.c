// SPDX-License-Identifier: GPL-2.0-only
/* containers.c - owns the tables from cgroups to containers, and the patience with the namer. */
#include "daemon/containers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/parse.h"
#include "base/units.h"
#include "model/unit.h"

enum {
	KNOWN_MAX = 4096, /* containers */
	CGROUPS_MAX = 32768, /* as many as have names */
	TRIES = 4,
	FIRST_WAIT_MS = 2000, /* for all that run already: nothing is served yet */
	WAIT_MS = 50,
	FIND_WAIT_MS = 2000,
};

#define IMPATIENT_NS (60 * NS_PER_S)
#define FORGET_NS (600 * NS_PER_S)
#define LOST_NS (30 * NS_PER_S) /* an answer that has not come by then will not come */

/* A container that somebody asked about. */
struct known {
	struct lookup_ask ask;
	struct container *container; /* NULL: not known */
	unsigned int tries; /* that have been answered */
	bool asked; /* and there is no answer yet */
	bool awaited; /* by this snapshot */
	__u64 asked_ns, next_ns; /* CLOCK_BOOTTIME */
	__u64 seen_ns;
};

/* What a cgroup's path says, so that it is taken apart once. */
struct member {
	__u64 id, path_sum, seen_ns;
	__u32 known; /* HASH_NONE: of no container */
};

struct containers {
	struct namer *namer;
	struct known *known;
	size_t nknown, known_cap;
	struct hash known_index;
	struct member *members;
	size_t nmembers, members_cap;
	struct hash member_index;
	unsigned int waited; /* snapshots in which somebody was waited for */
	unsigned int awaited; /* first answers that are to come */
	__u64 patient_ns; /* nobody is waited for before that */
	__u64 swept_ns;
};

struct containers *containers__new(struct namer *namer)
{
	struct containers *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->namer = namer;
	hash_init(&c->known_index);
	hash_init(&c->member_index);
	return c;
}

void containers__free(struct containers *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->nknown; i++)
		free(c->known[i].container);
	free(c->known);
	free(c->members);
	hash_done(&c->known_index);
	hash_done(&c->member_index);
	free(c);
}

/* --- Who is meant. */

/* "…/user-1000.slice/…": systemd's, above all that a user runs. */
static __u32 path_uid(const char *path)
{
	static const char prefix[] = "user-", suffix[] = ".slice";
	const char *at = path;
	char digits[16];
	uint64_t uid;
	size_t len;

	while ((at = strstr(at, prefix))) {
		bool begins = at == path || at[-1] == '/';

		at += sizeof(prefix) - 1;
		len = strspn(at, "0123456789");
		if (!begins || !len || len >= sizeof(digits) ||
		    strncmp(at + len, suffix, sizeof(suffix) - 1) ||
		    (at[len + sizeof(suffix) - 1] && at[len + sizeof(suffix) - 1] != '/'))
			continue;
		memcpy(digits, at, len);
		digits[len] = '\0';
		if (!parse_u64(digits, 0, LOOKUP_NO_USER - 1, &uid))
			return uid;
	}
	return LOOKUP_NO_USER;
}

bool containers_ask_for(const char *path, struct lookup_ask *ret)
{
	struct unit unit;

	unit_from_path(path, &unit);
	if (!unit.container_id[0])
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->id, unit.container_id, sizeof(ret->id));
	memcpy(ret->pod_uid, unit.pod_uid, sizeof(ret->pod_uid));
	ret->uid = path_uid(path);
	return lookup_ask_is_valid(ret);
}

static struct known *known_find(const struct containers *c, const struct lookup_ask *ask)
{
	uint32_t sum = hash_bytes(ask, sizeof(*ask), 0), at, i;

	for (i = hash_first(&c->known_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&c->known_index, sum, &at))
		if (!memcmp(&c->known[i].ask, ask, sizeof(*ask)))
			return &c->known[i];
	return NULL;
}

/* HASH_NONE: no room for another one, which goes by its id. */
static __u32 known_place(struct containers *c, const struct lookup_ask *ask)
{
	struct known *known = known_find(c, ask);

	if (known)
		return known - c->known;
	if (array_grow(&c->known, &c->known_cap, c->nknown + 1, sizeof(*c->known), KNOWN_MAX) ||
	    hash_reserve(&c->known_index, c->nknown + 1))
		return HASH_NONE;
	c->known[c->nknown] = (struct known){ .ask = *ask };
	hash_add(&c->known_index, hash_bytes(ask, sizeof(*ask), 0), c->nknown);
	return c->nknown++;
}

static struct member *member_find(const struct containers *c, __u64 id)
{
	uint32_t sum = hash_bytes(&id, sizeof(id), 0), at, i;

	for (i = hash_first(&c->member_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&c->member_index, sum, &at))
		if (c->members[i].id == id)
			return &c->members[i];
	return NULL;
}

static struct member *member_new(struct containers *c, __u64 id)
{
	struct member *member;

	if (array_grow(&c->members, &c->members_cap, c->nmembers + 1, sizeof(*c->members),
		       CGROUPS_MAX) ||
	    hash_reserve(&c->member_index, c->nmembers + 1))
		return NULL;
	hash_add(&c->member_index, hash_bytes(&id, sizeof(id), 0), c->nmembers);
	member = &c->members[c->nmembers++];
	*member = (struct member){ .id = id, .known = HASH_NONE };
	return member;
}

static struct known *known_of(struct containers *c, const struct cgroup_name *cgroup, __u64 now)
{
	__u64 sum = hash_bytes(cgroup->path, strlen(cgroup->path), 1);
	struct member *member = member_find(c, cgroup->id);
	struct lookup_ask ask;

	if (!member)
		member = member_new(c, cgroup->id);
	if (!member)
		return NULL;
	if (member->path_sum != sum) {
		member->path_sum = sum;
		member->known = containers_ask_for(cgroup->path, &ask) ? known_place(c, &ask)
								       : HASH_NONE;
	}
	member->seen_ns = now;
	if (member->known == HASH_NONE)
		return NULL;
	c->known[member->known].seen_ns = now;
	return &c->known[member->known];
}

/* --- Forgetting: both tables are made anew of what was seen lately. */

static void sweep(struct containers *c, __u64 now)
{
	bool pressed = c->nknown > KNOWN_MAX / 4 * 3 || c->nmembers > CGROUPS_MAX / 4 * 3;
	__u64 forget_ns = pressed ? IMPATIENT_NS : FORGET_NS;
	size_t i, n;

	if (now - c->swept_ns < (pressed ? IMPATIENT_NS : FORGET_NS / 4))
		return;
	c->swept_ns = now;
	for (i = 0, n = 0; i < c->nknown; i++) {
		if (now - c->known[i].seen_ns < forget_ns)
			c->known[n++] = c->known[i];
		else
			free(c->known[i].container);
	}
	c->nknown = n;
	/* No larger than before: room for them is there. Members are found anew, by their paths. */
	hash_done(&c->known_index);
	hash_done(&c->member_index);
	c->nmembers = 0;
	if (hash_reserve(&c->known_index, n)) {
		while (c->nknown)
			free(c->known[--c->nknown].container);
		return;
	}
	for (i = 0; i < n; i++)
		hash_add(&c->known_index, hash_bytes(&c->known[i].ask, sizeof(c->known[i].ask), 0),
			 i);
}

/* --- Asking. */

static void take_answers(struct containers *c, __u64 now)
{
	static const __u64 again_ns[TRIES] = { NS_PER_S, 5 * NS_PER_S, 30 * NS_PER_S };
	struct namer_said said;
	struct known *known;

	while (namer__listen(c->namer, &said)) {
		known = known_find(c, &said.ask);
		if (!known || !known->asked)
			continue;
		c->awaited -= known->awaited;
		known->asked = known->awaited = false;
		known->next_ns = now + again_ns[known->tries < TRIES ? known->tries : TRIES - 1];
		known->tries++;
		if (said.outcome != NAMER_FOUND)
			continue;
		free(known->container);
		known->container = container_unpack(&said.names);
		known->tries = known->container ? TRIES : known->tries;
	}
}

/* False: there was no room for the question. */
static bool ask_if_due(struct containers *c, struct known *known, __u64 now)
{
	int err;

	if (known->asked && now - known->asked_ns >= LOST_NS) {
		known->asked = known->awaited = false;
		known->tries++;
	}
	if (known->asked || known->container || known->tries >= TRIES || now < known->next_ns)
		return true;
	err = namer__ask(c->namer, &known->ask);
	if (err)
		return err != -EAGAIN;
	known->asked = true;
	known->asked_ns = now;
	known->awaited = !known->tries;
	c->awaited += known->awaited;
	return true;
}

/* CLOCK_MONOTONIC until_ns. */
static void await_answers(struct containers *c, __u64 now, __u64 until_ns)
{
	struct pollfd fd = { .fd = namer__fd(c->namer), .events = POLLIN };
	__u64 at;

	while (c->awaited && fd.fd >= 0) {
		at = clock_monotonic_ns();
		if (at >= until_ns)
			break;
		poll(&fd, 1, (until_ns - at) / NS_PER_MS + 1);
		take_answers(c, now);
		fd.fd = namer__fd(c->namer);
	}
}

/* Who has not been answered by now is not waited for again. */
static void await_end(struct containers *c, __u64 now)
{
	size_t i;

	if (!c->awaited)
		return;
	c->patient_ns = now + IMPATIENT_NS;
	c->awaited = 0;
	for (i = 0; i < c->nknown; i++)
		c->known[i].awaited = false;
}

/* True: all that is due has been asked. */
static bool ask_all(struct containers *c, const struct snapshot *snapshot, __u64 now)
{
	bool all = true;
	size_t i;

	for (i = 0; i < snapshot->ncgroups; i++) {
		struct known *known = known_of(c, &snapshot->cgroups[i], now);

		if (known)
			all &= ask_if_due(c, known, now);
	}
	return all;
}

/* A host with hundreds of containers has more questions than a socket holds. */
static void ask_and_await(struct containers *c, const struct snapshot *snapshot, __u64 now)
{
	__u64 until_ns = clock_monotonic_ns() + (c->waited ? WAIT_MS : FIRST_WAIT_MS) * NS_PER_MS;
	bool all;

	do {
		all = ask_all(c, snapshot, now);
		if (!c->awaited)
			return;
		if (now >= c->patient_ns)
			await_answers(c, now, until_ns);
	} while (!all && now >= c->patient_ns && namer__fd(c->namer) >= 0 &&
		 clock_monotonic_ns() < until_ns);
	c->waited++;
	await_end(c, now);
}

void containers__name(struct containers *c, struct snapshot *snapshot)
{
	__u64 now = snapshot->time_ns;
	struct known *known;
	size_t i;

	sweep(c, now);
	take_answers(c, now);
	ask_and_await(c, snapshot, now);
	for (i = 0; i < snapshot->ncgroups; i++) {
		known = known_of(c, &snapshot->cgroups[i], now);
		snapshot->cgroups[i].container = known ? known->container : NULL;
	}
}

const struct container *containers__find(struct containers *c, const char *path)
{
	__u64 now = clock_boottime_ns();
	struct lookup_ask ask;
	__u32 place;

	if (!containers_ask_for(path, &ask))
		return NULL;
	place = known_place(c, &ask);
	if (place == HASH_NONE)
		return NULL;
	c->known[place].seen_ns = now;
	ask_if_due(c, &c->known[place], now);
	if (now >= c->patient_ns)
		await_answers(c, now, clock_monotonic_ns() + FIND_WAIT_MS * NS_PER_MS);
	await_end(c, now);
	return c->known[place].container;
}
