// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_source.c - owns reading one snapshot of the running kernel.
 *
 * The order matters: tasks first, the dead after them. A task that dies in between has
 * handed out all but its remainder, which the retired map then holds; the other way round
 * it would be in neither.
 */
#include "collect/bpf_source.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "collect/bpf_load.h"
#include "collect/bpf_weigh.h"
#include "collect/cgroup_units.h"
#include "collect/cgroups.h"
#include "collect/epoch.h"
#include "collect/host.h"
#include "collect/limits.h"
#include "collect/tasks.h"
#include "collect/unfreed.h"
#include "gen/vigie.skel.h"

enum { READ_SIZE = 64 * 1024, OOMS_MAX = 64 };

#define FULL_PASS_NS (60 * NS_PER_S)

struct bpf_source {
	struct source base;
	struct bpf_loaded bpf;
	struct ring_buffer *ring;
	struct epoch_reader epoch;
	struct tasks tasks;
	struct cgroups *cgroups;
	struct limits *limits;
	struct cgroup_units *units;
	struct vigie_oom_event ooms[OOMS_MAX];
	size_t nooms;
	__u64 ooms_lost;
	char *buf; /* READ_SIZE */
	__u64 next_scan_ns; /* of cgroups: not before, CLOCK_BOOTTIME */
	__u64 next_full_ns; /* pass with whole records only */
	struct host host; /* as last read */
	struct host_pressure pressure;
	__u64 last_weighed_ns; /* of our BPF objects */
	struct unfreed unfreed;
	bool incomplete; /* the last pass lost somebody */
	__u64 loss_before[VIGIE_LOSSES]; /* while we were only half attached */
	__u32 max_tasks; /* with a state; 0: no bound */
	__u32 shed, shed_since; /* what is off now, and was since the last snapshot */
	struct probe_floor floor;
	struct collect_stat stat;
};

/* A task's record, whole or short, at p; returns its size, 0 where it is not all there. */
static size_t take_record(struct tasks *tasks, const char *p, size_t len)
{
	const struct vigie_asleep *asleep = (const void *)p;

	if (len < sizeof(*asleep))
		return 0;
	if (asleep->flags & VIGIE_TASK_ASLEEP) {
		tasks_add_asleep(tasks, asleep);
		return sizeof(*asleep);
	}
	if (len < sizeof(struct vigie_task))
		return 0;
	tasks_add(tasks, (const struct vigie_task *)p);
	return sizeof(struct vigie_task);
}

/*
 * One pass over all tasks. What a read has cut in two is moved to the front and completed by
 * the next. Takes fd.
 */
static int read_tasks(struct bpf_source *s, int fd)
{
	size_t len = 0, at, size;
	int err = 0;
	ssize_t n;

	tasks_begin(&s->tasks);
	s->bpf.skel->bss->passed_over = 0;
	while ((n = read(fd, s->buf + len, READ_SIZE - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			break;
		}
		len += n;
		for (at = 0; (size = take_record(&s->tasks, s->buf + at, len - at)); at += size)
			;
		memmove(s->buf, s->buf + at, len - at);
		len -= at;
	}
	close(fd);
	return err;
}

/* The first pass: every task that is older than we are gets its state. */
static int settle_tasks(void *ctx)
{
	struct bpf_source *s = ctx;
	int fd = bpf_iter_create(bpf_link__fd(s->bpf.iter)), err;

	if (fd < 0)
		return -errno;
	err = read_tasks(s, fd);
	tasks_end(&s->tasks, !err);
	return err;
}

static int on_event(void *ctx, void *data, size_t size)
{
	struct bpf_source *s = ctx;
	struct vigie_cgroup_event *cgroup = data;
	struct vigie_oom_event *oom = data;

	if (size >= sizeof(*oom) && oom->kind == VIGIE_EVENT_OOM) {
		if (s->nooms < OOMS_MAX)
			s->ooms[s->nooms++] = *oom;
		else
			s->ooms_lost++;
	} else if (size >= sizeof(*cgroup) && cgroup->kind == VIGIE_EVENT_CGROUP &&
		   cgroup->path[0]) {
		cgroups__add(s->cgroups, cgroup->id, cgroup->path);
	}
	return 0;
}

/* Kernels whose tracepoint gives a pid only: the victim's name, if it is still there. */
static void name_ooms(struct bpf_source *s)
{
	size_t i;

	for (i = 0; i < s->nooms; i++) {
		struct vigie_oom_event *oom = &s->ooms[i];
		const struct process *p = tasks_find(&s->tasks, oom->victim_tgid);

		if (oom->victim_comm[0] || !p)
			continue;
		memcpy(oom->victim_comm, p->comm, sizeof(oom->victim_comm));
		oom->victim_cgroup_id = p->cgroup_id;
	}
}

/* searched: a scan has just been made; what it did not find will not be searched for again. */
static bool use_cgroup(struct bpf_source *s, __u64 id, bool searched)
{
	if (!id || cgroups__use(s->cgroups, id) || !cgroups__wanted(s->cgroups, id))
		return false;
	if (searched) {
		cgroups__give_up(s->cgroups, id);
		s->stat.cgroups_unnamed++;
	}
	return true;
}

/* True: a name is wanted. */
static bool use_cgroups(struct bpf_source *s, bool searched)
{
	bool wanted = false;
	size_t i;

	cgroups__begin(s->cgroups);
	for (i = 0; i < s->tasks.n; i++)
		wanted |= use_cgroup(s, s->tasks.processes[i].cgroup_id, searched);
	for (i = 0; i < s->epoch.nretired; i++)
		wanted |= use_cgroup(s, s->epoch.retired[i].key.cgroup_id, searched);
	for (i = 0; i < s->epoch.nculprits; i++) {
		wanted |= use_cgroup(s, s->epoch.culprits[i].victim.cgroup_id, searched);
		wanted |= use_cgroup(s, s->epoch.culprits[i].culprit.cgroup_id, searched);
	}
	for (i = 0; i < s->nooms; i++)
		wanted |= use_cgroup(s, s->ooms[i].victim_cgroup_id, searched);
	return wanted;
}

/*
 * A scan reads every directory: only when a name is missing that no scan has missed before,
 * and never more than a twentieth of the time.
 */
static void name_cgroups(struct bpf_source *s, __u64 now, struct snapshot *ret)
{
	if (use_cgroups(s, false) && now >= s->next_scan_ns) {
		cgroups__scan(s->cgroups);
		s->next_scan_ns = now + NS_PER_S + 20 * (clock_boottime_ns() - now);
		use_cgroups(s, true);
	}
	ret->cgroups = (struct cgroup_name *)cgroups__used(s->cgroups, &ret->ncgroups);
}

/* One CPU's part, at a moment when its switch probe was not in the middle of an update. */
static void read_slices(const struct vigie_slices *from, struct vigie_slices *sum)
{
	struct vigie_slices now, again;
	int tries, i;

	for (tries = 0; tries < 100; tries++) {
		now = *(const volatile struct vigie_slices *)from;
		again = *(const volatile struct vigie_slices *)from;
		if (!memcmp(&now, &again, sizeof(now)))
			break;
	}
	sum->sum_ns += now.sum_ns;
	for (i = 0; i < VIGIE_BUCKETS; i++)
		sum->count[i] += now.count[i];
}

static void read_losses(struct bpf_source *s)
{
	unsigned int cpu;
	int i;

	for (i = 0; i < VIGIE_LOSSES; i++) {
		/* The kernel's, see bpf_weigh(); and ours, see count_shed(). */
		if (i == VIGIE_LOSS_RUN_MISSED || i == VIGIE_LOSS_SHED)
			continue;
		s->stat.loss[i] = 0;
		for (cpu = 0; cpu < s->bpf.ncpus; cpu++)
			s->stat.loss[i] += s->bpf.cpus[cpu].loss[i];
		s->stat.loss[i] -= s->loss_before[i];
	}
	s->stat.loss[VIGIE_LOSS_RING_FULL] += s->ooms_lost;
}

static void read_cpus(struct bpf_source *s, struct snapshot *ret)
{
	struct collect_stat *stat = &s->stat;
	unsigned int cpu;

	memset(&ret->slices, 0, sizeof(ret->slices));
	stat->forks = stat->process_starts = stat->process_exits = stat->frees = 0;
	stat->slow_waits = stat->corrected_ns = 0;
	for (cpu = 0; cpu < s->bpf.ncpus; cpu++) {
		const struct vigie_cpu *c = &s->bpf.cpus[cpu];

		read_slices(&s->bpf.skel->bss->slices[cpu], &ret->slices);
		stat->forks += c->forks;
		stat->process_starts += c->process_starts;
		stat->process_exits += c->process_exits;
		stat->frees += c->frees;
		stat->slow_waits += c->slow_waits;
		stat->corrected_ns += c->corrected_ns;
	}
}

/*
 * Short records are taken at their word for a minute: then everybody is seen whole again,
 * and so is, at once, whoever we have lost.
 */
static void choose_pass(struct bpf_source *s, __u64 now)
{
	s->bpf.skel->bss->full_pass = s->incomplete || now >= s->next_full_ns;
	if (s->bpf.skel->bss->full_pass)
		s->next_full_ns = now + FULL_PASS_NS;
}

/*
 * 0, or -errno with nothing consumed. A pass that fails midway is still right: who was not
 * seen is kept as he was, and what he accrued comes with the next snapshot.
 */
static int read_kernel(struct bpf_source *s, __u64 now, struct snapshot *ret)
{
	int fd = bpf_iter_create(bpf_link__fd(s->bpf.iter)), err;

	if (fd < 0)
		return -errno;
	s->nooms = 0;
	ring_buffer__consume(s->ring);
	choose_pass(s, now);
	err = read_tasks(s, fd);
	name_ooms(s);
	if (!err)
		s->bpf.skel->bss->moved_anew = 0;
	s->incomplete = err || s->tasks.lost;
	s->stat.lost_records += s->tasks.lost + !!err;
	tasks_end(&s->tasks, !err);
	/* What cannot be read now is still there for the next snapshot. */
	if (epoch_read(&s->epoch))
		s->stat.lost_records++;
	read_cpus(s, ret);
	read_losses(s);
	return 0;
}

/*
 * Who lives with a state, and who died with one and has not handed it in. What came and went since they
 * were counted is the next snapshot's.
 */
static void set_task_room(struct bpf_source *s)
{
	const struct collect_stat *stat = &s->stat;
	__u64 taken = s->tasks.records - s->tasks.untracked + stat->unfreed;

	if (s->max_tasks)
		s->bpf.skel->bss->task_room = (__s64)s->max_tasks - (__s64)taken;
}

/* before: the host's switches as of the last snapshot. Seen by nobody, so counted by the kernel. */
static void count_shed(struct bpf_source *s, __u64 before)
{
	__u64 now = s->host.context_switches;

	if (s->shed_since && s->stat.snapshots && now > before)
		s->stat.loss[VIGIE_LOSS_SHED] += now - before;
	s->shed_since = s->shed;
}

static void read_cgroups(struct bpf_source *s, __u64 now, struct snapshot *ret)
{
	const struct cgroup_stat *stats;
	size_t i, n;

	for (i = 0; i < s->tasks.n; i++)
		cgroup_units__active(s->units, s->tasks.processes[i].cgroup_id,
				     &s->tasks.processes[i].inc);
	for (i = 0; i < s->epoch.nretired; i++)
		cgroup_units__active(s->units, s->epoch.retired[i].key.cgroup_id,
				     &s->epoch.retired[i].value.inc);
	stats = limits__read(s->limits, ret->cgroups, ret->ncgroups, now, &n);
	ret->cgroup_stats = (struct cgroup_stat *)cgroup_units__read(
		s->units, ret->cgroups, ret->ncgroups, stats, n, now, &ret->ncgroup_stats);
}

static int bpf_source_next(struct source *base, struct snapshot *ret)
{
	struct bpf_source *s = (struct bpf_source *)base;
	__u64 began = clock_boottime_ns(), cpu = clock_process_cpu_ns();
	__u64 switches = s->host.context_switches;
	struct snapshot snap = { .time_ns = began, .wall_ns = clock_wall_ns() };
	int err;

	snap.page_size = sysconf(_SC_PAGESIZE);
	err = read_kernel(s, began, &snap);
	if (err)
		return err;
	host_read(&s->host); /* a file that fails keeps its last figures */
	host_pressure_read(&s->pressure, &s->host);
	snap.host = s->host;
	snap.shed = s->shed_since;
	count_shed(s, switches);
	name_cgroups(s, began, &snap);
	read_cgroups(s, began, &snap);
	snap.processes = s->tasks.processes;
	snap.nprocesses = s->tasks.n;
	snap.retired = s->epoch.retired;
	snap.nretired = s->epoch.nretired;
	snap.culprits = s->epoch.culprits;
	snap.nculprits = s->epoch.nculprits;
	snap.culprit_other_ns = s->epoch.culprit_other_ns;
	snap.culprit_other_waits = s->epoch.culprit_other_waits;
	snap.ooms = s->ooms;
	snap.nooms = s->nooms;
	unfreed_count(&s->unfreed, s->stat.forks, s->stat.frees, s->tasks.records,
		      s->bpf.skel->bss->passed_over);
	s->stat.unfreed = s->unfreed.now;
	set_task_room(s);
	s->stat.tasks = s->tasks.records + s->bpf.skel->bss->passed_over;
	s->stat.untracked = s->tasks.untracked + s->bpf.skel->bss->passed_over;
	s->stat.retired_keys = s->epoch.entries;
	s->stat.snapshots++;
	s->stat.snapshot_ns += clock_boottime_ns() - began;
	s->stat.snapshot_cpu_ns += clock_process_cpu_ns() - cpu;
	snap.stat = s->stat;
	*ret = snap;
	return 1;
}

static int bpf_source_settle(struct source *base)
{
	struct bpf_source *s = (struct bpf_source *)base;
	__u64 now = clock_boottime_ns();

	if (now - s->last_weighed_ns >= 10 * NS_PER_S) {
		s->last_weighed_ns = now;
		bpf_weigh(&s->bpf, &s->stat);
	}
	return epoch_settle(&s->epoch);
}

/* A wakeup must not go unseen once the move was seen, so they come and go in this order. */
static int moved_attach(struct bpf_source *s)
{
	struct vigie_bpf *skel = s->bpf.skel;
	int err = bpf_spot_attach(&s->bpf, SPOT_WAKEUP);

	if (!err)
		err = bpf_spot_attach(&s->bpf, SPOT_MIGRATE);
	/* Each pass since took marks off; those who ended with one are in the sum still. */
	if (!err && s->shed & VIGIE_SHED_MOVED) {
		__atomic_store_n(&skel->bss->moved_asleep, 0, __ATOMIC_SEQ_CST);
		skel->bss->moved_anew = 1;
	}
	return err;
}

static void moved_detach(struct bpf_source *s)
{
	if (!bpf_spot_detach(&s->bpf, SPOT_MIGRATE))
		bpf_spot_detach(&s->bpf, SPOT_WAKEUP);
}

/*
 * The probes know this order: shed.bpf.h. Where one cannot be detached it returns at once,
 * which is all that goes wrong.
 */
static int bpf_source_shed(struct source *base, __u32 parts)
{
	struct bpf_source *s = (struct bpf_source *)base;
	struct vigie_bpf *skel = s->bpf.skel;
	int err = 0;

	if (!(parts & VIGIE_SHED_MOVED))
		err = moved_attach(s);
	if (!err && !(parts & VIGIE_SHED_REASONS))
		err = bpf_spot_attach(&s->bpf, SPOT_SWITCH);
	if (err)
		return err;
	__atomic_store_n(&skel->bss->shed, parts, __ATOMIC_SEQ_CST);
	if (parts & ~s->shed & VIGIE_SHED_REASONS)
		__atomic_add_fetch(&skel->bss->generation, 1, __ATOMIC_SEQ_CST);
	if (parts & VIGIE_SHED_REASONS)
		bpf_spot_detach(&s->bpf, SPOT_SWITCH);
	if (parts & VIGIE_SHED_MOVED)
		moved_detach(s);
	s->shed = parts;
	s->shed_since |= parts;
	return 0;
}

static int bpf_source_costs(struct source *base, struct probe_costs *ret)
{
	struct bpf_source *s = (struct bpf_source *)base;

	if (!s->floor.empty_ns)
		return -ENODATA;
	bpf_weigh_costs(&s->bpf, &s->floor, ret);
	return 0;
}

static void bpf_source_free(struct source *base)
{
	struct bpf_source *s = (struct bpf_source *)base;

	ring_buffer__free(s->ring);
	host_pressure_close(&s->pressure);
	epoch_done(&s->epoch);
	tasks_done(&s->tasks);
	cgroups__free(s->cgroups);
	limits__free(s->limits);
	cgroup_units__free(s->units);
	bpf_unload(&s->bpf);
	free(s->buf);
	free(s);
}

static const struct source_ops bpf_source_ops = {
	.next = bpf_source_next,
	.settle = bpf_source_settle,
	.shed = bpf_source_shed,
	.costs = bpf_source_costs,
	.free = bpf_source_free,
};

static int open_readers(struct bpf_source *s, const char **ret_what)
{
	struct vigie_bpf *skel = s->bpf.skel;

	s->epoch.retired_fd[0] = bpf_map__fd(skel->maps.retired_0);
	s->epoch.retired_fd[1] = bpf_map__fd(skel->maps.retired_1);
	s->epoch.spare_fd[0] = bpf_map__fd(skel->maps.spare_0);
	s->epoch.spare_fd[1] = bpf_map__fd(skel->maps.spare_1);
	s->epoch.other_fd = bpf_map__fd(skel->maps.retired_other);
	s->epoch.cpus = s->bpf.cpus;
	s->epoch.ncpus = s->bpf.ncpus;
	s->epoch.current = &skel->bss->epoch;
	*ret_what = "open the ring buffer";
	s->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, s, NULL);
	if (!s->ring)
		return -errno;
	*ret_what = "allocate";
	return epoch_init(&s->epoch);
}

static struct cgroup_units *new_units(const struct plan *plan)
{
	struct cgroup_units_config config = { .top = plan->config.unit_top };

	memcpy(config.memory.path, plan->memory_mount, sizeof(config.memory.path));
	memcpy(config.cpu.path, plan->cpu_mount, sizeof(config.cpu.path));
	memcpy(config.pids.path, plan->pids_mount, sizeof(config.pids.path));
	memcpy(config.hugetlb.path, plan->hugetlb_mount, sizeof(config.hugetlb.path));
	memcpy(config.unified.path, plan->unified_mount, sizeof(config.unified.path));
	config.memory.v2 = plan->memory_v2;
	config.cpu.v2 = plan->cpu_v2;
	config.pids.v2 = plan->pids_v2;
	config.hugetlb.v2 = plan->hugetlb_v2;
	config.unified.v2 = true;
	return cgroup_units__new(&config);
}

static int open_source(struct bpf_source *s, const struct plan *plan, const char **ret_what)
{
	struct limits_config limits = { .cpu_v2 = plan->cpu_v2, .memory_v2 = plan->memory_v2 };
	int err;

	*ret_what = "allocate";
	memcpy(limits.cpu, plan->cpu_mount, sizeof(limits.cpu));
	memcpy(limits.memory, plan->memory_mount, sizeof(limits.memory));
	s->max_tasks = plan->config.max_tasks;
	s->buf = malloc(READ_SIZE);
	s->cgroups = cgroups__of_plan(plan);
	s->limits = limits__new(&limits);
	s->units = new_units(plan);
	if (!s->buf || !s->cgroups || !s->limits || !s->units)
		return -ENOMEM;
	*ret_what = "read /proc/stat and /proc/meminfo";
	err = host_read(&s->host);
	if (!err)
		err = bpf_load(&s->bpf, plan, settle_tasks, s, ret_what);
	if (!err)
		err = open_readers(s, ret_what);
	if (err)
		return err;
	read_losses(s);
	memcpy(s->loss_before, s->stat.loss, sizeof(s->loss_before));
	cgroups__scan(s->cgroups);
	if (plan->config.priced)
		bpf_weigh_floor(&s->bpf, &s->floor);
	bpf_weigh(&s->bpf, &s->stat);
	/* The kernel's BTF, parsed for loading, is by far the most that we ever held. */
	malloc_trim(0);
	return 0;
}

int bpf_source__open(const struct plan *plan, struct source **ret, const char **ret_what)
{
	struct bpf_source *s = calloc(1, sizeof(*s));
	int err;

	*ret_what = "allocate";
	if (!s)
		return -ENOMEM;
	s->base.ops = &bpf_source_ops;
	tasks_init(&s->tasks);
	host_pressure_open(&s->pressure);
	err = open_source(s, plan, ret_what);
	if (err) {
		bpf_source_free(&s->base);
		return err;
	}
	*ret = &s->base;
	return 0;
}
