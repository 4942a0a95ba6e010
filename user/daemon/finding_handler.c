// SPDX-License-Identifier: GPL-2.0-only
/* finding_handler.c - owns what happens to a finding, and in which order. */
#include "daemon/finding_handler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/capture_targets.h"
#include "log/encode.h"

#define NS_PER_S 1000000000ULL

static void take_verdict(void *ctx, const struct verdict *verdict)
{
	struct lookout *lookout = ctx;
	char message[FINDING_NOTE_LEN + 200];
	const struct event event = {
		.kind = EVENT_VERDICT,
		.level = SEVERITY_INFO,
		.wall_ns = verdict->wall_ns,
		.action = "verdict",
		.message = message,
		.verdict = verdict,
	};
	int err = detect__silence(lookout->detect, verdict->pattern, verdict->kind);

	if (err)
		logbook_say(lookout->book, SEVERITY_WARNING, "verdict-ignored", err,
			    "verdict on finding %s has no effect: too many patterns",
			    verdict->finding);
	if (lookout->starting)
		return;
	verdict_message(verdict, message, sizeof(message));
	logbook_event(lookout->book, &event);
}

int lookout_init(struct lookout *lookout, struct logbook *book, struct blackbox *box,
		 struct witness *witness, int dirfd)
{
	struct detect_config config;

	memset(lookout, 0, sizeof(*lookout));
	lookout->book = book;
	lookout->box = box;
	lookout->witness = witness;
	verdicts_init(&lookout->verdicts, dirfd);
	detect_config_default(&config);
	lookout->detect = detect__new(&config);
	if (!lookout->detect)
		return -ENOMEM;
	lookout->starting = true;
	verdicts_read(&lookout->verdicts, take_verdict, lookout);
	lookout->starting = false;
	return 0;
}

void lookout_done(struct lookout *lookout)
{
	detect__free(lookout->detect);
}

/* Who did it, while it is still being done. */
static void capture(struct lookout *lookout, const struct finding *finding, const struct view *view)
{
	struct witness_ask ask = { .n = 0 };

	if (!lookout->witness)
		return;
	memcpy(ask.id, finding->id, sizeof(ask.id));
	ask.n = suspects_of(finding, view, getpid(), ask.targets);
	if (ask.n)
		witness__ask(lookout->witness, &ask);
}

static void wait_for_turn(struct lookout *lookout, const char *id)
{
	memcpy(lookout->waiting[lookout->next_waiting], id, FINDING_ID_LEN);
	lookout->next_waiting = (lookout->next_waiting + 1) % LOOKOUT_WAITING;
}

/* True: it waits no longer. */
static bool has_turn(struct lookout *lookout, const char *id)
{
	unsigned int i;

	for (i = 0; i < LOOKOUT_WAITING; i++) {
		if (strcmp(lookout->waiting[i], id))
			continue;
		lookout->waiting[i][0] = '\0';
		return true;
	}
	return false;
}

void lookout_listen(struct lookout *lookout)
{
	struct witness_said said;

	while (witness__listen(lookout->witness, &said)) {
		if (said.outcome == WITNESS_BUSY || said.outcome == WITNESS_LIMITED)
			wait_for_turn(lookout, said.id);
		if (said.outcome == WITNESS_CAPTURED)
			logbook_say(
				lookout->book, SEVERITY_INFO, "session-captured", 0,
				"finding %s: a profiling session is in its evidence, %llu stacks, "
				"%llu lost",
				said.id, (unsigned long long)said.stacks,
				(unsigned long long)said.lost);
		else if (said.outcome == WITNESS_FAILED)
			logbook_say(lookout->book, SEVERITY_WARNING, "session-failed", said.err,
				    "finding %s: no profiling session: cannot %s", said.id,
				    said.what);
		else
			logbook_say(lookout->book, SEVERITY_DEBUG, "session-refused", 0,
				    "finding %s: no profiling session: %s%s%s", said.id,
				    witness_outcome_name(said.outcome), said.what[0] ? ": " : "",
				    said.what);
	}
}

static void tell(struct lookout *lookout, const struct finding *finding, const struct view *view)
{
	const struct event event = event_of_finding(finding);
	bool begins;

	logbook_event(lookout->book, &event);
	begins = blackbox_incident(lookout->box, &event, view);
	if (finding_wants_evidence(finding) && (begins || has_turn(lookout, finding->id)))
		capture(lookout, finding, view);
}

static __u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

void lookout_stat(const struct lookout *lookout, struct self_view *self, struct self_rule *rules,
		  unsigned int max)
{
	const struct rule *table;
	const struct witness_said *last;
	struct detect_stat stat;
	size_t n, i;

	table = detect_rules(&n);
	for (i = 0; i < n && i < max; i++) {
		rules[i].id = table[i].id;
		detect__count(lookout->detect, i, &rules[i].findings, &rules[i].active);
	}
	detect__stat(lookout->detect, &stat);
	self->rules = rules;
	self->nrules = i;
	last = lookout->witness ? witness__last(lookout->witness) : NULL;
	for (i = 0; last && i < WITNESS_OUTCOMES; i++)
		self->captures[i] = last->totals[i];
	self->capture_cpu_ns = last ? last->cpu_ns : 0;
	self->detect_cpu_ns = lookout->cpu_ns;
	self->findings_suppressed = stat.suppressed;
	self->findings_silenced = stat.silenced;
	self->detect_series = stat.series;
	self->detect_bytes = stat.bytes;
}

void lookout_see(struct lookout *lookout, const struct view *view)
{
	const struct finding *const *findings;
	__u64 began = cpu_ns();
	size_t n = 0, i;
	int err;

	verdicts_read(&lookout->verdicts, take_verdict, lookout);
	err = detect__step(lookout->detect, view, &findings, &n);
	lookout->cpu_ns += cpu_ns() - began;
	if (err)
		logbook_say(lookout->book, SEVERITY_ERROR, "detection-failed", err,
			    "detection: this snapshot was not judged");
	for (i = 0; i < n && !err; i++)
		tell(lookout, findings[i], view);
}
