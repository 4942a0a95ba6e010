#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A web configuration as strangers and friends see it: TLS, certificates, credentials.

Owns who gets in and who does not, against http_fixture: each refusal with its status and its one line
in the log. Reloading is in test_web_reload.py, crowds and slow clients under TLS in test_web_abuse.py,
`vigie serve` itself and Prometheus in test_web_serve.py.
"""
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import warnings

import lib
from web_client import TLS, TOKEN, WebCase, basic, bcrypt, openssl



class Passwords(WebCase):
    def setUp(self):
        self.users = f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"

    def test_who_gets_what(self):
        server = self.serve(TLS + self.users)
        status, headers, body = server.get(self.trust)
        self.assertEqual(status, 401)
        self.assertEqual(headers.get_all("WWW-Authenticate"),
                         ['Basic realm="vigie", charset="UTF-8"'])
        self.assertNotIn(b"vigie_test", body)
        for _ in range(3):
            status, headers, body = server.get(self.trust, auth=basic("alice", "secret"))
            self.assertEqual(status, 200)
            self.assertIn(b"vigie_test", body)
        self.assertEqual(headers.get_all("X-Content-Type-Options"), ["nosniff"])
        self.assertIsNone(headers.get("Access-Control-Allow-Origin"))
        self.assertIsNone(headers.get("Location"))

    def test_each_wrong_one_is_told_once(self):
        server = self.serve(TLS + self.users)
        for n, auth in enumerate((basic("alice", "wrong"), basic("mallory", "secret"),
                                  basic("alice", ""), basic("", "secret")), 1):
            self.assertEqual(server.get(self.trust, auth=auth)[0], 401)
            self.assertEqual(len(server.await_line("wrong credentials")), n)
        self.assertEqual(server.stat()["denied0"], 4)
        self.assertNotIn("secret", " ".join(server.logged()))
        self.assertNotIn("mallory", " ".join(server.logged()))

    def test_nothing_is_shown_before(self):
        """Neither which paths there are, nor that it is alive."""
        server = self.serve(TLS + self.users)
        for path in ("/", "/metrics", "/nowhere", "/-/healthy", "/-/ready"):
            self.assertEqual(server.get(self.trust, path)[0], 401, path)
        self.assertEqual(server.get(self.trust, "/nowhere", auth=basic("alice", "secret"))[0], 404)
        self.assertEqual(server.get(self.trust, "/", auth=basic("alice", "secret"))[0], 200)

    def test_head(self):
        server = self.serve(TLS + self.users)
        for auth, status in ((None, 401), (basic("alice", "secret"), 200)):
            answer = server.get(self.trust, auth=auth, method="HEAD")
            self.assertEqual((answer[0], answer[2]), (status, b""))
            self.assertGreater(int(answer[1]["Content-Length"]), 0)

    def test_many_requests_on_a_connection(self):
        server = self.serve(TLS + self.users)
        connection = http.client.HTTPSConnection("localhost", server.port, context=self.trust)
        self.addCleanup(connection.close)
        for auth, status in 3 * ((basic("alice", "secret"), 200), (basic("alice", "no"), 401),
                                 (None, 401)):
            connection.request("GET", "/metrics", headers={"Authorization": auth} if auth else {})
            answer = connection.getresponse()
            self.assertEqual(answer.status, status)
            answer.read()

    def test_forms_of_bcrypt(self):
        users = "".join(f"  u{p}: {bcrypt('secret', prefix=p)}\n" for p in ("2a", "2b", "2y"))
        server = self.serve("basic_auth_users:\n" + users)
        for prefix in ("2a", "2b", "2y"):
            self.assertEqual(server.get(None, auth=basic(f"u{prefix}", "secret"))[0], 200)
            self.assertEqual(server.get(None, auth=basic(f"u{prefix}", "Secret"))[0], 401)

    def test_the_hash_that_exporter_toolkit_has_built_in(self):
        hashed = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
        server = self.serve(f"basic_auth_users:\n  alice: {hashed}\n")
        self.assertEqual(server.get(None, auth=basic("alice", "fakepassword"))[0], 200)
        self.assertEqual(server.get(None, auth=basic("nobody", "fakepassword"))[0], 401)

    def test_unknown_users_take_as_long(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret', cost=10)}\n")
        verifier = server.children()["vigie-password"]
        spent = {"alice": [], "mallory": []}
        for i in range(12):
            for user, times in spent.items():
                begin = lib.schedstats(verifier)[0]
                status, _, _ = server.get(None, auth=basic(user, f"wrong{i}"),
                                          source=f"127.0.1.{i + 1}")
                times.append((lib.schedstats(verifier)[0] - begin) / 1e9)  # others run here, too
                self.assertEqual(status, 401)
        known, unknown = (min(spent[user]) for user in ("alice", "mallory"))
        self.assertGreater(min(known, unknown), 0.02)
        self.assertLess(abs(known - unknown) / known, 0.25, spent)

    def test_verifying_stalls_nobody(self):
        """While a password of a second is verified, who is known is answered at once."""
        users = (f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"
                 f"  slow: {bcrypt('secret', cost=13)}\n")
        server = self.serve(users)
        self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)
        results = []
        slow = threading.Thread(target=lambda: results.append(
            server.get(None, auth=basic("slow", "secret"), timeout=30)[0]))
        begin = time.monotonic()
        slow.start()
        worst, n = 0.0, 0
        while slow.is_alive():
            before = time.monotonic()
            self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)
            worst = max(worst, time.monotonic() - before)
            n += 1
        self.assertEqual(results, [200])
        self.assertGreater(time.monotonic() - begin, 0.2)
        self.assertGreater(n, 5)
        self.assertLess(worst, (time.monotonic() - begin) / 2)

    def test_who_asks_at_once_shares_one_verification(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret', cost=11)}\n")
        results = []
        threads = [threading.Thread(target=lambda: results.append(
            server.get(None, auth=basic("alice", "secret"))[0])) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [200] * 40)

    def test_without_the_verifier(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('a')}\n  bob: {bcrypt('b')}\n")
        self.assertEqual(server.get(None, auth=basic("alice", "a"))[0], 200)
        os.kill(server.children()["vigie-password"], signal.SIGKILL)
        server.await_line("the process that verifies passwords is gone")
        status, headers, _ = server.get(None, auth=basic("bob", "b"))
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertEqual(server.get(None, auth=basic("alice", "a"))[0], 200)
        self.assertEqual(server.stat()["verifier"], 0)


class Tokens(WebCase):
    def test_bearers(self):
        self.place.write("token", f"# Prometheus\n{TOKEN}\n")
        server = self.serve(TLS + "bearer_token_files: [token]\n")
        status, headers, _ = server.get(self.trust)
        self.assertEqual((status, headers.get_all("WWW-Authenticate")),
                         (401, ['Bearer realm="vigie"']))
        self.assertEqual(server.get(self.trust, auth=f"Bearer {TOKEN}")[0], 200)
        self.assertEqual(server.get(self.trust, auth=f"Bearer {TOKEN[:-1]}")[0], 401)
        self.assertEqual(len(server.await_line("wrong credentials")), 1)
        self.assertNotIn(TOKEN[:-1], " ".join(server.logged()))

    def test_either_will_do(self):
        self.place.write("token", TOKEN)
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"
                            "bearer_token_files: [token]\n")
        self.assertEqual(server.get(None, auth=f"Bearer {TOKEN}")[0], 200)
        self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)
        self.assertEqual(len(server.get(None)[1].get_all("WWW-Authenticate")), 2)


class Limits(WebCase):
    def test_rate_comes_before_credentials(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret')}\n"
                            "rate_limit:\n  interval: 30s\n  burst: 3\n")
        answers = [server.get(None, auth=basic("alice", "secret")) for _ in range(3)]
        self.assertEqual([a[0] for a in answers], [200] * 3)
        for auth in (None, basic("alice", "secret"), basic("alice", "wrong")):
            status, headers, _ = server.get(None, auth=auth)
            self.assertEqual(status, 429)
            self.assertTrue(20 <= int(headers["Retry-After"]) <= 30)
        self.assertEqual(server.stat()["denied2"], 3)

    def test_rate_accrues(self):
        server = self.serve("rate_limit:\n  interval: 200ms\n  burst: 2\n")
        self.assertEqual([server.get(None)[0] for _ in range(2)], [200] * 2)
        end, good = time.monotonic() + 2.1, 0
        while time.monotonic() < end:
            good += server.get(None)[0] == 200
            time.sleep(0.01)
        self.assertTrue(9 <= good <= 11, good)

    def test_failures_of_an_address(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)
        statuses = [server.get(None, auth=basic("alice", f"wrong{i}"))[0] for i in range(14)]
        self.assertEqual(statuses[:10], [401] * 10)
        self.assertEqual(statuses[-1], 429)
        self.assertEqual(server.get(None, auth=basic("alice", "secret"))[0], 200)
        self.assertEqual(server.get(None, auth=basic("alice", "x"), source="127.0.0.9")[0], 401)

    def test_lines_about_strangers_are_limited(self):
        server = self.serve(f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        for i in range(40):
            server.get(None, auth=basic("alice", "x"), source=f"127.0.2.{i + 1}")
        self.assertLessEqual(len(server.await_line("wrong credentials")), 12)
        self.assertEqual(server.stat()["denied0"], 40)


class Headers(WebCase):
    def test_configured(self):
        server = self.serve("http_server_config:\n  headers:\n"
                            "    Content-Security-Policy: default-src 'self'\n"
                            "    X-Frame-Options: deny\n    X-XSS-Protection: 1; mode=block\n"
                            "    Strict-Transport-Security: max-age=1\n")
        for path in ("/metrics", "/", "/nowhere"):
            headers = server.get(None, path)[1]
            self.assertEqual(headers.get_all("Content-Security-Policy"), ["default-src 'self'"])
            self.assertEqual(headers.get_all("X-Frame-Options"), ["deny"])
            self.assertEqual(headers.get_all("X-XSS-Protection"), ["1; mode=block"])
            self.assertEqual(headers.get_all("Strict-Transport-Security"), ["max-age=1"])
            self.assertEqual(headers.get_all("X-Content-Type-Options"), ["nosniff"])

    def test_of_its_own(self):
        server = self.serve("{}")
        self.assertIn("default-src 'none'", server.get(None, "/")[1]["Content-Security-Policy"])
        self.assertIsNone(server.get(None)[1]["X-Frame-Options"])

    def test_http2_is_accepted_and_said_to_be_without_effect(self):
        server = self.serve(TLS + "http_server_config:\n  http2: true\n")
        server.await_line("http2: true is accepted and without effect")
        context = self.place.client()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("localhost", server.port)) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as s:
            self.assertEqual(s.selected_alpn_protocol(), "http/1.1")


class Certificates(WebCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place.authority("stranger")
        cls.place.certificate("good", "DNS:prometheus.example,IP:192.0.2.7,email:a@b.example,"
                                      "URI:spiffe://example/prometheus", usage="clientAuth")
        cls.place.certificate("other", "DNS:other.example")
        cls.place.certificate("forged", "DNS:prometheus.example", ca="stranger")
        cls.place.certificate("wrong_use", "DNS:prometheus.example", usage="serverAuth")

    def fate(self, server, certificate, version=None):
        context = self.place.client(certificate)
        if version:
            context.maximum_version = version
        try:
            return server.get(context)[0]
        except (OSError, http.client.HTTPException):
            return None

    def check(self, text, expected):
        """expected: {certificate: status, or what the log says of the handshake}"""
        server = self.serve(TLS + text)
        lines = 0
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for certificate, fate in expected.items():
                got = self.fate(server, certificate, version)
                self.assertEqual(got, fate if isinstance(fate, int) else None,
                                 (certificate, version, server.logged()))
                if isinstance(fate, int):
                    continue
                lines += 1
                self.assertRegex(server.await_line(fate)[-1], f"127.0.0.1: .*{fate}")
                self.assertEqual(server.stat()["denied4"], lines)
        self.assertEqual(len([l for l in server.logged() if "127.0.0.1" in l]), lines)

    def test_none(self):
        self.check("", {None: 200, "good": 200, "forged": 200})

    def test_request(self):
        self.check("  client_auth_type: RequestClientCert\n",
                   {None: 200, "good": 200, "forged": 200})

    def test_require_any(self):
        self.check("  client_auth_type: RequireAnyClientCert\n",
                   {None: "the client has sent no certificate", "good": 200, "forged": 200})

    def test_verify_if_given(self):
        self.check("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n",
                   {None: 200, "good": 200, "forged": "NOT trusted"})

    def test_require_and_verify(self):
        self.check("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n",
                   {None: "the client has sent no certificate", "good": 200, "other": 200,
                    "forged": "NOT trusted", "wrong_use": "NOT trusted"})

    def test_names(self):
        for name in ("prometheus.example", "192.0.2.7", "a@b.example",
                     "spiffe://example/prometheus"):
            self.check("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                       f"  client_allowed_sans: [nobody.example, '{name}']\n",
                       {"good": 200, "other": "none of the certificate's names"})

    def test_names_of_any_certificate(self):
        self.check("  client_auth_type: RequireAnyClientCert\n"
                   "  client_allowed_sans: [prometheus.example]\n",
                   {None: "the client has sent no certificate", "forged": 200,
                    "other": "none of the certificate's names"})

    def test_the_right_name_of_the_wrong_authority(self):
        self.check("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
                   "  client_allowed_sans: [prometheus.example]\n", {"forged": "NOT trusted"})

    def test_a_certificate_and_a_password(self):
        server = self.serve(TLS + "  client_auth_type: RequireAndVerifyClientCert\n"
                            "  client_ca_file: ca.crt\n"
                            f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        trusted = self.place.client("good")
        self.assertEqual(server.get(trusted)[0], 401)
        self.assertEqual(server.get(trusted, auth=basic("alice", "secret"))[0], 200)


class Handshakes(WebCase):
    SUITES = "ECDHE-ECDSA-AES256-SHA"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place.certificate("rsa", "DNS:localhost", key="rsa")

    def speak(self, server, version, ciphers=None, curve=None):
        """(version, suite), or None."""
        context = self.place.client()
        context.set_ciphers((ciphers or "DEFAULT") + ":@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that TLS 1.0 is old is the point
            context.minimum_version = context.maximum_version = version
        if curve:
            context.set_ecdh_curve(curve)
        try:
            with socket.create_connection(("localhost", server.port)) as raw, \
                    context.wrap_socket(raw, server_hostname="localhost") as s:
                return s.version(), s.cipher()[0]
        except OSError:
            return None

    def versions(self, server):
        v = ssl.TLSVersion
        return [bool(self.speak(server, x)) for x in (v.TLSv1, v.TLSv1_1, v.TLSv1_2, v.TLSv1_3)]

    def test_versions(self):
        for text, expected in (
                ("", [False, False, True, True]),
                ("  min_version: TLS13\n", [False, False, False, True]),
                ("  max_version: TLS12\n", [False, False, True, False]),
                ("  min_version: TLS10\n", [True] * 4),
                ("  min_version: TLS11\n  max_version: TLS11\n", [False, True, False, False])):
            self.assertEqual(self.versions(self.serve(TLS + text)), expected, text)

    def test_suites_are_about_tls_1_2(self):
        """As in Go: a list says nothing about TLS 1.3, and only what is in it is spoken before."""
        server = self.serve(TLS + "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]\n")
        v = ssl.TLSVersion
        self.assertEqual(self.speak(server, v.TLSv1_2)[1], "ECDHE-ECDSA-AES256-SHA")
        self.assertIsNone(self.speak(server, v.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"))
        self.assertEqual(self.speak(server, v.TLSv1_3)[0], "TLSv1.3")

    def test_each_suite(self):
        for key, short in (("server", "ECDSA"), ("rsa", "RSA")):
            for go, openssl_name in (
                    ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"), ("AES_128_CBC_SHA", "AES128-SHA"),
                    ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"), ("AES_256_CBC_SHA", "AES256-SHA"),
                    ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305")):
                server = self.serve(
                    f"tls_server_config:\n  cert_file: {key}.crt\n  key_file: {key}.key\n"
                    f"  cipher_suites: [TLS_ECDHE_{short}_WITH_{go}]\n  max_version: TLS12\n")
                spoken = self.speak(server, ssl.TLSVersion.TLSv1_2, "ALL")
                self.assertEqual(spoken, ("TLSv1.2", f"ECDHE-{short}-{openssl_name}"), go)

    def test_order(self):
        both = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]
        text = ("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n  max_version: TLS12\n")
        server = self.serve(TLS + text)
        self.assertEqual(self.speak(server, ssl.TLSVersion.TLSv1_2, ":".join(both))[1], both[1])
        server = self.serve(TLS + text + "  prefer_server_cipher_suites: false\n")
        self.assertEqual(self.speak(server, ssl.TLSVersion.TLSv1_2, ":".join(both))[1], both[0])

    def test_curves(self):
        """With an RSA key: one on P-256 needs a client that takes that, too."""
        server = self.serve("tls_server_config:\n  cert_file: rsa.crt\n  key_file: rsa.key\n"
                            "  curve_preferences: [CurveP384]\n")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertIsNotNone(self.speak(server, version, curve="secp384r1"))
            self.assertIsNone(self.speak(server, version, curve="prime256v1"))

    def test_failures_are_told(self):
        server = self.serve(TLS + "  min_version: TLS13\n")
        self.speak(server, ssl.TLSVersion.TLSv1_2)
        server.await_line("no version, suite or curve that both know")
        with socket.create_connection(("localhost", server.port)) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"200", s.recv(100))
        server.await_line("no TLS was spoken")
        self.assertEqual(server.stat()["denied5"], 2)

    def test_distrust(self):
        server = self.serve(TLS)
        self.place.authority("another")
        with self.assertRaises(ssl.SSLError):
            server.get(self.place.client(ca="another"))
        self.assertEqual(server.get(self.trust)[0], 200)


class Faults(WebCase):
    """What a configuration names must be what it says: each with its place and what to do."""

    def test_files(self):
        self.place.write("garbage", "no certificate\n")
        self.place.write("open.token", TOKEN, 0o644)
        self.place.certificate("pair", "DNS:localhost")
        openssl("ec", "-in", self.place.path("server.key"), "-aes128", "-passout", "pass:x",
                "-out", self.place.path("locked.key"))
        self.place.write("writable.crt", "x", 0o666)
        for text, said in (
                (TLS.replace("server.key", "gone.key"),
                 "bad.yml:3:13: tls_server_config.key_file: gone.key cannot be opened: -ENOENT"),
                (TLS.replace("server.crt", "garbage"),
                 "bad.yml:2:3: tls_server_config.cert_file: no certificate in PEM form"),
                (TLS.replace("server.key", "garbage"),
                 "bad.yml:3:3: tls_server_config.key_file: no private key in PEM form"),
                (TLS.replace("server.key", "pair.key"),
                 "bad.yml:3:3: tls_server_config.key_file: is not the key of this certificate"),
                (TLS.replace("server.key", "locked.key"),
                 "bad.yml:3:3: tls_server_config.key_file: the key is encrypted"),
                (TLS.replace("server.crt", "writable.crt"),
                 "bad.yml:2:14: tls_server_config.cert_file: writable.crt may be written by"),
                (TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: garbage\n",
                 "bad.yml:5:3: tls_server_config.client_ca_file: there is no certificate in it"),
                (TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                       "  max_version: TLS12\n",
                 "bad.yml:4:3: tls_server_config.cipher_suites: none of these suites works with"),
                ("bearer_token_files: [open.token]\n",
                 "bad.yml:1:22: bearer_token_files: open.token may be read by everybody"),
                ("bearer_token_files: [garbage]\n",
                 "bad.yml:1:22: bearer_token_files: garbage has a token that is not 16"),
                ("bearer_token_files: [.]\n", "is not a regular file")):
            self.assertIn(said, self.refused(text))

    def test_all_are_told(self):
        said = self.refused("tls_server_config:\n  cert_file: a\n  key_file: b\n")
        self.assertEqual(len(said.splitlines()), 2, said)

    def test_who_may_write_it(self):
        self.assertIn("bad.yml: may be written by others", self.refused("{}", mode=0o620))

    def test_keys_stay_out_of_messages(self):
        with open(self.place.path("server.key"), encoding="ascii") as file:
            key = file.read().splitlines()[1]
        inline = f"tls_server_config:\n  cert: x\n  key: |\n    {key}\n  min_version: SSL3\n"
        self.assertNotIn(key[:16], self.refused(inline))


class Listeners(WebCase):
    def test_unix_sockets_stay_as_they_are(self):
        """Who may open one is decided by its file."""
        path = self.place.path("s.sock")
        server = self.serve(TLS + f"basic_auth_users:\n  alice: {bcrypt('a')}\n",
                            addresses=("127.0.0.1:0", f"unix:{path}"))
        self.assertEqual(server.get(self.trust)[0], 401)
        with server.connect(1) as s:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertRegex(s.recv(4096), b"^HTTP/1.1 200 ")

    def test_foreign_names(self):
        """Over TLS a name is the certificate's business; without, DNS rebinding is refused still."""
        raw = b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        plain = self.serve("{}")
        with plain.connect() as s:
            s.sendall(raw)
            self.assertRegex(s.recv(4096), b"^HTTP/1.1 403 ")
        server = self.serve(TLS)
        with self.trust.wrap_socket(server.connect(), server_hostname="localhost") as s:
            s.sendall(raw)
            self.assertRegex(s.recv(4096), b"^HTTP/1.1 200 ")


class Curl(WebCase):
    def test_both_kinds(self):
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        self.place.certificate("good", "DNS:prometheus.example")
        server = self.serve(TLS + "  client_auth_type: RequireAndVerifyClientCert\n"
                            "  client_ca_file: ca.crt\n"
                            f"basic_auth_users:\n  alice: {bcrypt('secret')}\n")
        base = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects}",
                "--cacert", self.place.path("ca.crt"), f"https://localhost:{server.port}/metrics"]
        own = ["--cert", self.place.path("good.crt"), "--key", self.place.path("good.key")]
        for extra, said in ((own + ["-u", "alice:secret"], "200 0"), (own, "401 0"),
                            (own + ["-u", "alice:no"], "401 0"),
                            (own + ["-u", "alice:secret", "--head"], "200 0"),
                            (own + ["-u", "alice:secret", "--tls-max", "1.2"], "200 0"),
                            (["-u", "alice:secret"], "000 0")):
            run = subprocess.run(base + extra, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 check=False, text=True)
            self.assertEqual(run.stdout, said, run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
