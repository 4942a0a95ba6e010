// SPDX-License-Identifier: GPL-2.0-only
/* row.c - owns the visitor that puts a group's samples where a format's table wants them. */
#include "export/row.h"

#include <errno.h>
#include <string.h>

#define PREFIX "vigie_process_"

static const struct family *row_family(const char *name)
{
	const size_t skip = sizeof(PREFIX) - 1;
	unsigned int i;

	for (i = 0; i < nfamilies; i++)
		if (!strncmp(families[i].name, PREFIX, skip) &&
		    !strcmp(families[i].name + skip, name))
			return &families[i];
	return NULL;
}

static unsigned int row_cell_index(const struct family *family, const char *label)
{
	unsigned int c = 0;

	while (label && c < family->ncells &&
	       !(family->cells[c].label && !strcmp(family->cells[c].label, label)))
		c++;
	return c;
}

int row_layout_add(struct row_layout *layout, const struct row_cell *cell)
{
	const struct family *family = cell->family ? row_family(cell->family) : NULL;
	unsigned int i = layout->n++, c = family ? row_cell_index(family, cell->cell) : 0;

	layout->at[i].family = family;
	layout->at[i].cell = c;
	return (cell->family && !family) || (cell->cell && c >= family->ncells) ? -ENOENT : 0;
}

enum family_value row_kind(const struct row_layout *layout, unsigned int i)
{
	return layout->at[i].family ? layout->at[i].family->value : FAMILY_COUNT;
}

/* The sum of a histogram is the kernel's own. */
bool row_is_shed(const struct row_layout *layout, unsigned int i, const struct view *view)
{
	const struct family *family = layout->at[i].family;

	return family && family->type != FAMILY_HISTOGRAM && family->shed & view->shed;
}

static void on_family(void *to, const struct family *family)
{
	(void)to;
	(void)family;
}

static void on_sample(void *to, const struct sample *sample)
{
	struct row *row = to;
	unsigned int i, cell = sample->part == SAMPLE_VALUE ? sample->cell : 0;

	if (sample->part == SAMPLE_BUCKET || sample->part == SAMPLE_COUNT)
		return;
	if (sample->part == SAMPLE_SUM)
		row->wait_counts = sample->counts;
	for (i = 0; i < row->layout->n; i++)
		if (row->layout->at[i].family == sample->family && row->layout->at[i].cell == cell)
			row->values[i] = sample->value;
}

void row_fill(struct row *row, const struct row_layout *layout, const struct group_view *group)
{
	const struct sample_visitor visitor = { row, on_family, on_sample };

	memset(row->values, 0, layout->n * sizeof(row->values[0]));
	row->layout = layout;
	samples_walk_group(group, &visitor);
}
