// SPDX-License-Identifier: GPL-2.0-only
/* pipeline_live.c - owns the wiring from the kernel to the view, and what is said when it fails. */
#include "daemon/pipeline_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "collect/bpf_log.h"
#include "collect/bpf_source.h"
#include "sandbox/users.h"

int watch_prepare(struct watch *watch, const struct common_options *options, const char *who)
{
	struct collect_config config;

	memset(watch, 0, sizeof(*watch));
	bpf_log(options->verbose);
	common_options_collect(options, &config);
	kfacts_gather(&watch->facts);
	plan_make(&watch->facts, &config, &watch->plan);
	if (!watch->plan.refusal)
		return 0;
	fprintf(stderr, "%s: cannot watch this host: %s; %s\n", who, watch->plan.refusal,
		watch->plan.refusal_remedy);
	return -EOPNOTSUPP;
}

static int open_users(struct watch *watch, const struct common_options *options,
		      struct model_config *config)
{
	unsigned int i;

	for (i = 0; i < options->nkeys; i++) {
		if (options->keys[i] != KEY_USER)
			continue;
		watch->users = users__new();
		if (!watch->users)
			return -errno;
		config->user_name = users__name;
		config->user_ctx = watch->users;
	}
	return 0;
}

int watch_open(struct watch *watch, const struct common_options *options,
	       struct model_config *config, const char *who)
{
	const char *what = "read the user names";
	int err = open_users(watch, options, config);

	memcpy(config->keys, options->keys, sizeof(config->keys));
	config->nkeys = options->nkeys;
	if (!err) {
		what = "make the model";
		watch->model = model__new(config);
		err = watch->model ? 0 : -errno;
	}
	if (!err)
		err = bpf_source__open(&watch->plan, &watch->source, &what);
	if (err)
		fprintf(stderr, "%s: cannot %s: %s%s\n", who, what, err_name(err),
			options->verbose ? ""
					 : " (-v shows the details, vigie doctor what is missing)");
	return err;
}

int watch_step(struct watch *watch)
{
	int n = source__next(watch->source, &watch->snapshot);

	if (n <= 0)
		return n < 0 ? n : -ENODATA;
	return model__apply(watch->model, &watch->snapshot, &watch->view);
}

void watch_done(struct watch *watch)
{
	source__free(watch->source);
	model__free(watch->model);
	users__free(watch->users);
	memset(watch, 0, sizeof(*watch));
}
