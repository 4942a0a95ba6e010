// SPDX-License-Identifier: GPL-2.0-only
/*
 * samples.c - one function for each shape of family: its samples, in the order of the page.
 *
 * Owns: the order, what is merged because it would read alike, what stands for an absent
 * label, and the sanitising of texts that did not come through the view. Not here: any syntax.
 */
#include "export/samples.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "export/choice.h"

/* A label value that says "there is none": an empty one would be no label at all. */
#define NONE "none"

enum { NAME_LEN = 512 /* sanitised texts that did not come through the view */ };

struct walk {
	const struct view *view;
	const struct self_view *self;
	const struct sample_visitor *visitor;
	struct derived_values derived;
	const char *keys[GROUP_KEYS]; /* names of the view's */
	struct sample sample; /* the one under construction */
};

_Static_assert((int)FAMILY_CELLS_MAX >= (int)VIGIE_BUCKETS, "a bucket finds no room");

/* --- Making samples. */

static void walk_family(struct walk *w, const struct family *family)
{
	w->sample = (struct sample){ .family = family, .cell = -1, .kind = family->value };
	w->visitor->family(w->visitor->to, family);
}

static void walk_emit(struct walk *w, __u64 value)
{
	w->sample.value = value;
	w->visitor->sample(w->visitor->to, &w->sample);
}

static struct sample_label label_of(const char *name, const char *value)
{
	return (struct sample_label){ name, value && *value ? value : NONE };
}

static void walk_label(struct walk *w, const char *name, const char *value)
{
	w->sample.labels[w->sample.nlabels++] = label_of(name, value);
}

/* Texts of other than the view's making go through the sanitiser here. */
static void walk_raw_label(struct walk *w, const char *name, const char *raw, char text[NAME_LEN])
{
	text_sanitise(text, NAME_LEN, raw ? raw : "", raw ? strlen(raw) : 0);
	walk_label(w, name, text);
}

/* The next sample has the group's labels, if any, and none of its own yet. */
static void walk_no_own_labels(struct walk *w)
{
	w->sample.nlabels = w->sample.ngroup_labels;
}

static const struct group_view *group_at(const struct view *view, size_t i)
{
	return i < view->ngroups ? &view->groups[i] : &view->other;
}

static void walk_keys(struct walk *w)
{
	unsigned int k;

	for (k = 0; k < w->view->nkeys; k++)
		w->keys[k] = group_key_name(w->view->keys[k]);
}

static void walk_group(struct walk *w, size_t group)
{
	const char *const *values = group_at(w->view, group)->label;
	unsigned int k;

	for (k = 0; k < w->view->nkeys; k++)
		w->sample.labels[k] = label_of(w->keys[k], values[k]);
	w->sample.group = group;
	w->sample.ngroup_labels = k;
	walk_no_own_labels(w);
}

unsigned int sample_group_labels(const struct view *view, size_t group,
				 struct sample_label labels[SAMPLE_LABELS_MAX])
{
	struct walk w = { .view = view };

	walk_keys(&w);
	walk_group(&w, group);
	memcpy(labels, w.sample.labels, sizeof(w.sample.labels));
	return w.sample.ngroup_labels;
}

static __u64 value_at(enum family_value kind, const void *at)
{
	return kind == FAMILY_COUNT32 ? *(const __u32 *)at : *(const __u64 *)at;
}

static void walk_cell_labels(struct walk *w, const struct family *family, unsigned int cell)
{
	if (family->label)
		walk_label(w, family->label, family->cells[cell].label);
	if (family->second_label)
		walk_label(w, family->second_label, family->seconds[cell]);
}

static void walk_cells(struct walk *w, const struct family *family, const void *base)
{
	unsigned int c;

	w->sample.kind = family->value == FAMILY_COUNT32 ? FAMILY_COUNT : family->value;
	for (c = 0; c < family->ncells; c++) {
		const struct family_cell *cell = &family->cells[c];

		walk_no_own_labels(w);
		walk_cell_labels(w, family, c);
		w->sample.cell = family->second_label ? -1 : (int)c;
		walk_emit(w, value_at(family->value, (const char *)base + cell->offset));
	}
}

static void walk_part(struct walk *w, enum sample_part part, enum family_value kind, __u64 value)
{
	w->sample.part = part;
	w->sample.kind = kind;
	walk_emit(w, value);
}

static void walk_histogram(struct walk *w, const __u64 *counts, __u64 sum_ns)
{
	__u64 cumulative = 0;
	int i;

	w->sample.counts = counts;
	for (i = 0; i < VIGIE_BUCKETS; i++) {
		cumulative += counts[i];
		walk_no_own_labels(w);
		walk_label(w, "le", family_le[i]);
		w->sample.cell = i;
		walk_part(w, SAMPLE_BUCKET, FAMILY_COUNT, cumulative);
	}
	walk_no_own_labels(w);
	w->sample.cell = FAMILY_CELLS_MAX;
	walk_part(w, SAMPLE_COUNT, FAMILY_COUNT, cumulative);
	walk_part(w, SAMPLE_SUM, FAMILY_SECONDS, sum_ns);
}

/* --- One function for each shape of family. */

static void walk_groups(struct walk *w, const struct family *family)
{
	size_t i;

	walk_family(w, family);
	for (i = 0; i <= w->view->ngroups; i++) {
		walk_group(w, i);
		walk_cells(w, family, group_at(w->view, i));
	}
}

static void walk_host(struct walk *w, const struct family *family)
{
	walk_family(w, family);
	walk_cells(w, family, w->view);
}

static void walk_host_pressure(struct walk *w, const struct family *family)
{
	if (w->view->host.pressure_known)
		walk_host(w, family);
}

static void walk_derived(struct walk *w, const struct family *family)
{
	walk_family(w, family);
	walk_cells(w, family, &w->derived);
}

static void walk_self(struct walk *w, const struct family *family)
{
	walk_family(w, family);
	walk_cells(w, family, w->self);
}

static void walk_memory(struct walk *w, const struct family *family)
{
	if (w->self->memory.limit_bytes)
		walk_self(w, family);
}

static void walk_budget(struct walk *w, const struct family *family)
{
	if (w->self->budget.limit_ppb)
		walk_self(w, family);
}

static bool never_waited(const struct vigie_usage *total)
{
	int i;

	for (i = 0; i < VIGIE_BUCKETS; i++)
		if (total->wait_count[i])
			return false;
	return !total->wait_ns;
}

/*
 * A group's is left out while it is empty: fourteen series that say nothing. All of it, for
 * buckets that begin later than +Inf would make every quantile of that time the highest.
 */
static void walk_group_histogram(struct walk *w, const struct family *family)
{
	size_t i;

	walk_family(w, family);
	for (i = 0; i <= w->view->ngroups; i++) {
		const struct vigie_usage *total = &group_at(w->view, i)->total;

		if (i < w->view->ngroups && never_waited(total))
			continue;
		walk_group(w, i);
		walk_histogram(w, total->wait_count, total->wait_ns);
	}
}

static void walk_slices(struct walk *w, const struct family *family)
{
	const struct vigie_slices *slices = &w->view->slices;

	walk_family(w, family);
	walk_histogram(w, slices->count, slices->sum_ns);
}

static bool grouped_by(const struct view *view, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == key)
			return true;
	return false;
}

/* Only a process has a start: there is no row for the other. */
static void walk_start_time(struct walk *w, const struct family *family)
{
	const struct view *view = w->view;
	size_t i;

	if (!grouped_by(view, KEY_PID))
		return;
	walk_family(w, family);
	w->sample.cell = 0;
	w->sample.kind = FAMILY_HUNDREDTHS;
	for (i = 0; i < view->ngroups; i++) {
		const struct group_view *group = &view->groups[i];
		__u64 start_ns = view->wall_ns - view->time_ns + group->start_ns;

		if (!group->pid)
			continue;
		walk_group(w, i);
		/* Rounded, so that the two clocks' jitter does not show as a new process. */
		walk_emit(w, (start_ns + 5000000) / 10000000);
	}
}

static void walk_delay(struct walk *w, const char *victim, const char *culprit, __u64 wait_ns)
{
	walk_no_own_labels(w);
	walk_label(w, "victim", victim);
	walk_label(w, "culprit", culprit);
	walk_emit(w, wait_ns);
}

/*
 * Joined names can meet: "a/b" and "c" read like "a" and "b/c". Such pairs are neighbours,
 * because delays are sorted by name, and become one series.
 */
static void walk_delays(struct walk *w, const struct family *family)
{
	const struct view *view = w->view;
	__u64 other_ns = view->delay_other_ns;
	size_t i = 0;

	walk_family(w, family);
	while (i < view->ndelays) {
		const struct delay_view *first = &view->delays[i];
		__u64 wait_ns = 0;

		for (; i < view->ndelays && !strcmp(view->delays[i].victim, first->victim) &&
		       !strcmp(view->delays[i].culprit, first->culprit);
		     i++)
			wait_ns += view->delays[i].wait_ns;
		if (!strcmp(first->victim, GROUP_OTHER) && !strcmp(first->culprit, GROUP_OTHER))
			other_ns += wait_ns;
		else
			walk_delay(w, first->victim, first->culprit, wait_ns);
	}
	walk_delay(w, GROUP_OTHER, GROUP_OTHER, other_ns);
}

/* A sample that is there for its labels: always 1. */
static void walk_one(struct walk *w)
{
	w->sample.kind = FAMILY_COUNT;
	walk_emit(w, 1);
}

static void walk_unit(struct walk *w, const struct unit_view *unit)
{
	walk_no_own_labels(w);
	walk_label(w, "unit", unit->unit);
	walk_label(w, "cgroup", unit->cgroup);
	walk_label(w, "container_id", unit->container_id);
	walk_label(w, "pod_uid", unit->pod_uid);
	walk_label(w, "runtime", unit->runtime);
	walk_label(w, "container_name", unit->container_name);
	walk_label(w, "pod", unit->pod);
	walk_label(w, "namespace", unit->namespace);
	walk_label(w, "image", unit->image);
	walk_one(w);
}

/* The other has a sample too, or a join with this family would lose it from sums. */
static void walk_units(struct walk *w, const struct family *family)
{
	static const struct unit_view other = { GROUP_OTHER, NONE, NONE, NONE, NONE,
						NONE,	     NONE, NONE, NONE, NULL };
	const struct view *view = w->view;
	bool seen_other = false;
	size_t i;

	if (!grouped_by(view, KEY_UNIT))
		return;
	walk_family(w, family);
	for (i = 0; i < view->nunits; i++) {
		seen_other |= !strcmp(view->units[i].unit, GROUP_OTHER);
		walk_unit(w, &view->units[i]);
	}
	if (!seen_other)
		walk_unit(w, &other);
}

static bool unit_has(const struct unit_view *unit, const struct family_cell *cell)
{
	return unit->figures && unit->figures->has >> cell->offset / sizeof(__u64) & 1;
}

static bool any_unit_has(const struct view *view, const struct family *family)
{
	size_t i;
	unsigned int c;

	for (i = 0; i < view->nunits; i++)
		for (c = 0; c < family->ncells; c++)
			if (unit_has(&view->units[i], &family->cells[c]))
				return true;
	return false;
}

/* Only what its cgroups say: no limit is no sample, and so is a controller that is off. */
static void walk_unit_figures(struct walk *w, const struct family *family)
{
	const struct view *view = w->view;
	unsigned int c;
	size_t i;

	if (!grouped_by(view, KEY_UNIT) || !any_unit_has(view, family))
		return;
	walk_family(w, family);
	for (i = 0; i < view->nunits; i++) {
		for (c = 0; c < family->ncells; c++) {
			const struct family_cell *cell = &family->cells[c];

			if (!unit_has(&view->units[i], cell))
				continue;
			walk_no_own_labels(w);
			walk_label(w, "unit", view->units[i].unit);
			walk_cell_labels(w, family, c);
			walk_emit(w, *(const __u64 *)((const char *)view->units[i].figures +
						      cell->offset));
		}
	}
}

static bool named_before(const struct collect_stat *stat, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (!strncmp(stat->probes[j].name, stat->probes[i].name,
			     sizeof(stat->probes[i].name)))
			return true;
	return false;
}

/* Two programs may share a name, which the kernel cuts: they share a series then. */
static struct probe_stat probe_sum(const struct collect_stat *stat, unsigned int i)
{
	struct probe_stat sum = stat->probes[i];
	unsigned int j;

	for (j = i + 1; j < stat->nprobes; j++) {
		if (strncmp(stat->probes[j].name, sum.name, sizeof(sum.name)))
			continue;
		sum.runs += stat->probes[j].runs;
		sum.run_ns += stat->probes[j].run_ns;
		sum.missed += stat->probes[j].missed;
	}
	return sum;
}

static void walk_probe(struct walk *w, const struct probe_stat *sum, __u64 value)
{
	char name[sizeof(sum->name) + 1] = { 0 }, text[NAME_LEN];

	memcpy(name, sum->name, sizeof(sum->name));
	walk_no_own_labels(w);
	walk_raw_label(w, "program", name, text);
	walk_emit(w, value);
}

static void walk_probes(struct walk *w, const struct family *family)
{
	const struct collect_stat *stat = &w->view->stat;
	unsigned int i;

	if (!stat->run_time_known || !stat->nprobes)
		return;
	walk_family(w, family);
	for (i = 0; i < stat->nprobes; i++) {
		struct probe_stat sum = probe_sum(stat, i);

		if (!named_before(stat, i))
			walk_probe(w, &sum,
				   family->shape == FAMILY_PROBE_RUNS ? sum.runs : sum.run_ns);
	}
}

static void walk_probes_missed(struct walk *w, const struct family *family)
{
	const struct collect_stat *stat = &w->view->stat;
	bool any = false;
	unsigned int i;

	for (i = 0; i < stat->nprobes; i++) {
		struct probe_stat sum = probe_sum(stat, i);

		if (named_before(stat, i) || !sum.missed)
			continue;
		if (!any)
			walk_family(w, family);
		any = true;
		walk_probe(w, &sum, sum.missed);
	}
}

static bool missing_before(const struct self_view *self, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (!strcmp(self->missing[j].field, self->missing[i].field) &&
		    !strcmp(self->missing[j].reason, self->missing[i].reason))
			return true;
	return false;
}

static void walk_missing(struct walk *w, const struct family *family)
{
	const struct self_view *self = w->self;
	char field[NAME_LEN], reason[NAME_LEN];
	unsigned int i;

	if (!self->nmissing)
		return;
	walk_family(w, family);
	for (i = 0; i < self->nmissing; i++) {
		if (missing_before(self, i))
			continue;
		walk_no_own_labels(w);
		walk_raw_label(w, "field", self->missing[i].field, field);
		walk_raw_label(w, "reason", self->missing[i].reason, reason);
		walk_one(w);
	}
}

static void walk_rules(struct walk *w, const struct family *family)
{
	const struct self_view *self = w->self;
	bool active = family->shape == FAMILY_RULE_ACTIVE;
	unsigned int i;

	if (!self->nrules)
		return;
	walk_family(w, family);
	for (i = 0; i < self->nrules; i++) {
		walk_no_own_labels(w);
		walk_label(w, "rule", self->rules[i].id);
		walk_emit(w, active ? self->rules[i].active : self->rules[i].findings);
	}
}

static void walk_build(struct walk *w, const struct family *family)
{
	char version[NAME_LEN], revision[NAME_LEN];
	bool known = w->self->revision && *w->self->revision;

	walk_family(w, family);
	walk_raw_label(w, "version", w->self->version, version);
	walk_raw_label(w, "revision", known ? w->self->revision : NONE, revision);
	walk_one(w);
}

char *sample_value_before(const struct sample *sample, char *end)
{
	static const unsigned int decimals[] = { [FAMILY_SECONDS] = 9, [FAMILY_HUNDREDTHS] = 2 };

	return buf_decimal_before(end, sample->value, decimals[sample->kind]);
}

static void (*const walk_shape[FAMILY_SHAPES])(struct walk *w, const struct family *family) = {
	[FAMILY_OF_GROUPS] = walk_groups,
	[FAMILY_OF_HOST] = walk_host,
	[FAMILY_HOST_PRESSURE] = walk_host_pressure,
	[FAMILY_OF_DERIVED] = walk_derived,
	[FAMILY_OF_SELF] = walk_self,
	[FAMILY_OF_MEMORY] = walk_memory,
	[FAMILY_OF_BUDGET] = walk_budget,
	[FAMILY_GROUP_HISTOGRAM] = walk_group_histogram,
	[FAMILY_START_TIME] = walk_start_time,
	[FAMILY_SLICES] = walk_slices,
	[FAMILY_DELAYS] = walk_delays,
	[FAMILY_UNITS] = walk_units,
	[FAMILY_OF_UNITS] = walk_unit_figures,
	[FAMILY_PROBE_RUNS] = walk_probes,
	[FAMILY_PROBE_SECONDS] = walk_probes,
	[FAMILY_PROBE_MISSED] = walk_probes_missed,
	[FAMILY_MISSING] = walk_missing,
	[FAMILY_BUILD] = walk_build,
	[FAMILY_RULE_FINDINGS] = walk_rules,
	[FAMILY_RULE_ACTIVE] = walk_rules,
};

void samples_walk(const struct encode_ctx *ctx, const struct sample_visitor *visitor)
{
	struct walk w = { .view = ctx->view, .self = ctx->self, .visitor = visitor };
	unsigned int i;

	derived_values_init(&w.derived, ctx->view, ctx->self);
	walk_keys(&w);
	for (i = 0; i < nfamilies; i++)
		if ((ctx->self || !families[i].self) && !families[i].list_only &&
		    !(families[i].shed & ctx->view->shed) &&
		    !(ctx->families && ctx->families->hidden[i]))
			walk_shape[families[i].shape](&w, &families[i]);
}

/* All counters of groups are members of total (a test sees to it); inc is the same of the interval. */
static const void *growth_base(const struct family *family, const struct group_view *group)
{
	const size_t apart = offsetof(struct group_view, inc) - offsetof(struct group_view, total);

	return (const char *)group + (family->type == FAMILY_COUNTER ? apart : 0);
}

void samples_walk_group(const struct group_view *group, const struct sample_visitor *visitor)
{
	struct walk w = { .visitor = visitor };
	const struct family *family;

	for (family = families; family < families + nfamilies; family++) {
		if (family->shape != FAMILY_OF_GROUPS && family->shape != FAMILY_GROUP_HISTOGRAM)
			continue;
		walk_family(&w, family);
		if (family->shape == FAMILY_OF_GROUPS)
			walk_cells(&w, family, growth_base(family, group));
		else
			walk_histogram(&w, group->inc.wait_count, group->inc.wait_ns);
	}
}
