/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * findings_recorded.h - detection over a history, as it was live.
 *
 * Owns: a detector for each life of vigie, and the verdicts, each from when it was passed.
 * Not here: the history (pipeline_recorded.h), what becomes of a finding.
 */
#ifndef VIGIE_DAEMON_FINDINGS_RECORDED_H
#define VIGIE_DAEMON_FINDINGS_RECORDED_H

#include "daemon/pipeline_recorded.h"
#include "daemon/verdicts.h"
#include "detect/detect.h"

struct findings_recorded {
	struct detect *detect;
	struct verdict *said; /* what people said of findings, in the order of the file */
	size_t nsaid, said_max, next;
	int err; /* of keeping one of them */
};

/*
 * Reads the verdicts of that state directory; a copied ring or an incident has none. Complains on
 * stderr as who. 0 or -errno.
 */
int findings_recorded_init(struct findings_recorded *f, const char *directory, const char *who);
void findings_recorded_done(struct findings_recorded *f);
/*
 * What is found in the view that was just stepped to; whom a finding names gets a series, as live.
 * Valid until the next call. 0 or -errno.
 */
int findings_recorded_step(struct findings_recorded *f, const struct pipeline_recorded *recorded,
			   const struct finding *const **ret, size_t *ret_n);

#endif
