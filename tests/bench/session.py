#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""session - what a profiling session costs its target, beside perf and offcputime.

    tests/bench/session.py [-n ROUNDS] [-w WORKLOAD] [WATCHER...]     (root; nothing else running)

A watcher or a workload is asked for by a part of its name; "nothing" always is among them.

A workload has one CPU for itself and runs throughout: between two CPUs the wakeups of a VM would be
all of the noise. Each watcher looks at it for some seconds, in an order that turns from round to
round, and the throughput is compared with the seconds before and after without a watcher. What a
watcher needs to begin and to end is not in it. "nothing" is measured like the others: it is the
noise. Figures are medians and their 95 % interval. Then what the programs themselves took, by the
kernel's statistics, in sessions of their own: these cost, too.
"""
import argparse
import contextlib
import json
import mmap
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import rig
from rows import interval

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
VIGIE = os.path.join(BUILD, "vigie")
PINNED = ["taskset", "-c", "1"]
BEGIN, WINDOW, END = 2, 3, .7  # seconds: a watcher may begin; is measured; is gone
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Requests:
    """A client and a server thread, 20 us of work and two switches a request."""
    name = "requests, two switches each"

    @contextlib.contextmanager
    def running(self, directory):
        path = os.path.join(directory, "count")
        with open(path, "wb") as f:
            f.write(bytes(mmap.PAGESIZE))
        command = [*PINNED, os.path.join(BUILD, "tests", "workload", "requests"), "100000", path]
        with rig.running(command, stdout=subprocess.PIPE, text=True) as work, \
                open(path, "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as counted:
            work.stdout.readline()
            yield work.pid, lambda: struct.unpack_from("Q", counted)[0]


class Redis:
    """Debian's redis-server and its own benchmark: fifty clients, each waiting for its answer."""
    name = "redis, 50 clients"

    @contextlib.contextmanager
    def running(self, directory):
        server, bench = shutil.which("redis-server"), shutil.which("redis-benchmark")
        if not server or not bench:
            raise rig.Skip("redis is not installed")
        path = os.path.join(directory, "redis")
        with rig.running([*PINNED, server, "--port", "0", "--unixsocket", path, "--save", ""],
                         **QUIET) as work:
            rig.wait_for(lambda: os.path.exists(path), "redis' socket")
            with rig.running([*PINNED, bench, "-s", path, "-t", "get", "-n", "2000000000", "-q"],
                             **QUIET), socket.socket(socket.AF_UNIX) as asks:
                asks.connect(path)
                yield work.pid, lambda: self.answered(asks)

    def answered(self, asks):
        asks.sendall(b"INFO stats\r\n")
        text = b""
        while b"total_commands_processed:" not in text or not text.endswith(b"\r\n"):
            text += asks.recv(65536)
        return int(text.split(b"total_commands_processed:")[1].split()[0])


def watchers(directory):
    seconds = f"{BEGIN + WINDOW + 5}s"
    session, data = (os.path.join(directory, name) for name in ("s.vigie", "perf.data"))
    vigie = [VIGIE, "record", "-d", seconds, "-o", session, "-p"]
    kinds = {
        "nothing": None,
        "vigie record --views cpu": lambda pid: [*vigie, pid, "--views", "cpu"],
        "vigie record --views offcpu": lambda pid: [*vigie, pid, "--views", "offcpu"],
        "vigie record, all views": lambda pid: [*vigie, pid],
    }
    for name, tool, arguments in (
            ("perf record -F 99 --call-graph dwarf", "perf",
             ["record", "-q", "-e", "cpu-clock", "-F", "99", "--call-graph", "dwarf,16384",
              "-o", data, "-p"]),
            ("libbpf-tools offcputime", "offcputime", ["-p"])):
        try:
            kinds[name] = lambda pid, c=(rig.tool(tool), *arguments): [*c, pid]
        except rig.Skip as why:
            print(f"not measured: {why}")
    return kinds


def rate(count):
    """Of the next WINDOW seconds."""
    begin, n = time.monotonic(), count()
    time.sleep(WINDOW)
    return (count() - n) / (time.monotonic() - begin)


def watched(pid, count, watcher):
    with rig.running(watcher(str(pid)), **QUIET) if watcher else contextlib.nullcontext() as watching:
        time.sleep(BEGIN)
        result = rate(count)
        if watching and watching.poll() is not None:
            raise rig.Skip(f"{watching.args[0]} ended by itself: {watching.returncode}")
    time.sleep(END)
    return result


def losses(workload, directory, rounds, asked):
    """By watcher: percent of the throughput."""
    kinds = {name: of for name, of in watchers(directory).items()
             if not of or not asked or any(part in name for part in asked)}
    names, result = list(kinds), {name: [] for name in kinds}
    with workload.running(directory) as (pid, count):
        time.sleep(1)
        before = rate(count)
        for turn in range(rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                during = watched(pid, count, kinds[name])
                after = rate(count)
                result[name].append(100 * (2 * during / (before + after) - 1))
                before = after
    return result


def programs(workload, directory, rounds):
    """Of a session with all views: runs a second, ns a run, percent of the one CPU."""
    path = os.path.join(directory, "programs.vigie")
    with rig.sysctl("kernel.bpf_stats_enabled", 1), workload.running(directory) as (pid, _):
        for _ in range(rounds):
            subprocess.run([VIGIE, "record", "-d", f"{WINDOW}s", "-o", path, "-p", str(pid)],
                           check=True, **QUIET)
            shown = subprocess.run([VIGIE, "report", path, "-f", "json"], check=True,
                                   stdout=subprocess.PIPE).stdout
            os.unlink(path)
            session = json.loads(shown)
            took, runs = (session["quality"][f"probe_{what}"] for what in ("ns", "runs"))
            duration = session["session"]["duration_ns"]
            yield runs / duration * 1e9, took / runs, 100 * took / duration


def show(workload, rounds, asked):
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        lost = losses(workload, directory, rounds, asked)
        took = sorted(programs(workload, directory, 3), key=lambda t: t[1])
    print(f"{workload.name}: {rounds} rounds")
    for name, values in lost.items():
        figures = rig.Figures(values)
        low, high = interval(figures)
        print(f"  {name:38} {figures.median:+6.2f} %  ({low:+.2f} to {high:+.2f})")
    runs, ns, share = took[1]
    print(f"  programs of all views: {ns:.0f} ns a run ({took[0][1]:.0f} to {took[-1][1]:.0f}), "
          f"{runs:.0f} runs a second, {share:.1f} % of that CPU", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-n", dest="rounds", type=int, default=7)
    parser.add_argument("-w", dest="workload", default="")
    parser.add_argument("watchers", nargs="*")
    asked = parser.parse_args()
    for workload in Requests(), Redis():
        try:
            if asked.workload in workload.name:
                show(workload, asked.rounds, asked.watchers)
        except rig.Skip as why:
            print(f"{workload.name}: not measured: {why}")


if __name__ == "__main__":
    main()
