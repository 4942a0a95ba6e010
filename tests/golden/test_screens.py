#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie top` of a history, key by key, against the committed screens.

Owns: which keys in which size make which file of tests/golden/screens. GOLDEN_UPDATE=1 rewrites
them: look at the difference before committing it. No root, no terminal, no clock: the moment is the
history's.
"""
import datetime
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
VIGIE = os.path.abspath(os.environ.get("VIGIE", "build/vigie"))
RECORDING = os.path.join(HERE, "recording-606e877")
SCREENS = os.path.join(HERE, "screens")

# name: (size, keys, further options)
CASES = {
    "list-60x15": ("60x15", "", ()),
    "list-80x24": ("80x24", "", ()),
    "list-200x50": ("200x50", "", ()),
    "list-300x100": ("300x100", "Home", ()),
    "ascii-80x24": ("80x24", "", ("--ascii",)),
    "mono-80x24": ("80x24", "Down", ("--colours", "mono")),
    "16-80x24": ("80x24", "Down", ("--colours", "16")),
    "256-80x24": ("80x24", "Down", ("--colours", "256")),
    "unit-waits": ("80x24", "Tab Tab W", ()),
    "filter": ("80x24", "/ v i g i e Enter", ()),
    "filter-typed": ("80x24", "/ n o n e", ()),
    "help-80x24": ("80x24", "?", ()),
    "help-60x15": ("60x15", "? PgDn", ()),
    "detail": ("100x30", "N / p a t i e n t Enter Enter", ()),
    "detail-first": ("80x24", "N / p a t i e n t Enter Enter { {", ()),
    "detail-gone": ("80x24", "N / c c 1 Enter Enter {", ()),
    "sample-before": ("80x24", "T", ()),
    "first-sample": ("80x24", "{ T", ()),
    "finding-before": ("100x24", "N", ()),
    "finding-before-that": ("100x24", "N N", ()),
    "finding-next": ("100x24", "{ n", ()),
    "moment": ("80x24", "b 2 0 2 6 - 1 1 - 2 9 T 1 9 : 0 5 : 0 0 Z Enter", ()),
    "moment-wrong": ("80x24", "b n e v e r Enter", ()),
    "click-row": ("80x24", "Click-30,12", ("--colours", "mono")),
    "click-title": ("80x24", "Click-62,7 Click-45,7 Click-70,7 Click-70,0", ("--colours", "mono")),
    "wheel": ("60x15", "Click-5,9 Wheel-Down Wheel-Down Wheel-Up", ()),
    "too-small": ("30x5", "", ()),
}


class Screens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        shutil.copytree(os.path.join(RECORDING, "ring"), os.path.join(cls.place.name, "ring"))
        shutil.copy(os.path.join(RECORDING, "findings.ndjson"),
                    os.path.join(cls.place.name, "events.ndjson"))

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def screen(self, size, keys, *options):
        """In that directory, so that its path is "." wherever this runs."""
        run = subprocess.run([VIGIE, "top", "--recording", ".", "--size", size, "--script", keys,
                              "--save-screen", "-", *options], cwd=self.place.name, check=False,
                             env={"TZ": "UTC", "LC_ALL": "C", "TERM": "dumb"},
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        return run.stdout.decode()

    def test_against_the_files(self):
        for name, (size, keys, options) in CASES.items():
            with self.subTest(name):
                made = self.screen(size, keys, *options)
                path = os.path.join(SCREENS, name + ".txt")
                if os.environ.get("GOLDEN_UPDATE"):
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(made)
                with open(path, encoding="utf-8") as file:
                    self.assertEqual(made, file.read())

    def test_a_row_that_is_not_there(self):
        """In detail it says so, and is found again where it is."""
        keys = "N / c c 1 Enter Enter"
        says = re.compile(r"^10625/cc1/batch\.service was not there at this moment$", re.M)
        self.assertNotRegex(self.screen("80x24", keys), says)
        self.assertRegex(self.screen("80x24", keys + " {"), says)
        self.assertRegex(self.screen("80x24", keys + " { b 2 0 2 6 - 1 1 - 2 9 T 1 9 : 0 5 : 4 5 Z Enter"),
                         r"(?m)^10625/cc1/batch\.service: 1 process")

    def test_the_manual_has_the_keys(self):
        with open(os.path.join(HERE, "..", "..", "docs", "top.md"), encoding="utf-8") as file:
            listed = re.search(r"(?s)\n\n((?:    [^\n]+\n)+)\nThe mouse", file.read())[1]
        screen = self.screen("63x60", "?").split("\n")
        first = next(i for i, line in enumerate(screen) if line.startswith("Up k "))
        last = next(i for i, line in enumerate(screen) if line.startswith("q Ctrl-C "))
        self.assertEqual([line.strip() for line in listed.rstrip("\n").split("\n")], screen[first:last + 1])

    def test_files_are_those_of_the_table(self):
        self.assertEqual({name + ".txt" for name in CASES}, set(os.listdir(SCREENS)))

    def test_lines_and_columns_are_those_of_the_size(self):
        for size in ("40x8", "60x15", "132x43"):
            width, height = map(int, size.split("x"))
            lines = self.screen(size, "", "--ascii").split("\n")
            self.assertEqual(len(lines), height + 1)
            self.assertLessEqual(max(map(len, lines)), width)

    def test_ascii_is_ascii_and_colours_are_only_sequences(self):
        self.screen("100x30", "Enter", "--ascii").encode("ascii")
        plain = self.screen("100x30", "Down")
        for depth in ("mono", "16", "256"):
            coloured = self.screen("100x30", "Down", "--colours", depth)
            self.assertIn("\033[", coloured)
            text = "\n".join(line.rstrip() for line in re.sub("\033\\[[0-9;]*m", "", coloured).split("\n"))
            self.assertEqual(text, plain)

    def test_back_and_forth_is_where_one_was(self):
        here = self.screen("100x30", "T T T")
        self.assertEqual(self.screen("100x30", "T T T T T t t"), here)
        self.assertEqual(self.screen("100x30", "T T T Tab Tab Shift-Tab Shift-Tab"), here)

    def test_unknown_keys_are_refused(self):
        run = subprocess.run([VIGIE, "top", "--recording", ".", "--script", "T nonsense"], check=False,
                             cwd=self.place.name, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"'nonsense' is no key", run.stderr)


ENTRY = struct.Struct("<4s4BII QQ II")


def entries_of(segment):
    """The entries of a segment, each as it travels: by itself, inflated."""
    found, at = [], 48
    while at < len(segment):
        magic, key, deflated, version, zero, stored, raw, time_ns, wall_ns, _, _ = ENTRY.unpack_from(segment, at)
        data = segment[at + ENTRY.size:at + ENTRY.size + stored]
        data = zlib.decompress(data) if deflated else data
        head = ENTRY.pack(magic, key, 0, version, zero, raw, raw, time_ns, wall_ns, zlib.crc32(data), 0)
        found.append((at, key, head[:-4] + struct.pack("<I", zlib.crc32(head[:-4])) + data))
        at += ENTRY.size + stored
    return found


class Serving:
    """A state directory with a ring of that many entries, and behind its socket the last seconds of it."""

    def __init__(self, kept):
        self.place = tempfile.TemporaryDirectory()
        with open(os.path.join(RECORDING, "ring", "00000001.seg"), "rb") as file:
            segment = file.read()
        entries = entries_of(segment)
        os.mkdir(os.path.join(self.place.name, "ring"))
        with open(os.path.join(self.place.name, "ring", "00000001.seg"), "wb") as file:
            file.write(segment[:entries[kept][0] if kept < len(entries) else len(segment)])
        last_key = [i for i, (_, key, _) in enumerate(entries) if key][-1]
        self.body = b"".join(bytes_ for _, _, bytes_ in entries[last_key:])
        self.socket = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        self.socket.bind(os.path.join(self.place.name, "socket"))
        self.socket.listen()
        threading.Thread(target=self.answer, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
        self.socket.close()
        self.place.cleanup()

    def answer(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection:
                if connection.recv(4096):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.vigie.entries\r\n\r\n"
                                       + self.body)

    def screen(self, keys, *options):
        run = subprocess.run([VIGIE, "top", "--state-dir", ".", "--interval", "100ms", "--size", "80x24",
                              "--script", keys, "--save-screen", "-", *options], cwd=self.place.name,
                             check=False, env={"TZ": "UTC", "LC_ALL": "C"}, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=600)
        assert (run.returncode, run.stderr) == (0, b""), run
        return run.stdout.decode()


def moment(screen):
    return re.match(r" (\S+ \S+)  (LIVE|FROZEN|PAST)", screen).groups()


def rows(screen):
    """The first dozen: what else stands above them takes one line or two."""
    return re.search(r"(?m)^ *PID COMMAND.*(\n.*){12}", screen)[0]


class Served(unittest.TestCase):
    """What is served stands in the history, too, all of it or most: a moment is there once."""

    def test_back_and_on_as_in_the_history_alone(self):
        with Serving(kept=1 << 20) as whole, Serving(kept=40) as shorter:
            for keys in ("T", " ".join("T" * 18 + "t" * 5)):  # more than are served
                alone = whole.screen(keys, "--recording", ".")
                for serving in (whole, shorter):
                    with self.subTest(keys=keys, shorter=serving is shorter):
                        served = serving.screen(keys)
                        self.assertEqual(moment(served), moment(alone))
                        self.assertEqual(rows(served), rows(alone))

    def test_live_frozen_past(self):
        """FROZEN is where one looked as it was frozen; wherever one goes from there or from LIVE is PAST."""
        with Serving(kept=40) as serving:
            for keys, time in (("", "LIVE"), ("Space", "FROZEN"), ("Space Tab", "FROZEN"), ("T", "PAST"),
                               ("Space T", "PAST"), ("T Space", "LIVE"), ("N", "PAST")):
                with self.subTest(keys):
                    self.assertEqual(moment(serving.screen(keys))[1], time)


class Damaged(unittest.TestCase):
    """One entry that cannot be read, and what follows from it up to the next key."""

    LOST, KEY = 20, 32  # of 46

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(RECORDING, "ring", "00000001.seg"), "rb") as file:
            cls.segment = bytearray(file.read())
        cls.entries = entries_of(cls.segment)

    def screen(self, keys, *lost, size="100x30"):
        segment = bytearray(self.segment)
        for i in lost:
            segment[self.entries[i][0] + ENTRY.size + 3] ^= 0xff
        with tempfile.TemporaryDirectory() as place:
            os.mkdir(os.path.join(place, "ring"))
            with open(os.path.join(place, "ring", "00000001.seg"), "wb") as file:
                file.write(segment)
            run = subprocess.run([VIGIE, "top", "--recording", ".", "--size", size, "--script", keys,
                                  "--save-screen", "-"], cwd=place, check=False, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env={"TZ": "UTC", "LC_ALL": "C"})
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        return run.stdout.decode()

    def at(self, i):
        wall_ns = ENTRY.unpack_from(self.entries[i][2])[8]
        return datetime.datetime.fromtimestamp(wall_ns // 10**9, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")

    def test_steps_over_it(self):
        to_key = " ".join("T" * (len(self.entries) - 1 - self.KEY))
        for keys, i in (("", self.KEY), (" T", self.LOST - 1), (" T t", self.KEY), (" T T", self.LOST - 2),
                        (" T Tab Shift-Tab", self.LOST - 1)):
            with self.subTest(keys):
                damaged = self.screen(to_key + keys, self.LOST)
                self.assertEqual(moment(damaged)[0], self.at(i))
        damaged = self.screen(to_key + " T", self.LOST)
        self.assertIn("was passed over", damaged.split("\n")[-2])
        whole = self.screen(" ".join("T" * (len(self.entries) - self.LOST)))
        self.assertEqual(rows(damaged), rows(whole))

    def test_begins_before_it(self):
        last = len(self.entries) - 1
        screen = self.screen("", self.KEY)  # and all that follows
        self.assertEqual(moment(screen)[0], self.at(self.KEY - 1))
        self.assertEqual(moment(self.screen("Tab t", self.KEY))[0], self.at(self.KEY - 1))
        self.assertIn(" by name", self.screen("Tab", self.KEY).split("\n")[0])
        self.assertEqual(moment(self.screen("", last))[0], self.at(last - 1))

    def test_a_trail_goes_on_behind_it(self):
        """Of the two dozen before a dozen is lost, and of the key behind them we do not know since when."""
        keys = " ".join("T" * 3) + " Enter"
        self.assertIn("where its time went in 24 samples", self.screen(keys))
        last = len(self.entries) - 1 - 3
        behind = last - self.KEY
        self.assertIn(f"where its time went in {behind + self.LOST - (last - 24)} samples",
                      self.screen(keys, self.LOST))


if __name__ == "__main__":
    unittest.main()
