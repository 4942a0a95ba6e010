/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h - where snapshots come from.
 *
 * Owns: the interface that the kernel (collect/bpf_source.c) and a history
 * (record/replay.c) implement.
 */
#ifndef VIGIE_DATA_SOURCE_H
#define VIGIE_DATA_SOURCE_H

#include <errno.h>

#include "data/snapshot.h"

struct source;

/*
 * What our programs cost others, as far as the kernel's statistics were on: totals, less what the
 * statistics themselves take, by what makes them run.
 */
struct probe_costs {
	__u64 switch_ns; /* switches, wakeups, moves */
	__u64 life_ns, births; /* tasks that begin and end, and how many began meanwhile */
	__u64 rest_ns; /* timer ticks, memory stalls, cgroups: by time */
	bool always; /* the statistics are on without us */
};

struct source_ops {
	int (*next)(struct source *source, struct snapshot *ret);
	int (*settle)(struct source *source);
	int (*shed)(struct source *source, __u32 parts);
	int (*costs)(struct source *source, struct probe_costs *ret);
	void (*free)(struct source *source);
};

struct source {
	const struct source_ops *ops;
};

/*
 * Reads the next snapshot. > 0: ret holds it, its arrays belong to the source and are valid
 * until the next call; 0: the end (a history); < 0: -errno, ret untouched.
 */
static inline int source__next(struct source *source, struct snapshot *ret)
{
	return source->ops->next(source, ret);
}

/*
 * Housekeeping between snapshots, to be called some time after each: swaps the tables that
 * the next snapshot will drain. May wait some milliseconds for the kernel. 0 or -errno.
 */
static inline int source__settle(struct source *source)
{
	return source->ops->settle ? source->ops->settle(source) : 0;
}

/*
 * From now on these parts of the probes are off (enum vigie_shed), and all others on. Snapshots say
 * so. Needs no privilege. 0; -EOPNOTSUPP: not of this source.
 */
static inline int source__shed(struct source *source, __u32 parts)
{
	return source->ops->shed ? source->ops->shed(source, parts) : -EOPNOTSUPP;
}

/* 0 or -errno. -EOPNOTSUPP: not of this source. */
static inline int source__costs(struct source *source, struct probe_costs *ret)
{
	return source->ops->costs ? source->ops->costs(source, ret) : -EOPNOTSUPP;
}

static inline void source__free(struct source *source)
{
	if (source)
		source->ops->free(source);
}

#endif
