/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history.h - the process that answers what is asked of the past (`vigie-history` in `ps`).
 *
 * Reading back takes as long as a history is large, and its files may be damaged or come from elsewhere: it
 * happens beside the serving, so that no scrape waits and nothing that a file does reaches the server. The
 * process has no capability and no network, reads below the state directory only (Landlock), writes nothing, is nice to
 * everybody else, and has a bound of its own for the CPU time that questions may take. Its input has a fixed size.
 * Owns: both ends. Not here: the answers (history_answers.h), what may be asked (web/question.h).
 */
#ifndef VIGIE_DAEMON_HISTORY_H
#define VIGIE_DAEMON_HISTORY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "data/self.h"
#include "web/question.h"

struct history;

struct history_config {
	int state_dir; /* stays the caller's */
	bool unit_ids; /* as in history_answers_config */
	uid_t uid;
	gid_t gid;
	bool change_user; /* to that one */
};

struct history_said {
	__u64 job;
	unsigned int status;
	bool gzip;
	bool document; /* a session's page; else it is JSON */
	struct buf *text; /* may be taken */
};

/* 0, or -errno with *ret_what (static). */
int history__start(const struct history_config *config, struct history **ret,
		   const char **ret_what);
void history__free(struct history *history); /* accepts NULL */
pid_t history__pid(const struct history *history);
/* Readable when it has said something; -1: it is gone. */
int history__fd(const struct history *history);
/* Never waits. 0; -EAGAIN: too much waits; -EPIPE: it is gone. */
int history__ask(struct history *history, __u64 job, bool gzip, const struct web_question *q);
/*
 * True: *ret is a whole answer. As it is found gone: true with job 0, which is said of all that wait, once.
 */
bool history__listen(struct history *history, struct history_said *ret);
/* Its figures as of the last answer, up apart. */
void history__stat(const struct history *history, struct self_history *ret);

#endif
