// SPDX-License-Identifier: GPL-2.0-only
/* profile_json.c - owns the JSON document of a session: docs/profile-json.md. */
#include <stdio.h>

#include "export/json_writer.h"
#include "export/profile_formats.h"
#include "export/profile_walk.h"

static void about(struct json *j, const struct profile *p)
{
	const struct profile_about *a = &p->about;
	char text[PROFILE_STEP_NAME];

	json_text(j, "target", profile_clean(p, a->target, text, sizeof(text)));
	json_text(j, "command", profile_clean(p, a->command, text, sizeof(text)));
	json_text(j, "host", profile_clean(p, a->host, text, sizeof(text)));
	json_text(j, "kernel", profile_clean(p, a->kernel, text, sizeof(text)));
	json_text(j, "version", profile_clean(p, a->version, text, sizeof(text)));
	json_u64(j, "hz", a->hz);
	json_u64(j, "cpus", a->cpus);
	json_u64(j, "begin_unix_ns", a->begin_wall_ns);
	json_u64(j, "duration_ns", a->duration_ns);
}

static void quality(struct json *j, const struct profile *p)
{
	static const char *const lost[VIGIE_SESSION_LOSSES] = {
		"stacks", "threads", "culprit_ns", "waker_ns", "children",
	};
	const struct profile_quality *q = &p->quality;
	int i;

	json_open(j, "quality", '{');
	json_u64(j, "stacks_on_cpu", q->stacks[VIGIE_STACK_ON_CPU]);
	json_u64(j, "stacks_asleep", q->stacks[VIGIE_STACK_ASLEEP]);
	json_u64(j, "stacks_of_faults", q->stacks[VIGIE_STACK_FAULT]);
	json_open(j, "lost", '{');
	for (i = 0; i < VIGIE_SESSION_LOSSES; i++)
		json_u64(j, lost[i], q->lost[i]);
	json_close(j, '}');
	json_open(j, "incomplete", '{');
	for (i = 0; i < PROFILE_INCOMPLETES; i++)
		json_u64(j, profile_incomplete_name(i), q->incomplete[i]);
	json_close(j, '}');
	json_u64(j, "truncated", q->truncated);
	json_u64(j, "culprit_ns", q->culprit_ns);
	json_u64(j, "names_wanted", q->names_wanted);
	json_u64(j, "names_found", q->names_found);
	json_u64(j, "reader_restarts", q->reader_restarts);
	json_u64(j, "cost_cpu_ns", q->cpu_ns);
	json_u64(j, "probe_ns", q->probe_ns);
	json_u64(j, "probe_runs", q->probe_runs);
	json_text(j, "ended", profile_stop_name(q->stopped_early));
	json_close(j, '}');
}

static void thread(struct json *j, const struct profile *p, const struct profile_thread *t)
{
	char text[PROFILE_STEP_NAME];
	int why;

	json_line(j);
	json_open(j, NULL, '{');
	json_u64(j, "pid", p->processes[t->process].pid);
	json_u64(j, "tid", t->tid);
	json_text(j, "process",
		  profile_clean(p, p->processes[t->process].comm, text, sizeof(text)));
	json_text(j, "thread", profile_clean(p, t->comm, text, sizeof(text)));
	json_bool(j, "exited", t->exited);
	json_u64(j, "wall_ns", t->wall_ns);
	json_u64(j, "cpu_ns", t->cpu_ns);
	json_u64(j, "run_queue_ns", t->wait_ns);
	json_open(j, "off_cpu_ns", '{');
	for (why = 0; why < VIGIE_WAITS; why++)
		if (t->off_ns[why])
			json_u64(j, profile_wait_name(why), t->off_ns[why]);
	json_close(j, '}');
	json_u64(j, "page_faults", t->faults);
	json_close(j, '}');
}

static void step(struct json *j, const struct profile *p, const struct profile_step *s)
{
	const struct profile_frame *f = &p->frames[s->frame];
	const struct profile_module *m = &p->modules[f->module];
	char text[PROFILE_STEP_NAME];

	json_open(j, NULL, '{');
	json_text(j, "function", profile_step_name(p, s, text, sizeof(text)));
	if (f->module) {
		json_text(j, "module", profile_clean(p, m->path, text, sizeof(text)));
		json_text(j, "build_id", profile_text(p, m->build_id));
	}
	if (!(f->flags & PROFILE_FRAME_NOTE))
		json_u64(j, "address", f->address);
	if (f->flags & PROFILE_FRAME_KERNEL)
		json_bool(j, "kernel", true);
	if (profile_step_inlined(p, s))
		json_bool(j, "inlined", true);
	json_close(j, '}');
}

static void sample(struct json *j, const struct profile *p, const struct profile_sample *s)
{
	static __thread struct profile_step steps[PROFILE_STEPS_MAX];
	size_t n = profile_steps(p, s->node, steps, PROFILE_STEPS_MAX), i;
	char text[PROFILE_STEP_NAME];

	json_line(j);
	json_open(j, NULL, '{');
	json_text(j, "view", profile_view_name(s->view));
	json_u64(j, "pid", p->processes[p->threads[s->thread].process].pid);
	json_u64(j, "tid", p->threads[s->thread].tid);
	profile_lead(p, s, text, sizeof(text));
	if (text[0])
		json_text(j,
			  s->view == PROFILE_OFF_CPU	 ? "reason"
			  : s->view == PROFILE_RUN_QUEUE ? "culprit"
							 : "waker",
			  text);
	json_u64(j, "count", s->count);
	json_u64(j, s->view == PROFILE_FAULTS ? "bytes" : "ns", s->value);
	json_open(j, "stack", '[');
	for (i = 0; i < n; i++)
		step(j, p, &steps[i]);
	json_close(j, ']');
	json_close(j, '}');
}

void profile_json_encode(struct buf *out, const struct profile *p, unsigned int views)
{
	struct json j = { .out = out };
	__u32 i;

	json_open(&j, NULL, '{');
	about(&j, p);
	quality(&j, p);
	json_open(&j, "threads", '[');
	for (i = 0; i < p->nthreads; i++)
		thread(&j, p, &p->threads[i]);
	json_close(&j, ']');
	json_open(&j, "samples", '[');
	for (i = 0; i < p->nsamples; i++)
		if (views & 1U << p->samples[i].view)
			sample(&j, p, &p->samples[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	buf_char(out, '\n');
}
