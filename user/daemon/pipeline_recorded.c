// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_recorded.c - owns the wiring from a history to the view. */
#include "daemon/pipeline_recorded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/when.h"
#include "daemon/state_dir.h"

/* What there is instead of what was asked for. */
static void tell_span(const char *directory, const char *who)
{
	const struct replay_range all = { 0 };
	char first[20], last[20];
	struct source *source;
	__u64 first_ns, last_ns;
	int fd = state_dir_ring(directory);

	if (fd < 0 || replay__open(fd, &all, &source)) {
		fprintf(stderr, "%s: '%s' holds no snapshot\n", who, directory);
		return;
	}
	replay__span(source, &first_ns, &last_ns);
	when_format(first_ns, first);
	when_format(last_ns, last);
	fprintf(stderr, "%s: nothing was recorded then: '%s' has %s to %s\n", who, directory, first,
		last);
	source__free(source);
}

int pipeline_recorded_open(struct pipeline_recorded *recorded, const char *directory,
			   const struct replay_range *range, const struct pipeline_options *options,
			   struct model_config *config, const char *who)
{
	int fd = state_dir_ring(directory), err;

	memset(recorded, 0, sizeof(*recorded));
	err = fd < 0 ? fd : replay__open(fd, range, &recorded->source);
	if (err == -ENODATA) {
		tell_span(directory, who);
		return err;
	}
	if (err) {
		fprintf(stderr, "%s: '%s' is no history: %s%s\n", who, directory, err_name(err),
			err == -ENOENT ? " (it should hold ring/ with *.seg in it)" : "");
		return err;
	}
	pipeline_options_model(options, config);
	recorded->config = *config;
	return 0;
}

/* What a vigie that was started then had: nothing yet. */
static int begin_life(struct pipeline_recorded *recorded)
{
	struct model *model = model__new(&recorded->config);

	if (!model)
		return -errno;
	model__free(recorded->model);
	recorded->model = model;
	recorded->view = NULL;
	return 0;
}

int pipeline_recorded_step(struct pipeline_recorded *recorded, const char *who)
{
	int n = source__next(recorded->source, &recorded->snapshot);
	int err = n < 0 ? n : 0;

	recorded->began = n > 0 && replay__began(recorded->source);
	if (recorded->began)
		err = begin_life(recorded);
	if (n > 0 && !err)
		err = model__apply(recorded->model, &recorded->snapshot, &recorded->view);
	if (err < 0) {
		fprintf(stderr, "%s: cannot read the history: %s\n", who, err_name(err));
		return err;
	}
	return n;
}

void pipeline_recorded_tell_skipped(const struct pipeline_recorded *recorded, const char *who)
{
	const struct reader_stat *stat = replay__stat(recorded->source);
	__u64 undecodable = replay__undecodable(recorded->source), sum = undecodable;
	int i;

	for (i = 0; i < READER_SKIPS; i++)
		sum += stat->skipped[i];
	if (!sum)
		return;
	fprintf(stderr, "%s: passed over in the history:", who);
	for (i = 0; i < READER_SKIPS; i++)
		if (stat->skipped[i])
			fprintf(stderr, " %llu %s", (unsigned long long)stat->skipped[i],
				reader_skip_names[i]);
	if (undecodable)
		fprintf(stderr, " %llu entries whose predecessor is missing",
			(unsigned long long)undecodable);
	fputc('\n', stderr);
}

void pipeline_recorded_done(struct pipeline_recorded *recorded)
{
	source__free(recorded->source);
	model__free(recorded->model);
	memset(recorded, 0, sizeof(*recorded));
}
