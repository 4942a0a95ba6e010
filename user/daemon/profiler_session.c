// SPDX-License-Identifier: GPL-2.0-only
/* profiler_session.c - owns the way from a finding's processes to a file in its folder. */
#include "daemon/profiler_session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memfd.h"
#include "base/proc.h"
#include "base/units.h"
#include "daemon/session_host.h"
#include "daemon/session_lock.h"
#include "profile/session.h"
#include "record/session_file.h"
#include "sandbox/confine.h"
#include "sandbox/fd_pass.h"

enum { LOOK_S = 10, STEP_MS = 100, FILE_MAX = 8 << 20, PROFILE_MAX = 32 << 20 };

static int failed(struct profiler_said *said, const char *what, int err)
{
	said->outcome = err == -ESRCH ? PROFILER_GONE : PROFILER_FAILED;
	said->err = err;
	snprintf(said->what, sizeof(said->what), "%s", what);
	return err;
}

/* The very process that was meant: a pid may be another's by now. */
static int look_add(struct session *s, const struct profiler_target *target)
{
	__u64 tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK), ticks;
	int fd = syscall(SYS_pidfd_open, target->pid, 0), err;
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return -ESRCH;
	err = proc_start_ticks(target->pid, &ticks);
	if (!err && ticks != (target->start_ns + clock_boottime_offset_ns()) / tick_ns)
		err = -ESRCH;
	if (!err)
		err = session__add(s, target->pid);
	/* It lives: so who was added is who was looked at. */
	if (!err && poll(&ended, 1, 0))
		err = -ESRCH;
	close(fd);
	return err;
}

static int add_all(struct session *s, const struct profiler_ask *ask)
{
	int added = 0, err;
	__u32 i;

	for (i = 0; i < ask->n; i++) {
		err = look_add(s, &ask->targets[i]);
		if (err && err != -ESRCH)
			return err;
		added += !err;
	}
	return added ? 0 : -ESRCH;
}

static int look_inside(struct session *s, struct profiler_said *said)
{
	int stop = PROFILE_STOP_NONE;
	struct session_stat stat;

	do {
		stop = session__step(s, STEP_MS);
		session__stat(s, &stat);
	} while (!stop && stat.elapsed_ns < LOOK_S * NS_PER_S);
	said->stacks = stat.stacks;
	said->lost = stat.lost;
	return stop;
}

/* Whole and sealed: it cannot change while the writer reads it. */
static int hand_over(int parcels, const char *id, const struct buf *bytes)
{
	struct profiler_parcel parcel = { .pad = "" };
	const struct iovec part = { .iov_base = &parcel, .iov_len = sizeof(parcel) };
	int fd = memfd_sealed("session", bytes->data, bytes->len), err;

	if (fd < 0)
		return fd;
	memcpy(parcel.id, id, sizeof(parcel.id));
	err = fd_pass_send(parcels, &part, 1, fd, MSG_DONTWAIT);
	close(fd);
	return err;
}

static int look_keep(struct profile *p, const struct profiler_ask *ask, int parcels,
		     struct profiler_said *said)
{
	struct buf bytes;
	char target[64];
	int err;

	snprintf(target, sizeof(target), "finding %s", ask->id);
	err = session_lock_describe(p, target, "vigie serve");
	buf_init(&bytes, FILE_MAX);
	if (!err)
		session_file_encode(&bytes, p);
	if (!err)
		err = bytes.err;
	if (err)
		failed(said, "write the session down", err);
	if (!err) {
		err = hand_over(parcels, ask->id, &bytes);
		if (err)
			failed(said, "hand the session to the writer", err);
	}
	buf_done(&bytes);
	return err;
}

static void look_begin(struct session *s, const struct profiler_ask *ask, int parcels,
		       struct profiler_said *said)
{
	const char *what = "look at the processes";
	struct profile *p = NULL;
	int err = add_all(s, ask), stop;

	if (!err)
		err = session__begin(s);
	stop = err ? err : look_inside(s, said);
	err = stop < 0 ? stop : session__finish(s, stop, &p, &what);
	if (err)
		failed(said, what, err);
	else
		look_keep(p, ask, parcels, said);
	profile__free(p);
}

void profiler_session(const struct profiler_ask *ask, const char *runtime_root, int parcels,
		      struct profiler_said *ret)
{
	struct session_config config;
	struct cgroup_names *names;
	static struct plan plan;
	struct session *s;
	const char *what;
	int err;

	ret->outcome = PROFILER_CAPTURED;
	session_config_default(&config);
	config.confine = confine_symbolizer;
	config.max_bytes = PROFILE_MAX;
	session_plan_make(&plan, &config);
	names = cgroup_names__new(&plan, runtime_root, &config); /* without, cgroups are numbers */
	err = session__open(&config, &s, &what);
	if (err) {
		failed(ret, what, err);
	} else {
		look_begin(s, ask, parcels, ret);
		session__free(s);
	}
	cgroup_names__free(names);
}
