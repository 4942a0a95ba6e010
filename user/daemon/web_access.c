// SPDX-License-Identifier: GPL-2.0-only
/*
 * web_access.c - owns the taking over of a configuration, whole or not at all.
 *
 * After http has what it needs, the text and the keys are wiped; it gets them once nothing is forked
 * any more. Lines about strangers are limited by
 * kind: who knocks a thousand times fills no disk, and how many were not written is in the next one.
 */
#include "daemon/web_access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/token_bucket.h"
#include "daemon/side_process.h"
#include "daemon/password_child.h"
#include "daemon/web_files.h"
#include "http/tls.h"

enum { NOTE_BURST = 10, NOTE_INTERVAL_MS = 10000, LINE_LEN = 1200 };

struct web_access {
	char path[WEB_PATH_MAX];
	uid_t owner; /* who started us: the file may be theirs */
	struct web_bundle bundle; /* the first, then what vigie-opener is sending */
	bool safe, encrypted, says_http2; /* what was read last and taken, or is to be */
	struct http *http;
	bool must_be_safe;
	struct logbook *book; /* NULL: not yet */
	pid_t verifier_pid, opener_pid;
	int opener_fd;
	struct token_bucket notes[HTTP_NOTES];
	__u64 unsaid[HTTP_NOTES];
	struct faults faults;
	__u64 failures;
	bool last_good;
};

/* --- Reading and judging. ----------------------------------------------------------- */

static void check_hashes(const struct web_config *config, struct faults *faults)
{
	const struct access *access = web_config__access(config);
	unsigned int i;

	for (i = 0; i < access->nusers; i++)
		if (!password_hash_works(access->users[i].hash))
			web_config__refuse_user(config, access->users[i].name,
						"crypt(3) of this host does not take this hash",
						faults);
}

/* Before there is an http that could take it: whoever only checks a configuration has none. */
static int check_tls(struct web_access *web, const struct web_config *config)
{
	const struct access *access = web_config__access(config);
	struct tls_context *tls = NULL;
	char why[TLS_WHY_LEN];
	const char *key;
	int err = access->encrypted ? tls_context__new(&access->tls, &tls, &key, why) : 0;

	tls_context__put(tls);
	if (err == -EINVAL)
		web_config__refuse_tls(config, key, why, &web->faults);
	return err;
}

static int read_bundle(struct web_access *web, struct web_config **ret)
{
	struct web_config *config = NULL;
	int err;

	faults_init(&web->faults);
	err = web_bundle_read(&web->bundle, &config, &web->faults);
	if (err)
		return err;
	check_hashes(config, &web->faults);
	if (web->faults.n) {
		web_config__free(config);
		return -EINVAL;
	}
	*ret = config;
	return 0;
}

static bool is_safe(const struct access *access)
{
	return access->encrypted && access_has_credentials(access);
}

/* What others ask of the one that is in force. */
static void note_kind(struct web_access *web, const struct web_config *config)
{
	const struct access *access = web_config__access(config);

	web->safe = is_safe(access);
	web->encrypted = access->encrypted;
	web->says_http2 = web_config__wants_http2(config);
}

/* http takes it, or says what is wrong with it. */
static int configure(struct web_access *web, struct web_config *config)
{
	const struct access *access = web_config__access(config);
	char why[HTTP_WHY_LEN];
	const char *key;
	int err;

	if (web->must_be_safe && !is_safe(access)) {
		faults_add(
			&web->faults, 0, 0, NULL,
			"vigie listens beyond loopback: that needs tls_server_config and credentials "
			"(basic_auth_users, bearer_token_files or RequireAndVerifyClientCert), or "
			"--allow-insecure");
		return -EPERM;
	}
	err = http__configure(web->http, access, &key, why);
	if (err && key)
		web_config__refuse_tls(config, key, why, &web->faults);
	else if (err)
		faults_add(&web->faults, 0, 0, NULL, "cannot be taken: %s", err_name(err));
	if (!err)
		note_kind(web, config);
	return err;
}

/* What the bundle holds, read and taken. */
static int take_bundle(struct web_access *web)
{
	struct web_config *config = NULL;
	int err = read_bundle(web, &config);

	if (!err)
		err = configure(web, config);
	web_config__free(config);
	web_bundle_done(&web->bundle);
	return err;
}

/* --- Starting. ---------------------------------------------------------------------- */

static void complain(struct web_access *web, const char *who, int err)
{
	char text[FAULT_LEN + WEB_PATH_MAX];
	unsigned int i;

	faults_sort(&web->faults);
	for (i = 0; i < web->faults.n; i++) {
		fault_format(&web->faults.all[i], web->path, text, sizeof(text));
		fprintf(stderr, "%s: %s\n", who, text);
	}
	if (web->faults.more)
		fprintf(stderr, "%s: %s: %u more faults\n", who, web->path, web->faults.more);
	if (!web->faults.n)
		fprintf(stderr, "%s: %s: cannot be taken: %s\n", who, web->path, err_name(err));
}

int web_access__load(const char *path, const char *who, struct web_access **ret)
{
	struct web_config *config = NULL;
	struct web_access *web;
	int err, i;

	if (strlen(path) >= WEB_PATH_MAX) {
		fprintf(stderr, "%s: --web.config.file: a path of %zu bytes: %d are the most\n",
			who, strlen(path), WEB_PATH_MAX - 1);
		return -ENAMETOOLONG;
	}
	web = calloc(1, sizeof(*web));
	if (!web)
		return -ENOMEM;
	snprintf(web->path, sizeof(web->path), "%s", path);
	web->owner = geteuid();
	web->opener_fd = -1;
	web->last_good = true;
	for (i = 0; i < HTTP_NOTES; i++)
		token_bucket_init(&web->notes[i], NOTE_INTERVAL_MS, NOTE_BURST,
				  clock_monotonic_ms());
	web_bundle_init(&web->bundle);
	web_bundle_open(&web->bundle, path, web->owner);
	err = read_bundle(web, &config);
	if (!err)
		err = check_tls(web, config);
	if (!err)
		note_kind(web, config);
	web_config__free(config);
	if (err) {
		complain(web, who, err);
		web_access__free(web);
		return err;
	}
	*ret = web;
	return 0;
}

bool web_access__is_safe(const struct web_access *web)
{
	return web && web->safe;
}

bool web_access__is_encrypted(const struct web_access *web)
{
	return web && web->encrypted;
}

static int start_helpers(struct web_access *web, const char **ret_what)
{
	int fd, err = password_start(&web->verifier_pid, &fd, ret_what);

	if (err)
		return err;
	http__set_verifier(web->http, fd);
	return web_opener_start(&web->bundle, web->owner, &web->opener_pid, &web->opener_fd,
				ret_what);
}

int web_access__start(struct web_access *web, struct http *http, bool must_be_safe, const char *who)
{
	const char *what = "";
	int err;

	web->http = http;
	web->must_be_safe = must_be_safe;
	err = start_helpers(web, &what);
	if (err)
		fprintf(stderr, "%s: cannot start vigie-password and vigie-opener: %s: %s\n", who,
			what, err_name(err));
	return err;
}

int web_access__configure(struct web_access *web, const char *who)
{
	int err = take_bundle(web);

	if (err)
		complain(web, who, err);
	return err;
}

void web_access__free(struct web_access *web)
{
	if (!web)
		return;
	web_bundle_done(&web->bundle);
	side_process_stop(web->opener_pid, web->opener_fd);
	side_process_stop(web->verifier_pid, -1); /* http has closed its end by now */
	free(web);
}

/* --- While it runs. ----------------------------------------------------------------- */

static void say_http2(const struct web_access *web)
{
	if (web->says_http2)
		logbook_say(web->book, SEVERITY_INFO, "web-config-http2", 0,
			    "%s: http2: true is accepted and without effect: answers are HTTP/1.1",
			    web->path);
}

void web_access__set_book(struct web_access *web, struct logbook *book)
{
	web->book = book;
	say_http2(web);
}

int web_access__fd(const struct web_access *web)
{
	return web->opener_fd;
}

/* One line, whatever is wrong: the first fault, and how many more there are. */
static void say_failure(struct web_access *web, int err)
{
	char text[LINE_LEN] = "";
	unsigned int more = web->faults.n + web->faults.more;

	faults_sort(&web->faults);
	if (web->faults.n)
		fault_format(&web->faults.all[0], web->path, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s: cannot be taken", web->path);
	if (more > 1)
		logbook_say(web->book, SEVERITY_ERROR, "web-config-failed", err,
			    "%s (and %u more): the configuration before stays in force", text,
			    more - 1);
	else
		logbook_say(web->book, SEVERITY_ERROR, "web-config-failed", err,
			    "%s: the configuration before stays in force", text);
}

static void reload(struct web_access *web)
{
	int err = take_bundle(web);

	web->last_good = !err;
	if (err) {
		web->failures++;
		say_failure(web, err);
		return;
	}
	logbook_say(web->book, SEVERITY_INFO, "web-config-reloaded", 0, "%s: taken anew",
		    web->path);
	say_http2(web);
}

void web_access__listen(struct web_access *web)
{
	int whole;

	while ((whole = web_opener_listen(web->opener_fd, &web->bundle)) > 0)
		reload(web);
	if (whole == 0)
		return;
	close(web->opener_fd); /* which takes it out of whatever epoll it is in */
	web->opener_fd = -1;
	logbook_say(web->book, SEVERITY_ERROR, "web-config-blind", 0,
		    "the process that watches %s is gone: changes need a restart", web->path);
}

void web_access__note(struct web_access *web, enum http_note note, const char *peer,
		      const char *what)
{
	static const struct {
		const char *action;
		enum severity severity;
	} kinds[HTTP_NOTES] = {
		[HTTP_NOTE_HANDSHAKE] = { "tls-handshake-failed", SEVERITY_INFO },
		[HTTP_NOTE_CERTIFICATE] = { "client-certificate-refused", SEVERITY_WARNING },
		[HTTP_NOTE_CREDENTIALS] = { "credentials-refused", SEVERITY_WARNING },
		[HTTP_NOTE_VERIFIER] = { "verifier-gone", SEVERITY_CRITICAL },
	};
	char more[60] = "";

	if (!web->book)
		return;
	if (!token_bucket_take(&web->notes[note], clock_monotonic_ms())) {
		web->unsaid[note]++;
		return;
	}
	if (web->unsaid[note])
		snprintf(more, sizeof(more), " (and %llu more since the last such line)",
			 (unsigned long long)web->unsaid[note]);
	web->unsaid[note] = 0;
	logbook_say(web->book, kinds[note].severity, kinds[note].action, 0, "%s%s%s%s", peer,
		    peer[0] ? ": " : "", what, more);
}

void web_access__stat(const struct web_access *web, const struct http_stat *http,
		      struct self_web *ret)
{
	unsigned int i;

	ret->reload_successful = web->last_good;
	ret->reload_failures = web->failures;
	ret->verifier_up = http->verifier_up;
	for (i = 0; i < HTTP_DENIALS; i++)
		ret->denied[i] = http->denied[i];
}
