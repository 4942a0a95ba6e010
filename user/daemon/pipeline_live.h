/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline_live.h - a source and a model, wired.
 *
 * Owns: opening both with messages that a person can act on, and one step of the pipeline.
 */
#ifndef VIGIE_DAEMON_PIPELINE_LIVE_H
#define VIGIE_DAEMON_PIPELINE_LIVE_H

#include "daemon/containers.h"
#include "daemon/pipeline_options.h"
#include "data/source.h"
#include "model/model.h"

struct pipeline_live {
	struct kfacts facts;
	struct plan plan;
	struct source *source;
	struct model *model;
	struct snapshot snapshot; /* of the last step, valid as long as view */
	const struct view *view; /* of the last step; NULL before the first */
	struct users *users;
	struct namer *namer; /* NULL: containers go by their ids, and … */
	struct containers *containers;
	int unnamed; /* … 0 or -errno, of what it was about */
	const char *unnamed_what;
};

/*
 * Gathers the facts, makes the plan and refuses, with one line on stderr, where it cannot
 * work. 0 or -errno. Done apart from pipeline_live_open(), so that a port is tried in between.
 */
int pipeline_live_prepare(struct pipeline_live *live, const struct pipeline_options *options,
			  const char *who);
/* Loads, attaches and makes the model; complains on stderr. 0 or -errno. */
int pipeline_live_open(struct pipeline_live *live, const struct pipeline_options *options,
		       struct model_config *config, const char *who);
/*
 * From another source, which is the pipeline's then, also when this fails: no programs, no names of our
 * own. 0 or -errno.
 */
int pipeline_live_open_source(struct pipeline_live *live, struct source *source,
			      const struct pipeline_options *options, struct model_config *config);
/* Takes a snapshot and applies it: live->view. 0 or -errno. */
int pipeline_live_step(struct pipeline_live *live);
void pipeline_live_done(struct pipeline_live *live);

#endif
