// SPDX-License-Identifier: GPL-2.0-only
/*
 * http_fixture.c - http.c behind a synthetic page, driven over stdin, for test_http.py.
 *
 * Usage: http_fixture SERIES CONFINE [--web FILE] ADDRESS...   CONFINE: yes or no (yes needs root)
 * FILE is a web configuration; with it the log, of who was not let in, goes to standard error.
 * Prints "listening ADDRESS" for each, then one line for each command read:
 *   stat            counters
 *   step 0|1        does each refresh make a new generation? (default 1)
 *   ready 0|1       what /-/ready says (default 1)
 *   refresh ERRNO   refresh fails so; 0: it works
 *   render ERRNO    likewise
 * Ends when stdin does.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/parse.h"
#include "daemon/web_access.h"
#include "http/http.h"
#include "sandbox/confine.h"

#include "../lib/http_contents.h"

struct fixture {
	uint64_t series;
	__s64 generation;
	bool step, is_ready;
	int refresh_err, render_err;
	unsigned long refreshes, renders[2];
	struct http *http;
	struct web_access *web; /* NULL: no web configuration */
	struct logbook book;
};

static __s64 on_refresh(void *ctx)
{
	struct fixture *f = ctx;

	f->refreshes++;
	if (f->refresh_err)
		return f->refresh_err;
	f->generation += f->step;
	return f->generation;
}

static int on_render(void *ctx, unsigned int page, unsigned int content, struct buf *out)
{
	const char *suffix = content == TEXT ? "_total" : "";
	struct fixture *f = ctx;

	f->renders[content]++;
	buf_printf(out, "# TYPE vigie_test_seconds%s counter\n", suffix);
	if (content == OPENMETRICS)
		buf_str(out, "# UNIT vigie_test_seconds seconds\n");
	buf_printf(out, "# HELP vigie_test_seconds%s Synthetic.\n", suffix);
	for (uint64_t i = 0; i < f->series; i++)
		buf_printf(out, "vigie_test_seconds_total{series=\"%llu\"} %lld\n",
			   (unsigned long long)i, (long long)f->generation);
	if (content == OPENMETRICS)
		buf_str(out, "# EOF\n");
	/* After the text: a failure half-way must not reach the client. */
	return f->render_err;
}

static bool on_ready(void *ctx)
{
	const struct fixture *f = ctx;

	return f->is_ready;
}

static void on_note(void *ctx, enum http_note note, const char *peer, const char *what)
{
	struct fixture *f = ctx;

	if (f->web)
		web_access__note(f->web, note, peer, what);
}

static void print_web(const struct fixture *f, const struct http_stat *stat)
{
	struct self_web self = { 0 };

	if (f->web)
		web_access__stat(f->web, stat, &self);
	printf(" good=%llu failures=%llu verifier=%llu", (unsigned long long)self.reload_successful,
	       (unsigned long long)self.reload_failures, (unsigned long long)self.verifier_up);
	for (int i = 0; i < HTTP_DENIALS; i++)
		printf(" denied%d=%llu", i, (unsigned long long)stat->denied[i]);
	printf("\n");
}

static void command(struct fixture *f, const char *line)
{
	struct http_stat stat;
	int value = 0;

	if (sscanf(line, "step %d", &value) == 1) {
		f->step = value;
	} else if (sscanf(line, "ready %d", &value) == 1) {
		f->is_ready = value;
	} else if (sscanf(line, "refresh %d", &value) == 1) {
		f->refresh_err = -value;
	} else if (sscanf(line, "render %d", &value) == 1) {
		f->render_err = -value;
	} else if (strncmp(line, "stat", 4)) {
		printf("error %s", line);
		return;
	}
	http__stat(f->http, &stat);
	printf("scrapes=%llu errors=%llu refused=%llu refreshes=%lu openmetrics=%lu text=%lu",
	       (unsigned long long)stat.scrapes, (unsigned long long)stat.scrape_errors,
	       (unsigned long long)stat.connections_refused, f->refreshes, f->renders[OPENMETRICS],
	       f->renders[TEXT]);
	print_web(f, &stat);
}

static int loop(struct fixture *f)
{
	for (;;) {
		struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN },
					 { .events = POLLIN },
					 { .fd = f->web ? web_access__fd(f->web) : -1,
					   .events = POLLIN } };
		char line[64];

		http__fds(f->http, &fds[1].fd, 1);
		if (poll(fds, 3, http__timeout_ms(f->http)) < 0 && errno != EINTR)
			return 1;
		if (fds[2].revents)
			web_access__listen(f->web);
		http__run(f->http);
		if (!fds[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		command(f, line);
	}
}

static int fail(const char *what, int err)
{
	printf("failed %s %s\n", what, err_name(err));
	return 1;
}

static int give_up_privileges(void)
{
	struct confine_config config = { 0 };
	const char *what = "user";
	int err = confine_find_user("nobody", &config.uid, &config.gid);

	if (!err)
		err = confine(&config, &what);
	return err ? fail(what, err) : 0;
}

static int start_web(struct fixture *f, const char *path)
{
	int err = web_access__load(path, "http_fixture", &f->web);

	if (!err)
		err = web_access__start(f->web, f->http, false, "http_fixture");
	if (!err)
		err = web_access__configure(f->web, "http_fixture");
	if (err)
		return fail("web", err);
	logbook_init(&f->book);
	f->book.text = true;
	web_access__set_book(f->web, &f->book);
	return 0;
}

int main(int argc, char **argv)
{
	struct fixture f = { .step = true, .is_ready = true };
	const struct http_callbacks callbacks = { &f,	    on_refresh,	   on_render,
						  on_ready, TEST_CONTENTS, on_note };
	struct http_address addresses[HTTP_LISTENERS_MAX];
	unsigned int n = 0, failed = 0;
	int first = argc > 4 && !strcmp(argv[3], "--web") ? 5 : 3;
	const char *why = "";
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	if (argc <= first || argc - first > HTTP_LISTENERS_MAX ||
	    parse_u64(argv[1], 0, 1000000, &f.series))
		return 2;
	for (int i = first; i < argc; i++) {
		if (http_address_parse(argv[i], &addresses[n++], &why))
			return fail(why, -EINVAL);
	}
	err = http__bind(addresses, n, &f.http, &failed);
	if (err)
		return fail(argv[first + (int)failed], err);
	if (first == 5 && start_web(&f, argv[4])) {
		http__free(f.http);
		web_access__free(f.web);
		return 1;
	}
	err = http__start(f.http, &callbacks, "1.2.3-test<&>");
	if (err)
		return fail("start", err);
	if (!strcmp(argv[2], "yes") && give_up_privileges())
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		char text[128];

		http_address_format(http__address(f.http, i), text, sizeof(text));
		printf("listening %s\n", text);
	}
	err = loop(&f);
	http__free(f.http);
	web_access__free(f.web);
	logbook_done(&f.book);
	return err;
}
