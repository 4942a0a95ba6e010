/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - the one sanitiser between hostile names and every encoder.
 *
 * Owns: turning raw bytes into valid, printable, bounded UTF-8. Invalid bytes, C0, DEL,
 * C1, U+2028, U+2029, bidi controls, surrogates and non-characters become the escapes
 * \xNN (a raw byte) or \u{NNNN} (a code point), so that distinct names stay distinct.
 * Not here: the quoting that a format needs on top (export/).
 */
#ifndef VIGIE_BASE_TEXT_H
#define VIGIE_BASE_TEXT_H

#include <stddef.h>

/*
 * Writes the sanitised form of src[0..len) (up to the first NUL) to dst with a final NUL.
 * At most dst_size - 1 bytes: longer results are cut at a character and end in "~" and
 * 8 hex digits of a hash of the whole, so that distinct names stay distinct.
 * An empty name becomes "(no name)". Returns the length. dst_size must be at least 32.
 */
size_t text_sanitise(char *dst, size_t dst_size, const char *src, size_t len);

#endif
