// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine_push.c - owns what is left to the one process that connects to strangers.
 *
 * It was never root, or is no longer. It cannot execute, listen, signal another process or make
 * memory code, so what libraries would load later (modules of the name service) is not loaded. Names
 * are looked up in threads: libcurl's way of not waiting for them.
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/confine_rules.h"

static const int pusher_calls[] = {
	/* The spool; where files are is Landlock's and the user's business. */
	SCMP_SYS(openat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),

	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(sendmmsg), /* libc's resolver asks for A and AAAA at once */
	SCMP_SYS(recvmmsg),
	SCMP_SYS(socketpair), /* a thread says by it that it has the name */
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),

	SCMP_SYS(set_robust_list), /* a thread begins */
	SCMP_SYS(rseq),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
};

/* No raw socket, no netlink, no packets. */
static int allow_sockets(scmp_filter_ctx ctx)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(families) / sizeof(families[0]) && !err; i++) {
		const struct scmp_arg_cmp family = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]);

		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &family);
	}
	return err;
}

/* As confine_allow_forks(), but never a process. */
static int allow_threads(scmp_filter_ctx ctx)
{
	const scmp_datum_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
					CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces | CLONE_THREAD,
						   CLONE_THREAD);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);

	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

int confine_allow_pushing(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp unsent = SCMP_A1(SCMP_CMP_EQ, SIOCOUTQ);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &unsent);
	size_t i;

	for (i = 0; i < sizeof(pusher_calls) / sizeof(pusher_calls[0]) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, pusher_calls[i], 0);
	if (!err)
		err = allow_sockets(ctx);
	return err ? err : allow_threads(ctx);
}

int confine_become(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return -ENOENT;
	if (!pw->pw_uid)
		return -EINVAL;
	if (initgroups(name, pw->pw_gid) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		return -errno;
	return 0;
}
