// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_encode.c - raw bytes as names of processes and cgroups, through the model to every
 * format: pages stay pages whatever a process calls itself.
 *
 * The input is cut into records: 16 bytes comm, 32 exe, 16 cgroup path, 8 numbers. Two
 * snapshots are made of it, so that groups live, die and share the page.
 */
#include "fuzz.h"

#include <stdbool.h>

#include "export/encode.h"
#include "model/model.h"
#include "utf8.h"

enum { RECORD = 72, RECORDS_MAX = 24, PAGE_MAX = 1 << 22 };

struct input {
	struct process processes[RECORDS_MAX];
	struct retired retired[RECORDS_MAX];
	struct cgroup_name cgroups[RECORDS_MAX];
	struct vigie_delay culprits[RECORDS_MAX];
	char paths[RECORDS_MAX][17];
	struct snapshot snapshot;
};

static void take_usage(struct vigie_usage *inc, const uint8_t *numbers)
{
	__u64 *words = (__u64 *)inc;

	for (int i = 0; i < VIGIE_USAGE_WORDS; i++)
		words[i] = (__u64)numbers[i % 8] << (numbers[(i + 1) % 8] % 32);
}

static void take_record(struct input *in, size_t i, const uint8_t *record)
{
	struct process *p = &in->processes[i];
	struct retired *r = &in->retired[i];

	p->pid = (__u32)(i + 1);
	p->cgroup_id = i % 5 + 1;
	memcpy(p->comm, record, VIGIE_COMM_LEN - 1);
	memcpy(p->exe, record + 16, VIGIE_EXE_LEN - 1);
	take_usage(&p->inc, record + 64);
	p->rss_pages[VIGIE_RSS_ANON] = record[65];
	p->uid = record[66];
	r->key.cgroup_id = p->cgroup_id;
	r->key.uid = p->uid;
	memcpy(r->key.comm, record + 20, VIGIE_COMM_LEN - 1);
	memcpy(r->key.exe, p->exe, VIGIE_EXE_LEN);
	take_usage(&r->value.inc, record + 64);
	memcpy(in->paths[i], record + 48, 16);
	in->cgroups[i] = (struct cgroup_name){ .id = i + 1, .path = in->paths[i] };
	in->culprits[i].victim.tgid = p->pid;
	in->culprits[i].victim.cgroup_id = p->cgroup_id;
	memcpy(in->culprits[i].victim.comm, p->comm, VIGIE_COMM_LEN);
	in->culprits[i].culprit = in->culprits[i].victim;
	in->culprits[i].wait_ns = record[67];
	in->culprits[i].waits = 1;
}

static void take(struct input *in, const uint8_t *data, size_t size)
{
	struct snapshot *s = &in->snapshot;
	size_t n = size / RECORD;

	memset(in, 0, sizeof(*in));
	n = n > RECORDS_MAX ? RECORDS_MAX : n;
	for (size_t i = 0; i < n; i++)
		take_record(in, i, data + i * RECORD);
	s->page_size = 4096;
	s->processes = in->processes;
	s->nprocesses = n;
	s->retired = in->retired;
	s->nretired = n;
	s->cgroups = in->cgroups;
	s->ncgroups = n;
	s->culprits = in->culprits;
	s->nculprits = n;
	s->host.online_cpus = 2;
}

/* Lines end in \n (CSV: \r\n); nothing else that is not printable. */
static void check_text(struct buf *out)
{
	char *line = out->data, *end = out->data + out->len;

	FUZZ_CHECK(out->err == 0 && out->len > 0 && end[-1] == '\n');
	while (line < end) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)(stop - line);

		FUZZ_CHECK(utf8_is_clean(line, len - (len && line[len - 1] == '\r')));
		line = stop + 1;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A series twice makes a scraper drop the whole page. Cuts the page into lines. */
static void check_series(struct buf *out)
{
	size_t n = 0, cap = 1;
	char **names, *line, *rest;

	for (size_t i = 0; i < out->len; i++)
		cap += out->data[i] == '\n';
	names = malloc(cap * sizeof(*names));
	buf_char(out, '\0');
	FUZZ_CHECK(names && !out->err);
	rest = out->data;
	while ((line = strsep(&rest, "\n"))) {
		char *value = strrchr(line, ' ');

		if (*line == '#' || !*line)
			continue;
		FUZZ_CHECK(value && (value[1] == '+' || value[1] == '-' ||
				     (value[1] >= '0' && value[1] <= '9')));
		*value = '\0';
		names[n++] = line;
	}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++)
		FUZZ_CHECK(strcmp(names[i - 1], names[i]) != 0);
	free(names);
}

static void check_page(const struct view *view, enum om_dialect dialect)
{
	struct buf out;

	buf_init(&out, PAGE_MAX);
	openmetrics_encode(&out, view, NULL, dialect);
	check_text(&out);
	if (dialect == OM_OPENMETRICS_1_0)
		FUZZ_CHECK(out.len > 6 && !memcmp(out.data + out.len - 6, "# EOF\n", 6));
	check_series(&out);
	buf_done(&out);
}

static void check_lists(const struct view *view)
{
	const struct list_options options = { .sort = SORT_CPU, .top = 3, .width = 80 };
	void (*const encoders[])(struct buf *, const struct view *,
				 const struct list_options *) = { table_encode, json_encode,
								  csv_encode };
	struct buf out;

	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++) {
		buf_init(&out, PAGE_MAX);
		encoders[i](&out, view, &options);
		check_text(&out);
		buf_done(&out);
	}
}

/* The same view as a moment of the past. */
static void check_now(const struct view *view)
{
	static const struct list_options all;
	struct buf out;
	const struct encode_ctx ctx = { .out = &out, .view = view, .list = &all };

	buf_init(&out, PAGE_MAX);
	now_encode(&ctx);
	check_text(&out);
	buf_done(&out);
}

static struct model *new_model(uint8_t choice)
{
	struct model_config config;

	model_config_default(&config);
	config.max_groups = 1 + choice % 16;
	if (choice & 16)
		config.keys[0] = KEY_CGROUP;
	if (choice & 32)
		config.keys[1] = KEY_EXE;
	config.promote_ns = 1;
	return model__new(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input *in = malloc(sizeof(*in));
	struct model *model = new_model(size ? data[0] : 0);
	const struct view *view;

	FUZZ_CHECK(in && model);
	take(in, data, size);
	for (int round = 1; round <= 2; round++) {
		in->snapshot.time_ns = (__u64)round * 1000000000;
		FUZZ_CHECK(model__apply(model, &in->snapshot, &view) == 0);
		/* The second time half of them are gone. */
		in->snapshot.nprocesses /= 2;
	}
	check_page(view, OM_OPENMETRICS_1_0);
	check_page(view, OM_TEXT_0_0_4);
	check_lists(view);
	check_now(view);
	model__free(model);
	free(in);
	return 0;
}
