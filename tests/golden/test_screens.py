#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie top` of a history, key by key, against the committed screens.

Owns: which keys in which size make which file of tests/golden/screens. GOLDEN_UPDATE=1 rewrites
them: look at the difference before committing it. No root, no terminal, no clock: the moment is the
history's.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

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
    "detail-gone": ("80x24", "N / p a t i e n t Enter Enter { {", ()),
    "sample-before": ("80x24", "T", ()),
    "first-sample": ("80x24", "{ T", ()),
    "finding-before": ("100x24", "N", ()),
    "finding-before-that": ("100x24", "N N", ()),
    "finding-next": ("100x24", "{ n", ()),
    "moment": ("80x24", "b 2 0 2 6 - 1 1 - 2 9 T 1 9 : 0 5 : 0 0 Z Enter", ()),
    "moment-wrong": ("80x24", "b n e v e r Enter", ()),
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


if __name__ == "__main__":
    unittest.main()
