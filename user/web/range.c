// SPDX-License-Identifier: GPL-2.0-only
/* range.c - owns the arithmetic of points. */
#include "web/range.h"

#include <errno.h>
#include <stdlib.h>

#include "base/units.h"

/* Longer than this nothing was watched: a line across it would be made up. */
#define GAP_NS (300 * NS_PER_S)

/* Sums over the intervals that end in it. */
struct web_point {
	__u64 wall_ns, peak_wall_ns; /* of the last interval's end; of the busiest one's */
	__u64 gap_wall_ns; /* 0: none before it */
	__u64 busy_ns, total_ns;
	__u64 pressure_ns[PSI_RESOURCES], pressure_elapsed_ns;
	double busiest; /* in [0,1] */
	__u64 memory_used, memory_total;
};

void web_sample_take(struct web_sample *ret, const struct snapshot *snapshot)
{
	const struct host *host = &snapshot->host;
	const struct host_cpu *c = &host->cpu;
	__u64 busy_ns = c->user_ns + c->nice_ns + c->system_ns + c->irq_ns + c->softirq_ns +
			c->steal_ns;
	int r;

	*ret = (struct web_sample){
		.time_ns = snapshot->time_ns,
		.wall_ns = snapshot->wall_ns,
		.busy_ns = busy_ns,
		.total_ns = busy_ns + c->idle_ns + c->iowait_ns,
		.pressure_known = host->pressure_known,
		.memory_total = host->memory.total,
		.memory_used = host->memory.total > host->memory.available
				       ? host->memory.total - host->memory.available
				       : 0,
	};
	for (r = 0; r < PSI_RESOURCES; r++)
		ret->pressure_ns[r] = host->pressure_ns[r][PSI_SOME];
}

double web_sample_busy(const struct web_sample *before, const struct web_sample *now)
{
	__u64 total_ns = now->total_ns - before->total_ns, busy_ns = now->busy_ns - before->busy_ns;

	if (now->time_ns <= before->time_ns || now->total_ns <= before->total_ns ||
	    now->busy_ns < before->busy_ns || busy_ns > total_ns)
		return -1;
	return (double)busy_ns / (double)total_ns;
}

int web_range_init(struct web_range *range, __u64 from_ns, __u64 to_ns, unsigned int points)
{
	*range = (struct web_range){ .from_ns = from_ns, .to_ns = to_ns, .npoints = points };
	range->points = calloc(points, sizeof(*range->points));
	return range->points ? 0 : -ENOMEM;
}

void web_range_done(struct web_range *range)
{
	free(range->points);
	range->points = NULL;
}

static struct web_point *point_of(const struct web_range *range, __u64 wall_ns)
{
	__u64 step_ns = (range->to_ns - range->from_ns) / range->npoints + 1;

	if (wall_ns < range->from_ns || wall_ns > range->to_ns)
		return NULL;
	return &range->points[(wall_ns - range->from_ns) / step_ns];
}

static void add_pressure(struct web_point *p, const struct web_sample *before,
			 const struct web_sample *now)
{
	int r;

	if (!before->pressure_known || !now->pressure_known)
		return;
	for (r = 0; r < PSI_RESOURCES; r++)
		if (now->pressure_ns[r] > before->pressure_ns[r])
			p->pressure_ns[r] += now->pressure_ns[r] - before->pressure_ns[r];
	p->pressure_elapsed_ns += now->time_ns - before->time_ns;
}

static void add_interval(struct web_point *p, const struct web_sample *before,
			 const struct web_sample *now, double busy)
{
	p->busy_ns += now->busy_ns - before->busy_ns;
	p->total_ns += now->total_ns - before->total_ns;
	add_pressure(p, before, now);
	if (!p->peak_wall_ns || busy > p->busiest) {
		p->busiest = busy;
		p->peak_wall_ns = now->wall_ns;
	}
	p->wall_ns = now->wall_ns;
	p->memory_used = now->memory_used;
	p->memory_total = now->memory_total;
}

void web_range_add(struct web_range *range, const struct web_sample *sample)
{
	const struct web_sample *before = &range->before;
	struct web_point *p = point_of(range, sample->wall_ns);
	double busy = range->have_before ? web_sample_busy(before, sample) : -1;

	if (p && busy >= 0 && sample->time_ns - before->time_ns <= GAP_NS)
		add_interval(p, before, sample, busy);
	else if (p && !p->gap_wall_ns && !p->wall_ns && range->have_before)
		p->gap_wall_ns = sample->wall_ns;
	range->before = *sample;
	range->have_before = true;
}

/* --- As JSON. */

static void put_ratio(struct json *j, double ratio)
{
	struct buf *out = j->out;

	json_seconds(j, NULL, (__u64)(ratio * 1e4) * (NS_PER_S / 10000));
	out->len -= out->err ? 0 : 5; /* four decimals of nine */
}

enum range_column {
	RANGE_TIME,
	RANGE_PEAK,
	RANGE_CPU,
	RANGE_CPU_MAX,
	RANGE_MEMORY,
	RANGE_PSI,
	RANGE_COLUMNS = RANGE_PSI + PSI_RESOURCES,
};

static void put_known(struct json *j, const struct web_point *p, unsigned int column)
{
	if (column == RANGE_TIME)
		json_seconds(j, NULL, p->wall_ns);
	else if (column == RANGE_PEAK)
		json_seconds(j, NULL, p->peak_wall_ns);
	else if (column == RANGE_CPU)
		put_ratio(j, (double)p->busy_ns / (double)p->total_ns);
	else if (column == RANGE_CPU_MAX)
		put_ratio(j, p->busiest);
	else if (column == RANGE_MEMORY && p->memory_total)
		put_ratio(j, (double)p->memory_used / (double)p->memory_total);
	else if (column >= RANGE_PSI && p->pressure_elapsed_ns)
		put_ratio(j, (double)p->pressure_ns[column - RANGE_PSI] /
				     (double)p->pressure_elapsed_ns);
	else
		json_literal(j, NULL, "null");
}

static void put_gap(struct json *j, const struct web_point *p, unsigned int column)
{
	if (column == RANGE_TIME || column == RANGE_PEAK)
		json_seconds(j, NULL, p->gap_wall_ns);
	else
		json_literal(j, NULL, "null");
}

void web_range_put(const struct web_range *range, struct json *j)
{
	static const char *const names[RANGE_COLUMNS] = {
		"time",
		"peak_time",
		"cpu_ratio",
		"cpu_ratio_max",
		"memory_used_ratio",
		[RANGE_PSI + PSI_CPU] = "pressure_cpu_ratio",
		[RANGE_PSI + PSI_MEMORY] = "pressure_memory_ratio",
		[RANGE_PSI + PSI_IO] = "pressure_io_ratio",
	};
	unsigned int column, i;

	json_seconds(j, "from", range->from_ns);
	json_seconds(j, "to", range->to_ns);
	for (column = 0; column < RANGE_COLUMNS; column++) {
		json_line(j);
		json_open(j, names[column], '[');
		for (i = 0; i < range->npoints; i++) {
			const struct web_point *p = &range->points[i];

			if (p->gap_wall_ns)
				put_gap(j, p, column);
			if (p->total_ns)
				put_known(j, p, column);
		}
		json_close(j, ']');
	}
}
