/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * star_findings.h - findings as rows: one for each, of all its events.
 *
 * Owns: what is kept of a finding until the export's end, because one that comes again within its
 * cooldown is the same. Only star*.c include it.
 */
#ifndef VIGIE_EXPORT_STAR_FINDINGS_H
#define VIGIE_EXPORT_STAR_FINDINGS_H

#include "base/intern.h"
#include "export/star_cells.h"

struct star_finding {
	char id[FINDING_ID_LEN], pattern[FINDING_ID_LEN];
	const struct rule *rule;
	enum severity severity; /* the highest it had */
	bool ended, silenced;
	__u64 since_wall_ns, duration_ns;
	__u32 pid;
	char comm[FINDING_COMM_LEN], unit[FINDING_UNIT_LEN];
	char culprit_comm[FINDING_COMM_LEN], culprit_unit[FINDING_UNIT_LEN];
	double culprit_share, observed, expected, worst, confidence;
	char message[320];
};

struct star_findings {
	struct intern ids;
	struct star_finding *all; /* by number of the id: in the order they came */
	size_t n, room;
};

extern const char *const star_findings_header[]; /* ends with NULL */

void star_findings_init(struct star_findings *findings);
void star_findings_done(struct star_findings *findings);
/* 0, -ENOMEM or -E2BIG. */
int star_findings_add(struct star_findings *findings, const struct finding *finding);
/* Its cells; the row is not ended. */
void star_findings_row(struct star_row *row, const struct star_finding *f, const char *host,
		       const struct star_key *host_key, const struct star_key *unit,
		       const struct star_key *culprit_unit);

#endif
