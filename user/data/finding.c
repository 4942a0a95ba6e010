// SPDX-License-Identifier: GPL-2.0-only
/* finding.c - owns the words for severities and verdicts. */
#include "data/finding.h"

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITIES] = { "debug", "info", "warning", "error",
						       "critical" };

	return (unsigned int)severity < SEVERITIES ? names[severity] : "error";
}

const char *verdict_name(enum verdict_kind kind)
{
	static const char *const names[VERDICTS] = { "benign", "malicious", "revoked" };

	return (unsigned int)kind < VERDICTS ? names[kind] : "revoked";
}
