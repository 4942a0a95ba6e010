#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_kernel - names of the kernel's functions against the kernel's own list of them."""
import bisect
import collections
import unittest

import lib
from test_record import Session, running


def setUpModule():
    lib.needs_watching()


class Kernel(Session):
    @staticmethod
    def listed():
        """{address: names} of what /proc/kallsyms calls code."""
        names = collections.defaultdict(set)
        for line in lib.read("/proc/kallsyms").splitlines():
            address, kind, name = line.split()[:3]
            if kind in "tTwW" and int(address, 16):
                names[int(address, 16)].add(name)
        return names

    def test_each_name_is_in_the_kernels_list(self):
        """Of threads that sleep in a dozen ways: some hundred addresses, asked for at once."""
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "2s")
        names = self.listed()
        starts = sorted(names)
        lib.needs(starts, "this kernel hides its addresses")
        session = self.json()
        seen = [f for f in session["frames"] if f["kind"] == "kernel"]
        self.assertGreater(len({f["name"] for f in seen}), 50)
        for f in seen:
            if f["name"].startswith("bpf_prog_"): # a session's own, gone with it
                continue
            at = bisect.bisect_right(starts, int(f["address"], 16)) - 1
            self.assertIn(f["name"], names[starts[at]], f)


if __name__ == "__main__":
    unittest.main()
