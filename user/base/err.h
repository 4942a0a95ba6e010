/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * err.h - errno as a name, and what to do about a disk.
 *
 * Owns: nothing. "-EACCES" greps better than prose; every message of ours ends in it.
 */
#ifndef VIGIE_BASE_ERR_H
#define VIGIE_BASE_ERR_H

/* The name of a negative errno: err_name(-13) is "-EACCES"; "-E?" where there is none. */
const char *err_name(int err);
/*
 * What a name leaves open where a file could not be written, and what to do: to stand right after
 * it; "" where the name says all. Not where an error means a bound of our own.
 */
const char *err_write_remedy(int err);

#endif
