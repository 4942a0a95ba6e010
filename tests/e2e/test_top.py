#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""vigie top at a real terminal: tmux has it, types, resizes, kills, and tells what is on it.

Owns: keys and sizes in a terminal, that the terminal is as it was however top ends, what is refused.
Not here: what screens look like (tests/golden/test_screens.py).
"""
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import unittest
import zlib

import lib
from lib import VIGIE, wait_for

RECORDING = os.path.join(lib.ROOT, "tests", "golden", "recording-606e877")


def setUpModule():
    lib.needs_watching()
    lib.needs(shutil.which("tmux"), "tmux is not installed (scripts/setup --test)")


class Tmux:
    """A terminal of its own with a shell that runs `vigie top ARGS` and then says how it ended."""

    def __init__(self, args="", width=100, height=24, term="", env=""):
        self.place = tempfile.TemporaryDirectory()
        self.socket = os.path.join(self.place.name, "tmux")
        self.args, self.size, self.term, self.env = args, (width, height), term, env

    def tmux(self, *args):
        return subprocess.run(["tmux", "-u", "-S", self.socket, "-f", "/dev/null", *args], check=True,
                              stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}).stdout

    def __enter__(self):
        script = os.path.join(self.place.name, "run")
        term = f"TERM={self.term}; export TERM; " if self.term else ""
        lib.write(script, f"{term}trap : INT; before=$(stty -g); echo at-the-shell\n"
                          f"{self.env} sh -c 'echo $$ >{self.place.name}/pid; exec {VIGIE} top {self.args}'\n"
                          "status=$?\n"
                          "[ \"$(stty -g)\" = \"$before\" ] && modes=same || modes=other\n"
                          "echo ended=$status modes=$modes\nread wait\n")
        width, height = self.size
        self.tmux("new-session", "-d", "-x", str(width), "-y", str(height), "sh", script)
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False, stderr=subprocess.DEVNULL)
        self.place.cleanup()

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def shows(self, pattern, what=None):
        """The first screen on which the pattern is."""
        def look():
            screen = self.screen()
            return screen if re.search(pattern, screen, re.M) else None
        try:
            return wait_for(look, what or f"'{pattern}' on the screen", every_s=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}, where there is:\n{self.screen()}") from None

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def pid(self):
        return int(wait_for(lambda: os.path.exists(f"{self.place.name}/pid")
                            and lib.read(f"{self.place.name}/pid").strip(), "the pid of vigie top"))


class Live(unittest.TestCase):
    def test_shows_a_process_and_its_time(self):
        with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
            try:
                with Tmux("--alone --filter sh") as t:
                    screen = t.shows(rf"^ *{busy.pid} .*sh", f"process {busy.pid}")
                    self.assertRegex(screen, r"(?m)^ *PID COMMAND .*%CPU +WAIT%")
                    self.assertRegex(screen.split("\n")[0], r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  LIVE  by process")
                    # It wants a CPU all the time: it has one, or waits for one.
                    def hot():
                        row = re.search(rf"(?m)^ *{busy.pid} \S+ +\S+ +([\d.]+) +([\d.]+)", t.screen())
                        return row and float(row[1]) + float(row[2]) > 90
                    wait_for(hot, "a busy loop that runs or waits nearly all the time", every_s=0.05)
            finally:
                busy.kill()

    def test_keys_and_sizes(self):
        with Tmux("--alone") as t:
            t.shows("by process, %CPU first")
            t.keys("Tab")
            t.shows("by name")
            t.keys("M")
            t.shows("by name, RSS first")
            t.keys("?")
            t.shows("back to now|the row above")
            t.keys("Escape")
            t.keys("/", "n", "o", "n", "e", "x", "Enter")
            t.shows("no row has this text")
            t.resize(60, 15)
            screen = wait_for(lambda: (lambda s: s if re.search("row 0 of 0", s) and
                                       len(s.rstrip("\n").split("\n")) == 15 else None)(t.screen()),
                              "a screen of 15 lines", every_s=0.05)
            self.assertLessEqual(max(map(len, screen.split("\n"))), 60)
            t.keys("Escape")
            t.resize(300, 100)
            wait_for(lambda: len(t.screen().rstrip("\n").split("\n")) == 100, "a screen of 100 lines", every_s=0.05)
            t.resize(20, 5)
            t.shows("vigie top needs 40")
            t.resize(80, 24)
            t.shows("by name, RSS first")
            t.keys("q")
            t.shows("ended=0 modes=same")

    def test_the_mouse(self):
        """As tmux passes it on to who has asked for it: a line lower and a column further than from 0."""
        with Tmux(f"--recording {RECORDING}", width=80) as t:
            lines = t.shows("^row 1 of ").split("\n")  # the last line: the others are where they will be
            titles = next(i for i, line in enumerate(lines) if "PID COMMAND" in line)
            self.assertEqual(t.tmux("display-message", "-p", "#{mouse_standard_flag}#{mouse_sgr_flag}").strip(), "11")
            t.tmux("send-keys", "-l", f"\033[<0;{lines[titles].index('RSS') + 1};{titles + 1}M")
            t.shows("by process, RSS first")
            t.tmux("send-keys", "-l", f"\033[<0;5;{titles + 4}M\033[<0;5;{titles + 4}m")
            on_top = t.shows("^row 3 of ").split("\n")[titles + 1]
            t.tmux("send-keys", "-l", "\033[<65;5;9M")
            screen = wait_for(lambda: (lambda s: s if s.split("\n")[titles + 1] != on_top else None)(t.screen()),
                              "another row on top", every_s=0.05)
            self.assertRegex(screen, "(?m)^row 3 of ")
            t.keys("q")
            t.shows("ended=0 modes=same")
            self.assertEqual(t.tmux("display-message", "-p", "#{mouse_any_flag}#{mouse_sgr_flag}").strip(), "00")
        with Tmux(f"--recording {RECORDING} --no-mouse") as t:
            t.shows("by process, %CPU first")
            self.assertEqual(t.tmux("display-message", "-p", "#{mouse_any_flag}").strip(), "0")

    def test_frozen_it_stays_and_goes_on(self):
        with Tmux("--alone --interval 200ms") as t:
            t.shows(r"^[1-9]\S*s  |^0\.[1-9]s  ", "a second sample")
            t.keys("Space")
            first = t.shows("^ .*FROZEN")
            t.keys("t")
            t.shows("this is the last sample|PAST")
            t.keys("T", "T")
            self.assertNotEqual(first, t.shows("^ .*PAST"))
            t.keys("L")
            t.shows("^ .*LIVE")
            t.keys("q")
            t.shows("ended=0 modes=same")

    def test_hostile_name(self):
        name = b"\x1b[2J\x9bx\xe5\x90\x8c"
        code = (f"import ctypes,time\nctypes.CDLL(None).prctl(15, {name!r}, 0, 0, 0)\nprint(flush=True)\n"
                "time.sleep(1000)")
        with subprocess.Popen(["/usr/bin/python3", "-c", code], stdout=subprocess.PIPE) as child:
            try:
                child.stdout.readline()
                with Tmux("--alone --filter x9b") as t:
                    self.assertIn("\\x1b[2J\\x9bx", t.shows(rf"^ *{child.pid} ").replace("~", ""))
            finally:
                child.kill()


class Ends(unittest.TestCase):
    """However it ends, the terminal has its modes and its text."""

    def ended(self, sig, status):
        with Tmux(f"--recording {RECORDING}") as t:
            t.shows("PAST")
            os.kill(t.pid(), sig)
            screen = t.shows(f"ended={status} modes=")
            self.assertIn("modes=same", screen)
            self.assertIn("at-the-shell", screen, "the text from before is back")
            self.assertNotIn("PAST", screen)
            flags = "#{cursor_flag}#{alternate_on}#{mouse_any_flag}#{mouse_sgr_flag}"
            self.assertEqual(t.tmux("display-message", "-p", flags).strip(), "1000")

    def test_by_signals_that_ask(self):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(sig):
                self.ended(sig, 0)

    def test_by_signals_of_a_crash(self):
        for sig in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
            with self.subTest(sig):
                self.ended(sig, 128 + sig)

    def test_by_a_key(self):
        for key in ("q", "C-c"):
            with self.subTest(key), Tmux(f"--recording {RECORDING}") as t:
                t.shows("PAST")
                t.keys(key)
                screen = t.shows("ended=0 modes=same")
                self.assertIn("at-the-shell", screen)

    def test_the_terminal_goes_away(self):
        t = Tmux(f"--recording {RECORDING}")
        with t:
            t.shows("PAST")
            pid = t.pid()
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "its end without a terminal")


class Terminals(unittest.TestCase):
    def test_kinds(self):
        for term in ("xterm", "xterm-256color", "screen", "tmux", "linux", "vt100"):
            with self.subTest(term), Tmux(f"--recording {RECORDING}", term=term) as t:
                t.shows(r"^10116 vigie-scribe")
                t.keys("q")
                t.shows("ended=0 modes=same")

    def test_refused(self):
        for term, says in (("dumb", "cannot move its cursor"), ("no-such-terminal", "TERM names no terminal")):
            with self.subTest(term), Tmux(f"--recording {RECORDING}", term=term) as t:
                screen = t.shows("ended=1 modes=same")
                self.assertIn(says, screen)
        run = subprocess.run([VIGIE, "top", "--recording", RECORDING], check=False, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("vigie once", run.stderr)

    def test_no_color(self):
        colour = r"\033\[[0-9;]*[34][0-7][;m]"
        with Tmux(f"--recording {RECORDING}") as t:
            t.shows("PAST")
            self.assertRegex(t.screen("-e"), colour)
        with Tmux(f"--recording {RECORDING}", env="NO_COLOR=1") as t:
            t.shows("PAST")
            self.assertNotRegex(t.screen("-e"), colour)

    def test_ascii(self):
        for args, env in (("--ascii", ""), ("", "LC_ALL=C")):
            with self.subTest(args + env), Tmux(f"--recording {RECORDING} {args}", env=env) as t:
                t.shows("PAST").encode("ascii")
        with Tmux(f"--recording {RECORDING}", env="LC_ALL=C.UTF-8") as t:
            t.shows("█")


ENTRY = struct.Struct("<4s4BII QQ II")


def entries_of(body):
    """[(is it a key, CLOCK_BOOTTIME)] of an answer; every sum is checked."""
    found = []
    while body:
        magic, key, deflated, _, _, stored, _, time_ns, _, crc, head_crc = ENTRY.unpack(body[:40])
        assert (magic, deflated, head_crc) == (b"VGE\n", 0, zlib.crc32(body[:36])), magic
        assert zlib.crc32(body[40:40 + stored]) == crc
        found.append((bool(key), time_ns))
        body = body[40 + stored:]
    return found


class Served(unittest.TestCase):
    """By a vigie that serves: nothing more in the kernel, for who may read its history."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        os.chmod(cls.place.name, 0o755)
        cls.state = os.path.join(cls.place.name, "state")
        cls.copy = os.path.join(cls.place.name, "vigie")
        shutil.copy(VIGIE, cls.copy)  # where other users may not go
        cls.scraped = os.path.join(cls.place.name, "scraped")
        cls.serve = lib.Serve("--listen", "unix:" + cls.scraped, "--state-dir", cls.state, "--capture", "off")
        cls.serve.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.serve.stop()
        cls.place.cleanup()

    def run_as(self, gid, *args):
        return subprocess.run(["setpriv", "--reuid", "65533", "--regid", str(gid), "--clear-groups",
                               self.copy, *args], check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def group(self):
        return os.stat(self.state).st_gid

    @staticmethod
    def programs(pid):
        """What it holds in the kernel: programs and maps live as long as somebody does."""
        return [info for info in lib.fdinfos(pid) if "prog_id" in info or "map_id" in info]

    def ask_at(self, path, status, target="/api/v1/entries"):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while chunk := s.recv(1 << 16):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 %d " % status), head)
        return body

    def ask(self):
        return entries_of(self.ask_at(os.path.join(self.state, "socket"), 200))

    def test_top_without_root(self):
        with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
            try:
                run = self.run_as(self.group(), "top", "--state-dir", self.state, "--script", "",
                                  "--filter", str(busy.pid), "--save-screen", "-", "--size", "120x24")
            finally:
                busy.kill()
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout.split("\n")[0], "LIVE .* by vigie serve")
        row = re.search(rf"(?m)^ *{busy.pid} \S+ +\S+ +([\d.]+) +([\d.]+)", run.stdout)
        self.assertIsNotNone(row, run.stdout)
        self.assertGreater(float(row[1]) + float(row[2]), 60)

    def test_who_may_not(self):
        run = self.run_as(65533, "top", "--state-dir", self.state, "--script", "")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("EACCES", run.stderr)
        self.assertIn("group", run.stderr)

    def test_once_without_root(self):
        with subprocess.Popen(["sh", "-c", "while :; do :; done"]) as busy:
            try:
                run = self.run_as(self.group(), "once", "--state-dir", self.state, "--format", "json",
                                  "--interval", "2s")
            finally:
                busy.kill()
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        made = lib.parse(run.stdout)
        self.assertGreater(made["interval_seconds"], 1)
        mine = [g for g in made["processes"] if g.get("pid") == busy.pid]
        self.assertEqual(len(mine), 1, run.stdout[:2000])

    def test_nothing_more_in_the_kernel(self):
        with Tmux(f"--state-dir {self.state} --alone") as t:
            t.shows("LIVE")
            self.assertGreater(len(self.programs(t.pid())), 5)
        with Tmux(f"--state-dir {self.state}") as t:
            t.shows("LIVE .* by vigie serve")
            self.assertEqual(self.programs(t.pid()), [])
            t.keys("q")
            t.shows("ended=0 modes=same")

    def test_entries(self):
        first = self.ask()
        self.assertTrue(first[0][0], "an answer begins with a key")
        seen = {time_ns for _, time_ns in first}
        def news():
            answer = self.ask()
            self.assertTrue(answer[0][0])
            times = [time_ns for _, time_ns in answer]
            self.assertEqual(times, sorted(set(times)))
            self.assertTrue(seen & set(times), "answers within ten seconds overlap")
            return times[-1] > first[-1][1]
        wait_for(news, "a new entry", every_s=0.2)

    def test_not_through_other_sockets(self):
        self.assertEqual(self.serve.get("/api/v1/entries")[0], 404)
        self.assertIn(b"not found", self.ask_at(self.scraped, 404))
        self.ask_at(self.scraped, 200, "/metrics")

    def test_the_socket_is_for_user_and_group(self):
        st = os.stat(os.path.join(self.state, "socket"))
        self.assertEqual(stat.S_IMODE(st.st_mode), 0o660)
        self.assertEqual((st.st_uid, st.st_gid), (os.stat(self.state).st_uid, self.group()))
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o750)


class Restarted(unittest.TestCase):
    def test_top_waits_for_it(self):
        with tempfile.TemporaryDirectory() as place:
            state = os.path.join(place, "state")
            with Tmux(f"--state-dir {state} --interval 300ms") as t:
                t.shows("is no history")  # nobody serves there yet
            with lib.Serve("--state-dir", state, "--capture", "off"):
                t = Tmux(f"--state-dir {state} --interval 300ms")
                t.__enter__()
                t.shows("LIVE .* by vigie serve")
            try:
                t.shows("vigie serve does not answer")
                with lib.Serve("--state-dir", state, "--capture", "off"):
                    wait_for(lambda: "does not answer" not in t.screen() and "LIVE" in t.screen(),
                             "the vigie that was started anew", every_s=0.1)
                t.keys("q")
                t.shows("ended=0 modes=same")
            finally:
                t.__exit__()


class Refusals(unittest.TestCase):
    def test_values(self):
        for args, says in ((["--group-by", "x"], "one of process"), (["--sort", "x"], "one of cpu"),
                           (["--interval", "0s"], "a duration from 100ms"), (["--at", "x"], "a moment"),
                           (["x"], "options only")):
            with self.subTest(args):
                run = subprocess.run([VIGIE, "top", *args], check=False, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
                self.assertEqual((run.returncode, run.stdout), (2, ""))
                self.assertIn(says, run.stderr)

    def test_no_history(self):
        with tempfile.TemporaryDirectory() as empty:
            run = subprocess.run([VIGIE, "top", "--recording", empty, "--script", ""], check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("is no history", run.stderr)


if __name__ == "__main__":
    unittest.main()
