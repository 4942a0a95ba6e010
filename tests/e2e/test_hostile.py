#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hostile names: a process may be called any 15 bytes, a cgroup any 255.

Owns: what a page, a table, JSON and CSV look like while such processes run, read by a real
Prometheus (both dialects), the strict Python parser, promtool and the rules themselves.
shown() is written from the words of user/base/text.h, not from its code.
"""
import contextlib
import csv
import io
import json
import os
import re
import subprocess
import unicodedata
import unittest

import lib
from lib import VIGIE, Page, Serve, wait_for
from scraping import (CLASSIC, OPENMETRICS, Actor, ClassicOnly, Prometheus, faults, fetch,
                      on_terminal)

BOSS = "boss"
LODGER = "lodger"

LISTED = [
    b"a\nb 1\n# EOF\n", b"# EOF", b'q"\\},x="1', b'q"},x="1', b'{le="+Inf"} 1', b"\n",
    b"\xff\xfe\xfd", "同".encode() + b"\xe6\xad", "🐙🐙🐙🐙".encode(), "步步步步步".encode(),
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
    b"\xf5\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xc2", b"\xe2\x82", b"\x80", b"a\xc3(",
    b"", b"(no name)", b" ", b" " * 15, b"\x01" * 15, b"\x7f", b"\t",
    b"\x1b[31m", b"\x1b]0;x\x07", b"\x9b", b"\xc2\x9b31m", b"\xc2\x85", b"\r", b"a\r\nb",
    "\u202eabc".encode(), "\u2066a\u2069".encode(), "\u200fx".encode(), "\u061c".encode(),
    "\u2028".encode(), "\u2029".encode(), "\ufffe".encode(), "\ufdd0".encode(), "\ufffd".encode(),
    b"<img src=x o>", b"</script>", b"%s%n%x", b"%1$n", b"../..", b"../../etc", b"/", b".",
    b"\\", b"\\\\", b"\\n", b"\\x0a", b"\\x5c", b"\\u{202e}", b"\\x2d", b"a\\",
    b"=cmd|' /C x'!A0", b"+1", b"-1", b"@x", b"'", b'"', b'""', b"a,b;c", b"`id`", b"$(id)",
    b"NaN", b"null", b"comm", b"kworker/0:1", b"(all other proc",
]
EVERY_BYTE = [bytes(range(i, min(i + 11, 256))) for i in range(1, 256, 11)]
EACH_BYTE_ALONE = [bytes([i]) for i in range(1, 256)]

CGROUPS = [
    b'q"},x="1', b"\xff\xfe\xfd", "同".encode() + b"\xe6\xad", b"\x1b[31m", b"a b", b"\x01\r\t",
    b"back\\slash", b"\\x0a", "\u202edrow".encode(), b"%s%n", b"<img src=x>", b"# EOF", b"}",
    b"'=1+1", "🐙".encode() * 60,
]
LONG_CGROUPS = [b"l" * 254 + b"1", b"l" * 254 + b"2", b"\xfe" * 255]

# Embeddings, overrides and isolates are classes of their own in the Unicode database.
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"\u061c", "\u200e", "\u200f"}


def character(raw):
    """The character that raw begins with, or None."""
    for n in range(1, 5):
        with contextlib.suppress(UnicodeDecodeError):
            if len(raw) >= n:
                return raw[:n].decode("utf-8")
    return None


def is_dangerous(c):
    return (unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in MARKS or
            unicodedata.bidirectional(c) in BIDI or
            0xfdd0 <= ord(c) <= 0xfdef or ord(c) & 0xfffe == 0xfffe)


def reads_like_an_escape(raw):
    """Would a backslash left alone here be taken for an escape of a byte that is escaped?"""
    if raw.startswith(b"\\u{"):
        return True
    found = re.match(rb"\\x([0-9a-f]{2})", raw)
    byte = int(found.group(1), 16) if found else None
    return found and (byte < 0x20 or byte >= 0x7f or byte == 0x5c)


def shown(raw):
    """A name as text.h says that it is shown."""
    text, raw = "", bytes(raw)
    while raw:
        c = character(raw)
        size = len(c.encode()) if c else 1
        if c is None or size == 1 and (is_dangerous(c) or c == "\\" and reads_like_an_escape(raw)):
            text += "\\x%02x" % raw[0]
        elif is_dangerous(c):
            text += "\\u{%04x}" % ord(c)
        else:
            text += c
        raw = raw[size:]
    return text or "(no name)"


def comm(raw):
    """What the kernel keeps of it."""
    return raw[:15]


def unsafe(raw):
    """Bytes that are no text, and characters that a terminal or a parser would obey."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return [str(error)]
    return sorted({f"U+{ord(c):04X}" for c in text if is_dangerous(c) and c != "\n"})


class HostileCgroup:
    """A cgroup of any name in the hierarchy that vigie reads names from."""

    def __init__(self, raw):
        self.path = os.path.join(os.fsencode(lib.doctor()["cgroup_mount"]), raw)
        os.mkdir(self.path)

    def enter(self):
        with open(os.path.join(self.path, b"cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(os.getpid()))

    def remove(self):
        def removed():
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            return not os.path.exists(self.path)
        wait_for(removed, f"{self.path!r} to be empty")


class Crowd:
    """Processes of these names in one cgroup; .pids says which is which."""

    def __init__(self, names, unit):
        self.unit, self.names = unit, names

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            cgroup = HostileCgroup(self.unit.encode())
            stack.callback(cgroup.remove)
            self.boss = stack.enter_context(Actor(BOSS, cgroup))
            self.pids = {self.boss.spawn(name): comm(name) for name in self.names}
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def expected(self):
        return {shown(raw) for raw in self.pids.values()} | {BOSS}


class Lodgers:
    """One process, called lodger, in each cgroup."""

    def __init__(self, names):
        self.names = names

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for name in self.names:
                cgroup = HostileCgroup(name)
                stack.callback(cgroup.remove)
                stack.enter_context(Actor(LODGER, cgroup))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()


def unit_name(what):
    return f"vigie-e2e-{what}-{os.getpid()}"


def setUpModule():
    lib.needs_watching()


class Oracle(unittest.TestCase):
    def test_the_catalogue_has_every_byte(self):
        self.assertEqual(set(b"".join(EVERY_BYTE)), set(range(1, 256)))
        self.assertEqual(set(b"".join(comm(n) for n in LISTED)) & set(b"\n\r\x1b\x9b\"\\"),
                         set(b"\n\r\x1b\x9b\"\\"))

    def test_shown_keeps_names_apart(self):
        raw = {comm(n) for n in LISTED + EVERY_BYTE + EACH_BYTE_ALONE} - {b""}
        self.assertEqual(len({shown(n) for n in raw}), len(raw))
        self.assertEqual(shown(b"a\nb"), "a\\x0ab")
        self.assertEqual(shown("同".encode() + b"\xe6\xad"), "同\\xe6\\xad")
        self.assertEqual(shown(b"\xc2\x9b"), "\\u{009b}")


class HostilePage(unittest.TestCase):
    """One daemon, one crowd, two Prometheuses."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.crowd = cls.stack.enter_context(Crowd(LISTED + EVERY_BYTE, unit_name("crowd")))
        cls.daemon = cls.stack.enter_context(Serve("--max-groups", "400"))
        cls.lodgers = cls.stack.enter_context(Lodgers(CGROUPS + LONG_CGROUPS))
        classic = cls.stack.enter_context(ClassicOnly(cls.daemon.port))
        cls.prometheus = cls.stack.enter_context(
            Prometheus({"openmetrics": cls.daemon.port, "classic": classic.port}))

    def test_rules_and_parsers(self):
        self.assertEqual(faults(fetch(self.daemon, OPENMETRICS), fetch(self.daemon, CLASSIC)), [])

    def test_no_byte_that_a_terminal_obeys(self):
        for accept in (OPENMETRICS, CLASSIC):
            self.assertEqual(unsafe(fetch(self.daemon, accept)), [])

    def test_each_name_has_its_series(self):
        for accept in (OPENMETRICS, CLASSIC):
            page = Page(fetch(self.daemon, accept).decode())
            found = page.all("vigie_process_processes", unit=self.crowd.unit)
            comms = [dict(key)["comm"] for key in found]
            self.assertEqual(set(comms), self.crowd.expected())
            self.assertEqual(len(comms), len(set(comms)))

    def test_names_that_look_alike_are_merged_not_duplicated(self):
        page = self.daemon.scrape()
        self.assertEqual(page.one("vigie_process_processes", unit=self.crowd.unit,
                                  comm="(no name)"), 2)
        self.assertEqual(page.sum("vigie_process_processes", unit=self.crowd.unit),
                         len(self.crowd.pids) + 1)

    def test_every_family_has_the_same_groups(self):
        page = self.daemon.scrape()
        per_family = {}
        for name, labels in page.samples:
            if ("unit", self.crowd.unit) in labels and "comm" in dict(labels):
                per_family.setdefault(name, set()).add(dict(labels)["comm"])
        self.assertGreater(len(per_family), 15)
        for name, comms in per_family.items():
            self.assertEqual(comms, self.crowd.expected(), name)

    def test_hostile_cgroups(self):
        def all_there():
            page = self.daemon.scrape()
            found = page.all("vigie_process_processes", comm=LODGER)
            return found if len(found) == len(CGROUPS + LONG_CGROUPS) else None
        found = wait_for(all_there, "a series for each lodger", every_s=0.2)
        units = {dict(key)["unit"] for key in found}
        short = {shown(raw) for raw in CGROUPS if len(shown(raw).encode()) <= 128}
        self.assertEqual(short - units, set())
        rest = units - short
        self.assertEqual(len(rest), len(CGROUPS + LONG_CGROUPS) - len(short))
        for unit in rest:
            self.assertRegex(unit, r"~[0-9a-f]{8}\Z")
            self.assertLessEqual(len(unit.encode()), 128)

    def test_prometheus_reads_every_scrape(self):
        """Both dialects; every series, every name, nothing twice."""
        self.prometheus.wait_scrapes(5)
        page = self.daemon.scrape()
        for job in self.prometheus.targets:
            with self.subTest(job):
                n, failed = self.prometheus.scrapes(job)
                self.assertGreaterEqual(n, 5)
                # The page is as hostile each time; one may be late on a busy host.
                self.assertLess(failed, .3 * n)
                found = self.prometheus.query(
                    f'count by (comm) (vigie_process_processes{{job="{job}",'
                    f'unit="{self.crowd.unit}"}})')
                self.assertEqual({labels["comm"] for labels, _ in found}, self.crowd.expected())
                self.assertEqual({value for _, value in found}, {1})
                scraped = self.prometheus.value(f'scrape_samples_scraped{{job="{job}"}}')
                kept = self.prometheus.value(
                    f'scrape_samples_post_metric_relabeling{{job="{job}"}}')
                self.assertEqual(scraped, kept)
                self.assertLess(abs(scraped - len(page.samples)), 0.2 * len(page.samples))
        self.assertEqual(self.prometheus.duplicates(), 0)

    def test_prometheus_finds_a_forger_by_its_escaped_name(self):
        self.prometheus.wait_scrapes(1)
        for raw in (b"a\nb 1\n# EOF\n", b'q"\\},x="1', b"\xff\xfe\xfd", b"\x1b[31m"):
            selector = json.dumps(shown(comm(raw)), ensure_ascii=False)
            self.assertEqual(self.prometheus.value(
                f'vigie_process_processes{{job="openmetrics",unit="{self.crowd.unit}",'
                f'comm={selector}}}'), 1)


class NewlineInCgroup(unittest.TestCase):
    def test_the_kernel_or_we_refuse_it(self):
        """The kernel has refused it since 3.16; where one does not, the page must hold."""
        try:
            cgroup = HostileCgroup(b"vigie\nb 1\n# EOF")
        except OSError:
            return
        self.addCleanup(cgroup.remove)
        with Actor(LODGER, cgroup), Serve() as daemon:
            self.assertEqual(faults(fetch(daemon), fetch(daemon, CLASSIC)), [])


class DeepCgroup(unittest.TestCase):
    """A path as long as that of docker in a pod of a kind cluster, and longer than an event's."""

    def test_a_long_path_is_whole(self):
        parts = [b"d" * 180, b"e" * 180, b"f" * 180]
        paths = [b"/".join(parts[:n + 1]) for n in range(len(parts))]
        cgroups = []
        for path in paths:
            cgroups.append(HostileCgroup(path))
            self.addCleanup(cgroups[-1].remove)
        with Actor(LODGER, cgroups[-1]) as lodger:
            run = subprocess.run([VIGIE, "once", "--interval", "50ms", "--top", "0",
                                  "--group-by", "pid,cgroup", "--format", "json"],
                                 stdout=subprocess.PIPE, check=True)
            rows = json.loads(run.stdout)["processes"]
            found = {int(r["labels"]["pid"]): r["labels"]["cgroup"] for r in rows}
            self.assertEqual(found[lodger.pid], "/" + paths[-1].decode())


class HostileOnce(unittest.TestCase):
    """`vigie once` with 255 names of one byte, and the catalogue."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.crowd = cls.stack.enter_context(Crowd(EACH_BYTE_ALONE + LISTED, unit_name("once")))

    def once(self, *args):
        run = subprocess.run([VIGIE, "once", "--interval", "50ms", "--top", "0", *args],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        return run.stdout

    def assertNames(self, found):
        """found: pid -> name."""
        wrong = {pid: (raw, found.get(pid)) for pid, raw in self.crowd.pids.items()
                 if found.get(pid) != shown(raw)}
        self.assertEqual(wrong, {})

    def test_json(self):
        out = self.once("--format", "json")
        self.assertEqual(unsafe(out), [])
        rows = json.loads(out)["processes"]
        self.assertNames({int(r["labels"]["pid"]): r["labels"]["comm"] for r in rows})

    def test_csv(self):
        out = self.once("--format", "csv")
        self.assertEqual(unsafe(out.replace(b"\r\n", b"\n")), [])
        rows = list(csv.DictReader(io.StringIO(out.decode(), newline=""), strict=True))
        self.assertEqual({len(r) for r in rows}, {len(rows[0])})
        for row in rows:
            self.assertFalse(row["comm"].startswith(("=", "+", "-", "@")), row["comm"])
        # An apostrophe disarms a formula, and is doubled where a name begins with one.
        bare = {int(r["pid"]): r["comm"][1:] if r["comm"].startswith("'") else r["comm"]
                for r in rows if r["pid"].isdigit()}
        self.assertNames(bare)

    def test_table_into_a_pipe(self):
        out = self.once()
        self.assertEqual(unsafe(out), [])
        lines = out.decode().splitlines()
        by_pid = {int(found.group(1)): line for line in lines
                  if (found := re.match(r" *(\d+) ", line))}
        for pid, raw in self.crowd.pids.items():
            self.assertIn(pid, by_pid)
            if len(shown(raw)) <= 12:
                self.assertIn(" " + shown(raw), by_pid[pid])

    def test_table_on_a_terminal(self):
        status, out = on_terminal([VIGIE, "once", "--interval", "50ms", "--top", "0"])
        self.assertEqual(status, 0)
        self.assertIn(b"\x1b[", out)
        plain = re.sub(rb"\x1b\[[0-9;]*m", b"", out).replace(b"\r\n", b"\n")
        self.assertEqual(unsafe(plain), [])

    def test_openmetrics(self):
        out = self.once("--format", "openmetrics")
        self.assertEqual(unsafe(out), [])
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        families = list(text_string_to_metric_families(out.decode()))
        samples = [s for f in families for s in f.samples]
        keys = [(s.name, tuple(sorted(s.labels.items()))) for s in samples]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertNames({int(s.labels["pid"]): s.labels["comm"] for s in samples
                          if s.name == "vigie_process_processes" and s.labels["pid"].isdigit()})


if __name__ == "__main__":
    unittest.main()
