#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record - profiling sessions of real programs, held against what these programs know.

Owns: `vigie record` and `vigie report`. The shares, waits and CPU times of the workloads are
their own or the kernel's; none is taken from vigie. Not here: formats of made-up sessions
(tests/unit/test_profile_formats.c).
"""
import collections
import contextlib
import fcntl
import functools
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
import unittest

import lib
import scraping

FLAMEGRAPH = "/usr/share/perl5/Devel/NYTProf/flamegraph.pl"
VIEWS = "cpu", "offcpu", "runq", "wakers", "faults"


def setUpModule():
    lib.needs_watching()


@contextlib.contextmanager
def running(name, *args, path=None, cpu=None, cgroup=None):
    """A workload that has said that it is ready."""
    pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
    child = subprocess.Popen([*pin, path or lib.workload(name), *map(str, args)],
                             stdout=subprocess.PIPE, text=True,
                             preexec_fn=cgroup.enter if cgroup else None)
    try:
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def has_begun(pid):
    """The session has attached what follows the targets; until then whoever hangs is waited for."""
    with contextlib.suppress(FileNotFoundError):
        return any("link_type:\traw_tracepoint" in lib.read(f"/proc/{pid}/fdinfo/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")
                   if os.readlink(f"/proc/{pid}/fd/{fd}").endswith("bpf_link"))
    return False


class Session(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(lib.disk_directory())
        self.file = os.path.join(self.directory, "s.vigie")

    def vigie(self, *args, status=0, timeout=90, begin=None):
        run = subprocess.run([lib.VIGIE, *map(str, args)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=timeout, check=False, preexec_fn=begin)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        return run

    def record(self, *args, status=0):
        return self.vigie("record", "-o", self.file, *args, status=status)

    def record_running(self, pid, cpu_s, *args):
        """A session in which it runs for that long by the kernel's account. What vigie used; ended_s: its end."""
        vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(pid), "-d", "60s", "-o", self.file,
                                  *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        ended = functools.partial(os.waitid, os.P_PID, vigie.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        try:
            lib.wait_for(lambda: has_begun(vigie.pid) or ended(), "the session's begin")
            enough = lib.schedstats(pid)[0] + cpu_s * 1e9
            lib.wait_for(lambda: lib.schedstats(pid)[0] >= enough or ended(), "its time on a CPU", every_s=.01)
            began = time.monotonic()
            os.kill(vigie.pid, signal.SIGINT)  # no method of its, which waits: wait4() says what it used
            said = vigie.stderr.read()
            _, status, used = os.wait4(vigie.pid, 0)
            self.ended_s, vigie.returncode = time.monotonic() - began, os.waitstatus_to_exitcode(status)
        finally:
            vigie.kill()
            vigie.stderr.close()
        self.assertEqual((vigie.returncode, self.json()["quality"]["ended"]), (0, "interrupt"), said)
        return used

    def report(self, form, *args):
        return self.vigie("report", self.file, "-f", form, *args).stdout

    def json(self):
        return json.loads(self.report("json"))

    def complete(self, session, least=0.99):
        q = session["quality"]
        stacks = sum(q["stacks"].values())
        self.assertGreater(stacks, 20)
        self.assertLessEqual(sum(q["incomplete"].values()), (1 - least) * stacks, q)

    def balanced(self, session, within=0.01):
        parts = wall = 0
        for t in session["threads"]:
            wall += t["wall_ns"]
            parts += t["cpu_ns"] + t["run_queue_ns"] + off_cpu(t)
        self.assertAlmostEqual(parts / wall, 1, delta=within)


def off_cpu(thread):
    return sum(wait["ns"] for wait in thread["off_cpu"].values())


def samples(session, view):
    return [s for s in session["samples"] if s["view"] == view]


def leaf(session, sample):
    """The innermost function that is not inlined: what stands in the symbol table."""
    for i in reversed(sample["stack"]):
        if not session["frames"][i]["inlined"]:
            return session["frames"][i]["name"]
    return "[no stack]"


def by_function(session, view):
    """Value by innermost function."""
    sums = collections.Counter()
    for s in samples(session, view):
        sums[leaf(session, s)] += s.get("ns", s.get("bytes"))
    return sums


class OnCpu(Session):
    def test_shares_are_the_programs(self):
        with running("leaves", 60) as child:
            self.record_running(child.pid, 4, "--hz", "499")
        session = self.json()
        self.complete(session)
        sums = by_function(session, "cpu")
        total = sum(sums.values())
        # Of 1 500 samples or more, three sigma are below 4 points.
        for name, share in (("leaf_a", .3), ("leaf_b", .2), ("leaf_c", .1), ("leaf_d", .4)):
            self.assertAlmostEqual(sums[name] / total, share, delta=.04, msg=sums)
        self.assertEqual(session["quality"]["names_wanted"], session["quality"]["names_found"])

    def test_callers_of_leaves_are_there(self):
        with running("leaves", 60) as child:
            self.record_running(child.pid, 2)
        folded = self.report("folded").decode()
        self.assertRegex(folded, r"(?m)^leaves;_start;.*;main;top;middle;leaf_a;work_\[i\] \d+$")

    def test_total_is_the_kernels_cpu_time(self):
        run = self.record("--", lib.workload("leaves"), "2")
        cpu = int(re.search(rb"cpu (\d+)", run.stdout).group(1))
        session = self.json()
        self.assertAlmostEqual(sum(by_function(session, "cpu").values()) / cpu, 1, delta=.01)
        self.assertEqual(session["quality"]["ended"], "exit")

    def test_cpu_alone_needs_no_switches(self):
        run = self.record("--views", "cpu", "--", lib.workload("leaves"), "2")
        cpu = int(re.search(rb"cpu (\d+)", run.stdout).group(1))
        self.assertAlmostEqual(sum(by_function(self.json(), "cpu").values()) / cpu, 1, delta=.01)
        with running("leaves", 60) as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "20s",
                                      "--views", "cpu", "-o", self.file], stderr=subprocess.PIPE)
            # The session before this one may still be going.
            names = lib.wait_for(
                lambda: (got := {p["name"] for p in attached()}) >= {
                    "on_session_clock", "on_session_task"} and got, "the session")
            vigie.send_signal(signal.SIGINT)
            vigie.communicate(timeout=lib.PATIENCE_S)
        self.assertIn("on_session_clock", names)
        self.assertNotIn("on_session_switch", names)

    def test_stacks_are_looked_at_together(self):
        """Whoever wakes for each has switched twice for each, the reader included."""
        with running("leaves", 60) as child:
            used = self.record_running(child.pid, 2, "--hz", "499", "--views", "cpu")
        stacks = self.json()["quality"]["stacks"]["on_cpu"]
        self.assertGreater(stacks, 500)
        self.assertLess(used.ru_nvcsw, stacks, "of which starting and naming have some, too")

    def test_a_copy_that_is_too_short_is_marked(self):
        with running("deep", 60) as child:
            self.record_running(child.pid, 1, "--views", "cpu")
        folded = self.report("folded").decode().splitlines()
        self.assertTrue(folded)
        for line in folded:
            if "down;bottom" in line:
                self.assertTrue(line.startswith("deep;[incomplete: stack copy too short];"), line)
        q = self.json()["quality"]
        self.assertGreater(q["truncated"], .9 * q["stacks"]["on_cpu"])

    def test_kernel_frames(self):
        self.record("--", "dd", "if=/dev/zero", "of=/dev/null", "bs=64k", "count=200000")
        self.assertRegex(self.report("folded").decode(), r"dd;.*;__read;.*vfs_read_\[k\]")


class StackSize(Session):
    def truncated(self, kib):
        """Shares of stacks: marked as truncated, and reaching the program's first function."""
        with running("deep", 60) as child:
            self.record_running(child.pid, 1, "--hz", "199", "--views", "cpu", "--stack", kib)
        session = self.json()
        self.assertEqual(session["session"]["stack_bytes"], kib * 1024)
        q, whole, marked, total = session["quality"], 0, 0, 0
        for s in samples(session, "cpu"):
            names = [session["frames"][i]["name"] for i in s["stack"]]
            total += s["count"]
            whole += s["count"] * ("_start" in names)
            marked += s["count"] * (names[:1] == ["[incomplete: stack copy too short]"])
        self.assertGreater(total, 50)
        self.assertEqual(total, q["stacks"]["on_cpu"])
        self.assertEqual(q["truncated"], marked)
        return marked / total, whole / total

    def test_what_is_cut_is_marked(self):
        for kib in 1, 4, 16:
            marked, whole = self.truncated(kib)
            self.assertGreaterEqual(marked, .9, kib)
            self.assertLessEqual(marked + whole, 1, kib)  # none is short without a sign
            self.assertGreaterEqual(marked + whole, .99, kib)
            text = self.report("text").decode()
            self.assertRegex(text, rf"truncated \(.*%\) at {kib} KiB")
            self.assertIn("record --stack 64 copies more", text)

    def test_deep_stacks_are_whole_with_64(self):
        marked, whole = self.truncated(64)
        self.assertLessEqual(marked, .01)
        self.assertGreaterEqual(whole, .99)

    def test_a_little_suffices_for_shallow_ones(self):
        with running("leaves", 60) as child:
            self.record_running(child.pid, 1, "--hz", "199", "--stack", "3")
        self.complete(self.json())
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "2s", "--views", "offcpu", "--stack", "5")
        folded = self.report("folded", "--view", "offcpu").decode()
        self.assertRegex(folded, r"(?m)^waits;lock;.*;wait_lock;")
        self.complete(self.json(), .98)

    def test_sleepers_with_the_largest(self):
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "2s", "--views", "offcpu", "--stack", "64")
        self.complete(self.json(), .98)
        self.assertEqual(len({t["comm"] for t in self.json()["threads"]}), 13)


class OffCpu(Session):
    def test_reasons(self):
        with running("waits", self.directory, 60) as child:
            time.sleep(0.5)  # what is written first is on its way
            self.record("-p", child.pid, "-d", "4s", "--views", "cpu,offcpu")
        session = self.json()
        self.balanced(session)
        self.complete(session, .98)
        names = set()
        for t in session["threads"]:
            name = t["comm"].split("-")[0].replace(" ", "_").replace("waits", "sleep")
            off = {reason: wait["ns"] for reason, wait in t["off_cpu"].items()}
            self.assertEqual(max(off, key=off.get), name, t)
            self.assertGreater(off[name], .9 * sum(off.values()), t)
            names.add(t["comm"])
        self.assertEqual(len(names), 13)

    def test_stacks_of_sleepers(self):
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "3s", "--views", "offcpu")
        folded = self.report("folded", "--view", "offcpu").decode()
        for reason, function in (("lock", "wait_lock"), ("pipe", "wait_pipe"),
                                 ("network", "wait_network"), ("poll", "wait_epoll"),
                                 ("child", "wait_child"), ("sleep", "wait_sleep")):
            self.assertRegex(folded, rf"(?m)^waits;{reason};.*;{function};")

    def test_nothing_is_cut_silently(self):
        """32 768 stacks: offcputime showed 42 % of the time of such a program."""
        with running("paths", 60) as child:
            self.record("-p", child.pid, "-d", "3s")
        session = self.json()
        # At 10 000 wakeups a second the interrupts, which are nobody's, are some per cent.
        self.balanced(session, within=.05)
        shown = samples(session, "offcpu")
        off = sum(off_cpu(t) for t in session["threads"])
        self.assertEqual(sum(s["ns"] for s in shown), off)
        named = sum(s["ns"] for s in shown if s["stack"])
        self.assertGreaterEqual(named, .99 * off)


class Faults(Session):
    def test_count_is_the_kernels(self):
        run = self.record("--views", "faults", "--", "python3", "-c",
                          "b = bytearray(64 << 20); import resource as r;"
                          "print(r.getrusage(r.RUSAGE_SELF).ru_minflt)")
        session = self.json()
        faults = sum(t["faults"] for t in session["threads"])
        self.assertAlmostEqual(faults / int(run.stdout.split()[0]), 1, delta=.05)
        self.assertGreater(sum(s["count"] for s in samples(session, "faults")), 0)


class Survival(Session):
    def test_a_deleted_program_keeps_its_names(self):
        copy = os.path.join(self.directory, "gone")
        shutil.copy(lib.workload("leaves"), copy)
        with running("", 60, path=copy) as child:
            os.unlink(copy)
            self.record("-p", child.pid, "-d", "1s")
        self.assertIn("leaf_d", self.report("folded").decode())

    def test_a_target_that_ends_keeps_its_names(self):
        with running("leaves", 1) as child:
            run = self.record("-p", child.pid, "-d", "20s")
        self.assertNotIn(b"20 s", run.stderr)
        self.assertRegex(self.report("folded").decode(), r"top;leaf_d;work_\[i\] \d+")

    def test_exec(self):
        self.record("--", "sh", "-c", f"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done;"
                    f"exec {lib.workload('leaves')} 1")
        folded = self.report("folded").decode()
        self.assertRegex(folded, r"_start;.*;main;top;leaf_d;work_\[i\] \d+")
        # Within an exec, and in a loader that has not mapped its libraries, there is no way back.
        self.complete(self.json(), .9)
        leaves = [line for line in folded.splitlines() if "leaf_" in line]
        self.assertFalse([line for line in leaves if "incomplete" in line], leaves)

    def test_children(self):
        leaves = lib.workload("leaves")
        self.record("--children", "-d", "60s", "--", "sh", "-c", f"{leaves} 1; {leaves} 1; true")
        session = self.json()
        processes = {session["threads"][s["thread"]]["process"] for s in samples(session, "cpu")
                     if leaf(session, s) == "leaf_d"}
        self.assertEqual(len(processes), 2)

    def children_of_a_moment(self, n, environment=""):
        """Stacks of n programs, 30 ms each: (whole, lost because their mappings were not seen)."""
        self.record("--children", "-d", "60s", "--hz", "499", "--views", "cpu", "--", "sh", "-c",
                    f"i=0; while [ $i -lt {n} ]; do i=$((i+1)); "
                    f"{environment} {lib.workload('leaves')} .03; done")
        session = self.json()
        whole = lost = 0
        for s in samples(session, "cpu"):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            whole += s["count"] * ("top" in names and names[0] == "_start")
            lost += s["count"] * ("[incomplete: address not mapped]" in names)
        return whole, lost

    def test_children_that_live_for_a_moment(self):
        """Thirty milliseconds each: who looks later finds no mappings."""
        whole, lost = self.children_of_a_moment(80)
        self.assertGreater(whole, 400)
        self.assertLess(lost, .25 * whole)

    def test_children_whose_loader_is_slow(self):
        """It looks for their libraries in 300 places first: stacks come long before the mappings."""
        places = ":".join(f"/nonexistent/{i}" for i in range(300))
        whole, lost = self.children_of_a_moment(30, f"LD_LIBRARY_PATH={places}")
        self.assertGreater(whole, 100)
        self.assertLess(lost, .25 * whole)

    def test_ctrl_c_keeps_what_there_is(self):
        with running("leaves", 60) as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "60s",
                                      "-o", self.file], stderr=subprocess.PIPE)
            lib.wait_for(lambda: attached(), "the session")
            enough = lib.schedstats(child.pid)[0] + 1e9
            lib.wait_for(lambda: lib.schedstats(child.pid)[0] >= enough, "a second of CPU time")
            vigie.send_signal(signal.SIGINT)
            _, said = vigie.communicate(timeout=lib.PATIENCE_S)
        self.assertEqual(vigie.returncode, 0, said)
        session = self.json()
        self.assertEqual(session["quality"]["ended"], "interrupt")
        self.assertGreater(session["quality"]["stacks"]["on_cpu"], 20)

    def test_ctrl_c_before_it_has_begun(self):
        """Its programs take a moment to load. Once it has a child it is about to load them."""
        with running("leaves", 60) as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "60s",
                                      "-o", self.file], stderr=subprocess.PIPE,
                                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
            link = f"/proc/{vigie.pid}/task/{vigie.pid}/children"
            lib.wait_for(lambda: lib.read(link).split(), "the reader")
            vigie.send_signal(signal.SIGINT)
            _, said = vigie.communicate(timeout=lib.PATIENCE_S)
        self.assertEqual(vigie.returncode, 0, said)
        self.assertEqual(self.json()["quality"]["ended"], "interrupt")


def attached():
    """Programs of a session that the kernel has."""
    return [p for p in scraping.bpf_list("prog").values() if p.get("name", "").startswith("on_session")]


class Safety(Session):
    def start(self, target):
        vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(target), "-d", "5s",
                                  "-o", self.file], stderr=subprocess.PIPE, text=True)
        self.addCleanup(vigie.stderr.close)
        self.addCleanup(vigie.wait)
        return vigie

    @staticmethod
    def reader_of(pid):
        """The child that reads foreign files: confined, and not the one that names containers."""
        for child in lib.read(f"/proc/{pid}/task/{pid}/children").split():
            status = lib.read(f"/proc/{child}/status")
            if re.search(r"^Seccomp:\t2$", status, re.M) and "Name:\tvigie-namer\n" not in status:
                return int(child), status
        return None

    def test_the_reader_has_nothing(self):
        with running("leaves", 60) as child:
            vigie = self.start(child.pid)
            reader, status = lib.wait_for(lambda: self.reader_of(vigie.pid), "the reader")
            links = []
            for fd in os.listdir(f"/proc/{reader}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    links.append(os.readlink(f"/proc/{reader}/fd/{fd}"))
            vigie.send_signal(signal.SIGINT)
            vigie.wait(lib.PATIENCE_S)
        self.assertNotRegex(status, r"(?m)^Uid:\t0")
        for line in "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1":
            self.assertIn(line, status)
        self.assertFalse([link for link in links if "bpf" in link or "perf" in link], links)

    def test_the_reader_dies_and_the_session_lives(self):
        with running("leaves", 60) as child:
            vigie = self.start(child.pid)
            reader, _ = lib.wait_for(lambda: self.reader_of(vigie.pid), "the reader")
            lib.wait_for(attached, "the session")
            time.sleep(1)
            os.kill(reader, signal.SIGKILL)
            self.assertEqual(vigie.wait(30), 0)
        session = self.json()
        self.assertEqual(session["quality"]["reader_restarts"], 1)
        self.assertIn("leaf_d", by_function(session, "cpu"))

    def test_one_at_a_time_and_nothing_left(self):
        lib.wait_for(lambda: not attached(), "the kernel to let go of the session before")
        with running("leaves", 60) as child:
            vigie = self.start(child.pid)
            lib.wait_for(attached, "the session")
            run = self.vigie("record", "-p", child.pid, "-o", self.file, status=1)
            self.assertIn(b"another session is running on this host: pid %d, vigie record: wait for "
                          b"its end, or give --wait\n" % vigie.pid, run.stderr)
            patient = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "300ms",
                                        "--wait", "-o", self.file + "2"], stderr=subprocess.PIPE)
            lib.wait_for(lambda: lib.read(f"/proc/{patient.pid}/syscall").split()[0] == "73", "flock()")
            self.assertIsNone(patient.poll())
            vigie.send_signal(signal.SIGINT)
            vigie.wait(lib.PATIENCE_S)
            _, said = patient.communicate(timeout=30)
            self.assertEqual(patient.returncode, 0, said)
            self.assertTrue(os.path.exists(self.file + "2"))
        lib.wait_for(lambda: not attached(), "the kernel to let go")

    def test_who_parses_is_nobody(self):
        """Also where there is a user vigie, whom the server and its state belong to."""
        passwd = os.path.join(self.directory, "passwd")
        lib.write(passwd, lib.read("/etc/passwd") + "vigie:x:4242:4242::/:/usr/sbin/nologin\n")
        with running("leaves", 60) as child:
            vigie = subprocess.Popen(["unshare", "-m", "sh", "-c",
                                      'mount --bind "$0" /etc/passwd && exec "$@"', passwd, lib.VIGIE,
                                      "record", "-p", str(child.pid), "-d", "60s", "-o", self.file],
                                     stderr=subprocess.PIPE)
            lib.wait_for(attached, "the session")
            helpers = lib.read(f"/proc/{vigie.pid}/task/{vigie.pid}/children").split()
            users = {re.search(r"^Uid:\s+(\d+)", lib.read(f"/proc/{pid}/status"), re.M)[1]
                     for pid in helpers}
            vigie.send_signal(signal.SIGINT)
            _, said = vigie.communicate(timeout=lib.PATIENCE_S)
        self.assertEqual(vigie.returncode, 0, said)
        self.assertIn(str(pwd.getpwnam("nobody").pw_uid), users)
        self.assertNotIn("4242", users)

    def test_a_session_that_does_not_say_whose_it_is(self):
        """One of an older vigie, say."""
        with open("/run/vigie-session.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run = self.vigie("record", "-p", os.getpid(), "-o", self.file, status=1)
        self.assertIn(b"another session is running on this host: wait for its end", run.stderr)

    def test_names_as_once_shows_them(self):
        """A long name by its file's, where the kernel keeps 15 bytes; a container by its unit."""
        name = "a-name-that-is-longer"
        path = os.path.join(self.directory, name)
        shutil.copy(lib.workload("leaves"), path)
        ident = "0123456789abcdef" * 4
        cgroup = lib.Cgroup("memory")
        cgroup.path = os.path.join(os.path.dirname(cgroup.path), f"docker-{ident}.scope")
        cgroup.procs = os.path.join(cgroup.path, "cgroup.procs")
        with cgroup:
            child = subprocess.Popen([path, "60"], stdout=subprocess.DEVNULL, preexec_fn=cgroup.enter)
            try:
                for option, value in (("--comm", name), ("--comm", name[:15]),
                                      ("--unit", f"docker-{ident[:12]}")):
                    self.record(option, value, "-d", "300ms", "--views", "cpu")
                    self.assertEqual([p["pid"] for p in self.json()["processes"]], [child.pid])
                run = self.vigie("record", "--comm", name + "-still", status=2)
                self.assertIn(b"15 bytes", run.stderr)
            finally:
                child.kill()
                child.wait()

    def test_loss_is_said(self):
        with contextlib.ExitStack() as stack:
            targets = [stack.enter_context(running("leaves", 60)) for _ in range(4)]
            run = self.record("-p", ",".join(str(t.pid) for t in targets), "-d", "5s", "--hz",
                              "999", "--buffer", "32", "--views", "cpu", status=3)
        self.assertIn("% of the stacks were lost", run.stderr.decode())
        self.assertGreater(self.json()["quality"]["lost"]["stacks"], 0)

    def test_a_buffer_that_fills_is_emptied_in_time(self):
        """At two CPUs full in sixty milliseconds, while user space looks each hundred."""
        with running("leaves", 60) as one, running("leaves", 60) as other:
            subprocess.run([lib.VIGIE, "record", "-p", f"{one.pid},{other.pid}", "-d", "2s", "--hz", "999",
                            "--buffer", "2048", "--views", "cpu", "-o", self.file],
                           stderr=subprocess.DEVNULL, timeout=60, check=False) # 3 if it is over 1 %
        quality = self.json()["quality"]
        self.assertGreater(quality["stacks"]["on_cpu"], 200)
        self.assertLess(quality["lost"]["stacks"], .1 * quality["stacks"]["on_cpu"])

    def test_cost_ends_it(self):
        """Two hundred calls deep, of programs that have most of two CPUs beside others, too."""
        with contextlib.ExitStack() as stack:
            lib.above_others(stack.callback)
            targets = [stack.enter_context(running("unwinds", "deep", 90)) for _ in range(4)]
            run = self.record("-p", ",".join(str(t.pid) for t in targets), "-d", "60s", "--hz", "999",
                              "--views", "cpu")
        self.assertRegex(run.stderr.decode(), r"stopped early: it cost more than 5 % of a core")
        session = self.json()
        self.assertEqual(session["quality"]["ended"], "cost")
        self.complete(session)

    def test_the_file_is_the_callers_alone(self):
        with running("leaves", 60) as child:
            self.record("-p", child.pid, "-d", "200ms")
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.directory), ["s.vigie"])

    def test_exec_by_another_thread(self):
        """It takes over its leader's number: its stacks and its time stay together."""
        leaves = lib.workload("leaves")
        self.record("--views", "cpu", "--hz", "499", "--", "/usr/bin/python3", "-c",
                    "import os, threading, time\n"
                    f"threading.Thread(target=lambda: os.execv('{leaves}', ['{leaves}', '1'])).start()\n"
                    "time.sleep(30)\n")
        session = self.json()
        ns = by_function(session, "cpu")
        self.assertGreater(ns["leaf_d"], .9e9 * .35, ns)
        self.complete(session, .95)

    def test_children_to_their_end(self):
        """Of the command, and of whom it left behind."""
        begin = time.monotonic()
        self.record("--children", "--hz", "49", "--views", "cpu", "-d", "40s", "--", "sh", "-c", f"{lib.workload('leaves')} 1 & exit 0")
        self.assertLess(time.monotonic() - begin, 30)
        session = self.json()
        self.assertEqual(session["quality"]["ended"], "exit")
        self.assertIn("leaf_d", by_function(session, "cpu"))

    def test_more_children_than_places(self):
        """There is room for 1024 processes at a time; who has ended leaves his place."""
        # Forks that execute nothing: 1 200 programs cost more than a session may on a busy host.
        self.record("--children", "--views", "cpu", "--", "sh", "-c", "i=0; while [ $i -lt 1200 ]; do (:);"
                    f" i=$((i+1)); done; {lib.workload('leaves')} 1")
        session = self.json()
        self.assertEqual(session["quality"]["lost"]["processes"], 0)
        self.assertIn("leaf_d", by_function(session, "cpu"))

    def test_what_is_no_regular_file_stays(self):
        fifo, link = (os.path.join(self.directory, name) for name in ("fifo", "link"))
        os.mkfifo(fifo)
        os.symlink("elsewhere", link)
        for path in "/dev/full", fifo, link, self.directory:
            before = os.lstat(path).st_mode
            run = self.vigie("record", "-o", path, "--", "true", status=2)
            self.assertIn(b"no regular file", run.stderr)
            self.assertEqual(os.lstat(path).st_mode, before)

    def test_where_there_is_no_place_nothing_begins(self):
        """The command has not even run."""
        marker = os.path.join(self.directory, "marker")
        for path, why in ("none/s.vigie", b"-ENOENT"), ("n" * 300, b"-ENAMETOOLONG"):
            run = self.vigie("record", "-o", os.path.join(self.directory, path), "--", "touch", marker,
                             status=1)
            self.assertIn(why, run.stderr)
            self.assertIn(b"nothing was recorded", run.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_what_was_left_behind_costs_no_session(self):
        """And a killed one leaves nothing more."""
        partial = self.file + ".partial"
        lib.write(partial, "of a vigie that was killed")
        lib.write(self.file, "what is replaced")
        with running("leaves", 60) as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "60s", "-o", self.file])
            lib.wait_for(attached, "the session")
            vigie.kill()
            vigie.wait()
            self.assertEqual(sorted(os.listdir(self.directory)),
                             sorted(os.path.basename(f) for f in (self.file, partial)))
            lib.wait_for(lambda: not attached(), "the kernel to let go of it")
            self.record("-p", child.pid, "-d", "500ms", "--views", "cpu")
        self.assertIn("leaf_d", by_function(self.json(), "cpu"))
        self.assertEqual(lib.read(partial), "of a vigie that was killed")
        self.assertEqual(len(os.listdir(self.directory)), 2)

    def test_says_what_it_did_and_no_more(self):
        with running("leaves", 60) as child:
            quiet = self.record("-p", child.pid, "-d", "200ms").stderr.decode()
            loud = self.record("-p", child.pid, "-d", "200ms", "-v").stderr.decode()
        self.assertRegex(quiet, rf"^vigie record: {self.file}: \d+ bytes; .*\n$")
        self.assertIn("libbpf: ", loud)
        self.assertNotIn("accesses field incorrectly", loud) # which libbpf would say unasked

    def test_what_a_report_cannot_do(self):
        with running("leaves", 60) as child:
            self.record("-p", child.pid, "-d", "1s")
        for args, status, why in (
                (["--view", "cpu", "-f", "json"], 2, b"--view does not go with --format json"),
                (["--diff", self.file, "-f", "pprof"], 2, b"--diff does not go with --format pprof"),
                (["-f", "html", "-o", "/dev/full"], 1,
                 b"cannot write /dev/full: -ENOSPC (the file system has no room left"),
                (["-o", "/nosuch/file"], 1, b"cannot write /nosuch/file: -ENOENT")):
            self.assertIn(why, self.vigie("report", self.file, *args, status=status).stderr)
        run = subprocess.run(["bash", "-c", f"set -o pipefail; {lib.VIGIE} report {self.file} -f html | head -c 9"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, timeout=60)
        self.assertEqual((run.stdout, run.stderr), (b"<!DOCTYPE", b""))
        text = self.report("text", "--view", "cpu", "--top", "2").decode()
        self.assertNotIn("WHO RAN", text)
        functions = text.split("FUNCTIONS")[1].split("\n\n")[0].splitlines()[1:]
        self.assertEqual(len(functions), 2, text)

    def test_refusals(self):
        for args, what in ((["-p", "0"], "process ids"), (["-p", "4194304"], "does not"),
                           (["--comm", "no such name"], "anything that runs"), ([], "say whom"),
                           (["-p", "1", "--hz", "0"], "1 to 999"),
                           (["-p", "1", "--views", "gpu"], "cpu, offcpu"),
                           (["-p", "1", "--stack", "65"], "from 1 to 64"),
                           (["-p", "1", "--stack", "64", "--buffer", "64"], "no room for a stack"),
                           (["-p", "1", "-d", "61s"], "to 60s"),
                           (["-p", "1", "--", "true"], "not both")):
            run = self.vigie("record", *args, status=2)
            self.assertIn(what, run.stderr.decode(), args)
        lib.write(self.file, "no session")
        run = self.vigie("report", self.file, status=1)
        self.assertIn("does not begin like a session file", run.stderr.decode())


class Formats(Session):
    """Other people's tools on a real session."""

    def setUp(self):
        super().setUp()
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "2s")
        self.totals = collections.Counter()
        for s in self.json()["samples"]:
            self.totals[s["view"]] += s.get("ns", s.get("bytes"))

    def test_folded(self):
        lib.needs(os.path.exists(FLAMEGRAPH), "flamegraph.pl is not installed")
        for view in VIEWS:
            folded = self.report("folded", "--view", view)
            total = sum(int(line.rsplit(b" ", 1)[1]) for line in folded.splitlines())
            self.assertEqual(total, self.totals[view])
        run = subprocess.run(["perl", FLAMEGRAPH], input=self.report("folded"), check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertNotIn(b"Ignored", run.stderr)
        self.assertIn(b"<svg", run.stdout)

    def test_speedscope(self):
        scope = json.loads(self.report("speedscope"))
        for profile in scope["profiles"]:
            view, _, who = profile["name"].partition(": ")
            if who == "all threads":
                self.assertEqual(sum(profile["weights"]), self.totals[view])
            frames = len(scope["shared"]["frames"])
            self.assertTrue(all(0 <= f < frames for s in profile["samples"] for f in s))

    def test_pprof(self):
        """go tool pprof's own reading of it."""
        lib.needs(shutil.which("go") is not None, "go is not installed")
        path = os.path.join(self.directory, "s.pb.gz")
        self.vigie("report", self.file, "-f", "pprof", "-o", path)
        for view in VIEWS:
            column = {"faults": "faults_space"}.get(view, view)
            run = subprocess.run(["go", "tool", "pprof", "-top", f"-sample_index={column}",
                                  "-unit=nanoseconds" if view != "faults" else "-unit=bytes",
                                  path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**os.environ, "HOME": self.directory}, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            total = re.search(rb" of (\d+)n?[sB]? total", run.stdout)
            self.assertEqual(int(total.group(1)), self.totals[view], (view, run.stdout[:300]))


if __name__ == "__main__":
    unittest.main()
