// SPDX-License-Identifier: GPL-2.0-only
/*
 * page.c - owns the reading of a page: a cursor over its lines, and what must hold between them.
 *
 * Stricter than the standard where vigie writes less than that allows: no timestamps, no exemplars,
 * a histogram's samples in one order. So whoever encodes a page need not ask again whether a family
 * has the samples that its type promises.
 */
#include "push/page.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

struct reader {
	struct page *page;
	char *at; /* in the line */
	char *end; /* of the line: where a NUL stands in place of the newline */
	struct hash names; /* of families, by place */
	/* The histogram series that has begun and is not complete. */
	const struct page_sample
		*first; /* NULL: none; in samples, whose room grows: see add_sample() */
	enum page_part last;
	__u64 count; /* of the bucket before */
	double bound;
};

/* --- The text as a whole. */

static size_t utf8_len(const unsigned char *s, size_t left)
{
	static const __u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0xc0 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 0, i;
	__u32 c;

	if (!n || n > left)
		return 0;
	c = *s & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

/* Well-formed UTF-8 without control characters; else the line of the first byte that is not. */
static bool check_text(const char *text, size_t len, size_t *ret_line)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i = 0, n, line = 1;

	while (i < len) {
		if (s[i] == '\n')
			line++;
		n = s[i] >= 0x80   ? utf8_len(s + i, len - i)
		    : s[i] == '\n' ? 1
				   : s[i] >= 0x20 && s[i] != 0x7f;
		if (!n) {
			*ret_line = line;
			return false;
		}
		i += n;
	}
	return true;
}

/* --- Tokens. Each ends in a NUL in the text, in place of what follows it. */

static bool name_char(char c, bool first, bool colon)
{
	return isalpha((unsigned char)c) || c == '_' || (colon && c == ':') ||
	       (!first && isdigit((unsigned char)c));
}

/* A name and the byte that follows it, which is overwritten. NULL: no name, or at the line's end. */
static char *take_name(struct reader *r, bool colon, char *ret_follows)
{
	char *begin = r->at;

	while (name_char(*r->at, r->at == begin, colon))
		r->at++;
	if (r->at == begin || r->at == r->end)
		return NULL;
	*ret_follows = *r->at;
	*r->at++ = '\0';
	return begin;
}

/* A label's value, at its first quote; the quoting is undone in place. */
static char *take_quoted(struct reader *r)
{
	char *begin, *to;

	if (*r->at++ != '"')
		return NULL;
	for (begin = to = r->at; *r->at != '"'; r->at++) {
		if (*r->at == '\\') {
			r->at++;
			if (*r->at != '\\' && *r->at != '"' && *r->at != 'n')
				return NULL;
			*to++ = *r->at == 'n' ? '\n' : *r->at;
		} else if (*r->at) {
			*to++ = *r->at;
		} else {
			return NULL; /* the line's end */
		}
	}
	r->at++;
	*to = '\0';
	return begin;
}

static const char *skip_digits(const char *s, const char **ret_end)
{
	*ret_end = s;
	while (isdigit((unsigned char)**ret_end))
		++*ret_end;
	return *ret_end == s ? NULL : *ret_end;
}

/* [-]digits[.digits][e[+-]digits] and nothing else. */
static bool is_decimal(const char *s)
{
	s += *s == '-';
	if (!skip_digits(s, &s))
		return false;
	if (*s == '.' && !skip_digits(s + 1, &s))
		return false;
	if (*s == 'e') {
		s++;
		s += *s == '+' || *s == '-';
		if (!skip_digits(s, &s))
			return false;
	}
	return !*s;
}

double page_number(const char *decimal)
{
	double v = 0;

	sscanf(decimal, "%lf", &v); /* of a decimal: all of it, rounded to the nearest */
	return v;
}

/* What is too large to be told from infinity is none. */
static bool is_finite(const char *s)
{
	return is_decimal(s) && ((strlen(s) < 300 && !strchr(s, 'e')) || isfinite(page_number(s)));
}

static bool is_count(const char *s, __u64 *ret)
{
	const char *end;
	__u64 v = 0;

	if (!skip_digits(s, &end) || *end)
		return false;
	for (; *s; s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (__u64)(*s - '0'), &v))
			return false;
	*ret = v;
	return true;
}

/* --- Metadata. */

static int find_type(const char *word, enum page_type *ret)
{
	static const char *const names[] = { "counter", "gauge", "histogram", "info", "unknown" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i])) {
			*ret = i;
			return 0;
		}
	return -EBADMSG;
}

/* A family's samples follow each other: a second TYPE of its name would tear them apart. */
static int add_family(struct reader *r, const char *name, const char *word)
{
	__u32 sum = hash_bytes(name, strlen(name), 0), at, i;
	struct page *page = r->page;
	enum page_type type;
	int err = find_type(word, &type);

	if (err)
		return err;
	for (i = hash_first(&r->names, sum, &at); i != HASH_NONE;
	     i = hash_next(&r->names, sum, &at))
		if (!strcmp(page->families[i].name, name))
			return -EBADMSG;
	err = hash_reserve(&r->names, page->nfamilies + 1);
	if (!err)
		err = array_grow(&page->families, &page->families_room, page->nfamilies + 1,
				 sizeof(*page->families), PAGE_SAMPLES_MAX);
	if (err)
		return err == -ENOSPC ? -E2BIG : err;
	page->families[page->nfamilies] = (struct page_family){
		.name = name, .unit = "", .help = "", .type = type, .sample = page->nsamples
	};
	hash_add(&r->names, sum, page->nfamilies++);
	return 0;
}

static bool ends_in(const char *name, const char *unit)
{
	size_t n = strlen(name), u = strlen(unit);

	return u && n > u && name[n - u - 1] == '_' && !strcmp(name + n - u, unit);
}

/* \\ and \n, and \" as well: the standard's ABNF has it, its prose not. */
static char *unescape_help(char *text)
{
	char *from, *to = text;

	for (from = text; *from; from++) {
		if (*from == '\\') {
			from++;
			if (*from != '\\' && *from != 'n' && *from != '"')
				return NULL;
			*to++ = *from == 'n' ? '\n' : *from;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return text;
}

static int take_metadata(struct reader *r)
{
	struct page_family *family = r->page->nfamilies ? &r->page->families[r->page->nfamilies - 1]
							: NULL;
	char *keyword, *name, follows;

	if (r->first)
		return -EBADMSG;
	r->at += strlen("# ");
	keyword = take_name(r, false, &follows);
	if (!keyword || follows != ' ')
		return -EBADMSG;
	name = take_name(r, true, &follows);
	if (!name || follows != ' ')
		return -EBADMSG;
	if (!strcmp(keyword, "TYPE"))
		return add_family(r, name, r->at);
	/* Of the family that has begun, before its samples, once. */
	if (!family || strcmp(name, family->name) || family->nsamples)
		return -EBADMSG;
	if (!strcmp(keyword, "UNIT") && !*family->unit && ends_in(name, r->at)) {
		family->unit = r->at;
		return 0;
	}
	if (strcmp(keyword, "HELP") || *family->help)
		return -EBADMSG;
	family->help = unescape_help(r->at);
	return family->help ? 0 : -EBADMSG;
}

/* --- Samples. */

static int find_part(const struct page_family *family, const char *name, enum page_part *ret)
{
	static const char *const parts[] = {
		[PAGE_BUCKET] = "_bucket", [PAGE_COUNT] = "_count", [PAGE_SUM] = "_sum"
	};
	size_t len = strlen(family->name);
	enum page_part i;

	if (strncmp(name, family->name, len))
		return -EBADMSG;
	name += len;
	*ret = PAGE_VALUE;
	if (family->type == PAGE_HISTOGRAM) {
		for (i = PAGE_BUCKET; i <= PAGE_SUM; i++)
			if (!strcmp(name, parts[i])) {
				*ret = i;
				return 0;
			}
		return -EBADMSG;
	}
	if (family->type == PAGE_COUNTER)
		return strcmp(name, "_total") ? -EBADMSG : 0;
	if (family->type == PAGE_INFO)
		return strcmp(name, "_info") ? -EBADMSG : 0;
	return *name ? -EBADMSG : 0;
}

static int add_label(struct reader *r, struct page_sample *sample, const char *name,
		     const char *value)
{
	struct page *page = r->page;
	__u32 i;
	int err;

	for (i = 0; i < sample->nlabels; i++)
		if (!strcmp(page->labels[sample->label + i].name, name))
			return -EBADMSG;
	err = array_grow(&page->labels, &page->labels_room, page->nlabels + 1,
			 sizeof(*page->labels), UINT32_MAX);
	if (err)
		return err == -ENOSPC ? -E2BIG : err;
	page->labels[page->nlabels++] = (struct page_label){ name, value };
	sample->nlabels++;
	return 0;
}

/* Behind "{", up to the blank before the value. */
static int take_labels(struct reader *r, struct page_sample *sample)
{
	enum { LABELS_MAX = 64 }; /* each is compared with those before */
	const char *name, *value;
	char follows;
	int err;

	for (;;) {
		name = take_name(r, false, &follows);
		if (!name || follows != '=' || sample->nlabels == LABELS_MAX)
			return -EBADMSG;
		value = take_quoted(r);
		if (!value)
			return -EBADMSG;
		err = add_label(r, sample, name, value);
		if (err)
			return err;
		if (*r->at != ',')
			break;
		r->at++;
	}
	if (r->at[0] != '}' || r->at[1] != ' ')
		return -EBADMSG;
	r->at += 2;
	return 0;
}

/* --- Histograms: buckets with rising bounds up to +Inf, then the count, then the sum. */

static const struct page_label *labels_of(const struct reader *r, const struct page_sample *sample)
{
	return r->page->labels + sample->label;
}

/* The same series: the same labels in the same order, le left out. */
static bool same_series(const struct reader *r, const struct page_sample *bucket,
			const struct page_sample *other)
{
	const struct page_label *a = labels_of(r, bucket), *b = labels_of(r, other);
	__u32 n = other->nlabels - (other->part == PAGE_BUCKET), i;

	if (bucket->nlabels - 1 != n)
		return false;
	for (i = 0; i < n; i++)
		if (strcmp(a[i].name, b[i].name) || strcmp(a[i].value, b[i].value))
			return false;
	return true;
}

static int take_bucket(struct reader *r, const struct page_sample *bucket)
{
	const struct page_label *le = labels_of(r, bucket) + bucket->nlabels - 1;
	bool inf;
	__u64 n;

	if (!bucket->nlabels || strcmp(le->name, "le") || !is_count(bucket->value, &n))
		return -EBADMSG;
	inf = !strcmp(le->value, "+Inf");
	if (!inf && !is_finite(le->value))
		return -EBADMSG;
	if (r->first && (r->last != PAGE_BUCKET || n < r->count || r->bound == HUGE_VAL ||
			 (!inf && page_number(le->value) <= r->bound)))
		return -EBADMSG;
	if (!r->first)
		r->first = bucket;
	r->bound = inf ? HUGE_VAL : page_number(le->value);
	r->count = n;
	return 0;
}

static int check_histogram(struct reader *r, const struct page_sample *sample)
{
	__u64 n;

	if (r->first && !same_series(r, r->first, sample))
		return -EBADMSG;
	if (sample->part == PAGE_BUCKET) {
		int err = take_bucket(r, sample);

		r->last = PAGE_BUCKET;
		return err;
	}
	if (!r->first)
		return -EBADMSG;
	if (sample->part == PAGE_COUNT) {
		if (r->last != PAGE_BUCKET || r->bound != HUGE_VAL ||
		    !is_count(sample->value, &n) || n != r->count)
			return -EBADMSG;
		r->last = PAGE_COUNT;
		return 0;
	}
	if (r->last != PAGE_COUNT || *sample->value == '-')
		return -EBADMSG;
	r->first = NULL;
	return 0;
}

/* le belongs to buckets, whose last label it is. */
static int check_sample(struct reader *r, const struct page_family *family,
			const struct page_sample *sample)
{
	const struct page_label *labels = labels_of(r, sample);
	__u32 n = sample->nlabels - (sample->part == PAGE_BUCKET && sample->nlabels), i;

	if (!is_finite(sample->value))
		return -EBADMSG;
	if (family->type == PAGE_COUNTER && *sample->value == '-')
		return -EBADMSG;
	if (family->type == PAGE_INFO && strcmp(sample->value, "1"))
		return -EBADMSG;
	for (i = 0; i < n; i++)
		if (family->type == PAGE_HISTOGRAM && !strcmp(labels[i].name, "le"))
			return -EBADMSG;
	return family->type == PAGE_HISTOGRAM ? check_histogram(r, sample) : 0;
}

static int add_sample(struct reader *r, struct page_sample **ret)
{
	struct page *page = r->page;
	size_t first = r->first ? (size_t)(r->first - page->samples) : 0;
	int err = array_grow(&page->samples, &page->samples_room, page->nsamples + 1,
			     sizeof(*page->samples), PAGE_SAMPLES_MAX);

	if (err)
		return err == -ENOSPC ? -E2BIG : err;
	if (r->first)
		r->first = page->samples + first;
	*ret = &page->samples[page->nsamples];
	**ret = (struct page_sample){ .family = page->nfamilies - 1, .label = page->nlabels };
	return 0;
}

static int take_sample(struct reader *r)
{
	struct page *page = r->page;
	struct page_family *family;
	struct page_sample *sample;
	char *name, follows;
	int err;

	if (!page->nfamilies)
		return -EBADMSG;
	family = &page->families[page->nfamilies - 1];
	name = take_name(r, true, &follows);
	if (!name || (follows != '{' && follows != ' '))
		return -EBADMSG;
	err = add_sample(r, &sample);
	if (!err)
		err = find_part(family, name, &sample->part);
	if (!err && follows == '{')
		err = take_labels(r, sample);
	if (err)
		return err;
	sample->value = r->at;
	err = check_sample(r, family, sample);
	if (err)
		return err;
	page->nsamples++;
	family->nsamples++;
	return 0;
}

/* --- Lines. */

static const char end_mark[] = "# EOF";

static int take_line(struct reader *r)
{
	return !strncmp(r->at, "# ", 2) ? take_metadata(r) : take_sample(r);
}

/* The last line is the mark of the end: a page that was cut is not taken for a whole one. */
static int take_lines(struct reader *r, char *text, size_t len, size_t *line)
{
	char *stop = text + len;
	int err;

	for (*line = 1; text < stop; ++*line) {
		r->at = text;
		r->end = memchr(text, '\n', stop - text);
		if (!r->end)
			return -EBADMSG;
		*r->end = '\0';
		text = r->end + 1;
		if (!strcmp(r->at, end_mark)) {
			if (r->first)
				return -EBADMSG;
			*line += text < stop; /* the line behind it is the bad one */
			return text == stop ? 0 : -EBADMSG;
		}
		err = take_line(r);
		if (err)
			return err;
	}
	return -EBADMSG;
}

int page_parse(struct page *page, char *text, size_t len, size_t *ret_line)
{
	struct reader r = { .page = page };
	size_t line;
	int err;

	page->nfamilies = page->nsamples = page->nlabels = 0;
	if (!check_text(text, len, ret_line))
		return -EBADMSG;
	hash_init(&r.names);
	err = take_lines(&r, text, len, &line);
	hash_done(&r.names);
	if (err) {
		page->nfamilies = page->nsamples = page->nlabels = 0;
		*ret_line = line;
	}
	return err;
}

void page_done(struct page *page)
{
	free(page->families);
	free(page->samples);
	free(page->labels);
	*page = (struct page){ 0 };
}
