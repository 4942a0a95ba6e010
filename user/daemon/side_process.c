// SPDX-License-Identifier: GPL-2.0-only
/* side_process.c - owns the beginning of such a process. */
#include "daemon/side_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/process.h"

enum { START_MS = 5000, WHAT_LEN = 64 };

/* Its first message. */
struct side_process_word {
	int err;
	char what[WHAT_LEN];
};

/* Addresses have libraries in them, which all share: a bound of some megabytes is one of data. */
static void limit(size_t most_bytes)
{
	const struct {
		int what;
		rlim_t most;
	} limits[] = { { RLIMIT_AS, 1ULL << 30 },
		       { RLIMIT_DATA, most_bytes ? most_bytes : RLIM_INFINITY },
		       { RLIMIT_CORE, 0 },
		       { RLIMIT_FSIZE, 0 },
		       { RLIMIT_NOFILE, 64 } };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit most = { limits[i].most, limits[i].most };

		setrlimit(limits[i].what, &most);
	}
}

/* Where it cannot be said, the kernel chooses by size. */
static void be_killed_sooner(int by)
{
	enum { HIGHEST = 1000 };
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), now = 0, len;
	char text[16];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (n > 0) {
		text[n] = '\0';
		if (sscanf(text, "%d", &now) == 1) {
			len = snprintf(text, sizeof(text), "%d",
				       now + by < HIGHEST ? now + by : HIGHEST);
			n = pwrite(fd, text, len, 0);
		}
	}
	if (fd >= 0)
		close(fd);
}

static int confine_as_planned(const struct side_process_plan *plan, const char **ret_what)
{
	struct confine_config as;

	if (!plan->as)
		return confine_as_nobody(plan->role, ret_what);
	as = *plan->as;
	as.role = plan->role;
	return confine(&as, ret_what);
}

static void side_process_child(const struct side_process_plan *plan, int fd)
	__attribute__((noreturn));
static void side_process_child(const struct side_process_plan *plan, int fd)
{
	const int keep[] = { fd, plan->kept ? *plan->kept : -1 };
	struct side_process_word word = { 0 };
	const char *what = "";

	process_ignore_signals();
	prctl(PR_SET_NAME, plan->name, 0, 0, 0);
	process_close_all_but(keep, 2);
	if (plan->killed_sooner)
		be_killed_sooner(plan->killed_sooner);
	limit(plan->most_bytes);
	if (plan->niceness)
		setpriority(PRIO_PROCESS, 0, plan->niceness);
	word.err = confine_as_planned(plan, &what);
	snprintf(word.what, sizeof(word.what), "%s", what);
	send(fd, &word, sizeof(word), MSG_NOSIGNAL);
	if (!word.err)
		plan->run(fd, plan->ctx);
	_exit(word.err != 0);
}

static int await_word(int fd, const char **ret_what)
{
	static char what[WHAT_LEN];
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct side_process_word word;

	if (poll(&poll_fd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	if (recv(fd, &word, sizeof(word), MSG_DONTWAIT) != sizeof(word))
		return -EPIPE;
	if (!word.err)
		return 0;
	memcpy(what, word.what, sizeof(what));
	what[sizeof(what) - 1] = '\0';
	*ret_what = what;
	return word.err;
}

int side_process_start(const struct side_process_plan *plan, pid_t *ret_pid, int *ret_fd,
		       const char **ret_what)
{
	int pair[2], err;
	pid_t pid;

	*ret_what = "make a socket pair";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	*ret_what = "fork";
	pid = fork();
	if (pid == 0)
		side_process_child(plan, pair[1]);
	err = pid < 0 ? -errno : 0;
	close(pair[1]);
	*ret_what = "start";
	if (!err)
		err = await_word(pair[0], ret_what);
	if (err) {
		side_process_stop(pid > 0 ? pid : 0, pair[0]);
		return err;
	}
	*ret_pid = pid;
	*ret_fd = pair[0];
	return 0;
}

void side_process_stop(pid_t pid, int fd)
{
	if (fd >= 0)
		close(fd);
	if (pid > 0)
		process_await_end(pid, PROCESS_STOP_MS, NULL);
}
