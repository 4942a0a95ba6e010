/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile_encode.h - a profile as people and their tools read it.
 *
 * Owns: the entry point of each format. All are pure: no I/O, no clock; what goes wrong is
 * out's sticky error. Not here: what a profile is (data/profile.h), where the bytes go (app/).
 */
#ifndef VIGIE_EXPORT_PROFILE_ENCODE_H
#define VIGIE_EXPORT_PROFILE_ENCODE_H

#include "base/buf.h"
#include "data/profile.h"

/*
 * One HTML page that needs nothing but itself: flame graphs of every recorded view, exact
 * totals, threads and quality. It reads without JavaScript; with it one can search, zoom, reverse
 * and pick threads. With `other` (NULL: none) frames are coloured by how much more of the whole
 * they take than there, matched by the names along their path.
 */
void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *other);

#endif
