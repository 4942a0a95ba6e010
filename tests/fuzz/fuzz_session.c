// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_session.c - a session file from anybody: refused, or a profile that every format can show.
 *
 * Input: the body as it is before deflate, so that the fuzzer need not invent checksums.
 */
#include "fuzz.h"

#include <zlib.h>

#include "record/session_file.h"
#include "report/formats.h"

enum { HEAD = 24 };

static void show(const struct profile *p)
{
	const struct profile_text_options options = { .top = 5, .width = 80 };
	unsigned int view;
	struct buf out;

	buf_init(&out, 8 << 20);
	for (view = 0; view < PROFILE_VIEWS; view++)
		profile_folded_encode(&out, p, view, view & 1 ? p : NULL);
	profile_json_encode(&out, p);
	profile_speedscope_encode(&out, p, ~0U);
	profile_pprof_encode(&out, p, ~0U);
	profile_text_encode(&out, p, p, &options);
	profile_html_encode(&out, p, NULL);
	buf_done(&out);
}

/* As --debug-dir does, whatever the file says that it holds. */
static void name_all(struct profile *p)
{
	struct profile_line lines[2] = { { .line = 1 }, { .line = 2, .begin = 1 } };
	__u32 i;

	FUZZ_CHECK(!profile_string(p, "inner", 5, &lines[0].function));
	FUZZ_CHECK(!profile_string(p, "inner", 5, &lines[1].file));
	FUZZ_CHECK(lines[0].function == lines[1].file);
	for (i = 1; i < p->nframes && i < 1000; i++)
		if (profile_name_frame(p, i, lines, i % 2 + 1))
			break;
}

/* As the body of a file. */
static void try_body(const uint8_t *data, size_t size)
{
	uint32_t version = 5, sum = crc32(0, data, size);
	uLongf len = compressBound(size);
	struct profile *p = NULL;
	uint64_t raw = size;
	const char *why;
	uint8_t *file = malloc(HEAD + len);

	FUZZ_CHECK(file);
	memcpy(file, "VIGIEPRF", 8);
	memcpy(file + 8, &version, 4);
	memcpy(file + 12, &sum, 4);
	memcpy(file + 16, &raw, 8);
	FUZZ_CHECK(compress2(file + HEAD, &len, data, size, 1) == Z_OK);
	if (!session_file_decode(file, HEAD + len, &p, &why)) {
		show(p);
		name_all(p);
		show(p);
	}
	profile__free(p);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *p = NULL;
	const char *why;

	try_body(data, size);
	session_file_decode(data, size, &p, &why);
	profile__free(p);
	return 0;
}
