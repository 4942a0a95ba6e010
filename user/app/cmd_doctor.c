// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_doctor.c - owns `vigie doctor`: the plan, printed with its reasons.
 *
 * Exit 0 if serving would work. It does not stop at the plan: it loads and attaches for
 * real, takes a snapshot and lets go again, because a plan can be wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "base/err.h"
#include "collect/bpf_log.h"
#include "collect/bpf_source.h"
#include "gen/version.h"
#include "sandbox/confine.h"

struct doctor_options {
	bool json;
	bool verbose;
};

struct trial {
	bool tried;
	int err;
	const char *what; /* that failed */
	size_t processes;
};

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct doctor_options *options = state->input;

	switch (key) {
	case 'j': options->json = true; return 0;
	case 'v': options->verbose = true; return 0;
	case ARGP_KEY_ARG:
		refuse_value(state, "argument", arg, "expected: vigie doctor takes options only");
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option doctor_option_table[] = {
	{ "json", 'j', NULL, 0, "Print one JSON object (schema: docs/json.md)", 1 },
	{ "verbose", 'v', NULL, 0, "Show libbpf's own messages", 1 },
	{ 0 },
};

static void try_out(const struct plan *plan, struct trial *ret)
{
	struct source *source;
	struct snapshot snapshot;
	int n;

	ret->tried = true;
	ret->err = bpf_source__open(plan, &source, &ret->what);
	if (ret->err)
		return;
	n = source__next(source, &snapshot);
	if (n <= 0) {
		ret->err = n ? n : -1;
		ret->what = "read the task iterator";
	} else {
		ret->processes = snapshot.nprocesses;
	}
	source__free(source);
}

static const char *layout_name(enum cgroup_layout layout)
{
	static const char *const names[] = { "none", "v1", "hybrid", "v2" };

	return names[layout];
}

static const char *verdict(const struct plan *plan, const struct trial *trial)
{
	if (plan->refusal)
		return "refused";
	return trial->err ? "failed" : "works";
}

static void print_item(const struct plan_item *item)
{
	printf("%-9s %s%s%s\n", plan_state_name(item->state), item->field,
	       item->source[0] ? ": " : "", item->source);
	if (item->reason[0])
		printf("          %s\n", item->reason);
	if (item->remedy[0])
		printf("          remedy: %s\n", item->remedy);
}

/* What `vigie record` and the sessions of findings are given: the same plan. */
static void print_sessions(const struct plan *plan)
{
	unsigned int i;

	printf("\nprofiling sessions\n");
	if (plan->session.refusal) {
		printf("missing   none is possible: %s\n          remedy: %s\n",
		       plan->session.refusal, plan->session.refusal_remedy);
		return;
	}
	for (i = 0; i < plan->nsession_items; i++)
		print_item(&plan->session_items[i]);
}

/* Whom it would serve and write as: by name, as --user takes it. */
static const char *serves_as(void)
{
	uid_t uid;
	gid_t gid;

	if (geteuid())
		return "whoever starts it";
	if (!confine_find_user("vigie", &uid, &gid))
		return "vigie";
	return confine_find_user("nobody", &uid, &gid) ? "" : "nobody";
}

static void print_user(void)
{
	const char *user = serves_as();

	if (!user[0])
		printf("Serving as nobody is impossible: this host has neither a user vigie nor nobody.\n");
	else
		printf("It serves and writes as %s%s.\n", user,
		       strcmp(user, "nobody") ? "" : ", for there is no user vigie (--user)");
}

static void print_text(const struct kfacts *facts, const struct plan *plan,
		       const struct trial *trial)
{
	unsigned int i;

	printf("vigie %s on Linux %s, %u CPUs, cgroup %s", VIGIE_VERSION, facts->release,
	       facts->possible_cpus, layout_name(facts->cgroup_layout));
	if (plan->cgroup.mount[0])
		printf(" (names %sfrom %s)", plan->ntrees > 1 ? "by process, most " : "",
		       plan->cgroup.mount);
	printf("\n\n");
	for (i = 0; i < plan->nitems; i++)
		print_item(&plan->items[i]);
	print_sessions(plan);
	printf("\n");
	print_user();
	if (plan->refusal)
		printf("Serving would not work: %s; %s.\n", plan->refusal, plan->refusal_remedy);
	else if (trial->err)
		printf("Serving would not work: cannot %s: %s (-v shows the details).\n",
		       trial->what, err_name(trial->err));
	else
		printf("Serving works: loaded, attached and read %zu processes.\n",
		       trial->processes);
}

/* All texts are our own or the kernel's release: printable, but quotes are possible. */
static void print_json_text(const char *name, const char *text, const char *end)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		if ((unsigned char)*text >= 0x20)
			putchar(*text);
	}
	printf("\"%s", end);
}

static void print_json_items(const struct plan_item *items, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		printf("%s{", i ? "," : "");
		print_json_text("field", items[i].field, ",");
		print_json_text("state", plan_state_name(items[i].state), ",");
		print_json_text("source", items[i].source, ",");
		print_json_text("reason", items[i].reason, ",");
		print_json_text("remedy", items[i].remedy, "}");
	}
}

static void print_json(const struct kfacts *facts, const struct plan *plan,
		       const struct trial *trial)
{
	printf("{\"schema\":\"vigie.doctor/1\",");
	print_json_text("version", VIGIE_VERSION, ",");
	print_json_text("kernel", facts->release, ",");
	printf("\"cpus\":%u,", facts->possible_cpus);
	print_json_text("cgroup_layout", layout_name(facts->cgroup_layout), ",");
	print_json_text("cgroup_mount", plan->cgroup.mount, ",");
	print_json_text("cgroup_controller", plan->cgroup.controller, ",");
	printf("\"capabilities\":{\"bpf\":%s,\"perfmon\":%s},", facts->cap_bpf ? "true" : "false",
	       facts->cap_perfmon ? "true" : "false");
	print_json_text("serves_as", serves_as(), ",");
	print_json_text("verdict", verdict(plan, trial), ",");
	print_json_text("reason",
			plan->refusal ? plan->refusal
			: trial->err  ? trial->what
				      : "",
			",");
	print_json_text("remedy", plan->refusal ? plan->refusal_remedy : "", ",");
	print_json_text("error", trial->err ? err_name(trial->err) : "", ",");
	printf("\"fields\":[");
	print_json_items(plan->items, plan->nitems);
	printf("],\"sessions\":{\"possible\":%s,", plan->session.refusal ? "false" : "true");
	print_json_text("reason", plan->session.refusal ? plan->session.refusal : "", ",");
	print_json_text("remedy", plan->session.refusal ? plan->session.refusal_remedy : "", ",");
	printf("\"fields\":[");
	print_json_items(plan->session_items, plan->nsession_items);
	printf("]}}\n");
}

int cmd_doctor(int argc, char **argv)
{
	const struct argp argp = {
		.options = doctor_option_table,
		.parser = parse_doctor,
		.doc = "Says what this kernel gives, which source serves each field and why, what is "
		       "missing and the remedy. Exit status 0 if serving would work."
		       "\vExamples:\n"
		       "  vigie doctor\n"
		       "  vigie doctor --json | jq '.fields[] | select(.state != \"exact\")'",
	};
	struct doctor_options options = { 0 };
	struct trial trial = { 0 };
	struct collect_config config;
	struct kfacts facts;
	struct plan plan;

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	bpf_log(options.verbose);
	collect_config_default(&config);
	kfacts_gather(&facts);
	plan_make(&facts, &config, &plan);
	if (!plan.refusal)
		try_out(&plan, &trial);
	if (options.json)
		print_json(&facts, &plan, &trial);
	else
		print_text(&facts, &plan, &trial);
	return plan.refusal || trial.err ? EXIT_FAILURE : EXIT_SUCCESS;
}
