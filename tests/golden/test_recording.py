#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Recordings of former builds, read by this one.

A folder recording-COMMIT has ring/, as the build of that commit wrote it, and beside it what its
own `vigie replay` made of that. The bytes below ring/ are never rewritten. GOLDEN_UPDATE=1
rewrites the texts, for a change of what is shown: look at the difference before committing it.

$VIGIE is the program, default build/vigie.
"""
import csv
import os
import re
import subprocess
import unittest
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
VIGIE = os.environ.get("VIGIE", "build/vigie")
UPDATE = os.environ.get("GOLDEN_UPDATE")

AT = ("--at", "2026-11-29T19:06:10")
VIEWS_606E877 = {
    "range.csv": ("csv", "-g", "unit", "--from", "2026-11-29 19:05:45", "--to", "2026-11-29 19:06:00"),
    "at.csv": ("csv", "-g", "unit,comm") + AT,
    "at.json": ("json",) + AT,
    "at.om": ("openmetrics", "-g", "unit") + AT,
    "findings.ndjson": ("findings",),
}

COUNTERS = ("cpu_user_seconds", "cpu_system_seconds", "run_queue_wait_seconds", "off_cpu_sleep_seconds",
            "voluntary_context_switches", "minor_page_faults", "starts", "exits_normal", "written_bytes")

# A finding says which vigie on which host tells it: that is who replays.
TELLER = (
    (re.compile(rb'"host":\{"name".*?"os":\{[^}]*\}\},'), b""),
    (re.compile(rb'("service":\{[^}]*"version":)"[^"]*"'), rb'\1""'),
    (re.compile(rb'"pid":[0-9]+\},"event"'), rb'"pid":0},"event"'),
)


class Recordings(unittest.TestCase):
    maxDiff = 2000

    def replay(self, folder, form, *options):
        done = subprocess.run([VIGIE, "replay", folder, "--format", form, *options],
                              env=dict(os.environ, TZ="UTC"), capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, b"", "nothing of it is passed over")
        text = done.stdout
        if form == "findings":
            for pattern, instead in TELLER:
                text = pattern.sub(instead, text)
        return text

    def check(self, commit, views):
        folder = os.path.join(HERE, "recording-" + commit)
        for name, options in views.items():
            with self.subTest(name):
                made, path = self.replay(folder, *options), os.path.join(folder, name)
                if UPDATE:
                    with open(path, "wb") as file:
                        file.write(made)
                with open(path, "rb") as file:
                    self.assertEqual(file.read().split(b"\n"), made.split(b"\n"))

    def test_606e877(self):
        self.check("606e877", VIEWS_606E877)

    def test_stretches_lose_nothing(self):
        """--every adds up: each counter of all rows, and the time."""
        def sums(*options):
            text = self.replay(os.path.join(HERE, "recording-606e877", "ring"), "csv", "--top", "0",
                               *options).decode()
            rows = [row for row in csv.DictReader(text.splitlines()) if row["unit"] != "unit"]
            times = {row["time_unix_seconds"]: Decimal(row["interval_seconds"]) for row in rows}
            return sum(times.values()), [sum(Decimal(row[name]) for row in rows) for name in COUNTERS]
        for every in ("1s", "10s", "1h"):
            self.assertEqual(sums("--every", every), sums())


if __name__ == "__main__":
    unittest.main()
