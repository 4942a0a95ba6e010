// SPDX-License-Identifier: GPL-2.0-only
/*
 * negotiate.c - RFC 9110 sections 5.6 and 12.5, as far as content types and gzip need them.
 *
 * Owns: parsing and choosing. A malformed list element is ignored alone, its neighbours
 * still count. Does not belong here: sockets, libmicrohttpd, allocation.
 */
#include "http/negotiate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { Q_ONE = 1000, VALUE_MAX = 24 };

/* One list element: "type/subtype;version=1.0.0;q=0.5" or "gzip;q=0.5". */
struct element {
	const char *name;
	size_t name_len;
	int q;
	bool has_q, has_version, has_charset, has_escaping;
	char version[VALUE_MAX];
	char charset[VALUE_MAX];
	char escaping[VALUE_MAX];
};

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_token(const char *p)
{
	while (is_token_char(*p))
		p++;
	return p;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Past the comma that ends this element; commas inside quotes do not. */
static const char *skip_element(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return *p ? p + 1 : p;
}

/* A value that does not fit cannot be one we know: it becomes empty, which matches none. */
static void value_put(char *dst, size_t *len, char c)
{
	if (*len < VALUE_MAX)
		dst[(*len)++] = c;
}

static void value_end(char *dst, size_t len)
{
	dst[len < VALUE_MAX ? len : 0] = '\0';
}

/* The character after a token or quoted string, or NULL where there is neither. */
static const char *parse_value(const char *p, char dst[VALUE_MAX])
{
	size_t len = 0;

	if (*p != '"') {
		const char *end = skip_token(p);

		if (end == p)
			return NULL;
		for (; p < end; p++)
			value_put(dst, &len, *p);
		value_end(dst, len);
		return end;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && !*++p)
			return NULL;
		value_put(dst, &len, *p);
	}
	value_end(dst, len);
	return *p ? p + 1 : NULL;
}

/* "0", "0.", "0.123", "1", "1.000": thousandths, or -1 for anything else. */
static int parse_q(const char *s)
{
	int q, unit = Q_ONE / 10;

	if (*s != '0' && *s != '1')
		return -1;
	q = (*s++ - '0') * Q_ONE;
	if (!*s)
		return q;
	if (*s++ != '.')
		return -1;
	for (; *s >= '0' && *s <= '9' && unit; s++, unit /= 10)
		q += (*s - '0') * unit;
	return *s || q > Q_ONE ? -1 : q;
}

static bool name_is(const char *name, size_t len, const char *want)
{
	return len == strlen(want) && strncasecmp(name, want, len) == 0;
}

/* False if a parameter that we know is repeated or worthless. */
static bool element_set(struct element *e, const char *name, size_t len, const char *value)
{
	bool *has = NULL;
	char *dst = NULL;

	if (name_is(name, len, "q")) {
		bool again = e->has_q;

		e->has_q = true;
		e->q = parse_q(value);
		return !again && e->q >= 0;
	}
	if (name_is(name, len, "version"))
		has = &e->has_version, dst = e->version;
	else if (name_is(name, len, "charset"))
		has = &e->has_charset, dst = e->charset;
	else if (name_is(name, len, "escaping"))
		has = &e->has_escaping, dst = e->escaping;
	else
		return true;
	if (*has)
		return false;
	*has = true;
	memcpy(dst, value, VALUE_MAX);
	return true;
}

/* At the ';' of the next parameter; the first character that is no parameter, or NULL. */
static const char *parse_parameters(const char *p, struct element *e)
{
	for (;;) {
		char value[VALUE_MAX] = "";
		const char *name, *end;

		p = skip_blanks(p);
		if (*p != ';')
			return p;
		p = skip_blanks(p + 1);
		name = p;
		end = skip_token(p);
		if (end == name)
			continue; /* ";;" is allowed */
		if (*end != '=')
			return NULL;
		p = parse_value(end + 1, value);
		if (!p || !element_set(e, name, (size_t)(end - name), value))
			return NULL;
	}
}

/*
 * Takes the next element off *line; false at the end of the list. A malformed one comes
 * back with an empty name.
 */
static bool next_element(const char **line, struct element *e)
{
	const char *p = *line + strspn(*line, " \t,");
	const char *end = p;

	if (!*p)
		return false;
	*e = (struct element){ .name = p, .q = Q_ONE };
	*line = skip_element(p);
	end = skip_token(p);
	if (end > p && *end == '/')
		end = skip_token(end + 1);
	e->name_len = (size_t)(end - p);
	end = parse_parameters(end, e);
	if (!end || (*end && *end != ','))
		e->name_len = 0;
	return true;
}

static enum escaping escaping_of(const struct element *e)
{
	if (!e->has_escaping)
		return ESCAPING_NONE;
	if (!strcasecmp(e->escaping, "allow-utf-8"))
		return ESCAPING_ALLOW_UTF8;
	if (!strcasecmp(e->escaping, "dots"))
		return ESCAPING_DOTS;
	if (!strcasecmp(e->escaping, "values"))
		return ESCAPING_VALUES;
	return ESCAPING_UNDERSCORES;
}

/* Is it the range of all subtypes of this type? */
static bool range_is(const struct element *e, const char *type)
{
	size_t len = strcspn(type, "/") + 1;

	return e->name_len == len + 1 && !strncasecmp(e->name, type, len) && e->name[len] == '*';
}

/* How closely a range names a content: -1 not at all, 0 for all, up to 4 with parameters. */
static int specificity(const struct element *e, const struct http_content *content)
{
	if (!content->type)
		return -1;
	if (e->has_version && (!content->version || strcmp(e->version, content->version)))
		return -1;
	if (e->has_charset && strcasecmp(e->charset, "utf-8"))
		return -1;
	if (name_is(e->name, e->name_len, content->type))
		return 2 + e->has_version + e->has_charset;
	if (range_is(e, content->type))
		return 1;
	return name_is(e->name, e->name_len, "*/*") ? 0 : -1;
}

void negotiation_init(struct negotiation *n, const struct http_content *contents,
		      unsigned int ncontents)
{
	*n = (struct negotiation){
		.contents = contents,
		.ncontents = ncontents,
		.gzip_q = -1,
		.identity_q = -1,
		.any_encoding_q = -1,
	};
	for (unsigned int i = 0; i < ncontents; i++) {
		n->wanted[i].q = -1;
		n->wanted[i].specificity = -1;
	}
}

void negotiation_accept(struct negotiation *n, const char *line)
{
	struct element e;

	while (next_element(&line, &e)) {
		for (unsigned int i = 0; i < n->ncontents; i++) {
			int s = specificity(&e, &n->contents[i]);

			if (s < n->wanted[i].specificity || s < 0)
				continue;
			if (s == n->wanted[i].specificity && e.q <= n->wanted[i].q)
				continue;
			n->wanted[i].q = e.q;
			n->wanted[i].specificity = s;
			n->wanted[i].escaping = escaping_of(&e);
		}
	}
}

/* Of contradicting weights the lower one counts: plain bytes are never wrong. */
static void lower_q(int *q, int value)
{
	if (*q < 0 || value < *q)
		*q = value;
}

void negotiation_accept_encoding(struct negotiation *n, const char *line)
{
	struct element e;

	while (next_element(&line, &e)) {
		if (name_is(e.name, e.name_len, "gzip") || name_is(e.name, e.name_len, "x-gzip"))
			lower_q(&n->gzip_q, e.q);
		else if (name_is(e.name, e.name_len, "identity"))
			lower_q(&n->identity_q, e.q);
		else if (name_is(e.name, e.name_len, "*"))
			lower_q(&n->any_encoding_q, e.q);
	}
}

/*
 * Is content a wanted more than b, which stands behind it in the page's list? Equally wanted and
 * equally well named, a is taken if it was named at all: who takes anything gets the last.
 */
static bool is_wanted_more(const struct negotiation *n, unsigned int a, unsigned int b)
{
	int q = n->wanted[a].q - n->wanted[b].q;
	int named = n->wanted[a].specificity - n->wanted[b].specificity;

	if (n->wanted[a].q <= 0)
		return false;
	if (q || named)
		return q > 0 || (!q && named > 0);
	return n->wanted[a].specificity > 0;
}

struct choice negotiation_choose(const struct negotiation *n, const struct http_page *page)
{
	const int gzip_q = n->gzip_q >= 0 ? n->gzip_q : n->any_encoding_q;
	unsigned int i = page->ncontents - 1, best = page->contents[i];

	while (i--)
		if (is_wanted_more(n, page->contents[i], best))
			best = page->contents[i];
	return (struct choice){
		.content = best,
		.escaping = n->wanted[best].q > 0 ? n->wanted[best].escaping : ESCAPING_NONE,
		.gzip = gzip_q > 0 && gzip_q >= n->identity_q,
	};
}

void choice_content_type(const struct choice *choice, const struct http_content *contents,
			 char dst[CONTENT_TYPE_MAX])
{
	static const char *const escapings[] = {
		[ESCAPING_NONE] = "",
		[ESCAPING_ALLOW_UTF8] = "; escaping=allow-utf-8",
		[ESCAPING_UNDERSCORES] = "; escaping=underscores",
		[ESCAPING_DOTS] = "; escaping=dots",
		[ESCAPING_VALUES] = "; escaping=values",
	};
	const struct http_content *content = &contents[choice->content];

	snprintf(dst, CONTENT_TYPE_MAX, "%s%s%s; charset=utf-8%s", content->type,
		 content->version ? "; version=" : "", content->version ? content->version : "",
		 escapings[choice->escaping]);
}
