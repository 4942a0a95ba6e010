// SPDX-License-Identifier: GPL-2.0-only
/* landlock.c - owns the rule set: everything about files is denied but below a directory. */
#include "sandbox/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <linux/types.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers may be older than the kernel. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* What the first version knew: bits 0 to 12. */
#define ACCESS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* Below its directories the writer makes, reads, writes and removes files and directories. */
#define ACCESS_GRANTED                                                  \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)

#define ACCESS_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static __u64 known_access(int version)
{
	__u64 access = ACCESS_FIRST;

	if (version >= 2)
		access |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		access |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return access;
}

static int add_directories(int rules, const int *directories, unsigned int n, __u64 access)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct landlock_path_beneath_attr below = { .allowed_access = access,
							    .parent_fd = directories[i] };

		if (directories[i] >= 0 &&
		    syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0))
			return -errno;
	}
	return 0;
}

int landlock_confine_both(const int *reading, unsigned int nreading, const int *writing,
			  unsigned int nwriting)
{
	struct landlock_ruleset_attr attr = { 0 };
	int version, rules, err;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return -EOPNOTSUPP;
	attr.handled_access_fs = known_access(version);
	rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return -errno;
	err = add_directories(rules, reading, nreading, ACCESS_READING);
	if (!err)
		err = add_directories(rules, writing, nwriting,
				      ACCESS_GRANTED & attr.handled_access_fs);
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(rules);
	return err;
}

int landlock_confine(const int *directories, unsigned int n)
{
	return landlock_confine_both(NULL, 0, directories, n);
}

int landlock_confine_reading(const int *directories, unsigned int n)
{
	return landlock_confine_both(directories, n, NULL, 0);
}
