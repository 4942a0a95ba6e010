/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finding_handler.h - from findings to what comes of them: log, evidence, metrics, verdicts.
 *
 * Owns: the detector of a running vigie and what people said of its findings. Not here: how
 * a finding is found (detect/), how an event is written (logbook.h).
 */
#ifndef VIGIE_DAEMON_FINDING_HANDLER_H
#define VIGIE_DAEMON_FINDING_HANDLER_H

#include "daemon/logbook.h"
#include "daemon/profiler.h"
#include "daemon/recorder.h"
#include "daemon/verdicts.h"
#include "detect/detect.h"
#include "export/encode.h"

enum { LOOKOUT_WAITING = 16 };

struct lookout {
	struct detect *detect;
	struct logbook *book;
	struct blackbox *box;
	struct witness *witness; /* NULL: nobody looks inside */
	/* Findings whose session came too soon or met another: asked for again as they go on. */
	char waiting[LOOKOUT_WAITING][FINDING_ID_LEN];
	unsigned int next_waiting;
	struct verdicts verdicts;
	bool starting; /* verdicts of before were logged by whoever ran then */
	__u64 cpu_ns; /* of detection */
};

/* dirfd: the state directory, or -1. 0 or -errno. */
int lookout_init(struct lookout *lookout, struct logbook *book, struct blackbox *box,
		 struct witness *witness, int dirfd);
void lookout_done(struct lookout *lookout);
/* What the witness has to say; to be called when it has. */
void lookout_listen(struct lookout *lookout);
void lookout_see(struct lookout *lookout, const struct view *view);
/* Fills in what self says of detection; rules has room for max of them and is kept by self. */
void lookout_stat(const struct lookout *lookout, struct self_view *self, struct self_rule *rules,
		  unsigned int max);

#endif
