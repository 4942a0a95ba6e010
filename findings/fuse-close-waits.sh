#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fuse-close-waits - to close a file that was only opened waits for who serves the file system.
#
# FUSE, with python3-fusepy 3.0.1-2 and libfuse2 2.9.9-6+b1 as Debian 12 has them, seen on Linux 6.18. close() sends a
# FLUSH and waits for its answer, also of a file that was opened for reading, read by nobody and written by
# nobody, say to lock it; exit() does the same for whoever forgot it. Where the server has stopped answering a
# process that wants nothing of the file can therefore not end, and SIGKILL does not help: the request is on its
# way. A directory is closed without waiting. So a lock on a disk that may hang belongs to a process for which nobody waits.
#
# Needs root, /dev/fuse, fuse, python3. The server is killed at the end, which answers all. Exits with 1 if it goes otherwise.
set -euo pipefail

place=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -KILL "$server" 2>/dev/null
	umount -l "$place/there" 2>/dev/null
	rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq python3-fusepy=3.0.1-2 libfuse2=2.9.9-6+b1
for package in ./*.deb; do dpkg-deb -x "$package" .; done
mkdir real there
echo text >real/file

cat >serve.py <<'END'
import os, sys, time
import fusepy

class Serve(fusepy.Operations):
    def __call__(self, op, *args):
        while os.path.exists("stuck"):  # it takes requests and answers none
            time.sleep(.02)
        return super().__call__(op, *args)

    def getattr(self, path, fh=None):
        found = os.lstat("real" + path)
        return {key: getattr(found, key) for key in ("st_mode", "st_size", "st_nlink")}

    def open(self, path, flags):
        return os.open("real" + path, os.O_RDONLY)

fusepy.FUSE(Serve(), "there", foreground=True, nothreads=True)
END
cat >hold.py <<'END'
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY)
if not os.path.isdir(sys.argv[1]):
    fcntl.flock(fd, fcntl.LOCK_SH)
print("holds it", flush=True)
sys.stdin.readline()
if sys.argv[2] == "close":
    os.close(fd)
    print("closed it", flush=True)
END
export PYTHONPATH=$place/usr/lib/python3/dist-packages
FUSE_LIBRARY_PATH=$(find "$place" -name 'libfuse.so.2' | head -1) /usr/bin/python3 -B serve.py &
server=$!
for _ in $(seq 100); do mountpoint -q there && break; sleep .1; done
mountpoint -q there

status=0
begin() { # NAME PATH HOW
	mkfifo "$1.in"
	/usr/bin/python3 -B hold.py "$2" "$3" <"$1.in" >"$1.out" &
	printf -v "$1_pid" %s $!
	exec {fd}>"$1.in"
	printf -v "$1_fd" %s "$fd"
	for _ in $(seq 100); do grep -q "holds it" "$1.out" && return; sleep .1; done
	echo "$1: it could not open $2" && status=1
}

ends() { # PID: yes, or no after three seconds
	for _ in $(seq 30); do
		if [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; then
			echo yes
			return
		fi
		sleep .1
	done
	echo no
}

expect() { # WHAT EXPECTED IS
	echo "$1: $3"
	[ "$2" = "$3" ] || status=1
}
begin closer there/file close
begin leaver there/file leave
begin lister there close
touch stuck
# One after the other: of what has not reached the server yet SIGKILL does free.
# shellcheck disable=SC2154  # begin() sets them
echo >&"$closer_fd"
# shellcheck disable=SC2154
expect "who closes the file ends" no "$(ends "$closer_pid")"
kill -KILL "$closer_pid"
expect "the same, killed, ends" no "$(ends "$closer_pid")"
# shellcheck disable=SC2154
echo >&"$leaver_fd"
# shellcheck disable=SC2154
expect "who exits with it open ends" no "$(ends "$leaver_pid")"
# shellcheck disable=SC2154
echo >&"$lister_fd"
# shellcheck disable=SC2154
expect "who closes the directory ends" yes "$(ends "$lister_pid")"
rm stuck
expect "the first one ends as the server answers" yes "$(ends "$closer_pid")"
expect "the second one, too" yes "$(ends "$leaver_pid")"
[ $status = 0 ] && echo "as described: close() of a file waits, of a directory it does not"
exit $status
