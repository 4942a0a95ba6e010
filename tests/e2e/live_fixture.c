// SPDX-License-Identifier: GPL-2.0-only
/*
 * live_fixture.c - an hour of a made-up host, and the session of a finding, for a browser to look at.
 *
 *	live_fixture RING SESSION NOW EVERY HOG VICTIM UNIT
 *
 *	NOW	Unix time at which the hour ends; EVERY: seconds between snapshots
 *
 * Two CPUs, a tenth busy. In the middle, for 20 s, HOG takes both, VICTIM waits for it, and has most of the memory
 * that its unit may have. Owns: that story. Not here: what is right (test_live.py, which knows the same names).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../unit/html_scene.h"
#include "base/units.h"
#include "record/codec.h"
#include "record/ring.h"
#include "record/session_file.h"

enum { CPUS = 2, SPIKE_S = 20, KEY_EVERY_S = 60, PROCESSES = 40 };

struct story {
	const char *hog, *victim;
	char unit[128]; /* its cgroup */
	struct snapshot s;
	struct process processes[PROCESSES];
	struct vigie_delay delay;
	struct cgroup_name cgroups[2];
	struct cgroup_stat stats[1];
};

static void fill_host(struct snapshot *s, __u64 every_ns, bool spike)
{
	__u64 busy_ns = spike ? CPUS * every_ns : CPUS * every_ns / 10;

	s->host.cpu.user_ns += busy_ns;
	s->host.cpu.idle_ns += CPUS * every_ns - busy_ns;
	s->host.online_cpus = CPUS;
	s->host.pressure_known = 1;
	s->host.pressure_ns[PSI_CPU][PSI_SOME] += spike ? every_ns / 2 : every_ns / 100;
	s->host.memory = (struct host_memory){ .total = 8ull << 30,
					       .free = 4ull << 30,
					       .available = 5ull << 30 };
}

static void fill_processes(struct story *t, __u64 every_ns, bool spike)
{
	const char *const names[] = { t->hog, t->victim };
	unsigned int i;

	memset(t->processes, 0, sizeof(t->processes));
	for (i = 0; i < PROCESSES; i++) {
		struct process *p = &t->processes[i];

		p->pid = 4000 + i;
		p->start_ns = NS_PER_S;
		p->threads = 1;
		p->cgroup_id = i < 2 ? 7 : 8;
		snprintf(p->comm, sizeof(p->comm), "%.15s", i < 2 ? names[i] : "worker");
	}
	t->processes[0].inc.user_ns = spike ? 15 * every_ns / 10 : every_ns / 50;
	t->processes[1].inc.user_ns = every_ns / 50;
	t->processes[1].inc.wait_ns = spike ? 9 * every_ns / 10 : 0;
	t->processes[2].inc.user_ns = every_ns / 20;
}

static void fill_delay(struct story *t, __u64 every_ns, bool spike)
{
	t->s.culprits = &t->delay;
	t->s.nculprits = spike;
	memset(&t->delay, 0, sizeof(t->delay));
	t->delay.victim.tgid = 4001;
	t->delay.culprit.tgid = 4000;
	t->delay.victim.cgroup_id = t->delay.culprit.cgroup_id = 7;
	snprintf(t->delay.victim.comm, sizeof(t->delay.victim.comm), "%s", t->victim);
	snprintf(t->delay.culprit.comm, sizeof(t->delay.culprit.comm), "%s", t->hog);
	t->delay.wait_ns = 8 * every_ns / 10;
	t->delay.waits = 3;
}

static void fill_cgroups(struct story *t, bool spike)
{
	struct cgroup_unit *unit = &t->stats[0].unit;

	t->cgroups[0] = (struct cgroup_name){ .id = 7, .path = t->unit };
	t->cgroups[1] = (struct cgroup_name){ .id = 8, .path = "/system.slice/quiet.service" };
	t->s.cgroups = t->cgroups;
	t->s.ncgroups = 2;
	memset(t->stats, 0, sizeof(t->stats));
	t->stats[0].id = 7;
	unit->top = 7;
	unit->tree = TREE_UNIFIED;
	unit->path_len = strlen(t->unit);
	unit->memory_charged = (spike ? 960ull : 300ull) << 20;
	unit->memory_limit = 1000ull << 20;
	unit->has = CGROUP_UNIT_BIT(memory_charged) | CGROUP_UNIT_BIT(memory_limit) |
		    CGROUP_UNIT_BIT(memory_inactive);
	t->s.cgroup_stats = t->stats;
	t->s.ncgroup_stats = 1;
}

static void next(struct story *t, __u64 wall_ns, __u64 every_ns, bool spike)
{
	t->s.time_ns += every_ns;
	t->s.wall_ns = wall_ns;
	t->s.page_size = 4096;
	t->s.stat.snapshots++;
	t->s.processes = t->processes;
	t->s.nprocesses = PROCESSES;
	fill_host(&t->s, every_ns, spike);
	fill_processes(t, every_ns, spike);
	fill_delay(t, every_ns, spike);
	fill_cgroups(t, spike);
}

static int append(struct ring *ring, struct encoder *encoder, const struct snapshot *s, bool key,
		  struct buf *data)
{
	struct ring_entry entry = { .time_ns = s->time_ns, .wall_ns = s->wall_ns };
	int err;

	buf_clear(data);
	err = encoder__encode(encoder, s, key || ring__wants_key(ring), data, &entry.key);
	return err ? err : ring__append(ring, &entry, data->data, data->len);
}

static int write_hour(struct story *story, int dir, __u64 now_ns, __u64 every_ns)
{
	const struct ring_config config = { .retention_ns = 48 * 3600 * NS_PER_S,
					    .max_bytes = 200000000,
					    .boot = 5 };
	struct encoder *encoder = encoder__new();
	unsigned int keys = KEY_EVERY_S * NS_PER_S / every_ns, i;
	unsigned int entries = 3600 * NS_PER_S / every_ns;
	struct ring *ring = NULL;
	struct buf data;
	int err = encoder ? ring__open(dir, &config, &ring) : -ENOMEM;

	buf_init(&data, 16 << 20);
	for (i = 0; i < entries && !err; i++) {
		__u64 wall_ns = now_ns - (entries - 1 - i) * every_ns;
		__u64 middle_ns = now_ns - entries * every_ns / 2;
		bool spike = wall_ns >= middle_ns && wall_ns < middle_ns + SPIKE_S * NS_PER_S;

		next(story, wall_ns, every_ns, spike);
		err = append(ring, encoder, &story->s, i % keys == 0, &data);
	}
	ring__free(ring);
	encoder__free(encoder);
	buf_done(&data);
	return err;
}

static int write_session(const char *path)
{
	struct profile *p = scene_new(false);
	FILE *file = fopen(path, "w");
	struct buf out;
	int err;

	buf_init(&out, SESSION_FILE_MAX);
	session_file_encode(&out, p);
	err = out.err || !file || fwrite(out.data, 1, out.len, file) != out.len ? -EIO : 0;
	if (file && fclose(file))
		err = -EIO;
	buf_done(&out);
	profile__free(p);
	return err;
}

int main(int argc, char **argv)
{
	static struct story story;
	__u64 every_ns = argc == 8 ? strtoull(argv[4], NULL, 10) * NS_PER_S : 0;
	int dir = argc == 8 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, err;

	if (dir < 0 || !every_ns) {
		fprintf(stderr, "usage: live_fixture RING SESSION NOW EVERY HOG VICTIM UNIT\n");
		return 2;
	}
	story.hog = argv[5];
	story.victim = argv[6];
	snprintf(story.unit, sizeof(story.unit), "/system.slice/%s", argv[7]);
	err = write_hour(&story, dir, strtoull(argv[3], NULL, 10) * NS_PER_S, every_ns);
	if (!err)
		err = write_session(argv[2]);
	if (err)
		fprintf(stderr, "live_fixture: error %d\n", err);
	return err != 0;
}
