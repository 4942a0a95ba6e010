// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_fixture.c - a made-up profile in a format, for others to judge.
 *
 *	profile_fixture folded VIEW | diff VIEW | pprof VIEWS | speedscope VIEWS | json
 *	profile_fixture text [WIDTH [TOP [COLOUR]]] | compare | empty FORMAT | totals
 *
 * VIEW is a number, VIEWS are bits. Owns: the choice. Not here: the profile (profile_made.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/profile_made.h"
#include "report/formats.h"

enum { MAX_BYTES = 64 << 20 };

static unsigned int number(char **argv, int argc, int i)
{
	return i < argc ? (unsigned int)strtoul(argv[i], NULL, 0) : 0;
}

/* What the profile itself adds up to: the formats are compared with it. */
static void totals(struct buf *out, const struct profile *p)
{
	__u64 count[PROFILE_VIEWS] = { 0 }, value[PROFILE_VIEWS] = { 0 };
	__u32 i;

	for (i = 0; i < p->nsamples; i++) {
		count[p->samples[i].view] += p->samples[i].count;
		value[p->samples[i].view] += p->samples[i].value;
	}
	for (i = 0; i < PROFILE_VIEWS; i++)
		buf_printf(out, "%s %llu %llu\n", profile_view_name(i), count[i], value[i]);
}

static int encode(struct buf *out, const struct profile *p, const struct profile *before, int argc,
		  char **argv)
{
	const struct profile_text_options text = { .width = number(argv, argc, 2),
						   .top = number(argv, argc, 3),
						   .colour = number(argv, argc, 4) };
	const char *format = argv[1];

	if (!strcmp(format, "folded"))
		profile_folded_encode(out, p, number(argv, argc, 2), NULL);
	else if (!strcmp(format, "diff"))
		profile_folded_encode(out, p, number(argv, argc, 2), before);
	else if (!strcmp(format, "pprof"))
		profile_pprof_encode(out, p, number(argv, argc, 2));
	else if (!strcmp(format, "speedscope"))
		profile_speedscope_encode(out, p, number(argv, argc, 2));
	else if (!strcmp(format, "json"))
		profile_json_encode(out, p);
	else if (!strcmp(format, "text"))
		profile_text_encode(out, p, NULL, &text);
	else if (!strcmp(format, "compare"))
		profile_text_encode(out, p, before, &text);
	else if (!strcmp(format, "totals"))
		totals(out, p);
	else
		return -1;
	return out->err;
}

int main(int argc, char **argv)
{
	bool empty = argc > 1 && !strcmp(argv[1], "empty");
	struct made now = made_profile(1, MAX_BYTES), before = made_profile(2, MAX_BYTES);
	struct profile *nothing = profile__new(MAX_BYTES);
	struct buf out;
	int err = -1;

	buf_init(&out, MAX_BYTES);
	if (argc - empty > 1 && nothing && !now.err && !before.err)
		err = encode(&out, empty ? nothing : now.p, before.p, argc - empty, argv + empty);
	if (!err)
		fwrite(out.data, 1, out.len, stdout);
	buf_done(&out);
	profile__free(now.p);
	profile__free(before.p);
	profile__free(nothing);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
