#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_moved - sleepers that are moved, whose sleep the kernel counts as waiting from 6.12 on.

Owns: vigie's waits against wall clock arithmetic, where schedstat is no witness. Not here: waits
that the kernel counts right (test_books.py), the values of the correction (tests/bpf).
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import lib
from lib import Once, Serve, needs, needs_watching, ns, row, workload

SLEEPERS, CYCLES, SLEEP_MS = 3, 10, 300
SLEPT = SLEEPERS * CYCLES * SLEEP_MS * 10**6


def setUpModule():
    needs_watching()
    needs(len(os.sched_getaffinity(0)) >= 2, "one CPU: nothing can be moved")


def moved(name):
    """The load; what it says: (slept, waited, kernel's run_delay), in ns."""
    said = subprocess.run([workload("moved"), name, str(SLEEPERS), str(CYCLES), str(SLEEP_MS)],
                          stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    return int(said[1]), int(said[3]), int(said[5])


class Moved(unittest.TestCase):
    def check(self, wait, sleep, slept, waited):
        self.assertEqual(slept, SLEPT)
        # What its own clock says is an upper bound: a timer may also have been late.
        self.assertLessEqual(wait, waited + slept // 100)
        self.assertGreaterEqual(wait, waited // 2 - slept // 100)
        self.assertGreaterEqual(sleep, slept * .99)
        self.assertLessEqual(sleep, slept * 1.01 + waited)

    def test_what_they_waited(self):
        with Once("--group-by", "comm") as once:
            slept, waited, _ = moved("movedsleeper")
        r = row(once.result, comm="movedsleeper")
        self.check(ns(r["run_queue_wait_seconds"]), ns(r["off_cpu_seconds"]["sleep"]), slept, waited)
        # The histogram's waits are those of the sum: of sleeps' length there are no more than fit.
        long = sum(b["count"] for b in r["run_queue_wait_histogram"]
                   if b["le"] is None or float(b["le"]) > SLEEP_MS / 1e3)
        self.assertLessEqual(long, waited // 262144000)

    def test_who_sleeps_as_we_attach(self):
        """Moved before anybody looked: what is false of it by then, and what follows."""
        load = subprocess.Popen([workload("moved"), "movedbefore", "6", "2", "2500"],
                                stdout=subprocess.PIPE, text=True)

        def first_sleep():
            pids = lib.read(f"/proc/{load.pid}/task/{load.pid}/children").split()
            return sum(lib.read(f"/proc/{pid}/comm") == "movedbefore\n" and
                       lib.stat_fields(pid)[0] == "S" for pid in pids) == 6
        lib.wait_for(first_sleep, "all to sleep")
        with Once("--group-by", "comm") as once:
            said = load.communicate()[0].split()
        slept, waited = int(said[1]), int(said[3])
        self.assertLessEqual(ns(row(once.result, comm="movedbefore")["run_queue_wait_seconds"]),
                             waited + slept // 100)

    def test_how_much_was_corrected(self):
        """On a kernel that counts right, nothing is."""
        with Serve() as daemon:
            before = daemon.scrape().one("vigie_self_run_delay_corrected_seconds_total")
            _, waited, kernel = moved("movedsleeper")
            after = daemon.scrape().one("vigie_self_run_delay_corrected_seconds_total")
        with open("/sys/kernel/btf/vmlinux", "rb") as btf:
            delayed = b"sched_delayed" in btf.read()
        if not delayed:
            self.assertEqual(after, 0)
            self.assertLessEqual(kernel, waited + SLEPT // 100)
            return
        # Others on the host may have been moved, too.
        self.assertGreaterEqual((after - before) * 10**9, kernel - waited - SLEPT // 100)

    def test_culprits_are_of_waits(self):
        """A sleep of 300 ms beside a hog is not its doing: no delay is longer than all waits."""
        with Once("--group-by", "comm", "--slow-wait", "1ms") as once:
            _, waited, _ = moved("movedsleeper")
        delays = sum(ns(d["wait_seconds"]) for d in once.result["delays"]
                     if "movedsleeper" in d["victim"])
        self.assertLessEqual(delays, waited + SLEPT // 100)

    def test_in_a_session(self):
        with tempfile.TemporaryDirectory(prefix="vigie-") as place:
            file = os.path.join(place, "s.vigie")
            done = subprocess.run([lib.VIGIE, "record", "--children", "-d", "60s", "-o", file, "--",
                                   workload("moved"), "movedsleeper", str(SLEEPERS), str(CYCLES),
                                   str(SLEEP_MS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = done.stdout.split()
            out = subprocess.run([lib.VIGIE, "report", file, "-f", "json"], stdout=subprocess.PIPE,
                                 check=True).stdout
        threads = [t for t in json.loads(out)["threads"] if t["comm"] == "movedsleeper"]
        self.assertEqual(len(threads), SLEEPERS)
        wait = sum(t["run_queue_ns"] for t in threads)
        sleep = sum(t["off_cpu"]["sleep"]["ns"] for t in threads)
        self.check(wait, sleep, int(said[1]), int(said[3]))


class UnderWay(unittest.TestCase):
    def test_a_wait_that_lasts_is_shown(self):
        """SCHED_IDLE beside a hog: for seconds it gets nothing, and that is no news at its end."""
        cpu = {min(os.sched_getaffinity(0))}

        def idle():
            os.sched_setaffinity(0, cpu)
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        hogs = [subprocess.Popen([workload("leaves"), "60"], stdout=subprocess.DEVNULL,
                                 preexec_fn=lambda: os.sched_setaffinity(0, cpu)) for _ in range(3)]
        victim = subprocess.Popen([workload("leaves"), "60"], stdout=subprocess.DEVNULL,
                                  preexec_fn=idle)
        try:
            before = lib.schedstats(victim.pid)
            lib.wait_for(lambda: lib.schedstats(victim.pid)[0] > before[0], "the victim to run")
            with Once("--group-by", "pid", ) as once:
                time.sleep(2)  # the load runs
            r = row(once.result, pid=victim.pid)
        finally:
            for child in hogs + [victim]:
                child.kill()
                child.wait()
        life = sum(map(ns, (r["cpu_seconds"]["user"], r["cpu_seconds"]["system"],
                            r["run_queue_wait_seconds"]))) + sum(
                                map(ns, r["off_cpu_seconds"].values()))
        interval = ns(once.result["interval_seconds"])
        self.assertGreater(ns(r["run_queue_wait_seconds"]), interval * .8)
        self.assertLess(abs(life - interval), interval * .02 + 10**7)


PERIOD_NS, BUDGET_NS = 100 * 10**6, 10 * 10**6
YIELDS = """
import os, sys, time
open("/proc/self/comm", "w").write(sys.argv[1])
print(flush=True)
while True: os.sched_yield()
"""


class Deadline(unittest.TestCase):
    """Who yields under SCHED_DEADLINE waits for its next period: for nobody, whatever schedstat says."""

    def setUp(self):
        # A budget is refused to a task that may not run everywhere.
        command = ["chrt", "-d", "-T", str(BUDGET_NS), "-D", str(PERIOD_NS), "-P", str(PERIOD_NS), "0"]
        needs(shutil.which("chrt") and subprocess.run(
            [*command, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0,
              "no SCHED_DEADLINE here")
        self.task = subprocess.Popen([*command, sys.executable, "-c", YIELDS, "dlyields"],
                                     stdout=subprocess.PIPE)
        self.addCleanup(self.task.stdout.close)
        self.addCleanup(self.task.wait)
        self.addCleanup(self.task.kill)
        self.task.stdout.readline()

    def test_is_no_victim(self):
        with Once("--group-by", "comm", "--slow-wait", "1ms") as once:
            before = lib.schedstat(self.task.pid)
            time.sleep(3)
            after = lib.schedstat(self.task.pid)
        r = row(once.result, comm="dlyields")
        kernel = after[1] - before[1]
        self.assertGreater(kernel, 2 * 10**9, "the test itself: the kernel counts it as waiting")
        # Of the throttling under way at either end up to a period may be in it.
        self.assertLess(ns(r["run_queue_wait_seconds"]), 2 * PERIOD_NS + kernel // 20)
        self.assertGreater(ns(r["off_cpu_seconds"]["sleep"]), kernel - 2 * PERIOD_NS - kernel // 20)
        delays = [d for d in once.result["delays"] if "dlyields" in d["victim"]]
        self.assertLess(sum(ns(d["wait_seconds"]) for d in delays), kernel // 20, delays)

    def test_what_was_taken_off_is_told(self):
        corrected = "vigie_self_run_delay_corrected_seconds_total"
        with Serve() as daemon:
            told, before = ns(daemon.scrape().one(corrected)), lib.schedstat(self.task.pid)[1]
            time.sleep(2)
            kernel = lib.schedstat(self.task.pid)[1] - before
            told = ns(daemon.scrape().one(corrected)) - told
        # A scrape may be answered with the page of before. Moved sleepers can only add to it.
        self.assertGreater(told, kernel - 3 * PERIOD_NS - kernel // 20)


if __name__ == "__main__":
    unittest.main()
