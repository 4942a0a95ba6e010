# SPDX-License-Identifier: GPL-2.0-only
"""push_servers - servers that take what vigie-push sends, or do their worst to it.

Owns the wire: what came, byte for byte, and when; each behaviour is a path of one HTTP server. Not
here: what vigie-push should make of it (test_push.py).
"""
import contextlib
import gzip
import http.server
import socket
import socketserver
import struct
import threading
import time

PARTIAL = b"\x0a\x0b\x08\x03\x12\x07too old"  # ExportMetricsServiceResponse: 3 rejected
ENDLESS = b"x" * 65536


class Got:
    """One request that came."""

    def __init__(self, headers, body, peer):
        self.at = time.monotonic()
        self.headers = {k.lower(): v for k, v in headers.items()}
        self.raw = body
        self.text = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        self.peer = peer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def do_GET(self):
        self.server.note(self.path, Got(self.headers, b"", self.client_address))
        self.say(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        before = self.server.note(self.path, Got(self.headers, body, self.client_address))
        name = self.path.split("?")[0].strip("/").replace("-", "_")
        getattr(self, "on_" + name, self.on_ok)(before)

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def on_ok(self, before):
        self.say(204)

    def on_partial(self, before):
        self.say(200, PARTIAL)

    def on_throttled(self, before):
        if before:
            self.say(204)
        else:
            self.say(429, b"slower", Retry_After="2")

    def on_unavailable(self, before):
        self.say(503 if before < 2 else 204)

    def on_rejecting(self, before):
        self.say(400, b"field type \x1b[31mconflict\n")

    def on_moved(self, before):
        self.say(307, Location="/elsewhere")

    def on_garbage(self, before):
        self.wfile.write(b"\x16\x03\x01\x00\xff not HTTP at all \x00\r\n\r\n" * 10)
        self.close_connection = True

    def on_reset(self, before):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def on_slow(self, before):
        """A byte of the header now and then, until nobody listens any more."""
        with contextlib.suppress(OSError):
            for byte in b"HTTP/1.1 204 No Content\r\nX-Slow: " + b"z" * 600:
                self.wfile.write(bytes([byte]))
                if self.server.over.wait(0.05):
                    break
        self.close_connection = True

    def on_huge(self, before):
        """A success, and a gigabyte behind it."""
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 30))
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range((1 << 30) // len(ENDLESS)):
                self.wfile.write(ENDLESS)
                self.server.sent_huge += len(ENDLESS)
        self.close_connection = True

    def on_headers(self, before):
        """Header lines without an end."""
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(1 << 15):
                self.wfile.write(b"X-Endless: " + b"y" * 1000 + b"\r\n")
                self.server.sent_headers += 1000
        self.close_connection = True

    def on_hang(self, before):
        self.server.over.wait()
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    """got[PATH] is what came there, in order."""
    daemon_threads = True

    def __init__(self, context=None):
        self.got, self.lock, self.over = {}, threading.Lock(), threading.Event()
        self.sent_huge = self.sent_headers = 0
        super().__init__(("127.0.0.1", 0), Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def handle_error(self, request, client_address):
        pass  # whoever hangs up on a server of this kind is right

    def note(self, path, got):
        with self.lock:
            self.got.setdefault(path, []).append(got)
            return len(self.got[path]) - 1

    def at(self, path):
        with self.lock:
            return list(self.got.get(path, []))

    @property
    def port(self):
        return self.server_address[1]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


class Lines(socketserver.ThreadingTCPServer):
    """Graphite: lines by TCP. The first `refuse` connections are cut as soon as something comes."""
    daemon_threads = allow_reuse_address = True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with self.server.lock:
                self.server.connections += 1
                refuse = self.server.connections <= self.server.refuse
            if refuse:
                self.request.recv(1)
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            while chunk := self.request.recv(65536):
                with self.server.lock:
                    self.server.received += chunk

    def __init__(self, refuse=0):
        self.lock, self.refuse, self.connections, self.received = threading.Lock(), refuse, 0, b""
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    @property
    def port(self):
        return self.server_address[1]

    def text(self):
        with self.lock:
            return self.received

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()
