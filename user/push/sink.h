/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink.h - one destination, whole: its encoder, its delivery, and how its requests look.
 *
 * Owns: what stands in a request of each type, and what is said of a destination in the log: of each
 * kind of trouble once an hour. Not here: the rules of delivery (destination.h), the loop (pusher.h).
 */
#ifndef VIGIE_PUSH_SINK_H
#define VIGIE_PUSH_SINK_H

#include "data/push.h"
#include "push/destination.h"
#include "push/encode.h"
#include "push/transport.h"

typedef void push_say_fn(void *ctx, const char *line);

/* What is said once an hour. */
enum sink_trouble {
	SINK_UNREACHABLE,
	SINK_REJECTED,
	SINK_PARTIAL,
	SINK_FULL,
	SINK_DISK,
	SINK_ENCODER,
	SINK_TROUBLES
};

struct sink {
	const struct push_target *target;
	const struct push_secrets *secrets;
	struct push_encoder *encoder;
	struct destination destination;
	char *connect_url; /* Graphite: for libcurl */
	push_say_fn *say;
	void *ctx;
	__u64 said_ns[SINK_TROUBLES]; /* 0: not yet */
	__u64 dropped_seen; /* of destination.dropped, all that were looked at */
	__u64 spool_errors_seen;
	bool unreachable; /* and that was said */
};

struct sink_config {
	const struct push_target *target;
	const struct push_secrets *secrets;
	struct push_identity identity;
	int spool_root; /* -1: none */
	push_say_fn *say;
	void *ctx;
};

/* 0 or -errno, which was said; it can be done either way. A spool that cannot be used is only said. */
int sink_init(struct sink *sink, const struct sink_config *config, __u64 now_ns);
void sink_done(struct sink *sink);

/* Encodes and queues. */
void sink_take_page(struct sink *sink, const struct page *page, __u64 time_ns, __u64 start_ns,
		    __u64 now_ns);
void sink_take_events(struct sink *sink, const char *lines, size_t len, __u64 now_ns,
		      __u64 wall_ns);
/* Begins what is due, in that slot. When to come again: UINT64_MAX: not by itself. */
__u64 sink_pump(struct sink *sink, struct transport *transport, unsigned int slot, __u64 now_ns,
		__u64 wall_ns);
void sink_answered(struct sink *sink, const struct transport_answer *answer, __u64 now_ns,
		   __u64 wall_ns);

#endif
