/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage.h - arithmetic on struct vigie_usage.
 *
 * Owns: sums over all its words, so that a counter added to abi.h is added up everywhere.
 */
#ifndef VIGIE_DATA_USAGE_H
#define VIGIE_DATA_USAGE_H

#include <stdbool.h>
#include <vigie/abi.h>

void usage_add(struct vigie_usage *sum, const struct vigie_usage *part);
bool usage_is_zero(const struct vigie_usage *usage);

#endif
