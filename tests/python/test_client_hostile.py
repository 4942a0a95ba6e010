#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""vigie_client before whoever answers in vigie's place: nothing but Error comes of it, in bounded time and memory."""
import copy
import errno
import http.server
import json
import threading
import unittest
from unittest import mock

import stub
from stub import Stub, answer

import vigie_client
from vigie_client import AccessDenied, Error, TimeoutExpired, _client, _http, _shape

NOT_AN_ANSWER = {
    "nothing": b"",
    "no HTTP": b"220 mail.example.org ESMTP\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "bytes": bytes(range(256)) * 16,
    "a line without end": b"HTTP/1.1 200 " + b"x" * (1 << 20),
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000,
    "half a body": answer(stub.now())[:-100],
    "a length below 0": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "a length beyond": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "a chunk below 0": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "a chunk cut off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}",
    "no JSON": answer(b"<html>"),
    "a BOM": answer(b"\xef\xbb\xbf{}"),
    "no UTF-8": answer(b'{"schema":"\xff\xfe"}'),
    "an array": answer([1, 2]),
    "deep": answer(b"[" * 200000),
    "deep objects": answer(b'{"a":' * 100000),
    "NaN": answer(b'{"schema":"vigie.now/1","time":NaN}'),
    "beyond all floats": answer(b'{"schema":"vigie.now/1","time":1e999}'),
    "a million digits": answer(b'{"schema":"vigie.now/1","time":1' + b"0" * 1000000 + b"}"),
    "four thousand digits": answer(b'{"schema":"vigie.now/1","host":{"boot_time":1' + b"0" * 4000 + b"}}"),
    "an empty object": answer({}),
    "another schema": answer({**stub.now(), "schema": "vigie.now/2"}),
    "another status": answer(stub.now(), "204 No Content"),
    "a part": answer(stub.now(), "206 Partial Content"),
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "only continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
}
WRONG = (None, True, -1, -1.5, 10**19, 10**30, "", "x", "\0", [], [1], ["x"], {}, {"x": 1}, [[]], [{}])


def ask_everything(client):
    """Each thing that a client can be asked; the errors that it raised."""
    raised = []
    for ask in (client.virtual_memory, client.swap_memory, client.cpu_times, client.cpu_percent,
                client.cpu_times_percent, client.cpu_count, client.boot_time, client.getloadavg, client.pids,
                client.sentence, client.findings, client.delays, client.waits,
                lambda: [p.as_dict() for p in client.process_iter([])], lambda: client.story("0123456789ab")):
        try:
            ask()
        except Error as error:
            raised.append(error)
    return raised


def members(value, path=()):
    """The path of each member, of lists the first only."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield path + (name,)
            yield from members(inner, path + (name,))
    elif isinstance(value, list) and value:
        yield path + (0,)
        yield from members(value[0], path + (0,))


def with_member(value, path, other):
    found = copy.deepcopy(value)
    inner = found
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = other
    return found


class Answers(unittest.TestCase):
    def setUp(self):
        self.stub = self.enterContext(Stub())
        self.enterContext(mock.patch.object(_client, "RECORDED_S", 0))
        self.client = vigie_client.connect(self.stub.url)

    def test_what_is_no_answer_of_vigie_is_an_error(self):
        for what, raw in NOT_AN_ANSWER.items():
            with self.subTest(what):
                self.stub.reply.update(now=raw, instant=raw, finding=raw)
                self.assertEqual(len(ask_everything(vigie_client.connect(self.stub.url))), 15)

    def test_the_errors_say_who_and_what(self):
        self.stub.reply["now"] = answer({**stub.now(), "virtual_memory": {"total": "a lot"}})
        with self.assertRaisesRegex(Error, r"/api/v1/now: virtual_memory: total is not a number"):
            self.client.virtual_memory()
        self.stub.reply["now"] = answer({**stub.now(), "schema": "vigie.now/2\n\x1b[31m"})
        with self.assertRaisesRegex(Error, r"schema 'vigie.now/2.*\[31m', expected vigie.now/1") as caught:
            self.client.boot_time()
        self.assertTrue(str(caught.exception).isprintable())

    def test_members_of_the_wrong_kind(self):
        """Each member of each answer, replaced by each of these: an error of ours, or figures, but nothing else."""
        refused = 0
        good = {"now": stub.now(), "instant": stub.instant(), "finding": stub.STORY}
        for name, whole in good.items():
            for path in members(whole):
                for other in WRONG:
                    try:
                        self.ask_the_one(name, {**good, name: with_member(whole, path, other)})
                    except Error:
                        refused += 1
                    except Exception as error:
                        raise AssertionError(f"{name} {path} = {other!r}") from error
        self.assertGreater(refused, 500)

    def ask_the_one(self, name, given):
        """What that answer is for; without the socket, as there are thousands."""
        client = vigie_client.connect(self.stub.url)
        client._transport.get = lambda path, **_: given[path.rsplit("/", 1)[1]]
        if name == "now":
            ask_everything(client)
        elif name == "instant":
            for p in client.process_iter([]):
                p.name()
        else:
            client.story("0123456789ab")

    def test_a_member_that_is_missing_is_named(self):
        for path in (("virtual_memory", "available"), ("cpu_times", "idle"), ("host", "boot_time")):
            now = stub.now()
            del now[path[0]][path[1]]
            self.stub.reply["now"] = answer(now)
            with self.assertRaisesRegex(Error, f"{path[0]}: {path[1]} is missing"):
                self.client.virtual_memory()
                self.client.cpu_times()
                self.client.boot_time()

    def test_figures_that_cannot_be(self):
        for wrong in (True, -1, 1.5, "4", 1 << 30):
            self.stub.reply["now"] = answer({**stub.now(), "cpu_count": wrong})
            with self.subTest(wrong), self.assertRaisesRegex(Error, "cpu_count is not a"):
                self.client.cpu_count()

    def test_names_are_disarmed(self):
        found = stub.instant()
        found["processes"][0]["labels"]["comm"] = "a\nb\x1b[31m\u202e\ud800\u2028é"
        self.stub.reply["instant"] = answer(found)
        name = self.client.Process(4242).name()
        self.assertEqual(name, "a\\u{000a}b\\u{001b}[31m\\u{202e}\\u{d800}\\u{2028}é")
        name.encode()
        now = stub.now()
        now["processes"][0]["labels"] = {"a\nb": "c\nd"}
        self.stub.reply["now"] = answer(now)
        self.assertEqual(self.client.waits()[0].labels, {"a\\u{000a}b": "c\\u{000a}d"})

    def test_clean_keeps_what_vigie_writes(self):
        for text in ("plain", "a name of fifteen", "é 同 🐙", "\\x0a", "\\u{202e}", "q\"\\},x=\"1", ""):
            self.assertEqual(_shape.clean(text), text)

    def test_an_answer_without_end_has_one(self):
        for reply in (stub.dripping(b"HTTP/1.1 200 OK\r\n\r\n{"), stub.dripping(b""), stub.dripping(b"", 0),
                      lambda _, peer: self.stub.over.wait()):
            self.stub.reply["now"] = reply
            with self.assertRaisesRegex(TimeoutExpired, "no whole answer within 0.2 s"):
                vigie_client.connect(self.stub.url, timeout=0.2).boot_time()
            if reply.__name__ == "<lambda>":
                self.stub.over.set()

    def test_an_endless_answer_is_cut(self):
        def pour(_, peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                peer.sendall(b"[" * 65536)
        self.stub.reply["now"] = pour
        with mock.patch.object(_http, "ANSWER_MAX", 1 << 20), self.assertRaisesRegex(Error, "more than 1 MiB"):
            self.client.boot_time()

    def test_refusals(self):
        for status, kind in (("401 Unauthorized", AccessDenied), ("403 Forbidden", AccessDenied),
                             ("404 Not Found", Error), ("429 Too Many Requests", Error), ("503 Busy", Error)):
            self.stub.reply["now"] = answer({"error": "why\n\x1b[2J", "status": 0}, status)
            with self.assertRaisesRegex(kind, rf"status {status[:3]}: 'why\\n\\x1b\[2J'") as caught:
                self.client.boot_time()
            self.assertIs(type(caught.exception), kind)
            self.assertEqual(caught.exception.status, int(status[:3]))


class Addresses(unittest.TestCase):
    def test_what_is_none(self):
        for url in ("", "unix:", "unix:/a\0b", "ftp://x", "http://", "127.0.0.1:9838", "http://u:p@h", "http://h/x",
                    "http://h?x", "http://h:99999", "http://h:x", "http://[::1"):
            with self.subTest(url), self.assertRaises(ValueError):
                _http.Address(url)

    def test_nothing_is_smuggled_into_the_request(self):
        for bad in ({"token": "a\r\nX: y"}, {"token": "é"}, {"token": "a", "auth": ("b", "c")}, {"timeout": 0},
                    {"timeout": float("nan")}):
            with self.subTest(bad), self.assertRaises(ValueError):
                vigie_client.connect("unix:/x", **bad)
        for host in ("http://a\r\nb", "http://a b"):
            with self.subTest(host), self.assertRaises((ValueError, Error)):
                vigie_client.connect(host).boot_time()

    def test_nobody_is_there(self):
        with self.assertRaisesRegex(Error, "unix:/nowhere/socket: -ENOENT: is vigie running"):
            vigie_client.connect("unix:/nowhere/socket").boot_time()

    def test_who_may_not_open_it(self):
        refused = PermissionError(errno.EACCES, "no")
        with mock.patch.object(_http, "_connected", side_effect=refused), self.assertRaisesRegex(
                AccessDenied, "-EACCES: the group vigie may"):
            vigie_client.connect("unix:/x").boot_time()

    def test_a_name_that_nobody_has(self):
        with self.assertRaises(Error):
            vigie_client.connect("http://nobody.invalid:9838", timeout=5).boot_time()

    def test_over_tcp(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                body = json.dumps({**stub.now(), "host": {"boot_time": 5}, "sentence": {
                    "text": self.headers["Host"]}}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            client = vigie_client.connect(f"http://127.0.0.1:{server.server_address[1]}/")
            self.assertEqual(client.boot_time(), 5)
            self.assertEqual(client.sentence(), f"127.0.0.1:{server.server_address[1]}")
            with self.assertRaisesRegex(Error, "TLS"):  # who speaks HTTP has no certificate
                vigie_client.connect(f"https://127.0.0.1:{server.server_address[1]}", timeout=5).boot_time()
            server.shutdown()


if __name__ == "__main__":
    unittest.main()
