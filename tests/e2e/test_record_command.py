#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_command - the command of a session runs as it would without one; when a session ends, or
does not begin.

Owns: exit statuses, dispositions and masks of signals, lost terminals. Not here: what a session
sees (test_record.py).
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

import lib
from test_record import Session, attached, running

sys.path.insert(0, os.path.join(lib.ROOT, "tests/syscalls"))
from calls import fail_first, strace_works  # noqa: E402

RT_SIGACTION, RT_SIGPROCMASK = 13, 14 # of x86-64, as sessions are


def setUpModule():
    lib.needs_watching()


def begun_with(ignored, blocked):
    """For preexec_fn: exactly these signals. Not by libc, which keeps two of them to itself."""
    def set_up():
        for number in range(1, 65):
            action = (ctypes.c_uint64 * 4)(number in ignored) # handler, flags, restorer, mask
            lib.LIBC.syscall(RT_SIGACTION, number, action, None, 8)
        mask = ctypes.c_uint64(sum(1 << number - 1 for number in blocked))
        lib.LIBC.syscall(RT_SIGPROCMASK, signal.SIG_SETMASK, ctypes.byref(mask), None, 8)
    return set_up


class Command(Session):
    def test_a_command_is_as_without_us(self):
        """Its exit status, its signals; who cannot be run leaves no session."""
        for command, status in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137)):
            self.record("--", *command, status=status)
            os.unlink(self.file)
        for command, status, why in (("no-such-command", 127, b"-ENOENT"), ("/etc/passwd", 126, b"-EACCES")):
            run = self.record("--", command, status=status)
            self.assertRegex(run.stderr, b"cannot run '.*" + command.encode() + b"': " + why)
            self.assertFalse(os.path.exists(self.file))

    def test_a_command_has_the_signals_it_would_have_without_us(self):
        """Each signal is ignored in one case and not in another, blocked in one and not in another;
        of which some are what `&` in a script, nohup and careless parents leave behind."""
        every, odd = set(range(1, 65)), set(range(1, 65, 2))
        asks = ["grep", "-E", "^(Sig|Shd)(Ign|Blk|Cgt|Pnd)", "/proc/self/status"]
        for ignored, blocked in ((set(), set()), ({signal.SIGINT, signal.SIGQUIT}, set()),
                                 ({signal.SIGHUP}, {signal.SIGINT, signal.SIGTERM}),
                                 ({signal.SIGCHLD}, {signal.SIGCHLD}), (odd, every - odd),
                                 (every - odd, odd), (every, every)):
            with self.subTest(ignored=ignored, blocked=blocked):
                begin = begun_with(ignored, blocked)
                expected = subprocess.run(asks, stdout=subprocess.PIPE, preexec_fn=begin, check=True)
                run = self.vigie("record", "-o", self.file, "--", *asks, begin=begin)
                self.assertEqual(run.stdout, expected.stdout)
                self.vigie("record", "-o", self.file, "--", "sh", "-c", "exit 7", begin=begin,
                           status=7)

    def test_ends_when_asked_whatever_was_ignored_or_blocked(self):
        """As in a script's background; the command goes on there as it would without us."""
        asking = {signal.SIGINT, signal.SIGTERM}
        for number in asking:
            for ignored, blocked in ({signal.SIGINT, signal.SIGQUIT}, set()), (asking, asking):
                with self.subTest(number, ignored=ignored, blocked=blocked):
                    lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
                    vigie = subprocess.Popen([lib.VIGIE, "record", "-o", self.file, "--",
                                              lib.workload("leaves"), "4"], stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, start_new_session=True,
                                             preexec_fn=begun_with(ignored, blocked))
                    self.assertEqual(vigie.stdout.readline(), b"ready\n") # the command, looked at
                    if number in ignored | blocked: # as a terminal's to all of them
                        os.killpg(vigie.pid, number)
                    else:
                        vigie.send_signal(number)
                    out, err = vigie.communicate(timeout=lib.PATIENCE_S)
                    self.assertEqual((vigie.returncode, bool(re.search(rb"cpu \d+", out))), (0, True), err)
                    self.assertEqual(self.json()["quality"]["ended"], "interrupt")

    def test_a_lost_terminal_keeps_what_there_is(self):
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        with running("leaves", 60) as child:
            # Whatever the tests run under.
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-o", self.file],
                                     stderr=subprocess.DEVNULL,
                                     preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
            lib.wait_for(attached, "the session")
            vigie.send_signal(signal.SIGHUP)
            self.assertEqual(vigie.wait(lib.PATIENCE_S), 0)
        self.assertEqual(self.json()["quality"]["ended"], "interrupt")

    def test_under_nohup_it_goes_on(self):
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        with running("leaves", 60) as child:
            vigie = subprocess.Popen(["nohup", lib.VIGIE, "record", "-p", str(child.pid), "-d", "2s", "-o",
                                      self.file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lib.wait_for(attached, "the session")
            vigie.send_signal(signal.SIGHUP)
            self.assertEqual(vigie.wait(lib.PATIENCE_S), 0)
        self.assertEqual(self.json()["quality"]["ended"], "time")


class NoSession(Session):
    def test_variables_that_cannot_be_mapped(self):
        """As test_syscalls has it of those that watch: loaded all the same, and no way to the variables."""
        lib.needs(shutil.which("strace") and strace_works(), "strace cannot inject errors here")
        run = fail_first("bpf", "BPF_F_MMAPABLE", "ENOMEM", [lib.VIGIE, "record", "-d", "100ms", "-p", str(os.getpid()),
                                                              "-o", self.file])
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stderr, r"vigie record: cannot map the session's variables: -ENOMEM")


if __name__ == "__main__":
    unittest.main()
