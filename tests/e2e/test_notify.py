#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie serve` under a service manager: what it says, when, and what happens if nobody listens.

Owns: the protocol of sd_notify(3) against a real datagram socket. Bounds of hostile values are
tests/unit/test_notify.c's; the unit under a real systemd is tests/vm's.
"""
import contextlib
import os
import re
import signal
import socket
import struct
import tempfile
import time
import unittest

import lib
from lib import PATIENCE_S, Serve, wait_for

STATUS = re.compile(r"STATUS=(\d+) process(?:es)?, \d+ findings?(?:, \d+\.\d % of a core)?")


def setUpModule():
    lib.needs_watching()


class Manager:
    """The socket that a manager has: every datagram with its sender, as the kernel names it."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(address)
        self.environment = address.replace("\0", "@")
        self.heard = []  # (seconds, pid, text)

    def _receive(self, patience_s):
        self.socket.settimeout(patience_s)
        try:
            text, extra, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
        except TimeoutError:
            return False
        pid, = (struct.unpack("3i", data)[0] for _, kind, data in extra
                if kind == socket.SCM_CREDENTIALS)
        self.heard.append((time.monotonic(), pid, text.decode()))
        return True

    def hear(self, text, since=0, patience_s=PATIENCE_S):
        """Listens until a message begins with text; its place in .heard."""
        end = time.monotonic() + patience_s
        at = since
        while True:
            for at in range(at, len(self.heard)):
                if self.heard[at][2].startswith(text):
                    return at
            at = len(self.heard)
            if time.monotonic() > end or not self._receive(max(0.001, end - time.monotonic())):
                raise AssertionError(f"no {text} within {patience_s} s, but {self.heard[since:]}")

    def silent_for(self, seconds):
        return not self._receive(seconds)

    def hear_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._receive(max(0.001, end - time.monotonic()))

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def path_manager():
    with tempfile.TemporaryDirectory() as where:
        with contextlib.closing(Manager(os.path.join(where, "notify"))) as manager:
            yield manager


@contextlib.contextmanager
def abstract_manager():
    with contextlib.closing(Manager(f"\0vigie-e2e-{os.getpid()}-{time.monotonic_ns()}")) as manager:
        yield manager


def environment(manager, **variables):
    return {**os.environ, "NOTIFY_SOCKET": manager.environment, **variables}


class Protocol(unittest.TestCase):
    def serves(self, manager, *args, **variables):
        return Serve("--interval", "500ms", *args, env=environment(manager, **variables))

    def check_life(self, manager):
        with self.serves(manager) as daemon:
            ready = manager.hear("READY=1")
            # Whoever hears READY=1 is served.
            self.assertEqual(daemon.get()[0], 200)
            first = manager.hear("STATUS=")
            manager.hear("STATUS=", since=ready, patience_s=30)
            daemon.child.send_signal(signal.SIGHUP)
            reloading = manager.hear("RELOADING=1", since=ready)
            again = manager.hear("READY=1", since=reloading)
            daemon.child.send_signal(signal.SIGTERM)
            stopping = manager.hear("STOPPING=1")
            self.assertEqual(daemon.stop(), 0)
        self.assertTrue(manager.silent_for(0.2))
        texts = [text for _, _, text in manager.heard]
        self.assertLess(first, ready)
        self.assertEqual([texts.count("READY=1"), texts.count("STOPPING=1")], [2, 1])
        self.assertEqual(stopping, len(texts) - 1)
        self.assertLess(reloading, again)
        self.assertEqual({pid for _, pid, _ in manager.heard}, {daemon.pid})
        usec = int(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", texts[reloading])[1])
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.assertTrue(now - 60e6 < usec < now, (usec, now))
        for text in texts:
            if text.startswith("STATUS="):
                self.assertRegex(text, STATUS)

    def test_from_start_to_stop(self):
        with path_manager() as manager:
            self.check_life(manager)

    def test_abstract_socket(self):
        with abstract_manager() as manager:
            self.check_life(manager)

    def test_status_counts_processes_and_cost(self):
        with path_manager() as manager, self.serves(manager) as daemon:
            manager.hear("READY=1")

            def cost_is_told():
                manager.hear_for(0.5)
                return [text for _, _, text in manager.heard if text.endswith("% of a core")]
            text = wait_for(cost_is_told, "a status with a cost")[-1]
            page = daemon.scrape()
            processes = page.sum("vigie_process_processes")
            self.assertAlmostEqual(int(STATUS.fullmatch(text)[1]), processes,
                                   delta=max(10, float(processes) / 10))
            cost = float(re.search(r"(\d+\.\d) %", text)[1])
            self.assertLess(cost, 50)

    def test_status_at_most_once_a_snapshot(self):
        with path_manager() as manager, self.serves(manager) as daemon:
            ready = manager.hear("READY=1")
            for _ in range(50):
                daemon.get("/-/healthy")
            manager.hear_for(2.2)
            told = [text for _, _, text in manager.heard[ready:] if text.startswith("STATUS=")]
            self.assertLessEqual(len(told), 6)

    def test_no_variable_and_no_socket_in_other_processes(self):
        """Children were forked from one that had connected; theirs is closed."""
        with path_manager() as manager, tempfile.TemporaryDirectory() as place:
            with self.serves(manager, "--state-dir", os.path.join(place, "state")) as daemon:
                manager.hear("READY=1")
                children = lib.read(f"/proc/{daemon.pid}/task/{daemon.pid}/children").split()
                self.assertGreaterEqual(len(children), 2)
                inode = {os.readlink(f"/proc/{daemon.pid}/fd/{fd}")
                         for fd in os.listdir(f"/proc/{daemon.pid}/fd")}
                ours = {link for link in inode if link.startswith("socket:")}
                connected = self.peers_of(manager) & {link[8:-1] for link in ours}
                self.assertEqual(len(connected), 1, ours)
                for pid in children:
                    links = {os.readlink(f"/proc/{pid}/fd/{fd}")
                             for fd in os.listdir(f"/proc/{pid}/fd")}
                    self.assertFalse({f"socket:[{n}]" for n in connected} & links, pid)

    @staticmethod
    def peers_of(manager):
        """Inodes of all datagram sockets without a name; ours is one of them."""
        rows = [line.split() for line in lib.read("/proc/net/unix").splitlines()[1:]]
        assert any(manager.environment in row for row in rows)
        return {row[6] for row in rows if row[4] == "0002" and len(row) == 7}


class Watchdog(unittest.TestCase):
    USEC = 400_000

    def test_cadence_and_a_stopped_process(self):
        with path_manager() as manager:
            # A snapshot takes place rarely, so that it is not what keeps the loop going.
            with Serve("--interval", "30s",
                       env=environment(manager, WATCHDOG_USEC=str(self.USEC))) as daemon:
                ready = manager.hear("READY=1")
                manager.hear_for(3)
                beats = [at for at, _, text in manager.heard[ready:] if text == "WATCHDOG=1"]
                # At half of it: 15 in 3 s. Late on a busy machine, never more often.
                self.assertTrue(8 <= len(beats) <= 16, beats)
                os.kill(daemon.pid, signal.SIGSTOP)
                try:
                    manager.hear_for(0.3)  # what was on its way
                    before = len(manager.heard)
                    self.assertTrue(manager.silent_for(1.5), manager.heard[before:])
                finally:
                    os.kill(daemon.pid, signal.SIGCONT)
                manager.hear("WATCHDOG=1", since=before)

    def test_not_before_it_serves(self):
        with path_manager() as manager:
            with Serve("--interval", "30s",
                       env=environment(manager, WATCHDOG_USEC=str(self.USEC))):
                self.assertLess(manager.hear("READY=1"), manager.hear("WATCHDOG=1"))

    def test_whom_it_watches(self):
        with path_manager() as manager:
            with Serve("--interval", "30s", env=environment(
                    manager, WATCHDOG_USEC=str(self.USEC), WATCHDOG_PID="1")):
                manager.hear("READY=1")
                manager.hear_for(1)
                self.assertNotIn("WATCHDOG=1", [text for _, _, text in manager.heard])


class NobodyListens(unittest.TestCase):
    def serves_and_stops(self, daemon):
        self.assertEqual(daemon.get()[0], 200)
        daemon.child.send_signal(signal.SIGHUP)
        self.assertEqual(daemon.get()[0], 200)
        self.assertEqual(daemon.stop(), 0)

    def test_no_such_socket(self):
        with Serve(env={**os.environ, "NOTIFY_SOCKET": "/nonexistent/notify"}) as daemon:
            self.serves_and_stops(daemon)
        self.assertIn("WARNING - the service manager is not told how it goes: "
                      "NOTIFY_SOCKET='/nonexistent/notify': -ENOENT", daemon.stderr)

    @staticmethod
    def goes_on(daemon, snapshots):
        """For so many intervals of 200 ms, in each of which the manager is told."""
        def taken():
            return daemon.scrape().one("vigie_self_snapshots_total")
        before = taken()
        wait_for(lambda: taken() >= before + snapshots, "snapshots", every_s=0.2)

    def test_manager_goes_away(self):
        with path_manager() as manager:
            with Serve("--interval", "200ms",
                       env=environment(manager, WATCHDOG_USEC="200000")) as daemon:
                manager.hear("READY=1")
                manager.close()
                self.goes_on(daemon, 3)
                self.serves_and_stops(daemon)

    def test_manager_never_reads(self):
        """Its queue is full; a send that waited for it would end the scrapes."""
        with path_manager() as manager:
            with Serve("--interval", "200ms",
                       env=environment(manager, WATCHDOG_USEC="20000")) as daemon:
                self.goes_on(daemon, 15)
                self.serves_and_stops(daemon)


if __name__ == "__main__":
    unittest.main()
