// SPDX-License-Identifier: GPL-2.0-only
/*
 * web_opener.c - vigie-opener, and its messages: one for each file of a bundle, the last one says so.
 *
 * It takes no orders: nobody whom it serves can name a file.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/side_process.h"
#include "daemon/web_files.h"
#include "sandbox/fd_pass.h"

enum { LOOK_MS = 1000 };

/* The first message of a bundle is the configuration file. */
struct opener_said {
	__u32 first, last;
	char path[WEB_PATH_MAX];
	char why[CONFIG_FILE_WHY_LEN];
};

/* Which file has this name now; all zero: none that can be seen. */
struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified, changed;
};

struct watch {
	unsigned int n;
	char paths[WEB_FILES_MAX + 1][WEB_PATH_MAX];
	struct stamp sent[WEB_FILES_MAX + 1], last[WEB_FILES_MAX + 1];
};

struct opener {
	uid_t owner;
	struct watch watch;
};

static struct stamp stamp_of(const char *path, int fd)
{
	struct stamp stamp;
	struct stat st;

	memset(&stamp, 0, sizeof(stamp)); /* they are compared as bytes */
	if (fd >= 0 ? fstat(fd, &st) : stat(path, &st))
		return stamp;
	stamp.dev = st.st_dev;
	stamp.ino = st.st_ino;
	stamp.size = st.st_size;
	stamp.modified = st.st_mtim;
	stamp.changed = st.st_ctim;
	return stamp;
}

static void watch_one(struct watch *watch, unsigned int i, const struct web_opened *opened)
{
	snprintf(watch->paths[i], WEB_PATH_MAX, "%s", opened->path);
	/* Of what was opened: the name may stand for another file by now. */
	watch->sent[i] = watch->last[i] = stamp_of(opened->path, opened->fd);
}

/* From now on these files are watched, from how they were when they were opened. */
static void watch_bundle(struct watch *watch, const struct web_bundle *bundle)
{
	unsigned int i;

	watch_one(watch, 0, &bundle->config);
	for (i = 0; i < bundle->nfiles; i++)
		watch_one(watch, i + 1, &bundle->files[i]);
	watch->n = bundle->nfiles + 1;
}

/* True: they are others than those that were sent, and are still. */
static bool watch_look(struct watch *watch)
{
	bool changed = false, still = true;
	unsigned int i;

	for (i = 0; i < watch->n; i++) {
		const struct stamp now = stamp_of(watch->paths[i], -1);

		changed |= memcmp(&now, &watch->sent[i], sizeof(now)) != 0;
		still &= memcmp(&now, &watch->last[i], sizeof(now)) == 0;
		watch->last[i] = now;
	}
	return changed && still;
}

static int send_one(int fd, const struct web_opened *opened, bool first, bool last)
{
	struct opener_said said = { .first = first, .last = last };
	const struct iovec part = { &said, sizeof(said) };

	snprintf(said.path, sizeof(said.path), "%s", opened->path);
	snprintf(said.why, sizeof(said.why), "%s", opened->why);
	return fd_pass_send(fd, &part, 1, opened->fd, 0);
}

static int send_bundle(int fd, const struct web_bundle *bundle)
{
	int err = send_one(fd, &bundle->config, true, !bundle->nfiles);
	unsigned int i;

	for (i = 0; i < bundle->nfiles && !err; i++)
		err = send_one(fd, &bundle->files[i], false, i + 1 == bundle->nfiles);
	return err;
}

static void opener_run(int fd, const void *ctx)
{
	static struct web_bundle bundle;
	static struct watch watch;
	const struct opener *opener = ctx;
	struct pollfd end = { .fd = fd, .events = POLLIN };
	int err = 0, n = 0;

	watch = opener->watch;
	web_bundle_init(&bundle);
	/* Nothing is ever asked: what comes is the other end's end. */
	while (!err && (n == 0 || (n < 0 && errno == EINTR))) {
		n = poll(&end, 1, LOOK_MS);
		if (n || !watch_look(&watch))
			continue;
		web_bundle_open(&bundle, watch.paths[0], opener->owner);
		watch_bundle(&watch, &bundle);
		err = send_bundle(fd, &bundle);
		web_bundle_done(&bundle);
	}
}

int web_opener_start(const struct web_bundle *bundle, uid_t owner, pid_t *ret_pid, int *ret_fd,
		     const char **ret_what)
{
	static struct opener opener; /* too large for a stack */
	const struct side_process_plan plan = {
		.name = "vigie-opener",
		.role = CONFINE_OPENER,
		.run = opener_run,
		.ctx = &opener,
	};

	opener.owner = owner;
	watch_bundle(&opener.watch, bundle);
	return side_process_start(&plan, ret_pid, ret_fd, ret_what);
}

static void take_said(struct web_opened *opened, const struct opener_said *said, int fd)
{
	snprintf(opened->path, sizeof(opened->path), "%s", said->path);
	snprintf(opened->why, sizeof(opened->why), "%s",
		 said->why[0] || fd >= 0 ? said->why : "did not come: too many open files");
	opened->fd = fd;
}

int web_opener_listen(int fd, struct web_bundle *bundle)
{
	struct opener_said said;
	const struct iovec part = { &said, sizeof(said) };
	int passed;

	for (;;) {
		ssize_t n = fd_pass_receive(fd, &part, 1, MSG_DONTWAIT, &passed);

		if (n == -EAGAIN)
			return 0;
		if (n == -EINTR)
			continue;
		if (n != sizeof(said)) {
			if (passed >= 0)
				close(passed);
			return -EPIPE;
		}
		said.path[sizeof(said.path) - 1] = said.why[sizeof(said.why) - 1] = '\0';
		if (said.first) {
			web_bundle_done(bundle);
			take_said(&bundle->config, &said, passed);
		} else if (bundle->nfiles < WEB_FILES_MAX) {
			take_said(&bundle->files[bundle->nfiles++], &said, passed);
		} else if (passed >= 0) {
			close(passed);
		}
		if (said.last)
			return 1;
	}
}
