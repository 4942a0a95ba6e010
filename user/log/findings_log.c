// SPDX-License-Identifier: GPL-2.0-only
/* findings_log.c - owns the way from a line of the log to a finding_event. */
#include "log/findings_log.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/text.h"
#include "base/units.h"
#include "log/log_file.h"

enum { LINE_BYTES = 1 << 20, DEPTH_MAX = 16, ROTATED_MAX = 99 };

static struct json_object *log_member(struct json_object *in, const char *name)
{
	struct json_object *found = NULL;

	if (in && json_object_is_type(in, json_type_object))
		json_object_object_get_ex(in, name, &found);
	return found;
}

/* "a.b.c" */
static struct json_object *at_path(struct json_object *in, const char *path)
{
	char copy[64], *rest = copy, *name;

	snprintf(copy, sizeof(copy), "%s", path);
	while (in && (name = strsep(&rest, ".")))
		in = log_member(in, name);
	return in;
}

static void text_of(struct json_object *value, char *dst, size_t size)
{
	const char *text = "";
	char safe[1024];

	dst[0] = '\0';
	if (!value || !json_object_is_type(value, json_type_string))
		return;
	text = json_object_get_string(value);
	if (!*text)
		return;
	text_sanitise(safe, sizeof(safe), text, strlen(text));
	snprintf(dst, size, "%.*s", (int)size - 1, safe);
}

static void text_at(struct json_object *in, const char *path, char *dst, size_t size)
{
	text_of(at_path(in, path), dst, size);
}

static double number_at(struct json_object *in, const char *path)
{
	struct json_object *value = at_path(in, path);

	return value && (json_object_is_type(value, json_type_double) ||
			 json_object_is_type(value, json_type_int))
		       ? json_object_get_double(value)
		       : 0;
}

static __u64 time_at(struct json_object *in, const char *path)
{
	unsigned int ms = 0;
	struct tm tm = { 0 };
	const char *rest;
	char text[40];
	time_t at;

	text_at(in, path, text, sizeof(text));
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || sscanf(rest, ".%3uZ", &ms) != 1)
		return 0;
	at = timegm(&tm);
	return at > 0 ? at * NS_PER_S + ms * NS_PER_MS : 0;
}

static void actor_of(struct json_object *in, struct actor *ret)
{
	*ret = (struct actor){ .pid = number_at(in, "pid") };
	text_at(in, "name", ret->comm, sizeof(ret->comm));
	text_at(in, "unit", ret->unit, sizeof(ret->unit));
}

static void take_people(struct json_object *line, struct finding_event *e)
{
	struct json_object *culprits = at_path(line, "vigie.culprits");
	struct json_object *parents = at_path(line, "vigie.parents"), *one;
	size_t i;

	if (culprits && json_object_is_type(culprits, json_type_array))
		for (i = 0; i < json_object_array_length(culprits) && i < FINDING_CULPRITS; i++) {
			one = json_object_array_get_idx(culprits, i);
			actor_of(one, &e->culprits[i].who);
			e->culprits[i].share = number_at(one, "share");
			text_at(one, "did", e->did[i], sizeof(e->did[i]));
			e->nculprits = i + 1;
		}
	if (parents && json_object_is_type(parents, json_type_array))
		for (i = 0; i < json_object_array_length(parents) && i < FINDING_PARENTS; i++) {
			actor_of(json_object_array_get_idx(parents, i), &e->parents[i]);
			e->nparents = i + 1;
		}
}

static void take_subject(struct json_object *line, struct finding_event *e)
{
	unsigned long long start = 0;
	unsigned int pid = 0;
	char entity[64];

	e->who.pid = number_at(line, "process.pid");
	text_at(line, "process.name", e->who.comm, sizeof(e->who.comm));
	text_at(line, "vigie.unit", e->who.unit, sizeof(e->who.unit));
	text_at(line, "process.entity_id", entity, sizeof(entity));
	if (sscanf(entity, "%u-%llu", &pid, &start) == 2)
		e->who.start_ns = start;
}

/* False: it is not about a finding, or not about this one. */
static bool event_of(struct json_object *line, const char *id, struct finding_event *e)
{
	bool verdict;

	memset(e, 0, sizeof(*e));
	text_at(line, "event.action", e->action, sizeof(e->action));
	verdict = !strcmp(e->action, "verdict");
	text_at(line, verdict ? "vigie.verdict.finding" : "vigie.finding.id", e->id, sizeof(e->id));
	text_at(line, verdict ? "vigie.verdict.pattern" : "vigie.finding.pattern", e->pattern,
		sizeof(e->pattern));
	if (!e->id[0] || (id && strcmp(e->id, id)))
		return false;
	text_at(line, "log.level", e->level, sizeof(e->level));
	text_at(line, "message", e->message, sizeof(e->message));
	text_at(line, "rule.id", e->rule, sizeof(e->rule));
	text_at(line, "vigie.finding.quantity", e->quantity, sizeof(e->quantity));
	text_at(line, "vigie.finding.unit", e->unit, sizeof(e->unit));
	e->wall_ns = time_at(line, "@timestamp");
	e->since_wall_ns = time_at(line, "event.start");
	e->observed = number_at(line, "vigie.finding.observed");
	e->expected = number_at(line, "vigie.finding.expected");
	e->worst = number_at(line, "vigie.finding.worst");
	e->confidence = number_at(line, "vigie.finding.confidence");
	take_subject(line, e);
	take_people(line, e);
	return true;
}

bool finding_event_is_of_life(const struct finding_event *e)
{
	return !strncmp(e->action, "finding-", 8);
}

__u64 finding_event_since_ns(const struct finding_event *e)
{
	return e->since_wall_ns ? e->since_wall_ns : e->wall_ns;
}

bool finding_life_take(struct finding_life *life, const struct finding_event *e)
{
	bool ended = !strcmp(e->action, "finding-end"), first = !life->known;

	if (!life->since_ns)
		life->since_ns = finding_event_since_ns(e);
	life->last_ns = e->wall_ns;
	life->end_ns = ended ? e->wall_ns : 0;
	life->known = true;
	return !ended || first;
}

struct walk {
	const char *id;
	void (*take)(void *ctx, const struct finding_event *event);
	void *ctx;
	struct json_tokener *tokener;
	char *line; /* LINE_BYTES */
};

static void walk_line(struct walk *w, size_t len)
{
	/* A line about any finding has this word, in its action or in what a verdict is on. */
	const char *word = w->id ? w->id : "finding";
	struct finding_event event;
	struct json_object *line;

	/* Cheap before dear: most lines are about something else. */
	if (!memmem(w->line, len, word, strlen(word)))
		return;
	json_tokener_reset(w->tokener);
	line = json_tokener_parse_ex(w->tokener, w->line, len);
	if (line && event_of(line, w->id, &event))
		w->take(w->ctx, &event);
	json_object_put(line);
}

static int walk_file(struct walk *w, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	size_t len = 0;
	int c;

	if (!file) {
		c = -errno;
		if (fd >= 0)
			close(fd);
		return c;
	}
	while ((c = getc_unlocked(file)) != EOF) {
		if (c != '\n') {
			if (len < LINE_BYTES)
				w->line[len++] = c;
			continue;
		}
		if (len < LINE_BYTES)
			walk_line(w, len);
		len = 0;
	}
	fclose(file);
	return 0;
}

int log_place_open(struct log_place *place, const char *directory, const char *log_file,
		   const char *who)
{
	char parent[PATH_MAX];
	int n = log_file ? snprintf(place->path, sizeof(place->path), "%s", log_file)
			 : snprintf(place->path, sizeof(place->path), "%s/" LOG_FILE_NAME,
				    directory);

	if (n < 0 || (size_t)n >= sizeof(place->path) ||
	    io_split_path(place->path, parent, sizeof(parent), &place->name)) {
		if (who)
			fprintf(stderr, "%s: '%s' is not the path of a file\n", who,
				log_file ? log_file : directory);
		return -EINVAL;
	}
	place->dirfd = io_open_dir(parent);
	if (place->dirfd >= 0 || !who)
		return place->dirfd >= 0 ? 0 : place->dirfd;
	fprintf(stderr, "%s: cannot open '%s': %s\n", who, parent, err_name(place->dirfd));
	return place->dirfd;
}

void log_place_close(struct log_place *place)
{
	close(place->dirfd);
	place->dirfd = -1;
}

int findings_log_read(const struct log_place *place, const char *id, const char *who,
		      void (*take)(void *ctx, const struct finding_event *event), void *ctx)
{
	struct walk w = { .id = id, .take = take, .ctx = ctx };
	char rotated[NAME_MAX + 8];
	int i, err;

	w.tokener = json_tokener_new_ex(DEPTH_MAX);
	w.line = malloc(LINE_BYTES);
	err = w.tokener && w.line ? 0 : -ENOMEM;
	for (i = ROTATED_MAX; i > 0 && !err; i--) {
		snprintf(rotated, sizeof(rotated), "%s.%d", place->name, i);
		walk_file(&w, place->dirfd, rotated); /* most are not there */
	}
	if (!err)
		err = walk_file(&w, place->dirfd, place->name);
	if (w.tokener)
		json_tokener_free(w.tokener);
	free(w.line);
	if (err && who)
		fprintf(stderr, "%s: cannot read '%s': %s\n", who, place->path, err_name(err));
	return err;
}
