// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_times.c - owns the weights: how the kernel's exact times are shared out to stacks.
 *
 * Stacks only say how a thread's time divides; how much there was to divide the kernel knows.
 * Every division is exact: parts are differences of rounded running sums, so they add up.
 */
#include "profile/session_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

enum { CULPRITS_SHOWN = 48 };

__u64 session_part(__u64 total, __u64 done, __u64 more, __u64 all)
{
	unsigned __int128 t = total;

	if (!all)
		return 0;
	return (__u64)(t * (done + more) / all) - (__u64)(t * done / all);
}

/* --- Stacks: a thread's samples of one view and tag share a total. ------------------------ */

struct share {
	__u64 total, all, done;
};

static struct share *share_of(struct share *shares, const struct profile_sample *sample)
{
	return &shares[sample->thread * (VIGIE_WAITS + 2) + (sample->view == PROFILE_CPU ? 0
							     : sample->view == PROFILE_FAULTS
								     ? 1
								     : 2 + sample->tag)];
}

/* Time of which no stack was taken still is time: it gets a sample without one. */
static int add_rest(struct session *s, enum profile_view view, __u32 thread, __u32 tag, __u64 value,
		    __u64 count, const char *note)
{
	struct profile_sample sample = {
		.view = view, .thread = thread, .tag = tag, .value = value, .count = count
	};
	__u32 frame;
	int err = 0;

	if (note)
		err = profile_note(s->profile, note, &frame);
	if (!err && note)
		err = profile_node(s->profile, 0, frame, &sample.node);
	return err ? err : profile_add(s->profile, &sample);
}

static int add_rests(struct session *s, struct share *shares, __u32 thread)
{
	const struct profile_thread *t = &s->profile->threads[thread];
	struct share *mine = shares + thread * (VIGIE_WAITS + 2);
	__u32 why;
	int err = 0;

	if (t->cpu_ns && !mine[0].all)
		err = add_rest(s, PROFILE_CPU, thread, 0, t->cpu_ns, 0,
			       "[too short to be sampled]");
	if (s->config.views & 1 << PROFILE_FAULTS && t->faults && !mine[1].all && !err)
		err = add_rest(s, PROFILE_FAULTS, thread, 0, mine[1].total, t->faults,
			       "[not sampled]");
	for (why = 0; why < VIGIE_WAITS && !err; why++)
		if (t->off_ns[why] && !mine[2 + why].all)
			err = add_rest(s, PROFILE_OFF_CPU, thread, why, t->off_ns[why],
				       t->off_count[why], NULL);
	return err;
}

static int share_out(struct session *s)
{
	struct profile *p = s->profile;
	struct share *shares = calloc(p->nthreads * (VIGIE_WAITS + 2) + 1, sizeof(*shares));
	__u32 i, why, n = p->nsamples;
	struct share *share;
	int err = 0;

	if (!shares)
		return -ENOMEM;
	for (i = 0; i < p->nthreads; i++) {
		share = shares + i * (VIGIE_WAITS + 2);
		share[0].total = p->threads[i].cpu_ns;
		share[1].total = p->threads[i].faults * 4096;
		for (why = 0; why < VIGIE_WAITS; why++)
			share[2 + why].total = p->threads[i].off_ns[why];
	}
	for (i = 0; i < n; i++)
		share_of(shares, &p->samples[i])->all += p->samples[i].count;
	for (i = 0; i < n; i++) {
		share = share_of(shares, &p->samples[i]);
		p->samples[i].value = session_part(share->total, share->done, p->samples[i].count,
						   share->all);
		share->done += p->samples[i].count;
	}
	for (i = 0; i < p->nthreads && !err; i++)
		err = add_rests(s, shares, i);
	free(shares);
	return err;
}

/* --- Threads. ------------------------------------------------------------------------------ */

static void fill_thread(struct session *s, struct profile_thread *t, const struct vigie_thread *b)
{
	t->exited = !!(b->flags & VIGIE_THREAD_CLOSED);
	t->wall_ns = b->end_ns > b->begin_ns ? b->end_ns - b->begin_ns : 0;
	t->cpu_ns = b->run_ns - b->run_begin_ns;
	t->wait_ns = b->delay_ns > b->delay_begin_ns ? b->delay_ns - b->delay_begin_ns : 0;
	t->faults = b->faults - b->faults_begin;
	if (s->config.views & 1 << PROFILE_OFF_CPU) {
		memcpy(t->off_ns, b->off_ns, sizeof(t->off_ns));
		memcpy(t->off_count, b->off_count, sizeof(t->off_count));
	}
}

static int take_threads(struct session *s, const struct capture_thread *all, size_t n)
{
	struct profile_thread *t;
	__u32 index, comm;
	int err = 0;
	size_t i;

	for (i = 0; i < n && !err; i++) {
		err = session_thread(s, all[i].key.tid, all[i].key.start_ns, all[i].times.tgid,
				     &index);
		if (!err)
			err = profile_string(s->profile, all[i].times.comm, VIGIE_COMM_LEN, &comm);
		if (err)
			break;
		t = &s->profile->threads[s->threads[index].thread];
		t->comm = comm;
		fill_thread(s, t, &all[i].times);
		/* A process goes by its leader's name. */
		if (all[i].key.tid == all[i].times.tgid)
			s->profile->processes[t->process].comm = comm;
		/* It is one for all threads of a process, but for who moves them about. */
		if (!s->profile->processes[t->process].cgroup)
			err = session_cgroup(s, all[i].times.cgroup_id,
					     &s->profile->processes[t->process].cgroup);
	}
	return err;
}

/* --- Who ran while they waited. ------------------------------------------------------------ */

static int by_wait(const void *a, const void *b)
{
	const struct capture_culprit *x = a, *y = b;

	if (x->culprit.wait_ns != y->culprit.wait_ns)
		return x->culprit.wait_ns > y->culprit.wait_ns ? -1 : 1;
	return x->tgid < y->tgid ? -1 : 1;
}

/*
 * Who was only seen to run by threads that moved away to another CPU has no name yet. Neither of these
 * files waits for the process, and only a kernel thread has no program.
 */
static void name_culprit(struct vigie_culprit *c, __u32 tgid)
{
	char path[64], program[1];

	if (proc_comm(tgid, c->comm, sizeof(c->comm)))
		return;
	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	c->kthread = readlink(path, program, sizeof(program)) < 0 && errno == ENOENT;
}

static int culprit_party(struct session *s, struct capture_culprit *c, __u32 *ret)
{
	struct profile_party party = { .kind = PROFILE_PARTY_PROCESS, .pid = c->tgid };
	int err;

	if (c->tgid && !c->culprit.comm[0])
		name_culprit(&c->culprit, c->tgid);
	err = profile_string(s->profile, c->culprit.comm, VIGIE_COMM_LEN, &party.comm);

	if (!c->tgid)
		party = (struct profile_party){ .kind = PROFILE_PARTY_IDLE };
	else if (c->culprit.kthread)
		party.kind = PROFILE_PARTY_KTHREAD;
	if (!err && c->tgid)
		err = session_cgroup(s, c->culprit.cgroup_id, &party.cgroup);
	return err ? err : profile_party(s->profile, &party, ret);
}

/* What is beyond those that are shown, and what the programs missed. */
static int others_party(struct session *s, __u32 *ret)
{
	struct profile_party party = { .kind = PROFILE_PARTY_OTHERS };

	return profile_party(s->profile, &party, ret);
}

/*
 * Programs measure who ran, the kernel how long was waited. Each thread's wait is divided as the
 * programs saw all waits divide.
 */
static int add_culprits(struct session *s, struct capture_culprit *all, size_t n)
{
	struct profile_sample sample = { .view = PROFILE_RUN_QUEUE };
	__u64 sum = 0, done, shown;
	__u32 parties[CULPRITS_SHOWN], others, i, t, top = n < CULPRITS_SHOWN ? n : CULPRITS_SHOWN;
	int err = others_party(s, &others);

	for (i = 0; i < n; i++)
		sum += all[i].culprit.wait_ns;
	for (i = 0; i < top && !err; i++)
		err = culprit_party(s, &all[i], &parties[i]);
	for (t = 0; t < s->profile->nthreads && !err; t++) {
		__u64 wait = s->profile->threads[t].wait_ns;

		sample.thread = t;
		for (i = 0, done = 0, shown = 0; i < top && !err; i++) {
			sample.tag = parties[i];
			sample.value = session_part(wait, done, all[i].culprit.wait_ns, sum);
			done += all[i].culprit.wait_ns;
			shown += sample.value;
			if (sample.value)
				err = profile_add(s->profile, &sample);
		}
		sample.tag = others;
		sample.value = wait - shown;
		if (sample.value && !err)
			err = profile_add(s->profile, &sample);
	}
	return err;
}

static int take_culprits(struct session *s, const struct capture_thread *threads, size_t nthreads)
{
	struct capture_culprit *all;
	size_t n, i;
	int err = capture__culprits(s->capture, threads, nthreads, &all, &n);

	if (err)
		return err;
	qsort(all, n, sizeof(*all), by_wait);
	for (i = 0; i < n; i++)
		s->profile->quality.culprit_ns += all[i].culprit.wait_ns;
	err = add_culprits(s, all, n);
	free(all);
	return err;
}

int session_settle_times(struct session *s)
{
	struct capture_thread *threads;
	size_t n;
	int err = capture__threads(s->capture, &threads, &n);

	if (err)
		return err;
	err = take_threads(s, threads, n);
	if (!err)
		err = share_out(s);
	if (!err && s->config.views & 1 << PROFILE_RUN_QUEUE)
		err = take_culprits(s, threads, n);
	free(threads);
	if (!err && s->config.views & 1 << PROFILE_WAKERS)
		err = session_settle_wakers(s);
	return err;
}
