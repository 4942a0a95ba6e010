// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - a profile as it is, for programs: docs/profile-json.md.
 *
 * Owns: the members' names, which are promised. What refers to something else does so by its
 * index in the array of that name.
 */
#include "report/formats.h"

#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "report/walk.h"

enum { KEY_LEN = 40 };

static const char *const view_names[PROFILE_VIEWS] = {
	[PROFILE_CPU] = "cpu",	     [PROFILE_OFF_CPU] = "offcpu", [PROFILE_RUN_QUEUE] = "runq",
	[PROFILE_WAKERS] = "wakers", [PROFILE_FAULTS] = "faults",
};

static const char *const stack_names[VIGIE_STACK_KINDS] = {
	[VIGIE_STACK_ON_CPU] = "on_cpu",
	[VIGIE_STACK_ASLEEP] = "asleep",
	[VIGIE_STACK_FAULT] = "fault",
	[VIGIE_STACK_WAKER] = "waker",
};

static const char *const loss_names[VIGIE_SESSION_LOSSES] = {
	[VIGIE_SESSION_LOST_RING] = "stacks",	       [VIGIE_SESSION_LOST_THREADS] = "threads",
	[VIGIE_SESSION_LOST_CULPRITS] = "culprits_ns", [VIGIE_SESSION_LOST_WAKES] = "wakers_ns",
	[VIGIE_SESSION_LOST_TARGETS] = "processes",
};

static const char *const incomplete_names[PROFILE_INCOMPLETES] = {
	[PROFILE_INCOMPLETE_SHORT] = "copy_too_short",
	[PROFILE_INCOMPLETE_NO_CFI] = "no_unwind_information",
	[PROFILE_INCOMPLETE_UNMAPPED] = "not_mapped",
	[PROFILE_INCOMPLETE_NO_FILE] = "file_not_readable",
	[PROFILE_INCOMPLETE_NO_STACK] = "stack_not_readable",
	[PROFILE_INCOMPLETE_DEEP] = "too_many_frames",
	[PROFILE_INCOMPLETE_READER] = "reader_died",
	[PROFILE_INCOMPLETE_NO_POINTER] = "no_frame_pointer",
	[PROFILE_INCOMPLETE_ASTRAY] = "caller_not_found",
};

static const char *const stop_names[PROFILE_STOPS] = {
	[PROFILE_STOP_NONE] = "time", [PROFILE_STOP_INTERRUPT] = "interrupt",
	[PROFILE_STOP_EXIT] = "exit", [PROFILE_STOP_COST] = "cost",
	[PROFILE_STOP_LOSS] = "loss", [PROFILE_STOP_MEMORY] = "memory",
};

static const char *const party_kinds[PROFILE_PARTY_KINDS] = {
	[PROFILE_PARTY_PROCESS] = "process", [PROFILE_PARTY_KTHREAD] = "kernel_thread",
	[PROFILE_PARTY_IDLE] = "idle",	     [PROFILE_PARTY_THREAD] = "thread",
	[PROFILE_PARTY_TIMER] = "timer",     [PROFILE_PARTY_SOFTIRQ] = "soft_interrupt",
	[PROFILE_PARTY_UNKNOWN] = "unknown", [PROFILE_PARTY_INTERRUPT] = "interrupt",
	[PROFILE_PARTY_NETWORK] = "network", [PROFILE_PARTY_BLOCK] = "block_device",
	[PROFILE_PARTY_OTHERS] = "others",
};

static const char *const relation_names[PROFILE_RELATIONS] = {
	[PROFILE_SAME_CGROUP] = "same_cgroup",
	[PROFILE_OTHER_CGROUP] = "other_cgroup",
	[PROFILE_KERNEL_THREADS] = "kernel_threads",
	[PROFILE_IDLE] = "idle",
	[PROFILE_UNTOLD] = "untold",
};

struct document {
	struct json j;
	const struct profile *p;
	struct profile_walk walk;
};

/* "address-space lock" is address_space_lock. */
static const char *wait_key(__u32 why, char dst[KEY_LEN])
{
	char *at;

	snprintf(dst, KEY_LEN, "%s", profile_wait_name(why));
	for (at = dst; *at; at++)
		if (*at == ' ' || *at == '-')
			*at = '_';
	return dst;
}

/* A string of the profile; "" where it has none. */
static void text(struct document *d, const char *name, __u32 string)
{
	json_text(&d->j, name, string ? profile_walk_text(&d->walk, string) : "");
}

/* Identities, not amounts; many programs' numbers are doubles, which a kernel address breaks. */
static void address(struct document *d, const char *name, __u64 value)
{
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)value);
	json_text(&d->j, name, hex);
}

static void amounts(struct document *d, const char *name, const __u64 *values,
		    const char *const *names, unsigned int n)
{
	unsigned int i;

	json_open(&d->j, name, '{');
	for (i = 0; i < n; i++)
		json_u64(&d->j, names[i], values[i]);
	json_close(&d->j, '}');
}

/* --- Of the whole session. */

static void put_about(struct document *d)
{
	const struct profile_about *a = &d->p->about;
	__u32 view;

	json_line(&d->j);
	json_open(&d->j, "session", '{');
	text(d, "target", a->target);
	text(d, "command", a->command);
	text(d, "host", a->host);
	text(d, "kernel", a->kernel);
	text(d, "version", a->version);
	json_u64(&d->j, "hz", a->hz);
	json_u64(&d->j, "cpus", a->cpus);
	json_bool(&d->j, "frame_pointers", a->pointers);
	json_u64(&d->j, "stack_bytes", a->stack_bytes);
	json_u64(&d->j, "begin_unix_ns", a->begin_wall_ns);
	json_u64(&d->j, "duration_ns", a->duration_ns);
	json_open(&d->j, "views", '[');
	for (view = 0; view < PROFILE_VIEWS; view++)
		if (a->views >> view & 1)
			json_text(&d->j, NULL, view_names[view]);
	json_close(&d->j, ']');
	json_close(&d->j, '}');
}

static void put_totals(struct document *d)
{
	__u64 count[PROFILE_VIEWS] = { 0 }, value[PROFILE_VIEWS] = { 0 };
	const struct profile_sample *s = d->p->samples, *end = s + d->p->nsamples;
	__u32 view;

	for (; s < end; s++) {
		count[s->view] += s->count;
		value[s->view] += s->value;
	}
	json_line(&d->j);
	json_open(&d->j, "totals", '{');
	for (view = 0; view < PROFILE_VIEWS; view++) {
		json_open(&d->j, view_names[view], '{');
		json_u64(&d->j, "count", count[view]);
		json_u64(&d->j, view == PROFILE_FAULTS ? "bytes" : "ns", value[view]);
		json_close(&d->j, '}');
	}
	json_close(&d->j, '}');
}

/* The same sum as the run queue's, by where who ran belongs; steal is in no sum. */
static void put_run_queue(struct document *d)
{
	const struct profile_sample *s = d->p->samples, *end = s + d->p->nsamples;
	__u64 ns[PROFILE_RELATIONS] = { 0 };

	for (; s < end; s++)
		if (s->view == PROFILE_RUN_QUEUE)
			ns[profile_relation(d->p, s)] += s->value;
	json_line(&d->j);
	json_open(&d->j, "run_queue", '{');
	amounts(d, "ns", ns, relation_names, PROFILE_RELATIONS);
	if (d->p->beside.has_steal)
		json_u64(&d->j, "steal_ns", d->p->beside.steal_ns);
	json_close(&d->j, '}');
}

static void put_quality(struct document *d)
{
	const struct profile_quality *q = &d->p->quality;

	json_line(&d->j);
	json_open(&d->j, "quality", '{');
	amounts(d, "stacks", q->stacks, stack_names, VIGIE_STACK_KINDS);
	amounts(d, "lost", q->lost, loss_names, VIGIE_SESSION_LOSSES);
	amounts(d, "incomplete", q->incomplete, incomplete_names, PROFILE_INCOMPLETES);
	json_u64(&d->j, "chains_lost_ns", d->p->beside.chains_lost_ns);
	json_u64(&d->j, "truncated", q->truncated);
	json_u64(&d->j, "by_frame_pointers", q->pointers);
	json_u64(&d->j, "cpu_ns", q->cpu_ns);
	json_u64(&d->j, "probe_ns", q->probe_ns);
	json_u64(&d->j, "probe_runs", q->probe_runs);
	json_u64(&d->j, "culprits_seen_ns", q->culprit_ns);
	json_u64(&d->j, "reader_restarts", q->reader_restarts);
	json_u64(&d->j, "hangs", q->hangs);
	json_u64(&d->j, "names_wanted", q->names_wanted);
	json_u64(&d->j, "names_found", q->names_found);
	json_u64(&d->j, "lines_wanted", q->lines_wanted);
	json_u64(&d->j, "lines_looked_at", q->lines_looked);
	json_u64(&d->j, "lines_found", q->lines_found);
	json_text(&d->j, "ended",
		  q->stopped_early < PROFILE_STOPS ? stop_names[q->stopped_early] : "unknown");
	json_close(&d->j, '}');
}

/* --- Arrays. */

static void put_process(struct document *d, __u32 i)
{
	const struct profile_process *process = &d->p->processes[i];

	json_u64(&d->j, "pid", process->pid);
	json_u64(&d->j, "parent_pid", process->parent);
	text(d, "comm", process->comm);
	text(d, "cgroup", process->cgroup);
	text(d, "unit", profile_unit(d->p, process->cgroup));
}

static void put_thread(struct document *d, __u32 i)
{
	const struct profile_thread *t = &d->p->threads[i];
	char key[KEY_LEN];
	__u32 why;

	json_u64(&d->j, "tid", t->tid);
	json_u64(&d->j, "process", t->process);
	text(d, "comm", t->comm);
	json_bool(&d->j, "exited", t->exited);
	json_u64(&d->j, "wall_ns", t->wall_ns);
	json_u64(&d->j, "cpu_ns", t->cpu_ns);
	json_u64(&d->j, "run_queue_ns", t->wait_ns);
	json_open(&d->j, "off_cpu", '{');
	for (why = 0; why < VIGIE_WAITS; why++) {
		if (!t->off_ns[why] && !t->off_count[why])
			continue;
		json_open(&d->j, wait_key(why, key), '{');
		json_u64(&d->j, "count", t->off_count[why]);
		json_u64(&d->j, "ns", t->off_ns[why]);
		json_close(&d->j, '}');
	}
	json_close(&d->j, '}');
	json_u64(&d->j, "faults", t->faults);
}

static void put_party(struct document *d, __u32 i)
{
	const struct profile_party *party = &d->p->parties[i];

	json_text(&d->j, "name", profile_walk_party(&d->walk, i));
	json_text(&d->j, "kind",
		  party->kind < PROFILE_PARTY_KINDS ? party_kinds[party->kind] : "unknown");
	json_u64(&d->j, "pid", party->pid);
	json_u64(&d->j, "tid", party->tid);
	text(d, "comm", party->comm);
	text(d, "cgroup", party->cgroup);
	text(d, "unit", profile_unit(d->p, party->cgroup));
}

static void put_module(struct document *d, __u32 i)
{
	const struct profile_module *m = &d->p->modules[i];

	text(d, "path", m->path);
	text(d, "build_id", m->build_id);
	address(d, "begin", m->begin);
	address(d, "end", m->end);
	address(d, "file_offset", m->offset);
}

static const char *frame_kind(const struct profile *p, __u32 frame)
{
	__u32 flags = p->frames[frame].flags;

	return flags & PROFILE_FRAME_NOTE     ? "note"
	       : flags & PROFILE_FRAME_KERNEL ? "kernel"
	       : flags & PROFILE_FRAME_JIT    ? "jit"
					      : "native";
}

static void put_frame(struct document *d, __u32 frame, __u32 nth)
{
	const struct profile_frame *f = &d->p->frames[frame];
	const struct profile_line *line = nth < f->nlines ? &d->p->lines[f->line + nth] : NULL;
	bool note = f->flags & PROFILE_FRAME_NOTE;

	json_line(&d->j);
	json_open(&d->j, NULL, '{');
	json_text(&d->j, "name", profile_walk_name(&d->walk, frame, nth));
	json_text(&d->j, "kind", frame_kind(d->p, frame));
	json_bool(&d->j, "named", line != NULL);
	json_bool(&d->j, "inlined", profile_walk_inlined(d->p, frame, nth));
	json_u64(&d->j, "module", f->module);
	address(d, "address", note ? 0 : f->address);
	text(d, "file", line ? line->file : 0);
	json_u64(&d->j, "line", line ? line->line : 0);
	json_u64(&d->j, "function_line", line ? line->begin : 0);
	json_close(&d->j, '}');
}

/* In the order of profile_walk's entries: their numbers are the array's indexes. */
static void put_frames(struct document *d)
{
	__u32 frame, nth;

	json_line(&d->j);
	json_open(&d->j, "frames", '[');
	for (frame = 0; frame < d->p->nframes; frame++)
		for (nth = 0; nth < profile_walk_lines(d->p, frame); nth++)
			put_frame(d, frame, nth);
	json_close(&d->j, ']');
}

static void put_stack(struct document *d)
{
	const struct profile_step *step = d->walk.steps, *end = step + d->walk.nsteps;

	json_open(&d->j, "stack", '[');
	for (; step < end; step++)
		if (step->kind == PROFILE_STEP_FRAME)
			json_u64(&d->j, NULL, step->entry);
	json_close(&d->j, ']');
}

static void put_sample(struct document *d, __u32 i)
{
	const struct profile_sample *s = &d->p->samples[i];
	int err = profile_walk_sample(&d->walk, s);
	char key[KEY_LEN];

	if (err) {
		d->j.out->err = d->j.out->err ? d->j.out->err : err;
		return;
	}
	json_text(&d->j, "view", view_names[s->view]);
	json_u64(&d->j, "thread", s->thread);
	if (s->view == PROFILE_OFF_CPU)
		json_text(&d->j, "reason", wait_key(s->tag, key));
	if (s->view == PROFILE_RUN_QUEUE || s->view == PROFILE_WAKERS)
		json_u64(&d->j, "party", s->tag);
	if (s->view == PROFILE_RUN_QUEUE)
		json_text(&d->j, "relation", relation_names[profile_relation(d->p, s)]);
	json_u64(&d->j, "count", s->count);
	json_u64(&d->j, s->view == PROFILE_FAULTS ? "bytes" : "ns", s->value);
	put_stack(d);
}

static void put_chain(struct document *d, __u32 i)
{
	const struct profile_chain *c = &d->p->chains[i];
	char key[KEY_LEN];
	__u32 hop;

	json_u64(&d->j, "thread", c->thread);
	json_u64(&d->j, "count", c->count);
	json_u64(&d->j, "ns", c->ns);
	json_open(&d->j, "hops", '[');
	for (hop = 0; hop < c->n; hop++) {
		json_open(&d->j, NULL, '{');
		json_text(&d->j, "reason", wait_key(c->wait_reason[hop], key));
		json_u64(&d->j, "party", c->party[hop]);
		json_close(&d->j, '}');
	}
	json_close(&d->j, ']');
}

static void put_array(struct document *d, const char *name, __u32 n,
		      void (*put)(struct document *d, __u32 i))
{
	__u32 i;

	json_line(&d->j);
	json_open(&d->j, name, '[');
	for (i = 0; i < n; i++) {
		json_line(&d->j);
		json_open(&d->j, NULL, '{');
		put(d, i);
		json_close(&d->j, '}');
	}
	json_close(&d->j, ']');
}

static void put_all(struct document *d)
{
	json_open(&d->j, NULL, '{');
	json_text(&d->j, "schema", "vigie.profile/1");
	put_about(d);
	put_totals(d);
	put_run_queue(d);
	put_quality(d);
	put_array(d, "processes", d->p->nprocesses, put_process);
	put_array(d, "threads", d->p->nthreads, put_thread);
	put_array(d, "parties", d->p->nparties, put_party);
	put_array(d, "modules", d->p->nmodules, put_module);
	put_frames(d);
	put_array(d, "samples", d->p->nsamples, put_sample);
	put_array(d, "chains", d->p->nchains, put_chain);
	json_close(&d->j, '}');
	buf_char(d->j.out, '\n');
}

void profile_json_encode(struct buf *out, const struct profile *p)
{
	struct document d = { .j.out = out, .p = p };
	int err = profile_walk_init(&d.walk, p);

	if (!err)
		put_all(&d);
	else if (!out->err)
		out->err = err;
	profile_walk_done(&d.walk);
}
