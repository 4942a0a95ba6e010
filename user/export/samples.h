/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * samples.h - the one walk over all families and their samples, whatever the format.
 *
 * Owns: which samples a view has, in which order, with which labels and which exact value. A
 * text format of metrics is a visitor: it owns syntax only. Not here: what families there are
 * (families.h).
 */
#ifndef VIGIE_EXPORT_SAMPLES_H
#define VIGIE_EXPORT_SAMPLES_H

#include "export/encode.h"
#include "export/families.h"

enum sample_part {
	SAMPLE_VALUE, /* all that a family has, or its only one */
	SAMPLE_BUCKET, /* of a histogram: cumulative, its last own label is le */
	SAMPLE_COUNT,
	SAMPLE_SUM, /* comes last: the histogram is complete */
	SAMPLE_PARTS,
};

enum {
	SAMPLE_LABELS_MAX = 9, /* of vigie_unit; others have the group's keys and one more */
	/* Of one family and group: the cells or buckets, and what has no label of its own. */
	SAMPLE_CELLS_MAX = FAMILY_CELLS_MAX + 1,
};

/* Printable UTF-8, never empty: what is absent says so. Only quoting is left to do. */
struct sample_label {
	const char *name, *value;
};

struct sample {
	const struct family *family;
	enum sample_part part;
	struct sample_label labels[SAMPLE_LABELS_MAX]; /* the group's, then the sample's own */
	unsigned int nlabels, ngroup_labels;
	/*
	 * What an encoder may keep of earlier samples, because thousands repeat it: group's labels
	 * are the same in all families, and a cell's own labels the same in all groups.
	 */
	size_t group; /* of view->groups, ngroups: the other; where there are group labels */
	int cell; /* below SAMPLE_CELLS_MAX; -1: own labels that no other sample has */
	enum family_value kind; /* never FAMILY_COUNT32: value is as wide as any */
	__u64 value;
	const __u64 *counts; /* of a histogram, by bucket, each for itself; else NULL */
};

struct sample_visitor {
	void *to; /* for the functions */
	/* Comes before the family's samples; only for families that this page has. */
	void (*family)(void *to, const struct family *family);
	void (*sample)(void *to, const struct sample *sample); /* borrowed for the call */
};

/* The value, exact, in the bytes before end, at most BUF_DECIMAL_LEN; returns where it begins. */
char *sample_value_before(const struct sample *sample, char *end);

void samples_walk(const struct encode_ctx *ctx, const struct sample_visitor *visitor);
/*
 * One group's samples in its interval, without the group's labels: counters and histograms by how
 * much they grew, gauges as they are. It need not be a view's own: a list adds up what it cuts away.
 */
void samples_walk_group(const struct group_view *group, const struct sample_visitor *visitor);

/* The group's labels as every sample of it has them; returns how many. */
unsigned int sample_group_labels(const struct view *view, size_t group,
				 struct sample_label labels[SAMPLE_LABELS_MAX]);

#endif
