#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie serve --web.*`: a real Prometheus through TLS, what refuses to start, sockets of systemd.

Owns what needs the whole program. Who gets in and who does not is test_web.py's.
"""
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import lib
from lib import VIGIE, Serve, wait_for
from scraping import Prometheus
from web_client import TLS, TOKEN, Place, basic, bcrypt

PLACE = None


def setUpModule():
    global PLACE
    lib.needs_watching()
    PLACE = Place()
    PLACE.certificate("server", "DNS:localhost,IP:127.0.0.1")
    PLACE.certificate("prometheus", "DNS:prometheus.example", usage="clientAuth")
    PLACE.certificate("other", "DNS:other.example", usage="clientAuth")
    PLACE.write("token", TOKEN)
    PLACE.write("password", "secret")


def tearDownModule():
    if PLACE:
        PLACE.close()


class WebServe(Serve):
    """`vigie serve` with a web configuration; get() speaks as a trusted client does."""

    def __init__(self, text, *args, auth=None, certificate=None, **options):
        self.config = PLACE.write(f"{id(self)}.yml", text)
        self.auth = auth
        self.context = PLACE.client(certificate) if "tls_server_config" in text else None
        super().__init__("--web.config.file", self.config, *args, **options)

    def _announced(self):
        """As Serve's, whatever the scheme and the path."""
        end = time.monotonic() + lib.PATIENCE_S
        while time.monotonic() < end:
            chunk = os.read(self.child.stderr.fileno(), 65536)
            self.stderr += chunk.decode("utf-8", "replace")
            if "serving http" in self.stderr:
                line = self.stderr.split("serving http", 1)[1].split("\n", 1)[0]
                return int(line.split("/", 3)[2].rsplit(":", 1)[1])
            if not chunk:
                break
        raise AssertionError(f"vigie serve: no address announced: {self.stderr!r}")

    def get(self, path="/metrics", method="GET", timeout=lib.PATIENCE_S, **headers):
        kind = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
        more = {"context": self.context} if self.context else {}
        connection = kind("localhost", self.port, timeout=timeout, **more)
        if self.auth:
            headers["Authorization"] = self.auth
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def log(self):
        """What has been said so far, without waiting for more."""
        os.set_blocking(self.child.stderr.fileno(), False)
        while chunk := self.child.stderr.read():
            self.stderr += chunk.decode("utf-8", "replace")
        return self.stderr


class Scraped(unittest.TestCase):
    """By Debian's Prometheus: each of these must be up, those must not be."""

    def setUp(self):
        if not lib.shutil.which("prometheus"):
            self.skipTest("prometheus is not installed")

    def tls(self, *more, certificate=None):
        lines = [f"ca_file: {PLACE.path('ca.crt')}", "server_name: localhost"]
        if certificate:
            lines += [f"cert_file: {PLACE.path(certificate + '.crt')}",
                      f"key_file: {PLACE.path(certificate + '.key')}"]
        return ["scheme: https", "tls_config:"] + ["  " + line for line in lines] + list(more)

    def test_passwords_tokens_and_certificates(self):
        users = f"basic_auth_users:\n  prom: {bcrypt('secret', cost=10)}\n"
        clients = ("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                   "  client_allowed_sans: [prometheus.example]\n")
        login = ["basic_auth:", "  username: prom", f"  password_file: {PLACE.path('password')}"]
        with WebServe(TLS + users + "bearer_token_files: [token]\n",
                      auth=basic("prom", "secret")) as one, \
                WebServe(TLS + clients, certificate="prometheus") as two:
            extra = {
                "password": self.tls(*login),
                "token": self.tls("authorization:", f"  credentials_file: {PLACE.path('token')}"),
                "certificate": self.tls(certificate="prometheus"),
                "nobody": self.tls(),
                "wrong-password": self.tls("basic_auth:", "  username: prom", "  password: wrong"),
                "other-name": self.tls(certificate="other"),
                "no-certificate": self.tls(),
            }
            ports = {job: two.port if job in ("certificate", "other-name", "no-certificate")
                     else one.port for job in extra}
            with Prometheus(ports, extra) as prometheus:
                good = {"password", "token", "certificate"}
                wait_for(lambda: {labels["job"] for labels, value in prometheus.query("up == 1")}
                         >= good, "the good ones to be up", every_s=0.2)
                time.sleep(3)
                rates = dict((labels["job"], value) for labels, value in
                             prometheus.query("avg_over_time(up[3s])"))
                self.assertEqual({job for job, value in rates.items() if value == 1}, good)
                self.assertEqual({value for job, value in rates.items() if job not in good}, {0})
                self.assertGreater(prometheus.value(
                    'sum(rate(vigie_host_cpu_seconds_total{job="certificate"}[5s]))'), 0)

                def errors():  # of the last scrape: one may have been late
                    return {t["labels"]["job"]: t["lastError"]
                            for t in prometheus.api("targets")["activeTargets"]}
                wait_for(lambda: "401" in errors()["nobody"], "who has none to be told")
                wait_for(lambda: re.search("401|429", errors()["wrong-password"]), "a refusal")
            page = one.scrape()
            self.assertGreater(page.one("vigie_self_web_denied_total", reason="credentials"), 3)
            self.assertEqual(page.one("vigie_self_web_config_last_reload_successful"), 1)
            self.assertEqual(page.one("vigie_self_web_verifier_up"), 1)
            self.assertGreater(two.scrape().one("vigie_self_web_denied_total",
                                                reason="certificate"), 3)
            self.assertIn("wrong credentials", one.log())
            self.assertIn("client_allowed_sans", two.log())
            self.assertEqual([one.stop(), two.stop()], [0, 0])

    def test_reload_is_counted(self):
        users = f"basic_auth_users:\n  prom: {bcrypt('secret')}\n"
        with WebServe(users, auth=basic("prom", "secret")) as daemon:
            PLACE.write(os.path.basename(daemon.config), "basic_auth_users: [x]\n")
            wait_for(lambda: daemon.scrape().one("vigie_self_web_config_last_reload_successful") == 0,
                     "the fault to be seen", every_s=0.2)
            self.assertEqual(daemon.scrape().one("vigie_self_web_config_reload_failures_total"), 1)
            PLACE.write(os.path.basename(daemon.config), users + "# again\n")
            wait_for(lambda: daemon.scrape().one("vigie_self_web_config_last_reload_successful") == 1,
                     "the mended file to be taken", every_s=0.2)
            self.assertEqual(daemon.stop(), 0)


class Exposed(unittest.TestCase):
    """Beyond loopback: TLS and credentials, or nothing."""

    CLIENTS = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"

    def refused(self, text):
        path = PLACE.write("exposed.yml", text)
        run = subprocess.run([VIGIE, "serve", "--no-history", "--web.listen-address", ":0",
                              "--web.config.file", path], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False, text=True, timeout=30)
        self.assertNotEqual(run.returncode, 0)
        return run.stderr

    def test_neither_alone_will_do(self):
        users = f"basic_auth_users:\n  prom: {bcrypt('secret')}\n"
        for text in ("{}", TLS, users, TLS + self.CLIENTS.replace(
                "RequireAndVerifyClientCert", "VerifyClientCertIfGiven"), "rate_limit: {}"):
            self.assertIn("is not a loopback address", self.refused(text))

    def test_both_do(self):
        for text, auth, certificate in (
                (TLS + f"basic_auth_users:\n  prom: {bcrypt('secret')}\n",
                 basic("prom", "secret"), None),
                (TLS + "bearer_token_files: [token]\n", f"Bearer {TOKEN}", None),
                (TLS + self.CLIENTS, None, "prometheus")):
            with WebServe(text, listen=":0", auth=auth, certificate=certificate) as daemon:
                self.assertEqual(daemon.get()[0], 200)
                # What protects it may not be taken away while it serves.
                PLACE.write(os.path.basename(daemon.config), "{}")
                wait_for(lambda: "vigie listens beyond loopback" in daemon.log(),
                         "the refusal to be told", every_s=0.1)
                self.assertEqual(daemon.get()[0], 200)
                self.assertEqual(daemon.stop(), 0)

    def test_faults_of_the_file(self):
        said = self.refused(TLS + "  min_verson: TLS12\nbasic_auth_users: {a: b}\n")
        self.assertRegex(said, r"vigie serve: .*exposed.yml:4:3: tls_server_config.min_verson: ")
        self.assertRegex(said, r"vigie serve: .*exposed.yml:5:23: basic_auth_users.a: no bcrypt")
        self.assertIn("cannot be opened: -ENOENT", self.refused(TLS.replace("server.crt", "gone")))

    def test_check_config(self):
        path = PLACE.write("check.yml", TLS)
        run = [VIGIE, "serve", "--check-config", "--web.config.file", path]
        self.assertEqual(subprocess.run(run, check=False, stdout=subprocess.DEVNULL).returncode, 0)
        PLACE.write("check.yml", TLS + "x: y\n")
        self.assertEqual(subprocess.run(run, check=False, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL).returncode, 1)


class Flags(unittest.TestCase):
    def test_telemetry_path(self):
        with WebServe("{}", "--web.telemetry-path", "/-other", ready=False) as daemon:
            wait_for(lambda: daemon.get("/-/ready")[0] == 200, "ready")
            self.assertEqual(daemon.get("/-other")[0], 200)
            self.assertEqual(daemon.get("/metrics")[0], 404)
            self.assertIn(b'href="/-other"', daemon.get("/")[2])
            self.assertIn("/-other\n", daemon.log())

    def test_bad_values(self):
        for option, value in (("--web.telemetry-path", "metrics"), ("--web.telemetry-path", "/a b"),
                              ("--web.telemetry-path", "/-/x"), ("--web.telemetry-path", "//"),
                              ("--web.listen-address", "vsock://:9838"),
                              ("--web.listen-address", "9838")):
            run = subprocess.run([VIGIE, "serve", option, value], stderr=subprocess.PIPE,
                                 check=False, text=True)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn(value, run.stderr)

    def test_an_empty_file_name_is_none(self):
        with Serve("--web.config.file", "") as daemon:
            self.assertEqual(daemon.get()[0], 200)


class Sockets(unittest.TestCase):
    """As systemd hands them over."""

    def start(self, *sockets, pid=True, n=None, options=("--web.systemd-socket",)):
        def give():
            for i, s in enumerate(sockets):
                os.dup2(s.fileno(), 3 + i)
            os.environ["LISTEN_FDS"] = str(len(sockets) if n is None else n)
            os.environ["LISTEN_PID"] = str(os.getpid() if pid else 1)
            os.execv(VIGIE, [VIGIE, "serve", "--no-history", *options])
        child = os.fork()
        if child == 0:
            try:
                devnull = os.open("/dev/null", os.O_RDWR)
                os.dup2(devnull, 0)
                os.dup2(devnull, 1)
                os.dup2(self.said.fileno(), 2)
                give()
            finally:
                os._exit(99)
        self.addCleanup(self.reap, child)
        return child

    def setUp(self):
        self.said = lib.tempfile.TemporaryFile()
        self.addCleanup(self.said.close)

    def reap(self, child):
        try:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def words(self):
        self.said.seek(0)
        return self.said.read().decode()

    def test_tcp_and_unix(self):
        path = PLACE.path("handed.sock")
        with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
            tcp.bind(("127.0.0.1", 0))
            unix.bind(path)
            for s in (tcp, unix):
                s.listen()
            port = tcp.getsockname()[1]
            child = self.start(tcp, unix)
            wait_for(lambda: "serving http" in self.words(), "vigie to serve")
            self.assertIn(f"serving http://127.0.0.1:{port}/metrics", self.words())
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/metrics")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                self.assertRegex(s.recv(100), b"^HTTP/1.[01] 200 ")
            os.kill(child, signal.SIGTERM)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.assertTrue(os.path.exists(path), "the file is systemd's")

    def test_without_the_option(self):
        """As where the socket unit starts a service whose file names the same address."""
        path = PLACE.path("asked.sock")
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            port = tcp.getsockname()[1]
            self.start(tcp, options=("--listen", f"localhost:{port}", "--listen", f"unix:{path}"))
            wait_for(lambda: f"serving unix:{path}" in self.words(), "vigie to serve")
            self.assertEqual(self.words().count("serving http"), 1)
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                self.assertRegex(s.recv(100), b"^HTTP/1.[01] 200 ")
            self.assertTrue(os.path.exists(path))

    def test_too_many(self):
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            listens = [f"--listen=127.0.0.1:{port}" for port in range(4)]
            self.assertIn("four addresses are the most", self.ends(tcp, options=listens))

    def ends(self, *sockets, **options):
        child = self.start(*sockets, **options)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 1)
        return self.words()

    def test_none(self):
        self.assertIn("no sockets were handed over", self.ends(n=0))

    def test_for_somebody_else(self):
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            self.assertIn("no sockets were handed over", self.ends(tcp, pid=False))

    def test_not_listening(self):
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            self.assertIn("descriptor 3 is not a stream socket that listens", self.ends(tcp))

    def test_beyond_loopback(self):
        with socket.socket() as tcp:
            tcp.bind(("0.0.0.0", 0))
            tcp.listen()
            self.assertRegex(self.ends(tcp), "a socket of systemd: '0.0.0.0:.* is not a loopback")


if __name__ == "__main__":
    unittest.main(verbosity=2)
