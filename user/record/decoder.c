// SPDX-License-Identifier: GPL-2.0-only
/*
 * decoder.c - owns the way back. The bytes are a stranger's: every count is bounded by what
 * follows it, every order is checked, and nothing is taken from before that is not there.
 */
#include "record/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "record/codec_parts.h"
#include "record/codec_words.h"

struct path {
	__u64 id;
	char *text;
	struct container *container; /* or NULL */
};

struct decoder {
	bool began; /* the last entry was decoded: a delta may follow */
	unsigned int version; /* of the last key */
	struct codec_shape shape; /* of the last key's writer */
	__u64 words[NUMBERS_FIXED];
	struct process *processes, *before; /* of this entry, of the last one */
	size_t nprocesses, processes_cap, nbefore, before_cap;
	struct retired *retired;
	size_t retired_cap;
	struct vigie_delay *culprits;
	size_t culprits_cap;
	struct vigie_oom_event *ooms;
	size_t ooms_cap;
	struct cgroup_name *cgroups;
	size_t ncgroups, cgroups_cap;
	struct path *paths; /* since the last key */
	size_t npaths, paths_cap;
	struct hash path_index;
	void **stale; /* texts and containers that cgroups may still point to */
	size_t nstale, stale_cap;
	struct cgroup_stat *stats;
	size_t nstats, stats_cap;
};

struct decoder *decoder__new(void)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (d)
		hash_init(&d->path_index);
	return d;
}

static void drop_stale(struct decoder *d)
{
	while (d->nstale)
		free(d->stale[--d->nstale]);
}

static void drop_paths(struct decoder *d)
{
	while (d->npaths) {
		free(d->paths[--d->npaths].container);
		free(d->paths[d->npaths].text);
	}
	hash_done(&d->path_index);
	hash_init(&d->path_index);
}

void decoder__free(struct decoder *d)
{
	if (!d)
		return;
	drop_stale(d);
	drop_paths(d);
	hash_done(&d->path_index);
	free(d->processes);
	free(d->before);
	free(d->retired);
	free(d->culprits);
	free(d->ooms);
	free(d->cgroups);
	free(d->paths);
	free(d->stale);
	free(d->stats);
	free(d);
}

/* A count that the rest of the bytes can hold: each element takes at least least of them. */
static size_t get_count(struct varint_reader *r, size_t least)
{
	return varint_get_max(r, (size_t)(r->end - r->at) / least);
}

static void get_name(struct varint_reader *r, char *name, size_t size)
{
	size_t len = varint_get_max(r, size);

	memset(name, 0, size);
	varint_get_bytes(r, name, len);
}

static __u32 get_u32(struct varint_reader *r)
{
	return varint_get_max(r, UINT32_MAX);
}

/* Into a usage that is 0. What a later vigie counts beside is passed over. */
static void get_usage(struct varint_reader *r, struct vigie_usage *usage, int skip)
{
	__u64 *words = (__u64 *)usage, map = varint_get(r), value;
	int i, word;

	if (skip >= 0 && map >> skip & 1)
		r->err = true;
	for (i = 0; i < 64; i++) {
		if (!(map >> i & 1))
			continue;
		value = varint_get(r);
		word = usage_word(i);
		if (word != USAGE_HOLE)
			words[word] = value;
	}
}

/* --- Processes. */

static void get_identity(struct varint_reader *r, struct process *p)
{
	p->ppid = get_u32(r);
	p->uid = get_u32(r);
	p->flags = get_u32(r);
	p->threads = get_u32(r);
	p->cgroup_id = varint_get(r);
	get_name(r, p->comm, sizeof(p->comm));
	get_name(r, p->exe, sizeof(p->exe));
}

/* Deltas against now; what the writer had beyond n is passed over. */
static void get_deltas(struct varint_reader *r, __u64 *now, size_t n, size_t written)
{
	size_t i;

	for (i = 0; i < written && !r->err; i++)
		if (i < n)
			now[i] = varint_get_delta(r, now[i]);
		else
			varint_get(r);
}

/* p is as it was before; inc is not. */
static void get_fields(struct varint_reader *r, struct process *p, unsigned int mask,
		       struct sleep_guess *guess, const struct codec_shape *shape)
{
	__u64 sleep;

	if (mask & MASK_IDENTITY)
		get_identity(r, p);
	sleep = guess_sleep(guess, p);
	if (mask & MASK_SLEEP)
		sleep = varint_get_delta(r, sleep);
	memset(&p->inc, 0, sizeof(p->inc));
	if (mask & MASK_USAGE)
		get_usage(r, &p->inc, NUMBER_SLEEP);
	p->inc.off_ns[VIGIE_OFF_SLEEP] = sleep;
	if (mask & MASK_RSS)
		get_deltas(r, p->rss_pages, VIGIE_RSS_KINDS, shape->rss);
	p->peak_pages = resident_pages(p->rss_pages);
	if (mask & MASK_PEAK)
		p->peak_pages = varint_get_delta(r, p->peak_pages);
	p->life_cpu_ns += p->inc.user_ns + p->inc.system_ns;
	if (mask & MASK_LIFE)
		p->life_cpu_ns = varint_get_delta(r, p->life_cpu_ns);
	guess_learn(guess, p, mask);
}

/* The process that a token speaks of, as it was; false: it speaks of none. */
static bool get_subject(struct decoder *d, struct varint_reader *r, unsigned int kind, size_t *at,
			__u32 last_pid, struct process *ret)
{
	if (kind == PROCESS_NEW) {
		memset(ret, 0, sizeof(*ret));
		ret->pid = last_pid + varint_get_max(r, UINT32_MAX - last_pid);
		ret->start_ns = varint_get(r);
		get_identity(r, ret);
	} else {
		if (kind == PROCESS_SKIP)
			*at += varint_get_max(r, d->nbefore - *at);
		if (*at >= d->nbefore)
			return false;
		*ret = d->before[(*at)++];
	}
	return ret->pid > last_pid && !r->err;
}

static int get_process(struct decoder *d, struct varint_reader *r, __u64 token, size_t *at,
		       struct sleep_guess *guess)
{
	__u32 last_pid = d->nprocesses ? d->processes[d->nprocesses - 1].pid : 0;
	struct process *p;

	if (token >> 2 >= MASKS || d->nprocesses == PROCESSES_MAX)
		return -EBADMSG;
	if (array_grow(&d->processes, &d->processes_cap, d->nprocesses + 1, sizeof(*p), SIZE_MAX))
		return -ENOMEM;
	p = &d->processes[d->nprocesses];
	if (!get_subject(d, r, token & 3, at, last_pid, p))
		return -EBADMSG;
	get_fields(r, p, token >> 2, guess, &d->shape);
	d->nprocesses++;
	return r->err ? -EBADMSG : 0;
}

static int get_processes(struct decoder *d, struct varint_reader *r)
{
	struct process *swap = d->before;
	size_t at = 0, cap = d->before_cap;
	struct sleep_guess guess = { 0 };
	__u64 token;
	int err = 0;

	d->before = d->processes;
	d->nbefore = d->nprocesses;
	d->before_cap = d->processes_cap;
	d->processes = swap;
	d->processes_cap = cap;
	d->nprocesses = 0;
	while (!err && (token = varint_get(r)) != PROCESS_END)
		err = r->err ? -EBADMSG : get_process(d, r, token, &at, &guess);
	return err;
}

/* --- The other lists. */

static int get_retired(struct decoder *d, struct varint_reader *r, struct snapshot *ret)
{
	size_t n = get_count(r, 10), i;

	for (i = 0; i < n && !r->err; i++) {
		struct retired *v;

		if (array_grow(&d->retired, &d->retired_cap, i + 1, sizeof(*d->retired), SIZE_MAX))
			return -ENOMEM;
		v = &d->retired[i];
		memset(v, 0, sizeof(*v));
		v->key.cgroup_id = varint_get(r);
		v->key.start_ns = varint_get(r);
		v->key.tgid = get_u32(r);
		v->key.uid = get_u32(r);
		v->key.flags = get_u32(r);
		get_name(r, v->key.comm, sizeof(v->key.comm));
		get_name(r, v->key.exe, sizeof(v->key.exe));
		get_usage(r, &v->value.inc, -1);
		v->value.peak_pages = varint_get(r);
		v->value.tasks = varint_get(r);
	}
	ret->retired = d->retired;
	ret->nretired = n;
	return 0;
}

static void get_party(struct varint_reader *r, struct vigie_party *party)
{
	party->tgid = get_u32(r);
	party->flags = get_u32(r);
	party->cgroup_id = varint_get(r);
	get_name(r, party->comm, sizeof(party->comm));
}

static int get_delays(struct decoder *d, struct varint_reader *r, struct snapshot *ret)
{
	size_t n = get_count(r, 10), i;

	for (i = 0; i < n && !r->err; i++) {
		if (array_grow(&d->culprits, &d->culprits_cap, i + 1, sizeof(*d->culprits),
			       SIZE_MAX))
			return -ENOMEM;
		get_party(r, &d->culprits[i].victim);
		get_party(r, &d->culprits[i].culprit);
		d->culprits[i].wait_ns = varint_get(r);
		d->culprits[i].waits = varint_get(r);
	}
	ret->culprits = d->culprits;
	ret->nculprits = n;
	ret->culprit_other_ns = varint_get(r);
	ret->culprit_other_waits = varint_get(r);
	return 0;
}

static int get_ooms(struct decoder *d, struct varint_reader *r, struct snapshot *ret)
{
	size_t n = get_count(r, 8), i;

	for (i = 0; i < n && !r->err; i++) {
		struct vigie_oom_event *oom;

		if (array_grow(&d->ooms, &d->ooms_cap, i + 1, sizeof(*d->ooms), SIZE_MAX))
			return -ENOMEM;
		oom = &d->ooms[i];
		memset(oom, 0, sizeof(*oom));
		oom->kind = get_u32(r);
		oom->victim_tgid = get_u32(r);
		oom->trigger_tgid = get_u32(r);
		oom->time_ns = varint_get(r);
		oom->victim_cgroup_id = varint_get(r);
		oom->victim_pages = varint_get(r);
		get_name(r, oom->victim_comm, sizeof(oom->victim_comm));
		get_name(r, oom->trigger_comm, sizeof(oom->trigger_comm));
	}
	ret->ooms = d->ooms;
	ret->nooms = n;
	return 0;
}

static void get_probes(struct varint_reader *r, struct collect_stat *stat)
{
	unsigned int i;

	stat->nprobes = varint_get_max(r, PROBES_MAX);
	for (i = 0; i < stat->nprobes; i++) {
		get_name(r, stat->probes[i].name, sizeof(stat->probes[i].name));
		stat->probes[i].runs = varint_get(r);
		stat->probes[i].run_ns = varint_get(r);
	}
}

static struct path *find_path(const struct decoder *d, __u64 id)
{
	uint32_t sum = hash_bytes(&id, sizeof(id), 0), at, i;

	for (i = hash_first(&d->path_index, sum, &at); i != HASH_NONE;
	     i = hash_next(&d->path_index, sum, &at))
		if (d->paths[i].id == id)
			return &d->paths[i];
	return NULL;
}

/* What a list points to lives as long as that list, whatever the id is called since. */
static int set_path(struct decoder *d, __u64 id, char *text, struct container *container)
{
	struct path *known = find_path(d, id);

	if (known) {
		if (array_grow(&d->stale, &d->stale_cap, d->nstale + 2, sizeof(*d->stale),
			       SIZE_MAX))
			return -ENOMEM;
		d->stale[d->nstale++] = known->text;
		d->stale[d->nstale++] = known->container;
		known->text = text;
		known->container = container;
		return 0;
	}
	if (array_grow(&d->paths, &d->paths_cap, d->npaths + 1, sizeof(*d->paths), SIZE_MAX) ||
	    hash_reserve(&d->path_index, d->npaths + 1))
		return -ENOMEM;
	d->paths[d->npaths] = (struct path){ id, text, container };
	hash_add(&d->path_index, hash_bytes(&id, sizeof(id), 0), d->npaths++);
	return 0;
}

/* What a later vigie knows of a container beside is passed over. */
static int get_container(struct varint_reader *r, struct container **ret)
{
	struct container_packed packed = { 0 };
	char passed[CONTAINER_TEXT_SIZE], *text;
	size_t n = varint_get_max(r, SHAPE_MAX), i, len;

	*ret = NULL;
	for (i = 0; i < n && !r->err; i++) {
		text = i < CONTAINER_TEXTS ? packed.text[i] : passed;
		len = varint_get_max(r, CONTAINER_TEXT_SIZE - 1);
		varint_get_bytes(r, text, len);
		if (!r->err && i < CONTAINER_TEXTS && strlen(text) != len)
			r->err = true;
	}
	if (!n || r->err)
		return 0;
	*ret = container_unpack(&packed);
	return *ret ? 0 : -ENOMEM;
}

static int get_path(struct decoder *d, struct varint_reader *r, __u64 id, size_t len)
{
	struct container *container = NULL;
	char *text = malloc(len + 1);
	int err = 0;

	if (!text)
		return -ENOMEM;
	varint_get_bytes(r, text, len);
	text[len] = '\0';
	if (!r->err && strlen(text) != len)
		r->err = true;
	if (d->version > 2)
		err = get_container(r, &container);
	if (!err)
		err = r->err ? -EBADMSG : set_path(d, id, text, container);
	if (err) {
		free(container);
		free(text);
	}
	return err;
}

static int get_cgroup(struct decoder *d, struct varint_reader *r, size_t i)
{
	__u64 id = varint_get(r);
	size_t len = varint_get_max(r, PATH_MAX_LEN + 1);
	struct path *path;
	int err = 0;

	if (array_grow(&d->cgroups, &d->cgroups_cap, i + 1, sizeof(*d->cgroups), SIZE_MAX))
		return -ENOMEM;
	if (len)
		err = get_path(d, r, id, len - 1);
	path = find_path(d, id);
	if (!err && !path)
		err = -EBADMSG;
	if (!err)
		d->cgroups[i] = (struct cgroup_name){ .id = id,
						      .path = path->text,
						      .container = path->container };
	return err;
}

static int get_cgroups(struct decoder *d, struct varint_reader *r)
{
	size_t n, i;
	int err = 0;

	if (varint_get_max(r, 1))
		return 0; /* the list stands, and so does what it points to */
	drop_stale(d);
	n = get_count(r, 2);
	d->ncgroups = 0;
	for (i = 0; i < n && !err; i++)
		err = r->err ? -EBADMSG : get_cgroup(d, r, i);
	if (!err)
		d->ncgroups = n;
	return err;
}

static int get_cgroup_stats(struct decoder *d, struct varint_reader *r)
{
	size_t n = get_count(r, d->shape.cgroup), i;

	for (i = 0; i < n && !r->err; i++) {
		if (array_grow(&d->stats, &d->stats_cap, i + 1, sizeof(*d->stats), SIZE_MAX))
			return -ENOMEM;
		if (i >= d->nstats)
			memset(&d->stats[i], 0, sizeof(d->stats[i]));
		get_deltas(r, (__u64 *)&d->stats[i], NUMBERS_CGROUP, d->shape.cgroup);
	}
	d->nstats = n;
	return 0;
}

/* --- The entry. */

static void decoder_forget(struct decoder *d)
{
	memset(d->words, 0, sizeof(d->words));
	d->nprocesses = d->ncgroups = d->nstats = 0;
	drop_stale(d);
	drop_paths(d);
}

/* Each list has one word at least, so that a count of them has a bound. */
static void get_shape(struct varint_reader *r, struct codec_shape *ret)
{
	ret->fixed = varint_get_max(r, SHAPE_MAX);
	ret->rss = varint_get_max(r, SHAPE_MAX);
	ret->cgroup = varint_get_max(r, SHAPE_MAX);
	if (!ret->fixed || !ret->rss || !ret->cgroup)
		r->err = true;
}

static int get_all(struct decoder *d, struct varint_reader *r, struct snapshot *ret)
{
	int err;

	if (r->err)
		return -EBADMSG;
	get_deltas(r, d->words, NUMBERS_FIXED, d->shape.fixed);
	words_give(d->words, ret);
	get_probes(r, &ret->stat);
	err = get_processes(d, r);
	if (!err)
		err = get_retired(d, r, ret);
	if (!err)
		err = get_delays(d, r, ret);
	if (!err)
		err = get_ooms(d, r, ret);
	if (!err)
		err = get_cgroups(d, r);
	if (!err)
		err = get_cgroup_stats(d, r);
	return !err && (r->err || r->at != r->end) ? -EBADMSG : err;
}

int decoder__decode(struct decoder *d, const void *data, size_t len, bool key, unsigned int version,
		    struct snapshot *ret)
{
	struct snapshot snapshot = { 0 };
	struct varint_reader r;
	int err;

	if (!key && !d->began)
		return -ENODATA;
	d->began = false;
	varint_reader_init(&r, data, len);
	if (key) {
		if (!version || version > CODEC_VERSION)
			return -EPROTONOSUPPORT;
		decoder_forget(d);
		d->version = version;
		d->shape = codec_shape_1();
		if (version > 1)
			get_shape(&r, &d->shape);
	}
	err = get_all(d, &r, &snapshot);
	if (err)
		return err;
	d->began = true;
	snapshot.processes = d->processes;
	snapshot.nprocesses = d->nprocesses;
	snapshot.cgroups = d->cgroups;
	snapshot.ncgroups = d->ncgroups;
	snapshot.cgroup_stats = d->stats;
	snapshot.ncgroup_stats = d->nstats;
	*ret = snapshot;
	return 0;
}
