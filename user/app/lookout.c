// SPDX-License-Identifier: GPL-2.0-only
/* lookout.c - owns what happens to a finding, and in which order. */
#include "app/lookout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "export/event.h"

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

int lookout_init(struct lookout *lookout, struct logbook *book, struct blackbox *box, int dirfd)
{
	struct detect_config config;

	memset(lookout, 0, sizeof(*lookout));
	lookout->book = book;
	lookout->box = box;
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

/* What a verdict calls benign is still on record, for who asks for it. */
static enum severity level_of(const struct finding *finding)
{
	if (finding->silenced)
		return SEVERITY_DEBUG;
	return finding->phase == FINDING_END ? SEVERITY_INFO : finding->severity;
}

static void tell(struct lookout *lookout, const struct finding *finding, const struct view *view)
{
	const struct event event = {
		.kind = EVENT_FINDING,
		.level = level_of(finding),
		.wall_ns = finding->now_wall_ns,
		.action = finding_action(finding->phase),
		.message = finding->message,
		.finding = finding,
	};

	logbook_event(lookout->book, &event);
	/* A lead is not worth a folder: a hundred of them would push an incident out. */
	if (finding->severity >= SEVERITY_WARNING && !finding->silenced)
		blackbox_incident(lookout->box, finding, view);
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
