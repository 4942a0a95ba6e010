// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine_probe.c - confines itself, then tries what must fail and what must work.
 *
 * Usage: confine_probe no|yes|x32|i386   (yes: CAP_BPF is kept). Needs root.
 * Prints "NAME RESULT" a line: "0" or a negative errno's name; then "done", and waits for
 * the end of stdin, so that test_confine.py can read its /proc/PID/status. With x32 and i386 it
 * makes one call of that ABI instead, which should be its last.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "sandbox/confine.h"

/* Above PID_MAX_LIMIT: without the filter these calls would fail, but otherwise. */
enum { NOBODY_PID = 0x3fffffff };

static int listen_fd = -1, map_fd = -1, client_fd = -1;

static void say(const char *name, long rc)
{
	printf("%s %s\n", name, rc >= 0 ? "0" : err_name(-errno));
}

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1
	};

	return (int)sys_bpf(BPF_MAP_CREATE, &attr);
}

static int load_program(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = 2,
				.insns = (unsigned long)code,
				.license = (unsigned long)"GPL" };

	return (int)sys_bpf(BPF_PROG_LOAD, &attr);
}

static long open_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* What needs to exist before: a listening socket with a caller waiting, and a map. */
static int prepare(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 2 };
	socklen_t len = sizeof(in);

	listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	client_fd = socket(AF_INET, SOCK_STREAM, 0);
	map_fd = make_map();
	if (bind(listen_fd, (struct sockaddr *)&in, sizeof(in)) || listen(listen_fd, 1) ||
	    getsockname(listen_fd, (struct sockaddr *)&in, &len) ||
	    setsockopt(client_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(client_fd, (struct sockaddr *)&in, sizeof(in)))
		return -errno;
	return map_fd < 0 ? -errno : 0;
}

static void try_processes(void)
{
	char name[] = "true", *const argv[] = { name, NULL };
	struct rlimit limit = { 64, 64 };
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	say("fork", pid);
	say("vfork", syscall(SYS_clone3, NULL, 0));
	say("execve", execve("/bin/true", argv, argv));
	say("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0));
	say("kill-other", kill(NOBODY_PID, 0));
	say("tgkill-other", syscall(SYS_tgkill, NOBODY_PID, NOBODY_PID, 0));
	say("setuid-root", setresuid(0, 0, 0));
	say("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
	say("unshare", syscall(SYS_unshare, 0x10000000));
	say("clone-newuser", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	say("pidfd_getfd", syscall(SYS_pidfd_getfd, -1, -1, -1));
	say("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
}

static void try_files(void)
{
	say("open-write", open("/dev/null", O_WRONLY));
	say("open-rdwr", open("/dev/null", O_RDWR));
	say("open-create", open("/tmp/confine-probe", O_RDONLY | O_CREAT, 0600));
	say("open-trunc", open("/dev/null", O_RDONLY | O_TRUNC));
	say("unlink", unlink("/tmp/confine-probe-none"));
	say("rename", rename("/tmp/confine-probe-none", "/tmp/confine-probe-none2"));
	say("chmod", chmod("/tmp/confine-probe-none", 0777));
	say("mkdir", mkdir("/tmp/confine-probe-dir", 0700));
	say("mount", syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL));
	say("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, NULL, -1));
	say("open_tree", syscall(SYS_open_tree, -1, NULL, -1));
	say("mount_setattr", syscall(SYS_mount_setattr, -1, NULL, -1, NULL, -1));
	say("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	say("openat2", syscall(SYS_openat2, AT_FDCWD, "/proc/self/stat", NULL, 0));
}

static void try_sockets_and_kernel(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	union bpf_attr attr = { 0 };
	void *page;

	say("socket", socket(AF_INET, SOCK_STREAM, 0));
	say("socket-unix", socket(AF_UNIX, SOCK_DGRAM, 0));
	say("bind", bind(listen_fd, (struct sockaddr *)&in, sizeof(in)));
	say("connect", connect(client_fd, (struct sockaddr *)&in, sizeof(in)));
	say("perf_event_open", open_perf());
	say("bpf-map-create", make_map());
	say("bpf-prog-load", load_program());
	say("bpf-obj-pin", sys_bpf(BPF_OBJ_PIN, &attr));
	say("bpf-link-create", sys_bpf(BPF_LINK_CREATE, &attr));
	say("bpf-prog-get-fd", sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr));
	say("mmap-exec",
	    (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1
		    ? -1
		    : 0);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("mprotect-exec", mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static void need_bpf(void)
{
	unsigned int key = 0;
	unsigned long long value = 7;
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .map_fd = (unsigned int)map_fd,
				.key = (unsigned long)&key,
				.value = (unsigned long)&value };

	say("need-map-update", sys_bpf(BPF_MAP_UPDATE_ELEM, &attr));
	value = 0;
	say("need-map-lookup", sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr));
	say("need-map-value", value == 7 ? 0 : -1);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (unsigned int)map_fd;
	attr.info.info = (unsigned long)&info;
	attr.info.info_len = sizeof(info);
	say("need-obj-info", sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
}

static void need_files_and_memory(void)
{
	struct rlimit limit;
	struct stat st;
	char line[64];
	void *page;
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);

	say("need-open-proc", fd);
	say("need-read", read(fd, line, sizeof(line)));
	say("need-pread", pread(fd, line, sizeof(line), 0));
	say("need-lseek", lseek(fd, 0, SEEK_SET));
	say("need-fstat", fstat(fd, &st));
	say("need-stat", stat("/proc/self", &st));
	say("need-close", close(fd));
	fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	say("need-getdents", syscall(SYS_getdents64, fd, line, sizeof(line)));
	close(fd);
	page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("need-mmap", page == MAP_FAILED ? -1 : 0);
	say("need-munmap", munmap(page, 1 << 20));
	say("need-getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
	say("need-tgkill-self", syscall(SYS_tgkill, getpid(), gettid(), 0));
}

static void need_sockets_and_events(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), fd;
	struct timespec ts = { 0, 1 };
	struct rusage usage;
	char byte;

	say("need-epoll_ctl", epoll_ctl(ep, EPOLL_CTL_ADD, listen_fd, &ev));
	say("need-epoll_wait", epoll_wait(ep, &ev, 1, 1000) == 1 ? 0 : -1);
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	say("need-accept", fd);
	say("need-send", send(fd, "x", 1, MSG_NOSIGNAL));
	say("need-recv", recv(client_fd, &byte, 1, 0));
	say("need-dup", fcntl(fd, F_DUPFD_CLOEXEC, 3));
	say("need-shutdown", shutdown(fd, SHUT_RDWR));
	say("need-timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	say("need-clock", clock_gettime(CLOCK_BOOTTIME, &ts));
	say("need-getrusage", getrusage(RUSAGE_SELF, &usage));
	say("need-malloc", malloc(8 << 20) ? 0 : -1);
}

/* What a filter for one ABI makes of a call of another. */
static int call_other_abi(const char *name)
{
#ifdef __x86_64__
	long number = 20; /* getpid() of i386 */

	if (!strcmp(name, "x32"))
		return (int)syscall(0x40000000L | SYS_getpid);
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
#endif
	return 0;
}

int main(int argc, char **argv)
{
	struct confine_config config = { .keep_cap_bpf = argc > 1 && !strcmp(argv[1], "yes") };
	const char *what = "user";
	char byte;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	err = prepare();
	if (err) {
		printf("prepare %s\n", err_name(err));
		return 1;
	}
	err = confine_find_user("nobody", &config.uid, &config.gid);
	if (!err)
		err = confine(&config, &what);
	if (err) {
		printf("confine:%s %s\n", what, err_name(err));
		return 1;
	}
	printf("confine 0\n");
	if (argc > 1 && strcmp(argv[1], "yes") && strcmp(argv[1], "no"))
		return call_other_abi(argv[1]);
	need_bpf();
	need_files_and_memory();
	need_sockets_and_events();
	try_sockets_and_kernel();
	try_files();
	try_processes();
	printf("done 0\n");
	return read(STDIN_FILENO, &byte, 1) < 0;
}
