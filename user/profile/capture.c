// SPDX-License-Identifier: GPL-2.0-only
/* capture.c - owns the session's BPF object and its links. */
#include "profile/capture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/units.h"
#include "data/profile.h"
#include "gen/session.skel.h"
#include "profile/clocks.h"
#include "profile/helper.h"
#include "profile/xstate.h"

enum { LINKS_ROOM = 24, SLEEPER_LEAST = 1024, WAKER_HZ = 100 };
#define POLL_NS (NS_PER_S / 4) /* that stacks are handed out in one go */

struct capture {
	struct session_bpf *skel;
	struct capture_config config;
	struct capture_gaps gaps;
	struct bpf_link *links[LINKS_ROOM];
	unsigned int nlinks;
	struct bpf_link *pass, *sleepers; /* iterators */
	struct ring_buffer *ring;
	struct clocks *clocks; /* NULL: no stacks on a CPU */
	char cpu_gap[80];
	capture_fn fn;
	void *ctx;
	__u64 until_ns; /* fn is called so long */
};

static bool capture_wants(const struct capture *c, enum profile_view view)
{
	return c->config.views & 1U << view;
}

static bool capture_ticks(const struct capture *c)
{
	return c->config.plan.clocks && capture_wants(c, PROFILE_CPU);
}

/* What the kernel has decides; what is off is not even loaded. */
static void capture_choose(struct capture *c)
{
	struct session_bpf *s = c->skel;
	const struct session_plan *plan = &c->config.plan;
	bool lock = plan->contention;
	bool off = capture_wants(c, PROFILE_OFF_CPU), wakers = capture_wants(c, PROFILE_WAKERS);
	bool switches = off || wakers || capture_wants(c, PROFILE_RUN_QUEUE);

	s->rodata->cfg_task_storage = plan->task_storage;
	s->rodata->cfg_off_cpu = plan->off_cpu;
	s->rodata->cfg_stack_bytes = c->config.stack_bytes;
	xstate_sizes((__u32 *)s->rodata->cfg_xstate_bytes);
	s->rodata->cfg_sleeper_bytes = capture__sleeper_bytes(c);
	s->rodata->cfg_cgroup_trees = plan->cgroup_trees ? plan->cgroup_trees : 1;
	for (unsigned int i = 0; i < plan->cgroup_trees; i++)
		s->rodata->cfg_cgroup_subsys[i] = plan->cgroup_subsys[i];
	s->rodata->cfg_children = c->config.children;
	s->rodata->cfg_runq = capture_wants(c, PROFILE_RUN_QUEUE);
	s->rodata->cfg_wakers = wakers;
	s->rodata->cfg_waker_gap_ns = NS_PER_S / WAKER_HZ * sysconf(_SC_NPROCESSORS_ONLN);
	bpf_program__set_autoload(s->progs.on_session_clock, capture_ticks(c));
	bpf_program__set_autoload(s->progs.on_session_switch, switches);
	bpf_program__set_autoload(s->progs.on_session_exit, !switches);
	bpf_program__set_autoload(s->progs.on_session_contention, lock && switches);
	bpf_program__set_autoload(s->progs.on_session_contention_end, lock && switches);
	bpf_program__set_autoload(s->progs.on_session_fault,
				  plan->faults && capture_wants(c, PROFILE_FAULTS));
	bpf_program__set_autoload(s->progs.on_session_sleeper, plan->sleepers && off);
	bpf_program__set_autoload(s->progs.on_session_wakeup,
				  s->rodata->cfg_runq || plan->moved_sleepers);
	bpf_program__set_autoload(s->progs.on_session_wakeup_new, s->rodata->cfg_runq);
	bpf_program__set_autoload(s->progs.on_session_migrate,
				  s->rodata->cfg_runq || plan->moved_sleepers);
	bpf_program__set_autoload(s->progs.on_session_waking, wakers);
	bpf_program__set_autoload(s->progs.on_session_timer, wakers);
	bpf_program__set_autoload(s->progs.on_session_timer_end, wakers);
	bpf_program__set_autoload(s->progs.on_session_interrupt, wakers);
	bpf_program__set_autoload(s->progs.on_session_interrupt_end, wakers);
	bpf_program__set_autoload(s->progs.on_session_softirq, wakers);
	bpf_program__set_autoload(s->progs.on_session_softirq_end, wakers);
	bpf_map__set_autocreate(s->maps.slots_near, s->rodata->cfg_task_storage);
	bpf_map__set_max_entries(s->maps.stacks, c->config.ring_bytes);
	c->gaps.sleepers = plan->no_sleepers;
	c->gaps.faults = plan->no_faults;
	if (!plan->clocks)
		c->gaps.cpu = plan->no_clocks;
}

static int fill_slots(struct capture *c)
{
	int fd = bpf_map__fd(c->skel->maps.slots_free), err = 0;
	__u32 slot;

	for (slot = 0; slot < VIGIE_THREADS_MAX && !err; slot++)
		err = bpf_map_update_elem(fd, NULL, &slot, BPF_ANY);
	return err;
}

static int attach_all(struct capture *c)
{
	struct bpf_program *prog;
	struct bpf_link *link;
	enum bpf_prog_type type;

	bpf_object__for_each_program(prog, c->skel->obj) {
		type = bpf_program__type(prog);
		if (!bpf_program__autoload(prog) || type != BPF_PROG_TYPE_TRACING ||
		    prog == c->skel->progs.on_session_task ||
		    prog == c->skel->progs.on_session_sleeper)
			continue;
		if (c->nlinks == LINKS_ROOM)
			return -E2BIG;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		c->links[c->nlinks++] = link;
	}
	return 0;
}

static int attach_iterators(struct capture *c)
{
	c->pass = bpf_program__attach_iter(c->skel->progs.on_session_task, NULL);
	if (!c->pass)
		return -errno;
	if (!bpf_program__autoload(c->skel->progs.on_session_sleeper))
		return 0;
	c->sleepers = bpf_program__attach_iter(c->skel->progs.on_session_sleeper, NULL);
	return c->sleepers ? 0 : -errno;
}

/* After a look at the CPUs. */
static void tell_clocks(struct capture *c)
{
	unsigned int missed = clocks__missed(c->clocks);

	if (missed)
		snprintf(c->cpu_gap, sizeof(c->cpu_gap),
			 "%u CPUs could not be given a clock: no stacks of them", missed);
}

/* fn is told of what the ring holds; its context changes from call to call. */
static int on_record(void *ctx, void *data, size_t len)
{
	struct capture *c = ctx;
	const struct vigie_stack *s = data;

	if (len >= sizeof(*s) && s->user_bytes <= len - sizeof(*s) &&
	    s->user_bytes <= VIGIE_STACK_BYTES && s->kernel_frames <= VIGIE_KERNEL_FRAMES)
		c->fn(c->ctx, s, (const __u8 *)(s + 1));
	/* What a stack takes is the target's to say: the time and the cost are looked at in between. */
	return clock_monotonic_ns() > c->until_ns ? -EAGAIN : 0;
}

static int open_all(struct capture *c, const char **ret_what)
{
	int err;

	*ret_what = "have a session on this kernel";
	if (!c->config.plan.known || c->config.plan.refusal)
		return -EOPNOTSUPP;
	*ret_what = "open the session's programs";
	c->skel = session_bpf__open();
	if (!c->skel)
		return -errno;
	capture_choose(c);
	*ret_what = "load the session's programs";
	err = session_bpf__load(c->skel);
	if (err)
		return err;
	/* Loaded all the same, libbpf says so where the variables could not be mapped. */
	*ret_what = "map the session's variables";
	if (!c->skel->bss)
		return -ENOMEM;
	*ret_what = "hand out room for threads";
	err = fill_slots(c);
	if (err)
		return err;
	*ret_what = "map the session's ring buffer";
	c->ring = ring_buffer__new(bpf_map__fd(c->skel->maps.stacks), on_record, c, NULL);
	if (!c->ring)
		return -errno;
	*ret_what = "attach the session's iterators";
	err = attach_iterators(c);
	if (err)
		return err;
	*ret_what = "open the sampling clocks";
	if (capture_ticks(c))
		err = clocks__open(bpf_program__fd(c->skel->progs.on_session_clock), c->config.hz,
				   &c->clocks);
	if (c->clocks)
		tell_clocks(c);
	return err;
}

int capture__open(const struct capture_config *config, struct capture **ret, const char **ret_what)
{
	struct capture *c = calloc(1, sizeof(*c));
	int err;

	*ret_what = "allocate the session";
	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->gaps.cpu = c->cpu_gap;
	err = open_all(c, ret_what);
	if (err) {
		capture__free(c);
		return err;
	}
	*ret = c;
	return 0;
}

static void detach(struct capture *c)
{
	clocks__free(c->clocks);
	c->clocks = NULL;
	while (c->nlinks)
		bpf_link__destroy(c->links[--c->nlinks]);
}

void capture__free(struct capture *c)
{
	if (!c)
		return;
	detach(c);
	bpf_link__destroy(c->pass);
	bpf_link__destroy(c->sleepers);
	ring_buffer__free(c->ring);
	session_bpf__destroy(c->skel);
	free(c);
}

const struct capture_gaps *capture__gaps(const struct capture *c)
{
	return &c->gaps;
}

int capture__add(struct capture *c, pid_t pid)
{
	__u32 tgid = pid, unknown = 0;
	int err = bpf_map_update_elem(bpf_map__fd(c->skel->maps.targets), &tgid, &unknown, BPF_ANY);

	if (!err)
		c->skel->bss->target_filter[tgid % sizeof(c->skel->bss->target_filter)] = 1;
	return err;
}

void capture__known(struct capture *c, __u32 tgid, __u32 exec_id)
{
	__u32 known = exec_id + 1;

	bpf_map_update_elem(bpf_map__fd(c->skel->maps.targets), &tgid, &known, BPF_EXIST);
}

static int capture_run_pass(struct capture *c, enum vigie_pass kind)
{
	int fd = bpf_iter_create(bpf_link__fd(c->pass)), err = 0;
	ssize_t n;
	char byte;

	c->skel->bss->pass_kind = kind;
	if (fd < 0)
		return -errno;
	do
		n = read(fd, &byte, sizeof(byte));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

int capture__begin(struct capture *c)
{
	int err;

	/* Switches first: who is opened by the pass and then switches must be seen to. */
	err = attach_all(c);
	if (!err)
		err = capture_run_pass(c, VIGIE_PASS_CLOCK);
	c->skel->bss->begin_ns = clock_monotonic_ns();
	if (!err)
		err = capture_run_pass(c, VIGIE_PASS_OPEN);
	return err || !c->clocks ? err : clocks__start(c->clocks);
}

bool capture__alive(const struct capture *c)
{
	__u32 next;

	return !bpf_map_get_next_key(bpf_map__fd(c->skel->maps.targets), NULL, &next);
}

int capture__poll(struct capture *c, int timeout_ms, capture_fn fn, void *ctx)
{
	int n;

	c->fn = fn;
	c->ctx = ctx;
	if (c->clocks) {
		clocks__follow(c->clocks);
		tell_clocks(c);
	}
	c->until_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS + POLL_NS;
	n = ring_buffer__poll(c->ring, timeout_ms);
	/* Not each record wakes us. */
	if (n == 0)
		n = ring_buffer__consume(c->ring);
	return n == -EINTR ? 0 : n == -EAGAIN ? 1 : n;
}

/* Half as much: who waits does so near the begin of its stack, and is visited 49 times a second. */
__u32 capture__sleeper_bytes(const struct capture *c)
{
	__u32 half = c->config.stack_bytes / 2;

	return half < SLEEPER_LEAST	    ? SLEEPER_LEAST
	       : half > VIGIE_SLEEPER_BYTES ? VIGIE_SLEEPER_BYTES
					    : half;
}

int capture__sleepers(const struct capture *c)
{
	return c->sleepers ? bpf_link__fd(c->sleepers) : -EOPNOTSUPP;
}

int capture_pass(int sleepers)
{
	int fd = bpf_iter_create(sleepers);

	return fd < 0 ? -errno : fd;
}

int capture__end(struct capture *c)
{
	detach(c);
	return capture_run_pass(c, VIGIE_PASS_CLOSE);
}

/* All elements of a hash: key and value side by side, size bytes each. */
static int copy_map(struct bpf_map *map, size_t key_size, size_t size, void **ret, size_t *ret_n)
{
	int fd = bpf_map__fd(map), err = 0;
	size_t n = 0, room = 0;
	char *all = NULL, *at;
	void *last = NULL;

	for (;; n++) {
		if (array_grow(&all, &room, n + 1, size, SIZE_MAX)) {
			free(all);
			return -ENOMEM;
		}
		last = n ? all + (n - 1) * size : NULL;
		at = all + n * size;
		err = bpf_map_get_next_key(fd, last, at);
		if (err)
			break;
		err = bpf_map_lookup_elem(fd, at, at + key_size);
		if (err)
			break;
	}
	if (err != -ENOENT) {
		free(all);
		return err;
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

int capture__threads(struct capture *c, struct capture_thread **ret, size_t *ret_n)
{
	int fd = bpf_map__fd(c->skel->maps.threads), err;
	struct capture_thread *all;
	size_t n, i;

	err = copy_map(c->skel->maps.slots, offsetof(struct capture_thread, slot), sizeof(*all),
		       (void **)&all, &n);
	if (err)
		return err;
	for (i = 0; i < n && !err; i++)
		err = bpf_map_lookup_elem(fd, &all[i].slot, &all[i].times);
	if (err) {
		free(all);
		return err;
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

static void add_charged(struct capture_culprit *all, size_t n, const struct vigie_thread *times)
{
	size_t i;

	for (i = 0; i < n && times->culprits_ns; i++) {
		if (all[i].tgid == times->tgid) {
			all[i].culprit.wait_ns += times->culprits_ns;
			return;
		}
	}
}

int capture__culprits(struct capture *c, const struct capture_thread *threads, size_t nthreads,
		      struct capture_culprit **ret, size_t *ret_n)
{
	size_t i;
	int err = copy_map(c->skel->maps.culprits, offsetof(struct capture_culprit, culprit),
			   sizeof(**ret), (void **)ret, ret_n);

	for (i = 0; i < nthreads && !err; i++)
		add_charged(*ret, *ret_n, &threads[i].times);
	return err;
}

int capture__wakes(struct capture *c, struct capture_wake **ret, size_t *ret_n)
{
	return copy_map(c->skel->maps.wakes, offsetof(struct capture_wake, wake), sizeof(**ret),
			(void **)ret, ret_n);
}

int capture__chains(struct capture *c, struct capture_chain **ret, size_t *ret_n)
{
	return copy_map(c->skel->maps.chains, offsetof(struct capture_chain, chain), sizeof(**ret),
			(void **)ret, ret_n);
}

__u64 capture__lost(const struct capture *c, enum vigie_session_loss cause)
{
	return c->skel->bss->session_lost[cause];
}

__u64 capture__begin_ns(const struct capture *c)
{
	return c->skel->bss->begin_ns;
}

void capture__cost(const struct capture *c, __u64 *ret_ns, __u64 *ret_runs)
{
	struct bpf_program *prog;
	struct bpf_prog_info info;
	__u32 len;

	*ret_ns = *ret_runs = 0;
	bpf_object__for_each_program(prog, c->skel->obj) {
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!bpf_program__autoload(prog) ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			continue;
		*ret_ns += info.run_time_ns;
		*ret_runs += info.run_cnt;
	}
}
