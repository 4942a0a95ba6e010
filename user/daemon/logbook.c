// SPDX-License-Identifier: GPL-2.0-only
/* logbook.c - owns the way of an event to the writer, and who we are in it. */
#include "daemon/logbook.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/host_id.h"
#include "base/text.h"
#include "gen/version.h"
#include "log/encode.h"

enum { EVENT_MAX = 64 * 1024, TEXT_LEN = 512 };

/* The first line of a small file, "" where there is none. */
static void read_line(const char *path, char *dst, size_t dst_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd >= 0) {
		n = read(fd, dst, dst_size - 1);
		close(fd);
	}
	dst[n > 0 ? n : 0] = '\0';
	dst[strcspn(dst, "\n")] = '\0';
}

static void origin_init(struct origin *origin)
{
	struct utsname host;

	if (!uname(&host)) {
		text_sanitise(origin->host_name, sizeof(origin->host_name), host.nodename,
			      strlen(host.nodename));
		text_sanitise(origin->kernel, sizeof(origin->kernel), host.release,
			      strlen(host.release));
	}
	host_id_read(origin->host_id); /* or "" */
	read_line("/proc/sys/kernel/random/boot_id", origin->boot_id, sizeof(origin->boot_id));
	origin->version = VIGIE_VERSION;
	origin->pid = getpid();
}

void logbook_init(struct logbook *book)
{
	memset(book, 0, sizeof(*book));
	book->level = SEVERITY_INFO;
	book->text = true;
	buf_init(&book->scratch, EVENT_MAX);
	origin_init(&book->origin);
	tzset(); /* reads the time zone's file while we may */
}

void logbook_done(struct logbook *book)
{
	buf_done(&book->scratch);
}

/* systemd says which device and inode it gave us. */
bool logbook_is_journaled(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

/* Hands over what is in scratch. False: nobody took it. */
static bool hand_over(struct logbook *book, enum writer_kind kind)
{
	struct writer_head head = { .kind = kind };
	const struct buf *bytes = &book->scratch;

	if (bytes->err)
		return false;
	if (book->writer && writer__alive(book->writer))
		return !writer__send(book->writer, &head, bytes->data, bytes->len);
	if (kind != WRITER_TEXT)
		return false;
	return write(STDERR_FILENO, bytes->data, bytes->len) == (ssize_t)bytes->len;
}

void logbook_event(struct logbook *book, const struct event *event)
{
	bool taken = false;

	if (event->level < book->level)
		return;
	if (book->file) {
		buf_clear(&book->scratch);
		event_ecs_encode(&book->scratch, event, &book->origin);
		taken |= hand_over(book, WRITER_LINE);
	}
	if (book->journal) {
		buf_clear(&book->scratch);
		event_journal_encode(&book->scratch, event, &book->origin);
		taken |= hand_over(book, WRITER_JOURNAL);
	}
	/* Who speaks to the journal has not begun yet, or is gone: it takes lines, too. */
	if (book->text || (book->journal && !(book->writer && writer__alive(book->writer)))) {
		buf_clear(&book->scratch);
		event_text_encode(&book->scratch, event, &book->origin, book->format);
		taken |= hand_over(book, WRITER_TEXT);
	}
	if (taken)
		book->written[event->level]++;
	else
		book->unwritten++;
}

void logbook_say(struct logbook *book, enum severity level, const char *action, int err,
		 const char *fmt, ...)
{
	char raw[TEXT_LEN], text[TEXT_LEN];
	struct event event = {
		.kind = EVENT_MESSAGE,
		.level = level,
		.wall_ns = clock_wall_ns(),
		.action = action,
		.message = text,
		.err = err,
	};
	size_t len;
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	len = strlen(raw);
	if (err)
		snprintf(raw + len, sizeof(raw) - len, ": %s", err_name(err));
	text_sanitise(text, sizeof(text), raw, strlen(raw));
	logbook_event(book, &event);
}
