// SPDX-License-Identifier: GPL-2.0-only
/*
 * csv.c - groups as comma-separated values (RFC 4180): one header, one row a group, the other.
 *
 * Owns: what stands before the columns of figures (figures.h). Not here: quoting (csv_cell.h),
 * rates (a spreadsheet divides by interval_seconds).
 */
#include "export/encode.h"

#include "data/view_list.h"
#include "export/figures.h"
#include "export/csv_cell.h"

static void number_cell(struct buf *out, const struct view *view, const struct row *row,
			const struct group_view *group, unsigned int i)
{
	struct figure_value v;

	if (!figure_value(view, row, group, i, &v))
		return;
	if (v.seconds)
		buf_seconds(out, v.value);
	else
		buf_u64(out, v.value);
}

static void csv_header(struct buf *out, const struct view *view)
{
	unsigned int i;

	buf_str(out, "time_unix_seconds,interval_seconds");
	for (i = 0; i < view->nkeys; i++) {
		buf_char(out, ',');
		buf_str(out, group_key_name(view->keys[i]));
	}
	for (i = 0; i < FIGURES; i++) {
		buf_char(out, ',');
		buf_str(out, figures[i].name);
	}
	buf_str(out, CSV_EOL);
}

static void csv_row(struct buf *out, const struct view *view, const struct row_layout *layout,
		    const struct group_view *group)
{
	struct row row;
	unsigned int i;

	row_fill(&row, layout, group);
	buf_seconds(out, view->wall_ns);
	buf_char(out, ',');
	buf_seconds(out, view->interval_ns);
	for (i = 0; i < view->nkeys; i++) {
		buf_char(out, ',');
		csv_text(out, group->label[i], csv_is_formula(group->label[i]));
	}
	for (i = 0; i < FIGURES; i++) {
		buf_char(out, ',');
		number_cell(out, view, &row, group, i);
	}
	buf_str(out, CSV_EOL);
}

void csv_encode(struct buf *out, const struct view *view, const struct list_options *options)
{
	struct row_layout layout;
	struct list list = { 0 };
	size_t i;
	int err = list_init(&list, view, options);

	err = err ? err : figures_layout(&layout);
	if (err) {
		out->err = out->err ? out->err : err;
		list_done(&list);
		return;
	}
	csv_header(out, view);
	for (i = 0; i < list.n; i++)
		csv_row(out, view, &layout, list.rows[i]);
	csv_row(out, view, &layout, &list.other);
	list_done(&list);
}
