# SPDX-License-Identifier: GPL-2.0-only
"""A strict HTTP client over raw sockets, and http_fixture under its control.

Owns what the HTTP tests share. Not here: tests.
"""
import os
import re
import select
import socket
import subprocess
import time
import unittest

BINARY = os.path.join(os.environ.get("O", "build"), "tests/e2e/http_fixture")
PROMPT_S = 5  # half of the least that the server waits for anybody
OM = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS_2 = ("application/openmetrics-text;version=1.0.0,"
                "application/openmetrics-text;version=0.0.1;q=0.75,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                "application/openmetrics-text;version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")


class Fixture:
    """One server process, and its stdin."""

    def __init__(self, series=3, addresses=("127.0.0.1:0",), confine="no", command=None,
                 stderr=None):
        self.process = subprocess.Popen(
            command or [BINARY, str(series), confine, *addresses], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=stderr, text=True, bufsize=1)
        lines = []
        for _ in addresses:
            lines.append(self.process.stdout.readline().strip())
            if not lines[-1].startswith("listening "):
                self.process.stdin.close()
                self.process.wait()
                self.process.stdout.close()
                raise RuntimeError(lines[-1])
        self.addresses = [line.split(" ", 1)[1] for line in lines]

    def command(self, line):
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline()
        return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", answer)}

    def stat(self):
        return self.command("stat")

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def connect(self, which=0, timeout=5.0, receive_buffer=None):
        address = self.addresses[which]
        if address.startswith("unix:"):
            s = socket.socket(socket.AF_UNIX)
            target = address[5:]
        else:
            host, port = address.rsplit(":", 1)
            family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
            s = socket.socket(family)
            target = (host.strip("[]"), int(port))
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(timeout)
        s.connect(target)
        return s

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None


class Closed(Exception):
    """The server closed before a whole response."""


def receive(s, method="GET", rest=b""):
    """One response; what comes after it is returned beside it."""
    data = rest
    while b"\r\n\r\n" not in data:
        try:
            chunk = s.recv(65536)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            raise Closed(data)
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    length = [int(v) for k, v in headers if k.lower() == "content-length"]
    if method == "HEAD":
        return Response(status, headers, b""), body
    if not length:
        raise AssertionError(f"no Content-Length: {lines}")
    while len(body) < length[0]:
        chunk = s.recv(1 << 20)
        if not chunk:
            raise Closed(data)
        body += chunk
    return Response(status, headers, body[:length[0]]), body[length[0]:]


def ask(fixture, raw, method="GET", which=0):
    """Sends bytes on a new connection; the response, or Closed."""
    with fixture.connect(which) as s:
        try:
            s.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive(s, method)[0]


def request(path="/metrics", method="GET", headers=(), host="localhost", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{k}: {v}" for k, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def at_eof(s, timeout):
    """True once the server has closed this connection; what it says before is read."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not select.select([s], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            if not s.recv(65536):
                return True
        except ConnectionResetError:
            return True
    return False


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Fixture()

    @classmethod
    def tearDownClass(cls):
        if cls.server.close() != 0:
            raise AssertionError("the server did not end well")

    def fixture(self, **options):
        """A server of this test's own; that it ends well is part of the test."""
        server = Fixture(**options)
        self.addCleanup(lambda: self.assertEqual(server.close(), 0))
        return server

    def connect(self, server, **options):
        s = server.connect(**options)
        self.addCleanup(s.close)
        return s

    def scrape(self, **headers):
        pairs = [(k.replace("_", "-"), v) for k, v in headers.items()]
        return ask(self.server, request(headers=pairs))

    def chosen(self, *accept):
        response = ask(self.server, request(headers=[("Accept", a) for a in accept]))
        self.assertEqual(response.status, 200)
        body_is_om = response.body.endswith(b"# EOF\n")
        self.assertEqual(body_is_om, "openmetrics" in response.get("Content-Type"))
        return response.get("Content-Type")
