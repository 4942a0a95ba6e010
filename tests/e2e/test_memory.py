#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_memory - what vigie takes of the host's memory stays below --max-memory, whatever the host does.

Owns: the bound against the kernel's figures under all that makes tables grow at once, what becomes of what
finds no room, and what starting takes. Not here: how a limit is divided (tests/unit/test_memory.c).
"""
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import lib
from lib import BUILD, PATIENCE_S, VIGIE, Program, Serve, needs, wait_for


def setUpModule():
    lib.needs_watching()


@contextlib.contextmanager
def crowd(count, names):
    """count sleeping processes of so many names; tests/bench/sleepers.c."""
    threads = int(lib.read("/proc/sys/kernel/threads-max"))
    pids = int(lib.read("/proc/sys/kernel/pid_max"))
    living = int(re.search(r"/(\d+) ", lib.read("/proc/loadavg"))[1])
    needs(living + count + 2000 < min(threads, pids), f"no room for {count} processes on this host")
    command = [os.path.join(BUILD, "tests", "bench", "sleepers"), str(count), str(names)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            if child.stdout.readline() != b"ready\n":
                raise unittest.SkipTest(f"could not start {count} processes")
            yield
        finally:
            child.stdin.close()
            child.wait()


def resident(pid, what="VmRSS"):
    return int(re.search(rf"^{what}:\s+(\d+) kB", lib.read(f"/proc/{pid}/status"), re.M)[1]) * 1024


class Watch:
    """The highest of what both processes take, by the kernel, while the block runs."""

    def __init__(self, daemon):
        self.pids = daemon.pid, lib.children(daemon.pid)["vigie-writer"]
        self.highest = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.done.wait(0.005):
            self.highest = max(self.highest, sum(resident(pid) for pid in self.pids))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


class Place(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="vigie-memory.")
        self.addCleanup(shutil.rmtree, self.place)

    def serve(self, *args):
        return Serve("--state-dir", os.path.join(self.place, "state"), "--interval", "500ms",
                     "--capture", "off", *args)

    def assert_balanced(self, page):
        self.assertEqual(page.unbalanced(), [])


class Bound(Place):
    LIMIT = 40000000
    ROOMY = "--group-by", "comm", "--max-groups", "300"  # nobody is folded for want of a series

    def check(self, page, watch):
        self.assertEqual(page.one("vigie_self_memory_limit_bytes"), self.LIMIT)
        self.assertLess(watch.highest + int(page.one("vigie_self_bpf_memory_bytes")), self.LIMIT)
        self.assertLess(page.one("vigie_self_memory_bytes"), self.LIMIT)

    def test_it_holds_while_everything_grows(self):
        """More threads than it has room for, each of a name of its own, dead of many names, clients."""
        with crowd(8000, 8000), self.serve("--max-memory", "40MB") as daemon:
            with Watch(daemon) as watch, Program("storm", "names", "6000ms", 4) as storm:
                storm.point()
                storm.go()
                ends = time.monotonic() + 6
                while time.monotonic() < ends:
                    daemon.scrape()
                    daemon.get(Accept="text/plain;version=0.0.4", Accept_Encoding="gzip")
                storm.point()
                page = daemon.scrape()
            room = int(page.one("vigie_self_tasks_limit"))
            tracked = page.one("vigie_self_tasks") - page.one("vigie_self_untracked_tasks")
            self.assertGreater(page.one("vigie_self_untracked_tasks"), 8000 - room)
            self.assertLessEqual(tracked, room + 64)
            # Listed are no others: a process whose threads are all passed over is in no group.
            self.assertLessEqual(page.sum("vigie_process_threads"), tracked)
            self.check(page, watch)
            # It was close: half of what there is was used, so a bound that is not there is missed.
            self.assertGreater(watch.highest + int(page.one("vigie_self_bpf_memory_bytes")),
                               self.LIMIT / 2)
            self.assertGreater(page.one("vigie_self_losses_total", cause="tasks_full"), 0)
            self.assert_balanced(page)
            self.assertLessEqual(page.one("vigie_self_groups"), 4096)
        self.assertEqual(daemon.status, 0)
        self.assertEqual(daemon.stderr.count("threads are in no list: --max-memory leaves room for "
                                             f"{room}"), 1)

    @contextlib.contextmanager
    def passed_over(self, daemon):
        """A process that has worked and is in no list. Who began as another one ended has its room."""
        wait_for(lambda: daemon.scrape().one("vigie_self_untracked_tasks"), "no room", every_s=0.3)
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                burn = stack.enter_context(Program("task", "burn", 300))
                burn.point()
                burn.go()
                burn.point()
                if not daemon.scrape().all("vigie_process_processes", comm=burn.comm):
                    yield burn
                    return
            raise unittest.SkipTest("others end so often here that all newcomers find room")

    def test_there_is_room_again(self):
        """As a crowd leaves, those who were passed over are taken up, with all that they used."""
        with self.serve("--max-memory", "40MB", *self.ROOMY) as daemon, contextlib.ExitStack() as stack:
            with crowd(6000, 20):
                burn = stack.enter_context(self.passed_over(daemon))
                used = lib.schedstats(burn.pid)[0]
                self.assertGreater(used, 0)
            wait_for(lambda: daemon.scrape().one("vigie_self_untracked_tasks") == 0, "room",
                     every_s=0.3)
            page = daemon.scrape()
        self.assertEqual(lib.ns(page.sum("vigie_process_cpu_seconds_total", comm=burn.comm)), used)
        self.assert_balanced(page)
        # The 6000 that ended, most of them in no list before, owe nothing.
        self.assertLess(page.one("vigie_self_unfreed_tasks"), 100)

    def test_who_is_passed_over_and_ends_is_counted(self):
        with crowd(6000, 20), self.serve("--max-memory", "40MB", *self.ROOMY) as daemon:
            with self.passed_over(daemon) as burn:
                _, usage = burn.reap()
            used = usage.ru_utime + usage.ru_stime

            def counted():
                return float(daemon.scrape().sum("vigie_process_cpu_seconds_total", comm=burn.comm))

            wait_for(lambda: counted() > 0.9 * used, "its totals", every_s=0.3)
            self.assertLess(counted(), 1.1 * used)

    def test_off_is_off(self):
        with self.serve("--max-memory", "off") as daemon:
            page = daemon.scrape()
        names = {name for name, _ in page.samples}
        self.assertEqual({n for n in names if "_memory_limit" in n and "_self_" in n}, set())
        self.assertNotIn("vigie_self_tasks_limit", names)
        self.assertEqual(page.one("vigie_self_retired_keys_limit"), 16384)

    def test_the_least_is_told_and_is_enough(self):
        for groups in "100", "3000":
            for mode in [["--check-config"], ["--no-history"]]:
                run = subprocess.run([VIGIE, "serve", "--max-memory", "8MB", "--max-groups", groups, *mode],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                     stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
                self.assertEqual((run.returncode, run.stdout), (1, ""))
                found = re.fullmatch(r"vigie serve: --max-memory: 8000000 bytes are too little for "
                                     rf"{groups} groups \(--max-groups\) and \d+ CPUs; (\d+MB) at "
                                     r"least, or off\n", run.stderr)
                self.assertTrue(found, run.stderr)
            with self.serve("--max-memory", found[1], "--max-groups", groups) as daemon:
                self.assertTrue(daemon.scrape().one("vigie_self_memory_limit_bytes"))


class Start(Place):
    def test_starting_takes_less_than_twice_what_serving_does(self):
        """Others need three to six times: a limit that is right for serving must do for the start."""
        with self.serve() as daemon:
            for _ in range(5):
                daemon.scrape()
                time.sleep(0.6)
            peak, steady = (resident(daemon.pid, what) for what in ("VmHWM", "VmRSS"))
            writer = lib.children(daemon.pid)["vigie-writer"]
            both = resident(writer, "VmHWM"), resident(writer)
        print(f"\n  start: {peak / 1e6:.1f} MB at most, then {steady / 1e6:.1f} MB; the writer "
              f"{both[0] / 1e6:.1f} and {both[1] / 1e6:.1f} MB")
        self.assertLess(peak, 2 * steady)
        self.assertLess(both[0], 2 * both[1])


if __name__ == "__main__":
    unittest.main()
