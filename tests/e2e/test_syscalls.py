#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One system call of `vigie serve` after the other fails. Some of them: `make torture-syscalls` has all.

What must hold, and how it is done: tests/syscalls/torture.py.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "syscalls"))
from calls import fail_first, strace_works  # noqa: E402
from torture import adopt_orphans, torture  # noqa: E402


def setUpModule():
    lib.needs_watching()
    lib.needs(shutil.which("strace"), "strace is not installed")
    lib.needs(strace_works(), "strace cannot inject errors here")
    adopt_orphans()


class SystemCalls(unittest.TestCase):
    def holds(self, phase, most, least):
        tried, _, wrong, _ = torture(phase, 1, most)
        self.assertEqual({str(call): why for call, why in wrong.items()}, {})
        self.assertGreaterEqual(tried, least, "hardly any call failed: no proof")

    def test_start(self):
        self.holds("start", 8, 4)

    def test_variables_that_cannot_be_mapped(self):
        """libbpf asks the kernel with a map of its own; where that fails it loads programs all the same
        and gives no address for their variables."""
        run = fail_first("bpf", "BPF_F_MMAPABLE", "ENOMEM", [lib.VIGIE, "once", "--interval", "10ms"])
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        self.assertRegex(run.stderr, r"vigie once: cannot map the programs' variables: -ENOMEM")

    def test_a_start_that_fails_leaves_standard_input(self):
        with tempfile.NamedTemporaryFile() as trace, tempfile.NamedTemporaryFile() as no_directory:
            run = subprocess.run(["strace", "-qq", "-o", trace.name, "-e", "trace=close", lib.VIGIE, "serve",
                                  "--state-dir", no_directory.name, "--listen", "127.0.0.1:0"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, timeout=lib.PATIENCE_S, check=False)
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertIn(f"--state-dir: '{no_directory.name}'", run.stderr)
            closed = lib.read(trace.name).splitlines()
        self.assertTrue(any(line.startswith("close(3)") for line in closed), closed)
        self.assertEqual([line for line in closed if re.match(r"close\([012]\)", line)], [])

    def test_cycle(self):
        self.holds("cycle", 8, 4)

    def test_scrape(self):
        self.holds("scrape", 15, 5)  # beside others more calls of the trace do not come again

    def test_reload(self):
        self.holds("reload", 8, 4)

    def test_writer(self):
        self.holds("writer", 10, 5)


if __name__ == "__main__":
    unittest.main()
