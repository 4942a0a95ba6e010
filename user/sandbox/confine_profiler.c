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
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int kept[] = {
	CAP_BPF, /* programs and maps */
	CAP_PERFMON, /* tracing programs, perf events */
	CAP_SYS_PTRACE, /* maps and files of foreign processes */
	CAP_DAC_READ_SEARCH, /* their files */
	CAP_CHECKPOINT_RESTORE, /* /proc/PID/map_files: what was deleted */
	CAP_SYSLOG, /* addresses in /proc/kallsyms */
	CAP_SYS_RESOURCE, /* before 5.11: locked memory */
	CAP_SETUID, /* the reader gives all of this up … */
	CAP_SETGID,
	CAP_SETPCAP,
	CAP_KILL, /* … and is ended by us */
	CAP_SYS_ADMIN, /* see needs_sys_admin() */
};

static const int forbidden[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(socket),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
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

static int load_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = 0;
	size_t i;

	if (!ctx)
		return -ENOMEM;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	for (i = 0; i < COUNT(forbidden) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
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
