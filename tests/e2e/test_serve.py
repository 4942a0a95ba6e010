#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie serve` as a daemon: what it gives up, how it stops, what it leaves, what it bears.

Owns: privileges as /proc shows them, signals, BPF objects after the end, a second instance,
listeners, several scrapers, descriptors and memory over time. The protocol is test_http's,
the figures are test_books'.
"""
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from decimal import Decimal

import lib
from lib import PATIENCE_S, VIGIE, Cgroup, Page, Serve, wait_for
from scraping import (CLASSIC, OPENMETRICS, Actor, bpf_held, bpf_left, fetch, least,
                      wait_bpf_gone)

STOP_S = 0.5
NONE = "0000000000000000"
PID_AND_NAME = "--group-by", "pid,comm"


def setUpModule():
    lib.needs_watching()


def raw_status(pid):
    return dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", lib.read(f"/proc/{pid}/status"), re.M))


def run(*args, **options):
    """A `vigie serve` that is expected to end by itself."""
    return subprocess.run([VIGIE, "serve", "--no-history", *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S,
                          check=False, **options)


def resident_kib(pid):
    return lib.status(pid)["VmRSS"]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self.path)


def get_unix(path):
    connection = UnixConnection(path)
    try:
        connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextlib.contextmanager
def listening(*args):
    """A daemon with listeners of any kind: yields (process, announced addresses)."""
    child = subprocess.Popen([VIGIE, "serve", "--no-history", *args], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    addresses = []
    try:
        wanted = args.count("--listen")
        while len(addresses) < wanted:
            line = child.stderr.readline()
            if not line:
                raise AssertionError(f"vigie serve ended: {child.wait()}")
            found = re.match(r".* - INFO - serving (?:http://)?(.*?)(?:/metrics)?\n", line)
            if found:
                addresses.append(found.group(1))
        yield child, addresses
    finally:
        if child.poll() is None:
            child.terminate()
        child.wait(PATIENCE_S)
        child.stderr.close()


class Privileges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.daemon = cls.stack.enter_context(Serve("--max-groups", "500", "--interval", "1s"))

    def test_status_says_that_nothing_is_left(self):
        status = raw_status(self.daemon.pid)
        for ids in ("Uid", "Gid"):
            self.assertEqual(len(set(status[ids].split())), 1)
            self.assertGreater(int(status[ids].split()[0]), 0)
        self.assertEqual(status["Groups"], "")
        keeps = lib.doctor()["capabilities"] and "CAP_BPF" in str(
            [f["source"] for f in lib.doctor()["fields"] if "privileges" in f["field"]])
        caps = f"{1 << 39:016x}" if keeps else NONE
        self.assertEqual({key: status[key] for key in ("CapInh", "CapPrm", "CapEff", "CapBnd",
                                                       "CapAmb")},
                         {"CapInh": NONE, "CapPrm": caps, "CapEff": caps, "CapBnd": NONE,
                          "CapAmb": NONE})
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        self.assertEqual(status["Threads"], "1")

    def test_values_are_fresh_after_the_drop(self):
        with Actor(b"fresh-burner") as actor:
            wait_for(lambda: self.daemon.scrape().all("vigie_process_threads",
                                                      comm="fresh-burner"), "the actor's series")
            before, cost = self.daemon.scrape(), actor.do("usage")
            actor.do("cpu", 300)
            after, spent = self.daemon.scrape(), actor.do("usage")
        grown = [page.sum("vigie_process_cpu_seconds_total", comm="fresh-burner")
                 for page in (before, after)]
        truth = sum(spent[1:]) - sum(cost[1:])
        self.assertAlmostEqual(grown[1] - grown[0], truth, delta=truth / 20)
        for name, labels in before.samples:
            if name.endswith(("_total", "_count", "_sum", "_bucket")):
                if (name, labels) in after.samples:
                    self.assertGreaterEqual(after.samples[name, labels],
                                            before.samples[name, labels], (name, labels))

    def test_new_cgroups_are_named_after_the_drop(self):
        controller = lib.doctor()["cgroup_controller"] or "memory"
        with Cgroup(controller, "vigie-late") as cgroup, Actor(b"late", cgroup):
            unit = os.path.basename(cgroup.path)
            wait_for(lambda: self.daemon.scrape().all("vigie_process_processes", comm="late",
                                                      unit=unit),
                     f"a unit called {unit}", every_s=0.06)

    def test_the_dead_are_counted_after_the_drop(self):
        with Actor(b"mayfly") as actor:
            actor.do("children", 200, 0)
            exits = "vigie_process_exits_total"
            wait_for(lambda: self.daemon.scrape().sum(exits, comm="mayfly", how="normal") >=
                     least(200), "200 exits", patience_s=20, every_s=0.06)
            page = self.daemon.scrape()
            self.assertLessEqual(page.sum(exits, comm="mayfly"), 200)
            # It, too, began under the daemon's eyes.
            self.assertEqual(page.sum("vigie_process_starts_total", comm="mayfly") - 1,
                             page.sum(exits, comm="mayfly"))


class Stopping(unittest.TestCase):
    def stop(self, number, scraping):
        """(exit status, seconds) from the signal to the end."""
        with Serve() as daemon:
            idle = socket.create_connection(("127.0.0.1", daemon.port))
            thread = None
            if scraping:
                idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")  # and never reads
                stop = threading.Event()

                def scrape():
                    while not stop.is_set():
                        with contextlib.suppress(OSError, http.client.HTTPException):
                            daemon.get(timeout=2)
                thread = threading.Thread(target=scrape)
                thread.start()
                wait_for(lambda: daemon.scrape().one("vigie_self_scrapes_total") > 3, "scrapes")
            began = time.monotonic()
            os.kill(daemon.pid, number)
            status = daemon.child.wait(PATIENCE_S)
            took = time.monotonic() - began
            idle.close()
            if thread:
                stop.set()
                thread.join()
        return status, took

    def test_within_half_a_second_ten_times(self):
        times = []
        for i in range(10):
            number = signal.SIGTERM if i % 2 else signal.SIGINT
            status, took = self.stop(number, scraping=i >= 5)
            self.assertEqual(status, 0, number)
            times.append(took)
        self.assertLess(max(times), STOP_S, times)

    def test_sigterm_leaves_nothing(self):
        with Serve() as daemon:
            held = bpf_held(daemon.pid)
            for kind in ("prog", "map", "link"):
                self.assertGreater(len(held[kind]), 5, kind)
            self.assertEqual(bpf_left(held), held)
            self.assertEqual(daemon.stop(), 0)
            wait_bpf_gone(held)

    def test_kill_9_leaves_nothing_twenty_times_and_restart_works(self):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        all_held = {"prog": set(), "map": set(), "link": set()}
        pinned = set(os.listdir("/sys/fs/bpf")) if os.path.isdir("/sys/fs/bpf") else set()
        for _ in range(20):
            with Serve(listen=f"127.0.0.1:{port}") as daemon:
                for kind, ids in bpf_held(daemon.pid).items():
                    all_held[kind] |= ids
                self.assertGreater(len(daemon.scrape().samples), 100)
                daemon.child.kill()
                self.assertEqual(daemon.child.wait(PATIENCE_S), -signal.SIGKILL)
        self.assertGreater(len(all_held["prog"]), 20 * 5)
        wait_bpf_gone(all_held)
        self.assertEqual(set(os.listdir("/sys/fs/bpf")) if pinned else set(), pinned)

    def test_no_spike_after_a_restart(self):
        """What began before us is nobody's: no counter is above what can have accrued."""
        with Actor(b"old-burner") as actor:
            actor.do("cpu", 600)
            actor.do("children", 50, 2)
            forks, began = lib.proc_stat()["processes"], time.monotonic()
            with Serve("--max-groups", "2000") as daemon:
                page = daemon.scrape()
                age = Decimal(time.monotonic() - began)
                forked = lib.proc_stat()["processes"] - forks
        most = age * os.cpu_count()
        self.assertLess(page.sum("vigie_process_cpu_seconds_total"), most)
        self.assertLess(page.sum("vigie_host_cpu_seconds_total"), most + Decimal("0.1"))
        self.assertLessEqual(page.sum("vigie_process_starts_total"), forked)
        self.assertLess(page.sum("vigie_process_cpu_seconds_total", comm="old-burner"),
                        Decimal("0.1"))
        tasks = page.one("vigie_self_tasks") + forked
        for name in ("vigie_process_off_cpu_seconds_total",
                     "vigie_process_run_queue_wait_seconds_sum"):
            for labels, value in page.all(name).items():
                self.assertLess(value, age * tasks, labels)
        for labels, value in page.all("vigie_process_off_cpu_seconds_total").items():
            key = {k: v for k, v in labels if k in ("unit", "comm")}
            threads = page.sum("vigie_process_threads", **key) + forked
            self.assertLessEqual(value, age * max(threads, 1), labels)


class SecondInstance(unittest.TestCase):
    def test_it_says_who_is_in_the_way(self):
        with Serve() as first:
            second = run("--listen", f"127.0.0.1:{first.port}")
            said = second.stderr.decode()
            self.assertEqual((second.returncode, second.stdout), (1, b""))
            self.assertEqual(len(said.splitlines()), 1, said)
            self.assertIn(f"127.0.0.1:{first.port}", said)
            self.assertIn(f"vigie (pid {first.pid})", said)
            self.assertGreater(len(first.scrape().samples), 100)

    def test_two_on_different_ports_do_not_disturb_each_other(self):
        with Serve() as first, Serve() as second, Actor(b"both") as actor:
            actor.do("children", 30, 1)
            for daemon in (first, second):
                wait_for(lambda d=daemon: d.scrape().sum("vigie_process_exits_total",
                                                         comm="both") >= least(30),
                         "30 exits", patience_s=20, every_s=0.06)

    def test_a_stranger_is_named_too(self):
        with socket.socket() as stranger:
            stranger.bind(("127.0.0.1", 0))
            stranger.listen()
            port = stranger.getsockname()[1]
            said = run("--listen", f"127.0.0.1:{port}")
        self.assertEqual(said.returncode, 1)
        self.assertIn(f"(pid {os.getpid()})", said.stderr.decode())

    def test_a_unix_socket_in_use(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "metrics.sock")
            with listening("--listen", f"unix:{path}") as (first, _):
                second = run("--listen", f"unix:{path}")
                self.assertEqual(second.returncode, 1)
                self.assertIn(path, second.stderr.decode())
                self.assertIn(f"(pid {first.pid})", second.stderr.decode())
                self.assertEqual(get_unix(path)[0], 200)


class Listening(unittest.TestCase):
    def test_beyond_loopback_is_refused_with_the_reason(self):
        for address in ("0.0.0.0:0", "[::]:0", ":0"):
            refused = run("--listen", address)
            said = refused.stderr.decode()
            self.assertEqual(refused.returncode, 1, said)
            self.assertEqual(len(said.splitlines()), 1, said)
            for word in ("not a loopback address", "encrypted and protected", "--allow-insecure"):
                self.assertIn(word, said)

    def test_beyond_loopback_when_allowed(self):
        with listening("--allow-insecure", "--listen", "0.0.0.0:0") as (_, (address,)):
            port = int(address.rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
            connection.request("GET", "/-/healthy")
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()

    def test_several_at_once_are_one_page(self):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            path = os.path.join(directory, "metrics.sock")
            args = "--listen", "127.0.0.1:0", "--listen", f"unix:{path}", "--listen", "127.0.0.2:0"
            with listening(*args) as (_, addresses):
                self.assertEqual(len(addresses), 3)
                self.assertEqual(addresses[1], f"unix:{path}")
                pages = [get_unix(path)[1]]
                for address in (addresses[0], addresses[2]):
                    host, _, port = address.rpartition(":")
                    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
                    connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
                    pages.append(connection.getresponse().read())
                    connection.close()
            families = [re.findall(rb"^# TYPE (.*)$", page, re.M) for page in pages]
            self.assertGreater(len(families[0]), 40)
            self.assertEqual(families[0], families[1])
            self.assertEqual(families[0], families[2])

    def test_more_than_four_are_refused(self):
        refused = run(*["--listen", "127.0.0.1:0"] * 5)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("four", refused.stderr.decode())

    def test_a_stale_unix_socket_is_replaced(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "metrics.sock")
            with listening("--listen", f"unix:{path}") as (child, _):
                child.kill()
                child.wait()
            self.assertTrue(os.path.exists(path))
            with listening("--listen", f"unix:{path}"):
                self.assertEqual(get_unix(path)[0], 200)

    def test_a_file_that_is_no_socket_is_left_alone(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "precious")
            lib.write(path, "data")
            refused = run("--listen", f"unix:{path}")
            self.assertEqual(refused.returncode, 1)
            self.assertIn(path, refused.stderr.decode())
            self.assertEqual(lib.read(path), "data")

    def test_a_directory_that_is_not_there(self):
        refused = run("--listen", "unix:/nonexistent/x.sock")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("unix:/nonexistent/x.sock", refused.stderr.decode())


class Scrapers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.daemon = cls.stack.enter_context(Serve())

    def test_slow_readers_do_not_hold_up_others(self):
        slow = []
        for _ in range(20):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", self.daemon.port))
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.append(s)
            s.recv(100)
        times = []
        for _ in range(20):
            began = time.monotonic()
            fetch(self.daemon)
            times.append(time.monotonic() - began)
        for s in slow:
            s.close()
        self.assertLess(sorted(times)[len(times) // 2], 0.1, times)
        self.assertLess(max(times), 1.0, times)

    def test_two_rates_see_the_same_counters(self):
        """Every page of either scraper is one of a single sequence; nothing is consumed."""
        pages, lock = [], threading.Lock()
        end = time.monotonic() + 3
        errors = []

        def scrape(who, every_s):
            try:
                while time.monotonic() < end:
                    page = self.daemon.scrape()
                    with lock:
                        pages.append((page.one("vigie_self_snapshots_total"), who, page))
                    time.sleep(every_s)
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=scrape, args=args) for args in
                   (("often", 0.06), ("seldom", 0.7))]
        for thread in threads:
            thread.start()
        with Actor(b"counted") as actor:
            actor.do("children", 100, 3)
            for thread in threads:
                thread.join()
        self.assertEqual(errors, [])
        pages.sort(key=lambda p: p[0])
        self.assertEqual({who for _, who, _ in pages}, {"often", "seldom"})
        last = {}
        for _, who, page in pages:
            for key, value in page.samples.items():
                name = key[0]
                if name.startswith("vigie_self_") or not name.endswith(
                        ("_total", "_count", "_sum", "_bucket")):
                    continue
                self.assertGreaterEqual(value, last.get(key, 0), (who, key))
                last[key] = value

    def test_a_scrape_does_not_reset_the_peak(self):
        with Actor(b"peaky") as actor:
            wait_for(lambda: self.daemon.scrape().all("vigie_process_threads", comm="peaky"),
                     "the actor's series")
            actor.do("hold", 48)
            actor.do("free")
            for accept in (OPENMETRICS, CLASSIC, OPENMETRICS):
                time.sleep(0.06)  # beyond the time that a page is shared
                page = Page(fetch(self.daemon, accept).decode())
                self.assertGreaterEqual(
                    page.one("vigie_process_resident_memory_peak_bytes", comm="peaky"), 48 << 20)
                self.assertLess(page.sum("vigie_process_resident_memory_bytes", comm="peaky"),
                                24 << 20)

    def test_scrapers_together_share_a_snapshot(self):
        before = self.daemon.scrape().one("vigie_self_snapshots_total")
        threads = [threading.Thread(target=fetch, args=(self.daemon,)) for _ in range(16)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        made = self.daemon.scrape().one("vigie_self_snapshots_total") - before
        self.assertLessEqual(made, 2 + took / 0.05)


class SteadyState(unittest.TestCase):
    """What it does for as long as it runs."""

    def test_it_opens_nothing_of_other_processes_and_executes_nothing(self):
        lib.needs(shutil.which("strace"), "strace is not installed")
        with Serve("--interval", "200ms", *PID_AND_NAME) as daemon, \
                tempfile.NamedTemporaryFile() as log:
            tracer = subprocess.Popen(
                ["strace", "-f", "-qq", "-e",
                 "trace=open,openat,openat2,execve,execveat,fork,vfork,clone,clone3,ptrace,"
                 "process_vm_readv,socket,connect", "-o", log.name, "-p", str(daemon.pid)],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            with tracer.stderr:
                def traced():
                    if tracer.poll() is not None:
                        raise unittest.SkipTest(f"strace cannot: {tracer.stderr.read()}")
                    return lib.status(daemon.pid)["TracerPid"] == tracer.pid
                wait_for(traced, "strace to attach")
                with Actor(b"traced") as actor:
                    actor.do("children", 20, 0)
                    end = time.monotonic() + 5
                    while time.monotonic() < end:
                        fetch(daemon)
                        time.sleep(0.1)
                tracer.terminate()
                tracer.wait(PATIENCE_S)
            lines = lib.read(log.name).splitlines()
        opened = [found.group(1) for line in lines
                  if (found := re.search(r'open(?:at|at2)?\([^"]*"([^"]*)"', line))]
        self.assertGreater(len(opened), 20, "the trace saw nothing: no proof")
        others = [line for line in lines if not re.search(r"\bopenat\(", line) and "(" in line]
        self.assertEqual(others, [])
        forbidden = re.compile(r"/proc/(\d+)/|smaps|cmdline|environ|/exe$|/mem$|/maps$")
        self.assertEqual([path for path in opened
                          if forbidden.search(path.replace(f"/proc/{daemon.pid}/", "/"))], [])
        for path in opened:
            self.assertRegex(path, r"\A(/proc/(self|stat|meminfo|vmstat|loadavg|sys)|/sys/)")

    def test_descriptors_stay(self):
        with Serve() as daemon:
            fetch(daemon)
            fds = f"/proc/{daemon.pid}/fd"

            def count():
                return len(os.listdir(fds))
            before = count()
            for _ in range(200):
                fetch(daemon)
            wait_for(lambda: count() <= before, f"{count()} descriptors to be {before}",
                     patience_s=5)

    def test_memory_stays_over_2000_scrapes_under_a_fork_storm(self):
        with Serve() as daemon, Actor(b"storm") as actor:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=30)

            def scrape(n):
                for _ in range(n):
                    connection.request("GET", "/metrics", headers={"Accept": OPENMETRICS})
                    self.assertGreater(len(connection.getresponse().read()), 1000)
                    time.sleep(0.003)  # so that it takes the time of many snapshots
            actor.send("churn", 12000, 300)
            scrape(300)
            sizes = []
            for _ in range(20):
                scrape(100)
                sizes.append(resident_kib(daemon.pid))
            connection.close()
            actor.child.kill()
            losses = daemon.scrape().all("vigie_self_losses_total", cause="retired_full")
        early, late = max(sizes[:7]), max(sizes[-7:])
        self.assertLess(late, early * 1.1, sizes)
        self.assertLess(max(sizes), 32 << 10, sizes)
        self.assertEqual(sum(losses.values()), 0)

    def test_a_full_or_closed_stderr_does_not_kill_it(self):
        for redirection in ("2>/dev/full", "2>&-", "2>&- >&- <&-"):
            with self.subTest(redirection), contextlib.closing(socket.socket()) as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
                probe.close()
                child = subprocess.Popen(
                    ["sh", "-c", f'exec "$0" serve --no-history --listen 127.0.0.1:{port} {redirection}',
                     VIGIE])
                try:
                    def healthy():
                        self.assertIsNone(child.poll())
                        with contextlib.suppress(OSError), \
                                contextlib.closing(http.client.HTTPConnection(
                                    "127.0.0.1", port, timeout=PATIENCE_S)) as connection:
                            connection.request("GET", "/metrics")
                            return b"vigie_host_cpus" in connection.getresponse().read()
                        return False
                    wait_for(healthy, "a page", every_s=0.05)
                    self.assertTrue(healthy())
                finally:
                    child.terminate()
                    self.assertEqual(child.wait(PATIENCE_S), 0)


if __name__ == "__main__":
    unittest.main()
