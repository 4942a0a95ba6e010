/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clocks.h - a sampling clock on every CPU that is online, also on those that come while a session runs.
 *
 * Owns: the perf events. Their period is fixed: a frequency would be adjusted while the session runs,
 * and samples must be spread evenly over time. A CPU is its id: ids have holes.
 */
#ifndef VIGIE_PROFILE_CLOCKS_H
#define VIGIE_PROFILE_CLOCKS_H

struct clocks;

/* Made for all CPUs that are online, and stopped; prog is run at each tick. 0 or -errno. */
int clocks__open(int prog, unsigned int hz, struct clocks **ret);
void clocks__free(struct clocks *clocks); /* accepts NULL */
int clocks__start(struct clocks *clocks); /* 0 or -errno */
/* Now and then while they run: looks for CPUs that came or went; soon again is for nothing. */
void clocks__follow(struct clocks *clocks);
/* CPUs that were online and could be given no clock, so far. */
unsigned int clocks__missed(const struct clocks *clocks);

#endif
