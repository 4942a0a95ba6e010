/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push.h - what is to be sent where: the section `push` of vigie.yml as values.
 *
 * Owns: the types and the bounds. Not here: reading the section (config/push_config.h), what files
 * of credentials hold (app/push_secrets.h), sending (push/).
 */
#ifndef VIGIE_DATA_PUSH_H
#define VIGIE_DATA_PUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <vigie/abi.h>

enum {
	PUSH_TARGETS_MAX = 16,
	PUSH_NAME_LEN = 33, /* of a destination, with the final NUL */
	PUSH_URL_LEN_MAX = 1024,
	PUSH_HOST_LEN = 254,
};

enum push_type { PUSH_TO_OTLP, PUSH_TO_INFLUXDB, PUSH_TO_GRAPHITE, PUSH_TYPES };

/* One destination. Texts are borrowed from the document; NULL: was not said. */
struct push_target {
	const char *name; /* [a-z0-9_-], the only one of that name: its spool's directory, a label */
	enum push_type type;
	const char *url; /* as it is asked for; tcp://HOST:PORT of Graphite */
	const char *logs_url; /* OTLP: where findings go; NULL: nowhere */
	bool loopback; /* both urls are of this host */
	bool insecure; /* may be plain beyond loopback */
	bool delta;
	const char *headers_file, *token_file, *username, *password_file, *ca_file;
	const char *aws_region, *aws_service, *aws_credentials_file;
	const char *prefix; /* Graphite: of paths */
	size_t series_max; /* Graphite; 0: no bound */
	size_t body_max, queue_max, spool_max; /* bytes */
	__u64 timeout_ns;
	unsigned int line, column; /* in the file */
};

struct push_settings {
	const char *source; /* unix:PATH, or http://HOST:PORT of this host */
	const char *telemetry_path;
	const char *spool; /* a directory; "": nothing is kept on a disk */
	__u64 interval_ns;
	unsigned int ntargets;
	struct push_target targets[PUSH_TARGETS_MAX];
};

/* What somebody who sends there has to show; made of files, wiped when it is done. */
enum { PUSH_HEADERS_MAX = 32 };
struct push_secrets {
	char *headers[PUSH_HEADERS_MAX]; /* "Name: value" */
	unsigned int nheaders;
	char *password; /* of the target's username */
	char *aws_key_id, *aws_secret, *aws_session_token; /* the last may be NULL */
};

#endif
