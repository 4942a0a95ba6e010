// SPDX-License-Identifier: GPL-2.0-only
/* man_settings.c - owns vigie.yml(5): each key of the table that the program itself reads by. */
#include <string.h>

#include "app/settings.h"
#include "tables.h"

/* `this` is bold, as in the documents that are written from the same table. */
static void marked(FILE *out, const char *text)
{
	bool bold = false;
	size_t len;

	for (;;) {
		len = strcspn(text, "`");
		man_text(out, text, len);
		text += len;
		if (!*text)
			return;
		bold = !bold;
		fputs(bold ? "\\fB" : "\\fR", out);
		text++;
	}
}

static void default_value(FILE *out, const struct setting *setting)
{
	const char *text = setting->value;

	if (setting->words) {
		man_string(out, setting->words);
		return;
	}
	fputs("\\fB", out);
	if (setting->key.form == CONFIG_LIST) {
		fputc('[', out);
		man_string(out, text ? text : "");
		fputc(']', out);
	} else {
		man_string(out, text[0] ? text : "''");
	}
	fputs("\\fR", out);
}

static void key(FILE *out, const struct setting *setting)
{
	fputs(".TP\n\\fB", out);
	man_string(out, setting->key.name);
	fputs("\\fR (\\fB", out);
	man_string(out, setting->option);
	fputs("\\fR)\n", out);
	marked(out, setting->help);
	fputs("\n.br\nPossible: ", out);
	marked(out, setting->allowed);
	fputs(".\n.br\nDefault: ", out);
	default_value(out, setting);
	fputs(".\n.br\nSIGHUP: ", out);
	fputs(setting->live ? "changes it at once" : "it needs a restart: ", out);
	if (!setting->live)
		marked(out, setting->why_restart);
	fputs(".\n", out);
}

void man_settings(FILE *out, const char *extra)
{
	const char *section = "";
	unsigned int i;

	fprintf(out,
		".\\\" Written by the build from the program's own tables.\n"
		".TH VIGIE.YML 5 %s \"vigie %s\" \"File Formats\"\n"
		".SH NAME\nvigie.yml \\- the configuration of vigie serve\n",
		manual_date, manual_version);
	fputs(extra, out); /* written by hand */
	fputs(".SH KEYS\nThe option of the same meaning is behind each.\n", out);
	for (i = 0; i < nsettings; i++) {
		if (strcmp(section, settings[i].key.section)) {
			section = settings[i].key.section;
			fprintf(out, ".SS %s\n", section);
			man_string(out, settings_section_help(section));
			fputc('\n', out);
		}
		key(out, &settings[i]);
	}
	fputs(".SH SEE ALSO\n.BR vigie (8),\n.BR vigie\\-serve (8)\n", out);
}
