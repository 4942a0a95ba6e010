#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_names - inlined functions, source lines, names from debug files, frame pointers.

Owns: what a session calls its frames, held against binutils, and the ways to its frames that are
not call frame information. Not here: times and reasons (test_record.py).
"""
import collections
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

import lib
from test_record import Session, by_function, running, samples

OVER_S = 25  # a session of a second whose reader is given up after two, on a busy host


def setUpModule():
    lib.needs_watching()


def hostile_debug(path, copy, size):
    """A copy of a program whose .debug_info is one unit of `size` functions that cover nothing."""
    abbreviations = (b"\x01\x11\x01\x11\x01\x12\x07\0\0"  # a unit: low_pc, high_pc
                     b"\x02\x2e\0\0\0\0")  # a function: no attribute, no child
    unit = struct.pack("<HIBBQQ", 4, 0, 8, 1, 0, 1 << 30) + b"\x02" * size + b"\0"
    with tempfile.TemporaryDirectory() as work:
        for name, data in (("info", struct.pack("<I", len(unit)) + unit),
                           ("abbrev", abbreviations)):
            with open(os.path.join(work, name), "wb") as file:
                file.write(data)
        subprocess.run(["objcopy", *(f"--update-section=.debug_{name}={work}/{name}"
                                     for name in ("info", "abbrev")), path, copy], check=True)


def addr2line(path, address):
    """What binutils says of an address: (function, file, line), innermost first."""
    run = subprocess.run(["addr2line", "-i", "-f", "-C", "-e", path, address], check=True,
                         stdout=subprocess.PIPE, text=True)
    said = iter(run.stdout.splitlines())
    places = []
    for function, place in zip(said, said):
        file, _, line = place.split(" (")[0].rpartition(":")
        places.append((function, os.path.basename(file), int(line) if line.isdigit() else 0))
    return places


class Lines(Session):
    PROGRAM = "inlined"

    def setUp(self):
        super().setUp()
        lib.needs(shutil.which("addr2line") and shutil.which("objcopy"), "no binutils")

    def session(self, path=None, duration="2s"):
        with running(self.PROGRAM, 60, path=path) as child:
            self.record("-p", child.pid, "-d", duration, "--hz", "499", "--views", "cpu")
        return self.json()

    def places(self, session, path):
        """By address in the program: what the session says there, innermost first."""
        found = collections.defaultdict(list)
        for s in samples(session, "cpu"):
            for i in reversed(s["stack"]):
                f = session["frames"][i]
                place = f["name"], os.path.basename(f["file"]), f["line"]
                if session["modules"][f["module"]]["path"] == path and \
                        place not in found[f["address"]]:
                    found[f["address"]].append(place)
        return found

    def agree(self, session, mapped, debug):
        places = self.places(session, mapped)
        self.assertGreater(len(places), 3)
        inlined = 0
        for address, said in places.items():
            if not said[0][1]:  # _start has no debug data
                continue
            self.assertEqual(said, addr2line(debug, address), address)
            inlined += len(said) == 3
        self.assertGreater(inlined, 0)

    def check_shares(self):
        folded = self.report("folded").decode()
        self.assertRegex(folded, r"(?m);main;outer;middle_\[i\];inner_\[i\] \d+$")
        self.assertRegex(folded, r"(?m);main;plain \d+$")

    def test_as_addr2line_says(self):
        path = os.path.realpath(lib.workload(self.PROGRAM))
        session = self.session()
        self.agree(session, path, path)
        self.check_shares()
        q = session["quality"]
        self.assertEqual(q["lines_looked_at"], q["lines_wanted"])
        self.assertGreater(q["lines_found"], 3)
        marks = {int(n): text for n, text in enumerate(
            lib.read("tests/workload/inlined.c").splitlines(), 1)}
        sums = collections.Counter()
        for s in samples(session, "cpu"):
            f = session["frames"][s["stack"][-1]]  # an inlined one, too
            sums[f["name"], bool(re.search(r"sink \+=|for \(", marks.get(f["line"], "")))] += s["ns"]
        self.assertGreater(sums["inner", True], 5 * sums["inner", False], sums)
        self.assertGreater(sums["inner", True], .5 * sum(sums.values()), sums)

    def test_pprof_lines(self):
        lib.needs(shutil.which("go") is not None, "go is not installed")
        session = self.session(duration="1s")
        path = os.path.join(self.directory, "s.pb.gz")
        self.vigie("report", self.file, "-f", "pprof", "--view", "cpu", "-o", path)
        run = subprocess.run(["go", "tool", "pprof", "-lines", "-top", "-unit=nanoseconds", path],
                             stdout=subprocess.PIPE, check=True, text=True,
                             env={**os.environ, "HOME": self.directory})
        lines = collections.Counter()
        for s in samples(session, "cpu"):
            f = session["frames"][s["stack"][-1]]
            lines[f"{f['name']} {f['file']}:{f['line']}"] += s["ns"]
        place, ns = lines.most_common(1)[0]
        self.assertTrue(place.startswith("inner /"), place)
        self.assertRegex(run.stdout, rf"(?m)^ *{ns}ns .* {re.escape(place)} \(inline\)$")

    def test_a_separate_debug_file(self):
        program = os.path.join(self.directory, "prog")
        debug = os.path.join(self.directory, ".debug", "prog.debug")
        os.mkdir(os.path.dirname(debug))
        shutil.copy(lib.workload(self.PROGRAM), program)
        subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
        subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program],
                       check=True)
        self.agree(self.session(program), program, debug)
        self.check_shares()

    def test_a_huge_file_does_not_exceed_the_time(self):
        program = os.path.join(self.directory, "prog")
        hostile_debug(lib.workload(self.PROGRAM), program, 100 << 20)
        began = time.monotonic()
        session = self.session(program, "1s")
        self.assertLess(time.monotonic() - began, OVER_S)
        self.assertGreater(by_function(session, "cpu")["outer"], 0)
        q = session["quality"]
        self.assertLess(q["lines_looked_at"], q["lines_wanted"])
        self.assertEqual(q["reader_restarts"], 1)
        self.assertRegex(self.report("text").decode(), r"inlines +\d+ of \d+ addresses looked at")


class Later(Session):
    """Names from debug files that the recording host did not have."""

    def setUp(self):
        super().setUp()
        lib.needs(shutil.which("objcopy") and shutil.which("readelf"), "no binutils")
        self.whole = lib.workload("inlined")
        self.program = os.path.join(self.directory, "prog")
        self.debug = os.path.join(self.directory, "debug")
        subprocess.run(["objcopy", "--strip-all", self.whole, self.program], check=True)
        with running("", 60, path=self.program) as child:
            self.record("-p", child.pid, "-d", "1s", "--hz", "499", "--views", "cpu")
        notes = subprocess.run(["readelf", "-n", self.program], stdout=subprocess.PIPE,
                               check=True, text=True).stdout
        self.build_id = re.search(r"Build ID: ([0-9a-f]+)", notes).group(1)

    def place(self, name, *how):
        path = os.path.join(self.debug, name)
        os.makedirs(os.path.dirname(path))
        subprocess.run(["objcopy", *how, self.whole, path], check=True)

    def folded(self, *args, say="1 of"):
        run = self.vigie("report", self.file, "-f", "folded", "--debug-dir", self.debug, *args)
        self.assertIn(f"debug files of {say}", run.stderr.decode())
        return run.stdout.decode()

    def named(self, folded):
        self.assertRegex(folded, r"(?m)^prog;.*;main;outer;middle_\[i\];inner_\[i\] \d+$")
        self.assertNotIn("[prog+0x", folded)

    def test_without_debug_files_it_says_where(self):
        os.mkdir(self.debug)
        for folded in self.report("folded").decode(), self.folded(say="0 of"):
            self.assertRegex(folded, r"(?m)^prog;.*\[prog\+0x[0-9a-f]+\] \d+$")
            self.assertNotIn("outer", folded)
        module = [m for m in self.json()["modules"] if m["path"] == self.program]
        self.assertEqual(module[0]["build_id"], self.build_id)

    def test_by_build_id(self):
        self.place(f".build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug",
                   "--only-keep-debug")
        self.named(self.folded())
        total = sum(s["ns"] for s in samples(self.json(), "cpu"))
        self.assertEqual(sum(int(line.rsplit(" ", 1)[1])
                             for line in self.folded().splitlines()), total)
        # The addresses are the recording's, the lines those of the debug file.
        args = "--debug-dir", self.debug
        session = json.loads(self.report("json", *args))
        f = [f for f in session["frames"] if f["name"] == "inner"][0]
        said = addr2line(self.whole, f["address"])
        self.assertEqual((f["name"], os.path.basename(f["file"]), f["line"]), said[0])
        self.assertIn(b"names       ", self.report("text", *args))

    def test_a_file_of_any_name(self):
        self.place("a/b/c")
        self.named(self.folded())

    def test_the_better_of_two(self):
        self.place("a/stripped", "--strip-all")
        self.place("z/whole", "--only-keep-debug")
        self.named(self.folded())

    def test_another_build_names_nothing(self):
        self.place(f".build-id/{self.build_id[:2]}/{self.build_id[2:]}.debug")
        shutil.copy(lib.workload("leaves"), os.path.join(
            self.debug, ".build-id", self.build_id[:2], self.build_id[2:] + ".debug"))
        self.assertIn("[prog+0x", self.folded(say="0 of"))

    def test_hostile_files(self):
        os.makedirs(os.path.join(self.debug, "sub"))
        data = bytearray(pathlib.Path(self.whole).read_bytes())
        for i in range(20):  # the headers point anywhere
            data[24:64] = os.urandom(40)
            pathlib.Path(self.debug, f"bad{i}").write_bytes(data)
        os.mkfifo(os.path.join(self.debug, "fifo"))
        os.symlink(".", os.path.join(self.debug, "loop"))
        self.place("z/whole")
        self.named(self.folded())

    def test_without_privileges(self):
        self.place("whole/file")
        # The tree may be where only root comes, such as /root.
        place = self.enterContext(tempfile.TemporaryDirectory(prefix="vigie-names."))
        shutil.copytree(self.directory, place, dirs_exist_ok=True)
        vigie = shutil.copy(lib.VIGIE, os.path.join(place, "vigie"))
        for directory, _, files in os.walk(place):
            os.chmod(directory, 0o755)
            for name in files:
                os.chmod(os.path.join(directory, name), 0o755)
        run = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                              vigie, "report", os.path.join(place, "s.vigie"), "-f", "folded",
                              "--debug-dir", os.path.join(place, "debug")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             timeout=60, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.named(run.stdout.decode())

    def test_refusals(self):
        run = self.vigie("report", self.file, "--debug-dir", "/nowhere", status=1)
        self.assertRegex(run.stderr.decode(), r"/nowhere: .*ENOENT")


class FramePointers(Session):
    """Code that has no call frame information, but for the C library's and _start's."""

    def setUp(self):
        super().setUp()
        lib.needs(shutil.which("objcopy") is not None, "no binutils")
        self.program = os.path.join(self.directory, "prog")
        # .debug_frame would do as well as .eh_frame.
        subprocess.run(["objcopy", "--strip-debug", lib.workload("pointers"), self.program],
                       check=True)

    def session(self, how, *args, path=None):
        with running("", 60, how, path=path or self.program) as child:
            self.record_running(child.pid, 1, "--hz", "199", "--views", "cpu", *args)
        return self.json()["quality"], self.report("folded").decode()

    def test_a_chain(self):
        for args in ["--fp"], []:
            q, folded = self.session("chain", *args)
            self.assertRegex(folded, r"(?m)^prog;_start;__libc_start_main.*;main;outer;middle;spin")
            self.complete(self.json(), .97)
            self.assertGreater(q["by_frame_pointers"], .9 * q["stacks"]["on_cpu"])
            self.assertEqual(self.json()["session"]["frame_pointers"], args == ["--fp"])
            self.assertRegex(self.report("text").decode(),
                             rf"pointers +{q['by_frame_pointers']} stacks")

    def test_generated_code(self):
        for args in ["--fp"], []:
            _, folded = self.session("jit", *args)
            self.assertRegex(folded, r"(?m);main;outer;middle;\[[^;]*\+0x[0-9a-f]+\]_\[j\];spin[; ]")
            self.complete(self.json(), .97)

    def test_what_is_no_chain_is_not_believed(self):
        for args, cause in (["--fp"], "no_frame_pointer"), ([], "no_unwind_information"):
            q, folded = self.session("bare", *args)
            spinning = [line for line in folded.splitlines() if ";spin" in line]
            self.assertTrue(spinning)
            for line in spinning:
                self.assertRegex(line, r"^prog;\[incomplete: no [^;]*\];\[[^;]*\];spin")
            self.assertGreater(q["incomplete"][cause], .8 * q["stacks"]["on_cpu"])

    def test_without_need_none_is_followed(self):
        q, _ = self.session("1", path=lib.workload("leaves"))
        self.assertEqual(q["by_frame_pointers"], 0)


if __name__ == "__main__":
    unittest.main()
