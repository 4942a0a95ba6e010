// SPDX-License-Identifier: GPL-2.0-only
/*
 * star.c - owns which table has which row: facts as they come, what they refer to when it is seen
 * first, hosts, units, findings and the calendar at the end.
 */
#include "export/star.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/intern.h"
#include "data/view_list.h"
#include "export/figures.h"
#include "export/star_cells.h"
#include "export/star_findings.h"

#define NO_UNIT "(none)" /* of the host, or groups have no units */

enum { NAMES_MAX = 256 << 20, TABLE_MAX = 1 << 30, HOST_LEN = 65 };

const char *const star_table_names[STAR_TABLES] = {
	"hosts", "units", "groups", "calendar", "samples", "delays", "findings",
};

const struct star_dialect star_dialects[STAR_DIALECTS] = {
	{ "plain", ',', '.', false },
	{ "excel", ',', '.', true },
	{ "excel-fr", ';', ',', true },
	{ "excel-de", ';', ',', true },
};

static const char *const headers[STAR_TABLES][24] = {
	[STAR_HOSTS] = { "host_key", "host_name", "cpu_count", "memory_bytes", "first_time_utc",
			 "last_time_utc" },
	[STAR_UNITS] = { "unit_key", "unit", "cgroup", "runtime", "container_id", "container_name",
			 "pod_uid", "pod", "namespace", "image" },
	[STAR_GROUPS] = { "group_key", "name", "unit", "comm", "exe", "user", "cgroup", "pid" },
	[STAR_CALENDAR] = { "date_key", "date", "year", "quarter", "month", "day", "year_month",
			    "iso_year", "iso_week", "iso_weekday" },
	[STAR_SAMPLES] = { "time_utc", "date_key", "host_key", "unit_key", "group_key",
			   "time_unix_seconds", "interval_seconds" },
	[STAR_DELAYS] = { "time_utc", "date_key", "host_key", "victim_group_key",
			  "culprit_group_key", "time_unix_seconds", "wait_seconds" },
};

/* A group or a unit: its key by the number that the intern has for it. */
struct dimension {
	struct intern known;
	struct star_key *keys;
	size_t room;
};

struct star {
	const struct star_dialect *dialect;
	char host[HOST_LEN];
	struct star_key host_key;
	struct buf out[STAR_TABLES];
	__u64 rows[STAR_TABLES];
	struct buf scratch;
	struct dimension groups, units;
	struct intern abouts; /* rows of units without their keys */
	__u32 *about; /* by number of the unit, + 1; 0: only its name is known */
	size_t about_room;
	struct star_findings findings;
	bool any_sample, any_day; /* else the next two lines mean nothing: 0 is a moment, too */
	__u64 first_ns, last_ns; /* samples, wall clock */
	__u64 first_day, last_day; /* of the calendar, since 1970: findings may have begun before */
	__u64 cpus, memory;
};

static struct star_row row_of(struct star *star, enum star_table table)
{
	return (struct star_row){ .out = &star->out[table], .dialect = star->dialect };
}

static void row_end(struct star *star, enum star_table table, struct star_row *row)
{
	star_end(row);
	star->rows[table]++;
}

static void header(struct star *star, enum star_table table)
{
	struct star_row row = row_of(star, table);
	const char *const *names = table == STAR_FINDINGS ? star_findings_header : headers[table];
	unsigned int i;

	if (star->dialect->bom)
		buf_str(row.out, "\xef\xbb\xbf");
	for (i = 0; names[i]; i++)
		star_name(&row, names[i]);
	for (i = 0; table == STAR_SAMPLES && i < FIGURES; i++)
		star_name(&row, figures[i].name);
	star_end(&row);
}

struct star *star__new(const struct star_dialect *dialect, const char *host)
{
	struct star *star = calloc(1, sizeof(*star));
	enum star_table t;

	if (!star)
		return NULL;
	star->dialect = dialect;
	snprintf(star->host, sizeof(star->host), "%s", host);
	star->host_key = star_key_of('h', star->host, "", 0);
	buf_init(&star->scratch, NAMES_MAX);
	intern_init(&star->groups.known, NAMES_MAX);
	intern_init(&star->units.known, NAMES_MAX);
	intern_init(&star->abouts, NAMES_MAX);
	star_findings_init(&star->findings);
	for (t = 0; t < STAR_TABLES; t++) {
		buf_init(&star->out[t], TABLE_MAX);
		header(star, t);
	}
	return star;
}

void star__free(struct star *star)
{
	enum star_table t;

	if (!star)
		return;
	for (t = 0; t < STAR_TABLES; t++)
		buf_done(&star->out[t]);
	buf_done(&star->scratch);
	intern_done(&star->groups.known);
	intern_done(&star->units.known);
	intern_done(&star->abouts);
	free(star->groups.keys);
	free(star->units.keys);
	free(star->about);
	star_findings_done(&star->findings);
	free(star);
}

struct buf *star__bytes(struct star *star, enum star_table table)
{
	return &star->out[table];
}

__u64 star__rows(const struct star *star, enum star_table table)
{
	return star->rows[table];
}

/* --- What facts refer to. */

/* The number of what is in scratch; *ret_new: nobody asked for it before. 0 or -errno. */
static int dimension_number(struct star *star, struct dimension *dimension, char letter, __u32 *ret,
			    bool *ret_new)
{
	const struct buf *what = &star->scratch;
	__u32 known = dimension->known.n;
	int err = what->err;

	if (err)
		return err;
	*ret = intern_bytes(&dimension->known, what->data, what->len);
	err = dimension->known.bytes.err;
	if (!err)
		err = array_grow(&dimension->keys, &dimension->room, *ret + 1UL,
				 sizeof(*dimension->keys), SIZE_MAX);
	*ret_new = !err && *ret == known;
	if (*ret_new)
		dimension->keys[*ret] = star_key_of(letter, star->host, what->data, what->len);
	return err;
}

static int unit_number(struct star *star, const char *unit, __u32 *ret)
{
	bool is_new;
	int err;

	buf_clear(&star->scratch);
	buf_add(&star->scratch, unit, strlen(unit) + 1);
	err = dimension_number(star, &star->units, 'u', ret, &is_new);
	if (err || !is_new)
		return err;
	return array_grow_zeroed(&star->about, &star->about_room, *ret + 1UL, sizeof(*star->about),
				 SIZE_MAX);
}

static int unit_key(struct star *star, const char *unit, const struct star_key **ret)
{
	__u32 number;
	int err = unit_number(star, *unit ? unit : NO_UNIT, &number);

	if (!err)
		*ret = &star->units.keys[number];
	return err;
}

/* What it is now: names of containers are known a little later than their units. */
static int unit_note(struct star *star, const struct unit_view *unit)
{
	const char *const texts[] = { unit->cgroup,	    unit->runtime, unit->container_id,
				      unit->container_name, unit->pod_uid, unit->pod,
				      unit->namespace,	    unit->image };
	struct star_row row = { .out = &star->scratch, .dialect = star->dialect };
	__u32 number;
	unsigned int i;
	int err = unit_number(star, unit->unit, &number);

	if (err)
		return err;
	buf_clear(&star->scratch);
	star_text(&row, unit->unit);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		star_text(&row, texts[i]);
	if (star->scratch.err)
		return star->scratch.err;
	star->about[number] = 1 +
			      intern_bytes(&star->abouts, star->scratch.data, star->scratch.len);
	return star->abouts.bytes.err;
}

static int position_of(const struct view *view, enum group_key key)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == key)
			return (int)i;
	return -1;
}

/* A number, or nothing: that of what is no process' own has a name in its place. */
static void pid_cell(struct star_row *row, const char *label)
{
	if (*label && strspn(label, "0123456789") == strlen(label))
		star_name(row, label);
	else
		star_empty(row);
}

static int group_row(struct star *star, const struct view *view, const char *const labels[],
		     const struct star_key *key)
{
	struct star_row row = row_of(star, STAR_GROUPS);
	enum group_key k;
	unsigned int i;

	buf_clear(&star->scratch);
	for (i = 0; i < view->nkeys; i++) {
		if (i)
			buf_char(&star->scratch, '/');
		buf_str(&star->scratch, labels[i]);
	}
	buf_char(&star->scratch, '\0');
	if (star->scratch.err)
		return star->scratch.err;
	star_key(&row, key);
	star_text(&row, star->scratch.data);
	for (k = 0; k < GROUP_KEYS; k++) {
		int at = position_of(view, k);

		if (k == KEY_PID)
			pid_cell(&row, at < 0 ? "" : labels[at]);
		else
			star_text(&row, at < 0 ? "" : labels[at]);
	}
	row_end(star, STAR_GROUPS, &row);
	return 0;
}

/* The key of the group with these labels, in the order of view->keys. */
static int group_key(struct star *star, const struct view *view, const char *const labels[],
		     const struct star_key **ret)
{
	__u32 number;
	unsigned int i;
	bool is_new;
	int err;

	buf_clear(&star->scratch);
	for (i = 0; i < view->nkeys; i++) {
		const char *name = group_key_name(view->keys[i]);

		buf_add(&star->scratch, name, strlen(name) + 1);
		buf_add(&star->scratch, labels[i], strlen(labels[i]) + 1);
	}
	err = dimension_number(star, &star->groups, 'g', &number, &is_new);
	if (err)
		return err;
	*ret = &star->groups.keys[number];
	return is_new ? group_row(star, view, labels, *ret) : 0;
}

/* --- Facts. */

static void begin_fact(struct star_row *row, const struct star *star, __u64 wall_ns)
{
	star_moment(row, wall_ns);
	star_date_key(row, wall_ns);
	star_key(row, &star->host_key);
}

static int sample_row(struct star *star, const struct view *view, const struct row_layout *layout,
		      const struct group_view *group)
{
	int unit_at = position_of(view, KEY_UNIT);
	struct star_row row = row_of(star, STAR_SAMPLES);
	const struct star_key *unit, *key;
	struct figure_value v;
	struct row values;
	unsigned int i;
	int err = unit_key(star, unit_at < 0 ? "" : group->label[unit_at], &unit);

	err = err ? err : group_key(star, view, group->label, &key);
	if (err)
		return err;
	row_fill(&values, layout, group);
	begin_fact(&row, star, view->wall_ns);
	star_key(&row, unit);
	star_key(&row, key);
	star_seconds(&row, view->wall_ns);
	star_seconds(&row, view->interval_ns);
	for (i = 0; i < FIGURES; i++)
		if (!figure_value(view, &values, group, i, &v))
			star_empty(&row);
		else if (v.seconds)
			star_seconds(&row, v.value);
		else
			star_u64(&row, v.value);
	row_end(star, STAR_SAMPLES, &row);
	return 0;
}

static int add_samples(struct star *star, const struct view *view, const struct list *list)
{
	struct row_layout layout;
	size_t i;
	int err = figures_layout(&layout);

	for (i = 0; i < view->nunits && !err; i++)
		err = unit_note(star, &view->units[i]);
	for (i = 0; i < list->n && !err; i++)
		err = sample_row(star, view, &layout, list->rows[i]);
	return err ? err : sample_row(star, view, &layout, &list->other);
}

static int delay_row(struct star *star, const struct view *view, const char *const victim[],
		     const char *const culprit[], __u64 wait_ns)
{
	struct star_row row = row_of(star, STAR_DELAYS);
	const struct star_key *key;
	struct star_key victim_key;
	int err = group_key(star, view, victim, &key);

	if (err)
		return err;
	victim_key = *key; /* the next one may move it */
	err = group_key(star, view, culprit, &key);
	if (err)
		return err;
	begin_fact(&row, star, view->wall_ns);
	star_key(&row, &victim_key);
	star_key(&row, key);
	star_seconds(&row, view->wall_ns);
	star_seconds(&row, wait_ns);
	row_end(star, STAR_DELAYS, &row);
	return 0;
}

static void split(const char *labels, unsigned int n, const char *ret[])
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		ret[i] = labels;
		labels += strlen(labels) + 1;
	}
}

/* Pairs in the order of their names, then what has no pair of its own: together all slow waits. */
static int add_delays(struct star *star, const struct view *view)
{
	const char *victim[GROUP_KEYS], *culprit[GROUP_KEYS];
	__u64 other_ns = view->delay_other_inc_ns;
	size_t i;
	int err = 0;

	for (i = 0; i < view->ndelays && !err; i++) {
		const struct delay_view *d = &view->delays[i];

		if (!d->wait_inc_ns)
			continue;
		if (!d->victim_labels || !d->culprit_labels) {
			other_ns += d->wait_inc_ns;
			continue;
		}
		split(d->victim_labels, view->nkeys, victim);
		split(d->culprit_labels, view->nkeys, culprit);
		err = delay_row(star, view, victim, culprit, d->wait_inc_ns);
	}
	if (err || !other_ns)
		return err;
	return delay_row(star, view, view->other.label, view->other.label, other_ns);
}

static void note_day(struct star *star, __u64 wall_ns)
{
	__u64 day = wall_ns / DAY_NS;

	if (!star->any_day || day < star->first_day)
		star->first_day = day;
	if (!star->any_day || day > star->last_day)
		star->last_day = day;
	star->any_day = true;
}

static void note_host(struct star *star, const struct view *view)
{
	if (!star->any_sample || view->wall_ns < star->first_ns)
		star->first_ns = view->wall_ns;
	if (!star->any_sample || view->wall_ns > star->last_ns)
		star->last_ns = view->wall_ns;
	star->any_sample = true;
	star->cpus = view->host.online_cpus;
	star->memory = view->host.memory.total;
	note_day(star, view->wall_ns);
}

/* What failed is the buffers' or a table's of names. */
static int star_error(const struct star *star, int err)
{
	enum star_table t;

	for (t = 0; t < STAR_TABLES && !err; t++)
		err = star->out[t].err;
	return err;
}

int star__view(struct star *star, const struct view *view)
{
	const struct list_options by_name = { .sort = SORT_NAME };
	struct list list = { 0 };
	int err = list_init(&list, view, &by_name);

	if (err)
		return err;
	note_host(star, view);
	err = add_samples(star, view, &list);
	/* Nobody looked for culprits: there is no figure, and none is 0. */
	if (!err && !(view->shed & VIGIE_SHED_CULPRITS))
		err = add_delays(star, view);
	list_done(&list);
	return star_error(star, err);
}

int star__finding(struct star *star, const struct finding *finding)
{
	note_day(star, finding->since_wall_ns);
	return star_findings_add(&star->findings, finding);
}

/* --- The end. */

static void finish_host(struct star *star)
{
	struct star_row row = row_of(star, STAR_HOSTS);

	star_key(&row, &star->host_key);
	star_text(&row, star->host);
	star_u64(&row, star->cpus);
	star_u64(&row, star->memory);
	star_moment(&row, star->first_ns);
	star_moment(&row, star->last_ns);
	row_end(star, STAR_HOSTS, &row);
}

static void finish_units(struct star *star)
{
	__u32 i, c;

	for (i = 0; i < star->units.known.n; i++) {
		struct star_row row = row_of(star, STAR_UNITS);

		star_key(&row, &star->units.keys[i]);
		if (star->about[i]) {
			star_name(&row, intern_at(&star->abouts, star->about[i] - 1));
		} else {
			star_text(&row, intern_at(&star->units.known, i));
			for (c = 2; headers[STAR_UNITS][c]; c++)
				star_text(&row, "");
		}
		row_end(star, STAR_UNITS, &row);
	}
}

static int finish_findings(struct star *star)
{
	struct star_row row = row_of(star, STAR_FINDINGS);
	const struct star_finding *f;
	int err = 0;
	size_t i;

	for (i = 0; i < star->findings.n && !err; i++) {
		const struct star_key *key;
		struct star_key unit;

		f = &star->findings.all[i];
		err = unit_key(star, f->unit, &key);
		if (err)
			break;
		unit = *key;
		err = unit_key(star, f->culprit_unit, &key);
		if (err)
			break;
		star_findings_row(&row, f, star->host, &star->host_key, &unit, key);
		row_end(star, STAR_FINDINGS, &row);
	}
	return err;
}

/* Days without a gap: a table of dates has to have all of them. */
static void finish_calendar(struct star *star)
{
	__u64 day; /* counted, not added up in ns: of the last one there is no next */

	for (day = star->first_day; star->any_day && day <= star->last_day; day++) {
		struct star_row row = row_of(star, STAR_CALENDAR);

		star_calendar(&row, day);
		row_end(star, STAR_CALENDAR, &row);
	}
}

int star__finish(struct star *star)
{
	int err = finish_findings(star);

	finish_host(star);
	if (!err)
		finish_units(star); /* of findings, too */
	finish_calendar(star);
	return star_error(star, err);
}
