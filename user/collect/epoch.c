// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoch.c - owns reading and emptying the epochs' tables. See epoch.h for the protocol.
 *
 * Allocation failures lose nothing: what cannot be remembered is not taken either, and shows
 * up in the next read.
 */
#include "collect/epoch.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"

enum { BATCH = 1024 };

int epoch_init(struct epoch_reader *e)
{
	size_t cells = (size_t)e->ncpus * VIGIE_DELAY_CELLS;
	size_t processes = (size_t)e->ncpus * VIGIE_DELAY_PROCESSES;

	hash_init(&e->by_key);
	if (getrandom(&e->seed, sizeof(e->seed), GRND_NONBLOCK) < 0)
		e->seed = (__u64)(uintptr_t)e;
	e->batch_cap = BATCH;
	e->keys = calloc(BATCH, sizeof(*e->keys));
	e->values = calloc(BATCH, sizeof(*e->values));
	e->last_delay = calloc(cells, sizeof(*e->last_delay));
	e->last_process = calloc(processes, sizeof(*e->last_process));
	e->parts = calloc(VIGIE_DELAY_PROCESSES, sizeof(*e->parts));
	e->last_culprit_other_ns = calloc(e->ncpus, sizeof(__u64));
	e->last_culprit_other_waits = calloc(e->ncpus, sizeof(__u64));
	if (e->keys && e->values && e->last_delay && e->last_process && e->parts &&
	    e->last_culprit_other_ns && e->last_culprit_other_waits)
		return 0;
	epoch_done(e);
	return -ENOMEM;
}

void epoch_done(struct epoch_reader *e)
{
	free(e->keys);
	free(e->values);
	free(e->last);
	free(e->last_delay);
	free(e->last_process);
	free(e->parts);
	free(e->last_culprit_other_ns);
	free(e->last_culprit_other_waits);
	free(e->retired);
	free(e->culprits);
	hash_done(&e->by_key);
	memset(e, 0, sizeof(*e));
}

/* Names are chosen by strangers: without the seed they could choose ones that collide. */
static uint32_t key_sum(const struct epoch_reader *e, const struct vigie_key *key)
{
	return hash_bytes(key, sizeof(*key), e->seed);
}

static struct retired *last_find(struct epoch_reader *e, const struct vigie_key *key)
{
	uint32_t at, sum = key_sum(e, key), i;

	for (i = hash_first(&e->by_key, sum, &at); i != HASH_NONE;
	     i = hash_next(&e->by_key, sum, &at))
		if (!memcmp(&e->last[i].key, key, sizeof(*key)))
			return &e->last[i];
	return NULL;
}

static struct retired *last_add(struct epoch_reader *e, const struct vigie_key *key)
{
	struct retired *entry;

	if (array_grow(&e->last, &e->last_cap, e->nlast + 1, sizeof(*e->last), SIZE_MAX) ||
	    hash_reserve(&e->by_key, e->nlast + 1))
		return NULL;
	entry = &e->last[e->nlast];
	memset(entry, 0, sizeof(*entry));
	entry->key = *key;
	hash_add(&e->by_key, key_sum(e, key), e->nlast++);
	return entry;
}

static void last_forget(struct epoch_reader *e)
{
	/* A storm's memory goes back; an ordinary epoch's is used again. */
	if (e->last_cap > 4096) {
		free(e->last);
		e->last = NULL;
		e->last_cap = 0;
	}
	e->nlast = 0;
	hash_done(&e->by_key);
	memset(&e->last_other, 0, sizeof(e->last_other));
	memset(e->last_delay, 0, (size_t)e->ncpus * VIGIE_DELAY_CELLS * sizeof(*e->last_delay));
	memset(e->last_process, 0,
	       (size_t)e->ncpus * VIGIE_DELAY_PROCESSES * sizeof(*e->last_process));
	memset(e->last_culprit_other_ns, 0, e->ncpus * sizeof(__u64));
	memset(e->last_culprit_other_waits, 0, e->ncpus * sizeof(__u64));
}

/* ret = now - last; true if anything grew. */
static bool retired_growth(const struct vigie_retired *now, const struct vigie_retired *last,
			   struct vigie_retired *ret)
{
	const __u64 *a = (const __u64 *)&now->inc, *b = (const __u64 *)&last->inc;
	__u64 *to = (__u64 *)&ret->inc, any = 0;
	int i;

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		any |= to[i] = a[i] - b[i];
	ret->tasks = now->tasks - last->tasks;
	/* The highest of all; whose it is shows only when it rises. */
	ret->peak_pages = now->peak_pages > last->peak_pages ? now->peak_pages : 0;
	return any | ret->tasks;
}

static int epoch_emit(struct epoch_reader *e, const struct vigie_key *key,
		      const struct vigie_retired *now, struct vigie_retired *last)
{
	struct vigie_retired growth;
	int err;

	if (!retired_growth(now, last, &growth))
		return 0;
	err = array_grow(&e->retired, &e->retired_cap, e->nretired + 1, sizeof(*e->retired),
			 SIZE_MAX);
	if (err)
		return err;
	e->retired[e->nretired] = (struct retired){ .key = *key, .value = growth };
	e->retired[e->nretired++].key.zero = 0;
	*last = *now;
	return 0;
}

static int epoch_take(struct epoch_reader *e, const struct vigie_key *key,
		      const struct vigie_retired *now)
{
	struct retired *last = last_find(e, key);

	if (!last)
		last = last_add(e, key);
	return last ? epoch_emit(e, key, now, &last->value) : -ENOMEM;
}

/*
 * All entries of a map, a batch at a time. 0, or the first error with the rest still read. A key may be
 * in an epoch's two maps: spare tells in what we remember which one it was.
 */
static int read_map(struct epoch_reader *e, int fd, bool spare)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 token[16], i, n; /* the kernel's position: opaque, one key at most is asked for */
	void *in = NULL;
	int err, failed = 0;

	do {
		n = e->batch_cap;
		err = bpf_map_lookup_batch(fd, in, token, e->keys, e->values, &n, &opts);
		if (err && err != -ENOENT)
			return err;
		for (i = 0; i < n; i++) {
			int bad;

			e->keys[i].zero = spare;
			bad = epoch_take(e, &e->keys[i], &e->values[i]);
			failed = failed ? failed : bad;
		}
		e->entries += n;
		in = token;
	} while (!err);
	return failed;
}

static int read_other(struct epoch_reader *e, __u32 epoch)
{
	struct vigie_key key = { .flags = VIGIE_TASK_OTHER };
	struct vigie_retired now;
	int err = bpf_map_lookup_elem(e->other_fd, &epoch, &now);

	return err ? err : epoch_emit(e, &key, &now, &e->last_other);
}

/* Another pair has the cell since: nobody knows any more whose the rest of the last read was. */
static void skip_past(struct epoch_reader *e, const struct vigie_delay_past *past,
		      struct vigie_delay_past *last)
{
	if (past->waits <= last->waits)
		return;
	e->culprit_other_ns += past->wait_ns - last->wait_ns;
	e->culprit_other_waits += past->waits - last->waits;
	*last = *past;
}

/*
 * What the cell of two processes grew by. Not read while it is written; and what another pair had there
 * between two reads stays in the sum of their names: nothing depends on it.
 */
static void read_part(struct epoch_reader *e, const struct vigie_delay_process *cell,
		      const struct vigie_delay_process *last, struct delay_part *part)
{
	struct vigie_delay_process now = *(const volatile struct vigie_delay_process *)cell;
	struct vigie_delay_process again = *(const volatile struct vigie_delay_process *)cell;
	bool same = now.victim == last->victim && now.culprit == last->culprit &&
		    now.execs == last->execs && now.wait_ns >= last->wait_ns &&
		    now.waits >= last->waits;
	__u32 *first = &e->first_part[now.cell % VIGIE_DELAY_CELLS];

	if (!now.victim || memcmp(&now, &again, sizeof(now)))
		return;
	part->now = now;
	part->wait_ns = now.wait_ns - (same ? last->wait_ns : 0);
	part->waits = now.waits - (same ? last->waits : 0);
	if (!part->waits)
		return;
	part->next = *first;
	*first = 1 + (__u32)(part - e->parts);
}

/* Room was made for it. */
static void emit_delay(struct epoch_reader *e, const struct vigie_delay *names, __u64 wait_ns,
		       __u64 waits)
{
	struct vigie_delay *to = &e->culprits[e->nculprits++];

	*to = *names;
	to->wait_ns = wait_ns;
	to->waits = waits;
}

/* Of what the cell grew by, the parts of processes; what they leave is some of that name. */
static void emit_parts(struct epoch_reader *e, __u32 part, struct vigie_delay *growth,
		       __u32 past_waits, struct vigie_delay_process *last)
{
	struct vigie_delay one = *growth;

	for (; part; part = e->parts[part - 1].next) {
		const struct delay_part *p = &e->parts[part - 1];

		if (p->now.cell_past != past_waits || p->wait_ns > growth->wait_ns ||
		    p->waits > growth->waits)
			continue;
		one.victim.tgid = p->now.victim;
		one.culprit.tgid = p->now.culprit;
		emit_delay(e, &one, p->wait_ns, p->waits);
		growth->wait_ns -= p->wait_ns;
		growth->waits -= p->waits;
		last[part - 1] = p->now;
	}
	if (!growth->wait_ns && !growth->waits)
		return;
	growth->victim.flags |= VIGIE_TASK_SOME;
	if (growth->culprit.tgid)
		growth->culprit.flags |= VIGIE_TASK_SOME;
	emit_delay(e, growth, growth->wait_ns, growth->waits);
}

static int read_cell(struct epoch_reader *e, unsigned int of_cpu, __u32 epoch, __u32 at)
{
	const struct vigie_cpu *cpu = &e->cpus[of_cpu];
	const struct vigie_delay *cell = &cpu->culprits[epoch][at];
	struct vigie_delay now = *(const volatile struct vigie_delay *)cell;
	struct vigie_delay_past past =
		*(const volatile struct vigie_delay_past *)&cpu->culprit_past[epoch][at];
	struct vigie_delay again = *(const volatile struct vigie_delay *)cell;
	struct vigie_delay_past *last = &e->last_delay[of_cpu * VIGIE_DELAY_CELLS + at];
	struct vigie_delay_past read = { now.wait_ns, now.waits };
	int err;

	/* Being written this moment: the next read has it. */
	if (!now.victim.tgid || memcmp(&now, &again, sizeof(now)) || past.waits > now.waits)
		return 0;
	skip_past(e, &past, last);
	if (now.waits == last->waits && now.wait_ns == last->wait_ns)
		return 0;
	err = array_grow(&e->culprits, &e->culprits_cap, e->nculprits + VIGIE_DELAY_PROCESSES + 1,
			 sizeof(*e->culprits), SIZE_MAX);
	if (err)
		return err;
	now.waits -= last->waits;
	now.wait_ns -= last->wait_ns;
	emit_parts(e, e->first_part[at], &now, (__u32)past.waits,
		   &e->last_process[of_cpu * VIGIE_DELAY_PROCESSES]);
	*last = read;
	return 0;
}

/* The parts first: what is in them is in the sums that are read after them. */
static int read_tables(struct epoch_reader *e, unsigned int cpu, __u32 epoch)
{
	const struct vigie_cpu *c = &e->cpus[cpu];
	const struct vigie_delay_process *last = &e->last_process[cpu * VIGIE_DELAY_PROCESSES];
	__u32 i;
	int err = 0;

	memset(e->first_part, 0, sizeof(e->first_part));
	for (i = 0; i < VIGIE_DELAY_PROCESSES; i++)
		read_part(e, &c->culprit_processes[epoch][i], &last[i], &e->parts[i]);
	for (i = 0; i < VIGIE_DELAY_CELLS && !err; i++)
		err = read_cell(e, cpu, epoch, i);
	return err;
}

static int read_blames(struct epoch_reader *e, __u32 epoch)
{
	unsigned int cpu;
	int err = 0;

	for (cpu = 0; cpu < e->ncpus; cpu++) {
		const struct vigie_cpu *c = &e->cpus[cpu];
		__u64 ns = c->culprit_other_ns[epoch], waits = c->culprit_other_waits[epoch];

		if (!c->slow_waits) /* nor any memory of its own yet */
			continue;
		e->culprit_other_ns += ns - e->last_culprit_other_ns[cpu];
		e->culprit_other_waits += waits - e->last_culprit_other_waits[cpu];
		e->last_culprit_other_ns[cpu] = ns;
		e->last_culprit_other_waits[cpu] = waits;
		if (!err)
			err = read_tables(e, cpu, epoch);
	}
	return err;
}

static int read_epoch(struct epoch_reader *e, __u32 epoch)
{
	int err = read_map(e, e->retired_fd[epoch], false), next;

	next = read_map(e, e->spare_fd[epoch], true);
	err = err ? err : next;
	next = read_other(e, epoch);
	err = err ? err : next;
	next = read_blames(e, epoch);
	return err ? err : next;
}

/* Only of a closed epoch that was read to its end: nobody writes there any more. */
static int empty_map(struct epoch_reader *e, int fd)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 token[16], n;
	void *in = NULL;
	int err;

	do {
		n = e->batch_cap;
		err = bpf_map_lookup_and_delete_batch(fd, in, token, e->keys, e->values, &n, &opts);
		in = token;
	} while (!err);
	return err == -ENOENT ? 0 : err;
}

static int empty_epoch(struct epoch_reader *e, __u32 epoch)
{
	struct vigie_retired zero = { 0 };
	unsigned int cpu;
	int err = empty_map(e, e->retired_fd[epoch]);

	if (!err)
		err = empty_map(e, e->spare_fd[epoch]);
	if (!err)
		err = bpf_map_update_elem(e->other_fd, &epoch, &zero, BPF_ANY);
	if (err)
		return err;
	for (cpu = 0; cpu < e->ncpus; cpu++) {
		if (!e->cpus[cpu].slow_waits)
			continue;
		memset(e->cpus[cpu].culprits[epoch], 0, sizeof(e->cpus[cpu].culprits[epoch]));
		memset(e->cpus[cpu].culprit_past[epoch], 0,
		       sizeof(e->cpus[cpu].culprit_past[epoch]));
		memset(e->cpus[cpu].culprit_processes[epoch], 0,
		       sizeof(e->cpus[cpu].culprit_processes[epoch]));
		e->cpus[cpu].culprit_other_ns[epoch] = 0;
		e->cpus[cpu].culprit_other_waits[epoch] = 0;
	}
	return 0;
}

int epoch_read(struct epoch_reader *e)
{
	__u32 now = *e->current & 1;
	int err;

	e->nretired = e->nculprits = 0;
	e->culprit_other_ns = e->culprit_other_waits = 0;
	e->entries = 0;
	if (e->closed_pending) {
		/* "last" still speaks of the closed epoch: finish it before the next begins. */
		err = read_epoch(e, now ^ 1);
		if (!err)
			err = empty_epoch(e, now ^ 1);
		if (err)
			return err;
		last_forget(e);
		e->closed_pending = false;
		e->entries = 0;
	}
	return read_epoch(e, now);
}

int epoch_settle(struct epoch_reader *e)
{
	if (e->closed_pending)
		return 0;
	*e->current = (*e->current & 1) ^ 1;
	e->closed_pending = true;
	/*
	 * Waits until every program that may have seen the old value has ended: BPF programs
	 * run inside RCU read sections, and this command is synchronize_rcu(). Kernels with
	 * nohz_full CPUs refuse it; there a time does that no such section lasts by far.
	 */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	return 0;
}
