// SPDX-License-Identifier: GPL-2.0-only
/* profile_names.c - owns the words for what a profile's numbers mean. */
#include "data/profile.h"

#include <stdio.h>
#include <string.h>

static const char *names_word(const char *const words[], __u32 n, __u32 i)
{
	return i < n ? words[i] : "?";
}

const char *profile_view_name(enum profile_view view)
{
	static const char *const words[PROFILE_VIEWS] = {
		[PROFILE_CPU] = "cpu",	      [PROFILE_OFF_CPU] = "offcpu",
		[PROFILE_RUN_QUEUE] = "runq", [PROFILE_WAKERS] = "wakers",
		[PROFILE_FAULTS] = "faults",
	};

	return names_word(words, PROFILE_VIEWS, view);
}

const char *profile_wait_name(__u32 why)
{
	static const char *const words[VIGIE_WAITS + 1] = {
		[VIGIE_WAIT_LOCK] = "lock",
		[VIGIE_WAIT_SLEEP] = "sleep",
		[VIGIE_WAIT_POLL] = "poll",
		[VIGIE_WAIT_NETWORK] = "network",
		[VIGIE_WAIT_PIPE] = "pipe",
		[VIGIE_WAIT_EVENT] = "event",
		[VIGIE_WAIT_TERMINAL] = "terminal",
		[VIGIE_WAIT_DISK] = "disk",
		[VIGIE_WAIT_MAJOR_FAULT] = "major fault",
		[VIGIE_WAIT_MEMORY] = "memory reclaim",
		[VIGIE_WAIT_MMAP_LOCK] = "address-space lock",
		[VIGIE_WAIT_CHILD] = "child",
		[VIGIE_WAIT_SIGNAL] = "signal",
		[VIGIE_WAIT_STOPPED] = "stopped",
		[VIGIE_WAIT_OTHER] = "other",
		[VIGIE_WAIT_KERNEL] = "kernel",
		[VIGIE_WAIT_RUN_QUEUE] = "run queue",
	};

	return names_word(words, VIGIE_WAITS + 1, why);
}

const char *profile_incomplete_name(enum profile_incomplete why)
{
	static const char *const words[PROFILE_INCOMPLETES] = {
		[PROFILE_INCOMPLETE_SHORT] = "stack copy too short",
		[PROFILE_INCOMPLETE_NO_CFI] = "no unwind information",
		[PROFILE_INCOMPLETE_UNMAPPED] = "address not mapped",
		[PROFILE_INCOMPLETE_NO_FILE] = "file not readable",
		[PROFILE_INCOMPLETE_NO_STACK] = "stack not readable",
		[PROFILE_INCOMPLETE_DEEP] = "too many frames",
		[PROFILE_INCOMPLETE_READER] = "reader of foreign files died",
		[PROFILE_INCOMPLETE_NO_POINTER] = "no frame pointer",
		[PROFILE_INCOMPLETE_ASTRAY] = "caller not found",
	};

	return names_word(words, PROFILE_INCOMPLETES, why);
}

const char *profile_stop_name(__u32 stop)
{
	static const char *const words[PROFILE_STOPS] = {
		[PROFILE_STOP_NONE] = "the time was over",
		[PROFILE_STOP_INTERRUPT] = "interrupted",
		[PROFILE_STOP_EXIT] = "the target ended",
		[PROFILE_STOP_COST] = "it cost more than 5 % of a core",
		[PROFILE_STOP_LOSS] = "it lost more than 1 % of its stacks",
		[PROFILE_STOP_MEMORY] = "its memory was used up",
	};

	return names_word(words, PROFILE_STOPS, stop);
}

const char *profile_relation_name(enum profile_relation relation)
{
	static const char *const words[PROFILE_RELATIONS] = {
		[PROFILE_SAME_CGROUP] = "same cgroup",
		[PROFILE_OTHER_CGROUP] = "another cgroup",
		[PROFILE_KERNEL_THREADS] = "kernel threads",
		[PROFILE_IDLE] = "idle, waking up",
		[PROFILE_UNTOLD] = "not told apart",
	};

	return names_word(words, PROFILE_RELATIONS, relation);
}

enum profile_relation profile_relation(const struct profile *p, const struct profile_sample *s)
{
	const struct profile_party unseen = { .kind = PROFILE_PARTY_UNKNOWN };
	const struct profile_party *party = s->tag < p->nparties ? &p->parties[s->tag] : &unseen;
	__u32 cgroup = p->processes[p->threads[s->thread].process].cgroup;

	if (party->kind == PROFILE_PARTY_IDLE)
		return PROFILE_IDLE;
	if (party->kind == PROFILE_PARTY_KTHREAD)
		return PROFILE_KERNEL_THREADS;
	if (party->kind != PROFILE_PARTY_PROCESS || !*profile_text(p, cgroup) ||
	    !*profile_text(p, party->cgroup))
		return PROFILE_UNTOLD;
	/* By text: a file may hold a string twice. */
	return strcmp(profile_text(p, cgroup), profile_text(p, party->cgroup))
		       ? PROFILE_OTHER_CGROUP
		       : PROFILE_SAME_CGROUP;
}

__u32 profile_unit(const struct profile *p, __u32 path)
{
	__u32 i;

	for (i = 0; i < p->ncgroups; i++)
		if (p->cgroups[i].path == path)
			return p->cgroups[i].unit;
	return path;
}

char *profile_frame_name(const struct profile *p, __u32 frame, __u32 nth, char *dst, size_t size)
{
	const struct profile_frame *f = &p->frames[frame];
	const char *path, *slash;

	if (nth < f->nlines) {
		snprintf(dst, size, "%s", profile_text(p, p->lines[f->line + nth].function));
		return dst;
	}
	if (f->flags & PROFILE_FRAME_KERNEL && !f->module) {
		snprintf(dst, size, "[kernel+0x%llx]", (unsigned long long)f->address);
		return dst;
	}
	path = profile_text(p, p->modules[f->module].path);
	slash = strrchr(path, '/');
	if (!f->module)
		path = "unknown";
	else if (slash && slash[1])
		path = slash + 1;
	snprintf(dst, size, "[%s+0x%llx]", path, (unsigned long long)f->address);
	return dst;
}

char *profile_party_name(const struct profile *p, __u32 party, char *dst, size_t size)
{
	const struct profile_party *who = &p->parties[party];
	const char *comm = profile_text(p, who->comm);

	switch (who->kind) {
	case PROFILE_PARTY_IDLE: snprintf(dst, size, "(idle, waking up)"); break;
	case PROFILE_PARTY_TIMER: snprintf(dst, size, "(timer)"); break;
	case PROFILE_PARTY_INTERRUPT: snprintf(dst, size, "(interrupt)"); break;
	case PROFILE_PARTY_NETWORK: snprintf(dst, size, "(network)"); break;
	case PROFILE_PARTY_BLOCK: snprintf(dst, size, "(block device)"); break;
	case PROFILE_PARTY_SOFTIRQ: snprintf(dst, size, "(soft interrupt)"); break;
	case PROFILE_PARTY_UNKNOWN: snprintf(dst, size, "(not seen)"); break;
	case PROFILE_PARTY_OTHERS: snprintf(dst, size, "(all others)"); break;
	case PROFILE_PARTY_KTHREAD: snprintf(dst, size, "%s (kernel, %u)", comm, who->pid); break;
	case PROFILE_PARTY_THREAD:
		snprintf(dst, size, "%s (%u/%u)", comm, who->pid, who->tid);
		break;
	default: snprintf(dst, size, "%s (%u)", comm, who->pid);
	}
	return dst;
}
