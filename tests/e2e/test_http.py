#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""HTTP as a strict client sees it: raw sockets against http_fixture.

Owns the protocol: negotiation, headers, statuses, connections, listeners. What a page says
is tested elsewhere; time limits, crowds and abuse are in test_http_abuse.py.
"""
import gzip
import os
import socket
import ssl
import stat
import tempfile
import threading
import time
import unittest

from http_client import (OM, PROMETHEUS_2, PROMETHEUS_3, PROMPT_S, TEXT, Case, Closed, Fixture, ask,
                         at_eof, receive, request)


class Negotiation(Case):
    def test_no_accept_is_text(self):
        self.assertEqual(self.chosen(), TEXT)

    def test_any_is_text(self):
        self.assertEqual(self.chosen("*/*"), TEXT)

    def test_prometheus_2_42(self):
        self.assertEqual(self.chosen(PROMETHEUS_2), OM)

    def test_prometheus_3_echoes_escaping(self):
        self.assertEqual(self.chosen(PROMETHEUS_3), OM + "; escaping=allow-utf-8")

    def test_escaping_schemes(self):
        for asked, told in (("underscores", "underscores"), ("dots", "dots"),
                            ("values", "values"), ("unheard-of", "underscores")):
            accept = f"application/openmetrics-text;version=1.0.0;escaping={asked}"
            self.assertEqual(self.chosen(accept), f"{OM}; escaping={told}")
        self.assertEqual(self.chosen("text/plain;version=0.0.4;escaping=dots"),
                         TEXT + "; escaping=dots")

    def test_openmetrics_without_version_is_1_0_0(self):
        self.assertEqual(self.chosen("application/openmetrics-text"), OM)

    def test_unknown_versions_do_not_match(self):
        for accept in ("application/openmetrics-text;version=2.0.0",
                       "application/openmetrics-text;version=0.0.1",
                       "application/openmetrics-text;version=1.0.00"):
            self.assertEqual(self.chosen(accept), TEXT)
        self.assertEqual(self.chosen("application/openmetrics-text;version=2.0.0,"
                                     "application/openmetrics-text;version=1.0.0;q=0.1"), OM)

    def test_nothing_acceptable_is_text(self):
        for accept in ("image/png", "application/json;q=1.0", "text/plain;q=0", "*/*;q=0", ";;,",
                       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"):
            self.assertEqual(self.chosen(accept), TEXT)

    def test_q_decides(self):
        om, text = "application/openmetrics-text;version=1.0.0", "text/plain;version=0.0.4"
        self.assertEqual(self.chosen(f"{om};q=0.5,{text};q=0.6"), TEXT)
        self.assertEqual(self.chosen(f"{om};q=0.601,{text};q=0.6"), OM)
        self.assertEqual(self.chosen(f"{om};q=0,*/*"), TEXT)

    def test_specific_range_decides_over_wildcard(self):
        self.assertEqual(self.chosen("*/*;q=1,application/openmetrics-text;q=0"), TEXT)
        self.assertEqual(self.chosen("application/*;q=0.1,text/plain;q=0"), OM)
        self.assertEqual(self.chosen("application/openmetrics-text;version=1.0.0;q=0,"
                                     "application/openmetrics-text"), TEXT)

    def test_several_accept_lines_are_one_list(self):
        self.assertEqual(self.chosen("text/plain;q=0.5", "application/openmetrics-text"), OM)
        self.assertEqual(self.chosen("application/openmetrics-text;q=0.5", "text/plain"), TEXT)

    def test_case_blanks_and_quotes(self):
        for accept in ('APPLICATION/OpenMetrics-Text ; VERSION="1.0.0" ; Q=0.9 , text/plain;q=0.8',
                       'image/png;x="a,b\\",application/json", application/openmetrics-text'):
            self.assertEqual(self.chosen(accept), OM)

    def test_tokens_are_compared_whole(self):
        for accept in ("application/openmetrics-textual", "application/openmetrics-tex",
                       "xapplication/openmetrics-text"):
            self.assertEqual(self.chosen(accept), TEXT)


class Encoding(Case):
    def coded(self, *values):
        headers = [("Accept-Encoding", v) for v in values]
        response = ask(self.server, request(headers=headers))
        coding = response.get("Content-Encoding")
        body = gzip.decompress(response.body) if coding == "gzip" else response.body
        self.assertTrue(body.startswith(b"# TYPE "))
        return coding

    def test_only_when_offered(self):
        self.assertIsNone(self.coded())
        for value in ("identity", "deflate, br", "gzipped", "", "gzip;q=0", "gzip;q=0.000",
                      "*;q=0", "gzip;q=0, *", "gzip;q=0.5, identity", "gzip;q=2", "gzip;q=x"):
            self.assertIsNone(self.coded(value), value)

    def test_when_offered(self):
        for value in ("gzip", "GZIP", "gzip;q=0.001", "deflate, gzip;q=1.0, br", "*",
                      "x-gzip", "identity;q=0, gzip"):
            self.assertEqual(self.coded(value), "gzip", value)

    def test_several_lines_are_one_list(self):
        self.assertEqual(self.coded("br", "gzip"), "gzip")

    def test_both_codings_say_the_same(self):
        self.server.command("step 0")
        try:
            packed = self.scrape(Accept_Encoding="gzip")
            plain = self.scrape()
        finally:
            self.server.command("step 1")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertEqual(packed.get("Vary"), plain.get("Vary"))


class Headers(Case):
    def test_scrape(self):
        response = self.scrape()
        self.assertEqual(response.all("Vary"), ["Accept, Accept-Encoding"])
        self.assertEqual(response.all("Cache-Control"), ["no-store"])
        self.assertEqual(response.all("X-Content-Type-Options"), ["nosniff"])
        self.assertEqual(len(response.all("Content-Length")), 1)
        self.assertEqual(len(response.all("Content-Type")), 1)
        self.assertEqual(response.all("ETag"), [])
        self.assertEqual(response.all("Transfer-Encoding"), [])
        self.assertEqual(response.all("Access-Control-Allow-Origin"), [])

    def test_conditions_and_ranges_are_ignored(self):
        response = self.scrape(If_None_Match="*", Range="bytes=0-3",
                               If_Modified_Since="Mon, 23 Nov 2099 00:00:00 GMT")
        self.assertEqual(response.status, 200)
        self.assertGreater(len(response.body), 100)

    def test_scrape_timeout_header_is_harmless(self):
        for value in ("1", "0.5", "-1", "nan", "x" * 100):
            response = self.scrape(X_Prometheus_Scrape_Timeout_Seconds=value)
            self.assertEqual(response.status, 200)

    def test_head_is_get_without_body(self):
        self.server.command("step 0")
        try:
            for path in ("/metrics", "/", "/-/healthy", "/nowhere"):
                for extra in ((), (("Accept-Encoding", "gzip"), ("Accept", PROMETHEUS_2))):
                    get = ask(self.server, request(path, headers=extra))
                    with self.server.connect() as s:
                        s.sendall(request(path, "HEAD", extra))
                        head, rest = receive(s, "HEAD")
                        s.sendall(request("/-/healthy"))
                        after, _ = receive(s, rest=rest)
                    self.assertEqual(after.body, b"vigie is healthy\n")
                    self.assertEqual(head.status, get.status)
                    self.assertEqual([h for h in head.headers if h[0] != "Date"],
                                     [h for h in get.headers if h[0] != "Date"])
        finally:
            self.server.command("step 1")

    def test_index(self):
        response = ask(self.server, request("/"))
        self.assertEqual(response.status, 200)
        self.assertEqual(response.get("Content-Type"), "text/html; charset=utf-8")
        self.assertIn("default-src 'none'", response.get("Content-Security-Policy"))
        self.assertIn(b'href="/metrics"', response.body)
        self.assertIn(b"1.2.3-test", response.body)
        self.assertNotIn(b"<&>", response.body)


class Statuses(Case):
    def status(self, raw):
        return ask(self.server, raw).status

    def test_unknown_paths(self):
        for path in ("/nope", "/metrics/", "/metricsx", "//metrics", "/..%2fmetrics",
                     "/metrics%00", "/-/", "*"):
            self.assertEqual(self.status(request(path)), 404, path)

    def test_query_is_ignored(self):
        self.assertEqual(self.status(request("/metrics?collect=x&a=%zz")), 200)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO", "get"):
            response = ask(self.server, request(method=method))
            self.assertEqual(response.status, 405, method)
            self.assertEqual(response.all("Allow"), ["GET, HEAD"])

    def test_health_and_readiness(self):
        self.assertEqual(self.status(request("/-/healthy")), 200)
        self.assertEqual(self.status(request("/-/ready")), 200)
        self.server.command("ready 0")
        self.assertEqual(self.status(request("/-/ready")), 503)
        self.assertEqual(self.status(request("/-/healthy")), 200)
        self.server.command("ready 1")

    def test_host_is_required_in_1_1_only(self):
        self.assertEqual(self.status(request(host=None)), 400)
        self.assertEqual(self.status(request(host=None, version="1.0")), 200)

    def test_two_hosts(self):
        self.assertEqual(self.status(request(headers=[("Host", "localhost")])), 400)

    def test_two_lengths(self):
        for second in ("0", "5"):
            headers = [("Content-Length", "0"), ("Content-Length", second)]
            self.assertEqual(self.status(request(headers=headers)), 400)

    def test_length_and_chunks(self):
        headers = [("Content-Length", "3"), ("Transfer-Encoding", "chunked")]
        self.assertEqual(self.status(request(headers=headers) + b"0\r\n\r\n"), 400)

    def test_absolute_form(self):
        for target in ("http://localhost/metrics", "HTTP://127.0.0.1:1/metrics",
                       "http://[::1]/metrics?x=1"):
            self.assertEqual(self.status(request(target)), 200, target)
        self.assertEqual(self.status(request("http://localhost")), 200)
        self.assertEqual(self.status(request("http:///metrics")), 400)
        self.assertEqual(self.status(request("http://localhost/metrics", host=None)), 400)

    def test_foreign_names_are_refused_on_loopback(self):
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.x"):
            self.assertEqual(self.status(request(host=host)), 403, host)
            self.assertEqual(self.status(request(f"http://{host}/metrics")), 403, host)
        for host in ("localhost:9", "127.0.0.1", "127.0.0.1:65535", "[::1]:9", "192.0.2.1", "host",
                     "", socket.gethostname()):
            self.assertEqual(self.status(request(host=host)), 200, host)

    def test_malformed_hosts(self):
        for host in ("a b", "localhost:x", "[::1", "user@localhost", "[zz]", "a/b", "x" * 300):
            self.assertEqual(self.status(request(host=host)), 400, host)

    def test_unknown_versions_of_http(self):
        self.assertEqual(self.status(request(version="2.0")), 505)
        self.assertEqual(self.status(request(version="1.1x")), 400)
        self.assertEqual(self.status(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505)

    def test_failure_is_503_and_nothing_of_the_page(self):
        before = self.server.stat()
        for what in ("refresh", "render"):
            self.server.command(f"{what} 5")
            try:
                with self.server.connect() as s:
                    s.sendall(request())
                    response, rest = receive(s)
                    self.assertEqual(response.status, 503)
                    self.assertEqual(response.get("Content-Type"), "text/plain; charset=utf-8")
                    self.assertIn(b"-EIO", response.body)
                    self.assertNotIn(b"TYPE", response.body)
                    self.server.command(f"{what} 0")
                    s.sendall(request())
                    self.assertEqual(receive(s, rest=rest)[0].status, 200)
            finally:
                self.server.command(f"{what} 0")
        after = self.server.stat()
        self.assertEqual(after["errors"] - before["errors"], 2)
        self.assertEqual(after["scrapes"] - before["scrapes"], 2)


class Malformed(Case):
    """A refusal or a closed connection; never a 200, and the server goes on."""

    CASES = {
        "HTTP/0.9": b"GET /metrics\r\n\r\n",
        "three spaces": b"GET   /metrics   HTTP/1.1 x\r\nHost: a\r\n\r\n",
        "no target": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
        "not HTTP": b"GET /metrics FTP/1.1\r\nHost: a\r\n\r\n",
        "negative length": b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "length in words": b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n",
        "huge length": b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 30
                       + b"\r\n\r\n",
        "header without colon": b"GET /metrics HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200 + b"\r\n\r\n",
        "NUL in the target": b"GET /metr\0ics HTTP/1.1\r\nHost: a\r\n\r\n",
        "method of 1 MB": b"A" * 1000000 + b" /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        "10 000 headers": b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"a:b\r\n" * 10000 + b"\r\n",
        "chunked body that is none": b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                     b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    }

    def test_cases(self):
        for name, raw in self.CASES.items():
            with self.subTest(name):
                try:
                    status = ask(self.server, raw).status
                except (Closed, socket.timeout):
                    status = "closed"
                self.assertIn(status, (400, 404, 405, 408, 413, 414, 431, 505, "closed"))
                self.assertEqual(self.scrape().status, 200)

    def test_real_tls_client(self):
        context = ssl._create_unverified_context()
        with self.assertRaises((ssl.SSLError, OSError)):
            with self.server.connect() as s, context.wrap_socket(s):
                pass
        self.assertEqual(self.scrape().status, 200)


class Limits(Case):
    def test_uri(self):
        self.assertEqual(ask(self.server, request("/" + "a" * 9000)).status, 414)
        self.assertEqual(ask(self.server, request("/metrics?" + "a" * 9000)).status, 414)
        self.assertEqual(ask(self.server, request("/" + "a" * 100000)).status, 414)
        self.assertEqual(ask(self.server, request("/metrics?" + "a" * 4000)).status, 200)

    def test_header_block(self):
        for size, status in ((15000, 200), (17000, 431), (40000, 431), (1000000, 431)):
            raw = request(headers=[("X-Large", "a" * size)])
            self.assertEqual(ask(self.server, raw).status, status, size)

    def test_many_headers(self):
        raw = request(headers=[(f"X-{i}", "v") for i in range(3000)])
        self.assertEqual(ask(self.server, raw).status, 431)
        raw = request(headers=[(f"X-{i}", "v" * 60) for i in range(100)])
        self.assertEqual(ask(self.server, raw).status, 200)

    def test_refusal_on_a_kept_connection_arrives(self):
        with self.server.connect() as s:
            s.sendall(request())
            _, rest = receive(s)
            try:
                s.sendall(request("/" + "a" * 500000))
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(receive(s, rest=rest)[0].status, 414)
            self.assertTrue(at_eof(s, 5))


class Connections(Case):
    def test_keep_alive(self):
        with self.server.connect() as s:
            rest = b""
            for _ in range(20):
                s.sendall(request())
                response, rest = receive(s, rest=rest)
                self.assertEqual(response.status, 200)
                self.assertIsNone(response.get("Connection"))

    def test_close_is_honoured(self):
        with self.server.connect() as s:
            s.sendall(request(headers=[("Connection", "close")]))
            self.assertEqual(receive(s)[0].get("Connection").lower(), "close")
            self.assertTrue(at_eof(s, 2))

    def test_http_1_0_closes_unless_asked(self):
        with self.server.connect() as s:
            s.sendall(request(version="1.0"))
            self.assertEqual(receive(s)[0].status, 200)
            self.assertTrue(at_eof(s, 2))
        with self.server.connect() as s:
            for _ in range(2):
                s.sendall(request(version="1.0", headers=[("Connection", "keep-alive")]))
                self.assertEqual(receive(s)[0].status, 200)

    def test_pipelining(self):
        with self.server.connect() as s:
            s.sendall(request("/-/healthy") + request("/nope") + request("/-/ready"))
            rest, seen = b"", []
            for _ in range(3):
                response, rest = receive(s, rest=rest)
                seen.append((response.status, response.body[:14]))
            self.assertEqual(seen, [(200, b"vigie is healt"), (404, b"not found: / s"),
                                    (200, b"vigie is ready")])

    def test_byte_by_byte(self):
        with self.server.connect() as s:
            for byte in request():
                s.sendall(bytes([byte]))
            self.assertEqual(receive(s)[0].status, 200)

    def test_half_closed_client_gets_its_answer(self):
        with self.server.connect() as s:
            s.sendall(request())
            s.shutdown(socket.SHUT_WR)
            self.assertEqual(receive(s)[0].status, 200)

    def test_a_body_is_never_taken_for_a_request(self):
        smuggled = request("/-/healthy")
        for method, status in (("GET", 200), ("POST", 405)):
            with self.server.connect() as s:
                s.sendall(request(method=method, headers=[("Content-Length", str(len(smuggled)))])
                          + smuggled)
                response, rest = receive(s)
                self.assertEqual(response.status, status)
                self.assertEqual(rest, b"")
                self.assertEqual(response.get("Connection"), "close")
                self.assertTrue(at_eof(s, 4))

    def test_a_body_that_never_comes_is_not_waited_for(self):
        for headers in ([("Content-Length", "1000000")], [("Transfer-Encoding", "chunked")],
                        [("Content-Length", "5"), ("Expect", "100-continue")]):
            begin = time.monotonic()
            response = ask(self.server, request(method="POST", headers=headers))
            self.assertEqual(response.status, 405)
            self.assertLess(time.monotonic() - begin, PROMPT_S)

    def test_large_body_does_not_destroy_the_answer(self):
        """Unread input at a close would send a reset, which can overtake the answer."""
        for _ in range(10):
            with self.server.connect() as s:
                s.sendall(request(method="POST", headers=[("Content-Length", "900000")]))
                response, rest = receive(s)
                self.assertEqual((response.status, rest), (405, b""))
                for _ in range(9):
                    s.sendall(b"x" * 100000)
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(s.recv(1), b"")


class Sharing(Case):
    def test_concurrent_scrapes_share_one_page(self):
        fixture = self.fixture(series=2000)
        fixture.command("step 0")
        bodies, lock = [], threading.Lock()

        def one(i):
            headers = [("Accept", PROMETHEUS_2)] if i % 2 else []
            if i % 3 == 0:
                headers.append(("Accept-Encoding", "gzip"))
            body = ask(fixture, request(headers=headers)).body
            with lock:
                bodies.append(gzip.decompress(body) if i % 3 == 0 else body)

        threads = [threading.Thread(target=one, args=(i,)) for i in range(24)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        stats = fixture.stat()
        self.assertEqual(len(bodies), 24)
        self.assertEqual(len(set(bodies)), 2)
        self.assertEqual((stats["openmetrics"], stats["text"]), (1, 1))
        self.assertEqual(stats["scrapes"], 24)
        fixture.command("step 1")
        ask(fixture, request())
        self.assertEqual(fixture.stat()["text"], 2)


class Listeners(Case):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, "vigie.sock")

    def tearDown(self):
        self.dir.cleanup()

    def test_all_kinds_at_once(self):
        addresses = ["127.0.0.1:0", f"unix:{self.path}"]
        if os.path.exists("/proc/net/if_inet6"):
            addresses += ["[::1]:0", "localhost:0"]
        fixture = self.fixture(addresses=addresses)
        for which in range(len(addresses)):
            self.assertEqual(ask(fixture, request(), which=which).status, 200)
        # Through a file nobody rebinds a name: any host is welcome.
        self.assertEqual(ask(fixture, request(host="any.example"), which=1).status, 200)

    def test_unix_socket_mode_and_end(self):
        fixture = Fixture(addresses=[f"unix:{self.path}"])
        mode = os.stat(self.path)
        self.assertTrue(stat.S_ISSOCK(mode.st_mode))
        self.assertEqual(stat.S_IMODE(mode.st_mode), 0o660)
        self.assertEqual(fixture.close(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_stale_unix_socket_is_replaced(self):
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(self.path)
        dead.close()
        fixture = Fixture(addresses=[f"unix:{self.path}"])
        self.assertEqual(ask(fixture, request()).status, 200)
        self.assertEqual(fixture.close(), 0)

    def test_live_unix_socket_is_left_alone(self):
        fixture = Fixture(addresses=[f"unix:{self.path}"])
        with self.assertRaisesRegex(RuntimeError, "EADDRINUSE"):
            Fixture(addresses=[f"unix:{self.path}"])
        self.assertEqual(ask(fixture, request()).status, 200)
        self.assertEqual(fixture.close(), 0)

    def test_a_file_in_the_way_is_left_alone(self):
        with open(self.path, "w", encoding="ascii") as f:
            f.write("precious")
        with self.assertRaisesRegex(RuntimeError, "EADDRINUSE"):
            Fixture(addresses=[f"unix:{self.path}"])
        with open(self.path, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")

    def test_port_in_use_and_nothing_is_kept(self):
        fixture = Fixture()
        with self.assertRaisesRegex(RuntimeError, f"{fixture.addresses[0]} -EADDRINUSE"):
            Fixture(addresses=[f"unix:{self.path}", fixture.addresses[0]])
        self.assertFalse(os.path.exists(self.path), "all or nothing")
        self.assertEqual(fixture.close(), 0)

    def test_restart_on_the_same_port(self):
        first = Fixture()
        address = first.addresses[0]
        with first.connect() as s:
            s.sendall(request())
            receive(s)
            self.assertEqual(first.close(), 0)
        second = Fixture(addresses=[address])
        self.assertEqual(ask(second, request()).status, 200)
        self.assertEqual(second.close(), 0)

    def test_non_loopback_takes_any_name(self):
        fixture = self.fixture(addresses=[":0"])
        port = fixture.addresses[0].rsplit(":", 1)[1]
        fixture.addresses = [f"127.0.0.1:{port}"]
        response = ask(fixture, request(host="monitor.example"))
        self.assertEqual(response.status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
