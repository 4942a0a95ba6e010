/* SPDX-License-Identifier: GPL-2.0-only */
/* history_child.h - the other end of history.h: the loop of the process that answers. */
#ifndef VIGIE_DAEMON_HISTORY_CHILD_H
#define VIGIE_DAEMON_HISTORY_CHILD_H

#include <sys/types.h>

#include "daemon/history.h"

/* As side_process_start(). */
int history_child_start(const struct history_config *config, pid_t *ret_pid, int *ret_fd,
			const char **ret_what);

#endif
