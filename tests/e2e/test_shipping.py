#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""deploy/logs: the shipped configurations of log shippers, before a real rsyslogd, and the index
template against every field that vigie writes. Not here: the log itself (test_log)."""
import contextlib
import json
import os
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

from lib import PATIENCE_S, needs, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import ecs_check  # noqa: E402

DEPLOYED = os.path.join(HERE, "..", "..", "deploy", "logs")
FINDINGS = os.path.join(HERE, "..", "golden", "recording-606e877", "findings.ndjson")
FIXTURE = os.path.join(os.environ.get("O", "build"), "tests/e2e/log_fixture")
LINES = 10000


class Receiver(socketserver.ThreadingTCPServer):
    """Keeps every line that comes by TCP."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, port=0):
        self.lines, received = [], self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    received.lines.append(line)

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Rsyslog(unittest.TestCase):
    def setUp(self):
        needs(shutil.which("rsyslogd"), "rsyslogd is not installed")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.log = os.path.join(self.place, "events.ndjson")
        open(self.log, "w", encoding="ascii").close()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.config = self.configure(self.receiver.server_address[1])
        self.shipper = None
        self.addCleanup(self.stop)

    def configure(self, port):
        """The shipped file, with this place's names, included as Debian's rsyslog.conf does."""
        os.mkdir(os.path.join(self.place, "spool"))
        with open(os.path.join(DEPLOYED, "rsyslog.conf"), encoding="ascii") as file:
            text = file.read()
        for shipped, here in (("/var/lib/vigie/events.ndjson", self.log), ("logs.example.org", "127.0.0.1"),
                              ('"5170"', f'"{port}"')):
            self.assertIn(shipped, text)
            text = text.replace(shipped, here)
        parts = {"vigie.conf": text, "rsyslog.conf": f'global(workDirectory="{self.place}/spool")\n'
                                                     f'include(file="{self.place}/vigie.conf")\n'}
        for name, content in parts.items():
            with open(os.path.join(self.place, name), "w", encoding="ascii") as file:
                file.write(content)
        return os.path.join(self.place, "rsyslog.conf")

    def start(self):
        self.shipper = subprocess.Popen(["rsyslogd", "-n", "-f", self.config, "-i", self.place + "/pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.shipper:
            self.shipper.terminate()
            self.shipper.wait(PATIENCE_S)
            self.shipper = None

    def sequences(self):
        return sorted(json.loads(line)["event"]["sequence"] for line in list(self.receiver.lines))

    def test_it_is_taken(self):
        done = subprocess.run(["rsyslogd", "-N1", "-f", self.config], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("error", done.stderr.lower())

    def test_renames_and_a_restart_lose_nothing_and_double_nothing(self):
        self.start()
        child = subprocess.Popen([FIXTURE, "write", self.place, str(LINES), str(1 << 30), "9"])
        for n in range(4):
            wait_for(lambda: len(self.receiver.lines) > n * 500 or child.poll() is not None, "lines")
            with contextlib.suppress(FileNotFoundError):
                if child.poll() is None:
                    os.rename(self.log, f"{self.log}.{n + 1}")
            wait_for(lambda: os.path.exists(self.log), "the file to be made anew")
        self.assertEqual(child.wait(PATIENCE_S), 0)
        wait_for(lambda: len(self.receiver.lines) >= LINES, "all lines")
        self.stop()
        subprocess.run([FIXTURE, "write", self.place, "100", str(1 << 30), "9"], check=True,
                       timeout=PATIENCE_S)
        self.start()
        wait_for(lambda: len(self.receiver.lines) >= LINES + 100, "the lines of the time between")
        self.stop()
        self.assertEqual(self.sequences(), list(range(1, LINES + 101)))

    def test_a_long_line_is_whole(self):
        line = json.dumps({"message": "x" * 20000})
        with open(self.log, "a", encoding="ascii") as file:
            file.write(line + "\n")
        self.start()
        wait_for(lambda: self.receiver.lines, "the line")
        self.assertEqual(self.receiver.lines[0].decode().rstrip("\n"), line)


def mapped(properties, path=""):
    for name, field in properties.items():
        if "properties" in field:
            yield from mapped(field["properties"], path + name + ".")
        else:
            yield path + name, field["type"]


def emitted(value, path=""):
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from emitted(inner, path + name + ".")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for one in inner:
                yield from emitted(one, path + name + ".")
        else:
            yield path + name


class Template(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(DEPLOYED, "index-template.json"), encoding="ascii") as file:
            self.fields = dict(mapped(json.load(file)["template"]["mappings"]["properties"]))

    def test_types_are_those_of_ecs(self):
        ours = {name: kind for name, kind in self.fields.items() if not name.startswith("vigie.")}
        self.assertEqual(ours, {name: field["type"] for name, field in ecs_check.FIELDS.items()})

    def test_every_field_that_is_written_has_a_type(self):
        with open(FINDINGS, encoding="utf-8") as file:
            names = {name for line in file for name in emitted(json.loads(line))}
        self.assertGreater(len(names), 40)
        self.assertLessEqual(names, set(self.fields))


if __name__ == "__main__":
    unittest.main()
