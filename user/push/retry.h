/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * retry.h - what an answer means, and when to try again.
 *
 * Owns: which status is a success, which is worth another attempt and which never; Retry-After in
 * both of its forms; the back-off. PURE: times and chance are values. Not here: what waits (queue.h).
 */
#ifndef VIGIE_PUSH_RETRY_H
#define VIGIE_PUSH_RETRY_H

#include <vigie/abi.h>

enum push_verdict {
	PUSH_DONE, /* it has been taken */
	PUSH_RETRY, /* it may be taken later */
	PUSH_POISON, /* it never will: the same bytes get the same answer */
};

#define PUSH_BACKOFF_FIRST_NS 1000000000ULL
#define PUSH_BACKOFF_MAX_NS 60000000000ULL
/* What a server asks for beyond this is taken as this. */
#define PUSH_RETRY_AFTER_MAX_NS (15 * 60000000000ULL)

/* An HTTP status; 0: there was none, the transport failed. */
enum push_verdict push_verdict(unsigned int status);
/* Before the attempt that follows so many failed ones (from 1); chance is any number. */
__u64 push_backoff_ns(unsigned int failed, __u32 chance);
/* Seconds, or an HTTP date against wall_ns. 0 or -EINVAL: it is neither. */
int push_retry_after_ns(const char *value, __u64 wall_ns, __u64 *ret_ns);

#endif
