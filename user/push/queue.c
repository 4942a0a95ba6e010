// SPDX-License-Identifier: GPL-2.0-only
/* queue.c - owns the list. It is short where all is well, so nothing indexes it. */
#include "push/queue.h"

#include <stdlib.h>
#include <string.h>

const char *push_drop_name(enum push_drop why)
{
#define PUSH_DROP_NAME(id, name) name,
	static const char *const names[] = { PUSH_DROP_TABLE(PUSH_DROP_NAME) };

	return names[why];
}

struct push_batch *push_queue_add(struct push_queue *queue, const struct push_batch *batch)
{
	struct push_batch *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *batch;
	copy->next = NULL;
	copy->sending = false;
	if (batch->data) {
		copy->data = malloc(batch->len ? batch->len : 1);
		if (!copy->data) {
			free(copy);
			return NULL;
		}
		memcpy(copy->data, batch->data, batch->len);
		queue->bytes += copy->len;
	}
	if (queue->last)
		queue->last->next = copy;
	else
		queue->first = copy;
	queue->last = copy;
	queue->n++;
	return copy;
}

struct push_batch *push_queue_oldest(struct push_queue *queue, bool spooled)
{
	struct push_batch *batch = queue->first;

	while (batch && (batch->sending || batch->spooled != spooled))
		batch = batch->next;
	return batch;
}

void push_queue_load(struct push_queue *queue, struct push_batch *batch, unsigned char *data)
{
	free(batch->data);
	if (!batch->data)
		queue->bytes += batch->len;
	batch->data = data;
}

void push_queue_unload(struct push_queue *queue, struct push_batch *batch)
{
	if (!batch->data)
		return;
	free(batch->data);
	batch->data = NULL;
	queue->bytes -= batch->len;
}

void push_queue_remove(struct push_queue *queue, struct push_batch *batch)
{
	struct push_batch **at = &queue->first, *before = NULL;

	while (*at != batch) {
		before = *at;
		at = &before->next;
	}
	*at = batch->next;
	if (queue->last == batch)
		queue->last = before;
	queue->n--;
	push_queue_unload(queue, batch);
	free(batch);
}

void push_queue_done(struct push_queue *queue)
{
	while (queue->first)
		push_queue_remove(queue, queue->first);
}
