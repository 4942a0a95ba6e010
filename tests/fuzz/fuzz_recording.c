// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_recording.c - entries of a recording from anybody: refused, or a snapshot that keeps the
 * promises of snapshot.h; never more memory than stated, never a byte from elsewhere.
 *
 * Input: the lengths of a key's body and of a delta's, two bytes each; then these, and what
 * follows is another delta. All of it is read as headers, too.
 */
#include "fuzz.h"

#include "record/codec.h"
#include "record/segment.h"

static size_t container_len(const struct container *container)
{
	size_t i, sum = 0;

	for (i = 0; container && i < CONTAINER_TEXTS; i++)
		sum += strlen(container->text[i]);
	return sum;
}

static void check(const struct snapshot *s)
{
	static volatile size_t all; /* all of it is readable */
	size_t i, sum = 0;

	for (i = 0; i < s->nprocesses; i++) {
		FUZZ_CHECK(!i || s->processes[i - 1].pid < s->processes[i].pid);
		sum += s->processes[i].comm[0] + s->processes[i].exe[VIGIE_EXE_LEN - 1];
	}
	for (i = 0; i < s->nretired; i++)
		sum += s->retired[i].key.comm[0];
	for (i = 0; i < s->nculprits; i++)
		sum += s->culprits[i].victim.tgid;
	for (i = 0; i < s->nooms; i++)
		sum += s->ooms[i].victim_tgid;
	for (i = 0; i < s->ncgroups; i++)
		sum += strlen(s->cgroups[i].path) + container_len(s->cgroups[i].container);
	for (i = 0; i < s->ncgroup_stats; i++)
		sum += s->cgroup_stats[i].id;
	all = sum;
	(void)all;
	FUZZ_CHECK(s->stat.nprobes <= PROBES_MAX);
}

/* What a reader of headers sees. */
static void headers(const uint8_t *data, size_t size)
{
	struct segment_head segment;
	struct entry_head entry;

	if (size >= SEGMENT_HEAD)
		segment_head_get(data, &segment);
	if (size >= ENTRY_HEAD && !entry_head_get(data, &entry))
		FUZZ_CHECK(entry.stored <= ENTRY_MAX && entry.raw <= ENTRY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder *decoder = decoder__new();
	struct snapshot snapshot;
	size_t at = 4, len;
	int i;

	FUZZ_CHECK(decoder);
	headers(data, size);
	for (i = 0; i < 3 && size >= 4; i++) {
		len = i < 2 ? data[2 * i] + 256 * data[2 * i + 1] : SIZE_MAX;
		len = len < size - at ? len : size - at;
		if (!decoder__decode(decoder, data + at, len, i == 0, CODEC_VERSION, &snapshot))
			check(&snapshot);
		at += len;
	}
	decoder__free(decoder);
	return 0;
}
