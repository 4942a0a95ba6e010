// SPDX-License-Identifier: GPL-2.0-only
/*
 * html.c - a profile as one HTML page that needs nothing but itself.
 *
 * Owns: the page's order, its policy and the words around its numbers. The policy lets exactly
 * our script and our style run, by their hashes: whatever a hostile name might slip in, and any
 * request, is blocked by the browser as well. Not here: trees (flame.c), tables, SVG, data
 * (html_*.c), script and style (page.js, page.css).
 */
#include "report/formats.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "report/html.h"
#include "gen/page.css.h"
#include "gen/page.js.h"

static const struct {
	const char *title, *about;
} views[PROFILE_VIEWS] = {
	[PROFILE_CPU] = { "On CPU", "Time on a CPU: by process, then stack." },
	[PROFILE_OFF_CPU] = { "Off CPU", "Time blocked: by reason, process, then stack." },
	[PROFILE_RUN_QUEUE] = { "Run queue", "Time waiting for a CPU: by who ran meanwhile, then "
					     "process and thread that waited." },
	[PROFILE_WAKERS] = { "Wakers",
			     "Time blocked: by process and thread, then who ended the wait, and "
			     "from where in its code." },
	[PROFILE_FAULTS] = { "Faults", "Memory first touched: by process, then stack." },
};

static void source_hash(struct buf *out, const char *directive, const unsigned char *source,
			size_t len)
{
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE)];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, source);
	sha256_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	buf_printf(out, "; %s 'sha256-%.*s'", directive, (int)sizeof(text), text);
}

void profile_html_policy(struct buf *out)
{
	buf_str(out, "default-src 'none'");
	source_hash(out, "script-src", page_js, sizeof(page_js));
	source_hash(out, "style-src", page_css, sizeof(page_css));
	buf_str(out, "; base-uri 'none'; form-action 'none'");
}

static void page_head(struct buf *out, const struct profile *p)
{
	buf_str(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"");
	profile_html_policy(out);
	buf_str(out, "\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		     "<title>");
	html_name(out, profile_text(p, p->about.target));
	buf_str(out, " – vigie profile</title>\n<style>");
	buf_add(out, page_css, sizeof(page_css));
	buf_str(out, "</style>\n</head>\n<body>\n");
}

static bool recorded(const struct profile *p, const struct flame *f, enum profile_view view)
{
	return p->about.views & 1u << view || f->boxes[view].value;
}

static void not_recorded(struct buf *out, const struct profile *p, const struct flame *f)
{
	int i, n = 0;

	for (i = 0; i < PROFILE_VIEWS; i++) {
		if (recorded(p, f, i))
			continue;
		buf_str(out, n++ ? ", " : "<p class=\"fine\">Not recorded: ");
		buf_str(out, views[i].title);
	}
	buf_str(out, n ? ".</p>\n" : "");
}

static void tabs(struct buf *out, const struct profile *p, const struct flame *f)
{
	int i;

	buf_str(out, "<nav id=\"tabs\" aria-label=\"Views\">\n");
	for (i = 0; i < PROFILE_VIEWS; i++)
		if (recorded(p, f, i))
			buf_printf(out, "<a href=\"#view-%s\" data-view=\"%d\">%s</a>\n",
				   profile_view_name(i), i, views[i].title);
	buf_str(out, "</nav>\n");
	not_recorded(out, p, f);
}

/* Hidden until there is a script that heeds them. */
static void controls(struct buf *out, bool growth)
{
	buf_str(out, "<div id=\"controls\" hidden>\n"
		     "<label>Search <input id=\"search\" type=\"search\" size=\"24\" "
		     "autocomplete=\"off\" spellcheck=\"false\"></label>\n"
		     "<output id=\"matched\" for=\"search\"></output>\n"
		     "<label>Threads <select id=\"filter\"></select></label>\n"
		     "<label><input id=\"reverse\" type=\"checkbox\"> Leaf first</label>\n");
	if (growth)
		buf_str(out, "<label><input id=\"growth\" type=\"checkbox\" checked> "
			     "Colour by growth</label>\n");
	buf_str(out, "<button id=\"reset\" type=\"button\">Reset zoom</button>\n</div>\n");
}

static void kind_legend(struct buf *out)
{
	static const char *const words[FLAME_KINDS] = {
		[FLAME_ALL] = "all",
		[FLAME_PROCESS] = "process",
		[FLAME_THREAD] = "thread",
		[FLAME_REASON] = "reason to wait",
		[FLAME_PARTY] = "who ran or woke",
		[FLAME_USER] = "user code",
		[FLAME_INLINED] = "inlined",
		[FLAME_KERNEL] = "kernel",
		[FLAME_JIT] = "JIT-compiled",
		[FLAME_NOTE] = "[remark]",
		[FLAME_UNNAMED] = "unnamed",
	};
	int i;

	buf_str(out, "<ul class=\"legend kinds\" aria-label=\"Colours\">\n");
	for (i = FLAME_PROCESS; i < FLAME_KINDS; i++)
		buf_printf(out, "<li class=\"%s\">%s</li>\n", flame_kind_name(i), words[i]);
	buf_str(out, "</ul>\n");
}

static void growth_legend(struct buf *out)
{
	static const char *const words[] = { "&lt; 0.1 %", "≥ 0.1 %", "≥ 0.5 %", "≥ 2 %", "≥ 5 %" };
	int i;

	buf_str(out, "<ul class=\"legend growth\" aria-label=\"Colours\">\n"
		     "<li>share of the whole, less or more than in the other profile:</li>\n");
	for (i = 4; i > 0; i--)
		buf_printf(out, "<li class=\"less%d\">− %s</li>\n", i, words[i]);
	buf_printf(out, "<li class=\"more0\">± %s</li>\n", words[0]);
	for (i = 1; i <= 4; i++)
		buf_printf(out, "<li class=\"more%d\">+ %s</li>\n", i, words[i]);
	buf_str(out, "</ul>\n");
}

static void view_section(struct buf *out, const struct profile *p, const struct flame *f,
			 enum profile_view view, bool growth)
{
	buf_printf(out, "<section class=\"view\" id=\"view-%s\">\n<h2>%s</h2>\n<p>%s Sum: ",
		   profile_view_name(view), views[view].title, views[view].about);
	html_value(out, view, f->boxes[view].value);
	buf_str(out, f->boxes[view].value ? "</p>\n" : ". Nothing was seen.</p>\n");
	html_flame(out, f, view, growth);
	if (view == PROFILE_RUN_QUEUE)
		html_relations(out, p);
	if (view == PROFILE_WAKERS)
		html_chains(out, p);
	buf_str(out, "</section>\n");
}

static void body(struct buf *out, const struct profile *p, const struct profile *other,
		 const struct flame *f)
{
	int i;

	buf_str(out, "<h1>");
	html_name(out, profile_text(p, p->about.target));
	buf_str(out, "</h1>\n<div id=\"facts\">\n");
	html_about(out, p, other);
	html_totals(out, p, other);
	html_quality(out, p);
	buf_str(out, "</div>\n");
	tabs(out, p, f);
	controls(out, other);
	if (other)
		growth_legend(out);
	kind_legend(out);
	for (i = 0; i < PROFILE_VIEWS; i++)
		if (recorded(p, f, i))
			view_section(out, p, f, i, other);
	buf_str(out, "<p id=\"status\" role=\"status\" hidden></p>\n<h2>Threads</h2>\n");
	html_threads(out, p);
	buf_str(out, "<script type=\"application/json\" id=\"data\">");
	html_data(out, f, p, other);
	buf_str(out, "</script>\n<script>");
	buf_add(out, page_js, sizeof(page_js));
	buf_str(out, "</script>\n</body>\n</html>\n");
}

void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *other)
{
	struct flame f;
	int err = flame_init(&f, p, other);

	if (err) {
		out->err = out->err ? out->err : err;
	} else {
		page_head(out, p);
		body(out, p, other, &f);
	}
	flame_done(&f);
}
