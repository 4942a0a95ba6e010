// SPDX-License-Identifier: GPL-2.0-only
/* container.c - owns which characters the names of containers may have, and their copies. */
#include "data/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Beside letters, digits and "-_.", and how long; the first character is a letter or digit. */
static const struct {
	const char *also;
	size_t max;
} forms[CONTAINER_TEXTS] = {
	[CONTAINER_NAME] = { "", 128 }, /* of Docker and podman, which wants [a-zA-Z0-9][a-zA-Z0-9_.-]* */
	[CONTAINER_POD] = { "", 253 }, /* of Kubernetes: a DNS name */
	[CONTAINER_NAMESPACE] = { "", 63 }, [CONTAINER_IMAGE] = { "/:@+", CONTAINER_TEXT_SIZE - 1 },
	[CONTAINER_OWNER] = { "$", 32 }, /* useradd(8) */
};

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool container_text_is_valid(enum container_text which, const char *text, size_t len)
{
	size_t i;

	if (!len)
		return true;
	if (len > forms[which].max || !(is_plain(text[0]) || text[0] == '_'))
		return false;
	for (i = 1; i < len; i++)
		if (!text[i] || (!is_plain(text[i]) && !strchr("-_.", text[i]) &&
				 !strchr(forms[which].also, text[i])))
			return false;
	return true;
}

bool container_packed_is_valid(const struct container_packed *packed)
{
	size_t len;
	int i;

	for (i = 0; i < CONTAINER_TEXTS; i++) {
		len = strnlen(packed->text[i], CONTAINER_TEXT_SIZE);
		if (len == CONTAINER_TEXT_SIZE || !container_text_is_valid(i, packed->text[i], len))
			return false;
	}
	if (packed->text[CONTAINER_POD][0])
		return packed->text[CONTAINER_NAMESPACE][0];
	return packed->text[CONTAINER_NAME][0];
}

struct container *container_copy(const struct container *from)
{
	size_t len[CONTAINER_TEXTS], sum = 0;
	struct container *copy;
	char *at;
	int i;

	for (i = 0; i < CONTAINER_TEXTS; i++)
		sum += len[i] = strlen(from->text[i]) + 1;
	copy = malloc(sizeof(*copy) + sum);
	if (!copy)
		return NULL;
	at = (char *)(copy + 1);
	for (i = 0; i < CONTAINER_TEXTS; at += len[i++])
		copy->text[i] = memcpy(at, from->text[i], len[i]);
	return copy;
}

struct container *container_unpack(const struct container_packed *from)
{
	struct container view;
	int i;

	for (i = 0; i < CONTAINER_TEXTS; i++)
		view.text[i] = from->text[i];
	return container_copy(&view);
}

__u64 container_hash(const struct container *container, __u64 seed)
{
	int i;

	for (i = 0; container && i < CONTAINER_TEXTS; i++)
		seed = hash_bytes(container->text[i], strlen(container->text[i]) + 1, seed + 1);
	return seed;
}
