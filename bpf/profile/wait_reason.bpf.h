/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * wait_reason.bpf.h - why a thread leaves the CPU, in more detail than the switch probe: from its state,
 * the system call that it is in, and the kind of file that this is about. No stack, no symbol.
 */
#ifndef VIGIE_WAIT_REASON_BPF_H
#define VIGIE_WAIT_REASON_BPF_H

#include "session.bpf.h"
#include "switch.bpf.h"

/* linux/sched.h; macros, so BTF does not have them. */
#define TASK_STOPPED_OR_TRACED 0x000c
#define TASK_FROZEN 0x8000 /* 6.1 and later */
/* linux/stat.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

enum { NO_SYSCALL = -1 }; /* of orig_ax: an exception or an interrupt */

/* System calls of x86-64, by what they wait for. */
static __always_inline bool call_is_fd(__s64 nr)
{
	switch (nr) {
	case 0:
	case 1:
	case 17:
	case 18:
	case 19:
	case 20: /* read, write, pread, pwrite, …v */
	case 40:
	case 275: /* sendfile, splice */
	case 295:
	case 296:
	case 327:
	case 328: /* preadv, pwritev, …2 */ return true;
	default: return false;
	}
}

static __always_inline bool call_is_sync(__s64 nr)
{
	switch (nr) {
	case 26:
	case 74:
	case 75:
	case 162:
	case 277:
	case 306: /* msync, fsync, … syncfs */ return true;
	default: return false;
	}
}

static __always_inline __u32 wait_of_call(__s64 nr)
{
	switch (nr) {
	case 202:
	case 449:
	case 455: /* futex, futex_waitv, futex_wait */
	case 65:
	case 220:
	case 72:
	case 73: /* semop, semtimedop, fcntl, flock */ return VIGIE_WAIT_LOCK;
	case 35:
	case 230: /* nanosleep, clock_nanosleep */ return VIGIE_WAIT_SLEEP;
	case 7:
	case 23:
	case 232:
	case 270:
	case 271:
	case 281:
	case 441: /* poll, select, epoll */ return VIGIE_WAIT_POLL;
	case 42:
	case 43:
	case 44:
	case 45:
	case 46:
	case 47: /* connect … recvmsg */
	case 288:
	case 299:
	case 307: /* accept4, recvmmsg, sendmmsg */ return VIGIE_WAIT_NETWORK;
	case 70:
	case 243:
	case 426: /* msgrcv, mq_timedreceive, io_uring_enter */ return VIGIE_WAIT_EVENT;
	case 208:
	case 333: /* io_getevents, io_pgetevents */ return VIGIE_WAIT_DISK;
	case 56:
	case 58:
	case 61:
	case 247:
	case 435: /* clone, vfork, wait4, waitid, clone3 */ return VIGIE_WAIT_CHILD;
	case 34:
	case 128:
	case 130: /* pause, rt_sigtimedwait, rt_sigsuspend */ return VIGIE_WAIT_SIGNAL;
	default: return VIGIE_WAIT_OTHER;
	}
}

static __always_inline __u32 wait_of_mode(__u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK: return VIGIE_WAIT_NETWORK;
	case S_IFIFO: return VIGIE_WAIT_PIPE;
	case S_IFCHR: return VIGIE_WAIT_TERMINAL;
	case S_IFREG:
	case S_IFBLK: return VIGIE_WAIT_DISK;
	default: return VIGIE_WAIT_EVENT; /* an anonymous inode */
	}
}

/* 6.2 and later: an address becomes a pointer that can be followed, at no price. */
extern void *bpf_rdonly_cast(const void *address, __u32 btf_id) __ksym __weak;

enum special_kfunc_type___cast { KF_bpf_rdonly_cast___cast };

static __always_inline __u32 mode_of(struct file *file)
{
	if (!bpf_core_enum_value_exists(enum special_kfunc_type___cast, KF_bpf_rdonly_cast___cast))
		return BPF_CORE_READ(file, f_inode, i_mode);
	file = bpf_rdonly_cast(file, bpf_core_type_id_kernel(struct file));
	return file->f_inode->i_mode;
}

/* The kind of the file that a thread reads or writes. It blocks in the call: fd stays open. */
static __always_inline __u32 wait_of_fd(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = task->files->fdt;
	struct file **files = table->fd, *file = NULL;

	if (fd >= table->max_fds)
		return VIGIE_WAIT_OTHER;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return wait_of_mode(mode_of(file));
}

/* PURE: nr and state in, reason out; VIGIE_WAIT_OTHER where only the file can tell. */
static __always_inline __u32 wait_of(__u32 state, __s64 nr, bool memstall, bool iowait,
				     bool mmap_lock)
{
	if (!state)
		return VIGIE_WAIT_RUN_QUEUE;
	if (memstall)
		return VIGIE_WAIT_MEMORY;
	if (mmap_lock)
		return VIGIE_WAIT_MMAP_LOCK;
	if (state & (TASK_STOPPED_OR_TRACED | TASK_FROZEN))
		return VIGIE_WAIT_STOPPED;
	if (!(state & (TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT)))
		return wait_of_call(nr);
	if (iowait)
		return nr == NO_SYSCALL ? VIGIE_WAIT_MAJOR_FAULT : VIGIE_WAIT_DISK;
	if (call_is_sync(nr)) /* a journal's commit is not the thread's own I/O */
		return VIGIE_WAIT_DISK;
	return nr == 56 || nr == 58 || nr == 435 ? VIGIE_WAIT_CHILD : VIGIE_WAIT_KERNEL;
}

/* asm/thread_info.h: in a 32-bit system call. */
#define TS_COMPAT 0x0002
enum { CALL_UNKNOWN = 1 << 20 }; /* a number that no call has */

static __always_inline __u32 wait_reason(struct task_struct *task, __u32 state, bool mmap_lock)
{
	__s64 nr;
	__u32 wait_reason;

	if (!state)
		return VIGIE_WAIT_RUN_QUEUE;
	/* A 32-bit program's calls have other numbers: asleep in some call is what is known. */
	nr = task->thread_info.status & TS_COMPAT ? CALL_UNKNOWN
						  : (__s32)USER_REGISTER(task, orig_ax);
	wait_reason = wait_of(state, nr, in_memstall(task), BPF_CORE_READ_BITFIELD(task, in_iowait),
			      mmap_lock);
	if (wait_reason == VIGIE_WAIT_OTHER && call_is_fd(nr))
		wait_reason = wait_of_fd(task, USER_REGISTER(task, di));
	return wait_reason;
}

#endif
