// SPDX-License-Identifier: GPL-2.0-only
/* reload.c - owns the application of what may change while vigie serves. */
#include "app/reload.h"

#include <errno.h>

static void say_faults(const struct reload *reload, const struct faults *faults, int err)
{
	char line[FAULT_LEN + 300];
	unsigned int i;

	for (i = 0; i < faults->n; i++) {
		fault_format(&faults->all[i], reload->config->path, line, sizeof(line));
		logbook_say(reload->book, SEVERITY_ERROR, "config-fault", 0, "%s", line);
	}
	logbook_say(reload->book, SEVERITY_ERROR, "config-refused", err == -ENOMEM ? err : 0,
		    "configuration not taken, %u faults: what was in effect goes on; mend %s and "
		    "send SIGHUP again",
		    faults->n + faults->more, reload->config->path);
}

/* "log.level, groups.linger" of those that became so. */
static void name_changes(const struct serve_changes *changes, enum serve_change which,
			 struct buf *names)
{
	unsigned int i;

	for (i = 0; i < nsettings; i++)
		if (changes->of[i] == which)
			buf_printf(names, "%s%s.%s", names->len ? ", " : "",
				   settings[i].key.section, settings[i].key.name);
}

static void say_changes(const struct reload *reload, const struct serve_changes *changes)
{
	struct buf names;
	unsigned int i;

	buf_init(&names, FAULT_LEN);
	name_changes(changes, CHANGED, &names);
	if (changes->nchanged)
		logbook_say(reload->book, SEVERITY_INFO, "config-changed", 0,
			    "configuration read anew, changed: %.*s", (int)names.len, names.data);
	else /* without a file SIGHUP is for the log only */
		logbook_say(reload->book,
			    reload->config->must_exist ? SEVERITY_INFO : SEVERITY_DEBUG,
			    "config-read", 0, "configuration read anew, nothing %s",
			    changes->nrestart ? "changes at once" : "changed");
	buf_done(&names);
	for (i = 0; i < nsettings; i++)
		if (changes->of[i] == NEEDS_RESTART)
			logbook_say(reload->book, SEVERITY_WARNING, "config-restart", 0,
				    "%s.%s: needs a restart; until then it is as before",
				    settings[i].key.section, settings[i].key.name);
}

void reload_try(const struct reload *reload)
{
	int err = serve_config_has_file(reload->config) ? serve_config_try(reload->config) : 0;

	if (err)
		logbook_say(reload->book, SEVERITY_WARNING, "config-unreadable", err,
			    "SIGHUP will not change anything: %s: " SERVE_CONFIG_READABLE,
			    reload->config->path);
}

bool reload_config(void *ctx)
{
	const struct reload *reload = ctx;
	const struct serve_options *options;
	struct serve_changes changes;
	struct server_live live;
	struct faults faults;
	int err;

	faults_init(&faults);
	err = serve_config_reread(reload->config, &faults, &options, &changes);
	if (err) {
		say_faults(reload, &faults, err);
		return false;
	}
	/* Before anything is said: the text of the former format is gone. */
	reload->book->format = options->services.log_format;
	reload->book->level = options->services.log_level;
	live.interval_ns = options->server.interval_ns;
	live.families = options->server.families;
	live.linger_ns = options->model.linger_ns;
	live.bounds.retention_ns = options->services.retention_ns;
	live.bounds.max_bytes = options->services.max_bytes;
	server__change(reload->server, &live);
	say_changes(reload, &changes);
	return true;
}
