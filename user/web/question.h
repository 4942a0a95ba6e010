/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * question.h - what is asked of the past: a path and its query, as values within bounds. PURE.
 *
 * Owns: the paths, their parameters and the words of a refusal (docs/api.md). A question has a fixed size:
 * it is what the process that answers gets. Not here: answers.
 */
#ifndef VIGIE_WEB_QUESTION_H
#define VIGIE_WEB_QUESTION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "data/finding.h"

enum web_ask { WEB_RANGE, WEB_INSTANT, WEB_GROUP, WEB_FINDING, WEB_SESSION, WEB_EVENTS, WEB_ASKS };
extern const char *const web_ask_paths[WEB_ASKS]; /* "/api/v1/range", … */

enum {
	WEB_POINTS_MAX = 2000,
	WEB_POINTS = 360, /* where nothing is said */
	WEB_ROWS_MAX = 8192, /* of a moment; the answer has a bound of its own */
	WEB_ROWS = 200, /* where nothing is said */
	WEB_UNIT_LEN = 1200, /* a cgroup's path and more */
	WEB_COMM_LEN = 256,
};

#define WEB_AFTER_NONE UINT64_MAX

struct web_question {
	__u32 ask; /* enum web_ask */
	__u32 points;
	__u64 from_ns, to_ns; /* CLOCK_REALTIME; 0: as far as there is anything */
	__u64 at_ns; /* 0: the last moment */
	__u64 after; /* lines of the log behind that number; WEB_AFTER_NONE: only which is the last */
	__u32 by_pid; /* rows are processes */
	__u32 rows;
	char unit[WEB_UNIT_LEN], comm[WEB_COMM_LEN];
	char id[FINDING_ID_LEN]; /* 12 hex digits, or "" */
};

/*
 * query: "a=b&c=d", percent-escapes as sent, "+" or a blank for a blank; NULL or "": none. 0; or -EINVAL
 * with *ret_why a static line: what is wrong and what is allowed.
 */
int web_question_parse(enum web_ask ask, const char *query, struct web_question *ret,
		       const char **ret_why);
/* Could it have come of a query? For who gets one from another process: all of it is within its bounds. */
bool web_question_is_sound(const struct web_question *question);

#endif
