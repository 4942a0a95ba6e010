// SPDX-License-Identifier: GPL-2.0-only
/* finding_handler.c - owns what happens to a finding, and in which order. */
#include "daemon/finding_handler.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/capture_targets.h"
#include "log/encode.h"

static void take_verdict(void *ctx, const struct verdict *verdict)
{
	struct finding_handler *handler = ctx;
	char message[FINDING_NOTE_LEN + 200];
	const struct event event = {
		.kind = EVENT_VERDICT,
		.level = SEVERITY_INFO,
		.wall_ns = verdict->wall_ns,
		.action = "verdict",
		.message = message,
		.verdict = verdict,
	};
	int err = detect__silence(handler->detect, verdict->pattern, verdict->kind);

	if (err)
		logbook_say(handler->book, SEVERITY_WARNING, "verdict-ignored", err,
			    "verdict on finding %s has no effect: too many patterns",
			    verdict->finding);
	if (handler->starting)
		return;
	verdict_message(verdict, message, sizeof(message));
	logbook_event(handler->book, &event);
}

int finding_handler_init(struct finding_handler *handler, struct logbook *book,
			 struct recorder *recorder, struct profiler *profiler, int dirfd)
{
	struct detect_config config;

	memset(handler, 0, sizeof(*handler));
	handler->book = book;
	handler->recorder = recorder;
	handler->profiler = profiler;
	verdicts_init(&handler->verdicts, dirfd);
	verdicts_watch(&handler->verdicts); /* before the first look */
	detect_config_default(&config);
	handler->detect = detect__new(&config);
	if (!handler->detect)
		return -ENOMEM;
	handler->starting = true;
	verdicts_read(&handler->verdicts, take_verdict, handler);
	handler->starting = false;
	return 0;
}

void finding_handler_done(struct finding_handler *handler)
{
	verdicts_done(&handler->verdicts);
	detect__free(handler->detect);
}

/* Who did it, while it is still being done. */
static void capture(struct finding_handler *handler, const struct finding *finding,
		    const struct view *view)
{
	struct profiler_ask ask = { .n = 0 };

	if (!handler->profiler)
		return;
	memcpy(ask.id, finding->id, sizeof(ask.id));
	ask.n = capture_targets_of(finding, view, getpid(), ask.targets);
	if (ask.n)
		profiler__ask(handler->profiler, &ask);
}

static void wait_for_turn(struct finding_handler *handler, const char *id)
{
	memcpy(handler->waiting[handler->next_waiting], id, FINDING_ID_LEN);
	handler->next_waiting = (handler->next_waiting + 1) % FINDING_HANDLER_WAITING;
}

/* True: it waits no longer. */
static bool has_turn(struct finding_handler *handler, const char *id)
{
	unsigned int i;

	for (i = 0; i < FINDING_HANDLER_WAITING; i++) {
		if (strcmp(handler->waiting[i], id))
			continue;
		handler->waiting[i][0] = '\0';
		return true;
	}
	return false;
}

void finding_handler_listen(struct finding_handler *handler)
{
	struct profiler_said said;

	while (profiler__listen(handler->profiler, &said)) {
		if (said.outcome == PROFILER_BUSY || said.outcome == PROFILER_LIMITED)
			wait_for_turn(handler, said.id);
		if (said.outcome == PROFILER_CAPTURED)
			logbook_say(
				handler->book, SEVERITY_INFO, "session-captured", 0,
				"finding %s: a profiling session is in its evidence, %llu stacks, "
				"%llu lost",
				said.id, (unsigned long long)said.stacks,
				(unsigned long long)said.lost);
		else if (said.outcome == PROFILER_FAILED)
			logbook_say(handler->book, SEVERITY_WARNING, "session-failed", said.err,
				    "finding %s: no profiling session: cannot %s", said.id,
				    said.what);
		else
			logbook_say(handler->book, SEVERITY_DEBUG, "session-refused", 0,
				    "finding %s: no profiling session: %s%s%s", said.id,
				    profiler_outcome_name(said.outcome), said.what[0] ? ": " : "",
				    said.what);
	}
}

static void forget_active(struct finding_handler *handler, const char *id)
{
	unsigned int i;

	for (i = 0; i < handler->nactive; i++) {
		if (strcmp(handler->active[i].id, id))
			continue;
		handler->nactive--;
		memmove(&handler->active[i], &handler->active[i + 1],
			(handler->nactive - i) * sizeof(handler->active[0]));
		return;
	}
}

/* Of more than there is room for the first are kept: the later are mostly what they caused. */
static void keep_active(struct finding_handler *handler, const struct finding *finding)
{
	struct self_finding *kept = handler->active, *end = kept + handler->nactive;

	while (kept < end && strcmp(kept->id, finding->id))
		kept++;
	if (kept == end && handler->nactive == FINDING_HANDLER_ACTIVE)
		return;
	handler->nactive += kept == end;
	memcpy(kept->id, finding->id, sizeof(kept->id));
	kept->rule = finding->rule->id;
	kept->severity = finding->severity;
	kept->since_wall_ns = finding->since_wall_ns;
	snprintf(kept->message, sizeof(kept->message), "%s", finding->message);
}

static void remember_active(struct finding_handler *handler, const struct finding *finding)
{
	if (finding->phase == FINDING_END || finding->silenced)
		forget_active(handler, finding->id);
	else
		keep_active(handler, finding);
}

static void handler_tell(struct finding_handler *handler, const struct finding *finding,
			 const struct view *view)
{
	const struct event event = event_of_finding(finding);
	bool begins;

	remember_active(handler, finding);
	logbook_event(handler->book, &event);
	begins = recorder_incident(handler->recorder, &event, view);
	if (finding_wants_evidence(finding) && (begins || has_turn(handler, finding->id)))
		capture(handler, finding, view);
}

void finding_handler_stat(const struct finding_handler *handler, struct self_view *self,
			  struct self_rule *rules, unsigned int max)
{
	const struct rule *table;
	const struct profiler_said *last;
	struct detect_stat stat;
	size_t n, i;

	table = detect_rules(&n);
	for (i = 0; i < n && i < max; i++) {
		rules[i].id = table[i].id;
		detect__count(handler->detect, i, &rules[i].findings, &rules[i].active);
	}
	detect__stat(handler->detect, &stat);
	self->findings = handler->active;
	self->nfindings = handler->nactive;
	self->rules = rules;
	self->nrules = i;
	last = handler->profiler ? profiler__last(handler->profiler) : NULL;
	if (last)
		self->profiler = last->self;
	self->detect_cpu_ns = handler->cpu_ns;
	self->findings_suppressed = stat.suppressed;
	self->findings_silenced = stat.silenced;
	self->detect_series = stat.series;
	self->detect_bytes = stat.bytes;
}

void findings_favour(struct model *model, const struct finding *const *findings, size_t n)
{
	size_t i;
	unsigned int c;

	for (i = 0; i < n; i++) {
		const struct finding *finding = findings[i];

		if (finding->phase != FINDING_START)
			continue;
		model__favour(model, finding->who.pid);
		for (c = 0; c < finding->nculprits; c++)
			model__favour(model, finding->culprits[c].who.pid);
	}
}

void finding_handler_see(struct finding_handler *handler, struct model *model,
			 const struct view *view)
{
	const struct finding *const *findings;
	__u64 began = clock_process_cpu_ns();
	size_t n = 0, i;
	int err;

	verdicts_read(&handler->verdicts, take_verdict, handler);
	err = detect__step(handler->detect, view, &findings, &n);
	handler->cpu_ns += clock_process_cpu_ns() - began;
	if (err)
		logbook_say(handler->book, SEVERITY_ERROR, "detection-failed", err,
			    "detection: this snapshot was not judged");
	if (!err)
		findings_favour(model, findings, n);
	for (i = 0; i < n && !err; i++)
		handler_tell(handler, findings[i], view);
}
