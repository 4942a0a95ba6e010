// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine_namer.c - owns what is left to who reads the runtimes' files, and to each of its readers.
 *
 * The files belong to root and to users whose homes are closed: CAP_DAC_READ_SEARCH opens all of
 * them, and every other file. So who has it parses nothing but questions of fixed size, and who
 * parses has Landlock around it.
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

#include "sandbox/confine_rules.h"
#include "sandbox/landlock.h"

/* Of the calls that the namer has: what only it needs. */
static const int namer_only[] = {
	SCMP_SYS(clone),   SCMP_SYS(pipe2),    SCMP_SYS(wait4),	  SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(prctl),
};

/*
 * What clone3() is asked for is behind a pointer, where no filter sees it: to libc it does not
 * exist, and libc falls back to clone().
 */
int confine_allow_forks(scmp_filter_ctx ctx)
{
	const scmp_datum_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
					CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
	const struct scmp_arg_cmp same = SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0);
	int err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &same);

	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

int confine_reader(const int *directories, unsigned int n)
{
	int err = landlock_confine_reading(directories, n);
	scmp_filter_ctx ctx;
	size_t i;

	/* Without Landlock the filter and the user, who owns nothing, are what there is. */
	if (err && err != -EOPNOTSUPP)
		return err;
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	for (i = 0, err = 0; i < sizeof(namer_only) / sizeof(namer_only[0]) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), namer_only[i], 0);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}
