/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finding_handler.h - passes findings on: to the log, evidence, metrics and the profiler.
 *
 * Owns: the detector of a running vigie and the verdicts on its findings. Not here: how
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
#include "model/model.h"

enum { FINDING_HANDLER_WAITING = 16, FINDING_HANDLER_ACTIVE = 32 };

struct finding_handler {
	struct detect *detect;
	struct logbook *book;
	struct recorder *recorder;
	struct profiler *profiler; /* NULL: findings get no profiling sessions */
	/* Findings whose session was refused for its rate or for another session: asked for again. */
	char waiting[FINDING_HANDLER_WAITING][FINDING_ID_LEN];
	unsigned int next_waiting;
	struct self_finding active[FINDING_HANDLER_ACTIVE]; /* for the page; the oldest first */
	unsigned int nactive;
	struct verdicts verdicts;
	bool starting; /* verdicts from before the start were logged then: not again */
	__u64 cpu_ns; /* of detection */
};

/* dirfd: the state directory, or -1. 0 or -errno. */
int finding_handler_init(struct finding_handler *handler, struct logbook *book,
			 struct recorder *recorder, struct profiler *profiler, int dirfd);
void finding_handler_done(struct finding_handler *handler);
/* Reads the profiler's answers; to be called when its descriptor is readable. */
void finding_handler_listen(struct finding_handler *handler);
/* The model is the one that made the view. */
void finding_handler_see(struct finding_handler *handler, struct model *model,
			 const struct view *view);
/*
 * Whoever is named by a finding that begins gets series at the next snapshot. The findings of a
 * history do the same, or its views would be others than the live ones were.
 */
void findings_favour(struct model *model, const struct finding *const *findings, size_t n);
/* Fills in self's figures of detection; rules has room for max of them and is kept by self. */
void finding_handler_stat(const struct finding_handler *handler, struct self_view *self,
			  struct self_rule *rules, unsigned int max);

#endif
