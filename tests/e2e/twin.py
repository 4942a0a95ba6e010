# SPDX-License-Identifier: GPL-2.0-only
"""twin - a target beside a real vigie: its page anew, with native histograms and what is rare.

Owns: Prometheus' protobuf exposition, since 2.42 takes native histograms by no other way; what stands
in for families that a kernel or a quiet host does not give. Not here: expectations.
"""
import collections
import contextlib
import http.client
import math
import re
import struct
import time

from scraping import LoopbackServer

CLASSIC = "text/plain;version=0.0.4"
CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
TYPES = {"counter": 0, "gauge": 1, "untyped": 3, "histogram": 4}
VALUE_FIELD = {"counter": 3, "gauge": 2, "untyped": 5}
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
UNESCAPED = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}

# With the names and labels of docs/metrics.md. A counter's value is what it grows by in a second.
RARE = """
vigie_unit_memory_limit_bytes{unit="twin"} 1048576
vigie_unit_pressure_seconds_total{unit="twin",resource="memory",stall="some"} 0.25
vigie_unit_cpu_throttled_seconds_total{unit="twin"} 0.5
vigie_unit_cpu_throttled_periods_total{unit="twin"} 5
vigie_unit_cpu_periods_total{unit="twin"} 10
vigie_unit_tasks{unit="twin"} 7
vigie_unit_tasks_limit{unit="twin"} 70
vigie_unit_oom_kills_total{unit="twin"} 1
vigie_unit_memory_bytes{unit="twin",kind="anon"} 4096
vigie_unit_memory_charged_bytes{unit="twin"} 8192
vigie_unit_memory_working_set_bytes{unit="twin"} 4096
vigie_host_pressure_seconds_total{resource="cpu",stall="some"} 0.5
vigie_host_pressure_seconds_total{resource="memory",stall="some"} 0.25
vigie_host_pressure_seconds_total{resource="io",stall="some"} 0.25
vigie_self_probe_runs_total{program="on_switch"} 1000
vigie_self_probe_seconds_total{program="on_switch"} 0.0001
vigie_self_probe_runs_missed_total{program="on_exit"} 1
vigie_self_missing{field="x",reason="y"} 1
vigie_self_shed{step="culprits"} 1
vigie_finding_active{rule="swap-storm"} 1
"""
# States that last for a moment, or that others would suffer from: also where the family is there.
ALWAYS = {"vigie_self_shed", "vigie_finding_active"}

Family = collections.namedtuple("Family", "name kind samples")


def labels_of(text):
    return tuple((key, re.sub(r"\\.", lambda match: UNESCAPED[match[0]], value))
                 for key, value in LABEL.findall(text or ""))


def families(page):
    """[Family] of a page in text 0.0.4; samples are (name, labels, value)."""
    found = []
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            found.append(Family(name, kind, []))
        elif line and not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            found[-1].samples.append((name, labels_of(labels), float(value)))
    return found


def rare(present, seconds):
    """What the page has not, and ALWAYS: families that replace those of one name."""
    made = {}
    for line in RARE.split("\n"):
        if line:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            if name in present and name not in ALWAYS:
                continue
            kind = "counter" if name.endswith("_total") else "gauge"
            value = float(value) * (seconds if kind == "counter" else 1)
            made.setdefault(name, Family(name, kind, [])).samples.append(
                (name, labels_of(labels), value))
    return made


# --- Protobuf

def varint(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def number(field, encoded):
    return varint(field << 3) + encoded


def double(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def message(field, body):
    return varint(field << 3 | 2) + varint(len(body)) + body


def pairs(labels):
    return b"".join(message(1, message(1, key.encode()) + message(2, value.encode()))
                    for key, value in labels)


def native(buckets, total, count):
    """{upper bound: cumulative count} as buckets of powers of two: an upper bound becomes the next one."""
    below, filled = 0, []
    for bound in sorted(buckets):
        index = math.ceil(math.log2(bound)) if bound < math.inf else filled[-1][0] + 1
        filled.append((index, int(buckets[bound] - below)))
        below = buckets[bound]
    # sample_count, sample_sum, schema, zero_threshold, zero_count
    body = number(1, varint(int(count))) + double(2, total) + number(5, zigzag(0))
    body += double(6, 1e-9) + number(7, varint(0))
    last, before = None, 0
    for index, n in filled:
        span = number(1, zigzag(index if last is None else index - last - 1)) + number(2, varint(1))
        body += message(12, span)
        last = index
    for _, n in filled:
        body += number(13, zigzag(n - before))
        before = n
    return body


def histograms(family):
    """One native one for each set of labels."""
    found = {}
    for name, labels, value in family.samples:
        key = tuple(pair for pair in labels if pair[0] != "le")
        parts = found.setdefault(key, {"buckets": {}})
        if name.endswith("_bucket"):
            parts["buckets"][float(dict(labels)["le"])] = value
        else:
            parts[name.rpartition("_")[2]] = value
    for key, parts in found.items():
        yield pairs(key) + message(7, native(parts["buckets"], parts["sum"], parts["count"]))


def encoded(family):
    body = message(1, family.name.encode()) + message(2, b"of the twin")
    body += number(3, varint(TYPES[family.kind]))
    if family.kind == "histogram":
        metrics = histograms(family)
    else:
        field = VALUE_FIELD[family.kind]
        metrics = (pairs(labels) + message(field, double(1, value))
                   for _, labels, value in family.samples)
    body += b"".join(message(4, metric) for metric in metrics)
    return varint(len(body)) + body


# --- The target

class Twin(LoopbackServer):
    """Each scrape of it is one of the vigie at that port."""

    def __init__(self, port):
        began = time.monotonic()

        class Handler(LoopbackServer.Handler):
            def do_GET(self):  # noqa: N802
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                upstream.request("GET", "/metrics", headers={"Accept": CLASSIC})
                page = upstream.getresponse().read().decode()
                upstream.close()
                found = families(page)
                extra = rare({family.name for family in found}, time.monotonic() - began)
                found = [family for family in found if family.name not in extra]
                body = b"".join(encoded(family) for family in found + list(extra.values()))
                self.send_response(200)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # who asked may have lost patience
                    self.wfile.write(body)

        super().__init__(Handler)
