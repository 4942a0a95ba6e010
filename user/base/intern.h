/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * intern.h - a number for each different text: 0, 1, 2, ... in the order they came.
 *
 * Owns: the bytes, copied. A failure sticks in bytes.err, so that a writer checks once, at the
 * end; until then all texts are number 0. Not here: what hangs on a number (its caller's array).
 */
#ifndef VIGIE_BASE_INTERN_H
#define VIGIE_BASE_INTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/hash.h"

struct intern {
	struct buf bytes; /* all texts, each with a NUL */
	size_t *begin; /* of text i; n + 1 of them */
	uint32_t n;
	size_t room;
	struct hash hash;
};

void intern_init(struct intern *t, size_t max_bytes);
void intern_done(struct intern *t);
uint32_t intern_bytes(struct intern *t, const void *data, size_t len);
uint32_t intern_text(struct intern *t, const char *text);
bool intern_has(const struct intern *t, const void *data, size_t len);
/* Valid until the next text is added. */
const char *intern_at(const struct intern *t, uint32_t i);
size_t intern_len(const struct intern *t, uint32_t i);

#endif
