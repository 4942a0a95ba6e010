/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * services_options.h - the options of `vigie serve` about what the services keep: history, log.
 *
 * Owns: their names and bounds. Not here: their defaults (daemon/services.h).
 */
#ifndef VIGIE_APP_SERVICES_OPTIONS_H
#define VIGIE_APP_SERVICES_OPTIONS_H

#include "app/options.h"
#include "daemon/services.h"

extern const struct argp services_argp; /* its input is a services_options */

/* Of a services_options. */
option_set_fn option_set_history, option_set_state_dir, option_set_retention, option_set_max_size;
option_set_fn option_set_capture, option_set_max_overhead, option_set_max_memory;
option_set_fn option_set_log_file, option_set_log_level, option_set_log_format;

#endif
