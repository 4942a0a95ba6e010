// SPDX-License-Identifier: GPL-2.0-only
/* findings_recorded.c - owns that a verdict of the file holds from its moment on, in each life. */
#include "daemon/findings_recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/err.h"
#include "base/io.h"
#include "daemon/finding_handler.h"

static void keep_verdict(void *ctx, const struct verdict *verdict)
{
	struct findings_recorded *f = ctx;

	if (!f->err)
		f->err = array_grow(&f->said, &f->said_max, f->nsaid + 1, sizeof(*f->said),
				    SIZE_MAX);
	if (!f->err)
		f->said[f->nsaid++] = *verdict;
}

int findings_recorded_init(struct findings_recorded *f, const char *directory, const char *who)
{
	int dirfd = io_open_dir(directory), err = dirfd < 0 ? dirfd : 0;
	struct verdicts verdicts;
	off_t before = -1;

	*f = (struct findings_recorded){ 0 };
	verdicts_init(&verdicts, dirfd);
	while (!err && !f->err && verdicts.at != before) {
		before = verdicts.at;
		err = verdicts_read(&verdicts, keep_verdict, f);
	}
	if (dirfd >= 0)
		close(dirfd);
	err = err ? err : f->err;
	if (err)
		fprintf(stderr, "%s: cannot read the verdicts in '%s': %s\n", who, directory,
			err_name(err));
	return err;
}

void findings_recorded_done(struct findings_recorded *f)
{
	detect__free(f->detect);
	free(f->said);
	*f = (struct findings_recorded){ 0 };
}

/* A verdict holds from when it was passed, as it did live. */
static void silence(struct findings_recorded *f, __u64 wall_ns)
{
	while (f->next < f->nsaid && f->said[f->next].wall_ns <= wall_ns) {
		const struct verdict *v = &f->said[f->next++];

		detect__silence(f->detect, v->pattern, v->kind); /* too many: live it said so */
	}
}

static void begin_life(struct findings_recorded *f)
{
	struct detect_config config;

	detect_config_default(&config);
	detect__free(f->detect);
	f->detect = detect__new(&config);
	f->next = 0;
}

int findings_recorded_step(struct findings_recorded *f, const struct pipeline_recorded *recorded,
			   const struct finding *const **ret, size_t *ret_n)
{
	int err;

	if (recorded->began)
		begin_life(f);
	if (!f->detect)
		return -ENOMEM;
	silence(f, recorded->view->wall_ns);
	err = detect__step(f->detect, recorded->view, ret, ret_n);
	if (!err)
		findings_favour(recorded->model, *ret, *ret_n);
	return err;
}
