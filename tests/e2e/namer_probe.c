// SPDX-License-Identifier: GPL-2.0-only
/*
 * namer_probe.c - confines itself as the namer, then its fork as a reader, and tries what must fail
 * and what must work; or as the process that answers for the past.
 *
 * Usage: namer_probe DIRECTORY OUTSIDE: a reader may read below DIRECTORY/ (there is DIRECTORY/in,
 * root's and closed), and not OUTSIDE, which the namer can read. namer_probe DIRECTORY OUTSIDE history: the same
 * files, which its user may read, and DIRECTORY is its state directory. Needs root. Prints
 * "WHO-NAME RESULT" a line: "0" or a negative errno's name. What is printed goes through a pipe,
 * which both may write to.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "sandbox/confine.h"
#include "sandbox/landlock.h"

enum { NOBODY_PID = 0x3fffffff };

static const char *who = "namer";
static int pair[2];

static void say(const char *name, long rc)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s-%s %s\n", who, name,
			 rc >= 0 ? "0" : err_name(-errno));

	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

static void try_open(const char *name, int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC, 0600);

	say(name, fd);
	close(fd);
}

static void try_all(int dir, const char *outside)
{
	char name[] = "true", *const argv[] = { name, NULL };
	char byte = 0;

	try_open("read-in", dir, "in", O_RDONLY);
	try_open("list-in", dir, ".", O_RDONLY | O_DIRECTORY);
	try_open("read-outside", AT_FDCWD, outside, O_RDONLY);
	try_open("write", dir, "in", O_WRONLY);
	try_open("create", dir, "new", O_RDWR | O_CREAT);
	try_open("write-tmp", AT_FDCWD, "/tmp/vigie-namer-probe", O_WRONLY | O_CREAT);
	say("unlink", unlinkat(dir, "in", 0));
	say("chmod", fchmodat(dir, "in", 0777, 0));
	say("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	say("socket-inet", socket(AF_INET, SOCK_STREAM, 0));
	say("execve", execv("/bin/true", argv));
	say("kill", kill(NOBODY_PID, 0));
	say("ptrace", ptrace(PTRACE_ATTACH, NOBODY_PID, 0, 0));
	say("bpf", syscall(SYS_bpf, 0, NULL, 0));
	say("mount", syscall(SYS_mount, "a", "/", "tmpfs", 0, NULL));
	say("unshare", unshare(CLONE_NEWUSER));
	say("open_by_handle_at", syscall(SYS_open_by_handle_at, dir, NULL, O_RDONLY));
	say("mmap-exec", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0) == MAP_FAILED
				 ? -1
				 : 0);
	say("setuid-root", setresuid(0, 0, 0));
	say("send", send(pair[0], &byte, 1, MSG_DONTWAIT));
}

static void try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	say("fork", pid);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* In the order of history_child.c. */
static void try_history(const char *directory, const char *outside)
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *what;

	who = "history";
	errno = -confine_as_nobody(CONFINE_HISTORY, &what);
	say("confine", errno ? -1 : 0);
	errno = -landlock_confine_reading(&dir, 1);
	say("landlock", errno ? -1 : 0);
	try_all(dir, outside);
	try_fork();
}

int main(int argc, char **argv)
{
	const char *what;
	int dir;
	pid_t pid;

	if (argc < 3 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return 2;
	if (argc == 4) {
		try_history(argv[1], argv[2]);
		return 0;
	}
	errno = -confine_as_nobody(CONFINE_NAMER, &what);
	say("confine", errno ? -1 : 0);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	say("open-directory", dir);
	try_all(dir, argv[2]);
	try_fork();
	pid = fork();
	if (pid == 0) {
		who = "reader";
		errno = -confine_reader(&dir, 1);
		say("confine", errno ? -1 : 0);
		try_all(dir, argv[2]);
		try_fork();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
