// SPDX-License-Identifier: GPL-2.0-only
/* unit_form.c - owns matching and spelling. Bounded: a form has few tokens, a token few bytes. */
#include "model/unit_form.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum { ID_LEN = 64, ID_SHORT = 12, UID_LEN = 36, UID_HASH_LEN = 32, TASK_LEN = 32 };

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool part_is_hex(struct part part, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < part.len; i++)
		if (!is_hex_digit(part.s[i]))
			return false;
	return i == n;
}

static bool is_id(struct part part)
{
	return part.len == ID_LEN && part_is_hex(part, ID_LEN);
}

static bool is_number(struct part part)
{
	size_t i;

	for (i = 0; i < part.len; i++)
		if (part.s[i] < '0' || part.s[i] > '9')
			return false;
	return part.len > 0;
}

static bool is_task(struct part part)
{
	struct part number = { .s = part.s + TASK_LEN + 1, .len = part.len - TASK_LEN - 1 };

	return part.len > TASK_LEN + 1 && part.len < ID_LEN && part_is_hex(part, TASK_LEN) &&
	       part.s[TASK_LEN] == '-' && is_number(number);
}

static bool is_uid(struct part part)
{
	size_t i;

	if (part.len == UID_HASH_LEN)
		return part_is_hex(part, UID_HASH_LEN);
	if (part.len != UID_LEN)
		return false;
	for (i = 0; i < UID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? part.s[i] != '-' && part.s[i] != '_' : !is_hex_digit(part.s[i]))
			return false;
	}
	return true;
}

static bool is_component(struct part part)
{
	return part.len > 0; /* "/" ends it before */
}

static const struct token {
	const char *text;
	size_t least, most;
	bool (*is)(struct part part);
	enum form_token kept; /* FORM_TOKENS: not kept */
} tokens[] = {
	{ "<id>", ID_LEN, ID_LEN, is_id, FORM_ID },
	{ "<task>", TASK_LEN + 2, ID_LEN - 1, is_task, FORM_ID },
	{ "<uid>", UID_HASH_LEN, UID_LEN, is_uid, FORM_UID },
	{ "<n>", 1, 20, is_number, FORM_N },
	{ "<name>", 1, SIZE_MAX, is_component, FORM_NAME },
	{ "<any>", 1, SIZE_MAX, is_component, FORM_TOKENS },
	{ "<leaf>", 0, 0, NULL, FORM_LEAF }, /* of formats */
};

static const struct token *token_at(const char *form)
{
	size_t i;

	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (!strncmp(form, tokens[i].text, strlen(tokens[i].text)))
			return &tokens[i];
	return NULL;
}

static struct part part_after(struct part part, size_t n)
{
	return (struct part){ .s = part.s + n, .len = part.len - n };
}

/* Recursion is as deep as the form has tokens and brackets. */
static bool form_match(const char *form, struct part text, struct form_parts *ret);

static bool form_match_token(const struct token *token, const char *form, struct part text,
			     struct form_parts *ret)
{
	const char *slash = memchr(text.s, '/', text.len);
	size_t most = slash ? (size_t)(slash - text.s) : text.len, len = token->least;
	bool literal = *form && !strchr("<[]", *form);

	if (most > token->most)
		most = token->most;
	if (!*form && text.len > len) /* it has to be all that is left */
		len = text.len;
	for (; len <= most; len++) {
		struct part part = { .s = text.s, .len = len };

		if (literal && (len == text.len || text.s[len] != *form))
			continue;
		if (!token->is(part) || !form_match(form, part_after(text, len), ret))
			continue;
		if (token->kept < FORM_TOKENS)
			ret->of[token->kept] = part;
		return true;
	}
	return false;
}

static bool form_match(const char *form, struct part text, struct form_parts *ret)
{
	const struct token *token;

	for (;; form++) {
		if (*form == ']')
			continue;
		if (*form == '[')
			return form_match(form + 1, text, ret) ||
			       form_match(strchr(form, ']') + 1, text, ret);
		token = *form == '<' ? token_at(form) : NULL;
		if (token)
			return form_match_token(token, form + strlen(token->text), text, ret);
		if (!*form || !text.len || *text.s != *form)
			return !*form && !text.len;
		text = part_after(text, 1);
	}
}

bool form_matches(const char *form, struct part text, struct form_parts *ret)
{
	struct form_parts parts = { 0 };
	const char *slash;

	if (!text.len || !form_match(form, text, &parts))
		return false;
	slash = memrchr(text.s, '/', text.len);
	parts.of[FORM_LEAF] = slash ? part_after(text, (size_t)(slash - text.s) + 1) : text;
	*ret = parts;
	return true;
}

void form_spell(char *dst, size_t dst_size, const char *format, const struct form_parts *parts)
{
	size_t len = 0, mark = sizeof("~01234567"), fits;
	uint64_t sum = 0;
	struct part part;

	for (; *format; len += part.len) {
		const struct token *token = *format == '<' ? token_at(format) : NULL;

		part = token ? parts->of[token->kept] : (struct part){ .s = format, .len = 1 };
		format += token ? strlen(token->text) : 1;
		if (token && token->kept == FORM_ID && part.len == ID_LEN)
			part.len = ID_SHORT;
		sum = hash_bytes(part.s, part.len, sum);
		fits = len < dst_size ? dst_size - len : 0;
		if (fits > part.len)
			fits = part.len;
		memcpy(dst + (fits ? len : 0), part.s, fits);
	}
	if (len < dst_size)
		dst[len] = '\0';
	else
		snprintf(dst + dst_size - mark, mark, "~%08x", (unsigned int)sum);
}
