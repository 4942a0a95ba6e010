#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""vigie-push between a real `vigie serve` and servers of every kind: what arrives, once, and what is counted.

Owns the process as a whole. The rules of delivery by themselves are tests/unit/test_push_destination.c's,
the formats the encoders' own.
"""
import hashlib
import hmac
import json
import os
import pwd
import re
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
import unittest

import lib
from lib import Serve, wait_for
from push_servers import Lines, Server
from web_client import Place

PUSH = os.path.join(os.path.dirname(lib.VIGIE), "vigie-push")
USER = pwd.getpwnam("nobody")
SHARED = {}
SUMMARY = re.compile(r"vigie-push: (\S+): (\d+) batches and (\d+) points taken, (\d+) points given up, "
                     r"(\d+) batches wait: (\d+) bytes in memory, (\d+) on the disk")


def setUpModule():
    lib.needs(os.access(PUSH, os.X_OK), f"{PUSH} was not built: no libcurl")
    lib.needs_watching()
    place = SHARED["place"] = tempfile.TemporaryDirectory(prefix="vigie-push-")
    os.chmod(place.name, 0o755)
    path = SHARED["socket"] = os.path.join(place.name, "socket")
    daemon = SHARED["daemon"] = Serve("--listen", f"unix:{path}")
    daemon.__enter__()
    os.chown(path, -1, USER.pw_gid)


def tearDownModule():
    if "daemon" in SHARED:
        SHARED["daemon"].stop()
    if "place" in SHARED:
        SHARED["place"].cleanup()


class Push:
    """vigie-push with these destinations, each a dict of keys."""

    def __init__(self, *destinations, interval="1s", spool="", source=None, more=""):
        self.directory = tempfile.mkdtemp(dir=SHARED["place"].name)
        os.chmod(self.directory, 0o755)
        self.config = os.path.join(self.directory, "vigie.yml")
        lines = [f"push:\n  source: {source or 'unix:' + SHARED['socket']}\n  interval: {interval}\n"
                 f"  spool: '{spool}'\n  destinations:\n"]
        for destination in destinations:
            pairs = ", ".join(f"{key}: {value}" for key, value in destination.items())
            lines.append(f"    - {{{pairs}}}\n")
        lib.write(self.config, "".join(lines) + more)
        self.child, self.log_path = None, os.path.join(self.directory, "log")

    def __enter__(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen([PUSH, "--config", self.config, "--user", USER.pw_name],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=log)
        wait_for(lambda: "pushing to" in self.log() or self.child.poll() is not None, "vigie-push")
        if self.child.poll() is not None:
            raise AssertionError(f"vigie-push ended with {self.child.returncode}: {self.log()}")
        return self

    def log(self):
        return lib.read(self.log_path)

    def stop(self, number=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(number)
        return self.child.wait(lib.PATIENCE_S)

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def summary(self):
        """{destination: (batches, points, given up, waiting, bytes in memory, on the disk)}, asked for now."""
        seen = len(self.log())
        self.child.send_signal(signal.SIGUSR1)
        wait_for(lambda: " could not be had\n" in self.log()[seen:], "an answer to SIGUSR1")
        return {m[1]: tuple(map(int, m.groups()[1:])) for m in SUMMARY.finditer(self.log()[seen:])}

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", lib.read(f"/proc/{self.child.pid}/status"))[1]) << 10


def influx(name, server, path=None, **more):
    return {"name": name, "type": "influxdb", "url": f"http://127.0.0.1:{server.port}/{path or name}",
            "timeout": "1s", **more}


class Answers(unittest.TestCase):
    """One vigie-push before all of them at once: none is in another's way."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            closed = free.getsockname()[1]
        names = ["ok", "throttled", "unavailable", "rejecting", "moved", "garbage", "reset", "slow",
                 "huge", "headers", "hang"]
        cls.push = Push(*(influx(name, cls.server) for name in names),
                        {"name": "closed", "type": "influxdb", "url": f"http://127.0.0.1:{closed}/"})
        cls.push.__enter__()
        cls.addClassCleanup(cls.push.__exit__)
        wait_for(lambda: len(cls.server.at("/ok")) >= 4, "four pages")

    def arrived(self, path, n):
        return wait_for(lambda: (got := self.server.at(path)) and len(got) >= n and got,
                        f"{n} requests at {path}")

    def again(self, name, n=2):
        """The same bytes come again, and count once at most."""
        got = self.arrived("/" + name, n)
        for later in got[1:n]:
            self.assertEqual(later.raw, got[0].raw)
        for before, later in zip(got[:n], got[1:n]):
            self.assertGreater(later.at - before.at, 0.4, "the least of a back-off is half a second")
        return got

    def test_ok(self):
        got = self.arrived("/ok", 4)
        self.assertEqual(len({g.raw for g in got}), len(got), "no batch comes twice")
        for g in got:
            self.assertEqual(g.headers["content-encoding"], "gzip")
            self.assertTrue(g.headers["user-agent"].startswith("vigie/"))
            self.assertNotIn("expect", g.headers)
        self.assertIn(b"process_cpu_seconds", got[0].text)
        self.assertGreaterEqual(self.push.summary()["ok"][0], 3)

    def test_throttled(self):
        got = self.again("throttled")
        self.assertGreaterEqual(got[1].at - got[0].at, 1.9, "Retry-After: 2")

    def test_unavailable(self):
        got = self.again("unavailable", 3)
        wait_for(lambda: self.push.summary()["unavailable"][0] >= 1, "its third attempt to count")
        self.assertEqual(self.push.summary()["unavailable"][2], 0)
        self.assertNotEqual(self.arrived("/unavailable", 4)[3].raw, got[0].raw)

    def test_rejecting(self):
        got = self.arrived("/rejecting", 3)
        self.assertEqual(len({g.raw for g in got}), len(got), "it is not tried again")
        batches, points, lost, *_ = self.push.summary()["rejecting"]
        self.assertEqual((batches, points), (0, 0))
        self.assertGreater(lost, 0)
        said = [l for l in self.push.log().splitlines() if "rejecting: rejects a batch" in l]
        self.assertEqual(len(said), 1, "once an hour")
        self.assertIn("status 400", said[0])
        self.assertIn("conflict", said[0])
        self.assertNotIn("\x1b", said[0])

    def test_redirect_is_not_followed(self):
        self.arrived("/moved", 2)
        self.assertEqual(self.server.at("/elsewhere"), [])
        self.assertGreater(self.push.summary()["moved"][2], 0)

    def test_garbage(self):
        self.again("garbage")

    def test_reset(self):
        self.again("reset")

    def test_slow(self):
        self.again("slow")

    def test_hang(self):
        self.again("hang")
        self.assertEqual(self.push.summary()["hang"][0], 0)

    def test_huge(self):
        """Its status was a success: it counts as one, and is not read to its end."""
        self.arrived("/huge", 2)
        wait_for(lambda: self.push.summary()["huge"][0] >= 2, "it to count")
        # What the kernel's buffers of both ends hold is written, read or not.
        self.assertLess(self.server.sent_huge / len(self.server.at("/huge")), 64 << 20)

    def test_endless_headers(self):
        self.arrived("/headers", 2)
        self.assertLess(self.server.sent_headers / len(self.server.at("/headers")), 16 << 20)

    def test_closed(self):
        wait_for(lambda: "closed: does not answer" in self.push.log(), "a word on it")
        self.assertGreater(self.push.summary()["closed"][3], 0)

    def test_own_figures(self):
        """They come with the page: what became of batches of all destinations is where one of them arrives."""
        def said(got):
            return {name for name in ("rejecting", "throttled", "hang", "closed")
                    for line in got.text.decode().splitlines()
                    if "push_retries" in line and f"destination={name}" in line}
        wait_for(lambda: len(said(self.server.at("/ok")[-1])) == 4, "our own figures of all destinations")


class Alone(unittest.TestCase):
    def test_connection_and_confinement(self):
        """One connection for all batches; no privilege."""
        with Server() as server, Push(influx("ok", server)) as push:
            got = wait_for(lambda: len(server.at("/ok")) >= 3 and server.at("/ok"), "three pages")
            self.assertEqual(len({g.peer for g in got}), 1, "the connection is kept")
            status = dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$",
                                     lib.read(f"/proc/{push.child.pid}/status"), re.M))
            self.assertEqual(status["Uid"].split(), [str(USER.pw_uid)] * 4)
            self.assertEqual(status["Gid"].split(), [str(USER.pw_gid)] * 4)
            self.assertEqual(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            self.assertEqual(push.stop(), 0, push.log())


class Hung(unittest.TestCase):
    """A destination that never answers, and an interval of a second."""

    def test_costs_nobody_anything(self):
        daemon = SHARED["daemon"]

        def scrape():
            begin = time.monotonic()
            daemon.scrape()
            return time.monotonic() - begin

        hung = [influx(f"hang{i}", server, "hang", **{"max-body": "64KiB", "max-queue": "256KiB"})
                for server in [self.server] for i in range(4)]
        with Push(*hung, influx("ok", self.server)) as push:
            wait_for(lambda: len(self.server.at("/hang")) >= 4 and self.server.at("/ok"), "all of them")
            quiet, beside = [], []
            for _ in range(12):  # by turns, so that both have the same neighbours
                push.child.send_signal(signal.SIGSTOP)
                quiet.append(scrape())
                push.child.send_signal(signal.SIGCONT)
                beside.append(scrape())
            self.assertLess(statistics.median(beside), 4 * statistics.median(quiet) + 0.02,
                            f"{beside} beside, {quiet} alone")
            before = len(self.server.at("/ok"))
            wait_for(lambda: len(self.server.at("/ok")) >= before + 3, "pages at who is well")

    def test_memory_is_bounded(self):
        """More than fits waits: the oldest goes, and the process grows no more."""
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(4)
            full = {"name": "deaf", "type": "graphite", "url": f"tcp://127.0.0.1:{deaf.getsockname()[1]}",
                    "max-body": "64KiB", "max-queue": "256KiB", "timeout": "1s"}
            with Push(full, influx("ok", self.server)) as push:
                wait_for(lambda: push.summary()["deaf"][2] > 0, "something to be given up", every_s=0.1)
                before, pages = push.resident(), len(self.server.at("/ok"))
                wait_for(lambda: len(self.server.at("/ok")) >= pages + 4, "four pages more")
                taken, _, lost, waiting, held, _ = push.summary()["deaf"]
                self.assertEqual(taken, 0)
                self.assertLessEqual(held, 256 << 10)
                self.assertGreater(waiting, 0)
                self.assertLess(push.resident() - before, 2 << 20)
                self.assertIn("deaf: ", push.log())
                self.assertGreater(lost, 0)

    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)


class Spool(unittest.TestCase):
    def setUp(self):
        self.spool = tempfile.mkdtemp(dir=SHARED["place"].name)
        os.chmod(self.spool, 0o700)
        os.chown(self.spool, USER.pw_uid, USER.pw_gid)
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def files(self):
        return sorted(f for f in os.listdir(os.path.join(self.spool, "lake")) if f.endswith(".batch"))

    def test_kill_and_restart(self):
        """What nobody took outlives a kill -9, and comes once, in its order; a damaged file does not."""
        with Push(influx("lake", self.server, "hang"), spool=self.spool) as push:
            wait_for(lambda: len(self.files()) >= 4, "four batches on the disk")
            push.stop(signal.SIGKILL)
        files = self.files()
        with open(os.path.join(self.spool, "lake", files[1]), "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        bodies = []
        for name in files[:1] + files[2:]:
            with open(os.path.join(self.spool, "lake", name), "rb") as file:
                bodies.append(file.read())
        with Push(influx("lake", self.server, "ok"), spool=self.spool) as push:
            got = wait_for(lambda: len(self.server.at("/ok")) > len(bodies) and self.server.at("/ok"),
                           "the spool to arrive")
            for body, arrived in zip(bodies, got):
                self.assertTrue(body.endswith(arrived.raw))
            self.assertIn("1 files of the spool were damaged", push.log())
            wait_for(lambda: not self.files(), "the spool to be empty")
            self.assertEqual(push.stop(), 0)

    def test_stopped_by_term(self):
        with Push(influx("lake", self.server, "hang"), spool=self.spool) as push:
            wait_for(lambda: self.server.at("/hang"), "a page")
            self.assertEqual(push.stop(), 0, push.log())
        self.assertTrue(self.files())

    def test_not_ours(self):
        os.chown(self.spool, 0, 0)
        os.chmod(self.spool, 0o755)
        with self.assertRaisesRegex(AssertionError, "must belong to who pushes"):
            Push(influx("lake", self.server), spool=self.spool).__enter__()


class Trust(unittest.TestCase):
    def test_certificates_and_credentials(self):
        place = Place()
        self.addCleanup(place.close)
        os.chmod(place.directory.name, 0o755)
        place.certificate("server", "DNS:localhost,IP:127.0.0.1")
        place.authority("stranger")
        for name in ("ca.crt", "stranger.crt"):
            os.chmod(place.path(name), 0o644)
        place.write("token", "s3cret-token\n")
        place.write("headers", "# a comment\nX-Scope-OrgID: tenant\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place.path("server.crt"), place.path("server.key"))
        with Server(context) as server:
            url = f"https://localhost:{server.port}/"
            trusted = {"name": "trusted", "type": "influxdb", "url": url + "trusted",
                       "ca-file": place.path("ca.crt"), "token-file": place.path("token"),
                       "headers-file": place.path("headers")}
            strange = {"name": "strange", "type": "influxdb", "url": url + "strange",
                       "ca-file": place.path("stranger.crt")}
            named = {"name": "named", "type": "influxdb", "url": url.replace("localhost", "127.0.0.2") + "named",
                     "ca-file": place.path("ca.crt")}
            with Push(trusted, strange, named) as push:
                got = wait_for(lambda: len(server.at("/trusted")) >= 2 and server.at("/trusted"), "pages")
                wait_for(lambda: "strange: does not answer" in push.log(), "a refusal")
                wait_for(lambda: "named: does not answer" in push.log(), "a refusal")
                self.assertEqual(got[0].headers["authorization"], "Token s3cret-token")
                self.assertEqual(got[0].headers["x-scope-orgid"], "tenant")
                self.assertEqual((server.at("/strange"), server.at("/named")), ([], []))
                self.assertNotIn("s3cret", push.log())
                self.assertNotIn("s3cret", lib.read(f"/proc/{push.child.pid}/cmdline"))


class Signed(unittest.TestCase):
    """AWS Signature Version 4, recomputed from what came: what was signed is what was sent."""

    KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    def expected(self, got, path, query):
        names = ["content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
        canonical = "\n".join(["POST", path, query, *(f"{n}:{got.headers[n]}" for n in names), "",
                               ";".join(names), hashlib.sha256(got.raw).hexdigest()])
        date = got.headers["x-amz-date"]
        scope = f"{date[:8]}/us-west-2/monitoring/aws4_request"
        key = ("AWS4" + self.KEY).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return (f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={';'.join(names)}, "
                f"Signature={signature}")

    def test_signature(self):
        keys = os.path.join(SHARED["place"].name, "aws")
        lib.write(keys, f"[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {self.KEY}\n"
                        "aws_session_token = TOKEN\n")
        os.chmod(keys, 0o600)
        with Server() as server:
            signed = {"name": "cloud", "type": "otlp", "url": f"'http://127.0.0.1:{server.port}/a%20b?z=1&a=2'",
                      "aws-sigv4": f"{{region: us-west-2, service: monitoring, credentials-file: {keys}}}"}
            with Push(signed) as push:
                got = wait_for(lambda: server.at("/a%20b?z=1&a=2"), "a page")[0]
                self.assertNotIn(self.KEY, push.log())
        self.assertEqual(got.headers["x-amz-content-sha256"], hashlib.sha256(got.raw).hexdigest())
        self.assertEqual(got.headers["authorization"], self.expected(got, "/a%2520b", "a=2&z=1"))


class Formats(unittest.TestCase):
    def test_partial_success(self):
        with Server() as server:
            otlp = {"name": "partial", "type": "otlp", "url": f"http://127.0.0.1:{server.port}/partial"}
            with Push(otlp) as push:
                wait_for(lambda: push.summary()["partial"][0] >= 2, "two batches")
                got = server.at("/partial")
                batches, _, lost, *_ = push.summary()["partial"]
                self.assertEqual(got[0].headers["content-type"], "application/x-protobuf")
                self.assertEqual(lost, 3 * batches)
                self.assertIn("has not taken 3 points of a batch: too old", push.log())

    def test_graphite(self):
        """The first two connections are cut: what they were to take comes by the third."""
        with Lines(refuse=2) as server:
            graphite = {"name": "carbon", "type": "graphite", "url": f"tcp://127.0.0.1:{server.port}"}
            with Push(graphite) as push:
                wait_for(lambda: push.summary()["carbon"][0] >= 2, "two batches")
                self.assertEqual(push.summary()["carbon"][2], 0)
                self.assertEqual(push.stop(), 0)
            lines = server.text().decode().splitlines()
        self.assertGreater(len(lines), 50)
        for line in lines:
            self.assertRegex(line, r"^vigie[^ ]* -?[0-9.e+-]+ [0-9]{10}$")


class Findings(unittest.TestCase):
    """Lines of the daemon's log, each once, also those that were written while nobody pushed."""

    def test_lines(self):
        state = tempfile.mkdtemp(dir=SHARED["place"].name)
        spool = tempfile.mkdtemp(dir=SHARED["place"].name)
        for directory in (state, spool):
            os.chown(directory, USER.pw_uid, USER.pw_gid)
        config = os.path.join(state, "..", "interval.yml")
        lib.write(config, "collect: {interval: 5s}\n")
        with Server() as server, Serve("--state-dir", state, "--config.file", config) as daemon:
            log = os.path.join(state, "events.ndjson")
            intervals = iter(range(6, 60))

            def reload():
                """A line more; its hash, by which it is known."""
                before = lib.read(log)
                lib.write(config, f"collect: {{interval: {next(intervals)}s}}\n")
                daemon.child.send_signal(signal.SIGHUP)
                return json.loads(wait_for(lambda: lib.read(log)[len(before):].endswith("\n") and
                                           lib.read(log)[len(before):], "a line of the log")
                                  .splitlines()[0])["event"]["hash"]

            def arrived():
                return b"".join(got.text for got in server.at("/logs"))

            old = json.loads(lib.read(log).splitlines()[0])["event"]["hash"]
            otlp = {"name": "lake", "type": "otlp", "url": f"http://127.0.0.1:{server.port}/ok",
                    "logs-url": f"http://127.0.0.1:{server.port}/logs"}
            with Push(otlp, source=f"http://127.0.0.1:{daemon.port}", spool=spool) as push:
                wait_for(lambda: os.path.exists(os.path.join(spool, "events.position")), "the place in the log")
                first = reload()
                wait_for(lambda: first.encode() in arrived(), "the line")
                push.stop(signal.SIGKILL)
            missed = reload()
            with Push(otlp, source=f"http://127.0.0.1:{daemon.port}", spool=spool):
                wait_for(lambda: missed.encode() in arrived(), "the line that was missed")
                last = reload()
                wait_for(lambda: last.encode() in arrived(), "the last line")
            self.assertNotIn(old.encode(), arrived(), "it begins with what is new")
            self.assertEqual([arrived().count(line.encode()) for line in (first, missed, last)], [1, 1, 1])
            self.assertEqual(server.at("/logs")[0].headers["content-type"], "application/x-protobuf")


class Files(unittest.TestCase):
    def check(self, push):
        run = subprocess.run([PUSH, "--check-config", "--config", push.config], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return run.returncode, run.stdout + run.stderr

    def test_every_fault_with_its_place(self):
        token = os.path.join(SHARED["place"].name, "everybodys")
        lib.write(token, "hunter2")
        os.chmod(token, 0o644)
        bad = Push({"name": "a", "type": "influxdb", "url": "http://far.example/"},
                   {"name": "b", "type": "influxdb", "url": "https://x", "token-file": token},
                   {"name": "b", "type": "influxdb", "url": "https://x"}, interval="never")
        status, said = self.check(bad)
        self.assertEqual(status, 2, said)
        for place in (":3:13: push.interval", ":6:38: push.destinations.url", ":7:7: push.destinations.token-file",
                      ":8:7: push.destinations: a second destination 'b'"):
            self.assertIn(place, said)
        self.assertNotIn("hunter2", said)
        # The daemon reads the same file, and says the same of what is in it.
        serve = subprocess.run([lib.VIGIE, "serve", "--check-config", "--config.file", bad.config],
                               check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertNotEqual(serve.returncode, 0)
        self.assertIn(":3:13: push.interval", serve.stdout)

    def test_good(self):
        status, said = self.check(Push({"name": "a", "type": "influxdb", "url": "https://x"}))
        self.assertEqual((status, "is good: 1 destinations" in said), (0, True), said)

    def test_nothing_to_do(self):
        with self.assertRaisesRegex(AssertionError, "names no destination"):
            Push(interval="1s", more="    []\n").__enter__()

    def test_no_daemon(self):
        """It says so, goes on asking, and says when there is one."""
        with Server() as server:
            path = os.path.join(SHARED["place"].name, "later")
            with Push(influx("ok", server), source=f"unix:{path}") as push:
                wait_for(lambda: f"no page from unix:{path}" in push.log(), "a word on it")
                os.symlink(SHARED["socket"], path)
                wait_for(lambda: "is there again" in push.log() and server.at("/ok"), "a page")


if __name__ == "__main__":
    unittest.main()
