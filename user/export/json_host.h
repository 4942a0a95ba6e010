/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_host.h - the host's members of the JSON document.
 *
 * Owns: psutil's names and formulas (those of 5.9.4). Not here: processes (json.c).
 */
#ifndef VIGIE_EXPORT_JSON_HOST_H
#define VIGIE_EXPORT_JSON_HOST_H

#include "base/json_writer.h"
#include "data/view.h"

void json_host(struct json *j, const struct view *view);

#endif
