// SPDX-License-Identifier: GPL-2.0-only
/* view_sum.c - owns the tables of what groups and pairs had in the intervals before the last. */
#include "data/view_sum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/intern.h"
#include "data/usage.h"

enum { NAMES_MAX = 64 << 20, TEXTS = 4 };

/* An OOM kill with texts of its own: the model's are of one interval. */
struct kept_oom {
	struct oom_view view;
	char *texts[TEXTS];
};

struct view_sum {
	bool taken; /* what is here was handed out: the next interval begins anew */
	bool filled; /* at least one interval is in it */
	__u64 interval_ns;
	struct host_cpu host;
	__u64 switches, forks;
	struct intern groups; /* label values, each with its NUL */
	struct vigie_usage *incs; /* by number of the group */
	size_t incs_room;
	struct vigie_usage other;
	struct intern pairs; /* victim and culprit */
	__u64 *waits_ns; /* by number of the pair */
	size_t waits_room;
	__u64 other_wait_ns;
	struct kept_oom *kept;
	size_t nkept, kept_room;
	/* What was handed out. */
	struct view view;
	struct group_view *shown;
	size_t shown_room;
	struct delay_view *delays;
	size_t delays_room;
	struct oom_view *ooms;
	size_t ooms_room;
};

static void sum_empty(struct view_sum *sum)
{
	size_t i, t;

	intern_done(&sum->groups);
	intern_done(&sum->pairs);
	intern_init(&sum->groups, NAMES_MAX);
	intern_init(&sum->pairs, NAMES_MAX);
	for (i = 0; i < sum->nkept; i++)
		for (t = 0; t < TEXTS; t++)
			free(sum->kept[i].texts[t]);
	sum->nkept = 0;
	sum->interval_ns = sum->switches = sum->forks = sum->other_wait_ns = 0;
	memset(&sum->host, 0, sizeof(sum->host));
	memset(&sum->other, 0, sizeof(sum->other));
	sum->taken = sum->filled = false;
}

struct view_sum *view_sum__new(void)
{
	struct view_sum *sum = calloc(1, sizeof(*sum));

	if (sum)
		sum_empty(sum);
	return sum;
}

void view_sum__free(struct view_sum *sum)
{
	if (!sum)
		return;
	sum_empty(sum);
	free(sum->incs);
	free(sum->waits_ns);
	free(sum->kept);
	free(sum->shown);
	free(sum->delays);
	free(sum->ooms);
	free(sum);
}

/* What is known by these texts, one after the other: a table and its elements by number. */
struct table {
	struct intern *names;
	void *elements; /* points to the pointer, as array_grow() takes it */
	size_t *room;
	size_t size;
};

/* The number of these texts; the element of one that is new is zeroed. 0 or -errno. */
static int number_of(const struct table *t, struct buf *key, const char *const texts[],
		     unsigned int n, __u32 *ret)
{
	__u32 known = t->names->n;
	unsigned int i;
	int err;

	buf_clear(key);
	for (i = 0; i < n; i++)
		buf_add(key, texts[i], strlen(texts[i]) + 1);
	if (key->err)
		return key->err;
	*ret = intern_bytes(t->names, key->data, key->len);
	if (t->names->bytes.err)
		return t->names->bytes.err;
	err = array_grow(t->elements, t->room, *ret + 1UL, t->size, SIZE_MAX);
	if (!err && *ret == known)
		memset(*(char **)t->elements + *ret * t->size, 0, t->size);
	return err;
}

static struct table groups_of(struct view_sum *sum)
{
	return (struct table){ &sum->groups, &sum->incs, &sum->incs_room, sizeof(*sum->incs) };
}

static struct table pairs_of(struct view_sum *sum)
{
	return (struct table){ &sum->pairs, &sum->waits_ns, &sum->waits_room,
			       sizeof(*sum->waits_ns) };
}

static int group_number(struct view_sum *sum, struct buf *key, const struct view *view, size_t i,
			__u32 *ret)
{
	const struct table t = groups_of(sum);

	return number_of(&t, key, view->groups[i].label, view->nkeys, ret);
}

static unsigned int split_labels(const char *labels, unsigned int n, const char *texts[])
{
	unsigned int i;

	for (i = 0; labels && i < n; i++) {
		texts[i] = labels;
		labels += strlen(labels) + 1;
	}
	return i;
}

static int pair_number(struct view_sum *sum, struct buf *key, const struct view *view, size_t i,
		       __u32 *ret)
{
	const struct delay_view *pair = &view->delays[i];
	const char *texts[2 + 2 * GROUP_KEYS] = { pair->victim, pair->culprit };
	const struct table t = pairs_of(sum);
	unsigned int n = 2;

	n += split_labels(pair->victim_labels, view->nkeys, texts + n);
	n += split_labels(pair->culprit_labels, view->nkeys, texts + n);
	return number_of(&t, key, texts, n, ret);
}

static int add_groups(struct view_sum *sum, struct buf *key, const struct view *view)
{
	__u32 number;
	size_t i;
	int err = 0;

	for (i = 0; i < view->ngroups && !err; i++) {
		err = group_number(sum, key, view, i, &number);
		if (!err)
			usage_add(&sum->incs[number], &view->groups[i].inc);
	}
	usage_add(&sum->other, &view->other.inc);
	return err;
}

static int add_pairs(struct view_sum *sum, struct buf *key, const struct view *view)
{
	__u32 number;
	size_t i;
	int err = 0;

	for (i = 0; i < view->ndelays && !err; i++) {
		err = pair_number(sum, key, view, i, &number);
		if (!err)
			sum->waits_ns[number] += view->delays[i].wait_inc_ns;
	}
	sum->other_wait_ns += view->delay_other_inc_ns;
	return err;
}

static int add_oom(struct view_sum *sum, const struct oom_view *oom)
{
	const char *const texts[TEXTS] = { oom->victim, oom->trigger, oom->victim_comm,
					   oom->trigger_comm };
	struct kept_oom kept = { .view = *oom };
	int i, err = array_grow(&sum->kept, &sum->kept_room, sum->nkept + 1, sizeof(*sum->kept),
				SIZE_MAX);

	for (i = 0; i < TEXTS && !err; i++) {
		kept.texts[i] = strdup(texts[i]);
		err = kept.texts[i] ? 0 : -ENOMEM;
	}
	if (err) {
		while (i--)
			free(kept.texts[i]);
		return err;
	}
	kept.view.victim = kept.texts[0];
	kept.view.trigger = kept.texts[1];
	kept.view.victim_comm = kept.texts[2];
	kept.view.trigger_comm = kept.texts[3];
	sum->kept[sum->nkept++] = kept;
	return 0;
}

static void add_host(struct view_sum *sum, const struct view *view)
{
	const struct host_cpu *inc = &view->host_inc;

	sum->interval_ns += view->interval_ns;
	sum->switches += view->host_switches_inc;
	sum->forks += view->host_forks_inc;
	sum->host.user_ns += inc->user_ns;
	sum->host.nice_ns += inc->nice_ns;
	sum->host.system_ns += inc->system_ns;
	sum->host.idle_ns += inc->idle_ns;
	sum->host.iowait_ns += inc->iowait_ns;
	sum->host.irq_ns += inc->irq_ns;
	sum->host.softirq_ns += inc->softirq_ns;
	sum->host.steal_ns += inc->steal_ns;
}

int view_sum__add(struct view_sum *sum, const struct view *view)
{
	struct buf key;
	size_t i;
	int err;

	if (sum->taken)
		sum_empty(sum);
	buf_init(&key, NAMES_MAX);
	err = add_groups(sum, &key, view);
	if (!err)
		err = add_pairs(sum, &key, view);
	for (i = 0; i < view->nooms && !err; i++)
		err = add_oom(sum, &view->ooms[i]);
	add_host(sum, view);
	sum->filled = true;
	buf_done(&key);
	return err;
}

bool view_sum__is_empty(const struct view_sum *sum)
{
	return sum->taken || !sum->filled;
}

/* What stays in incs belongs to groups that are no more. */
static int take_groups(struct view_sum *sum, struct buf *key, const struct view *last)
{
	__u32 number;
	size_t i;
	int err = array_grow(&sum->shown, &sum->shown_room, last->ngroups + 1, sizeof(*sum->shown),
			     SIZE_MAX);

	for (i = 0; i < last->ngroups && !err; i++) {
		sum->shown[i] = last->groups[i];
		err = group_number(sum, key, last, i, &number);
		if (err)
			return err;
		sum->shown[i].inc = sum->incs[number];
		memset(&sum->incs[number], 0, sizeof(sum->incs[number]));
	}
	for (number = 0; number < sum->groups.n && !err; number++)
		usage_add(&sum->other, &sum->incs[number]);
	sum->view.groups = sum->shown;
	sum->view.other.inc = sum->other;
	return err;
}

static int take_pairs(struct view_sum *sum, struct buf *key, const struct view *last)
{
	__u32 number;
	size_t i;
	int err = array_grow(&sum->delays, &sum->delays_room, last->ndelays + 1,
			     sizeof(*sum->delays), SIZE_MAX);

	for (i = 0; i < last->ndelays && !err; i++) {
		sum->delays[i] = last->delays[i];
		err = pair_number(sum, key, last, i, &number);
		if (err)
			return err;
		sum->delays[i].wait_inc_ns = sum->waits_ns[number];
		sum->waits_ns[number] = 0;
	}
	for (number = 0; number < sum->pairs.n && !err; number++)
		sum->other_wait_ns += sum->waits_ns[number];
	sum->view.delays = sum->delays;
	sum->view.delay_other_inc_ns = sum->other_wait_ns;
	return err;
}

static int take_ooms(struct view_sum *sum)
{
	size_t i;
	int err = array_grow(&sum->ooms, &sum->ooms_room, sum->nkept + 1, sizeof(*sum->ooms),
			     SIZE_MAX);

	for (i = 0; i < sum->nkept && !err; i++)
		sum->ooms[i] = sum->kept[i].view;
	sum->view.ooms = sum->ooms;
	sum->view.nooms = sum->nkept;
	return err;
}

int view_sum__take(struct view_sum *sum, const struct view *last, const struct view **ret)
{
	struct buf key;
	int err;

	sum->view = *last;
	buf_init(&key, NAMES_MAX);
	err = take_groups(sum, &key, last);
	if (!err)
		err = take_pairs(sum, &key, last);
	if (!err)
		err = take_ooms(sum);
	buf_done(&key);
	sum->taken = true;
	if (err)
		return err;
	sum->view.interval_ns = sum->interval_ns;
	sum->view.host_inc = sum->host;
	sum->view.host_switches_inc = sum->switches;
	sum->view.host_forks_inc = sum->forks;
	*ret = &sum->view;
	return 0;
}
