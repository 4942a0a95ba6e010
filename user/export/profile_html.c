// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_html.c - owns the page: its policy, its words, its tables and the data of its script.
 *
 * The script and the style are files of their own (profile_page.js, .css), made into texts as we
 * are built; their hashes are all that the policy allows.
 */
#include "export/profile_html.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/json_writer.h"
#include "export/profile_graph.h"
#include "gen/profile_page.h"

#define NS 1e9

struct page {
	struct buf *out;
	const struct profile *p, *before;
	struct profile_walk walk, walk_before;
};

static void hash_of(struct buf *out, const char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char encoded[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "";
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, strlen(text), (const uint8_t *)text);
	sha256_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(encoded, sizeof(digest), digest);
	buf_printf(out, "'sha256-%s'", encoded);
}

static void head(const struct page *page)
{
	struct buf *out = page->out;

	buf_str(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		     "base-uri 'none'; form-action 'none'; script-src ");
	hash_of(out, profile_page_js);
	buf_str(out, "; style-src ");
	hash_of(out, profile_page_css);
	buf_str(out,
		"\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>vigie: ");
	graph_escape(out, profile_walk_text(&page->walk, page->p->about.target));
	buf_str(out, "</title>\n<style>");
	buf_str(out, profile_page_css);
	buf_str(out, "</style></head>\n<body>\n");
}

static void row(const struct page *page, const char *name, __u64 ns, __u64 all)
{
	if (!ns)
		return;
	buf_str(page->out, "<tr><td>");
	graph_escape(page->out, name);
	buf_printf(page->out, "</td><td>%.3f s</td><td>%.2f %%</td></tr>\n", ns / NS,
		   all ? 100.0 * ns / all : 0);
}

static void times(const struct page *page)
{
	const struct profile *p = page->p;
	__u64 wall = 0, cpu = 0, wait = 0, off[VIGIE_WAITS] = { 0 };
	__u32 i, why;

	for (i = 0; i < p->nthreads; i++) {
		wall += p->threads[i].wall_ns;
		cpu += p->threads[i].cpu_ns;
		wait += p->threads[i].wait_ns;
		for (why = 0; why < VIGIE_WAITS; why++)
			off[why] += p->threads[i].off_ns[why];
	}
	buf_str(page->out, "<table><tr><th>where the threads' time went</th><th>time</th>"
			   "<th>share</th></tr>\n");
	row(page, "on a CPU", cpu, wall);
	row(page, "waiting for a CPU", wait, wall);
	for (why = 0; why < VIGIE_WAITS; why++)
		row(page, profile_wait_name(why), off[why], wall);
	buf_str(page->out, "</table>\n");
}

static void quality(const struct page *page)
{
	const struct profile_quality *q = &page->p->quality;
	__u64 stacks = q->stacks[0] + q->stacks[1] + q->stacks[2], incomplete = 0, lost;
	int i;

	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		incomplete += q->incomplete[i];
	lost = q->lost[VIGIE_SESSION_LOST_RING];
	buf_printf(page->out,
		   "<p><b>Quality:</b> %llu stacks on a CPU, %llu asleep, %llu of faults; "
		   "%llu lost; %llu (%.2f %%) incomplete",
		   (unsigned long long)q->stacks[0], (unsigned long long)q->stacks[1],
		   (unsigned long long)q->stacks[2], (unsigned long long)lost,
		   (unsigned long long)incomplete, stacks ? 100.0 * incomplete / stacks : 0);
	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		if (q->incomplete[i])
			buf_printf(page->out, ", %s: %llu", profile_incomplete_name(i),
				   (unsigned long long)q->incomplete[i]);
	buf_printf(page->out,
		   "; %llu of %llu functions named; cost %.3f s of CPU; ended: %s.</p>\n",
		   (unsigned long long)q->names_found, (unsigned long long)q->names_wanted,
		   q->cpu_ns / NS, profile_stop_name(q->stopped_early));
}

static void summary(const struct page *page)
{
	const struct profile_about *a = &page->p->about;
	time_t begin = a->begin_wall_ns / 1000000000;
	char when[64];
	struct tm tm;

	gmtime_r(&begin, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_str(page->out, "<h1>");
	graph_escape(page->out, profile_walk_text(&page->walk, a->target));
	buf_printf(page->out, "</h1>\n<p class=\"dim\">%.2f s at %u Hz, %s, host ",
		   a->duration_ns / NS, a->hz, when);
	graph_escape(page->out, profile_walk_text(&page->walk, a->host));
	buf_str(page->out, ", kernel ");
	graph_escape(page->out, profile_walk_text(&page->walk, a->kernel));
	buf_printf(page->out, ", %u CPUs, %u threads of %u processes</p>\n<div class=\"box\">\n",
		   a->cpus, page->p->nthreads, page->p->nprocesses);
	times(page);
	quality(page);
	buf_str(page->out,
		"</div>\n<p class=\"legend\"><span class=\"lu\">program</span>"
		"<span class=\"li\">inlined</span><span class=\"lj\">generated</span>"
		"<span class=\"lk\">kernel</span><span class=\"lx\">reason or party</span>"
		"<span class=\"ln\">remark</span>");
	if (page->before)
		buf_str(page->out, " Compared: red grew, blue shrank.");
	buf_str(page->out, "</p>\n");
}

static int still_view(struct page *page, enum profile_view view)
{
	struct graph now = { 0 }, then = { 0 };
	int err = graph_make(&now, &page->walk, view);

	if (!err && page->before)
		err = graph_make(&then, &page->walk_before, view);
	if (!err && now.nodes[0].value) {
		buf_printf(page->out, "<h2>%s</h2>\n", profile_view_name(view));
		graph_svg(page->out, &now, page->before ? &then : NULL);
	}
	graph_done(&now);
	graph_done(&then);
	return err;
}

/* --- The script's data. -------------------------------------------------------------------- */

/* A name for each entry of the walk, then for each reason, party and process. */
struct numbers {
	__u32 waits, parties, processes;
};

static void name(struct json *j, const char *text, char kind)
{
	const char letter[2] = { kind };

	json_line(j);
	json_open(j, NULL, '[');
	json_text(j, NULL, text);
	json_text(j, NULL, letter);
	json_close(j, ']');
}

static void names(struct json *j, const struct profile_walk *w, struct numbers *ret)
{
	const struct profile *p = w->p;
	struct profile_step step = { .kind = PROFILE_STEP_FRAME };
	__u32 i;

	json_open(j, "names", '[');
	for (step.frame = 0; step.frame < p->nframes; step.frame++)
		for (step.nth = 0; step.nth < profile_walk_lines(p, step.frame); step.nth++)
			name(j, profile_walk_name(w, step.frame, step.nth), graph_kind(p, &step));
	ret->waits = w->nentries;
	for (i = 0; i < VIGIE_WAITS; i++)
		name(j, profile_wait_name(i), 'x');
	ret->parties = ret->waits + VIGIE_WAITS;
	for (i = 0; i < p->nparties; i++)
		name(j, profile_walk_party(w, i), 'x');
	ret->processes = ret->parties + p->nparties;
	for (i = 0; i < p->nprocesses; i++)
		name(j, profile_walk_text(w, p->processes[i].comm), 'r');
	json_close(j, ']');
}

static int sample(struct json *j, struct profile_walk *w, const struct numbers *n, __u32 view,
		  const struct profile_sample *s)
{
	__u32 i;
	int err = profile_walk_sample(w, s);

	if (err)
		return err;
	json_line(j);
	json_open(j, NULL, '[');
	json_u64(j, NULL, view);
	json_u64(j, NULL, s->thread);
	json_u64(j, NULL, s->value);
	for (i = 0; i < w->nsteps; i++) {
		const struct profile_step *step = &w->steps[i];

		if (step->kind == PROFILE_STEP_PROCESS)
			json_u64(j, NULL, n->processes + w->p->threads[s->thread].process);
		else if (step->kind == PROFILE_STEP_TAG)
			json_u64(j, NULL,
				 (s->view == PROFILE_OFF_CPU ? n->waits : n->parties) + s->tag);
		else
			json_u64(j, NULL, step->entry);
	}
	json_close(j, ']');
	return 0;
}

static unsigned int shown_views(const struct profile *p)
{
	unsigned int views = 0;
	__u32 i;

	for (i = 0; i < p->nsamples; i++)
		if (p->samples[i].value)
			views |= 1U << p->samples[i].view;
	return views;
}

/* Views by their place among those that are shown. */
static int set(struct json *j, struct profile_walk *w, unsigned int views)
{
	struct numbers numbers;
	__u32 i, v, place;
	int err = 0;

	names(j, w, &numbers);
	json_open(j, "samples", '[');
	for (v = 0, place = 0; v < PROFILE_VIEWS; v++) {
		for (i = 0; i < w->p->nsamples && views & 1U << v && !err; i++)
			if (w->p->samples[i].view == v && w->p->samples[i].value)
				err = sample(j, w, &numbers, place, &w->p->samples[i]);
		place += !!(views & 1U << v);
	}
	json_close(j, ']');
	return err;
}

static int document(struct page *page, struct buf *json)
{
	struct json j = { .out = json };
	unsigned int views = shown_views(page->p), v;
	const struct profile_thread *t;
	struct buf label;
	__u32 i;
	int err;

	json_open(&j, NULL, '{');
	json_open(&j, "views", '[');
	for (v = 0; v < PROFILE_VIEWS; v++)
		if (views & 1U << v)
			json_text(&j, NULL, profile_view_name(v));
	json_close(&j, ']');
	json_open(&j, "threads", '[');
	buf_init(&label, 4096);
	for (i = 0; i < page->p->nthreads; i++) {
		t = &page->p->threads[i];
		buf_clear(&label);
		buf_printf(&label, "%s (%u)", profile_walk_text(&page->walk, t->comm), t->tid);
		buf_char(&label, '\0');
		json_text(&j, NULL, label.err ? "?" : label.data);
	}
	buf_done(&label);
	json_close(&j, ']');
	err = set(&j, &page->walk, views);
	if (!err && page->before) {
		json_open(&j, "before", '{');
		err = set(&j, &page->walk_before, views);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	return err ? err : json->err;
}

/* In a script element only "</" and "<!" end anything: no '<' is left. */
static int data(struct page *page)
{
	struct buf json;
	size_t i;
	int err;

	buf_init(&json, page->out->max);
	err = document(page, &json);
	buf_str(page->out, "<script type=\"application/json\" id=\"data\">");
	for (i = 0; i < json.len && !err; i++) {
		if (json.data[i] == '<')
			buf_str(page->out, "\\u003c");
		else
			buf_char(page->out, json.data[i]);
	}
	buf_str(page->out, "</script>\n");
	buf_done(&json);
	return err;
}

static void live(const struct page *page)
{
	buf_str(page->out,
		"<div id=\"live\" class=\"hidden\"><div id=\"bar\"><span id=\"tabs\"></span>"
		"<select id=\"thread\" aria-label=\"thread\"><option value=\"-1\">all threads"
		"</option></select>"
		"<input id=\"search\" type=\"search\" placeholder=\"search\" aria-label=\"search\">"
		"<span id=\"found\"></span><button id=\"reverse\">reverse</button>"
		"<button id=\"reset\">reset zoom</button></div>"
		"<div id=\"status\" class=\"dim\">Point at a function; a click zooms, Escape leaves."
		"</div><div id=\"graph\"></div></div>\n");
}

static int body(struct page *page)
{
	unsigned int view;
	int err = 0;

	head(page);
	summary(page);
	live(page);
	buf_str(page->out, "<div id=\"still\">\n");
	for (view = 0; view < PROFILE_VIEWS && !err; view++)
		err = still_view(page, view);
	buf_str(page->out, "</div>\n");
	if (!err && shown_views(page->p))
		err = data(page);
	if (!err && shown_views(page->p)) {
		buf_str(page->out, "<script>");
		buf_str(page->out, profile_page_js);
		buf_str(page->out, "</script>\n");
	}
	buf_str(page->out, "</body></html>\n");
	return err;
}

void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *before)
{
	struct page page = { .out = out, .p = p, .before = before };
	int err = profile_walk_init(&page.walk, p);

	if (!err && before)
		err = profile_walk_init(&page.walk_before, before);
	if (!err)
		err = body(&page);
	profile_walk_done(&page.walk);
	if (before)
		profile_walk_done(&page.walk_before);
	if (err && !out->err)
		out->err = err;
}
