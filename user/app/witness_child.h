/* SPDX-License-Identifier: GPL-2.0-only */
/* witness_child.h - the witness' own life, from the fork to the end of its socket. */
#ifndef VIGIE_APP_WITNESS_CHILD_H
#define VIGIE_APP_WITNESS_CHILD_H

/* asks: to the main process; parcels: to the scribe. Only witness.c calls it. */
void witness_child(int asks, int parcels) __attribute__((noreturn));

#endif
