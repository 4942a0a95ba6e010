// SPDX-License-Identifier: GPL-2.0-only
/* services.c - owns the order in which the services open. */
#include "daemon/services.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/units.h"
#include "daemon/memory.h"
#include "daemon/state_dir.h"
#include "profile/kallsyms.h"

enum { MAX_INCIDENTS = 50, MAX_INCIDENT_BYTES = 64 << 20 };

#define HOUR_NS (3600 * NS_PER_S)

void services_options_init(struct services_options *options)
{
	*options = (struct services_options){
		.history = true,
		.directory = STATE_DIR_DEFAULT,
		.retention_ns = 24 * HOUR_NS,
		.max_bytes = 256000000,
		.log_level = SEVERITY_INFO,
		.capture = true,
		.max_overhead_ppb = NS_PER_S / 100,
		.max_memory = MEMORY_UNSAID,
	};
}

/* 0, or -errno with *ret_why completing "DIR …". */
static int open_statedir(struct services *services, const struct services_options *options,
			 uid_t uid, gid_t gid, const char **ret_why)
{
	int adopted = state_dir_adopt(options->directory, uid, gid), fd, err;

	if (adopted)
		logbook_say(&services->book, SEVERITY_INFO, "history-adopted",
			    adopted < 0 ? adopted : 0, "%s was nobody's: %d files of it %s",
			    options->directory, adopted < 0 ? 0 : adopted,
			    adopted < 0 ? "could be given to the user that vigie serves as"
					: "are the user's now that vigie serves as");
	fd = state_dir_make(options->directory, uid, gid, ret_why);
	if (fd < 0)
		return fd;
	*ret_why = "is being written to by another vigie";
	err = state_dir_lock_as(fd, uid, gid, &services->lock);
	if (err) {
		if (err != -EWOULDBLOCK)
			*ret_why = "cannot be locked";
		close(fd);
		return err;
	}
	services->state_dir = fd;
	return 0;
}

/* Findings without stacks are findings still: what is missing is said, and that is all. */
static void start_profiler(struct services *services, const struct services_options *options,
			   bool root, int *ret_writer)
{
	const char *what;
	int err;

	if (!options->capture || services->state_dir < 0)
		return;
	err = root ? profiler__start(options->runtime_root, &services->profiler, ret_writer, &what)
		   : -EPERM;
	if (err)
		logbook_say(&services->book, SEVERITY_INFO, "capture-off", err,
			    "findings will have no profiling sessions: %s",
			    root ? what : "needs root");
}

/* A budget without measured probes is one with assumed prices. */
static void start_meter(struct services *services, const struct services_options *options,
			bool root)
{
	const char *what = "needs root";
	int err;

	if (!options->max_overhead_ppb)
		return;
	err = root ? meter__start(&services->meter, &what) : -EPERM;
	if (err)
		logbook_say(&services->book, SEVERITY_INFO, "overhead-unmeasured", err,
			    "what the probes cost is not measured but assumed: %s", what);
}

/* A page without a past is a page still. */
static void start_history(struct services *services, const struct services_options *options,
			  uid_t uid, gid_t gid, bool change_user)
{
	const struct history_config config = {
		.state_dir = services->state_dir,
		.unit_ids = options->unit_ids,
		.uid = uid,
		.gid = gid,
		.change_user = change_user,
	};
	const char *what;
	int err;

	if (services->state_dir < 0)
		return;
	err = history__start(&config, &services->history, &what);
	if (err)
		logbook_say(&services->book, SEVERITY_WARNING, "history-off", err,
			    "the page at / has no past: %s", what);
}

static int start_writer(struct services *services, const struct services_options *options,
			uid_t uid, gid_t gid, bool change_user, int profiler, const char *who)
{
	static char directory[PATH_MAX];
	const char *boot = services->book.origin.boot_id;
	struct writer_config config = {
		.state_dir = services->state_dir,
		.profiler = profiler,
		.lock = services->lock,
		.boot = hash_bytes(boot, strlen(boot), 0),
		.retention_ns = options->retention_ns,
		.max_bytes = options->max_bytes,
		.max_incidents = MAX_INCIDENTS,
		.max_incident_bytes = MAX_INCIDENT_BYTES,
		.journal = services->book.journal,
		.change_user = change_user,
		.uid = uid,
		.gid = gid,
	};
	const char *what;
	int err = 0;

	if (options->log_file) {
		err = io_split_path(options->log_file, directory, sizeof(directory),
				    &config.log_name);
		config.log_directory = directory;
	}
	if (err) {
		fprintf(stderr, "%s: --log-file: '%s' is not the path of a file\n", who,
			options->log_file);
		return err;
	}
	err = writer__start(&config, &services->writer, &what);
	if (err)
		fprintf(stderr, "%s: cannot keep a log and a history: %s: %s\n", who, what,
			err_name(err));
	/* It holds the lock: to close a file on a disk that hangs would keep us from ending. */
	if (!err && services->lock >= 0) {
		close(services->lock);
		services->lock = -1;
	}
	return err;
}

int services_open(struct services *services, const struct services_options *options, uid_t uid,
		  gid_t gid, bool change_user, const char *who)
{
	const char *why;
	int err = 0, profiler = -1;

	memset(services, 0, sizeof(*services));
	services->state_dir = services->lock = -1;
	verdicts_init(&services->handler.verdicts, -1); /* services_done() closes what it watches */
	logbook_init(&services->book);
	services->book.level = options->log_level;
	services->book.format = options->log_format;
	services->book.journal = logbook_is_journaled();
	services->book.text = !services->book.journal;
	if (options->history)
		err = open_statedir(services, options, uid, gid, &why);
	if (err && options->directory_option) {
		fprintf(stderr, "%s: %s: '%s' %s: %s%s\n", who, options->directory_option,
			options->directory, why, err_name(err), err_write_remedy(err));
		return err;
	}
	if (err)
		logbook_say(&services->book, SEVERITY_WARNING, "recording-off", err,
			    "no history, no log file, no evidence: %s %s", options->directory, why);
	start_profiler(services, options, change_user, &profiler);
	kallsyms_drop();
	start_meter(services, options, change_user);
	start_history(services, options, uid, gid, change_user);
	err = start_writer(services, options, uid, gid, change_user, profiler, who);
	if (profiler >= 0)
		close(profiler);
	if (err)
		return err;
	services->book.writer = services->writer;
	services->book.file = services->state_dir >= 0 || options->log_file;
	err = recorder_init(&services->recorder, services->state_dir >= 0 ? services->writer : NULL,
			    &services->book);
	if (!err)
		err = finding_handler_init(&services->handler, &services->book, &services->recorder,
					   services->profiler, services->state_dir);
	if (err)
		fprintf(stderr, "%s: cannot keep a log and a history: %s\n", who, err_name(err));
	return err;
}

void services_done(struct services *services)
{
	finding_handler_done(&services->handler);
	recorder_done(&services->recorder);
	/* First: what it still hands over the writer still writes. */
	profiler__free(services->profiler);
	meter__free(services->meter);
	history__free(services->history);
	writer__free(services->writer);
	logbook_done(&services->book);
	if (services->lock >= 0)
		close(services->lock);
	if (services->state_dir >= 0)
		close(services->state_dir);
}
