/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline_recorded.h - a history and a model, connected: pipeline_live.h for the past.
 *
 * Owns: opening a history by the directory that people name (a state directory, an incident,
 * or the ring itself), with messages they can act on, and what was skipped in it.
 */
#ifndef VIGIE_DAEMON_PIPELINE_RECORDED_H
#define VIGIE_DAEMON_PIPELINE_RECORDED_H

#include "daemon/pipeline_options.h"
#include "data/source.h"
#include "model/model.h"
#include "record/replay.h"

struct pipeline_recorded {
	struct source *source;
	struct model_config config;
	struct model *model; /* of one life of vigie; another one gets another model */
	struct snapshot snapshot;
	const struct view *view; /* its processes and cgroups only until the next step */
	bool began; /* the first view after a restart of vigie or of the host: forget what was learned */
};

/* Complains on stderr as who. 0 or -errno. */
int pipeline_recorded_open(struct pipeline_recorded *recorded, const char *directory,
			   const struct replay_range *range, const struct pipeline_options *options,
			   struct model_config *config, const char *who);
/* 1: recorded->view is the next one; 0: the end; or -errno, said on stderr. */
int pipeline_recorded_step(struct pipeline_recorded *recorded, const char *who);
/* One line on stderr if something was skipped. */
void pipeline_recorded_tell_skipped(const struct pipeline_recorded *recorded, const char *who);
void pipeline_recorded_done(struct pipeline_recorded *recorded);

#endif
