/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * err.h - errno as a name.
 *
 * Owns: nothing. "-EACCES" greps better than prose; every message of ours ends in it.
 */
#ifndef VIGIE_BASE_ERR_H
#define VIGIE_BASE_ERR_H

/* The name of a negative errno: err_name(-13) is "-EACCES"; "-E?" where there is none. */
const char *err_name(int err);

#endif
