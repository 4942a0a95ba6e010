// SPDX-License-Identifier: GPL-2.0-only
/* export_dir.c - owns the names of the files and the order in which they appear. */
#include "daemon/export_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

enum { DIR_MODE = 0750, FILE_MODE = 0640, PATH_LEN = 4096 };

/* Begins that file as ours do? It may be anybody's: no link is followed, nothing waits. */
static bool is_export(int dirfd)
{
	static const char begin[] = "{\"schema\":\"" EXPORT_DIR_SCHEMA "\"";
	int fd = openat(dirfd, EXPORT_DIR_MANIFEST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char bytes[sizeof(begin) - 1];
	bool same;

	if (fd < 0)
		return false;
	same = read(fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes) &&
	       !memcmp(bytes, begin, sizeof(bytes));
	close(fd);
	return same;
}

/* 1: nothing is in it; 0; or -errno. Takes fd. */
static int is_empty(int fd)
{
	const struct dirent *entry;
	DIR *names;
	int err = io_list_dir(fd, &names), empty = 1;

	if (err)
		return err;
	while (empty && (entry = readdir(names)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(names);
	return empty;
}

static int check_directory(const char *path, const char *who)
{
	int fd = io_open_dir(path), empty = fd < 0 ? fd : is_empty(io_reopen_dir(fd));
	bool ours = empty == 0 && is_export(fd);

	if (fd >= 0)
		close(fd);
	if (empty < 0) {
		fprintf(stderr, "%s: cannot write to the directory '%s': %s\n", who, path,
			err_name(empty));
		return empty;
	}
	if (!empty && !ours) {
		fprintf(stderr,
			"%s: '%s' holds files, but no export of vigie's (" EXPORT_DIR_MANIFEST
			"): -ENOTEMPTY: name an empty directory, or one that is not there yet\n",
			who, path);
		return -ENOTEMPTY;
	}
	return 0;
}

static int open_file(struct export_dir *dir, const char *name, const char *suffix, const char *who)
{
	char path[PATH_LEN];
	int n = snprintf(path, sizeof(path), "%s/%s%s", dir->path, name, suffix);
	int err = (size_t)n < sizeof(path)
			  ? replace_begin(&dir->files[dir->nfiles], path, FILE_MODE)
			  : -ENAMETOOLONG;

	if (err)
		fprintf(stderr, "%s: cannot write '%s': %s%s\n", who, path, err_name(err),
			err_write_remedy(err));
	else
		dir->nfiles++;
	return err;
}

int export_dir_open(struct export_dir *dir, const char *path, const char *who)
{
	enum star_table t;
	int err;

	*dir = (struct export_dir){ .path = path };
	dir->made = !mkdir(path, DIR_MODE);
	err = !dir->made && errno != EEXIST ? -errno : 0;
	if (err)
		fprintf(stderr, "%s: cannot make the directory '%s': %s%s\n", who, path,
			err_name(err), err_write_remedy(err));
	err = err ? err : check_directory(path, who);
	for (t = 0; t < STAR_TABLES && !err; t++)
		err = open_file(dir, star_table_names[t], ".csv", who);
	err = err ? err : open_file(dir, EXPORT_DIR_MANIFEST, "", who);
	if (err)
		export_dir_abort(dir);
	return err;
}

static int write_failed(const struct export_dir *dir, int err, const char *name, const char *who)
{
	if (err)
		fprintf(stderr, "%s: cannot write '%s' in '%s': %s%s\n", who, name, dir->path,
			err_name(err), err_write_remedy(err));
	return err;
}

int export_dir_put(struct export_dir *dir, struct star *star, const char *who)
{
	enum star_table t;
	int err = 0;

	for (t = 0; t < STAR_TABLES && !err; t++) {
		struct buf *bytes = star__bytes(star, t);

		err = write_failed(dir, io_write(dir->files[t].fd, bytes->data, bytes->len),
				   star_table_names[t], who);
		buf_clear(bytes);
	}
	return err;
}

int export_dir_commit(struct export_dir *dir, const struct buf *manifest, const char *who)
{
	unsigned int i;
	int err = manifest->err;

	if (!err)
		err = io_write(dir->files[STAR_TABLES].fd, manifest->data, manifest->len);
	write_failed(dir, err, EXPORT_DIR_MANIFEST, who);
	for (i = 0; i < dir->nfiles && !err; i++) {
		err = write_failed(dir, replace_commit(&dir->files[i]),
				   i < STAR_TABLES ? star_table_names[i] : EXPORT_DIR_MANIFEST,
				   who);
		if (!err)
			dir->made = false; /* something is in it */
	}
	export_dir_abort(dir);
	return err;
}

void export_dir_abort(struct export_dir *dir)
{
	while (dir->nfiles)
		replace_abort(&dir->files[--dir->nfiles]);
	if (dir->made)
		rmdir(dir->path);
	dir->made = false;
}
