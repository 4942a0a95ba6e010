#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The command line as a person or a script meets it.

Owns: help, refusals, exit statuses, what goes to which descriptor, `vigie once` in every
format against psutil and other people's parsers. Not here: what serving does (test_serve).
"""
import csv
import io
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import lib
from lib import PATIENCE_S, VIGIE
from scraping import Actor, on_terminal

COMMANDS = ("once", "top", "serve", "doctor", "replay", "export", "explain", "verdict", "verify", "record", "report",
            "inventory", "detect")
WATCHING = "once", "serve"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
          "--inh-caps=-all"]
# option, bad values, words of the refusal
DURATION = ["", "x", "5", "-1s", "1.5", "0s", "99h", "1s ", "1e3s", "99999999999999999999s", "1y"]
RETENTION = [d for d in DURATION if d != "99h"] + ["59s", "367d"]
TIME = ["", "x", "10 min", "min ago", "-5 min ago", "25:00", "14:60", "2026-13-01", "@x",
        "99999999999 h ago"]
SHOWN = [
    ("--sort", ["", "pid", "CPU", "cpu,rss"], ["cpu", "wait", "rss", "name"]),
    ("--top", ["", "x", "-1", "1.5", "1000001", "0x10", "99999999999999999999"], ["number"]),
]
GROUP_BY = [
    ("--group-by", ["", "x", "pid,", ",pid", "pid,pid", "PID", "pid;comm", "unit,comm,exe,x"],
     ["unit", "comm", "exe", "user", "cgroup", "pid"]),
    ("--unit-names", ["", "x", "ID", "id,name"], ["id", "name"]),
]
COMMON = GROUP_BY + [
    ("--slow-wait", ["", "x", "1us", "61s", "-1ms", "5"], ["10us", "60s"]),
]
FAMILIES = ["", "x", "vigie_proces_cpu_seconds", "vigie_process_*,", "cpu*", "VIGIE_*", "a\nb",
            "vigie_process_read_chars", "x" * 200, "%s"]
BAD = {
    "once": [
        ("--interval", DURATION, ["10ms", "1h"]),
        ("--families", FAMILIES, ["vigie_process_*"]),
        ("--no-families", FAMILIES + ["*"], ["vigie_process_*|leaves anything"]),
        ("--format", ["", "xml", "JSON", "json,csv"], ["table", "json", "openmetrics", "csv"]),
        ("--at", TIME, ["10 min ago", "14:03"]),
    ] + SHOWN,
    "serve": [
        ("--listen", ["", "foo", "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                      "127.0.0.1:http", "example.org:80", "[::1:80", "unix:", "unix:" + "x" * 200,
                      "127.0.0.1:80 ", "127.1:80:80"], ["unix:PATH"]),
        ("--interval", DURATION + ["99ms", "61s"], ["100ms", "60s"]),
        ("--max-groups", ["", "x", "-1", "0", "1", "10001"], ["2", "10000"]),
        ("--families", FAMILIES, ["vigie_process_*"]),
        ("--no-families", FAMILIES + ["*"], ["vigie_process_*|leaves anything"]),
        ("--linger", DURATION + ["999ms", "25h"], ["1s", "1d"]),
        ("--peak-window", DURATION + ["999ms", "2h"], ["1s", "1h"]),
        ("--user", ["", "root", "no such user", "0"], ["unprivileged user"]),
        ("--retention", RETENTION, ["1m", "366d"]),
        ("--max-size", ["", "x", "5", "1MB", "-1GB", "1.5GB", "9999999GB", "10 MB"],
         ["8MiB", "1024GiB"]),
        ("--log-level", ["", "x", "INFO", "warn", "info,error"], ["debug", "critical"]),
        ("--capture", ["", "x", "AUTO", "auto,off"], ["auto", "off"]),
        ("--max-overhead", ["", "x", "1", "0%", "-1%", "101%", "1 %", "OFF", "1%,off"], ["off", "100%"]),
        ("--max-memory", ["", "x", "192", "0MB", "-1MB", "1.5MB", "2048GiB", "OFF"], ["off", "192MB"]),
        ("--log-format", ["%(foo)s", "%s", "%(message)d", "a\nb", "%"], ["line|asctime"]),
    ],
    "doctor": [],
    "top": [
        ("--interval", DURATION + ["99ms", "2h"], ["100ms", "1h"]),
        ("--group-by", ["", "x", "pid", "PROCESS", "name,unit"], ["process", "container", "user"]),
        ("--at", TIME, ["10 min ago", "14:03"]),
    ] + SHOWN[:1] + COMMON[1:],
    "replay": [
        ("--format", ["", "xml", "JSON", "json,csv"], ["table", "json", "findings"]),
        ("--every", [d for d in DURATION if d != "99h"], ["1d|1h|60s|5m"]),
        ("--at", TIME, ["10 min ago", "14:03"]),
        ("--from", TIME, ["10 min ago", "14:03"]),
        ("--to", TIME, ["10 min ago", "14:03"]),
    ] + SHOWN + GROUP_BY,
    "record": [
        ("--pid", ["", "x", "0", "-1", "1,", "1;2"], ["process ids"]),
        ("--comm", ["", "no such program"], ["anything that runs"]),
        ("--unit", ["", "no such unit"], ["anything that runs"]),
        ("--duration", DURATION + ["99ms", "61s"], ["100ms", "60s"]),
        ("--hz", ["", "x", "0", "-1", "1000", "9.5"], ["1", "999"]),
        ("--views", ["", "x", "cpu,", "CPU", "cpu;runq"], ["cpu", "offcpu", "faults"]),
        ("--stack", ["", "x", "0", "-1", "65", "1.5"], ["1 to 64"]),
        ("--buffer", ["", "x", "31", "65537", "33"], ["power of two"]),
    ],
    "report": [
        ("--format", ["", "xml", "JSON", "json,text"], ["text", "folded", "pprof", "speedscope"]),
        ("--view", ["", "x", "cpu,runq"], ["cpu", "offcpu", "faults"]),
        ("--top", ["", "x", "0", "1001"], ["1", "1000"]),
    ],
    "export": [
        ("--dialect", ["", "x", "Excel", "excel-en", "excel,plain"], ["plain", "excel-fr", "excel-de"]),
        ("--host", [""], ["name of a host"]),
        ("--every", [d for d in DURATION if d != "99h"], ["1d|1h|60s|5m"]),
        ("--from", TIME, ["10 min ago", "14:03"]),
        ("--to", TIME, ["10 min ago", "14:03"]),
    ] + GROUP_BY,
    "inventory": [
        ("--address", ["", "x", "x:", ":1", "x:0", "x:65536", "x:1/metrics", "a b:1", "http://x:1", "x:1\n"], ["HOST:PORT"]),
        ("--scheme", ["", "ftp", "HTTPS"], ["http", "https"]),
        ("--label", ["", "x", "=x", "__name__=x", "host=x", "job=x", "a-b=x", "1a=x", "a=" + "x" * 256], ["NAME=VALUE"]),
    ],
    "explain": [], "verdict": [], "verify": [], "detect": [],
}
FREE = {"--state-dir", "--log-file", "--note", "--output", "--diff", "--debug-dir", "--runtime-root", "--csv", "--recording", "--filter"}  # whether a path will do shows when it is opened


def vigie(*args, stdin=subprocess.DEVNULL, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([VIGIE, *args], stdin=stdin, timeout=PATIENCE_S, check=False, **options)


def setUpModule():
    lib.needs_watching()


class Help(unittest.TestCase):
    def assertHelp(self, run, *words):
        text = run.stdout.decode()
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        for word in ("Usage: vigie", "Examples:", *words):
            self.assertIn(word, text)
        self.assertLess(len(text.splitlines()), 60)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_of_vigie(self):
        for flag in ("--help", "-h", "help"):
            self.assertHelp(vigie(flag), *COMMANDS)

    def test_of_each_command(self):
        for command in COMMANDS:
            self.assertHelp(vigie(command, "--help"), f"vigie {command}")

    def test_names_every_option(self):
        for command in COMMANDS:
            text = vigie(command, "--help").stdout.decode()
            for option, _, _ in BAD[command] + (COMMON if command in WATCHING else []):
                self.assertIn(option, text)

    def test_version(self):
        for flag in ("--version", "-V"):
            run = vigie(flag)
            self.assertEqual((run.returncode, run.stderr), (0, b""))
            self.assertRegex(run.stdout.decode(), r"\Avigie \d+\.\d+\.\d+ \(\w+\)\n\Z")

    def test_without_a_command(self):
        run = vigie()
        self.assertEqual((run.returncode, run.stdout), (2, b""))
        self.assertIn(b"Usage: vigie", run.stderr)


def shown(value):
    return value.replace("\n", r"\x0a")


class Refusals(unittest.TestCase):
    def assertRefused(self, run, *words):
        said = run.stderr.decode()
        self.assertEqual((run.returncode, run.stdout), (2, b""), said)
        for word in words:
            self.assertTrue(any(one in said for one in word.split("|")), (word, said))
        # argp's second line is wrapped where the command's name is long.
        self.assertLessEqual(len(re.sub(r"more\ninformation", "more information", said).splitlines()), 2, said)
        self.assertNotIn("libbpf", said)

    def test_unknown_command(self):
        for command in ("htop", "", "--frob", "Once"):
            self.assertRefused(vigie(command), f"'{command}'", *COMMANDS)

    def test_unknown_options(self):
        for command in COMMANDS:
            for option in ("--frob", "--frob=1", "-z", "--frobnicate 1"):
                self.assertRefused(vigie(command, option), f"vigie {command}",
                                   option.lstrip("-").split("=")[0])

    def test_arguments_that_nobody_asked_for(self):
        for command in "once", "serve", "doctor", "inventory":
            self.assertRefused(vigie(command, "extra"), f"vigie {command}", "'extra'", "options")
        for arguments in (["replay", "a", "extra"], ["export", "a", "extra"], ["explain", "0" * 12, "extra"],
                          ["verdict", "0" * 12, "benign", "extra"], ["detect", "extra"]):
            self.assertRefused(vigie(*arguments), f"vigie {arguments[0]}", "'extra'")

    def test_arguments_that_are_missing(self):
        for arguments, word in ((["replay"], "DIR"), (["export"], "--csv"), (["verdict"], "ID"), (["verify"], "FILE"),
                                (["verdict", "0" * 12], "benign|malicious|revoked")):
            self.assertRefused(vigie(*arguments), f"vigie {arguments[0]}", word)

    def test_arguments_that_will_not_do(self):
        for command in ("explain",), ("verdict", "benign"):
            for ident in ("", "x", "0" * 11, "0" * 13, "0" * 11 + "G", "\x1b[31m", "../../etc/x"):
                run = vigie(command[0], "--", ident, *command[1:])
                self.assertRefused(run, f"vigie {command[0]}: ID", "12 hex digits")
                self.assertNotIn(b"\x1b", run.stderr)
        for word in ("", "good", "BENIGN", "benign "):
            self.assertRefused(vigie("verdict", "0" * 12, word), "vigie verdict", f"'{word}'",
                               "benign", "malicious", "revoked")

    def test_bad_value_of_every_option(self):
        for command in COMMANDS:
            for option, values, allowed in BAD[command] + (COMMON if command in WATCHING else []):
                for value in values:
                    with self.subTest(f"{command} {option}={value}"):
                        self.assertRefused(vigie(command, f"{option}={value}"),
                                           f"vigie {command}: {option}: '{shown(value)}' is not ",
                                           *allowed)

    def test_an_empty_name_is_nobodys(self):
        """Not even of a process that has cleared its own: who types none has an empty variable."""
        with Actor(b""):
            self.assertRefused(vigie("record", "--comm="), "vigie record: --comm: '' is not ")

    def test_no_option_is_left_out_here(self):
        """Every option that help names and that takes a value is in the table above."""
        for command in COMMANDS:
            text = vigie(command, "--help").stdout.decode()
            takes = set(re.findall(r"(--[a-z-]+)=", text))
            tested = {option for option, _, _ in BAD[command] + COMMON}
            self.assertLessEqual(takes - FREE, tested)

    def test_missing_values(self):
        for command in COMMANDS:
            for option, _, _ in BAD[command]:
                self.assertRefused(vigie(command, option), f"vigie {command}", option, "argument")

    def test_flags_take_no_value(self):
        for command, flag in (("serve", "--allow-insecure"), ("once", "--verbose"),
                              ("doctor", "--json")):
            self.assertRefused(vigie(command, f"{flag}=yes"), f"vigie {command}", flag)

    def test_a_range_that_ends_before_it_begins(self):
        self.assertRefused(vigie("replay", "/nonexistent", "--from", "10 min ago", "--to", "20 min ago"),
                           "vigie replay", "--from is later than --to")
        self.assertRefused(vigie("export", "--csv", "/nonexistent", "--from", "now", "--to", "1 h ago"),
                           "vigie export", "--from is later than --to")

    def test_a_hostile_value_is_no_danger_to_the_terminal(self):
        run = vigie("once", "--sort", "\x1b[31m\n\u202e")
        self.assertRefused(run, r"'\x1b[31m\x0a\u{202e}' is not one of")
        self.assertTrue(all(c.isprintable() for c in run.stderr.decode() if c != "\n"))


class FormerNames(unittest.TestCase):
    """Options that were renamed: the former name works as the new one does, and says so. What
    serving makes of them: test_history."""
    FORMER = {"serve": [("--recording", "--state-dir"), ("--keep", "--retention"),
                        ("--no-recording", "--no-history")],
              "once": [("--recording", "--state-dir")],
              "explain": [("--recording", "--state-dir")],
              "verdict": [("--recording", "--state-dir")]}
    READERS = ("once", "--at", "now"), ("explain",), ("verdict", "0" * 12, "benign")

    def test_help_names_the_new_ones(self):
        for command, names in self.FORMER.items():
            text = vigie(command, "--help").stdout.decode()
            for former, new in names:
                self.assertRegex(text, new + r"\b")
                self.assertNotRegex(text, former + r"\b")

    def read(self, command, *options):
        run = vigie(*command, *options)
        return run.returncode, run.stdout, run.stderr.decode()

    def test_both_read_the_same(self):
        """A directory without a history: the status and the words are those of the new name."""
        with tempfile.TemporaryDirectory(prefix="vigie-e2e-") as place:
            for command in self.READERS:
                status, out, said = self.read(command, "--state-dir", place)
                self.assertEqual((status, out), (1, b""))
                self.assertIn(place, said)
                note = f"vigie {command[0]}: --recording is called --state-dir now\n"
                self.assertEqual(self.read(command, "--recording", place),
                                 (status, out, note + said))

    def test_of_both_the_last_counts(self):
        with tempfile.TemporaryDirectory(prefix="vigie-e2e-") as place:
            first, last = os.path.join(place, "first"), os.path.join(place, "last")
            for command in self.READERS:
                for names in ("--recording", "--state-dir"), ("--state-dir", "--recording"):
                    status, _, said = self.read(command, names[0], first, names[1], last)
                    self.assertEqual((status, said.count("is called")), (1, 1))
                    self.assertIn(last, said)
                    self.assertNotIn(first, said)

    def test_a_refusal_names_what_was_typed(self):
        for typed in "--keep", "--retention":
            for value in RETENTION:
                run = vigie("serve", f"{typed}={value}")
                said = run.stderr.decode()
                self.assertEqual((run.returncode, run.stdout), (2, b""))
                self.assertEqual(said, f"vigie serve: {typed}: '{value}' is not a duration from 1m "
                                       "to 366d, such as 24h\nTry 'vigie serve --help'.\n")
        for command, names in self.FORMER.items():
            for former, _ in names:
                extra = "=yes" if former == "--no-recording" else ""
                run = vigie(command, former + extra)
                self.assertEqual((run.returncode, run.stdout), (2, b""))
                self.assertIn(f"'{former}'".encode(), run.stderr)


class WithoutRoot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lib.needs(shutil.which("setpriv"), "setpriv is not installed")
        cls.directory = tempfile.mkdtemp(prefix="vigie-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        os.chmod(cls.directory, 0o755)
        cls.binary = shutil.copy(VIGIE, cls.directory)
        os.chmod(cls.binary, 0o755)

    def nobody(self, *args):
        return subprocess.run([*NOBODY, self.binary, *args], stdin=subprocess.DEVNULL, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE_S)

    def test_one_clear_line(self):
        for args in (["once"], ["once", "-v"], ["serve", "--listen", "127.0.0.1:0"]):
            run = self.nobody(*args)
            said = run.stderr.decode()
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertNotIn("libbpf", said)
            for word in (f"vigie {args[0]}: ", "not permitted", "root"):
                self.assertIn(word, said)

    def test_help_needs_no_root(self):
        for args in (["--help"], ["--version"], ["once", "--help"]):
            self.assertEqual(self.nobody(*args).returncode, 0)

    def test_doctor(self):
        run = self.nobody("doctor")
        self.assertEqual((run.returncode, run.stderr), (1, b""))
        self.assertIn("Serving would not work: not permitted", run.stdout.decode())
        run = self.nobody("doctor", "--json")
        verdict = json.loads(run.stdout)
        self.assertEqual((run.returncode, run.stderr), (1, b""))
        self.assertEqual(verdict["verdict"], "refused")
        self.assertIn("root", verdict["remedy"])


class WithoutBtf(unittest.TestCase):
    """An empty directory over /sys/kernel/btf, in a mount namespace of its own."""

    def no_btf(self, *args):
        lib.needs(shutil.which("unshare") and os.path.isdir("/sys/kernel/btf"),
                  "unshare or /sys/kernel/btf is missing")
        lib.needs_mount_namespace()
        # libbpf also looks for files that distributions used to install.
        script = ("mount -t tmpfs none /sys/kernel/btf && "
                  "if [ -d /usr/lib/debug ]; then mount -t tmpfs none /usr/lib/debug; fi && "
                  'exec "$@"')
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", VIGIE, *args],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)

    def test_one_clear_line(self):
        for args in (["once"], ["serve", "--listen", "127.0.0.1:0"], ["record", "--pid", "1"]):
            run = self.no_btf(*args)
            said = run.stderr.decode()
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertEqual(len(said.splitlines()), 1, said)
            for word in (f"vigie {args[0]}: ", "/sys/kernel/btf", "CONFIG_DEBUG_INFO_BTF"):
                self.assertIn(word, said)

    def test_doctor(self):
        run = self.no_btf("doctor", "--json")
        verdict = json.loads(run.stdout)
        self.assertEqual((run.returncode, run.stderr), (1, b""))
        self.assertEqual(verdict["verdict"], "refused")
        self.assertIn("CONFIG_DEBUG_INFO_BTF", verdict["remedy"])
        self.assertIs(verdict["sessions"]["possible"], False)
        self.assertIn("CONFIG_DEBUG_INFO_BTF", verdict["sessions"]["remedy"])


class Doctor(unittest.TestCase):
    def test_with_root(self):
        run = vigie("doctor")
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        self.assertRegex(run.stdout.decode(), r"Serving works: .* read \d+ processes\.\n\Z")

    def test_json(self):
        run = vigie("doctor", "--json")
        found = json.loads(run.stdout)
        self.assertEqual((run.returncode, found["verdict"]), (0, "works"))
        self.assertEqual(found["kernel"], os.uname().release)
        self.assertEqual(found["schema"], "vigie.doctor/1")
        names = [user.pw_name for user in pwd.getpwall()]
        self.assertEqual(found["serves_as"], "vigie" if "vigie" in names else "nobody")
        self.assertGreater(len(found["fields"]), 10)
        self.assertIs(found["sessions"]["possible"], True)
        self.assertGreater(len(found["sessions"]["fields"]), 3)
        for field in found["fields"] + found["sessions"]["fields"]:
            self.assertEqual(set(field), {"field", "state", "source", "reason", "remedy"})
            self.assertIn(field["state"], ("exact", "degraded", "missing"))
            if field["state"] != "exact":
                self.assertTrue(field["reason"], field)

    def test_text_and_json_agree(self):
        text = vigie("doctor").stdout.decode()
        for field in lib.doctor()["fields"]:
            self.assertRegex(text, rf"(?m)^{field['state']} +{re.escape(field['field'])}")

    def test_verbose_shows_libbpf(self):
        self.assertIn(b"libbpf: ", vigie("doctor", "-v").stderr)
        run = vigie("once", "-v", "--interval", "10ms", "--top", "1")
        self.assertEqual(run.returncode, 0)
        self.assertIn(b"libbpf: ", run.stderr)
        self.assertNotIn(b"libbpf", run.stdout)


class Output(unittest.TestCase):
    """Where it goes, and what happens when it cannot."""

    QUICK = "once", "--interval", "10ms"

    def test_no_escape_sequence_into_a_pipe(self):
        self.assertNotIn(b"\x1b", vigie(*self.QUICK).stdout)

    def test_colour_on_a_terminal(self):
        status, shown = on_terminal([VIGIE, *self.QUICK])
        self.assertEqual(status, 0)
        self.assertIn(b"\x1b[", shown)
        for option in ("json", "csv", "openmetrics"):
            _, shown = on_terminal([VIGIE, *self.QUICK, "--format", option])
            self.assertNotIn(b"\x1b", shown)

    def test_no_colour_when_asked(self):
        _, shown = on_terminal(["env", "NO_COLOR=1", VIGIE, *self.QUICK])
        self.assertNotIn(b"\x1b", shown)

    def test_a_terminal_is_not_overflowed(self):
        """Beside two that wait for each other: their waits have lines of their own."""
        cpu = {min(os.sched_getaffinity(0))}
        # Above others on that CPU, and so there for each other.
        rivals = [subprocess.Popen([lib.workload("leaves"), "60"], stdout=subprocess.DEVNULL,
                                   preexec_fn=lambda: (os.sched_setaffinity(0, cpu), os.nice(-15)))
                  for _ in range(2)]
        try:
            for rows, columns in ((24, 80), (50, 160), (16, 60)):
                _, shown = on_terminal([VIGIE, "once", "--interval", "300ms"], rows, columns)
                lines = re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode().split("\r\n")
                self.assertLessEqual(max(map(len, lines)), columns)
                self.assertLessEqual(len(lines), rows)
                waits = [line for line in lines if " <- " in line and "(who" not in line]
                self.assertTrue(any("leaves" in line.partition(" <- ")[2] for line in waits), lines)
        finally:
            for rival in rivals:
                rival.kill()
                rival.wait()

    def test_a_pipe_that_closes_early(self):
        for args in (self.QUICK, (*self.QUICK, "--format", "json"), ("doctor",), ("--help",)):
            child = subprocess.Popen([VIGIE, *args], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            child.stdout.close()
            with child.stderr:
                said = child.stderr.read()
            self.assertEqual((child.wait(PATIENCE_S), said), (0, b""), args)

    def test_head(self):
        run = subprocess.run(["bash", "-c", f'"{VIGIE}" once --interval 10ms | head -1; '
                              'echo "${PIPESTATUS[@]}"'], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False)
        self.assertEqual((run.stdout.splitlines()[-1], run.stderr), (b"0 0", b""))

    def test_a_full_disk(self):
        for args in (self.QUICK, (*self.QUICK, "--format", "csv"), ("doctor",), ("--help",),
                     ("once", "--help"), ("--version",)):
            with open("/dev/full", "wb") as full:
                run = vigie(*args, stdout=full)
            self.assertEqual(run.returncode, 1, args)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertRegex(run.stderr, rb"cannot write .*(ENOSPC|No space left)")
            if "--interval" in args:
                self.assertRegex(run.stderr, rb"ENOSPC \(.*no room left.*df")

    def test_a_closed_stdout(self):
        for args in ("once --interval 10ms", "doctor", "--help"):
            run = subprocess.run(["sh", "-c", f'exec "{VIGIE}" {args} >&-'],
                                 stderr=subprocess.PIPE, check=False)
            self.assertEqual(run.returncode, 1, args)
            self.assertRegex(run.stderr, rb"cannot write .*(EBADF|Bad file descriptor)")

    def test_closed_descriptors_do_not_become_something_else(self):
        run = subprocess.run(["sh", "-c", f'exec "{VIGIE}" once --interval 10ms <&- 2>&-'],
                             stdout=subprocess.PIPE, check=False)
        self.assertEqual(run.returncode, 0)
        self.assertIn(b"run-queue wait", run.stdout)


class Interrupted(unittest.TestCase):
    def test_it_prints_what_there_is(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            began = time.monotonic()
            with Actor(b"seen-early") as actor:
                with lib.Once() as watch:
                    actor.do("cpu", 100)
                    # lib sends SIGINT at the end of the block
                    watch.child.send_signal = lambda _, n=number: os.kill(watch.pid, n)
            self.assertLess(time.monotonic() - began, 30)
            self.assertLess(watch.result["interval_seconds"], 30)
            found = lib.row(watch.result, comm="seen-early")
            self.assertGreater(lib.cpu_ns(found), 90 * 10**6)


class OncePsutil(unittest.TestCase):
    """psutil's names and psutil's values."""

    def setUp(self):
        try:
            import psutil
        except ImportError:
            self.skipTest("python3-psutil is not installed")
        self.psutil = psutil

    def test_virtual_memory(self):
        before = self.psutil.virtual_memory()
        ours = lib.once(interval="10ms")["virtual_memory"]
        after = self.psutil.virtual_memory()
        self.assertEqual(ours["total"], before.total)
        drift = 64 << 20
        for name in ("available", "used", "free", "active", "inactive", "buffers", "cached",
                     "shared", "slab"):
            low = min(getattr(before, name), getattr(after, name)) - drift
            high = max(getattr(before, name), getattr(after, name)) + drift
            self.assertTrue(low <= ours[name] <= high, (name, low, ours[name], high))
        percents = before.percent, after.percent
        self.assertTrue(min(percents) - 1 <= ours["percent"] <= max(percents) + 1, (ours["percent"], percents))
        self.assertLessEqual(set(before._fields), set(ours))

    def test_swap_and_load_and_boot(self):
        found = lib.once(interval="10ms")
        swap = self.psutil.swap_memory()
        self.assertLessEqual(set(swap._fields), set(found["swap_memory"]))
        self.assertEqual(found["swap_memory"]["total"], swap.total)
        self.assertEqual(found["cpu_count"], self.psutil.cpu_count())
        self.assertAlmostEqual(float(found["host"]["boot_time"]), self.psutil.boot_time(), delta=2)
        for ours, theirs in zip(found["load_average"], self.psutil.getloadavg()):
            self.assertAlmostEqual(float(ours), theirs, delta=0.1 * theirs + 0.5)

    def used_s(self):
        """(CPU time that was no idle time, all of it, what our children used), s, as psutil says."""
        host, own = self.psutil.cpu_times(), os.times()
        idle_s = host.idle + host.iowait
        all_s = sum(host) - host.guest - host.guest_nice  # which are in user and nice
        return all_s - idle_s, all_s, own.children_user + own.children_system

    def test_cpu_percent(self):
        """Around the same two seconds, with a known load in them. What vigie needs to begin takes idle
        time where there is some, and else others' time."""
        with Actor(b"busy") as actor:
            actor.send("cpu", 5000)
            actor_ns = lib.schedstats(actor.pid)[0]
            busy_s, all_s, own_s = self.used_s()
            found = lib.once(interval="2s")
            busy_s, all_s, own_s = (b - a for a, b in zip((busy_s, all_s, own_s), self.used_s()))
            actor_ns = lib.schedstats(actor.pid)[0] - actor_ns
            actor.answer()
        least, most = 100 * (busy_s - own_s) / all_s, 100 * busy_s / all_s
        self.assertTrue(least - 10 <= found["cpu_percent"] <= most + 10, (least, found["cpu_percent"], most))
        row = lib.row(found, comm="busy")
        wall = found["interval_seconds"]
        self.assertAlmostEqual(float(row["cpu_percent"]),
                               float(lib.cpu_ns(row) / wall / 10**7), delta=0.2)
        self.assertLessEqual(lib.cpu_ns(row), actor_ns)
        self.assertGreater(lib.cpu_ns(row), .2 * actor_ns)
        times = self.psutil.cpu_times()
        for name, ours in found["cpu_times"].items():  # theirs is later, by what ending took
            self.assertLessEqual(float(ours), getattr(times, name) + 0.5, name)
            self.assertGreater(float(ours), getattr(times, name) - 60, name)
        percents = found["cpu_times_percent"]
        self.assertAlmostEqual(float(sum(percents.values())), 100, delta=1)

    def test_a_process_is_as_psutil_sees_it(self):
        with Actor(b"watched") as actor:
            actor.do("hold", 32)
            found = lib.row(lib.once("--top", "0"), pid=actor.pid)
            theirs = self.psutil.Process(actor.pid)
            self.assertEqual(found["labels"]["comm"], theirs.name())
            self.assertEqual((found["ppid"], found["uid"]), (os.getpid(), theirs.uids().real))
            self.assertAlmostEqual(float(found["create_time"]), theirs.create_time(), delta=1.1)
            self.assertEqual(found["memory"]["rss"], theirs.memory_info().rss)
            self.assertEqual(found["threads"], theirs.num_threads())


class OnceFormats(unittest.TestCase):
    def test_csv(self):
        out = vigie("once", "--format", "csv", "--interval", "50ms", "--top", "0").stdout
        rows = list(csv.DictReader(io.StringIO(out.decode(), newline=""), strict=True))
        ours = [row for row in rows if row["pid"] == str(os.getpid())]
        self.assertEqual(len(ours), 1)
        self.assertEqual(ours[0]["comm"], lib.read(f"/proc/{os.getpid()}/comm").strip())
        self.assertNotIn(None, {key for row in rows for key in row})
        for row in rows:
            for name, value in row.items():
                if name not in ("pid", "comm", "unit"):
                    self.assertGreaterEqual(float(value), 0, name)

    def test_openmetrics(self):
        try:
            from prometheus_client.openmetrics.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("python3-prometheus-client is not installed")
        out = vigie("once", "--format", "openmetrics", "--interval", "50ms", "--group-by", "unit")
        families = {f.name: f for f in text_string_to_metric_families(out.stdout.decode())}
        self.assertIn("vigie_process_cpu_seconds", families)
        self.assertNotIn("vigie_self_renders", families)
        self.assertGreater(len(families), 20)

    def test_json_top_and_other(self):
        whole, cut = lib.once("--top", "0"), lib.once("--top", "3")
        self.assertEqual(len(cut["processes"]), 3)
        self.assertGreater(len(whole["processes"]), 3)
        self.assertGreater(cut["other"]["processes"], 0)
        self.assertEqual(whole["groups_in_other"], 0)
        self.assertEqual(cut["schema"], "vigie.once/1")

    def test_sorted_by_each_column(self):
        keys = {
            "cpu": lib.cpu_ns,
            "wait": lambda r: r["run_queue_wait_seconds"],
            "rss": lambda r: r["memory"]["rss"],
            "peak": lambda r: r["memory"]["peak_rss"],
            "swap": lambda r: r["memory"]["swap"],
            "switches": lambda r: sum(r["ctx_switches"].values()),
            "faults": lambda r: sum(r["page_faults"].values()),
            "read": lambda r: r["io"]["read_bytes"],
            "write": lambda r: r["io"]["write_bytes"],
            "starts": lambda r: r["starts"],
            "stall": lambda r: sum(r["memory_stall_seconds"].values()),
        }
        for name, key in keys.items():
            rows = lib.once("--sort", name, "--top", "0", interval="50ms")["processes"]
            values = [key(row) for row in rows]
            self.assertEqual(values, sorted(values, reverse=True), name)
        rows = lib.once("--sort", "name", "--top", "0", interval="10ms")["processes"]
        self.assertGreater(len(rows), 3)

    def test_group_by_each_key(self):
        for keys in ("unit", "comm", "exe", "user", "cgroup", "pid", "unit,comm", "user,pid,exe"):
            found = lib.once("--group-by", keys, "--top", "0", interval="10ms")
            self.assertEqual(list(found["processes"][0]["labels"]), keys.split(","))
            labels = [tuple(row["labels"].values()) for row in found["processes"]]
            self.assertEqual(len(labels), len(set(labels)))

    def test_the_table_has_what_json_has(self):
        with Actor(b"tabled") as actor:
            actor.do("hold", 100)
            lines = vigie("once", "--interval", "50ms", "--sort", "rss",
                          "--top", "0").stdout.decode().splitlines()
        row = [line for line in lines if line.split()[:1] == [str(actor.pid)]]
        self.assertEqual(len(row), 1)
        self.assertIn("tabled", row[0])


if __name__ == "__main__":
    unittest.main()
