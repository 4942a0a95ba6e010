// SPDX-License-Identifier: GPL-2.0-only
/*
 * push_encode.c - a page of metrics from standard input as another system takes it, to files.
 *
 *	push_encode otlp|otlp-delta|otlp-logs|influxdb|graphite DIRECTORY TIME_NS START_NS BODY_MAX < PAGES
 *
 * PAGES may be several, each to its "# EOF", ten seconds apart; of otlp-logs, lines of the findings' log. Writes DIRECTORY/0000, 0001, ...,
 * a body each; prints the number of bodies, of points, and of what was skipped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/units.h"
#include "push/encode.h"

struct out {
	const char *directory;
	unsigned int bodies, points;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "push_encode: %s: %s\n", what, strerror(-err));
	exit(1);
}

static int write_body(void *ctx, const void *data, size_t len, unsigned int points)
{
	struct out *out = ctx;
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%04u", out->directory, out->bodies++);
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(1);
	}
	out->points += points;
	return 0;
}

static uint64_t number(const char *text)
{
	uint64_t v;
	int err = parse_u64(text, 0, UINT64_MAX, &v);

	if (err)
		die(text, err);
	return v;
}

static char *read_all(void)
{
	size_t len = 0, room = 64 << 20;
	char *text = malloc(room + 1);

	if (!text)
		die("standard input", -12);
	len = fread(text, 1, room, stdin);
	text[len] = '\0';
	return text;
}

static void encode(struct push_encoder *encoder, char *text, uint64_t time_ns, uint64_t start_ns,
		   struct out *out)
{
	struct page page = { 0 };
	char *end, kept;
	size_t line;
	int err;

	for (; *text; text = end, time_ns += 10 * NS_PER_S) {
		end = strstr(text, "\n# EOF\n");
		if (!end)
			die("a page without an end", -74);
		end += strlen("\n# EOF\n");
		kept = *end;
		*end = '\0';
		err = page_parse(&page, text, end - text, &line);
		if (!err)
			err = push_encoder__page(encoder, &page, time_ns, start_ns, write_body,
						 out);
		if (err)
			die("a page", err);
		*end = kept;
	}
	page_done(&page);
}

int main(int argc, char **argv)
{
	struct push_encoder_config config = { .series_max = 0,
					      .prefix = "vigie",
					      .identity = { "lab", "0123abcd", "run-1", "1.2.3" } };
	struct push_encoder *encoder;
	struct out out = { 0 };
	char *text;
	int err;

	if (argc != 6) {
		fputs("usage: push_encode FORMAT DIRECTORY TIME_NS START_NS BODY_MAX\n", stderr);
		return 2;
	}
	config.format = !strncmp(argv[1], "otlp", 4)   ? PUSH_OTLP
			: !strcmp(argv[1], "influxdb") ? PUSH_INFLUX
						       : PUSH_GRAPHITE;
	config.delta = !strcmp(argv[1], "otlp-delta");
	config.body_max = number(argv[5]);
	out.directory = argv[2];
	err = push_encoder__new(&config, &encoder);
	if (err)
		die(argv[1], err);
	text = read_all();
	if (!strcmp(argv[1], "otlp-logs")) {
		err = push_encoder__events(encoder, text, strlen(text), write_body, &out);
		if (err)
			die("lines of the log", err);
	} else {
		encode(encoder, text, number(argv[3]), number(argv[4]), &out);
	}
	printf("%u %u %llu\n", out.bodies, out.points,
	       (unsigned long long)push_encoder__skipped(encoder));
	push_encoder__free(encoder);
	free(text);
	return 0;
}
