// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_csv_cell.c - which names a spreadsheet would run, or turn into numbers, dates, truths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "export/csv_cell.h"

static void test_formulas(void **state)
{
	static const char *const formulas[] = { "=1+1", "+1",	"-1", "@SUM(A1)",
						"\tx",	"\r=1", "'",  "'quoted'" };
	static const char *const texts[] = { "", "a=1", "(kernel)", " =1", "\"=1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(formulas) / sizeof(*formulas); i++)
		assert_true(csv_is_formula(formulas[i]));
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(csv_is_formula(texts[i]));
}

static void test_numbers(void **state)
{
	static const char *const numbers[] = { "0012", "1e5",  " 7",	"(5)",	      "$3",
					       ".5",   "1/2",  "12:30", "2026-11-30", "\u20ac9",
					       "5%",   "mar1", "SEPT2", "Mai 2026",   "d\u00e9c5",
					       "TRUE", "vrai", "Wahr",	"1,5",	      "7z" };
	static const char *const texts[] = { "",
					     "init",
					     "sda1",
					     "java17",
					     "(kernel)",
					     "marvin",
					     "e5",
					     "(sd-pam)",
					     "trues",
					     "/",
					     "(all other processes)" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!csv_is_number(numbers[i]))
			fail_msg("'%s' would become a number", numbers[i]);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (csv_is_number(texts[i]))
			fail_msg("'%s' stays what it is", texts[i]);
}

static void test_quoting(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	csv_text(&out, "a\"b,;", false);
	csv_text(&out, "=1", true);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	assert_string_equal(out.data, "\"a\"\"b,;\"\"'=1\"");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formulas),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_quoting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
