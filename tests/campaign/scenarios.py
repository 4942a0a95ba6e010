# SPDX-License-Identifier: GPL-2.0-only
"""What goes wrong on a host, what only looks like it, and what vigie should say of each.

Owns: how each scenario is started and what is expected. Not here: the acts themselves
(acts.c), watching and judging (campaign.py).
"""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import lib  # noqa: E402

MIB = 1 << 20


class Same:
    """A cgroup of one name in more than one hierarchy, as services and containers have it."""

    def __init__(self, cgroups):
        self.cgroups = cgroups

    def enter(self):
        for cgroup in self.cgroups:
            cgroup.enter()


class Stage:
    """Processes and files of one scenario; everything goes when the block ends."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.place = None
        self.children = []

    def __enter__(self):
        self.place = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-act."))
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
        for child in self.children:
            child.wait()
        self.stack.close()

    def act(self, name, *args, cgroup=None, cpu=None):
        """An act under a name of its own: what else runs is never taken for it."""
        path = os.path.join(self.place, name)
        if not os.path.lexists(path):
            os.symlink(os.path.abspath(os.path.join(os.environ.get("O", "build"),
                                                    "tests/campaign/acts")), path)

        def enter():
            if cgroup:
                cgroup.enter()
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
        child = subprocess.Popen([path, *map(str, args)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 preexec_fn=enter)
        self.children.append(child)
        return child

    def shell(self, script):
        child = subprocess.Popen(["sh", "-c", script], cwd=self.place, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def file(self, name, mib, cached=True):
        """cached=False: whoever reads it first is charged with its pages."""
        path = os.path.join(self.place, name)
        with open(path, "wb") as f:
            for _ in range(mib):
                f.write(os.urandom(4096) * 256)
            f.flush()
            if not cached:
                os.fsync(f.fileno())
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return path

    def limited(self, mib):
        """A cgroup with a memory limit and, as far as the kernel lets us, no swap."""
        cgroup = self.stack.enter_context(lib.Cgroup("memory", "vigie-act"))
        cgroup.set("memory.max" if cgroup.v2 else "memory.limit_in_bytes", mib * MIB)
        with contextlib.suppress(OSError):
            cgroup.set("memory.swap.max" if cgroup.v2 else "memory.swappiness", 0)
        return cgroup

    def slow(self, percent):
        """A cgroup with a CPU quota, and of the same name where vigie looks for names."""
        cpu = self.stack.enter_context(lib.Cgroup("cpu", "vigie-slow"))
        if cpu.v2:
            cpu.set("cpu.max", f"{1000 * percent} 100000")
            return cpu
        cpu.set("cpu.cfs_quota_us", 1000 * percent)
        return Same([cpu, self.stack.enter_context(lib.Cgroup("memory", "vigie-slow"))])


def burner(stage):
    stage.act("burner", "burn")


def spinners(stage):
    stage.act("spinner", "spin", 3)


def slow_leak(stage):
    stage.act("slowleak", "leak", 0.3)


def fast_leak(stage):
    stage.act("fastleak", "leak", 40)


def limited_leak(stage):
    stage.act("boxleak", "leak", 8, cgroup=stage.limited(512))


def fork_storm(stage):
    stage.act("forker", "storm")


def thread_storm(stage):
    stage.act("threader", "threads")


def noisy_neighbour(stage):
    stage.act("patient", "victim", cpu=0)
    for i in range(3):
        stage.act("noisy", "burn", cpu=0)


def stalled_share(seconds):
    """Of the time to come: some thread of the host stalls for memory, by the kernel's own count."""
    def total_s():
        line, = (l for l in lib.read("/proc/pressure/memory").splitlines() if l.startswith("some"))
        return int(line.rpartition("total=")[2]) / 1e6
    began, before = time.monotonic(), total_s()
    time.sleep(seconds)
    return (total_s() - before) / (time.monotonic() - began)


def reclaim(stage):
    """Somebody took the memory of a cgroup; the others read through what is left of it.

    A file without blocks: of a slow disk's they would wait for the disk, and find room enough.
    """
    big, box = os.path.join(stage.place, "big"), stage.limited(48)
    with open(big, "wb") as f:
        f.truncate(200 * MIB)
    stage.act("eater", "hold", 38, cgroup=box)
    for _ in range(4):
        stage.act("reclaimer", "reread", big, cgroup=box)
    lib.needs(os.path.exists("/proc/pressure/memory"), "this kernel does not say who stalls (PSI)")
    share = max(stalled_share(1) for _ in range(3))
    if share < 0.4:
        raise AssertionError(f"the kernel counts stalls in {share:.0%} of the time only: no fault")


def thrash(stage):
    big = stage.file("big", 200, cached=False)
    stage.act("thrasher", "map", big, cgroup=stage.limited(40))


def oom(stage):
    stage.act("glutton", "over", 4000, cgroup=stage.limited(100))


def throttled(stage):
    """Three at work in a cgroup that may use a tenth of a CPU."""
    box = stage.slow(10)
    for _ in range(3):
        stage.act("squeezed", "burn", cgroup=box)


def crash_loop(stage):
    stage.act("crasher", "crash", 1.5)


# --- What only looks like it.

def compile_job(stage):
    """C files, compiled over and over by two jobs at a time."""
    lib.needs(shutil.which("gcc"), "gcc is not installed")
    for i in range(12):
        with open(os.path.join(stage.place, f"f{i}.c"), "w", encoding="ascii") as f:
            f.write("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n")
            for j in range(60):
                f.write(f"int f{i}_{j}(int x) {{ char b[64]; snprintf(b, 64, \"%d\", x); "
                        f"return atoi(b) * {j} + (int)strlen(b); }}\n")
    stage.shell("while :; do ls f*.c | xargs -P4 -n1 gcc -O2 -c -o /dev/null; done")


def backup(stage):
    os.mkdir(os.path.join(stage.place, "tree"))
    for i in range(6):
        stage.file(f"tree/{i}", 40)
    stage.shell("while :; do tar cf - tree | gzip -1 >backup.tgz; done")


def page_cache(stage):
    stage.act("reader", "reread", stage.file("cached", 300))


def nightly_batch(stage):
    stage.file("data", 60)
    stage.shell("while :; do od -An -tx4 data | tr -s ' ' '\\n' | sort | uniq -c | sort -rn "
                ">report; done")
    stage.act("cruncher", "crunch", os.path.join(stage.place, "data"), 3)


def warm_cache(stage):
    stage.act("warmcache", "warm", 400, 12)
    stage.act("fillcache", "fill", 200, 8)


def restart_once(stage):
    stage.act("daemon", "serve", 10)


class Scenario:
    def __init__(self, start, rules=(), who="", culprit="", limit_s=30, lasts_s=45):
        self.start = start
        self.name = start.__name__.replace("_", " ")
        self.rules = set(rules)  # any of them answers; none: benign
        self.who, self.culprit = who, culprit
        self.limit_s, self.lasts_s = limit_s, lasts_s

    @property
    def benign(self):
        return not self.rules


SCENARIOS = [
    Scenario(burner, ["runaway-cpu"], "burner", "burner"),
    Scenario(spinners, ["runaway-cpu"], "spinner", "spinner"),
    Scenario(fast_leak, ["memory-growth"], "fastleak", "fastleak"),
    Scenario(limited_leak, ["memory-growth"], "boxleak", "boxleak"),
    Scenario(fork_storm, ["fork-storm"], "", "forker"),
    Scenario(thread_storm, ["fork-storm"], "", "threader"),
    Scenario(noisy_neighbour, ["run-queue-starvation"], "patient", "noisy"),
    Scenario(reclaim, ["memory-stall"], "reclaimer", "eater"),
    Scenario(thrash, ["memory-stall"], "thrasher", "thrasher"),
    Scenario(oom, ["oom-kill"], "glutton", "glutton"),
    Scenario(throttled, ["cpu-throttled"], "", "squeezed"),
    Scenario(crash_loop, ["crash-loop"], "crasher", "crasher"),
    Scenario(slow_leak, ["memory-growth"], "slowleak", "slowleak", limit_s=600),
    Scenario(compile_job),
    Scenario(backup),
    Scenario(page_cache),
    Scenario(nightly_batch),
    Scenario(warm_cache, lasts_s=60),
    Scenario(restart_once),
]
