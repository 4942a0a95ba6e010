#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The log, judged by others: ECS, Python's logging, journald, a shipper; and its chain."""
import contextlib
import datetime
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import lib
from lib import PATIENCE_S, VIGIE, needs, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import ecs_check  # noqa: E402

FIXTURE = os.path.join(os.environ.get("O", "build"), "tests/e2e/log_fixture")
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../../shared/schemas/ecs_flat-8.17.0.yml")
PYTHON_DEFAULT = "%(asctime)s - %(levelname)s - %(message)s"


def write(place, count, max_bytes=1 << 30, keep=9):
    subprocess.run([FIXTURE, "write", place, str(count), str(max_bytes), str(keep)], check=True,
                   timeout=PATIENCE_S)


def lines(path):
    with open(path, "rb") as f:
        return f.read().split(b"\n")[:-1]


def verify(*paths):
    return subprocess.run([VIGIE, "verify", *paths], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False)


class InPlace(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="vigie-log.")
        self.addCleanup(shutil.rmtree, self.place)
        self.log = os.path.join(self.place, "events.ndjson")


class Ecs(InPlace):
    def test_every_line_is_an_ecs_event(self):
        write(self.place, 240)
        kinds = set()
        for number, line in enumerate(lines(self.log), 1):
            event = json.loads(line.decode("utf-8"))
            self.assertEqual(ecs_check.check(event), [], line)
            self.assertEqual(event["event"]["sequence"], number)
            kinds.add((event["event"]["dataset"], event["log"]["level"]))
            self.assertNotRegex(line.decode(), "[\x00-\x1f\x7f\u2028\u2029]")
        self.assertEqual(len(kinds), 15)  # three kinds, five levels

    def test_a_duration_is_the_end_less_the_start(self):
        write(self.place, 240)
        ended = 0
        for line in lines(self.log):
            event = json.loads(line)["event"]
            if "end" in event:
                start, end = (datetime.datetime.fromisoformat(event[k].replace("Z", "+00:00"))
                              for k in ("start", "end"))
                self.assertEqual((end - start).total_seconds(), event["duration"] / 1e9)
                ended += 1
        self.assertGreater(ended, 10)

    def test_the_checker_can_fail(self):
        write(self.place, 1)
        good = json.loads(lines(self.log)[0])
        for change in ({"event": {**good["event"], "kind": "signal!"}},
                       {"event": {**good["event"], "category": "process"}},
                       {"process": {"cpu": 1}}, {"@timestamp": "now"}, {"message": 1}):
            self.assertNotEqual(ecs_check.check({**good, **change}), [], change)

    def test_our_table_is_that_of_the_schema(self):
        needs(os.path.exists(SCHEMA), "the schema is not at hand: ../shared/schemas")
        yaml = lib.functools.partial(__import__, "yaml")
        try:
            load = yaml().safe_load
        except ImportError:
            needs(False, "python3-yaml is not installed")
        with open(SCHEMA, encoding="utf-8") as f:
            schema = load(f)
        for name, ours in ecs_check.FIELDS.items():
            self.assertEqual(schema[name]["type"], ours["type"], name)
            self.assertEqual("array" in (schema[name].get("normalize") or []),
                             ours.get("array", False), name)


class PythonLogging(unittest.TestCase):
    def compare(self, layout, formatter):
        out = subprocess.run([FIXTURE, "text", layout], check=True, stdout=subprocess.PIPE,
                             timeout=PATIENCE_S).stdout.decode("utf-8").split("\n")[:-1]
        self.assertEqual(len(out), 480)
        for facts, line in zip(out[::2], out[1::2]):
            level, wall_ns, pid, message = facts.split(" ", 3)
            record = logging.LogRecord("vigie", getattr(logging, level.upper()), "", 0, message,
                                       (), None)
            record.created = int(wall_ns) / 1e9
            record.msecs = int(wall_ns) // 1000000 % 1000
            record.process = int(pid)
            self.assertEqual(line, formatter.format(record))
        return out[1::2]

    def test_the_default_is_basicConfigs_usual(self):
        for line in self.compare(PYTHON_DEFAULT, logging.Formatter(PYTHON_DEFAULT)):
            stamp, millis = line.split(" - ")[0].split(",")
            time.strptime(stamp, "%Y-%m-%d %H:%M:%S")
            self.assertRegex(millis, r"\A\d{3}\Z")

    def test_other_layouts(self):
        for layout in ("%(levelname)s:%(name)s:%(message)s", "%(process)d %(levelno)s 100%% "
                       "%(message)s", "%(asctime)s.%(msecs)03d [%(levelname)s] %(message)s"):
            self.compare(layout, logging.Formatter(layout))

    def test_other_formats_are_refused(self):
        for layout in ("%(lineno)d", "%s", "%(message)", "%(message)d", "%", "a\nb"):
            run = subprocess.run([FIXTURE, "text", layout], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, check=False)
            self.assertEqual(run.returncode, 2, layout)


class Chain(InPlace):
    def setUp(self):
        super().setUp()
        write(self.place, 20)
        self.lines = lines(self.log)

    def put(self, changed):
        with open(self.log, "wb") as f:
            f.write(b"".join(line + b"\n" for line in changed))

    def assertFault(self, *words):
        run = verify(self.log)
        self.assertEqual(run.returncode, 1, run.stdout)
        for word in words:
            self.assertIn(word, run.stdout)

    def test_whole(self):
        run = verify(self.log)
        self.assertEqual((run.returncode, run.stdout),
                         (0, "20 events, 1 to 20, the chain is whole\n"))

    def test_edited(self):
        self.put([l.replace(b"event 6 ", b"event 9 ") for l in self.lines])
        self.assertFault(f"{self.log}:7: event 7 was edited", "1 faults")

    def test_removed(self):
        self.put(self.lines[:7] + self.lines[8:])
        self.assertFault(f"{self.log}:8: event 8 was removed before this line", "1 faults")
        self.put(self.lines[:7] + self.lines[10:])
        self.assertFault(f"{self.log}:8: events 8 to 10 were removed before this line")

    def test_reordered(self):
        self.put(self.lines[:5] + [self.lines[6], self.lines[5]] + self.lines[7:])
        self.assertFault("event 6 was removed before this line",
                         f"{self.log}:7: event 6 stands in the wrong place")

    def test_doubled(self):
        self.put(self.lines[:5] + [self.lines[4]] + self.lines[5:])
        self.assertFault(f"{self.log}:6: event 5 stands here again", "1 faults")

    def test_truncated(self):
        self.put(self.lines[:15])
        self.assertFault("the end is missing: the last event is 15, 20 was written")

    def test_cut(self):
        with open(self.log, "r+b") as f:
            f.truncate(os.path.getsize(self.log) - 9)
        self.assertFault(f"{self.log}:20: is cut")

    def test_foreign(self):
        self.put(self.lines[:3] + [b"{}", b"\xff\x00" * 40] + self.lines[3:])
        self.assertFault(f"{self.log}:4: is not a line of this log", f"{self.log}:5: is not",
                         "2 faults")

    def test_a_cut_line_is_cut_off_and_the_chain_goes_on(self):
        with open(self.log, "r+b") as f:
            f.truncate(os.path.getsize(self.log) - 9)
        write(self.place, 5)
        run = verify(self.log)
        self.assertEqual((run.returncode, run.stdout),
                         (0, "24 events, 1 to 24, the chain is whole\n"))

    def test_unreadable_files_are_named(self):
        run = verify(os.path.join(self.place, "nothing"))
        self.assertEqual(run.returncode, 1)
        self.assertIn("nothing': -ENOENT", run.stdout)


class Rotation(InPlace):
    def test_our_own_keeps_the_chain(self):
        write(self.place, 500, 100000, 50)
        rotated = sorted(f for f in os.listdir(self.place) if re.fullmatch(r"events.ndjson\.\d+", f))
        self.assertGreater(len(rotated), 3)
        order = sorted(rotated, key=lambda f: -int(f.rsplit(".", 1)[1]))
        run = verify(*(os.path.join(self.place, f) for f in order), self.log)
        self.assertEqual((run.returncode, run.stdout),
                         (0, "500 events, 1 to 500, the chain is whole\n"))

    def test_old_ones_go(self):
        write(self.place, 500, 50000, 3)
        self.assertEqual(sorted(os.listdir(self.place)),
                         ["events.ndjson", "events.ndjson.1", "events.ndjson.2",
                          "events.ndjson.3", "events.ndjson.head"])

    def test_a_rename_by_another_loses_and_cuts_nothing(self):
        child = subprocess.Popen([FIXTURE, "write", self.place, "20000", str(1 << 30), "9"])
        moved = []
        with contextlib.suppress(FileNotFoundError):
            while child.poll() is None:
                time.sleep(0.02)
                moved.append(f"{self.log}-{len(moved):04d}")
                os.rename(self.log, moved[-1])
        self.assertEqual(child.wait(PATIENCE_S), 0)
        self.assertGreater(len(moved), 3)
        files = [f for f in moved if os.path.exists(f)] + [self.log] * os.path.exists(self.log)
        seen = [json.loads(l)["event"]["sequence"] for f in files for l in lines(f)]
        self.assertEqual(seen, list(range(1, 20001)))


class FullDisk(InPlace):
    def test_whole_lines_only_and_on_it_goes(self):
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", self.place],
                                 stderr=subprocess.DEVNULL, check=False).returncode == 0
        needs(mounted, "a tmpfs cannot be mounted")
        self.addCleanup(subprocess.run, ["umount", self.place], check=True)
        run = subprocess.run([FIXTURE, "write", self.place, "2000", str(1 << 30), "9"],
                             check=False, timeout=PATIENCE_S)
        self.assertEqual(run.returncode, 1)
        before = len(lines(self.log))
        self.assertGreater(before, 20)
        self.assertEqual(verify(self.log).returncode, 0)
        subprocess.run(["mount", "-o", "remount,size=8m", self.place], check=True)
        write(self.place, 100)
        run = verify(self.log)
        self.assertEqual(run.stdout, f"{before + 100} events, 1 to {before + 100}, the chain is "
                                     "whole\n")


class Journald(unittest.TestCase):
    @staticmethod
    def someone_listens():
        """The socket's file alone says nothing: it outlives a journald that was ended."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            try:
                s.connect("/run/systemd/journal/socket")
            except OSError:
                return False
        return True

    def test_the_fields_come_back(self):
        daemon = "/lib/systemd/systemd-journald"
        needs(os.path.exists(daemon) and shutil.which("journalctl"), "journald is not installed")
        needs(not self.someone_listens(), "a journald runs already")
        os.makedirs("/run/systemd/journal", exist_ok=True)
        child = subprocess.Popen([daemon], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: child.poll() is not None or self.someone_listens(),
                     "journald's socket")
            needs(child.poll() is None, "journald does not run here")
            sent = subprocess.Popen([FIXTURE, "journal"])
            self.assertEqual(sent.wait(PATIENCE_S), 0)

            def entries():
                out = subprocess.run(["journalctl", "-o", "json", "-t", "vigie", "--no-pager",
                                      f"_PID={sent.pid}"], stdout=subprocess.PIPE, check=False).stdout
                got = [json.loads(l) for l in out.splitlines() if l.startswith(b"{")]
                return got if len(got) >= 240 else None
            got = wait_for(entries, "240 entries in the journal")
        finally:
            child.terminate()
            child.wait(PATIENCE_S)
        found = [e for e in got if "VIGIE_RULE" in e]
        self.assertEqual(len(found), 80)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", e["MESSAGE_ID"]) for e in got))
        self.assertEqual(len({e["MESSAGE_ID"] for e in found}), 15)
        self.assertTrue(all(e["PRIORITY"] in "23467" for e in got))
        self.assertTrue(any("OBJECT_PID" in e for e in found))


if __name__ == "__main__":
    unittest.main()
