/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * families_option.h - --families and --no-families: which metrics are exposed.
 *
 * Owns: how these are typed and refused. Not here: what a pattern fits (export/choice.h).
 */
#ifndef VIGIE_APP_FAMILIES_OPTION_H
#define VIGIE_APP_FAMILIES_OPTION_H

#include "app/options.h"
#include "export/choice.h"

/* A child parser; its input is a family_choice, all false at first. */
extern const struct argp families_argp;

/* Of a family_choice. In the order in which they are given (choice.h). */
option_set_fn option_set_families, option_set_no_families;

#endif
