// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_live.c - owns the wiring from the kernel to the view, and what is said when it fails. */
#include "daemon/pipeline_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/bpf_log.h"
#include "collect/bpf_source.h"
#include "sandbox/users.h"

int pipeline_live_prepare(struct pipeline_live *live, const struct pipeline_options *options,
			  const char *who)
{
	struct collect_config config;

	memset(live, 0, sizeof(*live));
	bpf_log(options->verbose);
	pipeline_options_collect(options, &config);
	kfacts_gather(&live->facts);
	plan_make(&live->facts, &config, &live->plan);
	if (!live->plan.refusal)
		return 0;
	fprintf(stderr, "%s: cannot watch this host: %s; %s\n", who, live->plan.refusal,
		live->plan.refusal_remedy);
	return -EOPNOTSUPP;
}

static int open_users(struct pipeline_live *live, const struct pipeline_options *options,
		      struct model_config *config)
{
	unsigned int i;

	for (i = 0; i < options->nkeys; i++) {
		if (options->keys[i] != KEY_USER)
			continue;
		live->users = users__new();
		if (!live->users)
			return -errno;
		config->user_name = users__name;
		config->user_ctx = live->users;
	}
	return 0;
}

/* Before there is a BPF object that it could hold on to. Without names there are ids. */
static void open_names(struct pipeline_live *live, const struct pipeline_options *options)
{
	live->unnamed_what = "needs root";
	live->unnamed = geteuid() ? -EPERM
				  : namer__start(options->runtime_root, &live->namer,
						 &live->unnamed_what);
	if (live->unnamed)
		return;
	live->containers = containers__new(live->namer);
	if (!live->containers) {
		live->unnamed = -ENOMEM;
		live->unnamed_what = "allocate";
	}
}

int pipeline_live_open(struct pipeline_live *live, const struct pipeline_options *options,
		       struct model_config *config, const char *who)
{
	const char *what = "read the user names";
	int err = open_users(live, options, config);

	pipeline_options_model(options, config);
	open_names(live, options);
	if (!err) {
		what = "make the model";
		live->model = model__new(config);
		err = live->model ? 0 : -errno;
	}
	if (!err)
		err = bpf_source__open(&live->plan, &live->source, &what);
	if (err)
		fprintf(stderr, "%s: cannot %s: %s%s\n", who, what, err_name(err),
			options->verbose ? ""
					 : " (-v shows the details, vigie doctor what is missing)");
	return err;
}

int pipeline_live_open_source(struct pipeline_live *live, struct source *source,
			      const struct pipeline_options *options, struct model_config *config)
{
	int err;

	memset(live, 0, sizeof(*live));
	live->source = source;
	err = open_users(live, options, config);
	if (err)
		return err;
	pipeline_options_model(options, config);
	live->model = model__new(config);
	return live->model ? 0 : -errno;
}

int pipeline_live_step(struct pipeline_live *live)
{
	int n = source__next(live->source, &live->snapshot);

	if (n <= 0)
		return n < 0 ? n : -ENODATA;
	if (live->containers)
		containers__name(live->containers, &live->snapshot);
	return model__apply(live->model, &live->snapshot, &live->view);
}

void pipeline_live_done(struct pipeline_live *live)
{
	source__free(live->source);
	model__free(live->model);
	containers__free(live->containers);
	namer__free(live->namer);
	users__free(live->users);
	memset(live, 0, sizeof(*live));
}
