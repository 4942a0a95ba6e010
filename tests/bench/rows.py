# SPDX-License-Identifier: GPL-2.0-only
"""The rows of the bench: what is compared with what, and what was promised.

Each group of rows is a function that returns a list of Row. Not here: how a daemon is
started or a file read (rig.py), how a table looks (report.py).
"""
import contextlib
import math
import os
import signal
import tempfile
import textwrap

import rig
from report import Row, words
from rig import Figures


def at_most(limit, value, unit):
    return (f"≤ {limit:g} {unit}", value <= limit)


def at_least(limit, value, unit):
    return (f"≥ {limit:g} {unit}", value >= limit)


def both(a, b):
    return (f"{a[0]}, {b[0]}", a[1] and b[1])


def pinned():
    return max(os.sched_getaffinity(0))


# --- The switch probe, by the kernel's own statistics.

def net_ns(after, before, names, each):
    """(ns of names per run of each, ns of the empty program): statistics' own cost off."""
    def grown(name, field):
        return after[name][field] - before[name][field]

    empty = grown("bench_empty", "run_ns") / grown("bench_empty", "runs")
    gross = sum(grown(n, "run_ns") for n in names)
    runs = sum(grown(n, "runs") for n in names)
    return (gross - empty * runs) / grown(each, "runs"), empty


def probed(probes, names, each, count):
    """Of programs that were loaded after probes.mark()."""
    rig.wait_for(lambda: all(n in probes.read() for n in names), f"programs {names}")
    before = probes.read()
    rig.strain("pipe", count, pinned())
    return net_ns(probes.read(), before, names, each)


# Programs by the name that the kernel keeps: 15 bytes.
PEERS = [
    ("runqlat -P", ["runqlat", "-P", "3600"], ["sched_wakeup", "sched_wakeup_ne", "sched_switch"]),
    ("cpudist -P", ["cpudist", "-P", "3600"], ["sched_switch_bt"]),
]


def probed_peer(probes, command, names, count):
    command = [rig.tool(command[0])] + command[1:]
    probes.mark()
    with rig.running(command, stop=signal.SIGINT, stdout=rig.subprocess.DEVNULL,
                     stderr=rig.subprocess.DEVNULL):
        return probed(probes, names, names[-1], count)[0]


def switch(quick):
    rounds, count = (3, 50000) if quick else (9, 100000)
    ours, empties, peers = [], [], {name: [] for name, _, _ in PEERS}
    missing = {}
    with rig.probes() as probes:
        for _ in range(rounds):
            probes.mark()
            with rig.in_production():
                net, empty = probed(probes, ["on_switch"], "on_switch", count)
                programs = probes.read()
            ours.append(net)
            empties.append(empty)
            for name, command, names in PEERS:
                try:
                    peers[name].append(probed_peer(probes, command, names, count))
                except rig.Skip as e:
                    missing[name] = str(e)
    return switch_rows(Figures(ours), Figures(empties), peers, missing) + [sizes(programs)]


SWITCH_METHOD = words("""`run_time_ns/run_cnt` of `on_switch` minus an empty `tp_btf` program
    attached with it; pipe ping-pong pinned to one CPU, vigie served and scraped each second;
    {n} rounds, alternating with the peers'; the empty program read {empty}; the ratio is the
    median of the rounds'""")


def switch_rows(ours, empties, peers, missing):
    rows = []
    for name, values in peers.items():
        runqlat = name.startswith("runqlat")
        row = Row("switch probe" if runqlat else f"switch probe, against `{name}`", ours.show("ns"))
        rows.append(row)
        if runqlat:
            row.must, row.aim = at_most(60, ours.median, "ns"), at_most(30, ours.median, "ns")
            row.method = SWITCH_METHOD.format(n=len(ours.values), empty=empties.show("ns"))
        if name in missing:
            row.peer = "**SKIPPED**: " + missing[name]
            continue
        ratio = rig.median([t / max(o, 0.1) for t, o in zip(values, ours.values)])
        row.peer = f"libbpf-tools `{name}` {Figures(values).show('ns', 0)} a switch"
        row.ratio = f"{ratio:.1f} times less"
        if runqlat:
            row.peer += ", wakeups included"
            row.must = both(row.must, at_least(10, ratio, "times less"))
            row.aim = both(row.aim, at_least(20, ratio, "times less"))
    return rows


def sizes(programs):
    known = {n: p for n, p in programs.items() if n.startswith("on_")}
    names = ("on_switch", "on_tick", "on_newtask", "on_exit", "on_free", "on_task")
    kib = sum(p["jited_bytes"] for p in known.values()) / 1024
    return Row("size of the programs", f"{len(known)} programs, {kib:.1f} KiB of machine code",
               method="machine code, instructions verified: " + "; ".join(
                   f"`{n}` {known[n]['jited_bytes']} B, {known[n]['verified_insns']}"
                   for n in names if n in known))


# --- With and without, paired.

def paired(pairs, measure, on=rig.in_production):
    """off on, on off, off on, ...: (off, on) pairs, drift taken out by the order."""
    result = []
    for i in range(pairs):
        pair = {}
        for which in (bool(i % 2), not i % 2):
            with on() if which else contextlib.nullcontext():
                pair[which] = measure()
        result.append((pair[False], pair[True]))
    return result


def slower(pairs):
    """How much slower, in percent, pair by pair."""
    return Figures([(on / off - 1) * 100 for off, on in pairs])


def interval(figures):
    """Distribution-free 95 % interval of the median: order statistics."""
    values, n = sorted(figures.values), len(figures.values)
    k = max(0, math.floor((n - 1.96 * math.sqrt(n)) / 2))
    return values[k], values[n - 1 - k]


def uncertainty(figures):
    return "95 % interval {:+.2f} to {:+.2f} %".format(*interval(figures))


PAIRED_METHOD = "off-on, on-off, …; on: served, and scraped each second"


def paired_row(what, pairs, unit, scale, must=None, aim=None, more=""):
    change = slower(pairs)
    off = Figures([p[0] for p in pairs])
    on = Figures([p[1] for p in pairs])
    return Row(what, on.show(unit, 2, scale), f"without vigie {off.show(unit, 2, scale)}",
               f"{change.median:+.2f} % ({uncertainty(change)})",
               at_most(must, change.median, "% slower") if must else None,
               at_most(aim, change.median, "% slower") if aim else None,
               f"{more}{len(pairs)} pairs, {PAIRED_METHOD}; pair by pair {change.show('%', 2)}")


def pingpong(quick):
    n, measure = 4 if quick else 24, lambda: rig.strain("pipe", 100000, pinned())
    pairs, floor = paired(n, measure), paired(n, measure, rig.empty_program)
    least = slower(floor)
    return [paired_row("ping-pong through pipes, one CPU", pairs, "µs", 1e-3, 4, 2,
                       "a byte there and back, two switches; "),
            Row("the same with an empty program instead of vigie",
                f"{Figures([p[1] for p in floor]).show('µs', 2, 1e-3)}",
                f"without {Figures([p[0] for p in floor]).show('µs', 2, 1e-3)}",
                f"{least.median:+.2f} % ({uncertainty(least)})",
                method=words("""what any program on sched_switch costs here, whatever it does:
                             the kernel's way into it; nothing is served or scraped; {n}
                             pairs, in the same order""").format(n=n))]


def kernel_paths(quick):
    n = 4 if quick else 10
    forks = paired(n, lambda: rig.strain("forks", 3000, pinned()))
    faults = paired(n, lambda: rig.strain("faults", 400000, pinned()))
    return [
        paired_row("fork, exit, wait", forks, "µs", 1e-3,
                   more="task state, retired totals: 3 hooks; one CPU; "),
        paired_row("first touch of a page", faults, "ns", 1,
                   more="no hook of ours fires; one CPU; "),
    ]


# --- Real programs.

FUNCTION = """
struct {n}_node {{ struct {n}_node *next; unsigned long key; void *priv; int refs[{m}]; }};
static int {n}_cmp(const struct {n}_node *a, const struct {n}_node *b)
{{ return a->key < b->key ? -1 : a->key > b->key; }}
int {n}_insert(struct {n}_node **head, struct {n}_node *node)
{{ struct {n}_node **at = head; int i;
   while (*at && {n}_cmp(*at, node) < 0) at = &(*at)->next;
   if (*at && !{n}_cmp(*at, node)) return -17;
   for (i = 0; i < {m}; i++) node->refs[i] += i * (int)node->key % {m};
   node->next = *at; *at = node; return 0; }}
unsigned long {n}_sum(struct {n}_node *head)
{{ unsigned long sum = 0; int i; for (; head; head = head->next)
   switch (head->key % 5) {{ case 0: sum += head->key; break; case 1: sum ^= head->key << 3; break;
   case 2: for (i = 0; i < {m}; i++) sum += head->refs[i]; break; default: sum--; }} return sum; }}
"""


def write_sources(folder, files):
    for i in range(files):
        with open(os.path.join(folder, f"f{i}.c"), "w", encoding="ascii") as f:
            f.writelines(FUNCTION.format(n=f"f{i}_{j}", m=j % 7 + 3) for j in range(12))
    with open(os.path.join(folder, "Makefile"), "w", encoding="ascii") as f:
        f.write("all: $(patsubst %.c,%.o,$(wildcard *.c))\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\n")


def compile_job(quick):
    gcc, make = rig.tool("gcc"), rig.tool("make")
    with tempfile.TemporaryDirectory(prefix="vigie-bench.") as folder:
        write_sources(folder, 12 if quick else 24)
        command = [make, "-s", "-B", "-j2", "-C", folder, f"CC={gcc}"]
        rig.timed(command)
        pairs = paired(3 if quick else 14, lambda: rig.timed(command))
    return real_rows("compile job, `make -j2`, small C files", pairs)


SQL = textwrap.dedent("""
    PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
    DROP TABLE IF EXISTS t;
    CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT); CREATE INDEX tb ON t(b);
    INSERT INTO t(b, c) SELECT value * 7919 % 100003, hex(value * 31) FROM generate_series(1, {n});
    SELECT sum(length(c)) FROM t WHERE b BETWEEN 1000 AND 60000;
    UPDATE t SET c = c || 'x' WHERE b % 3 = 0;
    SELECT count(*), sum(x.b) FROM t x JOIN t y ON x.b = y.a;
    DELETE FROM t WHERE b % 5 = 0;
    """)


def sqlite(quick):
    command = rig.tool("sqlite3")
    with tempfile.TemporaryDirectory(prefix="vigie-bench.") as folder:
        script = os.path.join(folder, "load.sql")
        with open(script, "w", encoding="ascii") as f:
            f.write(SQL.format(n=50000 if quick else 100000))
            # Transactions of their own: system calls and page cache, not only the VM.
            f.writelines(f"INSERT INTO t(b, c) VALUES({i}, 'single');\n" for i in range(5000))

        def run():
            with open(script, "rb") as text:
                return rig.timed([command, "-bail", os.path.join(folder, "db")], stdin=text)

        run()
        pairs = paired(3 if quick else 20, run)
    return real_rows("SQLite: load, query, small transactions", pairs)


def real_rows(what, pairs):
    wall = [(off[0], on[0]) for off, on in pairs]
    cpu = slower([(off[1], on[1]) for off, on in pairs])
    row = paired_row(what, wall, "s", 1, 1, None,
                     f"wall time; its CPU time {cpu.median:+.2f} % ({uncertainty(cpu)}); ")
    row.aim = ("within noise", interval(slower(wall))[0] <= 0)
    return [row]


GROUPS = {"switch": switch, "pingpong": pingpong, "paths": kernel_paths,
          "compile": compile_job, "sqlite": sqlite}
