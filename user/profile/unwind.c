// SPDX-License-Identifier: GPL-2.0-only
/*
 * unwind.c - owns libdwfl: modules at their addresses, and the walk from frame to frame.
 *
 * libdw is asked for call frame information only. Its symbol search is linear (1 ms a sample,
 * measured): names are symbols.c's. Where code has none, libdw by itself takes the frame pointer's
 * word for it; what came of that is only believed where it is code.
 */
#include "profile/unwind.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "data/profile.h"

struct placed { /* a mapping, and how its addresses become the file's */
	struct foreign_map map;
	__u64 bias; /* address in the process - virtual address in the file */
	bool usable; /* the file was read */
};

enum {
	CFI_KNOWN = 1024, /* a power of two */
	STACK_MAX = 8 << 20, /* what lies further above the stack pointer is no stack */
	SYSCALL_BYTES = 2, /* of the instruction */
	ENTRY_BYTES = 64, /* of a first function at most, up to its call */
	SP = 7, /* DWARF's numbers of registers */
	FP = 6,
	PC = 16,
	EXCEPTION = 0, /* that an exception is handed over in */
};

/* Of an address's call frame information: asking libdw takes longer than unwinding. */
struct cfi_known {
	__u64 pc;
	bool has; /* any */
	bool first; /* it says that there is no caller */
	bool throws; /* it may return elsewhere, with an exception */
};

/* A frame whose address came from a function that throws; frames: how many there were then, or 0. */
struct thrown {
	__u32 frames;
	__u64 pc, sp, fp;
};

struct unwinder {
	Dwfl *dwfl;
	struct placed *maps; /* by start */
	size_t nmaps;
	volatile __u32 *busy; /* the module being read: blamed if it kills us */
	/* Of the stack being unwound. */
	const struct vigie_stack *stack;
	const __u8 *user;
	struct foreign_frame *frames;
	__u32 nframes;
	__u32 incomplete;
	bool read, unread; /* memory was asked for since the last frame, and had, or not */
	__u64 last; /* that frame's address */
	bool beyond; /* memory above the copied bytes was asked for */
	bool signal; /* a signal's frame was passed: its stack may be another one, not copied */
	bool pointers; /* a frame was found by a frame pointer */
	bool bare; /* the frame before has no call frame information */
	bool resumed; /* libdw goes on in the midst of a stack */
	__u64 sp, fp, pc; /* where it does */
	struct thrown thrown;
	bool pointers_first;
	struct cfi_known known[CFI_KNOWN];
	__u64 back; /* bytes before the program counter where the walk begins */
};

/* The file's debug information is not asked for: .eh_frame is in the file itself. */
static int no_debuginfo(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **ret)
{
	return -1;
}

static int no_elf(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base, char **file,
		  Elf **ret)
{
	return -1;
}

static const Dwfl_Callbacks dwfl_callbacks = {
	.find_elf = no_elf,
	.find_debuginfo = no_debuginfo,
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

/*
 * The load segment that holds this offset tells where the file thinks that it is. Only a segment of
 * code can: lld lets it begin in the page of the file in which the one before ends.
 */
static int bias_of(int fd, const struct foreign_map *map, __u64 *ret)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t n = 0, i;
	GElf_Phdr ph;
	int err = -ENOEXEC;

	if (elf && !elf_getphdrnum(elf, &n)) {
		for (i = 0; i < n && i < 128; i++) {
			if (!gelf_getphdr(elf, i, &ph) || ph.p_type != PT_LOAD ||
			    !(ph.p_flags & PF_X))
				continue;
			if (map->offset + 0xfff < ph.p_offset ||
			    map->offset >= ph.p_offset + ph.p_filesz)
				continue;
			*ret = map->start - (ph.p_vaddr - ph.p_offset + map->offset);
			err = 0;
			break;
		}
	}
	elf_end(elf);
	return err;
}

/* Two mappings of one file at one bias are one module. */
static bool reported(const struct unwinder *u, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (u->maps[i].usable && u->maps[i].map.module == u->maps[n].map.module &&
		    u->maps[i].bias == u->maps[n].bias)
			return true;
	return false;
}

static void report(struct unwinder *u, size_t n, const int *fds, __u32 nfds)
{
	struct placed *p = &u->maps[n];
	char name[32];
	int fd;

	if (!p->map.file || p->map.module >= nfds || fds[p->map.module] < 0)
		return;
	*u->busy = p->map.module;
	if (bias_of(fds[p->map.module], &p->map, &p->bias))
		return;
	if (reported(u, n)) {
		p->usable = true;
		return;
	}
	fd = dup(fds[p->map.module]);
	snprintf(name, sizeof(name), "m%u.%zu", p->map.module, n);
	/* It keeps the descriptor if it succeeds. */
	if (fd >= 0 && dwfl_report_elf(u->dwfl, name, "", fd, p->bias, true))
		p->usable = true;
	else if (fd >= 0)
		close(fd);
}

struct unwinder *unwinder__new(const struct foreign_map *maps, size_t nmaps, const int *fds,
			       __u32 nfds, volatile __u32 *busy)
{
	struct unwinder *u = calloc(1, sizeof(*u));
	size_t i;

	if (!u)
		return NULL;
	u->busy = busy;
	u->maps = calloc(nmaps ? nmaps : 1, sizeof(*u->maps));
	u->dwfl = dwfl_begin(&dwfl_callbacks);
	if (!u->maps || !u->dwfl) {
		unwinder__free(u);
		return NULL;
	}
	u->nmaps = nmaps;
	dwfl_report_begin(u->dwfl);
	for (i = 0; i < nmaps; i++) {
		u->maps[i].map = maps[i];
		report(u, i, fds, nfds);
	}
	*u->busy = 0;
	dwfl_report_end(u->dwfl, NULL, NULL);
	return u;
}

void unwinder__use_pointers(struct unwinder *u)
{
	u->pointers_first = true;
}

void unwinder__free(struct unwinder *u)
{
	if (!u)
		return;
	dwfl_end(u->dwfl);
	free(u->maps);
	free(u);
}

static const struct placed *place(const struct unwinder *u, __u64 pc)
{
	size_t low = 0, high = u->nmaps, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (u->maps[mid].map.end <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low < u->nmaps && u->maps[low].map.start <= pc ? &u->maps[low] : NULL;
}

static void ask_cfi(struct unwinder *u, __u64 pc, struct cfi_known *ret)
{
	Dwfl_Module *mod = dwfl_addrmodule(u->dwfl, pc);
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr bias = 0;
	Dwarf_Op space[3], *ops;
	Dwarf_CFI *cfi;
	size_t n;

	*ret = (struct cfi_known){ .pc = pc };
	cfi = mod ? dwfl_module_eh_cfi(mod, &bias) : NULL;
	if (!cfi || dwarf_cfi_addrframe(cfi, pc - bias, &frame)) {
		cfi = mod ? dwfl_module_dwarf_cfi(mod, &bias) : NULL;
		if (!cfi || dwarf_cfi_addrframe(cfi, pc - bias, &frame))
			return;
	}
	ret->has = true;
	ret->first = !dwarf_frame_register(frame, PC, space, &ops, &n) && !n && ops == space;
	ret->throws = !dwarf_frame_register(frame, EXCEPTION, space, &ops, &n) && n;
	free(frame);
}

static const struct cfi_known *know_cfi(struct unwinder *u, const struct placed *p, __u64 pc)
{
	static const struct cfi_known none;
	struct cfi_known *known = &u->known[hash_bytes(&pc, sizeof(pc), 0) % CFI_KNOWN];

	if (!p || !p->usable)
		return &none;
	if (known->pc != pc)
		ask_cfi(u, pc, known);
	return known;
}

static bool has_cfi(struct unwinder *u, const struct placed *p, __u64 pc)
{
	return know_cfi(u, p, pc)->has;
}

/* False: there is no room for it. */
static bool add_frame(struct unwinder *u, const struct placed *p, __u64 pc)
{
	struct foreign_frame *f = &u->frames[u->nframes];

	if (u->nframes == FOREIGN_FRAMES_MAX) {
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

	if (!know_cfi(u, place(u, u->last), u->last)->throws || dwfl_frame_reg(state, SP, &sp) ||
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
	p = place(u, pc);
	/* The frame pointer was no such thing: it led to what is no code. */
	if (bare && !p) {
		u->incomplete = 1 + PROFILE_INCOMPLETE_NO_CFI;
		return DWARF_CB_ABORT;
	}
	u->pointers |= bare;
	u->bare = p && !has_cfi(u, p, pc);
	return add_frame(u, p, pc) ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/*
 * Up the chain: each frame pointer is above the one before, and beside it lies an address of code.
 * Returns why it ended: 0, at the first function; 1 + enum profile_incomplete; u's sp, fp and pc
 * are the last frame's.
 */
static __u32 follow_pointers(struct unwinder *u)
{
	const struct placed *p = place(u, u->pc);
	Dwarf_Word next, pc;

	add_frame(u, p, u->pc);
	while (u->fp) {
		if (u->fp < u->sp || u->fp % sizeof(next))
			return 1 + PROFILE_INCOMPLETE_NO_POINTER;
		if (!memory_read(u->dwfl, u->fp, &next, u) ||
		    !memory_read(u->dwfl, u->fp + sizeof(next), &pc, u))
			return 1 + (u->beyond ? PROFILE_INCOMPLETE_SHORT
					      : PROFILE_INCOMPLETE_NO_POINTER);
		if (!pc)
			return 0;
		p = place(u, pc - 1);
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
	pid_t pid = dwfl_pid(u->dwfl);
	const struct cfi_known *last;

	u->read = u->unread = u->beyond = false;
	if ((!pid || pid == -1) && !dwfl_attach_state(u->dwfl, NULL, 1, &thread_callbacks, u))
		return false;
	if (dwfl_getthread_frames(u->dwfl, 1, on_frame, u) || u->unread)
		return false;
	last = know_cfi(u, place(u, u->last), u->last);
	return last->first || !last->has || (u->read && u->thrown.frames != u->nframes);
}

/*
 * On its way to a handler libgcc puts first that frame's return address over its own, then the
 * handler over that: frames in between are being left. The first still lies where the frame's callee
 * had it; the handler is where it says, not after a call. True: up to the first function.
 */
static bool unwind_thrown(struct unwinder *u)
{
	const struct thrown *t = &u->thrown;
	Dwarf_Word word;
	__u64 at = t->sp;

	if (!t->frames)
		return false;
	while (memory_read(u->dwfl, at, &word, u) && word != t->pc)
		at += sizeof(word);
	u->resumed = true;
	u->bare = false;
	u->nframes = t->frames;
	u->fp = t->fp;
	u->sp = word == t->pc ? at + sizeof(word) : t->sp;
	u->pc = t->pc - (word == t->pc);
	u->last = u->pc;
	return unwind_frames(u);
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
	    !has_cfi(u, place(u, u->pc - 1), u->pc - 1))
		return ended;
	u->resumed = true;
	u->bare = false;
	if (unwind_frames(u))
		return 0;
	return u->beyond ? 1 + PROFILE_INCOMPLETE_SHORT : u->incomplete ? u->incomplete : ended;
}

/* The dynamic loader's first function, and musl's, have no call frame information. */
static bool is_entry(struct unwinder *u, const struct placed *p, __u64 pc)
{
	Dwfl_Module *mod = dwfl_addrmodule(u->dwfl, pc);
	GElf_Addr bias = 0;
	Elf *elf = mod ? dwfl_module_getelf(mod, &bias) : NULL;
	GElf_Ehdr header;

	return elf && gelf_getehdr(elf, &header) && pc - p->bias - header.e_entry < ENTRY_BYTES;
}

/* Why the walk ended before the thread's first function; 0: it did not. */
static __u32 why_ended(struct unwinder *u, __u64 last_pc)
{
	const struct placed *p = place(u, last_pc);
	bool known = has_cfi(u, p, last_pc);

	if (p && p->usable && !known && is_entry(u, p, last_pc))
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

/* Where a frame is in the process: what add_frame() did, undone. */
static __u64 absolute(const struct unwinder *u, const struct foreign_frame *f)
{
	__u64 pc;
	size_t i;

	for (i = 0; i < u->nmaps && f->module; i++) {
		const struct placed *p = &u->maps[i];

		if (p->map.module != f->module)
			continue;
		pc = f->address;
		if (p->usable)
			pc += p->bias;
		else if (p->map.file)
			pc += p->map.start - p->map.offset;
		if (place(u, pc) == p)
			return pc;
	}
	return f->address;
}

/*
 * In a system call the next instruction may be another function's: __restore_rt ends with the
 * call. The call itself changes no register that the way back needs. Bytes to go back.
 */
static __u64 after_call(struct unwinder *u, const struct vigie_stack *stack)
{
	__u64 pc = stack->registers[PC], call = pc - SYSCALL_BYTES;

	return stack->kernel_frames && !has_cfi(u, place(u, pc), pc) &&
			       has_cfi(u, place(u, call), call)
		       ? SYSCALL_BYTES
		       : 0;
}

__u32 unwinder__unwind(struct unwinder *u, const struct vigie_stack *stack, const __u8 *user,
		       struct foreign_frame *frames, __u32 *ret_incomplete, bool *ret_pointers)
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
		whole = unwind_frames(u);
	}
	if (!u->nframes) { /* not even where it is: a space without a single module */
		frames[0] = (struct foreign_frame){ .address = stack->registers[PC] };
		u->nframes = 1;
		whole = false;
	}
	if (!stack->user_bytes)
		*ret_incomplete = 1 + PROFILE_INCOMPLETE_NO_STACK;
	else if (!whole)
		*ret_incomplete = why_ended(u, absolute(u, &frames[u->nframes - 1]));
	if (!whole && unwind_thrown(u))
		*ret_incomplete = 0;
	*ret_pointers = u->pointers;
	*u->busy = 0;
	return u->nframes;
}
