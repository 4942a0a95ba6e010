/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notify.h - what the service manager is told: systemd's notification protocol, spoken directly.
 *
 * Owns: the socket, the three variables of the environment, the wording of a datagram, and what is
 * said again because the manager had no room for it. Not here: when something is so (server.c),
 * what the status line says (status_line.h).
 */
#ifndef VIGIE_DAEMON_NOTIFY_H
#define VIGIE_DAEMON_NOTIFY_H

#include <linux/types.h>
#include <stddef.h>

enum { NOTIFY_STATUS_LEN = 160, NOTIFY_WHAT_LEN = 192 };

struct notify {
	int fd; /* connected; -1: nobody is to be told */
	__u64 alive_every_ns; /* how often notify_alive() is due; 0: nobody watches */
	unsigned int owed; /* what could not be said yet, bits of notify.c */
	__u64 reloading_us; /* when that began, by the manager's clock */
	char status[NOTIFY_STATUS_LEN]; /* the last one that was said */
};

/*
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child
 * finds them, and connects: before privileges go, for later there is neither socket() nor
 * connect(). Without NOTIFY_SOCKET all that follows does nothing. 0, or -errno with what failed,
 * to be shown, in what[NOTIFY_WHAT_LEN]: then nobody is told, and that is all.
 */
int notify_open(struct notify *notify, char *what);
void notify_done(struct notify *notify);

/* None of these waits, or fails: what finds no room is said before what comes next. */
void notify_ready(struct notify *notify); /* it serves; also: it has read anew */
void notify_reloading(struct notify *notify);
void notify_stopping(struct notify *notify);
void notify_alive(struct notify *notify);
void notify_status(struct notify *notify,
		   const char *text); /* one line; nothing if it is the last one's */

#endif
