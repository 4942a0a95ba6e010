/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page.h - a page of metrics, read back: what `vigie push` encodes for other systems.
 *
 * Owns: the parsing of OpenMetrics 1.0 as vigie writes it. The page is the one contract between the
 * daemon and whoever sends its figures on: nothing of the daemon's memory is shared, and what a push
 * costs the daemon is a scrape. Bytes may have come over a socket: what is no such page is refused
 * whole, with its line. Not here: fetching it, and what other systems want (encode.h).
 */
#ifndef VIGIE_PUSH_PAGE_H
#define VIGIE_PUSH_PAGE_H

#include <stddef.h>
#include <vigie/abi.h>

enum { PAGE_SAMPLES_MAX = 1 << 20 }; /* 30 000 groups: text of 300 MB, no page of vigie's */

enum page_type { PAGE_COUNTER, PAGE_GAUGE, PAGE_HISTOGRAM, PAGE_INFO, PAGE_UNKNOWN };
enum page_part { PAGE_VALUE, PAGE_BUCKET, PAGE_COUNT, PAGE_SUM }; /* _total and _info are values */

struct page_label {
	const char *name, *value; /* UTF-8, quoting undone: no control character but a newline */
};

struct page_sample {
	__u32 family; /* in families */
	enum page_part part;
	__u32 label, nlabels; /* in labels; a bucket's le is the last of them */
	const char *value; /* the decimal as it stands there, exact; never NaN or infinite */
};

struct page_family {
	const char *name, *unit, *help; /* name without suffix; unit and help may be "" */
	enum page_type type;
	__u32 sample, nsamples; /* in samples: they follow each other */
};

struct page {
	struct page_family *families;
	struct page_sample *samples;
	struct page_label *labels;
	size_t nfamilies, nsamples, nlabels;
	/* Room, kept from page to page. */
	size_t families_room, samples_room, labels_room;
};

/*
 * Of text, NUL-terminated and len bytes long, which is changed: the page points into it and lives as
 * long. Forgets what the page held before. 0; -EBADMSG with the number of the first bad line, from 1;
 * -E2BIG: more than PAGE_SAMPLES_MAX samples; -ENOMEM.
 */
int page_parse(struct page *page, char *text, size_t len, size_t *ret_line);
/* A value, or a bucket's le but +Inf, as the nearest that a double has. */
double page_number(const char *decimal);
void page_done(struct page *page);

#endif
