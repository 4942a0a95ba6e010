# SPDX-License-Identifier: GPL-2.0-only
"""The rows that grow with the number of processes: snapshot, scrape, memory.

Not here: probes and paired programs (rows.py).
"""
import math
import time

import rig
from report import Row, words
from rig import Figures, quantile
from rows import at_least, at_most, both

NAMES = 200
CROWD = f"idle processes of {NAMES} names, beside the host's own"


class Size:
    """What one daemon showed at one number of processes."""

    def __init__(self, total, exporter, scrapes, every):
        before = exporter.values()
        began_ns = rig.cpu_ns(exporter.pid)
        self.plain_s, self.plain_ns, self.plain_bytes = exporter.scrape(scrapes, every, gzip=False)
        self.gzip_s, self.gzip_ns, self.gzip_bytes = exporter.scrape(scrapes, every, gzip=True)
        after = exporter.values()
        used_ns = rig.cpu_ns(exporter.pid) - began_ns

        def grown(name):
            return after["vigie_self_" + name] - before["vigie_self_" + name]

        self.total, self.scrapes = total, 2 * scrapes
        self.tasks = after["vigie_self_tasks"]
        self.snapshots = grown("snapshots_total")
        self.snapshot_ms = 1e3 * grown("snapshot_cpu_seconds_total") / self.snapshots
        self.self_ratio = grown("cpu_seconds_total") * 1e9 / used_ns
        # Scrapes that shared one snapshot were cheaper than what is promised here.
        shared = max(1.0, (self.scrapes + 1) / self.snapshots)
        self.plain_ns *= shared
        self.gzip_ns *= shared
        self.bpf_bytes = after["vigie_self_bpf_memory_bytes"]
        self.memory = rig.memory_kib(exporter.pid)


def measure(total, scrapes, every, then=None):
    """A fresh daemon among total idle processes. then() runs while they still stand."""
    with rig.crowd(total, NAMES):
        maps = rig.kernel_maps()
        with rig.vigie() as exporter:
            time.sleep(1)
            size = Size(total, exporter, scrapes, every)
            size.maps_bytes = sum(b for i, b in rig.kernel_maps().items() if i not in maps)
        size.then = then() if then else None
    return size


def peer_scrapes(times):
    """(CPU ms a scrape, seconds a scrape, memory), or why there are none."""
    try:
        with rig.process_exporter() as exporter:
            exporter.get()
            seconds, cpu = [], []
            for _ in range(times):
                before = rig.cpu_ns(exporter.pid)
                seconds.append(exporter.get()[0])
                cpu.append((rig.cpu_ns(exporter.pid) - before) / 1e6)
            return Figures(cpu), Figures(seconds), rig.memory_kib(exporter.pid)
    except rig.Skip as e:
        return str(e)


PEER = "`prometheus-process-exporter`"


def snapshot_row(size, peer):
    ours = size.snapshot_ms
    row = Row("snapshot of 10 000 processes", f"{ours:.1f} ms", must=at_most(25, ours, "ms"),
              aim=at_most(10, ours, "ms"))
    row.method = words(f"""CPU time by the daemon's own snapshot clock over {size.snapshots:.0f}
        snapshots of {size.tasks:.0f} tasks ({CROWD}); all CPU it reports is
        {size.self_ratio:.3f} of what /proc schedstat says""")
    if isinstance(peer, str):
        row.peer = "**SKIPPED**: " + peer
        return row
    cpu, seconds, memory = peer
    ratio = cpu.median / ours
    row.peer, row.ratio = f"{PEER} {cpu.show('ms', 0)} a scrape", f"{ratio:.0f} times less"
    row.must = both(row.must, at_least(100, ratio, "times less"))
    row.method += words(f"""; peer: schedstat of all its threads, at its cheapest (no threads, no
        smaps, grouped by name), {len(cpu.values)} scrapes; each took {seconds.median:.1f} s, and
        it needs {memory['VmRSS'] / 1024:.0f} MiB""")
    return row


def scrape_row(size, peer):
    cpu_ms = max(size.plain_ns, size.gzip_ns) / 1e6
    p99_ms = 1e3 * max(quantile(size.plain_s, 0.99), quantile(size.gzip_s, 0.99))

    def side(cpu_ns, seconds, size_bytes):
        p50, p99 = (1e3 * quantile(seconds, q) for q in (0.5, 0.99))
        return (f"{cpu_ns / 1e6:.1f} ms CPU, p50 {p50:.1f}, p99 {p99:.1f} ms, "
                f"{size_bytes / 1024:.0f} KiB")

    row = Row("whole scrape at 10 000 processes", f"CPU {cpu_ms:.1f} ms, p99 {p99_ms:.1f} ms")
    row.must = both(at_most(60, cpu_ms, "ms CPU"), at_most(60, p99_ms, "ms p99"))
    row.aim = both(at_most(20, cpu_ms, "ms CPU"), at_most(20, p99_ms, "ms p99"))
    row.method = words(f"""schedstat of the daemon a scrape, two a second, settling included; the
        worse of plain ({side(size.plain_ns, size.plain_s, size.plain_bytes)}) and gzip
        ({side(size.gzip_ns, size.gzip_s, size.gzip_bytes)}); latency: connect to last byte,
        n={len(size.plain_s)} each; {size.snapshots:.0f} snapshots for {size.scrapes + 1}
        scrapes, and CPU is divided by the snapshots""")
    if not isinstance(peer, str):
        row.peer = f"{PEER} {peer[0].median:.0f} ms CPU, {peer[1].median * 1e3:.0f} ms"
        row.ratio = f"{peer[0].median / cpu_ms:.0f} times less CPU"
    return row


def growth_row(sizes):
    first, last = sizes[0], sizes[-1]
    more = math.log(last.tasks / first.tasks)
    snapshot = math.log(last.snapshot_ms / first.snapshot_ms) / more
    scrape = math.log(last.gzip_ns / first.gzip_ns) / more
    each = ", ".join(f"{s.total}: {s.snapshot_ms:.2f} and {s.gzip_ns / 1e6:.2f} ms" for s in sizes)
    return Row("growth from 1 000 to 30 000 processes",
               f"n^{snapshot:.2f} a snapshot, n^{scrape:.2f} a scrape",
               must=("linear: n^1.1 at most", max(snapshot, scrape) <= 1.1),
               aim=("only what changed: n^0.5", snapshot <= 0.5),
               method=f"CPU a snapshot and a scrape with gzip, {CROWD}: {each}; "
                      f"{sizes[0].scrapes} scrapes each, more at 10 000")


def memory_row(small, large, peer):
    mb = 1000 * 1000 / 1024
    few, many = ({k: v / mb for k, v in s.memory.items()} for s in (small, large))
    row = Row("daemon's resident memory, 300 and 10 000 processes",
              f"{few['VmRSS']:.1f} MB, {many['VmRSS']:.1f} MB")
    row.must = ("≤ 12 MB, ≤ 24 MB", few["VmRSS"] <= 12 and many["VmRSS"] <= 24)
    row.aim = ("≤ 8 MB, ≤ 12 MB", few["VmRSS"] <= 8 and many["VmRSS"] <= 12)
    row.method = words(f"""VmRSS after {small.scrapes} and {large.scrapes} scrapes; of it anonymous
        {few['RssAnon']:.1f} and {many['RssAnon']:.1f} MB, the rest are files, mostly shared
        libraries; highest ever, while loading, {few['VmHWM']:.1f} and {many['VmHWM']:.1f} MB""")
    if not isinstance(peer, str):
        theirs = peer[2]["VmRSS"] / mb
        row.peer = f"{PEER} {theirs:.1f} MB at 10 000"
        row.ratio = f"{theirs / many['VmRSS']:.1f} times less"
    return row


def kernel_row(small, large):
    each = (large.bpf_bytes - small.bpf_bytes) / (large.tasks - small.tasks)
    return Row("kernel memory, 300 and 10 000 processes",
               f"{small.bpf_bytes / 1e6:.2f} MB, {large.bpf_bytes / 1e6:.2f} MB",
               method=words(f"""`vigie_self_bpf_memory_bytes`: programs, maps and task storage,
        {each:.0f} bytes a task; maps alone as `bpftool map` has them
        {small.maps_bytes / 1e6:.2f} and {large.maps_bytes / 1e6:.2f} MB"""))


def idle_row(size, seconds):
    gzip, plain = size.gzip_ns / 1e9 * 100, size.plain_ns / 1e9 * 100
    worst = max(gzip, plain)
    return Row("daemon's CPU at one scrape a second, 300 processes", f"{worst:.3f} % of a core",
               must=at_most(0.5, worst, "% of a core"), aim=at_most(0.1, worst, "% of a core"),
               method=words(f"""schedstat over {seconds} s each: gzip {gzip:.3f} %
        ({size.gzip_bytes / 1024:.0f} KiB), plain {plain:.3f} % ({size.plain_bytes / 1024:.0f}
        KiB); snapshot {size.snapshot_ms:.2f} ms of {size.tasks:.0f} tasks"""))


def growth_rows(sizes, few):
    """The largest crowd needs a host that lets it in: without it only this row is missing."""
    try:
        return [growth_row(sizes + [measure(30000, few, 1.0)])]
    except RuntimeError as e:
        return [Row("growth from 1 000 to 30 000 processes", f"**COULD NOT RUN**: {e}")]


def scale(quick):
    seconds = 10 if quick else 30
    few = 4 if quick else 10
    with rig.sysctl("kernel.pid_max", 4194304):
        small = measure(300, seconds, 1.0)
        sizes = [measure(1000, few, 0.5), measure(3000, few, 0.5)]
        large = measure(10000, 12 if quick else 40, 0.5, lambda: peer_scrapes(1 if quick else 3))
        growth = growth_rows(sizes + [large], few)
    peer = large.then
    return [snapshot_row(large, peer), scrape_row(large, peer), *growth,
            memory_row(small, large, peer), kernel_row(small, large), idle_row(small, seconds)]


GROUPS = {"scale": scale}
