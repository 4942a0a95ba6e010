#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_pairs - who waits for whom where each of them lives for a moment.

Owns: that what short-lived processes wait is with their names, not in "all other pairs"; by the
kernel's own run_delay of each of them. Not here: the tables in the kernel (tests/bpf).
"""
import ctypes
import os
import signal
import time
import unittest

from lib import Once, needs_watching, ns

WORKERS, CHILDREN, BURN_S = 4, 250, .004
NAME = b"vt-shortlived"
PR_SET_NAME, PR_SET_PDEATHSIG = 15, 1


def setUpModule():
    needs_watching()


def run_delay(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1])


def child():
    """Like a compiler: a process of its own, some work, and it is gone."""
    pid = os.fork()
    if pid == 0:
        end = time.thread_time() + BURN_S
        while time.thread_time() < end:
            pass
        os._exit(0)
    return pid


def work(out):
    """One child after the other; what the kernel says they waited."""
    waited = 0
    for _ in range(CHILDREN):
        pid = child()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        waited += run_delay(pid)
        os.waitpid(pid, 0)
    os.write(out, b"%d\n" % (waited + run_delay(os.getpid())))


def storm():
    """All on one CPU; the run_delay of all of them together."""
    cpu = min(os.sched_getaffinity(0))
    reads, writes = os.pipe()
    workers = []
    for _ in range(WORKERS):
        pid = os.fork()
        if pid == 0:
            libc = ctypes.CDLL(None)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            libc.prctl(PR_SET_NAME, NAME)
            os.sched_setaffinity(0, {cpu})
            work(writes)
            os._exit(0)
        workers.append(pid)
    os.close(writes)
    for pid in workers:
        os.waitpid(pid, 0)
    with os.fdopen(reads) as said:
        return sum(int(line) for line in said)


class ShortLived(unittest.TestCase):
    def check(self, *options):
        """Which of them it was is not kept of a thousand; that it was of that name, is."""
        with Once("--slow-wait", "10us", *options) as once:
            waited = storm()
        delays = once.result["delays"]
        ours = sum(ns(d["wait_seconds"]) for d in delays if NAME.decode() in d["victim"])
        self.assertGreater(waited, WORKERS * CHILDREN * BURN_S * 1e9, "the load itself")
        # Less than a fifth is in the other pairs; a busy host's many names are there, too.
        self.assertGreater(ours, .8 * waited, once.result["losses"])
        # A child that has ended is a zombie before its last wait is over; all of it is in ours.
        self.assertLess(ours, 1.1 * waited)
        return delays

    def test_by_name(self):
        self.check("--group-by", "comm")

    def test_by_process(self):
        delays = self.check()
        # Those that found a place have their numbers, all others are together.
        victims = {d["victim"].split("/")[0] for d in delays if NAME.decode() in d["victim"]}
        self.assertIn("(several)", victims)
        self.assertGreater(len(victims), 1)


if __name__ == "__main__":
    unittest.main()
