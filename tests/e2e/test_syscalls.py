#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""One system call of `vigie serve` after the other fails. Some of them: `make torture-syscalls` has all.

What must hold, and how it is done: tests/syscalls/torture.py.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "syscalls"))
from calls import strace_works  # noqa: E402
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
        command = [lib.VIGIE, "once", "--interval", "10ms"]
        trace = ["strace", "-qq", "-o", self.enterContext(tempfile.NamedTemporaryFile()).name, "-e", "trace=bpf"]
        subprocess.run([*trace, *command], stdout=subprocess.DEVNULL, check=True, timeout=lib.PATIENCE_S)
        calls = lib.read(trace[3]).splitlines()
        first = next(i for i, call in enumerate(calls, 1) if "BPF_F_MMAPABLE" in call)
        run = subprocess.run([*trace, "-e", f"inject=bpf:error=ENOMEM:when={first}", *command], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=lib.PATIENCE_S)
        self.assertEqual((run.returncode, run.stdout), (1, ""), run.stderr)
        self.assertRegex(run.stderr, r"vigie once: cannot map the programs' variables: -ENOMEM")

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
