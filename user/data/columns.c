// SPDX-License-Identifier: GPL-2.0-only
/* columns.c - owns the table of the columns, and fitting them into a width. */
#include "data/columns.h"

#include <stdio.h>
#include <string.h>

#include "data/text_cells.h"

const struct column columns[COLUMNS] = {
	[COLUMN_CPU] = { "%CPU", 6, 14, SORT_CPU },
	[COLUMN_WAIT] = { "WAIT%", 6, 13, SORT_WAIT },
	[COLUMN_DISK] = { "DISK%", 6, 11, SORT_OFF },
	[COLUMN_STALL] = { "STALL%", 6, 10, SORT_STALL },
	[COLUMN_LOCK] = { "LOCK%", 6, 2, SORT_KEYS },
	[COLUMN_SWITCHES] = { "CSW/s", 6, 7, SORT_SWITCHES },
	[COLUMN_FAULTS] = { "FLT/s", 6, 3, SORT_FAULTS },
	[COLUMN_RSS] = { "RSS", 5, 12, SORT_RSS },
	[COLUMN_PEAK] = { "PEAK", 5, 1, SORT_PEAK },
	[COLUMN_READ] = { "R/s", 5, 9, SORT_READ },
	[COLUMN_WRITE] = { "W/s", 5, 8, SORT_WRITE },
	[COLUMN_STARTS] = { "START", 5, 5, SORT_STARTS },
	[COLUMN_EXITS] = { "EXIT", 5, 4, SORT_KEYS },
	[COLUMN_TIME] = { "TIME", 10, 6, SORT_KEYS },
};

enum {
	NAME_MIN = 12, /* a name column gives way down to this before others are dropped */
	HOT_PERMILLE = 500,
	WARM_PERMILLE = 100,
};

/* The share of the interval that a column of percents shows. */
static __u64 share_ns(const struct group_view *group, enum column_id id)
{
	switch (id) {
	case COLUMN_CPU: return list_cpu_ns(group);
	case COLUMN_WAIT: return group->inc.wait_ns;
	case COLUMN_DISK: return group->inc.off_ns[VIGIE_OFF_DISK];
	case COLUMN_LOCK: return group->inc.off_ns[VIGIE_OFF_UNINTERRUPTIBLE];
	default: return list_stall_ns(group);
	}
}

static __u64 events(const struct group_view *group, enum column_id id)
{
	const struct vigie_usage *inc = &group->inc;

	switch (id) {
	case COLUMN_SWITCHES: return inc->voluntary_switches + inc->involuntary_switches;
	case COLUMN_FAULTS: return inc->minor_faults + inc->major_faults;
	case COLUMN_READ: return inc->read_bytes;
	default: return inc->written_bytes;
	}
}

/* Before there is an interval there is no rate. */
static bool needs_interval(enum column_id id)
{
	return id <= COLUMN_FAULTS || id == COLUMN_READ || id == COLUMN_WRITE;
}

static bool column_is_shed(const struct view *view, enum column_id id)
{
	return (id == COLUMN_DISK || id == COLUMN_STALL || id == COLUMN_LOCK) &&
	       view->shed & VIGIE_SHED_REASONS;
}

void column_text(const struct view *view, const struct group_view *group, enum column_id id,
		 char *dst)
{
	if ((needs_interval(id) && !view->interval_ns) || column_is_shed(view, id)) {
		snprintf(dst, COLUMN_TEXT, "-");
		return;
	}
	switch (id) {
	case COLUMN_SWITCHES:
	case COLUMN_FAULTS:
		text_count(dst, COLUMN_TEXT, list_per_second(view, events(group, id)));
		break;
	case COLUMN_READ:
	case COLUMN_WRITE:
		text_bytes(dst, COLUMN_TEXT, list_per_second(view, events(group, id)));
		break;
	case COLUMN_RSS: text_bytes(dst, COLUMN_TEXT, list_rss_bytes(group)); break;
	case COLUMN_PEAK: text_bytes(dst, COLUMN_TEXT, group->peak_bytes); break;
	case COLUMN_STARTS: text_count(dst, COLUMN_TEXT, group->inc.starts); break;
	case COLUMN_EXITS: text_count(dst, COLUMN_TEXT, list_exits(group)); break;
	case COLUMN_TIME:
		if (group->pid)
			text_cpu_time(dst, COLUMN_TEXT, group->life_cpu_ns);
		else
			snprintf(dst, COLUMN_TEXT, "-");
		break;
	default:
		text_tenths(dst, COLUMN_TEXT,
			    list_permille(share_ns(group, id), view->interval_ns));
		break;
	}
}

enum column_heat column_heat(const struct view *view, const struct group_view *group,
			     enum column_id id)
{
	__u64 permille;

	if (id > COLUMN_LOCK || column_is_shed(view, id))
		return COLUMN_COOL;
	permille = list_permille(share_ns(group, id), view->interval_ns);
	return permille >= HOT_PERMILLE	   ? COLUMN_HOT
	       : permille >= WARM_PERMILLE ? COLUMN_WARM
					   : COLUMN_COOL;
}

/* --- Names. */

const char *column_key_title(enum group_key key)
{
	static const char *const titles[GROUP_KEYS] = {
		[KEY_UNIT] = "UNIT", [KEY_COMM] = "COMMAND",  [KEY_EXE] = "EXE",
		[KEY_USER] = "USER", [KEY_CGROUP] = "CGROUP", [KEY_PID] = "PID",
	};

	return titles[key];
}

static unsigned int other_column(const struct view *view)
{
	unsigned int i;

	for (i = 0; i < view->nkeys; i++)
		if (view->keys[i] == KEY_COMM)
			return i;
	return 0;
}

const char *column_label(const struct view *view, const struct list *list,
			 const struct group_view *group, unsigned int i)
{
	if (group != &list->other)
		return group->label[i];
	return i == other_column(view) ? GROUP_OTHER : "-";
}

static size_t name_natural(const struct view *view, const struct list *list, bool show_other,
			   unsigned int key)
{
	size_t widest = text_columns(column_key_title(view->keys[key]));
	size_t i, width;

	for (i = 0; i < list->n; i++) {
		width = text_columns(list->rows[i]->label[key]);
		widest = width > widest ? width : widest;
	}
	if (show_other) {
		width = text_columns(column_label(view, list, &list->other, key));
		widest = width > widest ? width : widest;
	}
	return widest;
}

/* --- Layout. */

static size_t numbers_width(const struct columns_fit *fit)
{
	size_t width = 0;
	int id;

	for (id = 0; id < COLUMNS; id++)
		width += fit->shown[id] ? columns[id].width + 1u : 0;
	return width;
}

static size_t names_width(const struct columns_fit *fit, unsigned int nkeys)
{
	size_t width = nkeys - 1; /* the blanks between them */
	unsigned int i;

	for (i = 0; i < nkeys; i++)
		width += fit->name_width[i];
	return width;
}

static bool drop_column(struct columns_fit *fit)
{
	int id, least = -1;

	for (id = 0; id < COLUMNS; id++)
		if (fit->shown[id] && (least < 0 || columns[id].keep < columns[least].keep))
			least = id;
	if (least <= COLUMN_CPU)
		return false;
	fit->shown[least] = false;
	return true;
}

/* Gives the room that is left over to the names that were cut, one by one. */
static void widen_names(struct columns_fit *fit, unsigned int nkeys, const size_t *natural,
			size_t spare)
{
	bool any = true;
	unsigned int i;

	while (spare && any) {
		any = false;
		for (i = 0; i < nkeys && spare; i++) {
			if (fit->name_width[i] >= natural[i])
				continue;
			fit->name_width[i]++;
			spare--;
			any = true;
		}
	}
}

void columns_fit(struct columns_fit *fit, const struct view *view, const struct list *list,
		 bool show_other, size_t width)
{
	size_t natural[GROUP_KEYS] = { 0 }, used;
	unsigned int i;

	memset(fit->shown, true, sizeof(fit->shown));
	fit->shown[COLUMN_TIME] = false;
	for (i = 0; i < view->nkeys; i++) {
		fit->shown[COLUMN_TIME] |= view->keys[i] == KEY_PID;
		natural[i] = name_natural(view, list, show_other, i);
		fit->name_width[i] = width && natural[i] > NAME_MIN ? NAME_MIN : natural[i];
	}
	if (!width)
		return;
	while (names_width(fit, view->nkeys) + numbers_width(fit) > width && drop_column(fit))
		;
	used = names_width(fit, view->nkeys) + numbers_width(fit);
	if (used < width)
		widen_names(fit, view->nkeys, natural, width - used);
}
