// SPDX-License-Identifier: GPL-2.0-only
/*
 * history_answers.c - owns which entries are read for which answer.
 *
 * A range of at most FINE_MAX entries is read whole. Of a longer one keys are, one a minute, by which counters since
 * boot give the mean of each minute; what they say is kept, so that each is read once. A group's past has the
 * increments of the entries that are read. So an answer is bounded by numbers of entries; but what an entry takes
 * depends on the host, so each answer has a bound of CPU time, too.
 */
#include "daemon/history_answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/units.h"
#include "daemon/history_events.h"
#include "daemon/history_findings.h"
#include "daemon/profiler_wire.h"
#include "daemon/state_dir.h"
#include "data/view_list.h"
#include "export/encode.h"
#include "model/model.h"
#include "record/moments.h"
#include "record/session_file.h"
#include "report/formats.h"
#include "web/range.h"

enum {
	FINE_MAX = 3000,
	GROUP_ENTRIES_MAX = 720, /* of which a model is made */
	/* Groups or processes of a moment; room for them is asked for at once: 28 MB. */
	KNOWN_MAX = 16384,
	SAMPLES_MAX = 1 << 20,
};
#define LOOK_EVERY_NS NS_PER_S
/* A view is of one interval: who is not in it takes no room, and has a row at once if it comes back. */
#define LINGER_NS 1
#define OPEN_EVERY_NS (3600 * NS_PER_S) /* what the ring has dropped is forgotten then */

struct key_sample {
	size_t entry;
	__u64 snapshots; /* of its life of vigie, until then */
	struct web_sample sample;
};

struct history_answers {
	int state_dir;
	bool unit_ids;
	__u64 answer_cpu_ns;
	__u64 spent_ns; /* CPU time of this process at which the answer under way is given up */
	struct moments *moments; /* NULL: none yet */
	__u64 opened_ns, looked_ns; /* CLOCK_MONOTONIC */
	struct key_sample *keys; /* of all keys before the entry `sampled` that can be read */
	size_t nkeys, capacity, sampled;
	struct finding_marks marks;
};

int history_answers__new(const struct history_answers_config *config, struct history_answers **ret)
{
	struct history_answers *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->state_dir = config->state_dir;
	h->unit_ids = config->unit_ids;
	h->answer_cpu_ns = config->answer_cpu_ns;
	*ret = h;
	return 0;
}

static void history_close(struct history_answers *h)
{
	moments__free(h->moments);
	h->moments = NULL;
	h->nkeys = h->sampled = 0;
}

void history_answers__free(struct history_answers *h)
{
	if (!h)
		return;
	history_close(h);
	free(h->keys);
	finding_marks_done(&h->marks);
	free(h);
}

unsigned int history_refuse(struct buf *out, unsigned int status, const char *why)
{
	buf_printf(out, "{\"error\":\"%s\",\"status\":%u}\n", why, status);
	return status;
}

static unsigned int refuse_errno(struct buf *out, const char *what, int err)
{
	buf_clear(out);
	if (err == -ETIME)
		return history_refuse(
			out, 503, "this takes more CPU time than an answer may: narrow the range");
	if (err == -ENOMEM)
		return history_refuse(
			out, 503,
			"this needs more memory than an answer may have: narrow the range");
	buf_printf(out, "{\"error\":\"%s: %s\",\"status\":503}\n", what, err_name(err));
	return 503;
}

/* Asked before each entry. -ETIME: it is over. */
static int still_may(const struct history_answers *h)
{
	return clock_process_cpu_ns() < h->spent_ns ? 0 : -ETIME;
}

/* --- The entries. */

static int history_open(struct history_answers *h, __u64 now_ns)
{
	int ring, err;

	if (h->moments && now_ns - h->opened_ns < OPEN_EVERY_NS) {
		if (now_ns - h->looked_ns < LOOK_EVERY_NS)
			return 0;
		h->looked_ns = now_ns;
		return moments__look_again(h->moments);
	}
	history_close(h);
	ring = io_open_subdir(h->state_dir, STATE_DIR_RING);
	err = ring < 0 ? ring : moments__open(ring, &h->moments);
	h->opened_ns = h->looked_ns = now_ns;
	return err;
}

/* 0: there is an entry at least; or the status of a refusal, which is in out. */
static unsigned int history_ready(struct history_answers *h, struct buf *out)
{
	int err = history_open(h, clock_monotonic_ns());

	if (err && err != -ENOENT) {
		history_close(h);
		return refuse_errno(out, "the history cannot be read", err);
	}
	if (err || !moments__count(h->moments))
		return history_refuse(out, 404, "the history has no snapshot yet");
	return 0;
}

struct span {
	size_t first, last; /* entries */
	__u64 from_ns, to_ns;
};

/* Every entry of it is read. */
static bool is_fine(const struct span *s)
{
	return s->last - s->first < FINE_MAX;
}

static struct span span_of(const struct history_answers *h, const struct web_question *q)
{
	const struct moments *m = h->moments;
	struct span s = {
		.from_ns = q->from_ns ? q->from_ns : moments__wall_ns(m, 0),
		.to_ns = q->to_ns ? q->to_ns : moments__wall_ns(m, moments__count(m) - 1),
	};

	if (s.to_ns <= s.from_ns)
		s.to_ns = s.from_ns + 1;
	s.first = moments__find(m, s.from_ns);
	s.last = moments__find(m, s.to_ns);
	if (s.first > s.last) /* a clock that was set back */
		s.first = s.last;
	return s;
}

/* --- The host's load. */

static int sample_keys(struct history_answers *h)
{
	size_t n = moments__count(h->moments);
	struct snapshot snapshot;
	int err = 0;

	for (; h->sampled < n; h->sampled++) {
		if (!moments__is_key(h->moments, h->sampled))
			continue;
		err = still_may(h); /* the next one goes on here */
		if (err)
			break;
		if (moments__load_key(h->moments, h->sampled, &snapshot))
			continue;
		err = array_grow(&h->keys, &h->capacity, h->nkeys + 1, sizeof(*h->keys),
				 SAMPLES_MAX);
		if (err)
			break;
		h->keys[h->nkeys].entry = h->sampled;
		h->keys[h->nkeys].snapshots = snapshot.stat.snapshots;
		web_sample_take(&h->keys[h->nkeys++].sample, &snapshot);
	}
	return err;
}

static void add_keys(const struct history_answers *h, const struct span *s, struct web_range *range)
{
	size_t i;

	for (i = 0; i < h->nkeys; i++)
		if (h->keys[i].entry >= s->first && h->keys[i].entry <= s->last)
			web_range_add(range, &h->keys[i].sample);
}

static int add_all(struct history_answers *h, const struct span *s, struct web_range *range)
{
	struct web_sample sample;
	struct snapshot snapshot;
	int err = 0;
	size_t i;

	for (i = s->first; i <= s->last; i++) {
		err = still_may(h);
		if (err)
			break;
		if (moments__load_one(h->moments, i, &snapshot))
			continue; /* damaged, or dropped by the ring meanwhile */
		web_sample_take(&sample, &snapshot);
		web_range_add(range, &sample);
	}
	return err;
}

static void put_range(struct history_answers *h, const struct web_range *range, bool whole,
		      struct buf *out)
{
	const struct moments *m = h->moments;
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "vigie.range/1");
	json_seconds(&j, "oldest", moments__wall_ns(m, 0));
	json_seconds(&j, "newest", moments__wall_ns(m, moments__count(m) - 1));
	json_u64(&j, "snapshots", moments__count(m));
	json_u64(&j, "skipped", moments__skipped(m));
	json_bool(&j, "whole", whole);
	web_range_put(range, &j);
	json_line(&j);
	finding_marks_put(&h->marks, &j, "findings", range->from_ns, range->to_ns);
	json_close(&j, '}');
	buf_char(out, '\n');
}

static unsigned int answer_range(struct history_answers *h, const struct web_question *q,
				 struct buf *out)
{
	const struct span s = span_of(h, q);
	bool fine = is_fine(&s);
	struct web_range range;
	int err = web_range_init(&range, s.from_ns, s.to_ns, q->points);

	if (!err)
		err = finding_marks_read(&h->marks, h->state_dir);
	if (!err && !fine)
		err = sample_keys(h);
	if (!err && fine)
		err = add_all(h, &s, &range);
	else if (!err)
		add_keys(h, &s, &range);
	if (!err)
		put_range(h, &range, fine, out);
	web_range_done(&range);
	return err ? refuse_errno(out, "the history cannot be shown", err) : 200;
}

/* --- One moment. */

/* The busiest entry of these, which a point of a range stands for. 0 or -ETIME. */
static int busiest(struct history_answers *h, size_t first, size_t last, size_t *ret)
{
	struct web_sample before = { 0 }, sample;
	double most = -1, busy;
	struct snapshot snapshot;
	size_t best = last, i;

	if (last - first > FINE_MAX)
		first = last - FINE_MAX;
	for (i = first; i <= last; i++) {
		if (still_may(h))
			return -ETIME;
		if (moments__load_one(h->moments, i, &snapshot))
			continue;
		web_sample_take(&sample, &snapshot);
		busy = i > first ? web_sample_busy(&before, &sample) : -1;
		before = sample;
		if (busy > most) {
			most = busy;
			best = i;
		}
	}
	*ret = best;
	return 0;
}

/* In which everybody has a row, within the memory that this process may have. */
static struct model *model_new(bool unit_ids, bool by_pid)
{
	static const enum group_key keys[] = { KEY_UNIT, KEY_COMM, KEY_PID };
	struct model_config config;

	model_config_default(&config);
	model_config_unfolded(&config);
	config.max_groups = config.max_known = KNOWN_MAX;
	memcpy(config.keys, keys, sizeof(keys));
	config.nkeys = by_pid ? 3 : 2;
	config.linger_ns = LINGER_NS;
	config.unit_ids = unit_ids;
	return model__new(&config);
}

/*
 * What happened between two neighbours. The model may have seen earlier ones of the same life of vigie: to make one
 * takes longer than all else. Where nothing is known before (time_ns 0) it is made anew. NULL: there is none yet;
 * it is the caller's to free, also after a failure.
 */
static int view_of(const struct history_answers *h, const struct snapshot *before,
		   const struct snapshot *now, bool by_pid, struct model **model,
		   const struct view **ret)
{
	int err = 0;

	if (!before->time_ns) {
		model__free(*model);
		*model = NULL;
	}
	if (!*model)
		*model = model_new(h->unit_ids, by_pid);
	if (!*model)
		return -ENOMEM;
	if (before->time_ns)
		err = model__apply(*model, before, ret);
	return err ? err : model__apply(*model, now, ret);
}

static unsigned int answer_instant(struct history_answers *h, const struct web_question *q,
				   struct buf *out)
{
	const struct list_options list = { .sort = SORT_CPU, .top = q->rows };
	struct encode_ctx ctx = { .out = out, .list = &list };
	size_t i = q->at_ns ? moments__find(h->moments, q->at_ns) : moments__count(h->moments) - 1;
	size_t first = q->from_ns ? moments__find(h->moments, q->from_ns) : i;
	struct snapshot before, now;
	struct model *model = NULL;
	int err = 0;

	if (q->at_ns && moments__wall_ns(h->moments, i) > q->at_ns)
		return history_refuse(out, 404, "the history begins later");
	if (first < i)
		err = busiest(h, first, i, &i);
	if (!err)
		err = moments__load(h->moments, i, &now, &before);
	if (err == -ENODATA)
		return history_refuse(out, 404,
				      "that moment is damaged, or was dropped by the ring");
	if (!err)
		err = view_of(h, &before, &now, q->by_pid, &model, &ctx.view);
	if (!err)
		now_encode(&ctx);
	model__free(model);
	return err ? refuse_errno(out, "that moment cannot be shown", err) : 200;
}

/* --- A group's past. */

struct group_sample {
	__u64 wall_ns;
	bool there;
	double cpu, wait, disk; /* of the interval */
	__u64 resident;
};

/* What becomes points, and how many of them there are; all has room for most. */
struct sampling {
	const struct web_question *question;
	const struct span *span;
	size_t most;
	struct group_sample *all;
	size_t n;
};

static const struct group_view *find_group(const struct view *view, const struct web_question *q)
{
	size_t i;

	for (i = 0; i < view->ngroups; i++)
		if (!strcmp(view->groups[i].label[0], q->unit) &&
		    !strcmp(view->groups[i].label[1], q->comm))
			return &view->groups[i];
	return NULL;
}

/* Increments are those of its own interval, whatever lies between the entries that become points. */
static int sample_group(const struct history_answers *h, struct model **model,
			const struct snapshot *before, const struct snapshot *now,
			const struct web_question *q, struct group_sample *ret)
{
	const struct group_view *group;
	const struct view *view;
	int err = view_of(h, before, now, false, model, &view);

	if (err)
		return err;
	group = find_group(view, q);
	*ret = (struct group_sample){ .wall_ns = now->wall_ns };
	if (group && view->interval_ns && list_active(group)) {
		ret->there = true;
		ret->cpu = (double)list_cpu_ns(group) / view->interval_ns;
		ret->wait = (double)group->inc.wait_ns / view->interval_ns;
		ret->disk = (double)group->inc.off_ns[VIGIE_OFF_DISK] / view->interval_ns;
		ret->resident = list_rss_bytes(group);
	}
	return 0;
}

static void put_column(struct json *j, const char *name, const struct group_sample *all, size_t n,
		       size_t offset)
{
	char text[32];
	size_t i;

	json_line(j);
	json_open(j, name, '[');
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%.4f",
			 *(const double *)((const char *)&all[i] + offset));
		json_literal(j, NULL, all[i].there ? text : "null");
	}
	json_close(j, ']');
}

static void put_group(struct buf *out, const struct sampling *what)
{
	const struct web_question *q = what->question;
	const struct group_sample *all = what->all;
	struct json j = { .out = out };
	size_t n = what->n, i;

	json_open(&j, NULL, '{');
	json_text(&j, "schema", "vigie.group/1");
	json_text(&j, "unit", q->unit);
	json_text(&j, "comm", q->comm);
	json_seconds(&j, "from", what->span->from_ns);
	json_seconds(&j, "to", what->span->to_ns);
	json_bool(&j, "whole", is_fine(what->span));
	json_line(&j);
	json_open(&j, "time", '[');
	for (i = 0; i < n; i++)
		json_seconds(&j, NULL, all[i].wall_ns);
	json_close(&j, ']');
	put_column(&j, "cpu_ratio", all, n, offsetof(struct group_sample, cpu));
	put_column(&j, "run_queue_wait_ratio", all, n, offsetof(struct group_sample, wait));
	put_column(&j, "disk_ratio", all, n, offsetof(struct group_sample, disk));
	json_line(&j);
	json_open(&j, "resident_bytes", '[');
	for (i = 0; i < n; i++) {
		if (all[i].there)
			json_u64(&j, NULL, all[i].resident);
		else
			json_literal(&j, NULL, "null");
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_char(out, '\n');
}

static size_t step_of(size_t entries, size_t most)
{
	return entries > most ? (entries + most - 1) / most : 1;
}

/*
 * Every step-th entry becomes a point. All are decoded, once each: what lies between them is needed to
 * decode them at all. 0 or -errno.
 */
static int sample_entries(struct history_answers *h, struct sampling *to)
{
	const struct span *s = to->span;
	size_t step = step_of(s->last - s->first + 1, to->most), i;
	struct snapshot before = { 0 }, now;
	struct model *model = NULL;
	int err = 0;

	for (i = s->first ? s->first - 1 : 0; i <= s->last && !err; i++) {
		err = still_may(h);
		if (err)
			break;
		if (moments__load_one(h->moments, i, &now)) {
			before.time_ns = 0;
			continue;
		}
		if (!snapshot_follows(&before, &now)) { /* another life, or some were lost */
			model__free(model);
			model = NULL;
			before.time_ns = 0;
		}
		if (i >= s->first && (i - s->first) % step == 0) {
			err = sample_group(h, &model, &before, &now, to->question, &to->all[to->n]);
			to->n += !err;
		}
		before = now;
		snapshot_head_only(&before);
	}
	model__free(model);
	return err;
}

/*
 * Its increments are since the entry before it, which is not decoded: it is the one that a key follows if between
 * this key and the one before as many were taken as there are.
 */
static bool interval_is_known(const struct history_answers *h, size_t key)
{
	const struct key_sample *now = &h->keys[key], *before = now - 1;

	return key && now->snapshots > before->snapshots &&
	       now->snapshots - before->snapshots == now->entry - before->entry &&
	       moments__time_ns(h->moments, now->entry - 1) < now->sample.time_ns;
}

static int sample_key(struct history_answers *h, size_t key, struct model **model,
		      struct sampling *to)
{
	size_t entry = h->keys[key].entry;
	struct group_sample *sample = &to->all[to->n];
	struct snapshot before, now;
	int err = 0;

	*sample = (struct group_sample){ .wall_ns = moments__wall_ns(h->moments, entry) };
	if (interval_is_known(h, key) && !moments__load_key(h->moments, entry, &now)) {
		before = now;
		snapshot_head_only(&before);
		before.time_ns = moments__time_ns(h->moments, entry - 1);
		err = sample_group(h, model, &before, &now, to->question, sample);
	}
	to->n += !err;
	return err;
}

/* Of more than FINE_MAX entries every step-th key becomes a point, and nothing else is decoded. 0 or -errno. */
static int sample_some_keys(struct history_answers *h, struct sampling *to)
{
	const struct span *s = to->span;
	struct model *model = NULL;
	size_t first = 0, end, step, i;
	int err = sample_keys(h);

	while (first < h->nkeys && h->keys[first].entry < s->first)
		first++;
	for (end = first; end < h->nkeys && h->keys[end].entry <= s->last; end++)
		;
	step = step_of(end - first, to->most);
	for (i = first; i < end && !err; i += step) {
		err = still_may(h);
		if (!err)
			err = sample_key(h, i, &model, to);
	}
	model__free(model);
	return err;
}

static unsigned int answer_group(struct history_answers *h, const struct web_question *q,
				 struct buf *out)
{
	const struct span s = span_of(h, q);
	struct sampling to = {
		.question = q,
		.span = &s,
		.most = q->points < GROUP_ENTRIES_MAX ? q->points : GROUP_ENTRIES_MAX,
	};
	bool seen = false;
	int err = -ENOMEM;
	size_t i;

	to.all = calloc(to.most, sizeof(*to.all));
	if (to.all)
		err = is_fine(&s) ? sample_entries(h, &to) : sample_some_keys(h, &to);
	for (i = 0; i < to.n && !err; i++)
		seen |= to.all[i].there;
	if (seen)
		put_group(out, &to);
	free(to.all);
	if (err)
		return refuse_errno(out, "the group's past cannot be shown", err);
	return seen ? 200 : history_refuse(out, 404, "the history has no such group then");
}

/* --- Findings and sessions. */

static unsigned int answer_finding(struct history_answers *h, const struct web_question *q,
				   struct buf *out)
{
	int err = finding_story_put(h->state_dir, q->id, out);

	if (err == -ENOENT)
		return history_refuse(out, 404,
				      "no such finding in the log of the state directory");
	return err ? refuse_errno(out, "the log cannot be read", err) : 200;
}

static unsigned int answer_events(struct history_answers *h, const struct web_question *q,
				  struct buf *out)
{
	int err = history_events_put(h->state_dir, q->after, out);

	if (err == -ENOENT)
		return history_refuse(out, 404, "there is no log in the state directory");
	return err ? refuse_errno(out, "the log cannot be read", err) : 200;
}

static int read_session(int state_dir, const char *id, struct buf *file)
{
	char path[64], *to;
	struct stat st;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), STATE_DIR_INCIDENTS "/%s/" PROFILER_FILE, id);
	fd = openat(state_dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > SESSION_FILE_MAX) {
		close(fd);
		return -EBADMSG;
	}
	to = buf_reserve(file, st.st_size ? st.st_size : 1);
	while (to && (n = pread(fd, to + file->len, st.st_size - file->len, file->len)) > 0)
		file->len += n;
	close(fd);
	return !to ? -ENOMEM : n < 0 ? -EIO : 0;
}

static unsigned int answer_session(struct history_answers *h, const struct web_question *q,
				   struct buf *out, bool *ret_document)
{
	const char *why = "cannot be read";
	struct profile *profile = NULL;
	struct buf file;
	int err;

	buf_init(&file, SESSION_FILE_MAX);
	err = read_session(h->state_dir, q->id, &file);
	if (err == -ENOENT) {
		buf_done(&file);
		return history_refuse(out, 404, "this finding has no session");
	}
	if (!err)
		err = session_file_decode(file.data, file.len, &profile, &why);
	buf_done(&file);
	if (err)
		return refuse_errno(out, "the session is damaged or cannot be read", err);
	profile_html_encode(out, profile, NULL);
	*ret_document = true;
	profile__free(profile);
	return 200;
}

unsigned int history_answer(struct history_answers *h, const struct web_question *q,
			    struct buf *out, bool *ret_document)
{
	unsigned int status;

	*ret_document = false;
	h->spent_ns = clock_process_cpu_ns() + h->answer_cpu_ns;
	if (q->ask == WEB_FINDING)
		return answer_finding(h, q, out);
	if (q->ask == WEB_SESSION)
		return answer_session(h, q, out, ret_document);
	if (q->ask == WEB_EVENTS)
		return answer_events(h, q, out);
	status = history_ready(h, out);
	if (status)
		return status;
	switch (q->ask) {
	case WEB_RANGE: return answer_range(h, q, out);
	case WEB_INSTANT: return answer_instant(h, q, out);
	case WEB_GROUP: return answer_group(h, q, out);
	}
	return history_refuse(out, 404, "not found");
}
