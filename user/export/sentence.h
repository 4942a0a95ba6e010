/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sentence.h - the one sentence above all else: the worst finding, else who waits on what. PURE.
 *
 * Owns: which of both it is. Not here: a finding's message, the words of a wait (data/longest_wait.h).
 */
#ifndef VIGIE_EXPORT_SENTENCE_H
#define VIGIE_EXPORT_SENTENCE_H

#include "export/encode.h"

/* Appended to out. self may be NULL: findings are not known. Returns a static word: how bad it is. */
const char *sentence_say(struct buf *out, const struct view *view, const struct self_view *self);

#endif
