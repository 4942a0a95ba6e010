// SPDX-License-Identifier: GPL-2.0-only
/*
 * codec_words.c - owns which counter has which number on the disk: see codec_words.h for the rule.
 */
#include "record/codec_words.h"

#include <string.h>

enum word_kind { WORD_64, WORD_32, WORD_BOOL };

/* Members that stand in a row and have numbers in a row. What grows gets a row of its own. */
struct row {
	__u16 number, n;
	__u16 offset; /* in struct snapshot */
	__u16 kind; /* a double is a word as it stands */
};

#define ROW(number, n, member)                                        \
	{                                                             \
		number, n, offsetof(struct snapshot, member), WORD_64 \
	}
#define ROW32(number, member)                                         \
	{                                                             \
		number, 1, offsetof(struct snapshot, member), WORD_32 \
	}

/* clang-format off */
static const struct row rows[] = {
	ROW(0, 1, time_ns),
	ROW(1, 1, wall_ns),
	ROW(2, 1, page_size),
	ROW(3, 8, host.cpu),
	ROW(11, 12, host.memory),
	ROW(23, 1, host.context_switches),
	ROW(24, 1, host.forks),
	ROW32(25, host.procs_running),
	ROW32(26, host.procs_blocked),
	ROW32(27, host.online_cpus),
	ROW(28, 3, host.load),
	ROW(31, 1, host.swap_in_pages),
	ROW(32, 1, host.swap_out_pages),
	ROW(33, 1, host.boot_time_s),
	ROW(34, 16, slices), /* sum_ns, count by bucket, three that are 0 */
	ROW(50, 7, stat.loss), /* enum vigie_loss */
	ROW(57, 1, stat.lost_records),
	ROW(58, 1, stat.cgroups_unnamed),
	ROW(59, 1, stat.forks),
	ROW(60, 1, stat.process_starts),
	ROW(61, 1, stat.process_exits),
	ROW(62, 1, stat.frees),
	ROW(63, 1, stat.slow_waits),
	ROW(64, 1, stat.snapshots),
	ROW(65, 1, stat.snapshot_ns),
	ROW(66, 1, stat.snapshot_cpu_ns),
	ROW(67, 1, stat.tasks),
	ROW(68, 1, stat.untracked),
	ROW(69, 1, stat.unfreed),
	ROW(70, 1, stat.retired_keys),
	ROW(71, 1, stat.bpf_memory_bytes),
	{ 72, 1, offsetof(struct snapshot, stat.run_time_known), WORD_BOOL },
	ROW(73, 1, stat.loss[VIGIE_LOSS_WAKEUP_MISSED]),
	ROW(74, 1, stat.corrected_ns),
	ROW(75, 6, host.pressure_ns), /* cpu, memory, io: some, full of each */
	ROW(81, 1, host.pressure_known),
	ROW(82, 1, stat.loss[VIGIE_LOSS_RUN_MISSED]),
	ROW32(83, shed),
	ROW(84, 1, stat.loss[VIGIE_LOSS_SHED]),
	ROW(85, 1, stat.loss[VIGIE_LOSS_TASKS_FULL]),
};

/* By number. What stands in no row of these is not recorded: the test counts them. */
#define WORD(member) (offsetof(struct vigie_usage, member) / sizeof(__u64) + 1)
static const unsigned char usage_words[NUMBERS_USAGE] = {
	[0] = WORD(user_ns),
	[1] = WORD(system_ns),
	[2] = WORD(wait_ns),
	[3] = WORD(wait_count[0]), [4] = WORD(wait_count[1]), [5] = WORD(wait_count[2]),
	[6] = WORD(wait_count[3]), [7] = WORD(wait_count[4]), [8] = WORD(wait_count[5]),
	[9] = WORD(wait_count[6]), [10] = WORD(wait_count[7]), [11] = WORD(wait_count[8]),
	[12] = WORD(wait_count[9]), [13] = WORD(wait_count[10]), [14] = WORD(wait_count[11]),
	[NUMBER_SLEEP] = WORD(off_ns[VIGIE_OFF_SLEEP]),
	[16] = WORD(off_ns[VIGIE_OFF_DISK]),
	[17] = WORD(off_ns[VIGIE_OFF_MEMORY]),
	[18] = WORD(off_ns[VIGIE_OFF_UNINTERRUPTIBLE]),
	[19] = WORD(voluntary_switches),
	[20] = WORD(involuntary_switches),
	[21] = WORD(migrations),
	[22] = WORD(minor_faults),
	[23] = WORD(major_faults),
	[24] = WORD(read_bytes),
	[25] = WORD(written_bytes),
	[26] = WORD(stall_ns[VIGIE_STALL_RECLAIM]),
	[27] = WORD(stall_ns[VIGIE_STALL_CGROUP_RECLAIM]),
	[28] = WORD(stall_ns[VIGIE_STALL_COMPACTION]),
	[29] = WORD(oom_kills),
	[30] = WORD(starts),
	[31] = WORD(exits[VIGIE_EXIT_NORMAL]),
	[32] = WORD(exits[VIGIE_EXIT_ERROR]),
	[33] = WORD(exits[VIGIE_EXIT_SIGNAL]),
	[34] = WORD(read_chars),
	[35] = WORD(written_chars),
	[36] = WORD(thread_starts),
};
/* clang-format on */

_Static_assert(NUMBERS_USAGE <= 64, "the bitmap of a usage has one word");
_Static_assert((int)NUMBERS_RSS == (int)VIGIE_RSS_KINDS, "the number of a kind is its enum");
_Static_assert(NUMBERS_CGROUP == sizeof(struct cgroup_stat) / sizeof(__u64),
	       "the number of a word is its place");

int usage_word(unsigned int number)
{
	return number < NUMBERS_USAGE ? usage_words[number] - 1 : USAGE_HOLE;
}

static __u64 words_load(const char *at, unsigned int kind)
{
	__u64 word;
	__u32 half;

	if (kind == WORD_BOOL)
		return *(const bool *)at;
	if (kind == WORD_32) {
		memcpy(&half, at, sizeof(half));
		return half;
	}
	memcpy(&word, at, sizeof(word));
	return word;
}

static void words_store(char *at, unsigned int kind, __u64 word)
{
	__u32 half = word;

	if (kind == WORD_BOOL)
		*(bool *)at = word;
	else if (kind == WORD_32)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &word, sizeof(word));
}

void words_take(const struct snapshot *snapshot, __u64 words[NUMBERS_FIXED])
{
	const struct row *row;
	unsigned int i;

	memset(words, 0, NUMBERS_FIXED * sizeof(*words));
	for (row = rows; row < rows + sizeof(rows) / sizeof(*rows); row++)
		for (i = 0; i < row->n; i++)
			words[row->number + i] =
				words_load((const char *)snapshot + row->offset + i * sizeof(__u64),
					   row->kind);
}

void words_give(const __u64 words[NUMBERS_FIXED], struct snapshot *ret)
{
	const struct row *row;
	unsigned int i;

	for (row = rows; row < rows + sizeof(rows) / sizeof(*rows); row++)
		for (i = 0; i < row->n; i++)
			words_store((char *)ret + row->offset + i * sizeof(__u64), row->kind,
				    words[row->number + i]);
}
