// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_file.c - owns the layout: structures of a profile as their words, in order.
 *
 * A structure has only 4-byte and 8-byte members: a text of '4' and '8' describes it, for both
 * directions. Words are varints; the body is deflated. Other versions are not read: until there is a
 * release nobody has such a file.
 */
#include "record/session_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/varint.h"

#define MAGIC "VIGIEPRF"
enum { HEAD = 8 + 4 + 4 + 8, VERSION = 5 };

#define WAITS16 "8888888888888888"
static const char about_words[] = "444444444488";
/* Stacks by kind, losses, why incomplete, the rest. */
static const char quality_words[] = "8888"
				    "88888"
				    "888888888"
				    "88888888888888";
static const char beside_words[] = "888";

struct array {
	size_t pointer, count; /* offsets in struct profile */
	const char *words;
	size_t size;
};
#define ARRAY(what, words)                                                                \
	{                                                                                 \
		offsetof(struct profile, what), offsetof(struct profile, n##what), words, \
			sizeof(*((struct profile *)0)->what)                              \
	}
static const struct array arrays[] = {
	ARRAY(strings, "4"),
	ARRAY(modules, "44888"),
	ARRAY(lines, "4444"),
	ARRAY(frames, "44844"),
	ARRAY(nodes, "44"),
	ARRAY(processes, "4444"),
	ARRAY(threads, "4444"
		       "888" WAITS16 WAITS16 "8"),
	ARRAY(parties, "44444"),
	ARRAY(samples, "444488"),
	ARRAY(cgroups, "44"),
	ARRAY(chains, "44"
		      "44444"
		      "44444"
		      "88"),
};
enum { ARRAYS = sizeof(arrays) / sizeof(arrays[0]) };

_Static_assert(VIGIE_WAITS == 16, "WAITS16");
_Static_assert(VIGIE_HOPS == 5, "words of chains");
_Static_assert(sizeof(struct profile_about) == 10 * 4 + 2 * 8, "about_words");
_Static_assert(sizeof(struct profile_quality) == 8 * (sizeof(quality_words) - 1), "quality_words");
_Static_assert(sizeof(struct profile_beside) == 8 * (sizeof(beside_words) - 1), "beside_words");

static void put_words(struct buf *out, const void *from, const char *words)
{
	const char *at = from;

	for (; *words; words++) {
		__u64 v = 0;

		memcpy(&v, at, *words - '0');
		varint_put(out, v);
		at += *words - '0';
	}
}

static void get_words(struct varint_reader *r, void *to, const char *words)
{
	char *at = to;

	for (; *words; words++) {
		size_t size = *words - '0';
		__u64 v = varint_get_max(r, size == 4 ? UINT32_MAX : UINT64_MAX);

		memcpy(at, &v, size);
		at += size;
	}
}

static void put_array(struct buf *out, const struct profile *p, const struct array *a)
{
	const char *array = *(char *const *)((const char *)p + a->pointer);
	__u32 n = *(const __u32 *)((const char *)p + a->count), i;

	varint_put(out, n);
	for (i = 0; i < n; i++)
		put_words(out, array + i * a->size, a->words);
}

static void put_body(struct buf *out, const struct profile *p)
{
	size_t i;

	put_words(out, &p->about, about_words);
	put_words(out, &p->quality, quality_words);
	put_words(out, &p->beside, beside_words);
	varint_put(out, p->ntext);
	buf_add(out, p->text, p->ntext);
	for (i = 0; i < ARRAYS; i++)
		put_array(out, p, &arrays[i]);
}

void session_file_encode(struct buf *out, const struct profile *p)
{
	__u32 version = VERSION, sum;
	struct buf body;
	uLongf len;
	__u64 raw;
	char *room;

	buf_init(&body, SESSION_BODY_MAX);
	put_body(&body, p);
	if (body.err)
		out->err = body.err;
	raw = body.len;
	len = compressBound(body.len);
	sum = crc32(0, (const Bytef *)body.data, body.len);
	buf_str(out, MAGIC);
	buf_add(out, &version, sizeof(version));
	buf_add(out, &sum, sizeof(sum));
	buf_add(out, &raw, sizeof(raw));
	room = buf_reserve(out, len);
	if (room && compress2((Bytef *)room, &len, (const Bytef *)body.data, body.len, 6) == Z_OK)
		out->len += len;
	else if (!out->err)
		out->err = -ENOMEM;
	buf_done(&body);
}

/* Every element takes a byte a word at least: a count is never believed beyond that. */
static int get_array(struct varint_reader *r, struct profile *p, const struct array *a)
{
	__u64 n = varint_get_max(r, UINT32_MAX - 1), i;
	char **pointer = (char **)((char *)p + a->pointer), *array;

	if (r->err || n > (size_t)(r->end - r->at) / strlen(a->words))
		return -EBADMSG;
	array = calloc(n ? n : 1, a->size);
	if (!array)
		return -ENOMEM;
	free(*pointer);
	*pointer = array;
	*(__u32 *)((char *)p + a->count) = n;
	for (i = 0; i < n; i++)
		get_words(r, array + i * a->size, a->words);
	return r->err ? -EBADMSG : 0;
}

static int get_text(struct varint_reader *r, struct profile *p)
{
	__u64 n = varint_get_max(r, UINT32_MAX);
	char *text;

	if (r->err || !n || n > (size_t)(r->end - r->at))
		return -EBADMSG;
	text = malloc(n);
	if (!text)
		return -ENOMEM;
	varint_get_bytes(r, text, n);
	free(p->text);
	p->text = text;
	p->ntext = n;
	return text[n - 1] ? -EBADMSG : 0;
}

static bool strings_hold(const struct profile *p)
{
	__u32 i;

	for (i = 0; i < p->nstrings; i++)
		if (p->strings[i] >= p->ntext)
			return false;
	return p->nstrings && !p->text[p->strings[0]] && p->about.target < p->nstrings &&
	       p->about.command < p->nstrings && p->about.host < p->nstrings &&
	       p->about.kernel < p->nstrings && p->about.version < p->nstrings;
}

static bool stacks_hold(const struct profile *p)
{
	__u32 i;

	for (i = 0; i < p->nmodules; i++)
		if (p->modules[i].path >= p->nstrings || p->modules[i].build_id >= p->nstrings)
			return false;
	for (i = 0; i < p->nlines; i++)
		if (p->lines[i].function >= p->nstrings || p->lines[i].file >= p->nstrings)
			return false;
	for (i = 0; i < p->nframes; i++)
		if (p->frames[i].module >= p->nmodules ||
		    (__u64)p->frames[i].line + p->frames[i].nlines > p->nlines)
			return false;
	for (i = 0; i < p->nnodes; i++)
		if (p->nodes[i].frame >= p->nframes || (i && p->nodes[i].parent >= i))
			return false;
	return p->nnodes && p->nframes && p->nmodules && !p->nodes[0].parent;
}

static bool threads_hold(const struct profile *p)
{
	__u32 i;

	for (i = 0; i < p->nprocesses; i++)
		if (p->processes[i].comm >= p->nstrings || p->processes[i].cgroup >= p->nstrings)
			return false;
	for (i = 0; i < p->nthreads; i++)
		if (p->threads[i].process >= p->nprocesses || p->threads[i].comm >= p->nstrings)
			return false;
	for (i = 0; i < p->nparties; i++)
		if (p->parties[i].comm >= p->nstrings || p->parties[i].cgroup >= p->nstrings)
			return false;
	return true;
}

static bool samples_hold(const struct profile *p)
{
	__u32 i;

	for (i = 0; i < p->nsamples; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->view >= PROFILE_VIEWS || s->thread >= p->nthreads || s->node >= p->nnodes)
			return false;
		if (s->view == PROFILE_OFF_CPU && s->tag >= VIGIE_WAITS)
			return false;
		if ((s->view == PROFILE_RUN_QUEUE || s->view == PROFILE_WAKERS) &&
		    s->tag >= p->nparties)
			return false;
	}
	return true;
}

static bool chain_holds(const struct profile *p, const struct profile_chain *c)
{
	__u32 i;

	if (c->thread >= p->nthreads || !c->n || c->n > VIGIE_HOPS)
		return false;
	for (i = 0; i < c->n; i++)
		if (c->party[i] >= p->nparties || c->wait_reason[i] >= VIGIE_WAITS)
			return false;
	return true;
}

static bool rest_holds(const struct profile *p)
{
	__u32 i;

	for (i = 0; i < p->ncgroups; i++)
		if (p->cgroups[i].path >= p->nstrings || p->cgroups[i].unit >= p->nstrings)
			return false;
	for (i = 0; i < p->nchains; i++)
		if (!chain_holds(p, &p->chains[i]))
			return false;
	return p->beside.has_steal <= 1;
}

static int get_body(const void *data, size_t len, struct profile *p)
{
	struct varint_reader r;
	size_t i;
	int err;

	varint_reader_init(&r, data, len);
	get_words(&r, &p->about, about_words);
	get_words(&r, &p->quality, quality_words);
	get_words(&r, &p->beside, beside_words);
	err = get_text(&r, p);
	for (i = 0; i < ARRAYS && !err; i++)
		err = get_array(&r, p, &arrays[i]);
	if (err)
		return err;
	if (r.at != r.end || !strings_hold(p) || !stacks_hold(p) || !threads_hold(p) ||
	    !samples_hold(p) || !rest_holds(p))
		return -EBADMSG;
	return profile__adopt(p);
}

/* The length is the header's word: what does not come to it is damaged. */
static int inflate_body(const char *data, size_t len, __u64 raw, __u32 sum, char **ret)
{
	uLongf got = raw, used = len;
	char *body = malloc(raw ? raw : 1);

	if (!body)
		return -ENOMEM;
	if (uncompress2((Bytef *)body, &got, (const Bytef *)data, &used) != Z_OK || got != raw ||
	    used != len || crc32(0, (const Bytef *)body, raw) != sum) {
		free(body);
		return -EBADMSG;
	}
	*ret = body;
	return 0;
}

int session_file_decode(const void *data, size_t len, struct profile **ret, const char **ret_why)
{
	const char *at = data;
	__u32 version, sum;
	struct profile *p;
	char *body = NULL;
	__u64 raw;
	int err;

	*ret_why = "it does not begin like a session file of vigie";
	if (len < HEAD || memcmp(at, MAGIC, 8))
		return -EPROTO;
	memcpy(&version, at + 8, sizeof(version));
	memcpy(&sum, at + 12, sizeof(sum));
	memcpy(&raw, at + 16, sizeof(raw));
	*ret_why = "another version of vigie wrote it";
	if (version != VERSION)
		return -EPROTONOSUPPORT;
	*ret_why = "it is damaged, or cut short";
	if (raw > SESSION_BODY_MAX || len > SESSION_FILE_MAX)
		return -EBADMSG;
	err = inflate_body(at + HEAD, len - HEAD, raw, sum, &body);
	p = err ? NULL : profile__new(SESSION_BODY_MAX);
	if (!err && !p)
		err = -ENOMEM;
	if (!err)
		err = get_body(body, raw, p);
	free(body);
	if (err == -ENOMEM)
		*ret_why = "not enough memory";
	if (err)
		profile__free(p);
	else
		*ret = p;
	return err;
}
