/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* identity.bpf.h - who a task is: names, cgroup and the key that a dead task is kept under. */
#ifndef VIGIE_IDENTITY_BPF_H
#define VIGIE_IDENTITY_BPF_H

#include "compat.bpf.h"

/* The file name of the executable; empty for kernel threads and once the mm is gone. */
static __always_inline void identity_exe(struct task_struct *task, char dst[VIGIE_EXE_LEN])
{
	const unsigned char *name = BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name);

	/* Cleared to its end: it becomes part of a key. */
	__builtin_memset(dst, 0, VIGIE_EXE_LEN);
	if (name)
		bpf_probe_read_kernel_str(dst, VIGIE_EXE_LEN, name);
}

static __always_inline void identity_comm(struct task_struct *task, char dst[VIGIE_COMM_LEN])
{
	bpf_probe_read_kernel(dst, VIGIE_COMM_LEN, task->comm);
	dst[VIGIE_COMM_LEN - 1] = '\0';
}

/* leader: whose name the process has; a freed leader must not be read, so the caller passes it. */
static __always_inline void identity_key(struct task_struct *task, struct task_struct *leader,
					 const char exe[VIGIE_EXE_LEN], struct vigie_key *key)
{
	if (cfg_group_by & VIGIE_BY_CGROUP)
		key->cgroup_id = compat_cgroup_id(task);
	if (cfg_group_by & VIGIE_BY_COMM)
		identity_comm(leader, key->comm);
	if (cfg_group_by & VIGIE_BY_EXE)
		__builtin_memcpy(key->exe, exe, VIGIE_EXE_LEN);
	if (cfg_group_by & VIGIE_BY_USER)
		key->uid = task->cred->uid.val;
	if (cfg_group_by & VIGIE_BY_PID) {
		key->tgid = task->tgid;
		key->start_ns = leader->start_boottime;
	}
	key->flags = task->flags & PF_KTHREAD ? VIGIE_TASK_KTHREAD : 0;
}

static __always_inline void identity_party(struct task_struct *task, struct task_struct *leader,
					   struct vigie_party *party)
{
	party->tgid = task->tgid;
	party->flags = task->flags & PF_KTHREAD ? VIGIE_TASK_KTHREAD : 0;
	party->cgroup_id = compat_cgroup_id(task);
	identity_comm(leader, party->comm);
}

#endif
