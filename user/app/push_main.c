// SPDX-License-Identifier: GPL-2.0-only
/*
 * push_main.c - owns the program vigie-push: the order of starting.
 *
 *	file, credentials -> become the user -> spool -> no more privileges -> push
 *
 * A program of its own, because it alone has libcurl and connects to somewhere; it needs nothing of
 * vigie but its page, and vigie needs nothing of it.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "app/push_secrets.h"
#include "app/serve_config.h"
#include "app/standard.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/host_id.h"
#include "base/io.h"
#include "base/text.h"
#include "config/file.h"
#include "config/push_config.h"
#include "daemon/notify.h"
#include "gen/version.h"
#include "push/pusher.h"
#include "sandbox/confine.h"
#include "sandbox/landlock.h"

enum { FILE_BYTES_MAX = 64 << 10, OPT_CHECK = 1600, OPT_USER, OPT_VERSION };

#define USER_DEFAULT "vigie-push"

static const char who[] = "vigie-push";

struct push_program {
	const char *path, *user;
	bool check;
	struct yaml_doc *doc;
	struct push_settings settings;
	struct push_secrets secrets[PUSH_TARGETS_MAX];
	struct notify notify;
	char host_name[256], host_id[HOST_ID_LEN];
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct push_program *p = state->input;

	switch (key) {
	case 'c': p->path = arg; return 0;
	case OPT_CHECK: p->check = true; return 0;
	case OPT_USER: p->user = arg; return 0;
	case OPT_VERSION: printf("vigie-push %s (%s)\n", VIGIE_VERSION, VIGIE_REVISION); exit(0);
	case ARGP_KEY_ARG: argp_error(state, "'%s': no argument is expected", arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{ "config", 'c', "FILE", 0,
	  "Section push of this file says what is sent where; default " SERVE_CONFIG_DEFAULT, 0 },
	{ "check-config", OPT_CHECK, NULL, 0,
	  "Say what is wrong with that section and the files that it names, and end", 0 },
	{ "user", OPT_USER, "NAME", 0,
	  "Where it is started as root: become this user, and its groups; default " USER_DEFAULT,
	  0 },
	{ "version", OPT_VERSION, NULL, 0, "Print the version", 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.doc = "Send the figures and findings of a running vigie serve to OpenTelemetry, InfluxDB and "
	       "Graphite.\vSIGUSR1 has it say what each destination has taken.",
};

/* --- What is to be done. ------------------------------------------------------------- */

static int read_document(struct push_program *p, struct faults *faults)
{
	const struct config_file_rules rules = { .max = FILE_BYTES_MAX, .owner = geteuid() };
	char why[CONFIG_FILE_WHY_LEN];
	struct buf text;
	int fd = config_file_open(p->path, &rules, why), err;

	buf_init(&text, FILE_BYTES_MAX);
	err = fd < 0 ? fd : config_file_read(fd, &text, why);
	if (fd >= 0)
		close(fd);
	if (err)
		faults_add(faults, 0, 0, NULL, "%s", why);
	else
		err = yaml_doc__parse(text.len ? text.data : "", text.len, &p->doc, faults);
	buf_done(&text);
	return err == -ENOMEM ? err : 0;
}

static void complain(const struct push_program *p, struct faults *faults)
{
	char line[FAULT_LEN + 300];
	unsigned int i;

	faults_sort(faults);
	for (i = 0; i < faults->n; i++) {
		fault_format(&faults->all[i], p->path, line, sizeof(line));
		fprintf(stderr, "%s: %s\n", who, line);
	}
	if (faults->more)
		fprintf(stderr, "%s: %s: and %u more\n", who, p->path, faults->more);
}

/* All of it, and all that is wrong with it. 0; -EINVAL, which was said; -ENOMEM. */
static int read_config(struct push_program *p)
{
	static struct faults faults; /* large */
	unsigned int i;
	int err;

	faults_init(&faults);
	err = read_document(p, &faults);
	if (!err && p->doc)
		err = push_config_read(yaml_doc__root(p->doc), &p->settings, &faults);
	for (i = 0; !err && i < p->settings.ntargets; i++)
		err = push_secrets_load(&p->settings.targets[i], geteuid(), &p->secrets[i],
					&faults);
	if (err || !(faults.n + faults.more))
		return err;
	complain(p, &faults);
	return -EINVAL;
}

/* --- Who does it. -------------------------------------------------------------------- */

static int become_user(const struct push_program *p)
{
	const char *user = p->user ? p->user : USER_DEFAULT;
	int err;

	if (geteuid())
		return 0;
	err = confine_become(user);
	if (err)
		fprintf(stderr,
			"%s: cannot become the user '%s': %s; start it as a user without "
			"privileges, or name one: --user NAME\n",
			who, user, err_name(err));
	return err;
}

/* *ret_fd -1: none is asked for. 0, or -errno, which was said. */
static int open_spool(const struct push_program *p, int *ret_fd)
{
	struct stat st;
	int fd;

	*ret_fd = -1;
	if (!*p->settings.spool)
		return 0;
	mkdir(p->settings.spool, 0700); /* where it may; what counts is that it is there */
	fd = io_open_dir(p->settings.spool);
	if (fd >= 0 && !fstat(fd, &st) && (st.st_uid != geteuid() || st.st_mode & 022)) {
		fprintf(stderr,
			"%s: push.spool: '%s' must belong to who pushes (uid %u) and be "
			"writable by nobody else: chown it, chmod 700, or push.spool: ''\n",
			who, p->settings.spool, geteuid());
		close(fd);
		return -EPERM;
	}
	if (fd < 0) {
		fprintf(stderr,
			"%s: push.spool: '%s': %s; make it, for the user that pushes, or "
			"push.spool: ''\n",
			who, p->settings.spool, err_name(fd));
		return fd;
	}
	*ret_fd = fd;
	return 0;
}

/* What libcurl and libc read as they connect: names, certificates. */
enum { READ_DIRS = 6 };
static unsigned int open_read_dirs(const struct push_program *p,
				   int dirs[READ_DIRS + PUSH_TARGETS_MAX])
{
	static const char *const paths[READ_DIRS] = { "/etc",
						      "/run/systemd/resolve",
						      "/run/resolvconf",
						      "/run/NetworkManager",
						      "/usr/share/ca-certificates",
						      "/usr/local/share/ca-certificates" };
	char directory[PUSH_URL_LEN_MAX];
	const char *name;
	unsigned int n, i;

	for (n = 0; n < READ_DIRS; n++)
		dirs[n] = io_open_dir(paths[n]);
	for (i = 0; i < p->settings.ntargets; i++) {
		const char *ca = p->settings.targets[i].ca_file;

		if (ca && !io_split_path(ca, directory, sizeof(directory), &name))
			dirs[n++] = io_open_dir(*directory ? directory : "/");
	}
	return n;
}

static int give_up_privileges(const struct push_program *p, int spool)
{
	const struct confine_config config = { .role = CONFINE_PUSHER,
					       .uid = getuid(),
					       .gid = getgid(),
					       .already_unprivileged = true };
	int dirs[READ_DIRS + PUSH_TARGETS_MAX];
	unsigned int n = open_read_dirs(p, dirs), i;
	const char *what;
	int err = confine(&config, &what);

	if (err)
		fprintf(stderr, "%s: cannot give up privileges: %s: %s\n", who, what,
			err_name(err));
	else
		err = landlock_confine_both(dirs, n, &spool, spool >= 0);
	if (err == -EOPNOTSUPP) /* the filter and the user are what there is */
		err = 0;
	for (i = 0; i < n; i++)
		if (dirs[i] >= 0)
			close(dirs[i]);
	return err;
}

/* --- Doing it. ----------------------------------------------------------------------- */

static void say(void *ctx, const char *line)
{
	fprintf(stderr, "%s: %s\n", who, line);
}

static void tell_status(void *ctx, const char *line)
{
	struct push_program *p = ctx;

	if (p->notify.fd >= 0)
		notify_status(&p->notify, line);
}

static void tell_alive(void *ctx)
{
	struct push_program *p = ctx;

	if (p->notify.fd >= 0)
		notify_alive(&p->notify);
}

static void find_identity(struct push_program *p)
{
	struct utsname host;

	host_id_read(p->host_id); /* without one it is known by its name */
	if (!uname(&host))
		text_sanitise(p->host_name, sizeof(p->host_name), host.nodename,
			      strlen(host.nodename));
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int push(struct push_program *p, int spool)
{
	struct pusher_config config = {
		.settings = &p->settings,
		.secrets = p->secrets,
		.spool_root = spool,
		.identity = { p->host_name, p->host_id, *p->host_id ? p->host_id : p->host_name,
			      VIGIE_VERSION },
		.say = say,
		.status = tell_status,
		.alive = tell_alive,
		.ctx = p,
	};
	struct pusher *pusher;
	int signals = open_signals(), err;

	if (signals < 0)
		return signals;
	err = pusher__new(&config, &pusher);
	if (err)
		return err;
	err = give_up_privileges(p, spool);
	if (!err) {
		fprintf(stderr, "%s: pushing to %u destinations from %s\n", who,
			p->settings.ntargets, p->settings.source);
		if (p->notify.fd >= 0)
			notify_ready(&p->notify);
		err = pusher__run(pusher, signals, p->notify.alive_every_ns);
	}
	pusher__free(pusher);
	close(signals);
	return err;
}

static int run(struct push_program *p)
{
	char what[NOTIFY_WHAT_LEN];
	int spool, err;

	if (!p->settings.ntargets) {
		fprintf(stderr, "%s: %s names no destination: push.destinations\n", who, p->path);
		return -EINVAL;
	}
	err = notify_open(&p->notify, what);
	if (err)
		fprintf(stderr, "%s: systemd is not told: %s: %s\n", who, what, err_name(err));
	find_identity(p);
	err = become_user(p);
	if (err)
		return err;
	err = open_spool(p, &spool);
	if (err)
		return err;
	err = push(p, spool);
	if (err)
		fprintf(stderr, "%s: ended: %s\n", who, err_name(err));
	if (err == -EINVAL)
		err = -EIO;
	if (spool >= 0)
		close(spool);
	notify_done(&p->notify);
	return err;
}

int main(int argc, char **argv)
{
	static struct push_program p = { .path = SERVE_CONFIG_DEFAULT, .notify = { .fd = -1 } };
	unsigned int i;
	int err;

	clock_init();
	if (standard_descriptors_init())
		return EXIT_FAILURE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &p))
		return EXIT_USAGE;
	err = read_config(&p);
	if (err == -ENOMEM)
		fprintf(stderr, "%s: %s: %s\n", who, p.path, err_name(err));
	if (!err && p.check)
		printf("%s: %s is good: %u destinations\n", who, p.path, p.settings.ntargets);
	else if (!err)
		err = run(&p);
	for (i = 0; i < PUSH_TARGETS_MAX; i++)
		push_secrets_done(&p.secrets[i]);
	yaml_doc__free(p.doc);
	if (err == -EINVAL) /* the file is wrong: nothing to try again */
		return EXIT_USAGE;
	return err ? EXIT_FAILURE : 0;
}
