#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_units - what a unit costs is what its cgroup's files say, and no byte is counted twice.

Owns: a unit of our own in each hierarchy that there is; its figures against memory.stat and the
others, read before and after a scrape; huge pages against /proc/PID/status. Not here: names of units
(tests/unit/test_unit.c), files of other layouts than this machine's (tests/unit/test_cgroup_units.c).
"""
import contextlib
import os
import re
import select
import subprocess
import sys
import unittest

import lib
from lib import Cgroup, Serve, ns, once, read, wait_for, write

MIB = 1 << 20
SLACK = 512 << 10  # the kernel charges in batches, and sums up late
QUIET = "import os, sys, time, mmap\nprint('ready', flush=True)\nsys.stdin.read()\n"


def setUpModule():
    lib.needs_watching()


def unified_mount():
    for line in read("/proc/self/mounts").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return where
    return None


class Unit:
    """A cgroup of one name in every hierarchy that has figures, and those who live in it."""

    def __init__(self, name, controllers=("memory", "cpu", "pids")):
        self.name = f"{name}-{os.getpid()}.service"
        self.by = {}
        for controller in controllers:
            group = Cgroup(controller)
            group.path = os.path.join(os.path.dirname(group.path), self.name)
            group.procs = os.path.join(group.path, "cgroup.procs")
            self.by[controller] = group
        self.unified = os.path.join(unified_mount() or "/nowhere", self.name)
        self.paths = {group.path for group in self.by.values()}
        if unified_mount():
            self.paths.add(self.unified)
        naming = lib.doctor()["cgroup_mount"]
        self.paths.add(os.path.join(naming, self.name))
        self.children = []

    def __enter__(self):
        for path in self.paths:
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
        return self

    def enter(self):
        for path in self.paths:
            write(os.path.join(path, "cgroup.procs"), os.getpid())

    def run(self, code, ready=True):
        """A Python program within it that has said `ready`."""
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, preexec_fn=self.enter)
        self.children.append(child)
        if ready:
            if not select.select([child.stdout], [], [], lib.PATIENCE_S)[0]:
                raise AssertionError("the program is silent")
            if child.stdout.readline() != b"ready\n":
                raise AssertionError("the program ended")
        return child

    def end(self, child):
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
        self.children.remove(child)

    def file(self, controller, v2, v1):
        """Its text, by the name that it has here; None: there is no such file."""
        group = self.by[controller]
        path = os.path.join(group.path, v2 if group.v2 else v1)
        return read(path) if os.path.exists(path) else None

    def pressure_ns(self, resource):
        """{stall: ns}"""
        text = read(os.path.join(self.unified, f"{resource}.pressure"))
        return {stall: 1000 * int(us) for stall, us in re.findall(r"^(\w+) .*total=(\d+)$", text, re.M)}

    def memory(self):
        """{kind: bytes} by memory.stat and its neighbours, as the manual says it."""
        stat = dict(line.split() for line in self.file("memory", "memory.stat", "memory.stat").splitlines())
        stat = {key: int(value) for key, value in stat.items()}
        if not self.by["memory"].v2:
            return {"anon": stat["total_rss"], "file": stat["total_cache"] - stat["total_shmem"],
                    "shmem": stat["total_shmem"],
                    "kernel": int(self.file("memory", "-", "memory.kmem.usage_in_bytes")),
                    "charged": int(self.file("memory", "-", "memory.usage_in_bytes")),
                    "inactive": stat["total_inactive_file"]}
        return {"anon": stat["anon"], "file": stat["file"] - stat["shmem"], "shmem": stat["shmem"],
                "kernel": stat.get("kernel"), "socket": stat["sock"],
                "charged": int(self.file("memory", "memory.current", "-")),
                "inactive": stat["inactive_file"]}

    def cpu(self):
        """(throttled ns, throttled periods, periods)"""
        stat = dict(line.split() for line in self.file("cpu", "cpu.stat", "cpu.stat").splitlines())
        ns_ = 1000 * int(stat["throttled_usec"]) if self.by["cpu"].v2 else int(stat["throttled_time"])
        return ns_, int(stat["nr_throttled"]), int(stat["nr_periods"])

    def limit_memory(self, size):
        group = self.by["memory"]
        group.set("memory.max" if group.v2 else "memory.limit_in_bytes", size)
        if group.v2 and os.path.exists(os.path.join(group.path, "memory.swap.max")):
            group.set("memory.swap.max", 0)

    def limit_cpu(self, share):
        group = self.by["cpu"]
        if group.v2:
            group.set("cpu.max", f"{int(share * 100000)} 100000")
        else:
            group.set("cpu.cfs_quota_us", int(share * 100000))

    def remove(self):
        for child in list(self.children):
            self.end(child)
        for path in self.paths:
            def removed(path=path):
                try:
                    os.rmdir(path)
                except FileNotFoundError:
                    pass
                except OSError:
                    return False
                return True
            wait_for(removed, f"{path} to be empty")

    def __exit__(self, *_):
        self.remove()


def unit_row(result, name):
    found = [unit for unit in result["units"] if unit["unit"] == name]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} units {name} of {[u['unit'] for u in result['units']]}")
    return found[0]


def fresh(daemon):
    """A page of a snapshot that was begun after this call: scrapes may share one for a moment."""
    def newer():
        page = daemon.scrape()
        return page if page.one("vigie_self_snapshots_total") > shared else None
    shared = daemon.scrape().one("vigie_self_snapshots_total")
    return wait_for(newer, "a snapshot", every_s=.02)


class Memory(unittest.TestCase):
    def check(self, unit, row, before, after):
        for kind, value in row["memory_bytes"].items():
            if before.get(kind) is None:
                continue
            low, high = sorted((before[kind], after[kind]))
            self.assertTrue(low - SLACK <= value <= high + SLACK, (kind, low, value, high))
        low, high = sorted((before["charged"], after["charged"]))
        charged = row["memory_charged_bytes"]
        self.assertTrue(low - SLACK <= charged <= high + SLACK, (low, charged, high))
        low, high = sorted((before["inactive"], after["inactive"]))
        inactive = charged - row["memory_working_set_bytes"]
        self.assertTrue(low - SLACK <= inactive <= high + SLACK, (low, inactive, high))

    def test_each_kind_is_the_kernels(self):
        """Memory that no RSS has: a memfd that nobody maps. Page cache, and what the kernel holds."""
        with Unit("kinds") as unit, lib.disk_directory() as place:
            path = os.path.join(place, "cached")
            code = (f"import os\nfd = os.memfd_create('x')\nos.write(fd, b'x' * {24 * MIB})\n"
                    f"held = bytearray(b'y' * {12 * MIB})\n"
                    f"f = open({path!r}, 'wb')\nf.write(b'z' * {6 * MIB})\nf.flush()\nos.fsync(f.fileno())\n"
                    "pipes = [os.pipe() for _ in range(100)]\n")
            unit.run(code + QUIET)
            before = unit.memory()
            result = once()
            after = unit.memory()
            row = unit_row(result, unit.name)
            self.check(unit, row, before, after)
            self.assertIsNone(row["memory_limit_bytes"])
            kinds = row["memory_bytes"]
            self.assertGreater(kinds["shmem"], 24 * MIB - SLACK)
            self.assertGreater(kinds["anon"], 12 * MIB)
            self.assertGreater(kinds["file"], MIB)  # the kernel may have dropped some of it
            self.assertGreater(kinds["kernel"], 0)
            rss = sum(r["memory"]["rss"] for r in lib.rows(result, unit=unit.name))
            self.assertLess(rss, kinds["shmem"] + kinds["anon"], "nobody's RSS has the memfd")
            charged = row["memory_charged_bytes"]
            parts = sum(value for value in kinds.values() if value)
            self.assertLess(abs(charged - parts), 4 * MIB, (charged, kinds))

    def test_shared_pages_count_once(self):
        code = (f"import mmap, os\nm = mmap.mmap(-1, {32 * MIB})\nm.write(b'x' * {32 * MIB})\n"
                "for _ in range(4):\n    if not os.fork():\n"
                "        sum(m[i] for i in range(0, len(m), 4096))\n        os.write(1, b'.')\n"
                "        os.read(0, 1)\n        os._exit(0)\n"
                "import time\ntime.sleep(.01)\n")
        with Unit("shared") as unit:
            child = unit.run(code + "os.read(0, 1)\n", ready=False)
            self.assertEqual(b"".join(os.read(child.stdout.fileno(), 1) for _ in range(4)), b"....")
            result = once()
            kinds = unit_row(result, unit.name)["memory_bytes"]
            by_process = sum(r["memory"]["shmem"] for r in lib.rows(result, unit=unit.name))
            self.assertGreaterEqual(by_process, 5 * 32 * MIB - SLACK)
            self.assertLess(abs(kinds["shmem"] - 32 * MIB), SLACK, kinds)

    def test_a_unit_within_a_unit(self):
        """Both together are what the outer's file says."""
        container = "0123456789abcdef" * 4
        with Unit("outer") as outer, Unit("inner") as inner:
            inner.remove()
            inner.paths = {os.path.join(path, f"docker-{container}.scope") for path in outer.paths}
            with inner:
                outer.run(f"held = bytearray(b'y' * {16 * MIB})\n" + QUIET)
                inner.run(f"held = bytearray(b'y' * {40 * MIB})\n" + QUIET)
                before = outer.memory()
                result = once()
                name = [u["unit"] for u in result["units"] if u["container_id"] == container]
                self.assertEqual(len(name), 1, "the container is a unit")
                rows = [unit_row(result, unit) for unit in (outer.name, name[0])]
                own, within = (row["memory_bytes"]["anon"] for row in rows)
                self.assertLess(abs(own + within - before["anon"]), SLACK)
                self.assertTrue(40 * MIB < within < 60 * MIB, within)
                self.assertTrue(16 * MIB < own < 36 * MIB, own)

    def test_limits(self):
        with Unit("limit") as unit:
            unit.limit_memory(96 * MIB)
            unit.by["pids"].set("pids.max", 77)
            unit.run("import os\nfor _ in range(3):\n    if not os.fork():\n        os.read(0, 1)\n"
                     "        os._exit(0)\n" + QUIET)
            tasks = int(unit.file("pids", "pids.current", "pids.current"))
            row = unit_row(once(), unit.name)
            self.assertEqual(row["memory_limit_bytes"], 96 * MIB)
            self.assertEqual(row["tasks_limit"], 77)
            self.assertEqual(row["tasks"], tasks)
            self.assertEqual(tasks, 4)


class Totals(unittest.TestCase):
    """Counters of `vigie serve`, which has no privilege left to read files with."""

    def growth(self, daemon, reader, sample, work):
        """What vigie counted meanwhile, and between which values the files grew."""
        first = reader()
        begun = sample(fresh(daemon))
        second = reader()
        work()
        third = reader()
        grown = sample(fresh(daemon)) - begun
        fourth = reader()
        return ns(grown), third - second, fourth - first

    def check(self, grown, least, most, at_least):
        self.assertTrue(least <= grown <= most, (least, grown, most))
        self.assertGreater(grown, at_least, "nothing happened: the test shows nothing")

    def test_pressure(self):
        lib.needs(unified_mount(), "no unified hierarchy")
        with Unit("pressure") as unit:
            lib.needs(os.path.exists(os.path.join(unit.unified, "cpu.pressure")),
                      "this kernel has no pressure of cgroups")
            pinned = "import os\nos.sched_setaffinity(0, {0})\n"
            unit.run(QUIET)
            with Serve() as daemon:
                def work():
                    spin = pinned + ("import time\nend = time.monotonic() + 1\nprint('ready', flush=True)\n"
                                     "while time.monotonic() < end: pass\n")
                    for child in [unit.run(spin) for _ in range(2)]:
                        child.wait()
                        unit.end(child)
                for stall in "some", "full":
                    if stall not in unit.pressure_ns("cpu"):
                        continue
                    self.check(*self.growth(
                        daemon, lambda: unit.pressure_ns("cpu")[stall],
                        lambda page: page.one("vigie_unit_pressure_seconds_total", unit=unit.name,
                                              resource="cpu", stall=stall), work),
                        at_least=3 * 10**8 if stall == "some" else -1)

    def test_throttling_goes_on_after_a_restart(self):
        with Unit("throttle") as unit, Serve() as daemon:
            spin = "print('ready', flush=True)\nwhile True: pass\n"

            def sample(page):
                return page.one("vigie_unit_cpu_throttled_seconds_total", unit=unit.name)

            unit.limit_cpu(.2)
            child = unit.run(spin)
            wait_for(lambda: unit.cpu()[0] > 3 * 10**8, "it to be throttled")
            before = unit.cpu()
            page = fresh(daemon)
            after = unit.cpu()
            # The cgroup is younger than vigie: all that it has is counted.
            shown = [ns(sample(page)), page.one("vigie_unit_cpu_throttled_periods_total", unit=unit.name),
                     page.one("vigie_unit_cpu_periods_total", unit=unit.name)]
            for low, value, high in zip(before, shown, after):
                self.assertTrue(low <= value <= high, (before, shown, after))
            first = shown[0]
            unit.end(child)
            unit.remove()
            with unit:
                unit.limit_cpu(.2)
                unit.run(spin)
                wait_for(lambda: unit.cpu()[0] > 3 * 10**8, "it to be throttled again")
                low = unit.cpu()[0]
                second = ns(sample(fresh(daemon)))
                high = unit.cpu()[0]
                self.assertTrue(first + low <= second <= first + high + 10**9, (first, low, second, high))

    def test_oom_kills(self):
        with Unit("oom") as unit, Serve() as daemon:
            unit.limit_memory(48 * MIB)
            unit.run(QUIET)
            daemon.scrape()

            def kills():
                text = unit.file("memory", "memory.events", "memory.oom_control")
                return int(re.search(r"^oom_kill (\d+)$", text, re.M).group(1))
            lib.needs("oom_kill" in unit.file("memory", "memory.events", "memory.oom_control"),
                      "this kernel does not count kills")
            before = kills()
            for _ in range(2):
                eater = unit.run(f"import mmap\nm = mmap.mmap(-1, {200 * MIB}, flags=mmap.MAP_PRIVATE)\n"
                                 f"print('ready', flush=True)\nm.write(b'x' * {200 * MIB})\n")
                eater.wait(lib.PATIENCE_S)
                unit.end(eater)
            self.assertGreaterEqual(kills() - before, 2)
            wait_for(lambda: daemon.scrape().one("vigie_unit_oom_kills_total", unit=unit.name)
                     >= kills() - before, "the kills to be counted", every_s=.2)
            self.assertEqual(fresh(daemon).one("vigie_unit_oom_kills_total", unit=unit.name),
                             kills() - before)

    def test_the_hosts_pressure(self):
        lib.needs(os.path.exists("/proc/pressure/cpu"), "this kernel does not measure pressure")

        def host(resource, stall):
            return 1000 * int(re.search(rf"^{stall} .*total=(\d+)$", read(f"/proc/pressure/{resource}"),
                                        re.M).group(1))
        with Serve() as daemon:
            for resource, stall in (("cpu", "some"), ("memory", "some"), ("memory", "full"),
                                    ("io", "some"), ("io", "full")):
                low = host(resource, stall)
                value = ns(fresh(daemon).one("vigie_host_pressure_seconds_total", resource=resource,
                                             stall=stall))
                high = host(resource, stall)
                self.assertTrue(low <= value <= high, (resource, stall, low, value, high))


class HugePages(unittest.TestCase):
    POOL = "/proc/sys/vm/nr_hugepages"
    PAGES = 4

    def setUp(self):
        lib.needs(os.path.exists(self.POOL), "no huge pages in this kernel")
        before = int(read(self.POOL))
        self.addCleanup(write, self.POOL, before)
        write(self.POOL, before + self.PAGES)
        lib.needs(int(read(self.POOL)) >= before + self.PAGES, "no huge page can be had")
        self.size = 1024 * int(re.search(r"Hugepagesize: +(\d+) kB", read("/proc/meminfo")).group(1))

    def program(self):
        return (f"import mmap\nm = mmap.mmap(-1, {self.PAGES * self.size},"
                "flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)\n"
                f"for i in range(0, len(m), {self.size}): m[i] = 1\n")

    def test_a_process_has_what_status_says(self):
        with Unit("huge") as unit:
            child = unit.run(self.program() + QUIET)
            row, = lib.rows(once(), unit=unit.name)
            status = lib.status(child.pid)
            self.assertEqual(row["memory"]["hugetlb"], 1024 * status["HugetlbPages"])
            self.assertEqual(row["memory"]["hugetlb"], self.PAGES * self.size)
            # In no RSS, by the kernel's own count.
            self.assertLess(row["memory"]["rss"], 1024 * status["VmRSS"] + SLACK)
            with Serve() as daemon:
                page = fresh(daemon)
                self.assertEqual(page.one("vigie_process_resident_memory_bytes", unit=unit.name,
                                          kind="hugetlb"), self.PAGES * self.size)

    def test_a_unit_has_what_its_controller_says(self):
        root, v2 = lib.cgroup_root("hugetlb")
        lib.needs(root, "no hierarchy has the controller hugetlb")
        if v2 and "hugetlb" not in read(f"{root}/cgroup.subtree_control").split():
            self.addCleanup(write, f"{root}/cgroup.subtree_control", "-hugetlb")
        with Unit("hugeunit", ("memory", "hugetlb")) as unit:
            unit.run(self.program() + QUIET)
            text = unit.file("hugetlb", f"hugetlb.{self.size // MIB}MB.current",
                             f"hugetlb.{self.size // MIB}MB.usage_in_bytes")
            lib.needs(text, "the controller has no file of this size")
            self.assertEqual(int(text), self.PAGES * self.size)
            self.assertEqual(unit_row(once(), unit.name)["memory_bytes"]["hugetlb"], int(text))


if __name__ == "__main__":
    unittest.main()
