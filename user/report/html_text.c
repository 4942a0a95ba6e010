// SPDX-License-Identifier: GPL-2.0-only
/* html_text.c - owns how numbers and names are spelled in a profile's page. */
#include "report/html.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/units.h"

void html_name(struct buf *out, const char *raw)
{
	char text[FLAME_TEXT];

	text_sanitise(text, sizeof(text), raw, strlen(raw));
	html_escape(out, text);
}

void html_percent(struct buf *out, __u64 part, __u64 whole)
{
	__u64 hundredths = whole ? ((unsigned __int128)part * 10000 + whole / 2) / whole : 0;

	buf_printf(out, "%llu.%02llu\u00a0%%", hundredths / 100, hundredths % 100);
}

void html_seconds(struct buf *out, __u64 ns)
{
	buf_seconds(out, ns);
	buf_str(out, "\u00a0s");
}

void html_value(struct buf *out, enum profile_view view, __u64 value)
{
	if (view != PROFILE_FAULTS) {
		html_seconds(out, value);
		return;
	}
	buf_u64(out, value);
	buf_str(out, "\u00a0bytes");
}

void html_when(struct buf *out, __u64 wall_ns)
{
	time_t seconds = wall_ns / NS_PER_S;
	struct tm tm;
	char text[32];

	if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm)) {
		buf_str(out, "unknown");
		return;
	}
	buf_str(out, text);
	buf_printf(out, ".%03llu UTC", wall_ns % NS_PER_S / NS_PER_MS);
}

/* "<" stands in strings only: escaped there, neither </script> nor <!-- can come about. */
void html_json(struct buf *out, const char *json, size_t len)
{
	const char *end = json + len, *stop;

	while (json < end) {
		stop = memchr(json, '<', end - json);
		buf_add(out, json, (stop ? stop : end) - json);
		if (!stop)
			return;
		buf_str(out, "\\u003c");
		json = stop + 1;
	}
}
