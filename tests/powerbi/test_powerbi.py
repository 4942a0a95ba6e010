#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""An export in the hands of others: Microsoft's parser of Power Query, LibreOffice, openpyxl.

Needs node and npm (and once a registry), libreoffice-calc and python3-openpyxl; what is missing is
skipped. $VIGIE and $O are the program and where it was built.
"""
import glob
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
from exported import O, RECORDING, TABLES, export, hostile_history  # noqa: E402

try:
    import openpyxl
except ImportError:
    openpyxl = None

QUERIES = os.path.join(HERE, "..", "..", "deploy", "powerbi")
# How an office of that language opens it: separator, Windows' number of the language.
OPENED = {"plain": (44, 1033), "excel": (44, 1033), "excel-fr": (59, 1036), "excel-de": (59, 1031)}


def node_packages():
    """Where they are, installed as the lock file has them, or why not."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise unittest.SkipTest("npm and node are not installed")
    place = os.path.join(os.path.abspath(O), "powerbi")
    os.makedirs(place, exist_ok=True)
    if not os.path.isdir(os.path.join(place, "node_modules", "@microsoft")):
        for name in "package.json", "package-lock.json":
            shutil.copy(os.path.join(HERE, name), place)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place,
                              capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise unittest.SkipTest("npm reaches no registry: " + done.stderr.strip().split("\n")[-1])
    return os.path.join(place, "node_modules")


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = node_packages()

    def parse(self, *files):
        done = subprocess.run(["node", os.path.join(HERE, "parse.js"), *files], capture_output=True,
                              text=True, timeout=120, env=dict(os.environ, NODE_PATH=self.packages))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_all_parse(self):
        files = sorted(glob.glob(QUERIES + "/*.pq"))
        self.assertGreaterEqual(len(files), len(TABLES) + 2)
        self.assertEqual(self.parse(*files), ["ok " + file for file in files])

    def test_a_broken_one_does_not(self):
        with open(QUERIES + "/VigieTable.pq", encoding="utf-8") as file:
            text = file.read()
        with tempfile.NamedTemporaryFile("w", suffix=".pq") as broken:
            for spoilt in text.replace(") as table =>", ") as table", 1), text[:-10], text.replace('"', "", 1):
                broken.seek(0)
                broken.truncate()
                broken.write(spoilt)
                broken.flush()
                self.assertFalse(self.parse(broken.name)[0].startswith("ok "))


@unittest.skipUnless(shutil.which("soffice"), "libreoffice-calc is not installed")
@unittest.skipUnless(openpyxl, "python3-openpyxl is not installed")
class Spreadsheet(unittest.TestCase):
    """Opened as by a double click: quoted cells are looked at, special numbers are sought, formulas run."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def opened(self, directory, dialect):
        separator, language = OPENED[dialect]
        options = f"CSV:{separator},34,76,1,,{language},false,true,false,false,false,-1,true"
        done = subprocess.run(
            ["soffice", "--headless", f"-env:UserInstallation=file://{self.place}/office",
             f"--infilter={options}", "--convert-to", "xlsx", "--outdir", f"{directory}/xlsx",
             *(f"{directory}/{table}.csv" for table in TABLES)],
            capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        sheets = {}
        for table in TABLES:
            rows = openpyxl.load_workbook(f"{directory}/xlsx/{table}.xlsx").active.values
            header = next(rows)
            sheets[table] = [dict(zip(header, row)) for row in rows]
        return sheets

    def compare(self, cell, value, name):
        """A cell of the file, as plain csv reads it, and what the spreadsheet made of it."""
        if name.endswith("_utc") or name == "date":
            self.assertEqual(str(value)[:len(cell)] if value else "", cell, name)
        elif name in self.texts:
            self.assertEqual(value or "", cell, name)
            self.assertFalse(str(value).startswith("="), name)
        elif cell == "":
            self.assertIsNone(value, name)
        else:
            self.assertIsInstance(value, (int, float), f"{name}: {cell}")
            self.assertTrue(math.isclose(value, float(cell.replace(",", ".")), rel_tol=1e-14), (name, cell, value))

    texts = frozenset()

    def check(self, history):
        for dialect in OPENED:
            to = os.path.join(self.place, dialect)
            tables = export(to, history, "--every", "5s", dialect=dialect)
            sheets = self.opened(to, dialect)
            for table in TABLES:
                self.texts = text_columns(to, table)
                self.assertEqual(len(sheets[table]), len(tables[table]), (dialect, table))
                for row, sheet in zip(tables[table], sheets[table]):
                    self.assertEqual(list(row), list(sheet))
                    for name, cell in row.items():
                        with self.subTest(dialect=dialect, table=table, column=name):
                            self.compare(cell, sheet[name], name)

    def test_a_recording(self):
        self.check(RECORDING)

    def test_names_that_mean_harm(self):
        self.check(hostile_history(os.path.join(self.place, "history")))


def text_columns(directory, table):
    """Those whose cells are in quotes, and keys."""
    with open(f"{directory}/{table}.csv", encoding="utf-8-sig", newline="") as file:
        header = file.readline().rstrip().replace(";", ",").split(",")
    keys = {name for name in header if name.endswith("_key") and name != "date_key"}
    with open(f"{QUERIES}/{table}.pq", encoding="utf-8") as file:
        named = set(file.read().split('"')[1::2]) & set(header)
    return keys | named


if __name__ == "__main__":
    unittest.main()
