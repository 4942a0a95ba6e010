/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * findings_log.h - reading back what the log says of a finding, for people's questions.
 *
 * Owns: going through a log and its rotated predecessors, reading ECS lines with json-c, and what an event means
 * for the finding's life.
 * Only commands that a person starts read JSON, and the process that answers for the past
 * (daemon/history.h); the serving one never does. A line that cannot be
 * read is passed over: what is wrong with it `vigie verify` says.
 */
#ifndef VIGIE_LOG_FINDINGS_LOG_H
#define VIGIE_LOG_FINDINGS_LOG_H

#include <limits.h>
#include <stdbool.h>

#include "data/finding.h"

/* Where a log is: in the state directory, or where --log-file had it written. */
struct log_place {
	int dirfd;
	const char *name; /* within path */
	char path[PATH_MAX];
};

/* log_file NULL: directory's own. Complains on stderr as who, if that is not NULL. 0 or -errno. */
int log_place_open(struct log_place *place, const char *directory, const char *log_file,
		   const char *who);
void log_place_close(struct log_place *place);

/* One event about one finding. Texts are sanitised again: a log may have been edited. */
struct finding_event {
	char action[40]; /* "finding-start", …, "verdict" */
	char level[12];
	char message[512];
	__u64 wall_ns; /* @timestamp */
	__u64 since_wall_ns; /* event.start; 0: not there */
	char id[FINDING_ID_LEN], pattern[FINDING_ID_LEN];
	char rule[64], quantity[64], unit[16];
	double observed, expected, worst, confidence;
	struct actor who;
	struct culprit culprits[FINDING_CULPRITS];
	char did[FINDING_CULPRITS][64]; /* what culprits[i].did would point to */
	unsigned int nculprits;
	struct actor parents[FINDING_PARENTS];
	unsigned int nparents;
};

/* When a finding was under way, by what was logged of it. All 0: nothing was yet. */
struct finding_life {
	bool known;
	__u64 since_ns; /* CLOCK_REALTIME, as all of these */
	__u64 last_ns; /* of the last event */
	__u64 end_ns; /* 0: no end was logged, or it began again within its cooldown */
};

/* Is it of the finding's life: start, update, end? Not what people said of it. */
bool finding_event_is_of_life(const struct finding_event *event);
/* When it began, by this event. */
__u64 finding_event_since_ns(const struct finding_event *event);
/*
 * The next event of a finding's life. True: its words and people are the finding's from now on. An end names nobody
 * anew, and its level is a lower one: what was said before it is the better story, if anything was.
 */
bool finding_life_take(struct finding_life *life, const struct finding_event *event);

/*
 * Calls take for every event about the finding, oldest first, in NAME.99 … NAME.1 and NAME.
 * id NULL: of all findings. 0, or -errno of opening NAME, said on stderr as who, if that is not NULL.
 */
int findings_log_read(const struct log_place *place, const char *id, const char *who,
		      void (*take)(void *ctx, const struct finding_event *event), void *ctx);

#endif
