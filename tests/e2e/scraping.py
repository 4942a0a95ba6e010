# SPDX-License-Identifier: GPL-2.0-only
"""scraping - what the tests of `vigie serve` share beside lib.

Owns: a real Prometheus on loopback, the strict readers of a page, workload/actor, the BPF
objects that a process holds. Not here: expectations.
"""
import contextlib
import fcntl
import http.client
import http.server
import json
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import urllib.parse
from decimal import Decimal

import lib

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
CLASSIC = "text/plain;version=0.0.4"


# --- Actor: a process that does as it is told.

class Actor:
    """tests/workload/actor. Every method returns (value, user s, system s), of all it cost."""

    def __init__(self, name=None, cgroup=None):
        self.child = subprocess.Popen(
            [lib.workload("actor")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            preexec_fn=cgroup.enter if cgroup else None)
        if name is not None:
            self.name(name)

    @property
    def pid(self):
        return self.child.pid

    def send(self, *words):
        self.child.stdin.write(" ".join(map(str, words)).encode() + b"\n")

    def answer(self):
        if not select.select([self.child.stdout], [], [], lib.PATIENCE_S)[0]:
            raise AssertionError("actor: no answer")
        words = self.child.stdout.readline().split()
        if not words or words[0] != b"ok" or int(words[1]) < 0:
            raise AssertionError(f"actor: {words}")
        return int(words[1]), Decimal(int(words[2])) / 10**6, Decimal(int(words[3])) / 10**6

    def do(self, *words):
        self.send(*words)
        return self.answer()

    def name(self, raw):
        return self.do("name", os.fsencode(raw).hex())

    def spawn(self, raw):
        return self.do("spawn", os.fsencode(raw).hex())[0]

    def close(self):
        """It and all that it spawned are gone and reaped after this."""
        self.child.stdin.close()
        self.child.stdout.close()
        return self.child.wait(lib.PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.returncode is None:
            self.close()


# --- What of the dead must be seen.

def hides_processes():
    """A sandbox's kernel that keeps root and BPF out of its own agent.

    There no BPF program runs while that process is the current one, not even in a softirq
    that interrupted it: the ends of tasks that RCU frees just then are seen by nobody.
    """
    try:
        os.readlink("/proc/1/exe")
    except PermissionError:
        return True
    return False


def least(n):
    """How many of n ends must be seen: all of them, wherever BPF may run everywhere."""
    return n - n // 8 - 2 if hides_processes() else n


# --- Judges of a page.

def fetch(daemon, accept=OPENMETRICS):
    """The body of a scrape in one dialect."""
    status, headers, body = daemon.get(Accept=accept)
    kind = accept.split(";")[0]
    if status != 200 or not headers["content-type"].startswith(kind):
        raise AssertionError(f"/metrics: {status}, {headers}")
    return body


def faults(openmetrics, classic):
    """What tests/golden/check.py says of the two renderings: rules, books, other parsers."""
    script = os.path.join(lib.ROOT, "tests", "golden", "check.py")
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in ("openmetrics", "classic")]
        for path, body in zip(paths, (openmetrics, classic)):
            with open(path, "wb") as file:
                file.write(body)
        run = subprocess.run(["/usr/bin/python3", "-B", script, "--different-scrapes",
                              "--openmetrics", paths[0], "--text", paths[1]],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = run.stdout.decode("utf-8", "replace")
    lib.needs(run.returncode != 249, said)
    return said.splitlines() if run.returncode else []


# --- Prometheus

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Prometheus:
    """The Debian package's server, scraping every second. targets: {job: port on loopback}.

    extra: {job: lines of its scrape configuration}, such as "scheme: https"; more: further jobs and
    what else a configuration has; flags of the program.
    """

    CONFIG = """global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
scrape_configs:
{jobs}{more}"""
    JOB = """- job_name: {job}
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""

    def __init__(self, targets, extra=None, more="", flags=()):
        lib.needs(shutil.which("prometheus"), "prometheus is not installed")
        self.targets = targets
        self.directory = tempfile.mkdtemp(prefix="vigie-prometheus-")
        self.port = free_port()
        self.log = open(os.path.join(self.directory, "log"), "wb")
        config = os.path.join(self.directory, "config.yml")
        jobs = "".join(self.JOB.format(job=job, port=port) +
                       "".join(f"  {line}\n" for line in (extra or {}).get(job, ()))
                       for job, port in targets.items())
        lib.write(config, self.CONFIG.format(jobs=jobs, more=more))
        self.child = subprocess.Popen(
            ["prometheus", f"--config.file={config}", "--log.level=warn",
             f"--storage.tsdb.path={self.directory}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", *flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        try:
            lib.wait_for(self._is_ready, "Prometheus to be ready", every_s=0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _is_ready(self):
        if self.child.poll() is not None:
            raise AssertionError(f"prometheus ended: {lib.read(self.log.name)}")
        with contextlib.suppress(OSError):
            return self.get("/-/ready")[0] == 200
        return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def api(self, what, **parameters):
        status, body = self.get(f"/api/v1/{what}?{urllib.parse.urlencode(parameters, True)}")
        answer = json.loads(body, parse_float=Decimal)
        if status != 200 or answer["status"] != "success":
            raise AssertionError(f"{what} {parameters}: {answer}")
        return answer["data"]

    def query(self, promql, at=None):
        """[(labels, value)] of an instant vector."""
        at = {"time": f"{at:.3f}"} if at else {}
        data = self.api("query", query=promql, **at)
        return [(sample["metric"], Decimal(sample["value"][1])) for sample in data["result"]]

    def value(self, promql, at=None):
        found = self.query(promql, at)
        if len(found) != 1:
            raise AssertionError(f"{promql}: {len(found)} results, expected one: {found[:5]}")
        return found[0][1]

    def raw(self, selector, window_s, at):
        """[(labels, [(time, value)])] of what is stored."""
        data = self.api("query", query=f"{selector}[{window_s}s]", time=f"{at:.3f}")
        return [(series["metric"], [(float(t), Decimal(v)) for t, v in series["values"]])
                for series in data["result"]]

    def scrapes(self, job):
        """How many scrapes of a job are stored, and how many failed."""
        found = self.query(f'count_over_time(up{{job="{job}"}}[1h])')
        good = self.query(f'sum_over_time(up{{job="{job}"}}[1h])')
        n = int(found[0][1]) if found else 0
        return n, n - (int(good[0][1]) if good else 0)

    def wait_scrapes(self, more, jobs=None):
        """Until so many further scrapes of each job are stored."""
        until = {job: self.scrapes(job)[0] + more for job in jobs or self.targets}
        lib.wait_for(lambda: all(self.scrapes(job)[0] >= n for job, n in until.items()),
                     f"{more} scrapes", every_s=0.1)

    def duplicates(self):
        """Samples that it threw away because their series was on the page twice."""
        body = self.get("/metrics")[1].decode()
        names = ("sample_duplicate_timestamp", "sample_out_of_order", "sample_out_of_bounds")
        return sum(float(re.search(rf"^prometheus_target_scrapes_{name}_total (\S+)$", body,
                                   re.M).group(1)) for name in names)

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(lib.PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class LoopbackServer:
    """An HTTP server in this process, at .port, while the block lasts. Handler has do_GET or do_POST."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    def __init__(self, handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ClassicOnly(LoopbackServer):
    """A way to the same page for a Prometheus that must get text 0.0.4: Accept is replaced."""

    def __init__(self, port):
        class Handler(LoopbackServer.Handler):
            def do_GET(self):  # noqa: N802
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=lib.PATIENCE_S)
                upstream.request("GET", self.path, headers={"Accept": CLASSIC})
                answer = upstream.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                upstream.close()

        super().__init__(Handler)


# --- BPF objects

KINDS = ("prog", "map", "link")


def bpf_list(kind):
    """{id: what bpftool says of it} of all there are on this host.

    One that goes while they are listed ends the list: then they are listed again."""
    tool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    lib.needs(os.access(tool, os.X_OK), "bpftool is not installed")

    def listed():
        run = subprocess.run([tool, "-j", kind, "list"], stdout=subprocess.PIPE, check=False,
                             stderr=subprocess.DEVNULL)
        return None if run.returncode else (json.loads(run.stdout or b"[]"),)
    return {entry["id"]: entry for entry in lib.wait_for(listed, f"bpftool's list of {kind}s")[0]}


def bpf_held(pid):
    """{kind: ids} that a process holds, by its descriptors and by what those refer to."""
    held = {kind: set() for kind in KINDS}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError):
            for kind, number in re.findall(r"^(prog|map|link)_id:\s*(\d+)$",
                                           lib.read(f"/proc/{pid}/fdinfo/{fd}"), re.M):
                held[kind].add(int(number))
    links, progs = bpf_list("link"), bpf_list("prog")
    held["prog"] |= {links[i]["prog_id"] for i in held["link"] if "prog_id" in links[i]}
    for i in held["prog"]:
        held["map"] |= set(progs[i].get("map_ids", []))
    return held


def bpf_left(held):
    """{kind: ids} of these that still exist."""
    left = {kind: ids & set(bpf_list(kind)) for kind, ids in held.items()}
    return {kind: ids for kind, ids in left.items() if ids}


def wait_bpf_gone(held, patience_s=10):
    """The kernel frees after grace periods: with a deadline."""
    end = time.monotonic() + patience_s
    while True:
        left = bpf_left(held)
        if not left:
            return
        if time.monotonic() > end:
            raise AssertionError(f"BPF objects are left: {left}")
        time.sleep(0.01)


# --- A terminal

def on_terminal(args, rows=40, columns=120):
    """(exit status, all bytes that reached the terminal)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other side is closed
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    return child.wait(lib.PATIENCE_S), shown
