// SPDX-License-Identifier: GPL-2.0-only
/* web_files.c - owns opening, judging and reading the files of a web configuration. */
#include "daemon/web_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/yaml.h"

enum { PIECE = 16 << 10 };

/* What a file is for decides who may write and read it. */
enum use { USE_CONFIG, USE_TOKENS, USE_OTHER };

static bool judge_owner(const struct stat *st, uid_t owner, char *why)
{
	if (st->st_uid == 0 || st->st_uid == owner)
		return true;
	snprintf(why, WEB_FILE_WHY_LEN, "belongs to uid %u: it must be root's or uid %u's",
		 (unsigned int)st->st_uid, (unsigned int)owner);
	return false;
}

static bool judge(const struct stat *st, enum use use, uid_t owner, char *why)
{
	mode_t writing = use == USE_OTHER ? S_IWOTH : S_IWGRP | S_IWOTH;
	off_t most = use == USE_CONFIG ? YAML_BYTES_MAX : WEB_FILE_BYTES_MAX;

	if (!S_ISREG(st->st_mode))
		snprintf(why, WEB_FILE_WHY_LEN, "is not a regular file");
	else if (st->st_mode & writing)
		snprintf(why, WEB_FILE_WHY_LEN,
			 "may be written by others (mode %04o) and decides who is let in: "
			 "chmod go-w",
			 st->st_mode & 07777);
	else if (use == USE_TOKENS && st->st_mode & S_IROTH)
		snprintf(why, WEB_FILE_WHY_LEN,
			 "may be read by everybody (mode %04o) and holds secrets: chmod o-r",
			 st->st_mode & 07777);
	else if (st->st_size > most)
		snprintf(why, WEB_FILE_WHY_LEN, "has %lld bytes; %lld at most are read",
			 (long long)st->st_size, (long long)most);
	else
		return use == USE_OTHER || judge_owner(st, owner, why);
	return false;
}

static void open_one(struct web_opened *opened, const char *path, enum use use, uid_t owner)
{
	struct stat st;

	snprintf(opened->path, sizeof(opened->path), "%s", path);
	opened->why[0] = '\0';
	/* O_NONBLOCK: a pipe of that name must not keep us waiting for its writer. */
	opened->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (opened->fd < 0 || fstat(opened->fd, &st)) {
		snprintf(opened->why, sizeof(opened->why), "cannot be opened: %s",
			 err_name(-errno));
	} else if (judge(&st, use, owner, opened->why)) {
		return;
	}
	if (opened->fd >= 0)
		close(opened->fd);
	opened->fd = -1;
}

/* From its beginning, whoever has read there before. */
static int read_all(int fd, struct buf *out)
{
	off_t at = 0;
	ssize_t n;

	do {
		char *room = buf_reserve(out, PIECE);

		if (!room)
			return out->err;
		n = pread(fd, room, PIECE, at);
		if (n > 0) {
			out->len += (size_t)n;
			at += n;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : out->err;
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
	char directory[WEB_PATH_MAX];
	struct buf text;
	int err;

	if (opened->fd < 0) {
		faults_add(faults, 0, 0, NULL, "%s", opened->why);
		return -EINVAL;
	}
	buf_init(&text, YAML_BYTES_MAX + PIECE);
	err = read_all(opened->fd, &text);
	if (err)
		faults_add(faults, 0, 0, NULL, "cannot be read: %s", err_name(err));
	directory_of(opened->path, directory);
	err = err ? -EINVAL
		  : web_config__parse(text.data ? text.data : "", text.len, directory, ret, faults);
	buf_wipe(&text);
	return err;
}

static int put_one(struct web_config *config, unsigned int i, const struct web_opened *opened,
		   struct faults *faults)
{
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
	buf_init(&bytes, WEB_FILE_BYTES_MAX + PIECE);
	err = read_all(opened->fd, &bytes);
	if (err)
		web_config__refuse_file(config, i, "cannot be read", faults);
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
	struct web_config *config = NULL;
	struct faults faults;
	unsigned int i;

	faults_init(&faults);
	open_one(&bundle->config, path, USE_CONFIG, owner);
	/* What is wrong with it is told by who reads the bundle. */
	if (parse_opened(&bundle->config, &config, &faults))
		return;
	for (i = 0; i < web_config__nfiles(config); i++) {
		const struct web_file *file = web_config__file(config, i);

		open_one(&bundle->files[i], file->path, file->token ? USE_TOKENS : USE_OTHER,
			 owner);
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
