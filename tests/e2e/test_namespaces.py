#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""test_namespaces - vigie in a namespace of its own: what is refused by name, said, or put right.

Owns: user, cgroup and time namespaces, against the wall clock and /proc. Not here: PID namespaces
(test_names.py), a kernel that is locked down (tests/vm).
"""
import json
import os
import shutil
import subprocess
import time
import unittest

import lib
from lib import PATIENCE_S, VIGIE


def in_namespace(option, script, *args):
    """vigie ARGS in a namespace of its own that unshare OPTION makes, after the script."""
    return subprocess.run(["unshare", *option, "sh", "-c", f'{script} && exec "$@"', "sh", VIGIE, *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)


def needs_namespace(*option):
    lib.needs(shutil.which("unshare") and subprocess.run(
        ["unshare", *option, "true"], check=False, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode == 0, f"no unshare {' '.join(option)} here")


class UserNamespace(unittest.TestCase):
    """Root of it has all capabilities there, and the kernel says no more than EPERM."""

    def setUp(self):
        needs_namespace("-Ur")

    def test_one_clear_line(self):
        for args in (["once"], ["serve", "--listen", "127.0.0.1:0"], ["record", "--pid", "1"]):
            run = in_namespace(["-Ur"], "true", *args)
            said = run.stderr.decode()
            self.assertEqual((run.returncode, run.stdout), (1, b""))
            self.assertEqual(len(said.splitlines()), 1, said)
            for word in (f"vigie {args[0]}: ", "user namespace", "root of the host"):
                self.assertIn(word, said)

    def test_doctor(self):
        run = in_namespace(["-Ur"], "true", "doctor", "--json")
        verdict = json.loads(run.stdout)
        self.assertEqual((run.returncode, verdict["verdict"]), (1, "refused"))
        self.assertIn("user namespace", verdict["reason"])
        self.assertIn("root of the host", verdict["remedy"])


class CgroupNamespace(unittest.TestCase):
    """As in a container: a cgroup file system whose root is our own cgroup."""

    def cgroups(self, run):
        return [f for f in json.loads(run.stdout)["fields"] if f["field"].startswith("cgroups,")][0]

    def test_doctor_says_that_most_is_hidden(self):
        needs_namespace("-Cm")
        with lib.Cgroup("memory", "vigie-cgroupns") as group:
            v2 = os.path.exists(f"{group.path}/cgroup.controllers")
            kind = "cgroup2" if v2 else "cgroup -o memory"
            # Joins the cgroup first: the namespace's root is where its maker is.
            script = (f"echo $$ > {group.path}/cgroup.procs && exec unshare -Cm sh -c '"
                      "while umount -l /sys/fs/cgroup 2>/dev/null; do :; done; "
                      f"mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/x && "
                      f"mount -t {kind} none /sys/fs/cgroup/x && exec \"$@\"' sh \"$@\"")
            run = subprocess.run(["sh", "-c", script, "sh", VIGIE, "doctor", "--json"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)
            found = self.cgroups(run)
        self.assertEqual(found["state"], "degraded", found)
        self.assertIn("--cgroupns=host", found["remedy"])

    def test_nothing_of_it_on_the_host(self):
        run = subprocess.run([VIGIE, "doctor", "--json"], stdout=subprocess.PIPE, check=True)
        self.assertNotIn("--cgroupns", self.cgroups(run)["remedy"])


class TimeNamespace(unittest.TestCase):
    """CLOCK_BOOTTIME and /proc are off there, what the kernel hands to BPF is not."""
    DAY_S = 86400

    def start(self, option, *args):
        """(start by vigie, start by the wall clock) of a sleeper under that option."""
        needs_namespace("-T", "--boottime", "1")
        began = time.time()
        sleeper = subprocess.Popen([*option, "sleep", "60"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        run = subprocess.run([*args, VIGIE, "once", "--interval", "1s", "--top", "0", "--group-by",
                              "pid,comm", "--format", "json"], stdout=subprocess.PIPE, check=True,
                             timeout=PATIENCE_S)
        once = json.loads(run.stdout)
        # unshare -f stays as its parent.
        rows = [r for r in once["processes"] if r["labels"]["comm"] == "sleep" and
                sleeper.pid in (r["pid"], r["ppid"])]
        self.assertEqual(len(rows), 1, rows)
        return rows[0]["create_time"], began, once

    def test_vigie_inside(self):
        start, began, once = self.start([], "unshare", "-T", "--boottime", str(self.DAY_S), "-f")
        self.assertAlmostEqual(start, began, delta=2)
        self.assertAlmostEqual(once["host"]["boot_time"], lib.proc_stat()["btime"], delta=2)

    def test_the_process_inside(self):
        start, began, _ = self.start(["unshare", "-T", "--boottime", str(self.DAY_S), "-f",
                                      "--kill-child"])
        self.assertAlmostEqual(start, began, delta=2)


if __name__ == "__main__":
    unittest.main()
