// SPDX-License-Identifier: GPL-2.0-only
/* session.c - owns the order of a session: open, look, end, settle, name. */
#include "profile/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/units.h"
#include "profile/session_parts.h"
#include "sandbox/process.h"

enum {
	DRAIN_MS = 5000, /* for stacks that are there as a session ends */
	NAMES_MS = 15000, /* that symbolizers may keep us waiting for names */
	REFRESH_MS = 100, /* mappings are read again that often at most */
	SETTLED_MS = 2000, /* of start-up; then cost counts, and is judged after as long again */
	LOSS_JUDGED = 200, /* stacks: of fewer, one lost says nothing */
};

void session_config_default(struct session_config *config)
{
	*config = (struct session_config){
		.hz = 99,
		.sleeper_hz = 49,
		.views = (1 << PROFILE_VIEWS) - 1,
		.max_bytes = 64 << 20,
		.ring_bytes = 8 << 20,
		.stack_bytes = VIGIE_STACK_DEFAULT,
		.max_cost = 0.05,
	};
}

static int allocate(struct session *s)
{
	s->profile = profile__new(s->config.max_bytes);
	s->modules = calloc(SYMBOLIZER_MODULES_MAX, sizeof(*s->modules));
	s->pidfds = calloc(VIGIE_TARGETS_MAX, sizeof(*s->pidfds));
	s->pending = calloc(PENDING_MAX, sizeof(*s->pending));
	hash_init(&s->by_thread);
	return s->profile && s->modules && s->pidfds && s->pending ? 0 : -ENOMEM;
}

static int open_parts(struct session *s, const char **ret_what)
{
	struct symbolizer_config symbolizer = { .confine = s->config.confine,
						.patience_ms = NAMES_MS,
						.pointers = s->config.pointers };
	const struct capture_config capture = { .hz = s->config.hz,
						.views = s->config.views,
						.children = s->config.children,
						.plan = s->config.plan,
						.ring_bytes = s->config.ring_bytes,
						.stack_bytes = s->config.stack_bytes };
	int err = allocate(s);

	/* Both before there is any BPF object that they could hold on to. */
	*ret_what = "start the opener of foreign files";
	if (!err)
		err = opener__start(&s->opener);
	symbolizer.opener = s->opener;
	if (!err)
		*ret_what = "start the symbolizer";
	if (!err)
		err = symbolizer__start(&symbolizer, &s->symbolizer);
	if (!err)
		err = spaces_init(&s->spaces, s->symbolizer, s->opener);
	return err ? err : capture__open(&capture, &s->capture, ret_what);
}

int session__open(const struct session_config *config, struct session **ret, const char **ret_what)
{
	struct session *s = calloc(1, sizeof(*s));
	int err;

	*ret_what = "allocate the session";
	if (!s)
		return -ENOMEM;
	s->config = *config;
	err = open_parts(s, ret_what);
	if (err) {
		session__free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void session__free(struct session *s)
{
	__u32 i;

	if (!s)
		return;
	sleepers__free(s->sleepers);
	capture__free(s->capture);
	symbolizer__free(s->symbolizer);
	opener__free(s->opener);
	spaces_done(&s->spaces);
	profile__free(s->profile);
	for (i = 0; i < s->ntargets; i++)
		close(s->pidfds[i]);
	hash_done(&s->by_thread);
	free(s->threads);
	free(s->waker_stacks);
	free(s->modules);
	free(s->pidfds);
	free(s->pending);
	free(s);
}

int session__add(struct session *s, pid_t pid)
{
	__u32 space;
	int fd, err;

	if (s->ntargets == VIGIE_TARGETS_MAX)
		return -E2BIG;
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	s->pidfds[s->ntargets++] = fd;
	err = capture__add(s->capture, pid);
	if (!err)
		err = spaces_get(&s->spaces, pid, &space);
	return err;
}

static __u64 cost_ns(const struct session *s)
{
	__u64 ns = process_cpu_ns(RUSAGE_SELF);

	ns += symbolizer__cpu_ns(s->symbolizer) + opener__cpu_ns(s->opener);
	return s->sleepers ? ns + sleepers__cpu_ns(s->sleepers) : ns;
}

int session__begin(struct session *s)
{
	__u32 i;
	int err;

	/* The files are pinned at once: whoever exits keeps his names. */
	for (i = 0; i < s->spaces.nspaces; i++)
		spaces_refresh(&s->spaces, i);
	/* Their passes find nobody yet. What comes after the begin is the target's time. */
	if (s->config.views & 1 << PROFILE_OFF_CPU && s->config.sleeper_hz)
		sleepers__start(s->capture, s->config.sleeper_hz, &s->sleepers);
	s->begin_wall_ns = clock_wall_ns();
	err = capture__begin(s->capture);
	s->begin_ns = s->checked_ns = capture__begin_ns(s->capture);
	s->begin_cpu_ns = cost_ns(s);
	s->has_steal = !session_steal(&s->begin_steal_ns);
	s->refresh_ns = s->begin_ns + REFRESH_MS * NS_PER_MS;
	return err;
}

/* Not the time of day: whoever is kept waiting has not worked. */
__u64 session_effort_ns(const struct session *s)
{
	return clock_thread_cpu_ns() + opener__cpu_ns(s->opener);
}

static void refresh(struct session *s, __u64 now)
{
	__u64 began = session_effort_ns(s), gap;
	__u32 i;

	for (i = 0; i < s->spaces.nspaces; i++)
		spaces_refresh(&s->spaces, i);
	/* A library that takes another's addresses is known only once they were read. */
	gap = REFRESH_SHARE * (session_effort_ns(s) - began);
	s->refresh_ns = now + (gap > REFRESH_MS * NS_PER_MS ? gap : REFRESH_MS * NS_PER_MS);
}

static bool all_ended(const struct session *s)
{
	struct pollfd fd = { .events = POLLIN };
	__u32 i;

	for (i = 0; i < s->ntargets; i++) {
		fd.fd = s->pidfds[i];
		if (poll(&fd, 1, 0) == 0)
			return false;
	}
	return !s->config.children || !capture__alive(s->capture);
}

/* What goes on, not the start: a program's files are read into tables once. */
static bool costs_too_much(struct session *s, __u64 now)
{
	if (now - s->begin_ns < SETTLED_MS * NS_PER_MS)
		return false;
	if (!s->settled_ns) {
		s->settled_ns = now;
		s->settled_cpu_ns = cost_ns(s);
	}
	return now - s->settled_ns >= SETTLED_MS * NS_PER_MS &&
	       cost_ns(s) - s->settled_cpu_ns > s->config.max_cost * (now - s->settled_ns);
}

/* Once a second: what it costs, and what it loses. */
static int session_judge(struct session *s, __u64 now)
{
	__u64 lost = capture__lost(s->capture, VIGIE_SESSION_LOST_RING) - s->checked_lost;
	__u64 all = profile_taken(&s->profile->quality) - s->checked_taken + lost;

	if (now - s->checked_ns < NS_PER_S)
		return PROFILE_STOP_NONE;
	s->checked_ns = now;
	if (all < LOSS_JUDGED && now - s->begin_ns < SETTLED_MS * NS_PER_MS)
		return PROFILE_STOP_NONE;
	s->checked_lost += lost;
	s->checked_taken = profile_taken(&s->profile->quality);
	if (all >= LOSS_JUDGED && lost * 100 > all)
		return PROFILE_STOP_LOSS;
	return costs_too_much(s, now) ? PROFILE_STOP_COST : PROFILE_STOP_NONE;
}

int session__step(struct session *s, int timeout_ms)
{
	__u64 now;
	int n = capture__poll(s->capture, timeout_ms, session_take_stack, s);

	if (n < 0)
		return n;
	now = clock_monotonic_ns();
	if (s->sleepers)
		sleepers__poll(s->sleepers, now, session_take_stack, s);
	symbolizer__poll(s->symbolizer, false, session_take_frames, s);
	if (now > s->refresh_ns)
		refresh(s, now);
	if (s->err == -ENOSPC)
		return PROFILE_STOP_MEMORY;
	if (s->err)
		return s->err;
	if (all_ended(s))
		return PROFILE_STOP_EXIT;
	return session_judge(s, now);
}

/* Once all is named: that reads files as well. */
static void count_hangs(struct session *s)
{
	struct profile_quality *q = &s->profile->quality;

	q->reader_restarts = symbolizer__restarts(s->symbolizer);
	q->hangs = opener__hangs(s->opener) + (s->sleepers ? sleepers__hangs(s->sleepers) : 0);
}

static void fill_quality(struct session *s, enum profile_stop why)
{
	struct profile_quality *q = &s->profile->quality;
	int i;

	for (i = 0; i < VIGIE_SESSION_LOSSES; i++)
		q->lost[i] = capture__lost(s->capture, i);
	q->lost[VIGIE_SESSION_LOST_RING] += s->dropped;
	q->cpu_ns = cost_ns(s) - s->begin_cpu_ns;
	capture__cost(s->capture, &q->probe_ns, &q->probe_runs);
	q->pointers = symbolizer__pointers(s->symbolizer);
	q->stopped_early = why;
}

static void drop_stack(void *ctx, const struct vigie_stack *stack, const __u8 *user)
{
	struct session *s = ctx;

	s->dropped++;
}

/* What is in the ring still counts, and what the symbolizer still has; but a result is due. */
static void session_drain(struct session *s)
{
	const __u64 until = clock_monotonic_ns() + DRAIN_MS * NS_PER_MS;

	while (clock_monotonic_ns() < until &&
	       capture__poll(s->capture, 0, session_take_stack, s) > 0)
		;
	if (s->sleepers)
		sleepers__poll(s->sleepers, s->end_ns, session_take_stack, s);
	symbolizer__poll(s->symbolizer, true, session_take_frames, s);
	while (capture__poll(s->capture, 0, drop_stack, s) > 0)
		;
}

int session__finish(struct session *s, enum profile_stop why, struct profile **ret,
		    const char **ret_what)
{
	struct profile_about *about = &s->profile->about;
	int err;

	*ret_what = "end the threads' times";
	err = capture__end(s->capture);
	session_settle_steal(s);
	s->end_ns = clock_monotonic_ns();
	if (err)
		return err;
	session_drain(s);
	/* Who filled it is to be told all the same: what settling and naming add has as much again. */
	profile_allow(s->profile, 2 * s->config.max_bytes);
	if (s->err == -ENOSPC)
		s->err = 0;
	fill_quality(s, why);
	*ret_what = "settle the threads' times";
	err = s->err ? s->err : session_settle_times(s);
	*ret_what = "name the frames";
	if (!err)
		err = session_name_frames(s);
	if (err == -ENOSPC) /* what has no name keeps its module and address */
		err = 0;
	if (err)
		return err;
	count_hangs(s);
	about->hz = s->config.hz;
	about->views = s->config.views;
	about->pointers = s->config.pointers;
	about->stack_bytes = s->config.stack_bytes;
	about->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	about->begin_wall_ns = s->begin_wall_ns;
	about->duration_ns = s->end_ns - s->begin_ns;
	*ret = s->profile;
	s->profile = NULL;
	return 0;
}

static int process_of(struct session *s, __u32 tgid, __u32 *ret)
{
	struct profile_process process = { .pid = tgid };
	__u32 i;

	for (i = 0; i < s->profile->nprocesses; i++) {
		if (s->profile->processes[i].pid == tgid) {
			*ret = i;
			return 0;
		}
	}
	return profile_process(s->profile, &process, ret);
}

static int threads_grow(struct session *s)
{
	int err = array_grow(&s->threads, &s->threads_room, s->nthreads + 1, sizeof(*s->threads),
			     HASH_NONE);

	return err ? err : hash_reserve(&s->by_thread, s->nthreads + 1);
}

int session_thread(struct session *s, __u32 tid, __u64 start_ns, __u32 tgid, __u32 *ret)
{
	const __u64 key[2] = { tid, start_ns };
	__u32 sum = hash_bytes(key, sizeof(key), 0), i, at;
	struct profile_thread thread = { .tid = tid };
	struct known_thread *t;
	int err;

	for (i = hash_first(&s->by_thread, sum, &at); i != HASH_NONE;
	     i = hash_next(&s->by_thread, sum, &at)) {
		if (s->threads[i].tid == tid && s->threads[i].start_ns == start_ns) {
			*ret = i;
			return 0;
		}
	}
	err = threads_grow(s);
	if (!err)
		err = process_of(s, tgid, &thread.process);
	t = &s->threads[s->nthreads];
	if (!err)
		err = profile_thread(s->profile, &thread, &t->thread);
	if (err)
		return err;
	*t = (struct known_thread){ .tid = tid, .start_ns = start_ns, .thread = t->thread };
	hash_add(&s->by_thread, sum, s->nthreads);
	*ret = s->nthreads++;
	return 0;
}

void session__stat(const struct session *s, struct session_stat *ret)
{
	const struct profile_quality *q = &s->profile->quality;

	ret->elapsed_ns = clock_monotonic_ns() - s->begin_ns;
	ret->stacks = profile_taken(q) + q->stacks[VIGIE_STACK_ASLEEP];
	ret->lost = capture__lost(s->capture, VIGIE_SESSION_LOST_RING);
	ret->cost_ns = cost_ns(s) - s->begin_cpu_ns;
}

const char *session__gap(const struct session *s, enum profile_view view)
{
	const struct capture_gaps *gaps = capture__gaps(s->capture);

	if (view == PROFILE_CPU)
		return gaps->cpu;
	if (view == PROFILE_OFF_CPU)
		return gaps->sleepers;
	return view == PROFILE_FAULTS ? gaps->faults : "";
}
