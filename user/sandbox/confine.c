// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine.c - giving up privileges, for good, and proving it.
 *
 * Owns: the order of the steps (each needs a privilege that a later one takes) and the
 * lists of system calls that serving and writing need. Does not belong here: what must be opened
 * before (cmd_serve.c), the kernel's facts (collect).
 */
#include "sandbox/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/confine_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define CAP_NONE (-1)

/* What any loop over existing descriptors needs, whatever the arguments. */
static const int common_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(getdents64),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(statfs),

	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),

	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(membarrier),
	SCMP_SYS(getrandom),

	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(sched_yield),
	SCMP_SYS(getrusage),

	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
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
};

static const int server_calls[] = {
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(wait4), /* for the writer */

	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(signalfd4),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),

	/* Sockets that exist; socket(), bind(), listen() and connect() are not here. */
	SCMP_SYS(accept4),
	SCMP_SYS(sendfile),
	SCMP_SYS(shutdown),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
};

/* Each question is answered by a process of its own, which gives up by prctl() what it has. */
static const int namer_calls[] = {
	SCMP_SYS(pipe2), SCMP_SYS(wait4), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(alarm), SCMP_SYS(prctl), SCMP_SYS(seccomp),
};

/* Files, by any path: which of them is the user's business, and Landlock's. */
static const int writer_calls[] = {
	SCMP_SYS(openat),    SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(ftruncate),
	SCMP_SYS(fdatasync), SCMP_SYS(fsync),	 SCMP_SYS(mkdirat), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(unlinkat),
};

/* To confine itself further, which is all that these can do. */
static const int landlock_calls[] = {
	SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self),
};

/*
 * Of maps, iterators and programs that exist: loading, creating and pinning are not here. To attach is to
 * put a program of ours back on its tracepoint.
 */
static const int allowed_bpf[] = {
	BPF_MAP_LOOKUP_ELEM,	 BPF_MAP_UPDATE_ELEM,  BPF_MAP_DELETE_ELEM,
	BPF_MAP_GET_NEXT_KEY,	 BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH,
	BPF_MAP_DELETE_BATCH,	 BPF_ITER_CREATE,      BPF_OBJ_GET_INFO_BY_FD,
	BPF_RAW_TRACEPOINT_OPEN,
};

int confine_find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = getpwnam(name ? name : "vigie");

	if (!pw && !name)
		pw = getpwnam("nobody");
	if (!pw)
		return -ENOENT;
	if (pw->pw_uid == 0)
		return -EINVAL;
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return 0;
}

/* --- Who we are. -------------------------------------------------------------------- */

/* While CAP_SETPCAP is still there: what is not in the bounding set cannot come back. */
static int drop_bounding_set(const struct confine_config *config)
{
	if (config->already_unprivileged)
		return 0;
	for (int cap = 0; cap <= CAP_LAST_CAP || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
			return -errno;
	}
	return 0;
}

/* The one capability that stays, or CAP_NONE. */
static int kept_cap(const struct confine_config *config)
{
	if (config->role == CONFINE_NAMER || config->role == CONFINE_OPENER)
		return config->already_unprivileged ? CAP_NONE : CAP_DAC_READ_SEARCH;
	if (config->role == CONFINE_METER)
		return config->already_unprivileged ? CAP_NONE : CAP_SYS_ADMIN;
	return config->keep_cap_bpf ? CAP_BPF : CAP_NONE;
}

static int change_user(const struct confine_config *config)
{
	if (config->already_unprivileged)
		return 0;
	if (setgroups(0, NULL))
		return -errno;
	/* Or the change of user would empty the permitted set, and what is kept with it. */
	if (prctl(PR_SET_KEEPCAPS, kept_cap(config) != CAP_NONE, 0, 0, 0))
		return -errno;
	if (setresgid(config->gid, config->gid, config->gid))
		return -errno;
	if (setresuid(config->uid, config->uid, config->uid))
		return -errno;
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) ? -errno : 0;
}

static int drop_capabilities(const struct confine_config *config)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	capng_clear(CAPNG_SELECT_BOTH);
	if (kept_cap(config) != CAP_NONE &&
	    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept_cap(config)))
		return -EINVAL;
	errno = 0;
	if (capng_apply(CAPNG_SELECT_CAPS))
		return errno ? -errno : -EPERM;
	return 0;
}

static int forbid_new_privileges(const struct confine_config *config)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/*
 * Not dumpable: the user may be "nobody", and another process of that user must not trace
 * us, read our memory or take our map descriptors. The price is a core file.
 */
static int forbid_dumps(const struct confine_config *config)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

/* --- What we may ask of the kernel. ------------------------------------------------- */

/* Memory that is never code. */
static int allow_data_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);

	if (!err)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_exec);
	return err;
}

/* Opening for reading: /proc and cgroupfs. O_TRUNC alone would empty a file. */
static int allow_reading_files(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
	const struct scmp_arg_cmp read_only = SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0);

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &read_only);
}

static int allow_bpf(scmp_filter_ctx ctx)
{
	for (size_t i = 0; i < COUNT(allowed_bpf); i++) {
		const struct scmp_arg_cmp cmd = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)allowed_bpf[i]);
		int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(bpf), 1, &cmd);

		if (err)
			return err;
	}
	return 0;
}

/* Limits are read, never set; signals go to ourselves (abort), never to others. */
static int allow_about_ourselves(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp no_new_limit = SCMP_A2(SCMP_CMP_EQ, 0);
	const struct scmp_arg_cmp to_us = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	const struct scmp_arg_cmp how_much = SCMP_A1(SCMP_CMP_EQ, FIONREAD);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
					 &no_new_limit);

	if (!err)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &to_us);
	if (!err)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &how_much);
	return err;
}

static int allow_calls(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return err;
}

static int allow_role(scmp_filter_ctx ctx, enum confine_role role)
{
	int err;

	if (role == CONFINE_SYMBOLIZER || role == CONFINE_VERIFIER)
		return 0;
	if (role == CONFINE_OPENER)
		return allow_reading_files(ctx);
	if (role == CONFINE_METER)
		return confine_allow_stats(ctx);
	if (role == CONFINE_HISTORY || role == CONFINE_WRITER || role == CONFINE_NAMER ||
	    role == CONFINE_PUSHER) {
		err = allow_calls(ctx, landlock_calls, COUNT(landlock_calls));
		if (err)
			return err;
	}
	if (role == CONFINE_PUSHER)
		return confine_allow_pushing(ctx);
	if (role == CONFINE_HISTORY)
		return allow_reading_files(ctx);
	if (role == CONFINE_WRITER)
		return allow_calls(ctx, writer_calls, COUNT(writer_calls));
	if (role == CONFINE_NAMER) {
		err = allow_calls(ctx, namer_calls, COUNT(namer_calls));
		if (!err)
			err = confine_allow_forks(ctx);
		return err ? err : allow_reading_files(ctx);
	}
	err = allow_calls(ctx, server_calls, COUNT(server_calls));
	if (!err)
		err = allow_reading_files(ctx);
	return err ? err : allow_bpf(ctx);
}

static int build_filter(scmp_filter_ctx ctx, enum confine_role role)
{
	int err;

	/* As a tree: the calls of a scrape are many, the list is long. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/*
	 * Before 5.16 a filter also switches speculation off, which makes all that we do
	 * slower; it protects processes that run foreign code, and we run none.
	 */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	err = allow_calls(ctx, common_calls, COUNT(common_calls));
	if (!err)
		err = allow_role(ctx, role);
	if (!err)
		err = allow_data_memory(ctx);
	if (!err)
		err = allow_about_ourselves(ctx);
	return err;
}

static int load_filter(const struct confine_config *config)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!ctx)
		return -ENOMEM;
	err = build_filter(ctx, config->role);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

/* --- Proof. ------------------------------------------------------------------------- */

/* The value of a line of /proc/self/status, or NULL. */
static const char *status_value(const char *status, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

static bool status_is(const char *status, const char *name, const char *want)
{
	const char *value = status_value(status, name);
	size_t len = strlen(want);

	if (!value)
		return false;
	value += strspn(value, "\t ");
	if (strncmp(value, want, len))
		return false;
	value += len;
	return value[strspn(value, "\t ")] == '\n';
}

/* Opened before the filter, read again behind it: the symbolizer may not open anything. */
static int status_fd = -1;

static int read_status(char *dst, size_t dst_size)
{
	ssize_t n;

	if (status_fd < 0)
		status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (status_fd < 0)
		return -errno;
	n = pread(status_fd, dst, dst_size - 1, 0);
	if (n <= 0)
		return -EIO;
	dst[n] = '\0';
	return 0;
}

static bool ids_are(const char *status, const char *name, unsigned int id)
{
	char want[64];

	snprintf(want, sizeof(want), "%u\t%u\t%u\t%u", id, id, id, id);
	return status_is(status, name, want);
}

/* What the kernel says of us, not what the calls returned. */
static int verify(const struct confine_config *config)
{
	static const char none[] = "0000000000000000";
	char status[4096], caps[17];
	int err = read_status(status, sizeof(status));

	if (err)
		return err;
	snprintf(caps, sizeof(caps), "%016llx",
		 kept_cap(config) != CAP_NONE ? 1ULL << kept_cap(config) : 0ULL);
	if (ids_are(status, "Uid", config->uid) && ids_are(status, "Gid", config->gid) &&
	    (config->already_unprivileged ||
	     (status_is(status, "Groups", "") && status_is(status, "CapBnd", none))) &&
	    status_is(status, "CapInh", none) && status_is(status, "CapPrm", caps) &&
	    status_is(status, "CapEff", caps) && status_is(status, "CapAmb", none) &&
	    status_is(status, "NoNewPrivs", "1") && status_is(status, "Seccomp", "2"))
		return 0;
	return -EPERM;
}

/* Capabilities and the filter are each thread's own: another thread would keep its own. */
static int refuse_threads(const struct confine_config *config)
{
	char status[4096];
	int err = read_status(status, sizeof(status));

	if (err)
		return err;
	return status_is(status, "Threads", "1") ? 0 : -EBUSY;
}

int confine(const struct confine_config *config, const char **ret_what)
{
	static const struct {
		const char *what;
		int (*run)(const struct confine_config *config);
	} steps[] = {
		{ "single thread", refuse_threads },
		{ "capability bounding set", drop_bounding_set },
		{ "user and groups", change_user },
		{ "capabilities", drop_capabilities },
		{ "no_new_privs", forbid_new_privileges },
		{ "dumpable", forbid_dumps },
		{ "seccomp filter", load_filter },
		{ "reading /proc/self/status back", verify },
	};

	for (size_t i = 0; i < COUNT(steps); i++) {
		int err = steps[i].run(config);

		if (err) {
			*ret_what = steps[i].what;
			return err;
		}
	}
	close(status_fd);
	status_fd = -1;
	return 0;
}

int confine_as_nobody(enum confine_role role, const char **ret_what)
{
	struct confine_config config = { .role = role,
					 .uid = getuid(),
					 .gid = getgid(),
					 .already_unprivileged = geteuid() != 0 };

	*ret_what = "find the user nobody";
	if (!config.already_unprivileged && confine_find_user("nobody", &config.uid, &config.gid) &&
	    confine_find_user(NULL, &config.uid, &config.gid))
		return -ENOENT;
	return confine(&config, ret_what);
}
