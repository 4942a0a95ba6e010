#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_stacks - stacks of programs that are difficult to unwind, whole or said not to be.

Owns: how many stacks of each kind reach the thread's first function, and that the others say why.
That they do is seen in the stacks themselves, not in vigie's count: the outermost function and
the program's own. Against perf's stacks in passing; the long comparison is the campaign's.
"""
import collections
import os
import shutil
import subprocess
import unittest

import lib
import stacks
from test_record import Session, running, samples

FIRST = "_start", "clone3", "__clone3", "__GI___clone3"
ROUND = "--hz", "499", "--views", "cpu"
ROUND_S = 1.5 # of CPU time


def setUpModule():
    lib.needs_watching()


class Whole(Session):
    """At least 99 % of the stacks come to the thread's first function."""

    def recorded(self, program, *args, cpu_s=ROUND_S):
        with running("", *args, path=program) as child:
            self.record_running(child.pid, cpu_s, *ROUND)
        session = self.json()
        self.assertGreater(sum(session["quality"]["stacks"].values()), 150)
        return session

    def reach(self, session, first, through, view="cpu"):
        """Parts of the stacks whose outermost frame is `first`'s and which hold `through`;
        those that do not say that they are incomplete are as many, whatever they are."""
        both = silent = n = 0
        for s in samples(session, view):
            if not s["count"]:
                continue
            frames = [session["frames"][f] for f in s["stack"]]
            outermost = first(frames[0]) if frames else False
            n += s["count"]
            both += s["count"] * (outermost and any(f["name"] == through for f in frames))
            silent += s["count"] * (not outermost and frames[0]["kind"] != "note")
        return both / n, silent / n

    def whole(self, program, *args, through, first=lambda f: f["name"] in FIRST, least=.99,
              silent_most=.003, cpu_s=ROUND_S):
        session = self.recorded(program, *args, cpu_s=cpu_s)
        both, silent = self.reach(session, first, through)
        self.assertGreaterEqual(both, least, session["quality"])
        self.assertLessEqual(silent, silent_most, "stacks that end early without a word")
        return session

    def kind(self, kind, **more):
        self.whole(lib.workload("unwinds"), kind, 60, through=f"run_{kind}", **more)

    def test_called_back_from_libc(self):
        self.kind("sort")

    def test_200_calls_deep(self):
        session = self.whole(lib.workload("unwinds"), "deep", 60, through="run_deep")
        depths = collections.Counter()
        for s in samples(session, "cpu"):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            if "leaf_d" in names: # called at the bottom only; the way there takes time, too
                depths[names.count("deeper")] += s["count"]
        self.assertEqual(list(depths), [201], depths)
        self.assertGreater(depths[201], 200)

    def test_through_the_plt(self):
        self.kind("plt")

    def test_in_the_vdso(self):
        session = self.whole(lib.workload("unwinds"), "vdso", 60, through="run_vdso")
        vdso = {f["name"] for f in session["frames"]
                if f["kind"] == "native" and session["modules"][f["module"]]["path"] == "[vdso]"}
        self.assertIn("__vdso_clock_gettime", vdso)

    def test_static(self):
        self.whole(stacks.compiled(self.directory, "static", "-static"), "deep", 60,
                   through="run_deep")

    def test_linked_by_lld(self):
        """As Rust's programs are: code begins in the page in which what precedes it ends."""
        lib.needs(shutil.which("ld.lld") is not None, "lld is not installed")
        self.whole(stacks.compiled(self.directory, "lld", "-fuse-ld=lld"), "sort", 60,
                   through="run_sort")

    def test_stripped(self):
        """Neither symbols nor frame pointers: .eh_frame alone."""
        program = stacks.compiled(self.directory, "bare", "-s")
        header = subprocess.run(["readelf", "-hW", program], stdout=subprocess.PIPE, text=True,
                                check=True).stdout
        entry = int(header.split("Entry point address:")[1].split()[0], 16)
        self.whole(program, "deep", 60, through="__libc_start_main",
                   first=lambda f: 0 <= int(f["address"], 16) - entry < 64)

    def test_with_frame_pointers(self):
        """Who is about to return has its caller's frame pointer back, and by its unwind information
        that still lies on the stack, below the stack pointer."""
        program = stacks.compiled(self.directory, "pointers", "-O0")
        for kind in "calls", "ticks", "sort":
            with self.subTest(kind):
                self.whole(program, kind, 60, through=f"run_{kind}")

    def test_assembly(self):
        """Without call frame information: the caller is looked for, and is not passed over."""
        program = stacks.compiled(self.directory, "assembly", file="assembly.c")
        pointers = stacks.compiled(self.directory, "pointers", "-fno-omit-frame-pointer",
                                   "-mno-omit-leaf-frame-pointer", file="assembly.c")
        for kind in "leaf", "saves", "calls":
            with self.subTest(kind):
                session = self.whole(program, kind, 60, through=f"run_{kind}")
                self.assertGreater(session["quality"]["by_frame_pointers"], 100)
            with self.subTest(kind, frame_pointers=True):
                self.whole(pointers, kind, 60, through=f"run_{kind}")

    def test_cpp_exceptions(self):
        program = stacks.compiled(self.directory, "throws", file="throws.cc", compiler="c++")
        # While libgcc prepares to return elsewhere its stack is not what it says.
        # Half a percent is in flight: of so many that is seen. run_throw() ends with a jump.
        session = self.whole(program, 60, through="main", least=.998, cpu_s=5)
        thrown = {f["name"] for f in session["frames"]}
        self.assertIn("_Unwind_RaiseException", thrown)

    def test_musl(self):
        """musl has no unwind information: its functions end a stack and say so, main's caller at
        the latest."""
        program = stacks.compiled(self.directory, "musl", compiler="musl-gcc")
        session = self.recorded(program, "deep", 60)
        whole = n = 0
        for s in samples(session, "cpu"):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            n += s["count"]
            whole += s["count"] * ("main" in names[:3] and ("run_deep" in names or names[-1] == "main") and
                                   names[0] == "[incomplete: no unwind information]")
        self.assertGreaterEqual(whole / n, .99, session["quality"])
        self.assertGreaterEqual(session["quality"]["incomplete"]["no_unwind_information"], .99 * n)

    def test_of_blocked_threads(self):
        with running("waits", self.directory, 60) as child:
            self.record("-p", child.pid, "-d", "3s", "--views", "offcpu")
        session = self.json()
        n = whole = silent = 0
        for s in samples(session, "offcpu"):
            frames = [session["frames"][f] for f in s["stack"]]
            if not frames or frames[0]["name"].startswith("[too short"):
                continue
            n += s["count"]
            whole += s["count"] * (frames[0]["name"] in FIRST)
            silent += s["count"] * (frames[0]["kind"] != "note" and frames[0]["name"] not in FIRST)
        self.assertGreater(n, 150)
        self.assertGreaterEqual(whole / n, .99, session["quality"])
        self.assertEqual(silent, 0)


class Cut(Session):
    """What does not fit says so: it must never look like a stack that is whole."""

    def cut(self, kind, outermost):
        with running("unwinds", kind, 60) as child:
            self.record_running(child.pid, ROUND_S, *ROUND)
        session = self.json()
        cut = inside = 0
        for s in samples(session, "cpu"):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            if outermost in names and s["count"]:
                inside += s["count"]
                cut += s["count"] * (names[0] == "[incomplete: stack copy too short]" and
                                     names[1] == outermost)
        return session["quality"], cut, inside

    def test_a_frame_larger_than_the_copy(self):
        quality, cut, inside = self.cut("alloca", "run_alloca")
        self.assertGreater(inside, 150)
        self.assertGreaterEqual(cut, .99 * inside)
        self.assertGreaterEqual(quality["truncated"], cut)

    def handled(self, *args, kind="handler", least=150):
        """(stacks of the handler, the part that is whole, the part that says it was cut)."""
        run = f"run_{kind}"
        view = "offcpu" if kind == "nap" else "cpu"
        with running("unwinds", kind, 60) as child:
            if view == "cpu":
                self.record_running(child.pid, ROUND_S, *ROUND, *args)
            else:
                self.record("-p", child.pid, "-d", "3s", "--views", view, *args)
        session = self.json()
        n = whole = cut = 0
        for s in samples(session, view):
            names = [session["frames"][f]["name"] for f in s["stack"]]
            if "on_signal" in names and s["count"]:
                n += s["count"]
                at = names.index(run) if run in names else 0
                whole += s["count"] * (names[0] == "_start" and "main" in names[:at] and
                                       names[at:at + 3] == [run, "__restore_rt", "on_signal"])
                cut += s["count"] * (names[0] == "[incomplete: stack copy too short]")
        self.assertGreater(n, least)
        return n, whole / n, cut / n, session

    def test_an_alternate_signal_stack(self):
        """The handler is on one stack, whom it interrupted on another: both are copied."""
        _, whole, _, session = self.handled()
        self.assertGreaterEqual(whole, .99)
        self.complete(session)

    def test_little_is_enough_for_two_stacks(self):
        """What is saved of the FPU, two kilobytes and more, is none of it."""
        _, whole, _, _ = self.handled("--stack", "2")
        self.assertGreaterEqual(whole, .99)

    def test_asleep_on_an_alternate_signal_stack(self):
        _, whole, _, session = self.handled(kind="nap", least=50)
        self.assertGreaterEqual(whole, .99)
        self.complete(session)

    def test_too_little_for_two_stacks(self):
        """Half of it is less than a signal's frame: the interrupted function is known at most."""
        _, whole, cut, session = self.handled("--stack", "1")
        self.assertEqual(whole, 0)
        self.assertGreaterEqual(cut, .99, session["quality"])


class AgainstPerf(Session):
    def alike(self, first, ours, last):
        theirs = first + last
        bound = min(stacks.noise(ours, theirs), stacks.overlap(first, last)) - .03
        self.assertGreater(stacks.overlap(ours, theirs), bound)

    def test_the_same_stacks(self):
        """
        Some 1 700 stacks of each, of about 40 kinds: what chance allows, or what perf has with
        itself where the machine drifts, less three points.
        """
        lib.needs(os.path.exists("/usr/bin/perf"), "perf is not installed")
        with running("unwinds", "mix", 60) as child:
            first, ours, last = stacks.compare(child.pid, 2, self.directory)
        self.assertGreater(sum(ours.values()), 500)
        self.alike(first, ours, last)
        self.alike(*map(stacks.leaves, (first, ours, last)))


if __name__ == "__main__":
    unittest.main()
