// SPDX-License-Identifier: GPL-2.0-only
/*
 * log_fixture.c - events of all kinds, written as vigie writes them, for others to judge.
 *
 *	log_fixture write DIR COUNT MAX_BYTES KEEP	COUNT events into DIR/events.ndjson
 *	log_fixture text FORMAT				each event's facts as JSON, then its line
 *	log_fixture journal				each event's datagram, to journald
 *
 * Owns: the corpus: every phase, severity and kind, names of any bytes, numbers that are none.
 * Not here: what is right (test_log.py).
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "detect/detect.h"
#include "log/encode.h"
#include "log/log_file.h"

enum { CORPUS = 240 };

static const char *const hostile[] = {
	"nginx",    "a\nb 1\n# EOF", "q\"},x=\"1", "\xff\xfe\xfd",
	"\x1b[31m", "%s%n",	     "../../etc",  "\xe2\x80\xa8",
};
enum { HOSTILE = sizeof(hostile) / sizeof(hostile[0]) };

static struct origin origin = {
	.host_name = "fixture",
	.host_id = "0123456789abcdef0123456789abcdef",
	.boot_id = "3b6c7f6e-0000-4000-8000-000000000000",
	.kernel = "6.1.0",
	.version = "0.1.0",
	.pid = 4711,
};

struct made {
	struct event event;
	struct finding finding;
	struct verdict verdict;
	char message[320];
};

static void name(char *dst, size_t size, int i)
{
	text_sanitise(dst, size, hostile[i % HOSTILE], strlen(hostile[i % HOSTILE]));
}

static void make_finding(struct finding *f, int i)
{
	static const double numbers[] = { 0.5, 0, -1, 1e300, 1e-300, NAN, INFINITY, 123456789.25 };
	const struct rule *rules;
	size_t n;

	rules = detect_rules(&n);
	snprintf(f->id, sizeof(f->id), "%012x", i);
	snprintf(f->pattern, sizeof(f->pattern), "%012x", i / 3);
	f->rule = &rules[i % n];
	f->phase = i % 3;
	f->severity = i % SEVERITIES;
	f->confidence = numbers[i % 8];
	f->observed = numbers[(i + 1) % 8];
	f->expected = numbers[(i + 2) % 8];
	f->worst = numbers[(i + 3) % 8];
	name(f->who.comm, sizeof(f->who.comm), i);
	name(f->who.unit, sizeof(f->who.unit), i + 1);
	f->who.pid = i % 4 ? getpid() : 0;
	f->who.start_ns = 1000000007ULL * i;
	f->start_wall_ns = 1700000000000000000 + f->who.start_ns;
	f->nparents = i % 3;
	f->nculprits = i % 4;
	name(f->parents[0].comm, sizeof(f->parents[0].comm), i + 2);
	f->parents[0].pid = 1;
	name(f->culprits[0].who.comm, sizeof(f->culprits[0].who.comm), i + 3);
	f->culprits[0].share = numbers[i % 8];
	f->culprits[0].did = "ran while it waited";
	f->since_wall_ns = 1700000001234567890;
	f->now_wall_ns = 1700000041234567890; /* its end is told 10 s after it */
	f->duration_ns = 30000000000;
	f->limit_bytes = i % 2 ? 1 << 29 : 0;
	f->exhausted_in_ns = 17000000000;
	f->silenced = i % 7 == 0;
}

static void make(struct made *m, int i)
{
	char raw[200];

	memset(m, 0, sizeof(*m));
	snprintf(raw, sizeof(raw), "event %d of %s is 100%% %s", i, hostile[i % HOSTILE],
		 hostile[(i + 1) % HOSTILE]);
	text_sanitise(m->message, sizeof(m->message), raw, strlen(raw));
	m->event = (struct event){
		.kind = i % 3,
		.level = i % SEVERITIES,
		.wall_ns = 1700000000000000000 + i * 1001000000ULL,
		.action = "serving",
		.message = m->message,
		.err = i % 5 == 4 ? -28 : 0,
	};
	if (m->event.kind == EVENT_FINDING) {
		make_finding(&m->finding, i / 3);
		m->event.finding = &m->finding;
		m->event.action = event_of_finding(&m->finding).action;
		m->event.level = m->finding.severity;
	} else if (m->event.kind == EVENT_VERDICT) {
		snprintf(m->verdict.finding, sizeof(m->verdict.finding), "%012x", i);
		snprintf(m->verdict.pattern, sizeof(m->verdict.pattern), "%012x", i);
		m->verdict.kind = i / 3 % VERDICTS;
		name(m->verdict.note, sizeof(m->verdict.note), i);
		snprintf(m->verdict.by, sizeof(m->verdict.by), "root");
		m->event.verdict = &m->verdict;
		m->event.action = "verdict";
	}
}

static int write_log(const char *place, int count, const struct log_file_config *config)
{
	int dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC), i, err;
	struct log_file *log;
	struct made made;
	struct buf line;

	if (dir < 0)
		return 1;
	err = log_file__open(dir, "events.ndjson", config, &log);
	buf_init(&line, 1 << 20);
	for (i = 0; i < count && !err; i++) {
		make(&made, i);
		buf_clear(&line);
		event_ecs_encode(&line, &made.event, &origin);
		err = line.err ? line.err : log_file__write(log, &line);
		/* A tick for who follows the file: it is read as fast as this is written. */
		if (i % 100 == 99)
			usleep(2000);
	}
	if (!err)
		err = log_file__sync(log);
	buf_done(&line);
	log_file__free(log);
	close(dir);
	return err ? 1 : 0;
}

static int write_texts(const char *format)
{
	const char *why;
	struct made made;
	struct buf line;
	int i;

	if (event_text_check_format(format, &why)) {
		fprintf(stderr, "%s\n", why);
		return 2;
	}
	buf_init(&line, 1 << 20);
	for (i = 0; i < CORPUS; i++) {
		make(&made, i);
		buf_clear(&line);
		event_text_encode(&line, &made.event, &origin, format);
		printf("%s %llu %u %s\n", severity_name(made.event.level),
		       (unsigned long long)made.event.wall_ns, origin.pid, made.message);
		fwrite(line.data, 1, line.len, stdout);
	}
	buf_done(&line);
	return 0;
}

static int send_journal(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX,
				  .sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), i, err = 0;
	struct made made;
	struct buf line;

	buf_init(&line, 1 << 20);
	for (i = 0; i < CORPUS && !err; i++) {
		make(&made, i);
		buf_clear(&line);
		event_journal_encode(&line, &made.event, &origin);
		err = sendto(fd, line.data, line.len, 0, (void *)&to, sizeof(to)) < 0;
	}
	buf_done(&line);
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "write")) {
		const struct log_file_config config = { strtoul(argv[4], NULL, 10),
							strtoul(argv[5], NULL, 10), 1 << 20 };

		return write_log(argv[2], strtol(argv[3], NULL, 10), &config);
	}
	if (argc == 3 && !strcmp(argv[1], "text"))
		return write_texts(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "journal"))
		return send_journal();
	fprintf(stderr,
		"usage: log_fixture write DIR COUNT MAX_BYTES KEEP | text FORMAT | journal\n");
	return 2;
}
