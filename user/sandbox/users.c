// SPDX-License-Identifier: GPL-2.0-only
/* users.c - owns the table uid -> name, from the C library's user database. */
#include "sandbox/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { USERS_MAX = 65536 };

struct user {
	__u32 uid;
	char *name;
};

struct users {
	struct user *list; /* ascending uid */
	size_t n, room;
};

static int by_uid(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static int users_add(struct users *users, const struct passwd *pw)
{
	char *name = strdup(pw->pw_name);

	if (!name ||
	    array_grow(&users->list, &users->room, users->n + 1, sizeof(*users->list), SIZE_MAX)) {
		free(name);
		return -ENOMEM;
	}
	users->list[users->n++] = (struct user){ .uid = pw->pw_uid, .name = name };
	return 0;
}

struct users *users__new(void)
{
	struct users *users = calloc(1, sizeof(*users));
	struct passwd *pw;
	int err = 0;

	if (!users)
		return NULL;
	setpwent();
	while (!err && users->n < USERS_MAX && (pw = getpwent()))
		err = users_add(users, pw);
	endpwent();
	if (err) {
		users__free(users);
		errno = -err;
		return NULL;
	}
	qsort(users->list, users->n, sizeof(*users->list), by_uid);
	return users;
}

void users__free(struct users *users)
{
	size_t i;

	if (!users)
		return;
	for (i = 0; i < users->n; i++)
		free(users->list[i].name);
	free(users->list);
	free(users);
}

const char *users__name(void *ctx, __u32 uid)
{
	struct users *users = ctx;
	struct user key = { .uid = uid }, *found;

	found = bsearch(&key, users->list, users->n, sizeof(*users->list), by_uid);
	return found ? found->name : NULL;
}
