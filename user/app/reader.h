/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - what the reader of foreign files gives up: for whoever starts one.
 */
#ifndef VIGIE_APP_READER_H
#define VIGIE_APP_READER_H

/* Called in the reader's process (profile/foreign.h). 0 or -errno, which it has said. */
int reader_confine(void);

#endif
