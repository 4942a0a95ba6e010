// SPDX-License-Identifier: GPL-2.0-only
/*
 * trust.c - the section of the summary that says how far a profile can be trusted: what
 * was lost, what is incomplete and why, what it cost, why it ended.
 *
 * Owns: its words, and when they are a warning.
 */
#include "report/screen.h"

static __u64 sum(const __u64 *values, unsigned int n)
{
	__u64 total = 0;

	while (n--)
		total += values[n];
	return total;
}

static void stacks(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;
	__u64 lost = q->lost[VIGIE_SESSION_LOST_RING], all;

	all = sum(q->stacks, VIGIE_STACK_KINDS);
	screen_printf(
		s,
		"  stacks      %llu on a CPU, %llu asleep, %llu of faults, %llu of wakers; %llu lost (%.1f%%)",
		q->stacks[VIGIE_STACK_ON_CPU], q->stacks[VIGIE_STACK_ASLEEP],
		q->stacks[VIGIE_STACK_FAULT], q->stacks[VIGIE_STACK_WAKER], lost,
		screen_percent(lost, all + lost));
	if (lost)
		screen_warning(s);
	else
		screen_line(s);
}

static void incomplete(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;
	__u64 all = sum(q->stacks, VIGIE_STACK_KINDS), n = sum(q->incomplete, PROFILE_INCOMPLETES);
	const char *between = ": ";
	unsigned int i;

	screen_printf(s, "  incomplete  %llu (%.1f%%)", n, screen_percent(n, all));
	for (i = 0; i < PROFILE_INCOMPLETES; i++) {
		if (!q->incomplete[i])
			continue;
		screen_printf(s, "%s%llu %s", between, q->incomplete[i],
			      profile_incomplete_name(i));
		between = ", ";
	}
	screen_printf(s, "; %llu truncated (%.1f%%)", q->truncated,
		      screen_percent(q->truncated, all));
	if (q->truncated && s->p->about.stack_bytes)
		screen_printf(s, " at %u KiB", s->p->about.stack_bytes / 1024);
	if (screen_percent(n, all) >= 1)
		screen_warning(s);
	else
		screen_line(s);
}

/* Who reads only the tables above should know, and what to do. */
static void deeper(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;
	__u64 cut = q->incomplete[PROFILE_INCOMPLETE_SHORT],
	      all = sum(q->stacks, VIGIE_STACK_KINDS);

	if (screen_percent(cut, all) < 1 || s->p->about.stack_bytes >= VIGIE_STACK_BYTES)
		return;
	screen_printf(s, "  deeper      record --stack %u copies more of a stack",
		      VIGIE_STACK_BYTES / 1024);
	screen_line(s);
}

/* Code without call frame information, or --fp: a function that keeps none hides its caller. */
static void pointers(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;

	if (!q->pointers)
		return;
	screen_printf(s,
		      "  pointers    %llu stacks have frames that frame pointers led to (%.1f%%)",
		      q->pointers, screen_percent(q->pointers, sum(q->stacks, VIGIE_STACK_KINDS)));
	screen_line(s);
}

/* What the time did not reach is a warning: other functions may be inlined there. */
static void lines(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;

	if (!q->lines_wanted)
		return;
	screen_printf(s, "  inlines     %llu of %llu addresses looked at; %llu have source lines",
		      q->lines_looked, q->lines_wanted, q->lines_found);
	if (q->lines_looked < q->lines_wanted)
		screen_warning(s);
	else
		screen_line(s);
}

/* Losses that are no stacks: said only where there are some. */
static void trust_lost(struct screen *s)
{
	const __u64 *l = s->p->quality.lost;
	const char *between = "  lost        ";

#define SAY(cause, fmt, value)                                \
	if (l[cause]) {                                       \
		screen_printf(s, "%s" fmt, between, (value)); \
		between = ", ";                               \
	}
	SAY(VIGIE_SESSION_LOST_THREADS, "%llu threads", l[VIGIE_SESSION_LOST_THREADS])
	SAY(VIGIE_SESSION_LOST_TARGETS, "%llu child processes", l[VIGIE_SESSION_LOST_TARGETS])
	SAY(VIGIE_SESSION_LOST_CULPRITS, "who ran for %.3f s",
	    (double)l[VIGIE_SESSION_LOST_CULPRITS] / 1e9)
	SAY(VIGIE_SESSION_LOST_WAKES, "who ended %.3f s of waits",
	    (double)l[VIGIE_SESSION_LOST_WAKES] / 1e9)
#undef SAY
	if (s->line.len)
		screen_warning(s);
}

static void cost(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;

	screen_printf(s, "  cost        %.3f s of CPU (%.2f%% of a core)", (double)q->cpu_ns / 1e9,
		      screen_percent(q->cpu_ns, s->p->about.duration_ns));
	if (q->probe_runs)
		screen_printf(s, "; in the kernel %.3f s (%.2f%%), %llu probe runs",
			      (double)q->probe_ns / 1e9,
			      screen_percent(q->probe_ns, s->p->about.duration_ns), q->probe_runs);
	if (q->reader_restarts)
		screen_printf(s, "; reader restarted %llu times", q->reader_restarts);
	if (q->hangs)
		screen_printf(s, "; hung %llu times at the targets' files or memory", q->hangs);
	screen_line(s);
}

void screen_trust(struct screen *s)
{
	const struct profile_quality *q = &s->p->quality;

	screen_blank(s);
	screen_printf(s, "QUALITY");
	screen_title(s);
	stacks(s);
	incomplete(s);
	deeper(s);
	pointers(s);
	trust_lost(s);
	screen_printf(s, "  names       %llu of %llu functions outside the kernel (%.1f%%)",
		      q->names_found, q->names_wanted,
		      screen_percent(q->names_found, q->names_wanted));
	screen_line(s);
	lines(s);
	cost(s);
	screen_printf(s, "  ended       %s", profile_stop_name(q->stopped_early));
	if (q->stopped_early >= PROFILE_STOP_COST)
		screen_warning(s);
	else
		screen_line(s);
}
