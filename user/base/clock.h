/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.h - what time it is, by the clocks that vigie reads, in nanoseconds.
 *
 * Owns: the conversion from a timespec. Not here: the units (base/units.h), times of day as people
 * write them (base/when.h).
 */
#ifndef VIGIE_BASE_CLOCK_H
#define VIGIE_BASE_CLOCK_H

#include <vigie/abi.h>

/*
 * In a time namespace two clocks are off, and what the kernel hands to BPF is not: from here on they
 * are the host's. Once, before anything reads them and before privileges are dropped.
 */
void clock_init(void);
/* What /proc adds to start times that we read there, and takes off btime. */
__s64 clock_boottime_offset_ns(void);

__u64 clock_monotonic_ns(void);
__u64 clock_monotonic_ms(void);
__u64 clock_boottime_ns(void); /* goes on in suspend; the kernel's start times of processes */
__u64 clock_wall_ns(void); /* since 1970 */
__u64 clock_process_cpu_ns(void); /* used by this process, all of its threads */
__u64 clock_thread_cpu_ns(void); /* used by this thread */

#endif
