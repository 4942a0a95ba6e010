// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve_config.c - owns the order in which default, file and flags meet.
 *
 * The defaults; what the file says where no flag does; the flags as they were typed; what the file
 * takes away from the result (setting.last). A value of the file that a flag overrides is judged, too:
 * it would be wrong on the day on which the flag goes.
 */
#include "app/serve_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/file.h"
#include "config/push_config.h"
#include "gen/version.h"

enum { FILE_BYTES_MAX = 64 << 10, NAME_LEN = 100, SHOWN_LEN = 120 };

/* A text that options point to. */
struct note {
	struct note *next;
	char text[];
};

struct serve_reading {
	bool there; /* there is a file */
	struct yaml_doc *doc;
	const struct yaml_value *values[SETTINGS_MAX + 1]; /* the last is a section of another's */
	struct note *notes;
	struct serve_options options;
};

struct reader {
	const struct serve_config *config;
	struct serve_reading *to;
	struct faults *faults;
	bool again;
	int err; /* -ENOMEM */
};

static void reading_free(struct serve_reading *reading)
{
	struct note *note, *next;

	if (!reading)
		return;
	for (note = reading->notes; note; note = next) {
		next = note->next;
		free(note);
	}
	yaml_doc__free(reading->doc);
	free(reading);
}

/* A copy that lives as long as the reading, or NULL. */
static const char *reader_note(struct reader *r, const struct buf *text)
{
	struct note *note = text->err ? NULL : malloc(sizeof(*note) + text->len + 1);

	if (!note) {
		r->err = -ENOMEM;
		return NULL;
	}
	if (text->len)
		memcpy(note->text, text->data, text->len);
	note->text[text->len] = '\0';
	note->next = r->to->notes;
	r->to->notes = note;
	return note->text;
}

static void setting_name(const struct setting *setting, char name[NAME_LEN])
{
	snprintf(name, NAME_LEN, "%s.%s", setting->key.section, setting->key.name);
}

/* "FILE:3:5: web.listen" */
static const char *reader_place(struct reader *r, const struct setting *setting,
				const struct yaml_value *at)
{
	const char *place;
	struct buf text;

	buf_init(&text, FILE_BYTES_MAX);
	buf_printf(&text, "%s:%u:%u: %s.%s", r->config->path, at->line, at->column,
		   setting->key.section, setting->key.name);
	place = reader_note(r, &text);
	buf_done(&text);
	return place;
}

static bool is_flagged(const struct reader *r, const struct setting *setting)
{
	size_t i;

	for (i = 0; i < r->config->given->n; i++)
		if (!strcmp(r->config->given->all[i].option, setting->option))
			return true;
	return false;
}

static void set_one(struct reader *r, struct serve_options *to, const struct setting *setting,
		    const struct yaml_value *at, const char *text)
{
	struct option_value value = { .text = text, .again = r->again };
	char name[NAME_LEN];

	value.as = reader_place(r, setting, at);
	if (r->err || !setting->set((char *)to + setting->of, &value))
		return;
	setting_name(setting, name);
	faults_add(r->faults, at->line, at->column, name, "'%.*s%s' is not %s", SHOWN_LEN, text,
		   strlen(text) > SHOWN_LEN ? "..." : "", value.allowed);
}

/* A list as the option takes it: with commas. */
static const char *reader_join(struct reader *r, const struct yaml_value *list)
{
	const struct yaml_value *item;
	const char *joined;
	struct buf text;

	buf_init(&text, FILE_BYTES_MAX);
	for (item = list->first; item; item = item->next)
		buf_printf(&text, "%s%s", item == list->first ? "" : ",", item->text);
	joined = reader_note(r, &text);
	buf_done(&text);
	return joined;
}

static void set_list(struct reader *r, struct serve_options *to, const struct setting *setting,
		     const struct yaml_value *list)
{
	const struct yaml_value *item;
	const char *joined;
	char name[NAME_LEN];

	if (!list->n && setting->value) {
		setting_name(setting, name);
		faults_add(r->faults, list->line, list->column, name,
			   "an empty list; leave the key out for its default");
	} else if (setting->joined) {
		joined = reader_join(r, list);
		if (joined)
			set_one(r, to, setting, list, joined);
	} else {
		for (item = list->first; item && !r->err; item = item->next)
			set_one(r, to, setting, item, item->text);
	}
}

static void set_from_file(struct reader *r, bool last)
{
	struct serve_options judged; /* and overridden */
	unsigned int i;

	for (i = 0; i < nsettings && !r->err; i++) {
		const struct yaml_value *value = r->to->values[i];
		struct serve_options *to = &r->to->options;

		if (!value || settings[i].last != last)
			continue;
		if (is_flagged(r, &settings[i])) {
			serve_options_init(&judged);
			to = &judged;
		}
		if (value->kind == YAML_KIND_LIST)
			set_list(r, to, &settings[i], value);
		else
			set_one(r, to, &settings[i], value, value->text);
	}
}

/* Each was good by itself; together with the file it may not be: --no-families of all there is. */
static void set_from_flags(struct reader *r)
{
	size_t i;

	for (i = 0; i < r->config->given->n; i++) {
		const struct option_given *given = &r->config->given->all[i];
		const struct setting *setting = setting_by_option(given->option);
		struct option_value value = { given->text, given->as, .again = r->again };

		if (setting && setting->set((char *)&r->to->options + setting->of, &value))
			faults_add(r->faults, 0, 0, given->as, "'%s' is not %s", given->text,
				   value.allowed);
	}
}

static void set_default_address(struct reader *r)
{
	struct option_value value = { .text = SERVE_LISTEN_DEFAULT, .as = "--listen" };

	if (!r->to->options.nlisten && !r->to->options.systemd_socket)
		option_set_listen(&r->to->options, &value);
}

/* The file's text as keys and values. 0, also where there is no file and need not be one. */
static int read_file(struct reader *r)
{
	struct faults *faults = r->faults;
	struct config_key keys[SETTINGS_MAX + 1];
	struct push_settings push; /* vigie-push's, which has this file as well: judged only */
	char why[CONFIG_FILE_WHY_LEN];
	struct buf text;
	unsigned int i;
	int fd, err;

	fd = config_file_open(r->config->path,
			      &(struct config_file_rules){ .max = FILE_BYTES_MAX,
							   .owner = r->config->owner },
			      why);
	if (fd == -ENOENT && !r->config->must_exist)
		return 0;
	buf_init(&text, FILE_BYTES_MAX);
	err = fd < 0 ? fd : config_file_read(fd, &text, why);
	if (fd >= 0)
		close(fd);
	if (err) {
		faults_add(faults, 0, 0, NULL, "%s%s", why,
			   err == -EACCES && r->again ? "; " SERVE_CONFIG_READABLE : "");
		err = err == -ENOMEM ? err : -EINVAL;
	}
	if (!err)
		err = yaml_doc__parse(text.len ? text.data : "", text.len, &r->to->doc, faults);
	buf_done(&text);
	if (err)
		return err;
	for (i = 0; i < nsettings; i++)
		keys[i] = settings[i].key;
	keys[nsettings] = (struct config_key){ PUSH_SECTION, NULL, CONFIG_ELSEWHERE };
	config_keys_find(yaml_doc__root(r->to->doc), keys, nsettings + 1, r->to->values, faults);
	r->to->there = true;
	return push_config_read(yaml_doc__root(r->to->doc), &push, faults);
}

static int serve_read(const struct serve_config *config, bool again, struct faults *faults,
		      struct serve_reading **ret)
{
	struct reader r = { .config = config, .faults = faults, .again = again };

	r.to = calloc(1, sizeof(*r.to));
	if (!r.to)
		return -ENOMEM;
	serve_options_init(&r.to->options);
	r.err = read_file(&r);
	if (!r.err)
		set_from_file(&r, false);
	if (!r.err)
		set_from_flags(&r);
	if (!r.err)
		set_from_file(&r, true);
	set_default_address(&r);
	if (!r.err && faults->n)
		r.err = -EINVAL;
	if (r.err) {
		faults_sort(faults);
		reading_free(r.to);
		return r.err;
	}
	*ret = r.to;
	return 0;
}

void serve_config_init(struct serve_config *config, const struct serve_args *args)
{
	*config = (struct serve_config){
		.path = args->config_file ? args->config_file : SERVE_CONFIG_DEFAULT,
		.must_exist = args->config_file != NULL,
		.owner = geteuid(),
		.given = &args->given,
	};
}

void serve_config_done(struct serve_config *config)
{
	if (config->now != config->started)
		reading_free(config->now);
	reading_free(config->started);
	config->now = config->started = NULL;
}

int serve_config_read(struct serve_config *config, struct faults *faults)
{
	int err = serve_read(config, false, faults, &config->started);

	if (err)
		return err;
	config->now = config->started;
	config->must_exist |= config->started->there; /* from now on its absence is a mistake */
	return 0;
}

int serve_config_try(const struct serve_config *config)
{
	int fd = open(config->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

const struct serve_options *serve_config_options(const struct serve_config *config)
{
	return &config->started->options;
}

bool serve_config_has_file(const struct serve_config *config)
{
	return config->started->there;
}

/* --- What is in effect of a setting, as texts. */

enum setting_source { FROM_DEFAULT, FROM_FILE, FROM_FLAG };

static enum setting_source source_of(const struct serve_config *config,
				     const struct serve_reading *reading, unsigned int i)
{
	const struct reader r = { .config = config };

	if (is_flagged(&r, &settings[i]))
		return FROM_FLAG;
	return reading->values[i] ? FROM_FILE : FROM_DEFAULT;
}

/* The nth text that was typed for it, or NULL; of an option that has one value, the last. */
static const char *flag_text(const struct serve_config *config, const struct setting *setting,
			     unsigned int nth)
{
	const struct options_given *given = config->given;
	const char *text = NULL;
	size_t i;

	for (i = 0; i < given->n; i++) {
		if (strcmp(given->all[i].option, setting->option))
			continue;
		if (setting->key.form == CONFIG_LIST && !setting->joined) {
			if (!nth--)
				return given->all[i].text;
		} else if (!nth) {
			text = given->all[i].text;
		}
	}
	return text;
}

static const char *file_text(const struct yaml_value *value, unsigned int nth)
{
	if (value->kind != YAML_KIND_LIST)
		return nth ? NULL : value->text;
	for (value = value->first; value && nth; nth--)
		value = value->next;
	return value ? value->text : NULL;
}

/* The nth text of it that is in effect; NULL: there is none any more. */
static const char *effective_text(const struct serve_config *config,
				  const struct serve_reading *reading, unsigned int i,
				  unsigned int nth)
{
	switch (source_of(config, reading, i)) {
	case FROM_FLAG: return flag_text(config, &settings[i], nth);
	case FROM_FILE: return file_text(reading->values[i], nth);
	default: return nth ? NULL : settings[i].value;
	}
}

/* One of the texts, or a part of it. -EINVAL: no YAML can hold it. */
static int print_text(struct buf *out, const struct setting *setting, const char *text, bool first)
{
	char part[4096];
	size_t len;
	int err = 0;

	if (!setting->commas) {
		buf_str(out, first ? "" : ", ");
		return settings_yaml_text(out, setting, text);
	}
	for (; !err; text += len + 1) {
		len = strcspn(text, ",");
		if (len >= sizeof(part))
			return -EINVAL;
		memcpy(part, text, len);
		part[len] = '\0';
		buf_str(out, first ? "" : ", ");
		first = false;
		err = settings_yaml_text(out, setting, part);
		if (!text[len])
			break;
	}
	return err;
}

static int print_value(const struct serve_config *config, const struct serve_reading *reading,
		       unsigned int i, struct buf *out)
{
	bool list = settings[i].key.form == CONFIG_LIST;
	const char *text;
	unsigned int nth;
	int err = 0;

	buf_str(out, list ? "[" : "");
	for (nth = 0; !err && (text = effective_text(config, reading, i, nth)); nth++)
		err = print_text(out, &settings[i], text, !nth);
	buf_str(out, list ? "]" : "");
	return err;
}

static bool same_quantity(const char *a, const char *b)
{
	uint64_t x, y;

	if (!a || !b) /* one that has no default and was not said */
		return a == b;
	if (!parse_duration(a, 0, UINT64_MAX, &x) && !parse_duration(b, 0, UINT64_MAX, &y))
		return x == y;
	return !parse_size(a, 0, UINT64_MAX, &x) && !parse_size(b, 0, UINT64_MAX, &y) && x == y;
}

static bool setting_differs(const struct serve_config *config, const struct serve_reading *a,
			    const struct serve_reading *b, unsigned int i)
{
	struct buf x, y;
	bool same;

	if (settings[i].quantity)
		return !same_quantity(effective_text(config, a, i, 0),
				      effective_text(config, b, i, 0));
	buf_init(&x, 2 * FILE_BYTES_MAX);
	buf_init(&y, 2 * FILE_BYTES_MAX);
	print_value(config, a, i, &x);
	print_value(config, b, i, &y);
	same = !x.err && !y.err && x.len == y.len && (!x.len || !memcmp(x.data, y.data, x.len));
	buf_done(&x);
	buf_done(&y);
	return !same;
}

int serve_config_reread(struct serve_config *config, struct faults *faults,
			const struct serve_options **ret_options, struct serve_changes *changes)
{
	struct serve_reading *before = config->now, *reading;
	unsigned int i;
	int err = serve_read(config, true, faults, &reading);

	if (err)
		return err;
	memset(changes, 0, sizeof(*changes));
	for (i = 0; i < nsettings; i++) {
		if (!setting_differs(config, settings[i].live ? before : config->started, reading,
				     i))
			continue;
		changes->of[i] = settings[i].live ? CHANGED : NEEDS_RESTART;
		if (settings[i].live)
			changes->nchanged++;
		else
			changes->nrestart++;
	}
	config->must_exist |= reading->there;
	config->now = reading;
	if (before != config->started)
		reading_free(before);
	*ret_options = &reading->options;
	return 0;
}

/* --- For people. */

static void print_source(const struct serve_config *config, unsigned int i, struct buf *out)
{
	const struct yaml_value *value = config->now->values[i];

	switch (source_of(config, config->now, i)) {
	case FROM_FLAG: buf_printf(out, "  # flag %s\n", settings[i].option); break;
	case FROM_FILE: buf_printf(out, "  # file, line %u\n", value->line); break;
	default: buf_str(out, "  # default\n");
	}
}

static int print_setting(const struct serve_config *config, unsigned int i, struct buf *out)
{
	const struct setting *s = &settings[i];
	int err;

	if (s->words && source_of(config, config->now, i) == FROM_DEFAULT) {
		buf_printf(out, "  # %s:  # default: %s\n", s->key.name, s->words);
		return 0;
	}
	buf_printf(out, "  %s: ", s->key.name);
	err = print_value(config, config->now, i, out);
	print_source(config, i, out);
	return err;
}

int serve_config_print(const struct serve_config *config, struct buf *out)
{
	const char *section = "";
	char path[4096];
	unsigned int i;
	int err = 0;

	text_sanitise(path, sizeof(path), config->path, strlen(config->path));
	buf_printf(out, "# vigie %s, what is in effect; ", VIGIE_VERSION);
	if (config->now->there)
		buf_printf(out, "file: %s\n", path);
	else
		buf_str(out, "there is no file\n");
	for (i = 0; i < nsettings && !err; i++) {
		if (strcmp(section, settings[i].key.section))
			buf_printf(out, "%s:\n", settings[i].key.section);
		section = settings[i].key.section;
		err = print_setting(config, i, out);
	}
	return err ? err : out->err;
}

void serve_config_complain(const struct serve_config *config, const struct faults *faults,
			   const char *who)
{
	char line[FAULT_LEN + 300];
	unsigned int i;

	for (i = 0; i < faults->n; i++) {
		fault_format(&faults->all[i], config->path, line, sizeof(line));
		fprintf(stderr, "%s: %s\n", who, line);
	}
	if (faults->more)
		fprintf(stderr, "%s: %s: and %u more\n", who, config->path, faults->more);
}
