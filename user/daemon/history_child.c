// SPDX-License-Identifier: GPL-2.0-only
/* history_child.c - owns the order of questions, what they may cost, and sending answers in parts. */
#include "daemon/history_child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/gzip.h"
#include "base/units.h"
#include "daemon/history_answers.h"
#include "daemon/history_credit.h"
#include "daemon/history_wire.h"
#include "daemon/side_process.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"

enum {
	NICENESS = 10,
	/* Beside the default of --max-memory within what the unit may have: docs/design.md. */
	MOST_BYTES = 64000000,
	/* Than the rest of vigie, which can do without; where the unit protects that, still later than others. */
	KILLED_SOONER = 500,
};
#define ANSWER_CPU_NS (5 * NS_PER_S) /* of one answer: who waits gives up after 20 s */

struct history_loop {
	int fd;
	int statm; /* /proc/self/statm: it must be open before files are out of reach; -1: it is not */
	struct history_answers *answers;
	struct history_credit credit;
	struct history_part part;
};

static void account(struct history_loop *l)
{
	history_credit_account(&l->credit, clock_monotonic_ns(), process_cpu_ns(RUSAGE_SELF));
}

static void compress(struct buf *text, bool *gzip)
{
	struct buf packed;

	buf_init(&packed, HISTORY_ANSWER_MAX);
	*gzip = !gzip_encode(&packed, text->data, text->len);
	if (*gzip) {
		buf_done(text);
		*text = packed;
	} else {
		buf_done(&packed);
	}
}

/* The socket blocks: the server takes as fast as it can. 0 or -errno: it is gone. */
static int send_parts(struct history_loop *l, const struct buf *text)
{
	struct history_part *part = &l->part;
	size_t at = 0, len;

	do {
		len = text->len - at;
		part->len = len < HISTORY_PART_BYTES ? len : HISTORY_PART_BYTES;
		part->last = at + part->len == text->len;
		if (part->len)
			memcpy(part->bytes, text->data + at, part->len);
		at += part->len;
		len = sizeof(*part) - sizeof(part->bytes) + part->len;
		if (send(l->fd, part, len, MSG_NOSIGNAL) != (ssize_t)len)
			return -EPIPE;
	} while (!part->last);
	return 0;
}

static int answer(struct history_loop *l, const struct history_ask *ask)
{
	struct history_part *part = &l->part;
	struct buf text;
	bool gzip = false, document = false;
	int err;

	memset(part, 0, sizeof(*part) - sizeof(part->bytes));
	part->job = ask->job;
	buf_init(&text, HISTORY_ANSWER_MAX);
	account(l);
	if (!web_question_is_sound(&ask->question))
		part->status = history_refuse(&text, 400, "this is no question");
	else if (history_credit_is_spent(&l->credit))
		part->status = history_refuse(&text, 503,
					      "the past was asked for too much: ask again later");
	else
		part->status = history_answer(l->answers, &ask->question, &text, &document);
	if (text.err) {
		buf_clear(&text);
		document = false;
		part->status = history_refuse(&text, 503, "the answer is too large: ask for less");
	}
	if (ask->gzip && part->status == 200)
		compress(&text, &gzip);
	part->gzip = gzip;
	part->document = document;
	account(l);
	part->self.cpu_ns = l->credit.cpu_ns;
	part->self.resident_bytes = process_resident_bytes(l->statm);
	err = send_parts(l, &text);
	buf_done(&text);
	return err;
}

static void history_run(int fd, const void *ctx)
{
	static struct history_loop l; /* of this process: too large for a stack */
	static struct history_ask ask;
	const struct history_config *of = ctx;
	const struct history_answers_config config = {
		.state_dir = of->state_dir,
		.unit_ids = of->unit_ids,
		.answer_cpu_ns = ANSWER_CPU_NS,
	};
	ssize_t n;
	int err;

	l.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	err = landlock_confine_reading(&of->state_dir, 1);
	/* Without Landlock the filter and the user are what there is. */
	if ((err && err != -EOPNOTSUPP) || history_answers__new(&config, &l.answers))
		return;
	l.fd = fd;
	history_credit_init(&l.credit, clock_monotonic_ns(), process_cpu_ns(RUSAGE_SELF));
	while ((n = recv(fd, &ask, sizeof(ask), 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(ask) || answer(&l, &ask))
			break;
	}
	history_answers__free(l.answers);
}

int history_child_start(const struct history_config *config, pid_t *ret_pid, int *ret_fd,
			const char **ret_what)
{
	const struct confine_config as = {
		.uid = config->uid,
		.gid = config->gid,
		.already_unprivileged = !config->change_user,
	};
	const struct side_process_plan plan = {
		.name = "vigie-history",
		.role = CONFINE_HISTORY,
		.niceness = NICENESS,
		.most_bytes = MOST_BYTES,
		.killed_sooner = KILLED_SOONER,
		.run = history_run,
		.ctx = config,
		.as = &as,
		.kept = &config->state_dir,
	};

	return side_process_start(&plan, ret_pid, ret_fd, ret_what);
}
