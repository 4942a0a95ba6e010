# SPDX-License-Identifier: GPL-2.0-only
"""hung_disk - a mount of hung_fs.py that can be made to hang, and is ended whatever hangs on it.

Who waits for such a disk can be neither killed nor unmounted away. So the connection is aborted, through
fusectl, which fails all that waits at once; if we forget to, or are killed, a watchdog does it.
"""
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile

import lib

WATCHDOG_S = 120
# Ends with its standard input, which is ours, or after that time; leaves neither a server nor a mount.
WATCHDOG = """
import contextlib, os, select, subprocess, sys
abort, seconds, stuck, path = sys.argv[1:]
select.select([0], [], [], float(seconds))
os.write(int(abort), b"1")
with contextlib.suppress(FileNotFoundError):
    os.unlink(stuck)
subprocess.run(["umount", "-l", path], stderr=subprocess.DEVNULL)
"""


class HungDisk:
    """A directory at .path, on such a disk. What is there is also at .real, which never hangs."""

    def __init__(self, directory):
        lib.needs(importlib.util.find_spec("fusepy") is not None, "fusepy is not installed")
        lib.needs(os.path.exists("/dev/fuse"), "no FUSE here")
        self.real, self.path, self.stuck = (os.path.join(directory, n)
                                            for n in ("real", "there", "stuck"))
        self.server = self.watchdog = None
        self.fds = []

    def _control(self):
        """Opens what fusectl has of our connection."""
        number = os.minor(os.stat(self.path).st_dev)
        with tempfile.TemporaryDirectory() as where:
            mounted = subprocess.run(["mount", "-t", "fusectl", "none", where], check=False,
                                     stderr=subprocess.DEVNULL).returncode == 0
            lib.needs(mounted, "fusectl cannot be mounted")
            try:
                for name, how in ("abort", os.O_WRONLY), ("waiting", os.O_RDONLY):
                    self.fds.append(os.open(f"{where}/{number}/{name}", how))
            finally:
                subprocess.run(["umount", "-l", where], check=True)

    def __enter__(self):
        for place in self.real, self.path:
            os.mkdir(place)
        self.server = subprocess.Popen([
            sys.executable, "-B", os.path.join(lib.ROOT, "tests/e2e/hung_fs.py"), self.real, self.path,
            self.stuck])
        try:
            lib.wait_for(lambda: os.path.ismount(self.path), "the file system")
            self._control()
            self.watchdog = subprocess.Popen(
                [sys.executable, "-c", WATCHDOG, str(self.fds[0]), str(WATCHDOG_S), self.stuck, self.path],
                stdin=subprocess.PIPE, pass_fds=self.fds[:1], start_new_session=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def hang(self):
        """From now on, until abort()."""
        lib.write(self.stuck, "")

    def waiting(self):
        """How many requests it has not answered. 0 again: it was aborted."""
        return int(lib.read(f"/proc/self/fd/{self.fds[1]}"))  # opened anew: it cannot be sought in

    def abort(self):
        if self.fds:
            os.write(self.fds[0], b"1")

    def __exit__(self, *_):
        self.abort()
        if self.watchdog:
            self.watchdog.stdin.close()
            self.watchdog.wait()
        for fd in self.fds:
            os.close(fd)
        subprocess.run(["umount", "-l", self.path], check=False, stderr=subprocess.DEVNULL)
        with contextlib.suppress(FileNotFoundError):  # it may be in the middle of a request
            os.unlink(self.stuck)
        self.server.wait(lib.PATIENCE_S)
