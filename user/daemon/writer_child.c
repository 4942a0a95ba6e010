// SPDX-License-Identifier: GPL-2.0-only
/*
 * writer_child.c - the writer: takes messages, writes files, reports totals.
 *
 * It may wait for a disk as long as it takes: nobody waits for it. It ends when the socket
 * does, which is also what happens when the main process is killed. Not here: formats
 * (record/, export/), the other end (writer.c).
 */
#include "daemon/writer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/memfd.h"
#include "daemon/profiler_wire.h"
#include "daemon/state_dir.h"
#include "log/log_file.h"
#include "record/incident.h"
#include "record/ring.h"
#include "sandbox/confine.h"
#include "sandbox/fd_pass.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"

enum {
	SYNC_MS = 5000, /* what a loss of power can cost */
	KEEP_BUFFER = 1 << 20, /* a larger message's memory is given back */
};

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct child {
	int fd; /* to the main process */
	int profiler; /* to the profiler, or -1 */
	int state_dir, log_dir; /* -1: none */
	int journal; /* connected, or -1 */
	int statm; /* /proc/self/statm: it must be open before files are out of reach */
	struct ring *ring;
	struct incidents *incidents;
	struct log_file *log;
	struct buf message; /* being put together */
	struct writer_head head; /* of it */
	bool whole; /* nothing is being put together */
	bool dirty; /* written since the last sync */
	struct writer_stat stat;
};

/* --- Reporting totals. */

static void gather_stat(struct child *c)
{
	struct writer_stat *stat = &c->stat;
	struct self_writer *self = &stat->self;

	if (c->ring) {
		const struct ring_stat *ring = ring__stat(c->ring);

		stat->wants_key = ring__wants_key(c->ring);
		self->entries = ring->entries;
		self->entry_bytes = ring->bytes;
		self->ring_bytes = ring->disk_bytes;
		self->entries_lost[WRITER_LOST_NO_SPACE] = ring->lost[RING_LOST_NO_SPACE];
		self->entries_lost[WRITER_LOST_READ_ONLY] = ring->lost[RING_LOST_READ_ONLY];
		self->entries_lost[WRITER_LOST_IO] = ring->lost[RING_LOST_IO] +
						     ring->lost[RING_LOST_TOO_BIG];
		self->entries_lost[WRITER_LOST_NOT_KEY] = ring->lost[RING_LOST_NOT_KEY];
	}
	if (c->log) {
		const struct log_file_stat *log = log_file__stat(c->log);

		self->lines_lost = log->lost;
	}
	if (c->incidents) {
		const struct incidents_stat *incidents = incidents__stat(c->incidents);

		self->incidents = incidents->begun;
		self->incidents_dropped = incidents->dropped;
		self->incident_entries_dropped = incidents->entries_dropped;
	}
	self->cpu_ns = process_cpu_ns(RUSAGE_SELF);
	self->resident_bytes = process_resident_bytes(c->statm);
}

/* If the main process does not listen it will hear the next one: totals lose nothing. */
static void writer_report(struct child *c)
{
	gather_stat(c);
	send(c->fd, &c->stat, sizeof(c->stat), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void note(struct child *c, int err, const char *what)
{
	if (err && err == c->stat.err)
		return;
	c->stat.err = err;
	snprintf(c->stat.what, sizeof(c->stat.what), "%s", err ? what : "");
}

/* --- One function for each kind of message. */

static void take_entry(struct child *c)
{
	const struct ring_entry entry = {
		.time_ns = c->head.time_ns,
		.wall_ns = c->head.wall_ns,
		.key = c->head.key == 1,
	};
	int err;

	if (!c->ring)
		return;
	err = ring__append(c->ring, &entry, c->message.data, c->message.len);
	note(c, err, "cannot write the history");
	incidents__append(c->incidents, c->ring, &entry, c->message.data, c->message.len);
	c->dirty = true;
}

static void take_line(struct child *c)
{
	if (c->log)
		note(c, log_file__write(c->log, &c->message), "cannot write the log");
	c->dirty = true;
}

/*
 * Whoever reads standard error may have gone or stopped reading: a pipe that is writable takes
 * a line whole, and one that is not must not keep us from the disk.
 */
static void take_text(struct child *c)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (c->message.len > PIPE_BUF || poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT) ||
	    write(STDERR_FILENO, c->message.data, c->message.len) != (ssize_t)c->message.len)
		c->stat.texts_lost++;
}

static void take_journal(struct child *c)
{
	if (c->journal >= 0)
		send(c->journal, c->message.data, c->message.len, MSG_NOSIGNAL);
}

static void take_incident(struct child *c)
{
	const char *finding = c->message.data;
	size_t len = c->message.len;
	int err;

	if (!c->incidents)
		return;
	if (c->head.kind == WRITER_INCIDENT_BEGIN) {
		struct incident_begin begin = {
			.finding = finding,
			.finding_len = c->head.split,
			.host = finding + c->head.split,
			.host_len = len - c->head.split,
			.from_wall_ns = c->head.wall_ns,
		};

		err = incidents__begin(c->incidents, c->head.id, &begin, c->ring);
	} else if (c->head.kind == WRITER_INCIDENT_UPDATE) {
		err = incidents__update(c->incidents, c->head.id, finding, len);
	} else {
		err = incidents__end(c->incidents, c->head.id, finding, len);
	}
	if (err && err != -ENOENT)
		note(c, err, "cannot keep the evidence of a finding");
}

static void take_reopen(struct child *c)
{
	if (c->log)
		log_file__reopen(c->log);
}

static void take_bounds(struct child *c)
{
	struct writer_bounds bounds;

	if (c->message.len != sizeof(bounds)) {
		c->stat.messages_bad++;
		return;
	}
	memcpy(&bounds, c->message.data, sizeof(bounds));
	if (bounds.retention_ns < HISTORY_RETENTION_LEAST_NS ||
	    bounds.max_bytes < HISTORY_BYTES_LEAST)
		c->stat.messages_bad++;
	else if (c->ring)
		ring__set_bounds(c->ring, bounds.retention_ns, bounds.max_bytes);
}

static void (*const take[WRITER_KINDS])(struct child *c) = {
	[WRITER_ENTRY] = take_entry,
	[WRITER_LINE] = take_line,
	[WRITER_TEXT] = take_text,
	[WRITER_JOURNAL] = take_journal,
	[WRITER_INCIDENT_BEGIN] = take_incident,
	[WRITER_INCIDENT_UPDATE] = take_incident,
	[WRITER_INCIDENT_END] = take_incident,
	[WRITER_REOPEN] = take_reopen,
	[WRITER_BOUNDS] = take_bounds,
};

/* --- From packets to messages. */

static bool head_is_valid(const struct writer_head *head, size_t piece)
{
	return head->kind < WRITER_KINDS && head->total <= WRITER_MESSAGE_MAX &&
	       head->at <= head->total && piece <= head->total - head->at &&
	       head->split <= head->total && !head->id[FINDING_ID_LEN - 1];
}

/* A message of which a piece was dropped never becomes whole: its successor begins anew. */
static bool continues(const struct child *c, const struct writer_head *head)
{
	return !c->whole && head->number == c->head.number && head->kind == c->head.kind &&
	       head->total == c->head.total && head->at == c->message.len;
}

static void take_packet(struct child *c, const struct writer_head *head, const char *piece,
			size_t len)
{
	if (!head_is_valid(head, len) || (head->at && !continues(c, head))) {
		c->stat.messages_bad++;
		c->whole = true;
		return;
	}
	if (!head->at) {
		buf_clear(&c->message);
		c->head = *head;
		c->whole = false;
	}
	buf_add(&c->message, piece, len);
	if (c->message.len < head->total && !c->message.err)
		return;
	c->whole = true;
	if (c->message.err) {
		c->stat.messages_bad++;
	} else {
		take[head->kind](c);
		writer_report(c);
	}
	if (c->message.cap > KEEP_BUFFER)
		buf_done(&c->message);
}

/* False: the main process is gone. */
static bool take_one(struct child *c, char *piece)
{
	struct writer_head head;
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = piece, .iov_len = WRITER_PIECE_MAX },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n = recvmsg(c->fd, &message, 0);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	if ((size_t)n < sizeof(head) || message.msg_flags & MSG_TRUNC)
		c->stat.messages_bad++;
	else
		take_packet(c, &head, piece, n - sizeof(head));
	return true;
}

/* --- What the profiler sends: a finding's session, as a descriptor. */

/* Sealed: as big as it is now it stays, and nobody writes while we read. */
static int writer_attach(struct child *c, const char *id, int fd)
{
	struct buf bytes;
	size_t size;
	char *room;
	int err = memfd_check(fd, INCIDENT_ATTACHED_MAX, &size);

	if (err)
		return err;
	buf_init(&bytes, INCIDENT_ATTACHED_MAX);
	room = buf_reserve(&bytes, size);
	if (!room)
		err = -ENOMEM;
	else if (pread(fd, room, size, 0) != (ssize_t)size)
		err = -EIO;
	else
		err = incidents__attach(c->incidents, id, PROFILER_FILE, room, size);
	buf_done(&bytes);
	return err;
}

static void profiler_gone(struct child *c)
{
	close(c->profiler);
	c->profiler = -1;
}

static void take_parcel(struct child *c)
{
	struct profiler_parcel parcel;
	const struct iovec part = { .iov_base = &parcel, .iov_len = sizeof(parcel) };
	int fd, err = -EINVAL;
	ssize_t n = fd_pass_receive(c->profiler, &part, 1, MSG_DONTWAIT, &fd);

	if (n == -EAGAIN)
		return;
	if (n <= 0 && n != -EBADMSG) {
		profiler_gone(c);
		return;
	}
	if (n != sizeof(parcel) || fd < 0)
		c->stat.messages_bad++;
	else if (!parcel.id[FINDING_ID_LEN - 1] && c->incidents)
		err = writer_attach(c, parcel.id, fd);
	if (fd >= 0)
		close(fd);
	/* -ENOENT: the folder has made room meanwhile. */
	if (err && err != -ENOENT)
		note(c, err, "cannot keep the session of a finding");
	c->dirty = true;
	writer_report(c);
}

static void sync_files(struct child *c)
{
	if (!c->dirty)
		return;
	if (c->ring)
		ring__sync(c->ring);
	if (c->log)
		log_file__sync(c->log);
	c->dirty = false;
}

static void writer_loop(struct child *c, char *piece)
{
	struct pollfd fds[2] = { { .fd = c->fd, .events = POLLIN }, { .events = POLLIN } };
	__u64 synced_ms = clock_monotonic_ms(), now;

	for (;;) {
		fds[1].fd = c->profiler; /* -1: is passed over */
		fds[0].revents = fds[1].revents = 0;
		if (poll(fds, 2, c->dirty ? SYNC_MS : -1) < 0)
			fds[0].revents = fds[1].revents = 0;
		/* The folder's begin was sent long before what goes into it. */
		if (fds[0].revents && !take_one(c, piece))
			return;
		if (fds[1].revents && !fds[0].revents)
			take_parcel(c);
		now = clock_monotonic_ms();
		if (now - synced_ms < SYNC_MS)
			continue;
		sync_files(c);
		synced_ms = now;
	}
}

/* --- The start. */

static int connect_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, JOURNAL_SOCKET, sizeof(JOURNAL_SOCKET));
	if (fd < 0)
		return -errno;
	if (connect(fd, (void *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int open_outside(struct child *c, const struct writer_config *config, const char **ret_what)
{
	c->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (config->journal) {
		*ret_what = "connect to " JOURNAL_SOCKET;
		c->journal = connect_journal();
		if (c->journal < 0)
			return c->journal;
	}
	if (!config->log_directory)
		return 0;
	*ret_what = "open the directory of --log-file";
	c->log_dir = io_open_dir(config->log_directory);
	return c->log_dir < 0 ? c->log_dir : 0;
}

static int give_up(const struct child *c, const struct writer_config *config, const char **ret_what)
{
	const struct confine_config confinement = {
		.role = CONFINE_WRITER,
		.uid = config->uid,
		.gid = config->gid,
		.already_unprivileged = !config->change_user,
	};
	const int directories[] = { c->state_dir, c->log_dir };
	int err;

	err = confine(&confinement, ret_what);
	if (err)
		return err;
	*ret_what = "restrict the writer to its directories (Landlock)";
	err = landlock_confine(directories, 2);
	return err == -EOPNOTSUPP ? 0 : err;
}

static int open_history(struct child *c, const struct writer_config *config, const char **ret_what)
{
	const struct ring_config ring = { .retention_ns = config->retention_ns,
					  .max_bytes = config->max_bytes,
					  .boot = config->boot };
	const struct incidents_config incidents = { .max_incidents = config->max_incidents,
						    .max_bytes = config->max_incident_bytes };
	int fd, err;

	*ret_what = "open the history (ring/)";
	fd = state_dir_sub(c->state_dir, STATE_DIR_RING);
	if (fd < 0)
		return fd;
	err = ring__open(fd, &ring, &c->ring);
	if (err)
		return err;
	*ret_what = "open the folder of evidence (incidents/)";
	fd = state_dir_sub(c->state_dir, STATE_DIR_INCIDENTS);
	return fd < 0 ? fd : incidents__open(fd, &incidents, &c->incidents);
}

static int open_files(struct child *c, const struct writer_config *config, const char **ret_what)
{
	int dir = c->log_dir >= 0 ? c->log_dir : c->state_dir, err = 0;

	if (c->state_dir >= 0)
		err = open_history(c, config, ret_what);
	if (err || dir < 0)
		return err;
	*ret_what = "open the log";
	return log_file__open(dir, config->log_name ? config->log_name : LOG_FILE_NAME, NULL,
			      &c->log);
}

static int writer_start(struct child *c, const struct writer_config *config, const char **ret_what)
{
	const int keep[] = { c->fd, c->profiler, c->state_dir, config->lock };
	int err;

	process_ignore_signals();
	prctl(PR_SET_NAME, "vigie-writer", 0, 0, 0);
	umask(0027);
	process_close_all_but(keep, sizeof(keep) / sizeof(*keep));
	err = open_outside(c, config, ret_what);
	if (!err)
		err = give_up(c, config, ret_what);
	if (!err)
		err = open_files(c, config, ret_what);
	return err;
}

void writer_child(const struct writer_config *config, int fd)
{
	struct child c = { .fd = fd,
			   .profiler = config->profiler,
			   .state_dir = config->state_dir,
			   .log_dir = -1,
			   .journal = -1,
			   .statm = -1,
			   .whole = true };
	char *piece = malloc(WRITER_PIECE_MAX);
	const char *what = "allocate";

	buf_init(&c.message, WRITER_MESSAGE_MAX);
	c.stat.err = piece ? writer_start(&c, config, &what) : -ENOMEM;
	if (c.stat.err)
		snprintf(c.stat.what, sizeof(c.stat.what), "%s", what);
	c.stat.self.up = !c.stat.err;
	c.stat.wants_key = true;
	writer_report(&c);
	if (!c.stat.err)
		writer_loop(&c, piece);
	sync_files(&c);
	_exit(c.stat.err && !c.stat.self.up);
}
