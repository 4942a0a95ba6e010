/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * families.h - the one table of everything that vigie exposes as metrics.
 *
 * Owns: for each family its name, type, unit, help, labels, where its values stand in the
 * view, and what the manual says about it. samples.c walks the table, metrics_doc.c prints it. Not here: any syntax.
 */
#ifndef VIGIE_EXPORT_FAMILIES_H
#define VIGIE_EXPORT_FAMILIES_H

#include "export/encode.h"

enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_HISTOGRAM, FAMILY_INFO };

/* How a cell's memory is read and printed. */
enum family_value {
	FAMILY_SECONDS, /* __u64 nanoseconds, printed as exact seconds; parts of 10^9 likewise */
	FAMILY_COUNT, /* __u64 */
	FAMILY_COUNT32, /* __u32 */
	FAMILY_HUNDREDTHS, /* __u64 */
};

/* What a family has samples of: which struct the cells' offsets point into. */
enum family_shape {
	FAMILY_OF_GROUPS, /* struct group_view, for each group and for the other */
	FAMILY_OF_HOST, /* struct view */
	FAMILY_HOST_PRESSURE, /* struct view; what this kernel has */
	FAMILY_OF_DERIVED, /* struct derived_values */
	FAMILY_OF_SELF, /* struct self_view */
	FAMILY_OF_MEMORY, /* struct self_view; only where it is bounded */
	FAMILY_OF_BUDGET, /* struct self_view; only where there is one */
	FAMILY_GROUP_HISTOGRAM,
	FAMILY_START_TIME,
	FAMILY_SLICES,
	FAMILY_DELAYS,
	FAMILY_UNITS,
	FAMILY_OF_UNITS, /* struct unit_figures, for each unit what it has */
	FAMILY_PROBE_RUNS,
	FAMILY_PROBE_SECONDS,
	FAMILY_PROBE_MISSED,
	FAMILY_MISSING,
	FAMILY_BUILD,
	FAMILY_RULE_FINDINGS,
	FAMILY_RULE_ACTIVE,
	FAMILY_SHAPES,
};

enum { FAMILY_CELLS_MAX = 16 };

struct family_cell {
	const char *label; /* value of the family's own label; NULL where it has none */
	size_t offset;
};

struct family {
	const char *name; /* without _total, _info: the OpenMetrics name */
	enum family_type type;
	enum family_shape shape;
	enum family_value value;
	const char *unit; /* or NULL */
	const char *help; /* no backslash, quote or line end: printed as it stands */
	const char *label; /* of the cells, or NULL */
	const char *second_label; /* likewise, with a value a cell; or NULL */
	const char *const *seconds;
	const char *labels; /* for the manual: labels beside the cells', or NULL */
	const struct family_cell *cells;
	unsigned int ncells;
	bool self; /* only where the daemon's own figures are known */
	__u32 shed; /* enum vigie_shed: absent while that is off; lists keep a histogram's sum */
	bool list_only; /* in lists of groups (row.h), no metric */
	const char *source, *cost, *error, *kernels; /* for the manual */
};

/* What has to be computed before it can be shown. */
struct derived_values {
	__u64 memory_total, memory_used, memory_available;
	__u64 swap_total, swap_used, swap_free;
	__u64 swap_in_bytes, swap_out_bytes;
	__u64 load_hundredths[3];
	__u64 online_cpus, running, blocked;
	__u64 boot_time_ns, daemon_start_ns; /* Unix time */
	__u64 groups_exposed;
};

void derived_values_init(struct derived_values *values, const struct view *view,
			 const struct self_view *self);

extern const struct family families[];
extern const unsigned int nfamilies;

/* What was lost, by cause: cells into struct view. Other formats name the causes alike. */
struct family_cells {
	const struct family_cell *cells;
	unsigned int ncells;
};
extern const struct family_cells family_losses;

/* "_total" for counters, "_info" for info, else "". */
const char *family_suffix(const struct family *family);
/* The upper bounds of the histograms' buckets: canonical and alike in both dialects. */
extern const char *const family_le[VIGIE_BUCKETS];

#endif
