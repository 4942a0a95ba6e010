/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tui.h - what the screen shows, and what a key does to it. PURE: no terminal, no clock, no file.
 *
 * Owns: the state that a person changes by keys: grouping, order, filter, the row, what is open.
 * Not here: the moment that is shown and where it comes from (who runs it: see enum tui_wish), how
 * it looks (screen.h).
 */
#ifndef VIGIE_TUI_TUI_H
#define VIGIE_TUI_TUI_H

#include "data/columns.h"
#include "data/finding.h"
#include "tui/keys.h"
#include "tui/trail.h"

/* What a row is. */
enum tui_group { BY_PROCESS, BY_NAME, BY_UNIT, BY_CONTAINER, BY_USER, TUI_GROUPS };

struct tui_grouping {
	const char *name; /* "process" */
	enum group_key keys[3];
	unsigned int nkeys;
};
extern const struct tui_grouping tui_groupings[TUI_GROUPS];

enum tui_time { TUI_LIVE, TUI_FROZEN, TUI_PAST };

enum { TUI_BAR_BINS = 288 }; /* five minutes each */
enum { TUI_BAR_UNKNOWN = 0xffff };

/* A day: how busy the host was, and what was found. */
struct tui_bar {
	__u64 from_ns, to_ns; /* wall clock; to_ns 0: there is no history */
	unsigned short load[TUI_BAR_BINS]; /* in thousandths of all CPUs, or TUI_BAR_UNKNOWN */
	unsigned char marks[TUI_BAR_BINS]; /* the highest enum severity of what began then; 0: none */
};

struct tui_finding {
	enum severity severity;
	__u64 since_wall_ns, until_wall_ns; /* until 0: nobody has seen its end */
	__u64 seen_wall_ns; /* and this was the last that was heard of it */
	char id[FINDING_ID_LEN], pattern[FINDING_ID_LEN];
	char comm[FINDING_COMM_LEN], unit[FINDING_UNIT_LEN];
	__u32 pid;
	char message[320]; /* one line, sanitised */
};

/* A moment, as the screen shows it. All borrowed. */
struct tui_frame {
	const struct view *view; /* grouped as tui->group wants it; NULL: nothing has been read yet */
	enum tui_time time;
	const char *source; /* where it comes from, printable */
	unsigned int offered; /* bits of enum tui_group: groupings that this source knows */
	const struct tui_finding *findings; /* under way then, the worst first */
	size_t nfindings;
	const struct tui_bar *bar; /* or NULL */
	const struct trail *trail; /* of the same grouping; its last sample is the view. Or NULL */
};

/* Where the list was drawn: what a click means. */
struct tui_places {
	unsigned int titles_y, rows_y, end_y; /* end_y 0: there is no list now */
	unsigned short title_x[COLUMNS], title_end[COLUMNS]; /* end 0: the column is not there */
};

enum tui_mode { TUI_LIST, TUI_DETAIL, TUI_HELP };
enum tui_prompt { TUI_NO_PROMPT, TUI_ASK_FILTER, TUI_ASK_MOMENT };
enum { TUI_TYPED_MAX = 64, TUI_ROW_NAME = 512, TUI_NOTE_MAX = 200 };

struct tui {
	enum tui_group group;
	enum sort_key sort;
	enum tui_mode mode;
	enum tui_prompt prompt;
	char filter[TUI_TYPED_MAX], typed[TUI_TYPED_MAX];
	char chosen[TUI_ROW_NAME]; /* the row that stays chosen, by its names; "": the first */
	size_t row, first; /* of the chosen one, and of the one on top, as they were drawn */
	size_t rows, page; /* how many there were, and have room */
	size_t help_first, help_last; /* the line of the help on top; where that may be at most */
	unsigned int offered;
	char note[TUI_NOTE_MAX]; /* what could not be done; until the next key */
	struct tui_places places;
	bool scrolled; /* by the wheel: the chosen row may be elsewhere, until a key moves it */
	bool moved; /* the row was chosen by its place since it was drawn */
};

/* What only who runs it can do. */
enum tui_wish {
	WISH_NONE, /* draw again */
	WISH_QUIT,
	WISH_GROUP, /* a frame by tui->group */
	WISH_FREEZE, /* or go on */
	WISH_LIVE,
	WISH_SAMPLE, /* amount: so many on, or back */
	WISH_MOVE, /* amount: nanoseconds */
	WISH_MOMENT, /* tui->typed */
	WISH_FINDING, /* amount: 1 or -1 */
	WISH_REDRAW,
};

void tui_init(struct tui *tui);
enum tui_wish tui_press(struct tui *tui, int key, long long *ret_amount);

/*
 * The rows that fit the filter, in order, with the chosen one at tui->row. 0 or -ENOMEM; then
 * list_done().
 */
int tui_rows(struct tui *tui, const struct view *view, struct list *ret);
/* A name that no other row of the grouping has: its labels, joined. dst has TUI_ROW_NAME bytes. */
void tui_row_name(const struct view *view, const struct group_view *group, char *dst);
/* NULL: there is none. */
const struct group_view *tui_row_by_name(const struct view *view, const char *name);

#endif
