#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""session - what a profiling session costs its target, beside perf and offcputime.

    tests/bench/session.py [ROUNDS]     (root; nothing else running)

The workload has one CPU for itself: between two, the wakeups of a VM are all of the noise.
Each round runs it once under each watcher, in an order that turns from round to round.
Figures are the throughput against the same round's run without a watcher: median and range. Then
what the programs themselves took, by the kernel's statistics, in a run of its own: these cost, too.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
WORK = os.path.join(BUILD, "tests", "workload", "requests")
SECONDS = 4


def watchers(directory):
    vigie = [os.path.join(BUILD, "vigie"), "record", "-d", f"{SECONDS + 2}s",
             "-o", os.path.join(directory, "s.vigie"), "-p"]
    data = os.path.join(directory, "perf.data")
    return {
        "nothing": None,
        "vigie, cpu": lambda pid: [*vigie, pid, "--views", "cpu"],
        "vigie, offcpu": lambda pid: [*vigie, pid, "--views", "offcpu"],
        "vigie, all views": lambda pid: [*vigie, pid],
        "perf record, dwarf": lambda pid: ["perf", "record", "-q", "-e", "cpu-clock", "-F", "99",
                                           "--call-graph", "dwarf,16384", "-o", data, "-p", pid],
        "offcputime": lambda pid: ["offcputime", "-p", pid, str(SECONDS + 2)],
    }


def run(watcher):
    """Requests answered, the watcher having had a second to begin."""
    work = subprocess.Popen(["taskset", "-c", "1", WORK, str(SECONDS + 1)], stdout=subprocess.PIPE, text=True)
    work.stdout.readline()
    watching = None
    if watcher:
        watching = subprocess.Popen(watcher(str(work.pid)), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
    answered = int(work.communicate()[0].split()[1])
    if watching:
        time.sleep(0.1)
        watching.terminate()
        watching.wait()
    return answered


def programs(directory, rounds):
    """Run time of all programs of a session with all views: ns a run, share of the one CPU."""
    path = os.path.join(directory, "programs.vigie")
    with open("/proc/sys/kernel/bpf_stats_enabled", "r+", encoding="ascii") as stats:
        before = stats.read()
        stats.seek(0)
        stats.write("1")
        stats.flush()
        try:
            for _ in range(rounds):
                run(lambda pid: [os.path.join(BUILD, "vigie"), "record", "-d", f"{SECONDS - 1}s",
                                 "-o", path, "-p", pid])
                shown = subprocess.run([os.path.join(BUILD, "vigie"), "report", path, "-f", "json"],
                                       stdout=subprocess.PIPE, check=True).stdout
                os.unlink(path)
                session = json.loads(shown)
                took, runs = (session["quality"][f"probe_{what}"] for what in ("ns", "runs"))
                duration = session["session"]["duration_ns"]
                yield took / runs, 100 * took / duration, runs / duration * 1e9
        finally:
            stats.seek(0)
            stats.write(before)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        kinds = watchers(directory)
        names = list(kinds)
        loss = {name: [] for name in names}
        for turn in range(rounds):
            order = names[turn % len(names):] + names[:turn % len(names)]
            got = {name: run(kinds[name]) for name in order}
            for name in names:
                loss[name].append(100 * (got[name] / got["nothing"] - 1))
        took = sorted(programs(directory, 3))
    for name in names[1:]:
        values = sorted(loss[name])
        print(f"{name:20} {statistics.median(values):+6.2f} %  "
              f"({values[0]:+.2f} to {values[-1]:+.2f}, {rounds} rounds)")
    print(f"programs, all views  {took[1][0]:.0f} ns a run ({took[0][0]:.0f} to {took[-1][0]:.0f}), "
          f"{took[1][2]:.0f} runs a second, {took[1][1]:.1f} % of that CPU")


if __name__ == "__main__":
    main()
