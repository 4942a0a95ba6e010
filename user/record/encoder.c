// SPDX-License-Identifier: GPL-2.0-only
/*
 * encoder.c - owns what the encoder remembers of the entry before: of a process no more than
 * deltas need.
 */
#include "record/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "record/codec_parts.h"
#include "record/codec_words.h"

/* A process without its increments. */
struct known {
	__u32 pid, ppid, uid, flags, threads;
	__u64 start_ns, cgroup_id, life_cpu_ns;
	__u64 rss_pages[VIGIE_RSS_KINDS];
	char comm[VIGIE_COMM_LEN], exe[VIGIE_EXE_LEN];
};

struct cgroup_known {
	__u64 id, sum; /* of path and container */
};

struct encoder {
	bool began;
	__u64 words[NUMBERS_FIXED];
	struct known *known, *next; /* of the last entry; of the one being written */
	size_t nknown, known_cap, nnext, next_cap;
	struct cgroup_known *cgroups; /* the last entry's list, in order */
	size_t ncgroups, cgroups_cap;
	struct hash paths; /* ids of cgroups, to places in named */
	struct cgroup_known *named; /* paths that were written since the last key */
	size_t nnamed, named_cap;
	struct cgroup_stat *stats;
	size_t nstats, stats_cap;
};

struct encoder *encoder__new(void)
{
	struct encoder *e = calloc(1, sizeof(*e));

	if (e)
		hash_init(&e->paths);
	return e;
}

void encoder__free(struct encoder *e)
{
	if (!e)
		return;
	hash_done(&e->paths);
	free(e->known);
	free(e->next);
	free(e->cgroups);
	free(e->named);
	free(e->stats);
	free(e);
}

/* --- Parts that several lists have. */

/* All bytes up to the last that is not zero: what stands behind a NUL survives, too. */
static void put_name(struct buf *out, const char *name, size_t size)
{
	while (size && !name[size - 1])
		size--;
	varint_put(out, size);
	buf_add(out, name, size);
}

/* A bitmap of the numbers that are not zero, without the skipped one, then their words. */
static void put_usage(struct buf *out, const struct vigie_usage *usage, int skip)
{
	const __u64 *words = (const __u64 *)usage;
	__u64 map = 0;
	int i, word;

	for (i = 0; i < NUMBERS_USAGE; i++) {
		word = usage_word(i);
		if (word != USAGE_HOLE && words[word] && i != skip)
			map |= 1ULL << i;
	}
	varint_put(out, map);
	for (i = 0; i < NUMBERS_USAGE; i++)
		if (map >> i & 1)
			varint_put(out, words[usage_word(i)]);
}

/* --- Processes. */

static void put_identity(struct buf *out, const struct process *p)
{
	varint_put(out, p->ppid);
	varint_put(out, p->uid);
	varint_put(out, p->flags);
	varint_put(out, p->threads);
	varint_put(out, p->cgroup_id);
	put_name(out, p->comm, sizeof(p->comm));
	put_name(out, p->exe, sizeof(p->exe));
}

static bool same_identity(const struct process *p, const struct known *k)
{
	return p->ppid == k->ppid && p->uid == k->uid && p->flags == k->flags &&
	       p->threads == k->threads && p->cgroup_id == k->cgroup_id &&
	       !memcmp(p->comm, k->comm, sizeof(k->comm)) &&
	       !memcmp(p->exe, k->exe, sizeof(k->exe));
}

static bool has_other_usage(const struct vigie_usage *inc)
{
	const __u64 *words = (const __u64 *)inc;
	int i, sleep = usage_word(NUMBER_SLEEP);

	for (i = 0; i < VIGIE_USAGE_WORDS; i++)
		if (words[i] && i != sleep)
			return true;
	return false;
}

static unsigned int mask_of(const struct process *p, const struct known *k,
			    const struct sleep_guess *guess)
{
	unsigned int mask = 0;

	if (p->inc.off_ns[VIGIE_OFF_SLEEP] != guess_sleep(guess, p))
		mask |= MASK_SLEEP;
	if (has_other_usage(&p->inc))
		mask |= MASK_USAGE;
	if (memcmp(p->rss_pages, k->rss_pages, sizeof(k->rss_pages)))
		mask |= MASK_RSS;
	if (p->peak_pages != resident_pages(p->rss_pages))
		mask |= MASK_PEAK;
	if (p->life_cpu_ns != k->life_cpu_ns + p->inc.user_ns + p->inc.system_ns)
		mask |= MASK_LIFE;
	if (k->pid && !same_identity(p, k))
		mask |= MASK_IDENTITY;
	return mask;
}

static void put_fields(struct buf *out, const struct process *p, const struct known *k,
		       unsigned int mask, struct sleep_guess *guess)
{
	int i;

	if (mask & MASK_IDENTITY)
		put_identity(out, p);
	if (mask & MASK_SLEEP)
		varint_put_delta(out, p->inc.off_ns[VIGIE_OFF_SLEEP], guess_sleep(guess, p));
	if (mask & MASK_USAGE)
		put_usage(out, &p->inc, NUMBER_SLEEP);
	for (i = 0; i < VIGIE_RSS_KINDS && mask & MASK_RSS; i++)
		varint_put_delta(out, p->rss_pages[i], k->rss_pages[i]);
	if (mask & MASK_PEAK)
		varint_put_delta(out, p->peak_pages, resident_pages(p->rss_pages));
	if (mask & MASK_LIFE)
		varint_put_delta(out, p->life_cpu_ns,
				 k->life_cpu_ns + p->inc.user_ns + p->inc.system_ns);
	guess_learn(guess, p, mask);
}

static void encoder_remember(struct known *k, const struct process *p)
{
	*k = (struct known){
		.pid = p->pid,
		.ppid = p->ppid,
		.uid = p->uid,
		.flags = p->flags,
		.threads = p->threads,
		.start_ns = p->start_ns,
		.cgroup_id = p->cgroup_id,
		.life_cpu_ns = p->life_cpu_ns,
	};
	memcpy(k->rss_pages, p->rss_pages, sizeof(k->rss_pages));
	memcpy(k->comm, p->comm, sizeof(k->comm));
	memcpy(k->exe, p->exe, sizeof(k->exe));
}

/* Moves *at to the process' place in the last entry; how many were left out, or -1: not there. */
static long find_known(const struct encoder *e, size_t *at, const struct process *p)
{
	size_t i = *at;

	while (i < e->nknown && e->known[i].pid < p->pid)
		i++;
	if (i == e->nknown || e->known[i].pid != p->pid || e->known[i].start_ns != p->start_ns)
		return -1;
	i -= *at;
	*at += i;
	return i;
}

static void put_process(struct encoder *e, struct buf *out, const struct process *p, size_t *at,
			__u32 *last_pid, struct sleep_guess *guess)
{
	static const struct known nobody;
	long skipped = find_known(e, at, p);
	const struct known *k = skipped < 0 ? &nobody : &e->known[*at];
	unsigned int mask = mask_of(p, k, guess);

	if (skipped < 0) {
		varint_put(out, mask << 2 | PROCESS_NEW);
		varint_put(out, p->pid - *last_pid);
		varint_put(out, p->start_ns);
		put_identity(out, p);
	} else {
		varint_put(out, mask << 2 | (skipped ? PROCESS_SKIP : PROCESS_NEXT));
		if (skipped)
			varint_put(out, skipped);
		(*at)++;
	}
	put_fields(out, p, k, mask, guess);
	*last_pid = p->pid;
}

static int put_processes(struct encoder *e, struct buf *out, const struct snapshot *s)
{
	struct sleep_guess guess = { 0 };
	size_t i, at = 0;
	__u32 last_pid = 0;

	if (array_grow(&e->next, &e->next_cap, s->nprocesses, sizeof(*e->next), SIZE_MAX))
		return -ENOMEM;
	for (i = 0; i < s->nprocesses; i++) {
		put_process(e, out, &s->processes[i], &at, &last_pid, &guess);
		encoder_remember(&e->next[i], &s->processes[i]);
	}
	varint_put(out, PROCESS_END);
	e->nnext = s->nprocesses;
	return 0;
}

/* --- The other lists. */

static void put_retired(struct buf *out, const struct snapshot *s)
{
	size_t i;

	varint_put(out, s->nretired);
	for (i = 0; i < s->nretired; i++) {
		const struct retired *r = &s->retired[i];

		varint_put(out, r->key.cgroup_id);
		varint_put(out, r->key.start_ns);
		varint_put(out, r->key.tgid);
		varint_put(out, r->key.uid);
		varint_put(out, r->key.flags);
		put_name(out, r->key.comm, sizeof(r->key.comm));
		put_name(out, r->key.exe, sizeof(r->key.exe));
		put_usage(out, &r->value.inc, -1);
		varint_put(out, r->value.peak_pages);
		varint_put(out, r->value.tasks);
	}
}

static void put_party(struct buf *out, const struct vigie_party *party)
{
	varint_put(out, party->tgid);
	varint_put(out, party->flags);
	varint_put(out, party->cgroup_id);
	put_name(out, party->comm, sizeof(party->comm));
}

static void put_delays(struct buf *out, const struct snapshot *s)
{
	size_t i;

	varint_put(out, s->nculprits);
	for (i = 0; i < s->nculprits; i++) {
		put_party(out, &s->culprits[i].victim);
		put_party(out, &s->culprits[i].culprit);
		varint_put(out, s->culprits[i].wait_ns);
		varint_put(out, s->culprits[i].waits);
	}
	varint_put(out, s->culprit_other_ns);
	varint_put(out, s->culprit_other_waits);
}

static void put_ooms(struct buf *out, const struct snapshot *s)
{
	size_t i;

	varint_put(out, s->nooms);
	for (i = 0; i < s->nooms; i++) {
		const struct vigie_oom_event *oom = &s->ooms[i];

		varint_put(out, oom->kind);
		varint_put(out, oom->victim_tgid);
		varint_put(out, oom->trigger_tgid);
		varint_put(out, oom->time_ns);
		varint_put(out, oom->victim_cgroup_id);
		varint_put(out, oom->victim_pages);
		put_name(out, oom->victim_comm, sizeof(oom->victim_comm));
		put_name(out, oom->trigger_comm, sizeof(oom->trigger_comm));
	}
}

static void put_probes(struct buf *out, const struct collect_stat *stat)
{
	unsigned int i, n = stat->nprobes < PROBES_MAX ? stat->nprobes : PROBES_MAX;

	varint_put(out, n);
	for (i = 0; i < n; i++) {
		put_name(out, stat->probes[i].name, sizeof(stat->probes[i].name));
		varint_put(out, stat->probes[i].runs);
		varint_put(out, stat->probes[i].run_ns);
	}
}

static uint32_t id_sum(__u64 id)
{
	return hash_bytes(&id, sizeof(id), 0);
}

static __u64 cgroup_sum(const struct cgroup_name *cgroup)
{
	return container_hash(cgroup->container, hash_bytes(cgroup->path, strlen(cgroup->path), 1));
}

/* 1: the reader has path and container already. Else they are remembered as written. Or -ENOMEM. */
static int cgroup_is_named(struct encoder *e, const struct cgroup_name *cgroup)
{
	__u64 name_sum = cgroup_sum(cgroup);
	uint32_t at, sum = id_sum(cgroup->id), i;

	for (i = hash_first(&e->paths, sum, &at); i != HASH_NONE;
	     i = hash_next(&e->paths, sum, &at)) {
		if (e->named[i].id != cgroup->id)
			continue;
		if (e->named[i].sum == name_sum)
			return 1;
		e->named[i].sum = name_sum;
		return 0;
	}
	if (array_grow(&e->named, &e->named_cap, e->nnamed + 1, sizeof(*e->named), SIZE_MAX) ||
	    hash_reserve(&e->paths, e->nnamed + 1))
		return -ENOMEM;
	e->named[e->nnamed] = (struct cgroup_known){ cgroup->id, name_sum };
	hash_add(&e->paths, sum, e->nnamed++);
	return 0;
}

static bool same_cgroups(const struct encoder *e, const struct snapshot *s)
{
	size_t i;

	if (s->ncgroups != e->ncgroups)
		return false;
	for (i = 0; i < s->ncgroups; i++)
		if (s->cgroups[i].id != e->cgroups[i].id ||
		    cgroup_sum(&s->cgroups[i]) != e->cgroups[i].sum)
			return false;
	return true;
}

static void put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	varint_put(out, len);
	buf_add(out, text, len);
}

/* How many texts follow: 0 where none is known. */
static void put_container(struct buf *out, const struct container *container)
{
	int i;

	varint_put(out, container ? CONTAINER_TEXTS : 0);
	for (i = 0; container && i < CONTAINER_TEXTS; i++)
		put_text(out, container->text[i]);
}

/* 1: the list of before, to the letter. Else 0, the ids in order, each with its names if new. */
static int put_cgroups(struct encoder *e, struct buf *out, const struct snapshot *s)
{
	size_t i, len;
	int named;

	varint_put(out, same_cgroups(e, s));
	if (same_cgroups(e, s))
		return 0;
	if (array_grow(&e->cgroups, &e->cgroups_cap, s->ncgroups, sizeof(*e->cgroups), SIZE_MAX))
		return -ENOMEM;
	varint_put(out, s->ncgroups);
	for (i = 0; i < s->ncgroups; i++) {
		len = strlen(s->cgroups[i].path);
		named = cgroup_is_named(e, &s->cgroups[i]);
		if (named < 0)
			return named;
		varint_put(out, s->cgroups[i].id);
		varint_put(out, named ? 0 : len + 1);
		if (!named) {
			buf_add(out, s->cgroups[i].path, len);
			put_container(out, s->cgroups[i].container);
		}
		e->cgroups[i].id = s->cgroups[i].id;
		e->cgroups[i].sum = cgroup_sum(&s->cgroups[i]);
	}
	e->ncgroups = s->ncgroups;
	return 0;
}

static int put_cgroup_stats(struct encoder *e, struct buf *out, const struct snapshot *s)
{
	static const struct cgroup_stat nothing;
	const __u64 *before, *now;
	size_t i, w;

	varint_put(out, s->ncgroup_stats);
	for (i = 0; i < s->ncgroup_stats; i++) {
		now = (const __u64 *)&s->cgroup_stats[i];
		before = (const __u64 *)(i < e->nstats ? &e->stats[i] : &nothing);
		for (w = 0; w < sizeof(nothing) / sizeof(__u64); w++)
			varint_put_delta(out, now[w], before[w]);
	}
	if (array_grow(&e->stats, &e->stats_cap, s->ncgroup_stats, sizeof(*e->stats), SIZE_MAX))
		return -ENOMEM;
	if (s->ncgroup_stats)
		memcpy(e->stats, s->cgroup_stats, s->ncgroup_stats * sizeof(*e->stats));
	e->nstats = s->ncgroup_stats;
	return 0;
}

/* --- The entry. */

static void encoder_forget(struct encoder *e)
{
	memset(e->words, 0, sizeof(e->words));
	e->nknown = e->ncgroups = e->nnamed = e->nstats = 0;
	hash_done(&e->paths);
	hash_init(&e->paths);
}

static void put_shape(struct buf *out)
{
	varint_put(out, NUMBERS_FIXED);
	varint_put(out, NUMBERS_RSS);
	varint_put(out, NUMBERS_CGROUP);
}

static int put_all(struct encoder *e, const struct snapshot *s, bool key, struct buf *out)
{
	__u64 words[NUMBERS_FIXED];
	int err, i;

	if (key)
		put_shape(out);
	words_take(s, words);
	for (i = 0; i < NUMBERS_FIXED; i++)
		varint_put_delta(out, words[i], e->words[i]);
	memcpy(e->words, words, sizeof(words));
	put_probes(out, &s->stat);
	err = put_processes(e, out, s);
	put_retired(out, s);
	put_delays(out, s);
	put_ooms(out, s);
	if (!err)
		err = put_cgroups(e, out, s);
	if (!err)
		err = put_cgroup_stats(e, out, s);
	return err ? err : out->err;
}

int encoder__encode(struct encoder *e, const struct snapshot *s, bool key, struct buf *out,
		    bool *ret_key)
{
	struct known *known = e->known;
	size_t cap = e->known_cap;
	int err;

	key |= !e->began;
	if (key)
		encoder_forget(e);
	err = put_all(e, s, key, out);
	e->began = !err;
	if (err)
		return err;
	e->known = e->next;
	e->nknown = e->nnext;
	e->known_cap = e->next_cap;
	e->next = known;
	e->next_cap = cap;
	*ret_key = key;
	return 0;
}
