// SPDX-License-Identifier: GPL-2.0-only
/* processes.c - see processes.h. */
#include "data/processes.h"

size_t processes_from(const struct process *processes, size_t n, __u32 pid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (processes[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct process *processes_find(const struct process *processes, size_t n, __u32 pid)
{
	size_t at = processes_from(processes, n, pid);

	return at < n && processes[at].pid == pid ? &processes[at] : NULL;
}
