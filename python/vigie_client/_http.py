# SPDX-License-Identifier: GPL-2.0-only
"""_http - one question, one JSON object: over a Unix socket, HTTP or HTTPS.

Owns: addresses, the connection, the bounds of an answer. Whoever answers is not trusted: neither for
how long, nor for how much, nor for what it sends. Not here: what an answer means.

Each question has its own connection, which the server closes: so there is no state that threads share.
The whole answer is read, within its time and size, before a byte of it is looked at.
"""
import base64
import errno
import http.client
import io
import json
import math
import os
import socket
import ssl
import time
import urllib.parse

from ._errors import AccessDenied, Error, TimeoutExpired

ANSWER_MAX = 32 << 20  # bytes; vigie's own bound is half of it
INT_DIGITS_MAX = 20  # 2^64 has 20; int() of a million digits takes minutes on Pythons before 3.11
SAID_MAX = 200


def quoted(text):
    """What a stranger said, for a message: short, in one line, without control characters."""
    return ascii(text if len(text) <= SAID_MAX else text[:SAID_MAX] + "...")


class Address:
    """Where a vigie answers: unix:PATH, http://HOST:PORT or https://HOST:PORT."""

    def __init__(self, url):
        self.url = url
        self.path = self.host = None
        self.tls = False
        if url.startswith("unix:"):
            self.path = url[len("unix:"):]
            if not self.path or "\0" in self.path:
                raise ValueError(f"{quoted(url)}: unix: is followed by the socket's path")
            return
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{quoted(url)}: not unix:PATH, http://HOST:PORT or https://HOST:PORT")
        if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("an address has no path and no credentials in it: say token= or auth=")
        self.tls = parts.scheme == "https"
        self.host, self.port = parts.hostname, parts.port or 9838

    def host_header(self):
        if self.path:
            return "localhost"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _connected(address, seconds):
    if not address.path:
        return socket.create_connection((address.host, address.port), timeout=seconds)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address.path)
    except BaseException:
        sock.close()
        raise
    return sock


class _Received:
    """What http.client takes for a socket: bytes that are here already."""

    def __init__(self, data):
        self.data = data

    def makefile(self, *_):
        return io.BytesIO(self.data)


class Transport:
    """Asks one vigie. token: a bearer token; auth: (user, password); cafile: of its certificate's authority."""

    def __init__(self, url, token=None, auth=None, timeout=10.0, cafile=None):
        self.address = Address(url)
        self.timeout = float(timeout)
        if not 0 < self.timeout < 1e6:
            raise ValueError("timeout is a number of seconds above 0")
        if token is not None and auth is not None:
            raise ValueError("token or auth, not both")
        self.authorization = None
        if token is not None:
            self.authorization = f"Bearer {token}"
        elif auth is not None:
            pair = base64.b64encode(":".join(auth).encode("utf-8")).decode("ascii")
            self.authorization = f"Basic {pair}"
        if self.authorization and (not self.authorization.isascii() or not self.authorization.isprintable()):
            raise ValueError("a token is printable ASCII")
        self.context = ssl.create_default_context(cafile=cafile) if self.address.tls else None

    # --- Bytes.

    def _request(self, target):
        lines = [f"GET {target} HTTP/1.1", f"Host: {self.address.host_header()}", "Accept: application/json",
                 "User-Agent: vigie-client", "Connection: close"]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def _left(self, end):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutExpired(f"{self.address.url}: no whole answer within {self.timeout:g} s")
        return left

    def _read(self, sock, end):
        parts, size = [], 0
        while True:
            sock.settimeout(self._left(end))
            part = sock.recv(1 << 16)
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > ANSWER_MAX:
                raise Error(f"{self.address.url}: an answer of more than {ANSWER_MAX >> 20} MiB: not vigie's")
            parts.append(part)

    def _exchange(self, target):
        end = time.monotonic() + self.timeout
        with _connected(self.address, self.timeout) as sock:
            if self.context:
                sock.settimeout(self._left(end))
                sock = self.context.wrap_socket(sock, server_hostname=self.address.host)
            with sock:
                sock.settimeout(self._left(end))
                sock.sendall(self._request(target))
                return self._read(sock, end)

    def _whole(self, target):
        """The bytes of the answer; what the operating system or TLS said, as our own errors."""
        try:
            return self._exchange(target)
        except socket.timeout:
            raise TimeoutExpired(f"{self.address.url}: no whole answer within {self.timeout:g} s") from None
        except ssl.SSLError as error:
            raise Error(f"{self.address.url}: TLS: {error.reason or error}") from error
        except OSError as error:
            name = errno.errorcode.get(error.errno, str(error))
            if error.errno in (errno.EACCES, errno.EPERM):
                raise AccessDenied(f"{self.address.url}: -{name}: the group vigie may open it") from error
            raise Error(f"{self.address.url}: -{name}: is vigie running, and does it listen there?") from error

    # --- HTTP.

    def _parsed(self, data):
        """(status, body)"""
        answer = http.client.HTTPResponse(_Received(data), method="GET")
        try:
            answer.begin()
            body = answer.read()
        except (http.client.HTTPException, ValueError, OverflowError, OSError) as error:
            raise Error(f"{self.address.url}: no whole HTTP answer: {type(error).__name__}") from error
        return answer.status, body

    def _refusal(self, status, body):
        said = ""
        try:
            said = ": " + quoted(str(parse(body).get("error", "")))
        except ValueError:
            pass
        what = f"{self.address.url}: status {status}{said}"
        return (AccessDenied if status in (401, 403) else Error)(what, status)

    def get(self, path, **query):
        """The JSON object at a path. Raises Error or what is derived of it, nothing else."""
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        status, body = self._parsed(self._whole(target))
        if status != 200:
            raise self._refusal(status, body)
        try:
            return parse(body)
        except ValueError as error:
            raise Error(f"{self.address.url}{path}: not vigie's JSON: {quoted(str(error))}") from error


# --- JSON.

def _integer(digits):
    if len(digits) > INT_DIGITS_MAX:
        raise ValueError("a number of too many digits")
    return int(digits)


def _fraction(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond all bounds")
    return value


def _refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def parse(body):
    """One JSON object, or ValueError."""
    try:
        found = json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_fraction, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def default_url():
    """VIGIE_URL; else a socket of a vigie that was installed, where it may be opened; else its port on loopback."""
    if os.environ.get("VIGIE_URL"):
        return os.environ["VIGIE_URL"]
    for path in ("/run/vigie/vigie.sock", "/var/lib/vigie/socket"):
        if os.access(path, os.W_OK):
            return f"unix:{path}"
    return "http://127.0.0.1:9838"
