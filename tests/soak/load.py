# SPDX-License-Identifier: GPL-2.0-only
"""load - everything that happens to a `vigie serve` in its life, over and over.

Owns: processes that come and go, scrapers of all kinds, reloads good and broken, certificates
that change, log rotation, sessions, questions of the past, strangers. Not here: what is measured meanwhile.
"""
import collections
import contextlib
import glob
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import traceback
import urllib.parse

import lib
from scraping import Actor
from web_client import TLS, Place, basic, bcrypt

WEB = TLS + "basic_auth_users:\n  alice: {}\n"
CONFIGURATIONS = ("log: {level: info}\n",
                  "log: {level: warning}\ngroups: {linger: 1m}\n"
                  "metrics: {no-families: [vigie_host_load1]}\n",
                  "log: {level: loud}\nx:\n")
ACCEPTED = ("application/openmetrics-text;version=1.0.0", "text/plain;version=0.0.4", "*/*")
KEPT_LOGS = 4


def storm(mode, amount):
    """tests/workload/storm from its begin to its end."""
    run = subprocess.run([lib.workload("storm"), mode, str(amount), "2"], input=b"\n\n",
                         stdout=subprocess.PIPE, check=True, timeout=lib.PATIENCE_S)
    if b"done" not in run.stdout:
        raise AssertionError(f"storm {mode}: {run.stdout}")


def fill_bounds():
    """More names than groups are remembered (4 096), and than the table of the dead holds (16 384)."""
    for _ in range(3):
        storm("names", 20000)


class Daemon(lib.Serve):
    """`vigie serve` with history, TLS and passwords on a port, and a socket without.

    What its largest moment took goes back to the kernel: a leak would hide in the heap's holes."""

    TUNABLES = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=16384"}

    def __init__(self, directory, *args, env=None):
        self.place = Place()
        self.place.certificate("server", "DNS:localhost,IP:127.0.0.1")
        self.web = self.place.write("web.yml", WEB.format(bcrypt("secret")))
        self.config = os.path.join(directory, "vigie.yml")
        self.configure(0)
        self.socket = os.path.join(directory, "socket")
        self.state = os.path.join(directory, "state")
        self.log = os.path.join(self.state, "events.ndjson")
        self.stderr_file = open(os.path.join(directory, "stderr"), "w+b")
        super().__init__("--listen", f"unix:{self.socket}", "--state-dir", self.state,
                         "--max-size", "8MiB", "--interval", "1s", "--config.file", self.config,
                         "--web.config.file", self.web, *args,
                         env={**os.environ, **self.TUNABLES, **(env or {})})

    def configure(self, n):
        """Another file of that name, as a careful administrator writes it."""
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(CONFIGURATIONS[n % len(CONFIGURATIONS)])
        os.chmod(self.config + ".new", 0o644)
        os.rename(self.config + ".new", self.config)

    def said(self):
        return lib.read(self.stderr_file.name)

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, env=self.env,
                                      stdout=subprocess.DEVNULL, stderr=self.stderr_file)
        try:
            lib.wait_for(self._is_ready, "/-/ready", every_s=0.05)
            found = lib.wait_for(lambda: re.search(r"serving https://\S+:(\d+)/", self.said()),
                                 "the address", patience_s=5)
            self.port = int(found[1])
        except BaseException:
            self.child.kill()
            self.child.wait()
            raise
        return self

    def stop(self, number=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.child.wait(lib.PATIENCE_S)

    def _is_ready(self):
        if self.child.poll() is not None:
            raise AssertionError(f"vigie serve ended: {self.said()!r}")
        with contextlib.suppress(OSError):
            return self.get("/-/ready")[0] == 200
        return False

    def get(self, path="/metrics", method="GET", timeout=lib.PATIENCE_S, **headers):
        connection = http.client.HTTPConnection("localhost", timeout=timeout)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(timeout)
        connection.sock.connect(self.socket)
        return self.ask(connection, path, method, headers)

    def get_encrypted(self, password="secret"):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=lib.PATIENCE_S,
                                                 context=self.place.client())
        return self.ask(connection, "/metrics", "GET", {"Authorization": basic("alice", password)})

    @staticmethod
    def ask(connection, path, method, headers):
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def close(self):
        self.stderr_file.close()
        self.place.close()


class Load:
    """Threads that do it until stop(); what went wrong in one of them is in .failed."""

    def __init__(self, daemon, directory, sessions_every_s=60):
        self.daemon, self.directory = daemon, directory
        self.done = threading.Event()
        self.failed, self.counts = [], collections.Counter()
        self.turns = itertools.count()
        self.rotated = itertools.count()
        jobs = ((self.scrape, 0.2), (self.scrape_encrypted, 1), (self.churn, 0.5),
                (self.crowd, 10), (self.reload, 7), (self.certify, 20), (self.rotate, 30),
                (self.strangers, 5), (self.past, 3), (self.session, sessions_every_s))
        self.threads = [threading.Thread(target=self._run, args=job) for job in jobs]

    def _run(self, what, every_s):
        while not self.done.wait(every_s):
            try:
                what()
                self.counts[what.__name__] += 1
            except Exception:  # noqa: BLE001: told at the end, whatever it is
                self.failed.append(f"{what.__name__}: {traceback.format_exc()}")
                return

    def scrape(self):
        n = self.counts["scrape"]
        path = "/" if n % 10 == 9 else "/metrics"
        status, _, body = self.daemon.get(path, Accept=ACCEPTED[n % len(ACCEPTED)],
                                          **{"Accept-Encoding": "gzip" if n % 2 else "identity"})
        if status != 200 or not body:
            raise AssertionError(f"{path}: status {status}")

    def scrape_encrypted(self):
        wrong = self.counts["scrape_encrypted"] % 30 == 29  # few: an address has ten, then waits
        status = self.daemon.get_encrypted("wrong" if wrong else "secret")[0]
        if status != (401 if wrong else 200):
            raise AssertionError(f"TLS: status {status}")

    def churn(self):
        for mode, amount in (("names", 100), ("kinds", 60), ("threads", 60)):
            storm(mode, amount)

    def crowd(self):
        """Forty names come, work, hold memory and go."""
        with Actor(b"soak-crowd") as actor:
            for n in range(40):
                actor.spawn(b"soak-%d" % n)
            actor.do("hold", 40)
            actor.do("children", 100, 1)
            actor.do("cpu", 100)

    def reload(self):
        self.daemon.configure(next(self.turns))
        self.daemon.child.send_signal(signal.SIGHUP)

    def certify(self):
        self.daemon.place.certificate("server", "DNS:localhost,IP:127.0.0.1")

    def rotate(self):
        """As logrotate does: a rename, a new file, the oldest goes."""
        os.rename(self.daemon.log, f"{self.daemon.log}.{next(self.rotated):06}")
        for path in sorted(glob.glob(f"{self.daemon.log}.[0-9]*"))[:-KEPT_LOGS]:
            os.unlink(path)
        self.daemon.child.send_signal(signal.SIGHUP)
        lib.wait_for(lambda: os.path.exists(self.daemon.log), "a new log", every_s=0.1)

    def strangers(self):
        """Half a request, none, garbage, and who goes away at once; the first with TLS half begun."""
        for address in (("127.0.0.1", self.daemon.port), self.daemon.socket):
            family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
            held = []
            for n in range(20):
                held.append(socket.socket(family))
                with contextlib.suppress(OSError):
                    held[-1].connect(address)
                    held[-1].send((b"GET /metrics HT", b"\x16\x03\x01", b"\0" * 100)[n % 3])
            for s in held:
                s.close()

    def past(self):
        """A page that is left open: its bar of the past, a moment of it, and a group of that moment."""
        data = self.asked("range", points=360)
        moment = data and self.asked("instant", at=data["oldest"] + (data["newest"] - data["oldest"]) / 2)
        if moment:
            labels = moment["processes"][0]["labels"]
            self.asked("group", points=60, **{key: labels[key] for key in ("unit", "comm")})

    def asked(self, path, **question):
        """None: it says that it was asked too much, as it may."""
        status, _, body = self.daemon.get(f"/api/v1/{path}?{urllib.parse.urlencode(question)}")
        if status == 503:
            self.counts["past refused"] += 1
            return None
        answer = json.loads(body)
        if status != 200 or answer["schema"].split("/")[0] not in (f"vigie.{path}", "vigie.now"):
            raise AssertionError(f"{path} {question}: status {status}: {body[:200]}")
        self.counts[f"past: {path}"] += 1
        return answer

    def session(self):
        with Actor(b"soak-session") as actor:
            actor.send("cpu", 500)
            output = os.path.join(self.directory, "session.vigie")
            run = subprocess.run([lib.VIGIE, "record", "--wait", "-p", str(actor.pid), "-d", "2s",
                                  "-o", output], stdout=subprocess.PIPE, timeout=300,
                                 stderr=subprocess.STDOUT, check=False)
            actor.answer()
            if run.returncode:
                raise AssertionError(f"vigie record: {run.stdout}")
            os.unlink(output)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        end = time.monotonic() + 400
        for thread in self.threads:
            thread.join(max(end - time.monotonic(), 0))
            if thread.is_alive():
                self.failed.append(f"{thread}: hangs")
