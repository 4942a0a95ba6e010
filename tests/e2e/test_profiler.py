#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_profiler - the process that looks inside as a finding begins: whom, how often, with what.

By itself, without a daemon or a finding (test_history.py has these): profiler_probe asks it.
"""
import contextlib
import fcntl
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import unittest

import lib
from test_record import attached, running

PROBE = os.path.join(os.environ.get("O", "build"), "tests/e2e/profiler_probe")
PARCEL_PROBE = os.path.join(os.environ.get("O", "build"), "tests/e2e/parcel_probe")
LOCK = "/run/vigie-session.lock"
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8
NEEDED = "confine", "need-map", "need-clock", "need-foreign-maps", "need-kill"
OTHER_ABIS = ("need-end-x32", "need-end-i386") if os.uname().machine == "x86_64" else ()
ID = "0123456789ab"


def setUpModule():
    lib.needs_watching()


def start_ns(pid):
    """As the kernel says it, in clock ticks; within the tick it does not matter."""
    ticks = lib.read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19]
    return int(ticks) * (10**9 // os.sysconf("SC_CLK_TCK")) + 1


class Profiler(unittest.TestCase):
    def setUp(self):
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        directory = tempfile.TemporaryDirectory(prefix="vigie-profiler.")
        self.addCleanup(directory.cleanup)
        self.file = os.path.join(directory.name, "s.vigie")
        self.probe = subprocess.Popen([PROBE, self.file], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual(self.probe.stdout.readline(), "ready\n")
        self.profiler = int(lib.read(f"/proc/{self.probe.pid}/task/{self.probe.pid}/children"))

    def end(self):
        self.probe.stdin.close()
        self.assertEqual(self.probe.wait(timeout=lib.PATIENCE_S), 0)
        self.probe.stdout.close()
        lib.wait_for(lambda: not os.path.exists(f"/proc/{self.profiler}"), "the profiler's end")

    def ask(self, pid, start, ident=ID):
        self.probe.stdin.write(f"{ident} {pid} {start}\n")
        self.probe.stdin.flush()

    def heard(self):
        return self.probe.stdout.readline().split()

    def test_it_looks_and_hands_over_what_nobody_can_change(self):
        with running("leaves", 60) as child:
            self.ask(child.pid, start_ns(child.pid))
            heard = [self.heard(), self.heard()]
        parcel = next(h for h in heard if h[0] == "parcel")
        said = next(h for h in heard if h[0] == ID)
        seals = SEAL_SEAL | SEAL_SHRINK | SEAL_GROW | SEAL_WRITE
        self.assertEqual(parcel, ["parcel", ID, str(seals)])
        self.assertEqual(said[1:3], ["captured", "0"])
        self.assertGreater(int(said[3]), 100)
        run = subprocess.run([lib.VIGIE, "report", self.file, "-f", "json"], check=True,
                             stdout=subprocess.PIPE)
        session = json.loads(run.stdout)
        self.assertEqual([p["pid"] for p in session["processes"]], [child.pid])
        self.assertEqual(session["session"]["target"], f"finding {ID}")
        # The same one again: too soon, whatever it is about.
        with running("leaves", 60) as other:
            self.ask(other.pid, start_ns(other.pid))
            self.assertEqual(self.heard(), [ID, "limited", "0", "0"])

    def test_another_process_of_that_pid_is_not_looked_at(self):
        with running("leaves", 60) as child:
            self.ask(child.pid, start_ns(child.pid) + 10**9)
            self.assertEqual(self.heard()[:2], [ID, "gone"])
        self.assertFalse(os.path.exists(self.file))

    def test_one_that_has_ended(self):
        with running("leaves", 60) as child:
            start = start_ns(child.pid)
        self.ask(child.pid, start)
        self.assertEqual(self.heard()[:2], [ID, "gone"])

    def test_nonsense_is_refused(self):
        for ident, pid in (("../../../etc", 2), ("0123456789AB", 2), (ID, 0), (ID, 1), (ID, 2**31)):
            self.ask(pid, 0, ident)
            self.assertEqual(self.heard()[1:3], ["failed", "-EINVAL"], (ident, pid))

    def test_busy_is_no_turn(self):
        """Another session holds the host: when it has gone, the profiler may begin at once."""
        with running("leaves", 60) as child:
            with open(LOCK, "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.ask(child.pid, start_ns(child.pid))
                self.assertEqual(self.heard(), [ID, "busy", "0", "0"])
            self.ask(child.pid, start_ns(child.pid))
            lib.wait_for(attached, "the session")
            # One at a time: what is asked for meanwhile meets it.
            self.ask(child.pid, start_ns(child.pid))
            self.assertEqual(self.heard(), [ID, "busy", "0", "0"])

    def test_a_killed_profiler_takes_its_session_along(self):
        with running("leaves", 60) as child:
            self.ask(child.pid, start_ns(child.pid))
            lib.wait_for(attached, "the session")
            os.kill(self.profiler, signal.SIGKILL)
            # By itself it would end after ten seconds.
            lib.wait_for(lambda: not attached(), "the end of its programs", patience_s=5)
        self.assertFalse(os.path.exists(self.file))


class Hung(unittest.TestCase):
    """What it says on standard error goes to a file system that stops answering."""

    def setUp(self):
        lib.needs(importlib.util.find_spec("fusepy") is not None, "fusepy is not installed")
        lib.needs(os.path.exists("/dev/fuse"), "no FUSE here")
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        directory = tempfile.TemporaryDirectory(prefix="vigie-profiler.")
        self.addCleanup(directory.cleanup)
        real, there, self.stuck = (os.path.join(directory.name, n) for n in ("real", "there", "stuck"))
        for place in real, there:
            os.mkdir(place)
        lib.write(os.path.join(real, "log"), "")
        server = subprocess.Popen([sys.executable, "-B", os.path.join(lib.ROOT, "tests/e2e/hung_fs.py"),
                                   real, there, self.stuck])
        self.addCleanup(server.wait, 30)
        self.addCleanup(subprocess.run, ["umount", "-l", there], check=False)
        lib.wait_for(lambda: os.path.ismount(there), "the file system")
        with open(os.path.join(there, "log"), "r+", encoding="ascii") as log:
            self.probe = subprocess.Popen([PROBE, os.path.join(directory.name, "s.vigie")], text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(self.end)
        self.assertEqual(self.probe.stdout.readline(), "ready\n")
        self.profiler = int(lib.read(f"/proc/{self.probe.pid}/task/{self.probe.pid}/children"))

    def answer(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.stuck)

    def end(self):
        self.answer()
        self.probe.stdin.close()
        self.probe.wait(timeout=lib.PATIENCE_S)
        self.probe.stdout.close()

    def ask(self, pid):
        self.probe.stdin.write(f"{ID} {pid} {start_ns(pid)}\n")
        self.probe.stdin.flush()

    def heard(self):
        """A line that is not of a parcel; it must not be long in coming."""
        while True:
            ready, _, _ = select.select([self.probe.stdout], [], [], 40)
            self.assertTrue(ready, "the profiler says nothing any more")
            line = self.probe.stdout.readline().split()
            if line[0] != "parcel":
                return line

    def sessions(self):
        return lib.read(f"/proc/{self.profiler}/task/{self.profiler}/children").split()

    def test_it_goes_on_without_the_session_that_hangs(self):
        """Its process closes the file as it ends, and waits there, whatever it is sent."""
        with running("leaves", 120) as child:
            self.ask(child.pid)
            lib.wait_for(attached, "the session")
            lib.write(self.stuck, "")
            self.assertEqual(self.heard()[1:3], ["captured", "0"])
            hung = self.sessions()
            self.assertEqual(len(hung), 1)
            self.ask(child.pid)
            self.assertEqual(self.heard()[1], "busy")
            os.kill(int(hung[0]), signal.SIGKILL)
            self.assertEqual(self.sessions(), hung)
            self.answer()
            lib.wait_for(lambda: not self.sessions(), "the end of the session's process")
            # Decided as ever: the one before is not a minute ago.
            self.ask(child.pid)
            self.assertEqual(self.heard()[1], "limited")


class Parcel(unittest.TestCase):
    """What arrives at the real writer in the profiler's place."""

    def handed(self, *kinds):
        with tempfile.TemporaryDirectory(prefix="vigie-parcel.") as directory:
            state = os.path.join(directory, "state")
            run = subprocess.run([PARCEL_PROBE, state, *kinds], check=True, stdout=subprocess.PIPE,
                                 text=True)
            file = os.path.join(state, "incidents", ID, "session.vigie")
            return run.stdout.split(), lib.read(file) if os.path.exists(file) else None

    def test_a_sealed_memfd(self):
        self.assertEqual(self.handed("sealed"), (["0", "0", "0"], "what a session saw"))

    def test_any_other_descriptor_is_refused(self):
        for kind in "file", "directory", "pipe", "unsealed":
            self.assertEqual(self.handed(kind), (["-EINVAL", "0", "0"], None), kind)

    def test_of_two_none_stays_open(self):
        """Room for one has room for two, so much is it padded."""
        for n in 2, 4:
            said, file = self.handed(*["sealed"] * n)
            self.assertEqual((said[1:], file), (["1", "0"], None), n)

    def test_none(self):
        said, file = self.handed()
        self.assertEqual((said[1:], file), (["1", "0"], None))


class Confined(unittest.TestCase):
    def test_what_it_can_and_cannot(self):
        run = subprocess.run([PROBE, "confined"], stdout=subprocess.PIPE, text=True, check=True)
        results = dict(line.split(maxsplit=1) for line in run.stdout.splitlines())
        needed = NEEDED + OTHER_ABIS
        self.assertEqual({name: results.pop(name, None) for name in needed},
                         dict.fromkeys(needed, "0"))
        # Its flags are behind a pointer: where it is missing, libc takes clone().
        self.assertEqual(results.pop("clone3"), "-ENOSYS")
        self.assertGreater(len(results), 70)
        self.assertEqual({name: why for name, why in results.items() if why != "-EPERM"}, {})


if __name__ == "__main__":
    unittest.main()
