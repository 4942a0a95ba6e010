// SPDX-License-Identifier: GPL-2.0-only
/* kernel_rest.c - owns the labels of that group, and whose increments it gets. */
#include "model/kernel_rest.h"

#include <string.h>

#include "data/view.h"
#include "model/raw.h"

/* Does the key tell kernel threads from each other? */
static bool key_is_own(enum group_key key)
{
	return key == KEY_COMM || key == KEY_EXE || key == KEY_PID;
}

/* Those of any kernel thread, but for what it does not share with the others. */
static void rest_labels(const struct names *names, const struct group *like, struct labels *ret)
{
	unsigned int i;

	*ret = (struct labels){ .kernel = true };
	for (i = 0; i < names->config.nkeys; i++) {
		const char *text = key_is_own(names->config.keys[i]) ? GROUP_KERNEL_REST
								     : like->label[i];
		size_t size = strlen(text) + 1;

		ret->at[i] = (unsigned int)ret->len;
		memcpy(ret->text + ret->len, text, size);
		ret->len += size;
	}
}

static struct group *rest_make(struct groups *groups)
{
	const struct names *names = groups->names;
	struct labels labels;
	struct group *rest;
	unsigned int k;
	__u32 i;

	for (k = 0; k < names->config.nkeys && !key_is_own(names->config.keys[k]);)
		k++;
	for (i = 0; i < groups->n && !groups->all[i]->kernel;)
		i++;
	if (k == names->config.nkeys || i == groups->n)
		return NULL;
	rest_labels(names, groups->all[i], &labels);
	rest = groups_find_or_make(groups, &labels);
	if (rest)
		rest->refs++; /* it is not forgotten */
	return rest;
}

void kernel_rest_begin(struct groups *groups, __u64 now_ns)
{
	struct group *rest;
	__u32 i;

	if (!groups->names->config.fold_kernel)
		return;
	if (!groups->kernel_rest)
		groups->kernel_rest = rest_make(groups);
	rest = groups->kernel_rest;
	if (!rest)
		return;
	for (i = 0; i < groups->n; i++)
		if (groups->all[i]->kernel && groups->all[i] != rest)
			groups->all[i]->rest = rest;
	rest->idle = false;
	rest->newcomer = !rest->series;
	rest->seen_ns = now_ns;
	rest->favoured = true;
}

void kernel_rest_take(struct groups *groups)
{
	struct group *rest = groups->kernel_rest;
	__u32 i;

	if (!rest || !group_is_shown(rest))
		return;
	for (i = 0; i < groups->n; i++) {
		struct group *group = groups->all[i];

		if (group->rest != rest || group_is_shown(group))
			continue;
		tally_add(&rest->now, &group->now);
		memset(&group->now, 0, sizeof(group->now));
	}
}
