/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sentence.h - the one sentence above the table: who waits, on what, because of whom. PURE.
 *
 * Owns: which one, and how whom is named. Not here: what is a finding (detect/), which wait is worth it and its words
 * (data/longest_wait.h), where the sentence stands (screen.h).
 */
#ifndef VIGIE_TUI_SENTENCE_H
#define VIGIE_TUI_SENTENCE_H

#include "tui/grid.h"
#include "tui/tui.h"

/*
 * The worst finding that is under way; without one the longest wait of the interval, if it is worth a
 * word; else that nobody waits. Appended to out; returns the ink that it deserves.
 */
enum ink tui_sentence(struct buf *out, const struct tui_frame *frame);

#endif
