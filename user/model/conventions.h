/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conventions.h - how container runtimes, schedulers and machines lay out cgroups. PURE.
 *
 * Owns: the table. How it is applied: unit.c. docs/units.md is made of it.
 */
#ifndef VIGIE_MODEL_CONVENTIONS_H
#define VIGIE_MODEL_CONVENTIONS_H

#include <stddef.h>

struct convention {
	const char *form; /* of the last components (unit_form.h); with "/" before: of all */
	const char *unit; /* how the unit is called */
	const char *runtime; /* "": nothing that a person would call so */
	const char *source; /* who lays it out so, and where that is written down */
};

extern const struct convention conventions[];
extern const size_t nconventions;

#endif
