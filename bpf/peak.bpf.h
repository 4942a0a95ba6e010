/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * peak.bpf.h - the highest resident memory between two records, at no cost per page.
 *
 * mm->hiwater_rss is raised by the kernel before anything lowers what is resident. If it grew
 * since the last record, the peak of that time is known to the page. If it did not, the peak
 * lies below a mark of long ago, and is the highest of what timer ticks saw of the task while
 * it ran, and of what is resident at the record: what rises and falls within one tick may be
 * missed. A probe at every change of a counter (rss_stat) would see it, and cost every page
 * fault of the host a twentieth of its time.
 */
#ifndef VIGIE_PEAK_BPF_H
#define VIGIE_PEAK_BPF_H

#include "state.bpf.h"

static __always_inline void peak_raise(struct task_state *st, __u64 pages)
{
	if (pages > st->peak_pages)
		st->peak_pages = pages;
}

/* The mark, if it grew since it was last handed out, else 0. A leader hands it out only. */
static __always_inline __u64 peak_news(struct mm_struct *mm, const struct task_state *st)
{
	__u64 high = mm->hiwater_rss;

	return (__u64)mm != st->high_mm || high > st->high_pages ? high : 0;
}

static __always_inline void peak_told(struct mm_struct *mm, struct task_state *st)
{
	st->high_mm = (__u64)mm;
	st->high_pages = mm->hiwater_rss;
}

/*
 * The process ends, and task is its last thread. From 6.16 on it still has its memory; before,
 * signal->maxrss has the mark, but also that of what ran before exec: after vfork() that is
 * the parent's memory, and then only a higher mark is the process' own.
 */
static __always_inline void peak_last(struct task_struct *task, struct task_state *leader)
{
	struct mm_struct *mm = task->mm;
	__u64 high = task->signal->maxrss;

	if (mm) {
		peak_raise(leader, peak_news(mm, leader));
		peak_raise(leader, compat_mm_resident(mm));
	} else if (high > leader->high_before_exec && high > leader->high_pages) {
		peak_raise(leader, high);
	}
}

#endif
