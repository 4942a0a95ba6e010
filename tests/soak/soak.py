#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""soak - has a `vigie serve` grown, after so many seconds of all that happens to one?

    soak.py [SECONDS]      default 1800; TAP lines, $O/soak.md, and all samples in $O/soak.csv

At its begin more names come and go than vigie remembers, so that what is bounded is full. The first
fifth is the warm-up, four minutes at most. After it the memory of each of its processes must have no slope (Theil-Sen), and of what can be counted
(descriptors, threads, bytes of maps) the least at the end must not be more than at the beginning.
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), os.path.join(HERE, "..", "lib")]
import lib  # noqa: E402
from load import Daemon, Load, fill_bounds  # noqa: E402
from scraping import bpf_held, bpf_left, wait_bpf_gone  # noqa: E402
from trend import Trend, floor_grown  # noqa: E402
from watch import UP, KernelLog, Watch, errors, moved  # noqa: E402


def memory_bound(median_kib):
    """A heap that is in use moves by some pages: less than this in the whole run is no leak."""
    return max(256, median_kib * 0.02)


class Verdicts:
    """TAP lines, each behind `prefix`, and what failed."""

    def __init__(self, prefix):
        self.prefix, self.said, self.failed = prefix, 0, []

    def check(self, name, holds, why=""):
        self.said += 1
        print(f"{self.prefix}{'ok' if holds else 'not ok'} {self.said} - {name}", flush=True)
        if not holds:
            self.failed.append(name)
            print("\n".join(f"# {line}" for line in str(why).splitlines()), flush=True)


class Soak:
    def __init__(self, seconds, env=None, prefix=""):
        self.seconds, self.env = seconds, env
        self.warm_up = min(seconds / 5, 240)
        self.verdicts = Verdicts(prefix)
        self.rows = []

    def run(self):
        """True if nothing grew and nothing went wrong."""
        with tempfile.TemporaryDirectory(dir=lib.BUILD) as directory:
            os.chmod(directory, 0o755)
            daemon = Daemon(directory, env=self.env)
            with contextlib.closing(daemon), daemon:
                self._watch(daemon, directory)
                self._judge_growth()
                self._judge_end(daemon)
        return not self.verdicts.failed

    def _watch(self, daemon, directory):
        kernel = KernelLog()
        self.watch = Watch(daemon.pid)
        fill_bounds()
        first = daemon.scrape()
        began = time.monotonic()
        with Load(daemon, directory) as self.load:
            while (now := time.monotonic() - began) < self.seconds and not self.load.failed:
                self.watch.look(now)
                time.sleep(1)
        self.page = daemon.scrape()
        self.watch.write(os.path.join(lib.BUILD, "soak.csv"))
        self.verdicts.check("everything that was done to it worked", not self.load.failed,
                            "\n".join(self.load.failed))
        unanswered = [path for path in ("range", "instant", "group") if not self.load.counts[f"past: {path}"]]
        self.verdicts.check("each question of the past was answered", not unanswered, unanswered)
        trouble = kernel.trouble()
        self.verdicts.check("the kernel's log has no new warning", not trouble,
                            "\n".join(trouble))
        switches = (self.page.one("vigie_host_context_switches_total") -
                    first.one("vigie_host_context_switches_total"))
        wrong = moved(errors(first), errors(self.page), switches)
        self.verdicts.check("no counter of errors moved", not wrong, "\n".join(wrong))
        down = [name for name in UP if self.page.one(name) != 1]
        self.verdicts.check("all of its processes live", not down, down)

    def _judge_growth(self):
        for (name, kind), samples in sorted(self.watch.samples.items()):
            if kind in Watch.COUNTED:
                self._judge_count(name, kind, samples)
                continue
            trend = Trend(samples, self.warm_up, memory_bound)
            self.verdicts.check(f"{name}: {kind} {trend.median:.0f} KiB, {trend.grown:+.0f} KiB in "
                                f"{trend.seconds:.0f} s", trend.holds,
                                f"the bound is {trend.bound:.0f} KiB")
            self.rows.append((name, f"{kind}, KiB", f"{trend.median:.0f}", f"{trend.grown:+.0f}",
                              f"{trend.bound:.0f}"))

    def _judge_count(self, name, kind, samples):
        grown, bound = floor_grown(samples, self.warm_up), Watch.COUNTED[kind]
        values = [v for t, v in samples if t >= self.warm_up]
        self.verdicts.check(f"{name}: {kind} {min(values)} to {max(values)}, {grown:+}",
                            grown <= bound, f"the bound is {bound}")
        self.rows.append((name, kind, f"{min(values)} to {max(values)}", f"{grown:+}", f"{bound}"))

    def _judge_end(self, daemon):
        held = bpf_held(daemon.pid)
        began = time.monotonic()
        status = daemon.stop()
        self.verdicts.check(f"SIGTERM: status 0 after {time.monotonic() - began:.2f} s",
                            status == 0, status)
        with contextlib.suppress(AssertionError):
            wait_bpf_gone(held)
        left = bpf_left(held)
        self.verdicts.check("no BPF object is left", not left, left)
        for command in (("verify", daemon.log), ("replay", daemon.state, "--top", "1")):
            run = subprocess.run([lib.VIGIE, *command], stdout=subprocess.PIPE, check=False,
                                 stderr=subprocess.STDOUT)
            self.verdicts.check(f"vigie {command[0]} finds no fault", run.returncode == 0,
                                run.stdout[-2000:])

    def write(self, path):
        """The table of docs/reliability.md."""
        counts, page = self.load.counts, self.page
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"{self.seconds:.0f} s on {os.cpu_count()} CPUs, kernel {os.uname().release}; the first "
                f"{self.warm_up:.0f} s are the warm-up. {page.one('vigie_self_snapshots_total')} "
                f"snapshots; {page.one('vigie_self_events_total', kind='fork')} tasks began; "
                f"{counts['scrape']} scrapes and {counts['scrape_encrypted']} with TLS and a "
                f"password, {counts['reload']} reloads, {counts['certify']} certificates, "
                f"{counts['rotate']} rotations of the log, {counts['session']} sessions, "
                f"{counts['past: range'] + counts['past: instant'] + counts['past: group']} questions of the past "
                f"({counts['past refused']} refused), "
                f"{counts['strangers'] * 40} connections that were broken off. "
                f"{self.verdicts.said - len(self.verdicts.failed)} of {self.verdicts.said} checks held"
                f"{'; not: ' if self.verdicts.failed else ''}{', '.join(self.verdicts.failed)}.\n\n"
                "| process | what | median, or least to most | grown | bound |\n|---|---|---|---|---|\n")
            for row in self.rows:
                file.write(f"| {' | '.join(row)} |\n")


def main():
    lib.needs_watching()
    soak = Soak(float(sys.argv[1]) if len(sys.argv) > 1 else 1800)
    holds = soak.run()
    print(f"1..{soak.verdicts.said}")
    soak.write(os.path.join(lib.BUILD, "soak.md"))
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
