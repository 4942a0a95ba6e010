// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_recorder.c - daemon/recorder: when a folder of evidence is opened and closed. The writer is
 * the real one, another process, and folders are read as it left them.
 */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/recorder.h"
#include "detect/detect.h"
#include "record/segment.h"
#include "record_world.h"

#define SECOND 1000000000ULL
#define PATIENCE_S 30

static char root[64];
static pid_t stopped; /* a writer that a failed test would leave standing */

struct stage {
	struct record_world world;
	struct view view;
	struct logbook book;
	struct writer *writer;
	struct recorder box;
	__u64 steps;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int make_place(void **state)
{
	snprintf(root, sizeof(root), "/tmp/vigie-recorder-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_place(void **state)
{
	if (stopped)
		kill(stopped, SIGCONT);
	stopped = 0;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void stage_init(struct stage *s)
{
	struct writer_config config = {
		.state_dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.profiler = -1,
		.lock = -1,
		.retention_ns = 3600 * SECOND,
		.max_bytes = 16 << 20,
		.max_incident_bytes = 64 << 20,
		.max_incidents = 50,
		.uid = getuid(),
		.gid = getgid(),
	};
	const char *what;
	int err;

	memset(s, 0, sizeof(*s));
	rw_init(&s->world, 9);
	logbook_init(&s->book);
	err = writer__start(&config, &s->writer, &what);
	if (err)
		fail_msg("%s: %d", what, err);
	close(config.state_dir);
	assert_int_equal(recorder_init(&s->box, s->writer, &s->book), 0);
}

/* With it ends what was on its way. */
static void stage_done(struct stage *s)
{
	recorder_done(&s->box);
	writer__free(s->writer);
	logbook_done(&s->book);
}

static void stage_step(struct stage *s)
{
	rw_step(&s->world, SECOND);
	s->steps++;
	s->view.time_ns = s->world.s.time_ns;
	s->view.wall_ns = s->world.s.wall_ns;
	recorder_record(&s->box, &s->world.s);
	recorder_watch(&s->box);
}

/* True: its folder is to be opened. */
static bool say(struct stage *s, const char *id, enum finding_phase phase, bool silenced)
{
	struct finding f = { .phase = phase, .silenced = silenced, .told = true };
	struct event event;
	size_t n;

	f.rule = detect_rules(&n);
	f.severity = SEVERITY_WARNING;
	f.since_wall_ns = f.now_wall_ns = s->view.wall_ns;
	snprintf(f.id, sizeof(f.id), "%s", id);
	snprintf(f.message, sizeof(f.message), "%s", id);
	event = event_of_finding(&f);
	return recorder_incident(&s->box, &event, &s->view);
}

static long file_bytes(const char *id, const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/incidents/%s/%s", root, id, name);
	return stat(path, &st) ? -1 : (long)st.st_size;
}

static bool finding_says(const char *id, const char *word)
{
	char path[160], text[4096];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/incidents/%s/finding.json", root, id);
	file = fopen(path, "r");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return strstr(text, word);
}

static long ring_bytes(const char *id)
{
	char name[5 + SEGMENT_NAME] = "ring/";
	long sum = 0, one;
	int i;

	for (i = 1; i < 20; i++) {
		segment_name(name + 5, i);
		one = file_bytes(id, name);
		sum += one > 0 ? one : 0;
	}
	return sum;
}

static void pause_ms(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Steps, and waits until the writer has seen all there are: it counts them, lost or written. */
static void steps(struct stage *s, int n)
{
	struct writer_stat stat;
	__u64 seen;
	int i, loss;

	for (i = 0; i < n; i++)
		stage_step(s);
	for (i = 0; i < PATIENCE_S * 1000; i++) {
		writer__listen(s->writer);
		writer__stat(s->writer, &stat);
		for (seen = stat.self.entries, loss = 0; loss < WRITER_LOSSES; loss++)
			seen += stat.self.entries_lost[loss];
		if (seen == s->steps)
			return;
		pause_ms(1);
	}
	fail_msg("the writer saw %llu of %llu entries", (unsigned long long)seen,
		 (unsigned long long)s->steps);
}

/* Does the folder take what goes on? */
static bool takes(struct stage *s, const char *id)
{
	long before;

	steps(s, 1); /* what was said before has arrived with it */
	before = ring_bytes(id);
	steps(s, 3);
	return ring_bytes(id) > before;
}

static void a_folder_follows_the_verdict(void **state)
{
	static const char id[] = "0123456789ab";
	struct stage s;

	stage_init(&s);
	steps(&s, 2);
	assert_false(say(&s, id, FINDING_START, true));
	steps(&s, 1);
	assert_int_equal(file_bytes(id, "finding.json"), -1);
	/* Revoked as it goes on: it has no folder yet. */
	assert_true(say(&s, id, FINDING_UPDATE, false));
	assert_true(takes(&s, id));
	assert_true(file_bytes(id, "host.json") > 0);
	assert_false(say(&s, id, FINDING_UPDATE, false));
	assert_true(takes(&s, id));
	assert_false(say(&s, id, FINDING_UPDATE, true));
	assert_false(takes(&s, id));
	assert_true(finding_says(id, "\"level\":\"debug\""));
	assert_true(say(&s, id, FINDING_UPDATE, false));
	assert_true(takes(&s, id));
	assert_false(say(&s, id, FINDING_UPDATE, true));
	assert_false(say(&s, id, FINDING_END, true));
	assert_false(takes(&s, id));
	assert_true(finding_says(id, "\"level\":\"info\""));
	assert_true(finding_says(id, "finding-end"));
	/* Within the cooldown it is the same finding again. */
	assert_true(say(&s, id, FINDING_START, false));
	assert_true(takes(&s, id));
	assert_false(say(&s, id, FINDING_END, false));
	assert_false(takes(&s, id));
	stage_done(&s);
}

static void the_ninth_has_its_folder(void **state)
{
	char id[FINDING_ID_LEN];
	struct stage s;
	int i;

	stage_init(&s);
	steps(&s, 1);
	for (i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "%012x", i);
		assert_true(say(&s, id, FINDING_START, false));
	}
	for (i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "%012x", i);
		say(&s, id, FINDING_UPDATE, true);
	}
	assert_true(say(&s, "aaaaaaaaaaaa", FINDING_START, false));
	assert_true(takes(&s, "aaaaaaaaaaaa"));
	stage_done(&s);
}

static pid_t writer_pid(void)
{
	char path[64];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

/* The disk stands still and what waits for it has no room: the end must not be lost. */
static void an_end_outlives_a_stuck_disk(void **state)
{
	static const char ended[] = "0123456789ab", silenced[] = "ba9876543210";
	struct writer_stat stat;
	struct stage s;
	int i;

	stage_init(&s);
	steps(&s, 2);
	assert_true(say(&s, ended, FINDING_START, false));
	assert_true(say(&s, silenced, FINDING_START, false));
	assert_true(takes(&s, ended));
	stopped = writer_pid();
	assert_int_equal(kill(stopped, SIGSTOP), 0);
	for (i = 0; i < 100000; i++) {
		stage_step(&s);
		writer__stat(s.writer, &stat);
		if (stat.self.entries_lost[WRITER_LOST_QUEUE] > 3)
			break;
	}
	assert_true(stat.self.entries_lost[WRITER_LOST_QUEUE] > 3);
	/* As small as a finding is, it may find room where an entry did not: that is filled, too. */
	for (i = 0; i < 20000; i++)
		say(&s, ended, FINDING_UPDATE, false);
	say(&s, ended, FINDING_END, false);
	say(&s, silenced, FINDING_UPDATE, true);
	assert_true(s.box.evidence[0].owed && s.box.evidence[1].owed);
	assert_int_equal(kill(stopped, SIGCONT), 0);
	for (i = 0; i < PATIENCE_S * 100 && (s.box.evidence[0].owed || s.box.evidence[1].owed);
	     i++) {
		recorder_watch(&s.box);
		pause_ms(10);
	}
	assert_false(takes(&s, ended));
	assert_true(finding_says(ended, "finding-end"));
	assert_false(takes(&s, silenced));
	assert_true(finding_says(silenced, "\"level\":\"debug\""));
	/* What is over is forgotten here, too. */
	assert_string_equal(s.box.evidence[0].id, "");
	stage_done(&s);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_folder_follows_the_verdict),
		IN_PLACE(the_ninth_has_its_folder),
		IN_PLACE(an_end_outlives_a_stuck_disk),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
