/* SPDX-License-Identifier: GPL-2.0-only */
/* profile_world.h - a made-up session: two processes, every view, names that nobody should have. */
#ifndef VIGIE_TEST_PROFILE_WORLD_H
#define VIGIE_TEST_PROFILE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "data/profile.h"

#define HOSTILE "evil</script>;\n\x01\xff\"'\\ 7"

/* Sums of the values of a view, by hand. */
enum {
	WORLD_CPU = 1000 + 234 + 66,
	WORLD_OFF = 500 + 25,
	WORLD_RUNQ = 40,
	WORLD_WAKERS = 525,
	WORLD_FAULTS = 3 * 4096
};

static inline __u32 world_string(struct profile *p, const char *s)
{
	__u32 string;

	assert_int_equal(profile_string(p, s, strlen(s), &string), 0);
	return string;
}

static inline __u32 world_frame(struct profile *p, __u32 module, __u32 flags, __u64 address,
				const char *name, const char *inlined)
{
	struct profile_line lines[2] = { 0 };
	__u32 frame, n = 0;

	assert_int_equal(profile_frame(p, module, flags, address, &frame), 0);
	if (inlined) {
		lines[n] = (struct profile_line){ .line = 12, .begin = 10 };
		lines[n].file = world_string(p, "work.h");
		lines[n++].function = world_string(p, inlined);
	}
	if (name)
		lines[n++].function = world_string(p, name);
	if (n)
		assert_int_equal(profile_name_frame(p, frame, lines, n), 0);
	return frame;
}

static inline __u32 world_node(struct profile *p, __u32 parent, __u32 frame)
{
	__u32 node;

	assert_int_equal(profile_node(p, parent, frame, &node), 0);
	return node;
}

static inline void world_add(struct profile *p, enum profile_view view, __u32 thread, __u32 node,
			     __u32 tag, __u64 count, __u64 value)
{
	const struct profile_sample s = { view, thread, node, tag, count, value };

	assert_int_equal(profile_add(p, &s), 0);
}

static inline void world_threads(struct profile *p)
{
	struct profile_process process = { .pid = 10, .comm = world_string(p, "server") };
	__u32 path;

	struct profile_thread thread = {
		.tid = 10, .comm = process.comm, .wall_ns = 1565, .cpu_ns = 1000, .wait_ns = 40
	};
	__u32 i;

	assert_int_equal(profile_cgroup(p, "/system.slice/server.service", "server.service", &path),
			 0);
	process.cgroup = path;
	thread.off_ns[VIGIE_WAIT_LOCK] = 500;
	thread.off_ns[VIGIE_WAIT_DISK] = 25;
	assert_int_equal(profile_process(p, &process, &thread.process), 0);
	assert_int_equal(profile_thread(p, &thread, &i), 0);
	process = (struct profile_process){ .pid = 20, .comm = world_string(p, HOSTILE) };
	thread = (struct profile_thread){
		.tid = 21, .comm = process.comm, .wall_ns = 300, .cpu_ns = 300, .faults = 3
	};
	assert_int_equal(profile_process(p, &process, &thread.process), 0);
	assert_int_equal(profile_thread(p, &thread, &i), 0);
}

static inline void world_samples(struct profile *p)
{
	struct profile_module module = { .path = world_string(p, "/usr/bin/server"),
					 .build_id = world_string(p, "0123abcd") };
	struct profile_party party = { .kind = PROFILE_PARTY_PROCESS,
				       .pid = 99,
				       .comm = world_string(p, "bully") };
	struct profile_chain chain = {
		.n = 2, .wait_reason = { VIGIE_WAIT_LOCK, VIGIE_WAIT_SLEEP }, .count = 6, .ns = 525
	};
	__u32 m, main, work, sys, unnamed, hostile, note, bully, timer;

	assert_int_equal(profile_module(p, &module, &m), 0);
	assert_int_equal(profile_party(p, &party, &bully), 0);
	party = (struct profile_party){ .kind = PROFILE_PARTY_TIMER };
	assert_int_equal(profile_party(p, &party, &timer), 0);
	main = world_node(p, 0, world_frame(p, m, 0, 0x1000, "main", NULL));
	work = world_node(p, main, world_frame(p, m, 0, 0x2000, "work", "inlined_work"));
	sys = world_node(p, work, world_frame(p, 0, PROFILE_FRAME_KERNEL, -4096, "do_sys", NULL));
	unnamed = world_node(p, main, world_frame(p, m, 0, 0x3000, NULL, NULL));
	hostile = world_node(p, main, world_frame(p, 0, PROFILE_FRAME_JIT, 0x9, HOSTILE, NULL));
	assert_int_equal(profile_note(p, "[truncated]", &note), 0);
	world_add(p, PROFILE_CPU, 0, work, 0, 10, 1000);
	world_add(p, PROFILE_CPU, 1, hostile, 0, 2, 234);
	world_add(p, PROFILE_CPU, 1, world_node(p, world_node(p, 0, note), p->nodes[work].frame), 0,
		  1, 66);
	world_add(p, PROFILE_OFF_CPU, 0, sys, VIGIE_WAIT_LOCK, 5, 500);
	world_add(p, PROFILE_OFF_CPU, 0, unnamed, VIGIE_WAIT_DISK, 1, 25);
	world_add(p, PROFILE_RUN_QUEUE, 0, 0, bully, 0, 40);
	world_add(p, PROFILE_WAKERS, 0, 0, timer, 6, 525);
	chain.party[0] = bully;
	chain.party[1] = timer;
	assert_int_equal(profile_chain(p, &chain), 0);
	world_add(p, PROFILE_FAULTS, 1, main, 0, 3, WORLD_FAULTS);
}

static inline struct profile *world_new(void)
{
	struct profile *p = profile__new(16 << 20);

	assert_non_null(p);
	world_threads(p);
	world_samples(p);
	p->about.target = world_string(p, "process 10");
	p->about.command = world_string(p, "vigie record -p 10");
	p->about.host = world_string(p, "host");
	p->about.kernel = world_string(p, "6.1.0");
	p->about.version = world_string(p, "0.1.0");
	p->about.hz = 99;
	p->about.cpus = 2;
	p->about.views = (1 << PROFILE_VIEWS) - 1;
	p->about.begin_wall_ns = 1700000000000000000;
	p->about.duration_ns = 1565;
	p->about.stack_bytes = 16384;
	p->about.pointers = 1;
	p->quality.pointers = 7;
	p->beside.has_steal = 1;
	p->beside.steal_ns = 70;
	p->quality.stacks[VIGIE_STACK_ON_CPU] = 13;
	p->quality.stacks[VIGIE_STACK_WAKER] = 4;
	p->quality.hangs = 3;
	p->quality.incomplete[PROFILE_INCOMPLETE_SHORT] = 1;
	p->quality.lost[VIGIE_SESSION_LOST_RING] = 2;
	p->quality.lines_wanted = 4;
	p->quality.lines_looked = 3;
	p->quality.lines_found = 1;
	return p;
}

#endif
