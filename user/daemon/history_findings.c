// SPDX-License-Identifier: GPL-2.0-only
/* history_findings.c - owns the way from events of the log to findings. */
#include "daemon/history_findings.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "daemon/profiler_wire.h"
#include "daemon/state_dir.h"
#include "detect/detect.h"
#include "log/log_file.h"

enum {
	MARKS_MAX = 4096, /* remembered; of more the later */
	MARKS_SHOWN = 300,
	EVENTS_MAX = 200,
};
#define READ_EVERY_NS (5 * NS_PER_S)

static const char who[] = "vigie-history";

void finding_marks_done(struct finding_marks *marks)
{
	free(marks->all);
	*marks = (struct finding_marks){ 0 };
}

/* Also what a log that was edited has cut in the middle of a character. */
static void put_text(struct json *j, const char *name, const char *text)
{
	char safe[2048];

	safe[0] = '\0';
	if (*text)
		text_sanitise(safe, sizeof(safe), text, strlen(text));
	json_text(j, name, safe);
}

/* --- Reading. */

static bool log_is_there(int state_dir, struct log_place *place, struct stat *st)
{
	int fd = openat(state_dir, LOG_FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	int err;

	if (fd < 0)
		return false;
	err = fstat(fd, st);
	close(fd);
	if (err)
		return false;
	*place = (struct log_place){ .dirfd = state_dir, .name = LOG_FILE_NAME };
	snprintf(place->path, sizeof(place->path), "%s", LOG_FILE_NAME);
	return true;
}

static struct finding_mark *find_mark(struct finding_marks *marks, const char *id)
{
	size_t i = marks->n;

	while (i--)
		if (!strcmp(marks->all[i].id, id))
			return &marks->all[i];
	return NULL;
}

static struct finding_mark *add_mark(struct finding_marks *marks, const struct finding_event *e)
{
	struct finding_mark *mark;

	if (marks->n == MARKS_MAX) {
		marks->n /= 2;
		memmove(marks->all, marks->all + marks->n, marks->n * sizeof(*marks->all));
	}
	if (array_grow(&marks->all, &marks->capacity, marks->n + 1, sizeof(*marks->all), MARKS_MAX))
		return NULL;
	mark = &marks->all[marks->n++];
	memset(mark, 0, sizeof(*mark));
	memcpy(mark->id, e->id, sizeof(mark->id));
	memcpy(mark->rule, e->rule, sizeof(mark->rule));
	return mark;
}

static void take_event(void *ctx, const struct finding_event *e)
{
	struct finding_mark *mark;

	if (!finding_event_is_of_life(e))
		return;
	mark = find_mark(ctx, e->id);
	if (!mark)
		mark = add_mark(ctx, e);
	if (!mark || !finding_life_take(&mark->life, e))
		return;
	snprintf(mark->severity, sizeof(mark->severity), "%s", e->level);
	snprintf(mark->message, sizeof(mark->message), "%s", e->message);
}

int finding_marks_read(struct finding_marks *marks, int state_dir)
{
	__u64 now_ns = clock_monotonic_ns();
	struct log_place place;
	struct stat st;
	int err;

	if (marks->read_ns && now_ns - marks->read_ns < READ_EVERY_NS)
		return 0;
	marks->read_ns = now_ns;
	if (!log_is_there(state_dir, &place, &st)) {
		marks->n = 0;
		return 0;
	}
	if (marks->log_inode == st.st_ino && marks->log_size == (__u64)st.st_size)
		return 0;
	marks->log_inode = st.st_ino;
	marks->log_size = st.st_size;
	marks->n = 0;
	err = findings_log_read(&place, NULL, who, take_event, marks);
	return err == -ENOMEM ? err : 0;
}

/* --- Marks. */

/* One whose end nobody logged may have ended with the vigie that found it. */
static bool mark_meets(const struct finding_mark *mark, __u64 from_ns, __u64 to_ns)
{
	return mark->life.since_ns <= to_ns && mark->life.last_ns >= from_ns;
}

static void put_end(struct json *j, __u64 end_ns)
{
	if (end_ns)
		json_seconds(j, "end", end_ns);
	else
		json_literal(j, "end", "null");
}

void finding_marks_put(const struct finding_marks *marks, struct json *j, const char *name,
		       __u64 from_ns, __u64 to_ns)
{
	size_t first = marks->n, n = 0, i;

	while (first && n < MARKS_SHOWN)
		n += mark_meets(&marks->all[--first], from_ns, to_ns);
	json_open(j, name, '[');
	for (i = first; i < marks->n; i++) {
		const struct finding_mark *mark = &marks->all[i];

		if (!mark_meets(mark, from_ns, to_ns))
			continue;
		json_line(j);
		json_open(j, NULL, '{');
		put_text(j, "id", mark->id);
		put_text(j, "rule", mark->rule);
		put_text(j, "severity", mark->severity);
		json_seconds(j, "since", mark->life.since_ns);
		json_seconds(j, "last", mark->life.last_ns);
		put_end(j, mark->life.end_ns);
		put_text(j, "message", mark->message);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* --- One story. */

struct story {
	struct finding_event last; /* of the last event that names people */
	struct finding_life life;
	unsigned int events;
	struct json events_json;
};

static void story_take(void *ctx, const struct finding_event *e)
{
	struct story *s = ctx;

	if (s->events++ < EVENTS_MAX) {
		json_line(&s->events_json);
		json_open(&s->events_json, NULL, '{');
		json_seconds(&s->events_json, "time", e->wall_ns);
		put_text(&s->events_json, "action", e->action);
		put_text(&s->events_json, "level", e->level);
		put_text(&s->events_json, "message", e->message);
		json_close(&s->events_json, '}');
	}
	if (finding_event_is_of_life(e) && finding_life_take(&s->life, e))
		s->last = *e;
}

static void put_number(struct json *j, const char *name, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.9g", value);
	json_literal(j, name, isfinite(value) ? text : "null");
}

static void put_actor(struct json *j, const char *name, const struct actor *a)
{
	char text[sizeof(a->comm) + sizeof(a->unit) + 32], pid[24] = "";

	if (a->pid)
		snprintf(pid, sizeof(pid), " pid %u", a->pid);
	snprintf(text, sizeof(text), "%s%s%s%s", a->unit, a->unit[0] && a->comm[0] ? "/" : "",
		 a->comm, pid);
	put_text(j, name, text);
}

/* The same in parts, for programs; pid null: all of that name. */
static void put_actor_parts(struct json *j, const struct actor *a)
{
	put_text(j, "unit", a->unit);
	put_text(j, "comm", a->comm);
	if (a->pid)
		json_u64(j, "pid", a->pid);
	else
		json_literal(j, "pid", "null");
}

static void put_people(struct json *j, const struct finding_event *e)
{
	unsigned int i;

	put_actor(j, "who", &e->who);
	json_open(j, "process", '{');
	put_actor_parts(j, &e->who);
	json_close(j, '}');
	json_open(j, "culprits", '[');
	for (i = 0; i < e->nculprits; i++) {
		json_open(j, NULL, '{');
		put_actor(j, "who", &e->culprits[i].who);
		put_actor_parts(j, &e->culprits[i].who);
		put_number(j, "share", e->culprits[i].share);
		put_text(j, "did", e->did[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "parents", '[');
	for (i = 0; i < e->nparents; i++)
		put_actor(j, NULL, &e->parents[i]);
	json_close(j, ']');
}

/* Of a rule that a later vigie has nothing is known but its name. */
static void put_rule(struct json *j, const char *id)
{
	const struct rule *rule = detect_rule_by_id(id);

	put_text(j, "rule", id);
	put_text(j, "decides", rule ? rule->decides : "");
	put_text(j, "remedy", rule ? rule->remedy : "");
}

static bool has_session(int state_dir, const char *id)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), STATE_DIR_INCIDENTS "/%s/" PROFILER_FILE, id);
	fd = openat(state_dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void put_story(struct json *j, const struct story *s, int state_dir)
{
	const struct finding_event *e = &s->last;

	json_open(j, NULL, '{');
	json_text(j, "schema", "vigie.finding/1");
	put_text(j, "id", e->id);
	put_text(j, "pattern", e->pattern);
	put_text(j, "severity", e->level);
	put_text(j, "message", e->message);
	json_seconds(j, "since", s->life.since_ns);
	put_end(j, s->life.end_ns);
	put_rule(j, e->rule);
	put_text(j, "quantity", e->quantity);
	put_text(j, "unit", e->unit);
	put_number(j, "observed", e->observed);
	put_number(j, "worst", e->worst);
	put_number(j, "expected", e->expected);
	put_number(j, "confidence", e->confidence);
	put_people(j, e);
	json_bool(j, "session", has_session(state_dir, e->id));
	json_open(j, "events", '[');
	buf_add(j->out, s->events_json.out->data, s->events_json.out->len);
	json_close(j, ']');
	json_close(j, '}');
	buf_char(j->out, '\n');
}

int finding_story_put(int state_dir, const char *id, struct buf *out)
{
	struct json j = { .out = out };
	struct story story = { .events = 0 };
	struct log_place place;
	struct buf events;
	struct stat st;
	int err;

	if (!log_is_there(state_dir, &place, &st))
		return -ENOENT;
	buf_init(&events, out->max);
	story.events_json.out = &events;
	err = findings_log_read(&place, id, who, story_take, &story);
	if (!err && !story.life.known)
		err = -ENOENT;
	if (!err)
		put_story(&j, &story, state_dir);
	if (events.err && !out->err)
		out->err = events.err;
	buf_done(&events);
	return err;
}
