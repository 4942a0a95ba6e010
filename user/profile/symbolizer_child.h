/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbolizer_child.h - the throw-away process that reads foreign ELF, DWARF and perf maps.
 *
 * It has one socket and the descriptors that come through it; what it says is not believed.
 */
#ifndef VIGIE_PROFILE_SYMBOLIZER_CHILD_H
#define VIGIE_PROFILE_SYMBOLIZER_CHILD_H

#include <stdbool.h>
#include <vigie/abi_profile.h>

/*
 * Serves until the socket is closed. busy is shared with the session: the module being read.
 * pointers: stacks are unwound by frame pointers first.
 * Returns the exit status.
 */
int symbolizer_child(int fd, volatile __u32 *busy, bool pointers);

#endif
