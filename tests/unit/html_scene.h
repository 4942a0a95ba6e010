/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * html_scene.h - a made-up profile: two processes, all views, hostile names.
 *
 * Owns: what test_profile_html.c and html_fixture.c draw. Its sums are round, so that a test can
 * say what must come out. Not here: what is right.
 */
#ifndef VIGIE_TESTS_HTML_SCENE_H
#define VIGIE_TESTS_HTML_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/profile.h"

#define MS 1000000ULL
#define HOSTILE_SCRIPT "</script><script>alert('owned')</script>"
#define HOSTILE_MARKUP "<img src=x onerror=\"alert(1)\">&amp;'\"]]>"
#define HOSTILE_BIDI       \
	"evil\xe2\x80\xae" \
	"drowssap"
#define HOSTILE_BYTES "\xff\xfe\xc3("

/* Out of memory ends the test. */
#define MUST(call)               \
	do {                     \
		if (call)        \
			abort(); \
	} while (0)

static inline __u32 scene_string(struct profile *p, const char *s)
{
	__u32 id;

	MUST(profile_string(p, s, strlen(s), &id));
	return id;
}

/* A frame named by up to three functions, innermost first; none: it stays unnamed. */
static inline __u32 scene_frame(struct profile *p, __u32 module, __u32 flags, __u64 address,
				const char *a, const char *b, const char *c)
{
	struct profile_line lines[3] = { 0 };
	__u32 id, n = 0;

	MUST(profile_frame(p, module, flags, address, &id));
	if (a) {
		lines[n].file = b ? scene_string(p, "/src/<b>&.c") : 0;
		lines[n].begin = b ? 12 : 0;
		lines[n++].function = scene_string(p, a);
	}
	if (b)
		lines[n++].function = scene_string(p, b);
	if (c)
		lines[n++].function = scene_string(p, c);
	if (n)
		MUST(profile_name_frame(p, id, lines, n));
	return id;
}

static inline __u32 scene_node(struct profile *p, __u32 parent, __u32 frame)
{
	__u32 id;

	MUST(profile_node(p, parent, frame, &id));
	return id;
}

static inline __u32 scene_note(struct profile *p, const char *text)
{
	__u32 id;

	MUST(profile_note(p, text, &id));
	return id;
}

static inline void scene_add(struct profile *p, __u32 view, __u32 thread, __u32 node, __u32 tag,
			     __u64 value)
{
	const struct profile_sample s = { view, thread, node, tag, value / MS + 1, value };

	MUST(profile_add(p, &s));
}

static inline __u32 scene_module(struct profile *p, const char *path)
{
	struct profile_module m = { .path = scene_string(p, path), .end = 1 << 20 };
	__u32 id;

	MUST(profile_module(p, &m, &id));
	return id;
}

static inline __u32 scene_thread(struct profile *p, __u32 process, __u32 tid, const char *comm)
{
	struct profile_thread t = {
		.tid = tid,
		.process = process,
		.comm = scene_string(p, comm),
		.wall_ns = 10000 * MS,
		.cpu_ns = 2000 * MS + 123456789,
		.wait_ns = 500 * MS,
		.faults = 321,
	};
	__u32 id;

	t.off_ns[VIGIE_WAIT_LOCK] = 3000 * MS;
	t.off_count[VIGIE_WAIT_LOCK] = 30;
	t.off_ns[VIGIE_WAIT_DISK] = 1000 * MS + 7;
	t.off_count[VIGIE_WAIT_DISK] = 12;
	MUST(profile_thread(p, &t, &id));
	return id;
}

static inline __u32 scene_process(struct profile *p, __u32 pid, const char *comm)
{
	const struct profile_process process = { pid, 1, scene_string(p, comm),
						 scene_string(p, "/system.slice/web.service") };
	__u32 id;

	MUST(profile_process(p, &process, &id));
	return id;
}

static inline __u32 scene_party(struct profile *p, __u32 kind, __u32 pid, const char *comm)
{
	const struct profile_party party = { kind, pid, pid, scene_string(p, comm), 0 };
	__u32 id;

	MUST(profile_party(p, &party, &id));
	return id;
}

static inline void scene_about(struct profile *p)
{
	p->about.target = scene_string(p, "web.service " HOSTILE_MARKUP);
	p->about.command = scene_string(p, "vigie profile --unit web.service");
	p->about.host = scene_string(p, "host.example");
	p->about.kernel = scene_string(p, "6.1.0-18-amd64");
	p->about.version = scene_string(p, "0.1.0");
	p->about.hz = 199;
	p->about.views = (1 << PROFILE_VIEWS) - 1;
	p->about.cpus = 8;
	p->about.begin_wall_ns = 1700000000123456789;
	p->about.duration_ns = 10000 * MS + 1;
	p->quality.stacks[VIGIE_STACK_ON_CPU] = 1991;
	p->quality.stacks[VIGIE_STACK_ASLEEP] = 77;
	p->quality.lost[VIGIE_SESSION_LOST_RING] = 3;
	p->quality.incomplete[PROFILE_INCOMPLETE_NO_CFI] = 5;
	p->quality.names_wanted = 40;
	p->quality.names_found = 38;
	p->quality.lines_wanted = 37;
	p->quality.lines_looked = 33;
	p->quality.lines_found = 29;
	p->quality.pointers = 23;
	p->quality.cpu_ns = 42 * MS;
	p->quality.stopped_early = PROFILE_STOP_EXIT;
}

/* `slow` makes parse() take 400 ms more: the same profile, later. */
static inline struct profile *scene_new(bool slow)
{
	struct profile *p = profile__new(64 << 20);
	__u32 web, log, worker, writer, leader, so, root, handle, parse, read_call, i, node, party;
	char text[32];

	if (!p)
		abort();
	scene_about(p);
	web = scene_process(p, 4711, "webserver");
	log = scene_process(p, 4712, "logger");
	leader = scene_thread(p, web, 4711, "webserver");
	worker = scene_thread(p, web, 4720, "worker-1");
	writer = scene_thread(p, log, 4712, "log " HOSTILE_SCRIPT);
	so = scene_module(p, "/usr/lib/libweb.so.1");
	root = scene_node(p, 0, scene_frame(p, so, 0, 0x1000, "main", NULL, NULL));
	handle = scene_node(p, root, scene_frame(p, so, 0, 0x1100, "handle_request", NULL, NULL));
	parse = scene_node(p, handle,
			   scene_frame(p, so, 0, 0x1200, "skip_blanks", "next_token", "parse"));
	read_call = scene_node(p, handle, scene_frame(p, so, 0, 0x1300, "read", NULL, NULL));
	for (i = 0; i < 4; i++) {
		static const char *const kernel[] = { "do_syscall_64", "ksys_read", "vfs_read",
						      "ext4_file_read_iter" };

		read_call = scene_node(p, read_call,
				       scene_frame(p, 0, PROFILE_FRAME_KERNEL,
						   0xffffffff81000000 + i, kernel[i], NULL, NULL));
	}
	scene_add(p, PROFILE_CPU, leader, parse, 0, (slow ? 1000 : 600) * MS);
	scene_add(p, PROFILE_CPU, worker, parse, 0, 400 * MS);
	scene_add(p, PROFILE_CPU, worker, read_call, 0, 500 * MS);
	node = scene_node(p, handle,
			  scene_frame(p, so, PROFILE_FRAME_JIT, 0x2000,
				      "Interpreter:~render /app/view.js:12", NULL, NULL));
	scene_add(p, PROFILE_CPU, worker, node, 0, 250 * MS);
	node = scene_node(p, node,
			  scene_frame(p, so, PROFILE_FRAME_UNNAMED, 0x2100, NULL, NULL, NULL));
	scene_add(p, PROFILE_CPU, worker, node, 0, 100 * MS);
	node = scene_node(p, 0, scene_note(p, "[truncated]"));
	node = scene_node(p, node, scene_frame(p, so, 0, 0x3000, HOSTILE_SCRIPT, NULL, NULL));
	scene_add(p, PROFILE_CPU, leader, node, 0, 60 * MS);
	node = scene_node(p, node, scene_frame(p, so, 0, 0x3100, HOSTILE_MARKUP, NULL, NULL));
	scene_add(p, PROFILE_CPU, leader, node, 0, 40 * MS);
	scene_add(p, PROFILE_CPU, writer,
		  scene_node(p, root, scene_frame(p, so, 0, 0x3200, HOSTILE_BIDI, NULL, NULL)), 0,
		  30 * MS);
	scene_add(p, PROFILE_CPU, writer,
		  scene_node(p, root, scene_frame(p, so, 0, 0x3300, HOSTILE_BYTES, NULL, NULL)), 0,
		  19 * MS);
	scene_add(p, PROFILE_CPU, writer, PROFILE_NONE, 0, 1 * MS);
	for (i = 0; i < 40; i++) { /* too small to be drawn one by one */
		snprintf(text, sizeof(text), "small_%02u", i);
		node = scene_node(p, handle, scene_frame(p, so, 0, 0x5000 + i, text, NULL, NULL));
		scene_add(p, PROFILE_CPU, leader, node, 0, 50000);
	}
	scene_add(p, PROFILE_OFF_CPU, leader, handle, VIGIE_WAIT_LOCK, 3000 * MS);
	scene_add(p, PROFILE_OFF_CPU, worker, read_call, VIGIE_WAIT_DISK, 1000 * MS);
	scene_add(p, PROFILE_OFF_CPU, writer, PROFILE_NONE, VIGIE_WAIT_SLEEP, 500 * MS);
	party = scene_party(p, PROFILE_PARTY_PROCESS, 99, "cc1 " HOSTILE_SCRIPT);
	scene_add(p, PROFILE_RUN_QUEUE, worker, PROFILE_NONE, party, 300 * MS);
	party = scene_party(p, PROFILE_PARTY_IDLE, 0, "");
	scene_add(p, PROFILE_RUN_QUEUE, leader, PROFILE_NONE, party, 200 * MS);
	party = scene_party(p, PROFILE_PARTY_THREAD, 4712, "logger");
	scene_add(p, PROFILE_WAKERS, leader, PROFILE_NONE, party, 2500 * MS);
	party = scene_party(p, PROFILE_PARTY_TIMER, 0, "");
	scene_add(p, PROFILE_WAKERS, writer, PROFILE_NONE, party, 500 * MS);
	scene_add(p, PROFILE_FAULTS, worker, parse, 0, 4096 * 100);
	return p;
}

#endif
