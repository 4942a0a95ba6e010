#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""budget - what vigie costs a host, measured from outside, against the budget that it was given.

    tests/bench/budget.py [-n ROUNDS] [--budget 1%] [--crowd 30000]     (root; a quiet machine is better)

A byte goes to and fro between two processes pinned to one CPU, hundreds of thousands of switches a second: the
most that a core can do to probes. They go on for the whole time; vigie, on another CPU, comes and goes. What a switch
costs is CPU time of the two by their switches, both the kernel's exact counters, in slices of a tenth of a second:
who else is given that CPU is in neither. Each round has four windows of the same load, one after the other:

    off off | start, settle | on | stop | off off

The last window before vigie comes and the first one after it has settled are a pair, the last one with it and the first
without are another, in the reverse order: what drifts, drifts out of their mean. The two windows without at each
end, between which nothing happens, are the same with nothing: the noise, of the same run. A window's figure is the median
of its slices, the result the median over rounds with a bootstrap interval. Stopping vigie (SIGSTOP) would not do: its
programs would stay; nor would detaching them: its processes would.

Fails where what it costs, by the lower end of its interval, is above the budget and what the noise allows.
"""
import argparse
import contextlib
import os
import random
import re
import sys
import time

import rig

LOAD_CPU, VIGIE_CPU = 1, 0
SLICE_S, WINDOW = 0.1, 15  # slices
GAP_S = 0.3  # after vigie came or went: exit is not instant
QUIET_S, SETTLE_MAX_S = 9, 120  # no step was taken for so long
BOOTSTRAP = 4000


def task_figures(pid):
    """(ns on a CPU, switches)."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        ns = int(f.read().split()[0])
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return ns, sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", f.read())))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def family(pid):
    return [pid] + [p for child in children(pid) for p in family(child)]


class Load:
    """Two processes on one CPU that do nothing but switch."""

    def __init__(self, pid):
        rig.wait_for(lambda: children(pid), "the load's other process")
        self.pids = [pid, *children(pid)]

    def figures(self):
        each = [task_figures(pid) for pid in self.pids]
        return sum(ns for ns, _ in each), sum(n for _, n in each)

    def window(self):
        """ns a switch: the median of the window's slices."""
        slices, before = [], self.figures()
        for _ in range(WINDOW):
            time.sleep(SLICE_S)
            now = self.figures()
            if now[1] > before[1]:
                slices.append((now[0] - before[0]) / (now[1] - before[1]))
            before = now
        return rig.median(slices)


@contextlib.contextmanager
def load():
    command = ["taskset", "-c", str(LOAD_CPU), os.path.join(rig.TOOLS, "strain"), "pipe", str(10 ** 15)]
    with rig.running(command) as process:
        yield Load(process.pid)


def said(exporter):
    """(its own figures by part, what is shed)."""
    text = exporter.get(gzip=False)[1].decode()
    return ({k: float(v) for k, v in
             re.findall(r'^vigie_self_overhead_ratio\{part="(\w+)"\} (\S+)', text, re.M)},
            re.findall(r'^vigie_self_shed\{step="(\w+)"\} 1', text, re.M))


def settle(exporter, limit):
    """Until no step was taken for a while; without a budget there is none."""
    if limit == "off":
        time.sleep(3)
        return
    last, since = None, time.monotonic()
    ends = since + SETTLE_MAX_S
    while time.monotonic() < min(ends, since + QUIET_S):
        time.sleep(1.5)
        shed = said(exporter)[1]
        if shed != last:
            last, since = shed, time.monotonic()


class Round:
    """One coming and going; all in shares: of the load's CPU, of a core."""

    def __init__(self, strain, limit, own_s):
        before = strain.window(), strain.window()
        with rig.vigie("--no-history", "--interval", "1s", "--max-overhead", limit) as exporter:
            for pid in family(exporter.pid):
                os.sched_setaffinity(pid, {VIGIE_CPU})
            settle(exporter, limit)
            began, used = time.monotonic(), sum(rig.cpu_ns(p) for p in family(exporter.pid))
            first = strain.window()
            time.sleep(max(0, own_s - 2 * WINDOW * SLICE_S))
            last = strain.window()
            self.own = (sum(rig.cpu_ns(p) for p in family(exporter.pid)) - used) / 1e9 / (time.monotonic() - began)
            self.said, self.shed = said(exporter)
        time.sleep(GAP_S)
        after = strain.window(), strain.window()
        self.slower = ((first / before[1] - 1) + (last / after[0] - 1)) / 2
        self.noise = ((before[0] / before[1] - 1) + (after[1] / after[0] - 1)) / 2
        self.rate = 1e9 / before[1]


def bootstrap(values):
    """(median, and its 95 % interval); the same values give the same one."""
    dice = random.Random(1)
    medians = sorted(rig.median(dice.choices(values, k=len(values))) for _ in range(BOOTSTRAP))
    return rig.median(values), medians[int(0.025 * BOOTSTRAP)], medians[int(0.975 * BOOTSTRAP)]


def show(values):
    return "{:+.2f} % ({:+.2f} to {:+.2f})".format(*(100 * v for v in bootstrap(values)))


def arm(strain, name, limit, budget, rounds, own_s):
    """A line of the table; whether it is within the budget."""
    done = []
    for _ in range(rounds):
        done.append(Round(strain, limit, own_s))
    total = [r.slower + r.own for r in done]
    noise = max(abs(v) for v in bootstrap([r.noise for r in done]))
    _, low, _ = bootstrap(total)
    kept = limit == "off" or low <= budget + noise
    ours = show([sum(r.said.values()) for r in done]) if limit != "off" else "not measured"
    print(f"| {name} | `{limit}` | {show([r.noise for r in done])} | {show([r.slower for r in done])} | "
          f"{show([r.own for r in done])} | {show(total)} | {ours} | {', '.join(done[-1].shed) or 'nothing'} | "
          f"{'' if limit == 'off' else 'kept' if kept else '**EXCEEDED**'} |", flush=True)
    return kept


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=12)
    options.add_argument("--budget", default="1%")
    options.add_argument("--crowd", type=int, default=30000)
    options = options.parse_args()
    budget = float(options.budget.rstrip("%")) / 100
    kept = True
    os.sched_setaffinity(0, {VIGIE_CPU})
    with load() as strain:
        began, n = time.monotonic(), strain.figures()[1]
        time.sleep(2)
        print(f"{(strain.figures()[1] - n) / (time.monotonic() - began):.0f} switches a second; {options.n} rounds\n")
        print("| load | `--max-overhead` | nothing, measured alike | the load is slower by | vigie's processes, of a core "
              "| together | what vigie says | shed in the end | |")
        print("|---|---|---|---|---|---|---|---|---|")
        for limit in "off", options.budget:
            kept &= arm(strain, "only switches", limit, budget, options.n, 3)
        try:
            with rig.sysctl("kernel.pid_max", 4194304), rig.crowd(options.crowd, 200):
                for limit in "off", options.budget:
                    kept &= arm(strain, f"the same, and {options.crowd} that sleep", limit, budget,
                                max(3, options.n // 3), 20)
        except RuntimeError as e:
            print(f"\n{options.crowd} processes: **COULD NOT RUN**: {e}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
