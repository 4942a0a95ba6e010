// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_inventory.c - owns `vigie inventory`: this host as a target, in the form that Prometheus reads from files
 * (file_sd) or over HTTP (http_sd).
 *
 * The names are the host's own; labels that Prometheus keeps to itself (__…) are there for its relabelling, and in
 * no series: a version that changes begins no new ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "app/commands.h"
#include "app/options.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/host_id.h"
#include "base/json_writer.h"
#include "base/parse.h"
#include "base/text.h"
#include "gen/version.h"

enum {
	LABELS_MAX = 32,
	NAME_LEN = 64,
	VALUE_LEN = 256,
	ADDRESS_LEN = 264,
	DOCUMENT_MAX = 64 << 10
};
#define PORT "9838"

struct inventory_options {
	const char *address; /* NULL: the host's name and vigie's port */
	const char *scheme; /* NULL: http */
	struct {
		char name[NAME_LEN];
		const char *value;
	} labels[LABELS_MAX];
	unsigned int n;
};

/* --- What is typed. */

static bool is_label_name(const char *name, size_t len)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char ours[] = " host host_id instance job ";
	char word[NAME_LEN + 2];
	size_t i;

	if (!len || len >= NAME_LEN || !strncmp(name, "__", 2) || !strchr(first, name[0]))
		return false;
	for (i = 1; i < len; i++)
		if (!strchr(first, name[i]) && (name[i] < '0' || name[i] > '9'))
			return false;
	snprintf(word, sizeof(word), " %.*s ", (int)len, name);
	return !strstr(ours, word);
}

static void take_label(struct inventory_options *options, const char *text,
		       const struct argp_state *state)
{
	static const char allowed[] =
		"NAME=VALUE, whose name has letters, digits and _, and is not host, host_id, instance or job";
	const char *equals = strchr(text, '=');
	unsigned int i;

	if (!equals || !is_label_name(text, equals - text) || strlen(equals + 1) >= VALUE_LEN)
		refuse_value(state, "--label", text, allowed);
	if (options->n == LABELS_MAX)
		refuse_value(state, "--label", text,
			     "one of the first 32 labels, which are the most");
	snprintf(options->labels[options->n].name, NAME_LEN, "%.*s", (int)(equals - text), text);
	for (i = 0; i < options->n; i++)
		if (!strcmp(options->labels[i].name, options->labels[options->n].name))
			refuse_value(state, "--label", text, "of a name that is not there yet");
	options->labels[options->n++].value = equals + 1;
}

/* As Prometheus connects to it: no path, no blank, and a port. */
static bool is_address(const char *text)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
	const char *colon = strrchr(text, ':');
	uint64_t port;

	return colon && colon != text && strlen(text) < ADDRESS_LEN &&
	       strspn(text, good) == strlen(text) && !parse_u64(colon + 1, 1, 65535, &port);
}

static error_t parse_inventory(int key, char *arg, struct argp_state *state)
{
	struct inventory_options *options = state->input;

	switch (key) {
	case 'a':
		if (!is_address(arg))
			refuse_value(state, "--address", arg, "HOST:PORT or [ADDR6]:PORT");
		options->address = arg;
		return 0;
	case 's':
		if (strcmp(arg, "http") && strcmp(arg, "https"))
			refuse_value(state, "--scheme", arg, "http or https");
		options->scheme = arg;
		return 0;
	case 'l': take_label(options, arg, state); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is one too many: it takes options only", arg);
	/* fall through */
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option inventory_option_table[] = {
	{ "address", 'a', "HOST:PORT", 0,
	  "Where the one who scrapes finds it; default: the host's name, port " PORT, 1 },
	{ "scheme", 's', "http|https", 0, "https where vigie has a certificate; default http", 1 },
	{ "label", 'l', "NAME=VALUE", 0, "A label of all series of this host; may be repeated", 1 },
	{ 0 }
};

/* --- What is printed. */

static void put_text(struct json *j, const char *name, const char *text)
{
	char safe[VALUE_LEN + 64];

	safe[0] = '\0';
	if (*text)
		text_sanitise(safe, sizeof(safe), text, strlen(text));
	json_text(j, name, safe);
}

/* Without it the host is known by its name only: said, and no reason to have no document. */
static void put_host_id(struct json *j)
{
	char id[HOST_ID_LEN];
	int err = host_id_read(id);

	if (err)
		fprintf(stderr,
			"vigie inventory: no host_id: '/etc/machine-id': %s: "
			"systemd-machine-id-setup makes one\n",
			err_name(err));
	else
		json_text(j, "host_id", id);
}

static void put_target(struct json *j, const struct inventory_options *options,
		       const struct utsname *host)
{
	char address[ADDRESS_LEN];
	unsigned int i;

	snprintf(address, sizeof(address), "%s:" PORT, host->nodename);
	json_open(j, "targets", '[');
	json_text(j, NULL, options->address ? options->address : address);
	json_close(j, ']');
	json_open(j, "labels", '{');
	put_text(j, "host", host->nodename);
	put_host_id(j);
	for (i = 0; i < options->n; i++)
		put_text(j, options->labels[i].name, options->labels[i].value);
	json_text(j, "__scheme__", options->scheme ? options->scheme : "http");
	json_text(j, "__meta_vigie_version", VIGIE_VERSION);
	put_text(j, "__meta_vigie_kernel", host->release);
	json_close(j, '}');
}

static int inventory_run(const struct inventory_options *options)
{
	struct utsname host;
	struct json j = { 0 };
	struct buf out;
	int err;

	if (uname(&host)) {
		fprintf(stderr, "vigie inventory: uname: %s\n", err_name(-errno));
		return EXIT_FAILURE;
	}
	if (!options->address &&
	    strspn(host.nodename, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789.-_") != strlen(host.nodename)) {
		fprintf(stderr,
			"vigie inventory: the host's name is not one to connect to: -EINVAL: say --address\n");
		return EXIT_FAILURE;
	}
	buf_init(&out, DOCUMENT_MAX);
	j.out = &out;
	json_open(&j, NULL, '[');
	json_open(&j, NULL, '{');
	put_target(&j, options, &host);
	json_close(&j, '}');
	json_close(&j, ']');
	buf_char(&out, '\n');
	err = out.err;
	if (!err && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout)))
		err = -errno;
	buf_done(&out);
	if (err)
		fprintf(stderr, "vigie inventory: cannot print: %s\n", err_name(err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_inventory(int argc, char **argv)
{
	const struct argp argp = {
		.options = inventory_option_table,
		.parser = parse_inventory,
		.doc = "Prints this host as a target of Prometheus: its address, its name, an id that tells it from "
		       "others of that name, and labels of yours. Prometheus reads such a file by file_sd_configs, "
		       "or gets it by http_sd_configs."
		       "\vExamples:\n"
		       "  vigie inventory --label site=paris\n"
		       "  ssh web-1 vigie inventory --scheme https >/etc/prometheus/vigie.d/web-1.json",
	};
	struct inventory_options options = { 0 };

	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_USAGE;
	return inventory_run(&options);
}
