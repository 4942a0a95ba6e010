// SPDX-License-Identifier: GPL-2.0-only
/*
 * profiler_probe.c - the daemon's side of the profiler, driven by lines: test_profiler.py.
 *
 *	profiler_probe FILE	reads "ID PID START_NS" lines, says what the profiler says of each:
 *				"ID OUTCOME ERR STACKS"; what goes to the writer it writes to FILE, and
 *				says "parcel ID SEALS". First line: "ready".
 *	profiler_probe confined	confines itself as the profiler does, then tries what must fail and
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
#include <sys/ioctl.h>
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

/* --- What no confined process may ask of the kernel, each really tried. */

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef SYS_lsm_set_self_attr
#define SYS_lsm_set_self_attr 460
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#endif

/* All arguments are -1: bad descriptors, addresses and flags, should one get through. */
static void refused(const char *name, long number)
{
	say(name, syscall(number, -1L, -1L, -1L, -1L, -1L, -1L));
}

static void try_raw(void)
{
#define TRY(call) refused(#call, SYS_##call)
	TRY(bind), TRY(connect), TRY(listen), TRY(accept), TRY(accept4);
	TRY(execveat), TRY(process_vm_readv), TRY(process_vm_writev), TRY(process_madvise);
	TRY(process_mrelease), TRY(pidfd_getfd), TRY(kcmp), TRY(move_pages), TRY(migrate_pages);
	TRY(name_to_handle_at), TRY(open_by_handle_at);
	TRY(mount), TRY(umount2), TRY(pivot_root), TRY(open_tree), TRY(open_tree_attr);
	TRY(move_mount), TRY(fsopen), TRY(fsconfig), TRY(fsmount), TRY(fspick), TRY(mount_setattr);
	TRY(statmount), TRY(unshare), TRY(setns), TRY(chroot), TRY(chdir), TRY(fchdir);
	TRY(init_module), TRY(finit_module), TRY(delete_module), TRY(kexec_load);
	TRY(kexec_file_load), TRY(reboot), TRY(swapon), TRY(swapoff), TRY(acct), TRY(quotactl);
	TRY(quotactl_fd), TRY(sethostname), TRY(setdomainname), TRY(settimeofday);
	TRY(clock_settime), TRY(clock_adjtime), TRY(adjtimex), TRY(syslog);
	TRY(keyctl), TRY(add_key), TRY(request_key), TRY(userfaultfd), TRY(io_uring_setup);
	TRY(io_uring_enter), TRY(io_uring_register), TRY(fanotify_init), TRY(fanotify_mark);
	TRY(lsm_set_self_attr), TRY(personality), TRY(setuid), TRY(mknodat), TRY(renameat2);
	TRY(unlinkat), TRY(linkat), TRY(symlinkat), TRY(fchmodat), TRY(fchownat), TRY(setxattr);
#ifdef __x86_64__
	TRY(iopl), TRY(ioperm), TRY(modify_ldt);
#endif
#undef TRY
}

/* Into new namespaces; clone3() is not there at all, and fork() works without. */
static void try_clones(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} flags[] = { { "clone-newns", CLONE_NEWNS },	  { "clone-newcgroup", CLONE_NEWCGROUP },
		      { "clone-newuts", CLONE_NEWUTS },	  { "clone-newipc", CLONE_NEWIPC },
		      { "clone-newuser", CLONE_NEWUSER }, { "clone-newpid", CLONE_NEWPID },
		      { "clone-newnet", CLONE_NEWNET } };
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		long pid = syscall(SYS_clone, flags[i].flag | SIGCHLD, 0, 0, 0, 0);

		if (!pid)
			_exit(0);
		say(flags[i].name, pid);
	}
}

/*
 * "0": it ended a process of ours, as a filter ends it or, where the kernel was built without
 * that ABI, as any bad instruction does.
 */
static void ends(const char *name, void (*call)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		call();
		_exit(0);
	}
	errno = ENOTRECOVERABLE;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		say(name, -1);
	else
		say(name, WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV ? 0 : -1);
}

#ifdef __x86_64__
static void call_x32(void)
{
	syscall(0x40000000L | SYS_getpid);
}

/* getpid() of i386. */
static void call_i386(void)
{
	long number = 20;

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
}
#endif

static void try_other_abis(void)
{
#ifdef __x86_64__
	ends("need-end-x32", call_x32);
	ends("need-end-i386", call_i386);
#endif
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
	say("clone3", syscall(SYS_clone3, NULL, 0));
	say("ioctl-terminal", ioctl(STDOUT_FILENO, TIOCSTI, "x"));
	try_clones();
	try_raw();
	try_other_abis();
	return 0;
}

/* --- Asking. */

static void hear(struct profiler *w)
{
	struct profiler_said said;

	while (profiler__listen(w, &said)) {
		printf("%s %s %s %llu\n", said.id[0] ? said.id : "-",
		       profiler_outcome_name(said.outcome), said.err ? err_name(said.err) : "0",
		       (unsigned long long)said.stacks);
		fflush(stdout);
	}
}

static void ask(struct profiler *w, const char *line)
{
	struct profiler_ask ask = { .n = 1 };
	unsigned long long start;

	if (sscanf(line, "%12s %u %llu", ask.id, &ask.targets[0].pid, &start) == 3) {
		ask.targets[0].start_ns = start;
		profiler__ask(w, &ask);
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

static void take_parcel(int writer, const char *path)
{
	struct profiler_parcel parcel;
	const struct iovec part = { .iov_base = &parcel, .iov_len = sizeof(parcel) };
	int fd;

	if (fd_pass_receive(writer, &part, 1, 0, &fd) != sizeof(parcel) || fd < 0)
		return;
	printf("parcel %s %d\n", parcel.id, keep(fd, path));
	fflush(stdout);
	close(fd);
}

static void drive(struct profiler *w, int writer, const char *path)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = profiler__fd(w), .events = POLLIN },
				{ .fd = writer, .events = POLLIN } };
	char line[128];
	ssize_t n;

	while (profiler__fd(w) >= 0 && poll(fds, 3, -1) > 0) {
		if (fds[2].revents & POLLIN)
			take_parcel(writer, path);
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
	struct profiler *w;
	const char *what;
	int writer, err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "confined"))
		return confined();
	err = profiler__start(NULL, &w, &writer, &what);
	if (err) {
		fprintf(stderr, "cannot %s: %s\n", what, err_name(err));
		return 1;
	}
	printf("ready\n");
	drive(w, writer, argv[1]);
	close(writer);
	profiler__free(w);
	return 0;
}
