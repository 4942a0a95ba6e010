#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie serve` on a host in distress: hardly any CPU, hardly any memory, more events than there is room for.

Owns what happens to vigie itself. What it says of others in distress is the campaign's.
"""
import contextlib
import http.client
import os
import signal
import subprocess
import tempfile
import time
import unittest

import lib
from lib import Cgroup, Program, Serve, needs, wait_for

MIB = 1 << 20


def setUpModule():
    lib.needs_watching()


class Confined(Serve):
    """`vigie serve` that begins in a cgroup."""

    def __init__(self, cgroup, *args):
        super().__init__(*args)
        self.args = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', cgroup.procs, *self.args]


def anonymous_kib(pid):
    return lib.status(pid)["RssAnon"]


class Cpu(unittest.TestCase):
    """A fiftieth of a CPU, while processes come and go as fast as they can."""

    @staticmethod
    def limit(group, share):
        if group.v2:
            group.set("cpu.max", f"{int(share * 100000)} 100000" if share else "max 100000")
        else:
            needs(os.path.exists(os.path.join(group.path, "cpu.cfs_quota_us")), "no CPU quotas")
            group.set("cpu.cfs_quota_us", int(share * 100000) if share else -1)

    def test_it_is_late_but_grows_and_loses_nothing(self):
        with Cgroup("cpu") as group, Confined(group, "--interval", "1s") as daemon, \
                Program("storm", "kinds", "12000ms", 2) as storm:
            daemon.scrape()
            storm.point()
            first = daemon.scrape()
            self.limit(group, 0.02)
            storm.go()
            sizes, pages = [], 0
            end = time.monotonic() + 10
            while time.monotonic() < end:
                with contextlib.suppress(TimeoutError, OSError, http.client.HTTPException):
                    pages += daemon.get(timeout=5)[0] == 200
                sizes.append(anonymous_kib(daemon.pid))
            said = storm.point()
            throttled = dict(line.split() for line in group.get("cpu.stat").splitlines())["nr_throttled"]
            self.limit(group, None)
            ended = int(said.split()[1])

            def caught_up():
                page = daemon.scrape()
                return page.sum("vigie_process_exits_total", comm=storm.comm) + \
                    page.one("vigie_self_unfreed_tasks") >= ended - 3
            wait_for(caught_up, f"{ended} exits", every_s=0.1)
            page = daemon.scrape()
        print(f"# {ended} processes in 12 s; {pages} pages at 2 % of a CPU, RssAnon {sizes[0]} to "
              f"{max(sizes)} KiB")
        self.assertGreater(int(throttled), 0)  # or nothing was in its way
        self.assertLess(max(sizes), 32 << 10, sizes)
        self.assertEqual(page.sum("vigie_self_losses_total", cause="retired_full") -
                         first.sum("vigie_self_losses_total", cause="retired_full"), 0)
        self.assertEqual(page.unbalanced(), [])


class Memory(unittest.TestCase):
    @staticmethod
    def limit(group, size):
        group.set("memory.max" if group.v2 else "memory.limit_in_bytes", size)

    def kills(self, group):
        text = group.get("memory.events" if group.v2 else "memory.oom_control")
        return int(dict(line.split() for line in text.splitlines()).get("oom_kill", 0))

    def test_32_mib_are_enough(self):
        """Maps and programs of its own count, too; a crowd and all of its names come beside it."""
        with Cgroup("memory") as group:
            self.limit(group, 32 * MIB)
            with Confined(group) as daemon, Program("storm", "names", 4000, 2) as storm:
                storm.point()
                storm.go()
                storm.point()
                page = daemon.scrape()
                self.assertEqual(page.one("vigie_self_untracked_tasks"), 0)
                self.assertEqual(daemon.stop(), 0)
            self.assertEqual(self.kills(group), 0)
            peak = int(group.get("memory.peak" if group.v2 else "memory.max_usage_in_bytes"))
        print(f"# highest: {peak / MIB:.1f} MiB")

    def test_too_little_is_an_end_that_leaves_nothing(self):
        """The kernel ends it while it loads, or it ends itself; and the next one starts."""
        from scraping import bpf_list  # noqa: PLC0415: needs bpftool, as the rest here does not
        with Cgroup("memory") as group, tempfile.TemporaryDirectory() as place:
            self.limit(group, 6 * MIB)
            state = os.path.join(place, "state")
            run = subprocess.run(["sh", "-c", 'echo $$ >"$0" && exec "$@"', group.procs, lib.VIGIE,
                                  "serve", "--listen", "127.0.0.1:0", "--state-dir", state],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                 timeout=lib.PATIENCE_S)
            self.assertIn(run.returncode, (1, -signal.SIGKILL), run.stdout)
            if run.returncode == 1:
                self.assertIn(b"-ENOMEM", run.stdout)
            wait_for(lambda: not group.get("cgroup.procs").split(), "its processes to end")
            with Serve("--state-dir", state) as daemon:
                self.assertTrue(bpf_list("prog"))
                self.assertEqual(daemon.stop(), 0)


class Ring(unittest.TestCase):
    """The ring of rare events: new cgroups and OOM kills."""

    CGROUPS = 4000  # an event has some 100 bytes and more, the ring 256 KiB

    def test_more_events_than_it_holds_are_counted_and_the_names_found_later(self):
        root, _ = lib.cgroup_root("pids")
        needs(root, "no cgroup hierarchy")
        with Serve("--max-groups", "2000") as daemon, Cgroup("pids", "vigie-late") as late:
            first = daemon.scrape()
            os.kill(daemon.pid, signal.SIGSTOP)
            try:
                for n in range(self.CGROUPS):
                    path = os.path.join(root, f"vigie-ring-{os.getpid()}-{n:05}-{'x' * 100}")
                    os.mkdir(path)
                    os.rmdir(path)
                program = Program("task", "burn", 300, cgroup=late)
            finally:
                os.kill(daemon.pid, signal.SIGCONT)
            with program:
                lost = wait_for(lambda: daemon.scrape().sum("vigie_self_losses_total", cause="ring_full") -
                                first.sum("vigie_self_losses_total", cause="ring_full"), "the loss")
                wait_for(lambda: [k for k in daemon.scrape().all("vigie_process_processes",
                                                                 comm=program.comm)
                                  if "unknown" not in dict(k)["unit"]], "the program's cgroup")
            self.assertEqual(daemon.stop(), 0)
        print(f"# {lost} of {self.CGROUPS} new cgroups found no room")
        self.assertLessEqual(lost, self.CGROUPS + 10)
        self.assertLess(daemon.stderr.count("lost what it should have counted"), 5, daemon.stderr)


if __name__ == "__main__":
    unittest.main()
