// SPDX-License-Identifier: GPL-2.0-only
/* star_findings.c - owns which of a finding's events tells what in its row. */
#include "export/star_findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { IDS_MAX = 64 << 20 };

const char *const star_findings_header[] = {
	"finding_key",
	"host_key",
	"date_key",
	"unit_key",
	"culprit_unit_key",
	"start_utc",
	"end_utc",
	"duration_seconds",
	"ongoing",
	"finding_id",
	"pattern",
	"rule",
	"title",
	"severity",
	"severity_level",
	"silenced",
	"comm",
	"pid",
	"quantity",
	"quantity_unit",
	"observed",
	"expected",
	"worst",
	"confidence",
	"culprit_comm",
	"culprit_share",
	"message",
	NULL,
};

void star_findings_init(struct star_findings *findings)
{
	*findings = (struct star_findings){ 0 };
	intern_init(&findings->ids, IDS_MAX);
}

void star_findings_done(struct star_findings *findings)
{
	intern_done(&findings->ids);
	free(findings->all);
	findings->all = NULL;
}

/* What it says as it goes on; its end says only that it is over. */
static void keep_story(struct star_finding *f, const struct finding *finding)
{
	const struct culprit *culprit = finding->nculprits ? &finding->culprits[0] : NULL;

	snprintf(f->message, sizeof(f->message), "%s", finding->message);
	snprintf(f->culprit_comm, sizeof(f->culprit_comm), "%s", culprit ? culprit->who.comm : "");
	snprintf(f->culprit_unit, sizeof(f->culprit_unit), "%s", culprit ? culprit->who.unit : "");
	f->culprit_share = culprit ? culprit->share : 0;
	f->observed = finding->observed;
	f->expected = finding->expected;
	f->confidence = finding->confidence;
	f->silenced = finding->silenced;
}

static void begin(struct star_finding *f, const struct finding *finding)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->id, sizeof(f->id), "%s", finding->id);
	snprintf(f->pattern, sizeof(f->pattern), "%s", finding->pattern);
	snprintf(f->comm, sizeof(f->comm), "%s", finding->who.comm);
	snprintf(f->unit, sizeof(f->unit), "%s", finding->who.unit);
	f->rule = finding->rule;
	f->pid = finding->who.pid;
	f->since_wall_ns = finding->since_wall_ns;
	keep_story(f, finding);
}

int star_findings_add(struct star_findings *findings, const struct finding *finding)
{
	__u32 number = intern_text(&findings->ids, finding->id);
	struct star_finding *f;
	int err = findings->ids.bytes.err;

	if (!err)
		err = array_grow(&findings->all, &findings->room, number + 1UL,
				 sizeof(*findings->all), SIZE_MAX);
	if (err)
		return err;
	f = &findings->all[number];
	if (number == findings->n) {
		findings->n++;
		begin(f, finding);
	}
	if (finding->phase != FINDING_END)
		keep_story(f, finding);
	if (finding->severity > f->severity)
		f->severity = finding->severity;
	f->worst = finding->worst;
	f->ended = finding->phase == FINDING_END;
	f->duration_ns = finding->duration_ns;
	return 0;
}

static void put_times(struct star_row *row, const struct star_finding *f)
{
	star_moment(row, f->since_wall_ns);
	if (f->ended)
		star_moment(row, f->since_wall_ns + f->duration_ns);
	else
		star_empty(row);
	star_seconds(row, f->duration_ns);
	star_u64(row, !f->ended);
}

void star_findings_row(struct star_row *row, const struct star_finding *f, const char *host,
		       const struct star_key *host_key, const struct star_key *unit,
		       const struct star_key *culprit_unit)
{
	struct star_key key = star_key_of('f', host, f->id, sizeof(f->id));

	star_key(row, &key);
	star_key(row, host_key);
	star_date_key(row, f->since_wall_ns);
	star_key(row, unit);
	star_key(row, culprit_unit);
	put_times(row, f);
	star_text(row, f->id);
	star_text(row, f->pattern);
	star_text(row, f->rule->id);
	star_text(row, f->rule->title);
	star_text(row, severity_name(f->severity));
	star_u64(row, f->severity);
	star_u64(row, f->silenced);
	star_text(row, f->comm);
	if (f->pid)
		star_u64(row, f->pid);
	else
		star_empty(row);
	star_text(row, f->rule->quantity);
	star_text(row, f->rule->unit);
	star_double(row, f->observed);
	star_double(row, f->expected);
	star_double(row, f->worst);
	star_double(row, f->confidence);
	star_text(row, f->culprit_comm);
	star_double(row, f->culprit_share);
	star_text(row, f->message);
}
