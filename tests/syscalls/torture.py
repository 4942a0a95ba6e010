#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""torture - one system call of `vigie serve` after the other fails: at the start, in a cycle, in a
scrape, in a reload, and in the process that writes.

    torture.py [PHASE...]      TAP lines, one a phase; above it what did not hold, call by call

What must hold: a start that fails ends with status 1 or 2 and a line that says why, nothing is left
running, and the same directory serves the next start. A vigie that runs goes on: the next page is
whole, its books balance, no counter has fallen, and no descriptor stays open. Never a signal, a
sanitizer's report or a hang. Only calls of the process itself fail, not those of its children: what
these do without is that they are gone, which other tests see.
"""
import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), HERE]
import lib  # noqa: E402
from calls import (Attached, inject, injected, loader_ends, spread,  # noqa: E402
                   strace_works, worth_failing)

PR_SET_CHILD_SUBREAPER = 36
SUFFIXES = ("_total", "_count", "_sum", "_bucket")
CONFIGURATIONS = ("log: {level: info}\n", "log: {level: info}\ngroups: {linger: 1m}\n")


class Page(lib.Page):
    """A page, and whether it is right beside the one before."""

    def faults(self, before):
        """What is wrong with it, as text."""
        wrong = [f"the books do not balance: {mode}" for mode in self.unbalanced()]
        if self.one("vigie_host_cpus") != os.cpu_count():
            wrong.append("the number of CPUs is not the host's")
        memory = int(lib.read("/proc/meminfo").split()[1]) * 1024
        if self.one("vigie_host_memory_size_bytes") != memory:
            wrong.append("the memory is not the host's")
        return wrong + [f"{key[0]}{dict(key[1])} fell from {before.samples[key]} to {value}"
                        for key, value in self.samples.items()
                        if before and key[0].endswith(SUFFIXES) and value < before.samples.get(key, 0)]


class Daemon:
    """`vigie serve` on a Unix socket, its directory in `place`, perhaps as strace's child."""

    def __init__(self, place, *args, call=None, log=None):
        self.place = place
        self.state = os.path.join(place, "state")
        self.config = os.path.join(place, "vigie.yml")
        self.socket = os.path.join(place, "socket")
        self.configure(0)
        self.stderr_path = os.path.join(place, "stderr")
        command = [lib.VIGIE, "serve", "--listen", f"unix:{self.socket}", "--state-dir", self.state,
                   "--config.file", self.config, "--max-overhead", "off", *args]
        if log:
            command = ["strace", "-qq", "-y", "-s", "99", "-o", log, *inject(call), *command]
        with open(self.stderr_path, "wb") as stderr:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stderr,
                                          stdout=subprocess.DEVNULL)

    def configure(self, n):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIGURATIONS[n % len(CONFIGURATIONS)])
        os.chmod(self.config, 0o644)

    def said(self):
        return lib.read(self.stderr_path)

    def get(self, path="/metrics", timeout=20):
        connection = http.client.HTTPConnection("localhost")
        with contextlib.closing(connection):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(timeout)
            connection.sock.connect(self.socket)
            connection.request("GET", path,
                               headers={"Accept": "application/openmetrics-text;version=1.0.0"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def page(self):
        status, body = self.get()
        if status != 200 or not body.endswith(b"# EOF\n"):
            raise AssertionError(f"/metrics: status {status}, {body[-80:]!r}")
        return Page(body.decode())

    def serves(self):
        """True as it is ready; an end is no success."""
        if self.child.poll() is not None:
            return False
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/-/ready")[0] == 200
        return False

    def await_start(self):
        """True: it serves; False: it has ended."""
        lib.wait_for(lambda: self.serves() or self.child.poll() is not None, "the start to end",
                     patience_s=30, every_s=0.02)
        return self.child.poll() is None

    def main(self):
        """The pid of vigie itself, where strace is its parent."""
        named = lib.child_named(self.child.pid, "vigie")
        return named if named and lib.read(f"/proc/{self.child.pid}/comm") == "strace\n" \
            else self.child.pid

    def stop(self):
        if self.child.poll() is None:
            os.kill(self.main(), signal.SIGTERM)
        return self.child.wait(20)

    def kill(self):
        if self.child.poll() is None:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                os.kill(self.main(), signal.SIGKILL)
            self.child.wait(20)


def orphans():
    """What was left behind comes to us: reaped in time, or their names."""
    end = time.monotonic() + 10
    mine = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    while time.monotonic() < end:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        left = lib.read(mine).split()
        if not left:
            return []
        time.sleep(0.01)
    names = [lib.read(f"/proc/{pid}/comm").strip() for pid in left]
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
        os.waitpid(int(pid), 0)
    return names


def vigie(*args):
    return subprocess.run([lib.VIGIE, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=lib.PATIENCE_S)


def faults_of_state(state):
    """Is what is in the directory whole?"""
    wrong = []
    log = os.path.join(state, "events.ndjson")
    if os.path.exists(log) and (run := vigie("verify", log)).returncode:
        wrong.append(f"vigie verify: {run.stdout}")
    if os.path.isdir(state) and os.listdir(os.path.join(state, "ring")):
        run = vigie("replay", state, "--top", "1")
        if run.returncode and b"no entries" not in run.stdout:
            wrong.append(f"vigie replay: {run.stdout}")
    return wrong


def faults_of_text(text):
    return [f"it said: {text[-1500:]}"] if "Sanitizer" in text or "runtime error" in text else []


class Start:
    """Each call of a start fails in a vigie of its own."""

    def __init__(self, place, most):
        self.place, self.most = place, most
        self.ended = self.served = 0

    def calls(self):
        log = os.path.join(self.place, "trace")
        daemon = Daemon(self.place, log=log)
        try:
            if not daemon.await_start():
                raise AssertionError(f"no start without a failure: {daemon.said()}")
        finally:
            daemon.kill()
        lines = lib.read(log).splitlines()
        return worth_failing(lines, loader_ends(lines), self.most)

    def fail(self, call):
        """None: that call did not come; else what did not hold."""
        try:
            return self._fail(call)
        except AssertionError as e:
            return [str(e)]

    def _fail(self, call):
        shutil.rmtree(os.path.join(self.place, "state"), ignore_errors=True)
        log = os.path.join(self.place, "trace")
        daemon = Daemon(self.place, call=call, log=log)
        try:
            wrong = self._judge_served(daemon) if daemon.await_start() else self._judge_ended(daemon)
            happened = injected(log)
        finally:
            daemon.kill()
        wrong += faults_of_text(daemon.said()) + [f"is left: {name}" for name in orphans()]
        wrong += faults_of_state(daemon.state) if os.path.isdir(daemon.state) else []
        return wrong if happened else None

    def _judge_served(self, daemon):
        self.served += 1
        wrong = daemon.page().faults(None)
        status = daemon.stop()
        return wrong + ([f"SIGTERM: status {status}: {daemon.said()[-500:]}"] if status else [])

    def _judge_ended(self, daemon):
        self.ended += 1
        said = daemon.said()
        status = daemon.child.returncode
        wrong = [] if status in (1, 2) else [f"status {status}: {said[-500:]}"]  # 2: of the configuration
        if "vigie serve: " not in said and " - ERROR - " not in said and " - CRITICAL - " not in said:
            wrong.append(f"no line says why: {said!r}")
        return wrong + self._judge_again()

    def _judge_again(self):
        """What it left on the disk is in nobody's way."""
        if not os.path.isdir(os.path.join(self.place, "state")):
            return []
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.place, "socket"))
        daemon = Daemon(self.place)
        try:
            if not daemon.await_start():
                return [f"the next start: {daemon.said()}"]
            return [] if daemon.stop() == 0 else ["the next stop"]
        finally:
            daemon.kill()

    def done(self):
        return []

    def said(self):
        return f"{self.ended} ended with a reason, {self.served} served nonetheless"


class Running:
    """Each call of something that a running vigie does fails; one vigie for all of them."""

    ARGS = ("--interval", "60s")

    def __init__(self, place, most):
        self.place, self.most = place, most
        self.log = os.path.join(place, "trace")
        self.turn = 0
        self.begin()

    def begin(self):
        self.daemon = Daemon(self.place, *self.ARGS)
        if not self.daemon.await_start():
            raise AssertionError(f"no start: {self.daemon.said()}")
        self.page = self.daemon.page()

    def victim(self):
        return self.daemon.child.pid

    def descriptors(self):
        """What is open, but for the files of cgroups and of findings, which come and go with these."""
        directory, n = f"/proc/{self.victim()}/fd", 0
        for fd in os.listdir(directory):
            with contextlib.suppress(FileNotFoundError):
                path = os.readlink(f"{directory}/{fd}")
                n += not path.startswith("/sys/fs/cgroup/") and "/incidents/" not in path
        return n

    def calls(self):
        with Attached(self.victim(), self.log):
            self.provoke(lambda: False)
        return worth_failing(lib.read(self.log).splitlines(), 0, self.most)

    def fail(self, call):
        try:
            wrong = self._fail(call)
        except AssertionError as e:
            wrong = [str(e)]
        if self.lives():
            return wrong
        wrong = [f"it ended: status {self.daemon.child.poll()}: {self.daemon.said()[-1500:]}"]
        self.daemon.stop()
        self.begin()
        return wrong

    def lives(self):
        return self.daemon.child.poll() is None

    def _fail(self, call):
        before = self.descriptors()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log)
        with Attached(self.victim(), self.log, call):
            self.provoke(lambda: injected(self.log))
        happened = injected(self.log)
        return self._judge(before) if happened and self.lives() else None

    def _judge(self, descriptors):
        page = self.daemon.page()
        wrong = page.faults(self.page) + self.mended()
        self.page = page
        try:
            lib.wait_for(lambda: self.descriptors() <= descriptors, "descriptors", patience_s=3,
                         every_s=0.02)
        except AssertionError:
            wrong.append(f"{self.descriptors()} descriptors, {descriptors} before")
        return wrong

    def mended(self):
        """What more must hold after it."""
        return []

    def done(self):
        status = self.daemon.stop()
        wrong = [f"SIGTERM: status {status}"] if status else []
        return (wrong + faults_of_text(self.daemon.said()) + faults_of_state(self.daemon.state) +
                [f"is left: {name}" for name in orphans()])

    def said(self):
        return "it went on after each"

    def scrape(self):
        """The page of the failure itself may be none; if it is one, it is right."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, body = self.daemon.get()
            if status == 200 and body.endswith(b"# EOF\n"):
                page = Page(body.decode())
                wrong = page.faults(self.page)
                if wrong:
                    raise AssertionError(f"the page of the failure: {wrong}")
                self.page = page


class Scrape(Running):
    def provoke(self, _):
        self.scrape()


class Cycle(Running):
    """A snapshot that nobody asked for."""

    ARGS = ("--interval", "200ms")

    def provoke(self, happened):
        """Until it has happened; three cycles, where nothing shall."""
        end = time.monotonic() + 0.7
        while time.monotonic() < end and not happened():
            time.sleep(0.01)


class Reload(Running):
    def reload(self):
        self.turn += 1
        self.daemon.configure(self.turn)
        os.kill(self.daemon.child.pid, signal.SIGHUP)

    def provoke(self, happened):
        said = len(self.daemon.said())
        self.reload()
        with contextlib.suppress(AssertionError):
            lib.wait_for(lambda: happened() or "onfiguration" in self.daemon.said()[said:],
                         "the reload", patience_s=2, every_s=0.01)

    def mended(self):
        name = "vigie_self_config_last_reload_success_timestamp_seconds"
        before = self.daemon.page().one(name)
        self.reload()
        lib.wait_for(lambda: self.daemon.page().one(name) > before, "the next reload")
        good = self.daemon.page().one("vigie_self_config_last_reload_successful") == 1
        return [] if good else ["the next reload was not taken"]


class Writer(Running):
    """The process that writes: an entry of the history and a line of the log."""

    def victim(self):
        return lib.child_named(self.daemon.child.pid, "vigie-writer")

    def lives(self):
        return super().lives() and self.victim() is not None

    def provoke(self, happened):
        os.kill(self.daemon.child.pid, signal.SIGHUP)
        self.scrape()
        end = time.monotonic() + 0.3
        while time.monotonic() < end and not happened():
            time.sleep(0.01)

    def mended(self):
        """It writes again: a loss is one of some entries."""
        name = "vigie_self_recording_entries_total"
        before = self.page.one(name)

        def entries():
            page = self.daemon.page()
            return page.one("vigie_self_recording_up") == 1 and page.one(name) > before
        lib.wait_for(entries, "entries after the failure", patience_s=20, every_s=0.1)
        return []


PHASES = {"start": Start, "cycle": Cycle, "scrape": Scrape, "reload": Reload, "writer": Writer}


def tell(call, why):
    print(f"# {call}\n#   " + "\n#   ".join("\n".join(why).splitlines()), flush=True)


def adopt_orphans():
    """What vigie leaves behind becomes a child of ours: to be called first."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def torture(name, of_a_place, most=sys.maxsize):
    """(how many calls failed, how many did not come again, {call: what did not hold}, what else).

    At most so many of each place, and of all."""
    wrong, tried, absent = {}, 0, 0
    with tempfile.TemporaryDirectory(prefix="vigie-calls.") as place:
        os.chmod(place, 0o755)
        phase = PHASES[name](place, of_a_place)
        try:
            calls = phase.calls()
            for call in (calls[i] for i in spread(len(calls), most)):
                found = phase.fail(call)
                if found is None and call.number > 1:  # one less of them this time
                    found = phase.fail(call._replace(number=call.number - 1))
                tried, absent = tried + (found is not None), absent + (found is None)
                if found:
                    wrong[call] = found
                    tell(call, found)
            left = phase.done()
        finally:
            if hasattr(phase, "daemon"):
                phase.daemon.kill()
        if left:
            wrong["at the end"] = left
            tell("at the end", left)
        return tried, absent, wrong, f"of {len(calls)}; {phase.said()}"


def main():
    lib.needs_watching()
    lib.needs(strace_works(), "strace cannot inject errors here")
    adopt_orphans()
    names = sys.argv[1:] or list(PHASES)
    failed = 0
    for number, name in enumerate(names, 1):
        began = time.monotonic()
        tried, absent, wrong, said = torture(name, int(os.environ.get("OF_A_PLACE", "3")))
        good = tried and not wrong
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {tried} calls failed {said}; {absent} did "
              f"not come again; {time.monotonic() - began:.0f} s", flush=True)
    print(f"1..{len(names)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
