/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk.h - mappings of a YAML document, by tables of their keys.
 *
 * Owns: who takes which value, the forms of values, what is said of a key that does not exist and
 * which one was meant. For files whose mappings are within each other; sections of plain values
 * have keys.h. Not here: what a value may be beyond its form.
 */
#ifndef VIGIE_CONFIG_WALK_H
#define VIGIE_CONFIG_WALK_H

#include "config/yaml.h"

struct config_walk {
	void *to; /* the caller's, who takes values */
	struct faults *faults;
	const char *section; /* before a key's name in messages; "" at the top */
};

struct config_taker {
	const char *name;
	/* The value is not null. 0 or -ENOMEM; a fault is no error here: others may follow. */
	int (*take)(struct config_walk *w, const struct yaml_value *value);
};

/* Every key of a mapping goes to its taker. 0 or -ENOMEM. */
int config_walk_map(struct config_walk *w, const struct yaml_value *map,
		    const struct config_taker *takers, size_t n);

void config_refuse(struct config_walk *w, const struct yaml_value *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Its text; NULL with a fault where it is a list or a mapping. */
const char *config_text_of(struct config_walk *w, const struct yaml_value *value);
/* True: a list, or a mapping, as wanted; else a fault. */
bool config_is_kind(struct config_walk *w, const struct yaml_value *value, enum yaml_kind kind);
/* True with *ret; else a fault. As YAML 1.1 has them, which Go's reader and most others take. */
bool config_take_bool(struct config_walk *w, const struct yaml_value *value, bool *ret);

#endif
