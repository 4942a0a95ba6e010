/* SPDX-License-Identifier: GPL-2.0-only */
/* standard.h - standard input, output and error, whatever we were started with. */
#ifndef VIGIE_APP_STANDARD_H
#define VIGIE_APP_STANDARD_H

/*
 * Call first. Takes the numbers of closed descriptors, ignores SIGPIPE, and makes sure that
 * output which stdio could not write in the end is an exit status of 1. 0 or -errno.
 */
int standard_descriptors_init(void);

#endif
