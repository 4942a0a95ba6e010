#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What strangers can cost a server with TLS and credentials: slow, broken and many.

Owns the limits under TLS: deadlines are absolute, 408 and 431 are said encrypted, a scrape of somebody
who is known is not kept waiting by who is not. Against http_fixture.
"""
import os
import random
import resource
import shutil
import socket
import ssl
import tempfile
import threading
import time
import unittest

from http_client import BINARY, Case, at_eof, request
from web_attacks import (Scraper, busy_cpus, client_hello, connects, guesses, half_open_handshakes,
                         slow_headers, slow_readers, whole_handshakes)
from web_client import TLS, Place, WebFixture, basic, bcrypt

with open(BINARY, "rb") as f:
    SANITIZED = b"__asan_init" in f.read()  # its memory is not ours
SHARED = {}


class Timed(threading.Thread):
    """Feeds a connection byte by byte, and notes when the server ends it and what it said."""

    def __init__(self, s, first=b"", dribble=b""):
        super().__init__(daemon=True)
        self.socket, self.first, self.dribble = s, first, dribble
        self.seconds, self.said = None, b""
        self.start()

    def run(self):
        begin = time.monotonic()
        self.socket.settimeout(0.5)
        self.socket.sendall(self.first)
        while time.monotonic() - begin < 25:
            try:
                chunk = self.socket.recv(4096)
                if not chunk:
                    self.seconds = time.monotonic() - begin
                    break
                self.said += chunk
            except (socket.timeout, ssl.SSLWantReadError):
                try:
                    self.socket.sendall(self.dribble)
                except OSError:
                    pass
            except OSError:
                self.seconds = time.monotonic() - begin
                break
        self.socket.close()


def setUpModule():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    place = SHARED["place"] = Place()
    place.certificate("server", "DNS:localhost,IP:127.0.0.1")
    trust = SHARED["trust"] = place.client()
    server = SHARED["timers"] = WebFixture(place.write("timers.yml", TLS))
    hello = client_hello(trust)

    def encrypted():
        return trust.wrap_socket(server.connect(), server_hostname="localhost")

    SHARED["silent"] = Timed(server.connect())
    SHARED["half a hello"] = Timed(server.connect(), hello[:40])
    SHARED["dribbled hello"] = Timed(server.connect(), hello[:5], b"\x01")
    SHARED["no answer to ours"] = Timed(server.connect(), hello)
    SHARED["half a header"] = Timed(encrypted(), b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
    SHARED["dribbled header"] = Timed(encrypted(), b"GET /metrics HTTP/1.1\r\nX: ", b"a")
    again = encrypted()
    again.sendall(request())
    while b"vigie_test_seconds_total{series=\"2\"}" not in again.recv(65536):
        pass
    SHARED["second header"] = Timed(again, b"GET /metr")


def tearDownModule():
    code = SHARED["timers"].close()
    SHARED["place"].close()
    if code:
        raise AssertionError(f"the server ended with {code}")


class AbuseCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.place, cls.trust = SHARED["place"], SHARED["trust"]

    @classmethod
    def tearDownClass(cls):
        pass

    def serve(self, text=TLS, **options):
        server = WebFixture(self.place.write("abuse.yml", text), **options)
        self.addCleanup(lambda: self.assertEqual(server.close(), 0))
        return server

    def encrypted(self, server, **options):
        s = self.trust.wrap_socket(server.connect(**options), server_hostname="localhost")
        self.addCleanup(s.close)
        return s


class Deadlines(AbuseCase):
    def ended(self, name):
        timed = SHARED[name]
        timed.join(30)
        self.assertIsNotNone(timed.seconds, "never closed")
        self.assertGreater(timed.seconds, 8)
        self.assertLess(timed.seconds, 13)
        return timed.said

    def test_silence(self):
        self.assertEqual(self.ended("silent"), b"")

    def test_handshakes_that_never_end(self):
        for name in ("half a hello", "dribbled hello", "no answer to ours"):
            self.ended(name)
        SHARED["timers"].await_line("the handshake was not over in time")

    def test_408_is_said_encrypted(self):
        for name in ("half a header", "dribbled header", "second header"):
            self.assertRegex(self.ended(name), b"^HTTP/1.1 408 ", name)


class Broken(AbuseCase):
    def test_431_is_said_encrypted(self):
        server = self.serve()
        s = self.encrypted(server)
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 + b"\r\n\r\n")
        self.assertRegex(s.recv(4096), b"^HTTP/1.1 431 ")

    def test_truncated_handshakes(self):
        """A client's first message cut at every length, each end closed in another way."""
        server = self.serve()
        hello = client_hello(self.trust)
        for n in range(0, len(hello), 7):
            with server.connect() as s:
                s.sendall(hello[:n])
                if n % 2:
                    s.shutdown(socket.SHUT_WR)
                    self.assertTrue(at_eof(s, 5), n)
        self.assertEqual(server.get(self.trust)[0], 200)

    def test_garbage(self):
        server = self.serve()
        rng = random.Random(1)
        hello = client_hello(self.trust)
        for _ in range(300):
            damaged = bytearray(hello)
            for _ in range(rng.randrange(1, 8)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            with server.connect() as s:
                try:
                    s.sendall(bytes(damaged) if rng.random() < 0.7 else rng.randbytes(200))
                    s.shutdown(socket.SHUT_WR)
                    s.recv(4096)
                except OSError:
                    pass
        self.assertEqual(server.get(self.trust)[0], 200)

    def test_damaged_records(self):
        """After a good handshake: what is not what was sent ends the connection, unanswered."""
        server = self.serve()
        for damage in (lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[: len(b) // 2],
                       lambda b: b"\x17\x03\x03\xff\xff" + b, lambda b: b"GET / HTTP/1.1\r\n\r\n"):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self.trust.wrap_bio(incoming, outgoing, server_hostname="localhost")
            with server.connect() as s:
                while True:
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        s.sendall(outgoing.read())
                        incoming.write(s.recv(65536))
                s.sendall(outgoing.read())
                tls.write(request())
                s.sendall(damage(outgoing.read()))
                s.shutdown(socket.SHUT_WR)
                got = b""
                try:
                    while chunk := s.recv(65536):
                        got += chunk
                except OSError:
                    pass
                incoming.write(got)
                try:
                    self.assertNotIn(b"200 OK", tls.read())
                except ssl.SSLError:
                    pass
        self.assertEqual(server.get(self.trust)[0], 200)

    def test_pipelined_credentials(self):
        """Requests of one connection are judged one by one."""
        server = self.serve(TLS + f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        s = self.encrypted(server)
        good = request(headers=[("Authorization", basic("alice", "secret"))])
        bad = request(headers=[("Authorization", basic("alice", "no"))])
        s.sendall(good + bad + good)
        said = b""
        deadline = time.monotonic() + 10
        while said.count(b"HTTP/1.1 ") < 3 and time.monotonic() < deadline:
            said += s.recv(65536)
        statuses = [line.split(b" ")[1] for line in said.split(b"\r\n")
                    if line.startswith(b"HTTP/1.1 ") or b"}HTTP/1.1 " in line]
        self.assertEqual(said.count(b"HTTP/1.1 200"), 2, statuses)
        self.assertEqual(said.count(b"HTTP/1.1 401"), 1, statuses)

    def test_two_authorizations(self):
        server = self.serve(TLS + f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        s = self.encrypted(server)
        s.sendall(request(headers=[("Authorization", basic("alice", "no")),
                                   ("Authorization", basic("alice", "secret"))]))
        self.assertRegex(s.recv(4096), b"^HTTP/1.1 400 ")

    def test_bodies(self):
        """One that is announced stays unread, also while the password before it is verified."""
        server = self.serve(TLS + f"basic_auth_users:\n  alice: {bcrypt('secret', cost=8)}\n")
        for password, status in (("secret", b"200"), ("no", b"401"), ("secret", b"200")):
            s = self.encrypted(server)
            s.sendall(request(headers=[("Authorization", basic("alice", password)),
                                       ("Content-Length", "100000")]) + b"a" * 100000)
            said = b""
            while chunk := s.recv(65536):
                said += chunk
            self.assertTrue(said.startswith(b"HTTP/1.1 " + status), said[:100])
            self.assertEqual(said.count(b"HTTP/1.1 "), 1)

    def test_gone_while_it_is_verified(self):
        """Who hangs up in the middle leaves nothing behind."""
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret', cost=9)}\n")
        path = f"/proc/{server.process.pid}/fd"
        before = len(os.listdir(path))
        for i in range(8):
            s = socket.create_connection(("127.0.0.1", server.port),
                                         source_address=(f"127.0.3.{i + 1}", 0))
            s.sendall(request(headers=[("Authorization", basic("alice", f"x{i}"))]))
            s.close()
        end = time.monotonic() + 20
        while len(os.listdir(path)) > before and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(len(os.listdir(path)), before)
        self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)


class Crowds(AbuseCase):
    """Scrapes of one who is known, on a kept connection as Prometheus has it, while others do that."""

    USERS = f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"

    def setUp(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1500:
            self.skipTest("needs 1 500 descriptors (ulimit -n)")

    def scrapes(self, server, seconds):
        scraper = Scraper(server.port, self.trust)
        took = scraper.scrapes(seconds)
        self.assertEqual(scraper.failed, 0)
        return took

    def beside(self, attack, seconds=4, text=None):
        server = self.serve(text or TLS + self.USERS, series=500)
        self.scrapes(server, 0.5)
        with busy_cpus():  # as who attacks has them: what comes of the attack alone is left
            quiet = self.scrapes(server, seconds)
        before = server.rss_kib()
        stop, failed = threading.Event(), []

        def attacking():
            try:
                attack(server, stop)
            except Exception as error:  # it has to go on to prove something
                failed.append(error)
        thread = threading.Thread(target=attacking, daemon=True)
        thread.start()
        time.sleep(0.5)
        busy = self.scrapes(server, seconds)
        grown = server.rss_kib() - before
        stop.set()
        thread.join(30)
        self.assertEqual(failed, [])
        p99 = [times[int(len(times) * 0.99)] for times in (quiet, busy)]
        self.assertLess(p99[1], max(3 * p99[0], 0.05), (p99, len(quiet), len(busy)))
        if not SANITIZED:
            self.assertLess(grown, 24 * 1024)
        return server

    def test_1000_half_open_handshakes(self):
        server = self.beside(lambda server, stop: half_open_handshakes(server, self.trust, stop))
        self.assertGreater(server.stat()["refused"], 100)

    def test_slow_headers(self):
        self.beside(lambda server, stop: slow_headers(server, self.trust, stop))

    def test_slow_readers(self):
        self.beside(lambda server, stop: slow_readers(server, self.trust, stop))

    def test_guessing(self):
        self.beside(lambda server, stop: guesses(server, self.trust, stop),
                    text=TLS + f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"
                    f"  other: {bcrypt('x', cost=11)}\n")

    def test_whole_handshakes(self):
        """Each costs a signature."""
        done = []
        self.beside(lambda server, stop: done.extend(whole_handshakes(server, stop)))
        seconds = done[-1] - done[0]
        self.assertGreater(len(done), 100)  # they did come
        self.assertLess(len(done), 100 + 210 * seconds)

    def test_a_socket_beside_it(self):
        """Who may not shake hands yet holds up nobody on a Unix socket, and gets no turn from it."""
        path = os.path.join(tempfile.mkdtemp(), "s")
        self.addCleanup(shutil.rmtree, os.path.dirname(path))
        server = self.serve(addresses=("127.0.0.1:0", f"unix:{path}"))
        stop, done, times = threading.Event(), [], []
        attack = threading.Thread(target=lambda: done.extend(whole_handshakes(server, stop)))
        attack.start()
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            began = time.monotonic()
            with server.connect(1) as s:
                s.sendall(request())
                self.assertIn(b"200 OK", s.recv(4096))
            times.append(time.monotonic() - began)
        stop.set()
        attack.join()
        self.assertGreater(len(done), 100)  # they did come
        self.assertLess(len(done), 100 + 210 * (done[-1] - done[0]))
        self.assertLess(sorted(times)[len(times) // 2], .1, times)

    def test_connects(self):
        self.beside(connects)


if __name__ == "__main__":
    unittest.main(verbosity=2)
