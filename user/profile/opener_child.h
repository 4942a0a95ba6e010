/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opener_child.h - the process that opens targets' files for the symbolizer, and may hang at one.
 *
 * Opens regular files only: a mapping's through map_files, else by path within the target's root;
 * a perf map that the target or root wrote; separate debug files. Reads none of them.
 */
#ifndef VIGIE_PROFILE_OPENER_CHILD_H
#define VIGIE_PROFILE_OPENER_CHILD_H

/* Serves until the socket is closed. Returns the exit status. */
int opener_child(int fd);

#endif
