/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * history_answers.h - what a state directory has to say to a question of the past: docs/api.md.
 *
 * Owns: which entries are read for an answer, within bounds, and the documents. Everything in the directory may be
 * damaged. Not here: processes and sockets (history.h).
 */
#ifndef VIGIE_DAEMON_HISTORY_ANSWERS_H
#define VIGIE_DAEMON_HISTORY_ANSWERS_H

#include "base/buf.h"
#include "web/question.h"

struct history_answers;

struct history_answers_config {
	int state_dir; /* stays the caller's */
	bool unit_ids; /* units of containers carry ids, as those that are served: see model_config */
	__u64 answer_cpu_ns; /* what one answer may take; what takes more is refused */
};

/* 0 or -ENOMEM. */
int history_answers__new(const struct history_answers_config *config, struct history_answers **ret);
void history_answers__free(struct history_answers *answers); /* accepts NULL */
/*
 * Appends the answer's body; returns the status of HTTP. *ret_document: it is a session's page, for which there
 * is a policy (report/formats.h); else it is JSON.
 */
unsigned int history_answer(struct history_answers *answers, const struct web_question *question,
			    struct buf *out, bool *ret_document);
/* A refusal in JSON; returns the status. why: printable, without quotes. */
unsigned int history_refuse(struct buf *out, unsigned int status, const char *why);

#endif
