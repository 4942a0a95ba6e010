// SPDX-License-Identifier: GPL-2.0-only
/* recorder.c - owns the way of a snapshot and of a finding's evidence to the scribe. */
#include "daemon/recorder.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "export/encode.h"
#include "log/encode.h"

enum {
	JSON_MAX = 1 << 20,
	TOP_GROUPS = 50, /* of the host's state in an incident */
};

#define NS_PER_S 1000000000ULL
/* A reader can begin here: what a lost entry can cost at most, and evidence's grain. */
#define KEY_EVERY_NS (60 * NS_PER_S)
#define BEFORE_NS (300 * NS_PER_S)

int blackbox_init(struct blackbox *box, struct scribe *scribe, struct logbook *book)
{
	memset(box, 0, sizeof(*box));
	box->scribe = scribe;
	box->book = book;
	buf_init(&box->entry, SCRIBE_MESSAGE_MAX);
	buf_init(&box->finding, 2 * JSON_MAX);
	buf_init(&box->host, JSON_MAX);
	if (!scribe)
		return 0;
	box->encoder = encoder__new();
	return box->encoder ? 0 : -ENOMEM;
}

void blackbox_done(struct blackbox *box)
{
	unsigned int i;

	for (i = 0; i < EVIDENCE_MAX; i++)
		buf_done(&box->evidence[i].unsent);
	encoder__free(box->encoder);
	buf_done(&box->entry);
	buf_done(&box->finding);
	buf_done(&box->host);
}

static __u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

void blackbox_record(struct blackbox *box, const struct snapshot *snapshot)
{
	struct scribe_head head = {
		.kind = SCRIBE_ENTRY,
		.time_ns = snapshot->time_ns,
		.wall_ns = snapshot->wall_ns,
	};
	struct scribe_stat stat;
	__u64 began;
	bool key;

	if (!box->scribe || !scribe__alive(box->scribe))
		return;
	began = cpu_ns();
	scribe__stat(box->scribe, &stat);
	head.key = stat.wants_key || snapshot->time_ns >= box->next_key_ns;
	if (head.key)
		box->next_key_ns = snapshot->time_ns + KEY_EVERY_NS;
	buf_clear(&box->entry);
	if (!encoder__encode(box->encoder, snapshot, head.key, &box->entry, &key)) {
		head.key = key;
		scribe__send(box->scribe, &head, box->entry.data, box->entry.len);
		box->encoded_bytes += box->entry.len;
	} else {
		box->next_key_ns = 0; /* the encoder lost the thread: begin anew */
	}
	box->encode_ns += cpu_ns() - began;
}

/* --- Evidence. */

static struct evidence *evidence_find(struct blackbox *box, const char *id)
{
	unsigned int i;

	for (i = 0; i < EVIDENCE_MAX; i++)
		if (!strcmp(box->evidence[i].id, id))
			return &box->evidence[i];
	return NULL;
}

static struct evidence *evidence_of(struct blackbox *box, const struct finding *finding)
{
	struct evidence *e = evidence_find(box, finding->id);

	if (e || !finding_wants_evidence(finding))
		return e;
	e = evidence_find(box, "");
	if (e)
		memcpy(e->id, finding->id, sizeof(e->id));
	return e;
}

static void evidence_done(struct evidence *e)
{
	buf_done(&e->unsent);
	*e = (struct evidence){ .open = false };
}

static int send_finding(struct blackbox *box, enum scribe_kind kind, const struct event *event,
			const struct view *view)
{
	const struct list_options options = { .sort = SORT_CPU, .top = TOP_GROUPS };
	const struct finding *finding = event->finding;
	__u64 since = finding->since_wall_ns ? finding->since_wall_ns : view->wall_ns;
	struct scribe_head head = { .kind = kind };

	buf_clear(&box->finding);
	event_ecs_encode(&box->finding, event, &box->book->origin);
	event_ecs_close(&box->finding);
	memcpy(head.id, finding->id, sizeof(head.id));
	head.split = box->finding.len;
	head.wall_ns = since > BEFORE_NS ? since - BEFORE_NS : 0;
	if (kind == SCRIBE_INCIDENT_BEGIN) {
		buf_clear(&box->host);
		json_encode(&box->host, view, &options);
		buf_add(&box->finding, box->host.data, box->host.err ? 0 : box->host.len);
	}
	if (box->finding.err)
		return box->finding.err;
	return scribe__send(box->scribe, &head, box->finding.data, box->finding.len);
}

/* A folder that nobody closes would take every snapshot and another finding's place. */
static void keep_unsent(struct blackbox *box, struct evidence *e)
{
	e->owed = true;
	buf_init(&e->unsent, 2 * JSON_MAX);
	buf_add(&e->unsent, box->finding.data, box->finding.err ? 0 : box->finding.len);
}

static void send_unsent(struct blackbox *box, struct evidence *e)
{
	struct scribe_head head = { .kind = SCRIBE_INCIDENT_END, .split = e->unsent.len };

	memcpy(head.id, e->id, sizeof(head.id));
	if (scribe__send(box->scribe, &head, e->unsent.data, e->unsent.len))
		return;
	e->open = e->owed = false;
	buf_done(&e->unsent);
	if (e->over)
		evidence_done(e);
}

bool blackbox_incident(struct blackbox *box, const struct event *event, const struct view *view)
{
	const struct finding *finding = event->finding;
	bool wants = finding_wants_evidence(finding);
	enum scribe_kind kind = SCRIBE_INCIDENT_END;
	struct evidence *e;
	int err;

	if (!box->scribe || !scribe__alive(box->scribe))
		return false;
	e = evidence_of(box, finding);
	if (!e)
		return false;
	if (wants)
		kind = e->open ? SCRIBE_INCIDENT_UPDATE : SCRIBE_INCIDENT_BEGIN;
	e->over = finding->phase == FINDING_END;
	e->owed = false; /* this says it later */
	buf_done(&e->unsent);
	err = send_finding(box, kind, event, view);
	if (!err)
		e->open = wants;
	else if (!wants)
		keep_unsent(box, e);
	if (!err && e->over)
		evidence_done(e);
	return !err && kind == SCRIBE_INCIDENT_BEGIN;
}

static __u64 lost(const struct scribe_stat *stat)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < SCRIBE_LOSSES; i++)
		sum += stat->entries_lost[i];
	return sum;
}

void blackbox_watch(struct blackbox *box)
{
	struct scribe_stat stat;
	unsigned int i;
	__u64 sum;

	if (!box->scribe)
		return;
	for (i = 0; i < EVIDENCE_MAX && scribe__alive(box->scribe); i++)
		if (box->evidence[i].owed)
			send_unsent(box, &box->evidence[i]);
	scribe__stat(box->scribe, &stat);
	sum = lost(&stat);
	if (!box->failing && (!scribe__alive(box->scribe) || stat.err || sum > box->lost_before)) {
		box->failing = true;
		logbook_say(box->book, SEVERITY_ERROR, "recording-failed", stat.err,
			    scribe__alive(box->scribe)
				    ? "recording: what is lost is counted, serving goes on: %s"
				    : "recording: the scribe is gone, serving goes on: %s",
			    stat.what[0] ? stat.what : "no room");
	} else if (box->failing && scribe__alive(box->scribe) && !stat.err &&
		   sum == box->lost_before) {
		box->failing = false;
		logbook_say(box->book, SEVERITY_INFO, "recording-resumed", 0,
			    "recording: goes on; %llu entries were lost in all",
			    (unsigned long long)sum);
	}
	box->lost_before = sum;
}
