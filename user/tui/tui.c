// SPDX-License-Identifier: GPL-2.0-only
/* tui.c - owns what each action does to the state, and which rows it leaves. */
#include "tui/tui.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { WHEEL_ROWS = 3 };

const struct tui_grouping tui_groupings[TUI_GROUPS] = {
	[BY_PROCESS] = { "process", { KEY_PID, KEY_COMM, KEY_UNIT }, 3 },
	[BY_NAME] = { "name", { KEY_COMM }, 1 },
	[BY_UNIT] = { "unit", { KEY_UNIT }, 1 },
	[BY_CONTAINER] = { "container", { KEY_UNIT }, 1 },
	[BY_USER] = { "user", { KEY_USER }, 1 },
};

void tui_init(struct tui *tui)
{
	*tui = (struct tui){ .group = BY_PROCESS, .sort = SORT_CPU, .offered = 1 << BY_PROCESS };
}

/* --- Rows. */

void tui_row_name(const struct view *view, const struct group_view *group, char *dst)
{
	unsigned int i;
	size_t len = 0;

	dst[0] = '\0';
	for (i = 0; i < view->nkeys && len < TUI_ROW_NAME; i++)
		len += snprintf(dst + len, TUI_ROW_NAME - len, "%s%s", i ? "/" : "",
				group->label[i]);
}

const struct group_view *tui_row_by_name(const struct view *view, const char *name)
{
	char other[TUI_ROW_NAME];
	size_t i;

	for (i = 0; i < view->ngroups; i++) {
		tui_row_name(view, &view->groups[i], other);
		if (!strcmp(other, name))
			return &view->groups[i];
	}
	return NULL;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Is the text in there? In ASCII capitals count as small letters. */
static bool has_text(const char *name, const char *text)
{
	size_t i;

	for (; *name; name++) {
		for (i = 0; text[i] && same_letter(name[i], text[i]); i++)
			;
		if (!text[i])
			return true;
	}
	return !*text;
}

static bool fits_filter(const struct tui *tui, const struct view *view,
			const struct group_view *group)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (has_text(group->label[i], tui->filter))
			return true;
	return false;
}

static bool is_container(const struct view *view, const struct group_view *group)
{
	const char *unit = group_label(view, group, KEY_UNIT);
	size_t i;

	for (i = 0; i < view->nunits; i++)
		if (!strcmp(view->units[i].unit, unit))
			return view->units[i].container_id[0] != '\0';
	return false;
}

static void keep_fitting(const struct tui *tui, const struct view *view, struct list *list)
{
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		if (tui->group == BY_CONTAINER && !is_container(view, list->rows[i]))
			continue;
		if (tui->filter[0] && !fits_filter(tui, view, list->rows[i]))
			continue;
		list->rows[n++] = list->rows[i];
	}
	list->n = n;
}

/* A row stays chosen wherever it moves; one that is gone leaves its place to another. */
static void follow_chosen(struct tui *tui, const struct view *view, const struct list *list)
{
	char name[TUI_ROW_NAME];
	size_t i;

	tui->rows = list->n;
	for (i = 0; tui->chosen[0] && !tui->moved && i < list->n; i++) {
		tui_row_name(view, list->rows[i], name);
		if (strcmp(name, tui->chosen))
			continue;
		tui->row = i;
		return;
	}
	if (tui->row >= list->n)
		tui->row = list->n ? list->n - 1 : 0;
	if (tui->moved && list->n)
		tui_row_name(view, list->rows[tui->row], tui->chosen);
	tui->moved = false;
}

int tui_rows(struct tui *tui, const struct view *view, struct list *ret)
{
	const struct list_options options = { .sort = tui->sort };
	int err = list_init(ret, view, &options);

	if (err)
		return err;
	keep_fitting(tui, view, ret);
	if (!tui->chosen[0] && !tui->moved)
		tui->row = 0; /* nobody has chosen one yet: the first, whoever that is */
	follow_chosen(tui, view, ret);
	return 0;
}

/* --- Keys. */

static void move_help(struct tui *tui, long long by)
{
	long long first = (long long)tui->help_first + by, last = tui->help_last;

	tui->help_first = first < 0 ? 0 : first > last ? last : first;
}

static void move_row(struct tui *tui, long long by)
{
	long long row = (long long)tui->row + by;
	long long last = tui->rows ? (long long)tui->rows - 1 : 0;

	if (tui->mode == TUI_HELP) {
		move_help(tui, by);
		return;
	}
	tui->row = row < 0 ? 0 : row > last ? last : row;
	tui->moved = true;
	tui->scrolled = false;
}

/* What is on top moves, the choice does not. */
static void scroll_by(struct tui *tui, long long by)
{
	long long first = (long long)tui->first + by;
	long long last = tui->rows > tui->page ? (long long)(tui->rows - tui->page) : 0;

	if (tui->mode == TUI_HELP) {
		move_help(tui, by);
		return;
	}
	tui->first = first < 0 ? 0 : first > last ? last : first;
	tui->scrolled = true;
}

static void choose_group(struct tui *tui, int step)
{
	do {
		tui->group = (tui->group + TUI_GROUPS + step) % TUI_GROUPS;
	} while (!(tui->offered & 1u << tui->group));
	tui->chosen[0] = '\0';
	tui->first = 0;
	tui->scrolled = false;
	tui->mode = TUI_LIST;
}

static void sort_by(struct tui *tui, enum sort_key sort)
{
	tui->sort = sort;
	tui->first = 0;
	tui->scrolled = false;
	if (tui->mode == TUI_LIST)
		tui->chosen[0] = '\0';
}

/* The next column that one can sort by. */
static void sort_beside(struct tui *tui, int step)
{
	int id = 0, i;

	while (id < COLUMNS && columns[id].sort != tui->sort)
		id++;
	for (i = 0; i < COLUMNS; i++) {
		id = (id + COLUMNS + step) % COLUMNS;
		if (columns[id].sort == SORT_KEYS)
			continue;
		sort_by(tui, columns[id].sort);
		return;
	}
}

/* On a row, or on the title of a column that one can sort by. */
static void click(struct tui *tui, unsigned int x, unsigned int y)
{
	const struct tui_places *at = &tui->places;
	size_t row = tui->first + y - at->rows_y;
	int id;

	if (tui->mode != TUI_LIST || y >= at->end_y)
		return;
	if (y >= at->rows_y && row < tui->rows) {
		tui->row = row;
		tui->moved = true;
	}
	for (id = 0; y == at->titles_y && id < COLUMNS; id++)
		if (x >= at->title_x[id] && x < at->title_end[id] && columns[id].sort != SORT_KEYS)
			sort_by(tui, columns[id].sort);
}

static void ask(struct tui *tui, enum tui_prompt prompt)
{
	tui->prompt = prompt;
	snprintf(tui->typed, sizeof(tui->typed), "%s", prompt == TUI_ASK_FILTER ? tui->filter : "");
}

/* One step out: of what is open, then of the filter, then of the choice of a row. */
static void step_back(struct tui *tui)
{
	if (tui->mode != TUI_LIST)
		tui->mode = TUI_LIST;
	else if (tui->filter[0])
		tui->filter[0] = '\0';
	else
		tui->chosen[0] = '\0';
	tui->scrolled = false;
}

static enum tui_wish act_on_rows(struct tui *tui, enum tui_action action)
{
	long long page = tui->page ? tui->page : 1;

	switch (action) {
	case ACT_UP: move_row(tui, -1); break;
	case ACT_DOWN: move_row(tui, 1); break;
	case ACT_PAGE_UP: move_row(tui, -page); break;
	case ACT_PAGE_DOWN: move_row(tui, page); break;
	case ACT_HOME: move_row(tui, -(long long)tui->rows); break;
	case ACT_END: move_row(tui, tui->rows); break;
	case ACT_SCROLL_UP: scroll_by(tui, -WHEEL_ROWS); break;
	case ACT_SCROLL_DOWN: scroll_by(tui, WHEEL_ROWS); break;
	case ACT_ENTER:
		if (tui->mode == TUI_LIST && tui->rows) {
			tui->moved = !tui->chosen[0];
			tui->mode = TUI_DETAIL;
		}
		break;
	case ACT_SORT_CPU: sort_by(tui, SORT_CPU); break;
	case ACT_SORT_WAIT: sort_by(tui, SORT_WAIT); break;
	case ACT_SORT_MEMORY: sort_by(tui, SORT_RSS); break;
	case ACT_SORT_DISK: sort_by(tui, SORT_OFF); break;
	case ACT_SORT_LEFT: sort_beside(tui, -1); break;
	case ACT_SORT_RIGHT: sort_beside(tui, 1); break;
	case ACT_FILTER: ask(tui, TUI_ASK_FILTER); break;
	case ACT_MOMENT: ask(tui, TUI_ASK_MOMENT); break;
	case ACT_HELP: tui->mode = tui->mode == TUI_HELP ? TUI_LIST : TUI_HELP; break;
	case ACT_BACK: step_back(tui); break;
	default: break;
	}
	return WISH_NONE;
}

static enum tui_wish tui_act(struct tui *tui, enum tui_action action, long long *ret_amount)
{
	static const struct {
		enum tui_action action;
		enum tui_wish wish;
		long long amount;
	} wishes[] = {
		{ ACT_QUIT, WISH_QUIT, 0 },
		{ ACT_FREEZE, WISH_FREEZE, 0 },
		{ ACT_LIVE, WISH_LIVE, 0 },
		{ ACT_SAMPLE_NEXT, WISH_SAMPLE, 1 },
		{ ACT_SAMPLE_BEFORE, WISH_SAMPLE, -1 },
		{ ACT_MINUTE_BACK, WISH_MOVE, -60 * (long long)NS_PER_S },
		{ ACT_MINUTE_ON, WISH_MOVE, 60 * (long long)NS_PER_S },
		{ ACT_HOUR_BACK, WISH_MOVE, -3600 * (long long)NS_PER_S },
		{ ACT_HOUR_ON, WISH_MOVE, 3600 * (long long)NS_PER_S },
		{ ACT_FINDING_NEXT, WISH_FINDING, 1 },
		{ ACT_FINDING_BEFORE, WISH_FINDING, -1 },
		{ ACT_REDRAW, WISH_REDRAW, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		if (wishes[i].action != action)
			continue;
		*ret_amount = wishes[i].amount;
		return wishes[i].wish;
	}
	if (action == ACT_GROUP_NEXT || action == ACT_GROUP_BEFORE) {
		choose_group(tui, action == ACT_GROUP_NEXT ? 1 : -1);
		return WISH_GROUP;
	}
	return act_on_rows(tui, action);
}

/* --- A line that is typed. */

static size_t put_utf8(char *dst, int c)
{
	if (c < 0x80) {
		dst[0] = c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = 0xc0 | c >> 6;
		dst[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = 0xe0 | c >> 12;
		dst[1] = 0x80 | (c >> 6 & 0x3f);
		dst[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	dst[0] = 0xf0 | c >> 18;
	dst[1] = 0x80 | (c >> 12 & 0x3f);
	dst[2] = 0x80 | (c >> 6 & 0x3f);
	dst[3] = 0x80 | (c & 0x3f);
	return 4;
}

static void type_character(struct tui *tui, int c)
{
	char utf8[4];
	size_t len = strlen(tui->typed), n = put_utf8(utf8, c);

	if (len + n >= sizeof(tui->typed))
		return;
	memcpy(tui->typed + len, utf8, n);
	tui->typed[len + n] = '\0';
}

static void rub_out(struct tui *tui)
{
	size_t len = strlen(tui->typed);

	while (len && ((unsigned char)tui->typed[len - 1] & 0xc0) == 0x80)
		len--;
	tui->typed[len ? len - 1 : 0] = '\0';
}

/* The filter works as it is typed; a moment when it is whole. */
static enum tui_wish tui_type(struct tui *tui, int key)
{
	enum tui_prompt prompt = tui->prompt;

	if (key == TUI_KEY_ENTER || key == TUI_KEY_ESCAPE)
		tui->prompt = TUI_NO_PROMPT;
	if (key == TUI_KEY_ENTER && prompt == TUI_ASK_MOMENT)
		return tui->typed[0] ? WISH_MOMENT : WISH_NONE;
	if (key == TUI_KEY_ESCAPE)
		tui->typed[0] = '\0';
	else if (key == TUI_KEY_BACKSPACE || key == 0x7f || key == '\b')
		rub_out(tui);
	else if (key >= ' ' && key < TUI_KEY_UP && !(key >= 0x7f && key < 0xa0))
		type_character(tui, key);
	if (prompt == TUI_ASK_FILTER) {
		snprintf(tui->filter, sizeof(tui->filter), "%s", tui->typed);
		tui->first = 0;
		tui->scrolled = false;
	}
	return WISH_NONE;
}

enum tui_wish tui_press(struct tui *tui, int key, long long *ret_amount)
{
	unsigned int x, y;

	tui->note[0] = '\0';
	*ret_amount = 0;
	if (tui->prompt != TUI_NO_PROMPT && key != 'C' - '@' && key != TUI_KEY_RESIZE)
		return tui_type(tui, key);
	if (tui_key_clicked(key, &x, &y)) {
		click(tui, x, y);
		return WISH_NONE;
	}
	return tui_act(tui, tui_action_of(key), ret_amount);
}
