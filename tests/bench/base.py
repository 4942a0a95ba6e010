# SPDX-License-Identifier: GPL-2.0-only
"""Another build of vigie as the peer: `make bench BASE=COMMIT` builds it and compares, in one run.

Owns: taking turns with it. Not here: how a figure is measured (rows.py, scale.py).
"""
import contextlib
import os

import rig
import rows
import scale
from report import Row, words
from rig import Figures

BASE = os.environ.get("BASE_VIGIE", "")


@contextlib.contextmanager
def build(path):
    ours = rig.VIGIE
    rig.VIGIE = path
    try:
        yield
    finally:
        rig.VIGIE = ours


def turns(n, measure):
    """(base's, ours) of n rounds; who is first changes with each."""
    paths, pairs = (BASE, rig.VIGIE), []
    for i in range(n):
        got = {}
        for path in paths[::-1] if i % 2 else paths:
            with build(path):
                got[path] = measure()
        pairs.append(tuple(got[path] for path in paths))
    return pairs


def base_row(what, pairs, unit, scale_by, method):
    ratio = Figures([ours / base for base, ours in pairs])
    return Row(what, Figures([p[1] for p in pairs]).show(unit, 2, scale_by),
               f"base {Figures([p[0] for p in pairs]).show(unit, 2, scale_by)}",
               f"{ratio.show('', 2)} of the base",
               method=f"{method}; {len(pairs)} rounds, taking turns")


def net_of(probes, name, count):
    """ns of that program by runs of the switch probe, the empty program's taken off; 0: not loaded."""
    probes.mark()
    with rig.in_production():
        rig.wait_for(lambda: "on_switch" in probes.read(), "the programs")
        before = probes.read()
        rig.strain("pipe", count, rows.pinned())
        after = probes.read()
    return rows.net_ns(after, before, [name], "on_switch")[0] if name in after else 0


def probe_rows(quick):
    rounds, count = (3, 50000) if quick else (9, 100000)
    with rig.probes() as probes:
        switch = turns(rounds, lambda: net_of(probes, "on_switch", count))
        wakeups = [net_of(probes, "on_wakeup", count) for _ in range(rounds)]
    share = Figures(wakeups).median / Figures([p[1] for p in switch]).median
    return [base_row("switch probe, warm", switch, "ns", 1, words("""`run_time_ns/run_cnt` of
                     `on_switch` less an empty program's, pipe ping-pong on one CPU""")),
            Row("wakeup probe, by a switch", Figures(wakeups).show("ns", 1),
                "the switch probe of the same run", f"{share:.2f} of it",
                rows.at_most(.25, share, "of it"), method=words("""`on_wakeup` by runs of
                `on_switch`, less an empty program's: what telling sleep from waiting costs where
                no sleeper was moved"""))]


def pingpong_row(quick):
    def microseconds():
        with rig.in_production():
            return rig.strain("pipe", 100000, rows.pinned())
    return base_row("ping-pong through pipes, one CPU", turns(4 if quick else 12, microseconds),
                    "µs", 1e-3, "a byte there and back, served and scraped each second")


def scale_rows(quick):
    table = []
    for total in (300, 1000) if quick else (300, 1000, 10000):
        sizes = turns(2 if quick else 4, lambda: scale.measure(total, 10, .25))
        for what, get, unit, by in (
                ("snapshot", lambda s: s.snapshot_ms, "ms", 1),
                ("scrape with gzip, all of its CPU", lambda s: s.gzip_ns / 1e6, "ms", 1),
                ("kernel memory", lambda s: s.maps_bytes / 1024, "KiB", 1),
                ("resident memory", lambda s: s.memory["VmRSS"], "KiB", 1)):
            pairs = [(get(base), get(ours)) for base, ours in sizes]
            table.append(base_row(f"{what}, {total} {scale.CROWD}", pairs, unit, by,
                                  "a fresh daemon each time"))
    return table


def base(quick):
    if not BASE:
        raise rig.Skip("BASE=COMMIT names the build to compare with")
    return probe_rows(quick) + [pingpong_row(quick)] + scale_rows(quick)


GROUPS = {"base": base}
