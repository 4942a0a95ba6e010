// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_words.c - owns the list of counters, once, for both directions.
 *
 * A member that is added to the structs must be added here: the round trip of test_codec.c,
 * which fills every byte, fails until it is.
 */
#include "record/codec_words.h"

#include <string.h>

/* Walks all members: give copies a word into the member, else the member into the word. */
struct walk {
	__u64 *word;
	bool give;
};

static void w64(struct walk *w, __u64 *member)
{
	if (w->give)
		*member = *w->word;
	else
		*w->word = *member;
	w->word++;
}

static void w32(struct walk *w, __u32 *member)
{
	if (w->give)
		*member = *w->word;
	else
		*w->word = *member;
	w->word++;
}

static void wdouble(struct walk *w, double *member)
{
	memcpy(w->give ? (void *)member : w->word, w->give ? w->word : (void *)member,
	       sizeof(*member));
	w->word++;
}

static void walk_array(struct walk *w, void *members, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		w64(w, (__u64 *)members + i);
}

static void walk_host(struct walk *w, struct host *host)
{
	int i;

	walk_array(w, &host->cpu, sizeof(host->cpu) / sizeof(__u64));
	walk_array(w, &host->memory, sizeof(host->memory) / sizeof(__u64));
	w64(w, &host->context_switches);
	w64(w, &host->forks);
	w32(w, &host->procs_running);
	w32(w, &host->procs_blocked);
	w32(w, &host->online_cpus);
	for (i = 0; i < 3; i++)
		wdouble(w, &host->load[i]);
	w64(w, &host->swap_in_pages);
	w64(w, &host->swap_out_pages);
	w64(w, &host->boot_time_s);
}

static void walk_stat(struct walk *w, struct collect_stat *stat)
{
	__u64 known = stat->run_time_known;

	walk_array(w, stat->loss, VIGIE_LOSSES);
	w64(w, &stat->lost_records);
	w64(w, &stat->cgroups_unnamed);
	w64(w, &stat->forks);
	w64(w, &stat->process_starts);
	w64(w, &stat->process_exits);
	w64(w, &stat->frees);
	w64(w, &stat->slow_waits);
	w64(w, &stat->snapshots);
	w64(w, &stat->snapshot_ns);
	w64(w, &stat->snapshot_cpu_ns);
	w64(w, &stat->tasks);
	w64(w, &stat->untracked);
	w64(w, &stat->unfreed);
	w64(w, &stat->retired_keys);
	w64(w, &stat->bpf_memory_bytes);
	w64(w, &known);
	if (w->give)
		stat->run_time_known = known;
}

static void walk(struct walk *w, struct snapshot *snapshot)
{
	w64(w, &snapshot->time_ns);
	w64(w, &snapshot->wall_ns);
	w64(w, &snapshot->page_size);
	walk_host(w, &snapshot->host);
	walk_array(w, &snapshot->slices, WORDS_SLICES);
	walk_stat(w, &snapshot->stat);
}

void words_take(const struct snapshot *snapshot, __u64 words[WORDS_FIXED])
{
	struct walk w = { .word = words };

	memset(words, 0, WORDS_FIXED * sizeof(*words));
	walk(&w, (struct snapshot *)snapshot); /* only read: give is not set */
}

void words_give(const __u64 words[WORDS_FIXED], struct snapshot *ret)
{
	struct walk w = { .word = (__u64 *)words, .give = true };

	walk(&w, ret);
}
