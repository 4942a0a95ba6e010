# SPDX-License-Identifier: GPL-2.0-only
"""The table and its head: facts of the machine, rows, verdicts. Measures nothing."""
import datetime
import os
import platform
import re
import subprocess


class Row:
    """One line. must and aim are (words, met or not); None where nothing was promised."""

    def __init__(self, what, ours, peer="", ratio="", must=None, aim=None, method=""):
        self.what, self.ours, self.peer, self.ratio = what, ours, peer, ratio
        self.must, self.aim, self.method = must, aim, method

    def verdict(self):
        if "COULD NOT RUN" in self.ours:
            return "**no result**"
        if "SKIPPED" in self.peer:
            return "no comparison"
        if self.must is None:
            return "for information"
        if not self.must[1]:
            return "**MISSED**"
        return "aim met" if self.aim and self.aim[1] else "met"

    def cells(self, number):
        def promise(p):
            return p[0] if p else ""
        return [str(number), self.what, self.ours, self.peer, self.ratio, promise(self.must),
                promise(self.aim), self.verdict()]


def words(text):
    """A text that the source breaks into lines."""
    return " ".join(text.split())


HEADS = ["", "what", "vigie", "peer, same run", "ratio", "must", "aim", "verdict"]


def table(rows):
    """The table, and under its numbers how each figure came about."""
    lines = [HEADS, ["---"] * len(HEADS)] + [row.cells(i) for i, row in enumerate(rows, 1)]
    text = ["| " + " | ".join(c.replace("|", "/") for c in line) + " |" for line in lines]
    notes = [f"{i}. {row.method}." for i, row in enumerate(rows, 1) if row.method]
    return "\n".join(text + ["", "In brackets: quartiles.", ""] + notes)


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        found = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", f.read(), re.M)
    return found.group(1) if found else platform.machine()


def package(name):
    try:
        out = subprocess.run(["dpkg-query", "-W", "-f=${Version}", name],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return f"{name} {out.stdout.decode()}"
    except (OSError, subprocess.CalledProcessError):
        return f"{name} not installed as a Debian package"


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        guest = re.search(r"^flags.*\bhypervisor\b", f.read(), re.M)
    with open("/proc/meminfo", encoding="ascii") as f:
        gib = int(f.read().split()[1]) / 1024 / 1024
    kind = "virtual machine" if guest else "no hypervisor seen"
    return f"{cpu_model()}, {os.cpu_count()} CPUs, {gib:.0f} GiB, {kind}"


def facts(version, load, seconds, commit):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    packages = ("libbpf-tools", "prometheus-process-exporter", "gcc", "sqlite3")
    noisy = " (**not quiet**: the noise below is not ours alone)" if load[0] > 0.5 else ""
    return "\n".join([
        f"- Measured {now}; {version}, commit {commit}; the whole run took {seconds:.0f} s.",
        f"- Kernel {platform.release()}, {machine()}.",
        f"- Load average before: {load[0]:.2f} {load[1]:.2f} {load[2]:.2f}{noisy}.",
        f"- Peers and tools: {', '.join(package(p) for p in packages)}.",
    ])
