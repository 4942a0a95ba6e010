#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""lib - what the end-to-end tests share.

Owns: finding the binaries, running `vigie once` and `vigie serve`, reading what they print
without a float in between, /proc, cgroups, and the probes that decide skips.
Not here: expectations.

    VIGIE   the binary (else $O/vigie)
    O       the build directory (else build), where $O/tests/workload/NAME are
"""
import contextlib
import ctypes
import functools
import http.client
import json
import os
import platform
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from decimal import Decimal

from page import Page  # noqa: F401: everybody has it as lib.Page

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
VIGIE = os.path.abspath(os.environ.get("VIGIE") or os.path.join(BUILD, "vigie"))
OTHER = "(all other processes)"
PAGE = os.sysconf("SC_PAGESIZE")
TICK = Decimal(1) / os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60  # for conditions that come at once on a machine that works


def workload(name):
    """The path of a program of tests/workload."""
    path = os.path.join(BUILD, "tests", "workload", name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path}: run `make test-e2e`, or O=DIR make e2e-workloads")
    return path


def disk_directory():
    """A temporary directory where the build is: /tmp may be in memory."""
    return tempfile.TemporaryDirectory(dir=BUILD)


def wait_for(condition, what, patience_s=PATIENCE_S, every_s=0.002):
    """The first true value of condition(); a failure that names `what` when none comes."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s} s in vain for {what}")
        time.sleep(every_s)


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(text))


def ns(seconds):
    """Exact nanoseconds of an exact decimal."""
    value = Decimal(seconds) * 10**9
    assert value == value.to_integral_value(), f"{seconds} is finer than a nanosecond"
    return int(value)


# --- Probes that decide skips.

@functools.lru_cache(maxsize=None)
def doctor():
    """`vigie doctor --json`, parsed."""
    run = subprocess.run([VIGIE, "doctor", "--json"], stdout=subprocess.PIPE, check=False)
    return json.loads(run.stdout or "{}")


def field_state(field):
    """What doctor says of a field: exact, degraded or missing."""
    states = {f["field"]: f["state"] for f in doctor().get("fields", [])}
    if field not in states:
        raise LookupError(f"vigie doctor knows no field {field!r}, but {sorted(states)}")
    return states[field]


def needs(holds, why):
    """A skip that a probe decides: `holds` is its answer."""
    if not holds:
        raise unittest.SkipTest(why)


def needs_field(field):
    needs(field_state(field) in ("exact", "degraded"), f"this kernel cannot give: {field}")


def needs_mount_namespace():
    needs(subprocess.run(["unshare", "-m", "true"], check=False,
                         stderr=subprocess.DEVNULL).returncode == 0,
          "no mount namespace can be made here (a chroot?)")


def needs_watching():
    """For setUpModule: everything here needs root and a kernel that vigie can watch."""
    needs(os.geteuid() == 0, "needs root")
    if doctor().get("verdict") != "works":
        raise AssertionError(f"vigie doctor: {doctor()}")


# --- Calm: exact counts need a kernel that runs our programs whenever their tracepoint fires.
# Some do not: one 6.18 build skips programs at sched_process_free, some per thousand, without
# counting it as missed. Its own run count, against perf's count of the tracepoint, tells.

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "s390x": 351, "ppc64le": 361}
BPF_ENABLE_STATS = 32
LIBC = ctypes.CDLL(None, use_errno=True)


def fdinfos(pid):
    """/proc/PID/fdinfo of each descriptor, as dicts."""
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError):
            lines = read(f"/proc/{pid}/fdinfo/{fd}").splitlines()
            yield {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}


class Calm:
    """Whether the kernel ran a vigie's program each time that a task was freed."""
    skipped = 0  # by all that were checked since it was set to 0

    def __init__(self, pid):
        self.pid = pid
        infos = list(fdinfos(pid))
        self.prog_id = [i["prog_id"] for i in infos if i.get("tp_name") == "sched_process_free"]
        attr = (ctypes.c_char * 4)()  # BPF_STATS_RUN_TIME; on for as long as the fd is open
        self.stats = LIBC.syscall(BPF_SYSCALL.get(platform.machine(), -1), BPF_ENABLE_STATS,
                                  attr, len(attr))
        self.freed = Tracepoint("sched:sched_process_free")
        self.freed.__enter__()
        self.before = self._both()

    def _runs(self):
        return sum(int(i["run_cnt"]) for i in fdinfos(self.pid)
                   if "run_cnt" in i and i.get("prog_id") in self.prog_id)

    def _both(self):
        """(runs, frees) of one moment: nothing was freed in between."""
        def attempt():
            freed, runs = self.freed.count(), self._runs()
            return (runs, freed) if self.freed.count() == freed else None
        return wait_for(attempt, "a moment in which nothing is freed")

    def check(self):
        runs, freed = self._both()
        Calm.skipped += abs((freed - self.before[1]) - (runs - self.before[0]))
        self.freed.__exit__()
        os.close(self.stats)


def while_calm(test, tries=6):
    """Decorator: a failure counts only if the kernel ran our programs as it should.

    Tests so decorated enter the Once or Serve with calm=True.
    """
    @functools.wraps(test)
    def repeated(self):
        for _ in range(tries):
            Calm.skipped = 0
            try:
                return test(self)
            except AssertionError:
                if not Calm.skipped:
                    raise
        raise unittest.SkipTest(f"this kernel skipped BPF programs in all of {tries} tries, "
                                f"{Calm.skipped} runs in the last: nothing here can be exact")
    return repeated


# --- vigie once

def parse(text):
    return json.loads(text, parse_float=Decimal)


def once(*args, interval="300ms"):
    """One whole `vigie once --format json`, parsed; every fraction is a Decimal."""
    run = subprocess.run([VIGIE, "once", "--format", "json", "--interval", interval, *args],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if run.returncode or run.stderr:
        raise AssertionError(f"vigie once: status {run.returncode}: {run.stderr.decode()}")
    return parse(run.stdout)


def undelayed():
    """Of two readings a moment apart each must be one moment, on a busy host too."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        with contextlib.suppress(OSError):
            os.nice(-20)


class Once:
    """`vigie once` that watches for as long as the block runs.

    with Once("--group-by", "comm") as watch: run the workload
    watch.result is then the parsed JSON of exactly that time.

    It opens its signalfd only after the first snapshot: that is the sure sign.
    """

    def __init__(self, *args, calm=False):
        self.watch_calm = calm
        self.args = [VIGIE, "once", "--format", "json", "--interval", "1h", *args]
        self.result = None
        self.child = self.calm = None

    def _is_watching(self):
        if self.child.poll() is not None:
            raise AssertionError(f"vigie once ended: {self.child.stderr.read().decode()}")
        directory = f"/proc/{self.child.pid}/fd"
        with contextlib.suppress(FileNotFoundError):
            return any(os.readlink(f"{directory}/{fd}") == "anon_inode:[signalfd]"
                       for fd in os.listdir(directory))
        return False

    @property
    def pid(self):
        return self.child.pid

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      preexec_fn=undelayed)
        try:
            wait_for(self._is_watching, "vigie once to watch")
            self.calm = Calm(self.pid) if self.watch_calm else None
        except BaseException:
            self.child.kill()
            self.child.communicate()
            raise
        return self

    def stop(self):
        """Ends the interval now, while what else is in the block still lives."""
        if self.result is not None:
            return
        if self.calm:
            self.calm.check()
        self.child.send_signal(signal.SIGINT)
        out, err = self.child.communicate(timeout=PATIENCE_S)
        if self.child.returncode or err:
            raise AssertionError(f"vigie once: status {self.child.returncode}: {err.decode()}")
        self.result = parse(out)

    def __exit__(self, kind, *_):
        if kind and self.result is None:
            self.child.kill()
            self.child.communicate()
            return
        self.stop()


def rows(result, **labels):
    """The rows of processes with these labels; pid may be a number."""
    wanted = {key: str(value) for key, value in labels.items()}
    return [row for row in result["processes"]
            if all(row["labels"].get(key) == value for key, value in wanted.items())]


def row(result, **labels):
    """The one row with these labels."""
    found = rows(result, **labels)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} rows with {labels}, expected one")
    return found[0]


def everything(result):
    """All rows, the one of `other` too: their sums are the host's."""
    return result["processes"] + [result["other"]]


def cpu_ns(of_row):
    return ns(of_row["cpu_seconds"]["user"]) + ns(of_row["cpu_seconds"]["system"])


def waits(of_row):
    """How many run-queue waits a row has, over all buckets."""
    return sum(bucket["count"] for bucket in of_row["run_queue_wait_histogram"])


def check_wait(test, wait, kernel):
    """What schedstat gained, exactly. Where the kernel counts sleep there, no more than that: beside a
    neighbour nine tenths may be sleep, and the wall clock is the witness (test_moved.py)."""
    source, = (f["source"] for f in doctor()["fields"] if f["field"] == "run-queue wait")
    (test.assertLessEqual if "sched_wakeup" in source else test.assertEqual)(wait, kernel)


def off_ns(of_row):
    return sum(ns(value) for value in of_row["off_cpu_seconds"].values())


def exits(of_row):
    return sum(of_row["exits"].values())


# --- vigie serve

class Serve:
    """`vigie serve` on a free loopback port, ready when the block begins.

    stop() sends SIGTERM and returns the exit status; leaving the block does so too.
    """

    def __init__(self, *args, listen="127.0.0.1:0", ready=True, env=None, calm=False):
        self.watch_calm = calm
        said = {"--state-dir", "--recording", "--no-history", "--no-recording"} & set(args)
        keep_nothing = [] if said else ["--no-history"]
        # Under the load of a test it would do less, as it should.
        unbounded = [] if "--max-overhead" in args else ["--max-overhead", "off"]
        self.args = [VIGIE, "serve", "--listen", listen, *keep_nothing, *unbounded, *args]
        self.ready = ready
        self.env = env
        self.child = self.port = self.status = self.calm = None
        self.stderr = ""

    def _announced(self):
        """Reads standard error up to the address; 0 is a port that the kernel chose."""
        end = time.monotonic() + PATIENCE_S
        fd = self.child.stderr.fileno()
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                chunk = os.read(fd, 65536)
                self.stderr += chunk.decode("utf-8", "replace")
                found = re.search(r"serving http://[^\n]*:(\d+)/metrics\n", self.stderr)
                if found:
                    return int(found.group(1))
                if not chunk:
                    break
        raise AssertionError(f"vigie serve: no address announced: {self.stderr!r}")

    def _is_ready(self):
        if self.child.poll() is not None:
            raise AssertionError(f"vigie serve ended: {self.stderr!r}")
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self.child.pid

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                      env=self.env)
        try:
            self.port = self._announced()
            if self.ready:
                wait_for(self._is_ready, "/-/ready")
            self.calm = Calm(self.pid) if self.watch_calm else None
        except BaseException:
            self.child.kill()
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        if self.calm and self.child.poll() is None:
            self.calm.check()
        self.stop()

    def get(self, path="/metrics", method="GET", timeout=PATIENCE_S, **headers):
        """(status, headers as a dict in lower case, body as bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, headers={k.replace("_", "-"): v
                                                      for k, v in headers.items()})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body
        finally:
            connection.close()

    def scrape(self):
        """One fresh page as Page."""
        status, _, body = self.get(Accept="application/openmetrics-text;version=1.0.0")
        if status != 200:
            raise AssertionError(f"/metrics: status {status}: {body[:200]!r}")
        return Page(body.decode("utf-8"))

    def stop(self, number=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(number)
        try:
            _, err = self.child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            _, err = self.child.communicate()
            raise AssertionError("vigie serve did not stop") from None
        except ValueError:  # was stopped before
            err = b""
        self.stderr += err.decode("utf-8", "replace")
        self.status = self.child.returncode
        return self.status


# --- /proc

def proc_stat():
    """/proc/stat: {"cpu": [ticks, ...], "ctxt": n, "processes": n, ...}."""
    stat = {}
    for line in read("/proc/stat").splitlines():
        name, *values = line.split()
        stat[name] = [int(v) for v in values] if len(values) > 1 else int(values[0])
    return stat


def status(pid, tid=None):
    """/proc/PID/status (or of a thread) as a dict; numbers without their unit."""
    path = f"/proc/{pid}/task/{tid}/status" if tid else f"/proc/{pid}/status"
    result = {}
    for line in read(path).splitlines():
        key, _, value = line.partition(":")
        number = value.split()[:1]
        result[key] = int(number[0]) if number and number[0].isdigit() else value.strip()
    return result


def threads(pid):
    return [int(tid) for tid in os.listdir(f"/proc/{pid}/task")]


def schedstat(pid, tid=None):
    """(ns on the CPU, ns of run-queue wait, arrivals) of one thread, the leader's else."""
    return tuple(int(v) for v in read(f"/proc/{pid}/task/{tid or pid}/schedstat").split())


def schedstats(pid):
    """The same, summed over the living threads."""
    return tuple(map(sum, zip(*(schedstat(pid, tid) for tid in threads(pid)))))


def above_others(callback):
    """What we start from now on, until the callback, has a CPU at once, also beside others."""
    callback(os.setpriority, os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, 0, -15)


def children(pid):
    """{name: pid} of those that it has forked."""
    names = {}
    for child in read(f"/proc/{pid}/task/{pid}/children").split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            names[status(child)["Name"]] = int(child)
    return names


def child_named(pid, name):
    """The pid of the child of that name, or None."""
    return children(pid).get(name)


def stat_fields(pid, tid=None):
    """/proc/PID/stat from its third field on: state is [0], minflt [7], majflt [9]."""
    path = f"/proc/{pid}/task/{tid}/stat" if tid else f"/proc/{pid}/stat"
    return read(path).rpartition(")")[2].split()


def proc_io(pid):
    return {k: int(v) for k, v in
            (line.split(":") for line in read(f"/proc/{pid}/io").splitlines())}


# --- Counting tracepoints with perf: what happened, told by neither vigie nor /proc.

PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241, "s390x": 331, "ppc64le": 319}
PERF_SET_FILTER = 0x40082406


@contextlib.contextmanager
def _tracefs():
    """A directory where tracefs is mounted: the usual one, or one of our own for a moment."""
    if os.path.isdir("/sys/kernel/tracing/events"):
        yield "/sys/kernel/tracing"
        return
    with tempfile.TemporaryDirectory() as where:
        done = subprocess.run(["mount", "-t", "tracefs", "none", where], check=False,
                              stderr=subprocess.DEVNULL)
        needs(done.returncode == 0, "no tracefs")
        try:
            yield where
        finally:
            subprocess.run(["umount", where], check=True)


@functools.lru_cache(maxsize=None)
def tracepoint_id(name):
    with _tracefs() as where:
        path = f"{where}/events/{name.replace(':', '/')}/id"
        needs(os.path.exists(path), f"no tracepoint {name}")
        return int(read(path))


class Tracepoint:
    """How often a tracepoint fired on the whole host since the block began.

    with Tracepoint("sched:sched_switch", "prev_pid == 0") as idle: ... idle.count()
    """

    def __init__(self, name, condition=None):
        self.name, self.condition = name, condition
        self.fds = []

    def _open(self, cpu):
        # struct perf_event_attr, version 0: type, size, config; counting, from now on
        attr = struct.pack("=IIQ", 2, 64, tracepoint_id(self.name)).ljust(64, b"\0")
        fd = LIBC.syscall(PERF_EVENT_OPEN[platform.machine()], attr, -1, cpu, -1, 8)
        needs(fd >= 0, f"perf cannot count {self.name}: {os.strerror(ctypes.get_errno())}")
        self.fds.append(fd)
        if self.condition and LIBC.ioctl(fd, PERF_SET_FILTER, self.condition.encode() + b"\0"):
            raise OSError(ctypes.get_errno(), f"perf filter {self.condition!r}")

    def __enter__(self):
        needs(platform.machine() in PERF_EVENT_OPEN, "no perf_event_open number for this machine")
        try:
            for cpu in range(os.cpu_count()):
                self._open(cpu)
        except BaseException:
            self.__exit__()
            raise
        return self

    def count(self):
        return sum(struct.unpack("=Q", os.read(fd, 8))[0] for fd in self.fds)

    def __exit__(self, *_):
        for fd in self.fds:
            os.close(fd)
        self.fds = []


# --- Programs under test, and their cgroups.

class Program:
    """A workload that says when it is at a point (tests/workload/point.h) and then waits.

    It runs under a name of its own, .comm, so that what else runs is never taken for it.
    At a point it is at rest: all of its threads are asleep.
    """
    born = 0

    def __init__(self, name, *args, cgroup=None, cpus=None):
        Program.born += 1
        self.comm = f"{name[:6]}{os.getpid()}-{Program.born}"[:15]
        self.place = tempfile.mkdtemp(prefix="vigie-")
        os.symlink(workload(name), os.path.join(self.place, self.comm))
        self.args = [os.path.join(self.place, self.comm), *map(str, args)]
        self.cgroup = cgroup
        self.cpus = cpus
        self.child = None

    def _enter_place(self):
        if self.cgroup:
            self.cgroup.enter()
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      preexec_fn=self._enter_place, bufsize=0)
        return self

    @property
    def pid(self):
        return self.child.pid

    def point(self, patience_s=PATIENCE_S):
        """The next line that it says; every thread is then asleep."""
        if not select.select([self.child.stdout], [], [], patience_s)[0]:
            raise AssertionError(f"{self.args}: silent for {patience_s} s")
        line = self.child.stdout.readline()
        if not line:
            raise AssertionError(f"{self.args}: ended with status {self.child.wait()}")
        self.rest()
        return line.decode().rstrip("\n")

    def rest(self):
        def asleep():
            return all(stat_fields(self.pid, tid)[0] in "SDZ" for tid in threads(self.pid))
        wait_for(asleep, f"{self.args[0]} to rest")

    def go(self):
        self.child.stdin.write(b"\n")

    def reap(self):
        """(exit status, rusage of it and of all children it waited for)."""
        self.child.stdin.close()
        _, code, usage = os.wait4(self.child.pid, 0)
        self.child.returncode = os.waitstatus_to_exitcode(code)
        return self.child.returncode, usage

    def __exit__(self, *_):
        if self.child.returncode is None and self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()
        shutil.rmtree(self.place, ignore_errors=True)


def cgroup_root(controller):
    """(directory where a cgroup with this controller can be made, is it v2) or (None, None)."""
    for line in read("/proc/self/mounts").splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup" and controller in options.split(","):
            return where, False
    for line in read("/proc/self/mounts").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2" and controller in read(f"{where}/cgroup.controllers").split():
            return where, True
    return None, None


class Cgroup:
    """A cgroup of our own in the hierarchy of a controller; skips the test if there is none."""

    def __init__(self, controller, name="vigie-test"):
        root, self.v2 = cgroup_root(controller)
        needs(root, f"no cgroup hierarchy with the controller {controller}")
        if self.v2 and controller not in read(f"{root}/cgroup.subtree_control").split():
            write(f"{root}/cgroup.subtree_control", f"+{controller}")
        self.path = os.path.join(root, f"{name}-{os.getpid()}")
        self.procs = os.path.join(self.path, "cgroup.procs")

    def __enter__(self):
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path)
        return self

    def enter(self):
        """The calling process moves in; its children begin there."""
        write(self.procs, os.getpid())

    def set(self, file, value):
        write(os.path.join(self.path, file), value)

    def get(self, file):
        return read(os.path.join(self.path, file))

    def cpu_ns(self):
        """The kernel's own account of all that ever ran in it."""
        if not self.v2:
            return int(self.get("cpuacct.usage"))
        return 1000 * int(dict(l.split() for l in self.get("cpu.stat").splitlines())["usage_usec"])

    def __exit__(self, *_):
        def removed():
            for pid in read(self.procs).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            try:
                os.rmdir(self.path)
            except OSError:
                return False
            return True
        wait_for(removed, f"{self.path} to be empty")


if __name__ == "__main__":
    sys.exit("a library: run test_*.py")
