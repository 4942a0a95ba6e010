/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile_made.h - a made-up profile with everything in it that a format can stumble over.
 *
 * Owns: two processes, all views, all kinds of frames, hostile names. Not here: what is right
 * (test_profile_formats.c, tests/e2e/test_profile_formats.py).
 */
#ifndef VIGIE_TESTS_PROFILE_MADE_H
#define VIGIE_TESTS_PROFILE_MADE_H

#include <string.h>

#include "data/profile.h"

static const char *const made_hostile[] = {
	"a;b",
	"x\ny 5",
	"\xff\xfe",
	"q\"\\\"},{\"x\":1",
	"worker 1",
	"v 1.5",
	"\x1b[31mred",
	"<script>",
	"\xe2\x80\xae"
	"rtl",
	"%s%n",
	"# c",
	" lead",
	"trail ",
	"\xe5\x90\x8d\xe5\x89\x8d",
	"a b 1 2",
	"\\u{202e}",
	"",
};
enum { MADE_HOSTILE = sizeof(made_hostile) / sizeof(made_hostile[0]) };

struct made {
	struct profile *p;
	__u64 seed;
	int err; /* the first failure; the rest is left out */
};

static inline __u64 made_random(struct made *m)
{
	m->seed = m->seed * 6364136223846793005ull + 1442695040888963407ull;
	return m->seed >> 33;
}

static inline __u32 made_string(struct made *m, const char *text)
{
	__u32 at = 0;

	if (!m->err)
		m->err = profile_string(m->p, text, strlen(text), &at);
	return at;
}

static inline __u32 made_module(struct made *m, const char *path, const char *build_id, __u64 begin)
{
	const struct profile_module module = { .path = made_string(m, path),
					       .build_id = made_string(m, build_id),
					       .begin = begin,
					       .end = begin + 0x100000,
					       .offset = 0x1000 };
	__u32 at = 0;

	if (!m->err)
		m->err = profile_module(m->p, &module, &at);
	return at;
}

/* inlined: a function that was inlined into the first, or NULL. */
static inline __u32 made_frame(struct made *m, __u32 module, __u32 flags, __u64 address,
			       const char *function, const char *inlined, const char *file)
{
	struct profile_line lines[2] = { 0 };
	unsigned int n = 0;
	__u32 at = 0;

	if (inlined)
		lines[n++] = (struct profile_line){ made_string(m, inlined), made_string(m, file),
						    file[0] ? 7 : 0, file[0] ? 5 : 0 };
	if (function)
		lines[n++] = (struct profile_line){ made_string(m, function), made_string(m, file),
						    file[0] ? 42 : 0, file[0] ? 40 : 0 };
	if (!m->err)
		m->err = profile_frame(m->p, module, flags, address, &at);
	if (!m->err && n)
		m->err = profile_name_frame(m->p, at, lines, n);
	return at;
}

static inline __u32 made_node(struct made *m, __u32 parent, __u32 frame)
{
	__u32 at = 0;

	if (!m->err)
		m->err = profile_node(m->p, parent, frame, &at);
	return at;
}

static inline void made_add(struct made *m, __u32 view, __u32 thread, __u32 node, __u32 tag,
			    __u64 count, __u64 value)
{
	const struct profile_sample sample = { view, thread, node, tag, count, value };

	if (!m->err)
		m->err = profile_add(m->p, &sample);
}

static inline __u32 made_party(struct made *m, __u32 kind, __u32 pid, __u32 tid, const char *comm)
{
	const struct profile_party party = { kind, pid, tid, made_string(m, comm),
					     made_string(m, "/system.slice/x.service") };
	__u32 at = 0;

	if (!m->err)
		m->err = profile_party(m->p, &party, &at);
	return at;
}

static inline __u32 made_thread(struct made *m, __u32 process, __u32 tid, const char *comm)
{
	const struct profile_thread thread = { .tid = tid,
					       .process = process,
					       .comm = made_string(m, comm),
					       .exited = tid & 1,
					       .wall_ns = 10000000000 };
	__u32 at = 0;

	if (!m->err)
		m->err = profile_thread(m->p, &thread, &at);
	return at;
}

static inline void made_about(struct made *m)
{
	struct profile_about *about = &m->p->about;
	struct profile_quality *q = &m->p->quality;

	about->target = made_string(m, "searchd (4242)");
	about->command = made_string(m, "vigie profile --pid 4242 --seconds 10");
	about->host = made_string(m, "db-7");
	about->kernel = made_string(m, "6.18.44");
	about->version = made_string(m, "0.1.0");
	about->hz = 99;
	about->views = (1 << PROFILE_VIEWS) - 1;
	about->cpus = 4;
	about->begin_wall_ns = 1700000000123456789;
	about->duration_ns = 10000000000;
	q->stacks[VIGIE_STACK_ON_CPU] = 1234;
	q->stacks[VIGIE_STACK_ASLEEP] = 400;
	q->stacks[VIGIE_STACK_FAULT] = 51;
	q->lost[VIGIE_SESSION_LOST_RING] = 3;
	q->incomplete[PROFILE_INCOMPLETE_SHORT] = 12;
	q->incomplete[PROFILE_INCOMPLETE_NO_CFI] = 9;
	q->truncated = 12;
	q->cpu_ns = 81234567;
	q->probe_ns = 12345678;
	q->probe_runs = 45678;
	q->names_wanted = 220;
	q->names_found = 214;
	q->stopped_early = PROFILE_STOP_INTERRUPT;
}

struct made_nodes {
	__u32 main, parse, score, inlined, unnamed, truncated, kernel, jit, lock, poll, malloc;
	__u32 hostile[MADE_HOSTILE];
};

static inline void made_stacks(struct made *m, struct made_nodes *n)
{
	__u32 exe = made_module(m, "/usr/bin/searchd", "0123456789abcdef", 0x55550000);
	__u32 libc = made_module(m, "/lib/x86_64-linux-gnu/libc.so.6", "fedcba98", 0x7fff0000);
	__u32 kernel = made_module(m, "[kernel]", "", 0);
	__u32 start = made_node(m, 0, made_frame(m, exe, 0, 0x1010, "_start", NULL, ""));
	__u32 note = 0, sys, i;

	n->main = made_node(m, start, made_frame(m, exe, 0, 0x1100, "main", NULL, "main.c"));
	n->parse = made_node(m, n->main,
			     made_frame(m, exe, 0, 0x1200, "parse_query", NULL, "query.c"));
	n->score = made_node(m, n->parse,
			     made_frame(m, exe, 0, 0x1300, "score_document", NULL, "score.c"));
	n->inlined = made_node(m, n->parse,
			       made_frame(m, exe, 0, 0x1400, "merge_postings", "next_posting",
					  "merge.c"));
	n->unnamed = made_node(m, n->main, made_frame(m, exe, 0, 0x1500, NULL, NULL, ""));
	n->lock = made_node(m, n->parse,
			    made_frame(m, libc, 0, 0x2100, "pthread_mutex_lock", NULL, ""));
	n->poll = made_node(m, n->main, made_frame(m, libc, 0, 0x2200, "epoll_wait", NULL, ""));
	n->malloc = made_node(m, n->score, made_frame(m, libc, 0, 0x2300, "malloc", NULL, ""));
	sys = made_node(m, n->poll,
			made_frame(m, kernel, PROFILE_FRAME_KERNEL, 0xffffffff81000010,
				   "entry_SYSCALL_64", NULL, ""));
	n->kernel = made_node(m, sys,
			      made_frame(m, kernel, PROFILE_FRAME_KERNEL, 0xffffffff81000020,
					 "do_epoll_wait", NULL, ""));
	n->jit = made_node(m, n->main,
			   made_frame(m, 0, PROFILE_FRAME_JIT, 0x7f0000000100,
				      "LazyCompile:~render", NULL, ""));
	if (!m->err)
		m->err = profile_note(m->p, "[truncated]", &note);
	n->truncated = made_node(m, made_node(m, 0, note),
				 m->err ? 0 : m->p->nodes[n->score].frame);
	for (i = 0; i < MADE_HOSTILE; i++)
		n->hostile[i] = made_node(
			m, n->main, made_frame(m, exe, 0, 0x3000 + i, made_hostile[i], NULL, ""));
}

static inline void made_samples(struct made *m, const struct made_nodes *n, __u32 thread)
{
	const __u32 bully = made_party(m, PROFILE_PARTY_PROCESS, 77, 0, "backup;all"),
		    idle = made_party(m, PROFILE_PARTY_IDLE, 0, 0, ""),
		    softirq = made_party(m, PROFILE_PARTY_SOFTIRQ, 0, 0, ""),
		    waker = made_party(m, PROFILE_PARTY_THREAD, 4242, 4243, "feeder");
	const struct {
		__u32 view, node, tag;
		__u64 weight;
	} samples[] = {
		{ PROFILE_CPU, n->score, 0, 500 },
		{ PROFILE_CPU, n->inlined, 0, 300 },
		{ PROFILE_CPU, n->unnamed, 0, 20 },
		{ PROFILE_CPU, n->kernel, 0, 60 },
		{ PROFILE_CPU, n->jit, 0, 90 },
		{ PROFILE_CPU, n->truncated, 0, 10 },
		{ PROFILE_CPU, PROFILE_NONE, 0, 5 },
		{ PROFILE_OFF_CPU, n->lock, VIGIE_WAIT_LOCK, 4000 },
		{ PROFILE_OFF_CPU, n->kernel, VIGIE_WAIT_POLL, 2500 },
		{ PROFILE_OFF_CPU, n->malloc, VIGIE_WAIT_MMAP_LOCK, 300 },
		{ PROFILE_OFF_CPU, PROFILE_NONE, VIGIE_WAIT_DISK, 100 },
		{ PROFILE_RUN_QUEUE, n->score, bully, 900 },
		{ PROFILE_RUN_QUEUE, PROFILE_NONE, idle, 150 },
		{ PROFILE_WAKERS, n->lock, waker, 4000 },
		{ PROFILE_WAKERS, n->kernel, softirq, 2500 },
		{ PROFILE_FAULTS, n->malloc, 0, 700 },
		{ PROFILE_FAULTS, n->inlined, 0, 100 },
	};
	__u32 i;
	__u64 r;

	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		r = samples[i].weight * 1000 + made_random(m) % 1000;
		made_add(m, samples[i].view, thread, samples[i].node, samples[i].tag,
			 samples[i].weight,
			 samples[i].view == PROFILE_FAULTS ? samples[i].weight * 4096 : r * 997);
	}
	made_add(m, PROFILE_CPU, thread, n->poll, 0, 1, 0); /* no time passed between two stacks */
	for (i = 0; i < MADE_HOSTILE; i++)
		made_add(m, PROFILE_CPU, thread, n->hostile[i], 0, 1,
			 1000 + made_random(m) % 20000000);
}

/* The times are what the samples say: as exact as a session's. */
static inline void made_times(struct made *m)
{
	const struct profile_sample *s;
	struct profile_thread *t;
	__u32 i;

	for (i = 0; i < m->p->nsamples; i++) {
		s = &m->p->samples[i];
		t = &m->p->threads[s->thread];
		if (s->view == PROFILE_CPU)
			t->cpu_ns += s->value;
		else if (s->view == PROFILE_RUN_QUEUE)
			t->wait_ns += s->value;
		else if (s->view == PROFILE_OFF_CPU) {
			t->off_ns[s->tag] += s->value;
			t->off_count[s->tag] += s->count;
		} else if (s->view == PROFILE_FAULTS)
			t->faults += s->count;
	}
}

/* NULL only without memory for anything; err says whether it is whole. Free p. */
static inline struct made made_profile(__u64 seed, size_t max_bytes)
{
	struct made m = { .p = profile__new(max_bytes), .seed = seed };
	struct profile_process process = { .pid = 4242, .parent = 1 };
	struct made_nodes nodes;
	__u32 at = 0, i, second = 0;

	if (!m.p)
		return m;
	made_about(&m);
	process.comm = made_string(&m, "searchd");
	process.cgroup = made_string(&m, "/system.slice/searchd.service");
	if (!m.err)
		m.err = profile_process(m.p, &process, &at);
	process.pid = 4300;
	process.parent = 4242;
	process.comm = made_string(&m, "helper;\n 12");
	if (!m.err)
		m.err = profile_process(m.p, &process, &second);
	made_stacks(&m, &nodes);
	for (i = 0; !m.err && i < 5; i++) {
		const char *comm = i < 3 ? "searchd" : made_hostile[i];
		__u32 thread = made_thread(&m, i < 3 ? at : second, 4242 + i, comm);

		if (!m.err)
			made_samples(&m, &nodes, thread);
	}
	made_times(&m);
	return m;
}

#endif
