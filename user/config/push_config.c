// SPDX-License-Identifier: GPL-2.0-only
/* push_config.c - owns the walk over the section, and what goes together. */
#include "config/push_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/units.h"
#include "config/push_url.h"
#include "config/walk.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB (1024ULL * 1024)

/* Who takes values has the settings, or the destination under way. */
static struct push_settings *settings_of(struct config_walk *w)
{
	return w->to;
}

static struct push_target *target_of(struct config_walk *w)
{
	return w->to;
}

/* --- Forms of values. --------------------------------------------------------------- */

static int take_filled(struct config_walk *w, const struct yaml_value *value, const char **ret)
{
	const char *text = config_text_of(w, value);

	if (text && !*text)
		config_refuse(w, value, "is empty; leave the key out for its default");
	else if (text)
		*ret = text;
	return 0;
}

/* A path that does not depend on where who reads it stands. */
static int take_path(struct config_walk *w, const struct yaml_value *value, const char **ret)
{
	const char *text = config_text_of(w, value);

	if (text && *text != '/')
		config_refuse(w, value, "'%.60s' does not begin with /", text);
	else if (text)
		*ret = text;
	return 0;
}

static int take_bytes(struct config_walk *w, const struct yaml_value *value, uint64_t min,
		      uint64_t max, size_t *ret)
{
	const char *text = config_text_of(w, value);
	uint64_t bytes;

	if (!text)
		return 0;
	if (parse_size(text, min, max, &bytes))
		config_refuse(w, value,
			      "'%.40s' is not a size from %lluKiB to %lluMiB, such as 8MiB", text,
			      (unsigned long long)min / 1024, (unsigned long long)(max / MIB));
	else
		*ret = bytes;
	return 0;
}

static int take_time(struct config_walk *w, const struct yaml_value *value, uint64_t min,
		     uint64_t max, const char *allowed, __u64 *ret)
{
	const char *text = config_text_of(w, value);
	uint64_t ns;

	if (!text)
		return 0;
	if (parse_duration(text, min, max, &ns))
		config_refuse(w, value, "'%.40s' is not a duration %s", text, allowed);
	else
		*ret = ns;
	return 0;
}

/* A header's value, or a word of a signature: what could end a line has no place in it. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* --- A destination. ----------------------------------------------------------------- */

static int take_name(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);

	if (!text)
		return 0;
	if (!*text || strlen(text) >= PUSH_NAME_LEN ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] || *text == '-')
		config_refuse(w, value,
			      "'%.60s' is not up to %d of a to z, 0 to 9, _ and -; not - first",
			      text, PUSH_NAME_LEN - 1);
	else
		target_of(w)->name = text;
	return 0;
}

static int take_type(struct config_walk *w, const struct yaml_value *value)
{
	static const char *const names[PUSH_TYPES] = { "otlp", "influxdb", "graphite" };
	const char *text = config_text_of(w, value);
	size_t i;

	if (!text)
		return 0;
	for (i = 0; i < COUNT(names); i++) {
		if (!strcmp(text, names[i])) {
			target_of(w)->type = (enum push_type)i;
			return 0;
		}
	}
	config_refuse(w, value, "'%.40s' is none of otlp, influxdb and graphite", text);
	return 0;
}

static int take_url(struct config_walk *w, const struct yaml_value *value)
{
	return take_filled(w, value, &target_of(w)->url);
}

static int take_logs_url(struct config_walk *w, const struct yaml_value *value)
{
	return take_filled(w, value, &target_of(w)->logs_url);
}

static int take_temporality(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);

	if (!text)
		return 0;
	if (strcmp(text, "cumulative") && strcmp(text, "delta"))
		config_refuse(w, value, "'%.40s' is neither cumulative nor delta", text);
	target_of(w)->delta = !strcmp(text, "delta");
	return 0;
}

static int take_insecure(struct config_walk *w, const struct yaml_value *value)
{
	config_take_bool(w, value, &target_of(w)->insecure);
	return 0;
}

static int take_headers_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, &target_of(w)->headers_file);
}

static int take_token_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, &target_of(w)->token_file);
}

static int take_username(struct config_walk *w, const struct yaml_value *value)
{
	int err = take_filled(w, value, &target_of(w)->username);
	const char *name = target_of(w)->username;

	if (name && (strchr(name, ':') || !is_printable(name)))
		config_refuse(w, value, "a user's name has no colon and is printable ASCII");
	return err;
}

static int take_password_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, &target_of(w)->password_file);
}

static int take_ca_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, &target_of(w)->ca_file);
}

static int take_word(struct config_walk *w, const struct yaml_value *value, const char **ret)
{
	const char *text = config_text_of(w, value);

	if (!text)
		return 0;
	if (!*text || strlen(text) > 64 ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		config_refuse(w, value, "'%.60s' is not up to 64 of a to z, 0 to 9 and -", text);
	else
		*ret = text;
	return 0;
}

static int take_region(struct config_walk *w, const struct yaml_value *value)
{
	return take_word(w, value, &target_of(w)->aws_region);
}

static int take_service(struct config_walk *w, const struct yaml_value *value)
{
	return take_word(w, value, &target_of(w)->aws_service);
}

static int take_aws_file(struct config_walk *w, const struct yaml_value *value)
{
	return take_path(w, value, &target_of(w)->aws_credentials_file);
}

static int take_aws(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker takers[] = {
		{ "region", take_region },
		{ "service", take_service },
		{ "credentials-file", take_aws_file },
	};
	struct config_walk within = { w->to, w->faults, "push.destinations.aws-sigv4" };
	const struct push_target *target = target_of(w);
	int err;

	if (!config_is_kind(w, value, YAML_KIND_MAP))
		return 0;
	err = config_walk_map(&within, value, takers, COUNT(takers));
	if (!err && !(target->aws_region && target->aws_service && target->aws_credentials_file))
		config_refuse(w, value, "needs region, service and credentials-file");
	return err;
}

static int take_prefix(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);

	if (!text)
		return 0;
	if (!*text || strlen(text) > 100 || *text == '.' || text[strlen(text) - 1] == '.' ||
	    strstr(text, "..") ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
			      "UVWXYZ0123456789_-.")])
		config_refuse(w, value,
			      "'%.60s' is not a path of Graphite: letters, digits, _ and -, with "
			      "single dots between them",
			      text);
	else
		target_of(w)->prefix = text;
	return 0;
}

static int take_series(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);
	uint64_t n;

	if (!text)
		return 0;
	if (parse_u64(text, 0, 10000000, &n))
		config_refuse(w, value, "'%.40s' is not a number up to 10000000; 0: no bound",
			      text);
	else
		target_of(w)->series_max = n;
	return 0;
}

static int take_body(struct config_walk *w, const struct yaml_value *value)
{
	return take_bytes(w, value, 64 * 1024, 4 * MIB, &target_of(w)->body_max);
}

static int take_queue(struct config_walk *w, const struct yaml_value *value)
{
	return take_bytes(w, value, 256 * 1024, 256 * MIB, &target_of(w)->queue_max);
}

static int take_target_spool(struct config_walk *w, const struct yaml_value *value)
{
	return take_bytes(w, value, 1 * MIB, 1024 * MIB, &target_of(w)->spool_max);
}

static int take_timeout(struct config_walk *w, const struct yaml_value *value)
{
	return take_time(w, value, NS_PER_S, 60 * NS_PER_S, "from 1s to 60s",
			 &target_of(w)->timeout_ns);
}

/* --- What goes together. ------------------------------------------------------------ */

static void check_url(struct config_walk *w, const struct yaml_value *at, const char *key,
		      const char *text)
{
	struct push_target *target = target_of(w);
	const struct yaml_value *value = yaml_find(at, key);
	struct push_url url;
	const char *why;

	if (push_url_parse(text, &url, &why)) {
		config_refuse(w, value, "'%.100s' %s", text, why);
		return;
	}
	if (url.tcp != (target->type == PUSH_TO_GRAPHITE))
		config_refuse(w, value,
			      url.tcp ? "tcp:// is of graphite; https:// is expected"
				      : "graphite is sent to tcp://HOST:PORT");
	if (!url.tls && !url.loopback && !target->insecure)
		config_refuse(
			w, value,
			"'%.100s' would carry figures and credentials in the clear beyond this "
			"host: use https://, or add insecure: true",
			text);
	target->loopback &= url.loopback;
}

/* Keys that only some types have. */
static void check_type(struct config_walk *w, const struct yaml_value *at)
{
	static const struct {
		const char *key;
		unsigned int types;
	} only[] = {
		{ "logs-url", 1 << PUSH_TO_OTLP },
		{ "temporality", 1 << PUSH_TO_OTLP },
		{ "aws-sigv4", 1 << PUSH_TO_OTLP },
		{ "prefix", 1 << PUSH_TO_GRAPHITE },
		{ "max-series", 1 << PUSH_TO_GRAPHITE },
		{ "headers-file", 1 << PUSH_TO_OTLP | 1 << PUSH_TO_INFLUXDB },
		{ "token-file", 1 << PUSH_TO_OTLP | 1 << PUSH_TO_INFLUXDB },
		{ "username", 1 << PUSH_TO_OTLP | 1 << PUSH_TO_INFLUXDB },
		{ "password-file", 1 << PUSH_TO_OTLP | 1 << PUSH_TO_INFLUXDB },
		{ "ca-file", 1 << PUSH_TO_OTLP | 1 << PUSH_TO_INFLUXDB },
	};
	const struct yaml_value *value;
	size_t i;

	for (i = 0; i < COUNT(only); i++) {
		value = yaml_find(at, only[i].key);
		if (value && !yaml_is_null(value) && !(only[i].types & 1U << target_of(w)->type))
			config_refuse(w, value, "means nothing for a destination of this type");
	}
}

static void check_credentials(struct config_walk *w, const struct yaml_value *at)
{
	const struct push_target *target = target_of(w);
	int ways = !!target->token_file + !!target->username + !!target->aws_credentials_file;

	if (!target->username != !target->password_file)
		config_refuse(w, at, "username and password-file go together");
	if (ways > 1)
		config_refuse(w, at, "one of token-file, username and aws-sigv4 is enough");
}

static void check_target(struct config_walk *w, const struct yaml_value *at)
{
	struct push_target *target = target_of(w);

	if (!yaml_find(at, "name"))
		config_refuse(w, at, "a destination without a name");
	if (!yaml_find(at, "type"))
		config_refuse(w, at, "a destination without a type: otlp, influxdb or graphite");
	if (target->type == PUSH_TYPES) /* what the rest may be is not known */
		return;
	target->loopback = true;
	if (!target->url)
		config_refuse(w, at, "a destination without a url");
	else
		check_url(w, at, "url", target->url);
	if (target->logs_url)
		check_url(w, at, "logs-url", target->logs_url);
	check_type(w, at);
	check_credentials(w, at);
	if (target->queue_max < 2 * target->body_max)
		config_refuse(w, at, "max-queue is less than two of max-body");
}

/* --- The section. ------------------------------------------------------------------- */

static int take_target(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker takers[] = {
		{ "name", take_name },
		{ "type", take_type },
		{ "url", take_url },
		{ "logs-url", take_logs_url },
		{ "temporality", take_temporality },
		{ "insecure", take_insecure },
		{ "headers-file", take_headers_file },
		{ "token-file", take_token_file },
		{ "username", take_username },
		{ "password-file", take_password_file },
		{ "ca-file", take_ca_file },
		{ "aws-sigv4", take_aws },
		{ "prefix", take_prefix },
		{ "max-series", take_series },
		{ "max-body", take_body },
		{ "max-queue", take_queue },
		{ "max-spool", take_target_spool },
		{ "timeout", take_timeout },
	};
	struct push_settings *settings = settings_of(w);
	struct push_target *target = &settings->targets[settings->ntargets];
	struct config_walk within = { target, w->faults, "push.destinations" };
	unsigned int i;
	int err;

	*target = (struct push_target){ .type = PUSH_TYPES,
					.prefix = "vigie",
					.series_max = 20000,
					.body_max = MIB,
					.queue_max = 8 * MIB,
					.spool_max = 64 * MIB,
					.timeout_ns = 10 * NS_PER_S,
					.line = value->line,
					.column = value->column };
	if (!config_is_kind(w, value, YAML_KIND_MAP))
		return 0;
	err = config_walk_map(&within, value, takers, COUNT(takers));
	if (err)
		return err;
	check_target(&within, value);
	for (i = 0; target->name && i < settings->ntargets; i++)
		if (settings->targets[i].name && !strcmp(settings->targets[i].name, target->name))
			config_refuse(&within, value, "a second destination '%s'", target->name);
	settings->ntargets++;
	return 0;
}

static int take_targets(struct config_walk *w, const struct yaml_value *value)
{
	const struct yaml_value *item;
	int err = 0;

	if (!config_is_kind(w, value, YAML_KIND_LIST))
		return 0;
	for (item = value->first; item && !err; item = item->next) {
		if (settings_of(w)->ntargets == PUSH_TARGETS_MAX) {
			config_refuse(w, item, "more than %d destinations", PUSH_TARGETS_MAX);
			break;
		}
		err = take_target(w, item);
	}
	return err;
}

static int take_interval(struct config_walk *w, const struct yaml_value *value)
{
	return take_time(w, value, NS_PER_S, 3600 * NS_PER_S, "from 1s to 1h",
			 &settings_of(w)->interval_ns);
}

static int take_spool(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value);

	if (text && *text && *text != '/')
		config_refuse(w, value, "'%.60s' does not begin with /; '' keeps nothing on a disk",
			      text);
	else if (text)
		settings_of(w)->spool = text;
	return 0;
}

static int take_source(struct config_walk *w, const struct yaml_value *value)
{
	const char *text = config_text_of(w, value), *why;
	struct push_url url;

	if (!text)
		return 0;
	if (!strncmp(text, "unix:/", 6) || (!push_url_parse(text, &url, &why) && !url.tcp &&
					    url.loopback && !strchr(strchr(text, '/') + 2, '/')))
		settings_of(w)->source = text;
	else
		config_refuse(w, value,
			      "'%.60s' is neither unix:/PATH nor http://HOST:PORT of this host",
			      text);
	return 0;
}

static int take_section(struct config_walk *w, const struct yaml_value *value)
{
	static const struct config_taker takers[] = {
		{ "source", take_source },
		{ "interval", take_interval },
		{ "spool", take_spool },
		{ "destinations", take_targets },
	};
	struct config_walk within = { w->to, w->faults, PUSH_SECTION };

	if (!config_is_kind(&within, value, YAML_KIND_MAP))
		return 0;
	return config_walk_map(&within, value, takers, COUNT(takers));
}

int push_config_read(const struct yaml_value *root, struct push_settings *settings,
		     struct faults *faults)
{
	struct config_walk w = { settings, faults, "" };
	const struct yaml_value *section, *web, *path;

	*settings = (struct push_settings){ .source = PUSH_SOURCE_DEFAULT,
					    .telemetry_path = "/metrics",
					    .spool = PUSH_SPOOL_DEFAULT,
					    .interval_ns = 10 * NS_PER_S };
	if (!root || root->kind != YAML_KIND_MAP) /* what is none is said by who reads the rest */
		return 0;
	web = yaml_find(root, "web");
	path = web && web->kind == YAML_KIND_MAP ? yaml_find(web, "telemetry-path") : NULL;
	if (path && path->kind == YAML_KIND_TEXT && path->text[0] == '/')
		settings->telemetry_path = path->text;
	section = yaml_find(root, PUSH_SECTION);
	return section && !yaml_is_null(section) ? take_section(&w, section) : 0;
}
