/* SPDX-License-Identifier: GPL-2.0-only */
/* descriptors.h - what a forked process must not keep: a fork has everything. */
#ifndef VIGIE_APP_DESCRIPTORS_H
#define VIGIE_APP_DESCRIPTORS_H

#include <stddef.h>

/* Closes all but standard input, output, error and these; -1 among them is nobody. */
void descriptors_keep(const int *keep, size_t n);

#endif
