// SPDX-License-Identifier: GPL-2.0-only
/*
 * unwind.c - owns the walk from frame to frame.
 *
 * libdw is asked for call frame information only. Where code has none, libdw by itself takes the
 * frame pointer's word for it; what came of that is only believed where it is code.
 */
#include "profile/unwind.h"

#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "data/profile.h"
#include "profile/code.h"

enum {
	STACK_MAX = 8 << 20, /* what lies further above the stack pointer is no stack */
	SYSCALL_BYTES = 2, /* of the instruction */
	/* At most, of a function without call frame information: stack, code, its caller's frame. */
	LEAF_BYTES = 1024,
	LEAF_CODE = 16 << 10,
	LEAF_CALLER = 64 << 10,
	LEAF_TRIES = 8, /* of what may be a saved frame pointer */
	SP = 7, /* DWARF's numbers of registers; see code.h for PC */
	FP = 6,
};

/* A frame whose address came from a function that throws; frames: how many there were then, or 0. */
struct thrown {
	__u32 frames;
	__u64 pc, sp, fp;
};

struct unwinder {
	struct code *code;
	volatile __u32 *busy; /* the module being read: blamed if it kills us */
	/* Of the stack being unwound. */
	const struct vigie_stack *stack;
	const __u8 *user;
	struct symbolizer_frame *frames;
	__u32 nframes;
	__u32 incomplete;
	bool read, unread; /* memory was asked for since the last frame, and had, or not */
	__u64 last; /* that frame's address */
	bool beyond; /* memory above the copied bytes was asked for */
	bool signal; /* a signal's frame was passed: its stack may be another one, not copied */
	bool pointers; /* a frame was found by a frame pointer, or looked for */
	bool bare; /* the frame before has no call frame information */
	bool resumed; /* libdw goes on in the midst of a stack */
	__u64 sp, fp, pc; /* where it does */
	struct thrown thrown;
	bool pointers_first;
	__u64 back; /* bytes before the program counter where the walk begins */
};

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	if (*thread)
		return 0;
	*thread = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	*thread = arg;
	return true;
}

/* A word at this address, if it is among n bytes of a stack from begin on. */
static bool copied(const __u8 *bytes, __u32 n, __u64 begin, Dwarf_Addr addr, Dwarf_Word *ret)
{
	__u64 at = addr - begin;

	if (addr < begin || at >= n || n - at < sizeof(*ret))
		return false;
	memcpy(ret, bytes + at, sizeof(*ret));
	return true;
}

static bool is_above(__u64 begin, Dwarf_Addr addr)
{
	return addr >= begin && addr - begin < STACK_MAX;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *ret, void *arg)
{
	struct unwinder *u = arg;
	const struct vigie_stack *s = u->stack;
	__u32 first = s->alt_bytes ? s->alt_bytes : s->user_bytes;

	if (copied(u->user, first, s->user_begin, addr, ret) ||
	    (s->alt_bytes &&
	     copied(u->user + s->main_at, s->user_bytes - s->main_at, s->main_begin, addr, ret))) {
		u->read = true;
		return true;
	}
	if (is_above(s->user_begin, addr) || (s->alt_bytes && is_above(s->main_begin, addr)))
		u->beyond = true;
	u->unread = true;
	return false;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	struct unwinder *u = arg;
	Dwarf_Word regs[VIGIE_REGISTERS];
	int i;

	/* Of a frame in the midst of a stack only these are known. */
	if (u->resumed) {
		regs[0] = u->fp;
		regs[1] = u->sp;
		regs[2] = u->pc;
		return dwfl_thread_state_registers(thread, FP, 2, regs) &&
		       dwfl_thread_state_registers(thread, PC, 1, regs + 2);
	}
	for (i = 0; i < VIGIE_REGISTERS; i++)
		regs[i] = u->stack->registers[i];
	regs[PC] -= u->back;
	return dwfl_thread_state_registers(thread, 0, VIGIE_REGISTERS, regs);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

struct unwinder *unwinder__new(const struct symbolizer_map *maps, size_t nmaps, const int *fds,
			       __u32 nfds, volatile __u32 *busy)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->busy = busy;
	u->code = code__new(maps, nmaps, fds, nfds, busy);
	if (!u->code) {
		free(u);
		return NULL;
	}
	return u;
}

void unwinder__free(struct unwinder *u)
{
	if (!u)
		return;
	code__free(u->code);
	free(u);
}

void unwinder__use_pointers(struct unwinder *u)
{
	u->pointers_first = true;
}

/* False: there is no room for it. */
static bool add_frame(struct unwinder *u, const struct placed *p, __u64 pc)
{
	struct symbolizer_frame *f = &u->frames[u->nframes];

	if (u->nframes == SYMBOLIZER_FRAMES_MAX) {
		u->incomplete = 1 + PROFILE_INCOMPLETE_DEEP;
		return false;
	}
	f->zero = 0;
	f->module = p ? p->map.module : 0;
	f->address = p && p->usable ? pc - p->bias : pc;
	if (p && p->map.file && !p->usable)
		f->address = pc - p->map.start + p->map.offset;
	u->nframes++;
	*u->busy = f->module;
	return true;
}

/* Called before it is added. */
static void note_thrown(struct unwinder *u, Dwfl_Frame *state, __u64 pc)
{
	Dwarf_Word sp, fp;

	if (!code_cfi(u->code, u->last)->throws || dwfl_frame_reg(state, SP, &sp) ||
	    dwfl_frame_reg(state, FP, &fp))
		return;
	u->thrown = (struct thrown){ .frames = u->nframes + 1, .pc = pc, .sp = sp, .fp = fp };
}

static int on_frame(Dwfl_Frame *state, void *arg)
{
	struct unwinder *u = arg;
	const struct placed *p;
	Dwarf_Addr pc;
	bool activation, bare = u->bare;

	u->read = u->unread = false;
	if (!dwfl_frame_pc(state, &pc, &activation))
		return DWARF_CB_ABORT;
	if (u->resumed && activation) /* it is there already */
		return DWARF_CB_OK;
	u->signal |= activation && u->nframes;
	if (!activation && u->nframes)
		note_thrown(u, state, pc);
	if (!activation && pc)
		pc--;
	u->last = pc;
	p = code_place(u->code, pc);
	/* The frame pointer was no such thing: it led to what is no code. */
	if (bare && !p) {
		u->incomplete = 1 + PROFILE_INCOMPLETE_NO_CFI;
		return DWARF_CB_ABORT;
	}
	u->pointers |= bare;
	u->bare = p && !code_cfi(u->code, pc)->has;
	return add_frame(u, p, pc) ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/*
 * Up the chain: each frame pointer is above the one before, and beside it lies an address of code.
 * Returns why it ended: 0, at the first function; 1 + enum profile_incomplete; u's sp, fp and pc
 * are the last frame's.
 */
static __u32 follow_pointers(struct unwinder *u)
{
	const struct placed *p = code_place(u->code, u->pc);
	Dwarf_Word next, pc;

	add_frame(u, p, u->pc);
	while (u->fp) {
		if (u->fp < u->sp || u->fp % sizeof(next))
			return 1 + PROFILE_INCOMPLETE_NO_POINTER;
		if (!memory_read(NULL, u->fp, &next, u) ||
		    !memory_read(NULL, u->fp + sizeof(next), &pc, u))
			return 1 + (u->beyond ? PROFILE_INCOMPLETE_SHORT
					      : PROFILE_INCOMPLETE_NO_POINTER);
		if (!pc)
			return 0;
		p = code_place(u->code, pc - 1);
		if (!p)
			return 1 + PROFILE_INCOMPLETE_NO_POINTER;
		if (!add_frame(u, p, pc - 1))
			return u->incomplete;
		u->pointers = true;
		u->sp = u->fp + 2 * sizeof(next);
		u->fp = next;
		u->pc = pc;
	}
	return 0;
}

/*
 * By call frame information; true: up to the first function. To libdw a return address that cannot
 * be had is none, and the thread's begin. It is the begin if call frame information says so, or if
 * the address was read and is 0: where a copy is too short, or a register was lost that tells where
 * the frame is, nothing was read.
 */
static bool unwind_frames(struct unwinder *u)
{
	pid_t pid = dwfl_pid(code_dwfl(u->code));
	const struct cfi *last;

	u->read = u->unread = u->beyond = false;
	if ((!pid || pid == -1) &&
	    !dwfl_attach_state(code_dwfl(u->code), NULL, 1, &thread_callbacks, u))
		return false;
	if (dwfl_getthread_frames(code_dwfl(u->code), 1, on_frame, u) || u->unread)
		return false;
	last = code_cfi(u->code, u->last);
	return last->first || !last->has || (u->read && !u->thrown.frames);
}

/* In the midst of a stack, from the frame that was added last; true: up to the first function. */
static bool unwind_resume(struct unwinder *u, __u64 sp, __u64 fp, __u64 pc)
{
	u->resumed = true;
	u->bare = false;
	u->sp = sp;
	u->fp = fp;
	u->last = u->pc = pc;
	return unwind_frames(u);
}

/*
 * On its way to a handler libgcc puts first that frame's return address over its own, then the
 * handler over that: frames in between are being left. The first still lies where the frame's callee
 * had it; the handler is where it says, not after a call. True: up to the first function; else what
 * was found before stays.
 */
static bool unwind_thrown(struct unwinder *u)
{
	struct symbolizer_frame found[SYMBOLIZER_FRAMES_MAX];
	const struct thrown t = u->thrown;
	const __u32 n = u->nframes;
	Dwarf_Word word = 0;
	__u64 at = t.sp;
	bool whole;

	if (!t.frames)
		return false;
	memcpy(found, u->frames, n * sizeof(*found));
	while (memory_read(NULL, at, &word, u) && word != t.pc)
		at += sizeof(word);
	u->nframes = t.frames;
	whole = word == t.pc ? unwind_resume(u, at + sizeof(word), t.fp, t.pc - 1)
			     : unwind_resume(u, t.sp, t.fp, t.pc);
	if (!whole) {
		memcpy(u->frames, found, n * sizeof(*found));
		u->nframes = n;
	}
	return whole;
}

/* The return address at this place is of a call that may have led to pc, which lacks information. */
static bool called_from(struct unwinder *u, __u64 address, __u64 pc, bool anywhere)
{
	__u64 callee;

	switch (code_call_before(u->code, address, &callee)) {
	case CODE_CALL:
		return callee <= pc && pc - callee < LEAF_CODE && !code_cfi(u->code, callee)->has;
	case CODE_CALL_ANYWHERE: return anywhere;
	default: return false;
	}
}

/* With the frame pointer that is, or one that lies between: saved by who keeps none. */
static bool resume_caller(struct unwinder *u, __u64 sp, __u64 at, __u64 pc)
{
	const __u32 frames = u->nframes;
	Dwarf_Word fp = u->stack->registers[FP];
	int tries = LEAF_TRIES;

	if (unwind_resume(u, at, fp, pc))
		return true;
	for (; tries && sp < at && memory_read(NULL, sp, &fp, u); sp += sizeof(fp)) {
		if (fp < at || fp - at >= LEAF_CALLER)
			continue;
		tries--;
		u->nframes = frames;
		if (unwind_resume(u, at, fp, pc))
			return true;
	}
	return false;
}

/*
 * Assembly that has no call frame information, as libgmp's and much of codecs, keeps no frame pointer
 * either: libdw would take its caller's, and leave out the caller. Its return address is looked for
 * near the stack pointer. What lies in its frame unwritten may be of calls that are over: so it must be
 * one after a call of this very function; a call by a register or the PLT is believed where there is
 * no frame at all. And it must lead to the thread's first function. Generated code may have called,
 * too: there frame pointers are all there is.
 */
static bool unwind_leaf(struct unwinder *u)
{
	const __u64 *registers = u->stack->registers;
	__u64 sp = registers[SP], pc = registers[PC], at;
	const struct placed *p = code_place(u->code, pc);
	Dwarf_Word word;
	__u32 before;

	if (!p || !p->usable || code_cfi(u->code, pc)->has)
		return false;
	add_frame(u, p, pc);
	for (at = sp; at < sp + LEAF_BYTES && memory_read(NULL, at, &word, u); at += sizeof(word)) {
		p = code_place(u->code, word - 1);
		if (p && !p->usable)
			break;
		if (!p || !called_from(u, word, pc, at == sp))
			continue;
		before = u->nframes;
		add_frame(u, p, word - 1);
		if (!code_cfi(u->code, word - 1)->has) { /* assembly that calls assembly */
			pc = word - 1;
			continue;
		}
		if (resume_caller(u, sp, at + sizeof(word), word - 1)) {
			u->pointers = true;
			return true;
		}
		u->nframes = before;
	}
	u->nframes = 0;
	u->incomplete = 0;
	u->resumed = u->bare = u->signal = false;
	u->thrown.frames = 0;
	return false;
}

/*
 * The C library calls main() and threads, and keeps no frame pointers: where the chain ends in code
 * that has call frame information, that goes on. 0 or 1 + enum profile_incomplete.
 */
static __u32 unwind_by_pointers(struct unwinder *u)
{
	__u32 ended, before;

	u->sp = u->stack->registers[SP];
	u->fp = u->stack->registers[FP];
	u->pc = u->stack->registers[PC];
	ended = follow_pointers(u);
	before = u->nframes;
	if (before == 1 || ended == 1 + PROFILE_INCOMPLETE_DEEP ||
	    !code_cfi(u->code, u->pc - 1)->has)
		return ended;
	if (unwind_resume(u, u->sp, u->fp, u->pc))
		return 0;
	return u->beyond ? 1 + PROFILE_INCOMPLETE_SHORT : u->incomplete ? u->incomplete : ended;
}

/* Why the walk ended before the thread's first function; 0: it did not. */
static __u32 why_ended(struct unwinder *u)
{
	const struct placed *p = code_place(u->code, u->last);
	bool known = code_cfi(u->code, u->last)->has;

	if (p && p->usable && !known && code_is_entry(u->code, p, u->last))
		return 0;
	if (u->incomplete)
		return u->incomplete;
	if (u->beyond || (u->signal && u->unread))
		return 1 + PROFILE_INCOMPLETE_SHORT;
	if (!p)
		return 1 + PROFILE_INCOMPLETE_UNMAPPED;
	if (p->map.file && !p->usable)
		return 1 + PROFILE_INCOMPLETE_NO_FILE;
	return 1 + (known ? PROFILE_INCOMPLETE_ASTRAY : PROFILE_INCOMPLETE_NO_CFI);
}

/*
 * In a system call the next instruction may be another function's: __restore_rt ends with the
 * call. The call itself changes no register that the way back needs. Bytes to go back.
 */
static __u64 after_call(struct unwinder *u, const struct vigie_stack *stack)
{
	__u64 pc = stack->registers[PC], call = pc - SYSCALL_BYTES;

	return stack->kernel_frames && !code_cfi(u->code, pc)->has && code_cfi(u->code, call)->has
		       ? SYSCALL_BYTES
		       : 0;
}

__u32 unwinder__unwind(struct unwinder *u, const struct vigie_stack *stack, const __u8 *user,
		       struct symbolizer_frame *frames, __u32 *ret_incomplete, bool *ret_pointers)
{
	bool whole = true;

	u->stack = stack;
	u->user = user;
	u->frames = frames;
	u->nframes = 0;
	u->incomplete = 0;
	u->back = 0;
	u->thrown.frames = 0;
	u->beyond = u->signal = u->pointers = u->bare = u->resumed = false;
	*ret_incomplete = 0;
	if (u->pointers_first) {
		*ret_incomplete = unwind_by_pointers(u);
	} else {
		u->back = after_call(u, stack);
		whole = (!u->back && unwind_leaf(u)) || unwind_frames(u);
	}
	if (!u->nframes) { /* not even where it is: a space without a single module */
		frames[0] = (struct symbolizer_frame){ .address = stack->registers[PC] };
		u->last = stack->registers[PC];
		u->nframes = 1;
		whole = false;
	}
	if (!stack->user_bytes)
		*ret_incomplete = 1 + PROFILE_INCOMPLETE_NO_STACK;
	else if (!whole)
		*ret_incomplete = why_ended(u);
	if (*ret_incomplete && !u->pointers_first && unwind_thrown(u))
		*ret_incomplete = 0;
	*ret_pointers = u->pointers;
	*u->busy = 0;
	return u->nframes;
}
