#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie serve` whose state directory is on a disk that stops answering (FUSE: hung_disk.py)."""
import contextlib
import signal
import socket
import tempfile
import unittest

import lib
from hung_disk import HungDisk
from lib import Serve, wait_for
from test_history import gone

SOON_S = 20  # a deadline, for who would wait until the disk answers


def setUpModule():
    lib.needs_watching()


class Hung(unittest.TestCase):
    def test_it_holds_up_neither_snapshots_nor_the_end(self):
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="vigie-hung."))
            disk = stack.enter_context(HungDisk(place))
            daemon = stack.enter_context(Serve("--state-dir", f"{disk.path}/state", "--interval", "1s"))
            stack.callback(disk.abort)  # before Serve waits for who has its standard error
            wait_for(lambda: daemon.scrape().one("vigie_self_recording_entries_total"), "an entry")
            left = [lib.child_named(daemon.pid, f"vigie-{name}") for name in ("writer", "history")]
            self.assertTrue(all(left), left)

            disk.hang()
            wait_for(disk.waiting, "the writer to wait for the disk")
            asked = stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
            asked.sendall(b"GET /api/v1/range HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_for(lambda: disk.waiting() > 1, "who reads the past to wait for it, too")
            self.snapshots_go_on(daemon)
            daemon.child.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.child.wait(SOON_S), 0)

            # It was no disk that had begun to answer, and nobody else was left.
            self.assertGreater(disk.waiting(), 1)
            self.assertFalse([pid for pid in left if gone(pid)])
            disk.abort()
            wait_for(lambda: all(map(gone, left)), "the end of those who waited")

    def snapshots_go_on(self, daemon):
        def taken():
            status, _, body = daemon.get(timeout=SOON_S)
            self.assertEqual(status, 200)
            return lib.Page(body.decode()).one("vigie_self_snapshots_total")
        before = taken()
        wait_for(lambda: taken() > before + 3, "snapshots", patience_s=SOON_S, every_s=.2)


if __name__ == "__main__":
    unittest.main()
