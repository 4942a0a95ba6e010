#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""budget - what vigie costs a host that does nothing but switch, from outside and by its own figure.

    tests/bench/budget.py [-n ROUNDS] [--budget 1%]     (root; nothing else running)

A byte goes to and fro between two processes pinned to one CPU, hundreds of thousands of switches a second:
the most that a core can do to the switch probe. What a pair of them takes of CPU time is measured without
vigie, with one that has no budget, and with one that has and was given time to shed, in turns. The load
has all of its CPU, so what a pair takes more is, as a share, the share of that core which vigie
costs; the CPU time of vigie's processes, which are elsewhere, comes on top. Medians and 95 % intervals.
"""
import argparse
import contextlib
import os
import re
import sys
import threading
import time

import rig
from rows import interval

CPU = 1
SETTLE_S = 12
PAIRS = 250000


def switches():
    with open("/proc/stat", encoding="ascii") as f:
        return int(re.search(r"^ctxt (\d+)", f.read(), re.M)[1])


@contextlib.contextmanager
def load():
    """Goes on while the block runs."""
    done = threading.Event()

    def loop():
        while not done.is_set():
            rig.strain("pipe", PAIRS // 10, CPU)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def pair_ns():
    """CPU time, what runs within it for vigie included: neighbours on that CPU are in no such clock."""
    command = ["taskset", "-c", str(CPU), os.path.join(rig.TOOLS, "strain"), "pipe", str(PAIRS)]
    return rig.median([rig.timed(command)[1] for _ in range(3)]) * 1e9 / PAIRS


def family(pid):
    """A process and all below it."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        children = f.read().split()
    return [pid] + [p for child in children for p in family(int(child))]


def self_figures(exporter):
    text = exporter.get(gzip=False)[1].decode()
    return ({k: float(v) for k, v in re.findall(r'^vigie_self_overhead_ratio\{part="(\w+)"\} (\S+)', text, re.M)},
            re.findall(r'^vigie_self_shed\{step="(\w+)"\} 1', text, re.M))


def with_vigie(limit):
    """(ns a pair, share of a core that its processes took, its own figure of the rest, what is shed)."""
    with rig.vigie("--no-history", "--interval", "1s", "--max-overhead", limit) as exporter:
        with load():
            time.sleep(SETTLE_S)
        began = time.monotonic()
        before = sum(rig.cpu_ns(p) for p in family(exporter.pid))
        took = pair_ns()
        own = (sum(rig.cpu_ns(p) for p in family(exporter.pid)) - before) / 1e9 / (time.monotonic() - began)
        ratios, shed = self_figures(exporter)
    return took, own, ratios.get("probes"), shed


def show(values):
    figures = rig.Figures([100 * v for v in values])
    low, high = interval(figures)
    return f"{figures.median:+.2f} % ({low:+.2f} to {high:+.2f})"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("-n", type=int, default=8)
    options.add_argument("--budget", default="1%")
    options = options.parse_args()
    arms = {limit: {"slower": [], "own": [], "said": [], "shed": []} for limit in ("off", options.budget)}
    noise, before = [], pair_ns()
    began, n = time.monotonic(), switches()
    pair_ns()
    rate = (switches() - n) / (time.monotonic() - began)
    for turn in range(options.n):
        for limit in list(arms)[::1 if turn % 2 else -1]:
            took, own, said, shed = with_vigie(limit)
            after = pair_ns()
            arms[limit]["slower"].append(2 * took / (before + after) - 1)
            arms[limit]["own"].append(own)
            arms[limit]["said"].append(said or 0)
            arms[limit]["shed"] = shed
            noise.append(after / before - 1)
            before = after
    print(f"{rate:.0f} switches a second, {options.n} rounds; a pair of bytes takes {before:.0f} ns")
    print("| | the load is slower by | vigie's processes | what it says of its probes | shed in the end |")
    print("|---|---|---|---|---|")
    print(f"| nothing, measured like the others | {show(noise)} | | | |")
    for limit, of in arms.items():
        said = show(of["said"]) if limit != "off" else "not measured"
        print(f"| `--max-overhead {limit}` | {show(of['slower'])} | {show(of['own'])} | {said} | "
              f"{', '.join(of['shed']) or 'nothing'} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
