/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finding.h - something that is not as it should be: what, who, since when, because of whom.
 *
 * Owns: the nouns that detect makes, log writes and record keeps: severities, rules,
 * findings and the verdicts that people pass on them. All texts are sanitised
 * (base/text.h). Not here: how a rule decides (detect/), how an event looks (log/).
 */
#ifndef VIGIE_DATA_FINDING_H
#define VIGIE_DATA_FINDING_H

#include <stdbool.h>
#include <vigie/abi.h>

enum severity {
	SEVERITY_DEBUG,
	SEVERITY_INFO, /* a lead: unusual, harms nobody that we can see */
	SEVERITY_WARNING, /* somebody should look today */
	SEVERITY_ERROR, /* something suffers now */
	SEVERITY_CRITICAL, /* something was lost */
	SEVERITIES,
};

/* "debug", "info", "warning", "error", "critical": ECS log.level; in capitals Python's. */
const char *severity_name(enum severity severity);

struct quantity;
struct view;

/*
 * One way of noticing something. The table of all rules is in detect/; it is what the
 * manual is made of, and every finding points into it.
 */
struct rule {
	const char *id; /* "run-queue-starvation": letters, digits, dashes; never changes */
	const char *message_id; /* 32 hex digits: journald's MESSAGE_ID of this rule */
	unsigned int version; /* grows whenever the same view may be decided otherwise */
	enum severity severity; /* the highest that it gives */
	const char *title; /* "cannot get the CPU": completes "NAME …" in a message */
	const char *quantity; /* what observed and expected are: "run_queue_wait_ratio" */
	const char *unit; /* "ratio", "bytes", "seconds", "1/s", "1" */
	/* That quantity as a view has it: detect/quantity.h. */
	bool (*figure)(struct quantity *quantity, const struct view *view, double *ret);
	const char *watches, *decides, *knobs, *remedy; /* for the manual and for explain */
};

enum {
	FINDING_ID_LEN = 13, /* 12 hex digits and NUL */
	FINDING_COMM_LEN = 64,
	FINDING_UNIT_LEN = 129,
	FINDING_PARENTS = 4,
	FINDING_CULPRITS = 4,
	FINDING_NOTE_LEN = 257,
};

/* A process, a group of them (pid 0), a unit (also no comm) or the host (nothing at all). */
struct actor {
	__u32 pid;
	__u32 uid;
	__u64 start_ns; /* CLOCK_BOOTTIME; with pid the identity; 0 without */
	char comm[FINDING_COMM_LEN];
	char unit[FINDING_UNIT_LEN];
	char container_id[65]; /* 64 hex digits or "" */
};

struct culprit {
	struct actor who;
	double share; /* of what was observed that this one answers for, in [0,1] */
	const char *did; /* static: "ran while it waited", "holds the memory" */
};

enum finding_phase { FINDING_START, FINDING_UPDATE, FINDING_END };

/*
 * One event from start to end under one id. Replaying a history gives the same ids: they
 * are made of the rule, the subject and the moment.
 */
struct finding {
	char id[FINDING_ID_LEN];
	/* Of the rule and the subject's names, without pid and time: what a verdict silences. */
	char pattern[FINDING_ID_LEN];
	const struct rule *rule;
	enum finding_phase phase;
	enum severity severity; /* never above the rule's */
	double confidence; /* in [0,1] */
	struct actor who;
	__u64 start_wall_ns; /* CLOCK_REALTIME of who.start_ns, by the snapshot's clocks; 0 without */
	struct actor parents[FINDING_PARENTS]; /* the nearest first */
	unsigned int nparents;
	struct culprit culprits[FINDING_CULPRITS]; /* the largest share first */
	unsigned int nculprits;
	double observed, expected; /* rule->quantity in rule->unit */
	double worst; /* the furthest that observed ever was */
	__u64 since_ns; /* CLOCK_BOOTTIME: when it began as far as can be told, before the start */
	__u64 since_wall_ns, now_wall_ns; /* CLOCK_REALTIME */
	__u64 duration_ns; /* now - since; at its end: when it last was so - since */
	double slope_per_s; /* growth only: rule->unit a second */
	__u64 exhausted_in_ns; /* growth only: to the limit at this slope; 0: not in sight */
	__u64 limit_bytes; /* growth only: the cgroup's or the host's */
	bool silenced; /* a verdict calls the pattern benign: logged at debug, counted apart */
	bool told; /* since its start it was not silenced all the time */
	char message[320]; /* one line for people; no newline */
};

/* What a person says of a finding, with all findings of its pattern from then on. */
enum verdict_kind { VERDICT_BENIGN, VERDICT_MALICIOUS, VERDICT_REVOKED, VERDICTS };

/* "benign", "malicious", "revoked". */
const char *verdict_name(enum verdict_kind kind);

struct verdict {
	char finding[FINDING_ID_LEN];
	char pattern[FINDING_ID_LEN];
	enum verdict_kind kind;
	char note[FINDING_NOTE_LEN];
	char by[64]; /* the user who said so */
	__u64 wall_ns;
};

#endif
