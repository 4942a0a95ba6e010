// SPDX-License-Identifier: GPL-2.0-only
/*
 * generate.c - a day of a mixed host as a recording: generate DIR SEED [faults]
 *
 * 17 280 snapshots, 5 s apart, of about 150 processes in 40 units, written through the encoder
 * and the ring like a live one. Nobody is at fault in it, and much looks as if:
 *
 *	idle	100 daemons that tick: some ms of CPU every few seconds, memory that never moves
 *	web	12 workers: a daily cycle (4x from night to noon), log-normal noise, bursts of
 *		heavy tail (a tenth of an hour at up to 6x), faults and switches in proportion
 *	db	2: steady load, a checkpoint every 5 minutes that writes and takes a CPU for 10 s
 *	jvm	4: anonymous memory climbs by 1 to 4 MiB a second and falls back, every 40 to 200 s
 *	cache	3: saturate after a start (600 MiB, time constant 3 to 15 minutes), restarted once
 *	batch	hourly, 1 to 4 minutes: a CPU each, reading, writing, faulting; nightly, half an
 *		hour; for much of it somebody waits for a CPU, some of it because of the batch
 *	build	three times a day for ten minutes: 40 to 180 short-lived compilers a second, all
 *		waiting for each other
 *	deploy	four services are restarted, one after the other, at 14:00: ends by signal, starts
 *	cron	every minute three short tools, of which one says no
 *
 * With "faults" a leak (0.4 MiB/s from 03:00), a starving process (from 09:00, 5 minutes) and a
 * crash loop (from 18:00) are in it too: a day that is merely silent would prove nothing.
 *
 * Owns: the made-up host. Not here: judging what is found (day.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/codec.h"
#include "record/ring.h"

enum { CPUS = 4, IDLE = 100, UNITS = 48, PROCESSES = 200, RETIRED = 64, BLAMES = 16 };
enum { STEP_S = 5, STEPS = 86400 / STEP_S };

#define NS_PER_S 1000000000ULL
#define STEP_NS (STEP_S * NS_PER_S)
#define MIB (1ULL << 20)
#define PAGE 4096

enum kind { K_IDLE, K_WEB, K_DB, K_JVM, K_CACHE, K_BATCH, K_LEAK, K_VICTIM, K_CRASH };

struct actor {
	enum kind kind;
	const char *name;
	unsigned int unit;
	double level, phase, memory_mib, burst;
	bool alive;
	__u32 pid;
	__u64 start_ns;
};

struct day {
	struct actor actors[PROCESSES];
	unsigned int nactors;
	struct snapshot s;
	struct process processes[PROCESSES];
	struct retired retired[RETIRED];
	struct vigie_delay culprits[BLAMES];
	struct cgroup_name cgroups[UNITS];
	char paths[UNITS][64];
	__u64 chance;
	__u32 next_pid;
	unsigned int step;
	bool faults;
	double busy; /* CPUs in this step */
};

/* --- Chance. */

static double uniform(struct day *d)
{
	d->chance = d->chance * 6364136223846793005ULL + 1442695040888963407ULL;
	return (d->chance >> 11) / 9007199254740992.0;
}

static double normal(struct day *d)
{
	double sum = -6;
	int i;

	for (i = 0; i < 12; i++)
		sum += uniform(d);
	return sum;
}

/* e^x for small x, by its series: about 1, never negative. */
static double noise(struct day *d, double width)
{
	double x = normal(d) * width, e = 1 + x + x * x / 2 + x * x * x / 6;

	return e > 0.05 ? e : 0.05;
}

static double hour(const struct day *d)
{
	return d->step * (double)STEP_S / 3600;
}

/* 0 at four in the morning, 1 at four in the afternoon, smooth. */
static double daylight(const struct day *d)
{
	double x = hour(d) - 4;

	x = x < 0 ? x + 24 : x;
	x = x > 12 ? 24 - x : x;
	x /= 12;
	return x * x * (3 - 2 * x);
}

static bool between(const struct day *d, double from, double minutes)
{
	return hour(d) >= from && hour(d) < from + minutes / 60;
}

/* --- The cast. */

static struct actor *cast(struct day *d, enum kind kind, const char *name, unsigned int unit)
{
	struct actor *a = &d->actors[d->nactors++];

	*a = (struct actor){ .kind = kind, .name = name, .unit = unit, .alive = true };
	a->pid = d->next_pid += 1 + uniform(d) * 20;
	a->start_ns = NS_PER_S * (1 + uniform(d) * 100);
	a->level = 0.5 + uniform(d);
	a->phase = uniform(d);
	return a;
}

static void cast_all(struct day *d)
{
	static const char *const daemons[] = { "sshd",	 "cron",	 "dbus-daemon", "rsyslogd",
					       "agetty", "udevd",	 "polkitd",	"chronyd",
					       "snmpd",	 "node_exporter" };
	unsigned int i;

	for (i = 0; i < IDLE; i++)
		cast(d, K_IDLE, daemons[i % 10], 8 + i % 32)->memory_mib = 4 + 60 * uniform(d);
	for (i = 0; i < 12; i++)
		cast(d, K_WEB, "nginx", 0)->memory_mib = 80;
	for (i = 0; i < 2; i++)
		cast(d, K_DB, "postgres", 1)->memory_mib = 900;
	for (i = 0; i < 4; i++)
		cast(d, K_JVM, "java", 2 + i % 2)->memory_mib = 700;
	for (i = 0; i < 3; i++)
		cast(d, K_CACHE, "memcached", 4)->memory_mib = 600;
	cast(d, K_BATCH, "report", 5)->memory_mib = 200;
	cast(d, K_BATCH, "backup", 6)->memory_mib = 40;
	if (!d->faults)
		return;
	cast(d, K_LEAK, "leaky", 7)->memory_mib = 120;
	cast(d, K_VICTIM, "victim", 7)->memory_mib = 50;
	cast(d, K_CRASH, "crasher", 7)->memory_mib = 20;
}

/* --- What each does in five seconds. */

static void use_cpu(struct day *d, struct process *p, double seconds, double system)
{
	p->inc.user_ns = seconds * (1 - system) * NS_PER_S;
	p->inc.system_ns = seconds * system * NS_PER_S;
	p->life_cpu_ns += p->inc.user_ns + p->inc.system_ns;
	d->busy += seconds / STEP_S;
}

static void switches(struct process *p, double per_s, double wait_us)
{
	double n = per_s * STEP_S;

	p->inc.voluntary_switches = n;
	p->inc.involuntary_switches = n / 20;
	p->inc.wait_count[3] = n;
	p->inc.wait_ns = n * wait_us * 1000;
}

static void web(struct day *d, struct actor *a, struct process *p)
{
	double load;

	if (uniform(d) < 0.0008)
		a->burst = 1 + 5 * uniform(d);
	a->burst *= 0.985;
	load = a->level * (0.25 + 0.75 * daylight(d)) * noise(d, 0.3) * (1 + a->burst);
	use_cpu(d, p, 0.15 * load * STEP_S / 2, 0.4);
	switches(p, 300 * load, 30 + 200 * uniform(d));
	p->inc.minor_faults = 200 * load;
	p->inc.read_chars = p->inc.written_chars = 2e6 * load;
	p->rss_pages[VIGIE_RSS_ANON] += (uniform(d) - 0.5) * 40;
}

static void db(struct day *d, struct actor *a, struct process *p)
{
	bool checkpoint = (d->step * STEP_S + (int)(a->phase * 300)) % 300 < 10;
	double load = a->level * (0.5 + 0.5 * daylight(d)) * noise(d, 0.2);

	use_cpu(d, p, checkpoint ? 4.6 : 0.4 * load, 0.5);
	switches(p, 500 * load, 40);
	p->inc.written_bytes = p->inc.written_chars = checkpoint ? 60 * MIB : MIB * load;
	p->inc.read_chars = 8e6 * load;
	p->inc.off_ns[VIGIE_OFF_DISK] = checkpoint ? 300000000 : 20000000 * load;
}

static void jvm(struct day *d, struct actor *a, struct process *p)
{
	double period = 40 + 160 * a->phase, climb = 1 + 3 * a->level / 1.5;
	double at = (d->step * STEP_S) % (int)period;

	p->rss_pages[VIGIE_RSS_ANON] = (a->memory_mib + climb * at + 3 * normal(d)) * MIB / PAGE;
	use_cpu(d, p, (at < STEP_S ? 2.5 : 0.5) * noise(d, 0.2), 0.1);
	switches(p, 400, 35);
	p->inc.read_chars = 3e6;
	p->inc.minor_faults = 300 * climb;
}

static void cache(struct day *d, struct actor *a, struct process *p)
{
	double since_s = (d->s.time_ns - a->start_ns) / 1e9, tau = 180 + 720 * a->phase;
	double t = since_s / tau;

	/* 1 - e^-t, near enough, and 1 in the end. */
	p->rss_pages[VIGIE_RSS_ANON] =
		(20 + a->memory_mib * (1 - 1 / (1 + t + t * t / 2 + t * t * t / 6))) * MIB / PAGE;
	use_cpu(d, p, 0.2 * daylight(d) * noise(d, 0.3), 0.6);
	switches(p, 800 * daylight(d), 25);
	p->inc.read_chars = 5e6;
}

/* Hourly for some minutes, or for half an hour at night. */
static void batch(struct day *d, struct actor *a, struct process *p)
{
	double minutes = 1 + 3 * a->phase, past = hour(d) - (int)hour(d);
	bool works = !strcmp(a->name, "backup") ? between(d, 2, 30) : past < minutes / 60;

	if (!works)
		return;
	use_cpu(d, p, 4.2 * noise(d, 0.05), 0.3);
	switches(p, 60, 300);
	p->inc.read_bytes = p->inc.read_chars = 90 * MIB;
	p->inc.written_bytes = p->inc.written_chars = 30 * MIB;
	p->inc.minor_faults = 4000 * uniform(d);
	p->inc.off_ns[VIGIE_OFF_DISK] = 500000000;
	p->rss_pages[VIGIE_RSS_ANON] = (a->memory_mib + 100 * uniform(d)) * MIB / PAGE;
}

static void at_fault(struct day *d, struct actor *a, struct process *p)
{
	struct vigie_delay *b = &d->culprits[d->s.nculprits];

	if (a->kind == K_LEAK && hour(d) >= 3) {
		p->rss_pages[VIGIE_RSS_ANON] = (a->memory_mib + 0.4 * (hour(d) - 3) * 3600) * MIB /
					       PAGE;
		p->inc.minor_faults = 500;
	}
	if (a->kind != K_VICTIM || !between(d, 9, 5))
		return;
	use_cpu(d, p, 0.7, 0.1);
	p->inc.wait_ns = 3.6 * NS_PER_S;
	p->inc.wait_count[6] = 900;
	memset(b, 0, sizeof(*b));
	b->victim = (struct vigie_party){ .tgid = p->pid, .cgroup_id = p->cgroup_id };
	b->culprit = (struct vigie_party){ .tgid = d->actors[IDLE].pid, .cgroup_id = 1000 };
	snprintf(b->victim.comm, VIGIE_COMM_LEN, "%s", a->name);
	snprintf(b->culprit.comm, VIGIE_COMM_LEN, "nginx");
	b->wait_ns = 3 * NS_PER_S;
	b->waits = 800;
	d->s.nculprits++;
}

/* Whom the starving one blames: it does run while the other waits. */
static bool is_culprit(const struct day *d, const struct actor *a)
{
	return d->faults && a == &d->actors[IDLE] && between(d, 9, 5);
}

static void act(struct day *d, struct actor *a, struct process *p)
{
	if (!p->rss_pages[VIGIE_RSS_ANON])
		p->rss_pages[VIGIE_RSS_ANON] = a->memory_mib * MIB / PAGE;
	switch (a->kind) {
	case K_IDLE:
		if (uniform(d) < 0.3) {
			use_cpu(d, p, 0.004 * noise(d, 0.5), 0.5);
			switches(p, 2, 15);
		}
		break;
	case K_WEB:
		if (is_culprit(d, a))
			use_cpu(d, p, 3.2, 0.1);
		else
			web(d, a, p);
		break;
	case K_DB: db(d, a, p); break;
	case K_JVM: jvm(d, a, p); break;
	case K_CACHE: cache(d, a, p); break;
	case K_BATCH: batch(d, a, p); break;
	default: at_fault(d, a, p);
	}
	p->inc.off_ns[VIGIE_OFF_SLEEP] = STEP_NS - (p->inc.user_ns + p->inc.system_ns +
						    p->inc.wait_ns + p->inc.off_ns[VIGIE_OFF_DISK]);
	p->peak_pages = p->rss_pages[0] + p->rss_pages[1] + p->rss_pages[3];
}

/* --- Those who come and go. */

static struct vigie_usage *dead(struct day *d, const char *name, unsigned int unit, double starts)
{
	struct retired *r = &d->retired[d->s.nretired++];

	memset(r, 0, sizeof(*r));
	r->key.cgroup_id = 1000 + unit;
	snprintf(r->key.comm, VIGIE_COMM_LEN, "%s", name);
	r->value.inc.starts = r->value.tasks = starts;
	r->value.peak_pages = 8000;
	d->s.host.forks += starts;
	return &r->value.inc;
}

static void builds(struct day *d)
{
	struct vigie_usage *u;
	double n;

	if (!between(d, 10, 10) && !between(d, 13.5, 10) && !between(d, 16, 10))
		return;
	n = (40 + 140 * uniform(d)) * STEP_S;
	u = dead(d, "cc1", 44, n);
	u->exits[VIGIE_EXIT_NORMAL] = n;
	u->user_ns = 14 * NS_PER_S;
	u->system_ns = 3 * NS_PER_S;
	u->wait_ns = 20 * NS_PER_S;
	u->wait_count[7] = n * 4;
	u->minor_faults = n * 3000;
	u->read_chars = n * 100000;
	d->busy += 3.4;
}

static void cron(struct day *d)
{
	if (d->step % (60 / STEP_S))
		return;
	dead(d, "sh", 45, 1)->exits[VIGIE_EXIT_NORMAL] = 1;
	dead(d, "find", 45, 1)->exits[VIGIE_EXIT_NORMAL] = 1;
	dead(d, "grep", 45, 1)->exits[VIGIE_EXIT_ERROR] = 1;
	if (uniform(d) < 0.05) /* head has seen enough */
		dead(d, "sort", 45, 1)->exits[VIGIE_EXIT_SIGNAL] = 1;
}

static void again(struct day *d, struct actor *a, enum vigie_exit how)
{
	dead(d, a->name, a->unit, 0)->exits[how] = 1;
	a->pid = d->next_pid += 1 + uniform(d) * 9;
	a->start_ns = d->s.time_ns;
	dead(d, a->name, a->unit, 1);
}

/* A deployment at 14:00: one after the other, once; and the one that keeps crashing. */
static void restarts(struct day *d)
{
	unsigned int i;

	for (i = 0; i < d->nactors; i++) {
		struct actor *a = &d->actors[i];
		bool deployed = a->kind == K_CACHE || a->kind == K_JVM;

		if (deployed && d->step == 14 * 720 + i % 7 * 4)
			again(d, a, VIGIE_EXIT_SIGNAL);
		if (a->kind == K_CRASH && between(d, 18, 10) && d->step % 2)
			again(d, a, VIGIE_EXIT_SIGNAL);
	}
}

/* --- A snapshot. */

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct process *body_of(struct day *d, const struct actor *a)
{
	size_t i;

	for (i = 0; i < d->s.nprocesses; i++)
		if (d->processes[i].pid == a->pid)
			return &d->processes[i];
	return NULL;
}

static struct process *embody(struct day *d, const struct actor *a, struct process *p)
{
	const struct process *before = body_of(d, a);

	memset(p, 0, sizeof(*p));
	if (before)
		*p = *before;
	memset(&p->inc, 0, sizeof(p->inc));
	p->pid = a->pid;
	p->ppid = 1;
	p->threads = 1;
	p->start_ns = a->start_ns;
	p->cgroup_id = 1000 + a->unit;
	snprintf(p->comm, VIGIE_COMM_LEN, "%s", a->name);
	return p;
}

static void host(struct day *d)
{
	struct host *h = &d->s.host;
	double busy = d->busy < CPUS ? d->busy : CPUS;

	h->online_cpus = CPUS;
	h->cpu.user_ns += busy * 0.7 * STEP_NS;
	h->cpu.system_ns += busy * 0.3 * STEP_NS;
	h->cpu.idle_ns += (CPUS - busy) * STEP_NS;
	h->memory.total = 16384 * MIB;
	h->memory.available = 8000 * MIB;
	h->memory.free = 2000 * MIB;
	h->context_switches += 40000;
	h->forks += 2;
	h->load[0] = h->load[1] = h->load[2] = busy;
}

static void step(struct day *d)
{
	static struct process next[PROCESSES];
	unsigned int i;

	d->s.time_ns += STEP_NS;
	d->s.wall_ns += STEP_NS;
	d->s.stat.snapshots++;
	d->s.nretired = d->s.nculprits = 0;
	d->busy = 0.05;
	builds(d);
	cron(d);
	restarts(d);
	for (i = 0; i < d->nactors; i++)
		act(d, &d->actors[i], embody(d, &d->actors[i], &next[i]));
	memcpy(d->processes, next, d->nactors * sizeof(next[0]));
	qsort(d->processes, d->nactors, sizeof(next[0]), by_pid);
	d->s.nprocesses = d->nactors;
	host(d);
	d->step++;
}

static void begin(struct day *d, __u64 seed, bool faults)
{
	unsigned int i;

	memset(d, 0, sizeof(*d));
	d->chance = seed * 2654435761u + 12345;
	d->faults = faults;
	d->next_pid = 100;
	d->s.time_ns = 1000 * NS_PER_S;
	d->s.wall_ns = 1795564800 * NS_PER_S; /* midnight */
	d->s.page_size = PAGE;
	d->s.processes = d->processes;
	d->s.retired = d->retired;
	d->s.culprits = d->culprits;
	for (i = 0; i < UNITS; i++) {
		snprintf(d->paths[i], sizeof(d->paths[i]), "/system.slice/unit%u.service", i);
		d->cgroups[i] = (struct cgroup_name){ .id = 1000 + i, .path = d->paths[i] };
	}
	d->s.cgroups = d->cgroups;
	d->s.ncgroups = UNITS;
	cast_all(d);
}

static int record(struct day *d, struct ring *ring)
{
	struct encoder *encoder = encoder__new();
	struct buf bytes;
	int err = encoder ? 0 : -ENOMEM;
	bool key;

	buf_init(&bytes, ENTRY_MAX);
	while (!err && d->step < STEPS) {
		struct ring_entry entry;

		step(d);
		buf_clear(&bytes);
		err = encoder__encode(encoder, &d->s, ring__wants_key(ring) || d->step % 12 == 0,
				      &bytes, &key);
		entry = (struct ring_entry){ d->s.time_ns, d->s.wall_ns, key };
		if (!err)
			err = ring__append(ring, &entry, bytes.data, bytes.len);
	}
	buf_done(&bytes);
	encoder__free(encoder);
	return err;
}

int main(int argc, char **argv)
{
	static struct day day;
	const struct ring_config config = { .retention_ns = 48 * 3600 * NS_PER_S,
					    .max_bytes = 1 << 30,
					    .boot = 1 };
	struct ring *ring;
	int dir, err;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: generate DIR SEED [faults]\n");
		return 2;
	}
	mkdir(argv[1], 0700);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : ring__open(dir, &config, &ring);
	if (err) {
		fprintf(stderr, "generate: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	begin(&day, strtoul(argv[2], NULL, 10), argc == 4);
	err = record(&day, ring);
	printf("%u snapshots of %u processes, %llu bytes, %.2f a process and snapshot\n", day.step,
	       day.nactors, (unsigned long long)ring__stat(ring)->bytes,
	       (double)ring__stat(ring)->bytes / day.step / day.nactors);
	ring__free(ring);
	return err ? 1 : 0;
}
