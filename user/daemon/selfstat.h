/* SPDX-License-Identifier: GPL-2.0-only */
/* selfstat.h - what the daemon itself costs, from /proc/self and getrusage(). */
#ifndef VIGIE_DAEMON_SELFSTAT_H
#define VIGIE_DAEMON_SELFSTAT_H

#include "collect/plan.h"
#include "export/encode.h"

/* What never changes: version, start time, limits, and what the plan could not give. */
void selfstat_init(struct self_view *self, const struct plan *plan, struct self_missing *missing,
		   unsigned int max_missing);
/* What does. A figure that cannot be read keeps its last value. */
void selfstat_read(struct self_view *self);

#endif
