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

__u64 clock_monotonic_ns(void);
__u64 clock_monotonic_ms(void);
__u64 clock_boottime_ns(void); /* goes on in suspend; the kernel's start times of processes */
__u64 clock_wall_ns(void); /* since 1970 */
__u64 clock_process_cpu_ns(void); /* used by this process, all of its threads */
__u64 clock_thread_cpu_ns(void); /* used by this thread */

#endif
