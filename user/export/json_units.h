/* SPDX-License-Identifier: GPL-2.0-only */
/* json_units.h - the units of a JSON document, and pressure. */
#ifndef VIGIE_EXPORT_JSON_UNITS_H
#define VIGIE_EXPORT_JSON_UNITS_H

#include "base/json_writer.h"
#include "data/view.h"

void json_units(struct json *j, const struct view *view);
/* "pressure_seconds_total": resources and stalls; has: bit of each, in the order of ns. */
void json_pressure(struct json *j, const __u64 ns[PSI_RESOURCES][PSI_STALLS], __u64 has);

#endif
