// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_profile_html.c - the page of a profile: its policy, its numbers, and that no name gets out
 * of its place. What a browser makes of it is in tests/e2e/test_profile_html.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <json-c/json.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "report/formats.h"
#include "html_scene.h"
#include "report/flame.h"

enum { PAGE_MAX = 16 << 20 };

static char *page_of(const struct profile *p, const struct profile *other)
{
	struct buf out;

	buf_init(&out, PAGE_MAX);
	profile_html_encode(&out, p, other);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	assert_int_equal(strlen(out.data), out.len - 1);
	return out.data;
}

static char *scene_page(bool compare)
{
	struct profile *p = scene_new(compare), *other = compare ? scene_new(false) : NULL;
	char *page = page_of(p, other);

	profile__free(p);
	profile__free(other);
	return page;
}

static unsigned int occurrences(const char *page, const char *what)
{
	unsigned int n = 0;

	for (; (page = strstr(page, what)); page += strlen(what))
		n++;
	return n;
}

/* What stands between two texts, the first of each; to be freed. */
static char *between(const char *page, const char *begin, const char *end)
{
	const char *from = strstr(page, begin), *to;

	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	return strndup(from, to - from);
}

static void assert_hashed(const char *page, const char *directive, const char *tag, const char *end)
{
	char *source = between(page, tag, end), *csp = between(page, "content=\"", "\"");
	char text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "", want[128];
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, strlen(source), (const uint8_t *)source);
	sha256_digest(&sha, sizeof(digest), digest);
	base64_encode_raw(text, sizeof(digest), digest);
	snprintf(want, sizeof(want), "%s 'sha256-%s'", directive, text);
	assert_non_null(strstr(csp, want));
	free(source);
	free(csp);
}

static void test_policy(void **state)
{
	char *page = scene_page(false), *csp = between(page, "content=\"", "\"");

	assert_non_null(strstr(page, "http-equiv=\"Content-Security-Policy\" content=\""));
	assert_ptr_equal(strstr(csp, "default-src 'none'; script-src 'sha256-"), csp);
	assert_null(strstr(csp, "unsafe"));
	assert_hashed(page, "script-src", "<script>", "</script>");
	assert_hashed(page, "style-src", "<style>", "</style>");
	/* What the policy would block must not be there: the page would break in silence. */
	assert_null(strstr(page, " style=\""));
	assert_null(strstr(page, " onclick"));
	assert_null(strstr(page, "<link"));
	assert_null(strstr(page, " src=\""));
	free(csp);
	free(page);
}

static void test_hostile(void **state)
{
	char *page = scene_page(false);

	/* Two elements of ours, each ended once; the names have neither. */
	assert_int_equal(occurrences(page, "<script"), 2);
	assert_int_equal(occurrences(page, "</script"), 2);
	assert_int_equal(occurrences(page, "<style"), 1);
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "<!--"));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_null(strstr(page, "\xff"));
	assert_non_null(strstr(page, "&lt;/script&gt;&lt;script&gt;alert(&#39;owned&#39;)"));
	assert_non_null(strstr(page, "\\u003c/script>\\u003cscript>alert('owned')"));
	assert_non_null(strstr(page, "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp;"));
	assert_non_null(strstr(page, "evil\\u{202e}drowssap"));
	assert_non_null(strstr(page, "\\xff\\xfe\\xc3("));
	free(page);
}

static void test_tables(void **state)
{
	static const char *const texts[] = {
		"<title>web.service &lt;img",
		"Duration</th><td>10.000000001\u00a0s<",
		"2023-11-14 22:13:20.123 UTC",
		"199 Hz, 8 CPUs",
		"6.1.0-18-amd64",
		"vigie</th><td>0.1.0<",
		"the target ended",
		"threads lived</th><td>30.000000000\u00a0s<",
		"on a CPU</th><td>6.370370367\u00a0s</td><td>21.23\u00a0%<",
		"waited for a CPU</th><td>1.500000000\u00a0s</td><td>5.00\u00a0%<",
		"blocked</th><td>12.000000021\u00a0s<",
		"– lock</th><td>9.000000000\u00a0s<",
		"– disk</th><td>3.000000021\u00a0s<",
		"page faults</th><td>963<",
		"stacks on a CPU</th><td>1991<",
		"lost: stacks, ring buffer full</th><td>3<",
		"incomplete stacks</th><td>5<",
		"– no unwind information</th><td>5<",
		"lock 3.000000000\u00a0s (30×); disk 1.000000007\u00a0s (12×)",
	};
	char *page = scene_page(false);
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strstr(page, texts[i]))
			fail_msg("not in the page: %s", texts[i]);
	}
	free(page);
}

/* The busiest 200 have a row each; the last one has the rest. */
static void test_many_threads(void **state)
{
	struct profile *p = profile__new(64 << 20);
	__u32 process = scene_process(p, 1, "a"), i;
	char *page, comm[16];

	for (i = 0; i < 250; i++) {
		snprintf(comm, sizeof(comm), "thread-%03u", i);
		scene_thread(p, process, i + 1, comm);
		p->threads[i].cpu_ns = i * MS;
	}
	page = page_of(p, NULL);
	assert_int_equal(occurrences(page, "<th scope=\"row\">thread-"), 200);
	assert_non_null(strstr(page, "<th scope=\"row\">thread-249"));
	assert_non_null(strstr(page, "(50 others)</th><td></td><td></td>"
				     "<td>500.000000000\u00a0s</td><td>1.225000000\u00a0s<"));
	assert_non_null(strstr(page, "on a CPU</th><td>31.125000000\u00a0s<"));
	free(page);
	profile__free(p);
}

/* --- The graph without a script. */

static void test_views(void **state)
{
	static const char *const sums[PROFILE_VIEWS] = {
		[PROFILE_CPU] = "Sum: 2.002000000\u00a0s<",
		[PROFILE_OFF_CPU] = "Sum: 4.500000000\u00a0s<",
		[PROFILE_RUN_QUEUE] = "Sum: 0.500000000\u00a0s<",
		[PROFILE_WAKERS] = "Sum: 3.000000000\u00a0s<",
		[PROFILE_FAULTS] = "Sum: 409600\u00a0bytes<",
	};
	char *page = scene_page(false), *section, begin[64];
	int i;

	for (i = 0; i < PROFILE_VIEWS; i++) {
		snprintf(begin, sizeof(begin), "id=\"view-%s\"", profile_view_name(i));
		section = between(page, begin, "</section>");
		assert_non_null(strstr(section, sums[i]));
		assert_int_equal(occurrences(section, "<svg class=\"graph static\""), 1);
		assert_int_equal(occurrences(section, "<svg "), occurrences(section, "</svg>"));
		free(section);
	}
	free(page);
}

static void test_views_not_recorded(void **state)
{
	struct profile *p = profile__new(1 << 20);
	char *page;

	p->about.views = 1 << PROFILE_CPU;
	page = page_of(p, NULL);
	assert_non_null(strstr(page, "href=\"#view-cpu\""));
	assert_non_null(strstr(page, "Nothing was seen"));
	assert_null(strstr(page, "view-offcpu\""));
	assert_non_null(strstr(page, "Not recorded: Off CPU, Run queue, Wakers, Faults."));
	assert_null(strstr(page, "<svg class=\"graph static\""));
	free(page);
	profile__free(p);
}

static void test_quality_of_names(void **state)
{
	static const char *const rows[] = {
		"source lines to look at</th><td>37<",
		"source lines looked at</th><td>33<",
		"source lines found</th><td>29<",
		"stacks by frame pointers</th><td>23<",
	};
	char *page = scene_page(false);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_non_null(strstr(page, rows[i]));
	free(page);
}

static void test_pruned(void **state)
{
	char *page = scene_page(false);
	char *section = between(page, "id=\"view-cpu\"", "</section>");

	/* 40 boxes of 0.05 ms each, of 2002 ms. */
	assert_null(strstr(section, "small_"));
	assert_non_null(strstr(section, "(others): 0.002000000\u00a0s, 0.10\u00a0%"));
	assert_non_null(strstr(section, "Boxes under 0.05\u00a0% of the width"));
	assert_non_null(strstr(section, "<svg class=\"inlined\" x=\"0.000%\" width=\"49.950%\""));
	assert_non_null(strstr(section, "; /src/&lt;b&gt;&amp;.c:12</title>"));
	free(section);
	free(page);
}

/* --- Trees. */

/* The box of a path like "webserver;main", under the root of a view; fails if there is none. */
static __u32 box_at(const struct flame *f, __u32 box, const char *path)
{
	char *copy = strdup(path), *rest = copy, *name;

	while ((name = strsep(&rest, ";"))) {
		for (box = f->boxes[box].child; box && strcmp(flame_text(f, box), name);
		     box = f->boxes[box].next)
			;
		if (!box)
			fail_msg("no box %s of %s", name, path);
	}
	free(copy);
	return box;
}

static void assert_box(const struct flame *f, __u32 view, const char *path, enum flame_kind kind,
		       __u64 value)
{
	__u32 box = box_at(f, view, path);

	assert_string_equal(flame_kind_name(flame_kind(f, box)), flame_kind_name(kind));
	assert_int_equal(f->boxes[box].value, value);
}

#define WEB "webserver;main;handle_request"

static void test_paths(void **state)
{
	struct profile *p = scene_new(false);
	struct flame f;

	assert_int_equal(flame_init(&f, p, NULL), 0);
	assert_box(&f, PROFILE_CPU, "webserver", FLAME_PROCESS, 1952 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";parse", FLAME_USER, 1000 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";parse;next_token", FLAME_INLINED, 1000 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";parse;next_token;skip_blanks", FLAME_INLINED, 1000 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";read;do_syscall_64", FLAME_KERNEL, 500 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";Interpreter:~render /app/view.js:12", FLAME_JIT,
		   350 * MS);
	assert_box(&f, PROFILE_CPU, WEB ";Interpreter:~render /app/view.js:12;[libweb.so.1+0x2100]",
		   FLAME_UNNAMED, 100 * MS);
	assert_box(&f, PROFILE_CPU, "webserver;[truncated]", FLAME_NOTE, 100 * MS);
	assert_box(&f, PROFILE_CPU, "logger;[no stack]", FLAME_NOTE, 1 * MS);
	assert_box(&f, PROFILE_OFF_CPU, "lock;" WEB, FLAME_USER, 3000 * MS);
	assert_box(&f, PROFILE_OFF_CPU, "disk", FLAME_REASON, 1000 * MS);
	assert_box(&f, PROFILE_RUN_QUEUE, "(idle, waking up);webserver;webserver", FLAME_THREAD,
		   200 * MS);
	assert_box(&f, PROFILE_WAKERS, "webserver;webserver;logger (4712/4712)", FLAME_PARTY,
		   2500 * MS);
	assert_box(&f, PROFILE_FAULTS, WEB, FLAME_USER, 409600);
	flame_done(&f);
	profile__free(p);
}

/* Two call sites of a function are one box; a caller is another function's child. */
static void test_merged_by_name(void **state)
{
	struct profile *p = profile__new(1 << 20);
	__u32 thread = scene_thread(p, scene_process(p, 1, "a"), 1, "a"), i, node;
	struct flame f;

	for (i = 0; i < 2; i++) {
		node = scene_node(p, 0, scene_frame(p, 0, 0, 0x10 + i, "main", NULL, NULL));
		node = scene_node(p, node, scene_frame(p, 0, 0, 0x20, "leaf", NULL, NULL));
		scene_add(p, PROFILE_CPU, thread, node, 0, 5 * MS);
	}
	assert_int_equal(flame_init(&f, p, NULL), 0);
	assert_box(&f, PROFILE_CPU, "a;main;leaf", FLAME_USER, 10 * MS);
	flame_done(&f);
	profile__free(p);
}

static void test_deep(void **state)
{
	struct profile *p = profile__new(64 << 20);
	__u32 thread = scene_thread(p, scene_process(p, 1, "a"), 1, "a"), i, node = 0, box, depth;
	struct flame f;
	char *page;

	for (i = 0; i < 5000; i++)
		node = scene_node(p, node, scene_frame(p, 0, 0, 0x10, "again", NULL, NULL));
	scene_add(p, PROFILE_CPU, thread, node, 0, 5 * MS);
	assert_int_equal(flame_init(&f, p, NULL), 0);
	for (box = PROFILE_CPU, depth = 0; f.boxes[box].child; box = f.boxes[box].child)
		depth++;
	assert_int_equal(depth, FLAME_DEPTH);
	assert_string_equal(flame_text(&f, box), "[deeper]");
	flame_done(&f);
	page = page_of(p, NULL);
	assert_non_null(strstr(page, "rows below the first"));
	assert_in_range(strlen(page), 1, 200000);
	free(page);
	profile__free(p);
}

/* --- Compared with another. */

static void test_growth(void **state)
{
	struct profile *p = scene_new(true), *other = scene_new(false);
	struct flame f;

	assert_int_equal(flame_init(&f, p, other), 0);
	assert_int_equal(f.boxes[PROFILE_CPU].value, 2402 * MS);
	assert_int_equal(f.boxes[PROFILE_CPU].other, 2002 * MS);
	/* 1400 of 2402 after 1000 of 2002: 8.3 % more; read 4.2 %, unnamed 0.8 % less. */
	assert_int_equal(flame_growth(&f, box_at(&f, PROFILE_CPU, WEB ";parse"), PROFILE_CPU), 4);
	assert_int_equal(flame_growth(&f, box_at(&f, PROFILE_CPU, WEB ";read"), PROFILE_CPU), -3);
	assert_int_equal(flame_growth(&f, box_at(&f, PROFILE_CPU, "webserver;[truncated]"),
				      PROFILE_CPU),
			 -2);
	assert_int_equal(flame_growth(&f, PROFILE_CPU, PROFILE_CPU), 0);
	flame_done(&f);
	profile__free(p);
	profile__free(other);
}

static void test_compared_page(void **state)
{
	char *page = scene_page(true);
	char *plain = scene_page(false);

	assert_non_null(strstr(page, "<svg class=\"more4\""));
	assert_non_null(strstr(page, "<svg class=\"less3\""));
	assert_non_null(strstr(page, "Compared with"));
	assert_non_null(strstr(page, "id=\"growth\""));
	assert_non_null(strstr(page, "1.400000000\u00a0s, 58.28\u00a0%, was 49.95\u00a0%"));
	assert_null(strstr(plain, "<svg class=\"more4\""));
	assert_null(strstr(plain, "id=\"growth\""));
	assert_null(strstr(plain, "Compared with"));
	assert_hashed(page, "script-src", "<script>", "</script>");
	free(page);
	free(plain);
}

/* --- The script's data. */

static __u64 at(struct json_object *array, size_t i)
{
	return json_object_get_uint64(json_object_array_get_idx(array, i));
}

static struct json_object *member(struct json_object *of, const char *name)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(of, name, &value));
	return value;
}

/* The sums by view, as a reader of the document finds them. */
static void sums_of(struct json_object *data, struct json_object *samples, __u64 *ret)
{
	struct json_object *boxes = member(data, "boxes");
	size_t i, box, n = json_object_array_length(samples);

	for (i = 0; i < n; i += 4) {
		for (box = at(samples, i); at(boxes, 2 * box); box -= at(boxes, 2 * box))
			;
		assert_in_range(box, 0, PROFILE_VIEWS - 1);
		ret[box] += at(samples, i + 2);
	}
}

static void test_data(void **state)
{
	char *page = scene_page(true);
	char *text = between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
	struct json_object *data = json_tokener_parse(text), *names;
	__u64 sums[PROFILE_VIEWS] = { 0 }, before[PROFILE_VIEWS] = { 0 };

	assert_non_null(data);
	assert_null(strchr(text, '<'));
	names = member(data, "names");
	assert_int_equal(json_object_array_length(names),
			 json_object_array_length(member(data, "kinds")));
	assert_int_equal(json_object_array_length(member(data, "threads")), 4 * 3);
	sums_of(data, member(data, "samples"), sums);
	sums_of(data, member(member(data, "other"), "samples"), before);
	assert_int_equal(sums[PROFILE_CPU], 2402 * MS);
	assert_int_equal(sums[PROFILE_OFF_CPU], 4500 * MS);
	assert_int_equal(sums[PROFILE_FAULTS], 409600);
	assert_int_equal(before[PROFILE_CPU], 2002 * MS);
	json_object_put(data);
	free(text);
	free(page);
}

/* 10 000 nodes with names as long as C++ has them: 2 MB at most. */
static void test_size(void **state)
{
	struct profile *p = scene_new(false);
	__u32 i, node = 0, depth = 0, up;
	char name[100], *page;

	for (i = 0; i < 10000; i++, depth++) {
		snprintf(name, sizeof(name),
			 "app::storage::Engine<std::string, app::Codec>::visit_%u(Key const&)",
			 i * 7919 % 10000);
		if (depth == 40)
			for (up = 1 + i % 39; up; up--, depth--)
				node = p->nodes[node].parent;
		node = scene_node(p, node, scene_frame(p, 0, 0, 0x9000 + i, name, NULL, NULL));
		scene_add(p, i % 2, i % 3, node, i % 2 ? i % VIGIE_WAITS : 0, i * 1000 * MS);
	}
	page = page_of(p, NULL);
	print_message("10000 nodes: %zu bytes\n", strlen(page));
	assert_in_range(strlen(page), 1, 2000000);
	free(page);
	profile__free(p);
}

static void test_too_big(void **state)
{
	struct profile *p = scene_new(false);
	size_t max;

	for (max = 0; max < 40000; max += 997) {
		struct buf out;

		buf_init(&out, max);
		profile_html_encode(&out, p, NULL);
		assert_int_equal(out.err, -E2BIG);
		buf_done(&out);
	}
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_many_threads),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_views_not_recorded),
		cmocka_unit_test(test_quality_of_names),
		cmocka_unit_test(test_pruned),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_merged_by_name),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_compared_page),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_too_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
