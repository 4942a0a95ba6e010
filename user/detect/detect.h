/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * detect.h - views in, findings out. PURE: no I/O, no clock, no log, no global.
 *
 * Owns: the rules (rules.c) and the life of findings. The same views give the same findings,
 * to the id, so a replayed history has those that were found live. State is bounded: see
 * detect_stat. Not here: where a view comes from, where a finding goes (daemon/finding_handler.h).
 */
#ifndef VIGIE_DETECT_DETECT_H
#define VIGIE_DETECT_DETECT_H

#include "base/buf.h"
#include "data/finding.h"
#include "data/view.h"

struct detect;

struct detect_config {
	unsigned int max_findings; /* under way at once, cooling ones included; default 128 */
	unsigned int max_groups; /* whose series are watched; default 128 */
	unsigned int findings_per_minute; /* new ones; default 20 */
	__u64 cooldown_ns; /* a pattern's repeat within that time is the same finding; 10 min */
	__u64 update_ns; /* at most one update a finding in that time; default 30 s */
};

struct detect_stat {
	__u64 suppressed; /* findings over the limit a minute, or without room */
	__u64 silenced; /* findings of patterns that a verdict calls benign */
	__u64 series; /* learned and growth series now */
	__u64 groups_shed; /* groups that are not watched: max_groups was reached */
	__u64 bytes; /* all that detection keeps */
};

void detect_config_default(struct detect_config *config);
struct detect *detect__new(const struct detect_config *config); /* NULL with errno set */
void detect__free(struct detect *detect); /* accepts NULL */

/*
 * Judges one view. *ret points to what began, changed or ended, valid until the next call.
 * 0 or -ENOMEM: then some series are not watched.
 */
int detect__step(struct detect *detect, const struct view *view, const struct finding *const **ret,
		 size_t *ret_n);

/* From now on: benign findings are silenced, malicious ones at least errors. 0 or -ENOSPC. */
int detect__silence(struct detect *detect, const char *pattern, enum verdict_kind verdict);

void detect__stat(const struct detect *detect, struct detect_stat *ret);
/* By place in the table of rules: findings that began, and that are under way. */
void detect__count(const struct detect *detect, unsigned int rule, __u64 *ret_total,
		   __u64 *ret_active);

/* The table of all rules. */
const struct rule *detect_rules(size_t *ret_n);
const struct rule *detect_rule_by_id(const char *id); /* NULL: a later vigie may have it */
/* docs/rules.md */
void rules_doc_encode(struct buf *out);

#endif
