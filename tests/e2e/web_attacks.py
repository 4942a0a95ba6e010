# SPDX-License-Identifier: GPL-2.0-only
"""web_attacks - what strangers do to a server with TLS and credentials: each until it is told to stop.

Owns these loads, for the tests (test_web_abuse.py) and for the comparison with a peer (tests/bench/web.py). A target
has connect(timeout=, receive_buffer=), a socket, and get(context, auth=, source=), a request on a connection of its own.
"""
import contextlib
import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

from http_client import request
from web_client import basic

USER, PASSWORD = "alice", "secret"


@contextlib.contextmanager
def busy_cpus():
    """One that never sleeps on each CPU: whoever attacks from here takes as much."""
    with contextlib.ExitStack() as stack:
        for _ in os.sched_getaffinity(0):
            loop = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(loop.kill)
        yield


def anybody():
    """Who does not care whom he talks to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def client_hello(context):
    """The first bytes of a real handshake."""
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def half_open_handshakes(target, trust, stop):
    """A thousand that say a part of a hello, and come anew."""
    hello, held = client_hello(trust), []
    while not stop.is_set():
        if len(held) < 1000:
            s = target.connect()
            s.sendall(hello[:100])
            held.append(s)
        else:
            held.pop(0).close()
        time.sleep(0.001)
    for s in held:
        s.close()


def slow_headers(target, trust, stop):
    """Two hundred that send a header byte by byte, encrypted."""
    held = []
    while not stop.is_set():
        try:
            if len(held) < 200:
                s = trust.wrap_socket(target.connect(), server_hostname="localhost")
                s.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
                held.append(s)
        except OSError:
            pass
        for s in list(held):
            try:
                s.sendall(b"a")
            except OSError:
                held.remove(s)
                s.close()
        time.sleep(0.01)
    for s in held:
        s.close()


def slow_readers(target, trust, stop):
    """Fifty that ask and do not read."""
    held = []
    for _ in range(50):
        s = trust.wrap_socket(target.connect(receive_buffer=4096), server_hostname="localhost")
        s.sendall(request(headers=[("Authorization", basic(USER, PASSWORD))]))
        held.append(s)
    stop.wait()
    for s in held:
        s.close()


def guesses(target, trust, stop):
    """New passwords all the time, from many addresses."""
    n = 0
    while not stop.is_set():
        n += 1
        try:
            target.get(trust, auth=basic(USER, f"guess{n}"), source=f"127.0.{n % 200}.{n % 250 + 1}")
        except (http.client.HTTPException, OSError):
            pass


def whole_handshakes(target, stop):
    """Strangers who go through with it and ask for nothing; returns when each was done."""
    context, done = anybody(), []

    def one():
        while not stop.is_set():
            try:
                context.wrap_socket(target.connect(timeout=2)).close()
                done.append(time.monotonic())
            except OSError:
                pass

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def connects(target, stop, most=10000):
    """Connections that are closed at once."""
    for _ in range(most):
        if stop.is_set():
            break
        try:
            target.connect().close()
        except OSError:
            pass


class Scraper:
    """One who is known, on a kept connection as Prometheus has it; one that was closed is opened anew."""

    def __init__(self, port, trust, timeout=10):
        self.port, self.trust, self.timeout = port, trust, timeout
        self.connection = None
        self.failed = 0

    def scrape(self):
        """Whether it was answered, at the second try at least."""
        for _ in range(2):
            try:
                self.connection = self.connection or http.client.HTTPSConnection(
                    "localhost", self.port, context=self.trust, timeout=self.timeout)
                self.connection.request("GET", "/metrics", headers={
                    "Authorization": basic(USER, PASSWORD)})
                answer = self.connection.getresponse()
                answer.read()
                return answer.status == 200
            except (http.client.HTTPException, OSError, socket.timeout):
                self.close()
        return False

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def scrapes(self, seconds, every=0.01):
        """How long each took, in s, sorted; failed counts those that had no answer."""
        took, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            if not self.scrape():
                self.failed += 1
            took.append(time.monotonic() - begin)
            time.sleep(every)
        self.close()
        return sorted(took)
