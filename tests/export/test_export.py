#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie export` against what `vigie replay` says of the same history, digit by digit.

The golden files beside this script are of tests/golden/recording-606e877; GOLDEN_UPDATE=1 rewrites
them: look at the difference before committing it. $VIGIE and $O are the program and where it was built.
"""
import collections
import csv
import datetime
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest
from decimal import Decimal

from exported import HERE, RECORDING, TABLES, VIGIE, export, hostile_history, read, run, text, vigie

GOLDEN = os.path.join(HERE, "golden")
DEPLOYED = os.path.join(HERE, "..", "..", "deploy", "powerbi")
KEYS = {"hosts": "host_key", "units": "unit_key", "groups": "group_key", "calendar": "date_key"}
REFERS = {
    "samples": {"host_key": "hosts", "unit_key": "units", "group_key": "groups", "date_key": "calendar"},
    "delays": {"host_key": "hosts", "victim_group_key": "groups", "culprit_group_key": "groups",
               "date_key": "calendar"},
    "findings": {"host_key": "hosts", "unit_key": "units", "culprit_unit_key": "units",
                 "date_key": "calendar"},
}
BEFORE_FIGURES = ("time_utc", "date_key", "host_key", "unit_key", "group_key")


def views(documents):
    """JSON objects, one after the other, numbers exact."""
    decoder, at = json.JSONDecoder(parse_float=Decimal), 0
    while documents[at:].strip():
        view, at = decoder.raw_decode(documents, at)
        at += 1
        yield view


def cells_of(line):
    """With their quotes: of a line without line ends in its cells."""
    return re.findall(r'(?:^|,)((?:"(?:[^"]|"")*")|[^,"]*)', line.strip())


class Exports(unittest.TestCase):
    maxDiff = 3000

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def to(self, name="out"):
        return os.path.join(self.place, name)

    def hostile(self):
        to = self.to("hostile")
        return to if os.path.exists(to) else hostile_history(to)


class Golden(Exports):
    def test_bytes(self):
        vigie("export", "--csv", self.to(), "--host", "lab", "--every", "15s", "-g", "unit", RECORDING)
        for name in [table + ".csv" for table in TABLES] + ["export.json"]:
            with open(self.to() + "/" + name, "rb") as file:
                made = file.read()
            if os.environ.get("GOLDEN_UPDATE"):
                with open(os.path.join(GOLDEN, name), "wb") as file:
                    file.write(made)
            with open(os.path.join(GOLDEN, name), "rb") as file:
                self.assertEqual(file.read().split(b"\n"), made.split(b"\n"), name)


class Keys(Exports):
    def check(self, tables):
        for table, key in KEYS.items():
            keys = [row[key] for row in tables[table]]
            self.assertEqual(len(keys), len(set(keys)), f"{table}: one row a key")
        for table, refers in REFERS.items():
            for key, to in refers.items():
                known = {row[KEYS[to]] for row in tables[to]}
                self.assertLessEqual({row[key] for row in tables[table]}, known, f"{table}.{key}")

    def test_all_resolve(self):
        for options in ((), ("-g", "unit"), ("-g", "comm"), ("-g", "pid,unit"), ("--every", "10s")):
            for history in RECORDING, self.hostile():
                with self.subTest(options=options, history=history):
                    self.check(export(self.to(), history, *options))

    def test_they_hold(self):
        """A longer range, another stretch, an export on top: what was there has its key."""
        short = export(self.to("a"), RECORDING, "--from", "2026-11-29 19:05:50", "--to",
                       "2026-11-29 19:05:55")
        long = export(self.to("a"), RECORDING)
        self.check(long)
        for table, name in ("units", "unit"), ("groups", "name"):
            keys = [{row[name]: row[KEYS[table]] for row in tables[table]} for tables in (short, long)]
            both = set(keys[0]) & set(keys[1])
            self.assertGreater(len(both), len(keys[1]) * 2 // 3, "which groups have a place may differ")
            self.assertEqual({name: keys[0][name] for name in both}, {name: keys[1][name] for name in both})

    def test_another_host_has_others(self):
        ours = export(self.to("a"), RECORDING)
        vigie("export", "--csv", self.to("b"), "--host", "other", RECORDING)
        for table in "hosts", "units", "groups":
            theirs = {row[KEYS[table]] for row in read(self.to("b"), table)}
            self.assertFalse(theirs & {row[KEYS[table]] for row in ours[table]})

    def test_names_that_meet_are_two(self):
        tables = export(self.to(), self.hostile(), "-g", "cgroup,comm")
        met = [row for row in tables["groups"] if text(row["name"]) == "/a/b/c"]
        self.assertEqual({(row["cgroup"], row["comm"]) for row in met}, {("/a/b", "c"), ("/a", "b/c")})
        waits = {row["group_key"]: 0 for row in met}
        for row in tables["delays"]:
            if row["victim_group_key"] in waits:
                waits[row["victim_group_key"]] += 1
        self.assertEqual(set(waits.values()), {4})

    def test_the_calendar_has_every_day(self):
        days = export(self.to(), self.hostile())["calendar"]
        self.assertEqual([day["date"] for day in days],
                         ["2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03"])
        for row in days:
            day = datetime.date.fromisoformat(row["date"])
            year, week, weekday = day.isocalendar()
            self.assertEqual({name: int(row[name]) for name in row if name != "date"},
                             {"date_key": int(day.strftime("%Y%m%d")), "year": day.year,
                              "quarter": (day.month + 2) // 3, "month": day.month, "day": day.day,
                              "year_month": int(day.strftime("%Y%m")), "iso_year": year,
                              "iso_week": week, "iso_weekday": weekday})


class Queries(Exports):
    """What deploy/powerbi says of columns is true of the files. That Power Query's parser takes it, and
    more: make test-powerbi."""

    def test_texts_are_named(self):
        to = self.to()
        export(to, RECORDING)
        for table in TABLES:
            with open(f"{to}/{table}.csv", encoding="utf-8") as file:
                header, first = file.readline().strip().split(","), file.readline()
            with open(f"{DEPLOYED}/{table}.pq", encoding="utf-8") as file:
                named = file.read().split('"')[3::2]
            self.assertEqual(named, [name for name, cell in zip(header, cells_of(first)) if cell[:1] == '"'],
                             table)

    def test_measures_name_what_is_there(self):
        tables = export(self.to(), RECORDING)
        with open(f"{DEPLOYED}/measures.dax", encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith("//"))
        used = set(re.findall(r"\b(\w+)\[(\w+)\]", text))
        self.assertGreater(len(used), 12)
        for table, column in used:
            self.assertIn(column, tables[table][0], table)
        made = set(re.findall(r"^([A-Z][\w, ]*?) =", text, re.M))
        self.assertLessEqual(set(re.findall(r"(?<![\w])\[([^\]]+)\]", text)), made)


class Figures(Exports):
    def rows(self, history, *options):
        done = vigie("replay", "-f", "csv", "--top", "0", *options, history).decode()
        rows = [row for row in csv.reader(done.splitlines()) if row[0] != "time_unix_seconds"]
        header = next(csv.reader(done.splitlines()))
        return [dict(zip(header, row)) for row in rows]

    def test_as_replay_has_them(self):
        """Each row of each interval, to the last digit, and no row more."""
        for history in RECORDING, self.hostile():
            for keys in ("unit",), ("unit", "comm"), ("pid", "user"):
                options = ("-g", ",".join(keys))
                tables = export(self.to(), history, *options)
                groups = {row["group_key"]: row for row in tables["groups"]}
                made = []
                for row in tables["samples"]:
                    labels = {key: text(groups[row["group_key"]][key]) for key in keys}
                    labels.update({name: row[name] for name in row if name not in BEFORE_FIGURES})
                    made.append(labels)
                want = self.rows(history, *options)
                for row in want:
                    for key in keys:
                        row[key] = text(row[key])
                    if not row.get("pid", "1").isdigit():
                        row["pid"] = ""
                count = lambda rows: collections.Counter(tuple(sorted(row.items())) for row in rows)
                self.assertEqual(count(made), count(want))

    def test_sums(self):
        """Nothing is lost between the rows: all stretches have the same sums."""
        def sums(rows):
            names = [name for name in rows[0] if name.endswith("_seconds") or "faults" in name
                     or name in ("starts", "migrations", "written_bytes", "exits_normal")]
            names.remove("time_unix_seconds")
            names.remove("interval_seconds")
            return {name: sum(Decimal(row[name]) for row in rows) for name in names}
        want = sums(self.rows(RECORDING))
        self.assertGreater(len(want), 12)
        for every in (), ("--every", "1s"), ("--every", "10s"), ("--every", "1h"):
            self.assertEqual(sums(export(self.to(), RECORDING, *every)["samples"]), want, every)

    def test_delays(self):
        """In each interval the pairs' waits are those that JSON has, and its remainder."""
        for history in RECORDING, self.hostile():
            tables = export(self.to(), history)
            names = {row["group_key"]: text(row["name"]) for row in tables["groups"]}
            made = {}
            for row in tables["delays"]:
                pair = tuple(names[row[who + "_group_key"]] for who in ("victim", "culprit"))
                at = made.setdefault(row["time_unix_seconds"], {})
                at[pair] = at.get(pair, 0) + Decimal(row["wait_seconds"])
            want = {}
            for view in views(vigie("replay", "-f", "json", history).decode()):
                at = {}
                for delay in view["delays"]:
                    pair = delay["victim"], delay["culprit"]
                    pair = tuple("(idle)/(idle)" if name == "(idle)" else name for name in pair)
                    at[pair] = at.get(pair, 0) + delay["wait_seconds"]
                if view["delays_other_seconds"]:
                    other = ("(all other processes)/(all other processes)",) * 2
                    at[other] = at.get(other, 0) + view["delays_other_seconds"]
                if at:
                    want[str(view["time"])] = at
            self.assertEqual(made, want)

    def test_findings(self):
        """A row for each id, with what its events say."""
        rows = {text(row["finding_id"]): row for row in export(self.to(), RECORDING)["findings"]}
        events = [json.loads(line) for line in
                  vigie("replay", "-f", "findings", RECORDING).decode().splitlines()]
        self.assertEqual(set(rows), {event["event"]["id"] for event in events})
        for event in events:
            row = rows[event["event"]["id"]]
            self.assertEqual(text(row["rule"]), event["rule"]["id"])
            self.assertEqual(row["start_utc"], event["event"]["start"][:19].replace("T", " "))
            self.assertEqual(row["ongoing"], "1")
            self.assertEqual(text(row["pattern"]), event["vigie"]["finding"]["pattern"])
            self.assertEqual(float(row["worst"]), event["vigie"]["finding"]["worst"])


class Dialects(Exports):
    def test_the_same_in_all(self):
        plain = export(self.to("plain"), self.hostile())
        for dialect, comma in ("excel", False), ("excel-fr", True), ("excel-de", True):
            tables = export(self.to(dialect), self.hostile(), dialect=dialect)
            for table in TABLES:
                with open(f"{self.to(dialect)}/{table}.csv", "rb") as file:
                    self.assertEqual(file.read(3), b"\xef\xbb\xbf")
                for row, want in zip(tables[table], plain[table], strict=True):
                    for name, cell in row.items():
                        if comma and name.endswith(("_seconds", "observed", "expected", "worst",
                                                    "confidence", "share")):
                            self.assertNotIn(".", cell)
                            cell = cell.replace(",", ".")
                        self.assertEqual(cell, want[name], name)
        with open(self.to("plain") + "/samples.csv", "rb") as file:
            self.assertEqual(file.read(4), b"time")

    def test_names_do_nothing_and_stay_names(self):
        groups = export(self.to(), self.hostile())["groups"]
        comms = [row["comm"] for row in groups]
        for name in ("=1+41", "+1", "-1", "@SUM(A1)", "'quoted", "0012", "1e5", "(5)", "mar1", "TRUE"):
            self.assertIn("'" + name, comms)
        for name in 'a;b,c"d', "tab\\x09here", "line\\x0aend", "\\xff\\xfe", "caf\u00e9":
            self.assertIn(name, comms)
        with open(self.to() + "/groups.csv", "rb") as file:
            for line in file.read().split(b"\r\n"):
                self.assertTrue(all(byte >= 32 for byte in line), line)


class Places(Exports):
    def refused(self, *words, to=None):
        done = run(VIGIE, "export", "--csv", to or self.to(), RECORDING)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        for word in words:
            self.assertIn(word, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)

    def test_what_is_somebody_elses(self):
        os.mkdir(self.to())
        with open(self.to() + "/thesis.txt", "w", encoding="ascii") as file:
            file.write("years")
        self.refused("holds files, but no export", "-ENOTEMPTY")
        for content in "", "{}", '{"schema":"vigie.other/1"}':
            with open(self.to() + "/export.json", "w", encoding="ascii") as file:
                file.write(content)
            self.refused("holds files, but no export", "-ENOTEMPTY")
        os.unlink(self.to() + "/export.json")
        os.mkfifo(self.to() + "/export.json")
        self.refused("holds files, but no export")
        self.assertEqual(sorted(os.listdir(self.to())), ["export.json", "thesis.txt"])

    def test_an_export_of_ours_is_replaced(self):
        export(self.to(), RECORDING, dialect="excel-fr")
        with open(self.to() + "/report.pbix", "w", encoding="ascii") as file:
            file.write("mine")
        export(self.to(), RECORDING)
        with open(self.to() + "/report.pbix", encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")
        self.assertEqual(len(os.listdir(self.to())), len(TABLES) + 2)

    def test_what_cannot_be(self):
        self.refused("cannot make the directory", "-ENOENT", to=self.place + "/no/such")
        with open(self.to("file"), "w", encoding="ascii") as file:
            file.write("x")
        self.refused("cannot write to the directory", "-ENOTDIR", to=self.to("file"))
        os.mkdir(self.to())
        os.mkdir(self.to() + "/export.json")
        self.refused("holds files, but no export")

    def test_a_history_that_is_none_leaves_nothing(self):
        done = run(VIGIE, "export", "--csv", self.to(), self.place)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(os.path.exists(self.to()))

    def test_whole_or_not_at_all(self):
        """Where the disk is full, what was there is as it was, and nothing else is there."""
        export(self.to(), RECORDING)
        before = {name: os.stat(f"{self.to()}/{name}").st_ino for name in os.listdir(self.to())}
        for to in self.to(), self.to("new"):
            done = subprocess.run(["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 64; exec "$@"', "sh", VIGIE,
                                   "export", "--csv", to, RECORDING], capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(b"-EFBIG", done.stderr)
        self.assertEqual({name: os.stat(f"{self.to()}/{name}").st_ino for name in os.listdir(self.to())},
                         before)
        self.assertFalse(os.path.exists(self.to("new")))


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    unittest.main()
