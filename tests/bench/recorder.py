# SPDX-License-Identifier: GPL-2.0-only
"""The rows of what watches on its own: detection, recording, the learned detector.

Nobody scrapes here: what is measured happens at each snapshot all the same.
"""
import os
import re
import subprocess
import tempfile
import time

import rig
from report import Row, words
from rig import Figures
from rows import at_most, both
from scale import NAMES

AWAKE = 10
CROWD = f"processes of {NAMES} names, one in {AWAKE} awake each second, beside the host's own"


def page_bytes(exporter):
    """Of what detection keeps: read once, since a scrape is not free."""
    text = exporter.get(gzip=False)[1].decode()
    return float(re.search(r"^vigie_self_detect_memory_bytes ([0-9.e+]+)", text, re.M).group(1))


class Watch:
    """One daemon that takes a snapshot a second, for some seconds."""

    def __init__(self, exporter, seconds):
        time.sleep(3)  # the first snapshots are of new processes only
        before, began_ns = exporter.values(), rig.cpu_ns(exporter.pid)
        began = time.monotonic()
        time.sleep(seconds)
        used_ns, took = rig.cpu_ns(exporter.pid) - began_ns, time.monotonic() - began
        after = exporter.values()

        def grown(name):
            return after["vigie_self_" + name] - before["vigie_self_" + name]

        self.snapshots = grown("snapshots_total")
        self.snapshot_s = grown("snapshot_cpu_seconds_total")
        self.detect_s = grown("detect_cpu_seconds_total")
        self.main_percent = used_ns / 1e9 / took * 100
        self.tasks = after["vigie_self_tasks"]
        self.series = after["vigie_self_detect_series"]
        self.detect_bytes = page_bytes(exporter)
        self.entries = self.written = self.writer_percent = 0
        if "vigie_self_recording_entries_total" in after:
            self.entries = grown("recording_entries_total")
            self.written = grown("recording_written_bytes_total")
            self.writer_percent = grown("recording_cpu_seconds_total") / took * 100
            self.writer_bytes = after["vigie_self_recording_resident_memory_bytes"]


def watch(place, seconds):
    options = ("--recording", place) if place else ("--no-recording",)
    with rig.vigie("--interval", "1s", *options) as exporter:
        return Watch(exporter, seconds)


def compared(total, rounds, seconds):
    """(with a recording, without one), round by round, in turn."""
    pairs = []
    with rig.crowd(total, NAMES, AWAKE):
        for i in range(rounds):
            with tempfile.TemporaryDirectory(prefix="vigie-bench.") as place:
                pair = {}
                for recorded in (bool(i % 2), not i % 2):
                    pair[recorded] = watch(os.path.join(place, "state") if recorded else None,
                                           seconds)
                pairs.append((pair[True], pair[False]))
    return pairs


def detect_row(pairs):
    every = [w for pair in pairs for w in pair]
    share = Figures([w.detect_s / w.snapshot_s * 100 for w in every])
    last = every[-1]
    return Row("detection, of the snapshot's cost at 10 000 processes", share.show("%", 2),
               must=at_most(10, share.median, "%"), aim=at_most(5, share.median, "%"),
               method=words(f"""`vigie_self_detect_cpu_seconds_total` by
        `vigie_self_snapshot_cpu_seconds_total`: {1e3 * last.detect_s / last.snapshots:.2f} of
        {1e3 * last.snapshot_s / last.snapshots:.2f} ms; {len(every)} daemons,
        {last.snapshots:.0f} snapshots each, of {last.tasks:.0f} tasks ({CROWD});
        {last.series:.0f} learned series, {last.detect_bytes / 1024:.0f} KiB"""))


def cost(pair):
    """% of a core: the writer's own, and by how much the main process is dearer."""
    recorded, plain = pair
    return recorded.writer_percent + recorded.main_percent - plain.main_percent


def recording_row(total, pairs, promise):
    costs, writers = Figures(map(cost, pairs)), Figures([r.writer_percent for r, _ in pairs])
    last = pairs[-1][0]
    row = Row(f"recording at one snapshot a second, {total} processes",
              costs.show("% of a core", 3))
    if promise:
        row.must, row.aim = (at_most(1, costs.median, "% of a core"),
                             at_most(0.2, costs.median, "% of a core"))
    each = last.written / last.entries / last.tasks
    row.method = words(f"""the process that writes ({writers.show('%', 3)} by its own getrusage,
        {last.writer_bytes / 1e6:.1f} MB resident) and by how much the main one is dearer than
        with `--no-recording` (schedstat; {Figures([p.main_percent for _, p in pairs]).show('%', 3)}
        without); {len(pairs)} pairs of {last.snapshots:.0f} snapshots; {last.tasks:.0f} tasks
        ({CROWD}); {last.written / last.entries / 1024:.1f} KiB an entry, {each:.1f} bytes a task
        and snapshot""")
    return row


def learned_row(rounds, count, series):
    figures, size = [], 0
    for _ in range(rounds):
        out = subprocess.run([os.path.join(rig.TOOLS, "learned"), str(count), str(series)],
                             check=True, stdout=subprocess.PIPE).stdout.split()
        figures.append(float(out[0]))
        size = int(out[1])
    ns = Figures(figures)
    return Row("learned detector, a sample and a series", f"{ns.show('ns', 0)}, {size} bytes",
               must=both(at_most(1000, ns.median, "ns"), at_most(4096, size, "bytes")),
               aim=both(at_most(200, ns.median, "ns"), at_most(2048, size, "bytes")),
               method=words(f"""CPU time of {count} samples of {series} series in turn, days of a
        wave with noise and bursts; {rounds} rounds"""))


def recorder(quick):
    rounds, seconds = (1, 8) if quick else (3, 25)
    few = compared(300, rounds, seconds)
    many = compared(10000, rounds, seconds)
    return [detect_row(many), recording_row(300, few, True), recording_row(10000, many, False),
            learned_row(3 if quick else 7, 2000000, 256)]


GROUPS = {"recorder": recorder}
