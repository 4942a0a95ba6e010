#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A page of a real vigie in the databases it is pushed to, read back from them.

Owns: that Debian's influxdb, victoria-metrics and carbon, and protoc with the published files of OTLP,
take what user/push/ encodes of a live page with hostile names, and give the same figures back: nothing
lost, nothing forged. push_encode writes the bodies, and vigie-push, where it was built, brings them. Not
here: what happens when a server does not answer (test_push.py).
"""
import collections
import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import lib
import test_push
from debian_next import unpacked
from lib import Serve, wait_for
from page import Page
from push_servers import Server as Witness
from scraping import OPENMETRICS, fetch, free_port

try:
    import whisper
except ImportError:
    whisper = None

ENCODE = os.path.join(os.environ.get("O", "build"), "tests", "e2e", "push_encode")
HOSTILE = [b"a b", b"a,b=c", b"a=b", b"x\nevil v=1", b"tail\\", b"tail_", b"a\\ b", b"\\\\", b'q"},x="1', b"../../etc",
           b"a;t=v", "é".encode(), "同".encode(), b"\xff\xfe", b"# EOF", b"=cmd", b"+1", b" "]
NAMER = """import ctypes, sys, time
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]))
print(flush=True)
time.sleep(600)
"""
OTLP_MESSAGE = "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest"
LOGS_MESSAGE = "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"


@contextlib.contextmanager
def named(names):
    """Processes of these names."""
    children = []
    try:
        for name in names:
            children.append(subprocess.Popen(["/usr/bin/python3", "-c", NAMER, name.hex()],
                                             stdout=subprocess.PIPE))
        for child in children:
            child.stdout.readline()
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()
            child.stdout.close()


def setUpModule():
    global PAGE, SAMPLES
    with Serve() as daemon, named(HOSTILE):
        wait_for(lambda: b"etc" in fetch(daemon, OPENMETRICS), "the names on the page", every_s=0.2)
        PAGE = fetch(daemon, OPENMETRICS)
    SAMPLES = Page(PAGE.decode()).samples


def bodies(form, page=None, body_max=1 << 20):
    """([bodies], points, skipped) of the page."""
    with tempfile.TemporaryDirectory() as directory:
        run = subprocess.run([ENCODE, form, directory, str(time.time_ns()), str(time.time_ns() - 10**12),
                              str(body_max)], input=page or PAGE, stdout=subprocess.PIPE, check=True)
        count, points, skipped = map(int, run.stdout.split())
        paths = sorted(glob.glob(directory + "/*"))
        if len(paths) != count:
            raise AssertionError(f"{len(paths)} files, {count} bodies")
        found = []
        for path in paths:
            with open(path, "rb") as file:
                found.append(file.read())
        if any(len(body) > body_max for body in found):
            raise AssertionError("a body is larger than it may be")
    return found, points, skipped


class Server:
    """A program of this machine on loopback, in a directory of its own."""

    def __init__(self, port):
        self.port = port
        self.directory = tempfile.mkdtemp(prefix="vigie-push-")
        self.child = None

    def start(self, *argv):
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          cwd=self.directory)

    def __enter__(self):
        try:
            wait_for(self._answers, "the server to listen", patience_s=30, every_s=0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _answers(self):
        if self.child.poll() is not None:
            raise AssertionError(f"it ended: {lib.read(os.path.join(self.directory, 'log'))[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        return False

    def request(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def __exit__(self, *_):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Influx(Server):
    CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{d}/meta"
[data]
dir = "{d}/data"
wal-dir = "{d}/wal"
index-version = "inmem"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
"""

    def __init__(self):
        lib.needs(shutil.which("influxd"), "influxdb is not installed")
        super().__init__(free_port())
        path = os.path.join(self.directory, "influxdb.conf")
        lib.write(path, self.CONFIG.format(d=self.directory, port=self.port, rpc=free_port()))
        self.start("influxd", "-config", path)

    def query(self, text):
        form = urllib.parse.urlencode({"db": "vigie", "q": text})
        status, body = self.request("POST", "/query", form,
                                    Content_Type="application/x-www-form-urlencoded")
        if status != 200:
            raise AssertionError(f"{text}: {status} {body}")
        return json.loads(body)["results"][0].get("series", [])


class Victoria(Server):
    def __init__(self, program):
        super().__init__(free_port())
        self.start(program, f"-storageDataPath={self.directory}/data", f"-httpListenAddr=127.0.0.1:{self.port}",
                   "-retentionPeriod=1", "-search.maxUniqueTimeseries=1000000", "-memory.allowedBytes=200MB",
                   "-maxLabelsPerTimeseries=64")

    def series(self):
        """{(name, labels): value} of all that it has of ours."""
        self.request("GET", "/internal/force_flush")
        status, body = self.request("GET", "/api/v1/export?match[]=" + urllib.parse.quote('{__name__!=""}'))
        if status != 200:
            raise AssertionError(f"export: {status} {body[:300]}")
        found = {}
        for line in body.splitlines():
            one = json.loads(line)
            metric = one["metric"]
            name = metric.pop("__name__")
            found[name, frozenset(metric.items())] = one["values"][-1]
        return found


class Carbon(Server):
    CONFIG = """[cache]
STORAGE_DIR = {d}
LOCAL_DATA_DIR = {d}/whisper
CONF_DIR = {d}
LOG_DIR = {d}
PID_DIR = {d}
USER =
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
ENABLE_TAGS = False
"""

    def __init__(self):
        lib.needs(shutil.which("carbon-cache"), "graphite-carbon is not installed")
        super().__init__(free_port())
        path = os.path.join(self.directory, "carbon.conf")
        lib.write(path, self.CONFIG.format(d=self.directory, port=self.port, pickle=free_port(), query=free_port()))
        lib.write(os.path.join(self.directory, "storage-schemas.conf"), "[all]\npattern = .*\nretentions = 1s:5m\n")
        self.start("carbon-cache", f"--config={path}", "--nodaemon", f"--pidfile={self.directory}/pid", "start")

    def files(self):
        return glob.glob(self.directory + "/whisper/vigie/**/*.wsp", recursive=True)


def near(a, b):
    return abs(float(a) - float(b)) <= 1e-9 * max(1.0, abs(float(b)))


def plain(labels):
    """No value that the line protocol has no way to write."""
    return not any("\\" in value for _, value in labels)


def influx_points():
    """{(measurement, field): [(labels without le, value)]}, from the page, not from the encoder."""
    wanted = collections.defaultdict(list)
    histograms = {name[:-len("_bucket")] for name, _ in SAMPLES if name.endswith("_bucket")}
    for (name, labels), value in SAMPLES.items():
        field = "value"
        base = name
        for suffix in ("_bucket", "_count", "_sum"):
            if name.endswith(suffix) and name[:-len(suffix)] in histograms:
                base = name[:-len(suffix)]
                field = dict(labels)["le"] if suffix == "_bucket" else suffix[1:]
        tags = frozenset((k, v) for k, v in labels if v and (k != "le" or field == "value"))
        wanted[base, field].append((tags, value))
    return wanted


class TestInflux(unittest.TestCase):
    def test_what_is_selected_is_the_page(self):
        wanted = influx_points()
        with Influx() as server:
            server.query("CREATE DATABASE vigie")
            for body in bodies("influxdb", body_max=100000)[0]:
                self.assertEqual(server.request("POST", "/write?db=vigie&precision=ns", body), (204, b""))
            measurements = {row[0] for series in server.query("SHOW MEASUREMENTS") for row in series["values"]}
            self.assertEqual(measurements, {name for name, _ in wanted}, "foreign or missing measurements")
            for name in sorted(measurements):
                self._check(server, name, {field: all_of for (one, field), all_of in wanted.items() if one == name})

            self._check_shares(server)

    def _check_shares(self, server):
        """The query of docs/push-names.md: waits above a millisecond, of all waits."""
        name = "vigie_process_run_queue_wait_seconds"
        page = Page(PAGE.decode())
        found = {(one["tags"]["unit"], one["tags"]["comm"]): one["values"][0][1] for one in server.query(
            f'SELECT 1 - last("0.001024") / last("count") FROM {name} GROUP BY unit, comm')}
        compared = 0
        for labels, count in page.all(f"{name}_count").items():
            if plain(labels) and count:
                short = page.one(f"{name}_bucket", **dict(labels), le="0.001024")
                self.assertTrue(near(found[dict(labels)["unit"], dict(labels)["comm"]], 1 - short / count), labels)
                compared += 1
        self.assertGreater(compared, 5)

    def _check(self, server, name, wanted):
        series = server.query(f'SELECT * FROM "{name}"')[0]
        fields = set(wanted)
        rows = [dict(zip(series["columns"], values)) for values in series["values"]]
        for row in rows:
            self.assertEqual(row.pop("host"), "lab")
        for field, points in wanted.items():
            self.assertEqual(len(rows), len(points), f"{name} {field}: points were lost or merged")
            self.assertEqual(sorted(float(row[field]) for row in rows), sorted(float(v) for _, v in points), name)
            found = {frozenset((k, v) for k, v in row.items() if v is not None and k != "time" and k not in fields):
                     row[field] for row in rows}
            for tags, value in points:
                if plain(tags):
                    self.assertEqual(float(found[tags]), float(value), (name, tags))

    def test_victoria_metrics_takes_the_same_lines(self):
        program = shutil.which("victoria-metrics")
        lib.needs(program, "victoria-metrics is not installed")
        wanted = {(f"{name}_{field}", tags | {("host", "lab"), ("db", "vigie")}): value
                  for (name, field), points in influx_points().items() for tags, value in points}
        with Victoria(program) as server:
            all_bodies = bodies("influxdb", body_max=20000)[0]
            self.assertGreater(len(all_bodies), 1)
            for i, body in enumerate(all_bodies):
                path = ("/write?db=vigie", "/api/v2/write?db=vigie")[i % 2]
                self.assertEqual(server.request("POST", path, body)[0], 204)
            wait_for(lambda: len(server.series()) >= len(wanted), "all series", patience_s=20, every_s=0.3)
            found = server.series()
        self.assertEqual(len(found), len(wanted))
        for key, value in wanted.items():
            if plain(key[1]):
                self.assertTrue(near(found[key], value), (key, found[key], value))


class TestGraphite(unittest.TestCase):
    def test_what_carbon_keeps_is_what_was_sent(self):
        lib.needs(whisper, "python3-whisper is not installed")
        (body,), points, skipped = bodies("graphite", body_max=16 << 20)
        lines = {path: (float(value), int(when)) for path, value, when in
                 (line.split(" ") for line in body.decode("ascii").splitlines())}
        self.assertEqual((len(lines), skipped), (points, 0), "a path twice")
        kinds = dict(line.split()[2:4] for line in PAGE.decode().splitlines() if line.startswith("# TYPE "))
        sent = sum(1 for name, _ in SAMPLES if not name.endswith("_bucket") and kinds.get(name[:-5]) != "info")
        self.assertLessEqual(points, sent)
        self.assertGreater(points, sent * 0.9)
        with Carbon() as server:
            with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
                connection.sendall(body)
            wait_for(lambda: len(server.files()) >= points, "a file for each path", patience_s=30, every_s=0.2)
            files = server.files()
            self.assertEqual(len(files), points)
            root = os.path.join(server.directory, "whisper") + "/"
            for path in files:
                value, when = lines[path[len(root):-len(".wsp")].replace("/", ".")]

                def stored():
                    return [v for v in whisper.fetch(path, when - 2, now=when + 1)[1] if v is not None]
                wait_for(stored, f"a value in {path}", every_s=0.1)
                self.assertEqual(stored(), [value], path)


class TestOtlp(unittest.TestCase):
    def test_the_published_files_know_every_field(self):
        lib.needs(shutil.which("protoc"), "no protoc (protobuf-compiler)")
        include = os.path.join(unpacked("opentelemetry-proto"), "usr", "include")
        service = os.path.join(include, "opentelemetry/proto/collector/metrics/v1/metrics_service.proto")
        pages = PAGE + PAGE
        for form, page in (("otlp", PAGE), ("otlp-delta", pages)):
            points = 0
            all_bodies, sent, skipped = bodies(form, page, body_max=20000)
            self.assertGreater(len(all_bodies), 2)
            for body in all_bodies:
                run = subprocess.run(["protoc", "--decode", OTLP_MESSAGE, "-I", include, service], input=body,
                                     capture_output=True, check=False)
                self.assertEqual((run.returncode, run.stderr), (0, b""))
                lines = [line.strip() for line in run.stdout.decode().splitlines()]
                self.assertFalse([line for line in lines if line[:1].isdigit()], "fields that OTLP does not have")
                self.assertEqual(lines.count("resource {"), 1)
                self.assertEqual(lines.count("scope {"), 1)
                points += lines.count("data_points {")
                wrong = "CUMULATIVE" if form == "otlp-delta" else "DELTA"
                if form == "otlp":
                    self.assertFalse([line for line in lines if line.endswith(wrong)])
            self.assertEqual((points, skipped), (sent, 0))

    def test_findings_are_log_records(self):
        lib.needs(shutil.which("protoc"), "no protoc (protobuf-compiler)")
        include = os.path.join(unpacked("opentelemetry-proto"), "usr", "include")
        service = os.path.join(include, "opentelemetry/proto/collector/logs/v1/logs_service.proto")
        with open(os.path.join(lib.ROOT, "tests/golden/recording-606e877/findings.ndjson"), "rb") as file:
            text = file.read()
        (body,), points, skipped = bodies("otlp-logs", text)
        run = subprocess.run(["protoc", "--decode", LOGS_MESSAGE, "-I", include, service], input=body,
                             capture_output=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        lines = [line.strip() for line in run.stdout.decode().splitlines()]
        events = [json.loads(line) for line in text.splitlines()]
        self.assertFalse([line for line in lines if line[:1].isdigit()], "fields that OTLP does not have")
        self.assertEqual((points, skipped, lines.count("log_records {")), (len(events), 0, len(events)))
        self.assertEqual([line for line in lines if line.startswith("severity_text")],
                         [f'severity_text: "{event["log"]["level"]}"' for event in events])
        rules = [lines[i + 2] for i, line in enumerate(lines) if line == 'key: "rule.id"']
        self.assertEqual(rules, [f'string_value: "{event["rule"]["id"]}"' for event in events])

    def test_victoria_metrics_gives_the_figures_back(self):
        program = os.path.join(unpacked("victoria-metrics"), "usr", "bin", "victoria-metrics")
        twins = {"vigie_process_cpu_seconds_total": "process.cpu.time", "vigie_process_threads": "process.thread.count",
                 "vigie_process_page_faults_total": "process.paging.faults",
                 "vigie_process_resident_memory_bytes": "process.memory.usage",
                 "vigie_host_load1": "vigie.host.load1", "vigie_host_forks_total": "vigie.host.forks"}
        with Victoria(program) as server:
            sent = 0
            for body in bodies("otlp", body_max=20000)[0]:
                status, answer = server.request("POST", "/opentelemetry/v1/metrics", body,
                                                Content_Type="application/x-protobuf")
                self.assertEqual(status, 200, answer)
                sent += 1
            self.assertGreater(sent, 1)
            wait_for(lambda: len(server.series()) >= len(SAMPLES) * 0.9, "the series", patience_s=20, every_s=0.3)
            found = server.series()
        for name, twin in twins.items():
            wanted = sorted(float(v) for (one, _), v in SAMPLES.items() if one == name)
            got = sorted(v for (one, labels), v in found.items() if one == twin)
            self.assertTrue(wanted, name)
            self.assertEqual(len(got), len(wanted), name)
            self.assertTrue(all(near(a, b) for a, b in zip(got, wanted)), name)
        # Names as they are, whatever they hold.
        names = {dict(labels)["comm"] for (one, labels) in SAMPLES if one == "vigie_process_threads"}
        shown = {dict(labels).get("vigie.comm") for (one, labels) in found if one == "process.thread.count"}
        self.assertEqual(shown, names)
        self.assertTrue(all(("service.name", "vigie") in labels and ("host.name", "lab") in labels
                            for (one, labels) in found if one == "process.thread.count"))


class TestPusher(unittest.TestCase):
    """The same servers, and vigie-push between them and a vigie that goes on."""

    @classmethod
    def setUpClass(cls):
        test_push.setUpModule()
        cls.addClassCleanup(test_push.tearDownModule)
        cls.daemon = test_push.SHARED["daemon"]

    def cpu(self):
        page = Page(fetch(self.daemon, OPENMETRICS).decode())
        return float(page.one("vigie_host_cpu_seconds_total", mode="user"))

    def check_between(self, before, read, what):
        """What a server has of a counter that rises is of a page after the first and before the last."""
        wait_for(lambda: read() is not None, f"a value in {what}", patience_s=30, every_s=0.2)
        value = read()
        self.assertTrue(before <= value <= self.cpu(), (what, before, value, self.cpu()))

    def test_influxdb(self):
        with Influx() as server:
            server.query("CREATE DATABASE vigie")
            before = self.cpu()

            def read():
                found = server.query("SELECT last(value) FROM vigie_host_cpu_seconds_total WHERE mode = 'user'")
                return found[0]["values"][0][1] if found else None
            with test_push.Push({"name": "influx", "type": "influxdb",
                                 "url": f"http://127.0.0.1:{server.port}/write?db=vigie"}) as push:
                self.check_between(before, read, "influxdb")
                self.assertEqual(push.summary()["influx"][2], 0, "points were given up")

    def test_otlp_and_what_delta_is_for(self):
        program = os.path.join(unpacked("victoria-metrics"), "usr", "bin", "victoria-metrics")
        for temporality in ("cumulative", "delta"):
            with self.subTest(temporality), Victoria(program) as server:
                before = self.cpu()
                with test_push.Push({"name": "vm", "type": "otlp", "temporality": temporality,
                                     "url": f"http://127.0.0.1:{server.port}/opentelemetry/v1/metrics"}) as push:
                    wait_for(lambda: push.summary()["vm"][0] >= 3, "three batches", patience_s=30, every_s=0.2)
                    self.assertEqual(push.summary()["vm"][2], 0, "points were given up")
                    wait_for(lambda: self.of(server, "vigie.host.load1"), "a gauge", patience_s=30, every_s=0.3)
                    if temporality == "cumulative":
                        self.check_between(before, lambda: self.of(server, "vigie.host.cpu_seconds", "user"), "OTLP")
                    else:
                        # 200, and none of it kept: docs/push-names.md says so.
                        self.assertIsNone(self.of(server, "vigie.host.cpu_seconds", "user"))

    @staticmethod
    def of(server, name, mode=None):
        for (one, labels), value in server.series().items():
            if one == name and (mode is None or ("vigie.mode", mode) in labels):
                return value
        return None

    def test_files_stay_bounded_while_names_churn(self):
        lib.needs(whisper, "python3-whisper is not installed")
        bound = 60
        with Carbon() as server:
            before = self.cpu()
            carbon = {"name": "carbon", "type": "graphite", "url": f"tcp://127.0.0.1:{server.port}"}
            with test_push.Push(carbon) as push:
                self.check_between(before, lambda: self.stored(server, "vigie_host_cpu_seconds_total/user"), "carbon")
                self.assertEqual(push.summary()["carbon"][2], 0, "points were given up")
            self.assertGreater(len(server.files()), bound)
        with Carbon() as server, Witness() as witness:
            carbon.update({"url": f"tcp://127.0.0.1:{server.port}", "max-series": bound})
            with test_push.Push(carbon, test_push.influx("witness", witness)) as push:
                for turn in range(3):
                    with named([b"turn %d %d" % (turn, i) for i in range(5)]):
                        wait_for(lambda: b"turn %d 4" % turn in fetch(self.daemon, OPENMETRICS), "the names")
                        seen = push.summary()["carbon"]
                        wait_for(lambda: push.summary()["carbon"][0] > seen[0] + 1, "their page", every_s=0.2)
            left_out = re.findall(r"^vigie_push_dropped_points_total,destination=carbon,[^\n]*"
                                  r"reason=not_representable[^\n]* value=(\d+) ",
                                  witness.at("/witness")[-1].text.decode(), re.M)
            self.assertEqual(len(left_out), 1)
            self.assertGreater(int(left_out[0]), 3 * bound, "what was left out is not counted")
            wait_for(lambda: len(server.files()) >= bound, "the files", patience_s=30, every_s=0.2)
            self.assertEqual(len(server.files()), bound)

    @staticmethod
    def stored(server, path):
        """The last value of a path of any host, or None."""
        for file in glob.glob(f"{server.directory}/whisper/vigie/*/{path}.wsp"):
            values = [v for v in whisper.fetch(file, time.time() - 60)[1] if v is not None]
            return values[-1] if values else None
        return None


if __name__ == "__main__":
    unittest.main()
