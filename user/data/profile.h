/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile.h - what a profiling session found: whose threads spent which time where, and why.
 *
 * Owns: the noun. Stacks are a tree of nodes; samples hang integers on its nodes, and every
 * format and total is a sum of these integers. Everything refers by index; index 0 of strings is
 * "", of nodes the root. Not here: how it was captured (profile/), its file (record/), formats
 * (export/). Names are hostile: raw here, sanitised by each encoder.
 */
#ifndef VIGIE_DATA_PROFILE_H
#define VIGIE_DATA_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi_profile.h>

#include "base/hash.h"

enum profile_view {
	PROFILE_CPU, /* value: ns on a CPU; tag 0 */
	PROFILE_OFF_CPU, /* ns blocked; tag: enum vigie_wait */
	PROFILE_RUN_QUEUE, /* ns waiting for a CPU; tag: party that ran meanwhile */
	PROFILE_WAKERS, /* ns blocked, again; tag: party that ended it, whose stack it is */
	PROFILE_FAULTS, /* bytes first touched, a page a fault; count: faults; tag 0 */
	PROFILE_VIEWS,
};

enum { PROFILE_NONE = 0 }; /* node 0 is the root: a sample there has no stack */

enum profile_frame_flags {
	PROFILE_FRAME_KERNEL = 1 << 0, /* address is the kernel's */
	PROFILE_FRAME_NOTE = 1 << 1, /* no code: a remark such as "[truncated]", see function */
	PROFILE_FRAME_UNNAMED = 1 << 2, /* module and address are all that is known */
	PROFILE_FRAME_JIT = 1 << 3, /* named by a perf map */
};

struct profile_module {
	__u32 path; /* string: as the target saw it; "[vdso]", "[kernel]" */
	__u32 build_id; /* string: hex, or "" */
	__u64 begin, end; /* where it was mapped first */
	__u64 offset; /* in the file */
};

/* One source-level function of a frame; a frame with inlined ones has several, innermost first. */
struct profile_line {
	__u32 function; /* string */
	__u32 file; /* string, "" where unknown */
	__u32 line; /* 0: unknown; of a function that others are inlined into: of the call */
	__u32 begin; /* where the function is declared in that file; 0: unknown */
};

struct profile_frame {
	__u32 module; /* index, or 0 for none: module 0 is "" */
	__u32 flags; /* enum profile_frame_flags */
	__u64 address; /* virtual address in the module's file, of the call; the kernel's own */
	__u32 line, nlines; /* into lines; nlines 0: unnamed */
};

struct profile_node {
	__u32 parent; /* index; the root's parent is itself */
	__u32 frame; /* index */
};

struct profile_process {
	__u32 pid, parent;
	__u32 comm; /* string: the leader's */
	__u32 cgroup; /* string: path */
};

struct profile_thread {
	__u32 tid;
	__u32 process; /* index */
	__u32 comm; /* string */
	__u32 exited; /* 1: before the session's end */
	__u64 wall_ns; /* of the session in which it lived */
	__u64 cpu_ns, wait_ns; /* exact: sum_exec_runtime, run_delay */
	__u64 off_ns[VIGIE_WAITS];
	__u64 off_count[VIGIE_WAITS];
	__u64 faults; /* exact: min_flt + maj_flt */
};

enum profile_party_kind {
	PROFILE_PARTY_PROCESS,
	PROFILE_PARTY_KTHREAD,
	PROFILE_PARTY_IDLE, /* nobody ran: the CPU was waking up */
	PROFILE_PARTY_THREAD, /* a waker */
	PROFILE_PARTY_TIMER, /* what woke, where it was no thread */
	PROFILE_PARTY_INTERRUPT,
	PROFILE_PARTY_NETWORK,
	PROFILE_PARTY_BLOCK,
	PROFILE_PARTY_SOFTIRQ,
	PROFILE_PARTY_UNKNOWN, /* not seen: it slept already as the session began */
	PROFILE_PARTY_OTHERS, /* what is not shown one by one */
	PROFILE_PARTY_KINDS,
};

/* A cgroup that a process or a party is in, and what people call it. */
struct profile_cgroup {
	__u32 path; /* string */
	__u32 unit; /* string: "nginx.service" */
};

/* Who ran, as seen from who waited for a CPU. */
enum profile_relation {
	PROFILE_SAME_CGROUP,
	PROFILE_OTHER_CGROUP,
	PROFILE_KERNEL_THREADS,
	PROFILE_IDLE,
	PROFILE_UNTOLD, /* of either no cgroup is known, or it is not shown one by one */
	PROFILE_RELATIONS,
};

/*
 * Who was waited for in the end: the thread waited for why[0], which party[0] ended, which had waited
 * for why[1], and so on. All chains of a thread are its samples of PROFILE_WAKERS.
 */
struct profile_chain {
	__u32 thread; /* index */
	__u32 n; /* hops, 1 to VIGIE_HOPS */
	__u32 party[VIGIE_HOPS]; /* indexes; the rest 0 */
	__u32 wait_reason[VIGIE_HOPS]; /* enum vigie_wait; the rest 0 */
	__u64 count, ns;
};

/* What stands beside the times and is in no sum. */
struct profile_beside {
	__u64 chains_lost_ns; /* of these only the first hop is known */
	__u64 has_steal;
	__u64 steal_ns; /* stolen by the hypervisor from all CPUs of the host meanwhile */
};

/* Who ran while others waited, or who woke. */
struct profile_party {
	__u32 kind; /* enum profile_party_kind */
	__u32 pid, tid; /* tid 0: the process */
	__u32 comm; /* string */
	__u32 cgroup; /* string: path, "[id 123]" where only that is known, or "" */
};

struct profile_sample {
	__u32 view; /* enum profile_view */
	__u32 thread; /* index */
	__u32 node; /* PROFILE_NONE: no stack */
	__u32 tag; /* see enum profile_view */
	__u64 count; /* of stacks, waits or faults */
	__u64 value; /* ns or bytes */
};

/* Why a stack does not reach its thread's first function. */
enum profile_incomplete {
	PROFILE_INCOMPLETE_SHORT, /* the copied part of the stack ended */
	PROFILE_INCOMPLETE_NO_CFI, /* code without unwind information */
	PROFILE_INCOMPLETE_UNMAPPED, /* an address that no mapping covers */
	PROFILE_INCOMPLETE_NO_FILE, /* a file that could not be opened or read */
	PROFILE_INCOMPLETE_NO_STACK, /* no byte of the user stack could be read */
	PROFILE_INCOMPLETE_DEEP, /* more frames than are kept */
	PROFILE_INCOMPLETE_READER, /* the reader of foreign files died or hung */
	PROFILE_INCOMPLETE_NO_POINTER, /* the chain of frame pointers leads nowhere */
	PROFILE_INCOMPLETE_ASTRAY, /* unwind information leads nowhere: an exception in flight */
	PROFILE_INCOMPLETES,
};

struct profile_quality {
	__u64 stacks[VIGIE_STACK_KINDS]; /* unwound */
	__u64 lost[VIGIE_SESSION_LOSSES];
	__u64 incomplete[PROFILE_INCOMPLETES]; /* stacks, by cause */
	__u64 truncated; /* of incomplete ones: SHORT and DEEP */
	__u64 pointers; /* stacks with frames that only frame pointers led to */
	__u64 cpu_ns; /* what the session cost in user space */
	__u64 probe_ns, probe_runs; /* BPF run time, where the kernel keeps statistics */
	__u64 culprit_ns; /* waits as the programs saw them; wait_ns of all threads is the kernel's */
	__u64 reader_restarts;
	__u64 hangs; /* of the processes that open files and read sleepers' stacks */
	__u64 names_wanted, names_found; /* different user frames */
	/* Of those in files: whose source was to be looked at, was, and was found. */
	__u64 lines_wanted, lines_looked, lines_found;
	__u64 stopped_early; /* 0, or enum profile_stop */
};

enum profile_stop {
	PROFILE_STOP_NONE,
	PROFILE_STOP_INTERRUPT, /* Ctrl-C */
	PROFILE_STOP_EXIT, /* the target ended */
	PROFILE_STOP_COST, /* more than 5 % of a core */
	PROFILE_STOP_LOSS, /* more than 1 % of the stacks */
	PROFILE_STOP_MEMORY,
	PROFILE_STOPS,
};

struct profile_about {
	__u32 target; /* string: what was asked for */
	__u32 command; /* string: vigie's own command line */
	__u32 host, kernel, version; /* strings */
	__u32 hz;
	__u32 views; /* 1 << enum profile_view: recorded */
	__u32 cpus; /* online */
	__u32 pointers; /* 1: by frame pointers, as asked */
	__u32 stack_bytes; /* copied of a user stack at most; 0: not known */
	__u64 begin_wall_ns; /* CLOCK_REALTIME */
	__u64 duration_ns;
};

/* Everything; arrays of n* used elements. */
struct profile {
	struct profile_about about;
	struct profile_quality quality;
	struct profile_beside beside;
	char *text; /* all strings, each with its NUL */
	__u32 *strings; /* string index -> offset in text */
	struct profile_module *modules;
	struct profile_line *lines;
	struct profile_frame *frames;
	struct profile_node *nodes;
	struct profile_process *processes;
	struct profile_thread *threads;
	struct profile_party *parties;
	struct profile_sample *samples;
	struct profile_cgroup *cgroups;
	struct profile_chain *chains;
	__u32 ntext, nstrings, nmodules, nlines, nframes, nnodes, nprocesses, nthreads, nparties,
		nsamples, ncgroups, nchains;
	struct profile_index *index; /* profile.c's own */
};

/* max_bytes bounds all of it; adding more fails with -ENOSPC. NULL: out of memory. */
struct profile *profile__new(size_t max_bytes);
/* From now on so much. */
void profile_allow(struct profile *p, size_t max_bytes);
void profile__free(struct profile *p); /* accepts NULL */
/*
 * Arrays and text were replaced, each by as much as is used: from now on strings and lines can be
 * added, and frames named. Nothing else: no other thing would be found again. 0 or -ENOMEM.
 */
int profile__adopt(struct profile *p);
size_t profile__bytes(const struct profile *p); /* memory it takes */

/* Valid until the next string is added. */
const char *profile_text(const struct profile *p, __u32 string);

/*
 * Each finds the equal element or adds it, and returns its index through ret_. 0, -ENOMEM or
 * -ENOSPC. A module is known by path and build id, a frame by module, flags and address (a
 * note's by its text), a node by parent and frame.
 */
int profile_string(struct profile *p, const char *s, size_t len, __u32 *ret);
int profile_module(struct profile *p, const struct profile_module *m, __u32 *ret);
int profile_frame(struct profile *p, __u32 module, __u32 flags, __u64 address, __u32 *ret);
int profile_note(struct profile *p, const char *text, __u32 *ret_frame);
int profile_node(struct profile *p, __u32 parent, __u32 frame, __u32 *ret);
int profile_party(struct profile *p, const struct profile_party *party, __u32 *ret);
/* Known by its path; a path has one unit. */
int profile_cgroup(struct profile *p, const char *path, const char *unit, __u32 *ret_path);
/* Adds count and value to the sample with the same view, thread, node and tag. */
int profile_add(struct profile *p, const struct profile_sample *sample);

/* Always new elements. */
int profile_chain(struct profile *p, const struct profile_chain *chain);
int profile_process(struct profile *p, const struct profile_process *process, __u32 *ret);
int profile_thread(struct profile *p, const struct profile_thread *thread, __u32 *ret);
/* Names a frame: its lines, innermost first, replace what was there. */
int profile_name_frame(struct profile *p, __u32 frame, const struct profile_line *lines,
		       unsigned int n);

/* Stacks that came through the ring, which may lose some: VIGIE_SESSION_LOST_RING. */
__u64 profile_taken(const struct profile_quality *q);

/* Of a sample of PROFILE_RUN_QUEUE. */
enum profile_relation profile_relation(const struct profile *p, const struct profile_sample *s);
const char *profile_relation_name(enum profile_relation relation);
/* The string that names the unit of a cgroup's path; the path where it is not known. */
__u32 profile_unit(const struct profile *p, __u32 path);

/* Short words for people and labels: "cpu", "off-cpu", "run-queue", "wakers", "faults". */
const char *profile_view_name(enum profile_view view);
const char *profile_wait_name(__u32 why); /* enum vigie_wait: "lock", "sleep", …, "run queue" */
const char *profile_incomplete_name(enum profile_incomplete why);
const char *profile_stop_name(__u32 stop);

/*
 * The name of a frame's nth line, innermost 0; with none: "[libfoo.so+0x1234]". Writes at most
 * size bytes with the NUL, raw as the binary had it. Returns dst.
 */
char *profile_frame_name(const struct profile *p, __u32 frame, __u32 nth, char *dst, size_t size);
/* Who: "comm (pid)" and the like. */
char *profile_party_name(const struct profile *p, __u32 party, char *dst, size_t size);

#endif
