/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - `vigie top` apart from its command line: where snapshots come from, which moment is shown.
 *
 * Owns: what the files of top share. Not here: the screen and its keys (tui/).
 */
#ifndef VIGIE_APP_TOP_H
#define VIGIE_APP_TOP_H

#include "app/top_findings.h"
#include "app/top_view.h"
#include "daemon/pipeline_live.h"
#include "record/moments.h"
#include "tui/grid.h"
#include "tui/tui.h"

struct top_options {
	struct pipeline_options common;
	__u64 interval_ns, now_ns, at_ns; /* at_ns 0: now */
	const char *state_dir; /* the history */
	bool past; /* only the history: --at, --recording */
	bool dir_given; /* then it has to be usable */
	bool alone; /* by programs of our own, also where a vigie serves */
	bool ascii;
	bool no_mouse;
	const char *script,
		*save_screen; /* keys instead of a person, the last screen as a file; or NULL */
	enum grid_depth colours; /* of that screen */
	unsigned int width, height; /* of that screen */
	enum sort_key sort;
	enum tui_group group;
	const char *filter;
};

struct top {
	const struct top_options *options;
	struct tui tui;
	struct tui_frame frame;
	struct tui_bar bar;
	size_t bar_next; /* the next entry that the bar looks at */
	__u64 bar_forgotten; /* … by its number when that many had gone */
	__u64 bar_busy_ns, bar_total_ns, bar_time_ns; /* of the key before */
	bool live; /* there is a source */
	bool served; /* it is a vigie that serves */
	bool unanswered; /* … which did not answer the last time */
	struct pipeline_live pipeline;
	struct snapshot before; /* the live snapshot before the last one, without its arrays */
	struct moments *moments;
	__u64 disk_end_ns; /* so far the history had been written as a vigie that serves was asked; 0: we are past it */
	__u64 shown_ns; /* the moment that is shown, where it is not the last live one */
	size_t shown; /* its entry, if that is of this moment still */
	int direction; /* from where one came to it: 1 from earlier, else from later */
	struct top_findings findings;
	struct users *users; /* names for both: */
	struct top_view views, trail_views; /* of the frame; of the samples before it */
	struct trail trail;
	enum tui_group view_group, trail_group; /* what the frame's view and the trail are by */
	char source[128];
};

/* Opens what the options ask for; complains on stderr. 0 or -errno. */
int top_open(struct top *top, const struct top_options *options);
void top_done(struct top *top);

/* A live snapshot more. 0 or -errno. */
int top_sample(struct top *top);
/* Makes the frame of the moment that is shown, by the grouping that is asked for. 0 or -errno. */
int top_frame(struct top *top);
/* What only we can do of a key's wishes; notes in top->tui.note what could not be done. 0 or -errno. */
int top_wish(struct top *top, enum tui_wish wish, long long amount);
/* A part of the bar more, for some milliseconds. False: there was nothing to do. */
bool top_bar_step(struct top *top);

/* The loop with a person at a terminal; with a script. 0 or -errno, said on stderr. */
int top_interact(struct top *top);
int top_play(struct top *top);

extern const char top_who[];
/* Says on stderr that it could not be done, if there is an error; returns that. */
int top_say(int err, const char *what);

#endif
