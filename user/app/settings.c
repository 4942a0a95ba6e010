// SPDX-License-Identifier: GPL-2.0-only
/* settings.c - owns the table of keys, and what is written from it. */
#include "app/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/families_option.h"
#include "app/serve_options.h"
#include "app/services_options.h"
#include "app/web_options.h"
#include "base/text.h"
#include "daemon/state_dir.h"
#include "log/encode.h"

#define OF_SERVE 0
#define OF_COMMON offsetof(struct serve_options, common)
#define OF_SERVICES offsetof(struct serve_options, services)
#define OF_FAMILIES offsetof(struct serve_options, server.families)

#define BOUND "sockets are bound while vigie is root"
#define LOADED "it is part of the programs in the kernel, which are loaded as root"
#define MODELLED "every series would begin anew"
#define WRITTEN "`vigie-writer` gets it as it starts"
#define FORKED "the process that it is about is started, or not, as vigie starts"
#define MEMORY "room for the series is made at the start"

/* clang-format off */

/* In the order of the example; the lines of a section stand together. */
const struct setting settings[] = {
	{ { "web", "listen", CONFIG_LIST }, "--listen", option_set_listen, OF_SERVE,
	  .value = SERVE_LISTEN_DEFAULT,
	  .allowed = "up to four of ADDR:PORT, [ADDR6]:PORT, unix:PATH",
	  .help = "Where to serve.", .why_restart = BOUND },
	{ { "web", "allow-insecure", CONFIG_SWITCH }, "--allow-insecure", option_set_insecure, OF_SERVE,
	  .value = "false", .allowed = "true, false",
	  .help = "Serve beyond loopback without encryption and credentials.", .why_restart = BOUND },
	{ { "web", "config-file", CONFIG_TEXT }, "--web.config.file", option_set_web_config, OF_SERVE,
	  .value = "", .allowed = "a path (docs/web-config.md)",
	  .help = "TLS and credentials, as all exporters of Prometheus have them; that file is read anew "
		  "by itself.", .why_restart = FORKED },
	{ { "web", "telemetry-path", CONFIG_TEXT }, "--web.telemetry-path", option_set_telemetry_path,
	  OF_SERVE, .value = "/metrics", .allowed = "a path of letters, digits, -._~ and /",
	  .help = "Where metrics are.", .why_restart = BOUND },
	{ { "web", "systemd-socket", CONFIG_SWITCH }, "--web.systemd-socket", option_set_systemd_socket,
	  OF_SERVE, .value = "false", .allowed = "true, false",
	  .help = "Do not start without sockets of a .socket unit; such sockets are taken in any case.",
	  .why_restart = BOUND },

	{ { "collect", "interval", CONFIG_TEXT }, "--interval", option_set_interval, OF_SERVE,
	  .value = "5s", .allowed = "100ms to 60s", .quantity = true, .live = true,
	  .help = "A snapshot at least that often; a scrape takes one of its own." },
	{ { "collect", "slow-wait", CONFIG_TEXT }, "--slow-wait", option_set_slow_wait, OF_COMMON,
	  .value = "1ms", .allowed = "10us to 60s", .quantity = true,
	  .help = "From here on a wait for a CPU is blamed on who ran.", .why_restart = LOADED },
	{ { "collect", "runtime-root", CONFIG_TEXT }, "--runtime-root", option_set_runtime_root, OF_COMMON,
	  .value = "", .allowed = "a directory",
	  .help = "Where the host's files are, for a vigie in a container: before the paths of "
		  "container runtimes.", .why_restart = FORKED },
	{ { "collect", "verbose", CONFIG_SWITCH }, "--verbose", option_set_verbose, OF_COMMON,
	  .value = "false", .allowed = "true, false",
	  .help = "Show libbpf's own messages at the start.", .why_restart = "they are of the start" },

	{ { "groups", "group-by", CONFIG_LIST }, "--group-by", option_set_group_by, OF_COMMON,
	  .value = "unit,comm", .allowed = "different ones of unit, comm, exe, user, cgroup, pid",
	  .commas = true, .joined = true,
	  .help = "What makes a group, which is a series of each metric.", .why_restart = MODELLED },
	{ { "groups", "unit-names", CONFIG_TEXT }, "--unit-names", option_set_unit_names, OF_COMMON,
	  .value = "name", .allowed = "name, id",
	  .help = "What a container's unit carries: its name, where its runtime's files tell it, or its id.",
	  .why_restart = MODELLED },
	{ { "groups", "max-groups", CONFIG_NUMBER }, "--max-groups", option_set_max_groups, OF_SERVE,
	  .value = "100", .allowed = "2 to 10000",
	  .help = "Groups with series of their own; the rest is summed up.", .why_restart = MEMORY },
	{ { "groups", "linger", CONFIG_TEXT }, "--linger", option_set_linger, OF_SERVE,
	  .value = "5m", .allowed = "1s to 1d", .quantity = true, .live = true,
	  .help = "How long a gone group's series stay." },
	{ { "groups", "peak-window", CONFIG_TEXT }, "--peak-window", option_set_peak_window, OF_SERVE,
	  .value = "60s", .allowed = "1s to 1h", .quantity = true,
	  .help = "The window of memory peaks.", .why_restart = "peaks under way are kept in parts of it" },

	{ { "metrics", "families", CONFIG_LIST }, "--families", option_set_families, OF_FAMILIES,
	  .allowed = "names of metrics, or patterns such as 'vigie_host_*'", .commas = true, .live = true,
	  .help = "Only these metrics; empty: all." },
	{ { "metrics", "no-families", CONFIG_LIST }, "--no-families", option_set_no_families, OF_FAMILIES,
	  .allowed = "names of metrics, or patterns", .commas = true, .last = true, .live = true,
	  .help = "None of these metrics." },

	{ { "history", "enabled", CONFIG_SWITCH }, "--no-history", option_set_history, OF_SERVICES,
	  .value = "true", .allowed = "true, false",
	  .help = "false: keep nothing; the log goes to standard error only.", .why_restart = WRITTEN },
	{ { "history", "state-dir", CONFIG_TEXT }, "--state-dir", option_set_state_dir, OF_SERVICES,
	  .words = STATE_DIR_DEFAULT ", where that can be used", .sample = STATE_DIR_DEFAULT,
	  .allowed = "a directory that can be used",
	  .help = "Where history, log and evidence are kept.",
	  .why_restart = WRITTEN },
	{ { "history", "retention", CONFIG_TEXT }, "--retention", option_set_retention, OF_SERVICES,
	  .value = "24h", .allowed = "1m to 366d", .quantity = true, .live = true,
	  .help = "How far the history goes back." },
	{ { "history", "max-size", CONFIG_TEXT }, "--max-size", option_set_max_size, OF_SERVICES,
	  .value = "256MB", .allowed = "8MiB to 1024GiB", .quantity = true, .live = true,
	  .help = "How big the history may become." },

	{ { "findings", "capture", CONFIG_TEXT }, "--capture", option_set_capture, OF_SERVICES,
	  .value = "auto", .allowed = "auto, off",
	  .help = "As a finding begins profile the culprit for ten seconds; auto: where vigie starts as root.",
	  .why_restart = FORKED },

	{ { "log", "file", CONFIG_TEXT }, "--log-file", option_set_log_file, OF_SERVICES,
	  .words = "events.ndjson in history.state-dir", .sample = "/var/log/vigie/events.ndjson",
	  .allowed = "a path",
	  .help = "The log as JSON lines.", .why_restart = WRITTEN },
	{ { "log", "level", CONFIG_TEXT }, "--log-level", option_set_log_level, OF_SERVICES,
	  .value = "info", .allowed = "debug, info, warning, error, critical", .live = true,
	  .help = "Log from here on." },
	{ { "log", "format", CONFIG_TEXT }, "--log-format", option_set_log_format, OF_SERVICES,
	  .value = EVENT_TEXT_FORMAT, .allowed = "a line of Python's logging", .live = true,
	  .help = "Of lines on standard error." },

	{ { "process", "max-overhead", CONFIG_TEXT }, "--max-overhead", option_set_max_overhead, OF_SERVICES,
	  .value = "1%", .allowed = "0.0001% to 100%, off",
	  .help = "What vigie may cost the host, its probes included, of one core; beyond it does less.",
	  .why_restart = FORKED },
	{ { "process", "max-memory", CONFIG_TEXT }, "--max-memory", option_set_max_memory, OF_SERVICES,
	  .words = "192MB, more where there are hundreds of CPUs", .sample = "192MB",
	  .allowed = "a size from some 33MB on, off", .quantity = true,
	  .help = "What vigie may take of the host's memory, its BPF maps included; its tables are that large. More "
		  "than three quarters of the unit's MemoryMax=, 256M as shipped, wants a larger one of these, too.",
	  .why_restart = LOADED },
	{ { "process", "user", CONFIG_TEXT }, "--user", option_set_user, OF_SERVE,
	  .words = "vigie where it exists, else nobody", .sample = "vigie",
	  .allowed = "an unprivileged user",
	  .help = "Serve as this user.", .why_restart = "privileges are given up for good" },
};

static const struct {
	const char *section, *help;
} sections[] = {
	{ "web", "What is served, and to whom." },
	{ "collect", "What is read from the kernel." },
	{ "groups", "Which processes share series." },
	{ "metrics", "Which metrics /metrics has (docs/metrics.md)." },
	{ "history", "What is kept on the disk." },
	{ "findings", "What happens when something goes wrong." },
	{ "log", "The log." },
	{ "process", "vigie itself." },
};

/* clang-format on */

const unsigned int nsettings = sizeof(settings) / sizeof(settings[0]);
_Static_assert(sizeof(settings) / sizeof(settings[0]) <= SETTINGS_MAX, "settings find no room");

const char *settings_section_help(const char *section)
{
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (!strcmp(sections[i].section, section))
			return sections[i].help;
	return NULL;
}

const struct setting *setting_by_option(const char *option)
{
	unsigned int i;

	for (i = 0; i < nsettings; i++)
		if (!strcmp(settings[i].option, option))
			return &settings[i];
	return NULL;
}

/* Read as the same text by every YAML, and never as a number, a boolean or null. */
static bool is_safe_plain(const struct setting *setting, const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"/._-:";
	static const char *const meant_otherwise[] = { "true", "false", "yes", "no", "on",
						       "off",  "null",	"y",   "n" };
	size_t i;

	if (setting->key.form == CONFIG_SWITCH || setting->key.form == CONFIG_NUMBER)
		return true;
	for (i = 0; i < sizeof(meant_otherwise) / sizeof(meant_otherwise[0]); i++)
		if (!strcasecmp(text, meant_otherwise[i]))
			return false;
	/* A colon at the end makes a key. Digits alone are a number; so may be digits with colons. */
	return text[0] && strspn(text, letters) == strlen(text) && !strchr("-.:", text[0]) &&
	       text[strlen(text) - 1] != ':' && text[strspn(text, "0123456789:._")];
}

int settings_yaml_text(struct buf *out, const struct setting *setting, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char clean[8192]; /* longer than any path */

	if (is_safe_plain(setting, text)) {
		buf_str(out, text);
		return 0;
	}
	/* In single quotes everything but the quote itself stands for itself. */
	text_sanitise(clean, sizeof(clean), text, strlen(text));
	if (text[0] && strcmp(clean, text))
		return -EINVAL;
	buf_char(out, '\'');
	for (; *at; at++) {
		if (*at == '\'')
			buf_char(out, '\'');
		buf_char(out, (char)*at);
	}
	buf_char(out, '\'');
	return 0;
}

static void doc_default(struct buf *out, const struct setting *setting)
{
	if (setting->words)
		buf_printf(out, "%s", setting->words);
	else if (!setting->value)
		buf_str(out, "`[]`");
	else if (!setting->value[0])
		buf_str(out, "`''`");
	else if (setting->key.form == CONFIG_LIST)
		buf_printf(out, "`[%s]`", setting->value);
	else
		buf_printf(out, "`%s`", setting->value);
}

void settings_doc_encode(struct buf *out)
{
	unsigned int i;

	buf_str(out,
		"| key | option | default | possible | SIGHUP | |\n|---|---|---|---|---|---|\n");
	for (i = 0; i < nsettings; i++) {
		const struct setting *s = &settings[i];

		buf_printf(out, "| `%s.%s` | `%s` | ", s->key.section, s->key.name, s->option);
		doc_default(out, s);
		buf_printf(out, " | %s | ", s->allowed);
		if (s->live)
			buf_str(out, "at once");
		else
			buf_printf(out, "restart: %s", s->why_restart);
		buf_printf(out, " | %s |\n", s->help);
	}
}

static void example_value(struct buf *out, const struct setting *setting)
{
	const char *text = setting->value ? setting->value : "", *end;
	char part[64];

	if (setting->key.form != CONFIG_LIST) {
		settings_yaml_text(out, setting, text);
		return;
	}
	buf_char(out, '[');
	for (; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, ",");
		snprintf(part, sizeof(part), "%.*s", (int)(end - text), text);
		settings_yaml_text(out, setting, part);
		buf_str(out, *end ? ", " : "");
	}
	buf_char(out, ']');
}

void settings_example_encode(struct buf *out)
{
	const char *section = "";
	unsigned int i;

	buf_str(out,
		"# /etc/vigie/vigie.yml: the options of `vigie serve`, here with their defaults.\n"
		"# It belongs to root, and only root may write it. What is typed counts more.\n"
		"#\n"
		"#     vigie serve --check-config    says what is wrong with it\n"
		"#     systemctl reload vigie        SIGHUP: reads it anew\n");
	for (i = 0; i < nsettings; i++) {
		const struct setting *s = &settings[i];

		if (strcmp(section, s->key.section))
			buf_printf(out, "\n# %s\n%s:\n", settings_section_help(s->key.section),
				   s->key.section);
		section = s->key.section;
		buf_printf(out, "  # %s\n  # Possible: %s.%s\n", s->help, s->allowed,
			   s->live ? " SIGHUP changes it at once." : "");
		if (s->words) {
			buf_printf(out, "  # Default: %s.\n  # %s: %s\n", s->words, s->key.name,
				   s->sample);
			continue;
		}
		buf_printf(out, "  %s: ", s->key.name);
		example_value(out, s);
		buf_char(out, '\n');
	}
}
