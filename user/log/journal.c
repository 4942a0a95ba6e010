// SPDX-License-Identifier: GPL-2.0-only
/*
 * journal.c - owns an event in journald's native protocol.
 *
 * KEY=value lines; a value with a line end has its length before it instead, so no text can
 * make up a field. OBJECT_PID has journald add what it knows of that process.
 */
#include "log/encode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One for operational messages, one for verdicts; each rule has its own. Never change. */
#define ID_MESSAGE "5b1f0a7f5b1c4d2e9a3a6f6f0c1e7d10"
#define ID_VERDICT "c7d61c5b0a6e4c6f8f5d2b1e9a4f3e21"

static const char syslog_digit[SEVERITIES] = { '7', '6', '4', '3', '2' };

static void journal_put(struct buf *out, const char *key, const char *value)
{
	size_t len = strlen(value);
	int i;

	if (!len)
		return;
	buf_str(out, key);
	if (strchr(value, '\n')) {
		buf_char(out, '\n');
		for (i = 0; i < 8; i++)
			buf_char(out, (uint64_t)len >> 8 * i);
	} else {
		buf_char(out, '=');
	}
	buf_add(out, value, len);
	buf_char(out, '\n');
}

static void put_u64(struct buf *out, const char *key, __u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	journal_put(out, key, text);
}

static void put_double(struct buf *out, const char *key, double value)
{
	char text[40];

	if (!isfinite(value))
		return;
	snprintf(text, sizeof(text), "%.9g", value);
	journal_put(out, key, text);
}

static void put_finding(struct buf *out, const struct finding *f)
{
	static const char *const phases[] = { "start", "update", "end" };

	journal_put(out, "MESSAGE_ID", f->rule->message_id);
	journal_put(out, "VIGIE_RULE", f->rule->id);
	put_u64(out, "VIGIE_RULE_VERSION", f->rule->version);
	journal_put(out, "VIGIE_FINDING", f->id);
	journal_put(out, "VIGIE_PATTERN", f->pattern);
	journal_put(out, "VIGIE_PHASE", phases[f->phase]);
	journal_put(out, "VIGIE_QUANTITY", f->rule->quantity);
	put_double(out, "VIGIE_OBSERVED", f->observed);
	put_double(out, "VIGIE_EXPECTED", f->expected);
	put_double(out, "VIGIE_CONFIDENCE", f->confidence);
	journal_put(out, "VIGIE_UNIT", f->who.unit);
	journal_put(out, "VIGIE_COMM", f->who.comm);
	if (f->who.pid) {
		put_u64(out, "VIGIE_PID", f->who.pid);
		put_u64(out, "OBJECT_PID", f->who.pid);
	}
	if (f->nculprits) {
		journal_put(out, "VIGIE_CULPRIT_COMM", f->culprits[0].who.comm);
		journal_put(out, "VIGIE_CULPRIT_UNIT", f->culprits[0].who.unit);
		if (f->culprits[0].who.pid)
			put_u64(out, "VIGIE_CULPRIT_PID", f->culprits[0].who.pid);
		put_double(out, "VIGIE_CULPRIT_SHARE", f->culprits[0].share);
	}
}

static void put_verdict(struct buf *out, const struct verdict *v)
{
	journal_put(out, "MESSAGE_ID", ID_VERDICT);
	journal_put(out, "VIGIE_FINDING", v->finding);
	journal_put(out, "VIGIE_PATTERN", v->pattern);
	journal_put(out, "VIGIE_VERDICT", verdict_name(v->kind));
	journal_put(out, "VIGIE_NOTE", v->note);
	journal_put(out, "VIGIE_BY", v->by);
}

void event_journal_encode(struct buf *out, const struct event *e, const struct origin *origin)
{
	const char priority[2] = { syslog_digit[e->level], '\0' };

	journal_put(out, "MESSAGE", e->message);
	journal_put(out, "PRIORITY", priority);
	journal_put(out, "SYSLOG_IDENTIFIER", "vigie");
	journal_put(out, "VIGIE_ACTION", e->action);
	journal_put(out, "VIGIE_VERSION", origin->version ? origin->version : "");
	if (e->err)
		put_u64(out, "ERRNO", -e->err);
	if (e->finding)
		put_finding(out, e->finding);
	else if (e->verdict)
		put_verdict(out, e->verdict);
	else
		journal_put(out, "MESSAGE_ID", ID_MESSAGE);
}
