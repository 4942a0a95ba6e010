// SPDX-License-Identifier: GPL-2.0-only
/*
 * history.c - writes a history of a few processes whose names mean harm, without a kernel.
 *
 *	history DIR	a ring that `vigie export DIR` reads
 *
 * Owns: names that a spreadsheet would run or turn into numbers, units whose joined names meet, days
 * with nothing between them, and slow waits among all of these.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "record/codec.h"
#include "record/ring.h"

static const char *const names[] = {
	"=1+41",     "+1",	 "-1",		"@SUM(A1)", "'quoted",	"0012",
	"1e5",	     "(5)",	 "mar1",	"TRUE",	    "a;b,c\"d", "tab\there",
	"line\nend", "\xff\xfe", "caf\xc3\xa9", "c",	    "b/c",
};
enum { NAMES = sizeof(names) / sizeof(*names), SNAPSHOTS = 4 };

/* The last two processes are "c" of unit a/b and "b/c" of unit a. */
static const char *const paths[] = { "/0012", "/=cmd.slice", "/a/b", "/a" };

struct made {
	struct snapshot s;
	struct process processes[NAMES];
	struct cgroup_name cgroups[4];
	struct vigie_delay culprits[NAMES];
};

static void make_process(struct process *p, unsigned int i, unsigned int step)
{
	*p = (struct process){ .pid = 100 + i, .ppid = 1, .uid = 1000, .threads = 1 };
	p->start_ns = NS_PER_S + i;
	p->cgroup_id = i < NAMES - 2 ? 1 + i % 2 : 3 + i - (NAMES - 2);
	snprintf(p->comm, sizeof(p->comm), "%s", names[i]);
	snprintf(p->exe, sizeof(p->exe), "%s", names[i]);
	p->inc.user_ns = step * NS_PER_MS + i;
	p->inc.system_ns = i * 1000 + 1;
	p->inc.wait_ns = 7 * i + step;
	p->inc.minor_faults = (1ULL << 53) + 1; /* a double cannot hold it */
	p->rss_pages[VIGIE_RSS_ANON] = 10 + i;
	p->peak_pages = 20 + i;
}

static struct vigie_party party(const struct process *p)
{
	struct vigie_party party = { .tgid = p->pid, .cgroup_id = p->cgroup_id };

	memcpy(party.comm, p->comm, sizeof(party.comm));
	return party;
}

static void make_snapshot(struct made *m, unsigned int step)
{
	struct snapshot *s = &m->s;
	unsigned int i;

	*s = (struct snapshot){ .page_size = 4096, .processes = m->processes };
	/* 2026-12-31 23:59:58 UTC and, a year ending and a day without samples between, two days on. */
	s->wall_ns = (1798761598ULL + step + (step >= 2 ? 2 * 86400 : 0)) * NS_PER_S + 123456789;
	s->time_ns = 1000 * NS_PER_S + step * NS_PER_S;
	s->stat.snapshots = step + 1;
	s->host.online_cpus = 2;
	s->host.memory.total = 1 << 30;
	s->host.memory.available = 1 << 29;
	for (i = 0; i < NAMES; i++)
		make_process(&m->processes[i], i, step);
	for (i = 0; i < 4; i++)
		m->cgroups[i] = (struct cgroup_name){ .id = 1 + i, .path = paths[i] };
	for (i = 0; i < NAMES; i++)
		m->culprits[i] = (struct vigie_delay){
			.victim = party(&m->processes[i]),
			.culprit = party(&m->processes[(i + 1) % NAMES]),
			.wait_ns = 1000 * (i + 1) + step,
			.waits = 1,
		};
	s->nprocesses = s->nculprits = NAMES;
	s->cgroups = m->cgroups;
	s->ncgroups = 4;
	s->culprits = m->culprits;
	s->culprit_other_ns = 5;
}

static int record(struct ring *ring)
{
	struct encoder *encoder = encoder__new();
	static struct made made;
	struct buf bytes;
	unsigned int step;
	int err = encoder ? 0 : -ENOMEM;

	buf_init(&bytes, ENTRY_MAX);
	for (step = 0; step < SNAPSHOTS && !err; step++) {
		struct ring_entry entry = { 0 };
		bool key;

		make_snapshot(&made, step);
		buf_clear(&bytes);
		err = encoder__encode(encoder, &made.s, ring__wants_key(ring), &bytes, &key);
		entry = (struct ring_entry){ made.s.time_ns, made.s.wall_ns, key };
		if (!err)
			err = ring__append(ring, &entry, bytes.data, bytes.len);
	}
	buf_done(&bytes);
	encoder__free(encoder);
	return err;
}

int main(int argc, char **argv)
{
	const struct ring_config config = { .retention_ns = 366 * 86400 * NS_PER_S,
					    .max_bytes = 1 << 24,
					    .boot = 1 };
	struct ring *ring;
	int dir, err;

	if (argc != 2) {
		fprintf(stderr, "usage: history DIR\n");
		return 2;
	}
	mkdir(argv[1], 0700);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : ring__open(dir, &config, &ring);
	if (!err) {
		err = record(ring);
		ring__free(ring);
	}
	if (err)
		fprintf(stderr, "history: %s: %s\n", argv[1], strerror(-err));
	return err ? 1 : 0;
}
