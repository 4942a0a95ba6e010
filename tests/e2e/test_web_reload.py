#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A web configuration that changes while it is served: rotation under load, broken files, privileges.

Owns vigie-opener and what becomes of what it brings, against http_fixture.
"""
import http.client
import os
import shutil
import signal
import socket
import threading
import time
import unittest

from web_client import TLS, WebCase, basic, bcrypt


class Reloads(WebCase):
    class Scrapers(threading.Thread):
        """Fifty scrapes a second, every second one on a new connection."""

        def __init__(self, server, context, auth):
            super().__init__(daemon=True)
            self.server, self.context, self.auth = server, context, auth
            self.stopped = threading.Event()
            self.statuses, self.serials = [], set()
            self.kept = None
            self.start()

        def connection(self):
            return http.client.HTTPSConnection("localhost", self.server.port,
                                               context=self.context, timeout=10)

        def scrape(self, connection):
            connection.request("GET", "/metrics", headers={"Authorization": self.auth})
            if connection.sock:
                self.serials.add(connection.sock.getpeercert()["serialNumber"])
            answer = connection.getresponse()
            answer.read()
            self.statuses.append(answer.status)

        def run(self):
            self.kept = self.connection()
            beat = time.monotonic()
            while not self.stopped.is_set():
                once = self.connection()
                try:
                    self.scrape(once)
                    self.scrape(self.kept)
                except (OSError, http.client.HTTPException) as error:
                    self.statuses.append(repr(error))
                once.close()
                beat += 0.04
                time.sleep(max(0, beat - time.monotonic()))

        def stop(self):
            self.stopped.set()
            self.join()
            self.kept.close()
            return self.statuses

    def test_rotation_under_load(self):
        """Certificate, key, users and all: not one scrape fails, and new connections see the new."""
        def users(*passwords):
            return "basic_auth_users:\n" + "".join(f"  user{p}: {bcrypt(p)}\n" for p in passwords)

        server = self.serve(TLS + users("a", "b"))
        scrapers = [self.Scrapers(server, self.trust, basic(f"user{p}", p)) for p in "ab"]
        for i in range(3):
            self.place.certificate(f"next{i}", "DNS:localhost", into="server",
                                   key="rsa" if i == 1 else "ec")
            self.place.write("web.yml", TLS + users("a", "b", f"c{i}"))
            end = time.monotonic() + 30
            while len([l for l in server.logged() if "taken anew" in l]) <= i:
                self.assertLess(time.monotonic(), end, server.logged())
                time.sleep(0.05)
            time.sleep(0.3)
            self.assertEqual(server.get(self.trust, auth=basic(f"userc{i}", f"c{i}"))[0], 200)
        for scraper in scrapers:
            statuses = scraper.stop()
            self.assertEqual(set(statuses), {200})
            self.assertGreater(len(statuses), 100)
            self.assertEqual(len(scraper.serials), 4, "not every certificate was seen")
        self.assertEqual(server.stat()["failures"], 0)

    def test_a_user_who_is_gone(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('a')}\n  bob: {bcrypt('b')}\n")
        self.assertEqual(server.get(None, auth=basic("alice", "a"))[0], 200)
        self.place.write("web.yml", f"basic_auth_users:\n  bob: {bcrypt('b')}\n")
        server.await_line("taken anew")
        self.assertEqual(server.get(None, auth=basic("alice", "a"))[0], 401)

    def test_a_certificate_that_is_distrusted(self):
        self.place.authority("next_ca")
        self.place.certificate("old", "DNS:old.example")
        self.place.certificate("new", "DNS:new.example", ca="next_ca")
        text = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: trust.crt\n"
        shutil.copy(self.place.path("ca.crt"), self.place.path("trust.crt"))
        server = self.serve(text)
        self.assertEqual(server.get(self.place.client("old"))[0], 200)
        kept = http.client.HTTPSConnection("localhost", server.port,
                                           context=self.place.client("old"))
        self.addCleanup(kept.close)
        kept.request("GET", "/metrics")
        kept.getresponse().read()
        shutil.copy(self.place.path("next_ca.crt"), self.place.path("trust.crt"))
        server.await_line("taken anew")
        with self.assertRaises((OSError, http.client.HTTPException)):
            server.get(self.place.client("old"))
        self.assertEqual(server.get(self.place.client("new"))[0], 200)
        kept.request("GET", "/metrics")  # begun under the old rule: once more, then no longer
        answer = kept.getresponse()
        self.assertEqual((answer.status, answer.headers["Connection"]), (200, "close"))

    def test_a_broken_file_changes_nothing(self):
        server = self.serve(TLS + f"basic_auth_users:\n  alice: {bcrypt('a')}\n")
        self.assertEqual(server.stat()["good"], 1)
        self.place.write("web.yml", TLS + "basic_auth_users:\n  alice: plain\n")
        line, = server.await_line("web.yml:5:10: basic_auth_users.alice: no bcrypt hash")
        self.assertIn("stays in force", line)
        self.assertEqual(server.get(self.trust, auth=basic("alice", "a"))[0], 200)
        self.assertEqual([server.stat()[k] for k in ("good", "failures")], [0, 1])
        time.sleep(2.5)  # said once, not every second
        self.assertEqual(len([l for l in server.logged() if "stays in force" in l]), 1)
        self.place.write("web.yml", f"basic_auth_users:\n  alice: {bcrypt('b')}\n")
        server.await_line("taken anew")
        self.assertEqual([server.stat()[k] for k in ("good", "failures")], [1, 1])
        self.assertEqual(server.get(None, auth=basic("alice", "b"))[0], 200)

    def test_a_file_that_is_being_written(self):
        """Until it is still for a second nobody looks at what it says so far."""
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('a')}\n")
        text = f"basic_auth_users:\n  alice: {bcrypt('b')}\n"
        with open(self.place.path("web.yml"), "w", encoding="utf-8") as file:
            for part in (text[i:i + 10] for i in range(0, len(text), 10)):
                file.write(part)
                file.flush()
                time.sleep(0.3)
        server.await_line("taken anew")
        self.assertEqual(server.get(None, auth=basic("alice", "b"))[0], 200)
        self.assertEqual(server.stat()["failures"], 0)

    def test_half_of_a_pair(self):
        """A key that does not fit its certificate: the pair before stays until both are there."""
        self.place.certificate("lone", "DNS:localhost")
        server = self.serve(TLS)
        shutil.copy(self.place.path("lone.crt"), self.place.path("server.crt"))
        server.await_line("is not the key of this certificate")
        self.assertEqual(server.get(self.trust)[0], 200)
        shutil.copy(self.place.path("lone.key"), self.place.path("server.key"))
        server.await_line("taken anew")
        self.assertEqual(server.get(self.trust)[0], 200)

    def test_links_that_are_swapped(self):
        """As Kubernetes does with secrets: ..data points to another directory."""
        for name in ("one", "two"):
            os.mkdir(self.place.path(name))
            self.place.certificate(f"of_{name}", "DNS:localhost")
            for extension in ("crt", "key"):
                shutil.copy(self.place.path(f"of_{name}.{extension}"),
                            self.place.path(f"{name}/tls.{extension}"))
        os.symlink("one", self.place.path("data"))
        server = self.serve("tls_server_config:\n  cert_file: data/tls.crt\n"
                            "  key_file: data/tls.key\n")
        os.symlink("two", self.place.path("data.new"))
        os.rename(self.place.path("data.new"), self.place.path("data"))
        server.await_line("taken anew")
        self.assertEqual(server.get(self.trust)[0], 200)

    def test_without_the_opener(self):
        server = self.serve("{}")
        os.kill(server.children()["vigie-opener"], signal.SIGKILL)
        server.await_line("changes need a restart")
        self.assertEqual(server.get(None)[0], 200)

    def test_encryption_comes_and_goes(self):
        server = self.serve("{}")
        self.assertEqual(server.get(None)[0], 200)
        self.place.write("web.yml", TLS)
        server.await_line("taken anew")
        self.assertEqual(server.get(self.trust)[0], 200)


class Privileges(WebCase):
    def setUp(self):
        if os.geteuid():
            self.skipTest("needs root")

    def test_helpers(self):
        server = self.serve(TLS, confine="yes")
        children = server.children()
        self.assertEqual(sorted(children), ["vigie-opener", "vigie-password"])
        for name, capabilities in (("vigie-opener", 1 << 2), ("vigie-password", 0)):
            with open(f"/proc/{children[name]}/status", encoding="ascii") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if "\t" in line)
            for kind in ("CapPrm", "CapEff"):
                self.assertEqual(int(status[kind], 16), capabilities, (name, kind))
            for kind in ("CapBnd", "CapInh", "CapAmb"):
                self.assertEqual(int(status[kind], 16), 0, (name, kind))
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            self.assertNotEqual(status["Uid"].split()[0], "0")
            sockets = [os.readlink(f"/proc/{children[name]}/fd/{fd}")
                       for fd in os.listdir(f"/proc/{children[name]}/fd")]
            self.assertEqual(sum(s.startswith("socket:") for s in sockets), 1, sockets)

    def test_keys_of_root_alone(self):
        """The serving process may read none of it, and yet takes the new certificate."""
        os.chmod(self.place.directory.name, 0o700)
        server = self.serve(TLS, confine="yes")
        first = self.serial(server)
        self.place.certificate("later", "DNS:localhost", into="server")
        server.await_line("taken anew")
        self.assertNotEqual(first, self.serial(server))

    def serial(self, server):
        with socket.create_connection(("localhost", server.port)) as raw, \
                self.trust.wrap_socket(raw, server_hostname="localhost") as s:
            return s.getpeercert()["serialNumber"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
