// SPDX-License-Identifier: GPL-2.0-only
/* recorder.c - owns the way of a snapshot and of a finding's evidence to the writer. */
#include "daemon/recorder.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/units.h"
#include "export/encode.h"
#include "log/encode.h"

enum {
	JSON_MAX = 1 << 20,
	TOP_GROUPS = 50, /* of the host's state in an incident */
};

/* A reader can begin here: what a lost entry can cost at most, and evidence's grain. */
#define KEY_EVERY_NS (60 * NS_PER_S)
#define BEFORE_NS (300 * NS_PER_S)

int recorder_init(struct recorder *recorder, struct writer *writer, struct logbook *book)
{
	memset(recorder, 0, sizeof(*recorder));
	recorder->writer = writer;
	recorder->book = book;
	buf_init(&recorder->entry, WRITER_MESSAGE_MAX);
	buf_init(&recorder->finding, 2 * JSON_MAX);
	buf_init(&recorder->host, JSON_MAX);
	if (!writer)
		return 0;
	recorder->encoder = encoder__new();
	return recorder->encoder ? 0 : -ENOMEM;
}

void recorder_done(struct recorder *recorder)
{
	unsigned int i;

	for (i = 0; i < EVIDENCE_MAX; i++)
		buf_done(&recorder->evidence[i].unsent);
	encoder__free(recorder->encoder);
	buf_done(&recorder->entry);
	buf_done(&recorder->finding);
	buf_done(&recorder->host);
}

void recorder_record(struct recorder *recorder, const struct snapshot *snapshot)
{
	struct writer_head head = {
		.kind = WRITER_ENTRY,
		.time_ns = snapshot->time_ns,
		.wall_ns = snapshot->wall_ns,
	};
	struct writer_stat stat;
	__u64 began;
	bool key;

	if (!recorder->writer || !writer__alive(recorder->writer))
		return;
	began = clock_process_cpu_ns();
	writer__stat(recorder->writer, &stat);
	head.key = stat.wants_key || snapshot->time_ns >= recorder->next_key_ns;
	if (head.key)
		recorder->next_key_ns = snapshot->time_ns + KEY_EVERY_NS;
	buf_clear(&recorder->entry);
	if (!encoder__encode(recorder->encoder, snapshot, head.key, &recorder->entry, &key)) {
		head.key = key;
		writer__send(recorder->writer, &head, recorder->entry.data, recorder->entry.len);
		recorder->encoded_bytes += recorder->entry.len;
	} else {
		recorder->next_key_ns = 0; /* the encoder lost the thread: begin anew */
	}
	recorder->encode_ns += clock_process_cpu_ns() - began;
}

/* --- Evidence. */

static struct evidence *evidence_find(struct recorder *recorder, const char *id)
{
	unsigned int i;

	for (i = 0; i < EVIDENCE_MAX; i++)
		if (!strcmp(recorder->evidence[i].id, id))
			return &recorder->evidence[i];
	return NULL;
}

static struct evidence *evidence_of(struct recorder *recorder, const struct finding *finding)
{
	struct evidence *e = evidence_find(recorder, finding->id);

	if (e || !finding_wants_evidence(finding))
		return e;
	e = evidence_find(recorder, "");
	if (e)
		memcpy(e->id, finding->id, sizeof(e->id));
	return e;
}

static void evidence_done(struct evidence *e)
{
	buf_done(&e->unsent);
	*e = (struct evidence){ .open = false };
}

static int send_finding(struct recorder *recorder, enum writer_kind kind, const struct event *event,
			const struct view *view)
{
	const struct list_options options = { .sort = SORT_CPU, .top = TOP_GROUPS };
	const struct finding *finding = event->finding;
	__u64 since = finding->since_wall_ns ? finding->since_wall_ns : view->wall_ns;
	struct writer_head head = { .kind = kind };

	buf_clear(&recorder->finding);
	event_ecs_encode(&recorder->finding, event, &recorder->book->origin);
	event_ecs_close(&recorder->finding);
	memcpy(head.id, finding->id, sizeof(head.id));
	head.split = recorder->finding.len;
	head.wall_ns = since > BEFORE_NS ? since - BEFORE_NS : 0;
	if (kind == WRITER_INCIDENT_BEGIN) {
		buf_clear(&recorder->host);
		json_encode(&recorder->host, view, &options);
		buf_add(&recorder->finding, recorder->host.data,
			recorder->host.err ? 0 : recorder->host.len);
	}
	if (recorder->finding.err)
		return recorder->finding.err;
	return writer__send(recorder->writer, &head, recorder->finding.data, recorder->finding.len);
}

/* A folder that nobody closes would take every snapshot and another finding's place. */
static void keep_unsent(struct recorder *recorder, struct evidence *e)
{
	e->owed = true;
	buf_init(&e->unsent, 2 * JSON_MAX);
	buf_add(&e->unsent, recorder->finding.data,
		recorder->finding.err ? 0 : recorder->finding.len);
}

static void send_unsent(struct recorder *recorder, struct evidence *e)
{
	struct writer_head head = { .kind = WRITER_INCIDENT_END, .split = e->unsent.len };

	memcpy(head.id, e->id, sizeof(head.id));
	if (writer__send(recorder->writer, &head, e->unsent.data, e->unsent.len))
		return;
	e->open = e->owed = false;
	buf_done(&e->unsent);
	if (e->over)
		evidence_done(e);
}

bool recorder_incident(struct recorder *recorder, const struct event *event,
		       const struct view *view)
{
	const struct finding *finding = event->finding;
	bool wants = finding_wants_evidence(finding);
	enum writer_kind kind = WRITER_INCIDENT_END;
	struct evidence *e;
	int err;

	if (!recorder->writer || !writer__alive(recorder->writer))
		return false;
	e = evidence_of(recorder, finding);
	if (!e)
		return false;
	if (wants)
		kind = e->open ? WRITER_INCIDENT_UPDATE : WRITER_INCIDENT_BEGIN;
	e->over = finding->phase == FINDING_END;
	e->owed = false; /* this says it later */
	buf_done(&e->unsent);
	err = send_finding(recorder, kind, event, view);
	if (!err)
		e->open = wants;
	else if (!wants)
		keep_unsent(recorder, e);
	if (!err && e->over)
		evidence_done(e);
	return !err && kind == WRITER_INCIDENT_BEGIN;
}

static __u64 recorder_lost(const struct writer_stat *stat)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < WRITER_LOSSES; i++)
		sum += stat->self.entries_lost[i];
	return sum;
}

void recorder_watch(struct recorder *recorder)
{
	struct writer_stat stat;
	unsigned int i;
	__u64 sum;

	if (!recorder->writer)
		return;
	for (i = 0; i < EVIDENCE_MAX && writer__alive(recorder->writer); i++)
		if (recorder->evidence[i].owed)
			send_unsent(recorder, &recorder->evidence[i]);
	writer__stat(recorder->writer, &stat);
	sum = recorder_lost(&stat);
	if (!recorder->failing &&
	    (!writer__alive(recorder->writer) || stat.err || sum > recorder->lost_before)) {
		recorder->failing = true;
		logbook_say(recorder->book, SEVERITY_ERROR, "recording-failed", stat.err,
			    writer__alive(recorder->writer)
				    ? "history: what is lost is counted, serving goes on: %s%s"
				    : "history: the writer is gone, serving goes on: %s%s",
			    stat.what[0] ? stat.what : "no room", err_write_remedy(stat.err));
	} else if (recorder->failing && writer__alive(recorder->writer) && !stat.err &&
		   sum == recorder->lost_before) {
		recorder->failing = false;
		logbook_say(recorder->book, SEVERITY_INFO, "recording-resumed", 0,
			    "history: goes on; %llu entries were lost in all",
			    (unsigned long long)sum);
	}
	recorder->lost_before = sum;
}
