// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_history_answers.c - what a state directory says of its past: a history that is made here, whose every
 * figure is known.
 *
 * A process that works half of each second, of 100 s; KEY_EVERY entries are decoded from one key.
 */
#include "world.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#define json_bool json_c_bool /* a type there, a function of ours here */
#include <json-c/json.h>
#undef json_bool

#include "daemon/history_answers.h"
#include "record/codec.h"
#include "record/ring.h"

enum { KEY_EVERY = 30 };

static struct {
	char path[64];
	int fd;
	struct world world;
	struct ring *ring;
	struct encoder *encoder;
	struct buf data;
	unsigned int taken, written;
	bool unit_ids;
	__u64 answer_cpu_ns; /* 0: a minute */
	struct history_answers *answers;
	struct json_object *doc;
} past;

static int past_setup(void **state)
{
	const struct ring_config config = { .retention_ns = 1000 * MINUTE * 60,
					    .max_bytes = 1 << 30,
					    .boot = 5 };
	int ring;

	memset(&past, 0, sizeof(past));
	snprintf(past.path, sizeof(past.path), "/tmp/vigie-past.XXXXXX");
	if (!mkdtemp(past.path))
		return -1;
	past.fd = open(past.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(past.fd, "ring", 0700))
		return -1;
	ring = openat(past.fd, "ring", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_init(&past.data, 16 << 20);
	past.encoder = encoder__new();
	return !past.encoder || ring__open(ring, &config, &past.ring) ? -1 : 0;
}

static int past_teardown(void **state)
{
	char command[128];

	json_object_put(past.doc);
	history_answers__free(past.answers);
	ring__free(past.ring);
	encoder__free(past.encoder);
	buf_done(&past.data);
	close(past.fd);
	snprintf(command, sizeof(command), "rm -r %s", past.path);
	return system(command);
}

/* A second later; work: "worker" ran for half of it. */
static void take(bool work)
{
	struct world *w = &past.world;

	world_next(w, SECOND);
	w->snapshot.stat.snapshots = ++past.taken;
	w->snapshot.host.cpu.user_ns += SECOND / 2;
	w->snapshot.host.cpu.idle_ns += 3 * SECOND / 2;
	world_cgroup(w, 7, "/a.service");
	if (work) {
		world_process(w, 1, "worker", 7)->inc.user_ns = SECOND / 2;
		world_process(w, 2, "waiter", 7)->inc.wait_ns = SECOND / 4;
	}
}

static void write_as(bool key)
{
	const struct snapshot *s = &past.world.snapshot;
	struct ring_entry entry = { .time_ns = s->time_ns, .wall_ns = s->wall_ns };

	buf_clear(&past.data);
	assert_int_equal(encoder__encode(past.encoder, s, key || ring__wants_key(past.ring),
					 &past.data, &entry.key),
			 0);
	assert_int_equal(ring__append(past.ring, &entry, past.data.data, past.data.len), 0);
	past.written++;
}

static void write_some(unsigned int n)
{
	while (n--) {
		take(true);
		write_as(past.written % KEY_EVERY == 0);
	}
}

/* The status; the document is past.doc. */
static unsigned int ask(enum web_ask what, const char *query)
{
	struct web_question q;
	unsigned int status;
	const char *why;
	bool document;
	struct buf out;

	if (!past.answers) {
		const struct history_answers_config config = {
			.state_dir = past.fd,
			.unit_ids = past.unit_ids,
			.answer_cpu_ns = past.answer_cpu_ns ? past.answer_cpu_ns : MINUTE,
		};

		assert_int_equal(history_answers__new(&config, &past.answers), 0);
	}
	assert_int_equal(web_question_parse(what, query, &q, &why), 0);
	buf_init(&out, 1 << 20);
	status = history_answer(past.answers, &q, &out, &document);
	assert_false(document);
	assert_int_equal(out.err, 0);
	buf_char(&out, '\0');
	json_object_put(past.doc);
	past.doc = json_tokener_parse(out.data);
	assert_non_null(past.doc);
	buf_done(&out);
	return status;
}

static size_t length(const char *name)
{
	struct json_object *array;

	assert_true(json_object_object_get_ex(past.doc, name, &array));
	return json_object_array_length(array);
}

/* -1: null. */
static double value(const char *name, size_t i)
{
	struct json_object *array, *member;

	assert_true(json_object_object_get_ex(past.doc, name, &array));
	assert_true(i < json_object_array_length(array));
	member = json_object_array_get_idx(array, i);
	return member ? json_object_get_double(member) : -1;
}

/* What is lost leaves an interval that nobody knows, not a ratio of one second's work to three. */
static void a_gap_is_not_a_lull(void **state)
{
	size_t i, gaps = 0;

	write_some(10);
	take(true);
	take(true); /* and the disk was full */
	take(true);
	write_as(true);
	write_some(10);
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=worker"), 200);
	assert_int_equal(length("time"), 21);
	for (i = 0; i < 21; i++) {
		double ratio = value("cpu_ratio", i);

		assert_true(ratio == 0.5 || ratio == -1);
		gaps += ratio == -1;
	}
	assert_true(value("cpu_ratio", 10) == -1);
	assert_int_equal(gaps, 2); /* of the very first nobody knows since when */
	assert_true(value("run_queue_wait_ratio", 5) == 0);
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=waiter"), 200);
	assert_true(value("run_queue_wait_ratio", 5) == 0.25);
}

/* Who comes and goes is there whenever it is, and nothing of it else. */
static void one_that_comes_and_goes(void **state)
{
	size_t i;

	for (i = 0; i < 200; i++) {
		take(i % 3 != 1 && i % 40 < 20);
		write_as(i % KEY_EVERY == 0);
	}
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=waiter"), 200);
	assert_int_equal(length("time"), 200);
	for (i = 1; i < 200; i++)
		assert_true(value("run_queue_wait_ratio", i) ==
			    (i % 3 != 1 && i % 40 < 20 ? 0.25 : -1));
}

/* There is room for the groups of an interval, not for all that ever ran: 20 000 come and go. */
static void who_went_leaves_room(void **state)
{
	enum { AT_ONCE = 500, SNAPSHOTS = 40 };
	char comm[16];
	int i, k;

	for (i = 0; i < SNAPSHOTS; i++) {
		take(i == SNAPSHOTS - 1);
		for (k = 0; k < AT_ONCE; k++) {
			snprintf(comm, sizeof(comm), "passer-%d", i * AT_ONCE + k);
			world_process(&past.world, 10 + k, comm, 7)->inc.user_ns = SECOND / 1000;
		}
		write_as(i % KEY_EVERY == 0);
	}
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=worker"), 200);
	assert_true(value("cpu_ratio", SNAPSHOTS - 1) == 0.5);
}

static const char container_id[] =
	"0123456789ab0123456789ab0123456789ab0123456789ab0123456789abcdef";

/* A unit of the past is called as it is now: by its container's name, or by its id. */
static void names_are_those_that_are_served(void **state)
{
	static const struct container container = { { "web", "", "", "", "" } };
	char path[128];
	int i;

	snprintf(path, sizeof(path), "/system.slice/docker-%s.scope", container_id);
	for (i = 0; i < 5; i++) {
		take(false);
		past.world.cgroups[0].path = path;
		past.world.cgroups[0].container = &container;
		world_process(&past.world, 1, "worker", 7)->inc.user_ns = SECOND / 2;
		write_as(!i);
	}
	assert_int_equal(ask(WEB_GROUP, "unit=docker-web&comm=worker"), 200);
	assert_int_equal(ask(WEB_GROUP, "unit=docker-0123456789ab&comm=worker"), 404);
	history_answers__free(past.answers);
	past.answers = NULL;
	past.unit_ids = true;
	assert_int_equal(ask(WEB_GROUP, "unit=docker-web&comm=worker"), 404);
	assert_int_equal(ask(WEB_GROUP, "unit=docker-0123456789ab&comm=worker"), 200);
}

static bool text_has(const char *name, const char *part)
{
	struct json_object *member;

	assert_true(json_object_object_get_ex(past.doc, name, &member));
	return strstr(json_object_get_string(member), part);
}

/* Of more than are read one by one keys say the same, and what they do not know is null. */
static void a_long_past_of_a_group(void **state)
{
	size_t i, n;

	write_some(2000);
	take(true); /* lost */
	take(true);
	write_as(true);
	write_some(1500);
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=worker&points=700"), 200);
	assert_true(text_has("whole", "false"));
	n = length("time");
	assert_int_equal(n, 118); /* as many keys, and the one after what was lost */
	for (i = 1; i < n; i++)
		assert_true(value("cpu_ratio", i) == (i == 67 ? -1 : 0.5));
	assert_true(value("time", 1) - value("time", 0) == KEY_EVERY);
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=worker&points=50"), 200);
	assert_int_equal(length("time"), 40); /* every third */
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=nobody"), 404);
}

/* As many rows as are asked for, the largest; the others are summed up, and counted. */
static void rows_of_a_moment(void **state)
{
	struct json_object *cut, *cpu;
	int i;

	write_some(3);
	take(true);
	for (i = 0; i < 300; i++)
		world_process(&past.world, 100 + i, "one-of-many", 7)->inc.user_ns = SECOND / 1000;
	write_as(false);
	assert_int_equal(ask(WEB_INSTANT, "by=pid"), 200);
	assert_int_equal(length("processes"), WEB_ROWS);
	assert_int_equal(ask(WEB_INSTANT, "by=pid&rows=8192"), 200);
	assert_int_equal(length("processes"), 302);
	assert_true(json_object_object_get_ex(past.doc, "groups_in_other", &cut));
	assert_int_equal(json_object_get_int(cut), 0);
	assert_int_equal(ask(WEB_INSTANT, "by=pid&rows=1"), 200);
	assert_int_equal(length("processes"), 1);
	assert_true(json_object_object_get_ex(past.doc, "groups_in_other", &cut));
	assert_int_equal(json_object_get_int(cut), 301);
	assert_true(json_object_object_get_ex(past.doc, "cpu_times", &cpu));
	assert_int_equal(json_object_object_length(cpu), 8);
}

/* What an answer may cost is bounded whatever an entry takes. */
static void who_asks_for_too_much(void **state)
{
	static const struct {
		enum web_ask ask;
		const char *query;
	} asks[] = {
		{ WEB_GROUP, "unit=a.service&comm=worker" },
		{ WEB_RANGE, "points=5" },
		{ WEB_INSTANT, "from=1" },
	};
	unsigned int written = 0, i;

	past.answer_cpu_ns = 1;
	for (; written <= 3100; written += 1550) {
		write_some(written ? 1550 : 10);
		for (i = 0; i < 3; i++) {
			assert_int_equal(ask(asks[i].ask, asks[i].query), 503);
			assert_true(text_has("error", "narrow the range"));
		}
		history_answers__free(past.answers);
		past.answers = NULL;
	}
}

/* Where memory is bounded, as it is in the process: said so, and not that there is no such group. */
static void who_needs_too_much_memory(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* it ends the process instead */
#else
	struct rlimit was, few;
	unsigned int status[2];
	int i;

	write_some(5);
	assert_int_equal(getrlimit(RLIMIT_DATA, &was), 0);
	few = was;
	few.rlim_cur = 20 << 20;
	for (i = 0; i < 2; i++) {
		assert_int_equal(setrlimit(RLIMIT_DATA, &few), 0);
		status[i] = i ? ask(WEB_INSTANT, "") : ask(WEB_GROUP, "unit=a.service&comm=worker");
		assert_int_equal(setrlimit(RLIMIT_DATA, &was), 0);
		assert_int_equal(status[i], 503);
		assert_true(text_has("error", "more memory"));
	}
	assert_int_equal(ask(WEB_GROUP, "unit=a.service&comm=worker"), 200);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_gap_is_not_a_lull, past_setup, past_teardown),
		cmocka_unit_test_setup_teardown(one_that_comes_and_goes, past_setup, past_teardown),
		cmocka_unit_test_setup_teardown(who_went_leaves_room, past_setup, past_teardown),
		cmocka_unit_test_setup_teardown(names_are_those_that_are_served, past_setup,
						past_teardown),
		cmocka_unit_test_setup_teardown(a_long_past_of_a_group, past_setup, past_teardown),
		cmocka_unit_test_setup_teardown(who_needs_too_much_memory, past_setup,
						past_teardown),
		cmocka_unit_test_setup_teardown(rows_of_a_moment, past_setup, past_teardown),
		cmocka_unit_test_setup_teardown(who_asks_for_too_much, past_setup, past_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
