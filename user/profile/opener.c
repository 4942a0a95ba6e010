// SPDX-License-Identifier: GPL-2.0-only
/* opener.c - owns the life of the opener's process and what it is not asked again. */
#include "profile/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"
#include "profile/helper.h"
#include "profile/opener_child.h"
#include "sandbox/process.h"

enum {
	ANSWER_MS = 2000, /* of one request: an opener that takes longer hangs */
	HALVED_MAX = 3, /* times that this is halved, once after each hang */
	HANGS_MAX = 16, /* it is started again; that many cost the session seven seconds */
	PATIENCE_MS = 20000, /* of all requests: slow answers, too, come to an end */
	REQUEST_MAX = sizeof(struct opener_file) + 4 * OPENER_PATH_MAX,
};

/* Where it hung: a device of files, or one of these. */
#define KEY_DEBUG (1ULL << 63)
#define KEY_ROOT(space) (1ULL << 62 | (space))
#define KEY_MAPS(space) (1ULL << 61 | (space))

struct opener {
	struct helper child; /* none: none will be started again */
	int symbolizer; /* the symbolizer's socket, or -1 */
	pid_t pids[VIGIE_TARGETS_MAX]; /* by space; 0: none */
	__u64 hung[HANGS_MAX]; /* keys */
	unsigned int nhung;
	__u64 patience_ns; /* left of PATIENCE_MS */
	struct packet in;
	struct buf out;
};

static void run_child(void *ctx, int fd)
{
	signal(SIGINT, SIG_IGN);
	process_close_all_but(&fd, 1);
	helper_quiet(helper_null());
	helper_many_files();
	_exit(opener_child(fd));
}

static int opener_start(struct opener *o)
{
	int pair[2], err = packet_pair(pair);

	return err ? err : helper_start(&o->child, pair, run_child, NULL);
}

int opener__start(struct opener **ret)
{
	struct opener *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->child.fd = o->symbolizer = -1;
	o->patience_ns = PATIENCE_MS * NS_PER_MS;
	buf_init(&o->out, REQUEST_MAX);
	err = packet_init(&o->in);
	if (!err)
		err = opener_start(o);
	if (err) {
		opener__free(o);
		return err;
	}
	*ret = o;
	return 0;
}

void opener__free(struct opener *o)
{
	if (!o)
		return;
	helper_stop(&o->child);
	if (o->symbolizer >= 0)
		close(o->symbolizer);
	buf_done(&o->out);
	packet_done(&o->in);
	free(o);
}

/* When nothing is left of its time. What the symbolizer was given it keeps. */
static void give_up(struct opener *o)
{
	helper_stop(&o->child);
	if (o->nhung < HANGS_MAX)
		o->hung[o->nhung++] = 0;
}

/*
 * The packet is answered, or its sender is as good as dead. 0 or -errno. How long an answer takes is
 * often for a target's file system to say, FUSE for one: so all of them together have an end as well.
 */
static int exchange(struct opener *o, const struct symbolizer_head *head, const void *data, int fd)
{
	__u64 began = clock_monotonic_ns();
	__u64 ns = (ANSWER_MS >> (o->nhung < HALVED_MAX ? o->nhung : HALVED_MAX)) * NS_PER_MS;
	int err = o->child.pid ? packet_send(o->child.fd, head, data, fd) : -EPIPE, n;

	if (err)
		return err;
	n = helper_answer_or_hang(&o->child, &o->in, ns, began + o->patience_ns);
	patience_spend(&o->patience_ns, began);
	if (!o->patience_ns)
		give_up(o);
	if (n <= 0)
		return n ? n : -ETIMEDOUT;
	return o->in.head.kind == OPENER_DONE ? 0 : -EBADMSG;
}

static int tell_symbolizer(struct opener *o, __u32 guilty, bool hung)
{
	const struct symbolizer_head head = { .kind = OPENER_SYMBOLIZER, .a = guilty, .b = hung };

	return exchange(o, &head, NULL, o->symbolizer);
}

static int tell_root(struct opener *o, __u32 space)
{
	const struct symbolizer_head head = { .kind = OPENER_ROOT,
					      .a = space,
					      .b = o->pids[space] };

	return exchange(o, &head, NULL, -1);
}

static bool has_hung(const struct opener *o, __u64 key)
{
	unsigned int i;

	for (i = 0; i < o->nhung; i++)
		if (o->hung[i] == key)
			return true;
	return false;
}

/* It hangs, or died. The symbolizer keeps what it was given; another opener begins without. */
static void opener_restart(struct opener *o, __u64 key)
{
	__u32 space;
	int err;

	helper_stop(&o->child);
	o->hung[o->nhung++] = key;
	if (o->nhung == HANGS_MAX)
		return;
	err = opener_start(o);
	if (!err && o->symbolizer >= 0)
		err = tell_symbolizer(o, 0, false);
	for (space = 0; space < VIGIE_TARGETS_MAX && !err; space++)
		if (o->pids[space] && !has_hung(o, KEY_ROOT(space)))
			err = tell_root(o, space);
	if (err)
		helper_stop(&o->child);
}

/* key: what is not asked again if it hangs here. */
static int opener_ask(struct opener *o, __u64 key, const struct symbolizer_head *head,
		      const void *data)
{
	int err;

	if (has_hung(o, key))
		return -EIO;
	err = exchange(o, head, data, -1);
	if (!err)
		return -(int)o->in.head.a;
	if (o->child.pid)
		opener_restart(o, key);
	return err;
}

int opener__symbolizer(struct opener *o, int socket, __u32 guilty, bool hung)
{
	int err;

	if (o->symbolizer >= 0)
		close(o->symbolizer);
	o->symbolizer = fcntl(socket, F_DUPFD_CLOEXEC, 0);
	if (o->symbolizer < 0)
		return -errno;
	if (!o->child.pid)
		return 0; /* a symbolizer without files: it says so of each stack */
	err = tell_symbolizer(o, guilty, hung);
	if (err)
		helper_stop(&o->child);
	return 0;
}

int opener__root(struct opener *o, __u32 space, pid_t pid)
{
	const struct symbolizer_head head = { .kind = OPENER_ROOT, .a = space, .b = pid };

	o->pids[space] = pid;
	return opener_ask(o, KEY_ROOT(space), &head, NULL);
}

int opener__file(struct opener *o, const struct opener_file *file, const char *path)
{
	struct symbolizer_head head = { .kind = OPENER_FILE };

	buf_clear(&o->out);
	buf_add(&o->out, file, sizeof(*file));
	buf_add(&o->out, path, strnlen(path, OPENER_PATH_MAX - 1));
	buf_char(&o->out, '\0');
	if (o->out.err)
		return o->out.err;
	head.len = o->out.len;
	return opener_ask(o, file->jit ? KEY_ROOT(file->space) : file->dev, &head, o->out.data);
}

int opener__debug(struct opener *o, __u32 module, __u32 space, const char *path,
		  const char *build_id, const char *link)
{
	struct symbolizer_head head = { .kind = OPENER_DEBUG, .a = module, .b = space };

	buf_clear(&o->out);
	buf_add(&o->out, path, strlen(path) + 1);
	buf_add(&o->out, build_id, strlen(build_id) + 1);
	buf_add(&o->out, link, strlen(link) + 1);
	if (o->out.err)
		return o->out.err;
	head.len = o->out.len;
	return opener_ask(o, KEY_DEBUG, &head, o->out.data);
}

int opener__maps(struct opener *o, __u32 space, int *ret_fd)
{
	const struct symbolizer_head head = { .kind = OPENER_MAPS, .a = o->pids[space] };
	int err = opener_ask(o, KEY_MAPS(space), &head, NULL);

	if (err)
		return err;
	if (o->in.fd < 0)
		return -EBADMSG;
	*ret_fd = o->in.fd;
	o->in.fd = -1;
	return 0;
}

unsigned int opener__hangs(const struct opener *o)
{
	return o->nhung;
}

__u64 opener__cpu_ns(const struct opener *o)
{
	return helper_cpu_ns(&o->child);
}
