// SPDX-License-Identifier: GPL-2.0-only
/* session_stacks.c - owns the way of a stack: record, symbolizer, node of the profile, name. */
#include "profile/session_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "profile/kallsyms.h"
#include "profile/naming.h"

/* Of a waker: see session_wakers.c. */
static const enum profile_view view_of_kind[VIGIE_STACK_KINDS] = {
	[VIGIE_STACK_ON_CPU] = PROFILE_CPU,
	[VIGIE_STACK_ASLEEP] = PROFILE_OFF_CPU,
	[VIGIE_STACK_FAULT] = PROFILE_FAULTS,
};

/* Times that the mappings are read for an address in vain, before that must wait. */
enum { VAIN_FREE = 4 };
/*
 * A program's stacks wake us for so long: its first may be of its loader, with the libraries yet to be
 * mapped, and one that lives for a moment is gone when we look the next time by ourselves.
 */
enum { YOUNG_MS = 100 };

static void stacks_keep(struct session *s, int err)
{
	if (err && !s->err)
		s->err = err;
}

static int add_sample(struct session *s, struct known_thread *t, const struct vigie_stack *stack,
		      __u32 node)
{
	const struct profile_sample sample = {
		.view = view_of_kind[stack->kind],
		.thread = t->thread,
		.node = node,
		.tag = stack->kind == VIGIE_STACK_ASLEEP ? stack->wait_reason : 0,
		.count = stack->weight,
	};

	if (stack->kind == VIGIE_STACK_ASLEEP) {
		t->last_node = node;
		t->last_wait_reason = stack->wait_reason;
	}
	return profile_add(s->profile, &sample);
}

static int add_stack(struct session *s, const struct vigie_stack *stack, __u32 node)
{
	__u32 index;
	int err;

	if (stack->kind == VIGIE_STACK_WAKER)
		return session_waker_stack(s, stack, node);
	err = session_thread(s, stack->tid, stack->start_ns, stack->tgid, &index);
	return err ? err : add_sample(s, &s->threads[index], stack, node);
}

/* Asleep as before: its last stack weighs more. */
static void take_same(struct session *s, const struct vigie_stack *stack)
{
	struct vigie_stack again = *stack;
	__u32 index;
	int err = session_thread(s, stack->tid, stack->start_ns, stack->tgid, &index);

	if (!err && s->threads[index].last_node) {
		again.wait_reason = s->threads[index].last_wait_reason;
		err = add_sample(s, &s->threads[index], &again, s->threads[index].last_node);
	}
	stacks_keep(s, err);
}

static void stacks_ask(struct session *s, __u32 space, const struct vigie_stack *stack,
		       const __u8 *user, bool again)
{
	__u32 number = s->number++;
	struct pending_stack *p = &s->pending[number % PENDING_MAX];

	p->stack.head = *stack;
	memcpy(p->stack.user, user, stack->user_bytes);
	p->space = space;
	p->sum = s->spaces.spaces[space].sum;
	p->again = again;
	symbolizer__stack(s->symbolizer, space, number, &p->stack.head, p->stack.user,
			  session_take_frames, s);
}

/*
 * An address that is not mapped: a library that was loaded after the mappings were read? Then once
 * more. Generated code is never mapped from a file: who looked in vain a few times waits, but no
 * longer than the effort demands: a program that was just executed maps its libraries now.
 */
static bool retried(struct session *s, const struct pending_stack *p)
{
	struct space *space = &s->spaces.spaces[p->space];
	__u64 now = clock_monotonic_ns(), began = session_effort_ns(s);

	if (p->again)
		return false;
	/* Another stack may have had them read meanwhile. */
	if (space->sum == p->sum) {
		if (now < space->vain_until_ns)
			return false;
		spaces_refresh(&s->spaces, p->space);
	}
	if (space->sum == p->sum) {
		if (++space->vain > VAIN_FREE)
			space->vain_until_ns = now + REFRESH_SHARE * (session_effort_ns(s) - began);
		return false;
	}
	space->vain = 0;
	stacks_ask(s, p->space, &p->stack.head, p->stack.user, true);
	return true;
}

static int push_kernel(struct session *s, const struct vigie_stack *stack, __u32 *node)
{
	__u32 i = stack->kernel_frames, frame;
	int err = 0;

	while (i-- && !err) {
		err = profile_frame(s->profile, 0, PROFILE_FRAME_KERNEL, stack->kernel[i] - !!i,
				    &frame);
		if (!err)
			err = profile_node(s->profile, *node, frame, node);
	}
	return err;
}

/* Of a waker that is no target; nothing to unwind. */
static void take_kernel(struct session *s, const struct vigie_stack *stack)
{
	__u32 node = 0;
	int err = push_kernel(s, stack, &node);

	s->profile->quality.stacks[stack->kind]++;
	stacks_keep(s, err ? err : session_waker_stack(s, stack, node));
}

void session_take_stack(void *ctx, const struct vigie_stack *stack, const __u8 *user)
{
	struct session *s = ctx;
	struct space *space;
	__u32 index;

	if (stack->kind >= VIGIE_STACK_KINDS || stack->wait_reason > VIGIE_WAITS)
		return;
	if (stack->flags & VIGIE_STACK_SAME) {
		take_same(s, stack);
		return;
	}
	if (stack->flags & VIGIE_STACK_KERNEL) {
		take_kernel(s, stack);
		return;
	}
	if (spaces_get(&s->spaces, stack->tgid, &index))
		return;
	space = &s->spaces.spaces[index];
	/* Another program since: none of the old addresses means anything. */
	if (!space->sum || space->exec_id != stack->exec_id) {
		if (space->exec_id != stack->exec_id || !space->since_ns) {
			space->since_ns = stack->time_ns;
			space->known = false;
		}
		space->exec_id = stack->exec_id;
		space->vain = 0;
		space->vain_until_ns = 0;
		spaces_refresh(&s->spaces, index);
	}
	if (!space->known && stack->time_ns - space->since_ns >= YOUNG_MS * NS_PER_MS) {
		space->known = true;
		capture__known(s->capture, stack->tgid, stack->exec_id);
	}
	stacks_ask(s, index, stack, user, false);
}

/* The profile's module of one of the symbolizer's. */
static int module_of(struct session *s, __u32 m, __u32 *ret)
{
	const struct module *known;
	struct profile_module module = { 0 };
	char file[64];
	int err;

	*ret = 0;
	if (!m || m >= s->spaces.nmodules)
		return 0;
	if (!s->modules[m]) {
		known = &s->spaces.modules[m];
		module.begin = known->start;
		module.end = known->end;
		module.offset = known->offset;
		err = profile_string(s->profile, known->path, strlen(known->path), &module.path);
		/* Two files of one path are two modules: until its build id is known, the inode. */
		snprintf(file, sizeof(file), "%llx:%llx:%d", known->dev, known->inode,
			 known->jit ? known->pid : 0);
		if (!err)
			err = profile_string(s->profile, file, strlen(file), &module.build_id);
		if (!err)
			err = profile_module(s->profile, &module, &s->modules[m]);
		if (err)
			return err;
	}
	*ret = s->modules[m];
	return 0;
}

static int push_user(struct session *s, const struct symbolizer_frame *f, __u32 *node)
{
	__u32 module, frame, flags = 0;
	int err = module_of(s, f->module, &module);

	if (!err && f->module && s->spaces.modules[f->module].jit)
		flags |= PROFILE_FRAME_JIT;
	if (!err)
		err = profile_frame(s->profile, module, flags, f->address, &frame);
	if (!err)
		err = profile_node(s->profile, *node, frame, node);
	return err;
}

static int push_note(struct session *s, __u32 incomplete, __u32 *node)
{
	char text[64];
	__u32 frame;
	int err;

	snprintf(text, sizeof(text), "[incomplete: %s]", profile_incomplete_name(incomplete - 1));
	err = profile_note(s->profile, text, &frame);
	return err ? err : profile_node(s->profile, *node, frame, node);
}

void session_take_frames(void *ctx, __u32 number, const struct symbolizer_frame *frames, __u32 n,
			 __u32 incomplete)
{
	struct session *s = ctx;
	const struct pending_stack *pending = &s->pending[number % PENDING_MAX];
	const struct vigie_stack *stack = &pending->stack.head;
	struct profile_quality *q = &s->profile->quality;
	__u32 node = 0;
	int err = 0;

	if (incomplete == 1 + PROFILE_INCOMPLETE_UNMAPPED && retried(s, pending))
		return;
	q->stacks[stack->kind]++;
	if (incomplete) {
		q->incomplete[incomplete - 1]++;
		q->truncated += incomplete == 1 + PROFILE_INCOMPLETE_SHORT ||
				incomplete == 1 + PROFILE_INCOMPLETE_DEEP;
	}
	if (incomplete)
		err = push_note(s, incomplete, &node);
	while (n-- && !err)
		err = push_user(s, &frames[n], &node);
	if (!err)
		err = push_kernel(s, stack, &node);
	if (!err)
		err = add_stack(s, stack, node);
	stacks_keep(s, err);
}

/* --- Names, at the end. ---------------------------------------------------------------- */

static int on_debug(void *ctx, __u32 module, const char *build_id, const char *link)
{
	struct naming *naming = ctx;
	struct session *s = naming->ctx;
	struct profile *p = s->profile;

	stacks_keep(s, profile_string(p, build_id, strlen(build_id),
				      &p->modules[s->modules[module]].build_id));
	return spaces_give_debug(&s->spaces, module, build_id, link) ? -1 : SYMBOLIZER_ANSWERED;
}

static int name_kernel(struct session *s)
{
	struct profile *p = s->profile;
	struct kallsym *wanted = calloc(p->nframes, sizeof(*wanted));
	struct profile_line line = { 0 };
	__u32 i, frame, n = 0;
	int err = 0;

	if (!wanted)
		return -ENOMEM;
	for (i = 0; i < p->nframes; i++)
		if (p->frames[i].flags & PROFILE_FRAME_KERNEL)
			wanted[n++].address = p->frames[i].address;
	if (n && !kallsyms_name(wanted, n)) {
		for (i = 0; i < n && !err; i++) {
			if (!wanted[i].start)
				continue;
			err = profile_frame(p, 0, PROFILE_FRAME_KERNEL, wanted[i].address, &frame);
			if (!err)
				err = profile_string(p, wanted[i].name, strlen(wanted[i].name),
						     &line.function);
			if (!err)
				err = profile_name_frame(p, frame, &line, 1);
		}
	}
	free(wanted);
	return err;
}

static int name_user(struct session *s)
{
	struct profile *p = s->profile;
	struct naming naming;
	int err = naming_init(&naming, p, s->symbolizer, on_debug, s);
	__u32 m, i;

	for (i = 0; i < p->nframes; i++)
		p->quality.names_wanted += p->frames[i].module != 0;
	for (i = 0; i < p->nmodules; i++)
		p->modules[i].build_id = 0; /* it was the inode: see module_of() */
	for (m = 1; m < s->spaces.nmodules && !err; m++) {
		if (!s->modules[m])
			continue;
		naming.symbolizers[s->modules[m]] = m;
		naming_module(&naming, s->modules[m]);
	}
	if (!err)
		err = naming_lines(&naming);
	naming_done(&naming);
	return err ? err : naming.err;
}

int session_name_frames(struct session *s)
{
	stacks_keep(s, name_user(s));
	stacks_keep(s, name_kernel(s));
	return s->err;
}
