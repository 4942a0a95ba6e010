#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Days of a made-up mixed host (generate.c), replayed: how many warnings for nothing?

    day.py SEED...      default 1 to 5; and one day with faults, which must be found

Exit status 1 if a day has more than one finding of warning or above, or a fault is missed.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

LOUD = ("warning", "error", "critical")
BUILD = os.environ.get("O", "build")
FAULTS = {("memory-growth", "leaky"), ("run-queue-starvation", "victim"), ("crash-loop", "crasher")}


def day(seed, *more):
    """(what the generator said, starts of findings by level, the loud ones)."""
    with tempfile.TemporaryDirectory(prefix="vigie-day.") as place:
        said = subprocess.run([os.path.join(BUILD, "tests/campaign/generate"), place, str(seed), *more],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        out = subprocess.run([os.environ.get("VIGIE", os.path.join(BUILD, "vigie")), "replay",
                              place, "--format", "findings"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    worst = {}  # of each finding: what began as a lead may become a warning
    for event in map(json.loads, out.splitlines()):
        known = worst.get(event["event"]["id"])
        if event["event"]["action"] != "finding-end" and (
                not known or event["event"]["severity"] > known["event"]["severity"]):
            worst[event["event"]["id"]] = event
    levels = collections.Counter(e["log"]["level"] for e in worst.values())
    loud = [(e["rule"]["id"], e.get("process", {}).get("name", ""), e["@timestamp"][11:19])
            for e in worst.values() if e["log"]["level"] in LOUD]
    return said, levels, loud


def main():
    good = True
    for seed in sys.argv[1:] or range(1, 6):
        said, levels, loud = day(seed)
        print(f"day {seed}: {said}; findings: {dict(levels)}; "
              f"{len(loud)} of warning and above {loud[:8]}", flush=True)
        good &= len(loud) <= 1
    _, levels, loud = day(1, "faults")
    found = {(rule, name) for rule, name, _ in loud}
    print(f"a day with three faults: {len(loud)} of warning and above {loud[:8]}")
    return 0 if good and FAULTS <= found and len(loud) <= len(FAULTS) + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
