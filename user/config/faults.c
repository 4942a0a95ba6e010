// SPDX-License-Identifier: GPL-2.0-only
/* faults.c - owns the wording of a place and the order of the list. */
#include "config/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void faults_init(struct faults *faults)
{
	faults->n = faults->more = 0;
}

void faults_add(struct faults *faults, unsigned int line, unsigned int column, const char *key,
		const char *fmt, ...)
{
	char raw[FAULT_LEN];
	struct fault *fault;
	va_list args;
	int len = 0;

	if (faults->n == FAULTS_MAX) {
		faults->more++;
		return;
	}
	fault = &faults->all[faults->n++];
	fault->line = line;
	fault->column = column;
	if (key)
		len = snprintf(raw, sizeof(raw), "%.100s: ", key);
	va_start(args, fmt);
	vsnprintf(raw + len, sizeof(raw) - (size_t)len, fmt, args);
	va_end(args);
	text_sanitise(fault->text, sizeof(fault->text), raw, strlen(raw));
}

static int compare_places(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void faults_sort(struct faults *faults)
{
	qsort(faults->all, faults->n, sizeof(faults->all[0]), compare_places);
}

void fault_format(const struct fault *fault, const char *file, char *dst, size_t size)
{
	if (fault->line)
		snprintf(dst, size, "%s:%u:%u: %s", file, fault->line, fault->column, fault->text);
	else
		snprintf(dst, size, "%s: %s", file, fault->text);
}
