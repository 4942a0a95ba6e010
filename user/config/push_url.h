/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * push_url.h - which URLs are taken as a destination.
 *
 * Owns: the form. It is narrower than what libraries read, so that all of them read the same host:
 * no user, no fragment, no blank, no escape in the host. PURE.
 */
#ifndef VIGIE_CONFIG_PUSH_URL_H
#define VIGIE_CONFIG_PUSH_URL_H

#include <stdbool.h>

struct push_url {
	bool tls; /* https */
	bool tcp; /* tcp, and then there is a port and no path */
	bool loopback; /* localhost, 127.0.0.0/8 in full, [::1] */
};

/* 0, or -EINVAL with *ret_why what is wrong. */
int push_url_parse(const char *text, struct push_url *ret, const char **ret_why);

#endif
