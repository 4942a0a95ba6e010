#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_record_places - names of programs whose files are gone, elsewhere, or change meanwhile.

Owns: deleted and replaced libraries, namespaces, chroot, other users, thousands of mappings,
libraries that come and go. Each has its names as if nothing had happened. Deleted programs,
exits and execs: test_record.py.
"""
import contextlib
import os
import shutil
import subprocess
import unittest

import lib
import stacks
from test_record import Session, leaf, running, samples

ROUND = "--hz", "499", "--views", "cpu"


def setUpModule():
    lib.needs_watching()


class Places(Session):
    def share(self, session, *through):
        """Part of the stacks that hold each of these functions."""
        n = all_of = 0
        for s in samples(session, "cpu"):
            names = {session["frames"][f]["name"] for f in s["stack"]}
            n += s["count"]
            all_of += s["count"] * (names >= set(through))
        self.assertGreater(n, 150, session["quality"])
        return all_of / n

    def named(self, pid, *through, least=.98):
        self.record_running(pid, 1, *ROUND)
        session = self.json()
        self.assertGreaterEqual(self.share(session, *through), least, session["quality"])
        self.complete(session)
        return session

    @contextlib.contextmanager
    def wrapped(self, *command):
        """The innermost process of a wrapper such as unshare, once it says that it is ready."""
        wrapper = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(wrapper.stdout.readline(), "ready\n")
            pid = wrapper.pid
            while children := lib.read(f"/proc/{pid}/task/{pid}/children").split():
                pid = int(children[0])
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError, UnboundLocalError):
                os.kill(pid, 9)
            wrapper.kill()
            wrapper.wait()
            wrapper.stdout.close()

    def test_deleted_library(self):
        path = stacks.guest(self.directory, "visitor")
        with running("guests", "keep", 60, path) as child:
            os.unlink(path)
            self.named(child.pid, "visitor", "main")

    def test_replaced_library(self):
        """As a package manager does: a new file, renamed over the one in use."""
        path = stacks.guest(self.directory, "before")
        other = stacks.guest(self.directory, "after", padding=500)
        with running("guests", "keep", 60, path) as child:
            vigie = subprocess.Popen([lib.VIGIE, "record", "-p", str(child.pid), "-d", "2s",
                                      "--hz", "499", "--views", "cpu", "-o", self.file],
                                     stderr=subprocess.PIPE)
            link = f"/proc/{vigie.pid}/task/{vigie.pid}/children"
            lib.wait_for(lambda: len(lib.read(link).split()) > 0, "the reader")
            os.rename(other, path)
            vigie.communicate(timeout=30)
        session = self.json()
        self.assertGreaterEqual(self.share(session, "before", "main"), .99)
        self.assertEqual(self.share(session, "after"), 0)

    def test_mount_namespace(self):
        """Its program is on a file system that only it sees."""
        lib.needs_mount_namespace()
        there = os.path.join(self.directory, "there")
        os.mkdir(there)
        with self.wrapped("unshare", "-m", "sh", "-c", f"mount -t tmpfs none {there} &&"
                          f" cp {lib.workload('unwinds')} {there}/hidden &&"
                          f" exec {there}/hidden deep 60") as pid:
            self.assertEqual(os.listdir(there), [])
            self.named(pid, "run_deep", "main", "_start")

    def test_pid_namespace(self):
        with self.wrapped("unshare", "-p", "-f", lib.workload("unwinds"), "deep", "60") as pid:
            self.assertRegex(lib.read(f"/proc/{pid}/status"), rf"NSpid:\t{pid}\t1\n")
            self.named(pid, "run_deep", "main", "_start")

    def test_chroot(self):
        program = stacks.compiled(self.directory, "inside", "-static")
        with self.wrapped("chroot", self.directory, "/inside", "deep", "60") as pid:
            os.unlink(program)
            self.named(pid, "run_deep", "main", "_start")

    def test_other_user(self):
        os.chmod(self.directory, 0o755)
        program = os.path.join(self.directory, "theirs")
        shutil.copy(lib.workload("unwinds"), program)
        with self.wrapped("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                          "--no-new-privs", program, "deep", "60") as pid:
            os.chmod(program, 0o100)  # not readable by its own user: not dumpable
            self.assertRegex(lib.read(f"/proc/{pid}/status"), r"Uid:\t65534\t65534")
            self.named(pid, "run_deep", "main", "_start")

    def test_who_became_another_user(self):
        """As a daemon that gave up root."""
        with running("unwinds", "deep", 60, "drop") as child:
            self.assertRegex(lib.read(f"/proc/{child.pid}/status"), r"Uid:\t65534\t65534")
            self.named(child.pid, "run_deep", "main", "_start")

    def test_setuid_program(self):
        os.chmod(self.directory, 0o755)
        program = os.path.join(self.directory, "raised")
        shutil.copy(lib.workload("unwinds"), program)
        os.chmod(program, 0o4755)
        with self.wrapped("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                          program, "deep", "60") as pid:
            self.assertRegex(lib.read(f"/proc/{pid}/status"), r"Uid:\t65534\t0\t0")
            self.named(pid, "run_deep", "main", "_start")

    def test_overlay(self):
        """As containers have it: the file's device and inode are not those of its mount."""
        lib.needs_mount_namespace()
        lower, upper, work, root = (os.path.join(self.directory, n) for n in "luwr")
        for place in lower, upper, work, root:
            os.mkdir(place)
        stacks.compiled(lower, "inside", "-static")
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        mounts = f"mount -t overlay none -o {options} {root}"
        probe = subprocess.run(["unshare", "-m", "sh", "-c", mounts], stderr=subprocess.PIPE, check=False)
        lib.needs(not probe.returncode, f"no overlay can be mounted here: {probe.stderr.decode().strip()}")
        with self.wrapped("unshare", "-m", "sh", "-c", f"{mounts} && exec chroot {root} /inside deep 60") as pid:
            self.assertEqual(os.listdir(root), [])
            self.named(pid, "run_deep", "main", "_start")

    def test_2000_mappings(self):
        path = stacks.guest(self.directory, "crowd")
        with running("guests", "maps", 60, path) as child:
            maps = lib.read(f"/proc/{child.pid}/maps")
            self.assertGreater(maps.count(" r-xp "), 2000)
            session = self.named(child.pid, "crowd", "main")
        self.assertEqual(session["quality"]["reader_restarts"], 0)

    def test_libraries_that_come_and_go(self):
        """Ten of one size in turn, 300 ms of CPU time each, at one address: each is found.

        Until the mappings are read again, the one is taken for the other: how long each ran is
        not asked."""
        paths = [stacks.guest(self.directory, f"turn_{n}") for n in range(10)]
        with running("guests", "cycle", 60, *paths) as child:
            self.record("-p", child.pid, "-d", "30s", "--views", "cpu")
        session = self.json()
        self.complete(session, .97)
        names = {leaf(session, s) for s in samples(session, "cpu") if s["count"]}
        self.assertEqual({n for n in names if n.startswith("turn_")},
                         {f"turn_{n}" for n in range(10)})


if __name__ == "__main__":
    unittest.main()
