#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_parties - who ran while a session's threads waited for a CPU, and who woke them.

Owns: the views runq and wakers, and chains. Shares are held against the kernel's own times of those
who ran, wakes against what the program itself did.
"""
import collections
import contextlib
import os
import signal
import subprocess
import time
import unittest

import lib
from test_record import Session, running, samples

EPOLL_WAIT = "232", "281"  # epoll_wait, epoll_pwait of x86-64


def setUpModule():
    lib.needs_watching()


def by_party(session, view, of=None):
    """ns by who ran or woke; of: only of threads with this name."""
    sums = collections.Counter()
    for s in samples(session, view):
        if of in (None, session["threads"][s["thread"]]["comm"]):
            sums[session["parties"][s["party"]]["name"]] += s["ns"]
    return sums


class RunQueue(Session):
    def test_who_ran_while_it_waited(self):
        with contextlib.ExitStack() as stack:
            bullies = [stack.enter_context(running("leaves", 60, cpu=0)) for _ in range(3)]
            victim = stack.enter_context(running("leaves", 60, cpu=0))
            before = self.delay(victim.pid)
            self.record("-p", victim.pid, "-d", "3s", "--views", "runq")
            after = self.delay(victim.pid)
        session = self.json()
        wait = sum(t["run_queue_ns"] for t in session["threads"])
        culprits = by_party(session, "runq")
        self.assertEqual(sum(culprits.values()), wait)
        # Not who ran before the session began, of the wait that was under way: longer beside others.
        self.assertAlmostEqual(session["quality"]["culprits_seen_ns"] / wait, 1, delta=.05)
        bully = sum(culprits[f"leaves ({b.pid})"] for b in bullies)
        # Of equal weight: each has what the victim has, whoever else uses that CPU.
        used = sum(t["cpu_ns"] for t in session["threads"])
        self.assertGreater(bully, .75 * len(bullies) * used, (culprits, used))
        # The session is within these two readings, which are a little longer.
        self.assertLess(wait, after - before)
        self.assertGreater(wait, .8 * 3e9 * .5)

    def test_targets_that_wait_for_each_other(self):
        """What they are charged with is kept elsewhere than what others are."""
        with running("leaves", 60, cpu=0) as one, running("leaves", 60, cpu=0) as other:
            self.record("-p", f"{one.pid},{other.pid}", "-d", "3s", "--views", "runq")
        session = self.json()
        wait = sum(t["run_queue_ns"] for t in session["threads"])
        self.assertGreater(wait, .8 * 3e9)
        self.assertAlmostEqual(session["quality"]["culprits_seen_ns"] / wait, 1, delta=.05)
        culprits = by_party(session, "runq")
        # Both always want to run: as one does, the other waits, whoever else uses that CPU.
        used = collections.Counter()
        for t in session["threads"]:
            used[session["processes"][t["process"]]["pid"]] += t["cpu_ns"]
        for child in one, other:
            self.assertAlmostEqual(culprits[f"leaves ({child.pid})"] / used[child.pid], 1, delta=.05,
                                   msg=(culprits, used))

    def test_where_who_ran_belongs(self):
        """Two of the same cgroup, two of another: who waits is told apart from both."""
        with contextlib.ExitStack() as stack:
            own = stack.enter_context(lib.Cgroup("memory", "own"))
            far = stack.enter_context(lib.Cgroup("memory", "far"))
            victim, near, *others = [
                stack.enter_context(running("leaves", 60, cpu=0, cgroup=cgroup))
                for cgroup in (own, own, far, far)]
            self.record("-p", victim.pid, "-d", "4s", "--views", "runq")
        session = self.json()
        parts = session["run_queue"]["ns"]
        self.assertEqual(sum(parts.values()), sum(t["run_queue_ns"] for t in session["threads"]))
        ran = collections.Counter()
        for s in samples(session, "runq"):
            ran[session["parties"][s["party"]]["pid"], s["relation"]] += s["ns"]
        # Nobody else is in its cgroup, itself excepted; the other one's are among all that ran on this host.
        same = ran[near.pid, "same_cgroup"]
        other = sum(ran[child.pid, "other_cgroup"] for child in others)
        self.assertEqual(parts["same_cgroup"], same + ran[victim.pid, "same_cgroup"], ran)
        self.assertGreaterEqual(parts["other_cgroup"], other)
        # Three that are alike ran for a third each.
        self.assertAlmostEqual(same / (same + other), 1 / 3, delta=.08, msg=ran)
        self.assertEqual(session["processes"][0]["cgroup"], "/" + os.path.basename(own.path))
        cgroups = {p["pid"]: p["cgroup"] for p in session["parties"]}
        self.assertEqual(cgroups[near.pid], session["processes"][0]["cgroup"])
        self.assertIn("another cgroup " + os.path.basename(far.path), self.report("text").decode())

    def test_steal_is_the_hosts(self):
        with running("leaves", 60) as child:
            before = self.steal()
            self.record("-p", child.pid, "-d", "1s", "--views", "runq")
            after = self.steal()
        self.assertLessEqual(self.json()["run_queue"]["steal_ns"], after - before)
        self.assertGreaterEqual(self.json()["run_queue"]["steal_ns"], 0)

    @staticmethod
    def steal():
        cpu = lib.read("/proc/stat").splitlines()[0].split()
        return int(cpu[8]) * 10**9 // os.sysconf("SC_CLK_TCK")

    @staticmethod
    def delay(pid):
        return int(lib.read(f"/proc/{pid}/schedstat").split()[1])

    def test_by_weight(self):
        """Bullies of three weights on its CPU: each is to blame for as long as the kernel ran it.

        The victim is stopped before and after, so that all of its waiting is the session's."""
        with contextlib.ExitStack() as stack:
            bullies = [stack.enter_context(running("leaves", 60, cpu=0)) for _ in range(3)]
            victim = stack.enter_context(running("leaves", 60, cpu=0))
            for bully, nice in zip(bullies, (-4, 0, 4)):
                os.setpriority(os.PRIO_PROCESS, bully.pid, nice)
            self.stop(victim.pid)
            waited = self.delay(victim.pid)
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(victim.pid), "-d", "30s",
                                      "--views", "runq", "-o", self.file], stderr=subprocess.PIPE)
            lib.wait_for(lambda: self.call(vigie.pid) in EPOLL_WAIT, "the session")
            ran = [self.ran(b.pid) for b in bullies]
            os.kill(victim.pid, signal.SIGCONT)
            lib.wait_for(lambda: self.delay(victim.pid) - waited > 3e9, "three seconds' wait")
            self.stop(victim.pid)
            ran = [self.ran(b.pid) - before for b, before in zip(bullies, ran)]
            waited = self.delay(victim.pid) - waited
            vigie.send_signal(signal.SIGINT)
            _, said = vigie.communicate(timeout=30)
            self.assertEqual(vigie.returncode, 0, said)
        session = self.json()
        self.assertAlmostEqual(sum(t["run_queue_ns"] for t in session["threads"]) / waited, 1,
                               delta=.005)
        culprits = by_party(session, "runq")
        blamed = [culprits[f"leaves ({b.pid})"] for b in bullies]
        self.assertEqual(blamed, sorted(blamed, reverse=True), culprits)
        self.assertGreater(sum(blamed), .9 * sum(ran), culprits)
        for got, ns in zip(blamed, ran):
            self.assertAlmostEqual(got / sum(blamed), ns / sum(ran), delta=.03, msg=(blamed, ran))

    @staticmethod
    def stop(pid):
        os.kill(pid, signal.SIGSTOP)
        lib.wait_for(lambda: lib.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "T",
                     "it to stop")

    @staticmethod
    def call(pid):
        """The system call that it waits in: a session's, once it has begun, is its ring's."""
        return lib.read(f"/proc/{pid}/syscall").split()[0]

    @staticmethod
    def ran(pid):
        return int(lib.read(f"/proc/{pid}/schedstat").split()[0])


class Wakers(Session):
    @classmethod
    def setUpClass(cls):
        """What the programs do in which order is theirs, whoever else runs."""
        super().setUpClass()
        lib.above_others(cls.addClassCleanup)

    def test_each_waker_is_found(self):
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "3s", "--views", "wakers")
        session = self.json()
        for thread, waker in (("pipe", "sleep-feeder"), ("network", "sleep-feeder"),
                              ("event", "sleep-feeder"), ("lock", "sleep-holder"),
                              ("sleep", "(timer)"), ("poll", "(timer)")):
            waits = by_party(session, "wakers", of=thread)
            seen = sum(waits.values()) - waits["(not seen)"]
            woken = sum(ns for name, ns in waits.items() if name.startswith(waker))
            self.assertGreater(woken, .9 * seen, (thread, waits))

    def test_the_whole_chain(self):
        """Each waits for the next, by pipe, futex and eventfd; the last sleeps."""
        with running("waits", "chain", 60) as child:
            time.sleep(.5)
            self.record("-p", child.pid, "-d", "3s", "--views", "wakers")
        session = self.json()
        chains = collections.Counter()
        ns = collections.Counter()
        for c in session["chains"]:
            name = session["threads"][c["thread"]]["comm"]
            hops = tuple((h["reason"], session["parties"][h["party"]]["comm"] or
                          session["parties"][h["party"]]["kind"]) for h in c["hops"])
            chains[name, hops] += c["count"]
            ns[name] += c["ns"]
        whole = ("pipe", "second"), ("lock", "third"), ("event", "fourth"), ("sleep", "timer")
        for i, name in enumerate(("first", "second", "third", "fourth")):
            # The session's begin and end find each of them asleep.
            seen = sum(n for (who, hops), n in chains.items()
                       if who == name and hops[-1][1] != "unknown") - 1
            self.assertGreater(seen, 50)
            self.assertGreaterEqual(chains[name, whole[i:]], .99 * seen, chains)
        # All chains of a thread are its waits, to the nanosecond.
        for i, t in enumerate(session["threads"]):
            self.assertEqual(ns[t["comm"]], sum(s["ns"] for s in samples(session, "wakers")
                                                if s["thread"] == i), t)
        self.assertRegex(self.report("text").decode(),
                         r"first +pipe < second \(\d+/\d+\): lock < third")

    def test_who_worked_is_waited_for(self):
        """A child that sleeps for a moment and then works: its parent does not wait for a timer."""
        self.record("--children", "--views", "wakers", "--", "/usr/bin/python3", "-c",
                    "import os, time\n"
                    "for slept in .02, .5:\n"
                    "    if not os.fork():\n"
                    "        time.sleep(slept); end = time.monotonic() + .3\n"
                    "        while time.monotonic() < end: pass\n"
                    "        os._exit(0)\n"
                    "    os.wait()\n")
        session = self.json()
        waits = [(len(c["hops"]), c["ns"] / 1e9) for c in session["chains"]
                 if c["hops"][0]["reason"] == "child"]
        self.assertEqual(sorted(n for n, _ in waits), [1, 2], session["chains"])
        for hops, seconds in waits:
            self.assertAlmostEqual(seconds, .32 if hops == 1 else .8, delta=.15)

    def test_two_reasons_in_turn(self):
        """One waker, alternately for a pipe and an eventfd: neither is taken for the other."""
        with running("waits", "turns", 60) as child:
            time.sleep(.3)
            self.record("-p", child.pid, "-d", "3s", "--views", "wakers,offcpu")
        session = self.json()
        asks = next(t for t in session["threads"] if t["comm"] == "asks")
        count, ns, all_ns = (collections.Counter() for _ in range(3))
        for c in session["chains"]:
            if session["threads"][c["thread"]] is not asks:
                continue
            why = tuple(h["reason"] for h in c["hops"])
            all_ns[why[0]] += c["ns"]
            if len(why) == 2:
                count[why] += c["count"]
                ns[why] += c["ns"]
        self.assertEqual(set(count), {("pipe", "sleep"), ("event", "sleep")}, count)
        waits = {why: asks["off_cpu"][why]["count"] for why in ("pipe", "event")}
        # Who asks and is kept from a CPU for as long as the other one sleeps finds the answer there.
        self.assertAlmostEqual(waits["pipe"] / waits["event"], 1, delta=.05, msg=waits)
        for why, least in (("pipe", 4e6), ("event", 8e6)):
            # Beside others who wakes may have waited for a CPU for longer than it slept: that chain is short.
            self.assertLessEqual(count[why, "sleep"], waits[why], count)
            self.assertGreaterEqual(count[why, "sleep"], .9 * waits[why], (count, waits))
            self.assertGreater(ns[why, "sleep"] / count[why, "sleep"], .99 * least)
            self.assertLess(ns[why, "sleep"] / count[why, "sleep"], least + 3e6)
            # Of the thread's own books, all but the session's begin and end.
            self.assertLess(abs(asks["off_cpu"][why]["ns"] - all_ns[why]), 2 * least + 3e6)
        for i, t in enumerate(session["threads"]):
            self.assertEqual(sum(s["ns"] for s in samples(session, "wakers") if s["thread"] == i),
                             sum(w["ns"] for w in t["off_cpu"].values()), t)

    def test_every_edge_of_a_ring(self):
        """As often as each slept until the token came: the program says how often that was."""
        for kind, rounds in ("pipe", 5000), ("eventfd", 5000), ("futex", 5000):
            with self.subTest(kind):
                run = self.record("--views", "wakers", "--", lib.workload("ring"), kind, rounds)
                slept = [int(n) for n in run.stdout.split()]
                self.assertGreater(min(slept), .7 * rounds)  # beside others the token may be there already
                session = self.json()
                for i in range(4):
                    wakes = collections.Counter()
                    for s in samples(session, "wakers"):
                        if session["threads"][s["thread"]]["comm"] == f"ring-{i}":
                            wakes[session["parties"][s["party"]]["comm"]] += s["count"]
                    before = wakes[f"ring-{(i - 1) % 4}"]
                    self.assertLessEqual(before, slept[i] + 1, wakes)
                    # Some kernels run no program while a certain process is current: a switch from
                    # that one to ours is seen by nobody, and the wait before it is not booked.
                    self.assertGreaterEqual(before, .97 * slept[i], wakes)
                    self.assertGreaterEqual(before, .99 * sum(wakes.values()), wakes)


    def woken_from(self, session, woken, waker):
        """ns of the pair, and how much of it has each function in the waker's stack."""
        total, through = 0, collections.Counter()
        for s in samples(session, "wakers"):
            if session["threads"][s["thread"]]["comm"] == woken and \
                    session["parties"][s["party"]]["comm"] == waker:
                total += s["ns"]
                for name in {session["frames"][f]["name"] for f in s["stack"]}:
                    through[name] += s["ns"]
        return total, through

    def test_from_where(self):
        """The code of the target that ended a wait: whoever let go of the lock, and how."""
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "3s", "--views", "wakers")
        session = self.json()
        for woken, waker, *functions in (
                ("lock", "sleep-holder", "hold_lock", "named", "start_thread"),
                ("pipe", "sleep-feeder", "feed", "named", "start_thread", "vfs_write"),
                ("network", "sleep-feeder", "feed", "named", "start_thread")):
            total, through = self.woken_from(session, woken, waker)
            self.assertGreater(total, 2e9, woken)
            for name in functions:
                self.assertGreater(through[name], .98 * total, (woken, name, through))
        stacks = session["quality"]["stacks"]["waker"]
        self.assertGreater(stacks, 60)
        # One for 50 ms of a thread's waiting, and no more than 100 a second.
        self.assertLess(stacks, 3.5 * 100)
        text = self.report("text").decode()
        self.assertRegex(text, r"(?m)^ +[\d.]+% +[\d.]+ s  sleep-holder \(\d+/\d+\) +hold_lock > ")

    def test_from_another_process(self):
        """Its code is its own: what it asked of the kernel is told."""
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as cat:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(cat.pid), "-d", "2s", "--views",
                                      "wakers", "-o", self.file], stderr=subprocess.PIPE)
            while vigie.poll() is None:
                cat.stdin.write(b"x")
                cat.stdin.flush()
                time.sleep(.03)
            cat.stdin.close()
            self.assertEqual(vigie.returncode, 0, vigie.communicate()[1])
        session = self.json()
        total, through = self.woken_from(session, "cat", lib.read("/proc/self/comm").strip())
        self.assertGreater(total, 1e9)
        self.assertGreater(through["vfs_write"], .9 * total, through)
        kinds = {session["frames"][f]["kind"] for s in samples(session, "wakers") for f in s["stack"]}
        self.assertEqual(kinds, {"kernel"})


if __name__ == "__main__":
    unittest.main()
