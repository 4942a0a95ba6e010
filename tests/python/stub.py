# SPDX-License-Identifier: GPL-2.0-only
"""stub - a server on a Unix socket that answers what it is told to, byte for byte, and answers that vigie gave.

Owns: the recorded answers, which are golden files of vigie's encoders. Not here: expectations.
"""
import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs, urlsplit

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "python"))
FINDING = {"id": "0123456789ab", "rule": "run-queue-starvation", "severity": "error", "since": 1789999990.5,
           "message": "web.service/patient pid 4242 cannot get a CPU; batch.service/hog ran"}
STORY = {"schema": "vigie.finding/1", **FINDING, "pattern": "ba9876543210", "end": None, "decides": "", "remedy": "move it",
         "quantity": "run_queue_wait_ratio", "unit": "ratio", "observed": 0.9, "worst": 0.95, "expected": None,
         "confidence": 0.8, "process": {"unit": "web.service", "comm": "patient", "pid": 4242},
         "culprits": [{"who": "batch.service/hog", "unit": "batch.service", "comm": "hog", "pid": None, "share": 0.6,
                       "did": "ran"}], "session": False, "events": []}


def golden(name):
    with open(os.path.join(ROOT, "tests", "golden", name), encoding="utf-8") as file:
        return json.load(file)


def now():
    """/api/v1/now, of groups."""
    return {**golden("unit.json"), "schema": "vigie.now/1", "findings": [dict(FINDING)],
            "sentence": {"state": "error", "text": FINDING["message"]}, "self": {}}


def instant():
    """/api/v1/instant?by=pid."""
    return {**golden("pid.json"), "schema": "vigie.now/1", "groups_in_other": 0,
            "sentence": {"state": "calm", "text": ""}}


def answer(value, status="200 OK"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        status.encode(), len(body), body)


class Stub:
    """reply: what is sent, by path; bytes, or a function of (request, socket). .asked: each request, as bytes."""

    def __init__(self, **reply):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "socket")
        self.url = f"unix:{self.path}"
        self.reply = {"now": answer(now()), "instant": answer(instant()), "finding": answer(STORY), **reply}
        self.asked = []
        self.over = threading.Event()

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def _serve(self):
        while True:
            with self.listener.accept()[0] as peer, contextlib.suppress(OSError):
                if self.over.is_set():
                    return
                self._one(peer)

    def _one(self, peer):
        request = b""
        while b"\r\n\r\n" not in request:
            part = peer.recv(65536)
            if not part:
                return
            request += part
        self.asked.append(request)
        reply = self.reply[self.path_of(request).rsplit("/", 1)[1]]
        if callable(reply):
            reply(request, peer)
        else:
            peer.sendall(reply)

    @staticmethod
    def path_of(request):
        return urlsplit(request.split()[1].decode()).path

    @staticmethod
    def query_of(request):
        return {name: values[0] for name, values in parse_qs(urlsplit(request.split()[1].decode()).query).items()}

    def count(self, what):
        return sum(self.path_of(request).endswith("/" + what) for request in self.asked)

    def __exit__(self, *_):
        self.over.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.path)
            self.thread.join()
        self.listener.close()
        self.directory.cleanup()


def dripping(first, every_s=0.02):
    """A peer that never ends: a byte now and then, for as long as it is listened to."""
    def drip(_, peer):
        peer.sendall(first)
        while True:
            peer.sendall(b" ")
            time.sleep(every_s)
    return drip


def one_after_the_other(*answers):
    """The last one stays."""
    left = list(answers)

    def send(_, peer):
        peer.sendall(left.pop(0) if len(left) > 1 else left[0])
    return send
