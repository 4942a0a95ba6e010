// SPDX-License-Identifier: GPL-2.0-only
/* events.c - owns the states of a finding and the order of its phases. */
#include "detect/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/units.h"
#include "detect/subject.h"

enum { VERDICTS_MAX = 1024 };

#define MINUTE_NS (60 * NS_PER_S)
#define WORSE_NS (5 * NS_PER_S)

int events_init(struct events *e, const struct detect_config *config)
{
	memset(e, 0, sizeof(*e));
	e->config = *config;
	e->cap = config->max_findings;
	e->all = calloc(e->cap, sizeof(*e->all));
	e->out = calloc(e->cap, sizeof(*e->out));
	e->verdicts = calloc(VERDICTS_MAX, sizeof(*e->verdicts));
	if (e->all && e->out && e->verdicts)
		return 0;
	events_done(e);
	return -ENOMEM;
}

void events_done(struct events *e)
{
	while (e->n)
		free(e->all[--e->n]);
	free(e->all);
	free(e->out);
	free(e->verdicts);
	e->all = NULL;
	e->out = NULL;
	e->verdicts = NULL;
}

/* --- Names. */

static void hex_id(char dst[FINDING_ID_LEN], __u64 sum)
{
	snprintf(dst, FINDING_ID_LEN, "%012llx", (unsigned long long)(sum & 0xffffffffffffULL));
}

/* The rule and what people call the subject: not its pid, which the next one will not have. */
static __u64 pattern_sum(const struct signal *s)
{
	__u64 sum = hash_bytes(rules[s->rule].id, strlen(rules[s->rule].id), 1);

	sum = hash_bytes(s->who.unit, strlen(s->who.unit), sum);
	return hash_bytes(s->who.comm, strlen(s->who.comm), sum ^ 2);
}

static __u64 key_of(const struct signal *s)
{
	return hash_bytes(&s->who.start_ns, sizeof(s->who.start_ns), pattern_sum(s) ^ s->who.pid);
}

static void name_finding(struct event *event, const struct view *view)
{
	struct finding *f = &event->finding;
	__u64 opened = view->wall_ns;

	hex_id(f->pattern, pattern_sum(&event->signal));
	hex_id(f->id, hash_bytes(&opened, sizeof(opened), event->key));
}

/* --- Verdicts. */

static int set_verdict(struct events *e, const char *pattern, enum verdict_kind kind)
{
	unsigned int i;

	for (i = 0; i < e->nverdicts && strcmp(e->verdicts[i].pattern, pattern); i++)
		;
	if (kind == VERDICT_REVOKED) {
		if (i < e->nverdicts)
			e->verdicts[i] = e->verdicts[--e->nverdicts];
		return 0;
	}
	if (i == VERDICTS_MAX)
		return -ENOSPC;
	if (i == e->nverdicts)
		e->nverdicts++;
	snprintf(e->verdicts[i].pattern, FINDING_ID_LEN, "%s", pattern);
	e->verdicts[i].kind = kind;
	return 0;
}

/* VERDICT_REVOKED: nobody said anything that holds. */
static enum verdict_kind verdict_on(const struct events *e, const struct finding *f)
{
	unsigned int i;

	for (i = 0; i < e->nverdicts; i++)
		if (!strcmp(e->verdicts[i].pattern, f->pattern))
			return e->verdicts[i].kind;
	return VERDICT_REVOKED;
}

/* A finding under way with that pattern is updated in the next view, not 30 s later. */
int events_silence(struct events *e, const char *pattern, enum verdict_kind kind)
{
	int err = set_verdict(e, pattern, kind);
	unsigned int i;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->state == EVENT_ACTIVE &&
		    !strcmp(e->all[i]->finding.pattern, pattern))
			e->all[i]->judged = true;
	return err;
}

static void apply_verdict(const struct events *e, struct finding *f)
{
	enum verdict_kind kind = verdict_on(e, f);

	f->silenced = kind == VERDICT_BENIGN;
	if (kind == VERDICT_MALICIOUS && f->severity < SEVERITY_ERROR)
		f->severity = SEVERITY_ERROR;
	f->told |= !f->silenced;
}

/* --- Phases. */

/* wall = the view's wall clock less how long ago it was. */
static __u64 wall_at(const struct view *view, __u64 time_ns)
{
	__u64 ago = view->time_ns > time_ns ? view->time_ns - time_ns : 0;

	return view->wall_ns > ago ? view->wall_ns - ago : 0;
}

/* What is called benign is in neither sum; a total that was given is never taken back. */
static void count(struct events *e, struct event *event)
{
	const struct finding *f = &event->finding;
	bool active = event->state == EVENT_ACTIVE && !f->silenced;
	unsigned int rule = event->signal.rule;

	e->active[rule] += (int)active - (int)event->in_active;
	e->total[rule] += active && !event->in_total;
	event->in_active = active;
	event->in_total |= active;
}

static void fill(struct events *e, struct event *event, const struct view *view)
{
	const struct signal *s = &event->signal;
	struct finding *f = &event->finding;
	char name[SUBJECT_NAME];

	f->rule = &rules[s->rule];
	f->who = s->who;
	f->severity = s->severity > f->severity || f->phase == FINDING_START ? s->severity
									     : f->severity;
	f->confidence = s->confidence;
	f->observed = s->observed;
	f->expected = s->expected;
	if (s->observed > f->worst)
		f->worst = s->observed;
	f->since_ns = event->since_ns;
	f->since_wall_ns = wall_at(view, event->since_ns);
	f->now_wall_ns = view->wall_ns;
	f->duration_ns = view->time_ns - event->since_ns;
	f->slope_per_s = s->slope_per_s;
	f->exhausted_in_ns = s->exhausted_in_ns;
	f->limit_bytes = s->limit_bytes;
	subject_name(&s->who, name);
	snprintf(f->message, sizeof(f->message), "%s %s", name, f->rule->title);
	if (s->describe)
		s->describe(view, event, f);
	apply_verdict(e, f);
}

static bool within_limit(struct events *e, const struct view *view)
{
	if (view->time_ns - e->window_ns >= MINUTE_NS) {
		e->window_ns = view->time_ns;
		e->in_window = 0;
	}
	if (e->in_window == e->config.findings_per_minute)
		return false;
	e->in_window++;
	return true;
}

static void start(struct events *e, struct event *event, const struct view *view)
{
	struct finding *f = &event->finding;
	bool again = event->state == EVENT_COOLING;

	if (!again && !within_limit(e, view)) {
		e->suppressed++;
		event->since_ns = view->time_ns; /* it may try again after its time */
		return;
	}
	f->phase = FINDING_START;
	f->told = false;
	event->mild_ns = view->time_ns;
	f->worst = again ? f->worst : 0;
	if (!again)
		name_finding(event, view);
	event->state = EVENT_ACTIVE;
	event->judged = false;
	event->told_ns = view->time_ns;
	event->changed = true;
	fill(e, event, view);
	e->silenced += f->silenced;
	count(e, event);
}

/* It got worse, and has been so for some seconds: one bad second is none. */
static bool is_worse(struct event *event, const struct view *view)
{
	if (!event->signal.hot || event->signal.severity <= event->finding.severity) {
		event->mild_ns = view->time_ns;
		return false;
	}
	return view->time_ns - event->mild_ns >= WORSE_NS;
}

static void update(struct events *e, struct event *event, const struct view *view)
{
	struct finding *f = &event->finding;
	enum severity before = f->severity;
	bool worse = is_worse(event, view);

	if (event->signal.observed > f->worst)
		f->worst = event->signal.observed;
	if (!worse && !event->judged && view->time_ns - event->told_ns < e->config.update_ns)
		return;
	event->judged = false;
	if (!worse)
		event->signal.severity = before;
	f->phase = FINDING_UPDATE;
	event->told_ns = view->time_ns;
	event->changed = true;
	fill(e, event, view);
	count(e, event);
}

/* As it was last described: the subject may be gone. */
static void end(struct events *e, struct event *event, const struct view *view)
{
	struct finding *f = &event->finding;
	char name[SUBJECT_NAME];

	f->phase = FINDING_END;
	f->silenced = verdict_on(e, f) == VERDICT_BENIGN;
	f->now_wall_ns = view->wall_ns;
	f->duration_ns = event->warm_ns - event->since_ns;
	subject_name(&f->who, name);
	snprintf(f->message, sizeof(f->message), "%s: over after %llu s: %s", name,
		 (unsigned long long)(f->duration_ns / NS_PER_S), f->rule->title);
	event->state = EVENT_COOLING;
	event->ended_ns = view->time_ns;
	event->changed = true;
	count(e, event);
}

/* --- A view. */

void events_begin(struct events *e, const struct view *view)
{
	unsigned int i;

	e->nout = 0;
	for (i = 0; i < e->n; i++)
		e->all[i]->signalled = e->all[i]->changed = false;
}

static struct event *find(const struct events *e, __u64 key)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->key == key)
			return e->all[i];
	return NULL;
}

static void drop(struct events *e, unsigned int i)
{
	free(e->all[i]);
	e->all[i] = e->all[--e->n];
}

/* The one that has cooled longest makes room; then one that is only pending. */
static bool make_room(struct events *e)
{
	unsigned int i, found = e->n;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->state == EVENT_COOLING &&
		    (found == e->n || e->all[i]->ended_ns < e->all[found]->ended_ns))
			found = i;
	for (i = 0; i < e->n && found == e->n; i++)
		if (e->all[i]->state == EVENT_PENDING && !e->all[i]->signalled)
			found = i;
	if (found == e->n)
		return false;
	drop(e, found);
	return true;
}

static struct event *add(struct events *e, __u64 key)
{
	struct event *event;

	if (e->n == e->cap && !make_room(e))
		return NULL;
	event = calloc(1, sizeof(*event));
	if (!event)
		return NULL;
	event->key = key;
	e->all[e->n++] = event;
	return event;
}

struct event *events_signal(struct events *e, const struct view *view, const struct signal *s)
{
	__u64 key = key_of(s), begin = view->time_ns - view->interval_ns;
	struct event *event = find(e, key);

	if (!event && !s->hot)
		return NULL;
	if (!event) {
		event = add(e, key);
		if (!event) {
			e->suppressed++;
			return NULL;
		}
		event->since_ns = s->since_ns ? s->since_ns : begin;
	}
	/* A pause of its own before it is hot again: that is when it began anew. */
	if (event->state == EVENT_COOLING && event->warm_ns < begin)
		event->since_ns = s->since_ns ? s->since_ns : begin;
	event->signalled = true;
	event->warm_ns = view->time_ns;
	event->signal = *s;
	return event;
}

static void judge(struct events *e, struct event *event, const struct view *view)
{
	const struct signal *s = &event->signal;

	if (event->state == EVENT_ACTIVE) {
		if (event->signalled)
			update(e, event, view);
		else if (view->time_ns - event->warm_ns >= s->clear_ns)
			end(e, event, view);
	} else if (event->signalled && s->hot && view->time_ns - event->since_ns >= s->sustain_ns) {
		start(e, event, view);
	}
}

static bool is_over(const struct events *e, const struct event *event, const struct view *view)
{
	if (event->changed)
		return false;
	if (event->state == EVENT_PENDING)
		return !event->signalled;
	return event->state == EVENT_COOLING &&
	       view->time_ns - event->ended_ns > e->config.cooldown_ns;
}

void events_end(struct events *e, const struct view *view)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		judge(e, e->all[i], view);
	for (i = 0; i < e->n;) {
		if (is_over(e, e->all[i], view)) {
			drop(e, i);
			continue;
		}
		if (e->all[i]->changed)
			e->out[e->nout++] = &e->all[i]->finding;
		i++;
	}
}

void events_end_short(struct events *e, const struct view *view)
{
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		if (!e->all[i]->signalled)
			continue;
		judge(e, e->all[i], view);
		if (e->all[i]->changed)
			e->out[e->nout++] = &e->all[i]->finding;
	}
}

void event_blame(struct event *event, const struct vigie_party *who, __u64 ns)
{
	struct blame_sum *least = &event->blames[0];
	int i;

	event->blamed_ns += ns;
	for (i = 0; i < EVENT_BLAMES; i++) {
		struct blame_sum *b = &event->blames[i];

		if (b->ns > 0 && b->who.tgid == who->tgid) {
			b->ns += ns;
			return;
		}
		if (b->ns < least->ns)
			least = b;
	}
	if (least->ns < ns)
		*least = (struct blame_sum){ *who, ns };
}
