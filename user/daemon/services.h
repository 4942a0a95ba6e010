/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * services.h - what a running vigie has beside its pipeline: state directory, writer and
 * profiler processes, log, recorder, finding handler.
 *
 * Owns: the order in which they are opened, and the message when one cannot be. A default
 * directory that cannot be used is a warning; one that was asked for is an error.
 */
#ifndef VIGIE_DAEMON_SERVICES_H
#define VIGIE_DAEMON_SERVICES_H

#include "daemon/finding_handler.h"
#include "daemon/history.h"
#include "daemon/meter.h"

struct services_options {
	bool history; /* whether a history is kept; default on */
	const char *directory; /* default STATE_DIR_DEFAULT */
	const char *directory_option; /* which option named it: then it has to be usable; or NULL */
	__u64 retention_ns, max_bytes;
	const char *log_file; /* NULL: in the directory */
	const char *log_format; /* NULL: the default */
	enum severity log_level;
	bool unit_ids; /* as in pipeline_options: the past has the names that are served */
	bool capture; /* a session as a finding begins, where that is possible; default on */
	const char *runtime_root; /* as in pipeline_options; NULL: sessions show containers' ids */
	__u64 max_memory; /* bytes; 0: no bound; MEMORY_UNSAID; see memory.h */
	__u64 max_overhead_ppb; /* of one core, in parts of 10^9; 0: no bound; default 1 % */
};

void services_options_init(struct services_options *options);

struct services {
	int state_dir, lock; /* -1: none */
	struct writer *writer;
	struct profiler *profiler; /* NULL: findings get no profiling sessions */
	struct history *history; /* NULL: nobody answers for the past */
	struct meter *meter; /* NULL: what our probes cost is not measured */
	struct logbook book;
	struct recorder recorder;
	struct finding_handler handler;
};

/*
 * Forks the writer: before BPF objects exist, after the listeners do. uid and gid: the user
 * that it writes as, if change_user. Complains on standard error as who. 0 or -errno.
 */
int services_open(struct services *services, const struct services_options *options, uid_t uid,
		  gid_t gid, bool change_user, const char *who);
void services_done(struct services *services);

#endif
