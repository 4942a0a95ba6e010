#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_budget - what vigie costs is measured, and above --max-overhead it does less, and all again later.

Owns: the order of the steps as a page shows it, what is absent meanwhile in every format, and the
books over a shed and a return. Not here: when a step is taken (tests/unit/test_budget.c), the state of
a task over it to the nanosecond (tests/bpf/test_shed.c).
"""
import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import lib
from lib import PATIENCE_S, VIGIE, Page, Serve, needs, wait_for

STEPS = ["culprits", "histograms", "off_cpu", "wakeup", "interval"]
SHED = ("vigie_delay_seconds_total", "vigie_retired_delay_seconds_total",
        "vigie_process_run_queue_wait_seconds_bucket", "vigie_process_run_queue_wait_seconds_sum",
        "vigie_time_slice_seconds_bucket", "vigie_process_off_cpu_seconds_total")
KEPT = ("vigie_process_cpu_seconds_total", "vigie_process_context_switches_total",
        "vigie_process_page_faults_total", "vigie_process_resident_memory_bytes",
        "vigie_retired_cpu_seconds_total", "vigie_process_exits_total")


def setUpModule():
    lib.needs_watching()
    if not corrects_waits():
        STEPS.remove("wakeup")


def corrects_waits():
    """Linux 6.12 and later count sleep as waiting: one more probe, which can go."""
    return any("sched_wakeup" in field["source"] for field in lib.doctor()["fields"])


def shed_steps(page):
    return [step for step in STEPS if page.one("vigie_self_shed", step=step)]


def names(page):
    return {name for name, _ in page.samples}


def switches():
    return lib.proc_stat()["ctxt"]


@contextlib.contextmanager
def yielders():
    """Two that hand one CPU to and fro as fast as they can, and never sleep or wake anybody."""
    cpu = min(os.sched_getaffinity(0))
    code = f"import os\nos.sched_setaffinity(0, [{cpu}])\nwhile True: os.sched_yield()"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    try:
        yield running
    finally:
        for child in running:
            child.kill()
            child.wait()


@contextlib.contextmanager
def napper():
    """Sleeps most of the time, and works a little."""
    code = "import time\nwhile True:\n time.sleep(0.003)\n sum(range(20000))"
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        try:
            yield child
        finally:
            child.kill()


class Times:
    """What a page says of one process that is stopped meanwhile, and the clock around it."""

    def __init__(self, daemon, pid):
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: lib.status(pid)["State"].startswith("T"), "the process to stop")
        time.sleep(1)  # a page is shared for a moment
        self.kernel = lib.schedstats(pid)
        self.begin = time.monotonic_ns()
        self.page = daemon.scrape()
        self.end = time.monotonic_ns()
        os.kill(pid, signal.SIGCONT)
        self.cpu = lib.ns(self.page.sum("vigie_process_cpu_seconds_total", pid=pid))
        self.wait = lib.ns(self.page.sum("vigie_process_run_queue_wait_seconds_sum", pid=pid))
        self.off = lib.ns(self.page.sum("vigie_process_off_cpu_seconds_total", pid=pid))


class Shedding(unittest.TestCase):
    def check_kept(self, page):
        """The exact counters are there, and their books balance."""
        for name in KEPT:
            self.assertIn(name, names(page))
        self.assertEqual(page.unbalanced(), [])

    def test_everything_goes_in_order(self):
        place = tempfile.mkdtemp(prefix="vigie-budget.")
        self.addCleanup(shutil.rmtree, place)
        with Serve("--max-overhead", "0.0001%", "--interval", "1s", "--state-dir", place) as daemon:
            seen = []

            def all_off():
                page = daemon.scrape()
                seen.append(shed_steps(page))
                return page if len(seen[-1]) == len(STEPS) else None

            page = wait_for(all_off, "all steps", every_s=0.3)
            for steps in seen:  # each with those before it
                self.assertEqual(steps, STEPS[:len(steps)])
            self.assertEqual(page.one("vigie_self_budget_ratio"), lib.Decimal("0.000001"))
            self.assertEqual([n for n in SHED if n in names(page)], [])
            self.check_kept(page)
            _, _, text = daemon.get(Accept="text/plain;version=0.0.4")
            self.assertEqual([n for n in SHED if n in names(Page(text.decode()))], [])
            _, _, index = daemon.get("/", Accept="text/html")
            self.assertIn(b"without culprits of slow waits, histograms, off-CPU time", index)
            if "wakeup" in STEPS:
                self.assertNotIn("vigie_self_run_delay_corrected_seconds_total", names(page))
                self.assertIn(b"the correction of waits", index)
            # Nobody gets fresher snapshots than that.
            taken = [daemon.scrape().one("vigie_self_snapshots_total") for _ in range(5)]
            self.assertLessEqual(taken[-1] - taken[0], 1)
            for step in STEPS[:-1]:  # the last one was taken just now
                self.assertGreater(page.one("vigie_self_shed_seconds_total", step=step), 0)
            self.assertGreater(page.one("vigie_self_losses_total", cause="shed"), 0)
            self.assertIn("vigie-meter", lib.children(daemon.pid))
        said = re.findall(r"vigie costs \S+ % of a core, its budget is 0.0001 %: (.*)", daemon.stderr)
        words = ["who made whom wait is not looked for",
                 "waits and time slices are not sorted by length", "time off the CPU is not looked at",
                 "run-queue waits are the kernel's, sleep of threads that are moved included"]
        steps = len(STEPS) - 1
        self.assertEqual(said[:steps + 1], words[:steps] + ["a snapshot every 2 s"])
        self.check_history(place)

    def check_history(self, place):
        """What was absent live is absent in a replay, in each format."""
        def replay(*args):
            run = subprocess.run([VIGIE, "replay", place, *args], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            return run.stdout

        rows = list(csv.DictReader(replay("-f", "csv").splitlines()))
        last = [row for row in rows if row["time_unix_seconds"] == rows[-1]["time_unix_seconds"]]
        for row in last:
            self.assertEqual(row["off_cpu_sleep_seconds"], "")
            self.assertNotEqual(row["run_queue_wait_seconds"], "")
            self.assertNotEqual(row["cpu_user_seconds"], "")
        self.assertTrue(any(row["off_cpu_sleep_seconds"] for row in rows), "the first ones have it")
        document = json.loads(replay("-f", "json", "--at", "now"))
        self.assertEqual(document["shed"], STEPS[:-1])
        self.assertIsNone(document["delays"])
        for row in document["processes"]:
            self.assertIsNone(row["run_queue_wait_histogram"])
            self.assertEqual(set(row["off_cpu_seconds"].values()), {None})
            self.assertIsNotNone(row["run_queue_wait_seconds"])

    def test_off_is_off(self):
        with yielders(), Serve("--max-overhead", "off", "--interval", "200ms") as daemon:
            time.sleep(2)
            page = daemon.scrape()
            self.assertNotIn("vigie-meter", lib.children(daemon.pid))
        self.assertEqual([n for n in names(page) if "_self_shed" in n or "budget" in n], [])
        for name in SHED:
            self.assertIn(name, names(page))
        self.assertEqual(page.one("vigie_self_losses_total", cause="shed"), 0)

    def test_the_meter_has_one_capability_and_no_files(self):
        with Serve("--max-overhead", "1%") as daemon:
            meter = lib.children(daemon.pid)["vigie-meter"]
            status = lib.status(meter)
            self.assertEqual(int(str(status["CapEff"]).rjust(16, "0"), 16), 1 << 21)
            self.assertNotEqual(status["Uid"], 0)
            self.assertEqual(status["Seccomp"], 2)
            os.kill(meter, 9)
            wait_for(lambda: lib.status(meter)["State"].startswith("Z"), "the meter to be gone")
            self.assertIn("vigie_self_overhead_ratio", names(daemon.scrape()))
        self.assertIn("the process that has the probes measured is gone", daemon.stderr)


class Returning(unittest.TestCase):
    """A load comes and goes. What it makes the probes cost is measured first, as machines differ."""

    def cost(self):
        """(of processes, of probes, a second's switches) under the load."""
        with yielders(), Serve("--max-overhead", "100%", "--interval", "200ms") as daemon:
            time.sleep(2)
            before, began = switches(), time.monotonic()
            time.sleep(2)
            rate = (switches() - before) / (time.monotonic() - began)
            page = daemon.scrape()
            self.assertEqual(shed_steps(page), [])
            return (float(page.one("vigie_self_overhead_ratio", part="processes")),
                    float(page.one("vigie_self_overhead_ratio", part="probes")), rate)

    def test_books_hold_over_a_shed_and_a_return(self):
        processes, probes, rate = self.cost()
        needs(rate > 100000, f"this host switches {rate:.0f} times a second only")
        limit = f"{100 * (processes + 0.6 * probes):.4f}%"
        with Serve("--max-overhead", limit, "--interval", "200ms", "--group-by", "pid",
                   "--max-groups", "10000") as daemon:
            with napper() as process:
                def steps():
                    return shed_steps(daemon.scrape())

                time.sleep(1)
                first = Times(daemon, process.pid)
                self.assertEqual(shed_steps(first.page), [])
                with yielders():
                    wait_for(lambda: "off_cpu" in steps(), f"a load over {limit}", every_s=0.3)
                    time.sleep(1)
                    shed = Times(daemon, process.pid)
                wait_for(lambda: not steps(), "everything back", every_s=0.5)
                time.sleep(0.5)
                back = Times(daemon, process.pid)
                time.sleep(4)
                after = Times(daemon, process.pid)
        self.assertNotIn("vigie_process_off_cpu_seconds_total", names(shed.page))
        self.assert_kernels(shed)
        self.assert_kernels(back)
        self.assert_kernels(after)
        # Off-CPU time went on from where it was, without the time in which nobody looked.
        self.assertGreater(back.off, first.off)
        self.assertLess(back.off, back.end - first.begin + first.off)
        # And from then on the three are the time again.
        passed = after.begin - back.end, after.end - back.begin
        grown = sum(getattr(after, k) - getattr(back, k) for k in ("cpu", "wait", "off"))
        shared = 3e8  # how old a page may be
        self.assertGreater(grown, 0.985 * passed[0] - shared)
        self.assertLess(grown, 1.01 * passed[1] + shared)
        counted = after.page.sum("vigie_process_run_queue_wait_seconds_count", pid=process.pid) - \
            back.page.sum("vigie_process_run_queue_wait_seconds_count", pid=process.pid)
        switched = after.page.sum("vigie_process_context_switches_total", pid=process.pid) - \
            back.page.sum("vigie_process_context_switches_total", pid=process.pid)
        self.assertLessEqual(abs(counted - switched), 1)
        self.assertIn("time off the CPU is looked at again", daemon.stderr)

    def assert_kernels(self, times):
        """CPU time is what schedstat says; the wait is not more."""
        self.assertEqual(times.cpu, times.kernel[0])
        self.assertLessEqual(times.wait, times.kernel[1])


if __name__ == "__main__":
    unittest.main()
