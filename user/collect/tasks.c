// SPDX-License-Identifier: GPL-2.0-only
/* tasks.c - owns the sum over threads, and the array of processes. PURE. */
#include "collect/tasks.h"

#include <stdlib.h>
#include <string.h>

#include "data/processes.h"
#include "data/usage.h"

enum { NOWHERE = -1 };

void tasks_init(struct tasks *t)
{
	memset(t, 0, sizeof(*t));
	hash_init(&t->by_pid);
}

void tasks_done(struct tasks *t)
{
	free(t->processes);
	free(t->seen);
	hash_done(&t->by_pid);
	tasks_init(t);
}

/* Makes room for n processes, or gives room back. False: no memory, nothing changed. */
static bool tasks_resize(struct tasks *t, size_t cap)
{
	struct process *processes = realloc(t->processes, cap * sizeof(*processes));
	__u32 *seen;

	if (!processes)
		return false;
	t->processes = processes;
	if (cap < t->cap) /* before anything can fail: that much is left for certain */
		t->cap = cap;
	seen = realloc(t->seen, cap * sizeof(*seen));
	if (!seen)
		return false;
	t->seen = seen;
	t->cap = cap;
	return true;
}

static uint32_t pid_sum(__u32 pid)
{
	return pid * 0x9e3779b1u;
}

/* Iterators go by ascending id, and so does our array: try the neighbour first. */
static ssize_t tasks_place(struct tasks *t, __u32 pid)
{
	uint32_t at, sum = pid_sum(pid), i;
	size_t near;

	for (near = t->hint; near < t->n && near < t->hint + 2; near++)
		if (t->processes[near].pid == pid)
			return t->hint = near;
	near = processes_from(t->processes, t->known, pid);
	if (near < t->known && t->processes[near].pid == pid) {
		/* A late thread of an early process is no place to go on from. */
		if (near > t->hint)
			t->hint = near;
		return near;
	}
	for (i = hash_first(&t->by_pid, sum, &at); i != HASH_NONE;
	     i = hash_next(&t->by_pid, sum, &at))
		if (t->processes[i].pid == pid)
			return i;
	return NOWHERE;
}

struct process *tasks_find(struct tasks *t, __u32 pid)
{
	ssize_t i = tasks_place(t, pid);

	return i != NOWHERE && t->seen[i] == t->pass ? &t->processes[i] : NULL;
}

static ssize_t tasks_new(struct tasks *t, __u32 pid)
{
	if (t->n == t->cap && !tasks_resize(t, t->cap + t->cap / 4 + 64))
		return NOWHERE;
	if (hash_reserve(&t->by_pid, t->n - t->known + 1))
		return NOWHERE;
	memset(&t->processes[t->n], 0, sizeof(*t->processes));
	t->processes[t->n].pid = pid;
	t->seen[t->n] = t->pass - 1;
	hash_add(&t->by_pid, pid_sum(pid), t->n);
	return t->n++;
}

/* The first record of a pass: what is summed up starts over. */
static struct process *tasks_touch(struct tasks *t, size_t i)
{
	struct process *p = &t->processes[i];

	if (t->seen[i] == t->pass)
		return p;
	t->seen[i] = t->pass;
	memset(&p->inc, 0, sizeof(p->inc));
	p->flags |= VIGIE_TASK_ZOMBIE; /* until a living task shows up */
	p->threads = 0;
	p->life_cpu_ns = 0;
	return p;
}

void tasks_begin(struct tasks *t)
{
	t->pass++;
	t->hint = 0;
	t->records = t->untracked = t->lost = 0;
}

static void set_identity(struct process *p, const struct vigie_task *rec)
{
	p->start_ns = rec->start_ns;
	p->ppid = rec->ppid;
	p->uid = rec->uid;
	p->cgroup_id = rec->cgroup_id;
	memcpy(p->comm, rec->comm, sizeof(p->comm));
	memcpy(p->exe, rec->exe, sizeof(p->exe));
}

/* The mm is shown by the leader, or by any thread once the leader is gone. */
static void set_memory(struct process *p, const struct vigie_task *rec)
{
	int i;

	/* The zeros of a zombie leader, or of a thread that does not speak for it, say nothing. */
	for (i = 0; i < VIGIE_RSS_KINDS; i++)
		if (rec->rss_pages[i] ||
		    (rec->tid == rec->tgid && !(rec->flags & VIGIE_TASK_ZOMBIE)))
			p->rss_pages[i] = rec->rss_pages[i];
}

static void set_alive(struct process *p, __u32 flags)
{
	p->flags = (p->flags & VIGIE_TASK_ZOMBIE) |
		   (flags & (VIGIE_TASK_KTHREAD | VIGIE_TASK_UNTRACKED));
	/* A zombie leader may have living threads: the process lives as long as one does. */
	if (flags & VIGIE_TASK_ZOMBIE)
		return;
	p->flags &= ~VIGIE_TASK_ZOMBIE;
	p->threads++;
}

void tasks_add(struct tasks *t, const struct vigie_task *rec)
{
	ssize_t i = tasks_place(t, rec->tgid);
	bool fresh;
	struct process *p;

	t->records++;
	t->untracked += !!(rec->flags & VIGIE_TASK_UNTRACKED);
	if (i == NOWHERE)
		i = tasks_new(t, rec->tgid);
	if (i == NOWHERE) {
		t->lost++;
		return;
	}
	fresh = t->seen[i] != t->pass;
	p = tasks_touch(t, i);
	if (fresh) {
		p->peak_pages = 0;
		memset(p->rss_pages, 0, sizeof(p->rss_pages));
	}
	if (fresh || rec->tid == rec->tgid)
		set_identity(p, rec);
	set_alive(p, rec->flags);
	set_memory(p, rec);
	p->life_cpu_ns += rec->life_cpu_ns;
	if (rec->peak_pages > p->peak_pages)
		p->peak_pages = rec->peak_pages;
	usage_add(&p->inc, &rec->inc);
}

void tasks_add_asleep(struct tasks *t, const struct vigie_asleep *rec)
{
	ssize_t i = tasks_place(t, rec->tgid);
	struct process *p;

	t->records++;
	if (i == NOWHERE || rec->wait_reason >= VIGIE_OFF_REASONS) {
		t->lost++;
		return;
	}
	if (t->seen[i] != t->pass)
		t->processes[i].peak_pages = 0;
	p = tasks_touch(t, i);
	set_alive(p, rec->flags);
	p->life_cpu_ns += rec->life_cpu_ns;
	p->inc.off_ns[rec->wait_reason] += rec->off_ns;
}

static void raise_peak(struct process *p)
{
	__u64 resident = p->rss_pages[VIGIE_RSS_FILE] + p->rss_pages[VIGIE_RSS_ANON] +
			 p->rss_pages[VIGIE_RSS_SHMEM];

	if (p->peak_pages < resident)
		p->peak_pages = resident;
}

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void move_processes(struct tasks *t, size_t to, size_t from, size_t n)
{
	if (to != from)
		memmove(&t->processes[to], &t->processes[from], n * sizeof(*t->processes));
}

/* Closes the gaps of those who are gone: runs of those who stay move as one. */
static void drop_unseen(struct tasks *t)
{
	size_t i = 0, kept = 0, gone = 0, from;

	while (i < t->n) {
		for (; i < t->n && t->seen[i] != t->pass; i++)
			gone += i < t->known;
		for (from = i; i < t->n && t->seen[i] == t->pass; i++)
			;
		move_processes(t, kept, from, i - from);
		kept += i - from;
	}
	t->known -= gone;
	t->n = kept;
}

/* From the end: what is below the lowest new pid, in most passes everything, stays. */
static void merge_new(struct tasks *t, const struct process *new, size_t n)
{
	size_t end = t->known, from;

	while (n) {
		for (from = end; from && t->processes[from - 1].pid > new[n - 1].pid; from--)
			;
		move_processes(t, from + n, from, end - from);
		end = from;
		n--;
		t->processes[end + n] = new[n];
	}
}

/* The new ones among the known ones. Few at a time, so a place for a copy is all it takes. */
static void sort_new(struct tasks *t)
{
	size_t n = t->n - t->known;
	struct process *new;

	if (!n)
		return;
	qsort(&t->processes[t->known], n, sizeof(*new), by_pid);
	if (!t->known || t->processes[t->known - 1].pid < t->processes[t->known].pid)
		return;
	new = malloc(n * sizeof(*new));
	if (!new) {
		qsort(t->processes, t->n, sizeof(*new), by_pid);
		return;
	}
	memcpy(new, &t->processes[t->known], n * sizeof(*new));
	merge_new(t, new, n);
	free(new);
}

static void keep_unseen(struct tasks *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->seen[i] != t->pass)
			memset(&t->processes[i].inc, 0, sizeof(t->processes[i].inc));
}

void tasks_end(struct tasks *t, bool complete)
{
	size_t i;

	if (complete)
		drop_unseen(t);
	else
		keep_unseen(t);
	sort_new(t);
	for (i = 0; i < t->n; i++) {
		raise_peak(&t->processes[i]);
		t->seen[i] = t->pass;
	}
	if (t->n > t->known)
		hash_done(&t->by_pid);
	t->known = t->n;
	if (t->cap > 2 * (t->n + t->n / 4 + 64)) /* the storm is over */
		tasks_resize(t, t->n + t->n / 4 + 64);
}
