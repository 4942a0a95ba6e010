/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source.h - where snapshots come from.
 *
 * Owns: the interface that the kernel (collect/bpf_source.c) and a history
 * (record/replay.c) implement.
 */
#ifndef VIGIE_DATA_SOURCE_H
#define VIGIE_DATA_SOURCE_H

#include "data/snapshot.h"

struct source;

struct source_ops {
	int (*next)(struct source *source, struct snapshot *ret);
	int (*settle)(struct source *source);
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

static inline void source__free(struct source *source)
{
	if (source)
		source->ops->free(source);
}

#endif
