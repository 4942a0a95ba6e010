// SPDX-License-Identifier: GPL-2.0-only
/* profile_folded.c - owns the collapsed format, and that of two sessions side by side. */
#include <string.h>

#include "export/profile_formats.h"
#include "export/profile_stacks.h"

static void plain(struct buf *out, const struct profile_stacks *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		buf_str(out, s->lines[i].text);
		buf_char(out, ' ');
		buf_u64(out, s->lines[i].value);
		buf_char(out, '\n');
	}
}

/* Both are sorted: a merge. */
static void beside(struct buf *out, const struct profile_stacks *a, const struct profile_stacks *b)
{
	size_t i = 0, j = 0;
	int order;

	while (i < a->n || j < b->n) {
		order = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->lines[i].text, b->lines[j].text);
		buf_str(out, order <= 0 ? a->lines[i].text : b->lines[j].text);
		buf_char(out, ' ');
		buf_u64(out, order <= 0 ? a->lines[i].value : 0);
		buf_char(out, ' ');
		buf_u64(out, order >= 0 ? b->lines[j].value : 0);
		buf_char(out, '\n');
		i += order <= 0;
		j += order >= 0;
	}
}

void profile_folded_encode(struct buf *out, const struct profile *p, enum profile_view view,
			   const struct profile *before)
{
	struct profile_stacks now, then;
	int err = profile_stacks_make(&now, p, view);

	if (!err && before) {
		err = profile_stacks_make(&then, before, view);
		if (!err)
			beside(out, &then, &now);
		profile_stacks_done(&then);
	} else if (!err) {
		plain(out, &now);
	}
	profile_stacks_done(&now);
	if (err && !out->err)
		out->err = err;
}
