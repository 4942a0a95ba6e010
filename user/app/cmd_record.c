// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_record.c - owns `vigie record`: one profiling session into one file.
 *
 * SIGINT (Ctrl-C) and SIGTERM end it early and keep what there is. The file appears whole or not at all.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/commands.h"
#include "app/options.h"
#include "app/output.h"
#include "app/targets.h"
#include "base/err.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/replace.h"
#include "base/text.h"
#include "base/units.h"
#include "collect/bpf_log.h"
#include "daemon/session_host.h"
#include "daemon/session_lock.h"
#include "gen/version.h"
#include "profile/session.h"
#include "record/session_file.h"
#include "sandbox/confine.h"

enum {
	OPT_COMM = 1300,
	OPT_UNIT,
	OPT_HZ,
	OPT_VIEWS,
	OPT_CHILDREN,
	OPT_BUFFER,
	OPT_FP,
	OPT_STACK,
	OPT_WAIT,
	OPT_RUNTIME_ROOT
};
enum { STEP_MS = 100, EXIT_LOSSY = 3 };

static const char who[] = "vigie record";
static volatile sig_atomic_t interrupted;

struct record_options {
	struct session_config session;
	struct targets targets;
	char target[256]; /* what was asked for, for people */
	const char *unit, *runtime_root; /* as typed; NULL and "" */
	__u64 duration_ns;
	const char *output;
	char **argv; /* of the command; NULL: none */
	struct command command;
	char line[1024]; /* our own command line */
	bool buffer; /* --buffer was given */
	bool wait; /* for another session's end */
	bool verbose;
	struct replace file; /* what the session will be */
};

static void on_signal(int sig)
{
	interrupted = 1;
}

static void parse_views(struct argp_state *state, struct record_options *options, const char *arg)
{
	char *copy = strdup(arg), *rest = copy, *one;
	unsigned int view;

	options->session.views = 0;
	while (copy && (one = strsep(&rest, ","))) {
		for (view = 0; view < PROFILE_VIEWS; view++)
			if (!strcmp(one, profile_view_name(view)))
				break;
		if (view == PROFILE_VIEWS)
			refuse_value(state, "--views", arg,
				     "a list out of cpu, offcpu, runq, wakers, faults");
		options->session.views |= 1U << view;
	}
	free(copy);
}

static void parse_pids(struct argp_state *state, struct record_options *options, const char *arg)
{
	char shown[64];
	pid_t gone = 0;
	int err = targets_by_pid(&options->targets, arg, &gone);

	if (err == -ESRCH) {
		snprintf(shown, sizeof(shown), "a process that lives: %d does not", gone);
		refuse_value(state, "--pid", arg, shown);
	}
	if (err)
		refuse_value(state, "--pid", arg, "a list of process ids, such as 4711,4712");
	snprintf(options->target, sizeof(options->target), "process %s", arg);
}

static void parse_comm(struct argp_state *state, struct record_options *options, const char *arg)
{
	/* A process may have a name without a letter; who types none has an empty variable. */
	if (!*arg || targets_by_comm(&options->targets, arg) || !options->targets.n)
		refuse_value(
			state, "--comm", arg,
			strlen(arg) > TARGETS_COMM_MAX
				? "the name of anything that runs here (a process' name has 15 "
				  "bytes, what follows is of its file)"
				: "the name of anything that runs here");
	snprintf(options->target, sizeof(options->target), "comm %s", arg);
}

static void find_unit(struct argp_state *state, struct record_options *options)
{
	if (!options->unit)
		return;
	if (targets_by_unit(&options->targets, options->unit, options->runtime_root) ||
	    !options->targets.n)
		refuse_value(state, "--unit", options->unit, "the name of anything that runs here");
	snprintf(options->target, sizeof(options->target), "unit %s", options->unit);
}

/* As many stacks have room whatever their size; one has to, or none ever comes. */
static void fit_buffer(struct argp_state *state, struct record_options *options)
{
	__u32 stack = options->session.stack_bytes, room = VIGIE_STACK_DEFAULT;

	for (; !options->buffer && room < stack; room *= 2)
		options->session.ring_bytes *= 2;
	if (options->session.ring_bytes < sizeof(struct vigie_stack) + stack)
		argp_error(state, "--buffer %zu has no room for a stack: --stack is %u KiB",
			   options->session.ring_bytes / 1024, stack / 1024);
}

static error_t parse_record(int key, char *arg, struct argp_state *state)
{
	struct record_options *options = state->input;

	switch (key) {
	case 'p': parse_pids(state, options, arg); return 0;
	case OPT_COMM: parse_comm(state, options, arg); return 0;
	case OPT_UNIT: options->unit = arg; return 0;
	case OPT_RUNTIME_ROOT: options->runtime_root = arg; return 0;
	case 'd':
		options->duration_ns = option_duration(state, "--duration", arg, NS_PER_S / 10,
						       60 * NS_PER_S,
						       "a duration from 100ms to 60s, such as 10s");
		return 0;
	case OPT_HZ:
		options->session.hz = option_number(state, "--hz", arg, 1, 999,
						    "a number from 1 to 999");
		return 0;
	case OPT_VIEWS: parse_views(state, options, arg); return 0;
	case OPT_CHILDREN: options->session.children = true; return 0;
	case 'v': options->verbose = true; return 0;
	case OPT_FP: options->session.pointers = true; return 0;
	case OPT_WAIT: options->wait = true; return 0;
	case OPT_STACK:
		options->session.stack_bytes = 1024 * option_number(state, "--stack", arg, 1, 64,
								    "KiB, from 1 to 64");
		return 0;
	case OPT_BUFFER:
		options->buffer = true;
		options->session.ring_bytes = 1024 * option_number(state, "--buffer", arg, 32,
								   65536,
								   "KiB, a power of two from 32");
		if (options->session.ring_bytes & (options->session.ring_bytes - 1))
			refuse_value(state, "--buffer", arg, "a power of two");
		return 0;
	case 'o': options->output = arg; return 0;
	case ARGP_KEY_ARGS: options->argv = state->argv + state->next; return 0;
	case ARGP_KEY_END:
		find_unit(state, options);
		if (!options->argv && !options->targets.n)
			argp_error(state, "say whom: --pid, --comm, --unit or -- COMMAND");
		if (options->argv && options->targets.n)
			argp_error(state, "either a command or processes that run, not both");
		fit_buffer(state, options);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option record_option_table[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "These processes", 1 },
	{ "comm", OPT_COMM, "NAME", 0, "All processes of this name", 1 },
	{ "unit", OPT_UNIT, "NAME", 0, "All processes of this systemd unit or container", 1 },
	{ "children", OPT_CHILDREN, NULL, 0, "And whatever they fork meanwhile", 1 },
	{ "duration", 'd', "DURATION", 0,
	  "How long (default 10s, or to the command's end; at most 60s)", 2 },
	{ "hz", OPT_HZ, "N", 0, "Stacks a second and CPU (default 99)", 2 },
	{ "views", OPT_VIEWS, "LIST", 0, "Out of cpu, offcpu, runq, wakers, faults (default: all)",
	  2 },
	{ "stack", OPT_STACK, "KIB", 0,
	  "Copy so much of a user stack (default 16, 1 to 64): more for deep stacks, less costs less",
	  3 },
	{ "fp", OPT_FP, NULL, 0,
	  "Unwind by frame pointers: for code that keeps them and has no .eh_frame", 3 },
	{ "output", 'o', "FILE", 0, "The session file (default vigie-PID.vigie)", 2 },
	{ "wait", OPT_WAIT, NULL, 0, "While another session runs on this host, wait for its end",
	  2 },
	{ "runtime-root", OPT_RUNTIME_ROOT, "DIR", 0,
	  "Where the host's files are, seen from a container", 3 },
	{ "buffer", OPT_BUFFER, "KIB", 0,
	  "Room for stacks on their way (default 8192; more with a larger --stack)", 3 },
	{ "verbose", 'v', NULL, 0, "Show libbpf's own messages", 4 },
	{ 0 },
};

/* What is there already is only written over if it is a session's kind of file. */
static int check_output(const struct record_options *options)
{
	struct stat st;

	if (lstat(options->output, &st) || S_ISREG(st.st_mode))
		return 0;
	fprintf(stderr,
		"%s: -o %s is no regular file: name one that is, or that is not there yet\n", who,
		options->output);
	return -EEXIST;
}

/* The command waits, forked, until the session looks at it. */
static int fork_command(struct record_options *options)
{
	int err;

	if (!options->argv)
		return 0;
	err = command_fork(&options->command, options->argv);
	if (err)
		return err;
	options->targets.pids[0] = options->command.pid;
	options->targets.n = 1;
	snprintf(options->target, sizeof(options->target), "command %s", options->argv[0]);
	return 0;
}

static void progress(const struct session *s, const struct record_options *options)
{
	struct session_stat stat;

	session__stat(s, &stat);
	fprintf(stderr, "\r%s: %s: %.1f of %.0f s, %llu stacks, %llu lost, %.1f %% of a core ", who,
		options->target, stat.elapsed_ns / 1e9, options->duration_ns / 1e9,
		(unsigned long long)stat.stacks, (unsigned long long)stat.lost,
		100.0 * stat.cost_ns / stat.elapsed_ns);
}

/* enum profile_stop or -errno. */
static int record_watch(struct session *s, struct record_options *options)
{
	bool terminal = isatty(STDERR_FILENO);
	struct session_stat stat;
	int stop = PROFILE_STOP_NONE;
	__u64 told_ns = 0;

	while (!stop) {
		stop = session__step(s, STEP_MS);
		session__stat(s, &stat);
		if (terminal && stat.elapsed_ns - told_ns > NS_PER_S / 4) {
			progress(s, options);
			told_ns = stat.elapsed_ns;
		}
		if (!stop && stat.elapsed_ns >= options->duration_ns)
			break;
		if (!stop && interrupted)
			stop = PROFILE_STOP_INTERRUPT;
	}
	if (terminal)
		fprintf(stderr, "\r\033[K");
	return stop;
}

/* To whom the terminal belongs, not to root. */
static void give_away(int fd)
{
	const char *user = getenv("SUDO_UID"), *group = getenv("SUDO_GID");
	uint64_t uid, gid;

	if (!user || !group || parse_u64(user, 0, UINT32_MAX, &uid) ||
	    parse_u64(group, 0, UINT32_MAX, &gid))
		return;
	if (fchown(fd, uid, gid))
		fprintf(stderr, "%s: the file stays root's: %s\n", who, err_name(-errno));
}

static int write_file(struct replace *file, const struct buf *bytes)
{
	int err = io_write(file->fd, bytes->data, bytes->len);

	if (err) {
		replace_abort(file);
		return err;
	}
	give_away(file->fd);
	return replace_commit(file);
}

static int save(struct profile *p, struct record_options *options)
{
	char shown[512];
	struct buf bytes;
	int err = session_lock_describe(p, options->target, options->line);

	buf_init(&bytes, SESSION_FILE_MAX);
	session_file_encode(&bytes, p);
	if (!err)
		err = bytes.err;
	if (!err)
		err = write_file(&options->file, &bytes);
	text_sanitise(shown, sizeof(shown), options->output, strlen(options->output));
	if (err)
		fprintf(stderr, "%s: cannot write %s: %s%s\n", who, shown, err_name(err),
			err_write_remedy(err));
	else
		fprintf(stderr, "%s: %s: %zu bytes; see it with: vigie report %s\n", who, shown,
			bytes.len, shown);
	buf_done(&bytes);
	return err;
}

static int exit_status(const struct profile *p)
{
	const struct profile_quality *q = &p->quality;
	__u64 taken = profile_taken(q), lost = q->lost[VIGIE_SESSION_LOST_RING];

	if (q->stopped_early > PROFILE_STOP_EXIT)
		fprintf(stderr, "%s: stopped early: %s\n", who,
			profile_stop_name(q->stopped_early));
	if (lost * 100 <= taken + lost)
		return q->stopped_early == PROFILE_STOP_LOSS ? EXIT_LOSSY : 0;
	fprintf(stderr,
		"%s: %.1f %% of the stacks were lost: try a lower --hz, or a larger --buffer\n",
		who, 100.0 * lost / (taken + lost));
	return EXIT_LOSSY;
}

static int add_targets(struct session *s, const struct record_options *options)
{
	size_t i, added = 0;
	int err = 0;

	for (i = 0; i < options->targets.n; i++) {
		err = session__add(s, options->targets.pids[i]);
		added += !err;
		if (err && err != -ESRCH)
			return err;
	}
	return added ? 0 : -ESRCH;
}

static int run_session(struct session *s, struct record_options *options)
{
	const char *what = "look at the target";
	struct profile *p = NULL;
	int err = add_targets(s, options), stop, status;

	if (!err)
		err = session__begin(s);
	if (!err && options->argv)
		err = command_go(&options->command);
	stop = err ? err : record_watch(s, options);
	if (options->argv && command_error(&options->command))
		return EXIT_SUCCESS; /* of the session: see end_command() */
	if (stop < 0)
		err = stop;
	if (!err)
		err = session__finish(s, stop, &p, &what);
	if (err) {
		fprintf(stderr, "%s: cannot %s: %s\n", who, what, err_name(err));
		return EXIT_FAILURE;
	}
	status = exit_status(p);
	if (save(p, options))
		status = EXIT_FAILURE;
	profile__free(p);
	return status;
}

/* Waits for it: it is our child. The status to exit with: its own if the session went well. */
static int end_command(struct record_options *options, int status)
{
	struct command *command = &options->command;
	int err, its;

	if (!options->argv)
		return status;
	err = command_error(command);
	if (err)
		fprintf(stderr, "%s: cannot run '%s': %s\n", who, options->argv[0], err_name(err));
	else if (command->go < 0 && command_runs(command))
		fprintf(stderr, "%s: waiting for '%s' to end\n", who, options->argv[0]);
	its = command_wait(command);
	return status ? status : its;
}

/* What this kernel does not give is said before, not missed afterwards. */
static void tell_gaps(const struct session *s, const struct record_options *options)
{
	unsigned int view;

	for (view = 0; view < PROFILE_VIEWS; view++)
		if (options->session.views & 1U << view && session__gap(s, view)[0])
			fprintf(stderr, "%s: %s: %s\n", who, profile_view_name(view),
				session__gap(s, view));
}

/* Before anybody is looked at: what was seen must not be lost because there is no place for it. */
static int open_output(struct record_options *options)
{
	char shown[512];
	int err = replace_begin(&options->file, options->output, 0600);

	text_sanitise(shown, sizeof(shown), options->output, strlen(options->output));
	if (err)
		fprintf(stderr, "%s: cannot write %s: %s%s: nothing was recorded\n", who, shown,
			err_name(err), err_write_remedy(err));
	return err;
}

/*
 * From the beginning: who is told to end while it loads its programs ends as they are. SIGINT and
 * SIGTERM are heard also where a script's background began us with them ignored: an early end loses
 * nothing, and the command keeps what it would have. SIGHUP is not: that is what nohup is for.
 */
static void hear_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_RESTART };
	struct sigaction hangup;
	sigset_t heard;

	sigemptyset(&heard);
	sigaddset(&heard, SIGINT);
	sigaddset(&heard, SIGTERM);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &act, NULL);
	sigprocmask(SIG_UNBLOCK, &heard, NULL);
}

/* While it waits a signal ends it as any program: there is nothing to keep yet. */
static int lock_host(const struct record_options *options)
{
	char holder[SESSION_HOLDER_LEN];
	int lock = session_lock_take(who, options->wait, holder);

	if (lock == -EWOULDBLOCK)
		fprintf(stderr,
			"%s: another session is running on this host%s%s: wait for its end, or "
			"give --wait\n",
			who, holder[0] ? ": " : "", holder);
	else if (lock == -EACCES || lock == -EPERM)
		fprintf(stderr, "%s: cannot lock " SESSION_LOCK ": needs root\n", who);
	else if (lock < 0)
		fprintf(stderr, "%s: cannot lock " SESSION_LOCK ": %s\n", who, err_name(lock));
	return lock;
}

static int record_run(struct record_options *options)
{
	struct cgroup_names *names = NULL;
	static struct plan plan;
	struct session *s;
	const char *what;
	int err, status, lock;

	/* First: without privileges the lock is not to be had either, and that is not why. */
	session_plan_make(&plan, &options->session);
	if (plan.session.refusal) {
		fprintf(stderr, "%s: cannot record: %s; %s\n", who, plan.session.refusal,
			plan.session.refusal_remedy);
		return EXIT_FAILURE;
	}
	lock = lock_host(options);
	hear_signals();
	if (lock < 0)
		return EXIT_FAILURE;
	if (options->session.views & 1U << PROFILE_RUN_QUEUE)
		names = cgroup_names__new(&plan, options->runtime_root, &options->session);
	bpf_log(options->verbose);
	err = session__open(&options->session, &s, &what);
	if (err) {
		fprintf(stderr, "%s: cannot %s: %s%s%s\n", who, what, err_name(err),
			err == -EPERM ? ": needs root" : "",
			options->verbose ? ""
					 : " (-v shows the details, vigie doctor what is missing)");
		cgroup_names__free(names);
		return EXIT_FAILURE;
	}
	tell_gaps(s, options);
	err = fork_command(options);
	if (err) {
		fprintf(stderr, "%s: cannot fork: %s\n", who, err_name(err));
		session__free(s);
		cgroup_names__free(names);
		return EXIT_FAILURE;
	}
	status = run_session(s, options);
	session__free(s);
	cgroup_names__free(names);
	close(lock);
	return end_command(options, status);
}

int cmd_record(int argc, char **argv)
{
	const struct argp argp = {
		.options = record_option_table,
		.parser = parse_record,
		.args_doc = "[-- COMMAND [ARG...]]",
		.doc = "Profiles one program: where its threads run, wait, and because of whom."
		       "\vExamples:\n"
		       "  vigie record -p 4711\n"
		       "  vigie record --unit nginx -d 30s -o nginx.vigie\n"
		       "  vigie record --children -- make -j8\n"
		       "  vigie report vigie-4711.vigie",
	};
	static struct record_options options;
	static char output[64];
	int i, status;

	session_config_default(&options.session);
	options.session.confine = confine_symbolizer;
	options.runtime_root = "";
	for (i = 0; i < argc; i++)
		snprintf(options.line + strlen(options.line),
			 sizeof(options.line) - strlen(options.line), "%s%s", i ? " " : "",
			 argv[i]);
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	if (!options.duration_ns)
		options.duration_ns = (options.argv ? 60 : 10) * NS_PER_S;
	if (!options.output) {
		snprintf(output, sizeof(output), "vigie-%d.vigie",
			 options.targets.n ? options.targets.pids[0] : getpid());
		options.output = output;
	}
	if (check_output(&options))
		return EXIT_USAGE;
	if (open_output(&options))
		return EXIT_FAILURE;
	status = record_run(&options);
	replace_abort(&options.file); /* unless it is committed */
	return status;
}
