// SPDX-License-Identifier: GPL-2.0-only
/* top_findings.c - owns the list of findings, by when they began. */
#include "app/top_findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/units.h"
#include "detect/detect.h"
#include "log/findings_log.h"

enum { FINDINGS_MAX = 1 << 16 /* 40 MB */ };

#define ALWAYS UINT64_MAX
#define SILENCE_NS (600 * NS_PER_S) /* a finding's cooldown */

struct reading {
	struct top_findings *findings;
	int err;
};

void top_findings_done(struct top_findings *f)
{
	detect__free(f->detect);
	hash_done(&f->by_id);
	hash_done(&f->by_pattern);
	free(f->all);
	*f = (struct top_findings){ 0 };
}

/* One whose end nobody wrote down, for vigie was stopped, was over soon after its last word. */
static bool is_under_way(const struct tui_finding *one, __u64 wall_ns)
{
	if (one->since_wall_ns > wall_ns)
		return false;
	if (one->until_wall_ns)
		return one->until_wall_ns > wall_ns;
	return one->seen_wall_ns == ALWAYS || one->seen_wall_ns + SILENCE_NS > wall_ns;
}

/* --- The list, and where in it is whom. */

static uint32_t sum_of(const char *text)
{
	return hash_bytes(text, strlen(text), 0);
}

/* Of the one whose text, at that place in it, is this; or HASH_NONE. */
static uint32_t place_of(const struct top_findings *f, const struct hash *by, size_t text_at,
			 const char *text)
{
	uint32_t sum = sum_of(text), at, i;

	for (i = hash_first(by, sum, &at); i != HASH_NONE; i = hash_next(by, sum, &at))
		if (!strcmp((const char *)&f->all[i] + text_at, text))
			break;
	return i;
}

static uint32_t place_by_id(const struct top_findings *f, const char *id)
{
	return place_of(f, &f->by_id, offsetof(struct tui_finding, id), id);
}

static uint32_t place_by_pattern(const struct top_findings *f, const char *pattern)
{
	return place_of(f, &f->by_pattern, offsetof(struct tui_finding, pattern), pattern);
}

/* There is room: who adds one has reserved it. Of a pattern the last one is found. */
static void index_add(struct top_findings *f, uint32_t place)
{
	const struct tui_finding *one = &f->all[place];
	uint32_t before = place_by_pattern(f, one->pattern);

	hash_add(&f->by_id, sum_of(one->id), place);
	if (before == HASH_NONE)
		hash_add(&f->by_pattern, sum_of(one->pattern), place);
	else
		hash_move(&f->by_pattern, sum_of(one->pattern), before, place);
}

static int index_anew(struct top_findings *f)
{
	int err;
	size_t i;

	hash_done(&f->by_id);
	hash_done(&f->by_pattern);
	err = hash_reserve(&f->by_id, f->n + 1);
	if (!err)
		err = hash_reserve(&f->by_pattern, f->n + 1);
	for (i = 0; i < f->n && !err; i++)
		index_add(f, i);
	return err;
}

static int earlier_first(const void *a, const void *b)
{
	const struct tui_finding *x = a, *y = b;

	if (x->since_wall_ns != y->since_wall_ns)
		return x->since_wall_ns < y->since_wall_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* They come nearly in their order, so it is made when somebody asks, not with each of them. */
static int put_in_order(struct top_findings *f)
{
	if (!f->unordered)
		return 0;
	f->unordered = false;
	qsort(f->all, f->n, sizeof(*f->all), earlier_first);
	return index_anew(f);
}

/* The older half, so that not each one that comes has all others moved. */
static int forget_oldest(struct top_findings *f)
{
	size_t gone = (f->n + 1) / 2;
	int err = put_in_order(f);

	if (err)
		return err;
	memmove(f->all, f->all + gone, (f->n - gone) * sizeof(*f->all));
	f->n -= gone;
	return index_anew(f);
}

static int add(struct top_findings *f, const struct tui_finding *one)
{
	int err = f->n < (f->max ? f->max : FINDINGS_MAX) ? 0 : forget_oldest(f);

	if (!err)
		err = array_grow(&f->all, &f->capacity, f->n + 1, sizeof(*f->all), SIZE_MAX);
	if (!err)
		err = hash_reserve(&f->by_id, f->n + 1);
	if (!err)
		err = hash_reserve(&f->by_pattern, f->n + 1);
	if (err)
		return err;
	if (f->n && f->all[f->n - 1].since_wall_ns > one->since_wall_ns)
		f->unordered = true;
	f->all[f->n] = *one;
	index_add(f, f->n++);
	return 0;
}

/*
 * By its id, or one that is in the log already and goes on, which we see ourselves from later on: not
 * two. NULL: -ENOMEM.
 */
static struct tui_finding *finding_of(struct top_findings *f, const char *id, const char *pattern,
				      __u64 since_wall_ns)
{
	struct tui_finding one = { .since_wall_ns = since_wall_ns };
	uint32_t place = place_by_id(f, id);

	if (place != HASH_NONE)
		return &f->all[place];
	place = place_by_pattern(f, pattern);
	if (place != HASH_NONE && is_under_way(&f->all[place], since_wall_ns))
		return &f->all[place];
	snprintf(one.id, sizeof(one.id), "%s", id);
	snprintf(one.pattern, sizeof(one.pattern), "%s", pattern);
	return add(f, &one) ? NULL : &f->all[f->n - 1];
}

static void take_actor(struct tui_finding *to, const struct actor *who)
{
	to->pid = who->pid;
	snprintf(to->comm, sizeof(to->comm), "%s", who->comm);
	snprintf(to->unit, sizeof(to->unit), "%s", who->unit);
}

static enum severity severity_by_name(const char *name)
{
	enum severity s;

	for (s = SEVERITY_CRITICAL; s > SEVERITY_DEBUG; s--)
		if (!strcmp(severity_name(s), name))
			break;
	return s;
}

/* --- Out of a log. */

static struct finding_life life_of(const struct tui_finding *one)
{
	return (struct finding_life){
		.known = one->message[0] != '\0',
		.since_ns = one->since_wall_ns,
		.last_ns = one->seen_wall_ns,
		.end_ns = one->until_wall_ns,
	};
}

static void take_event(void *ctx, const struct finding_event *e)
{
	struct reading *reading = ctx;
	struct finding_life life;
	struct tui_finding *to;
	bool words;

	if (!finding_event_is_of_life(e))
		return;
	to = finding_of(reading->findings, e->id, e->pattern, finding_event_since_ns(e));
	if (!to) {
		reading->err = -ENOMEM;
		return;
	}
	life = life_of(to);
	words = finding_life_take(&life, e);
	to->seen_wall_ns = life.last_ns;
	to->until_wall_ns = life.end_ns;
	if (!words)
		return;
	to->severity = severity_by_name(e->level);
	take_actor(to, &e->who);
	snprintf(to->message, sizeof(to->message), "%.*s", (int)sizeof(to->message) - 1,
		 e->message);
}

int top_findings_read(struct top_findings *f, const char *directory)
{
	struct reading reading = { .findings = f };
	struct log_place place;

	if (log_place_open(&place, directory, NULL, NULL))
		return 0; /* a history without a log: an incident, a copied ring */
	findings_log_read(&place, NULL, NULL, take_event, &reading);
	log_place_close(&place);
	return reading.err ? reading.err : put_in_order(f);
}

/* --- By ourselves. */

static int take_finding(struct top_findings *f, const struct finding *finding)
{
	struct tui_finding *to;

	if (finding->silenced)
		return 0;
	to = finding_of(f, finding->id, finding->pattern,
			finding->since_wall_ns ? finding->since_wall_ns : finding->now_wall_ns);
	if (!to)
		return -ENOMEM;
	to->until_wall_ns = finding->phase == FINDING_END ? finding->now_wall_ns : 0;
	if (finding->phase == FINDING_END)
		return 0;
	to->seen_wall_ns = ALWAYS; /* whoever judges says when it ends */
	to->severity = finding->severity;
	take_actor(to, &finding->who);
	snprintf(to->message, sizeof(to->message), "%s", finding->message);
	return 0;
}

int top_findings_judge(struct top_findings *f, const struct view *view)
{
	const struct finding *const *found;
	struct detect_config config;
	size_t n, i;
	int err;

	if (!f->detect) {
		detect_config_default(&config);
		f->detect = detect__new(&config);
		if (!f->detect)
			return -errno;
	}
	err = detect__step(f->detect, view, &found, &n);
	for (i = 0; i < n && !err; i++)
		err = take_finding(f, found[i]);
	return err ? err : put_in_order(f);
}

/* --- By time. */

static int worse_first(const void *a, const void *b)
{
	const struct tui_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	return (x->since_wall_ns < y->since_wall_ns) - (x->since_wall_ns > y->since_wall_ns);
}

size_t top_findings_at(struct top_findings *f, __u64 wall_ns)
{
	size_t i, n = 0;

	for (i = f->n; i && n < TOP_ACTIVE_MAX; i--) {
		const struct tui_finding *one = &f->all[i - 1];

		if (is_under_way(one, wall_ns))
			f->active[n++] = *one;
	}
	qsort(f->active, n, sizeof(*f->active), worse_first);
	return n;
}

const struct tui_finding *top_findings_beside(const struct top_findings *f, __u64 wall_ns, int step)
{
	size_t i;

	if (step > 0) {
		for (i = 0; i < f->n; i++)
			if (f->all[i].since_wall_ns > wall_ns)
				return &f->all[i];
		return NULL;
	}
	for (i = f->n; i; i--)
		if (f->all[i - 1].since_wall_ns < wall_ns)
			return &f->all[i - 1];
	return NULL;
}
