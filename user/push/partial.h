/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * partial.h - what an OTLP server says that it did not take of a request that it took.
 *
 * Owns: the reading of ExportMetricsServiceResponse and ExportLogsServiceResponse, which are alike.
 * The bytes are a stranger's. PURE.
 */
#ifndef VIGIE_PUSH_PARTIAL_H
#define VIGIE_PUSH_PARTIAL_H

#include <stddef.h>
#include <vigie/abi.h>

enum { PARTIAL_MESSAGE_LEN = 200 };

struct partial_success {
	__u64 rejected; /* data points, or log records */
	char message[PARTIAL_MESSAGE_LEN]; /* printable; "": none */
};

/* 0; -EBADMSG: it is no such answer, and nothing is known to be rejected. */
int partial_success_parse(const void *data, size_t len, struct partial_success *ret);

#endif
