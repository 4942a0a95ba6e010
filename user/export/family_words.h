/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * family_words.h - the words in which the table of families is written.
 *
 * Owns: short forms of a family's members, of where a value lies and of what the manual says of it.
 * Only families.c includes it: they are too short to be anybody else's.
 */
#ifndef VIGIE_EXPORT_FAMILY_WORDS_H
#define VIGIE_EXPORT_FAMILY_WORDS_H

#include "export/families.h"

#define G(member) offsetof(struct group_view, member)
#define V(member) offsetof(struct view, member)
#define D(member) offsetof(struct derived_values, member)
#define S(member) offsetof(struct self_view, member)
#define U(member) offsetof(struct unit_figures, member)
#define ARRAY(a) .cells = (a), .ncells = sizeof(a) / sizeof((a)[0])
#define ONE(at) .cells = (const struct family_cell[]){ { NULL, at } }, .ncells = 1

#define COUNTER .type = FAMILY_COUNTER
#define GAUGE .type = FAMILY_GAUGE
#define HISTOGRAM .type = FAMILY_HISTOGRAM
#define INFO .type = FAMILY_INFO
#define SECONDS .unit = "seconds", .value = FAMILY_SECONDS
#define BYTES .unit = "bytes", .value = FAMILY_COUNT
#define COUNT .value = FAMILY_COUNT
#define COUNT32 .value = FAMILY_COUNT32
#define OF_GROUPS .shape = FAMILY_OF_GROUPS
#define OF_HOST .shape = FAMILY_OF_HOST
#define OF_DERIVED .shape = FAMILY_OF_DERIVED
#define OF_UNITS .shape = FAMILY_OF_UNITS
#define OF_SELF .shape = FAMILY_OF_SELF, .self = true
#define OF_STAT .shape = FAMILY_OF_HOST, .self = true
#define OF_MEMORY .shape = FAMILY_OF_MEMORY, .self = true
#define OF_BUDGET .shape = FAMILY_OF_BUDGET, .self = true
#define RATIO .unit = "ratio", .value = FAMILY_SECONDS

/* What the manual says, by where a value comes from. */
#define DOC(from, what_cost, what_error, which_kernels) \
	.source = (from), .cost = (what_cost), .error = (what_error), .kernels = (which_kernels)
#define FROM_TASK(from, err) DOC(from, "none per event: read at the scrape", err, "5.10")
#define FROM_SWITCH(from, err) DOC(from, "switch probe", err, "5.10, dearer there")
#define FROM_EVENT(from, err) DOC(from, "rare event", err, "5.10")
#define FROM_PROC(from) DOC(from, "one read at the scrape", "as the kernel reports it", "5.10")
#define FROM_CGROUP(from, err, which) \
	DOC(from, "a file a unit at the scrape, see docs/overhead.md", err, which)
#define FROM_MODEL(from) DOC(from, "none", "exact", "5.10")
#define FROM_SELF(from) DOC(from, "none", "exact", "5.10")

#endif
