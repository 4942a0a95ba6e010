// SPDX-License-Identifier: GPL-2.0-only
/*
 * workload.c - owns the parts of a name that change with each start.
 *
 * A pod of a Deployment is called WORKLOAD-HASH-RANDOM, one of a DaemonSet or Job WORKLOAD-RANDOM,
 * one of a CronJob WORKLOAD-MINUTES-RANDOM. Kubernetes draws RANDOM from 27 characters without
 * vowels, and spells HASH, a decimal number, with ten of them (apimachinery's util/rand), so that
 * hardly a word of people looks like either.
 */
#include "model/workload.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define RANDOM_CHARS "bcdfghjklmnpqrstvwxz2456789"
#define HASH_CHARS "456789bcdf"
#define DIGITS "0123456789"
#define SWARM_CHARS "abcdefghijklmnopqrstuvwxyz0123456789"

enum {
	RANDOM_LEN = 5,
	HASH_MIN = 8, /* of a number of 32 bits, shorter ones are one in a hundred … */
	HASH_MAX = 10,
	MINUTES_LEN = 8, /* since 1970; older versions took seconds */
	SECONDS_LEN = 10,
	SWARM_ID_LEN = 25,
	ID_SHOWN = 12, /* digits of an id in a unit's name */
	SUM_LEN = 9, /* "~01234567" */
};

/* The last part, behind separator, if it has min to max characters, all of these. 0: no such part. */
static size_t last_part(const char *s, size_t len, char separator, const char *chars, size_t min,
			size_t max)
{
	size_t n = 0;

	while (n < len && n <= max && strchr(chars, s[len - n - 1]))
		n++;
	if (n < min || n > max || n + 1 >= len || s[len - n - 1] != separator)
		return 0;
	return n + 1;
}

size_t workload_len(const char *pod)
{
	size_t len = strlen(pod), cut;

	cut = last_part(pod, len, '-', RANDOM_CHARS, RANDOM_LEN, RANDOM_LEN);
	if (!cut)
		return len;
	len -= cut;
	cut = last_part(pod, len, '-', HASH_CHARS, HASH_MIN, HASH_MAX);
	if (!cut)
		cut = last_part(pod, len, '-', DIGITS, MINUTES_LEN, MINUTES_LEN);
	if (!cut)
		cut = last_part(pod, len, '-', DIGITS, SECONDS_LEN, SECONDS_LEN);
	return len - cut;
}

/* A task of Docker's swarm: SERVICE.SLOT.ID. */
static size_t task_len(const char *name)
{
	size_t len = strlen(name);

	if (!last_part(name, len, '.', SWARM_CHARS, SWARM_ID_LEN, SWARM_ID_LEN) ||
	    !memchr(name, '.', len - SWARM_ID_LEN - 1))
		return len;
	return len - SWARM_ID_LEN - 1;
}

/* What is too long keeps its beginning and a hash, so that it stays distinct. */
static void take_name(struct unit *unit, const char *name)
{
	size_t len = strlen(name), cut = sizeof(unit->name) - SUM_LEN - 1;

	if (len < sizeof(unit->name)) {
		memcpy(unit->name, name, len + 1);
		return;
	}
	memcpy(unit->name, name, cut);
	snprintf(unit->name + cut, SUM_LEN + 1, "~%08x", (unsigned int)hash_bytes(name, len, 0));
}

void unit_name_workload(struct unit *unit, const struct container *container)
{
	const char *name = container->text[CONTAINER_NAME], *pod = container->text[CONTAINER_POD];
	const char *namespace = container->text[CONTAINER_NAMESPACE];
	const char *owner = container->text[CONTAINER_OWNER];
	char made[4 * CONTAINER_TEXT_SIZE], id[ID_SHOWN + 1] = "", *at;

	memcpy(id, unit->container_id, ID_SHOWN);
	at = id[0] ? strstr(unit->name, id) : NULL;
	if (!at || at[ID_SHOWN])
		return;
	if (pod[0])
		snprintf(made, sizeof(made), "%s/%.*s/%s", namespace, (int)workload_len(pod), pod,
			 name[0] ? name : unit->name);
	else
		snprintf(made, sizeof(made), "%.*s%s%s%.*s%s%s", (int)(at - unit->name), unit->name,
			 namespace, namespace[0] ? "/" : "", (int)task_len(name), name,
			 owner[0] ? "@" : "", owner);
	take_name(unit, made);
}
