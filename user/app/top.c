// SPDX-License-Identifier: GPL-2.0-only
/*
 * top.c - owns which moment is shown: the last live sample, or one of the history, which live samples
 * become a part of.
 */
#include "app/top.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/units.h"
#include "base/when.h"
#include "daemon/serve_source.h"
#include "daemon/state_dir.h"
#include "sandbox/users.h"

const char top_who[] = "vigie top";

#define TAIL_NS (60 * NS_PER_S) /* more than what a vigie that serves answers with */
#define FAR_NS (120 * NS_PER_S) /* from there on the nearest sample is another moment */

int top_say(int err, const char *what)
{
	if (err)
		fprintf(stderr, "%s: cannot %s: %s\n", top_who, what, err_name(err));
	return err;
}

/* --- Opening. */

/* Live there may be none: then what is seen from now on is all there is. */
static int open_moments(struct top *top, bool needed)
{
	const struct top_options *options = top->options;
	int fd = state_dir_ring(options->state_dir);
	int err = fd < 0 ? fd : moments__open(fd, &top->moments);

	if (!err && moments__count(top->moments) == 0 && options->past)
		err = -ENODATA;
	if (!err)
		return 0;
	if (needed) {
		fprintf(stderr, "%s: '%s' is no history: %s%s\n", top_who, options->state_dir,
			err_name(err),
			err == -ENOENT	 ? " (it should hold ring/ with *.seg in it)"
			: err == -EACCES ? " (root may read it, and who is in its group)"
					 : "");
		return err;
	}
	return top->moments ? 0 : top_say(moments__open(-1, &top->moments), "keep what it sees");
}

/* What a vigie that serves reads anyway costs the kernel nothing. */
static bool open_serving(struct top *top, struct model_config *config)
{
	struct source *source;
	int err = top->options->alone ? -ENOENT
				      : serve_source__open(top->options->state_dir, &source);

	if (err == -EACCES)
		fprintf(stderr,
			"%s: %s may be read by root and by its group: be in that group ('vigie') to watch by the "
			"vigie that serves\n",
			top_who, top->options->state_dir);
	if (err)
		return false;
	top->live = !pipeline_live_open_source(&top->pipeline, source, &top->options->common,
					       config);
	top->served = top->live;
	if (!top->live)
		pipeline_live_done(&top->pipeline);
	return top->live;
}

static int open_live(struct top *top, struct model_config *config)
{
	int err = pipeline_live_prepare(&top->pipeline, &top->options->common, top_who);

	if (err)
		return err;
	err = pipeline_live_open(&top->pipeline, &top->options->common, config, top_who);
	top->live = !err;
	return err;
}

/* Who serves has a history perhaps since a moment ago only; ours is needed where it was asked for. */
static int open_sources(struct top *top)
{
	bool past = top->options->past;
	struct model_config config;
	bool served;
	int err;

	model_config_default(&config);
	config.balance_lag_ns = 10 * NS_PER_S; /* as `vigie serve` has it: findings are the same */
	served = !past && open_serving(top, &config);
	err = open_moments(top, past || (top->options->dir_given && !served));
	if (!err && served && moments__count(top->moments))
		top->disk_end_ns = moments__wall_ns(top->moments, moments__count(top->moments) - 1);
	if (!err && !past && !served)
		err = open_live(top, &config);
	return err;
}

static void begin_frame(struct top *top)
{
	const struct top_options *options = top->options;

	top->frame.source = top->source;
	top->frame.bar = &top->bar;
	top->frame.offered = 1u << BY_PROCESS | 1u << BY_NAME | 1u << BY_UNIT;
	if (top->live &&
	    !top->served) /* our own programs carry it; of the dead a history may have none */
		top->frame.offered |= 1u << BY_USER;
	top->frame.time = options->past ? TUI_PAST : TUI_LIVE;
	snprintf(top->source, sizeof(top->source), "%s",
		 options->past ? options->state_dir
		 : top->served ? "by vigie serve"
			       : "");
	top->shown_ns = options->at_ns;
	if (options->past && !options->at_ns)
		top->shown_ns = moments__wall_ns(top->moments, moments__count(top->moments) - 1);
}

int top_open(struct top *top, const struct top_options *options)
{
	int err;

	memset(top, 0, sizeof(*top));
	top->options = options;
	tui_init(&top->tui);
	top->tui.sort = options->sort;
	top->tui.group = options->group;
	snprintf(top->tui.filter, sizeof(top->tui.filter), "%s",
		 options->filter ? options->filter : "");
	top->users = users__new();
	err = top_say(top->users ? 0 : -errno, "read the user names");
	top_view_init(&top->views, top->users, options->common.unit_ids);
	top_view_init(&top->trail_views, top->users, options->common.unit_ids);
	if (!err)
		err = open_sources(top);
	if (!err)
		err = top_say(top_findings_read(&top->findings, options->state_dir),
			      "read the findings of the log");
	if (!err)
		begin_frame(top);
	return err;
}

void top_done(struct top *top)
{
	pipeline_live_done(&top->pipeline);
	top_view_done(&top->views);
	top_view_done(&top->trail_views);
	users__free(top->users);
	top_findings_done(&top->findings);
	trail_clear(&top->trail);
	moments__free(top->moments);
}

/* --- A sample, a frame. */

/*
 * Who serves answers with its last seconds, most of which stand in its history, too: a moment that is
 * there twice could not be left backwards. From the first newer one on all are new.
 */
static bool is_in_history(struct top *top, __u64 wall_ns)
{
	if (wall_ns <= top->disk_end_ns && wall_ns + TAIL_NS > top->disk_end_ns)
		return true;
	top->disk_end_ns = 0;
	return false;
}

static int sample_step(struct top *top)
{
	struct snapshot before = top->pipeline.snapshot;
	int err;

	snapshot_head_only(&before);
	err = pipeline_live_step(&top->pipeline);
	if (err)
		return err;
	top->before = before;
	if (!is_in_history(top, top->pipeline.snapshot.wall_ns))
		moments__add(top->moments,
			     &top->pipeline.snapshot); /* or it is shown now, and never again */
	return top_findings_judge(&top->findings, top->pipeline.view);
}

/* A vigie that serves may have taken several; one that is restarted is waited for. */
static int sample_served(struct top *top)
{
	int err;

	do {
		err = sample_step(top);
	} while (!err);
	if (err == -ENOMEM || (err != -EAGAIN && !top->pipeline.view))
		return err;
	if (err != -EAGAIN)
		snprintf(top->tui.note, sizeof(top->tui.note), "vigie serve does not answer: %s",
			 err_name(err));
	else if (top->unanswered)
		top->tui.note[0] = '\0';
	top->unanswered = err != -EAGAIN;
	return 0;
}

int top_sample(struct top *top)
{
	return top->served ? sample_served(top) : sample_step(top);
}

/* Containers can be told from other units by the view only. */
static void offer_containers(struct top *top)
{
	const struct view *view = top->frame.view;
	size_t i;

	top->frame.offered &= ~(1u << BY_CONTAINER);
	for (i = 0; i < view->nunits; i++)
		if (view->units[i].container_id[0])
			top->frame.offered |= 1u << BY_CONTAINER;
}

/* --- The samples before it. */

enum { TRAIL_ROWS = 40000 }; /* in all of them: where there are many there are fewer samples */

/* The last one that was taken: its number in the life of the vigie that took it. */
struct life {
	__u64 time_ns, snapshots;
};

static bool goes_on(const struct life *life, const struct snapshot *now)
{
	return !life->time_ns ||
	       (now->time_ns > life->time_ns && now->stat.snapshots > life->snapshots);
}

/*
 * One that cannot be read is passed over, and so is one of which nobody knows since when its figures
 * are, because that one was before it. What is older than another vigie's begin is no trail to here.
 */
static void trail_take(struct top *top, size_t i, struct life *life)
{
	struct snapshot now, before;
	const struct view *view;

	if (moments__load(top->moments, i, &now, &before))
		return;
	if (!goes_on(life, &now))
		trail_clear(&top->trail);
	*life = (struct life){ now.time_ns, now.stat.snapshots };
	if (before.time_ns &&
	    !top_view_make(&top->trail_views, top->tui.group, &before, &now, &view) &&
	    view->interval_ns)
		trail_add(&top->trail, view);
}

/* How many rows there are tells the last one that has any. */
static size_t trail_rows(struct top *top, size_t end)
{
	struct life life = { 0 };
	size_t i, n;

	for (i = end; i && !top->trail.n && end - i < TRAIL_SAMPLES; i--)
		trail_take(top, i - 1, &life);
	n = top->trail.n ? top->trail.samples[0].n : 0;
	trail_clear(&top->trail);
	return n;
}

static void trail_fill(struct top *top, size_t end)
{
	struct life life = { 0 };
	size_t i, fit;

	trail_clear(&top->trail);
	fit = TRAIL_ROWS / (trail_rows(top, end) + 1);
	fit = fit < TRAIL_SAMPLES - 1 ? fit : TRAIL_SAMPLES - 1;
	for (i = end > fit ? end - fit : 0; i < end; i++)
		trail_take(top, i, &life);
}

/* It leads to the sample before the i-th, by the grouping that is shown. */
static void trail_lead_to(struct top *top, size_t i)
{
	const struct trail *trail = &top->trail;
	bool same = trail->n && top->trail_group == top->tui.group &&
		    trail->samples[trail->n - 1].interval_ns;

	if (same && i &&
	    trail->samples[trail->n - 1].wall_ns == moments__wall_ns(top->moments, i - 1))
		return;
	trail_fill(top, i);
	top->trail_group = top->tui.group;
}

/* Then the view itself. */
static int trail_end(struct top *top)
{
	struct trail *trail = &top->trail;

	top->frame.trail = trail;
	if (trail->n && top->trail_group == top->tui.group &&
	    trail->samples[trail->n - 1].wall_ns == top->frame.view->wall_ns)
		return 0;
	return trail_add(trail, top->frame.view);
}

static __u64 shown_wall_ns(const struct top *top)
{
	return top->frame.time == TUI_LIVE ? top->frame.view->wall_ns : top->shown_ns;
}

/*
 * Of a clock that was set back there are moments twice, and by its time only the later one is found:
 * where one has been led to an entry, one is at that. Its number is another once the oldest are gone.
 */
static size_t shown_entry(const struct top *top)
{
	__u64 wall_ns = shown_wall_ns(top);

	if (top->frame.time != TUI_LIVE && top->shown < moments__count(top->moments) &&
	    moments__wall_ns(top->moments, top->shown) == wall_ns)
		return top->shown;
	return moments__find(top->moments, wall_ns);
}

/* The nearest that can be read: in the direction in which one went, else in the other. */
static bool find_readable(struct top *top, size_t from, size_t *ret)
{
	const size_t n = moments__count(top->moments);
	struct snapshot s;
	size_t k;

	for (k = 1; k < 2 * n; k++) {
		size_t by = k < n ? k : k - n + 1;
		bool on = (top->direction > 0) == (k < n);

		if (on ? from + by >= n : by > from)
			continue;
		*ret = on ? from + by : from - by;
		if (!moments__load_one(top->moments, *ret, &s))
			return true;
	}
	return false;
}

static int load_entry(struct top *top, size_t i)
{
	struct snapshot now, before;
	int err;

	trail_lead_to(top, i);
	err = moments__load(top->moments, i, &now, &before);
	return err ? err
		   : top_view_make(&top->views, top->tui.group, &before, &now, &top->frame.view);
}

/* A sample that is damaged, or gone meanwhile, is passed over. */
static int load_past(struct top *top)
{
	size_t i = shown_entry(top);
	int err = load_entry(top, i);

	if (err == -ENODATA && find_readable(top, i, &i)) {
		snprintf(top->tui.note, sizeof(top->tui.note),
			 "what cannot be read was passed over");
		top->shown = i;
		top->shown_ns = moments__wall_ns(top->moments, i);
		err = load_entry(top, i);
	}
	if (!err || err == -ENOMEM || !top->frame.view)
		return err;
	snprintf(top->tui.note, sizeof(top->tui.note), "no sample can be read: %s", err_name(err));
	top->tui.group = top->view_group; /* of the view that stays */
	trail_clear(&top->trail);
	top->trail_group = top->view_group;
	return 0;
}

/* The last sample is the history's last entry, too, unless there was no memory for it. */
static int load_live(struct top *top)
{
	size_t n = moments__count(top->moments);

	if (n && moments__wall_ns(top->moments, n - 1) == top->pipeline.snapshot.wall_ns)
		trail_lead_to(top, n - 1);
	return top_view_make(&top->views, top->tui.group, &top->before, &top->pipeline.snapshot,
			     &top->frame.view);
}

static void mark_findings(struct top *top)
{
	struct tui_bar *bar = &top->bar;
	size_t i, bin;

	memset(bar->marks, 0, sizeof(bar->marks));
	for (i = 0; i < top->findings.n && bar->to_ns; i++) {
		const struct tui_finding *f = &top->findings.all[i];

		if (f->since_wall_ns < bar->from_ns || f->since_wall_ns >= bar->to_ns)
			continue;
		bin = (f->since_wall_ns - bar->from_ns) * TUI_BAR_BINS / DAY_NS;
		if (bar->marks[bin] < f->severity)
			bar->marks[bin] = f->severity;
	}
}

int top_frame(struct top *top)
{
	int err;

	err = top->frame.time == TUI_LIVE ? load_live(top) : load_past(top);
	if (!err)
		err = trail_end(top);
	if (err)
		return err;
	offer_containers(top);
	top->view_group = top->tui.group;
	top->frame.findings = top->findings.active;
	top->frame.nfindings = top_findings_at(&top->findings, top->frame.view->wall_ns);
	mark_findings(top);
	return 0;
}

/* --- Moving in time. */

static void note(struct top *top, const char *text)
{
	snprintf(top->tui.note, sizeof(top->tui.note), "%s", text);
}

/* The i-th, or the nearest in that direction that can be read. */
static int show(struct top *top, size_t i, int direction)
{
	top->direction = direction;
	top->shown = i;
	top->shown_ns = moments__wall_ns(top->moments, i);
	top->frame.time = TUI_PAST;
	return top_frame(top);
}

static int go_live(struct top *top)
{
	size_t n = moments__count(top->moments);

	if (!top->live) {
		note(top, "this is a history: nothing is live here; its last sample");
		return show(top, n - 1, -1);
	}
	top->frame.time = TUI_LIVE;
	return top_frame(top);
}

static int freeze(struct top *top)
{
	if (top->frame.time != TUI_LIVE)
		return go_live(top);
	top->shown_ns = top->frame.view->wall_ns;
	top->shown = SIZE_MAX; /* by its time: it may be kept nowhere */
	top->frame.time = TUI_FROZEN;
	return 0;
}

static int step_samples(struct top *top, long long by)
{
	size_t n = moments__count(top->moments), i = shown_entry(top);

	if (by < 0 && !i)
		note(top, "this is the first sample that there is");
	else if (by > 0 && i + 1 >= n)
		note(top, top->live ? "this is the last sample; L goes on live"
				    : "this is the last sample");
	else
		return show(top, i + by, by);
	return 0;
}

/* The last sample by then; a step is never none, if there is a sample to step to. */
static int go_to(struct top *top, __u64 wall_ns, int least)
{
	size_t i = moments__find(top->moments, wall_ns), at = shown_entry(top);
	size_t n = moments__count(top->moments);
	__u64 there;

	if (least < 0 && i >= at)
		i = at ? at - 1 : 0;
	if (least > 0 && i <= at)
		i = at + 1 < n ? at + 1 : at;
	there = moments__wall_ns(top->moments, i);
	if (there > wall_ns + FAR_NS || there + FAR_NS < wall_ns)
		note(top, "nothing was recorded then: the nearest sample there is");
	return show(top, i, least);
}

static int go_to_typed(struct top *top)
{
	__u64 wall_ns;

	if (when_parse(top->tui.typed, clock_wall_ns(), &wall_ns)) {
		snprintf(top->tui.note, sizeof(top->tui.note), "'%s' is not %s", top->tui.typed,
			 WHEN_ALLOWED);
		return 0;
	}
	return go_to(top, wall_ns, 0);
}

/* Its first sample: there is something to see. Back from there is another finding, not the same. */
static int go_to_finding(struct top *top, int step)
{
	size_t i, at = shown_entry(top), n = moments__count(top->moments);
	__u64 from = step > 0 ? shown_wall_ns(top)
		     : at     ? moments__wall_ns(top->moments, at - 1) + 1
			      : 0;
	const struct tui_finding *f = top_findings_beside(&top->findings, from, step);
	int err;

	if (!f) {
		note(top, step > 0 ? "no finding later than this" : "no finding earlier than this");
		return 0;
	}
	i = moments__find(top->moments, f->since_wall_ns);
	if (moments__wall_ns(top->moments, i) < f->since_wall_ns && i + 1 < n)
		i++;
	err = show(top, i, step);
	snprintf(top->tui.note, sizeof(top->tui.note), "%s: %.150s", f->id, f->message);
	return err;
}

int top_wish(struct top *top, enum tui_wish wish, long long amount)
{
	bool moves = wish >= WISH_SAMPLE && wish <= WISH_FINDING;

	if (moves && !moments__count(top->moments)) {
		note(top, "there is no history yet");
		return 0;
	}
	switch (wish) {
	case WISH_GROUP: return top_frame(top);
	case WISH_FREEZE: return freeze(top);
	case WISH_LIVE: return go_live(top);
	case WISH_SAMPLE: return step_samples(top, amount);
	case WISH_MOVE: return go_to(top, shown_wall_ns(top) + amount, amount < 0 ? -1 : 1);
	case WISH_MOMENT: return go_to_typed(top);
	case WISH_FINDING: return go_to_finding(top, amount);
	default: return 0;
	}
}
