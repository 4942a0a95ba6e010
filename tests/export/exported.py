# SPDX-License-Identifier: GPL-2.0-only
"""An export as whoever imports it sees it: made, read back by plain csv, keys looked up."""
import csv
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
VIGIE = os.environ.get("VIGIE", "build/vigie")
O = os.environ.get("O", "build")
RECORDING = os.path.join(HERE, "..", "golden", "recording-606e877")
TABLES = ("hosts", "units", "groups", "calendar", "samples", "delays", "findings")
SEPARATORS = {"plain": ",", "excel": ",", "excel-fr": ";", "excel-de": ";"}


def run(*argv):
    return subprocess.run(argv, env=dict(os.environ, TZ="UTC"), capture_output=True, timeout=120)


def vigie(*arguments):
    done = run(VIGIE, *arguments)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


def export(to, history, *options, dialect="plain"):
    """{table: [rows]}"""
    vigie("export", "--csv", to, "--host", "lab", "--dialect", dialect, *options, history)
    return {table: read(to, table, dialect) for table in TABLES}


def read(directory, table, dialect="plain"):
    with open(os.path.join(directory, table + ".csv"), newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file, delimiter=SEPARATORS[dialect], strict=True))
    header = rows.pop(0)
    for row in rows:
        if len(row) != len(header):
            raise AssertionError(f"{table}: {row}")
    return [dict(zip(header, row)) for row in rows]


def text(cell):
    """What a name was before the apostrophe that keeps it from being more than a name."""
    return cell[1:] if cell.startswith("'") else cell


def hostile_history(directory):
    done = run(os.path.join(O, "tests/export/history"), directory)
    if done.returncode:
        raise AssertionError(done.stderr)
    return directory
