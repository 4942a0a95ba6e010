// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tui.c - the screen without a terminal: cells, keys, rows, sizes. What whole screens look like
 * is in tests/golden/screens.
 */
#include <errno.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "screen_scene.h"
#include "data/text_cells.h"
#include "tui/screen.h"

/* --- Cells. */

static void assert_line(const struct grid *grid, unsigned int y, const char *want)
{
	char line[1024] = "";
	unsigned int x;

	for (x = 0; x < grid->width; x++)
		strncat(line, grid_cell(grid, x, y)->text, sizeof(line) - strlen(line) - 1);
	assert_string_equal(line, want);
}

static void texts_in_cells(void **state)
{
	struct grid grid = { 0 };

	(void)state;
	assert_int_equal(grid_resize(&grid, 10, 2), 0);
	assert_int_equal(grid_put(&grid, 0, 0, 10, INK_PLAIN, "abc", false), 3);
	assert_line(&grid, 0, "abc       ");
	grid_put(&grid, 0, 0, 10, INK_PLAIN, "abc", true);
	assert_line(&grid, 0, "       abc");
	grid_put(&grid, 0, 0, 4, INK_PLAIN, "abcdef", false);
	assert_line(&grid, 0, "abc~   abc");
	grid_put(&grid, 8, 0, 10, INK_PLAIN, "abcdef", false); /* clipped at the edge */
	assert_line(&grid, 0, "abc~   aa~");
	assert_int_equal(grid_put(&grid, 10, 0, 5, INK_PLAIN, "x", false), 0);
	assert_int_equal(grid_put(&grid, 0, 2, 5, INK_PLAIN, "x", false), 0);
	grid_done(&grid);
}

/* A wide character takes two cells or none; a mark goes with what it is on. */
static void wide_characters(void **state)
{
	struct grid grid = { 0 };

	(void)state;
	grid_resize(&grid, 6, 1);
	assert_int_equal(grid_put(&grid, 0, 0, 6, INK_PLAIN, "同a", false), 3);
	assert_string_equal(grid_cell(&grid, 0, 0)->text, "同");
	assert_string_equal(grid_cell(&grid, 1, 0)->text, "");
	assert_string_equal(grid_cell(&grid, 2, 0)->text, "a");
	grid_put(&grid, 0, 0, 4, INK_PLAIN, "a同步步",
		 false); /* the second has no room beside "~" */
	assert_line(&grid, 0, "a同~  ");
	grid_put(&grid, 0, 0, 6, INK_PLAIN, "e\xcc\x81x", false);
	assert_string_equal(grid_cell(&grid, 0, 0)->text, "e\xcc\x81");
	grid.ascii = true;
	grid_put(&grid, 0, 0, 6, INK_PLAIN, "同é", false);
	assert_line(&grid, 0, "???   ");
	grid_done(&grid);
}

/* By glibc, which takes UTF-8 strictly: the points of a cell; -1: it is none. */
static int points_of(const char *text, uint32_t *points, size_t room)
{
	iconv_t cd = iconv_open("UTF-32LE", "UTF-8");
	char *in = (char *)text, *out = (char *)points;
	size_t in_left = strlen(text), out_left = room * sizeof(*points);
	int n;

	assert_true(cd != (iconv_t)-1);
	n = iconv(cd, &in, &in_left, &out, &out_left) == (size_t)-1
		    ? -1
		    : (int)(room - out_left / sizeof(*points));
	iconv_close(cd);
	return n;
}

/* No control character, nothing that turns a line around; one is the first of its cell. */
static void assert_harmless(const struct cell *cell)
{
	static const uint32_t harmful[][2] = {
		{ 0, 0x1f },	    { 0x7f, 0x9f },	{ 0x61c, 0x61c },   { 0x200e, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xd800, 0xdfff },
	};
	uint32_t points[CELL_BYTES];
	int n, i;
	size_t k;

	assert_true(memchr(cell->text, '\0', CELL_BYTES) != NULL);
	n = points_of(cell->text, points, CELL_BYTES);
	assert_true(n >= 0);
	for (i = 0; i < n; i++)
		for (k = 0; k < sizeof(harmful) / sizeof(*harmful); k++)
			assert_false(points[i] >= harmful[k][0] && points[i] <= harmful[k][1]);
}

/* Whatever is put, no cell holds a byte that a terminal obeys, nor half a character. */
static void nothing_a_terminal_obeys(void **state)
{
	static const char *const hostile[] = {
		"\033[2J\033]0;owned\a",
		"\x9b"
		"31m",
		"\xc2\x9b"
		"31m",
		"a\tb\nc\rd\be\x7f",
		"\xff\xfe\xc0\x80",
		"\xb1x\xbf", /* what follows a byte that is not there */
		"\xc1\x81\xe0\x8c\x80\xf0\x80\x80\xaf", /* longer than they may be */
		"\xed\xa0\x80\xed\xbf\xbf", /* halves of a pair */
		"\xf4\x90\x80\x80\xf5\x80\x80\x80\xfc\x80\x80\x80", /* beyond Unicode */
		"\xe2\x80\xae"
		"abc",
		"a\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"
		"b\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad",
		"a\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9\xe2\x80\xa8\xe2\x80\xa9",
		"\xf0\x9f",
		"\001\002",
	};
	char marks[400] = "a"; /* and 150 accents */
	struct grid grid = { 0 };
	char any[5];
	size_t i, x;

	(void)state;
	for (i = 0; i < 150; i++)
		memcpy(marks + 1 + 2 * i, "\xcc\x81", 3);
	grid_resize(&grid, 40, 1);
	for (i = 0; i <= sizeof(hostile) / sizeof(hostile[0]); i++) {
		grid_put(&grid, 0, 0, 40, INK_PLAIN,
			 i < sizeof(hostile) / sizeof(hostile[0]) ? hostile[i] : marks, false);
		for (x = 0; x < 40; x++)
			assert_harmless(grid_cell(&grid, x, 0));
	}
	for (i = 0; i < 1 << 16; i++) { /* any two bytes, before others */
		snprintf(any, sizeof(any), "%c%c\x80z", (int)(i >> 8), (int)(i & 0xff));
		grid_put(&grid, 0, 0, 8, INK_PLAIN, any, false);
		for (x = 0; x < 8; x++)
			assert_harmless(grid_cell(&grid, x, 0));
	}
	grid_done(&grid);
}

/* It is seen that there is something, and what follows stands where it should. */
static void a_mark_for_what_is_not_shown(void **state)
{
	struct grid grid = { 0 };

	(void)state;
	grid_resize(&grid, 6, 1);
	assert_int_equal(grid_put(&grid, 0, 0, 6, INK_PLAIN,
				  "a\xe2\x80\xae"
				  "b",
				  false),
			 3);
	assert_line(&grid, 0, "a?b   ");
	assert_int_equal(grid_put(&grid, 0, 0, 6, INK_PLAIN,
				  "a\xff"
				  "b\xb1",
				  true),
			 4);
	assert_line(&grid, 0, "  a?b?");
	grid_put(&grid, 0, 0, 3, INK_PLAIN, "\xd8\x9c\xd8\x9c\xd8\x9c\xd8\x9c", false);
	assert_line(&grid, 0, "??~?b?");
	grid_done(&grid);
}

static void inks_with_and_without_colours(void **state)
{
	struct grid grid = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	grid_resize(&grid, 8, 1);
	grid_put(&grid, 0, 0, 8, INK_PLAIN, "hot x", false);
	grid_put(&grid, 0, 0, 3, INK_HOT, "hot", false);
	grid_encode(&out, &grid, GRID_TEXT);
	buf_char(&out, '\0');
	assert_string_equal(out.data, "hot x\n");
	buf_clear(&out);
	grid_encode(&out, &grid, GRID_MONO); /* weight, no colour */
	buf_char(&out, '\0');
	assert_string_equal(out.data, "\033[0;1mhot\033[0m x\n");
	buf_clear(&out);
	grid_encode(&out, &grid, GRID_16);
	buf_char(&out, '\0');
	assert_string_equal(out.data, "\033[0;1;31mhot\033[0m x\n");
	buf_done(&out);
	grid_done(&grid);
}

/* --- Keys. */

static void no_key_does_two_things(void **state)
{
	const struct tui_binding *a, *b;
	char name[16];
	int i, j;

	(void)state;
	for (a = tui_bindings; a->action != ACT_NONE; a++)
		for (i = 0; i < TUI_KEYS_EACH && a->keys[i]; i++) {
			for (b = tui_bindings; b->action != ACT_NONE; b++)
				for (j = 0; j < TUI_KEYS_EACH && b->keys[j]; j++)
					assert_true((a == b && i == j) || a->keys[i] != b->keys[j]);
			assert_int_equal(tui_action_of(a->keys[i]), a->action);
			tui_key_name(a->keys[i], name);
			assert_int_equal(tui_key_by_name(name, strlen(name)), a->keys[i]);
		}
	assert_int_equal(tui_action_of('x'), ACT_NONE);
	assert_int_equal(tui_key_by_name("nonsense", 8), -1);
	assert_int_equal(tui_key_by_name("", 0), -1);
}

/* Every action of the table does something: it changes the state, or is a wish. */
static void every_action_acts(void **state)
{
	const struct tui_binding *b;
	long long amount;

	(void)state;
	for (b = tui_bindings; b->action != ACT_NONE; b++) {
		struct tui tui, before;
		enum tui_wish wish;

		tui_init(&tui);
		tui.rows = 100;
		tui.page = 10;
		tui.row = 50;
		tui.offered = 1 << BY_PROCESS | 1 << BY_NAME;
		tui.sort = SORT_WRITE;
		tui.places.end_y = 20; /* a click at the first cell is on a row */
		snprintf(tui.chosen, sizeof(tui.chosen), "x");
		before = tui;
		wish = tui_press(&tui, b->keys[0], &amount);
		if (wish == WISH_NONE)
			assert_memory_not_equal(&tui, &before, sizeof(tui));
	}
}

static void type(struct tui *tui, const char *text)
{
	long long amount;

	while (*text)
		tui_press(tui, (unsigned char)*text++, &amount);
}

static void typed_lines(void **state)
{
	long long amount;
	struct tui tui;

	(void)state;
	tui_init(&tui);
	type(&tui, "/qT"); /* keys that do something else */
	assert_string_equal(tui.filter, "qT");
	tui_press(&tui, 0x540c, &amount);
	assert_string_equal(tui.filter, "qT同");
	tui_press(&tui, TUI_KEY_BACKSPACE, &amount);
	assert_string_equal(tui.filter, "qT");
	tui_press(&tui, '\033' + 0x70, &amount); /* U+008B: a control character */
	tui_press(&tui, TUI_KEY_UP, &amount);
	assert_string_equal(tui.filter, "qT");
	tui_press(&tui, TUI_KEY_ENTER, &amount);
	assert_int_equal(tui.prompt, TUI_NO_PROMPT);
	assert_string_equal(tui.filter, "qT");
	tui_press(&tui, TUI_KEY_ESCAPE, &amount);
	assert_string_equal(tui.filter, "");
	type(&tui, "b14:03");
	assert_int_equal(tui_press(&tui, TUI_KEY_ENTER, &amount), WISH_MOMENT);
	assert_string_equal(tui.typed, "14:03");
	type(&tui, "b");
	assert_int_equal(tui_press(&tui, TUI_KEY_ENTER, &amount), WISH_NONE);
	type(&tui, "/0123456789012345678901234567890123456789012345678901234567890123456789");
	assert_int_equal(strlen(tui.filter), TUI_TYPED_MAX - 1);
	assert_int_equal(tui_press(&tui, 'C' - '@', &amount), WISH_QUIT); /* also while one types */
}

/* --- Rows. */

static void the_chosen_row_stays(void **state)
{
	char chosen[TUI_ROW_NAME];
	struct fixture f;
	struct list list;
	struct tui tui;
	long long amount;

	(void)state;
	fixture_by_unit(&f);
	tui_init(&tui);
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(tui.row, 0);
	assert_true(list.n >= 3);
	list_done(&list);
	tui_press(&tui, TUI_KEY_DOWN, &amount);
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(tui.row, 1);
	tui_row_name(&f.view, list.rows[1], chosen);
	assert_string_equal(tui.chosen, chosen);
	list_done(&list);
	/* Its group becomes the largest: the choice goes with it. */
	((struct group_view *)tui_row_by_name(&f.view, chosen))->inc.user_ns += 1000 * SECOND;
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(tui.row, 0);
	assert_string_equal(tui.chosen, chosen);
	list_done(&list);
}

static void rows_by_a_filter(void **state)
{
	struct fixture f;
	struct list list;
	struct tui tui;

	(void)state;
	fixture_by_unit(&f);
	tui_init(&tui);
	snprintf(tui.filter, sizeof(tui.filter), "CRON");
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.rows[0]->label[0], "cron.service");
	list_done(&list);
	tui.filter[0] = '\0';
	tui.group = BY_CONTAINER;
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(list.n, 1);
	assert_string_equal(list.rows[0]->label[0], "docker-0123456789ab");
	list_done(&list);
}

/* D is storage, memory and locks together: neither the order nor its name is that of DISK% alone. */
static void blocked_time_is_of_three_columns(void **state)
{
	struct fixture f;
	struct tui_frame frame = { .view = &f.view, .source = "" };
	struct group_view *least;
	struct grid grid = { 0 };
	long long amount;
	char line[1024];
	struct tui tui;
	struct list list;
	unsigned int x, barred = 0;

	(void)state;
	fixture_by_unit(&f);
	tui_init(&tui);
	tui_press(&tui, 'D', &amount);
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	least = (struct group_view *)list.rows[list.n - 1];
	list_done(&list);
	least->inc.off_ns[VIGIE_OFF_DISK] = 0;
	least->inc.off_ns[VIGIE_OFF_UNINTERRUPTIBLE] = 1000 * SECOND;
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_ptr_equal(list.rows[0], least);
	list_done(&list);
	assert_int_equal(grid_resize(&grid, 200, 24), 0);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	line_of(&grid, 0, line, sizeof(line));
	assert_non_null(strstr(line, ", blocked time first"));
	line_of(&grid, 4, line, sizeof(line));
	assert_non_null(strstr(line, "DISK% STALL%  LOCK%"));
	for (x = 0; x < grid.width; x++)
		barred += grid_cell(&grid, x, 4)->ink == INK_BAR;
	assert_int_equal(barred, 3 * columns[COLUMN_DISK].width);
	grid_done(&grid);
}

/* --- The trail. */

enum { TRAIL_TEST_ROWS = 40 };

/* Its bound is of rows, whatever the samples are: there are fewer of them, and of one not all. */
static void a_trail_has_so_many_rows(void **state)
{
	static struct group_view groups[TRAIL_TEST_ROWS];
	char labels[TRAIL_TEST_ROWS][8];
	struct trail trail = { .points_max = 10 };
	struct view view = view_of_rows(groups, labels, 4);
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		view.wall_ns = i;
		assert_int_equal(trail_add(&trail, &view), 0);
	}
	assert_int_equal(trail.n, 2);
	assert_true(trail.samples[0].wall_ns == 3);
	view = view_of_rows(groups, labels, TRAIL_TEST_ROWS);
	assert_int_equal(trail_add(&trail, &view), 0);
	assert_int_equal(trail.n, 1);
	assert_int_equal(trail.samples[0].n, 10);
	for (i = 0; i < TRAIL_TEST_ROWS; i++) {
		const struct trail_point *p = trail_point(&trail, 0, trail_row(&view, &groups[i]));

		assert_int_equal(p != NULL, i < 10);
		assert_true(!p || p->user_ns == i);
	}
	trail_clear(&trail);
	trail.points_max = 0;
	for (i = 0; i < 100; i++)
		assert_int_equal(trail_add(&trail, &view), 0);
	assert_int_equal(trail.n, TRAIL_SAMPLES);
	trail_clear(&trail);
}

/* --- The sentence. */

/* It stands on the fourth line and the fifth, from which on it is cut. */
static void assert_sentence(const char *message, const char *first, const char *second)
{
	struct tui_finding finding = { .severity = SEVERITY_INFO };
	struct fixture f;
	struct tui_frame frame = {
		.view = &f.view, .source = "", .findings = &finding, .nfindings = 1
	};
	struct grid grid = { 0 };
	char line[400];
	struct tui tui;

	snprintf(finding.message, sizeof(finding.message), "%s", message);
	fixture_by_unit(&f);
	tui_init(&tui);
	assert_int_equal(grid_resize(&grid, 40, 24), 0);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	line_of(&grid, 4, line, sizeof(line));
	assert_string_equal(line, first);
	line_of(&grid, 5, line, sizeof(line));
	if (second)
		assert_string_equal(line, second);
	else
		assert_non_null(strstr(line, "%CPU")); /* the titles of the table */
	grid_done(&grid);
}

/* "info: " takes six of 40 columns. */
static void a_sentence_is_broken_where_it_has_to_be(void **state)
{
	(void)state;
	assert_sentence("a123456789 b123456789 c12345678901",
			"info: a123456789 b123456789 c12345678901", NULL);
	assert_sentence("a123456789 b123456789 c123456789012", "info: a123456789 b123456789",
			"c123456789012");
	assert_sentence("a123456789 b123456789 c123456789 012",
			"info: a123456789 b123456789 c123456789", "012");
	assert_sentence("a123456789 b123456789 c12345678901 d",
			"info: a123456789 b123456789 c12345678901", "d");
	assert_sentence("a123456789 b123456789 c1234567890同", "info: a123456789 b123456789",
			"c1234567890同");
}

/* --- Every size, every mode. */

static bool has_line(const struct grid *grid, const char *text)
{
	char line[GRID_WIDTH_MAX * 4];
	unsigned int y;

	for (y = 0; y < grid->height; y++) {
		line_of(grid, y, line, sizeof(line));
		if (strstr(line, text))
			return true;
	}
	return false;
}

/* Each cell has something in it, if it is not the right half of what is before it. */
static void assert_whole_cells(const struct grid *grid)
{
	size_t i;

	for (i = 0; i < (size_t)grid->width * grid->height; i++) {
		assert_harmless(&grid->cells[i]);
		if (!grid->cells[i].text[0])
			assert_true(i % grid->width && grid->cells[i - 1].text[0]);
	}
}

static void assert_screen(const struct grid *grid, const struct tui *tui)
{
	const bool fits = grid->width >= SCREEN_WIDTH_MIN && grid->height >= SCREEN_HEIGHT_MIN;
	char line[GRID_WIDTH_MAX * 4];

	assert_whole_cells(grid);
	line_of(grid, 0, line, sizeof(line));
	if (!fits) {
		assert_memory_equal(line, "vigie top needs 40 columns, 8 lines", strlen(line) - 1);
		assert_int_equal(has_line(grid, "row "), false);
		return;
	}
	assert_non_null(strstr(line, "  LIVE  by process"));
	line_of(grid, grid->height - 1, line, sizeof(line));
	assert_memory_equal(line, "row 1 of ", 9);
	assert_int_equal(has_line(grid, "error: ?[31mx?"), tui->mode != TUI_LIST);
	assert_int_equal(has_line(grid, "24h "), grid->height >= 12);
	assert_int_equal(has_line(grid, "%CPU  WAIT%"), tui->mode == TUI_LIST);
	assert_int_equal(has_line(grid, "the row above"), tui->mode == TUI_HELP);
	assert_int_equal(has_line(grid, "docker-0123456789ab"), tui->mode != TUI_HELP);
	assert_int_equal(has_line(grid, " was not there"), false);
}

static void every_size(void **state)
{
	static const unsigned int sizes[][2] = { { 1, 1 },   { 39, 24 },   { 40, 7 },	 { 40, 8 },
						 { 40, 12 }, { 60, 15 },   { 80, 24 },	 { 99, 11 },
						 { 100, 9 }, { 300, 100 }, { 1000, 500 } };
	static const enum tui_mode modes[] = { TUI_LIST, TUI_DETAIL, TUI_HELP };
	struct tui_finding finding = { .severity = SEVERITY_ERROR, .message = "\033[31mx\n" };
	struct tui_bar bar = { .from_ns = 1, .to_ns = UINT64_MAX };
	struct fixture f;
	struct grid grid = { 0 };
	size_t i, mode;

	(void)state;
	fixture_by_unit(&f);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (mode = 0; mode < 3; mode++) {
			struct tui_frame frame = { .view = &f.view,
						   .source = "x",
						   .findings = &finding,
						   .nfindings = modes[mode] != TUI_LIST,
						   .bar = &bar };
			struct tui tui;

			tui_init(&tui);
			tui.mode = modes[mode];
			if (modes[mode] == TUI_DETAIL)
				tui_row_name(&f.view, &f.view.groups[1], tui.chosen);
			assert_int_equal(grid_resize(&grid, sizes[i][0], sizes[i][1]), 0);
			assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
			assert_screen(&grid, &tui);
		}
	assert_int_equal(grid_resize(&grid, 0, 5), -EINVAL);
	assert_int_equal(grid_resize(&grid, GRID_WIDTH_MAX + 1, 5), -EINVAL);
	grid_done(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_in_cells),
		cmocka_unit_test(wide_characters),
		cmocka_unit_test(nothing_a_terminal_obeys),
		cmocka_unit_test(a_mark_for_what_is_not_shown),
		cmocka_unit_test(inks_with_and_without_colours),
		cmocka_unit_test(no_key_does_two_things),
		cmocka_unit_test(every_action_acts),
		cmocka_unit_test(typed_lines),
		cmocka_unit_test(the_chosen_row_stays),
		cmocka_unit_test(rows_by_a_filter),
		cmocka_unit_test(blocked_time_is_of_three_columns),
		cmocka_unit_test(a_trail_has_so_many_rows),
		cmocka_unit_test(a_sentence_is_broken_where_it_has_to_be),
		cmocka_unit_test(every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
