/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * profile_formats.h - the PURE encoders of a profiling session.
 *
 * Every format is a sum of the same integers, so their totals agree to the unit. A stack begins
 * with the process, then the reason, culprit or waker of its view. Errors stick to out.
 */
#ifndef VIGIE_EXPORT_PROFILE_FORMATS_H
#define VIGIE_EXPORT_PROFILE_FORMATS_H

#include "base/buf.h"
#include "data/profile.h"

/*
 * "process;main;work 1234" in ns, or bytes of faults: what flamegraph.pl takes. before not NULL:
 * "stack before after", what difffolded.pl makes. Kernel functions end in _[k], inlined in _[i],
 * generated ones in _[j].
 */
void profile_folded_encode(struct buf *out, const struct profile *p, enum profile_view view,
			   const struct profile *before);

/* profile.proto, gzip'ed: what `go tool pprof` opens. views: 1 << enum profile_view. */
void profile_pprof_encode(struct buf *out, const struct profile *p, unsigned int views);

/* https://www.speedscope.app: a profile for each view, and for each thread of it. */
void profile_speedscope_encode(struct buf *out, const struct profile *p, unsigned int views);

/* Everything: docs/profile-json.md. */
void profile_json_encode(struct buf *out, const struct profile *p, unsigned int views);

struct profile_text_options {
	unsigned int top; /* rows of a table */
	bool colour;
	unsigned int width; /* columns */
};
/* A summary that fits a screen; with before: what grew and what shrank, too. */
void profile_text_encode(struct buf *out, const struct profile *p, const struct profile *before,
			 const struct profile_text_options *options);

/* One page that needs nothing else. before: frames are coloured by what grew. */
void profile_html_encode(struct buf *out, const struct profile *p, const struct profile *before);

#endif
