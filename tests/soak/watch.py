# SPDX-License-Identifier: GPL-2.0-only
"""watch - what the processes of a `vigie serve` hold, second after second, as the kernel says.

Owns: memory, descriptors and threads of each of them, the bytes of its BPF maps, the kernel's
log, and the counters of its page that must not move. Not here: what is a leak (lib/trend.py).
"""
import collections
import contextlib
import os
import re
from decimal import Decimal

import lib

# Of what went wrong: these must be at the end where they were at the start.
ERRORS = ("vigie_self_losses_total", "vigie_self_log_lines_lost_total",
          "vigie_self_recording_lost_total", "vigie_self_name_lookups_total",
          "vigie_self_captures_total", "vigie_self_web_denied_total",
          "vigie_self_web_config_reload_failures_total")
# … but for these: what is no error, what the load provokes, and pairs that share a cell.
EXPECTED = ({"outcome": "found"}, {"outcome": "unknown"}, {"outcome": "captured"},
            {"outcome": "busy"}, {"outcome": "limited"}, {"outcome": "gone"},
            {"reason": "credentials"}, {"reason": "handshake"}, {"cause": "delay_cells_full"})
# … and for what the kernel does now and then: clocks of two CPUs differ by some ns, so that a shorter
# time off the CPU comes out negative, and a program is not run while it is under way on that CPU.
RARE = ("cause=clock_backwards", "cause=run_missed")
RARE_A_SWITCH = Decimal(1) / 10000
UP = ("vigie_self_recording_up", "vigie_self_names_up", "vigie_self_history_up", "vigie_self_web_verifier_up")
TROUBLE = re.compile(r"WARNING|BUG|Oops|stall|lockup|hung task|blocked for more than|KASAN|"
                     r"scheduling while atomic|general protection|in vigie\[|bpf.*fail",
                     re.I)


def family(pid):
    """{name: pid} of a vigie serve and the processes that it keeps."""
    return {"vigie": pid, **lib.children(pid)}


def memory_kib(pid):
    """{Rss, Pss_Anon} of one of ours: smaps stalls its process, which is no workload.

    Of files the PSS is left out: it moves as others map the same libraries, or cease to."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return {key: int(line.split()[1]) for line in file
                for key in ("Rss", "Pss_Anon") if line.startswith(f"{key}:")}


def map_bytes(pid):
    """What the kernel charges for the BPF maps that a process holds, each once."""
    return sum({info["map_id"]: int(info["memlock"]) for info in lib.fdinfos(pid)
                if "map_id" in info}.values())


def descriptors(pid):
    """How many of each kind: "fds" are those whose number depends on nothing outside."""
    counts = collections.Counter(fds=0)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            path = os.readlink(f"/proc/{pid}/fd/{fd}")
            counts["files of incidents" if "/incidents/" in path else
                   "files of cgroups" if path.startswith("/sys/fs/cgroup/") else "fds"] += 1
    return counts


class Watch:
    """Samples by (process, quantity): [(seconds, value)]."""

    # By how much the least of it may be more at the end. Maps that allocate as they are written to
    # hold some entries more or less; an open incident has two files, and eight may be open; files of
    # cgroups are as many as there are cgroups, up to 512.
    COUNTED = {"fds": 0, "threads": 0, "map bytes": 64 << 10, "files of incidents": 16,
               "files of cgroups": 512}

    def __init__(self, pid):
        self.processes = family(pid)
        self.samples = collections.defaultdict(list)

    def look(self, now):
        for name, pid in self.processes.items():
            for kind, kib in memory_kib(pid).items():
                self.samples[name, kind].append((now, kib))
            counts = descriptors(pid)
            for what, owner in (("incidents", "vigie-writer"), ("cgroups", "vigie")):
                n = counts.pop(f"files of {what}", 0)
                if name == owner:
                    counts[f"files of {what}"] = n
            for what, n in counts.items():
                self.samples[name, what].append((now, n))
            self.samples[name, "threads"].append((now, len(lib.threads(pid))))
        self.samples["vigie", "map bytes"].append((now, map_bytes(self.processes["vigie"])))


    def write(self, path):
        """All of them, for who wants to see the curve."""
        with open(path, "w", encoding="utf-8") as file:
            file.write("process,quantity,seconds,value\n")
            for (name, kind), samples in sorted(self.samples.items()):
                file.writelines(f"{name},{kind},{t:.1f},{v}\n" for t, v in samples)


class KernelLog:
    """What the kernel says from now on."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def trouble(self):
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    lines.append(os.read(self.fd, 8192).decode("utf-8", "replace").strip())
                except BrokenPipeError:  # overwritten before it was read
                    lines.append(";lines were lost")
        return [line.partition(";")[2] for line in lines if TROUBLE.search(line.partition(";")[2])]


def errors(page):
    """{(metric, labels as text): value} of what must not move."""
    found = {}
    for metric in ERRORS:
        for labels, value in page.all(metric).items():
            if not any(set(e.items()) <= labels for e in EXPECTED):
                found[metric, " ".join(sorted(f"{k}={v}" for k, v in labels))] = value
    return found


def moved(before, after, switches):
    """What of it moved, as text; `switches`: of contexts, meanwhile."""
    return [f"{metric}{{{labels}}}: {before.get((metric, labels), 0)} -> {value}"
            for (metric, labels), value in after.items()
            if value - before.get((metric, labels), 0) >
            (switches * RARE_A_SWITCH if labels in RARE else 0)]
