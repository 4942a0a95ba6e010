// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_record_numbers.c - what a number in a recording means is for good.
 *
 * The tables say what each number of today means; they grow at their ends only. Entries of other
 * shapes than ours are put together here by hand, as an older or a later build writes them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/varint.h"
#include "record/codec.h"
#include "record/codec_words.h"
#include "record/segment.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- Who has which number. */

#define U(member) (offsetof(struct vigie_usage, member) / sizeof(__u64))
/* clang-format off */
static const size_t usage_of_today[] = {
	U(user_ns), U(system_ns), U(wait_ns), /* 0 to 2 */
	U(wait_count[0]), U(wait_count[1]), U(wait_count[2]), U(wait_count[3]), /* 3 to 6 */
	U(wait_count[4]), U(wait_count[5]), U(wait_count[6]), U(wait_count[7]), /* 7 to 10 */
	U(wait_count[8]), U(wait_count[9]), U(wait_count[10]), U(wait_count[11]), /* 11 to 14 */
	U(off_ns[0]), U(off_ns[1]), U(off_ns[2]), U(off_ns[3]), /* 15 to 18 */
	U(voluntary_switches), U(involuntary_switches), U(migrations), /* 19 to 21 */
	U(minor_faults), U(major_faults), U(read_bytes), U(written_bytes), /* 22 to 25 */
	U(stall_ns[0]), U(stall_ns[1]), U(stall_ns[2]), /* 26 to 28 */
	U(oom_kills), U(starts), U(exits[0]), U(exits[1]), U(exits[2]), /* 29 to 33 */
	U(read_chars), U(written_chars), U(thread_starts), /* 34 to 36 */
};

#define F(member) offsetof(struct snapshot, member)
static const struct { size_t number, offset; } fixed_of_today[] = {
	{ 0, F(time_ns) }, { 1, F(wall_ns) }, { 2, F(page_size) },
	{ 3, F(host.cpu.user_ns) }, { 4, F(host.cpu.nice_ns) }, { 5, F(host.cpu.system_ns) },
	{ 6, F(host.cpu.idle_ns) }, { 7, F(host.cpu.iowait_ns) }, { 8, F(host.cpu.irq_ns) },
	{ 9, F(host.cpu.softirq_ns) }, { 10, F(host.cpu.steal_ns) },
	{ 11, F(host.memory.total) }, { 12, F(host.memory.free) },
	{ 13, F(host.memory.available) }, { 14, F(host.memory.buffers) },
	{ 15, F(host.memory.cached) }, { 16, F(host.memory.slab_reclaimable) },
	{ 17, F(host.memory.slab) }, { 18, F(host.memory.active) },
	{ 19, F(host.memory.inactive) }, { 20, F(host.memory.shmem) },
	{ 21, F(host.memory.swap_total) }, { 22, F(host.memory.swap_free) },
	{ 23, F(host.context_switches) }, { 24, F(host.forks) },
	{ 25, F(host.procs_running) }, { 26, F(host.procs_blocked) },
	{ 27, F(host.online_cpus) },
	{ 28, F(host.load[0]) }, { 29, F(host.load[1]) }, { 30, F(host.load[2]) },
	{ 31, F(host.swap_in_pages) }, { 32, F(host.swap_out_pages) },
	{ 33, F(host.boot_time_s) },
	{ 34, F(slices.sum_ns) }, { 35, F(slices.count[0]) }, { 46, F(slices.count[11]) },
	{ 47, F(slices.zero[0]) }, { 49, F(slices.zero[2]) },
	{ 50, F(stat.loss[0]) }, { 56, F(stat.loss[6]) },
	{ 57, F(stat.lost_records) }, { 58, F(stat.cgroups_unnamed) }, { 59, F(stat.forks) },
	{ 60, F(stat.process_starts) }, { 61, F(stat.process_exits) }, { 62, F(stat.frees) },
	{ 63, F(stat.slow_waits) }, { 64, F(stat.snapshots) }, { 65, F(stat.snapshot_ns) },
	{ 66, F(stat.snapshot_cpu_ns) }, { 67, F(stat.tasks) }, { 68, F(stat.untracked) },
	{ 69, F(stat.unfreed) }, { 70, F(stat.retired_keys) },
	{ 71, F(stat.bpf_memory_bytes) }, { 72, F(stat.run_time_known) },
	{ 73, F(stat.loss[7]) }, { 74, F(stat.corrected_ns) },
	{ 75, F(host.pressure_ns[PSI_CPU][PSI_SOME]) }, { 76, F(host.pressure_ns[PSI_CPU][PSI_FULL]) },
	{ 77, F(host.pressure_ns[PSI_MEMORY][PSI_SOME]) },
	{ 78, F(host.pressure_ns[PSI_MEMORY][PSI_FULL]) },
	{ 79, F(host.pressure_ns[PSI_IO][PSI_SOME]) }, { 80, F(host.pressure_ns[PSI_IO][PSI_FULL]) },
	{ 81, F(host.pressure_known) }, { 82, F(stat.loss[8]) }, { 83, F(shed) },
	{ 84, F(stat.loss[9]) }, { 85, F(stat.loss[10]) },
};

#define C(member) offsetof(struct cgroup_stat, member)
static const size_t cgroup_of_today[] = {
	C(id), C(throttled_ns), C(throttled_periods), C(periods), C(memory_limit),
	C(memory_used), C(memory_working), /* 0 to 6 */
	C(unit.has), C(unit.top), C(unit.tree), C(unit.path_len), /* 7 to 10 */
	C(unit.memory[UNIT_ANON]), C(unit.memory[UNIT_FILE]), C(unit.memory[UNIT_SHMEM]),
	C(unit.memory[UNIT_KERNEL]), C(unit.memory[UNIT_SOCKET]), C(unit.memory[UNIT_HUGETLB]),
	C(unit.memory_charged), C(unit.memory_inactive), C(unit.memory_limit), /* 17 to 19 */
	C(unit.tasks), C(unit.tasks_limit), /* 20, 21 */
	C(unit.periods), C(unit.throttled_periods), C(unit.throttled_ns), /* 22 to 24 */
	C(unit.pressure_ns[PSI_CPU][PSI_SOME]), C(unit.pressure_ns[PSI_CPU][PSI_FULL]),
	C(unit.pressure_ns[PSI_MEMORY][PSI_SOME]), C(unit.pressure_ns[PSI_MEMORY][PSI_FULL]),
	C(unit.pressure_ns[PSI_IO][PSI_SOME]), C(unit.pressure_ns[PSI_IO][PSI_FULL]), /* to 30 */
};

/* Values and places in arrays that are written as they are. */
static const struct { int number, is; } enums_of_today[] = {
	{ 0, VIGIE_OFF_SLEEP }, { 1, VIGIE_OFF_DISK }, { 2, VIGIE_OFF_MEMORY },
	{ 3, VIGIE_OFF_UNINTERRUPTIBLE },
	{ 0, VIGIE_STALL_RECLAIM }, { 1, VIGIE_STALL_CGROUP_RECLAIM }, { 2, VIGIE_STALL_COMPACTION },
	{ 0, VIGIE_EXIT_NORMAL }, { 1, VIGIE_EXIT_ERROR }, { 2, VIGIE_EXIT_SIGNAL },
	{ 0, VIGIE_RSS_FILE }, { 1, VIGIE_RSS_ANON }, { 2, VIGIE_RSS_SWAP }, { 3, VIGIE_RSS_SHMEM },
	{ 4, VIGIE_RSS_HUGETLB },
	{ 1, VIGIE_TASK_KTHREAD }, { 2, VIGIE_TASK_ZOMBIE }, { 4, VIGIE_TASK_UNTRACKED },
	{ 8, VIGIE_TASK_OTHER }, { 16, VIGIE_TASK_ASLEEP },
	{ 0, VIGIE_LOSS_STATE_ALLOC }, { 1, VIGIE_LOSS_STATE_MISSING },
	{ 2, VIGIE_LOSS_RETIRED_FULL }, { 3, VIGIE_LOSS_RETIRED_STATELESS },
	{ 4, VIGIE_LOSS_DELAY_FULL }, { 5, VIGIE_LOSS_RING_FULL },
	{ 6, VIGIE_LOSS_CLOCK_BACKWARDS }, { 7, VIGIE_LOSS_WAKEUP_MISSED },
	{ 8, VIGIE_LOSS_RUN_MISSED },
	{ 1, VIGIE_EVENT_OOM }, { 2, VIGIE_EVENT_CGROUP },
	{ 0, TREE_MEMORY }, { 1, TREE_UNIFIED }, { 2, TREE_PIDS }, { 3, TREE_CPU },
};
/* clang-format on */

static void usage_numbers_stay(void **state)
{
	size_t i;

	assert_true(COUNT(usage_of_today) >= 36); /* those of 606e877 */
	assert_int_equal(COUNT(usage_of_today), NUMBERS_USAGE);
	for (i = 0; i < COUNT(usage_of_today); i++)
		assert_int_equal(usage_word(i), usage_of_today[i]);
	assert_int_equal(usage_word(NUMBER_SLEEP), U(off_ns[VIGIE_OFF_SLEEP]));
	assert_int_equal(NUMBER_SLEEP, 15);
	assert_int_equal(usage_word(NUMBERS_USAGE), USAGE_HOLE);
}

/* A counter without a number would not be recorded, and nothing else would say so. */
static void every_word_of_a_usage_has_one_number(void **state)
{
	int times[VIGIE_USAGE_WORDS] = { 0 }, i, word;

	for (i = 0; i < NUMBERS_USAGE; i++) {
		word = usage_word(i);
		assert_true(word < VIGIE_USAGE_WORDS);
		if (word != USAGE_HOLE)
			times[word]++;
	}
	for (word = 0; word < VIGIE_USAGE_WORDS; word++)
		if (times[word] != 1)
			fail_msg("word %d of struct vigie_usage has %d numbers in "
				 "user/record/codec_words.c",
				 word, times[word]);
}

static void fixed_numbers_stay(void **state)
{
	static __u64 words[NUMBERS_FIXED];
	static struct snapshot s;
	size_t i;

	for (i = 0; i < NUMBERS_FIXED; i++)
		words[i] = i + 1;
	words_give(words, &s);
	for (i = 0; i < COUNT(fixed_of_today); i++) {
		unsigned char got = *((const unsigned char *)&s + fixed_of_today[i].offset);

		if (fixed_of_today[i].number == 72)
			assert_int_equal(got, 1); /* a bool */
		else
			assert_int_equal(got, fixed_of_today[i].number + 1);
	}
	assert_int_equal(fixed_of_today[COUNT(fixed_of_today) - 1].number, NUMBERS_FIXED - 1);
	memset(words, 0, sizeof(words));
	words_take(&s, words);
	for (i = 0; i < NUMBERS_FIXED; i++)
		assert_int_equal(words[i], i == 72 ? 1 : i + 1);
}

static void other_numbers_stay(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(cgroup_of_today); i++)
		assert_int_equal(cgroup_of_today[i], i * sizeof(__u64));
	assert_int_equal(COUNT(cgroup_of_today), NUMBERS_CGROUP);
	for (i = 0; i < COUNT(enums_of_today); i++)
		assert_int_equal(enums_of_today[i].is, enums_of_today[i].number);
	assert_int_equal(codec_shape_1().fixed, 73);
	assert_int_equal(codec_shape_1().rss, 4);
	assert_int_equal(codec_shape_1().cgroup, 7);
}

/* --- Other builds. */

struct writer {
	struct buf out;
	unsigned int fixed, rss, cgroup;
	__u64 usage; /* the bitmap of what it counts */
};

static void writer_init(struct writer *w, unsigned int fixed, unsigned int rss, unsigned int cgroup)
{
	*w = (struct writer){ .fixed = fixed, .rss = rss, .cgroup = cgroup };
	buf_init(&w->out, 1 << 16);
}

/* Number n of any list is base + n. */
static void put_list(struct writer *w, unsigned int n, __u64 base, bool anew)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		varint_put_delta(&w->out, anew ? base + i : 0, 0);
}

static void put_usage(struct writer *w, __u64 map)
{
	int i;

	varint_put(&w->out, map);
	for (i = 0; i < 64; i++)
		if (map >> i & 1)
			varint_put(&w->out, 400 + i);
}

/* One process, one dead, one cgroup: again as a delta in which no list changes. */
static void put_entry(struct writer *w, unsigned int version, bool key)
{
	buf_clear(&w->out);
	if (key && version > 1) {
		varint_put(&w->out, w->fixed);
		varint_put(&w->out, w->rss);
		varint_put(&w->out, w->cgroup);
	}
	put_list(w, w->fixed, 100, key);
	varint_put(&w->out, 0); /* probes */
	varint_put(&w->out, 6 << 2 | (key ? 2 : 0)); /* usage and rss; new, or the next one */
	if (key) {
		varint_put(&w->out, 7); /* pid, start, ppid, uid, flags, threads, cgroup, names */
		put_list(w, 8, 0, false);
	}
	put_usage(w, w->usage & ~(1ULL << 15));
	put_list(w, w->rss, 200, key);
	varint_put(&w->out, 3);
	varint_put(&w->out, 1); /* retired: key, names, usage, peak, tasks */
	put_list(w, 7, 0, false);
	put_usage(w, w->usage);
	varint_put(&w->out, 11);
	varint_put(&w->out, 12);
	put_list(w, 5, 0, false); /* culprits, others, OOM kills, cgroups: 0 of them */
	if (!key)
		w->out.data[w->out.len - 1] = 1; /* the list is that of before */
	else
		varint_put(&w->out, 0);
	varint_put(&w->out, 1);
	put_list(w, w->cgroup, 300, key);
}

static void check_words(const __u64 *got, unsigned int n, unsigned int written, __u64 base)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		assert_int_equal(got[i], i < written ? base + i : 0);
}

static void check_usage(const struct vigie_usage *got, __u64 map)
{
	int i;

	for (i = 0; i < NUMBERS_USAGE; i++)
		assert_int_equal(((const __u64 *)got)[usage_word(i)], map >> i & 1 ? 400 + i : 0);
}

static void check_entry(const struct writer *w, const struct snapshot *got)
{
	__u64 words[NUMBERS_FIXED];
	unsigned int i;

	words_take(got, words);
	for (i = 0; i < NUMBERS_FIXED; i++)
		assert_int_equal(words[i], i >= w->fixed ? 0 : i == 72 ? 1 : 100 + i);
	assert_int_equal(got->nprocesses, 1);
	assert_int_equal(got->processes[0].pid, 7);
	check_usage(&got->processes[0].inc, w->usage & ~(1ULL << 15));
	check_words(got->processes[0].rss_pages, VIGIE_RSS_KINDS, w->rss, 200);
	assert_int_equal(got->nretired, 1);
	check_usage(&got->retired[0].value.inc, w->usage);
	assert_int_equal(got->retired[0].value.peak_pages, 11);
	assert_int_equal(got->retired[0].value.tasks, 12);
	assert_int_equal(got->ncgroup_stats, 1);
	check_words(&got->cgroup_stats[0].id, NUMBERS_CGROUP, w->cgroup, 300);
}

static void read_as(struct writer *w, unsigned int version)
{
	struct decoder *decoder = decoder__new();
	struct snapshot got;
	int i;

	assert_non_null(decoder);
	for (i = 0; i < 3; i++) {
		put_entry(w, version, !i);
		assert_int_equal(
			decoder__decode(decoder, w->out.data, w->out.len, !i, version, &got), 0);
		check_entry(w, &got);
	}
	decoder__free(decoder);
	buf_done(&w->out);
}

static void an_entry_of_version_1(void **state)
{
	struct writer w;

	writer_init(&w, 73, 4, 7);
	w.usage = (1ULL << 36) - 1;
	read_as(&w, 1);
}

static void what_an_older_one_did_not_count_is_0(void **state)
{
	struct writer w;

	writer_init(&w, 60, 3, 5);
	w.usage = (1ULL << 20) - 1;
	read_as(&w, 2);
}

static void what_a_later_one_counts_is_passed_over(void **state)
{
	struct writer w;

	writer_init(&w, NUMBERS_FIXED + 9, NUMBERS_RSS + 2, NUMBERS_CGROUP + 3);
	w.usage = ~0ULL;
	read_as(&w, 2);
}

static void a_list_of_no_words_is_refused(void **state)
{
	struct decoder *decoder = decoder__new();
	struct snapshot got;
	struct writer w;
	int i;

	assert_non_null(decoder);
	for (i = 0; i < 4; i++) {
		writer_init(&w, i == 0 ? 0 : 73, i == 1 ? 0 : 4, i == 2 ? 0 : i == 3 ? 9999 : 7);
		put_entry(&w, 2, true);
		assert_int_equal(decoder__decode(decoder, w.out.data, w.out.len, true, 2, &got),
				 -EBADMSG);
		buf_done(&w.out);
	}
	decoder__free(decoder);
}

/* By name: neither guessed at nor called damaged. */
static void a_later_version_is_refused(void **state)
{
	struct segment_head head = { .sequence = 1 }, got_head;
	unsigned char bytes[SEGMENT_HEAD];
	struct decoder *decoder = decoder__new();
	struct snapshot got;
	struct writer w;
	__u32 crc;

	assert_non_null(decoder);
	writer_init(&w, 73, 4, 7);
	put_entry(&w, 2, true);
	assert_int_equal(decoder__decode(decoder, w.out.data, w.out.len, true, CODEC_VERSION + 1,
					 &got),
			 -EPROTONOSUPPORT);
	segment_head_put(bytes, &head);
	assert_int_equal(segment_head_get(bytes, &got_head), 0);
	bytes[12] = CODEC_VERSION + 1;
	crc = entry_crc(bytes, 44);
	memcpy(bytes + 44, &crc, sizeof(crc));
	assert_int_equal(segment_head_get(bytes, &got_head), -EPROTONOSUPPORT);
	buf_done(&w.out);
	decoder__free(decoder);
}

/* Evidence may hold entries of two versions in one segment. */
static void an_entry_says_its_version(void **state)
{
	struct entry_head head = { .version = 1 }, got;
	unsigned char bytes[ENTRY_HEAD];
	__u32 crc;

	for (; head.version <= CODEC_VERSION; head.version++) {
		entry_head_put(bytes, &head);
		assert_int_equal(entry_head_get(bytes, &got), 0);
		assert_int_equal(got.version, head.version);
	}
	bytes[6] = 0; /* as 606e877 has it */
	crc = entry_crc(bytes, 36);
	memcpy(bytes + 36, &crc, sizeof(crc));
	assert_int_equal(entry_head_get(bytes, &got), 0);
	assert_int_equal(got.version, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage_numbers_stay),
		cmocka_unit_test(every_word_of_a_usage_has_one_number),
		cmocka_unit_test(fixed_numbers_stay),
		cmocka_unit_test(other_numbers_stay),
		cmocka_unit_test(an_entry_of_version_1),
		cmocka_unit_test(what_an_older_one_did_not_count_is_0),
		cmocka_unit_test(what_a_later_one_counts_is_passed_over),
		cmocka_unit_test(a_list_of_no_words_is_refused),
		cmocka_unit_test(a_later_version_is_refused),
		cmocka_unit_test(an_entry_says_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
