/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faults.h - what is wrong with a configuration file, all of it, each with its place.
 *
 * Owns: the list, its bound, and "LINE:COLUMN: KEY: what". Takes no memory, so that telling a
 * fault cannot fail. Not here: who finds them, where they are shown.
 */
#ifndef VIGIE_CONFIG_FAULTS_H
#define VIGIE_CONFIG_FAULTS_H

#include <stddef.h>

enum { FAULTS_MAX = 32, FAULT_LEN = 400 };

struct fault {
	unsigned int line, column; /* from 1; 0: the file as a whole */
	char text[FAULT_LEN]; /* one line, printable */
};

struct faults {
	unsigned int n; /* in the list */
	unsigned int more; /* that found no room there */
	struct fault all[FAULTS_MAX];
};

void faults_init(struct faults *faults);
/* key NULL: it is about no key. What comes from the file is made printable here. */
void faults_add(struct faults *faults, unsigned int line, unsigned int column, const char *key,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* By place: who found a fault first does not matter to who mends it. */
void faults_sort(struct faults *faults);
/* "FILE:LINE:COLUMN: text" */
void fault_format(const struct fault *fault, const char *file, char *dst, size_t size);

#endif
