#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie detect`: the contract of timestamp,value, bad input, and an outside yardstick."""
import os
import re
import subprocess
import sys
import unittest

from lib import PATIENCE_S, VIGIE, needs

HERE = os.path.dirname(os.path.abspath(__file__))
NAB = os.environ.get("VIGIE_NAB", os.path.join(HERE, "../../../shared/nab"))
HEADER = "timestamp,value\n"


def detect(text):
    return subprocess.run([VIGIE, "detect"], input=text.encode() if isinstance(text, str) else text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                          check=False)


class Contract(unittest.TestCase):
    def test_a_row_for_each_row(self):
        rows = [f"2026-11-25 {i // 60:02d}:{i % 60:02d}:00,{i * i % 17 - 3}.5" for i in range(1000)]
        run = detect(HEADER + "\n".join(rows) + "\n")
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        out = run.stdout.decode().splitlines()
        self.assertEqual(out[0], "timestamp,value,anomaly_score")
        self.assertEqual([l.rsplit(",", 1)[0] for l in out[1:]], rows)
        self.assertTrue(all(0 <= float(l.rsplit(",", 1)[1]) <= 1 for l in out[1:]))

    def test_other_timestamps_and_line_ends(self):
        run = detect("timestamp,value\r\n1795622580,1\r\n2026-11-25T14:03:00Z,-2e3\r\n"
                     "2026-11-25,0.5\n\n2026-11-25 14:03:00.250,7")
        self.assertEqual((run.returncode, len(run.stdout.splitlines())), (0, 5))

    def test_bad_input_is_named_by_its_line(self):
        for text, line, why in (
                ("", 1, "missing"), ("time,value\n1,2\n", 1, "header"),
                (HEADER + "1,2\nx,3\n", 3, "timestamp"), (HEADER + "1,2\n2\n", 3, "no comma"),
                (HEADER + "1,2,3\n", 2, "more than two"), (HEADER + "1,\n", 2, "no number"),
                (HEADER + "1,nan\n", 2, "finite"), (HEADER + "1,1e999\n", 2, "finite"),
                (HEADER + "1,2x\n", 2, "finite"), (HEADER + "1, 2\n", 2, "number"),
                (HEADER + "2026-13-45 00:00:00,1\n", 2, "timestamp"),
                (HEADER + "1," + "9" * 5000 + "\n", 2, "longer"),
                (HEADER.encode() + b"1,2\0\n", 2, "NUL")):
            with self.subTest(text[:40]):
                run = detect(text)
                self.assertEqual(run.returncode, 2)
                self.assertRegex(run.stderr.decode(), f"vigie detect: line {line} .*{why}")
                # What was answered before it are whole lines.
                self.assertTrue(not run.stdout or run.stdout.endswith(b"\n"))

    def test_arguments_are_refused(self):
        run = subprocess.run([VIGIE, "detect", "series.csv"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"standard input", run.stderr)


class Yardstick(unittest.TestCase):
    def test_score_and_causality(self):
        scorer = os.path.join(NAB, "score.py")
        needs(os.path.exists(scorer), f"the benchmark's data are not at hand: {NAB}")
        run = subprocess.run([sys.executable, scorer, "run", "--cmd", f"{VIGIE} detect", "--subset",
                              "dev", "--check-causal", "28"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=300, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        score = float(re.search(r"^standard +dev +(\d+\.\d+)", run.stdout, re.M).group(1))
        self.assertGreaterEqual(score, 68)
        self.assertIn("causal: 84 of 84 trials", run.stderr)


if __name__ == "__main__":
    unittest.main()
