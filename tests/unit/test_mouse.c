// SPDX-License-Identifier: GPL-2.0-only
/* test_mouse.c - what clicks and the wheel do to the screen, and that keys go on as they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../golden/view_fixture.h"
#include "screen_scene.h"
#include "tui/screen.h"

enum { ROWS = 40 };

static void clicks_by_name(void **state)
{
	static const char *const none[] = { "Click-",	  "Click-1",	  "Click-1,",
					    "Click-,1",	  "Click-1024,1", "Click-1,1024",
					    "Click--1,1", "Click-1,1x" };
	unsigned int x = 0, y = 0;
	size_t i;

	(void)state;
	assert_int_equal(tui_key_by_name("Click-1023,7", 12), tui_key_click(1023, 7));
	assert_true(tui_key_clicked(tui_key_click(1023, 7), &x, &y));
	assert_int_equal(x, 1023);
	assert_int_equal(y, 7);
	assert_false(tui_key_clicked(TUI_KEY_WHEEL_UP, &x, &y));
	assert_int_equal(tui_action_of(tui_key_click(3, 4)), ACT_CLICK);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(tui_key_by_name(none[i], strlen(none[i])), -1);
}

/* On the titles, on a row, elsewhere. */
static void what_a_click_means(void **state)
{
	struct fixture f;
	struct tui_frame frame = { .view = &f.view, .source = "" };
	struct grid grid = { 0 };
	char line[1024], third[TUI_ROW_NAME];
	long long amount;
	struct list list;
	struct tui tui;
	size_t x;

	(void)state;
	fixture_by_unit(&f);
	tui_init(&tui);
	assert_int_equal(grid_resize(&grid, 100, 24), 0);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	line_of(&grid, 4, line, sizeof(line));
	x = strstr(line, "RSS") - line;
	tui_press(&tui, tui_key_click(x, 4), &amount);
	assert_int_equal(tui.sort, SORT_RSS);
	tui_press(&tui, tui_key_click(strstr(line, "WAIT%") - line - 1, 4), &amount);
	tui_press(&tui, tui_key_click(0, 4), &amount); /* no figures to sort by */
	tui_press(&tui, tui_key_click(x, 3), &amount);
	assert_int_equal(tui.sort, SORT_WAIT); /* a title is as wide as its column */
	assert_int_equal(tui_rows(&tui, &f.view, &list), 0);
	assert_int_equal(list.n, 3);
	tui_row_name(&f.view, list.rows[2], third);
	list_done(&list);
	tui_press(&tui, tui_key_click(50, 7), &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	assert_string_equal(tui.chosen, third);
	assert_true(grid_cell(&grid, 0, 7)->chosen);
	tui_press(&tui, tui_key_click(50, 9), &amount); /* below the last row */
	tui_press(&tui, tui_key_click(50, 23), &amount);
	tui_press(&tui, tui_key_click(50, 0), &amount);
	assert_false(tui.moved);
	tui_press(&tui, TUI_KEY_ENTER, &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	tui_press(&tui, tui_key_click(50, 5), &amount); /* there is no list now */
	tui_press(&tui, tui_key_click(x, 4), &amount);
	assert_string_equal(tui.chosen, third);
	assert_int_equal(tui.sort, SORT_WAIT);
	assert_false(tui.moved);
	tui_press(&tui, 27, &amount);
	assert_int_equal(tui.mode, TUI_LIST);
	assert_int_equal(grid_resize(&grid, 30, 8), 0); /* too small for a list */
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	tui_press(&tui, tui_key_click(20, 5), &amount);
	assert_false(tui.moved);
	grid_done(&grid);
}

/* It moves what is seen, not what is chosen; a key that moves the choice brings it back. */
static void what_a_wheel_does(void **state)
{
	static struct group_view groups[ROWS];
	char labels[ROWS][8], first[TUI_ROW_NAME];
	struct view view = view_of_rows(groups, labels, ROWS);
	struct tui_frame frame = { .view = &view, .source = "" };
	struct grid grid = { 0 };
	long long amount;
	struct tui tui;
	int i;

	(void)state;
	tui_init(&tui);
	assert_int_equal(grid_resize(&grid, 80, 17), 0); /* ten rows of forty */
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	assert_int_equal(tui.page, 10);
	tui_press(&tui, TUI_KEY_WHEEL_DOWN, &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	assert_int_equal(tui.first, 3);
	assert_string_equal(tui.chosen, "");
	tui_press(&tui, tui_key_click(0, 6), &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	memcpy(first, tui.chosen, sizeof(first));
	assert_int_equal(tui.row, 3);
	for (i = 0; i < 20; i++)
		tui_press(&tui, TUI_KEY_WHEEL_DOWN, &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	assert_int_equal(tui.first, 30);
	assert_string_equal(tui.chosen, first);
	tui_press(&tui, TUI_KEY_WHEEL_UP, &amount);
	assert_int_equal(tui.first, 27);
	tui_press(&tui, TUI_KEY_DOWN, &amount);
	assert_int_equal(screen_draw(&grid, &tui, &frame), 0);
	assert_int_equal(tui.row, 4);
	assert_int_equal(tui.first, 4);
	for (i = 0; i < 20; i++)
		tui_press(&tui, TUI_KEY_WHEEL_UP, &amount);
	assert_int_equal(tui.first, 0);
	grid_done(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clicks_by_name),
		cmocka_unit_test(what_a_click_means),
		cmocka_unit_test(what_a_wheel_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
