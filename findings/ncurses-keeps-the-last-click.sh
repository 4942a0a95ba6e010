#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ncurses-keeps-the-last-click - of two clicks that arrive together getmouse() gives one.
#
# ncurses 6.4 as Debian 12 has it (libncursesw6, libtinfo6, libncurses-dev). getmouse() reads a queue, so
# one would think that each click that the terminal reports is in it. Where the reports of two clicks, in different
# lines of the screen, can be read at once, as after a pause of the program or over a slow line, getch() says
# KEY_MOUSE once, and getmouse() has the second click; the first is gone without a word. It is so
# with mouseinterval(0), too, which turns off making double clicks of single ones. With a pause between the two
# both come.
#
# Needs gcc and libutil's forkpty(). Exits with 1 if the library answers otherwise.
set -euo pipefail

version=6.4-4
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq "libncursesw6=$version" "libtinfo6=$version" "libncurses-dev=$version" "ncurses-base=$version" \
	2>/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" .; done
libs=$place/lib/$(gcc -print-multiarch)

cat >clicks.c <<'END'
#include <curses.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a program sees of the mouse until half a second is quiet. */
static void watch(int out)
{
	MEVENT event;
	int c;

	setenv("TERM", "xterm-256color", 1);
	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	mousemask(BUTTON1_PRESSED, NULL);
	mouseinterval(0);
	refresh();
	dprintf(out, "ready\n");
	usleep(200000); /* busy with something else */
	timeout(500);
	dprintf(out, "%s:", curses_version());
	while ((c = getch()) != ERR)
		if (c == KEY_MOUSE && getmouse(&event) == OK)
			dprintf(out, " line %d", event.y + 1);
	endwin();
	dprintf(out, "\n");
	_exit(0);
}

int main(int argc, char **argv)
{
	static const char *const clicks[] = { "\033[<0;1;3M\033[<0;1;3m", "\033[<0;1;7M\033[<0;1;7m" };
	struct winsize size = { 24, 80, 0, 0 };
	struct pollfd screen = { .events = POLLIN };
	char bytes[65536];
	int out[2], i;
	FILE *said;

	if (pipe(out))
		return 1;
	if (!forkpty(&screen.fd, NULL, NULL, &size))
		watch(out[1]);
	close(out[1]);
	said = fdopen(out[0], "r");
	if (!fgets(bytes, sizeof(bytes), said))
		return 1;
	for (i = 0; i < 2; i++) {
		if (write(screen.fd, clicks[i], strlen(clicks[i])) < 0)
			return 1;
		usleep(argc > 1 ? 400000 : 0);
	}
	while (poll(&screen, 1, 2000) > 0 && read(screen.fd, bytes, sizeof(bytes)) > 0)
		;
	if (fgets(bytes, sizeof(bytes), said))
		fputs(bytes, stdout);
	wait(NULL);
	return 0;
}
END
gcc -Iusr/include -o clicks clicks.c "$libs"/libncursesw.so.6 "$libs"/libtinfo.so.6 -lutil
export LD_LIBRARY_PATH=$libs TERMINFO=$place/lib/terminfo

status=0
expect() { # WHAT EXPECTED SAID
	echo "$1: $3"
	[ "${3#*: }" = "$2" ] || status=1
}
expect "with a pause between them" "line 3 line 7" "$(./clicks apart)"
expect "together" "line 7" "$(./clicks)"
[ $status = 0 ] && echo "as described: of two clicks that arrive together the last one is had"
exit $status
