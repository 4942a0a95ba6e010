#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A real Prometheus scrapes `vigie serve` every second while workloads of known cost run.

Owns: the PromQL that a user would write, and what it must return. The truth is getrusage()
and /proc/PID/schedstat of the workloads themselves.

The window of every rate reaches from before the work to after it: an idle second or more on
both sides. rate() and increase() extrapolate to the window's edges, by at most one interval:
that is their tolerance here; last minus first is exact.
"""
import contextlib
import os
import subprocess
import time
import unittest
from decimal import Decimal

import lib
from lib import Serve, wait_for
from scraping import CLASSIC, Actor, Prometheus, fetch, least

BURN_MS = 2500
CHILDREN, CHILD_MS = 60, 20
HELD_MIB = 64
RIVAL_MS = 1200
LINGER_S = 3
BOOKS = """sum by (mode) (vigie_process_cpu_seconds_total{{job="{job}"}})
         + sum by (mode) (vigie_retired_cpu_seconds_total{{job="{job}"}})
         + sum by (mode) (vigie_unattributed_cpu_seconds_total{{job="{job}"}})
         - sum by (mode) (vigie_host_cpu_seconds_total{{job="{job}"}})"""


class Work:
    """The workloads, the daemons and the Prometheus; runs once for the whole file."""

    def __init__(self, stack):
        self.stack = stack
        self.tag = f"{os.getpid() % 10000:04d}"
        self.actors = {role: stack.enter_context(Actor(self.comm(role)))
                       for role in ("burn", "breed", "hold", "idle", "rivalA", "rivalB")}
        self.ghost = Actor(self.comm("ghost"))
        stack.callback(self.ghost.close)
        self.daemon = stack.enter_context(Serve("--max-groups", "500"))
        self.short = stack.enter_context(
            Serve("--max-groups", "500", "--linger", f"{LINGER_S}s", "--interval", "1s"))
        self.prometheus = stack.enter_context(
            Prometheus({"main": self.daemon.port, "short": self.short.port}))
        self.began = self.ended = None
        self.cost, self.waited = {}, {}

    def comm(self, role):
        return f"{role}-{self.tag}"

    def series(self, name, role, job="main", **labels):
        pairs = {"job": job, "comm": self.comm(role), **labels}
        return name + "{" + ",".join(f'{k}="{v}"' for k, v in pairs.items()) + "}"

    def usage(self, role):
        _, user, system = self.actors[role].do("usage")
        return user, system

    def run(self):
        for role in ("rivalA", "rivalB"):
            os.sched_setaffinity(self.actors[role].pid, {min(os.sched_getaffinity(0))})
        self.prometheus.wait_scrapes(1)
        self.began = time.time()
        before = {role: self.usage(role) for role in self.actors}
        waited = {role: lib.schedstat(self.actors[role].pid) for role in self.actors}
        self.prometheus.wait_scrapes(2)
        self.work()
        self.wait_for_the_dead()
        self.actors["hold"].do("free")
        self.ghost_ended = time.time()
        self.ghost.close()
        self.prometheus.wait_scrapes(2)
        for role in self.actors:
            after = self.usage(role)
            self.cost[role] = tuple(b - a for a, b in zip(before[role], after))
            self.waited[role] = tuple(
                b - a for a, b in zip(waited[role], lib.schedstat(self.actors[role].pid)))
        self.prometheus.wait_scrapes(1)
        self.ended = time.time()

    def wait_for_the_dead(self):
        """The kernel frees a dead task some time after its end, and only then is it charged."""
        exits = "vigie_process_exits_total"
        wait_for(lambda: all(daemon.scrape().sum(exits, comm=self.comm("breed")) >= least(CHILDREN)
                             for daemon in (self.daemon, self.short)),
                 "every child to be counted", patience_s=30, every_s=0.1)
        self.prometheus.wait_scrapes(2)

    def work(self):
        self.actors["hold"].do("hold", HELD_MIB)
        for role in ("rivalA", "rivalB"):
            self.actors[role].send("cpu", RIVAL_MS)
        for role in ("rivalA", "rivalB"):
            self.actors[role].answer()
        self.actors["burn"].send("cpu", BURN_MS)
        self.actors["breed"].do("children", CHILDREN, CHILD_MS)
        self.actors["burn"].answer()

    @property
    def window_s(self):
        return int(self.ended - self.began) + 1

    def ask(self, promql):
        return self.prometheus.value(promql, self.ended)

    def increase(self, selector):
        """increase() over the window, of the sum: what a dashboard shows."""
        return self.ask(f"sum(increase({selector}[{self.window_s}s]))")

    def exact(self, selector):
        """Last minus first over the window, of the sum."""
        return self.ask(f"sum(max_over_time({selector}[{self.window_s}s])"
                        f" - min_over_time({selector}[{self.window_s}s]))")

    def scrape_times(self, job, metric="vigie_host_cpus"):
        found = self.prometheus.raw(f'{metric}{{job="{job}"}}', self.window_s, self.ended)
        return [at for at, _ in found[0][1]]


def setUpModule():
    global W
    lib.needs_watching()
    stack = contextlib.ExitStack()
    unittest.addModuleCleanup(stack.close)
    W = Work(stack)
    W.run()


class Scrapes(unittest.TestCase):
    def test_none_failed_and_nothing_was_thrown_away(self):
        for job in W.prometheus.targets:
            n, failed = W.prometheus.scrapes(job)
            self.assertGreaterEqual(n, 6)
            self.assertEqual(failed, 0)
        self.assertEqual(W.prometheus.duplicates(), 0)

    def test_a_second_of_patience_is_plenty(self):
        usual = W.ask(f'quantile_over_time(0.5, scrape_duration_seconds{{job="main"}}'
                      f'[{W.window_s}s])')
        self.assertLess(usual, Decimal("0.5"))

    def test_promtool_finds_no_problem(self):
        body = fetch(W.daemon, CLASSIC)
        run = subprocess.run(["promtool", "check", "metrics"], input=body,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((run.returncode, run.stdout), (0, b""))

    def test_types_are_known(self):
        """Metadata as Prometheus stored it."""
        data = W.prometheus.api("metadata", metric="vigie_process_cpu_seconds_total") or \
            W.prometheus.api("metadata", metric="vigie_process_cpu_seconds")
        entries = [entry for entries in data.values() for entry in entries]
        self.assertTrue(entries)
        self.assertEqual({entry["type"] for entry in entries}, {"counter"})
        self.assertTrue(all(entry["help"] for entry in entries))


class Cpu(unittest.TestCase):
    """CPU time of the living and of the dead, to 1 % and 20 ms."""

    def assertCost(self, role):
        truth = sum(W.cost[role])
        selector = W.series("vigie_process_cpu_seconds_total", role)
        unseen = Decimal((CHILDREN - least(CHILDREN)) * CHILD_MS) / 1000 if role == "breed" else 0
        self.assertLess(W.exact(selector), truth * Decimal("1.01") + Decimal("0.02"))
        self.assertGreater(W.exact(selector), truth * Decimal("0.99") - Decimal("0.02") - unseen)
        edge = truth * 2 / W.window_s + Decimal("0.02") + unseen
        self.assertAlmostEqual(W.increase(selector), truth, delta=edge)
        rate = W.ask(f"sum(rate({selector}[{W.window_s}s])) * {W.window_s}")
        self.assertAlmostEqual(rate, truth, delta=edge)

    def test_burner(self):
        self.assertGreaterEqual(sum(W.cost["burn"]), BURN_MS / 1000)
        self.assertCost("burn")

    def test_short_lived_children_of_one_name(self):
        self.assertGreaterEqual(sum(W.cost["breed"]), CHILDREN * CHILD_MS / 1000)
        self.assertCost("breed")

    def test_idle_process_costs_nothing(self):
        selector = W.series("vigie_process_cpu_seconds_total", "idle")
        self.assertLess(W.exact(selector), Decimal("0.02"))

    def test_modes(self):
        """User and system time: a burner's is nearly all user."""
        for at, mode in enumerate(("user", "system")):
            selector = W.series("vigie_process_cpu_seconds_total", "burn", mode=mode)
            truth = W.cost["burn"][at]
            self.assertAlmostEqual(W.exact(selector), truth, delta=Decimal("0.1"))

    def test_sum_by_comm_ranks_the_burner_first_of_ours(self):
        found = W.prometheus.query(
            f'topk(1, sum by (comm) (increase(vigie_process_cpu_seconds_total{{job="main",'
            f'comm=~".*-{W.tag}"}}[{W.window_s}s])))', W.ended)
        self.assertEqual(found[0][0], {"comm": W.comm("burn")})

    def test_starts_and_exits_are_exact(self):
        starts = W.exact(W.series("vigie_process_starts_total", "breed"))
        self.assertGreaterEqual(starts, least(CHILDREN))
        self.assertLessEqual(starts, CHILDREN)
        for how, n in (("normal", starts), ("error", 0), ("signal", 0)):
            selector = W.series("vigie_process_exits_total", "breed", how=how)
            self.assertEqual(W.exact(selector), n)


class Waits(unittest.TestCase):
    """Two rivals on one CPU: each waits while the other runs."""

    def test_sum_is_the_kernels(self):
        for role in ("rivalA", "rivalB", "burn"):
            truth = Decimal(W.waited[role][1]) / 10**9
            selector = W.series("vigie_process_run_queue_wait_seconds_sum", role)
            self.assertAlmostEqual(W.exact(selector), truth, delta=truth / 200 + Decimal("0.001"))

    def test_rivals_waited_about_as_long_as_they_ran(self):
        both = sum(W.exact(W.series("vigie_process_run_queue_wait_seconds_sum", role))
                   for role in ("rivalA", "rivalB"))
        self.assertGreater(both, Decimal(RIVAL_MS) / 1000 * Decimal("1.6"))

    def quantile(self, q, role):
        selector = W.series("vigie_process_run_queue_wait_seconds_bucket", role)
        return W.ask(f"histogram_quantile({q}, sum by (le) (increase({selector}[{W.window_s}s])))")

    def test_quantiles_bracket_the_mean_wait(self):
        """The mean is the kernel's: run_delay by arrivals. Buckets are powers of four."""
        for role in ("rivalA", "rivalB"):
            _, delay, arrivals = W.waited[role]
            mean = Decimal(delay) / arrivals / 10**9
            self.assertLess(self.quantile("0.1", role), mean * 4)
            self.assertGreater(self.quantile("0.99", role), mean / 4)
            self.assertLessEqual(self.quantile("0.5", role), self.quantile("0.9", role))
            # A rival's slice is some milliseconds: so is the wait for its end.
            self.assertGreater(self.quantile("0.99", role), Decimal("0.0003"))
            self.assertLess(self.quantile("0.5", role), Decimal("0.1"))

    def test_count_is_the_last_bucket(self):
        for role in ("rivalA", "burn"):
            count = W.series("vigie_process_run_queue_wait_seconds_count", role)
            last = W.series("vigie_process_run_queue_wait_seconds_bucket", role, le="+Inf")
            self.assertEqual(W.exact(count), W.exact(last))
            self.assertGreater(W.exact(count), 0)

    def test_a_second_has_a_second(self):
        """On-CPU + waiting + off-CPU of a process with one thread is the wall's time."""
        names = ("vigie_process_cpu_seconds_total", "vigie_process_run_queue_wait_seconds_sum",
                 "vigie_process_off_cpu_seconds_total")
        times = W.scrape_times("main")
        wall = Decimal(times[-1] - times[0])
        totals = {role: sum(W.exact(W.series(name, role)) for name in names)
                  for role in ("idle", "burn", "hold")}
        # What the hypervisor stole is in no task's time (the kernel's figure, all CPUs).
        stolen = W.exact('vigie_host_steal_cpu_seconds_total{job="main"}')
        for role, total in totals.items():
            # A page is made some time after its time stamp: later on a busy machine.
            self.assertAlmostEqual(total, wall, delta=wall / 50 + Decimal("0.5"), msg=role)
            # Of one page all are of one moment.
            self.assertAlmostEqual(total, totals["idle"], delta=wall / 1000 + stolen, msg=role)

class Memory(unittest.TestCase):
    def test_held_then_given_back(self):
        held = HELD_MIB << 20
        anon = W.series("vigie_process_resident_memory_bytes", "hold", kind="anon")
        most = W.ask(f"max_over_time({anon}[{W.window_s}s])")
        self.assertGreaterEqual(most, held)
        self.assertLess(most, held + (8 << 20))
        self.assertLess(W.ask(anon), 8 << 20)

    def test_the_peak_outlives_the_memory(self):
        held = HELD_MIB << 20
        peak = W.series("vigie_process_resident_memory_peak_bytes", "hold")
        self.assertGreaterEqual(W.ask(peak), held)
        self.assertLess(W.ask(peak), held + (16 << 20))

    def test_host(self):
        total = W.ask('vigie_host_memory_size_bytes{job="main"}')
        meminfo = dict(line.split(":") for line in lib.read("/proc/meminfo").splitlines())
        self.assertEqual(total, int(meminfo["MemTotal"].split()[0]) * 1024)


class Books(unittest.TestCase):
    """live + exited + other = host, in PromQL, at every single scrape, for both daemons."""

    def test_they_balance_at_every_scrape(self):
        for job in W.prometheus.targets:
            times = W.scrape_times(job)
            self.assertGreaterEqual(len(times), 6)
            for at in times:
                found = W.prometheus.query(BOOKS.format(job=job), at)
                self.assertEqual({labels["mode"] for labels, _ in found}, {"user", "system"})
                for labels, value in found:
                    # Floats: sums of a few hundred terms, each exact to 1e-12.
                    self.assertLess(abs(value), Decimal("1e-6"), (job, at, labels))

    def test_no_counter_of_ours_ever_fell(self):
        names = W.prometheus.api("label/__name__/values")
        counters = [name for name in names if name.startswith("vigie_") and
                    name.endswith(("_total", "_count", "_sum", "_bucket"))]
        self.assertGreater(len(counters), 20)
        for name in counters:
            found = W.prometheus.query(f'resets({name}{{job="main"}}[{W.window_s}s]) > 0', W.ended)
            self.assertEqual(found, [], name)

    def test_little_is_unattributed(self):
        """Interrupts, ticks, the dead that RCU has not freed yet. test_books has the figures."""
        def grown(name):
            return W.ask(f'sum(increase({name}{{job="main"}}[{W.window_s}s]))')
        lost = grown("vigie_unattributed_cpu_seconds_total")
        self.assertLess(lost, grown("vigie_host_cpu_seconds_total") * Decimal("0.25"))


class Staleness(unittest.TestCase):
    """A group that ended stays for --linger, then its series end: no ghost, no stale value."""

    SERIES = "vigie_process_cpu_seconds_total", "vigie_process_processes"

    def test_it_goes_after_the_linger_time(self):
        def gone():
            return not any(W.prometheus.query(W.series(name, "ghost", job="short"))
                           for name in self.SERIES)
        wait_for(gone, "the ghost to leave", patience_s=LINGER_S + 15, every_s=0.2)
        found = W.prometheus.raw(W.series("vigie_process_processes", "ghost", job="short"), 120,
                                 time.time())
        (_, samples), = found
        self.assertEqual(samples[0][1], 1)
        self.assertEqual(samples[-1][1], 0)
        lingered = samples[-1][0] - W.ghost_ended
        self.assertGreater(lingered, LINGER_S - 2.5)
        self.assertLess(lingered, LINGER_S + 3)

    def test_it_stays_where_the_linger_time_is_long(self):
        value = W.prometheus.value(W.series("vigie_process_processes", "ghost"))
        self.assertEqual(value, 0)


if __name__ == "__main__":
    unittest.main()
