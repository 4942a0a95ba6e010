/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_view.h - a view's members of a JSON object, for all documents that show a view.
 *
 * Owns: that they are the same everywhere (docs/json.md). Not here: what a document has beside them.
 */
#ifndef VIGIE_EXPORT_JSON_VIEW_H
#define VIGIE_EXPORT_JSON_VIEW_H

#include "base/json_writer.h"
#include "data/view_list.h"

/* All from "time" to "shed", into an object that is open. Errors stick to j->out. */
void json_view(struct json *j, const struct view *view, const struct list_options *options);

#endif
