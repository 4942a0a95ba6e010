// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_serve.c - owns `vigie serve`: the order of starting and stopping.
 *
 *	address, facts, plan -> bind -> fork the others -> load, attach -> give up privileges -> serve
 *
 * The port comes before all else, so that a second instance disturbs nothing; the others are
 * forked while there is neither a BPF object nor a key of TLS that they could hold on to; privileges go before the first
 * byte of a stranger is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/reload.h"
#include "app/serve_config.h"
#include "app/web_options.h"
#include "base/err.h"
#include "daemon/memory.h"
#include "daemon/notify.h"
#include "daemon/pipeline_live.h"
#include "daemon/port_owner.h"
#include "daemon/state_dir.h"
#include "daemon/web_access.h"
#include "http/http.h"
#include "profile/kallsyms.h"
#include "sandbox/confine.h"

enum { PRINT_MAX = 1 << 20 };

static const char who[] = "vigie serve";

struct serve {
	const struct serve_options *options;
	struct serve_config *config;
	struct http_address listen[HTTP_LISTENERS_MAX]; /* those of the options, and systemd's */
	unsigned int nlisten;
	struct web_access *web; /* NULL: no --web.config.file */
	__u64 max_memory; /* bytes; 0: there is no bound, and all shares are 0 */
	struct memory_shares shares;
	bool change_user; /* we are root */
	uid_t uid; /* as whom to serve and write */
	gid_t gid;
};

static bool is_exposed(const struct serve *serve)
{
	unsigned int i;

	for (i = 0; i < serve->nlisten; i++)
		if (!serve->listen[i].loopback)
			return true;
	return false;
}

/* Plain HTTP tells everyone on the way what runs here. */
static int check_addresses(const struct serve *serve)
{
	const struct serve_options *options = serve->options;
	char text[160];
	unsigned int i;
	int err = 0;

	if (options->insecure || web_access__is_safe(serve->web))
		return 0;
	for (i = 0; i < serve->nlisten; i++) {
		if (serve->listen[i].loopback)
			continue;
		http_address_format(&serve->listen[i], text, sizeof(text));
		fprintf(stderr,
			"%s: %s: '%s' is not a loopback address, and what is served is not both "
			"encrypted and protected; use 127.0.0.1 or unix:PATH, or --web.config.file with "
			"TLS and credentials, or add --allow-insecure\n",
			who, i < options->nlisten ? options->listen_as[i] : "a socket of systemd",
			text);
		err = -EPERM;
	}
	return err;
}

/* What is to be served where, and to whom: all that can be wrong before anything is done. */
static int prepare_web(struct serve *serve, bool take_sockets)
{
	const struct serve_options *options = serve->options;
	int err = 0;

	serve->nlisten = options->nlisten;
	memcpy(serve->listen, options->listen, sizeof(serve->listen));
	if (take_sockets)
		err = web_take_sockets(serve->listen, &serve->nlisten, options->systemd_socket,
				       who);
	if (!err && options->web_config_file)
		err = web_access__load(options->web_config_file, who, &serve->web);
	return err ? err : check_addresses(serve);
}

/* What --max-memory leaves room for; complains where that is not enough for what else was asked for. */
static int share_memory(struct serve *serve)
{
	const struct memory_needs needs = {
		.cpus = sysconf(_SC_NPROCESSORS_CONF),
		.max_groups = serve->options->model.max_groups,
	};
	__u64 limit = serve->options->services.max_memory;
	int err;

	if (limit == MEMORY_UNSAID)
		limit = memory_default(&needs);
	serve->max_memory = limit;
	err = limit ? memory_divide(limit, &needs, &serve->shares) : 0;
	if (err)
		fprintf(stderr,
			"%s: --max-memory: %llu bytes are too little for %u groups (--max-groups) and "
			"%u CPUs; %lluMB at least, or off\n",
			who, (unsigned long long)limit, needs.max_groups, needs.cpus,
			(unsigned long long)(memory_least(&needs) + 999999) / 1000000);
	return err;
}

static int bind_addresses(const struct serve *serve, struct http **ret)
{
	char text[160], occupant[200];
	unsigned int failed = 0;
	int err = http__bind(serve->listen, serve->nlisten, ret, &failed);

	if (!err)
		return 0;
	http_address_format(&serve->listen[failed], text, sizeof(text));
	if (err != -EADDRINUSE) {
		fprintf(stderr, "%s: cannot listen on %s: %s\n", who, text, err_name(err));
		return err;
	}
	port_owner_find(&serve->listen[failed], occupant, sizeof(occupant));
	fprintf(stderr,
		"%s: cannot listen on %s: %s holds it (%s); stop it or choose another --listen\n",
		who, text, occupant[0] ? occupant : "another process", err_name(err));
	return err;
}

/* Without root there is nobody else to become; the capabilities still go. */
static int choose_user(struct serve *serve)
{
	const char *user = serve->options->user;
	int err;

	serve->change_user = geteuid() == 0;
	serve->uid = getuid();
	serve->gid = getgid();
	if (!serve->change_user)
		return 0;
	err = confine_find_user(user, &serve->uid, &serve->gid);
	if (err)
		fprintf(stderr, "%s: --user: '%s' is not an unprivileged user of this host: %s\n",
			who, user ? user : "nobody", err_name(err));
	return err;
}

static int give_up_privileges(const struct serve *serve, const struct plan *plan)
{
	const struct confine_config config = {
		.role = CONFINE_SERVER,
		.uid = serve->uid,
		.gid = serve->gid,
		.already_unprivileged = !serve->change_user,
		.keep_cap_bpf = plan->keep_cap_bpf,
	};
	const char *what;
	int err = confine(&config, &what);

	if (err)
		fprintf(stderr, "%s: cannot give up privileges: %s: %s\n", who, what,
			err_name(err));
	return err;
}

static void announce(const struct http *http, const struct serve *serve, struct logbook *book)
{
	const char *scheme = web_access__is_encrypted(serve->web) ? "https://" : "http://";
	const char *path = serve->options->server.telemetry_path;
	char text[160];
	unsigned int i;

	for (i = 0; i < serve->nlisten; i++) {
		const struct http_address *address = http__address(http, i);

		http_address_format(address, text, sizeof(text));
		logbook_say(book, SEVERITY_INFO, "serving", 0, "serving %s%s%s",
			    address->path[0] ? "" : scheme, text, address->path[0] ? "" : path);
	}
}

static int serve_until_stopped(const struct serve *serve, struct pipeline_live *live,
			       struct http *http, struct services *services, struct notify *notify)
{
	struct reload reload = { .config = serve->config, .book = &services->book };
	const struct server_parts parts = {
		.live = live,
		.http = http,
		.book = &services->book,
		.recorder = &services->recorder,
		.handler = &services->handler,
		.writer = services->writer,
		.profiler = services->profiler,
		.notify = notify,
		.web = serve->web,
		.meter = services->meter,
		.history = services->history,
		.reload = reload_config,
		.reload_ctx = &reload,
	};
	struct server_config config = serve->options->server;
	struct server *server = NULL;
	int err;

	config.max_overhead_ppb = serve->options->services.max_overhead_ppb;
	config.memory = (struct self_memory){
		.limit_bytes = serve->max_memory,
		.max_tasks = live->plan.config.max_tasks,
		.max_retired = serve->shares.retired ? serve->shares.retired : VIGIE_RETIRED_MAX,
	};
	err = server__new(&config, &parts, &server);
	reload.server = server;
	if (!err)
		err = server__start(server);
	if (err) {
		fprintf(stderr, "%s: cannot start: %s\n", who, err_name(err));
	} else {
		err = give_up_privileges(serve, &live->plan);
		/* Once more as the one who will serve: what does not work now never will. */
		if (!err)
			err = server__snapshot(server);
		if (!err) {
			reload_try(&reload);
			announce(http, serve, &services->book);
			err = server__run(server);
			logbook_say(&services->book, err ? SEVERITY_CRITICAL : SEVERITY_INFO,
				    "stopping", err, err ? "cannot go on" : "stopping");
		}
	}
	server__free(server);
	return err;
}

/* By the descriptor: the user may not reach the directory by its path, which may also be too long. */
static int add_socket(const struct serve *serve, int state_dir, struct http *http)
{
	struct http_address address;
	struct stat st;
	const char *why;
	char text[64];
	int err;

	snprintf(text, sizeof(text), "unix:/proc/self/fd/%d/" STATE_DIR_SOCKET, state_dir);
	if (http_address_parse(text, &address, &why))
		return -EINVAL;
	/* As the user whose directory it is: so the file is that user's and group's. */
	if (serve->change_user) {
		setfsgid(serve->gid);
		setfsuid(serve->uid);
	}
	/* The directory's lock is ours: whoever made one there, as whichever user, is gone. */
	if (!fstatat(state_dir, STATE_DIR_SOCKET, &st, AT_SYMLINK_NOFOLLOW) && S_ISSOCK(st.st_mode))
		unlinkat(state_dir, STATE_DIR_SOCKET, 0);
	err = http__add(http, &address);
	if (serve->change_user) {
		setfsuid(0);
		setfsgid(0);
	}
	return err;
}

/* For `vigie top` and `vigie once` of who may read the history. Nobody else needs it. */
static void open_socket(const struct serve *serve, struct http *http, struct services *services)
{
	int err;

	if (services->state_dir < 0)
		return;
	err = add_socket(serve, services->state_dir, http);
	if (err)
		logbook_say(&services->book, SEVERITY_WARNING, "socket-off", err,
			    "no socket in %s: vigie top and once cannot watch through this vigie",
			    serve->options->services.directory);
}

/* With the port ours: from here on something of us is left to be closed. */
static int run_bound(const struct serve *serve, struct pipeline_live *live, struct http *http)
{
	const struct serve_options *options = serve->options;
	struct services_options kept = options->services;
	struct model_config model = options->model;
	char untold[NOTIFY_WHAT_LEN];
	struct notify notify;
	struct services services;
	int err_notify = notify_open(&notify, untold), err = 0;

	kallsyms_take(); /* before anything is forked; services_open() has it dropped */
	if (serve->web)
		err = web_access__start(serve->web, http, is_exposed(serve) && !options->insecure,
					who);
	if (err) {
		notify_done(&notify);
		return err;
	}

	if (serve->shares.groups)
		model.max_known = serve->shares.groups;
	kept.unit_ids = options->common.unit_ids;
	if (!kept.unit_ids)
		kept.runtime_root = options->common.runtime_root;
	err = services_open(&services, &kept, serve->uid, serve->gid, serve->change_user, who);
	if (!err)
		open_socket(serve, http, &services);
	if (!err && serve->web)
		web_access__set_book(serve->web, &services.book);
	if (!err && err_notify)
		logbook_say(&services.book, SEVERITY_WARNING, "notify-off", err_notify,
			    "the service manager is not told how it goes: %s", untold);
	if (!err)
		err = pipeline_live_open(live, &options->common, &model, who);
	if (!err && live->unnamed)
		logbook_say(&services.book, SEVERITY_INFO, "names-off", live->unnamed,
			    "containers go by their ids: %s", live->unnamed_what);
	/* Nothing is forked any more: the keys of TLS are in this process only. */
	if (!err && serve->web)
		err = web_access__configure(serve->web, who);
	if (!err)
		err = serve_until_stopped(serve, live, http, &services, &notify);
	services_done(&services);
	notify_done(&notify);
	return err;
}

static int serve_run(struct serve *serve)
{
	const struct serve_options *options = serve->options;
	struct pipeline_options common = options->common;
	struct http *http = NULL;
	struct pipeline_live live = { 0 };
	int err;

	err = share_memory(serve);
	common.priced = options->services.max_overhead_ppb;
	common.max_tasks = serve->shares.tasks;
	common.max_retired = serve->shares.retired;
	common.max_cgroups = serve->shares.cgroups;
	if (!err)
		err = prepare_web(serve, true);
	if (!err)
		err = pipeline_live_prepare(&live, &common, who);
	if (!err)
		err = choose_user(serve);
	if (!err)
		err = bind_addresses(serve, &http);
	if (!err)
		err = run_bound(serve, &live, http);
	http__free(http);
	web_access__free(serve->web);
	pipeline_live_done(&live);
	return err;
}

static int check_config(const struct serve_config *config)
{
	struct serve serve = { .options = serve_config_options(config) };
	int err = share_memory(&serve);

	if (!err)
		err = prepare_web(&serve, false);
	web_access__free(serve.web);
	if (err)
		return EXIT_FAILURE; /* as serving would */
	if (serve.options->web_config_file)
		printf("%s: good\n", serve.options->web_config_file);
	if (serve_config_has_file(config))
		printf("%s: good\n", config->path);
	else
		printf("%s: there is no such file; the defaults are good\n", config->path);
	return EXIT_SUCCESS;
}

static int print_config(const struct serve_config *config)
{
	struct buf out;
	int err;

	buf_init(&out, PRINT_MAX);
	err = serve_config_print(config, &out);
	if (err)
		fprintf(stderr, "%s: --print-config: %s: %s\n", who,
			err == -EINVAL ? "YAML cannot hold a value that is not UTF-8"
				       : "cannot print",
			err_name(err));
	else
		fwrite(out.data, 1, out.len, stdout);
	buf_done(&out);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int serve_with(const struct serve_args *args, struct serve_config *config)
{
	struct serve serve = { .config = config };
	struct faults faults;
	int err;

	faults_init(&faults);
	err = serve_config_read(config, &faults);
	if (err == -ENOMEM)
		fprintf(stderr, "%s: cannot read the configuration: %s\n", who, err_name(err));
	serve_config_complain(config, &faults, who);
	if (err)
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	if (args->mode == SERVE_CHECK)
		return check_config(config);
	if (args->mode == SERVE_PRINT)
		return print_config(config);
	serve.options = serve_config_options(config);
	return serve_run(&serve) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_serve(int argc, char **argv)
{
	struct serve_args args = { .mode = SERVE };
	struct serve_config config;
	int status;

	serve_options_init(&args.options);
	if (serve_args_parse(&args, argc, argv))
		return EXIT_USAGE;
	serve_config_init(&config, &args);
	status = serve_with(&args, &config);
	serve_config_done(&config);
	free(args.given.all);
	return status;
}
