#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_traps - what other monitors got wrong, each with a load that brings it about.

Owns: one test per trap, against an independent source. Not here: plain sums (test_books.py).
"""
import contextlib
import os
import shutil
import stat
import threading
import time
import unittest
from decimal import Decimal

from lib import (PAGE, Calm, Cgroup, Once, Program, Serve, Tracepoint, check_wait, cpu_ns,
                 disk_directory, doctor, everything, exits, needs, needs_field, needs_watching, ns,
                 off_ns, proc_stat, read, row, rows, schedstats, status, threads, wait_for, waits,
                 while_calm, workload, write)

S = 10**9
MIB = 2**20


def setUpModule():
    needs_watching()


def first_cpu():
    return {min(os.sched_getaffinity(0))}


def watch(*programs, by="pid,comm", calm=False):
    """Starts programs, watches them work from their first point to their second.

    (result, {pid: (cpu, wait, arrivals) that /proc gained}).
    """
    with contextlib.ExitStack() as stack:
        for program in programs:
            stack.enter_context(program).point()
        with Once("--group-by", by, calm=calm) as once:
            before = {p.pid: schedstats(p.pid) for p in programs}
            for program in programs:
                program.go()
            for program in programs:
                program.point()
            gained = {p.pid: tuple(b - a for a, b in zip(before[p.pid], schedstats(p.pid)))
                      for p in programs}
    return once.result, gained


def freed_tasks(program):
    return Tracepoint("sched:sched_process_free", f'comm == "{program.comm}"')


def check_seen(test, counted, happened):
    """Exactly, less what the kernel is known to have shown to no BPF program (lib.Calm)."""
    test.assertLessEqual(counted, happened)
    test.assertGreaterEqual(counted, happened - Calm.skipped)


class Idle(unittest.TestCase):
    """The idle task is no process: it waits for nobody and nobody waits because of it."""

    def test_it_has_no_row(self):
        result, _ = watch(Program("task", "nap", 300))
        self.assertEqual(rows(result, pid=0), [])
        self.assertFalse([r for r in result["processes"]
                          if r["labels"]["comm"].startswith("swapper")])

    def test_switches_are_the_hosts_without_the_idle_ones(self):
        """perf counts the switches away from a process on both sides of each scrape."""
        for _ in range(4):
            seen, least, most, total = self._measure()
            # What the brackets leave open: the scrapes themselves, and tasks dead at one of them
            # but not yet freed. If idle switches do not outweigh it, nothing is shown.
            slack = max(100, most - least)
            if total - most > 2 * slack:
                break
        needs(total - most > 2 * slack, f"too noisy: {total} switches, {most} of processes")
        self.assertLessEqual(seen, most + slack)
        self.assertGreaterEqual(seen, least - slack)

    def _measure(self):
        """(switches in vigie's pages, of processes at least, at most, all of the host)"""
        with Tracepoint("sched:sched_switch", "prev_pid > 0") as busy, \
                Serve("--group-by", "comm", "--max-groups", "5000") as server, \
                Program("task", "nap", 1500) as sleeper:
            sleeper.point()
            first = self._scrape(server, busy)
            sleeper.go()
            sleeper.point()
            last = self._scrape(server, busy)
        return last[1] - first[1], last[0] - first[2], last[2] - first[0], last[3] - first[3]

    @staticmethod
    def _scrape(server, busy):
        """(switches of processes before, in the page, after, of the host)"""
        before = busy.count()
        page = server.scrape().sum("vigie_process_context_switches_total")
        return before, int(page), busy.count(), proc_stat()["ctxt"]


class Waits(unittest.TestCase):
    def test_no_underflow(self):
        """Two threads that wake each other never wait a second; nothing is below zero."""
        result, _ = watch(Program("task", "pingpong", 700, cpus=first_cpu()),
                          Program("task", "pingpong", 700))
        for of_row in everything(result):
            if not of_row["kernel"]:
                self.assertEqual(of_row["run_queue_wait_histogram"][-1]["count"], 0, of_row)
            self.assertGreaterEqual(min(map(ns, of_row["off_cpu_seconds"].values())), 0)
            self.assertLess(ns(of_row["run_queue_wait_seconds"]), 3600 * S)

    def test_as_many_waits_as_arrivals(self):
        """Whatever the buckets are: together they are the kernel's own count, at rest."""
        programs = [Program("task", "pingpong", 500), Program("task", "mixed", 500),
                    Program("task", "burn", 500)]
        result, gained = watch(*programs)
        for pid, (_, waited, arrivals) in gained.items():
            of_row = row(result, pid=pid)
            self.assertEqual(waits(of_row), arrivals)
            self._check_sum_fits_buckets(of_row, waited)

    def _check_sum_fits_buckets(self, of_row, waited):
        """The buckets' bounds must embrace the sum that /proc gives."""
        low = high = 0
        below = 0
        for bucket in of_row["run_queue_wait_histogram"]:
            bound = ns(bucket["le"]) if bucket["le"] is not None else 3600 * S
            low += bucket["count"] * below
            high += bucket["count"] * bound
            below = bound
        self.assertLessEqual(low, waited)
        self.assertGreaterEqual(high, waited)

    def test_preempted_is_not_blocked(self):
        burners = [Program("task", "burn", 1000, cpus=first_cpu()) for _ in range(2)]
        result, gained = watch(*burners)
        for pid, (used, waited, _) in gained.items():
            of_row = row(result, pid=pid)
            self.assertEqual(ns(of_row["run_queue_wait_seconds"]), waited)
            self.assertEqual(cpu_ns(of_row), used)
            self.assertGreater(waited, S // 5)
            self.assertGreater(of_row["ctx_switches"]["involuntary"], 10)
            self.assertLessEqual(of_row["ctx_switches"]["voluntary"], 3)
            # Asleep only before and after, while the test looked at the others.
            rest = ns(result["interval_seconds"]) - used - waited
            self.assertLessEqual(off_ns(of_row), rest + ns(result["interval_seconds"]) // 100)

    def test_blocked_is_not_preempted(self):
        program = Program("task", "nap", 700)
        result, gained = watch(program)
        of_row = row(result, pid=program.pid)
        off = of_row["off_cpu_seconds"]
        self.assertGreater(of_row["ctx_switches"]["voluntary"], 50)
        self.assertEqual(waits(of_row), gained[program.pid][2])
        self.assertEqual(off["disk"] + off["memory"] + off["uninterruptible"], 0)
        used, waited, _ = gained[program.pid]
        self.assertAlmostEqual(ns(off["sleep"]) / (ns(result["interval_seconds"]) - used - waited),
                               1, delta=0.1)

    def test_migration(self):
        """A task that changes its CPU all the time loses nothing and gains nothing."""
        needs(os.cpu_count() > 1, "one CPU only")
        program = Program("task", "bounce", 700)
        result, gained = watch(program)
        of_row = row(result, pid=program.pid)
        used, waited, arrivals = gained[program.pid]
        self.assertGreater(of_row["migrations"], 50)
        self.assertEqual((cpu_ns(of_row), waits(of_row)), (used, arrivals))
        check_wait(self, ns(of_row["run_queue_wait_seconds"]), waited)


class Reasons(unittest.TestCase):
    """Why a task is off the CPU."""

    @classmethod
    def setUpClass(cls):
        needs_field("off-CPU time by reason, slow waits")

    def _shares(self, *args, **kwargs):
        program = Program("task", *args, **kwargs)
        result, _ = watch(program)
        of_row = row(result, pid=program.pid)
        return {key: ns(value) for key, value in of_row["off_cpu_seconds"].items()}, of_row

    def test_disk(self):
        with disk_directory() as place:
            try:
                off, of_row = self._shares("direct", 700, os.path.join(place, "file"))
            except AssertionError as error:
                needs("ended with status" not in str(error), f"no O_DIRECT in {place}")
                raise
        self.assertGreater(of_row["io"]["read_bytes"], 100 * 4096)
        self.assertGreater(off["disk"], 10**7)
        self.assertEqual(off["memory"], 0)
        self.assertLess(off["uninterruptible"], off["disk"] // 10 + 10**7)

    def test_uninterruptible(self):
        """A parent waits for its vfork child in state D, and for no disk."""
        off, _ = self._shares("vfork", 700)
        self.assertGreater(off["uninterruptible"], 6 * S // 10)
        self.assertEqual(off["disk"], 0)
        self.assertEqual(off["memory"], 0)


class Dead(unittest.TestCase):
    @while_calm
    def test_totals_survive_the_exit(self):
        """CPU of children that lived 1 ms is what wait4() says of them."""
        with Program("storm", "spin", 1000, 2) as program, freed_tasks(program) as freed:
            program.point()
            before = schedstats(program.pid)[0]
            with Once("--group-by", "comm", calm=True) as once:
                program.go()
                self.assertEqual(program.point(), "done 1002")
                wait_for(lambda: freed.count() >= 1002, "the dead to be freed")
                own = schedstats(program.pid)[0] - before
            program.go()
            _, usage = program.reap()
        of_row = row(once.result, comm=program.comm)
        children = int((usage.ru_utime + usage.ru_stime) * 10**9) - before - own
        self.assertEqual(exits(of_row), 1002)
        self.assertAlmostEqual((cpu_ns(of_row) - own) / children, 1, delta=0.005)

    @while_calm
    def test_a_thousand_short_processes_are_named_and_charged(self):
        """A copy of true under its own name; it lives about 1 ms, no scrape ever sees it."""
        with disk_directory() as place, \
                Program("storm", "exec", 1000, 1, os.path.join(place, "vt-true")) as program, \
                Tracepoint("sched:sched_process_free", 'comm == "vt-true"') as freed:
            shutil.copy(shutil.which("true"), os.path.join(place, "vt-true"))
            program.point()
            with Once("--group-by", "comm", calm=True) as once:
                program.go()
                program.point()
                wait_for(lambda: freed.count() >= 1000, "the dead to be freed")
        of_row = row(once.result, comm="vt-true")
        self.assertEqual(of_row["starts"], exits(of_row))
        check_seen(self, of_row["exits"]["normal"], 1000)
        self.assertGreater(cpu_ns(of_row), 900 * 10**5)
        self.assertGreaterEqual(of_row["page_faults"]["minor"], 1000)

    def test_the_name_is_that_after_exec(self):
        """A wrapper script that executes something else is charged under that name."""
        with disk_directory() as place:
            script, target = os.path.join(place, "vt-wrapper"), os.path.join(place, "vt-target")
            os.symlink(workload("task"), target)
            write(script, f"#!/bin/sh\nexec {target} burn 300\n")
            os.chmod(script, stat.S_IRWXU)
            program = Program("task")
            program.args = [script]
            with Once("--group-by", "pid,comm") as once, program:
                program.point()
                program.go()
                program.point()
                used = schedstats(program.pid)[0]
                once.stop()
        found = rows(once.result, pid=program.pid)
        self.assertEqual([r["labels"]["comm"] for r in found], ["vt-target"])
        self.assertEqual(found[0]["starts"], 1)
        self.assertGreaterEqual(cpu_ns(found[0]), used)  # however little a neighbour left it
        self.assertGreater(used, 0)

    @while_calm
    def test_how_they_ended(self):
        with Program("storm", "kinds", 300, 1) as program, freed_tasks(program) as freed:
            program.point()
            with Once("--group-by", "comm", calm=True) as once:
                program.go()
                program.point()
                wait_for(lambda: freed.count() >= 301, "the dead to be freed")
        self.assertEqual(row(once.result, comm=program.comm)["exits"],
                         {"normal": 101, "error": 100, "signal": 100})

    @while_calm
    def test_the_first_thread_ends_first(self):
        with Program("family", "leader") as program, freed_tasks(program) as freed:
            program.point()
            with Once("--group-by", "pid,comm") as alone:
                program.go()
                self.assertEqual(program.point(), "alone")
                wait_for(lambda: status(program.pid)["State"].startswith("Z"), "a zombie leader")
            with Once("--group-by", "pid,comm", calm=True) as ending:
                program.go()
                self.assertEqual(program.point(), "worked")
                program.go()
                self.assertEqual(program.reap()[0], 3)
                wait_for(lambda: freed.count() >= 2, "both threads to be freed")
        of_row = row(alone.result, pid=program.pid)
        self.assertEqual((exits(of_row), of_row["processes"], of_row["threads"]), (0, 1, 1))
        self.assertGreater(of_row["memory"]["rss"], 0)
        of_row = row(ending.result, pid=program.pid)
        self.assertEqual(of_row["exits"], {"normal": 0, "error": 1, "signal": 0})
        self.assertGreater(cpu_ns(of_row), 5 * S // 1000)

    @while_calm
    def test_exec_by_another_thread(self):
        """The old first thread ends, the process does not: no start, no exit."""
        with Program("family", "exec", workload("task"), "burn", "100") as program, \
                Once("--group-by", "pid", calm=True) as once:
            for said in "ready", "thread", "ready":
                self.assertTrue(program.point().startswith(said))
                program.go()
            program.point()
            alive = program.pid
            self.assertEqual(len(threads(alive)), 1)
        of_row = row(once.result, pid=alive)
        self.assertEqual((of_row["starts"], exits(of_row), of_row["processes"]), (0, 0, 1))
        self.assertGreater(cpu_ns(of_row), S // 100)


class PidReuse(unittest.TestCase):
    """Few pids, many processes: the same number again and again."""

    PIDS = 2500  # beyond what is in use; the kernel hands out the next free one, in turn

    def setUp(self):
        path = "/proc/sys/kernel/pid_max"
        before = read(path).strip()
        self.addCleanup(write, path, before)
        in_use = int(read("/proc/loadavg").split()[3].split("/")[1])
        write(path, min(int(before), self.PIDS + 300 + 2 * in_use))

    def test_no_value_is_older_than_its_process(self):
        """cpu + wait + off-CPU of a process of one thread is at most its time in the window."""
        with Program("storm", "names", 6000, 2) as names, \
                Program("storm", "fork", 6000, 2) as storm, \
                Tracepoint("sched:sched_process_free") as freed:
            names.point()
            storm.point()
            with Once("--group-by", "pid,comm") as once:
                names.go()
                storm.go()
                names.point()
                storm.point()
                wait_for(lambda: freed.count() > 11500, "the dead to be freed")
        self.assertGreater(len(once.result["processes"]), 1000)
        labels = [tuple(sorted(r["labels"].items())) for r in once.result["processes"]]
        self.assertEqual(len(labels), len(set(labels)), "two rows with the same labels")
        window = ns(once.result["interval_seconds"])
        for of_row in everything(once.result):
            # Not of what is older: a wait that began before the window is counted as it ends.
            if of_row["labels"]["comm"].startswith(("n0-", "n1-")):
                total = cpu_ns(of_row) + ns(of_row["run_queue_wait_seconds"]) + off_ns(of_row)
                self.assertLessEqual(total, window * 1.01 + 10**7, of_row)

    def test_nothing_runs_backwards(self):
        pages = []
        with Serve("--group-by", "comm,pid", "--max-groups", "3000", "--linger", "1s") as server, \
                Program("storm", "fork", "3000ms", 2) as storm:
            storm.point()
            storm.go()
            ended = threading.Thread(target=storm.point)
            ended.start()
            began = time.monotonic()
            while ended.is_alive():
                pages.append((time.monotonic() - began, server.scrape()))
            ended.join()
        self.assertGreater(len(pages), 1)
        before = {}
        for _, page in pages:
            now = {key: value for key, value in page.samples.items()
                   if key[0].endswith(("_total", "_bucket", "_count", "_sum"))}
            for key in now.keys() & before.keys():
                self.assertGreaterEqual(now[key], before[key], key)
            before = now
        for elapsed, page in pages:
            for key, value in page.all("vigie_process_run_queue_wait_seconds_sum").items():
                if dict(key)["comm"] == storm.comm:
                    self.assertLessEqual(value, Decimal(elapsed) + 60, key)


class Overflow(unittest.TestCase):
    @while_calm
    def test_what_does_not_fit_is_counted_and_kept(self):
        """More names than the table of the dead can hold: into `other`, and said."""
        extra, most = 2000, 16384 + 128  # an epoch's table, and what is kept at hand
        with Program("storm", "names", most + extra, 2) as program, \
                Tracepoint("sched:sched_process_free", 'comm ~ "n[01]-*"') as freed:
            program.point()
            with Once("--group-by", "comm", calm=True) as once:
                program.go()
                program.point()
                wait_for(lambda: freed.count() >= most + extra, "the dead to be freed")
        result = once.result
        own = [r for r in result["processes"] if r["labels"]["comm"].startswith(("n0-", "n1-"))]
        folded = result["losses"]["retired_full"]
        other = result["other"]
        self.assertGreaterEqual(folded, extra - Calm.skipped)
        # Others may have died in that time, too: they can only add to `other`.
        self.assertGreaterEqual(sum(exits(r) for r in own) + exits(other),
                                most + extra - Calm.skipped)
        self.assertLessEqual(exits(other), folded)
        self.assertGreater(cpu_ns(other), 0)
        for mode, book in result["books"].items():
            parts = [ns(value) for key, value in book.items() if key != "host_seconds"]
            self.assertEqual(ns(book["host_seconds"]), sum(parts), mode)


class Throttled(unittest.TestCase):
    """A process that its own quota keeps from running, beside one that would let it run."""

    @classmethod
    def setUpClass(cls):
        with Cgroup("cpu") as group:
            cls._limit(group)
            cls.victim = Program("task", "burn", 1200, cgroup=group, cpus=first_cpu())
            cls.neighbour = Program("task", "burn", 1200, cpus=first_cpu())
            cls.result, cls.gained = watch(cls.victim, cls.neighbour)
            cpu_stat = dict(line.split() for line in group.get("cpu.stat").splitlines())
        cls.throttled_ns = int(cpu_stat.get("throttled_time", 0)) or \
            1000 * int(cpu_stat.get("throttled_usec", 0))

    @staticmethod
    def _limit(group):
        if group.v2:
            group.set("cpu.max", "20000 100000")
            return
        needs(os.path.exists(os.path.join(group.path, "cpu.cfs_quota_us")), "no CPU quotas")
        group.set("cpu.cfs_period_us", 100000)
        group.set("cpu.cfs_quota_us", 20000)

    def _row(self):
        return row(self.result, pid=self.victim.pid)

    def test_it_is_run_queue_wait_as_the_kernel_says(self):
        self.assertGreater(self.throttled_ns, S // 10)
        used, waited, arrivals = self.gained[self.victim.pid]
        self.assertEqual((cpu_ns(self._row()), ns(self._row()["run_queue_wait_seconds"]),
                          waits(self._row())), (used, waited, arrivals))

    def test_what_is_blamed_on_the_neighbour(self):
        """Stated, not hidden: the kernel counts a throttled task as waiting, and so do we.

        The pairs of vigie_delay_seconds name who ran before, which then can be a neighbour.
        """
        waited = self.gained[self.victim.pid][1]
        blamed = sum(ns(d["wait_seconds"]) for d in self.result["delays"]
                     if d["victim"].startswith(f"{self.victim.pid}/")
                     and not d["culprit"].startswith("(idle)"))
        print(f"\n  throttled {self.throttled_ns / S:.2f} s of {waited / S:.2f} s waited, "
              f"of which blamed on others {blamed / S:.2f} s", flush=True)
        self.assertLessEqual(blamed, waited)


class Memory(unittest.TestCase):
    def test_many_threads(self):
        """Per-CPU counters: the shared part alone would miss megabytes."""
        with Program("memory", "threads", 64, 1) as program:
            program.point()
            with Once("--group-by", "pid") as once:
                program.go()
                program.point()
                of_proc, exact = status(program.pid), self._exact(program.pid)
        memory = row(once.result, pid=program.pid)["memory"]
        self.assertEqual(row(once.result, pid=program.pid)["threads"], 65)
        self.assertGreater(exact, 64 * MIB)
        state = [f for f in doctor()["fields"] if f["field"] == "resident memory, swap"][0]
        error = 0 if state["state"] == "exact" else 64 * 65 * PAGE
        self.assertAlmostEqual(memory["rss"], exact, delta=error)
        self.assertAlmostEqual(memory["anon"], of_proc["RssAnon"] * 1024, delta=64 * 65 * PAGE)

    @staticmethod
    def _exact(pid):
        """What the page tables say, page by page."""
        for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no Rss: in smaps_rollup")

    def test_peak_between_two_looks(self):
        program = Program("memory", "peak", 200)
        result, _ = watch(program)
        memory = row(result, pid=program.pid)["memory"]
        self.assertLess(memory["rss"], 20 * MIB)
        # The shared part of the counters: up to batch x CPUs pages of each may be missing.
        batch = max(32, 2 * os.cpu_count()) * os.cpu_count() * PAGE
        self.assertGreaterEqual(memory["peak_rss"], 200 * MIB - batch)
        self.assertLess(memory["peak_rss"], 220 * MIB)

    def _limited(self, stack, size):
        group = stack.enter_context(Cgroup("memory"))
        group.set("memory.max" if group.v2 else "memory.limit_in_bytes", size)
        if group.v2 and os.path.exists(os.path.join(group.path, "memory.swap.max")):
            group.set("memory.swap.max", 0)
        return group

    def test_stall_in_a_small_cgroup(self):
        needs_field("stall: cgroup reclaim")
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(disk_directory())
            path = os.path.join(place, "file")
            with open(path, "wb") as file:
                for _ in range(96):
                    file.write(os.urandom(MIB))
                file.flush()
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            group = self._limited(stack, 16 * MIB)
            program = Program("memory", "stream", path, 3, cgroup=group)
            reclaims = stack.enter_context(Tracepoint("vmscan:mm_vmscan_memcg_reclaim_begin"))
            result, _ = watch(program)
            needs(reclaims.count(), f"the kernel did not reclaim: {place} is not on a disk?")
        of_row = row(result, pid=program.pid)
        self.assertGreater(ns(of_row["memory_stall_seconds"]["cgroup_reclaim"]), 0)
        self.assertLess(ns(of_row["memory_stall_seconds"]["cgroup_reclaim"]),
                        ns(result["interval_seconds"]))
        self.assertEqual(ns(of_row["memory_stall_seconds"]["reclaim"]), 0)

    @while_calm
    def test_oom_kill(self):
        needs_field("OOM kills")
        with contextlib.ExitStack() as stack:
            group = self._limited(stack, 32 * MIB)
            program = stack.enter_context(Program("memory", "hog", 200, cgroup=group))
            freed = stack.enter_context(freed_tasks(program))
            program.point()
            with Once("--group-by", "pid,comm", calm=True) as once:
                program.go()
                self.assertEqual(program.reap()[0], -9)
                wait_for(lambda: freed.count() >= 1, "the victim to be freed")
        of_row = row(once.result, pid=program.pid)
        self.assertEqual((of_row["oom_kills"], of_row["exits"]),
                         (1, {"normal": 0, "error": 0, "signal": 1}))
        self.assertGreater(of_row["memory"]["peak_rss"], 20 * MIB)
        kill, = [k for k in once.result["oom_kills"] if k["victim_pid"] == program.pid]
        self.assertEqual((kill["victim_comm"], kill["trigger_comm"], kill["trigger_pid"]),
                         (program.comm, program.comm, program.pid))
        self.assertAlmostEqual(kill["victim_rss"], 32 * MIB, delta=12 * MIB)


if __name__ == "__main__":
    unittest.main()
