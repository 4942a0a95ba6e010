// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine_profiler.c - owns what is left to the one process that stays privileged.
 *
 * It keeps root and the capabilities of a profiling session; it can start no program, load no
 * module, open no network, mount nothing and enter no namespace, nor can what it forks. Debian's
 * kernels let only CAP_SYS_ADMIN open a perf event where kernel.perf_event_paranoid is 3, their
 * default: there it is kept, and nowhere else.
 */
#include "sandbox/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/confine_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int kept[] = {
	CAP_BPF, /* programs and maps */
	CAP_PERFMON, /* tracing programs, perf events */
	CAP_SYS_PTRACE, /* maps and files of foreign processes */
	CAP_DAC_READ_SEARCH, /* their files */
	CAP_CHECKPOINT_RESTORE, /* /proc/PID/map_files: what was deleted */
	CAP_SYSLOG, /* addresses in /proc/kallsyms */
	CAP_SYS_RESOURCE, /* before 5.11: locked memory */
	CAP_SETUID, /* the symbolizer gives all of this up … */
	CAP_SETGID,
	CAP_SETPCAP,
	CAP_KILL, /* … and is ended by us */
	CAP_SYS_ADMIN, /* see needs_sys_admin() */
};

/*
 * What a session of ours was seen to use, and what another libc would use in its place. All else
 * is refused: executing, sockets, namespaces, mounts, modules, keys, other processes' memory and
 * descriptors, and whatever a later kernel adds.
 */
static const int allowed[] = {
	/* Files and descriptors. */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(ftruncate),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(fcntl),
	SCMP_SYS(flock),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(fadvise64),
	SCMP_SYS(umask),
	SCMP_SYS(memfd_create),
	SCMP_SYS(pipe2),

	/* Between our own processes. */
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(kill),
	SCMP_SYS(tgkill),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),

	/* What a session is about. */
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),

	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(membarrier),
	SCMP_SYS(getrandom),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(set_tid_address),

	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),

	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getresuid),
	SCMP_SYS(getresgid),

	/* A helper has a time limit, and gives up what it does not need. */
	SCMP_SYS(alarm),
	SCMP_SYS(setitimer),
	SCMP_SYS(prctl),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(capget),
	SCMP_SYS(capset),
	SCMP_SYS(seccomp),
	SCMP_SYS(setgroups),
	SCMP_SYS(setresgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrlimit),
	SCMP_SYS(setrlimit),
	SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self),
};

/* Above 2 is no kernel's own: upstream, CAP_PERFMON is enough whatever it says. */
static bool needs_sys_admin(void)
{
	int fd = open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC);
	char digit = '0';

	if (fd < 0)
		return false;
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	close(fd);
	return digit > '2' && digit <= '9';
}

/* What we do not have, in a container, we cannot keep: the session will say what it lacks. */
static int keep_capabilities(void)
{
	bool have[COUNT(kept)];
	size_t i;

	if (capng_get_caps_process())
		return -EPERM;
	for (i = 0; i < COUNT(kept); i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) &&
			  (kept[i] != CAP_SYS_ADMIN || needs_sys_admin());
	capng_clear(CAPNG_SELECT_BOTH);
	for (i = 0; i < COUNT(kept); i++)
		if (have[i] &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				 kept[i]))
			return -EINVAL;
	errno = 0;
	if (capng_apply(CAPNG_SELECT_BOTH))
		return errno ? -errno : -EPERM;
	return 0;
}

/* No socket but a pair of our own. */
static int allow_pairs(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp local = SCMP_A0(SCMP_CMP_EQ, AF_UNIX);

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, &local);
}

/* Of perf events ('$'), and of nothing else: a terminal takes input by ioctl(). */
static int allow_perf_ioctls(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp perf = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, '$' << 8);

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &perf);
}

/* Calls of another ABI (i386, x32) end the process: libseccomp's default for any filter. */
static int load_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;
	size_t i;

	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	err = confine_allow_forks(ctx);
	if (!err)
		err = allow_pairs(ctx);
	if (!err)
		err = allow_perf_ioctls(ctx);
	for (i = 0; i < COUNT(allowed) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int confine_profiler(const char **ret_what)
{
	int err;

	*ret_what = "keep only the capabilities of a session";
	err = keep_capabilities();
	if (err)
		return err;
	*ret_what = "set no_new_privs";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	*ret_what = "load its seccomp filter";
	return load_filter();
}
