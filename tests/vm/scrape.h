/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scrape.h - a page of metrics, fetched over loopback and added up by label.
 *
 * Owns: one HTTP request, exact decimal sums. Not here: what a value should be (check.c).
 */
#ifndef VIGIE_TESTS_VM_SCRAPE_H
#define VIGIE_TESTS_VM_SCRAPE_H

#include <stdint.h>

/* The body of http://127.0.0.1:port/path, NUL-terminated, to be freed; NULL unless 200. */
char *http_get(unsigned int port, const char *path);

/*
 * The sum of the samples of this name whose labels contain each of the n texts, such as
 * comm="x". In units of 10^-9. -1 if there is no such sample.
 */
int64_t page_sum(const char *page, const char *name, const char *const *labels, unsigned int n);

#endif
