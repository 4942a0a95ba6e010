#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_hung - sessions of programs whose files are on a file system that stops answering.

Owns: who opens, reads or pages in such a file waits where no signal reaches. The session ends in
time with what it could know, and says what it lacks. The file system is real: FUSE (hung_fs.py).
"""
import contextlib
import importlib.util
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import lib
import stacks
import test_record
from test_record import Session, attached, running, samples

SECONDS = 2
GUESTS = 12
ROUND = "-d", f"{SECONDS}s"
# Two seconds for the one that opens, as many for the one that reads, and slack for a busy host: who
# waits for such a file system waits until the test's end.
OVER_S = SECONDS + 4 + 20


def setUpModule():
    lib.needs_watching()
    lib.needs(importlib.util.find_spec("fusepy") is not None, "fusepy is not installed")
    lib.needs(os.path.exists("/dev/fuse"), "no FUSE here")


class Hung(Session):
    def setUp(self):
        super().setUp()
        self.there, self.stuck, real = (os.path.join(self.directory, n)
                                        for n in ("there", "stuck", "real"))
        for place in self.there, real:
            os.mkdir(place)
        # So many symbols that the kernel does not read them ahead; numbers, which name no code.
        many = os.path.join(self.directory, "many.s")
        lib.write(many, "".join(f".set many_{i}, {i}\n" for i in range(20000))
                  + '.section .note.GNU-stack,"",@progbits\n')
        stacks.compiled(real, "remote", many)
        guest = stacks.guest(real, "visitor", "-xassembler", many)
        self.guests = [os.path.join(self.there, f"lib{i}.so") for i in range(GUESTS)]
        for i in range(GUESTS):
            shutil.copy(guest, os.path.join(real, f"lib{i}.so"))
        lib.write(os.path.join(real, "pages"), "p" * (32 << 10))
        server = subprocess.Popen([sys.executable, "-B", os.path.join(lib.ROOT, "tests/e2e/hung_fs.py"),
                                   real, self.there, self.stuck])
        self.addCleanup(server.wait, 30)
        self.addCleanup(subprocess.run, ["umount", "-l", self.there], check=False,
                        stderr=subprocess.DEVNULL)
        self.addCleanup(self.answer)
        lib.wait_for(lambda: os.path.ismount(self.there), "the file system")

    def hang(self):
        lib.write(self.stuck, "")

    def answer(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.stuck)

    @contextlib.contextmanager
    def there_runs(self, *args, **options):
        """A program that has to do with the file system; who waits for that cannot be killed, so it
        answers before the program's end, also where an assertion failed."""
        with running(*args, **options) as child:
            try:
                yield child
            finally:
                self.answer()

    def remote(self):
        return self.there_runs("unwinds", "deep", 60, path=os.path.join(self.there, "remote"))

    def in_time(self, pid, *args):
        began = time.monotonic()
        self.record("-p", pid, *ROUND, *args)
        self.assertLess(time.monotonic() - began, OVER_S)
        return self.json()

    def ran(self, pid, *args):
        """As above, of a program that runs for long enough to have stacks, also beside many others."""
        self.record_running(pid, .8, *args)
        self.assertLess(self.ended_s, OVER_S - SECONDS)
        return self.json()

    def names(self, session):
        return {session["frames"][f]["name"] for s in samples(session, "cpu") for f in s["stack"]}

    def unreadable(self, session):
        """Every stack is counted as what it is; its frames can be named later."""
        q = session["quality"]
        self.assertGreater(q["stacks"]["on_cpu"], 50, q)
        self.assertGreaterEqual(q["incomplete"]["file_not_readable"], .99 * q["stacks"]["on_cpu"], q)
        names = {f["name"] for f in session["frames"] if f["kind"] == "native"}
        self.assertTrue(any(n.startswith("[remote+0x") for n in names), names)
        # Of the program nothing; the clock that it reads is in the vdso, and has its name.
        self.assertLessEqual({n for n in names if not n.startswith("[remote+0x")},
                             {"__vdso_clock_gettime", "clock_gettime", "__clock_gettime"})

    def test_as_long_as_it_answers(self):
        with self.remote() as child:
            session = self.ran(child.pid, "--views", "cpu")
        self.complete(session)
        self.assertGreaterEqual(self.names(session), {"run_deep", "main", "_start"})

    def test_never_again(self):
        with self.remote() as child:
            self.hang()
            self.unreadable(self.ran(child.pid))

    def test_late_each_time(self):
        """Nobody hangs: each file comes just in time. All together they have a limit nevertheless."""
        many = [os.path.join(self.there, f"late{i}.so") for i in range(3 * GUESTS)]
        for path in many:
            shutil.copy(os.path.join(self.directory, "real", "lib0.so"),
                        os.path.join(self.directory, "real", os.path.basename(path)))
        with self.there_runs("guests", "keep", 120, *many) as child:
            lib.write(self.stuck, ".8")
            began = time.monotonic()
            self.record("-p", child.pid, *ROUND, "--views", "cpu")
            took = time.monotonic() - began
        # Twenty seconds for who opens the files, and the reader gives up what it cannot read.
        self.assertLess(took, SECONDS + 20 + 12)
        q = self.json()["quality"]
        self.assertGreaterEqual(q["hangs"], 1, q)
        self.assertEqual(q["ended"], "time")

    def test_unmounted_meanwhile(self):
        """No list of mounts has it any more; the program runs on."""
        with self.remote() as child:
            subprocess.run(["umount", "-l", self.there], check=True)
            self.hang()
            self.unreadable(self.ran(child.pid))

    def test_below_an_overlay(self):
        """What a container may have mounted; its files do not look like FUSE."""
        upper, work, top = (os.path.join(self.directory, n) for n in "uwt")
        for place in upper, work, top:
            os.mkdir(place)
        probe = subprocess.run(["mount", "-t", "overlay", "none", "-o",
                                f"lowerdir={self.there},upperdir={upper},workdir={work}", top],
                               stderr=subprocess.PIPE, check=False)
        lib.needs(not probe.returncode, f"no overlay can be mounted here: {probe.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", top], check=True)
        self.addCleanup(self.answer)
        with self.there_runs("unwinds", "deep", 60, path=os.path.join(top, "remote")) as child:
            self.hang()
            self.unreadable(self.ran(child.pid))

    def holders(self, pid, path):
        """Those of a session's processes that have the file."""
        found = set()
        for child in lib.read(f"/proc/{pid}/task/{pid}/children").split():
            with contextlib.suppress(FileNotFoundError):  # a process, or a descriptor, that has gone
                links = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")]
                if path in links:
                    found.add(child)
        return found

    def handed_over(self, vigie, *paths):
        def both():
            self.assertIsNone(vigie.poll(), "it ended")
            return all(len(self.holders(vigie.pid, p)) >= 2 for p in paths)
        lib.wait_for(both, "the opener's and the reader's descriptors")

    def hung_at_the_end(self, pid, *paths):
        """A session whose reader has the files and unwinds, but the symbols never come."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(pid), *ROUND, "--views", "cpu",
                                  "-o", self.file], stderr=slave)
        os.close(slave)
        began = time.monotonic()
        self.handed_over(vigie, *paths)
        said = b""
        while not re.search(rb"[3-9]\d stacks|\d{3} stacks", said): # its own progress
            said = said[-99:] + os.read(master, 999)
        self.hang()
        with contextlib.suppress(OSError):  # it has closed its end
            while said:
                said = os.read(master, 999)
        self.assertEqual(vigie.wait(60), 0)
        self.assertLess(time.monotonic() - began, OVER_S)
        self.answer()
        return self.json()

    def test_after_the_file_was_opened(self):
        with self.remote() as child:
            session = self.hung_at_the_end(child.pid, os.path.join(self.there, "remote"))
        self.assertEqual(session["quality"]["reader_restarts"], 1)
        self.assertFalse(self.names(session) & {"run_deep", "deeper", "leaf_d"})

    def test_many_files_of_it(self):
        """Not each takes its two seconds: where the reader hung twice it does not go again."""
        with self.there_runs("guests", "keep", 60, *self.guests) as child:
            session = self.hung_at_the_end(child.pid, *self.guests)
        self.assertEqual(session["quality"]["reader_restarts"], 2)
        self.assertNotIn("visitor", self.names(session))
        self.assertGreaterEqual(self.names(session), {"call_for", "main", "_start"})

    def test_both_fail(self):
        """Who opens hangs, and later the reader dies: the next opener has taken up what the first had."""
        program = lib.workload("guests")
        near = stacks.guest(self.directory, "neighbour")
        with self.there_runs("guests", "keep", 60, self.guests[0], near) as child:
            self.hang()
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "4s", "--views", "cpu",
                                      "-o", self.file], stderr=subprocess.PIPE)
            first = lib.wait_for(lambda: self.holders(vigie.pid, program), "who opens")
            lib.wait_for(lambda: len(self.holders(vigie.pid, program) | first) == 3, "another opener")
            os.kill(test_record.Safety.reader_of(vigie.pid)[0], signal.SIGKILL)
            _, err = vigie.communicate(timeout=60)
            self.assertEqual(vigie.returncode, 0, err.decode())
        session = self.json()
        self.assertEqual((session["quality"]["hangs"], session["quality"]["reader_restarts"]), (1, 1))
        self.assertGreaterEqual(self.names(session), {"neighbour", "call_for", "main", "_start"})

    def test_where_a_perf_map_would_be(self):
        """The target's /tmp; its code is elsewhere and has its names."""
        lib.needs_mount_namespace()
        # By its descriptor: the program may be below /tmp.
        command = (f"exec 3<{lib.workload('guests')} && mount --bind {self.there} /tmp &&"
                   " exec /proc/self/fd/3 jit 60")
        program = subprocess.Popen(["unshare", "-m", "sh", "-c", command], stdout=subprocess.PIPE)
        try:
            self.assertEqual(program.stdout.readline(), b"ready\n")
            self.hang()
            session = self.ran(program.pid, "--views", "cpu")
            self.answer()
        finally:
            self.answer()
            program.kill()
            program.communicate()
        self.complete(session)
        self.assertGreaterEqual(self.names(session), {"run_jit", "main", "_start"})
        self.assertTrue(any(f["kind"] == "jit" for f in session["frames"]))

    def debug_file_there(self, hang):
        """A session of a library whose debug file, found by its link, is on the file system."""
        library = stacks.guest(self.directory, "visitor")
        link = os.path.join(self.directory, "real", "libvisitor.so.debug")
        subprocess.run(["objcopy", "--only-keep-debug", library, link], check=True)
        subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={link}", library], check=True)
        place = os.path.join(self.directory, ".debug")
        os.mkdir(place)
        subprocess.run(["mount", "--bind", self.there, place], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        with self.there_runs("guests", "keep", 60, library) as child:
            if hang:
                self.hang()
            session = self.ran(child.pid, "--views", "cpu")
        self.complete(session)
        return session

    def test_a_debug_file_as_long_as_it_answers(self):
        session = self.debug_file_there(hang=False)
        self.assertEqual(session["quality"]["hangs"], 0)
        self.assertGreaterEqual(self.names(session), {"visitor", "call_for", "main", "_start"})

    def test_a_debug_file_never_again(self):
        """Who opens it is left behind; who asked for it, the reader, is not at fault."""
        session = self.debug_file_there(hang=True)
        q, names = session["quality"], self.names(session)
        self.assertEqual((q["hangs"], q["reader_restarts"]), (1, 0))
        self.assertNotIn("visitor", names)
        self.assertTrue(any(n.startswith("[libvisitor.so+0x") for n in names), names)
        self.assertGreaterEqual(names, {"call_for", "main", "_start"})

    def test_below_a_sleepers_stack(self):
        """Its copy is a page fault in a process of the session's; the others' stacks are whole."""
        with self.there_runs("borrowed", os.path.join(self.there, "pages"), 60) as child:
            self.hang()
            session = self.in_time(child.pid, "-d", "5s")
            # Who was left behind holds none of them.
            names = {p["name"] for p in attached()}
            self.assertFalse({n for n in names if n.startswith("on_session")} - {"on_session_sleeper"})
        q = session["quality"]
        self.assertIn("compute", self.names(session))
        self.balanced(session)
        # The next one passes by: the thread is seen again, without what lies on its stack.
        self.assertEqual(q["hangs"], 1)
        self.assertGreater(q["incomplete"]["stack_not_readable"], 20, q)

    def locked(self):
        """A program that waits for the file system with its address space locked."""
        return self.there_runs("locked", os.path.join(self.there, "pages"), self.stuck, 60)

    def lock(self, pid):
        self.hang()
        lib.wait_for(lambda: subprocess.run(["timeout", "1", "cat", f"/proc/{pid}/maps"], check=False,
                                            stdout=subprocess.DEVNULL).returncode == 124,
                     "a lock of its mappings")

    def test_mappings_locked(self):
        """Who reads /proc/PID/maps waits as long as the target does: that is not the session."""
        with self.locked() as child:
            self.lock(child.pid)
            session = self.in_time(child.pid)
        q = session["quality"]
        self.assertGreater(q["stacks"]["on_cpu"], 0, q)
        self.assertEqual(q["incomplete"]["not_mapped"], q["stacks"]["on_cpu"], q)
        self.assertGreaterEqual(q["hangs"], 1)
        self.assertEqual(q["ended"], "time")
        self.balanced(session)

    def test_mappings_of_many_locked(self):
        """Each takes less time than the one before; who comes after them has its names."""
        with contextlib.ExitStack() as stack:
            targets = [stack.enter_context(self.locked()) for _ in range(6)]
            for target in targets:
                self.lock(target.pid)
            leaves = stack.enter_context(running("leaves", 60))
            session = self.ran(leaves.pid, "-p", ",".join(str(t.pid) for t in targets), "--views", "cpu")
        self.assertEqual(session["quality"]["hangs"], 6)
        self.assertGreaterEqual(self.names(session), {"leaf_d", "main", "_start"})

    def test_mappings_locked_meanwhile(self):
        """What was known of them stays."""
        with self.locked() as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "6s", "--views", "cpu",
                                      "-o", self.file], stderr=subprocess.PIPE)
            began = time.monotonic()
            self.handed_over(vigie, lib.workload("locked"))
            self.lock(child.pid)
            _, err = vigie.communicate(timeout=60)
            self.assertEqual(vigie.returncode, 0, err.decode())
            self.assertLess(time.monotonic() - began, OVER_S + 4)
        session = self.json()
        self.complete(session)
        self.assertEqual(session["quality"]["hangs"], 1)
        self.assertGreaterEqual(self.names(session), {"compute", "main", "_start"})


if __name__ == "__main__":
    unittest.main()
