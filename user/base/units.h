/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * units.h - how many of a small unit of time are one of a greater.
 *
 * Apart from the clocks (base/clock.h), because folders that may read none compute with times, too.
 */
#ifndef VIGIE_BASE_UNITS_H
#define VIGIE_BASE_UNITS_H

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
#define DAY_NS (86400 * NS_PER_S)

#endif
