#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_faults - page faults of a session against the kernel's own count of them."""
import signal
import subprocess
import unittest

import lib
from test_record import Session, attached, by_function, has_begun

PAGES = 40000


def setUpModule():
    lib.needs_watching()


class Faults(Session):
    def test_each_is_counted_and_its_code_is_found(self):
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        child = subprocess.Popen([lib.workload("touches"), str(PAGES)], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.assertEqual(child.stdout.readline(), "ready\n")
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "30s",
                                      "--views", "faults", "-o", self.file],
                                     stderr=subprocess.PIPE)
            lib.wait_for(lambda: self.looks(vigie), "the session")
            before = self.minor(child.pid)
            child.stdin.write("\n")
            child.stdin.flush()
            self.assertEqual(child.stdout.readline(), "done\n")
            touched = self.minor(child.pid) - before
            vigie.send_signal(signal.SIGINT)
            said = vigie.communicate(timeout=30)[1]
            self.assertEqual(vigie.returncode, 0, said)
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()
        session = self.json()
        self.assertGreaterEqual(touched, PAGES)
        counted = sum(t["faults"] for t in session["threads"])
        self.assertAlmostEqual(counted / touched, 1, delta=.001)
        sums = by_function(session, "faults")
        self.assertGreater(sums["touch"], .98 * touched * 4096, sums)

    @staticmethod
    def minor(pid):
        return int(lib.stat_fields(pid)[7])

    @staticmethod
    def looks(vigie):
        """Whether it waits for records, its programs attached, and not for who opens files: by epoll."""
        return has_begun(vigie.pid) and "epoll" in lib.read(f"/proc/{vigie.pid}/wchan")


if __name__ == "__main__":
    unittest.main()
