// SPDX-License-Identifier: GPL-2.0-only
/*
 * ecs.c - owns an event as Elastic Common Schema 8.17: which field holds what.
 *
 * What ECS has no field for (CPU and memory of a process, culprits) is under "vigie".
 */
#include "log/encode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json_writer.h"
#include "base/units.h"

#define ECS_VERSION "8.17.0"

/* syslog's, and so journald's. */
static const unsigned int syslog_severity[SEVERITIES] = { 7, 6, 4, 3, 2 };
/* Our own scale of event.severity: Python's levels. */
static const unsigned int numeric_severity[SEVERITIES] = { 10, 20, 30, 40, 50 };

/* RFC 3339 with milliseconds, UTC. */
static void json_time(struct json *j, const char *name, __u64 wall_ns)
{
	time_t seconds = wall_ns / NS_PER_S;
	char text[40];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ",
		 (unsigned int)(wall_ns % NS_PER_S / NS_PER_MS));
	json_text(j, name, text);
}

/* A number that JSON knows: what is none becomes null. */
static void json_double(struct json *j, const char *name, double value)
{
	char text[40];

	if (isfinite(value))
		snprintf(text, sizeof(text), "%.9g", value);
	json_literal(j, name, isfinite(value) ? text : "null");
}

static void json_word(struct json *j, const char *name, const char *text)
{
	if (text && *text)
		json_text(j, name, text);
}

/* With the boot it is unique for good: pids come again, starts do not. */
static void json_entity(struct json *j, const struct actor *who)
{
	char text[48];

	snprintf(text, sizeof(text), "%u-%llu", who->pid, (unsigned long long)who->start_ns);
	json_text(j, "entity_id", text);
}

static void put_parent(struct json *j, const struct finding *f)
{
	if (!f->nparents || !f->parents[0].pid)
		return;
	json_open(j, "parent", '{');
	json_u64(j, "pid", f->parents[0].pid);
	json_word(j, "name", f->parents[0].comm);
	json_entity(j, &f->parents[0]);
	json_close(j, '}');
}

static void put_process(struct json *j, const struct finding *f)
{
	char uid[16];

	if (!f->who.comm[0] && !f->who.pid)
		return;
	json_open(j, "process", '{');
	json_word(j, "name", f->who.comm);
	if (f->who.pid) {
		json_u64(j, "pid", f->who.pid);
		json_entity(j, &f->who);
		if (f->start_wall_ns)
			json_time(j, "start", f->start_wall_ns);
		snprintf(uid, sizeof(uid), "%u", f->who.uid);
		json_open(j, "user", '{');
		json_text(j, "id", uid);
		json_close(j, '}');
	}
	put_parent(j, f);
	json_close(j, '}');
	if (f->who.container_id[0]) {
		json_open(j, "container", '{');
		json_text(j, "id", f->who.container_id);
		json_close(j, '}');
	}
}

static void put_rule(struct json *j, const struct rule *rule)
{
	char version[16];

	snprintf(version, sizeof(version), "%u", rule->version);
	json_open(j, "rule", '{');
	json_text(j, "id", rule->id);
	json_text(j, "name", rule->title);
	json_text(j, "version", version);
	json_close(j, '}');
}

static void put_actor(struct json *j, const struct actor *who)
{
	if (who->pid)
		json_u64(j, "pid", who->pid);
	json_word(j, "name", who->comm);
	json_word(j, "unit", who->unit);
}

static void put_culprits(struct json *j, const struct finding *f)
{
	unsigned int i;

	json_open(j, "culprits", '[');
	for (i = 0; i < f->nculprits; i++) {
		json_open(j, NULL, '{');
		put_actor(j, &f->culprits[i].who);
		json_double(j, "share", f->culprits[i].share);
		json_word(j, "did", f->culprits[i].did);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "parents", '[');
	for (i = 0; i < f->nparents; i++) {
		json_open(j, NULL, '{');
		put_actor(j, &f->parents[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_growth(struct json *j, const struct finding *f)
{
	if (!f->limit_bytes)
		return;
	json_double(j, "slope_per_second", f->slope_per_s);
	json_u64(j, "limit_bytes", f->limit_bytes);
	if (f->exhausted_in_ns)
		json_double(j, "exhausted_in_seconds", f->exhausted_in_ns / 1e9);
}

static void put_finding(struct json *j, const struct finding *f)
{
	static const char *const phases[] = { "start", "update", "end" };

	json_open(j, "finding", '{');
	json_text(j, "id", f->id);
	json_text(j, "pattern", f->pattern);
	json_text(j, "phase", phases[f->phase]);
	json_text(j, "quantity", f->rule->quantity);
	json_text(j, "unit", f->rule->unit);
	json_double(j, "observed", f->observed);
	json_double(j, "expected", f->expected);
	json_double(j, "worst", f->worst);
	json_double(j, "confidence", f->confidence);
	json_text(j, "severity", severity_name(f->severity));
	json_bool(j, "silenced", f->silenced);
	put_growth(j, f);
	json_close(j, '}');
	json_word(j, "unit", f->who.unit);
	put_culprits(j, f);
}

static void put_verdict(struct json *j, const struct verdict *v)
{
	json_open(j, "verdict", '{');
	json_text(j, "finding", v->finding);
	json_text(j, "pattern", v->pattern);
	json_text(j, "kind", verdict_name(v->kind));
	json_word(j, "note", v->note);
	json_word(j, "by", v->by);
	json_close(j, '}');
}

static void put_origin(struct json *j, const struct origin *origin)
{
	json_open(j, "ecs", '{');
	json_text(j, "version", ECS_VERSION);
	json_close(j, '}');
	json_open(j, "host", '{');
	json_word(j, "name", origin->host_name);
	json_word(j, "hostname", origin->host_name);
	json_word(j, "id", origin->host_id);
	json_open(j, "boot", '{');
	json_word(j, "id", origin->boot_id);
	json_close(j, '}');
	json_open(j, "os", '{');
	json_text(j, "type", "linux");
	json_word(j, "kernel", origin->kernel);
	json_close(j, '}');
	json_close(j, '}');
	json_open(j, "service", '{');
	json_text(j, "name", "vigie");
	json_text(j, "type", "vigie");
	json_word(j, "version", origin->version);
	json_close(j, '}');
}

static void put_level(struct json *j, const struct event *e)
{
	json_open(j, "log", '{');
	json_text(j, "level", severity_name(e->level));
	json_text(j, "logger", "vigie");
	json_open(j, "syslog", '{');
	json_open(j, "severity", '{');
	json_u64(j, "code", syslog_severity[e->level]);
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
}

/* ECS names "process" for what a process does, "host" for what the host suffers. */
static const char *category(const struct event *e)
{
	return e->finding && (e->finding->who.pid || e->finding->who.comm[0]) ? "process" : "host";
}

static const char *event_type(const struct event *e)
{
	if (e->kind != EVENT_FINDING)
		return e->kind == EVENT_VERDICT ? "change" : "info";
	if (e->finding->phase == FINDING_UPDATE)
		return "info";
	return e->finding->phase == FINDING_START ? "start" : "end";
}

static void json_array_of(struct json *j, const char *name, const char *text)
{
	json_open(j, name, '[');
	json_text(j, NULL, text);
	json_close(j, ']');
}

/* The last member, left open. */
static void open_event(struct json *j, const struct event *e)
{
	static const char *const datasets[] = { "vigie.log", "vigie.finding", "vigie.verdict" };
	const struct finding *f = e->finding;

	json_open(j, "event", '{');
	json_text(j, "kind", e->kind == EVENT_FINDING ? "alert" : "event");
	json_array_of(j, "category", category(e));
	json_array_of(j, "type", event_type(e));
	json_text(j, "action", e->action);
	json_text(j, "dataset", datasets[e->kind]);
	json_text(j, "module", "vigie");
	json_text(j, "provider", "vigie");
	json_u64(j, "severity", numeric_severity[e->level]);
	if (e->kind == EVENT_FINDING) {
		json_text(j, "id", f->id);
		json_text(j, "reason", f->rule->title);
		json_time(j, "start", f->since_wall_ns);
		json_u64(j, "duration", f->duration_ns);
		if (f->phase == FINDING_END)
			json_time(j, "end", f->since_wall_ns + f->duration_ns);
	}
}

void event_ecs_encode(struct buf *out, const struct event *e, const struct origin *origin)
{
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_time(&j, "@timestamp", e->wall_ns);
	json_text(&j, "message", e->message);
	put_level(&j, e);
	put_origin(&j, origin);
	if (e->finding) {
		put_process(&j, e->finding);
		put_rule(&j, e->finding->rule);
	}
	if (e->err) {
		char code[16];

		snprintf(code, sizeof(code), "%d", -e->err);
		json_open(&j, "error", '{');
		json_text(&j, "code", code);
		json_text(&j, "message", e->message);
		json_close(&j, '}');
	}
	json_open(&j, "vigie", '{');
	if (e->finding)
		put_finding(&j, e->finding);
	if (e->verdict)
		put_verdict(&j, e->verdict);
	json_u64(&j, "pid", origin->pid);
	json_close(&j, '}');
	open_event(&j, e);
}

void event_ecs_close(struct buf *out)
{
	buf_str(out, "}}\n");
}
