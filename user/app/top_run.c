// SPDX-License-Identifier: GPL-2.0-only
/*
 * top_run.c - owns the loops: with a person at a terminal, and with a script of keys.
 *
 *	timer ---> sample ---> frame ---> draw
 *	key ----> state, wish ---> frame ---> draw
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/top.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "base/units.h"
#include "tui/screen.h"
#include "tui/terminal.h"

/* The first figures come soon; after that as often as was asked for. */
#define SOON_NS (300 * NS_PER_MS)
#define SETTLE_NS (100 * NS_PER_MS)

struct loop {
	struct top *top;
	struct terminal *terminal;
	struct grid grid;
	int signals;
	__u64 next_ns, settle_ns; /* CLOCK_MONOTONIC; settle_ns 0: not now */
	unsigned int samples;
	bool ended;
};

/* --- A sample when it is time. */

static int loop_sample(struct loop *l)
{
	__u64 now = clock_monotonic_ns();
	int err = top_sample(l->top);

	if (err)
		return err;
	l->settle_ns = now + SETTLE_NS;
	l->next_ns = now + (l->samples++ ? l->top->options->interval_ns : SOON_NS);
	return l->top->frame.time == TUI_LIVE ? top_frame(l->top) : 0;
}

static int loop_due(struct loop *l, bool *ret_changed)
{
	__u64 now = clock_monotonic_ns();
	int err = 0;

	if (l->settle_ns && now >= l->settle_ns) {
		l->settle_ns = 0;
		source__settle(l->top->pipeline.source);
	}
	if (l->top->live && now >= l->next_ns) {
		err = loop_sample(l);
		*ret_changed = true;
	}
	return err;
}

static int loop_timeout_ms(const struct loop *l, bool busy)
{
	__u64 now = clock_monotonic_ns(), next = l->next_ns;

	if (busy)
		return 0;
	if (!l->top->live)
		return -1;
	if (l->settle_ns && l->settle_ns < next)
		next = l->settle_ns;
	return next > now ? (next - now + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* --- Keys. */

/* A row that was pointed at is chosen among those that were on the screen, not among the next ones. */
static int choose_row(struct top *top)
{
	struct list list;
	int err;

	if (!top->tui.moved || !top->frame.view)
		return 0;
	err = tui_rows(&top->tui, top->frame.view, &list);
	if (!err)
		list_done(&list);
	return err;
}

static int loop_key(struct loop *l, int key)
{
	long long amount;
	enum tui_wish wish = tui_press(&l->top->tui, key, &amount);
	int err;

	if (wish == WISH_QUIT)
		l->ended = true;
	if (wish == WISH_REDRAW)
		terminal_forget(l->terminal);
	err = choose_row(l->top);
	return err ? err : top_wish(l->top, wish, amount);
}

static int loop_keys(struct loop *l, bool *ret_changed)
{
	int key, err = 0;

	while (!err && !l->ended && (key = terminal_key(l->terminal)) >= 0) {
		err = loop_key(l, key);
		*ret_changed = true;
	}
	if (!err && !l->ended && key == -2)
		l->ended = true;
	return err;
}

/* --- With a person. */

static int loop_draw(struct loop *l)
{
	int err = terminal_fit(l->terminal, &l->grid);

	if (!err)
		err = screen_draw(&l->grid, &l->top->tui, &l->top->frame);
	if (!err)
		terminal_draw(l->terminal, &l->grid);
	return err;
}

static int loop_turn(struct loop *l)
{
	bool changed = false, busy = top_bar_step(l->top);
	struct pollfd fds[] = {
		{ .fd = terminal_fd(l->terminal), .events = POLLIN },
		{ .fd = l->signals, .events = POLLIN },
	};
	int err;

	if (poll(fds, 2, loop_timeout_ms(l, busy)) < 0 && errno != EINTR)
		return -errno;
	if (fds[1].revents & POLLIN)
		l->ended = true;
	err = loop_keys(l, &changed); /* after a signal, too: the terminal may have a new size */
	if (!err && !l->ended)
		err = loop_due(l, &changed);
	return err || l->ended || !(changed || busy) ? err : loop_draw(l);
}

static int open_signals(struct loop *l)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	l->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return l->signals < 0 ? -errno : 0;
}

static int open_terminal(struct loop *l)
{
	const char *no_colour = getenv("NO_COLOR"), *why;
	const struct terminal_options options = {
		.ascii = l->top->options->ascii,
		.colour = !no_colour || !no_colour[0],
		.mouse = !l->top->options->no_mouse,
	};
	int err = terminal_open(&options, &l->terminal, &why);

	if (err)
		fprintf(stderr, "%s: %s\n", top_who, why ? why : err_name(err));
	return err;
}

static int loop_run(struct loop *l)
{
	int err = l->top->live ? loop_sample(l) : top_frame(l->top);

	if (!err)
		err = loop_draw(l);
	while (!err && !l->ended)
		err = loop_turn(l);
	return err;
}

int top_interact(struct top *top)
{
	struct loop l = { .top = top, .signals = -1 };
	int err = top_say(open_signals(&l), "take signals");

	if (err)
		return err;
	err = open_terminal(&l);
	if (!err) {
		err = loop_run(&l);
		terminal_close(l.terminal); /* before anything is said */
		top_say(err, "go on");
	}
	grid_done(&l.grid);
	close(l.signals);
	return err;
}

/* --- With a script. */

static int save_screen(const struct top *top, const struct grid *grid)
{
	const char *path = top->options->save_screen;
	struct buf out;
	int fd, err;

	buf_init(&out, 16 << 20);
	grid_encode(&out, grid, top->options->colours);
	fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
			       : dup(STDOUT_FILENO);
	err = out.err ? out.err : fd < 0 ? -errno : io_write(fd, out.data, out.len);
	if (fd >= 0)
		close(fd);
	buf_done(&out);
	return top_say(err, "save the screen");
}

static int play_draw(struct loop *l)
{
	return screen_draw(&l->grid, &l->top->tui, &l->top->frame);
}

/* Names of keys, blanks between them. */
static int play_keys(struct loop *l)
{
	const char *at = l->top->options->script;
	int key, err = 0;

	while (!err && !l->ended && *(at += strspn(at, " "))) {
		size_t len = strcspn(at, " ");

		key = tui_key_by_name(at, len);
		if (key < 0) {
			fprintf(stderr, "%s: --script: '%.*s' is no key\n", top_who, (int)len, at);
			return -EINVAL;
		}
		err = loop_key(l, key);
		if (!err)
			err = play_draw(l);
		at += len;
	}
	return err;
}

static int play_begin(struct loop *l)
{
	int err = 0;

	if (l->top->live)
		err = top_sample(l->top);
	if (!err && l->top->live) {
		poll(NULL, 0, l->top->options->interval_ns / NS_PER_MS);
		err = top_sample(l->top);
	}
	while (!err && top_bar_step(l->top))
		;
	if (!err)
		err = top_frame(l->top);
	return err ? err : play_draw(l);
}

int top_play(struct top *top)
{
	struct loop l = { .top = top, .signals = -1 };
	int err = grid_resize(&l.grid, top->options->width, top->options->height);

	l.grid.ascii = top->options->ascii;
	if (!err)
		err = play_begin(&l);
	if (!err)
		err = play_keys(&l);
	top_say(err, "play the script");
	if (!err && top->options->save_screen)
		err = save_screen(top, &l.grid);
	grid_done(&l.grid);
	return err;
}
