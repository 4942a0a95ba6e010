// SPDX-License-Identifier: GPL-2.0-only
/* csv_cell.c - owns what a spreadsheet takes for something else than text. */
#include "export/csv_cell.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool csv_is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r'", *text);
}

static bool begins_like(const char *text, const char *const words[])
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strncasecmp(text, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool is_word(const char *text, const char *const words[])
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

/* What may stand before a number; of other than ASCII there are signs of money. */
static bool may_precede_digits(char c)
{
	return strchr(" .,($%/:", c) || (unsigned char)c >= 0x80;
}

/* As English, French and German have months and truth: the languages that a dialect is for. */
bool csv_is_number(const char *text)
{
	static const char *const months[] = { "jan",	  "feb", "f\u00e9v", "fev", "mar",
					      "m\u00e4r", "apr", "avr",	     "may", "mai",
					      "jun",	  "jui", "jul",	     "aug", "ao\u00fb",
					      "aou",	  "sep", "oct",	     "okt", "nov",
					      "dec",	  "dez", "d\u00e9c", NULL };
	static const char *const truths[] = { "true", "false",	"vrai", "faux",
					      "wahr", "falsch", NULL };
	const char *at = text;

	while (*at && may_precede_digits(*at))
		at++;
	if (isdigit((unsigned char)*at) || is_word(text, truths))
		return true;
	return begins_like(text, months) && isdigit((unsigned char)text[strlen(text) - 1]);
}

void csv_text(struct buf *out, const char *text, bool apostrophe)
{
	buf_char(out, '"');
	if (apostrophe)
		buf_char(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			buf_char(out, '"');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}
