#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a host costs the place where all of them end: series, bytes, CPU. The figures of docs/scale.md.

One vigie with a full page of 100 groups, a Prometheus that sends on what it scrapes, a VictoriaMetrics; each by its own account of
the CPU time (/proc/PID/stat), over some minutes. Not a test: run by hand (make bench-fleet), on a quiet machine.
"""
import argparse
import gzip
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import lib  # noqa: E402
from fleet import Agent, Store  # noqa: E402
from scraping import CLASSIC, OPENMETRICS, Actor, fetch  # noqa: E402

GROUPS = 100


def cpu_s(pid):
    fields = lib.stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) * float(lib.TICK)


def directory_bytes(place):
    return sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(place) for name in names)


def page_sizes(daemon):
    body = fetch(daemon, OPENMETRICS)
    packed = daemon.get(Accept=OPENMETRICS, Accept_Encoding="gzip")[2]
    assert gzip.decompress(packed)
    samples = sum(1 for line in fetch(daemon, CLASSIC).splitlines() if line and not line.startswith(b"#"))
    return samples, len(body), len(packed)


def measure(seconds):
    with lib.Serve() as daemon, Store() as store, Actor(b"boss") as boss, tempfile.TemporaryDirectory() as targets:
        for i in range(GROUPS + 10):
            boss.spawn(b"crowd-%d" % i)
        lib.wait_for(lambda: daemon.scrape().one("vigie_self_groups_exposed") >= GROUPS, "a full page", every_s=0.5)
        lib.write(os.path.join(targets, "a.json"), json.dumps([{"targets": [f"127.0.0.1:{daemon.port}"],
                                                               "labels": {"host": "a"}}]))
        samples, plain, packed = page_sizes(daemon)
        with Agent("a", targets, store.port) as agent:
            lib.wait_for(lambda: store.query("vigie_host_cpus"), "the first scrape", every_s=0.2)
            scrapes = daemon.scrape().one("vigie_self_scrapes_total")
            before = [cpu_s(one.child.pid) for one in (daemon, agent, store)]
            time.sleep(seconds)
            spent = [cpu_s(one.child.pid) - b for one, b in zip((daemon, agent, store), before)]
            scrapes = int(daemon.scrape().one("vigie_self_scrapes_total") - scrapes)
            store.get("/internal/force_flush")
            disk = directory_bytes(os.path.join(store.place, "data", "data"))
            rows = sum(float(line.split()[1]) for line in store.get("/metrics").splitlines()
                       if line.startswith('vm_rows{type="storage/'))
    print(f"series {samples}, a scrape: {plain} bytes, gzip {packed}")
    print(f"{scrapes} scrapes; CPU ms a scrape: vigie {1000 * spent[0] / scrapes:.2f}, agent {1000 * spent[1] / scrapes:.2f}, "
          f"store {1000 * spent[2] / scrapes:.2f}; store: {disk / rows:.2f} bytes a sample of {rows:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=180)
    measure(parser.parse_args().seconds)
