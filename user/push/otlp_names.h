/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push/otlp_names.h - what OpenTelemetry calls what the page has.
 *
 * Owns: the table of families with a twin in the semantic conventions, names and units of all others,
 * names of attributes. Not here: messages (otlp.c).
 */
#ifndef VIGIE_PUSH_OTLP_NAMES_H
#define VIGIE_PUSH_OTLP_NAMES_H

#include <stdbool.h>

#include "base/buf.h"
#include "push/page.h"

#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"

struct otlp_twin {
	const char *family, *name, *unit;
	const char *label, *attribute; /* NULL: none is renamed */
	const char *own_attribute, *own_value; /* that all points have; NULL: none */
	bool updown; /* a gauge that the conventions call an UpDownCounter: a sum that may fall */
};

/* NULL: a name of vigie's own. */
const struct otlp_twin *otlp_twin(const char *family);
void otlp_metric_name(struct buf *out, const struct page_family *family);
const char *otlp_unit(const struct page_family *family);
void otlp_attribute_name(struct buf *out, const struct otlp_twin *twin, const char *label);

#endif
