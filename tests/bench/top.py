#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`vigie top` beside top, htop and atop in terminals of tmux: the first screen, and the CPU time that it takes on.

    tests/bench/top.py [PROCESSES...]      default 1000 10000

Owns: running each of them against the same crowd of processes, in the same run, taking turns. Not here:
what vigie's programs cost others (scale.py). Says what it skips: a peer that is not installed.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, os.environ.get("O", "build"))
VIGIE = os.path.join(BUILD, "vigie")
REFRESHES = int(os.environ.get("BENCH_REFRESHES", "10"))
ROUNDS = 1 if os.environ.get("BENCH_QUICK") else 3
PATIENCE_S = 120

# name: (command, what is on a screen with rows). A refresh a second, all processes.
TOOLS = {
    "vigie top": (f"{VIGIE} top --alone --interval 1s", r"row 1 of \d{3}"),
    "vigie top, by serve": (f"{VIGIE} top --state-dir @STATE@ --interval 1s", r"row 1 of \d{3}"),
    "top": ("top -d 1", r"PID USER.*\n.*\d"),
    "htop": ("htop -d 10", r"PID.*USER.*\n.*\d"),
    "atop": ("atop 1", r"PID.*\n.*\d"),
}


class Terminal:
    def __init__(self, place, command):
        self.socket = os.path.join(place, "tmux")
        self.command = command

    def tmux(self, *args):
        return subprocess.run(["tmux", "-u", "-S", self.socket, "-f", "/dev/null", *args], check=True,
                              stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}).stdout

    def __enter__(self):
        self.began = time.monotonic()
        self.tmux("new-session", "-d", "-x", "120", "-y", "40", f"exec {self.command}")
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False)

    def pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def first_screen(self, pattern):
        while not re.search(pattern, self.tmux("capture-pane", "-p")):
            if time.monotonic() > self.began + PATIENCE_S:
                raise RuntimeError(f"{self.command}: no screen in {PATIENCE_S} s:\n{self.tmux('capture-pane', '-p')}")
            time.sleep(0.01)
        return time.monotonic() - self.began


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def cpu_s(pid):
    """Of the process and of those that it keeps beside itself."""
    total = 0
    for one in [pid, *children(pid)]:
        with open(f"/proc/{one}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0]) / 1e9
    return total


def measure(command, pattern):
    """(s to the first screen, CPU s a second)"""
    with tempfile.TemporaryDirectory() as place, Terminal(place, command) as terminal:
        first = terminal.first_screen(pattern)
        time.sleep(3)  # what is done once at the start is not a refresh
        pid = terminal.pid()
        before, began = cpu_s(pid), time.monotonic()
        time.sleep(REFRESHES)
        return first, (cpu_s(pid) - before) / (time.monotonic() - began)


class Crowd:
    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.child = subprocess.Popen([f"{BUILD}/tests/bench/sleepers", str(self.count), "40", "20"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.child.stdout.readline().strip() == b"ready"
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()


class Serving:
    def __init__(self, state):
        self.state = state

    def __enter__(self):
        self.child = subprocess.Popen([VIGIE, "serve", "--state-dir", self.state, "--listen", "127.0.0.1:0",
                                       "--capture", "off"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(os.path.join(self.state, "socket")):
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait()


def main():
    counts = [int(arg) for arg in sys.argv[1:]] or [1000, 10000]
    tools = {name: tool for name, tool in TOOLS.items() if shutil.which(tool[0].split()[0])}
    for name in TOOLS.keys() - tools.keys():
        print(f"# {name} is not installed: left out (scripts/setup --bench)")
    print("| processes | program | first screen | CPU time a second |\n|---|---|---|---|")
    for count in counts:
        with tempfile.TemporaryDirectory() as place, Crowd(count), Serving(os.path.join(place, "state")):
            got = {name: [] for name in tools}
            for _ in range(ROUNDS):
                for name, (command, pattern) in tools.items():
                    got[name].append(measure(command.replace("@STATE@", os.path.join(place, "state")), pattern))
        for name, values in got.items():
            first, refresh = (statistics.median(column) for column in zip(*values))
            print(f"| {count} | {name} | {first:.2f} s | {1e3 * refresh:.1f} ms |", flush=True)


if __name__ == "__main__":
    main()
