// SPDX-License-Identifier: GPL-2.0-only
/* services.c - owns opening what keeps, in order. */
#include "daemon/services.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "daemon/state_dir.h"

enum { MAX_INCIDENTS = 50, MAX_INCIDENT_BYTES = 64 << 20 };

#define HOUR_NS (3600 * 1000000000ULL)

void keep_options_init(struct keep_options *options)
{
	*options = (struct keep_options){
		.recording = true,
		.directory = STATEDIR_DEFAULT,
		.keep_ns = 24 * HOUR_NS,
		.max_bytes = 256000000,
		.log_level = SEVERITY_INFO,
		.capture = true,
	};
}

/* 0, or -errno with *ret_why completing "DIR …". */
static int open_statedir(struct keep *keep, const struct keep_options *options, uid_t uid,
			 gid_t gid, const char **ret_why)
{
	int fd = statedir_make(options->directory, uid, gid, ret_why), err;

	if (fd < 0)
		return fd;
	*ret_why = "is being written to by another vigie";
	err = statedir_lock(fd, &keep->lock);
	if (err) {
		if (err != -EWOULDBLOCK)
			*ret_why = "cannot be locked";
		close(fd);
		return err;
	}
	keep->statedir = fd;
	return 0;
}

/* Findings without stacks are findings still: what is missing is said, and that is all. */
static void start_witness(struct keep *keep, const struct keep_options *options, bool root,
			  int *ret_scribe)
{
	const char *what;
	int err;

	if (!options->capture || keep->statedir < 0)
		return;
	err = root ? witness__start(&keep->witness, ret_scribe, &what) : -EPERM;
	if (err)
		logbook_say(&keep->book, SEVERITY_INFO, "capture-off", err,
			    "findings will have no profiling sessions: %s",
			    root ? what : "needs root");
}

static int start_scribe(struct keep *keep, const struct keep_options *options, uid_t uid, gid_t gid,
			bool change_user, int witness, const char *who)
{
	static char directory[PATH_MAX];
	const char *boot = keep->book.origin.boot_id;
	struct scribe_config config = {
		.statedir = keep->statedir,
		.witness = witness,
		.lock = keep->lock,
		.boot = hash_bytes(boot, strlen(boot), 0),
		.keep_ns = options->keep_ns,
		.max_bytes = options->max_bytes,
		.max_incidents = MAX_INCIDENTS,
		.max_incident_bytes = MAX_INCIDENT_BYTES,
		.journal = keep->book.journal,
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
	err = scribe__start(&config, &keep->scribe, &what);
	if (err)
		fprintf(stderr, "%s: cannot keep a log and a recording: %s: %s\n", who, what,
			err_name(err));
	return err;
}

int keep_open(struct keep *keep, const struct keep_options *options, uid_t uid, gid_t gid,
	      bool change_user, const char *who)
{
	const char *why;
	int err = 0, witness = -1;

	memset(keep, 0, sizeof(*keep));
	keep->statedir = keep->lock = -1;
	logbook_init(&keep->book);
	keep->book.level = options->log_level;
	keep->book.format = options->log_format;
	keep->book.journal = logbook_is_journaled();
	keep->book.text = !keep->book.journal;
	if (options->recording)
		err = open_statedir(keep, options, uid, gid, &why);
	if (err && options->directory_given) {
		fprintf(stderr, "%s: --recording: '%s' %s: %s\n", who, options->directory, why,
			err_name(err));
		return err;
	}
	if (err)
		logbook_say(&keep->book, SEVERITY_WARNING, "recording-off", err,
			    "no recording, no log file, no evidence: %s %s", options->directory,
			    why);
	start_witness(keep, options, change_user, &witness);
	err = start_scribe(keep, options, uid, gid, change_user, witness, who);
	if (witness >= 0)
		close(witness);
	if (err)
		return err;
	keep->book.scribe = keep->scribe;
	keep->book.file = keep->statedir >= 0 || options->log_file;
	err = blackbox_init(&keep->box, keep->statedir >= 0 ? keep->scribe : NULL, &keep->book);
	if (!err)
		err = lookout_init(&keep->lookout, &keep->book, &keep->box, keep->witness,
				   keep->statedir);
	if (err)
		fprintf(stderr, "%s: cannot keep a log and a recording: %s\n", who, err_name(err));
	return err;
}

void keep_done(struct keep *keep)
{
	lookout_done(&keep->lookout);
	blackbox_done(&keep->box);
	/* First: what it still hands over the scribe still writes. */
	witness__free(keep->witness);
	scribe__free(keep->scribe);
	logbook_done(&keep->book);
	if (keep->lock >= 0)
		close(keep->lock);
	if (keep->statedir >= 0)
		close(keep->statedir);
}
