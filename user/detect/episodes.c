// SPDX-License-Identifier: GPL-2.0-only
/* episodes.c - owns the states of a finding and the order of its phases. */
#include "detect/episodes.h"

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

int episodes_init(struct episodes *e, const struct detect_config *config)
{
	memset(e, 0, sizeof(*e));
	e->config = *config;
	e->cap = config->max_findings;
	e->all = calloc(e->cap, sizeof(*e->all));
	e->out = calloc(e->cap, sizeof(*e->out));
	e->verdicts = calloc(VERDICTS_MAX, sizeof(*e->verdicts));
	if (e->all && e->out && e->verdicts)
		return 0;
	episodes_done(e);
	return -ENOMEM;
}

void episodes_done(struct episodes *e)
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

static void name_finding(struct episode *episode, const struct view *view)
{
	struct finding *f = &episode->finding;
	__u64 opened = view->wall_ns;

	hex_id(f->pattern, pattern_sum(&episode->signal));
	hex_id(f->id, hash_bytes(&opened, sizeof(opened), episode->key));
}

/* --- Verdicts. */

static int set_verdict(struct episodes *e, const char *pattern, enum verdict_kind kind)
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
static enum verdict_kind verdict_on(const struct episodes *e, const struct finding *f)
{
	unsigned int i;

	for (i = 0; i < e->nverdicts; i++)
		if (!strcmp(e->verdicts[i].pattern, f->pattern))
			return e->verdicts[i].kind;
	return VERDICT_REVOKED;
}

/* A finding under way with that pattern is updated in the next view, not 30 s later. */
int episodes_silence(struct episodes *e, const char *pattern, enum verdict_kind kind)
{
	int err = set_verdict(e, pattern, kind);
	unsigned int i;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->state == EPISODE_ACTIVE &&
		    !strcmp(e->all[i]->finding.pattern, pattern))
			e->all[i]->judged = true;
	return err;
}

static void apply_verdict(const struct episodes *e, struct finding *f)
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
static void count(struct episodes *e, struct episode *episode)
{
	const struct finding *f = &episode->finding;
	bool active = episode->state == EPISODE_ACTIVE && !f->silenced;
	unsigned int rule = episode->signal.rule;

	e->active[rule] += (int)active - (int)episode->in_active;
	e->total[rule] += active && !episode->in_total;
	episode->in_active = active;
	episode->in_total |= active;
}

static void fill(struct episodes *e, struct episode *episode, const struct view *view)
{
	const struct signal *s = &episode->signal;
	struct finding *f = &episode->finding;
	char name[SUBJECT_NAME];

	f->rule = &rules[s->rule];
	f->who = s->who;
	f->start_wall_ns = s->who.start_ns ? wall_at(view, s->who.start_ns) : 0;
	f->severity = s->severity > f->severity || f->phase == FINDING_START ? s->severity
									     : f->severity;
	f->confidence = s->confidence;
	f->observed = s->observed;
	f->expected = s->expected;
	if (s->observed > f->worst)
		f->worst = s->observed;
	f->since_ns = episode->since_ns;
	f->since_wall_ns = wall_at(view, episode->since_ns);
	f->now_wall_ns = view->wall_ns;
	f->duration_ns = view->time_ns - episode->since_ns;
	f->slope_per_s = s->slope_per_s;
	f->exhausted_in_ns = s->exhausted_in_ns;
	f->limit_bytes = s->limit_bytes;
	subject_name(&s->who, name);
	snprintf(f->message, sizeof(f->message), "%s %s", name, f->rule->title);
	if (s->describe)
		s->describe(view, episode, f);
	apply_verdict(e, f);
}

static bool within_limit(struct episodes *e, const struct view *view)
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

static void episodes_start(struct episodes *e, struct episode *episode, const struct view *view)
{
	struct finding *f = &episode->finding;
	bool again = episode->state == EPISODE_COOLING;

	if (!again && !within_limit(e, view)) {
		e->suppressed++;
		episode->since_ns = view->time_ns; /* it may try again after its time */
		return;
	}
	f->phase = FINDING_START;
	f->told = false;
	episode->mild_ns = view->time_ns;
	f->worst = again ? f->worst : 0;
	if (!again)
		name_finding(episode, view);
	episode->state = EPISODE_ACTIVE;
	episode->judged = false;
	episode->told_ns = view->time_ns;
	episode->changed = true;
	fill(e, episode, view);
	e->silenced += f->silenced;
	count(e, episode);
}

/* It got worse, and has been so for some seconds: one bad second is none. */
static bool is_worse(struct episode *episode, const struct view *view)
{
	if (!episode->signal.hot || episode->signal.severity <= episode->finding.severity) {
		episode->mild_ns = view->time_ns;
		return false;
	}
	return view->time_ns - episode->mild_ns >= WORSE_NS;
}

static void update(struct episodes *e, struct episode *episode, const struct view *view)
{
	struct finding *f = &episode->finding;
	enum severity before = f->severity;
	bool worse = is_worse(episode, view);

	if (episode->signal.observed > f->worst)
		f->worst = episode->signal.observed;
	if (!worse && !episode->judged && view->time_ns - episode->told_ns < e->config.update_ns)
		return;
	episode->judged = false;
	if (!worse)
		episode->signal.severity = before;
	f->phase = FINDING_UPDATE;
	episode->told_ns = view->time_ns;
	episode->changed = true;
	fill(e, episode, view);
	count(e, episode);
}

/* As it was last described: the subject may be gone. */
static void episodes_close(struct episodes *e, struct episode *episode, const struct view *view)
{
	struct finding *f = &episode->finding;
	char name[SUBJECT_NAME];

	f->phase = FINDING_END;
	f->silenced = verdict_on(e, f) == VERDICT_BENIGN;
	f->now_wall_ns = view->wall_ns;
	f->duration_ns = episode->warm_ns - episode->since_ns;
	subject_name(&f->who, name);
	snprintf(f->message, sizeof(f->message), "%s: over after %llu s: %s", name,
		 (unsigned long long)(f->duration_ns / NS_PER_S), f->rule->title);
	episode->state = EPISODE_COOLING;
	episode->ended_ns = view->time_ns;
	episode->changed = true;
	count(e, episode);
}

/* --- A view. */

void episodes_begin(struct episodes *e, const struct view *view)
{
	unsigned int i;

	e->nout = 0;
	for (i = 0; i < e->n; i++)
		e->all[i]->signalled = e->all[i]->changed = false;
}

static struct episode *episodes_find(const struct episodes *e, __u64 key)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->key == key)
			return e->all[i];
	return NULL;
}

static void episodes_drop(struct episodes *e, unsigned int i)
{
	free(e->all[i]);
	e->all[i] = e->all[--e->n];
}

/* The one that has cooled longest makes room; then one that is only pending. */
static bool make_room(struct episodes *e)
{
	unsigned int i, found = e->n;

	for (i = 0; i < e->n; i++)
		if (e->all[i]->state == EPISODE_COOLING &&
		    (found == e->n || e->all[i]->ended_ns < e->all[found]->ended_ns))
			found = i;
	for (i = 0; i < e->n && found == e->n; i++)
		if (e->all[i]->state == EPISODE_PENDING && !e->all[i]->signalled)
			found = i;
	if (found == e->n)
		return false;
	episodes_drop(e, found);
	return true;
}

static struct episode *episodes_add(struct episodes *e, __u64 key)
{
	struct episode *episode;

	if (e->n == e->cap && !make_room(e))
		return NULL;
	episode = calloc(1, sizeof(*episode));
	if (!episode)
		return NULL;
	episode->key = key;
	e->all[e->n++] = episode;
	return episode;
}

struct episode *episodes_signal(struct episodes *e, const struct view *view, const struct signal *s)
{
	__u64 key = key_of(s), begin = view->time_ns - view->interval_ns;
	struct episode *episode = episodes_find(e, key);

	if (!episode && !s->hot)
		return NULL;
	if (!episode) {
		episode = episodes_add(e, key);
		if (!episode) {
			e->suppressed++;
			return NULL;
		}
		episode->since_ns = s->since_ns ? s->since_ns : begin;
	}
	/* A pause of its own before it is hot again: that is when it began anew. */
	if (episode->state == EPISODE_COOLING && episode->warm_ns < begin)
		episode->since_ns = s->since_ns ? s->since_ns : begin;
	episode->signalled = true;
	episode->warm_ns = view->time_ns;
	episode->signal = *s;
	return episode;
}

static void episodes_judge(struct episodes *e, struct episode *episode, const struct view *view)
{
	const struct signal *s = &episode->signal;

	if (episode->state == EPISODE_ACTIVE) {
		if (episode->signalled)
			update(e, episode, view);
		else if (view->time_ns - episode->warm_ns >= s->clear_ns)
			episodes_close(e, episode, view);
	} else if (episode->signalled && s->hot &&
		   view->time_ns - episode->since_ns >= s->sustain_ns) {
		episodes_start(e, episode, view);
	}
}

static bool is_over(const struct episodes *e, const struct episode *episode,
		    const struct view *view)
{
	if (episode->changed)
		return false;
	if (episode->state == EPISODE_PENDING)
		return !episode->signalled;
	return episode->state == EPISODE_COOLING &&
	       view->time_ns - episode->ended_ns > e->config.cooldown_ns;
}

void episodes_end(struct episodes *e, const struct view *view)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		episodes_judge(e, e->all[i], view);
	for (i = 0; i < e->n;) {
		if (is_over(e, e->all[i], view)) {
			episodes_drop(e, i);
			continue;
		}
		if (e->all[i]->changed)
			e->out[e->nout++] = &e->all[i]->finding;
		i++;
	}
}

void episodes_end_short(struct episodes *e, const struct view *view)
{
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		if (!e->all[i]->signalled)
			continue;
		episodes_judge(e, e->all[i], view);
		if (e->all[i]->changed)
			e->out[e->nout++] = &e->all[i]->finding;
	}
}

void episode_add_culprit(struct episode *episode, const struct vigie_party *who, __u64 ns)
{
	struct culprit_sum *least = &episode->culprits[0];
	int i;

	episode->culprits_ns += ns;
	for (i = 0; i < EPISODE_CULPRITS; i++) {
		struct culprit_sum *b = &episode->culprits[i];

		if (b->ns > 0 && b->who.tgid == who->tgid) {
			b->ns += ns;
			return;
		}
		if (b->ns < least->ns)
			least = b;
	}
	if (least->ns < ns)
		*least = (struct culprit_sum){ *who, ns };
}
