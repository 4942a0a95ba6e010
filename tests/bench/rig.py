# SPDX-License-Identifier: GPL-2.0-only
"""What the bench starts, reads and puts back: daemons, crowds, statistics, sysctls.

Owns processes and /proc. Not here: what is compared with what (rows.py), words (report.py).
Everything started here is a context manager and ends with it, however the bench ends.
"""
import contextlib
import json
import math
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

OUT = os.environ.get("O", "build")
TOOLS = os.path.join(OUT, "tests", "bench")
VIGIE = os.path.join(OUT, "vigie")


class Skip(Exception):
    """A peer or a tool is missing: said aloud, not a failure."""


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise Skip(f"{name} is not installed")
    return path


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise RuntimeError(f"{what}: not within {seconds} s")


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def quantile(values, q):
    """Nearest rank: a value that was really measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered), max(1, math.ceil(q * len(ordered)))) - 1]


class Figures:
    """Repetitions of one measurement."""

    def __init__(self, values):
        self.values = list(values)
        self.median = median(self.values)

    def show(self, unit, digits=1, scale=1):
        """The median, and in brackets the quartiles."""
        low, high = quantile(self.values, 0.25), quantile(self.values, 0.75)
        return (f"{self.median * scale:.{digits}f} {unit} "
                f"[{low * scale:.{digits}f} … {high * scale:.{digits}f}]")


@contextlib.contextmanager
def running(command, stop=signal.SIGTERM, **more):
    process = subprocess.Popen(command, **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def sysctl(name, value):
    path = "/proc/sys/" + name.replace(".", "/")
    with open(path, encoding="ascii") as f:
        before = f.read().strip()
    with open(path, "w", encoding="ascii") as f:
        f.write(str(value))
    try:
        yield
    finally:
        with open(path, "w", encoding="ascii") as f:
            f.write(before)


def cpu_ns(pid):
    """On-CPU time of all threads: the scheduler's exact figure, not the tick's."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        found = re.findall(r"^(VmRSS|RssAnon|VmHWM):\s+(\d+)", f.read(), re.M)
    return {name: int(value) for name, value in found}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Exporter:
    """A process that answers GET /metrics on a loopback port."""

    def __init__(self, process, port):
        self.process, self.pid, self.port = process, process.pid, port

    def get(self, gzip=True, path="/metrics"):
        """(seconds, body with header): from connecting to the last byte."""
        began = time.perf_counter()
        accept = "Accept-Encoding: gzip\r\n" if gzip else ""
        request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{accept}"
                   "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n"
                   "Connection: close\r\n\r\n")
        chunks = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            s.sendall(request.encode())
            while chunk := s.recv(1 << 20):
                chunks.append(chunk)
        body = b"".join(chunks)
        if not body.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"port {self.port}: {body[:80]!r}")
        return time.perf_counter() - began, body

    def answers(self, path):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args[0]} ended with {self.process.returncode}")
        try:
            return bool(self.get(path=path))
        except (OSError, RuntimeError):
            return False

    def values(self):
        """Unlabelled samples of the page."""
        text = self.get(gzip=False)[1].decode()
        return {name: float(value) for name, value in
                re.findall(r"^([a-z_]+) ([-+0-9.e]+)\r?$", text, re.M)}

    def scrape(self, times, every, gzip=True):
        """Evenly spaced scrapes: (seconds each, CPU ns a scrape, body bytes)."""
        seconds, size, before = [], 0, cpu_ns(self.pid)
        began = time.monotonic()
        for i in range(times):
            time.sleep(max(0.0, began + i * every - time.monotonic()))
            took, body = self.get(gzip)
            seconds.append(took)
            size = len(body)
        time.sleep(max(0.0, began + times * every - time.monotonic()))
        return seconds, (cpu_ns(self.pid) - before) / times, size


def unbounded(binary):
    """What keeps it from doing less under a load. Builds of before do not know such a thing."""
    text = subprocess.run([binary, "serve", "--help"], check=True, stdout=subprocess.PIPE).stdout
    return ("--max-overhead", "off") if b"--max-overhead" in text else ()


@contextlib.contextmanager
def vigie(*more):
    """With these options, and nothing kept unless they say where; without a budget likewise."""
    more = more or ("--no-recording",)  # the former name: builds of before take part, too
    if "--max-overhead" not in more:
        more = (*more, *unbounded(VIGIE))
    port = free_port()
    command = [VIGIE, "serve", "--listen", f"127.0.0.1:{port}", *more]
    with running(command, stderr=subprocess.PIPE) as process:
        exporter = Exporter(process, port)
        try:
            wait_for(lambda: exporter.answers("/-/ready"), "vigie serve is ready")
        except RuntimeError as e:
            process.kill()
            raise RuntimeError(f"{e}: {process.stderr.read().decode().strip()}") from e
        yield exporter


@contextlib.contextmanager
def process_exporter():
    """The peer at its cheapest: no threads, no smaps, one group per name, as ours."""
    command = tool("prometheus-process-exporter")
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write("process_names:\n  - name: '{{.Comm}}'\n    cmdline: ['.*']\n"
                     "  - name: '{{.Comm}}'\n    comm: ['.*']\n")
        config.flush()
        with running([command, "-config.path", config.name, "-threads=false",
                      "-gather-smaps=false", "-web.listen-address", f"127.0.0.1:{port}"],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            exporter = Exporter(process, port)
            # It scrapes once before it listens: seconds among many processes.
            wait_for(lambda: exporter.answers("/"), "process-exporter is ready", 120)
            yield exporter


@contextlib.contextmanager
def scraped(exporter, every=1.0):
    """A client in the background, as a Prometheus that scrapes once a second."""
    done, failures = threading.Event(), []

    def loop():
        try:
            while not done.wait(every):
                exporter.get()
        except (OSError, RuntimeError) as e:
            failures.append(e)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failures:
        raise RuntimeError(f"the scraper in the background: {failures[0]}")


@contextlib.contextmanager
def in_production():
    with vigie() as exporter, scraped(exporter):
        yield exporter


@contextlib.contextmanager
def empty_program():
    """The least that anybody pays who wants to see a switch: a program that does nothing."""
    command = [os.path.join(TOOLS, "probes"), "attach", os.path.join(TOOLS, "empty.bpf.o")]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if not process.stdout.readline():
            raise RuntimeError("could not attach the empty program")
        yield


@contextlib.contextmanager
def crowd(count, names, *awake):
    """count idle processes, beside whatever the host runs; of them one in awake is not idle."""
    command = [os.path.join(TOOLS, "sleepers"), *map(str, (count, names, *awake))]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"could not start {count} processes")
            yield
        finally:
            process.stdin.close()
            process.wait()


class Probes:
    """The kernel's run counts and times of BPF programs, and the empty program."""

    def __init__(self, process):
        self.process, self.old = process, set()
        self.programs()

    def programs(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("probes ended")
        return json.loads(line)

    def ask(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.programs()

    def mark(self):
        """What is loaded now is not meant: a program may outlive its owner by a moment."""
        self.old = {p["id"] for p in self.ask()}

    def read(self):
        """By name, of the programs loaded since the mark, and the empty one."""
        return {p["name"]: p for p in self.ask()
                if p["id"] not in self.old or p["name"] == "bench_empty"}


@contextlib.contextmanager
def probes():
    command = [os.path.join(TOOLS, "probes"), os.path.join(TOOLS, "empty.bpf.o")]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Probes(process)


def strain(kind, count, cpu=None):
    command = [os.path.join(TOOLS, "strain"), kind, str(count)]
    if cpu is not None:
        command = ["taskset", "-c", str(cpu)] + command
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def timed(command, **more):
    """(wall seconds, CPU seconds) of a command and its children."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before, began = used(), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)
    return time.monotonic() - began, used() - before


def kernel_maps():
    """bpftool's bytes_memlock of every map, by id."""
    out = subprocess.run([tool("bpftool"), "-j", "map", "show"], check=True,
                         stdout=subprocess.PIPE).stdout
    return {m["id"]: m.get("bytes_memlock", 0) for m in json.loads(out)}
