// SPDX-License-Identifier: GPL-2.0-only
/*
 * witness_probe.c - the daemon's side of the witness, driven by lines: test_witness.py.
 *
 *	witness_probe FILE	reads "ID PID START_NS" lines, says what the witness says of each:
 *				"ID OUTCOME ERR STACKS"; what goes to the scribe it writes to FILE, and
 *				says "parcel ID SEALS". First line: "ready".
 *	witness_probe confined	confines itself as the witness does, then tries what must fail and
 *				what must work: "NAME RESULT" a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/profiler.h"
#include "sandbox/confine.h"
#include "sandbox/fd_pass.h"

static void say(const char *name, long rc)
{
	printf("%s %s\n", name, rc >= 0 ? "0" : err_name(-errno));
}

static long make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long open_clock(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.disabled = 1 };

	return syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

/* What a session forks is confined, too. */
static long fork_and_exec(void)
{
	char name[] = "true", *const argv[] = { name, NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv("/bin/true", argv);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

/* Somebody else's process. */
static pid_t stranger(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (setresuid(65534, 65534, 65534))
		_exit(1);
	pause();
	_exit(0);
}

static int confined(void)
{
	char name[] = "true", *const argv[] = { name, NULL };
	pid_t foreign = stranger();
	const char *what = "";
	char maps[32];
	int err = confine_profiler(&what);

	snprintf(maps, sizeof(maps), "/proc/%d/maps", foreign);
	if (err) {
		printf("confine %s: %s\n", what, err_name(err));
		return 1;
	}
	say("confine", 0);
	say("need-map", make_map());
	say("need-clock", open_clock());
	say("need-foreign-maps", open(maps, O_RDONLY | O_CLOEXEC));
	say("need-kill", kill(foreign, SIGKILL));
	say("execve", execv("/bin/true", argv));
	say("execve-in-a-child", fork_and_exec());
	say("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	say("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	say("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
	say("unshare", unshare(CLONE_NEWNS));
	say("setns", setns(0, 0));
	say("chroot", chroot("/"));
	return 0;
}

/* --- Asking. */

static void hear(struct witness *w)
{
	struct witness_said said;

	while (witness__listen(w, &said)) {
		printf("%s %s %s %llu\n", said.id[0] ? said.id : "-",
		       witness_outcome_name(said.outcome), said.err ? err_name(said.err) : "0",
		       (unsigned long long)said.stacks);
		fflush(stdout);
	}
}

static void ask(struct witness *w, const char *line)
{
	struct witness_ask ask = { .n = 1 };
	unsigned long long start;

	if (sscanf(line, "%12s %u %llu", ask.id, &ask.targets[0].pid, &start) == 3) {
		ask.targets[0].start_ns = start;
		witness__ask(w, &ask);
	}
}

static int keep(int fd, const char *path)
{
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char bytes[4096];
	off_t at = 0;
	ssize_t n;

	while (out >= 0 && (n = pread(fd, bytes, sizeof(bytes), at)) > 0)
		at += write(out, bytes, n);
	close(out);
	return fcntl(fd, F_GET_SEALS);
}

static void take_parcel(int scribe, const char *path)
{
	struct witness_parcel parcel;
	const struct iovec part = { .iov_base = &parcel, .iov_len = sizeof(parcel) };
	int fd;

	if (fd_pass_receive(scribe, &part, 1, 0, &fd) != sizeof(parcel) || fd < 0)
		return;
	printf("parcel %s %d\n", parcel.id, keep(fd, path));
	fflush(stdout);
	close(fd);
}

static void drive(struct witness *w, int scribe, const char *path)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = witness__fd(w), .events = POLLIN },
				{ .fd = scribe, .events = POLLIN } };
	char line[128];
	ssize_t n;

	while (witness__fd(w) >= 0 && poll(fds, 3, -1) > 0) {
		if (fds[2].revents & POLLIN)
			take_parcel(scribe, path);
		if (fds[1].revents)
			hear(w);
		if (!fds[0].revents)
			continue;
		n = read(STDIN_FILENO, line, sizeof(line) - 1); /* a line each: the test waits */
		if (n <= 0)
			return;
		line[n] = '\0';
		ask(w, line);
	}
}

int main(int argc, char **argv)
{
	struct witness *w;
	const char *what;
	int scribe, err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "confined"))
		return confined();
	err = witness__start(&w, &scribe, &what);
	if (err) {
		fprintf(stderr, "cannot %s: %s\n", what, err_name(err));
		return 1;
	}
	printf("ready\n");
	drive(w, scribe, argv[1]);
	close(scribe);
	witness__free(w);
	return 0;
}
