// SPDX-License-Identifier: GPL-2.0-only
/* chain_check.c - owns what each misfit means. */
#include "log/chain_check.h"

#include <string.h>

void chain_check_init(struct chain_check *check)
{
	memset(check, 0, sizeof(*check));
}

static void move_on(struct chain_check *check, const struct chain_link *link)
{
	check->last.sequence = link->sequence;
	memcpy(check->last.hash, link->hash, sizeof(link->hash));
	if (link->sequence > check->highest)
		check->highest = link->sequence;
}

static enum chain_fault check_judge(const struct chain_check *check, const char *line, size_t len,
				    const struct chain_link *link)
{
	static const unsigned char nothing[CHAIN_HASH];

	/* Only the first of all lines follows nothing; another first one has lost its past. */
	if (!check->began)
		return link->sequence == 1 && !chain_fits(nothing, line, len, link) ? CHAIN_EDITED
										    : CHAIN_FITS;
	if (link->sequence == check->last.sequence)
		return CHAIN_DOUBLED;
	if (link->sequence <= check->highest)
		return CHAIN_REORDERED;
	if (link->sequence > check->last.sequence + 1)
		return CHAIN_REMOVED;
	return chain_fits(check->last.hash, line, len, link) ? CHAIN_FITS : CHAIN_EDITED;
}

enum chain_fault chain_check_line(struct chain_check *check, const char *line, size_t len)
{
	struct chain_link link;
	enum chain_fault fault;

	check->expected = check->began ? check->last.sequence + 1 : 0;
	if (!chain_read(line, len, &link)) {
		check->faults++;
		return CHAIN_FOREIGN;
	}
	check->found = link.sequence;
	check->lines++;
	fault = check_judge(check, line, len, &link);
	if (!check->began)
		check->first = link.sequence;
	check->began = true;
	if (fault != CHAIN_FITS)
		check->faults++;
	/* A line that belongs further up is not what the next one follows. */
	if (fault != CHAIN_REORDERED && fault != CHAIN_DOUBLED)
		move_on(check, &link);
	return fault;
}

enum chain_fault chain_check_head(struct chain_check *check, const struct chain *head)
{
	check->expected = head->sequence;
	check->found = check->highest;
	if (head->sequence > check->highest) {
		check->faults++;
		return CHAIN_TRUNCATED;
	}
	if (head->sequence == check->last.sequence && check->began &&
	    memcmp(head->hash, check->last.hash, sizeof(head->hash))) {
		check->faults++;
		return CHAIN_EDITED;
	}
	return CHAIN_FITS;
}
