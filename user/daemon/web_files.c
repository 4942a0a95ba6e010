// SPDX-License-Identifier: GPL-2.0-only
/* web_files.c - owns which files a web configuration is, and their way into it. */
#include "daemon/web_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/yaml.h"

static void open_one(struct web_opened *opened, const char *path,
		     const struct config_file_rules *rules)
{
	snprintf(opened->path, sizeof(opened->path), "%s", path);
	opened->why[0] = '\0';
	opened->fd = config_file_open(path, rules, opened->why);
	if (opened->fd < 0)
		opened->fd = -1;
}

static void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_done(b);
}

/* The directory in which relative names begin. */
static void directory_of(const char *path, char dst[WEB_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(dst, WEB_PATH_MAX, ".");
	else
		snprintf(dst, WEB_PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static int parse_opened(const struct web_opened *opened, struct web_config **ret,
			struct faults *faults)
{
	char directory[WEB_PATH_MAX], why[CONFIG_FILE_WHY_LEN];
	struct buf text;
	int err;

	if (opened->fd < 0) {
		faults_add(faults, 0, 0, NULL, "%s", opened->why);
		return -EINVAL;
	}
	buf_init(&text, YAML_BYTES_MAX);
	err = config_file_read(opened->fd, &text, why);
	if (err)
		faults_add(faults, 0, 0, NULL, "%s", why);
	directory_of(opened->path, directory);
	err = err ? -EINVAL
		  : web_config__parse(text.data ? text.data : "", text.len, directory, ret, faults);
	buf_wipe(&text);
	return err;
}

static int put_one(struct web_config *config, unsigned int i, const struct web_opened *opened,
		   struct faults *faults)
{
	char why[CONFIG_FILE_WHY_LEN];
	struct buf bytes;
	int err;

	if (!opened || strcmp(opened->path, web_config__file(config, i)->path)) {
		web_config__refuse_file(config, i, "was named while the file was being read",
					faults);
		return -EINVAL;
	}
	if (opened->fd < 0) {
		web_config__refuse_file(config, i, opened->why, faults);
		return -EINVAL;
	}
	buf_init(&bytes, WEB_FILE_BYTES_MAX);
	err = config_file_read(opened->fd, &bytes, why);
	if (err)
		web_config__refuse_file(config, i, why, faults);
	else
		err = web_config__put_file(config, i, bytes.data ? bytes.data : "", bytes.len);
	buf_wipe(&bytes);
	return err;
}

int web_bundle_read(const struct web_bundle *bundle, struct web_config **ret, struct faults *faults)
{
	struct web_config *config = NULL;
	int err = parse_opened(&bundle->config, &config, faults);
	unsigned int i;

	if (err)
		return err;
	for (i = 0; i < web_config__nfiles(config); i++) {
		int one = put_one(config, i, i < bundle->nfiles ? &bundle->files[i] : NULL, faults);

		err = one ? one : err; /* the others may be wrong, too */
	}
	if (!err)
		err = web_config__finish(config, faults);
	if (err)
		web_config__free(config);
	else
		*ret = config;
	return err;
}

void web_bundle_open(struct web_bundle *bundle, const char *path, uid_t owner)
{
	struct config_file_rules rules = { .max = YAML_BYTES_MAX, .owner = owner };
	struct web_config *config = NULL;
	struct faults faults;
	unsigned int i;

	faults_init(&faults);
	open_one(&bundle->config, path, &rules);
	/* What is wrong with it is told by who reads the bundle. */
	if (parse_opened(&bundle->config, &config, &faults))
		return;
	for (i = 0; i < web_config__nfiles(config); i++) {
		const struct web_file *file = web_config__file(config, i);

		/* Certificates and keys belong to what renews them; tokens are ours only. */
		rules.max = WEB_FILE_BYTES_MAX;
		rules.anybodys = !file->token;
		rules.secret = file->token;
		open_one(&bundle->files[i], file->path, &rules);
		bundle->nfiles++;
	}
	web_config__free(config);
}

void web_bundle_init(struct web_bundle *bundle)
{
	bundle->config.fd = -1;
	bundle->nfiles = 0;
}

void web_bundle_done(struct web_bundle *bundle)
{
	unsigned int i;

	if (bundle->config.fd >= 0)
		close(bundle->config.fd);
	for (i = 0; i < bundle->nfiles; i++)
		if (bundle->files[i].fd >= 0)
			close(bundle->files[i].fd);
	web_bundle_init(bundle);
}
