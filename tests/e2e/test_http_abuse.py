#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Crowds, slow clients and time limits against http_fixture.

Owns what a client can cost us. What takes long runs in the background from the start, so
that the whole stays under half a minute.
"""
import os
import resource
import select
import socket
import struct
import threading
import time
import unittest

from http_client import BINARY, PROMPT_S, Case, Fixture, ask, at_eof, receive, request


class Timed(threading.Thread):
    """Feeds a connection byte by byte, and notes when and how the server ends it."""

    def __init__(self, fixture, first=b"", dribble=b"", answer_first=False):
        super().__init__(daemon=True)
        self.socket = fixture.connect()
        self.first, self.dribble, self.answer_first = first, dribble, answer_first
        self.seconds, self.said = None, b""
        self.start()

    def run(self):
        if self.answer_first:
            self.socket.sendall(request())
            receive(self.socket)
        begin = time.monotonic()
        self.socket.sendall(self.first)
        while time.monotonic() - begin < 25:
            if select.select([self.socket], [], [], 0.5)[0]:
                try:
                    chunk = self.socket.recv(4096)
                except ConnectionResetError:
                    chunk = b""
                if not chunk:
                    self.seconds = time.monotonic() - begin
                    break
                self.said += chunk
            elif self.dribble:
                try:
                    self.socket.sendall(self.dribble)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        self.socket.close()


class SlowReaders(threading.Thread):
    """Fifty clients that read a large page at 1 KB/s each."""

    COUNT = 50

    def __init__(self, fixture):
        super().__init__(daemon=True)
        self.before_kib = fixture.rss_kib()
        self.sockets = [fixture.connect( receive_buffer=4096) for _ in range(self.COUNT)]
        for s in self.sockets:
            s.sendall(request())
        self.begin = time.monotonic()
        self.seconds = []
        self.start()

    def run(self):
        alive = list(self.sockets)
        while alive and time.monotonic() - self.begin < 25:
            for s in list(alive):
                try:
                    if s.recv(512):
                        continue
                except ConnectionResetError:
                    pass
                except socket.timeout:
                    continue
                self.seconds.append(time.monotonic() - self.begin)
                alive.remove(s)
                s.close()
            time.sleep(0.5)


with open(BINARY, "rb") as f:
    SANITIZED = b"__asan_init" in f.read()  # its memory is not ours
SERVERS = {}
BACKGROUND = {}


def setUpModule():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    SERVERS["timers"] = Fixture()
    SERVERS["large"] = Fixture(series=200000)
    SERVERS["large"].command("step 0")
    timers = SERVERS["timers"]
    BACKGROUND["dribble"] = Timed(timers, b"GET /metrics HTTP/1.1\r\nX-", b"a")
    BACKGROUND["half"] = Timed(timers, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
    BACKGROUND["silent"] = Timed(timers)
    BACKGROUND["second"] = Timed(timers, b"GET /metr", answer_first=True)
    BACKGROUND["idle"] = timers.connect()
    BACKGROUND["idle"].sendall(request())
    receive(BACKGROUND["idle"])
    BACKGROUND["idle since"] = time.monotonic()
    large = SERVERS["large"]
    ask(large, request())
    BACKGROUND["slow"] = SlowReaders(large)


def tearDownModule():
    BACKGROUND["idle"].close()
    for fixture in SERVERS.values():
        code = fixture.close()
        if code:
            raise AssertionError(f"the server ended with {code}")


class Memory(Case):
    def assertGrowth(self, kib, limit_kib):
        if not SANITIZED:
            self.assertLess(kib, limit_kib)


class Abuse(Memory):
    def test_1000_half_open_requests(self):
        fixture = self.fixture(series=100)
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1500:
            self.skipTest("needs 1 500 descriptors (ulimit -n)")
        kept = self.connect(fixture)
        kept.sendall(request())
        receive(kept)
        before = fixture.rss_kib()
        sockets, worst = [], 0.0
        for i in range(1000):
            s = self.connect(fixture)
            s.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100)
            sockets.append(s)
            if i % 50 == 0:
                begin = time.monotonic()
                self.assertEqual(ask(fixture, request()).status, 200)
                worst = max(worst, time.monotonic() - begin)
        self.assertLess(worst, PROMPT_S)
        self.assertGrowth(fixture.rss_kib() - before, 4096)
        self.assertGreaterEqual(fixture.stat()["refused"], 700)
        for s in sockets + [kept]:
            s.close()
        self.assertEqual(ask(fixture, request()).status, 200)

    def test_full_house_makes_room_for_a_newcomer(self):
        fixture = self.fixture()
        sockets = []
        for _ in range(256):
            s = self.connect(fixture)
            s.sendall(request())
            self.assertEqual(receive(s)[0].status, 200)
            sockets.append(s)
        self.assertEqual(fixture.stat()["refused"], 0)
        self.assertEqual(ask(fixture, request()).status, 200)
        self.assertEqual(fixture.stat()["refused"], 1)
        self.assertTrue(at_eof(sockets[0], 2), "the longest idle one goes")
        for s in sockets[1:]:
            s.sendall(request())
            self.assertEqual(receive(s)[0].status, 200)
            s.close()

    def full_house_of_busy_readers(self, fixture):
        """The newcomer's status, and how old the oldest of the readers can have been, in s."""
        sockets = [self.connect(fixture, receive_buffer=4096) for _ in range(256)]
        begin = time.monotonic()
        for s in sockets:
            s.sendall(request())
        for s in sockets:
            s.recv(16)
        response = ask(fixture, request())
        age_s = time.monotonic() - begin
        for s in sockets:
            s.close()
        if response.status == 503:
            self.assertEqual(response.get("Retry-After"), "1")
        self.assertEqual(ask(fixture, request("/-/healthy")).status, 200)
        return response.status, age_s

    def test_full_house_of_busy_readers_is_told_503(self):
        """A reader of 5 s makes room; on a busy machine it takes that long to have 256 of them."""
        fixture = self.fixture(series=200000)
        fixture.command("step 0")
        for _ in range(5):
            status, age_s = self.full_house_of_busy_readers(fixture)
            if status == 503 or age_s < 5:
                break
        self.assertEqual(status, 503)

    def test_resets(self):
        for _ in range(300):
            s = self.server.connect()
            s.sendall(request())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        begin = time.monotonic()
        self.assertEqual(self.scrape().status, 200)
        self.assertLess(time.monotonic() - begin, PROMPT_S)

    def test_descriptors_are_given_back(self):
        path = f"/proc/{self.server.process.pid}/fd"
        self.scrape()
        deadline = time.monotonic() + 5
        while len(os.listdir(path)) > 8 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertLessEqual(len(os.listdir(path)), 8)

    def test_no_descriptors_left(self):
        fixture = self.fixture()
        resource.prlimit(fixture.process.pid, resource.RLIMIT_NOFILE, (24, 24))
        sockets = []
        for _ in range(40):
            s = self.connect(fixture)
            s.sendall(request())
            sockets.append(s)
        self.assertEqual(ask(fixture, request()).status, 200)
        self.assertLess(cpu_seconds(fixture), 1.0, "it spins")
        for s in sockets:
            s.close()
        self.assertEqual(ask(fixture, request()).status, 200)


def cpu_seconds(fixture):
    with open(f"/proc/{fixture.process.pid}/stat", encoding="latin-1") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Generations(Memory):
    def test_they_do_not_pile_up(self):
        fixture = self.fixture(series=50000)
        page_kib = max(len(ask(fixture, request()).body) for _ in range(3)) / 1024
        before = fixture.rss_kib()
        for _ in range(15):
            ask(fixture, request(headers=[("Accept-Encoding", "gzip")]))
        self.assertGrowth(fixture.rss_kib() - before, 3 * page_kib)


class TimeLimits(Memory):
    """Begun in setUpModule; they have run while the other classes did."""

    def ended(self, name):
        timed = BACKGROUND[name]
        timed.join(30)
        self.assertIsNotNone(timed.seconds, "never closed")
        self.assertGreater(timed.seconds, 8)
        self.assertLess(timed.seconds, 13)
        return timed.said

    def test_dribbled_header(self):
        self.assertIn(b" 408 ", self.ended("dribble"))

    def test_half_a_header(self):
        self.assertIn(b" 408 ", self.ended("half"))

    def test_silent_connection(self):
        self.assertEqual(self.ended("silent"), b"")

    def test_half_a_second_header(self):
        self.assertIn(b" 408 ", self.ended("second"))

    def test_slow_readers(self):
        slow, fixture = BACKGROUND["slow"], SERVERS["large"]
        page_kib = len(ask(fixture, request()).body) / 1024
        self.assertGreater(page_kib, 5000)
        slow.join(30)
        self.assertEqual(len(slow.seconds), SlowReaders.COUNT)
        self.assertLess(max(slow.seconds), 20)  # 10 from when its answer began, on a busy machine
        self.assertGrowth(fixture.rss_kib() - slow.before_kib, page_kib)

    def test_slow_readers_hold_one_page_between_them(self):
        fixture = self.fixture(series=200000)
        ask(fixture, request())
        fixture.command("step 0")
        page_kib = len(ask(fixture, request()).body) / 1024
        before = fixture.rss_kib()
        sockets = [self.connect(fixture, receive_buffer=4096) for _ in range(50)]
        for s in sockets:
            s.sendall(request())
        for s in sockets:
            s.recv(16)
        self.assertGrowth(fixture.rss_kib() - before, page_kib / 2)
        begin = time.monotonic()
        self.assertEqual(ask(fixture, request("/-/healthy")).status, 200)
        self.assertLess(time.monotonic() - begin, PROMPT_S)
        # A new generation: the old page lives on in its readers, once.
        fixture.command("step 1")
        ask(fixture, request())
        self.assertGrowth(fixture.rss_kib() - before, 2.5 * page_kib)
        for s in sockets:
            s.close()

    def test_idle_connection_outlives_the_header_limit(self):
        left = 20 - (time.monotonic() - BACKGROUND["idle since"])
        if left > 0:
            time.sleep(left)
        s = BACKGROUND["idle"]
        s.sendall(request())
        self.assertEqual(receive(s)[0].status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
