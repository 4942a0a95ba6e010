// SPDX-License-Identifier: GPL-2.0-only
/*
 * parcel_probe.c - what a real writer makes of a parcel: test_profiler.py.
 *
 *	parcel_probe DIRECTORY KIND...	begins an incident there, hands the writer one parcel in the
 *					profiler's place, with a descriptor of each kind, and says what
 *					became of it: "ERR MESSAGES_BAD DESCRIPTORS_LEFT_OPEN"
 *
 * Needs root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/memfd.h"
#include "daemon/profiler_wire.h"
#include "daemon/state_dir.h"
#include "daemon/writer.h"

enum { NOBODY = 65534, PATIENCE_MS = 10000, MOST = 4 };

#define ID "0123456789ab"
#define CONTENT "what a session saw"

static void fail(const char *what)
{
	fprintf(stderr, "cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static int unsealed(void)
{
	int fd = memfd_create("session", MFD_CLOEXEC);

	return write(fd, CONTENT, strlen(CONTENT)) < 0 ? -1 : fd;
}

static int a_pipe(void)
{
	int pair[2];

	return pipe(pair) ? -1 : pair[0];
}

static int open_kind(const char *kind)
{
	if (!strcmp(kind, "sealed"))
		return memfd_sealed("session", CONTENT, strlen(CONTENT));
	if (!strcmp(kind, "unsealed"))
		return unsealed();
	if (!strcmp(kind, "file"))
		return open("/etc/os-release", O_RDONLY | O_CLOEXEC);
	if (!strcmp(kind, "directory"))
		return open("/etc", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (!strcmp(kind, "pipe"))
		return a_pipe();
	errno = EINVAL;
	return -1;
}

static void send_parcel(int socket, const int *fds, size_t n)
{
	struct profiler_parcel parcel = { .id = ID };
	union {
		char room[CMSG_SPACE(MOST * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = "" };
	struct iovec part = { .iov_base = &parcel, .iov_len = sizeof(parcel) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (n) {
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n * sizeof(int));
	} else {
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		fail("send a parcel");
}

/* It is our only child. */
static unsigned int descriptors_of_writer(void)
{
	char path[64], child[32] = "";
	unsigned int n = 0;
	FILE *f;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (!f || !fgets(child, sizeof(child), f))
		fail("find the writer");
	fclose(f);
	child[strcspn(child, " ")] = '\0';
	snprintf(path, sizeof(path), "/proc/%s/fd", child);
	dir = opendir(path);
	if (!dir)
		fail("look at the writer's descriptors");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* After each message the writer says what became of it. */
static void hear(struct writer *writer)
{
	struct pollfd fd = { .fd = writer__fd(writer), .events = POLLIN };

	if (poll(&fd, 1, PATIENCE_MS) != 1) {
		errno = ETIMEDOUT;
		fail("hear from the writer");
	}
	writer__listen(writer);
}

int main(int argc, char **argv)
{
	struct writer_head begin = { .kind = WRITER_INCIDENT_BEGIN, .split = 2, .id = ID };
	struct writer_config config = { .lock = -1,
					.retention_ns = 1000000000,
					.max_bytes = 16 << 20,
					.max_incident_bytes = 16 << 20,
					.max_incidents = 4,
					.change_user = true,
					.uid = NOBODY,
					.gid = NOBODY };
	int pair[2], fds[MOST], nfds, i;
	unsigned int before;
	struct writer_stat stat;
	struct writer *writer;
	const char *what = "";

	if (argc < 2 || argc - 2 > MOST)
		return 2;
	nfds = argc - 2;
	for (i = 0; i < nfds; i++) {
		fds[i] = open_kind(argv[2 + i]);
		if (fds[i] < 0)
			fail(argv[2 + i]);
	}
	config.state_dir = state_dir_make(argv[1], NOBODY, NOBODY, &what);
	if (config.state_dir < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		fail(what);
	config.profiler = pair[1];
	if (writer__start(&config, &writer, &what))
		fail(what);
	close(pair[1]);
	if (writer__send(writer, &begin, "{}{}", 4))
		fail("begin an incident");
	hear(writer);
	before = descriptors_of_writer();
	send_parcel(pair[0], fds, nfds);
	hear(writer);
	writer__stat(writer, &stat);
	printf("%s %llu %d\n", stat.err ? err_name(stat.err) : "0",
	       (unsigned long long)stat.messages_bad, (int)(descriptors_of_writer() - before));
	close(pair[0]);
	writer__free(writer);
	return 0;
}
